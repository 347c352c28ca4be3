"""`slack`, `web`, `run` and `manifest`: the bot among people."""

from __future__ import annotations

import json
import secrets
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.config import Settings
from bot.terminal.ask import chat
from bot.terminal.build import build
from bot.terminal.checks import secret_checks
from bot.terminal.invocation import Invocation
from index.types import FootnoteError

MANIFEST_FILE = "manifest.json"
AGENT_MANIFEST_FILE = "manifest-agent.json"
# Paths of HTTP mode; Slack's library, which knows them as well, takes long to import.
EVENTS_PATH = "/slack/events"
REDIRECT_PATH = "/slack/oauth_redirect"


def slack(run: Invocation) -> int:
    """Answer in Slack until stopped by a signal."""
    from bot.slack.log import start_log  # Slack's library is imported when it is needed

    start_log(run.settings.log_level, run.settings.log_format)
    _require_secrets(run.settings)
    if run.arguments.web:
        run = replace(run, settings=_beside_slack(run.settings))
        _say_where(run)
    run.parts.slack(run.settings)
    return 0


def web(run: Invocation) -> int:
    """Serve the page until stopped by a signal."""
    run = _with_password(run)
    stop = _stop_on_signals()
    page = run.parts.page(run.settings)
    _say_where(run)
    stop.wait()
    page.close()
    return 0


def run_all(run: Invocation) -> int:
    """Bring the index up to date, then answer: in Slack if it is configured, else here."""
    if run.settings.slack.wanted:
        _require_secrets(run.settings)
    build(run)
    if run.settings.slack.wanted:
        return slack(run)
    run.notes.print(
        "No Slack tokens are set, so questions are answered here. The README says how to get them.",
        style="dim",
        soft_wrap=True,
    )
    if sys.stdin is None or not sys.stdin.isatty():
        return web(run) if run.arguments.web else chat(run)
    run = _with_password(run)
    with _page(run):
        return chat(run)


def manifest(run: Invocation) -> int:
    """Print the Slack app's manifest, without or with the side panel of agents."""
    name = AGENT_MANIFEST_FILE if run.arguments.agent else MANIFEST_FILE
    shipped = _manifest_path(name).read_text("utf-8").rstrip()
    url = run.arguments.http
    print(json.dumps(over_http(json.loads(shipped), url), indent=2, ensure_ascii=False) if url else shipped)
    return 0


def over_http(manifest: dict[str, Any], url: str) -> dict[str, Any]:
    """Return the manifest of an app that Slack reaches at `url`, instead of Socket Mode.

    Raise `FootnoteError` if that is not the `https://` address of a host.
    """
    address = urlsplit(url)
    if address.scheme != "https" or not address.hostname or address.query or address.fragment:
        raise FootnoteError(
            f"{url} is not an address that Slack can post to. Give one such as https://footnote.example.org."
        )
    base = url.rstrip("/")
    deliveries = base + EVENTS_PATH
    features, settings, oauth = manifest["features"], manifest["settings"], manifest["oauth_config"]
    commands = [{**command, "url": deliveries} for command in features["slash_commands"]]
    return {
        **manifest,
        "features": {**features, "slash_commands": commands},
        "oauth_config": {"redirect_urls": [base + REDIRECT_PATH], **oauth},
        "settings": {
            **settings,
            "event_subscriptions": {"request_url": deliveries, **settings["event_subscriptions"]},
            "interactivity": {**settings["interactivity"], "request_url": deliveries},
            "socket_mode_enabled": False,
        },
    }


def _beside_slack(settings: Settings) -> Settings:
    """Return settings by which the page is served where Slack delivers, if there is such an address."""
    web = replace(settings.web, beside_slack=True)
    if settings.slack.mode == "http":
        web = replace(web, host=settings.slack.host, port=settings.slack.port)
    return replace(settings, web=web)


@contextmanager
def _page(run: Invocation) -> Iterator[None]:
    """Serve the page beside other work; say what hinders it, and hinder nothing else."""
    try:
        page = run.parts.page(run.settings)
    except FootnoteError as error:
        run.notes.print(str(error), style="yellow", soft_wrap=True)
        yield
        return
    _say_where(run)
    try:
        yield
    finally:
        page.close()


def _stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; to be called in the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stop.set())
    return stop


def _say_where(run: Invocation) -> None:
    web = run.settings.web
    run.notes.print(f"The page to ask and to read: {web.address}", soft_wrap=True)
    if run.given_password:
        run.notes.print(
            f"To look after the articles there, sign in with {web.password} (until this ends).",
            style="dim",
            soft_wrap=True,
        )


def _with_password(run: Invocation) -> Invocation:
    """Make a password, so that the person who starts the page on this machine can look after the articles."""
    web = run.settings.web
    if not web.is_local or web.password is not None or web.user_header:
        return run
    given = replace(web, password=secrets.token_urlsafe(9))
    return replace(run, settings=replace(run.settings, web=given), given_password=True)


def _require_secrets(settings: Settings) -> None:
    """Check secrets before anything slow, so that a forgotten token is known at once."""
    for check in secret_checks(settings):
        if check.state == "problem":
            raise FootnoteError(f"{check.detail} {check.fix}")


def _manifest_path(name: str) -> Path:
    """Return the manifest's path: beside the packages in a checkout, else as the installer knows it."""
    beside = Path(__file__).parents[2] / name
    if beside.is_file():
        return beside
    try:
        installed = metadata.files("footnote") or ()
    except metadata.PackageNotFoundError:
        installed = ()
    for file in installed:
        path = Path(str(file.locate()))
        if file.name == name and path.is_file():
            return path
    raise FootnoteError(f"{name} is missing from this installation of Footnote. Reinstall it.")
