"""How questions ended: when, how surely, how fast, and in their words only if they are to be kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from bot.memory.database import Database, transaction
from bot.memory.places import Place
from bot.memory.schema import endings, misses

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
    """Thread-safe, and shared as the inbox is."""

    def __init__(self, database: Database, *, keep_questions: bool) -> None:
        self._database = database
        self.keeps_questions = keep_questions

    @transaction
    def note(self, ending: Ending, place: Place, ts: str, question: str) -> None:
        """Note how a question ended; an edited one (the same `ts`) ends anew, and counts once."""
        with self._database.write() as sql:
            first = sql.scalar(select(func.min(endings.c.asked_at)).where(*_of(place, ts)))
            if first is not None:
                sql.execute(delete(endings).where(*_of(place, ts)))
            noted = {
                "team": place.team,
                "channel": place.channel,
                "ts": ts,
                "asked_at": self._database.now(sql) if first is None else first,
                "kind": ending.kind,
                "seconds": ending.seconds,
                "confidence": ending.confidence,
                "generation": ending.generation,
                "answer_id": ending.answer_id,
                "miss_id": ending.miss_id,
                "question": question if self.keeps_questions else None,
            }
            sql.execute(insert(endings), noted)

    @transaction
    def forget(self, place: Place, ts: str) -> None:
        """Forget the words of a deleted question wherever they are; that one was asked still counts."""
        with self._database.write() as sql:
            sql.execute(
                delete(misses).where(misses.c.id.in_(select(endings.c.miss_id).where(*_of(place, ts))))
            )
            sql.execute(update(endings).where(*_of(place, ts)).values(question=None))

    @transaction
    def since(self, moment: float) -> list[Ending]:
        """Oldest first."""
        columns = (endings.c.kind, endings.c.seconds, endings.c.confidence, endings.c.generation)
        ids = (endings.c.answer_id, endings.c.miss_id, endings.c.asked_at)
        found = select(*columns, *ids).where(endings.c.asked_at >= moment).order_by(endings.c.asked_at)
        with self._database.read() as sql:
            return [Ending(*row) for row in sql.execute(found)]

    @transaction
    def in_vain(self, since: float) -> list[Unanswered]:
        """Return what was asked and not answered, oldest first: what was kept, and what was passed on."""
        told = misses.c.told_at.is_not(None)
        kept = and_(endings.c.kind == "none", endings.c.miss_id.is_not(None), endings.c.question.is_not(None))
        found = (
            select(func.coalesce(endings.c.question, misses.c.question), endings.c.asked_at, told)
            .select_from(endings.outerjoin(misses, misses.c.id == endings.c.miss_id))
            .where(endings.c.asked_at >= since, or_(told, kept))
            .order_by(endings.c.asked_at)
        )
        with self._database.read() as sql:
            rows = sql.execute(found).all()
        return [Unanswered(question, asked_at, bool(passed_on)) for question, asked_at, passed_on in rows]

    def prune(self, sql: Connection, now: float, retention: float) -> None:
        sql.execute(delete(endings).where(endings.c.asked_at < now - retention))
        if not self.keeps_questions:
            # Kept before the setting was taken back.
            sql.execute(update(endings).where(endings.c.question.is_not(None)).values(question=None))


def _of(place: Place, ts: str) -> tuple[ColumnElement[bool], ...]:
    """Of one message; none is meant by a `ts` that is empty."""
    same_place = endings.c.team == place.team, endings.c.channel == place.channel
    return *same_place, endings.c.ts == ts, endings.c.ts != ""
