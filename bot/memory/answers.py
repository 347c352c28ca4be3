"""Answers that were shown: where their quotes stand, who may see them, and what people thought of them."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from dataclasses import dataclass, replace
from typing import Literal

from bot.memory.places import Place
from bot.memory.schema import Database
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
    """An answer as it can be shown again.  `question` is None where it was asked in the open."""

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
    """None where questions are not kept."""
    quotes: tuple[ShownQuote, ...]
    """Empty where the answer is no longer kept, or quoted nothing."""


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class PostedAnswers:
    """Thread-safe, and shared by processes.  Nothing is told of an answer to another channel than its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, answer: Answer, place: Place, question: str | None = None) -> str:
        """Store where the quotes of an answer stand, and return the id that its buttons carry."""
        answer_id = secrets.token_urlsafe(16)
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT INTO answers"
                " (id, team, channel, thread, generation, confidence, shown_at, certain, question, details)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    answer_id,
                    place.team,
                    place.channel,
                    place.thread,
                    answer.generation,
                    answer.confidence,
                    self._database.clock(),
                    answer.certain,
                    question,
                    None if question is None else _details(answer),
                ),
            )
            sql.executemany(
                "INSERT INTO quotes VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (answer_id, number, quote.source_id, quote.start, quote.end, text_hash(quote.text))
                    for number, quote in enumerate(answer.quotes, start=1)
                ],
            )
        return answer_id

    def forget(self, answer_id: str) -> None:
        """Forget an answer whose message is gone: its buttons show nothing any more."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM answers WHERE id = ?", (answer_id,))

    def quote(self, answer_id: str, number: int, place: Place) -> ShownQuote | None:
        """None where the answer is unknown, has no such quote, or was shown in another channel."""
        with self._database.transaction() as sql:
            row = sql.execute(
                'SELECT source_id, start, "end", sha256 FROM quotes JOIN answers ON answers.id = answer_id'
                " WHERE answer_id = ? AND number = ? AND team = ? AND channel = ?",
                (answer_id, number, place.team, place.channel),
            ).fetchone()
        return ShownQuote(*row) if row else None

    def answer(self, answer_id: str, place: Place) -> ShownAnswer | None:
        """None where the answer is unknown, or was shown in another channel."""
        with self._database.transaction() as sql:
            row = sql.execute(
                "SELECT generation, confidence, certain, question, details FROM answers"
                " WHERE id = ? AND team = ? AND channel = ?",
                (answer_id, place.team, place.channel),
            ).fetchone()
            quotes = _quotes(sql, answer_id)
        if row is None:
            return None
        generation, confidence, certain, question, details = row
        return _with_details(ShownAnswer(quotes, generation, confidence, bool(certain), question), details)

    def record_feedback(self, answer_id: str, verdict: Verdict, user: str, place: Place) -> bool:
        """Keep one verdict a person and answer, the latest; False where the answer is not known here."""
        with self._database.transaction() as sql:
            known = _known(sql, answer_id, place)
            if known:
                sql.execute(
                    "INSERT INTO feedback (answer_id, user, verdict, given_at) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (answer_id, user) DO UPDATE"
                    " SET verdict = excluded.verdict, given_at = excluded.given_at,"
                    " reason = NULL, words = NULL"
                    " WHERE verdict != excluded.verdict",
                    (answer_id, user, verdict, self._database.clock()),
                )
        return known

    def record_reason(self, answer_id: str, reason: Reason, words: str, user: str, place: Place) -> bool:
        """Why somebody's verdict is 👎; False where the answer is not known here."""
        with self._database.transaction() as sql:
            known = _known(sql, answer_id, place)
            if known:
                sql.execute(
                    "INSERT INTO feedback (answer_id, user, verdict, given_at, reason, words)"
                    " VALUES (?, ?, 'down', ?, ?, ?) ON CONFLICT (answer_id, user) DO UPDATE"
                    " SET verdict = 'down', given_at = excluded.given_at,"
                    " reason = excluded.reason, words = excluded.words",
                    (answer_id, user, self._database.clock(), reason, words or None),
                )
        return known

    def feedback(self, answer_id: str) -> dict[str, Verdict]:
        """The verdicts on an answer by user."""
        with self._database.transaction() as sql:
            rows = sql.execute("SELECT user, verdict FROM feedback WHERE answer_id = ?", (answer_id,))
            return dict(rows.fetchall())

    def reasons(self, answer_id: str) -> dict[str, tuple[str, str | None]]:
        """Reason and words of those who gave some, by user."""
        with self._database.transaction() as sql:
            rows = sql.execute(
                "SELECT user, reason, words FROM feedback WHERE answer_id = ? AND reason IS NOT NULL",
                (answer_id,),
            ).fetchall()
        return {user: (reason, words) for user, reason, words in rows}

    def remember_miss(self, question: str, place: Place) -> str:
        """Keep a question that the articles do not answer for a while, and return the id for its button."""
        miss_id = secrets.token_urlsafe(16)
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT INTO misses (id, team, channel, question, asked_at) VALUES (?, ?, ?, ?, ?)",
                (miss_id, place.team, place.channel, question, self._database.clock()),
            )
        return miss_id

    def forget_miss(self, miss_id: str) -> None:
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM misses WHERE id = ?", (miss_id,))

    def missed(self, miss_id: str, place: Place) -> str | None:
        """The question; None if it is not known here."""
        with self._database.transaction() as sql:
            row = sql.execute(
                "SELECT question FROM misses WHERE id = ? AND team = ? AND channel = ?",
                (miss_id, place.team, place.channel),
            ).fetchone()
        return row[0] if row else None

    def tell_curators(self, miss_id: str, user: str, place: Place) -> bool:
        """Pass a question on, which keeps it; False where it is not known here."""
        with self._database.transaction() as sql:
            known = sql.execute(
                "UPDATE misses SET told_at = coalesce(told_at, ?), told_by = coalesce(told_by, ?)"
                " WHERE id = ? AND team = ? AND channel = ?",
                (self._database.clock(), user, miss_id, place.team, place.channel),
            ).rowcount
        return known > 0

    def told(self, limit: int = 100) -> list[str]:
        """The questions that were passed on to the curators, newest first."""
        with self._database.transaction() as sql:
            rows = sql.execute(
                "SELECT question FROM misses WHERE told_at IS NOT NULL ORDER BY told_at DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return [row[0] for row in rows]

    def verdicts(self, since: float) -> list[Judged]:
        """What people thought of answers, oldest first, with where the quotes stand that they saw."""
        with self._database.transaction() as sql:
            rows = sql.execute(
                "SELECT feedback.answer_id, verdict, given_at, reason, words,"
                " coalesce(answers.confidence, endings.confidence), endings.question"
                " FROM feedback LEFT JOIN answers ON answers.id = feedback.answer_id"
                " LEFT JOIN endings ON endings.answer_id = feedback.answer_id"
                " WHERE given_at >= ? ORDER BY given_at",
                (since,),
            ).fetchall()
            return [
                Judged(verdict, given_at, reason, words, confidence, question, _quotes(sql, answer_id))
                for answer_id, verdict, given_at, reason, words, confidence, question in rows
            ]

    def prune(self, sql: sqlite3.Connection, now: float, retention: float) -> None:
        oldest = now - retention
        sql.execute("DELETE FROM answers WHERE shown_at < ?", (oldest,))
        sql.execute("DELETE FROM feedback WHERE given_at < ?", (oldest,))
        sql.execute(
            "UPDATE answers SET question = NULL, details = NULL WHERE question IS NOT NULL AND shown_at < ?",
            (now - min(PRIVATE_QUESTIONS_KEPT_SECONDS, retention),),
        )
        sql.execute(
            "DELETE FROM misses WHERE coalesce(told_at, asked_at) <"
            " CASE WHEN told_at IS NULL THEN ? ELSE ? END",
            (now - min(MISSES_KEPT_SECONDS, retention), oldest),
        )


def _quotes(sql: sqlite3.Connection, answer_id: str) -> tuple[ShownQuote, ...]:
    rows = sql.execute(
        'SELECT source_id, start, "end", sha256 FROM quotes WHERE answer_id = ? ORDER BY number',
        (answer_id,),
    )
    return tuple(ShownQuote(*row) for row in rows.fetchall())


def _details(answer: Answer) -> str:
    """What of an answer is neither in its quotes nor in the articles, as JSON."""
    return json.dumps(
        {
            "quotes": [[quote.answer, quote.path, quote.part] for quote in answer.quotes],
            "unanswered": answer.unanswered,
            "disagreement": answer.disagreement,
            "selection": answer.selection,
            "instead": [answer.instead.asked, answer.instead.named] if answer.instead else None,
        }
    )


def _with_details(shown: ShownAnswer, details: str | None) -> ShownAnswer:
    """None: of an answer in the open, or from before they were kept."""
    if details is None:
        return shown
    kept = json.loads(details)
    quotes = tuple(
        replace(quote, answer=tuple(span) if span else None, path=tuple(path), part=part)
        for quote, (span, path, part) in zip(shown.quotes, kept["quotes"], strict=True)
    )
    return replace(
        shown,
        quotes=quotes,
        unanswered=tuple(kept["unanswered"]),
        disagreement=kept["disagreement"],
        selection=kept["selection"],
        instead=Instead(*kept["instead"]) if kept["instead"] else None,
    )


def _known(sql: sqlite3.Connection, answer_id: str, place: Place) -> bool:
    row = sql.execute(
        "SELECT 1 FROM answers WHERE id = ? AND team = ? AND channel = ?",
        (answer_id, place.team, place.channel),
    ).fetchone()
    return row is not None
