"""The two ways to reply: in a thread, and through the response address of a slash command.

A reply that Slack refuses is sent again as plain text with its sources; only when that fails too
does the asker get nothing, and then the log says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient
from slack_sdk.webhook import WebhookClient

from bot.messages import Message, words
from bot.slack.clients import (
    CALL_ERRORS,
    PATIENT_TIMEOUT_SECONDS,
    library_log,
    patience,
    refusal,
    swift_client,
)
from bot.state import Place

_log = logging.getLogger(__name__)


class Reply(Protocol):
    def thinking(self) -> None:
        """Show that the question was heard.  Best effort: a refusal changes nothing."""
        ...

    def post(self, message: Message) -> bool:
        """True where the message, or its plain form, reached Slack."""
        ...


class InThread:
    """Replies under the question, in its thread."""

    def __init__(self, client: WebClient, place: Place) -> None:
        self._client = client
        self._place = place

    def thinking(self) -> None:
        try:
            swift_client(self._client).assistant_threads_setStatus(
                channel_id=self._place.channel, thread_ts=self._place.thread, status=words.THINKING
            )
        except CALL_ERRORS as error:
            _log.debug("Slack refused the status (%s)", refusal(error))

    def post(self, message: Message) -> bool:
        return _post_or_fall_back(self._send, message)

    def _send(self, content: dict[str, Any]) -> None:
        # A preview of a source would be longer than the answer, and show what was not quoted.
        self._client.chat_postMessage(
            channel=self._place.channel,
            thread_ts=self._place.thread,
            unfurl_links=False,
            unfurl_media=False,
            **content,
        )


class InResponse:
    """Replies to a slash command or a button, seen by that person alone."""

    def __init__(self, response_url: str) -> None:
        self._webhook = WebhookClient(
            response_url, timeout=PATIENT_TIMEOUT_SECONDS, retry_handlers=patience(), logger=library_log
        )

    def thinking(self) -> None:
        """A slash command has no status, and a first reply would stay above the answer."""

    def post(self, message: Message) -> bool:
        return _post_or_fall_back(self._send, message)

    def say(self, text: str, *, thread: str | None = None) -> None:
        """A word to the one who pressed a button.  Best effort."""
        try:
            self._send({"text": text} | ({"thread_ts": thread} if thread else {}))
        except (_Refused, *CALL_ERRORS) as error:
            _log.warning("Slack refused a word after a button was pressed (%s)", refusal(error))

    def _send(self, content: dict[str, Any]) -> None:
        response = self._webhook.send_dict(
            {
                "response_type": "ephemeral",
                "replace_original": False,
                "unfurl_links": False,
                "unfurl_media": False,
                **content,
            }
        )
        if response.status_code != 200 or response.body.startswith('{"ok":false'):
            raise _Refused("ratelimited" if response.status_code == 429 else response.body[:80])


class _Refused(Exception):
    """The webhook client returns a refusal as a value; here it is an error, as from the other one."""


def _post_or_fall_back(send: Callable[[dict[str, Any]], None], message: Message) -> bool:
    try:
        send({"text": message.text, "blocks": list(message.blocks)})
        return True
    except SlackApiError as error:
        reason = refusal(error)
    except _Refused as error:
        reason = str(error)
    except CALL_ERRORS as error:
        # The message may have arrived although the answer to it did not: a second one could double it.
        _log.error("Slack could not be reached with a reply (%s)", refusal(error))
        return False
    if reason == "ratelimited":
        _log.error("Slack limits the rate of replies for longer than can be waited for; one was not sent")
        return False
    _log.warning("Slack refused a reply (%s); sending it as plain text", reason)
    try:
        send({"text": f"{message.plain}\n{words.LAYOUT_REFUSED}"})
        return True
    except (_Refused, *CALL_ERRORS) as error:
        _log.error("Slack refused a reply as plain text too (%s); it was not sent", refusal(error))
        return False
