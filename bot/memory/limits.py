"""How many questions were taken in the last minute, from whom and where: counted over all processes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.memory.schema import Database

WINDOW_SECONDS = 60.0

Whose = Literal["user", "channel"]


@dataclass(frozen=True, slots=True)
class Limit:
    """Of one person, or of one channel."""

    whose: Whose
    name: str
    count: int
    """Questions a minute."""


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


class Limits:
    """Thread-safe, and shared by processes.  What is older than a minute goes with the next taking."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, team: str, limits: Sequence[Limit]) -> Over | None:
        """Count a question; None where it is within all limits, else it counts for none."""
        with self._database.transaction() as sql:
            now = self._database.clock()  # here: one that waited for another would be before it otherwise
            self._forget(sql, now)
            windows = [_window(sql, team, limit, now) for limit in limits]
            for limit, (taken, warned) in zip(limits, windows, strict=True):
                if len(taken) >= limit.count:
                    _keep(sql, team, limit, taken, warned=True)
                    seconds = max(1, round(taken[0] + WINDOW_SECONDS - now))
                    return Over(limit.whose, limit.count, seconds, first=not warned)
            for limit, (taken, _) in zip(limits, windows, strict=True):
                _keep(sql, team, limit, [*taken, now], warned=False)
        return None

    def prune(self, sql: sqlite3.Connection, now: float, retention: float) -> None:
        self._forget(sql, now)

    def _forget(self, sql: sqlite3.Connection, now: float) -> None:
        sql.execute("DELETE FROM takings WHERE last <= ?", (now - WINDOW_SECONDS,))


def _window(sql: sqlite3.Connection, team: str, limit: Limit, now: float) -> tuple[list[float], bool]:
    """When questions were taken in this last minute, oldest first, and whether something was said of it."""
    row = sql.execute(
        "SELECT taken, warned FROM takings WHERE team = ? AND whose = ? AND name = ?",
        (team, limit.whose, limit.name),
    ).fetchone()
    taken = json.loads(row[0]) if row else []
    # A clock that was set back must not shut anybody out.
    return [moment for moment in taken if now - WINDOW_SECONDS < moment <= now], bool(row and row[1])


def _keep(sql: sqlite3.Connection, team: str, limit: Limit, taken: Sequence[float], *, warned: bool) -> None:
    sql.execute(
        "INSERT OR REPLACE INTO takings VALUES (?, ?, ?, ?, ?, ?)",
        (team, limit.whose, limit.name, json.dumps(taken), warned, taken[-1]),
    )
