"""The memory in a PostgreSQL database, which several bots share.

**One writer at a time**, on whichever machine: a transaction that writes begins with a lock, as one of
SQLite does.  The time is the server's, so that leases do not depend on the clocks of machines.

**A server that goes away**: what was begun is done anew for five seconds.  Each transaction that writes
leaves a mark, by which is known whether it was committed if the answer to COMMIT was lost.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import (
    Column,
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

from bot.memory.database import Clock, Database, MemoryAway
from bot.memory.schema import VERSION, metadata, version
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

_marks_metadata = MetaData()
marks = Table("marks", _marks_metadata, Column("mark", Text, primary_key=True), Column("made_at", Double))

_NOW = text("SELECT extract(epoch FROM clock_timestamp())::float8")
_BEGIN = text(
    f"WITH made AS (INSERT INTO {SCHEMA}.marks VALUES (:mark, extract(epoch FROM clock_timestamp())))"
    " SELECT pg_advisory_xact_lock(:lock)"
)
# Away: the server, the way to it, or a place at it.  All of these may be over in a moment.
_AWAY = (OperationalError, InterfaceError, NoConnectionFree)


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
        """Whether a transaction was committed whose end was not heard of.

        One that is still at its end holds the lock: it is waited for.
        """

        def look() -> bool:
            with self._engine.begin() as sql:
                sql.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                return sql.scalar(select(marks.c.mark).where(marks.c.mark == mark)) is not None

        return self.run(look)


def look_at(address: str) -> str:
    """Say of a database what it is, and change nothing; raise `FootnoteError` if it cannot be used."""
    connect = connecting(address, _VARIABLE)
    try:
        with connect() as connection:
            (found,) = connection.execute("SELECT current_setting('server_version')").fetchone() or ("",)
            there = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", [SCHEMA]).fetchone()
    except DriverError as error:
        raise _unusable(address, error) from error
    made = "" if there and there[0] else "; its tables are made when the bot starts"
    return f"{place_of(address, _VARIABLE)}, version {str(found).split()[0]}{made}"


def _set_limits(connection: Sql, record: object) -> None:
    connection.execute(";".join(f"SET {name} = '{value}'" for name, value in _LIMITS.items()))
    connection.commit()


def _make_tables(sql: Connection) -> int:
    """Make the tables if there are none, and return the version that they are of."""
    found = inspect(sql)
    if found.has_table(version.name, schema=SCHEMA):
        return int(sql.execute(select(version.c.number)).scalar_one())
    if not found.has_schema(SCHEMA):
        sql.execute(CreateSchema(SCHEMA))
    metadata.create_all(sql)
    _marks_metadata.create_all(sql)
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
