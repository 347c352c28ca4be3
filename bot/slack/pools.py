"""The threads that do the work, and what they share: limits, figures, the ledger.  One for all workspaces."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from bot.config import SlackSettings
from bot.memory import State
from bot.slack.figures import Figures
from bot.slack.ledger import Ledger
from bot.slack.limits import Limits
from bot.slack.workers import Workers

# Listeners only claim, queue and acknowledge; a few threads keep up with any number of workers.
_LISTENER_THREADS = 8
# Each takes seconds; whoever has more folders of files to add has a terminal.
_REQUESTS_WAITING = 20
# Words to those who are turned away, about as many as Slack takes in a minute.
_ASIDE_THREADS, _ASIDES_WAITING = 2, 50


class Pools:
    def __init__(self, settings: SlackSettings, state: State) -> None:
        self.workers = Workers(settings.workers, settings.queue_size)
        self.requests = Workers(1, _REQUESTS_WAITING)
        self.asides = Workers(_ASIDE_THREADS, _ASIDES_WAITING)
        self.listeners = ThreadPoolExecutor(_LISTENER_THREADS, thread_name_prefix="footnote-listener")
        self.limits = Limits(settings.user_limit, settings.channel_limit, state)
        self.figures = Figures()
        self.ledger = Ledger(state, self.figures)
        self.room = settings.workers + settings.queue_size

    def close(self, deadline: float) -> bool:
        """Take no more and finish what was taken; False where `deadline` (monotonic) came first."""
        # Listeners first: one that is still running may have a question to queue.
        closing = threading.Thread(target=self.listeners.shutdown, daemon=True)
        closing.start()
        closing.join(max(0.0, deadline - time.monotonic()))
        pools = (self.workers, self.asides, self.requests)
        return all([pool.close(deadline - time.monotonic()) for pool in pools])
