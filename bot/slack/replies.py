"""The two ways to reply: in a thread, and through the response address of a slash command.

A reply whose blocks Slack refuses is sent again as plain text with its sources.  If Slack failed, so that
nobody knows whether the reply arrived, the thread is looked at before the same reply is sent again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient
from slack_sdk.webhook import WebhookClient

from bot.memory import Place
from bot.slack.client import (
    CALL_ERRORS,
    METADATA_EVENT,
    PATIENT_TIMEOUT_SECONDS,
    is_unclear,
    library_log,
    patience,
    posting_client,
    refusal,
    swift_client,
)
from bot.slack.messages import Message, Words
from bot.slack.streams import Found, Reader, Stream, Written, found_in, read_thread

_log = logging.getLogger(__name__)

_EYES = "eyes"
# How long to wait before the same reply is sent again, after a failure of Slack's.
_PAUSES_SECONDS = (0.25, 0.5)
# Refusals of the blocks, for which plain text is the remedy.
_LAYOUT = ("invalid_blocks", "invalid_arguments", "invalid_attachments", "msg_", "too_many_", "block_")
# Refusals that no waiting changes.
_FINAL = frozenset(
    {
        *("channel_not_found", "not_in_channel", "is_archived", "message_not_found", "thread_not_found"),
        *("cant_update_message", "edit_window_closed", "restricted_action", "account_inactive"),
        *("expired_url", "used_url", "no_permission", "missing_scope", "cannot_reply_to_message"),
    }
)


@dataclass(frozen=True, slots=True)
class Sent:
    """The message reached Slack.  `ts` is empty if Slack does not say it."""

    ts: str = ""


class NotSent(Enum):
    """Why a message did not reach Slack, as far as that is known."""

    REFUSED = "refused"
    """For good."""
    LATER = "later"
    """Nothing arrived, and it may be sent again."""
    UNKNOWN = "unknown"
    """It may have arrived."""


Outcome = Sent | NotSent


class Reply(Protocol):
    def thinking(self, words: Words) -> None:
        """Show that the question was heard.  Best effort: a refusal changes nothing."""
        ...

    def thought(self) -> None:
        """Take back the sign that the question was heard, if a post does not do that by itself."""
        ...

    def post(self, message: Message, words: Words) -> Outcome: ...

    def update(self, ts: str, message: Message, words: Words) -> Outcome:
        """Put `message` in the place of one that was posted before."""
        ...

    def delete(self, ts: str) -> None:
        """Delete the question's reply, by best effort: the person may have deleted it as well."""
        ...

    def find(self) -> Found | None:
        """Return a reply that is there already; None if there is none, or none can be seen."""
        ...

    def write(self, sentences: Iterator[str], reader: Reader, words: Words) -> Written:
        """Show prose below the reply as it is written."""
        ...

    def unwrite(self, ts: str) -> None:
        """Take such prose back."""
        ...

    def lasting(self) -> Reply:
        """For the same person, one whose messages can be changed."""
        ...


class InThread:
    """Replies to the message `ts`, in its thread."""

    def __init__(self, client: WebClient, place: Place, ts: str) -> None:
        self._client = client
        self._place = place
        self._ts = ts
        self._stream = Stream(client, place, ts)
        self._eyes = self._status = False

    def thinking(self, words: Words) -> None:
        client = swift_client(self._client)
        try:
            client.assistant_threads_setStatus(
                channel_id=self._place.channel,
                thread_ts=self._place.thread,
                status=words.thinking,
                loading_messages=list(words.looking),
            )
            self._status = True
            return
        except CALL_ERRORS as error:
            _log.debug("Slack refused the status (%s)", refusal(error))
        try:
            client.reactions_add(channel=self._place.channel, timestamp=self._ts, name=_EYES)
            self._eyes = True
        except CALL_ERRORS as error:
            _log.debug("Slack refused the reaction (%s)", refusal(error))

    def thought(self) -> None:
        client, eyes, status = swift_client(self._client), self._eyes, self._status
        self._eyes = self._status = False
        try:
            if eyes:
                client.reactions_remove(channel=self._place.channel, timestamp=self._ts, name=_EYES)
            if status:
                place = self._place
                client.assistant_threads_setStatus(
                    channel_id=place.channel, thread_ts=place.thread, status=""
                )
        except CALL_ERRORS as error:
            _log.debug("Slack refused to take back that the bot is at work (%s)", refusal(error))

    def post(self, message: Message, words: Words) -> Outcome:
        outcome = _send_or_fall_back(self._post, message, words)
        for pause in _PAUSES_SECONDS:
            if outcome is not NotSent.UNKNOWN:
                break
            time.sleep(pause)
            try:
                found = self._look()
            except CALL_ERRORS:
                return outcome
            outcome = Sent(found.ts) if found else _send_or_fall_back(self._post, message, words)
        if isinstance(outcome, Sent):
            self._status = False  # Slack takes it back when a message comes
        return outcome

    def update(self, ts: str, message: Message, words: Words) -> Outcome:
        def change(content: dict[str, Any]) -> str:
            # Without `blocks` the old ones would stay; an empty list takes them away.
            self._client.chat_update(channel=self._place.channel, ts=ts, **({"blocks": []} | content))
            return ts

        return _send_or_fall_back(change, message, words)

    def delete(self, ts: str) -> None:
        try:
            self._client.chat_delete(channel=self._place.channel, ts=ts)
        except CALL_ERRORS as error:
            _log.warning("Slack refused to delete a reply (%s)", refusal(error))

    def find(self) -> Found | None:
        try:
            return self._look()
        except CALL_ERRORS as error:
            _log.debug("Slack did not show a thread (%s)", refusal(error))
            return None

    def write(self, sentences: Iterator[str], reader: Reader, words: Words) -> Written:
        return self._stream.write(sentences, reader, words)

    def unwrite(self, ts: str) -> None:
        self._stream.take_back(ts)

    def _look(self) -> Found | None:
        return found_in(read_thread(swift_client(self._client), self._place, self._ts), self._ts)

    def lasting(self) -> Reply:
        return self

    def _post(self, content: dict[str, Any]) -> str:
        # A preview of a source would be longer than the answer, and show what was not quoted.
        answer = posting_client(self._client).chat_postMessage(
            channel=self._place.channel,
            thread_ts=self._place.thread,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": METADATA_EVENT, "event_payload": {"question": self._ts}},
            **content,
        )
        return str(answer.get("ts") or "")


class InResponse:
    """Replies to a slash command, a shortcut or a button, seen by that person alone."""

    def __init__(
        self, response_url: str, thread: str = "", directly: Callable[[InResponse], Reply] | None = None
    ) -> None:
        self._thread = thread
        self._directly = directly
        self._webhook = WebhookClient(
            response_url, timeout=PATIENT_TIMEOUT_SECONDS, retry_handlers=patience(), logger=library_log
        )

    def thinking(self, words: Words) -> None:
        """A slash command has no status, and a first reply would stay above the answer."""

    def thought(self) -> None:
        """Nothing was shown."""

    def post(self, message: Message, words: Words) -> Outcome:
        return _send_or_fall_back(self._send, message, words)

    def share(self, message: Message, words: Words) -> Outcome:
        """Post for everybody in the channel."""
        return _send_or_fall_back(
            lambda content: self._send({"response_type": "in_channel"} | content), message, words
        )

    def update(self, ts: str, message: Message, words: Words) -> Outcome:
        """In the place of the message whose button was pressed.

        The address of a command belongs to no message: what it has posted cannot be changed through it.
        """
        return _send_or_fall_back(
            lambda content: self._send({"replace_original": True} | content), message, words
        )

    def delete(self, ts: str) -> None:
        """It goes by itself when Slack is closed."""

    def find(self) -> Found | None:
        return None

    def write(self, sentences: Iterator[str], reader: Reader, words: Words) -> Written:
        """Return the text whole: what only one person sees is not streamed."""
        return Written(text=" ".join(sentences))

    def unwrite(self, ts: str) -> None:
        """There is none."""

    def lasting(self) -> Reply:
        return self._directly(self) if self._directly is not None else self

    def say(self, text: str) -> None:
        """A word to the one who pressed a button.  Best effort."""
        try:
            self._send({"text": text})
        except (_Refused, *CALL_ERRORS) as error:
            _log.warning("Slack refused a word after a button was pressed (%s)", refusal(error))

    def _send(self, content: dict[str, Any]) -> str:
        response = self._webhook.send_dict(
            {
                "response_type": "ephemeral",
                "replace_original": False,
                "unfurl_links": False,
                "unfurl_media": False,
                **({"thread_ts": self._thread} if self._thread else {}),
                **content,
            }
        )
        if response.status_code >= 500:
            raise _Refused("ratelimited")  # later: it was tried several times
        if response.status_code != 200 or response.body.startswith('{"ok":false'):
            raise _Refused("ratelimited" if response.status_code == 429 else response.body[:80])
        return ""


class Directly:
    """Messages to one person in the direct conversation: they can be changed, unlike those of a command.

    If Slack refuses, they come where the command was given, each by itself; what App Home asks for has no
    such place.
    """

    def __init__(self, client: WebClient, user: str, place: Place, instead: InResponse | None = None) -> None:
        self._client = client
        self._user = user
        self._place = place
        self._instead = instead
        self._channel = ""

    def thinking(self, words: Words) -> None:
        """The first message says it."""

    def thought(self) -> None:
        """Nothing was shown."""

    def post(self, message: Message, words: Words) -> Outcome:
        outcome = _send_or_fall_back(self._post, message, words)
        if self._instead is None:
            return outcome
        if outcome is NotSent.REFUSED:
            return self._instead.post(message, words)
        if isinstance(outcome, Sent) and self._channel != self._place.channel:
            self._instead.say(words.told_directly)
        return outcome

    def update(self, ts: str, message: Message, words: Words) -> Outcome:
        def change(content: dict[str, Any]) -> str:
            self._client.chat_update(channel=self._channel, ts=ts, **({"blocks": []} | content))
            return ts

        return _send_or_fall_back(change, message, words)

    def delete(self, ts: str) -> None:
        """A command cannot be taken back."""

    def find(self) -> Found | None:
        return None

    def write(self, sentences: Iterator[str], reader: Reader, words: Words) -> Written:
        """Return the text whole: what curators read of a request is no prose."""
        return Written(text=" ".join(sentences))

    def unwrite(self, ts: str) -> None:
        """There is none."""

    def lasting(self) -> Reply:
        return self

    def _post(self, content: dict[str, Any]) -> str:
        answer = posting_client(self._client).chat_postMessage(
            channel=self._user, unfurl_links=False, unfurl_media=False, **content
        )
        self._channel = str(answer.get("channel") or "")
        return str(answer.get("ts") or "")


class _Refused(Exception):
    """The webhook client returns a refusal as a value; here it is an error, as from the other one."""


def _send_or_fall_back(send: Callable[[dict[str, Any]], str], message: Message, words: Words) -> Outcome:
    reason = _sent_or_reason(send, {"text": message.text, "blocks": list(message.blocks)})
    if not isinstance(reason, str):
        return reason
    if reason == "ratelimited":
        _log.error(
            "Slack limits the rate of replies for longer than can be waited for; one is left for later"
        )
        return NotSent.LATER
    if reason in _FINAL:
        _log.error("Slack refused a reply for good (%s)", reason)
        return NotSent.REFUSED
    _log.warning("Slack refused a reply (%s); sending it as plain text", reason)
    why = f"\n{words.layout_refused}" if reason.startswith(_LAYOUT) else ""
    reason = _sent_or_reason(send, {"text": message.text + why})
    if not isinstance(reason, str):
        return reason
    _log.error("Slack refused a reply as plain text too (%s); it was not sent", reason)
    return NotSent.REFUSED if reason in _FINAL else NotSent.LATER


def _sent_or_reason(send: Callable[[dict[str, Any]], str], content: dict[str, Any]) -> Outcome | str:
    """Return Slack's code for a refusal as a string, in which case nothing was posted."""
    try:
        return Sent(send(content))
    except SlackApiError as error:
        if not is_unclear(error):
            return refusal(error)
        _log.error("Slack failed at a reply (%s), which may have arrived", refusal(error))
        return NotSent.UNKNOWN
    except _Refused as error:
        return next((code for code in _FINAL if code in str(error)), str(error))
    except CALL_ERRORS as error:
        # The message may have arrived although the answer to it did not: a second one could double it.
        _log.error("Slack could not be reached with a reply (%s)", refusal(error))
        return NotSent.UNKNOWN
