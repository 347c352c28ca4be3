"""The tables, and the database that holds them: opened, checked, and written in whole transactions.

The tables are the same on every database.  `Database` is a SQLite file, which one bot at a time uses.
Times are seconds since 1970, by the clock of the database.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Insert,
    Integer,
    MetaData,
    Table,
    Text,
    Update,
    bindparam,
    create_engine,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from index.types import FootnoteError

_log = logging.getLogger(__name__)

VERSION = 1
LOCK_FILE = "bot.lock"
# As long as a bot that is stopped may take to finish: a container is replaced by one that waits for it.
ALONE_WAIT_SECONDS = 15.0
_LOCK_WAIT_SECONDS = 10.0
_LOCK_PAUSE_SECONDS = 0.02

metadata = MetaData()


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **options)


def _time(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=False)


version = Table("version", metadata, Column("number", Integer, primary_key=True, autoincrement=False))

claims = Table(
    "claims",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("token", unique=True),
    _text("team", default=""),
    _text("channel", default=""),
    _text("ts", default=""),
    # None as soon as the question has its reply, or if there is none to answer.
    Column("body", Text),
    Column("revised", Text),
    _flag("retracted"),
    _flag("posting"),
    Column("tries", Integer, nullable=False, default=0),
    _time("taken_at"),
    _time("due_at"),
    _time("leased_until"),
    Column("done_at", Double),
    Index("claims_by_message", "team", "channel", "ts"),
    Index("claims_by_lease", "leased_until"),
)
deliveries = Table(
    "deliveries",
    metadata,
    _text("key", primary_key=True),
    Column("claim", Integer, ForeignKey("claims.id", ondelete="CASCADE"), nullable=False, index=True),
)
replies = Table(
    "replies",
    metadata,
    _text("team", primary_key=True),
    _text("channel", primary_key=True),
    _text("question_ts", primary_key=True),
    _text("reply_ts"),
    _text("answer_id"),
    _time("posted_at"),
)
turns = Table(
    "turns",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("team"),
    _text("channel"),
    _text("thread"),
    _text("ts"),
    _text("question"),
    _text("answer"),
    _time("said_at"),
    Index("turns_by_thread", "team", "channel", "thread"),
)
threads = Table(
    "threads",
    metadata,
    _text("team", primary_key=True),
    _text("channel", primary_key=True),
    _text("thread", primary_key=True),
    _text("asker"),
    _flag("listening"),
    _flag("quiet"),
    _time("addressed_at"),
)
answers = Table(
    "answers",
    metadata,
    _text("id", primary_key=True),
    _text("team"),
    _text("channel"),
    _text("thread"),
    _text("generation"),
    Column("confidence", Double, nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("question", Text),
    Column("details", JSON(none_as_null=True)),
    _time("shown_at"),
)
quotes = Table(
    "quotes",
    metadata,
    Column("answer_id", Text, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("source_id"),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    _text("sha256"),
)
feedback = Table(
    "feedback",
    metadata,
    _text("answer_id", primary_key=True),
    _text("user", primary_key=True),
    Column("verdict", Text, CheckConstraint("verdict IN ('up', 'down')"), nullable=False),
    Column("reason", Text),
    Column("words", Text),
    Column("given_at", Double, nullable=False, index=True),
)
misses = Table(
    "misses",
    metadata,
    _text("id", primary_key=True),
    _text("team"),
    _text("channel"),
    _text("question"),
    _time("asked_at"),
    Column("told_at", Double),
    Column("told_by", Text),
)
endings = Table(
    "endings",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("team"),
    _text("channel"),
    _text("ts"),
    Column("asked_at", Double, nullable=False, index=True),
    Column(
        "kind",
        Text,
        CheckConstraint("kind IN ('answered', 'uncertain', 'none', 'error', 'turned_away')"),
        nullable=False,
    ),
    Column("seconds", Double, nullable=False),
    Column("confidence", Double),
    Column("generation", Text),
    Column("answer_id", Text, index=True),
    Column("miss_id", Text),
    Column("question", Text),
    Index("endings_by_message", "team", "channel", "ts"),
)
windows = Table(
    "windows",
    metadata,
    _text("team", primary_key=True),
    _text("whose", primary_key=True),
    _text("name", primary_key=True),
    Column("taken", JSON, nullable=False),
    _flag("warned"),
    Column("last", Double, nullable=False, index=True),
)


class Database:
    """Thread-safe.  `clock` returns seconds since 1970.

    Within one thread, a transaction that is begun inside another is part of it: what belongs together
    is written together, or not at all.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Set a file of an earlier program aside; raise `FootnoteError` if the file cannot be used."""
        self._path = path
        self._clock = clock
        self._writing = threading.Lock()
        self._open = threading.local()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _set_aside_if_foreign(path)
            # It holds people's questions: readable by its owner alone.
            path.touch(mode=0o600, exist_ok=True)
            self._engine = create_engine(
                f"sqlite:///{path}",
                connect_args={"timeout": _LOCK_WAIT_SECONDS, "check_same_thread": False},
                max_overflow=-1,
            )
            event.listen(self._engine, "connect", _prepare)
            event.listen(self._engine, "begin", _begin)
            with self.write() as sql:
                metadata.create_all(sql)
                number = sql.scalar(select(version.c.number))
                if number is None:
                    sql.execute(insert(version).values(number=VERSION))
        except (OSError, SQLAlchemyError, sqlite3.Error) as error:
            raise FootnoteError(
                f"The bot's memory {path} cannot be used ({_cause(error)}). Check that its folder is"
                " writable; if the file is damaged, move it away: only thread memory and feedback are in it."
            ) from error
        if number is not None and number > VERSION:
            self.close()
            raise FootnoteError(
                f"The bot's memory {path} was written by a newer Footnote (version {number};"
                f" this one knows {VERSION}). Upgrade Footnote, or move the file away."
            )

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One state of everything, which nobody else's writing changes."""
        with self._transaction(writing=False) as sql:
            yield sql

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One after the other, so that what is read here still holds when something is written."""
        if getattr(self._open, "connection", None) is not None:
            with self._transaction(writing=True) as sql:
                yield sql
            return
        with self._writing, self._transaction(writing=True) as sql:
            yield sql

    def now(self, sql: Connection) -> float:
        """By the clock of the database, which is that of this machine."""
        return self._clock()

    def checkpoint(self) -> None:
        """Write all of the log beside the file into the file, so that nothing forgotten stays in it."""
        connection = self._engine.raw_connection()
        try:
            # Somebody who is reading elsewhere makes it do less; the next one does the rest.
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Connection]:
        around: Connection | None = getattr(self._open, "connection", None)
        if around is not None:
            yield around
            return
        with self._engine.connect().execution_options(footnote_writing=writing) as connection:
            self._open.connection = connection
            try:
                with connection.begin():
                    yield connection
            finally:
                self._open.connection = None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only bot on the memory in a folder; wait for one that is about to end.

    Raise `FootnoteError` if another goes on running.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("a") as held:
        deadline = time.monotonic() + ALONE_WAIT_SECONDS
        while not _try_lock(held):
            if time.monotonic() > deadline:
                raise FootnoteError(
                    f"Another bot is running on {folder} (it holds {LOCK_FILE}). Stop it first, or give this"
                    " one a data folder of its own with --data."
                )
            time.sleep(_LOCK_PAUSE_SECONDS)
        yield


def put(sql: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Change the row with this key, or add it.  Writers come one after the other, so neither gets between."""
    change, add = _change_and_add(table, tuple(key), tuple(values))
    given = {f"key_{name}": value for name, value in key.items()}
    if not sql.execute(change, given | {f"new_{name}": value for name, value in values.items()}).rowcount:
        sql.execute(add, {**key, **values})


@lru_cache
def _change_and_add(table: Table, key: tuple[str, ...], values: tuple[str, ...]) -> tuple[Update, Insert]:
    """Statements are made once: to make one takes longer than to run it."""
    same = [table.c[name] == bindparam(f"key_{name}") for name in key]
    changed = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in values}
    return update(table).where(*same).values(changed), insert(table)


def _try_lock(held: IO[str]) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def _set_aside_if_foreign(path: Path) -> None:
    """Rename a memory whose tables are not these, with the files that belong to it."""
    if not path.exists() or not path.stat().st_size:
        return
    engine = create_engine(f"sqlite:///{path}")
    try:
        names = set(inspect(engine).get_table_names())
    finally:
        engine.dispose()
    if not names or version.name in names:
        return
    number = 1
    while (aside := path.with_name(f"{path.name}.old{number}")).exists():
        number += 1
    for end in ("-wal", "-shm", ""):  # the file itself at last: until then it is set aside again
        if (beside := path.with_name(path.name + end)).exists():
            os.rename(beside, aside.with_name(aside.name + end))
    _log.warning("%s is of an earlier Footnote: it is kept as %s, and a new one is begun", path, aside.name)


def _begin(connection: Connection) -> None:
    # IMMEDIATE: a read that later writes could otherwise fail halfway with "database is locked".
    writing = connection.get_execution_options().get("footnote_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # `_begin` says when a transaction begins
    _log_ahead(connection)
    for pragma in (
        "synchronous = NORMAL",  # in WAL mode this loses nothing when a process is killed
        "foreign_keys = ON",
        # What is forgotten is overwritten: people's words are not to be found in the file afterwards.
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL mode.

    Two processes that do so at once can wait for each other until SQLite gives up: here nobody waits
    with a lock in hand, and whoever came too late tries again.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_LOCK_PAUSE_SECONDS)
    connection.execute(f"PRAGMA busy_timeout = {_LOCK_WAIT_SECONDS * 1000:.0f}")


def _cause(error: Exception) -> object:
    """What the database said, without the statement that it was said to."""
    return getattr(error, "orig", None) or error
