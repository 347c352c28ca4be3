"""A database that holds the tables: read in one state, written in whole transactions."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from index.types import FootnoteError

Clock = Callable[[], float]
"""Returns seconds since 1970."""
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class MemoryAway(FootnoteError):
    """The database does not answer, and did not while it was tried again."""


class Database(ABC):
    """Thread-safe.

    Within one thread, a transaction that is begun inside another is part of it: what belongs together
    is written together, or not at all.
    """

    def __init__(self, engine: Engine, clock: Clock | None) -> None:
        """`clock` takes the place of the database's own."""
        self._engine = engine
        self._clock = clock
        self._open = threading.local()

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One state of everything, which nobody else's writing changes."""
        if (around := self._around) is not None:
            yield around
            return
        with self._reading() as sql, self._as_around(sql):
            yield sql

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One after the other, so that what is read here still holds when something is written."""
        if (around := self._around) is not None:
            yield around
            return
        with self._writing() as sql, self._as_around(sql):
            yield sql

    def run(self, job: Callable[[], _Result]) -> _Result:
        """Do what is one transaction; raise `MemoryAway` if the database stays away."""
        return job()

    def now(self, sql: Connection) -> float:
        """By the clock of the database."""
        return self._now(sql) if self._clock is None else self._clock()

    def checkpoint(self) -> None:
        """Take care that nothing forgotten stays beside the tables."""
        return None

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Connection]: ...

    def _now(self, sql: Connection) -> float:
        return time.time()

    @property
    def _around(self) -> Connection | None:
        """The transaction that this thread is in."""
        around: Connection | None = getattr(self._open, "connection", None)
        return around

    @contextmanager
    def _as_around(self, sql: Connection) -> Iterator[None]:
        self._open.connection = sql
        try:
            yield
        finally:
            self._open.connection = None


class _Part(Protocol):
    @property
    def _database(self) -> Database: ...


_Self = TypeVar("_Self", bound=_Part)


def transaction(
    method: Callable[Concatenate[_Self, _Given], _Result],
) -> Callable[Concatenate[_Self, _Given], _Result]:
    """Declare that a method is one transaction: if the database goes away in it, it is done anew.

    It raises `MemoryAway` if the database stays away.
    """

    @wraps(method)
    def run(self: _Self, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        return self._database.run(lambda: method(self, *args, **kwargs))

    return run
