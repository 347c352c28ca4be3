"""What was looked at, and how it is; faults of the Slack configuration that show without asking Slack.

Says how a secret begins and how long it is, never what it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rich.text import Text

from bot.config import Settings
from bot.terminal.paragraphs import Paragraph, one_line

State = Literal["ok", "note", "problem"]
_LOOKS: dict[State, tuple[str, str]] = {
    "ok": ("✓", ""),
    "note": ("·", "yellow"),
    "problem": ("✗", "bold red"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    detail: str
    fix: str | None = None


def check_paragraphs(check: Check) -> Iterator[Paragraph]:
    """Yield a check as a person sees it."""
    mark, style = _LOOKS[check.state]
    yield Paragraph(Text(one_line(check.detail), style), f"{mark} {check.name:<9} ")
    if check.fix:
        yield Paragraph(Text(check.fix), " " * 12 + "→ ")


def secret_checks(settings: Settings) -> Iterator[Check]:
    """Yield one check for each secret that the chosen mode needs."""
    place = "OAuth & Permissions, Bot User OAuth Token"
    if settings.slack.client_id:
        yield Check("slack", "ok", "SLACK_CLIENT_ID is set: workspaces install the app at /slack/install")
    else:
        yield _secret("SLACK_BOT_TOKEN", settings.slack.bot_token, "xoxb-", place)
    if settings.slack.mode == "socket":
        place = "Basic Information, App-Level Tokens, with connections:write"
        yield _secret("SLACK_APP_TOKEN", settings.slack.app_token, "xapp-", place)
    else:
        place = "Basic Information, Signing Secret"
        yield _secret("SLACK_SIGNING_SECRET", settings.slack.signing_secret, "", place)


def _secret(variable: str, value: str, prefix: str, place: str) -> Check:
    fix = f"Copy it from api.slack.com/apps ({place}) into the environment or .env."
    if not value:
        return Check("slack", "problem", f"{variable} is not set.", fix)
    if not value.startswith(prefix):
        return Check("slack", "problem", f"{variable} does not begin with {prefix}.", fix)
    shape = f"{prefix}…, " if prefix else ""
    return Check("slack", "ok", f"{variable} is set ({shape}{len(value)} characters)")
