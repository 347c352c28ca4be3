"""Questions asked on the page and their answers, kept in memory for as long as somebody goes on."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bot.memory import Verdict
from bot.types import Answer, Conversation, NoAnswer, Turn

IDLE_SECONDS = 4 * 3_600.0
MAX_KEPT = 2_000
MAX_EXCHANGES = 40
"""The oldest ones go; a page with more takes long to read."""
REMEMBERED_TURNS = 6
"""More than retrieval looks back, so that a follow-up to a follow-up finds its subject."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A question that was not looked up, and why."""

    said: str
    detail: str


@dataclass(frozen=True, slots=True)
class Exchange:
    number: int
    question: str
    result: Answer | NoAnswer | Notice
    answer_id: str | None = None
    miss_id: str | None = None
    verdict: Verdict | None = None
    told: bool = False
    """Passed on to the curators."""


@dataclass(slots=True)
class _Kept:
    session: str
    used: float
    exchanges: tuple[Exchange, ...]


class Conversations:
    """Thread-safe.  Each belongs to the browser that began it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, id: str, session: str) -> tuple[Exchange, ...] | None:
        """Return the exchanges, oldest first; None if the conversation is another's, or forgotten."""
        with self._lock:
            self._forget()
            kept = self._kept.get(id)
            if kept is None or kept.session != session:
                return None
            kept.used = self._clock()
            self._kept.move_to_end(id)
            return kept.exchanges

    def add(self, id: str, session: str, exchange: Exchange) -> str:
        """Keep an exchange, and return the id of its conversation: a new one if there is none of that id."""
        with self._lock:
            self._forget()
            kept = self._kept.get(id)
            if kept is None or kept.session != session:
                id = secrets.token_urlsafe(16)
                kept = self._kept[id] = _Kept(session, self._clock(), ())
            kept.exchanges = (*kept.exchanges, exchange)[-MAX_EXCHANGES:]
            kept.used = self._clock()
            self._kept.move_to_end(id)
            return id

    def put(self, id: str, session: str, exchange: Exchange) -> None:
        """Replace the exchange of that number."""
        with self._lock:
            kept = self._kept.get(id)
            if kept is not None and kept.session == session:
                kept.exchanges = tuple(
                    exchange if one.number == exchange.number else one for one in kept.exchanges
                )

    def _forget(self) -> None:
        oldest = self._clock() - IDLE_SECONDS
        while self._kept:
            id, kept = next(iter(self._kept.items()))
            if kept.used >= oldest and len(self._kept) <= MAX_KEPT:
                break
            del self._kept[id]


def turns(exchanges: tuple[Exchange, ...]) -> Conversation:
    """Return the earlier exchanges by which a follow-up is understood."""
    return tuple(
        Turn.of(one.question, one.result) for one in exchanges if not isinstance(one.result, Notice)
    )[-REMEMBERED_TURNS:]
