"""The memory in a SQLite file, which one bot at a time uses."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, create_engine, event, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from bot.memory.database import Clock, Database
from bot.memory.schema import VERSION, metadata, version
from index.types import FootnoteError

_log = logging.getLogger(__name__)

LOCK_FILE = "bot.lock"
# As long as a bot that is stopped may take to finish: a container is replaced by one that waits for it.
ALONE_WAIT_SECONDS = 15.0
_LOCK_WAIT_SECONDS = 10.0
_LOCK_PAUSE_SECONDS = 0.02


class SqliteFile(Database):
    """Thread-safe."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        """Set a file of an earlier program aside; raise `FootnoteError` if the file cannot be used."""
        self._one_writer = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _set_aside_if_foreign(path)
            # It holds people's questions: readable by its owner alone.
            path.touch(mode=0o600, exist_ok=True)
            engine = create_engine(
                f"sqlite:///{path}",
                connect_args={"timeout": _LOCK_WAIT_SECONDS, "check_same_thread": False},
                max_overflow=-1,
            )
            event.listen(engine, "connect", _prepare)
            event.listen(engine, "begin", _begin)
            super().__init__(engine, clock)
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

    def checkpoint(self) -> None:
        """Write all of the log beside the file into the file, so that nothing forgotten stays in it."""
        connection = self._engine.raw_connection()
        try:
            # Somebody who is reading elsewhere makes it do less; the next one does the rest.
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.begin() as sql:
            yield sql

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._one_writer:
            connection = self._engine.connect().execution_options(footnote_writing=True)
            with connection, connection.begin():
                yield connection


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
    """Return what the database said, without the statement that it was said to."""
    return getattr(error, "orig", None) or error
