"""`slack`, `run` and `manifest`: the bot among people."""

from __future__ import annotations

import logging
import sys
from importlib import metadata
from pathlib import Path

from bot.commands.asking import chat
from bot.commands.checks import secret_checks
from bot.commands.indexing import build
from bot.commands.invocation import Invocation
from bot.config import Settings
from index.types import FootnoteError

MANIFEST_FILE = "manifest.json"


def slack(run: Invocation) -> int:
    """Answer in Slack until stopped by a signal."""
    # Libraries stay at WARNING: some of them log whole requests below that.
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for package in ("bot", "index"):
        logging.getLogger(package).setLevel(run.settings.log_level)
    _require_secrets(run.settings)
    run.parts.slack(run.settings)
    return 0


def run_all(run: Invocation) -> int:
    """Bring the index up to date, then answer: in Slack where it is configured, else here."""
    if run.settings.slack_wanted:
        _require_secrets(run.settings)
    build(run)
    if run.settings.slack_wanted:
        return slack(run)
    run.notes.print(
        "No Slack tokens are set, so questions are answered here. The README says how to get them.",
        style="dim",
        soft_wrap=True,
    )
    return chat(run)


def manifest(run: Invocation) -> int:
    """Print the Slack app's manifest as it ships."""
    print(_manifest_path().read_text("utf-8").rstrip())
    return 0


def _require_secrets(settings: Settings) -> None:
    """Before anything slow, so that a forgotten token is known at once."""
    for check in secret_checks(settings):
        if check.state == "problem":
            raise FootnoteError(f"{check.detail} {check.fix}")


def _manifest_path() -> Path:
    """In a checkout it stands beside the packages; where Footnote is installed, the installer knows."""
    beside = Path(__file__).parents[2] / MANIFEST_FILE
    if beside.is_file():
        return beside
    try:
        installed = metadata.files("footnote") or ()
    except metadata.PackageNotFoundError:
        installed = ()
    for file in installed:
        path = Path(str(file.locate()))
        if file.name == MANIFEST_FILE and path.is_file():
            return path
    raise FootnoteError(f"{MANIFEST_FILE} is missing from this installation of Footnote. Reinstall it.")
