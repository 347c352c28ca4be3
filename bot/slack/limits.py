"""How many questions a minute are taken from one person, and in one channel."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

WINDOW_SECONDS = 60.0
# Whoever was silent for longest is forgotten first; ten thousand windows take a few megabytes.
MAX_REMEMBERED = 10_000

Whose = Literal["user", "channel"]


@dataclass(frozen=True, slots=True)
class Over:
    """A question that is one too many."""

    whose: Whose
    limit: int
    """Questions a minute."""
    seconds: int
    """Until the next one is taken."""
    first: bool
    """Nothing was said of it since the limit was reached."""


@dataclass(slots=True)
class _Window:
    taken: deque[float]
    warned: bool = False


class Limits:
    """Thread-safe, for one process: a second one, during a rolling restart, has limits of its own.

    A limit of 0 is none.
    """

    def __init__(self, user: int, channel: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits: dict[Whose, int] = {"user": user, "channel": channel}
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: OrderedDict[tuple[Whose, str, str], _Window] = OrderedDict()

    def take(self, team: str, channel: str, user: str) -> Over | None:
        """Count a question; None where it is within both limits, else it counts for neither."""
        now = self._clock()
        names: dict[Whose, str] = {"user": user, "channel": channel}
        with self._lock:
            windows = [
                (whose, limit, self._window((whose, team, names[whose]), now))
                for whose, limit in self._limits.items()
                if limit and names[whose]
            ]
            for whose, limit, window in windows:
                if len(window.taken) >= limit:
                    first, window.warned = not window.warned, True
                    seconds = max(1, round(window.taken[0] + WINDOW_SECONDS - now))
                    return Over(whose, limit, seconds, first)
            for _, _, window in windows:
                window.taken.append(now)
                window.warned = False
        return None

    def _window(self, key: tuple[Whose, str, str], now: float) -> _Window:
        window = self._windows.setdefault(key, _Window(deque()))
        self._windows.move_to_end(key)
        while window.taken and window.taken[0] <= now - WINDOW_SECONDS:
            window.taken.popleft()
        while len(self._windows) > MAX_REMEMBERED:
            self._windows.popitem(last=False)
        return window
