"""The Bolt app with all listeners, and what it needs to stop without losing a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slack_bolt import App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web import WebClient

from bot.config import SlackSettings
from bot.library.library import Library
from bot.library.rights import Rights, everything
from bot.memory import Memory
from bot.slack import buttons, listeners, offers, people
from bot.slack.buttons import Browsing
from bot.slack.client import check_bot_token, library_log, patient_client
from bot.slack.curating import adding
from bot.slack.curating.curate import Curating
from bot.slack.curating.curate import register as register_curating
from bot.slack.curating.downloads import Downloads
from bot.slack.dispatch import Dispatcher, Rounds
from bot.slack.home import Home, Panel
from bot.slack.incoming import Here, Question, team_of
from bot.slack.listeners import Listener
from bot.slack.lookups import Access, Curators, Languages, Lookups, MessagesAbove
from bot.slack.pools import Pools
from bot.slack.replies import Directly, InResponse, InThread, Reply
from bot.slack.responder import Responder
from bot.types import Answers
from index.types import FootnoteError


@dataclass(frozen=True, slots=True)
class SlackParts:
    """What the bot in Slack answers from, remembers in, and may show and change."""

    answers: Answers
    memory: Memory
    rights: Callable[[], Rights] = everything
    """What each channel may see, as it is now."""
    library: Library | None = None
    """The articles, for curators; None if nobody may change them in Slack."""


class SlackApp:
    """A Bolt app ready for deliveries, from whichever side they come."""

    def __init__(
        self,
        settings: SlackSettings,
        parts: SlackParts,
        pools: Pools | None = None,
        team: str = "",
    ) -> None:
        """Raise `FootnoteError` if Slack refuses the bot token or cannot be reached.

        With `team` it is the app of one workspace among several, whose `pools` are shared.
        """
        answers, memory, library = parts.answers, parts.memory, parts.library
        client = patient_client(settings)
        check_bot_token(client)
        self.pools = pools or Pools(settings, memory)
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

        def reply_to(question: Question) -> Reply:
            if question.response_url:
                return InResponse(
                    question.response_url,
                    question.in_thread,
                    lambda instead: Directly(client, question.user, question.place, instead),
                )
            if not question.place.channel:  # App Home
                return Directly(client, question.user, question.place)
            return InThread(client, question.place, question.ts)

        access = Access(client, parts.rights, shared_channels=settings.shared_channels)
        curators = Curators(client, settings.curators)
        lookups = Lookups(Languages(client), access, curators, MessagesAbove(client))
        curating, panel = None, Panel(client)
        if library is not None:
            curating = Curating(library, answers, lookups, Downloads(client), self.pools.requests)
        responder = Responder(answers, memory, lookups, curating)
        self._dispatcher = Dispatcher(memory, responder, self.pools, reply_to, panel)

        def here(context: BoltContext) -> Here:
            curated = library is not None
            return Here(team_of(context), context.bot_user_id, curated, bool(curators))

        Home(answers, lookups, panel, curating).register(self.bolt, self.pools.workers)
        listener = Listener(self._dispatcher, memory, settings)
        listeners.register_events(self.bolt, listener, here, self.pools.listeners)
        if curating is not None:  # before the other buttons, the last of which is any
            register_curating(self.bolt, curating, memory)
            adding.register(self.bolt, curating, self._dispatcher.accept)
        offers.register(self.bolt, self._dispatcher.accept)
        people.register(self.bolt, memory, lookups, curating)
        browsing = Browsing(answers, memory, access)
        buttons.register(self.bolt, browsing, memory, lookups.languages, self.pools.figures)
        listeners.register_commands(self.bolt, self._dispatcher, here)
        listeners.register_modals(self.bolt, memory, lookups.languages)
        self._rounds = Rounds(self._dispatcher, settings.round_seconds, team)

    def dispatch(self, request: BoltRequest) -> BoltResponse:
        """Answer one delivery over HTTP."""
        return self.bolt.dispatch(request)

    def drain(self, deadline: float) -> bool:
        """Finish the questions that were taken; return False if `deadline` (monotonic) came first.

        Questions that are left go to the next process, at once.
        """
        finished = self.pools.close(deadline)
        self.leave()
        return finished

    def leave(self) -> None:
        """Make no more rounds, and leave what is not answered to another process."""
        self._rounds.close()
        self._dispatcher.hand_over()


def _authorized(client: WebClient) -> Callable[[], AuthorizeResult]:
    """Return the workspace's own token, asked for once: Bolt would otherwise turn to OAuth by itself."""
    found = client.auth_test()
    result = AuthorizeResult.from_auth_test_response(auth_test_response=found, bot_token=client.token)
    return lambda: result
