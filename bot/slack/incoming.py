"""Slack's events as questions: what was asked, where, by whom, and under which keys it is one delivery."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt import BoltContext

from bot.memory import Place, StoredQuestion
from bot.slack.manners import Order, mentions_bot, order_in
from bot.slack.messages import Unread
from bot.slack.requests import Request, request_in
from bot.types import MAX_QUESTION_CHARS

Payload = Mapping[str, Any]

_MARKUP = re.compile(r"<([^<>]*)>")
_LINK = re.compile(r"<https?://[^<>]+>")
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
    ts: str = ""
    """The message; empty where the question is none, as of a slash command."""
    user: str = ""
    unread: tuple[Unread, ...] = ()
    only_if_certain: bool = False
    """Nobody spoke to the bot: it answers for certain, or says nothing."""
    response_url: str = ""
    """Where a private answer goes; it has no message and no thread of its own."""
    in_thread: str = ""
    """The thread in which a private answer is shown."""
    shared: bool | None = None
    """Whether the channel is shared with another organisation; None where Slack did not say so by itself."""
    outsider: bool = False
    """The asker belongs to another organisation."""
    request: Request | None = None
    """What it asks for, where it can be taken for a curator's request."""

    @property
    def order(self) -> Order | None:
        return order_in(self.text) if self.ts and not self.only_if_certain else None

    @property
    def is_first_of_direct_conversation(self) -> bool:
        return self.place.channel.startswith("D") and self.ts == self.place.thread and bool(self.text)

    def letter(self) -> StoredQuestion:
        body = {
            "text": self.text,
            "thread": self.place.thread,
            "team": self.place.team,
            "channel": self.place.channel,
            "ts": self.ts,
            "user": self.user,
            "unread": [kind.value for kind in self.unread],
            "only_if_certain": self.only_if_certain,
            "response_url": self.response_url,
            "in_thread": self.in_thread,
            "shared": self.shared,
            "outsider": self.outsider,
            "request": self.request.as_json() if self.request else None,
        }
        return StoredQuestion(self.place, self.ts, json.dumps(body, ensure_ascii=False))


def from_letter(body: str) -> Asked:
    """A question that was kept, as it was; without its keys, since it is claimed already."""
    kept = json.loads(body)
    return Asked(
        text=kept["text"],
        place=Place(kept["team"], kept["channel"], kept["thread"]),
        keys=(),
        ts=kept["ts"],
        user=kept["user"],
        unread=tuple(Unread(kind) for kind in kept["unread"]),
        only_if_certain=kept["only_if_certain"],
        response_url=kept["response_url"],
        in_thread=kept["in_thread"],
        shared=kept.get("shared"),
        outsider=kept.get("outsider", False),
        request=Request.from_json(kept["request"]) if kept.get("request") else None,
    )


def from_event(body: Payload, team: str, bot_user_id: str | None) -> Asked:
    """The question of an `app_mention` or of a message."""
    return _asked(body, body["event"], team, bot_user_id)


def from_edit(body: Payload, team: str, bot_user_id: str | None) -> Asked:
    """The question of a `message_changed`, as it reads now."""
    event = body["event"]
    message = event["message"]
    asked = _asked(body, message, team, bot_user_id)
    edited = (message.get("edited") or {}).get("ts") or event.get("event_ts") or event.get("ts")
    edit = f"edit:{team}:{asked.place.channel}:{asked.ts}:{edited}"
    return replace(asked, keys=(asked.keys[0], edit))


def as_new(asked: Asked) -> Asked:
    """An edited message that has become a question, under the keys of a new one."""
    return replace(asked, keys=(asked.keys[0], _message_key(asked.place, asked.ts)))


def from_command(command: Payload, team: str, bot_user_id: str | None) -> Asked:
    return Asked(
        text=decode(str(command.get("text") or ""), bot_user_id),
        place=Place(team, str(command["channel_id"])),
        keys=(f"command:{team}:{command['trigger_id']}",),
        user=str(command.get("user_id") or ""),
        unread=_unread(str(command.get("text") or ""), ()),
        response_url=str(command["response_url"]),
        request=request_in(str(command.get("text") or "")),
    )


def from_button(body: Payload, question: str, team: str) -> Asked:
    """A question that a button offers, from whoever presses it, answered to that person alone."""
    shown = (body.get("message") or {}).get("thread_ts") or (body.get("container") or {}).get("thread_ts")
    return Asked(
        text=question[:MAX_QUESTION_CHARS],
        place=Place(team, str((body.get("channel") or {}).get("id") or "")),
        keys=(f"button:{team}:{body['trigger_id']}",),
        user=str((body.get("user") or {}).get("id") or ""),
        response_url=str(body["response_url"]),
        in_thread=str(shown or ""),
        outsider=is_outsider(body),
    )


def from_shortcut(shortcut: Payload, team: str, bot_user_id: str | None) -> Asked:
    """The text of the message that the shortcut was used on, as far as a question may be long."""
    message = shortcut.get("message") or {}
    text = decode(str(message.get("text") or ""), bot_user_id)
    return Asked(
        text=text[:MAX_QUESTION_CHARS],
        place=Place(team, str((shortcut.get("channel") or {}).get("id") or "")),
        keys=(f"shortcut:{team}:{shortcut['trigger_id']}",),
        user=str((shortcut.get("user") or {}).get("id") or ""),
        unread=_unread("", message.get("files") or ()),
        response_url=str(shortcut["response_url"]),
        in_thread=str(message.get("thread_ts") or ""),
        outsider=is_outsider(shortcut),
    )


def team_of(context: BoltContext) -> str:
    """The workspace as Bolt finds it, alike for events, commands and buttons."""
    return context.team_id or context.enterprise_id or ""


def is_outsider(interaction: Payload) -> bool:
    """Whether somebody of another organisation pressed a button, or used a shortcut."""
    if interaction.get("enterprise"):
        return False  # people of its other workspaces; outsiders are known by their channel
    team, of_user = interaction.get("team") or {}, (interaction.get("user") or {}).get("team_id")
    return bool(of_user and team.get("id") and of_user != team["id"])


def author_of(message: Payload) -> str:
    return str(message.get("user") or message.get("bot_id") or "")


def is_welcome(message: Payload, allow_bots: Collection[str]) -> bool:
    """People are, and bots by name; joins and other news that Slack calls messages are not."""
    if message.get("subtype") not in (None, "file_share", "thread_broadcast", "bot_message"):
        return False
    if "ts" not in message or not author_of(message):
        return False
    if message.get("bot_id") or message.get("subtype") == "bot_message":
        return is_allowed_bot(message, allow_bots)
    return True


def is_allowed_bot(message: Payload, allow_bots: Collection[str]) -> bool:
    ids = {str(message.get(name)) for name in ("bot_id", "app_id", "user") if message.get(name)}
    return not ids.isdisjoint(allow_bots)


def takes_token_away(event: Payload) -> bool:
    """Whether the token of the workspace is good for nothing after this."""
    kind = event.get("type")
    return kind == "app_uninstalled" or (
        kind == "tokens_revoked" and bool((event.get("tokens") or {}).get("bot"))
    )


def decode(text: str, bot_user_id: str | None) -> str:
    """Slack's markup as the words that the person saw; only the mention of this bot is dropped."""
    seen = _MARKUP.sub(lambda match: _words(match.group(1), bot_user_id), text)
    # A lone surrogate, which JSON can carry, could be neither stored nor embedded.
    decoded = _SURROGATES.sub("\ufffd", html.unescape(seen))
    return _AFTER_MENTION.sub("", decoded).strip() if seen != text else decoded.strip()


def _asked(body: Payload, message: Payload, team: str, bot_user_id: str | None) -> Asked:
    """`message` is the event of `body`, or what it changed."""
    ts = str(message["ts"])
    place = Place(team, str(body["event"]["channel"]), str(message.get("thread_ts") or ts))
    markup = str(message.get("text") or "")
    return Asked(
        text=decode(markup, bot_user_id),
        place=place,
        # An event id is new for each event, so a message that comes as `app_mention` and as
        # `message` is one delivery only by its place and time.
        keys=(f"event:{body['event_id']}", _message_key(place, ts)),
        ts=ts,
        user=author_of(message),
        unread=_unread(markup, message.get("files") or ()),
        shared=_bool(body.get("is_ext_shared_channel")),
        outsider=_is_of_outsider(body, message, team),
        request=_request(body["event"], message, bot_user_id),
    )


def _request(event: Payload, message: Payload, bot_user_id: str | None) -> Request | None:
    """Only of what is said to the bot by name, or to nobody else."""
    markup = str(message.get("text") or "")
    direct = event.get("channel_type") == "im" or str(event["channel"]).startswith("D")
    if not direct and not mentions_bot(markup, bot_user_id):
        return None
    return request_in(markup, message.get("files") or (), bot_user_id, direct=direct)


def _bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _is_of_outsider(body: Payload, message: Payload, team: str) -> bool:
    if any(known.get("enterprise_id") for known in (body, *(body.get("authorizations") or ()))):
        return False  # people of its other workspaces; outsiders are known by their channel
    teams = (message.get(name) for name in ("user_team", "source_team", "team"))
    of_user = next((str(found) for found in teams if found), team)
    return of_user != team


def _message_key(place: Place, ts: str) -> str:
    return f"message:{place.team}:{place.channel}:{ts}"


def _unread(markup: str, files: Collection[Any]) -> tuple[Unread, ...]:
    found = (Unread.FILE, bool(files)), (Unread.LINK, bool(_LINK.search(markup)))
    return tuple(kind for kind, there in found if there)


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
