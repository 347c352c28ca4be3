"""Answers that were shown: where their quotes stand, who may see them, and what people thought of them."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from bot.memory.database import Database, transaction
from bot.memory.places import Place
from bot.memory.schema import answers, endings, feedback, misses, put, quotes
from bot.types import Answer, Instead

Verdict = Literal["up", "down"]
Reason = Literal["wrong", "outdated", "not_asked"]

# The question of a private answer is kept as long as sharing it makes sense; one without an answer
# as long as a thread's, unless its asker passed it on.
PRIVATE_QUESTIONS_KEPT_SECONDS = 86_400.0
MISSES_KEPT_SECONDS = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """Where a quote stood when it was shown, and the hash by which a changed article is noticed."""

    source_id: str
    start: int
    end: int
    sha256: str
    answer: tuple[int, int] | None = None
    """This and what follows as in `bot.types.Quote`; known only of an answer that can be shown again."""
    path: tuple[str, ...] = ()
    part: str | None = None

    def still_reads(self, text: str) -> bool:
        return text_hash(text) == self.sha256


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer as it can be shown again.  `question` is None if it was asked in the open."""

    quotes: tuple[ShownQuote, ...]
    generation: str
    confidence: float
    certain: bool
    question: str | None
    unanswered: tuple[str, ...] = ()
    disagreement: bool = False
    selection: bool = False
    instead: Instead | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One person's verdict on one answer.  Who it was is not told."""

    verdict: Verdict
    given_at: float
    reason: Reason | None
    words: str | None
    confidence: float | None
    question: str | None
    """None if questions are not kept."""
    quotes: tuple[ShownQuote, ...]
    """Empty if the answer is no longer kept, or quoted nothing."""


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class PostedAnswers:
    """Thread-safe, and shared as the inbox is.  An answer is known to its own channel alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @transaction
    def remember(
        self, answer: Answer, place: Place, question: str | None = None, answer_id: str | None = None
    ) -> str:
        """Store where the quotes of an answer stand, and return the id that its buttons carry."""
        answer_id = answer_id or new_id()
        with self._database.write() as sql:
            sql.execute(
                insert(answers).values(
                    id=answer_id,
                    team=place.team,
                    channel=place.channel,
                    thread=place.thread,
                    generation=answer.generation,
                    confidence=answer.confidence,
                    certain=answer.certain,
                    question=question,
                    details=None if question is None else _details(answer),
                    shown_at=self._database.now(sql),
                )
            )
            rows = [
                {
                    "answer_id": answer_id,
                    "number": number,
                    "source_id": quote.source_id,
                    "start": quote.start,
                    "end": quote.end,
                    "sha256": text_hash(quote.text),
                }
                for number, quote in enumerate(answer.quotes, start=1)
            ]
            if rows:
                sql.execute(insert(quotes), rows)
        return answer_id

    @transaction
    def forget(self, answer_id: str) -> None:
        """Forget an answer whose message is gone: its buttons show nothing any more."""
        with self._database.write() as sql:
            sql.execute(delete(answers).where(answers.c.id == answer_id))

    @transaction
    def quote(self, answer_id: str, number: int, place: Place) -> ShownQuote | None:
        """None if the answer is unknown, has no such quote, or was shown in another channel."""
        with self._database.read() as sql:
            if not _known(sql, answer_id, place):
                return None
            found = _quotes(sql, answer_id, quotes.c.number == number)
        return found[0] if found else None

    @transaction
    def answer(self, answer_id: str, place: Place) -> ShownAnswer | None:
        """None if the answer is unknown, or was shown in another channel."""
        with self._database.read() as sql:
            row = sql.execute(select(answers).where(*_at(answer_id, place))).one_or_none()
            if row is None:
                return None
            shown = ShownAnswer(
                _quotes(sql, answer_id), row.generation, row.confidence, row.certain, row.question
            )
        return _with_details(shown, row.details)

    @transaction
    def record_feedback(self, answer_id: str, verdict: Verdict, user: str, place: Place) -> bool:
        """Keep one verdict a person and answer, the latest; False if the answer is not known here."""
        with self._database.write() as sql:
            known = _known(sql, answer_id, place)
            same = {"answer_id": answer_id, "user": user}
            before = _verdicts(sql, answer_id).get(user)
            if known and before != verdict:
                now = self._database.now(sql)
                put(sql, feedback, same, {"verdict": verdict, "given_at": now, "reason": None, "words": None})
        return known

    @transaction
    def record_reason(self, answer_id: str, reason: Reason, words: str, user: str, place: Place) -> bool:
        """Why somebody's verdict is 👎; False if the answer is not known here."""
        with self._database.write() as sql:
            known = _known(sql, answer_id, place)
            if known:
                given = {"verdict": "down", "given_at": self._database.now(sql)}
                put(
                    sql,
                    feedback,
                    {"answer_id": answer_id, "user": user},
                    {**given, "reason": reason, "words": words or None},
                )
        return known

    @transaction
    def feedback(self, answer_id: str) -> dict[str, Verdict]:
        """Return the verdicts on an answer by user."""
        with self._database.read() as sql:
            return _verdicts(sql, answer_id)

    @transaction
    def reasons(self, answer_id: str) -> dict[str, tuple[str, str | None]]:
        """Return the reason and words of those who gave some, by user."""
        given = select(feedback.c.user, feedback.c.reason, feedback.c.words).where(
            feedback.c.answer_id == answer_id, feedback.c.reason.is_not(None)
        )
        with self._database.read() as sql:
            return {user: (reason, words) for user, reason, words in sql.execute(given)}

    @transaction
    def remember_miss(self, question: str, place: Place, miss_id: str | None = None) -> str:
        """Keep a question that the articles do not answer for a while, and return the id for its button."""
        miss_id = miss_id or new_id()
        with self._database.write() as sql:
            asked = {"question": question, "asked_at": self._database.now(sql)}
            sql.execute(insert(misses).values(id=miss_id, team=place.team, channel=place.channel, **asked))
        return miss_id

    @transaction
    def forget_miss(self, miss_id: str) -> None:
        with self._database.write() as sql:
            sql.execute(delete(misses).where(misses.c.id == miss_id))

    @transaction
    def missed(self, miss_id: str, place: Place) -> str | None:
        """Return the question; None if it is not known here."""
        here = (misses.c.id == miss_id, misses.c.team == place.team, misses.c.channel == place.channel)
        with self._database.read() as sql:
            return sql.execute(select(misses.c.question).where(*here)).scalar_one_or_none()

    @transaction
    def tell_curators(self, miss_id: str, user: str, place: Place) -> bool:
        """Pass a question on, which keeps it; False if it is not known here."""
        with self._database.write() as sql:
            told_at = func.coalesce(misses.c.told_at, self._database.now(sql))
            here = (misses.c.id == miss_id, misses.c.team == place.team, misses.c.channel == place.channel)
            told = update(misses).where(*here)
            told = told.values(told_at=told_at, told_by=func.coalesce(misses.c.told_by, user))
            return sql.execute(told).rowcount > 0

    @transaction
    def told(self, limit: int = 100) -> list[str]:
        """Return the questions that were passed on to the curators, newest first."""
        passed_on = select(misses.c.question).where(misses.c.told_at.is_not(None))
        with self._database.read() as sql:
            return list(sql.scalars(passed_on.order_by(misses.c.told_at.desc()).limit(limit)))

    @transaction
    def verdicts(self, since: float) -> list[Judged]:
        """Return what people thought of answers, oldest first, with where the quotes stand that they saw."""
        joined = feedback.outerjoin(answers, answers.c.id == feedback.c.answer_id).outerjoin(
            endings, endings.c.answer_id == feedback.c.answer_id
        )
        confidence = func.coalesce(answers.c.confidence, endings.c.confidence).label("sure")
        found = (
            select(feedback, confidence, endings.c.question)
            .select_from(joined)
            .where(feedback.c.given_at >= since)
            .order_by(feedback.c.given_at)
        )
        with self._database.read() as sql:
            return [
                Judged(
                    row.verdict,
                    row.given_at,
                    row.reason,
                    row.words,
                    row.sure,
                    row.question,
                    _quotes(sql, row.answer_id),
                )
                for row in sql.execute(found).all()
            ]

    def prune(self, sql: Connection, now: float, retention: float) -> None:
        oldest = now - retention
        sql.execute(delete(answers).where(answers.c.shown_at < oldest))
        sql.execute(delete(feedback).where(feedback.c.given_at < oldest))
        private = now - min(PRIVATE_QUESTIONS_KEPT_SECONDS, retention)
        old = (answers.c.question.is_not(None), answers.c.shown_at < private)
        sql.execute(update(answers).where(*old).values(question=None, details=None))
        untold = now - min(MISSES_KEPT_SECONDS, retention)
        sql.execute(
            delete(misses).where(
                or_(misses.c.told_at < oldest, and_(misses.c.told_at.is_(None), misses.c.asked_at < untold))
            )
        )


def new_id() -> str:
    """Return an id that nobody can guess, for the buttons below an answer or a question without one."""
    return secrets.token_urlsafe(16)


def _at(answer_id: str, place: Place) -> tuple[ColumnElement[bool], ...]:
    return answers.c.id == answer_id, answers.c.team == place.team, answers.c.channel == place.channel


def _known(sql: Connection, answer_id: str, place: Place) -> bool:
    return sql.execute(select(answers.c.id).where(*_at(answer_id, place))).one_or_none() is not None


def _verdicts(sql: Connection, answer_id: str) -> dict[str, Verdict]:
    given = select(feedback.c.user, feedback.c.verdict).where(feedback.c.answer_id == answer_id)
    return {user: verdict for user, verdict in sql.execute(given)}


def _quotes(sql: Connection, answer_id: str, *which: ColumnElement[bool]) -> tuple[ShownQuote, ...]:
    shown = select(quotes.c.source_id, quotes.c.start, quotes.c.end, quotes.c.sha256)
    rows = sql.execute(shown.where(quotes.c.answer_id == answer_id, *which).order_by(quotes.c.number))
    return tuple(ShownQuote(*row) for row in rows)


def _details(answer: Answer) -> dict[str, Any]:
    """Return what of an answer is neither in its quotes nor in the articles."""
    return {
        "quotes": [[quote.answer, quote.path, quote.part] for quote in answer.quotes],
        "unanswered": answer.unanswered,
        "disagreement": answer.disagreement,
        "selection": answer.selection,
        "instead": [answer.instead.asked, answer.instead.named] if answer.instead else None,
    }


def _with_details(shown: ShownAnswer, kept: dict[str, Any] | None) -> ShownAnswer:
    """None: of an answer in the open."""
    if kept is None:
        return shown
    detailed = tuple(
        replace(quote, answer=tuple(span) if span else None, path=tuple(path), part=part)
        for quote, (span, path, part) in zip(shown.quotes, kept["quotes"], strict=True)
    )
    return replace(
        shown,
        quotes=detailed,
        unanswered=tuple(kept["unanswered"]),
        disagreement=kept["disagreement"],
        selection=kept["selection"],
        instead=Instead(*kept["instead"]) if kept["instead"] else None,
    )
