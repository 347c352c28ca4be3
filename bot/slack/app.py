"""The Bolt app with all listeners, and what it needs to stop without losing a question."""

from __future__ import annotations

from collections.abc import Callable

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web import WebClient

from bot.config import SlackSettings
from bot.library.library import Library
from bot.library.rights import Rights, everything
from bot.memory import State
from bot.slack import actions, commands, events, home, offers, people, views
from bot.slack.access import Access
from bot.slack.browsing import Browsing
from bot.slack.client import check_bot_token, library_log, patient_client
from bot.slack.curating.curate import Curating
from bot.slack.curating.curate import register as register_curating
from bot.slack.curating.downloads import Downloads
from bot.slack.curators import Curators
from bot.slack.dispatch import Dispatcher
from bot.slack.incoming import Asked
from bot.slack.locales import Locales
from bot.slack.panel import Panel
from bot.slack.pools import Pools
from bot.slack.replies import Directly, InResponse, InThread, Reply
from bot.slack.rounds import Rounds
from bot.types import Answers
from index.types import FootnoteError


class SlackApp:
    """A Bolt app ready for deliveries, from whichever side they come."""

    def __init__(
        self,
        settings: SlackSettings,
        answers: Answers,
        state: State,
        rights: Callable[[], Rights] = everything,
        library: Library | None = None,
        pools: Pools | None = None,
        team: str = "",
    ) -> None:
        """Raise `FootnoteError` where Slack refuses the bot token or cannot be reached.

        With `team` it is the app of one workspace among several, whose `pools` are shared.
        """
        client = patient_client(settings)
        check_bot_token(client)
        self.pools = pools or Pools(settings, state)
        workers, requests = self.pools.workers, self.pools.requests
        self.bolt = App(
            client=client,
            signing_secret=settings.signing_secret,
            logger=library_log,
            listener_executor=self.pools.listeners,
            attaching_conversation_kwargs_enabled=False,
            authorize=_authorized(client) if team else None,
        )
        if self.bolt.oauth_flow is not None and not team:
            # Bolt turns to OAuth by itself when it sees these, and then ignores the bot token.
            raise FootnoteError(
                "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are set, which would make the bot ignore"
                " SLACK_BOT_TOKEN. Remove them from the environment."
            )

        def reply_to(asked: Asked) -> Reply:
            if asked.response_url:
                return InResponse(
                    asked.response_url,
                    asked.in_thread,
                    lambda instead: Directly(client, asked.user, asked.place, instead),
                )
            return InThread(client, asked.place, asked.ts)

        locales = Locales(client)
        panel = Panel(client)
        access = Access(client, rights, shared_channels=settings.shared_channels)
        curating = None
        if library is not None:
            curators = Curators(client, settings.curators)
            curating = Curating(library, answers, curators, Downloads(client), lambda: requests.held)
        self._dispatcher = Dispatcher(
            answers,
            state,
            workers,
            locales,
            panel,
            access,
            reply_to,
            curating,
            requests,
            self.pools.asides,
            self.pools.limits,
            self.pools.ledger,
            team,
        )
        home.register(self.bolt, answers, workers, locales, panel, access, curating)
        events.register(self.bolt, self._dispatcher, state, settings)
        if curating is not None:  # before the other buttons, the last of which is any
            register_curating(self.bolt, curating, state, locales, access, requests)
        offers.register(self.bolt, self._dispatcher.take)
        people.register(self.bolt, state, locales, access, curating, requests)
        actions.register(self.bolt, Browsing(answers, state, access), state, locales, self.pools.figures)
        commands.register(self.bolt, self._dispatcher)
        views.register(self.bolt, state, locales)
        self._rounds = Rounds(self._dispatcher, settings.round_seconds)

    def dispatch(self, request: BoltRequest) -> BoltResponse:
        """Answer one delivery over HTTP."""
        return self.bolt.dispatch(request)

    def drain(self, deadline: float) -> bool:
        """Finish the questions that were taken; False where `deadline` (monotonic) came first.

        What is left then goes to the next process, at once.
        """
        finished = self.pools.close(deadline)
        self.leave()
        return finished

    def leave(self) -> None:
        """Make no more rounds, and leave what is not answered to another process."""
        self._rounds.close()
        self._dispatcher.hand_over()


def _authorized(client: WebClient) -> Callable[[], AuthorizeResult]:
    """The workspace's own token, asked for once: Bolt would otherwise turn to OAuth by itself."""
    found = client.auth_test()
    result = AuthorizeResult.from_auth_test_response(auth_test_response=found, bot_token=client.token)
    return lambda: result
