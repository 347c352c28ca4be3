"""The Bolt app with all listeners, and what it needs to stop without losing a question."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from slack_bolt import App

from bot.slack import actions, commands, events, views
from bot.slack.clients import check_bot_token, library_log, patient_client
from bot.slack.desk import Desk
from bot.slack.settings import SlackSettings
from bot.slack.workers import Workers
from bot.state import State
from bot.types import Answers
from index.types import FootnoteError

# Listeners only claim, queue and acknowledge; a few threads keep up with any number of workers.
_LISTENER_THREADS = 8


class SlackApp:
    """A Bolt app ready for deliveries, from whichever side they come."""

    def __init__(self, settings: SlackSettings, answers: Answers, state: State) -> None:
        """Raise `FootnoteError` where Slack refuses the bot token or cannot be reached."""
        client = patient_client(settings)
        check_bot_token(client)
        self._workers = Workers(settings.workers, settings.queue_size)
        self._listeners = ThreadPoolExecutor(_LISTENER_THREADS, thread_name_prefix="footnote-listener")
        self.bolt = App(
            client=client,
            signing_secret=settings.signing_secret,
            logger=library_log,
            listener_executor=self._listeners,
            attaching_conversation_kwargs_enabled=False,
        )
        if self.bolt.oauth_flow is not None:
            # Bolt turns to OAuth by itself when it sees these, and then ignores the bot token.
            raise FootnoteError(
                "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are set, which would make the bot ignore"
                " SLACK_BOT_TOKEN. Remove them from the environment."
            )
        desk = Desk(answers, state, self._workers)
        for group in (events, actions, commands, views):
            group.register(self.bolt, desk)

    def drain(self, deadline: float) -> bool:
        """Finish the questions that were taken; False where `deadline` (monotonic) came first."""
        # Listeners first: one that is still running may have a question to queue.
        closing = threading.Thread(target=self._listeners.shutdown, daemon=True)
        closing.start()
        closing.join(max(0.0, deadline - time.monotonic()))
        return self._workers.close(deadline - time.monotonic())
