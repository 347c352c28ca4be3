"""The memory in a PostgreSQL database, which several bots share.

**One writer at a time**, on whichever machine: a transaction that writes begins with a lock, as one of
SQLite does.  The time is the server's, so that leases do not depend on the clocks of machines.

**A server that goes away**: what was begun is done anew for five seconds.  Each transaction that writes
leaves a mark, by which is known whether it was committed if the answer to COMMIT was lost.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Double,
    MetaData,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.schema import CreateSchema

from bot.memory.database import Clock, Database, MemoryAway, transaction
from bot.memory.schema import VERSION, PlainText, metadata, put, version
from index.postgresql.server import DriverError, Sql, cause, connecting, is_away, place_of
from index.types import FootnoteError

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")

SCHEMA = "footnote_state"
_VARIABLE = "FOOTNOTE_STATE"
RETRY_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.05
# Threads of one bot that use the database at the same time: workers, listeners, rounds.
_CONNECTIONS, _MORE_CONNECTIONS = 5, 15
_LOCK = 0x466F6F74
"""Of all that Footnote writes in one database."""
# Whoever waits for a lock, or holds one and is heard of no more, keeps the others waiting no longer.
_LIMITS = {
    "lock_timeout": "5s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
    "timezone": "UTC",
}
_MARKS_KEPT_SECONDS = 3_600.0

# What only a database that is shared needs.
_own_metadata = MetaData()
marks = Table("marks", _own_metadata, Column("mark", Text, primary_key=True), Column("made_at", Double))
kept = Table(
    "kept",
    _own_metadata,
    Column("name", PlainText, primary_key=True),
    Column("text", PlainText, nullable=False),
    Column("kept_at", Double, nullable=False),
)

_NOW = text("SELECT extract(epoch FROM clock_timestamp())::float8")
_LOOK = """
    SELECT current_setting('server_version_num'), current_setting('server_version'),
        to_regclass(format('%%I.kept', s.name)) IS NOT NULL,
        (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = s.name AND c.relkind = 'r'),
        pg_database_size(current_database())
    FROM (SELECT %s::text AS name) s"""
_BEGIN = text(
    f"WITH made AS (INSERT INTO {SCHEMA}.marks VALUES (:mark, extract(epoch FROM clock_timestamp())))"
    " SELECT pg_advisory_xact_lock(:lock)"
)
# Away: the server, the way to it, or a place at it.  All of these may be over in a moment.
_AWAY = (OperationalError, InterfaceError, NoConnectionFree)


@dataclass(frozen=True, slots=True)
class Looked:
    """A database as it was found."""

    place: str
    version: str
    major: int
    made: bool
    """Whether the tables are there."""
    size: int
    """Of the tables, in bytes."""
    size_of_all: int
    """Of all that is in the database, in bytes."""
    seconds: float
    """How long it took to answer."""


class PostgresDatabase(Database):
    """Thread-safe."""

    def __init__(self, address: str, clock: Clock | None = None) -> None:
        """Make what is missing there; raise `FootnoteError` if the database cannot be used."""
        connect = connecting(address, _VARIABLE)
        engine = create_engine(
            "postgresql+psycopg://",
            creator=connect,
            pool_size=_CONNECTIONS,
            max_overflow=_MORE_CONNECTIONS,
            pool_timeout=RETRY_SECONDS,
            execution_options={"schema_translate_map": {None: SCHEMA}},
        )
        event.listen(engine, "connect", _set_limits)
        super().__init__(engine, clock)
        try:
            with engine.begin() as sql:
                sql.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                number = _make_tables(sql)
        except SQLAlchemyError as error:
            self.close()
            raise _unusable(address, error) from error
        if number > VERSION:
            self.close()
            place = place_of(address, _VARIABLE)
            raise FootnoteError(
                f"The bot's memory in {place} was written by a newer Footnote (version {number};"
                f" this one knows {VERSION}). Upgrade Footnote, or name another database in FOOTNOTE_STATE."
            )

    def run(self, job: Callable[[], _Result]) -> _Result:
        """Do what is one transaction, anew while the database is away, for some seconds."""
        if self._around is not None:
            return job()  # whoever began the transaction begins it anew
        deadline, pause = time.monotonic() + RETRY_SECONDS, _FIRST_PAUSE_SECONDS
        while True:
            try:
                return job()
            except (DBAPIError, NoConnectionFree) as error:
                if not _is_away(error):
                    raise
                if time.monotonic() + pause > deadline:
                    raise MemoryAway(
                        f"The database of the bot's memory does not answer ({cause(error)})."
                        " Look whether it runs; Footnote goes on as soon as it is back."
                    ) from error
            time.sleep(pause)
            pause *= 2

    def checkpoint(self) -> None:
        with self._engine.begin() as sql:
            oldest = self._now(sql) - _MARKS_KEPT_SECONDS
            sql.execute(delete(marks).where(marks.c.made_at < oldest))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        connection = self._engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        mark, committing = secrets.token_hex(8), False
        try:
            with self._engine.begin() as connection:
                # Each statement after the lock sees what was committed before it.
                connection.execute(_BEGIN, {"mark": mark, "lock": _LOCK})
                yield connection
                committing = True
        except DBAPIError as error:
            if not committing or not _is_away(error) or not self._was_committed(mark):
                raise

    def _now(self, sql: Connection) -> float:
        return float(sql.execute(_NOW).scalar_one())

    def _was_committed(self, mark: str) -> bool:
        """Return whether a transaction was committed whose end was not heard of.

        One that is still at its end holds the lock: it is waited for.
        """

        def look() -> bool:
            with self._engine.begin() as sql:
                sql.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                return sql.scalar(select(marks.c.mark).where(marks.c.mark == mark)) is not None

        return self.run(look)


class KeptRows:
    """A `Kept` in the database."""

    def __init__(self, database: PostgresDatabase, address: str) -> None:
        self._database = database
        self._where = place_of(address, _VARIABLE)

    def place(self, name: str) -> str:
        return f"{name} in {self._where}"

    @transaction
    def get(self, name: str) -> str | None:
        with self._database.read() as sql:
            return sql.scalar(select(kept.c.text).where(kept.c.name == name))

    @transaction
    def put(self, name: str, text: str) -> None:
        with self._database.write() as sql:
            put(sql, kept, {"name": name}, {"text": text, "kept_at": self._database.now(sql)})

    @transaction
    def first(self, name: str, text: str) -> str:
        with self._database.write():
            if (there := self.get(name)) is not None:
                return there
            self.put(name, text)
        return text

    @transaction
    def take(self, name: str, seconds: float) -> str | None:
        with self._database.write() as sql:
            oldest = self._database.now(sql) - seconds
            taken = delete(kept).where(kept.c.name == name).returning(kept.c.text, kept.c.kept_at)
            found = sql.execute(taken).one_or_none()
        return found.text if found is not None and found.kept_at >= oldest else None

    @transaction
    def names(self, pattern: str) -> list[str]:
        with self._database.read() as sql:
            return list(sql.scalars(select(kept.c.name).where(_like(pattern)).order_by(kept.c.name)))

    @transaction
    def forget(self, pattern: str, seconds: float = 0.0) -> None:
        with self._database.write() as sql:
            oldest = self._database.now(sql) - seconds
            sql.execute(delete(kept).where(_like(pattern), kept.c.kept_at <= oldest))


def _like(pattern: str) -> ColumnElement[bool]:
    return kept.c.name.regexp_match(f"^{'[^/]*'.join(map(re.escape, pattern.split('*')))}$")


def look_at(address: str) -> Looked:
    """Look at a database and change nothing; raise `FootnoteError` if it cannot be used."""
    connect = connecting(address, _VARIABLE)
    try:
        with connect() as connection:
            began = time.monotonic()
            row = connection.execute(_LOOK, [SCHEMA]).fetchone()
            seconds = time.monotonic() - began
    except DriverError as error:
        raise _unusable(address, error) from error
    assert row is not None
    number, found, made, size, all_of_it = row
    place = place_of(address, _VARIABLE)
    return Looked(place, str(found).split()[0], int(number) // 10_000, made, size, all_of_it, seconds)


def _set_limits(connection: Sql, record: object) -> None:
    connection.execute(";".join(f"SET {name} = '{value}'" for name, value in _LIMITS.items()))
    connection.commit()


def _make_tables(sql: Connection) -> int:
    """Make the tables if there are none, and return the version that they are of."""
    found = inspect(sql)
    if not found.has_schema(SCHEMA):
        sql.execute(CreateSchema(SCHEMA))
    _own_metadata.create_all(sql)
    if found.has_table(version.name, schema=SCHEMA):
        return int(sql.execute(select(version.c.number)).scalar_one())
    metadata.create_all(sql)
    sql.execute(insert(version).values(number=VERSION))
    return VERSION


def _is_away(error: Exception) -> bool:
    return (
        isinstance(error, _AWAY)
        or bool(getattr(error, "connection_invalidated", False))
        or is_away(getattr(error, "orig", None))
    )


def _unusable(address: str, error: Exception) -> FootnoteError:
    place, why = place_of(address, _VARIABLE), cause(error)
    if is_away(getattr(error, "orig", error)):
        return FootnoteError(
            f"The bot's memory cannot be reached: {place} ({why})."
            " Look whether the server runs, and correct FOOTNOTE_STATE if it is elsewhere."
        )
    return FootnoteError(
        f"The bot's memory cannot be used: {place} ({why})."
        f" Let its user create the schema {SCHEMA}, or create it for that user."
    )
