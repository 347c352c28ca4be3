"""App Home and the side panel: shown when somebody opens them, from what is indexed at that moment."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from slack_bolt import App
from slack_sdk.web import WebClient

from bot.slack import messages
from bot.slack.access import Access, Closed, Open
from bot.slack.client import CALL_ERRORS, refusal
from bot.slack.curating.curate import Curating
from bot.slack.faults import trace
from bot.slack.incoming import Payload
from bot.slack.locales import Locales
from bot.slack.messages import Block, Words
from bot.slack.panel import Panel
from bot.slack.workers import Workers
from bot.types import Answers, Scope
from index.types import FootnoteError

_log = logging.getLogger(__name__)


def register(
    app: App,
    answers: Answers,
    workers: Workers,
    locales: Locales,
    panel: Panel,
    access: Access,
    curating: Curating | None,
) -> None:
    home = _Home(answers, locales, panel, access, curating)

    def opened(event: Payload, client: WebClient) -> None:
        user, channel = str(event.get("user") or ""), str(event.get("channel") or "")
        # Not urgent: where the workers have no room for it, what was there stays there.
        if event.get("tab") == "home":
            workers.submit(lambda: home.publish(client, user))
        elif channel:
            workers.submit(lambda: home.suggest(user, channel))

    app.event("app_home_opened")(opened)


class _Home:
    def __init__(
        self, answers: Answers, locales: Locales, panel: Panel, access: Access, curating: Curating | None
    ) -> None:
        self._answers = answers
        self._access = access
        self._locales = locales
        self._panel = panel
        self._curating = curating

    def publish(self, client: WebClient, user: str) -> None:
        try:
            client.views_publish(user_id=user, view=self._view(user, self._locales.words(user)))
        except CALL_ERRORS as error:
            _log.warning("Slack refused App Home (%s)", refusal(error))
        except Exception as error:
            _log.error("App Home could not be shown\n%s", trace(error))

    def suggest(self, user: str, channel: str) -> None:
        try:
            sight = self._access.at(channel) if self._panel.there else Closed.UNKNOWN
            examples = self._answers.examples(sight.scope) if isinstance(sight, Open) else ()
            if examples:
                self._panel.suggest(examples, channel, self._locales.words(user))
        except FootnoteError as error:
            _log.warning("No index to draw prompts from: %s", error)
        except Exception as error:
            _log.error("Prompts could not be suggested\n%s", trace(error))

    def _view(self, user: str, words: Words) -> Block:
        sight = self._access.at("")
        if isinstance(sight, Closed):
            return messages.home_without_index(words)
        troubles = self._troubles(user, sight.scope)
        try:
            overview, examples = self._answers.overview(sight.scope), self._answers.examples(sight.scope)
        except FootnoteError as error:
            _log.error("No index to show: %s", error)
            curators = self._curating.names() if self._curating is not None else ()
            return messages.home_without_index(words, troubles, curators)
        return messages.home_view(overview, examples, datetime.now(UTC), words, troubles)

    def _troubles(self, user: str, scope: Scope) -> tuple[messages.Trouble, ...]:
        """For curators alone: others could do nothing about them."""
        if self._curating is None or not self._curating.trusts(user):
            return ()
        try:
            return self._curating.troubles(scope)
        except FootnoteError as error:
            _log.error("App Home cannot tell which files fail: %s", error)
            return ()
