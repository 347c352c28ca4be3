"""A server and its database: addresses, connections, and what they say in plain words.

The only importer of psycopg; what the bot remembers is reached by it as well.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.pool import QueuePool

from index.manifest import MissingGeneration
from index.store import StoreAway
from index.types import FootnoteError, Halves, Vectors

try:
    import psycopg
    from psycopg.adapt import Dumper
    from psycopg.conninfo import conninfo_to_dict, make_conninfo
    from psycopg.pq import Format
    from psycopg.types import TypeInfo
except ImportError as missing:
    raise FootnoteError(
        "A PostgreSQL database is named in the settings, and its driver is not installed."
        ' Install it: pip install "footnote[postgresql]"'
    ) from missing

Sql = psycopg.Connection[Any]
DriverError = psycopg.Error
_Result = TypeVar("_Result")

NotInstalled = (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile)
"""What a server says of an extension that it does not have."""

SCHEMA = "footnote"
RETRY_SECONDS = 5.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 0.5
_CONNECT_SECONDS = 2
# Threads of one bot that ask at the same time: workers, the page, rounds.
_CONNECTIONS, _MORE_CONNECTIONS = 5, 15
_PATH = f'{SCHEMA}, "$user", public'
_ALWAYS = {
    "search_path": _PATH,
    "timezone": "UTC",
    "jit": "off",  # it takes longer than a search does
    # The planner takes a scan of everything for a hundred nearest neighbours, which is ten times slower.
    "enable_seqscan": "off",
}
_READING = _ALWAYS | {
    "statement_timeout": "10s",
    "hnsw.ef_search": "1000",  # the most that there can be
    # Goes on as long as rows are wanted that are seen; their order is made good afterwards.
    "hnsw.iterative_scan": "relaxed_order",
}
_WRITING = _ALWAYS | {
    # A machine that is gone holds the lock of the build no longer than this.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


class Server:
    """The database at an address.  Thread-safe; nothing is connected before it is asked for something."""

    def __init__(self, address: str, variable: str = "FOOTNOTE_STORE", writable: bool = True) -> None:
        """`variable` is the setting that the address is of.

        Raise `FootnoteError` if it is none.
        """
        self.variable = variable
        self.place = place_of(address, variable)
        self._connect = connecting(address, variable, writable)
        self._pool = self._made_pool()

    def close(self) -> None:
        self._pool.dispose()

    def read(self, job: Callable[[Sql], _Result]) -> _Result:
        """Do something that changes nothing, anew while the server is away; raise `StoreAway`."""
        deadline, pause = time.monotonic() + RETRY_SECONDS, _FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._once(job)
            except psycopg.Error as error:
                if not is_away(error):
                    raise self.unusable(error) from error
                if time.monotonic() + pause > deadline:
                    raise self.unusable(error) from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    @contextmanager
    def alone(self) -> Iterator[Sql]:
        """Yield a connection for one who writes; what goes wrong on it is told in plain words.

        Each statement is a transaction, but for what is done in `transaction()`.
        """
        try:
            with self._connect() as sql:
                sql.autocommit = True
                _settle(sql, _WRITING)
                yield sql
        except psycopg.Error as error:
            raise self.unusable(error) from error

    def unusable(self, error: psycopg.Error) -> FootnoteError:
        """Say what is wrong with it, and what to do."""
        if is_away(error):
            return StoreAway(
                f"The index cannot be reached: {self.place} ({cause(error)})."
                f" Look whether the server runs, and correct {self.variable} if it is elsewhere."
            )
        if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
            return self.empty()
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            return FootnoteError(
                f"The index cannot be used: {self.place} ({cause(error)}). Let an administrator of it run"
                " CREATE EXTENSION vector SCHEMA public, CREATE EXTENSION pg_textsearch SCHEMA public,"
                " and GRANT CREATE ON DATABASE to its user; then run `footnote store init`."
            )
        return FootnoteError(f"The index cannot be used: {self.place} ({cause(error)}).")

    def empty(self) -> MissingGeneration:
        return MissingGeneration(f"There is no index in {self.place} yet. Run `footnote build`.")

    def _once(self, job: Callable[[Sql], _Result]) -> _Result:
        pool = self._pool
        try:
            held = pool.connect()
        except NoConnectionFree as error:
            raise psycopg.OperationalError("all connections are in use") from error
        try:
            return job(held.driver_connection)  # type: ignore[arg-type]
        except psycopg.Error as error:
            if is_away(error):
                held.invalidate()
                if self._pool is pool:  # the others of it are broken as well
                    self._pool = self._made_pool()
                    pool.dispose()
            raise
        finally:
            held.close()

    def _made_pool(self) -> QueuePool:
        return QueuePool(
            self._for_reading,  # type: ignore[arg-type]  # it makes what the standard calls a connection
            pool_size=_CONNECTIONS,
            max_overflow=_MORE_CONNECTIONS,
            timeout=RETRY_SECONDS,
        )

    def _for_reading(self) -> Sql:
        sql = self._connect()
        try:
            sql.autocommit = True
            _settle(sql, _READING)
        except BaseException:
            sql.close()
            raise
        return sql


def connecting(address: str, variable: str, writable: bool = True) -> Callable[[], Sql]:
    """Return what connects to a database: whatever libpq understands is understood.

    Several hosts, certificates, a service.  With `writable`, a standby is none that will do.
    """
    defaults: dict[str, str | int] = {
        "connect_timeout": _CONNECT_SECONDS,
        "tcp_user_timeout": int(1_000 * RETRY_SECONDS),
        "application_name": "footnote",
    }
    if writable:
        # After the primary has moved, the other server is found; a standby would refuse to write.
        defaults["target_session_attrs"] = "read-write"
    given = _parts(address, variable)
    wanted = make_conninfo(address, **{name: value for name, value in defaults.items() if name not in given})
    # Prepared statements do not get on with a pooler between bot and server.
    return lambda: psycopg.connect(wanted, prepare_threshold=None)


def place_of(address: str, variable: str) -> str:
    """Return a database as it may be named to anybody: without its user and password."""
    parts = _parts(address, variable)
    host, port = parts.get("host") or "this machine", parts.get("port")
    where = f"{host}:{port}" if port else str(host)
    return f"the PostgreSQL database {parts.get('dbname') or parts.get('user') or ''} at {where}"


def cause(error: Exception) -> str:
    """Return what the database said, in one line, without the statement that it was said to."""
    error = getattr(error, "orig", None) or error  # what SQLAlchemy has wrapped
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    lines = (said or str(error)).strip().splitlines()
    asides = ("DETAIL:", "HINT:", "\tIs the server running")
    plain = [line.strip() for line in lines if not line.startswith(asides)]
    return plain[-1] if plain else type(error).__name__


def is_away(error: object) -> bool:
    """Whether it is the server, the way to it, or a place at it: all of these may be over in a moment."""
    # The last one: the primary has become a standby.
    away = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)
    return isinstance(error, away)


def first(sql: Sql, query: str, *given: object) -> Any:
    """Return the first column of the first row; None if there is no row."""
    row = sql.execute(query, given).fetchone()
    return None if row is None else row[0]


def copy_rows(sql: Sql, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows; `columns` has name and type of each, parted by commas, as `n int8, vec halfvec`."""
    if not rows:
        return
    described = [column.split() for column in columns.split(",")]
    kinds = [kind for _, kind in described]
    if "halfvec" in kinds:
        _know_halves(sql)
    names = ", ".join(name for name, _ in described)
    with sql.cursor().copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(kinds)
        for row in rows:
            copy.write_row(row)


def written(vector: Vectors) -> str:
    """Return a vector as a statement has it."""
    return "[" + ",".join(map(repr, vector.tolist())) + "]"


def halves_of(raw: bytes) -> Halves:
    """Return a `halfvec` as it comes in binary form."""
    return np.frombuffer(raw, ">f2", offset=4).astype(np.float16)


def _parts(address: str, variable: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(address)
    except psycopg.Error:
        raise FootnoteError(  # what is wrong is not shown: a password may be in it
            f"{variable} is no address of a PostgreSQL database. Set it to one such as"
            " postgresql://footnote:password@db:5432/footnote."
        ) from None


def _settle(sql: Sql, settings: dict[str, str]) -> None:
    sql.execute(
        ";".join(
            f"SET {name} = '{value}'" if name != "search_path" else f"SET search_path = {value}"
            for name, value in settings.items()
        )
    )


class _HalvesDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return struct.pack(">hh", len(obj), 0) + bytes(obj.astype(">f2").tobytes())


def _know_halves(sql: Sql) -> None:
    if sql.adapters.types.get("halfvec") is None:
        info = TypeInfo.fetch(sql, "halfvec")
        assert info is not None, "the extension is there if the tables are"
        info.register(sql)
        known = type("HalvesDumper", (_HalvesDumper,), {"oid": info.oid})
        sql.adapters.register_dumper(np.ndarray, known)
