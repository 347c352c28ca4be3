"""A bounded pool of threads: work that finds no room is refused at once, not left to wait unseen."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

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
        """Take the job; False where there is no room, or no longer any work."""
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
        """Take no more, finish what was taken; False where that took longer than `seconds`."""
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
