"""`slack`, `run` and `manifest`: the bot among people."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from bot.config import Settings
from bot.terminal.ask import chat
from bot.terminal.build import build
from bot.terminal.checks import secret_checks
from bot.terminal.invocation import Invocation
from index.types import FootnoteError

MANIFEST_FILE = "manifest.json"
AGENT_MANIFEST_FILE = "manifest-agent.json"


def slack(run: Invocation) -> int:
    """Answer in Slack until stopped by a signal."""
    from bot.slack.log import start_log  # Slack's library is imported when it is needed

    start_log(run.settings.log_level, run.settings.log_format)
    _require_secrets(run.settings)
    run.parts.slack(run.settings)
    return 0


def run_all(run: Invocation) -> int:
    """Bring the index up to date, then answer: in Slack where it is configured, else here."""
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
    return chat(run)


def manifest(run: Invocation) -> int:
    """Print the Slack app's manifest as it ships, without or with the side panel of agents."""
    name = AGENT_MANIFEST_FILE if run.arguments.agent else MANIFEST_FILE
    print(_manifest_path(name).read_text("utf-8").rstrip())
    return 0


def _require_secrets(settings: Settings) -> None:
    """Before anything slow, so that a forgotten token is known at once."""
    for check in secret_checks(settings):
        if check.state == "problem":
            raise FootnoteError(f"{check.detail} {check.fix}")


def _manifest_path(name: str) -> Path:
    """In a checkout it stands beside the packages; where Footnote is installed, the installer knows."""
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
