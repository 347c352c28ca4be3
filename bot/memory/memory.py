"""The bot's memory as one thing: what belongs together of a question is written in one transaction."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from bot.memory.answers import PostedAnswers
from bot.memory.database import Clock, Database, MemoryAway, transaction
from bot.memory.inbox import Inbox, Lease, Replied, Revision, StoredQuestion
from bot.memory.kept import Kept, KeptFiles
from bot.memory.limits import Limits, Takings
from bot.memory.log import Ending, Log
from bot.memory.places import Place
from bot.memory.sqlite import SqliteFile
from bot.memory.threads import Threads
from bot.types import Answer, Turn

if TYPE_CHECKING:
    from bot.memory.postgresql import Looked

PRUNE_SECONDS = 3_600.0
RETENTION_DAYS = 90
"""A quarter: long enough to see whether last month's new articles helped."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is to be kept of a reply before it is posted, so that its buttons work from the first moment."""

    answer: Answer | None = None
    answer_id: str = ""
    question: str | None = None
    """Of a private answer, which can be shared later."""
    miss: str = ""
    """A question that the articles do not answer."""
    miss_id: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a question ended, and what is remembered of it."""

    question: str
    place: Place
    ts: str = ""
    replied: Replied | None = None
    turn: Turn | None = None
    ending: Ending | None = None
    """None for what was no question."""
    listen_to: str = ""
    """Whoever was answered without having spoken to the bot, and may go on."""


class Memory:
    """Thread-safe.  `where` is a file, or the address of a PostgreSQL database, which several bots share.

    `clock` takes the place of the database's own; `keep_questions` lets the words of questions stay as
    long as everything else.
    """

    def __init__(
        self,
        where: Path | str,
        clock: Clock | None = None,
        *,
        retention_days: int = RETENTION_DAYS,
        keep_questions: bool = False,
        prune: bool = True,
    ) -> None:
        """Raise `FootnoteError` if it cannot be used."""
        self._database, self.kept = _opened(where, clock)
        self.inbox = Inbox(self._database)
        self.threads = Threads(self._database)
        self.shown = PostedAnswers(self._database)
        self.log = Log(self._database, keep_questions=keep_questions)
        self.takings = Takings(self._database)
        self._retention_seconds = retention_days * 86_400.0
        if prune:
            self.prune()

    @transaction
    def accept(self, question: StoredQuestion, limits: Limits | None = None) -> Lease | None:
        """Claim a question, listen to whoever asks, and count it; None if it was delivered before.

        `Lease.over` says whether it is one too many; without `limits` it is not counted.
        """
        with self._database.write():
            lease = self.inbox.claim(question.keys, question)
            if lease is None:
                return None
            if question.addresses:
                # Before the reply: the asker may go on while it is being looked up.
                self.threads.addressed(question.place, question.user)
            if limits is None:
                return lease
            return replace(lease, over=self.takings.take(question.place, question.user, limits))

    @transaction
    def begin_posting(self, lease: Lease, place: Place, shown: Shown | None = None) -> bool:
        """Note that the reply is about to be posted, and what it shows; False if it is not to be posted."""
        with self._database.write():
            if not self.inbox.begin_posting(lease):
                return False
            if shown is not None and shown.answer is not None:
                self.shown.remember(shown.answer, place, shown.question, shown.answer_id)
            if shown is not None and shown.miss_id:
                self.shown.remember_miss(shown.miss, place, shown.miss_id)
        return True

    @transaction
    def record(self, lease: Lease, ended: Ended) -> Revision:
        """Finish a question, and keep what is remembered of it."""
        with self._database.write():
            revision = self.inbox.finish(lease, ended.replied)
            if lease.shown is not None and lease.shown.answer_id:
                self.shown.forget(lease.shown.answer_id)
            if revision.retracted:
                return revision
            if ended.replied is not None and ended.turn is not None and ended.place.thread:
                self.threads.remember(ended.turn, ended.place, ended.ts)
            if ended.replied is not None and ended.listen_to:
                self.threads.addressed(ended.place, ended.listen_to)
            if ended.ending is not None:
                self.log.note(ended.ending, ended.place, ended.ts, ended.question)
        return revision

    @transaction
    def not_posted(self, lease: Lease, shown: Shown | None, *, maybe: bool = False) -> bool:
        """No reply got through, as far as is known: it is tried again.  False if it is given up."""
        with self._database.write():
            self.forget(shown)
            return self.inbox.release(lease, maybe_posted=maybe)

    @transaction
    def forget(self, shown: Shown | None) -> None:
        """Forget what a reply would have shown."""
        if shown is None:
            return
        with self._database.write():
            if shown.answer_id:
                self.shown.forget(shown.answer_id)
            if shown.miss_id:
                self.shown.forget_miss(shown.miss_id)

    @transaction
    def retract(self, place: Place, ts: str) -> Replied | None:
        """Forget a deleted question, and return the reply that has to go with it."""
        with self._database.write():
            replied = self.inbox.retract(place, ts)
            self.threads.forget(place, ts)
            self.log.forget(place, ts)
            if replied is not None and replied.answer_id:
                self.shown.forget(replied.answer_id)
        return replied

    @transaction
    def prune(self) -> None:
        """Forget what is past its time; nothing that people did or said outlives the retention."""
        with self._database.write() as sql:
            now = self._database.now(sql)
            for part in (self.inbox, self.threads, self.shown, self.log, self.takings):
                part.prune(sql, now, self._retention_seconds)
        self._database.checkpoint()

    def keep_pruned(self) -> None:
        """Prune every hour, for as long as the program runs; one that fails is made up for by the next."""
        while True:
            time.sleep(PRUNE_SECONDS)
            with contextlib.suppress(SQLAlchemyError, MemoryAway):
                self.prune()

    def close(self) -> None:
        self._database.close()


def look_at(address: str) -> Looked:
    """Return what a PostgreSQL database is, and change nothing.

    Raise `FootnoteError` if it cannot be used.
    """
    from bot.memory import postgresql

    return postgresql.look_at(address)


@lru_cache
def open_kept(data: Path, address: str | None) -> Kept:
    """Return what is kept in a data folder, or in the database at `address`, without the rest of the memory.

    Raise `FootnoteError` if the database cannot be used.
    """
    return KeptFiles(data) if address is None else _opened(address, None)[1]


def _opened(where: Path | str, clock: Clock | None) -> tuple[Database, Kept]:
    if isinstance(where, Path):
        return SqliteFile(where, clock), KeptFiles(where.parent)
    from bot.memory.postgresql import KeptRows, PostgresDatabase  # the driver is not installed everywhere

    database = PostgresDatabase(where, clock)
    return database, KeptRows(database, where)
