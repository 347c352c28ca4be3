"""`doctor`: what is configured, what is missing, and what to do about it.

Looks, and changes nothing.  Every byte of the model is read, of the index what was not verified
before: `footnote check` reads all of it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from bot.config import ENV_FILE, LlmSettings, Settings
from bot.library.rights import DEFAULT_FILE, known_collections, read_rights
from bot.library.store import open_store
from bot.memory import Kept, look_at, open_kept
from bot.slack.health import SILENT_SECONDS, last_beat_seconds
from bot.terminal.checks import Check, State, check_paragraphs, secret_checks
from bot.terminal.inspection import drift
from bot.terminal.invocation import Invocation
from bot.terminal.json_form import one_line_json
from bot.terminal.model_checks import model_checks
from bot.terminal.paragraphs import show
from bot.terminal.store import store_checks
from index.encoders.any_model import DEFAULT_MODEL, verify_default_model
from index.folder import Reading, known_files, read_sources
from index.manifest import Manifest
from index.types import FootnoteError

if TYPE_CHECKING:
    from bot.wiring import Parts

REBUILD = "Run `footnote build`."
OLDEST_SERVER, TRIED_SERVER = 15, 17
"""Versions of PostgreSQL: what is older gets no fixes any more."""


def doctor(run: Invocation) -> int:
    """Report every check; return 1 if one of them is a problem."""
    checks = list(check_all(run.settings, Path.cwd(), run.parts))
    broken = any(check.state == "problem" for check in checks)
    if run.arguments.json:
        print(one_line_json({"ok": not broken, "checks": [asdict(check) for check in checks]}))
    else:
        show(run.out, [paragraph for check in checks for paragraph in check_paragraphs(check)])
    return 1 if broken else 0


def check_all(settings: Settings, folder: Path, parts: Parts) -> Iterator[Check]:
    """Yield every check, in the order in which a newcomer would mend things."""
    python = f"Python {platform.python_version()}, {platform.platform()}"
    verified = _verifying(settings.model)
    yield Check("version", "ok", f"Footnote {_version()}, {python}")
    file = folder / ENV_FILE
    origin = f"{file} and the environment" if file.is_file() else f"the environment; there is no {file}"
    yield Check("settings", "ok", f"from {origin}")
    index, reading = _opened(settings), None
    try:
        known = index.sources if isinstance(index, Manifest) else ()
        reading = read_sources(settings.sources, known_files(known))
    except FootnoteError as error:
        yield Check("articles", "problem", str(error))
    else:
        yield from _articles(settings.sources, reading)
    yield _model(settings.model, verified)
    yield _data(settings.data)
    if settings.store is not None:
        yield from store_checks(settings)
    kept: Kept | None = None
    if settings.state is None:
        kept = open_kept(settings.data, None)
    else:
        state, made = _state(settings.state)
        yield state
        if made:  # to open it would make it
            kept = open_kept(settings.data, settings.state)
    yield from _index(settings, index, reading)
    yield from model_checks(settings, parts.reader, kept)
    if settings.llm is not None:
        yield _language_model(settings.llm)
    yield from _slack(settings, parts.ask_slack)
    yield from _channels(settings)


def _opened(settings: Settings) -> Manifest | FootnoteError:
    try:
        return open_store(settings).manifest()
    except FootnoteError as error:
        return error


def _articles(folder: Path, reading: Reading) -> Iterator[Check]:
    count = len(reading.articles) + len(reading.unchanged)
    state: State = "ok" if count else "problem"
    fix = None if count else "Put .md or .txt files there, or name another folder with --sources."
    yield Check("articles", state, f"{count:,} in {folder.resolve()}", fix)
    for failure in reading.failures:
        yield Check("articles", "problem", f"{failure.file} {failure.reason}")
    for warning in reading.warnings:
        yield Check("articles", "note", warning)


def _verifying(model: str | None) -> Callable[[], None]:
    """Read the 90 MB of the model that ships while other checks are made; what is returned waits for it."""
    if model is not None:
        return lambda: None
    reader = ThreadPoolExecutor(1, "footnote-model")
    weights = reader.submit(verify_default_model)
    reader.shutdown(wait=False)
    return weights.result


def _model(model: str | None, verified: Callable[[], None]) -> Check:
    if model is not None:
        where = "a folder" if Path(model).expanduser().is_dir() else "from the model hub"
        return Check("model", "ok", f"{model} ({where})")
    try:
        verified()
    except FootnoteError as error:
        return Check("model", "problem", str(error))
    return Check("model", "ok", f"{DEFAULT_MODEL}, as published (checksum)")


def _data(data: Path) -> Check:
    """Return whether a build could write: the folder itself, or the nearest that exists above it."""
    place = data.resolve()
    while not place.exists():
        place = place.parent
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        return Check("data", "ok", f"{data.resolve()} can be written")
    fix = "Change its permissions, or name another folder with --data."
    return Check("data", "problem", f"{data.resolve()} cannot be written.", fix)


def _state(address: str) -> tuple[Check, bool]:
    """Return how the database that bots share is, seen from here, and whether it has their tables."""
    try:
        found = look_at(address)
    except FootnoteError as error:
        return Check("state", "problem", str(error)), False
    server = f"{found.place}: PostgreSQL {found.version}, which answers in {1_000 * found.seconds:.0f} ms"
    size = f"it takes {found.size / 1e6:,.0f} of {found.size_of_all / 1e6:,.0f} MB there"
    tables = size if found.made else "its tables are made when a bot starts"
    said = f"What bots remember is in {server}; {tables}"
    if found.major < OLDEST_SERVER:
        fix = f"Use PostgreSQL {OLDEST_SERVER} or newer; {TRIED_SERVER} is what Footnote is tried with."
        return Check("state", "note", said, fix), found.made
    return Check("state", "ok", said), found.made


def _index(
    settings: Settings, manifest: Manifest | FootnoteError, reading: Reading | None
) -> Iterator[Check]:
    if isinstance(manifest, FootnoteError):
        yield Check("index", "problem", str(manifest))
        return
    yield Check("index", "ok", _described(manifest, datetime.now(UTC)))
    if manifest.model != (settings.model or DEFAULT_MODEL):
        yield Check("index", "problem", f"It was made by another model, {manifest.model}.", REBUILD)
    if reading is not None:
        behind = str(drift(reading, manifest))
        if behind:
            yield Check("index", "note", f"The articles have changed since: {behind}.", REBUILD)
        else:
            yield Check("index", "ok", "up to date with the articles")


def _described(manifest: Manifest, now: datetime) -> str:
    age = _age(datetime.fromisoformat(manifest.created), now)
    size = f"{len(manifest.sources):,} articles, {manifest.passages:,} passages"
    return f"{manifest.id}, built {age}: {size}" + ("; every file is there" if manifest.files else "")


def _age(then: datetime, now: datetime) -> str:
    seconds = max(0, int((now - then).total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = seconds // length
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _language_model(llm: LlmSettings) -> Check:
    key = "set" if llm.key else "not set"
    seconds = f"{llm.timeout:g} s at most"
    return Check("llm", "ok", f"{llm.model} at {llm.url} writes prose, {seconds}; FOOTNOTE_LLM_KEY is {key}")


def _slack(settings: Settings, ask_slack: Callable[[Settings], None]) -> Iterator[Check]:
    if not settings.slack.wanted:
        yield Check("slack", "note", "not configured; the terminal works without it", "The README says how.")
        return
    secrets = list(secret_checks(settings))
    yield from secrets
    if all(check.state == "ok" for check in secrets):
        try:
            ask_slack(settings)
        except FootnoteError as error:
            yield Check("slack", "problem", str(error))
        else:
            yield Check("slack", "ok", f"Slack accepts what is set ({settings.slack.mode} mode)")
    seconds = last_beat_seconds(settings.data)
    if seconds is None:
        yield Check("slack", "note", "no bot runs on this data folder", "Start it: footnote slack")
    elif seconds > SILENT_SECONDS:
        yield Check("slack", "problem", f"a bot was last connected {seconds:.0f} s ago", "Look at its log.")
    else:
        yield Check("slack", "ok", f"a bot is running, connected {seconds:.0f} s ago")


def _channels(settings: Settings) -> Iterator[Check]:
    """Check the file that says which channel sees what, if there is one."""
    path = settings.slack.channels or settings.data / DEFAULT_FILE
    if settings.slack.channels is None and not path.exists():
        return
    try:
        rights = read_rights(path, known_collections(settings.sources, open_store(settings)))
    except FootnoteError as error:
        yield Check("channels", "problem", str(error))
    else:
        yield Check("channels", "ok", f"{len(rights.channels):,} with rights of their own, by {path}")


def _version() -> str:
    try:
        return metadata.version("footnote")
    except metadata.PackageNotFoundError:
        return "(not installed)"
