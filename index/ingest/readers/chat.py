"""Conversations -> a `Draft`: each message a paragraph that begins with who wrote it, and when.

Read are exports of Slack, and text that somebody copied or exported out of a chat.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from index.ingest.document import Draft, Unreadable, clean_line, clean_text, script_language
from index.ingest.readers.decoding import decode
from index.ingest.readers.markup import escaped_paragraph
from index.ingest.readers.packages import members
from index.reasons import Why

MIN_MESSAGES = 3
_DATE = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:\s?[APap]\.?[Mm]\.?)?"
_WHEN = rf"(?:{_DATE}[,T ]{{0,3}}(?:at )?)?{_TIME}"
_NAME = r"[^\W\d_][^\n:<>\[\]()]{0,59}?"
# One line each: "[10:02] Ada: text", "02/05/24, 10:02 - Ada: text", "10:02 <ada> text", "Ada (10:02): text".
_ON_ONE_LINE = (
    re.compile(rf"\[(?P<when>{_WHEN})\]\s+<?(?P<name>{_NAME})(?:>|:)\s(?P<text>.*)"),
    re.compile(rf"(?P<when>{_WHEN})\s+(?:[-–]\s+)?(?P<name>{_NAME}):\s(?P<text>.*)"),
    re.compile(rf"(?P<when>{_WHEN})\s+<(?P<name>{_NAME})>\s(?P<text>.*)"),
    re.compile(rf"(?P<name>{_NAME})\s+[(\[](?P<when>{_WHEN})[)\]]:?\s(?P<text>.+)"),
)
# The text below: "Ada Quill  10:02 AM", "Ada — 02/05/2024 10:02", "Ada Quill [10:02]".
_ABOVE = re.compile(
    rf"(?P<name>{_NAME})(?:\s{{2,}}|\t|\s[—–-]\s|\s[(\[]|\s(?:APP\s+)?)"
    rf"(?:(?:Today|Yesterday|Heute|Gestern) at )?(?P<when>{_WHEN})[)\]]?\s*"
)
_DAY = re.compile(
    rf"[-—–=\s]*(?P<day>(?:[A-Z][a-z]+day,? )?"
    rf"(?:{_DATE}|[A-Z][a-z]+ \d{{1,2}}(?:st|nd|rd|th)?(?:, \d{{4}})?))[-—–=\s]*"
)
_MENTION = re.compile(
    r"<(?:(?P<user>@[A-Z0-9]+)|#[A-Z0-9]+\|(?P<channel>[^>]*)|(?P<link>[^>|]+)\|(?P<label>[^>]*)|(?P<bare>[^>]+))>"
)


class Message(NamedTuple):
    """One message of a chat."""

    name: str
    when: str
    """As it is shown, with the day if it is known."""
    text: str


def messages_in(text: str) -> list[Message]:
    """Return the messages of a text that is a conversation; none if it is anything else."""
    lines = text.split("\n")
    for pattern in (*_ON_ONE_LINE, _ABOVE):
        starts = [bool(pattern.fullmatch(line.strip())) for line in lines]
        first = next((number for number, is_start in enumerate(starts) if is_start), len(lines))
        filled = sum(bool(line.strip()) for line in lines)
        if sum(starts) < MIN_MESSAGES or first > 3 + 0.1 * len(lines):
            continue
        # A paragraph or a list behind a line that only looks like a message's is no conversation.
        if sum(starts) >= filled / (8 if pattern is _ABOVE else 4):
            return list(_messages(lines, pattern))
    return []


def chat_text(messages: list[Message]) -> str:
    """Return the message as Markdown: `**Name** (time): text`, one paragraph each."""
    return clean_text("\n\n".join(filter(None, map(_paragraph, messages))))


def read_slack(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """Return the messages of a Slack export: the archive, or one day of one channel."""
    if raw.startswith(b"PK"):
        files = {path: _json(content) for path, content in members(raw, (".json",)).items()}
    else:
        files = {name: _json(decode(raw, charset).encode())}
    people = {
        str(one.get("id")): _person(one)
        for path, content in files.items()
        if path.rpartition("/")[2] == "users.json" and isinstance(content, list)
        for one in content
        if isinstance(one, dict)
    }
    channels: dict[str, list[tuple[tuple[float, float], Message]]] = {}
    for path, content in sorted(files.items()):
        found = content.get("messages") if isinstance(content, dict) else content
        for one in found if isinstance(found, list) else ():
            if isinstance(one, dict) and isinstance(one.get("text"), str) and "ts" in one:
                channel = path.rpartition("/")[0].rpartition("/")[2]
                channels.setdefault(channel, []).append(_slack_message(one, people))
    if not channels:
        raise Unreadable(Why.NO_MESSAGES)
    blocks: list[str] = []
    for channel, messages in channels.items():
        blocks += [f"## #{channel}"] if channel and len(channels) > 1 else []
        # Replies stand behind what they answer; all else in order of time.
        blocks += [chat_text([message for _, message in sorted(messages, key=lambda one: one[0])])]
    text = clean_text("\n\n".join(blocks))
    if not re.search(r"\w", text):
        raise Unreadable(Why.NO_MESSAGES)
    only = next(iter(channels))
    return Draft(
        text=text,
        title=f"#{only}" if len(channels) == 1 and only else None,
        language=script_language(text),
    )


def _messages(lines: list[str], pattern: re.Pattern[str]) -> Iterator[Message]:
    name = when = day = ""
    text: list[str] = []
    for line in lines:
        start, new_day = pattern.fullmatch(line.strip()), _DAY.fullmatch(line)
        if start is not None or new_day is not None:
            if name:
                yield Message(name, when, "\n".join(text))
            name, text = "", []
        if start is not None:
            found = start.groupdict()
            name = " ".join(found["name"].split())
            when = " ".join(found["when"].split())
            when = f"{day} {when}".strip() if not re.match(_DATE, when) else when
            text = [found["text"]] if found.get("text") else []
        elif new_day is not None:
            day = new_day["day"]
        elif name:
            text.append(line)
    if name:
        yield Message(name, when, "\n".join(text))


def _paragraph(message: Message) -> str:
    lines = [" ".join(line.split()) for line in message.text.strip().split("\n")]
    text = escaped_paragraph("  \n".join(line for line in lines if line))
    who = re.sub(r"[*\\]", "", message.name)
    return f"**{who}** ({message.when}): {text}" if text else ""


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable(Why.DAMAGED_JSON) from error


def _person(user: Mapping[str, Any]) -> str:
    profile = user.get("profile")
    names = [profile.get("display_name"), profile.get("real_name")] if isinstance(profile, dict) else []
    return next((str(name) for name in (*names, user.get("real_name"), user.get("name")) if name), "Somebody")


def _slack_message(one: Mapping[str, Any], people: Mapping[str, str]) -> tuple[tuple[float, float], Message]:
    """Return the message and its sort key: a reply comes right behind the message it answers."""
    sent, thread = _seconds(one["ts"]), _seconds(one.get("thread_ts"))
    profile = one.get("user_profile")
    name = people.get(str(one.get("user"))) or (_person({"profile": profile}) if profile else None)
    name = name or str(one.get("username") or one.get("user") or "Somebody")
    try:
        moment = datetime.datetime.fromtimestamp(sent, datetime.UTC)
        when = moment.strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        when = "no date"
    text = _MENTION.sub(lambda mark: _mentioned(mark, people), str(one["text"]))
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return (thread or sent, sent), Message(clean_line(name, 80) or "Somebody", when, text)


def _mentioned(mark: re.Match[str], people: Mapping[str, str]) -> str:
    if mark["user"]:
        return "@" + people.get(mark["user"][1:], mark["user"][1:])
    if mark["channel"] is not None:
        return f"#{mark['channel']}"
    return mark["label"] or mark["link"] or mark["bare"].removeprefix("mailto:").removeprefix("!")


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
