"""What has to be done once for each period, by whichever process comes first: the weekly report."""

from __future__ import annotations

from dataclasses import dataclass

from bot.memory.schema import Database

# Longer than a patient post takes; whoever took a chore and died is not waited for beyond it.
TAKEN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Chore:
    """A chore that is the caller's to do."""

    name: str
    period: str
    first: bool
    """Nobody has tried it for this period before."""


class Chores:
    """Thread-safe, and shared by processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, name: str, period: str) -> Chore | None:
        """The right to do it for a period (any text); None where it is done, or being done by somebody."""
        now = self._database.clock()
        with self._database.transaction() as sql:
            row = sql.execute(
                "SELECT done_for, taken_at, done FROM chores WHERE name = ?", (name,)
            ).fetchone()
            same = row is not None and row[0] == period
            if same and (row[2] or row[1] > now - TAKEN_SECONDS):
                return None
            sql.execute("INSERT OR REPLACE INTO chores VALUES (?, ?, ?, 0)", (name, period, now))
        return Chore(name, period, not same)

    def done(self, chore: Chore) -> None:
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE chores SET done = 1 WHERE name = ? AND done_for = ?", (chore.name, chore.period)
            )
