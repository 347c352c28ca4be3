"""`slack`, `run` and `manifest`: the bot among people."""

from __future__ import annotations

import json
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
# Where the bot listens in HTTP mode; Slack's library, which knows them as well, takes long to import.
EVENTS_PATH = "/slack/events"
REDIRECT_PATH = "/slack/oauth_redirect"


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
