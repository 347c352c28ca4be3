"""Prose below a reply, shown as a language model writes it.

The quotes stand in a message of their own, posted before: a stream has no buttons and no mark of ours
until it ends, its previews cannot be switched off, and it says nothing in short to a notification.  Of
the prose, whole sentences are shown, each checked; what Slack does not stream is put there by an edit.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from bot.memory import Place
from bot.slack.client import (
    CALL_ERRORS,
    METADATA_EVENT,
    PROSE_EVENT,
    is_unclear,
    posting_client,
    refusal,
    swift_client,
)
from bot.slack.messages import Words, prose_message
from bot.slack.pointing import Payload

_log = logging.getLogger(__name__)

# A thread of this length is read to its end; a reply stands right below its question.
_MESSAGES_READ = 200
# What would make a list or a heading of a sentence.
_OPENS_A_BLOCK = re.compile(r"^(?:#{1,6}|[-+>]|\d+[.)])(?=\s)")


@dataclass(frozen=True, slots=True)
class Reader:
    """The person who asked; Slack wants to know for whom a stream is."""

    user: str
    team: str


@dataclass(frozen=True, slots=True)
class Written:
    """What became of prose."""

    ts: str = ""
    """The message that holds it; empty if none does."""
    text: str = ""
    """All of it; empty if nothing was written."""


class Stream:
    """One message below the reply to `question`, the `ts` of a message in `place`."""

    def __init__(self, client: WebClient, place: Place, question: str) -> None:
        self._client = posting_client(client)
        self._swift = swift_client(client)
        self._place = place
        self._question = question

    def write(self, sentences: Iterator[str], reader: Reader, words: Words) -> Written:
        """Show sentences as they come.

        `Written` has text and no `ts` if no message of its own could hold it, and none is left behind.
        """
        first = next(sentences, None)
        if first is None:
            return Written()
        shown = [first]
        ts = self._start(first, reader)
        whole = bool(ts)
        for sentence in sentences:
            shown.append(sentence)
            whole = whole and self._append(ts, f" {sentence}")
        text = " ".join(shown)
        if ts and not (self._stop(ts, words) and whole) and not self._put(ts, text, words):
            self.take_back(ts)
            ts = ""
        return Written(ts, text)

    def take_back(self, ts: str) -> None:
        """Delete the message, also one that a process began and did not live to end."""
        with suppress(*CALL_ERRORS):  # it has ended, as a rule
            self._swift.chat_stopStream(channel=self._place.channel, ts=ts)
        self._try(lambda: self._client.chat_delete(channel=self._place.channel, ts=ts))

    def _start(self, sentence: str, reader: Reader) -> str:
        """Return the `ts` of the message; empty if Slack does not stream here."""
        try:
            begun = self._client.chat_startStream(
                channel=self._place.channel,
                thread_ts=self._place.thread,
                markdown_text=_markdown(sentence),
                recipient_team_id=reader.team,
                recipient_user_id=reader.user,
            )
            return str(begun.get("ts") or "")
        except CALL_ERRORS as error:
            _log.warning("Slack did not begin a stream (%s); prose is put below the quotes", refusal(error))
            if not isinstance(error, SlackApiError) or is_unclear(error):
                self._take_back_lost()
            return ""

    def _take_back_lost(self) -> None:
        """Take back what began although nobody was told so."""
        try:
            found = found_in(read_thread(self._swift, self._place, self._question), self._question)
        except CALL_ERRORS as error:
            _log.warning("Slack did not show a thread (%s)", refusal(error))
            return
        if found is not None and found.prose and not found.whole:
            self.take_back(found.prose)

    def _append(self, ts: str, said: str) -> bool:
        return self._try(
            lambda: self._client.chat_appendStream(channel=self._place.channel, ts=ts, markdown_text=said),
        )

    def _stop(self, ts: str, words: Words) -> bool:
        return self._try(
            lambda: self._client.chat_stopStream(
                channel=self._place.channel,
                ts=ts,
                blocks=list(prose_message("", words).blocks),
                metadata=self._mark(),
            ),
        )

    def _put(self, ts: str, text: str, words: Words) -> bool:
        """Put all of it in the place of what was streamed: Slack ends a stream after minutes by itself."""
        message = prose_message(text, words)
        return self._try(
            lambda: self._client.chat_update(
                channel=self._place.channel,
                ts=ts,
                text=message.text,
                blocks=list(message.blocks),
                metadata=self._mark(),
            ),
        )

    def _mark(self) -> dict[str, object]:
        return {"event_type": PROSE_EVENT, "event_payload": {"question": self._question}}

    def _try(self, call: Callable[[], object]) -> bool:
        try:
            call()
            return True
        except CALL_ERRORS as error:
            _log.warning("Slack refused to change a message of prose (%s)", refusal(error))
            return False


@dataclass(frozen=True, slots=True)
class Found:
    """A reply that is in its thread already."""

    ts: str
    prose: str = ""
    """The message with the prose to it."""
    whole: bool = True
    """Whether all that was to be written is there; if not, whoever wrote it died."""


def read_thread(client: WebClient, place: Place, oldest: str) -> list[Payload]:
    """Return the messages from `oldest` on; raise one of `CALL_ERRORS` if Slack does not show them."""
    answer = client.conversations_replies(
        channel=place.channel,
        ts=place.thread,
        oldest=oldest,
        limit=_MESSAGES_READ,
        include_all_metadata=True,
    )
    return list(answer.get("messages") or ())


def found_in(thread: Sequence[Payload], question: str) -> Found | None:
    """Return the reply to a question, with the prose below it; None if it is not there."""
    below = iter(thread)
    reply = next((one for one in below if _marks(one) == (METADATA_EVENT, question)), None)
    if reply is None:
        return None
    ts = str(reply["ts"])
    finished = next((one for one in thread if _marks(one) == (PROSE_EVENT, question)), None)
    if finished is not None:
        return Found(ts, str(finished["ts"]))
    for message in below:
        kind, _ = _marks(message)
        if kind == METADATA_EVENT:
            break  # a stream below it is of that reply
        if not kind and message.get("bot_id") and message.get("bot_id") == reply.get("bot_id"):
            return Found(ts, str(message["ts"]), whole=False)
    return Found(ts)


def _marks(message: Payload) -> tuple[str, str]:
    """Return what a message of ours is, and to which question."""
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return str(metadata.get("event_type") or ""), str(payload.get("question") or "")


def _markdown(sentence: str) -> str:
    """Escape what would open a block: nothing else is markup in a sentence that was checked."""
    return _OPENS_A_BLOCK.sub(lambda match: f"\\{match[0]}", sentence)
