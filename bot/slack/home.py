"""App Home and the side panel: shown when somebody opens them, from what is indexed at that moment.

An app without a panel (`manifest.json`) is refused, and soon not bothered again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from slack_bolt import App
from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from bot.memory import Place
from bot.slack import messages
from bot.slack.client import CALL_ERRORS, refusal, swift_client
from bot.slack.curating.curate import Curating
from bot.slack.log import trace
from bot.slack.lookups import Closed, Lookups, Open
from bot.slack.messages import Block, Words
from bot.slack.pointing import Payload
from bot.slack.pools import Workers
from bot.types import Answers, Scope
from index.types import FootnoteError

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


class Home:
    """Shown by the workers, for which it is not urgent: if they have no room, what was there stays there."""

    def __init__(
        self, answers: Answers, lookups: Lookups, panel: Panel, curating: Curating | None = None
    ) -> None:
        self._answers = answers
        self._lookups = lookups
        self._panel = panel
        self._curating = curating

    def register(self, app: App, workers: Workers) -> None:
        def opened(event: Payload, client: WebClient) -> None:
            user, channel = str(event.get("user") or ""), str(event.get("channel") or "")
            if event.get("tab") == "home":
                workers.submit(lambda: self.publish(client, user))
            elif channel:
                workers.submit(lambda: self.suggest(user, channel))

        app.event("app_home_opened")(opened)

    def publish(self, client: WebClient, user: str) -> None:
        try:
            client.views_publish(user_id=user, view=self._view(user, self._lookups.languages.words(user)))
        except CALL_ERRORS as error:
            _log.warning("Slack refused App Home (%s)", refusal(error))
        except Exception as error:
            _log.error("App Home could not be shown\n%s", trace(error))

    def suggest(self, user: str, channel: str) -> None:
        try:
            sight = self._lookups.access.at(channel) if self._panel.there else Closed.UNKNOWN
            examples = self._answers.examples(sight.scope) if isinstance(sight, Open) else ()
            if examples:
                self._panel.suggest(examples, channel, self._lookups.languages.words(user))
        except FootnoteError as error:
            _log.warning("No index to draw prompts from: %s", error)
        except Exception as error:
            _log.error("Prompts could not be suggested\n%s", trace(error))

    def _view(self, user: str, words: Words) -> Block:
        sight = self._lookups.access.at("")
        if isinstance(sight, Closed):
            return messages.home_without_index(words)
        troubles = self._troubles(user, sight.scope)
        try:
            overview, examples = self._answers.overview(sight.scope), self._answers.examples(sight.scope)
        except FootnoteError as error:
            _log.error("No index to show: %s", error)
            curators = self._lookups.curators.names()
            return messages.home_without_index(words, troubles, curators)
        return messages.home_view(overview, examples, datetime.now(UTC), words, troubles)

    def _troubles(self, user: str, scope: Scope) -> tuple[messages.Trouble, ...] | None:
        """Return files that cannot be read, for curators; None for others, who can do nothing about them."""
        if self._curating is None or not self._curating.trusts(user):
            return None
        try:
            return self._curating.troubles(scope)
        except FootnoteError as error:
            _log.error("App Home cannot tell which files fail: %s", error)
            return ()
