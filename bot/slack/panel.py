"""The side panel of an app with `agent_view`: prompts to choose from, and titles of conversations.

An app without one (`manifest.json`) is refused, and soon not bothered again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from bot.memory import Place
from bot.slack import messages
from bot.slack.client import CALL_ERRORS, refusal, swift_client
from bot.slack.messages import Words

_log = logging.getLogger(__name__)

# Slack may refuse for a conversation, or for a moment; so often in a row it means the app.
_REFUSALS_IN_A_ROW = 3


class Panel:
    def __init__(self, client: WebClient) -> None:
        self._client = swift_client(client)
        self._refusals = 0

    @property
    def there(self) -> bool:
        """As far as is known."""
        return self._refusals < _REFUSALS_IN_A_ROW

    def suggest(self, examples: Sequence[str], channel: str, words: Words) -> None:
        # No `thread_ts`: with it, the prompts of an app with `agent_view` silently stay away.
        self._try(
            lambda: self._client.assistant_threads_setSuggestedPrompts(
                channel_id=channel, prompts=messages.prompts(examples), title=words.prompts
            )
        )

    def name(self, place: Place, question: str) -> None:
        """Name a direct conversation after its first question."""
        title = messages.conversation_title(question)
        self._try(
            lambda: self._client.assistant_threads_setTitle(
                channel_id=place.channel, thread_ts=place.thread, title=title
            )
        )

    def _try(self, call: Callable[[], object]) -> None:
        if not self.there:
            return
        try:
            call()
            self._refusals = 0
        except CALL_ERRORS as error:
            self._refusals += isinstance(error, SlackApiError)
            _log.debug("Slack refused what is for the side panel (%s)", refusal(error))
