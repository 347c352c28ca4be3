"""What the bot must remember beyond one process: deliveries, shown answers, threads, feedback.

One SQLite file that several processes may share.  It holds no text of an article; of the people's
words it holds the questions of recent threads, for follow-ups, and forgets them after a week.

**Deliveries.**  Slack delivers at least once, and one message may arrive as two events.  A delivery
is claimed under all of its keys in one transaction, so one process answers it.  A claim that was
never finished (the process died) may be taken over on redelivery once it is older than
`LEASE_SECONDS`: a crash before the post is answered later, and only a crash between the post and
`finish` can answer twice.  The other choice, never to take over, would leave somebody in silence.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.types import Answer, Conversation, Turn
from index.types import FootnoteError

Verdict = Literal["up", "down"]

# Longer than the longest honest work: two waits of 30 s for a rate limit, and the post itself.
LEASE_SECONDS = 90.0
# Slack retries for an hour, and with delayed events for a day.
DELIVERIES_KEPT_SECONDS = 3 * 86_400.0
TURNS_KEPT_SECONDS = 7 * 86_400.0
ANSWERS_KEPT_SECONDS = 90 * 86_400.0
# A follow-up leans on the last question or two; more would only pull the search away.
TURNS_REMEMBERED = 4
_LOCK_WAIT_SECONDS = 10.0

# Each script takes the file from its position in the list to the next version; never edit one
# that was released, add another.
_MIGRATIONS = (
    """
    CREATE TABLE deliveries (
        key TEXT PRIMARY KEY, claim TEXT NOT NULL, claimed_at REAL NOT NULL, done_at REAL
    ) WITHOUT ROWID;
    CREATE INDEX deliveries_by_claim ON deliveries (claim);
    CREATE TABLE answers (
        id TEXT PRIMARY KEY, team TEXT NOT NULL, channel TEXT NOT NULL, thread TEXT NOT NULL,
        generation TEXT NOT NULL, confidence REAL NOT NULL, shown_at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE quotes (
        answer_id TEXT NOT NULL REFERENCES answers (id) ON DELETE CASCADE, number INTEGER NOT NULL,
        source_id TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, sha256 TEXT NOT NULL,
        PRIMARY KEY (answer_id, number)
    ) WITHOUT ROWID;
    CREATE TABLE turns (
        team TEXT NOT NULL, channel TEXT NOT NULL, thread TEXT NOT NULL, said_at REAL NOT NULL,
        question TEXT NOT NULL, answer TEXT NOT NULL
    );
    CREATE INDEX turns_by_thread ON turns (team, channel, thread, said_at);
    CREATE TABLE feedback (
        answer_id TEXT NOT NULL, user TEXT NOT NULL, verdict TEXT NOT NULL CHECK (verdict IN ('up', 'down')),
        given_at REAL NOT NULL, PRIMARY KEY (answer_id, user)
    ) WITHOUT ROWID;
    """,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said.  `thread` is empty where there is none, as for a slash command."""

    team: str
    channel: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer one delivery, until it is finished or its lease runs out."""

    token: str


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """Where a quote stood when it was shown, and the hash by which a changed article is noticed."""

    source_id: str
    start: int
    end: int
    sha256: str

    def still_reads(self, text: str) -> bool:
        return text_hash(text) == self.sha256


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class State:
    """Thread-safe.  `clock` returns seconds since 1970."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # It holds people's questions: readable by its owner alone.
            path.touch(mode=0o600, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=_LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise FootnoteError(
                f"The bot's memory {path} cannot be used ({error}). Check that its folder is writable;"
                " if the file is damaged, move it away: only thread memory and feedback are in it."
            ) from error
        self.prune()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def claim(self, keys: Sequence[str]) -> Claim | None:
        """Claim a delivery under all its keys; None where another has answered or is answering."""
        now, token = self._clock(), secrets.token_hex(8)
        with self._transaction() as sql:
            marks = ", ".join("?" * len(keys))
            taken = sql.execute(
                f"SELECT 1 FROM deliveries WHERE key IN ({marks})"
                " AND (done_at IS NOT NULL OR claimed_at > ?) LIMIT 1",
                (*keys, now - LEASE_SECONDS),
            ).fetchone()
            if taken:
                # The same message under a new event id: that id is settled by the first claim too.
                sql.executemany(
                    "INSERT OR IGNORE INTO deliveries SELECT ?, claim, claimed_at, done_at FROM deliveries"
                    f" WHERE key IN ({marks}) ORDER BY done_at IS NULL, claimed_at DESC LIMIT 1",
                    [(key, *keys) for key in keys],
                )
                return None
            sql.executemany(
                "INSERT INTO deliveries (key, claim, claimed_at) VALUES (?, ?, ?)"
                " ON CONFLICT (key) DO UPDATE SET claim = excluded.claim, claimed_at = excluded.claimed_at",
                [(key, token, now) for key in keys],
            )
        return Claim(token)

    def renew(self, claim: Claim) -> bool:
        """Start the lease anew; False where another process has taken the delivery over."""
        with self._transaction() as sql:
            changed = sql.execute(
                "UPDATE deliveries SET claimed_at = ? WHERE claim = ? AND done_at IS NULL",
                (self._clock(), claim.token),
            ).rowcount
        return changed > 0

    def finish(self, claim: Claim) -> None:
        """The asker has a reply: no redelivery will be answered again."""
        with self._transaction() as sql:
            sql.execute("UPDATE deliveries SET done_at = ? WHERE claim = ?", (self._clock(), claim.token))

    def release(self, claim: Claim) -> None:
        """No reply got through: the next delivery may try at once."""
        with self._transaction() as sql:
            sql.execute("DELETE FROM deliveries WHERE claim = ? AND done_at IS NULL", (claim.token,))

    def remember_answer(self, answer: Answer, place: Place) -> str:
        """Store where the quotes of an answer stand, and return the id that its buttons carry."""
        answer_id = secrets.token_urlsafe(16)
        with self._transaction() as sql:
            sql.execute(
                "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    answer_id,
                    place.team,
                    place.channel,
                    place.thread,
                    answer.generation,
                    answer.confidence,
                    self._clock(),
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

    def quote(self, answer_id: str, number: int, place: Place) -> ShownQuote | None:
        """None where the answer is unknown, has no such quote, or was shown in another channel."""
        with self._transaction() as sql:
            row = sql.execute(
                'SELECT source_id, start, "end", sha256 FROM quotes JOIN answers ON answers.id = answer_id'
                " WHERE answer_id = ? AND number = ? AND team = ? AND channel = ?",
                (answer_id, number, place.team, place.channel),
            ).fetchone()
        return ShownQuote(*row) if row else None

    def record_feedback(self, answer_id: str, verdict: Verdict, user: str, place: Place) -> bool:
        """Keep one verdict a person and answer, the latest; False where the answer is not known here."""
        with self._transaction() as sql:
            known = sql.execute(
                "SELECT 1 FROM answers WHERE id = ? AND team = ? AND channel = ?",
                (answer_id, place.team, place.channel),
            ).fetchone()
            if known:
                sql.execute(
                    "INSERT INTO feedback VALUES (?, ?, ?, ?) ON CONFLICT (answer_id, user)"
                    " DO UPDATE SET verdict = excluded.verdict, given_at = excluded.given_at"
                    " WHERE verdict != excluded.verdict",
                    (answer_id, user, verdict, self._clock()),
                )
        return known is not None

    def feedback(self, answer_id: str) -> dict[str, Verdict]:
        """The verdicts on an answer by user."""
        with self._transaction() as sql:
            rows = sql.execute("SELECT user, verdict FROM feedback WHERE answer_id = ?", (answer_id,))
            return dict(rows.fetchall())

    def remember_turn(self, turn: Turn, place: Place) -> None:
        with self._transaction() as sql:
            sql.execute(
                "INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?)",
                (place.team, place.channel, place.thread, self._clock(), turn.question, turn.answer),
            )

    def conversation(self, place: Place) -> Conversation:
        """The last turns of a thread, oldest first; empty where `place` has no thread."""
        if not place.thread:
            return ()
        with self._transaction() as sql:
            rows = sql.execute(
                "SELECT question, answer FROM turns WHERE team = ? AND channel = ? AND thread = ?"
                " ORDER BY said_at DESC, rowid DESC LIMIT ?",
                (place.team, place.channel, place.thread, TURNS_REMEMBERED),
            ).fetchall()
        return tuple(Turn(question, answer) for question, answer in reversed(rows))

    def prune(self) -> None:
        """Forget what is past its time."""
        now = self._clock()
        with self._transaction() as sql:
            sql.execute("DELETE FROM deliveries WHERE claimed_at < ?", (now - DELIVERIES_KEPT_SECONDS,))
            sql.execute("DELETE FROM turns WHERE said_at < ?", (now - TURNS_KEPT_SECONDS,))
            sql.execute("DELETE FROM answers WHERE shown_at < ?", (now - ANSWERS_KEPT_SECONDS,))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # IMMEDIATE: a read that later writes could otherwise fail halfway with "database is locked".
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself rolls back on a full disk
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode this loses nothing when a process is killed, only when the power fails.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        with self._transaction() as sql:
            version: int = sql.execute("PRAGMA user_version").fetchone()[0]
            if version > len(_MIGRATIONS):
                raise FootnoteError(
                    f"The bot's memory {self._path} was written by a newer Footnote (version {version};"
                    f" this one knows {len(_MIGRATIONS)}). Upgrade Footnote, or move the file away."
                )
            for script in _MIGRATIONS[version:]:
                for statement in filter(str.strip, script.split(";")):
                    sql.execute(statement)
            sql.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
