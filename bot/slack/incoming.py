"""Slack's events as questions: what was asked, where, and under which keys it is one delivery."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt import BoltContext

from bot.state import Place

Payload = Mapping[str, Any]

_MARKUP = re.compile(r"<([^<>]*)>")
_SURROGATES = re.compile("[\ud800-\udfff]")
# People write "@Footnote, who …" and "@Footnote: who …".
_AFTER_MENTION = re.compile(r"^[\s,:;–—-]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to the bot."""

    text: str
    """Decoded, without the mention of the bot; empty where nothing was asked."""
    place: Place
    keys: tuple[str, ...]
    """All that identify this delivery and its repetitions."""
    has_attachment: bool = False


def from_event(body: Payload, team: str, bot_user_id: str | None) -> Asked | None:
    """The question of an `app_mention` or a direct message; None where no person asked one."""
    event = body["event"]
    if not _is_from_a_person(event):
        return None
    channel, ts = str(event["channel"]), str(event["ts"])
    return Asked(
        text=decode(str(event.get("text") or ""), bot_user_id),
        place=Place(team, channel, str(event.get("thread_ts") or ts)),
        # An event id is new for each event, so a message that comes as `app_mention` and as
        # `message` is one delivery only by its place and time.
        keys=(f"event:{body['event_id']}", f"message:{team}:{channel}:{ts}"),
        has_attachment=bool(event.get("files")),
    )


def from_command(command: Payload, team: str, bot_user_id: str | None) -> Asked:
    return Asked(
        text=decode(str(command.get("text") or ""), bot_user_id),
        place=Place(team, str(command["channel_id"])),
        keys=(f"command:{team}:{command['trigger_id']}",),
    )


def team_of(context: BoltContext) -> str:
    """The workspace as Bolt finds it, alike for events, commands and buttons."""
    return context.team_id or context.enterprise_id or ""


def decode(text: str, bot_user_id: str | None) -> str:
    """Slack's markup as the words that the person saw; only the mention of this bot is dropped."""
    seen = _MARKUP.sub(lambda match: _words(match.group(1), bot_user_id), text)
    # A lone surrogate, which JSON can carry, could be neither stored nor embedded.
    decoded = _SURROGATES.sub("\ufffd", html.unescape(seen))
    return _AFTER_MENTION.sub("", decoded).strip() if seen != text else decoded.strip()


def _words(markup: str, bot_user_id: str | None) -> str:
    target, _, label = markup.partition("|")
    if target == f"@{bot_user_id}":
        return ""
    if target.startswith("@"):
        return f"@{label or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        # <!here>, <!subteam^S1|@group>, <!date^1392734382^{date}|18 February>
        return label or "@" + target[1:].split("^")[0]
    return label or target


def _is_from_a_person(event: Payload) -> bool:
    """Bots are left alone, and so are joins, edits and other news that Slack calls messages."""
    return (
        not event.get("bot_id")
        and event.get("subtype") in (None, "file_share")
        and bool(event.get("user"))
        and "ts" in event
    )
