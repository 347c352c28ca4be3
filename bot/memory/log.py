"""How each question ended: when, how surely, how fast, and its words only where they are to be kept."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from bot.memory.places import Place
from bot.memory.schema import Database

EndingKind = Literal["answered", "uncertain", "none", "error", "turned_away"]
"""`turned_away`: too many questions at once, from everybody or from one."""


@dataclass(frozen=True, slots=True)
class Ending:
    kind: EndingKind
    seconds: float
    """From taking the question to the end of posting its reply."""
    confidence: float | None = None
    generation: str | None = None
    answer_id: str | None = None
    miss_id: str | None = None
    """Of a question that the articles do not answer."""
    asked_at: float = 0.0
    """Filled in when it is noted."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that the articles do not answer."""

    question: str
    asked_at: float
    told: bool
    """Somebody passed it on to the curators."""


class Log:
    """Thread-safe, and shared by processes."""

    def __init__(self, database: Database, *, keep_questions: bool) -> None:
        self._database = database
        self.keeps_questions = keep_questions

    def note(self, ending: Ending, place: Place, ts: str, question: str) -> None:
        """Note how a question ended; an edited one (the same `ts`) ends anew, and counts once."""
        where = (place.team, place.channel, ts)
        with self._database.transaction() as sql:
            first = sql.execute(
                "SELECT min(asked_at) FROM endings WHERE team = ? AND channel = ? AND ts = ? AND ts != ''",
                where,
            ).fetchone()[0]
            sql.execute("DELETE FROM endings WHERE team = ? AND channel = ? AND ts = ? AND ts != ''", where)
            sql.execute(
                "INSERT INTO endings (team, channel, ts, asked_at, kind, seconds, confidence, generation,"
                " answer_id, miss_id, question) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *where,
                    self._database.clock() if first is None else first,
                    ending.kind,
                    ending.seconds,
                    ending.confidence,
                    ending.generation,
                    ending.answer_id,
                    ending.miss_id,
                    question if self.keeps_questions else None,
                ),
            )

    def forget(self, place: Place, ts: str) -> None:
        """Forget the words of a deleted question wherever they are; that one was asked still counts."""
        where = (place.team, place.channel, ts)
        with self._database.transaction() as sql:
            sql.execute(
                "DELETE FROM misses WHERE id IN (SELECT miss_id FROM endings"
                " WHERE team = ? AND channel = ? AND ts = ? AND ts != '')",
                where,
            )
            sql.execute(
                "UPDATE endings SET question = NULL WHERE team = ? AND channel = ? AND ts = ? AND ts != ''",
                where,
            )

    def since(self, moment: float) -> list[Ending]:
        """Oldest first."""
        with self._database.transaction() as sql:
            rows = sql.execute(
                "SELECT kind, seconds, confidence, generation, answer_id, miss_id, asked_at FROM endings"
                " WHERE asked_at >= ? ORDER BY asked_at",
                (moment,),
            ).fetchall()
        return [Ending(*row) for row in rows]

    def in_vain(self, since: float) -> list[Unanswered]:
        """What was asked and not answered, oldest first: what was kept, and what was passed on."""
        with self._database.transaction() as sql:
            rows = sql.execute(
                "SELECT coalesce(endings.question, misses.question), endings.asked_at, told_at IS NOT NULL"
                " FROM endings LEFT JOIN misses ON misses.id = endings.miss_id"
                " WHERE endings.asked_at >= ? AND (told_at IS NOT NULL"
                " OR (kind = 'none' AND endings.miss_id IS NOT NULL AND endings.question IS NOT NULL))"
                " ORDER BY endings.asked_at",
                (since,),
            ).fetchall()
        return [Unanswered(question, asked_at, bool(told)) for question, asked_at, told in rows]

    def prune(self, sql: sqlite3.Connection, now: float, retention: float) -> None:
        sql.execute("DELETE FROM endings WHERE asked_at < ?", (now - retention,))
        if not self.keeps_questions:
            # Kept before the setting was taken back.
            sql.execute("UPDATE endings SET question = NULL WHERE question IS NOT NULL")
