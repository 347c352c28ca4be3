"""How many questions were taken in the last minute, from one person and in one channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, delete, select

from bot.memory.database import Database, transaction
from bot.memory.places import Place
from bot.memory.schema import put, windows

WINDOW_SECONDS = 60.0

Whose = Literal["user", "channel"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Questions a minute that are taken from one person, and in one channel; 0 for any number."""

    user: int = 0
    channel: int = 0


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


class Takings:
    """Thread-safe, and shared as the inbox is.  What is older than a minute goes with the next question."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @transaction
    def take(self, place: Place, user: str, limits: Limits) -> Over | None:
        """Count a question; None if it is within both limits, else it counts for neither."""
        both: tuple[tuple[Whose, str, int], ...] = (
            ("user", user, limits.user),
            ("channel", place.channel, limits.channel),
        )
        counted = [(whose, name, most) for whose, name, most in both if name and most]
        if not counted:
            return None
        with self._database.write() as sql:
            now = self._database.now(sql)
            _forget(sql, now)
            found = [_window(sql, (place.team, whose, name), now) for whose, name, _ in counted]
            for (whose, name, most), (taken, warned) in zip(counted, found, strict=True):
                if len(taken) >= most:
                    _keep(sql, (place.team, whose, name), taken, warned=True)
                    seconds = max(1, round(taken[0] + WINDOW_SECONDS - now))
                    return Over(whose, most, seconds, first=not warned)
            for (whose, name, _), (taken, _) in zip(counted, found, strict=True):
                _keep(sql, (place.team, whose, name), [*taken, now], warned=False)
        return None

    def prune(self, sql: Connection, now: float, retention: float) -> None:
        _forget(sql, now)


def _forget(sql: Connection, now: float) -> None:
    sql.execute(delete(windows).where(windows.c.last <= now - WINDOW_SECONDS))


def _window(sql: Connection, key: tuple[str, str, str], now: float) -> tuple[list[float], bool]:
    """When questions were taken in this last minute, oldest first, and whether something was said of it."""
    team, whose, name = key
    row = sql.execute(
        select(windows.c.taken, windows.c.warned).where(
            windows.c.team == team, windows.c.whose == whose, windows.c.name == name
        )
    ).one_or_none()
    if row is None:
        return [], False
    # A clock that was set back must not shut anybody out.
    return [moment for moment in row.taken if now - WINDOW_SECONDS < moment <= now], row.warned


def _keep(sql: Connection, key: tuple[str, str, str], taken: Sequence[float], *, warned: bool) -> None:
    named = dict(zip(("team", "whose", "name"), key, strict=True))
    put(sql, windows, named, {"taken": list(taken), "warned": warned, "last": taken[-1]})
