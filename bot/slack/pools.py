"""The threads that do the work: bounded, so that what finds no room is refused at once.

`Pools` holds those of the bot, with what they share: limits, figures, the record.  One for all workspaces.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from bot.config import SlackSettings
from bot.memory import Limits, Memory
from bot.slack.figures import Figures
from bot.slack.record import Record

Job = Callable[[], None]

_log = logging.getLogger(__name__)


class Workers:
    """`threads` jobs run at a time and `queue_size` more may wait."""

    def __init__(self, threads: int, queue_size: int) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._room = threading.BoundedSemaphore(threads + queue_size)
        self._closing = threading.Lock()
        self._held = 0
        self._closed = False
        # Daemons: a job that hangs beyond the deadline must not keep the process alive.
        self._threads = [
            threading.Thread(target=self._work, name=f"footnote-worker-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> bool:
        """Take the job; return False if there is no room, or no longer any work."""
        with self._closing:
            if self._closed or not self._room.acquire(blocking=False):
                return False
            self._held += 1
            self._jobs.put(job)
            return True

    @property
    def held(self) -> int:
        """How many jobs wait or are under way."""
        return self._held

    def close(self, seconds: float) -> bool:
        """Take no more, finish what was taken; return False if that took longer than `seconds`."""
        deadline = time.monotonic() + seconds
        with self._closing:
            if not self._closed:
                self._closed = True
                for _ in self._threads:
                    self._jobs.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:
                # A job answers for its own errors; this only keeps the thread for the next one.
                _log.error("A worker's job failed: %s", type(error).__name__)
            finally:
                with self._closing:
                    self._held -= 1
                self._room.release()


# Listeners only claim, queue and acknowledge; a few threads keep up with any number of workers.
_LISTENER_THREADS = 8
# Each takes seconds; for many folders of files there is the terminal.
_REQUESTS_WAITING = 20
# Words to those who are turned away, about as many as Slack takes in a minute.
_ASIDE_THREADS, _ASIDES_WAITING = 2, 50


class Pools:
    def __init__(self, settings: SlackSettings, memory: Memory) -> None:
        self.workers = Workers(settings.workers, settings.queue_size)
        self.requests = Workers(1, _REQUESTS_WAITING)
        self.asides = Workers(_ASIDE_THREADS, _ASIDES_WAITING)
        self.listeners = ThreadPoolExecutor(_LISTENER_THREADS, thread_name_prefix="footnote-listener")
        self.limits = Limits(settings.user_limit, settings.channel_limit)
        self.figures = Figures()
        self.record = Record(memory, self.figures)
        self.room = settings.workers + settings.queue_size

    def close(self, deadline: float) -> bool:
        """Take no more and finish what was taken; return False if `deadline` (monotonic) came first."""
        # Listeners first: one that is still running may have a question to queue.
        closing = threading.Thread(target=self.listeners.shutdown, daemon=True)
        closing.start()
        closing.join(max(0.0, deadline - time.monotonic()))
        pools = (self.workers, self.asides, self.requests)
        return all([pool.close(deadline - time.monotonic()) for pool in pools])
