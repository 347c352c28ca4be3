"""The SQLite file: opened, brought to the current version, and written in whole transactions."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from index.types import FootnoteError

_LOCK_WAIT_SECONDS = 10.0
_LOCK_PAUSE_SECONDS = 0.02

# Each script takes the file from its position in the list to the next version; never edit one
# that was released, add another.
MIGRATIONS = (
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
    """
    CREATE TABLE inbox (
        claim TEXT PRIMARY KEY, team TEXT NOT NULL, channel TEXT NOT NULL, ts TEXT NOT NULL,
        body TEXT NOT NULL, revised TEXT, retracted INTEGER NOT NULL DEFAULT 0,
        posting INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
        taken_at REAL NOT NULL, due_at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX inbox_by_message ON inbox (team, channel, ts);
    CREATE TABLE replies (
        team TEXT NOT NULL, channel TEXT NOT NULL, question_ts TEXT NOT NULL, reply_ts TEXT NOT NULL,
        answer_id TEXT NOT NULL, posted_at REAL NOT NULL, PRIMARY KEY (team, channel, question_ts)
    ) WITHOUT ROWID;
    CREATE TABLE threads (
        team TEXT NOT NULL, channel TEXT NOT NULL, thread TEXT NOT NULL, asker TEXT NOT NULL,
        listening INTEGER NOT NULL, quiet INTEGER NOT NULL DEFAULT 0, addressed_at REAL NOT NULL,
        PRIMARY KEY (team, channel, thread)
    ) WITHOUT ROWID;
    CREATE TABLE misses (
        id TEXT PRIMARY KEY, team TEXT NOT NULL, channel TEXT NOT NULL, question TEXT NOT NULL,
        asked_at REAL NOT NULL, told_at REAL, told_by TEXT
    ) WITHOUT ROWID;
    ALTER TABLE turns ADD COLUMN ts TEXT NOT NULL DEFAULT '';
    ALTER TABLE answers ADD COLUMN certain INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE answers ADD COLUMN question TEXT;
    ALTER TABLE feedback ADD COLUMN reason TEXT;
    ALTER TABLE feedback ADD COLUMN words TEXT;
    """,
    """
    CREATE TABLE endings (
        id INTEGER PRIMARY KEY, team TEXT NOT NULL, channel TEXT NOT NULL, ts TEXT NOT NULL,
        asked_at REAL NOT NULL, kind TEXT NOT NULL
        CHECK (kind IN ('answered', 'uncertain', 'none', 'error', 'turned_away')),
        seconds REAL NOT NULL, confidence REAL, generation TEXT, answer_id TEXT, miss_id TEXT, question TEXT
    );
    CREATE INDEX endings_by_time ON endings (asked_at);
    CREATE INDEX endings_by_message ON endings (team, channel, ts);
    CREATE INDEX endings_by_answer ON endings (answer_id);
    CREATE INDEX feedback_by_time ON feedback (given_at);
    """,
    """
    CREATE TABLE takings (
        team TEXT NOT NULL, whose TEXT NOT NULL, name TEXT NOT NULL, taken TEXT NOT NULL,
        warned INTEGER NOT NULL, last REAL NOT NULL, PRIMARY KEY (team, whose, name)
    ) WITHOUT ROWID;
    CREATE INDEX takings_by_time ON takings (last);
    """,
    """
    ALTER TABLE answers ADD COLUMN details TEXT;
    """,
)


class Database:
    """Thread-safe.  `clock` returns seconds since 1970."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Raise `FootnoteError` where the file cannot be used."""
        self.clock = clock
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

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
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

    def checkpoint(self) -> None:
        """Write all of the log beside the file into the file, so that nothing forgotten stays in it."""
        with self._lock:
            # Somebody who is reading elsewhere makes it do less; the next one does the rest.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _prepare(self) -> None:
        self._log_ahead()
        # In WAL mode this loses nothing when a process is killed, only when the power fails.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        # What is forgotten is overwritten: people's words are not to be found in the file afterwards.
        self._connection.execute("PRAGMA secure_delete = ON")
        with self.transaction() as sql:
            version: int = sql.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise FootnoteError(
                    f"The bot's memory {self._path} was written by a newer Footnote (version {version};"
                    f" this one knows {len(MIGRATIONS)}). Upgrade Footnote, or move the file away."
                )
            for script in MIGRATIONS[version:]:
                for statement in filter(str.strip, script.split(";")):
                    sql.execute(statement)
            sql.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _log_ahead(self) -> None:
        """Switch a new file to WAL mode.

        Two processes that do so at once can wait for each other until SQLite gives up: here nobody waits
        with a lock in hand, and whoever came too late tries again.
        """
        self._connection.execute("PRAGMA busy_timeout = 0")
        deadline = time.monotonic() + _LOCK_WAIT_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(_LOCK_PAUSE_SECONDS)
        self._connection.execute(f"PRAGMA busy_timeout = {_LOCK_WAIT_SECONDS * 1000:.0f}")
