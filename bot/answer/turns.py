"""A fair semaphore: lets so many threads in at a time, in the order in which they came."""

from __future__ import annotations

from collections import deque
from threading import Lock


class Turns:
    """A context manager.  Unlike a `threading.Semaphore` it never lets the same thread in twice in a row
    while others wait.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: deque[Lock] = deque()
        self._lock = Lock()

    def __enter__(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()  # until somebody who leaves releases it

    def __exit__(self, *raised: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
