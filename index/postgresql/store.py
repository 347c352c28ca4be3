"""Which generation is current, how it is exchanged, gone back from and deleted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy

from index.generations import KEPT_GENERATIONS, LOCK_SECONDS
from index.manifest import DamagedGeneration, Manifest, MissingGeneration, StaleGeneration
from index.postgresql.draft import PostgresDraft, delete_articles, drop_draft, point_at
from index.postgresql.server import RETRY_SECONDS, Server, Sql, first
from index.postgresql.snapshot import ArticleCache, PostgresSnapshot
from index.postgresql.state import read_manifest, read_state
from index.postgresql.tables import LOCK, VERSION, drop_indexes, make_tables, newer
from index.types import Encoder, FootnoteError

GRACE_SECONDS = 60.0
"""How long a question may be answered from a generation that was replaced meanwhile."""
_PAUSE_SECONDS = 0.1
_ARTICLES_AT_ONCE = 200


class PostgresStore:
    """A `Store` in a database.  Thread-safe; nothing is connected before it is asked for something."""

    def __init__(self, address: str, read: str | None = None, grace: float = GRACE_SECONDS) -> None:
        """`read` is the address of a replica that questions are asked, if there is one.

        `grace` is how many seconds rows stay after the last generation that has them was replaced.
        """
        self.address = address
        self.server = Server(address)
        self.asked = self.server if read is None else Server(read, "FOOTNOTE_STORE_READ", writable=False)
        self._encoder: Encoder | None = None
        self._grace = grace
        self._cache = ArticleCache()
        self._snapshot: PostgresSnapshot | None = None
        self._lock = threading.Lock()

    def for_model(self, encoder: Encoder) -> PostgresStore:
        """Return the same store over the same connections; it refuses generations of another model."""
        made = copy(self)
        made._encoder, made._snapshot, made._lock = encoder, None, threading.Lock()
        return made

    def close(self) -> None:
        self.server.close()
        self.asked.close()

    def current(self) -> PostgresSnapshot:
        """Return the current generation, asked for anew each time: an exchange is noticed at once."""
        ordinal, name = self._pointer(self.asked)
        held = self._snapshot
        if held is not None and (held.state.ordinal, held.id) == (ordinal, name):
            return held
        with self._lock:
            if held is not None and ordinal <= held.state.ordinal:
                # Gone back, or restored from a backup: numbers may be given to other articles from here on.
                self._cache = ArticleCache()
            state = self.asked.read(lambda sql: read_state(sql, ordinal))
            if self._encoder is not None and state.recipe.fingerprint != self._encoder.fingerprint:
                raise StaleGeneration(
                    f"The index in {self.asked.place} was made by another model, or another version of it: "
                    f"{state.recipe.model}, not {self._encoder.name}. Run `footnote build`."
                )
            made = self._snapshot = PostgresSnapshot(self.asked, state, self._cache)
            return made

    def refresh(self) -> None:
        """Wait until the replica has the generation that is current now, but not for long."""
        wanted, deadline = self._pointer(self.server), time.monotonic() + RETRY_SECONDS
        while self._pointer(self.asked) != wanted and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)

    def manifest(self) -> Manifest:
        ordinal, _ = self._pointer(self.server)
        return self.server.read(lambda sql: read_manifest(sql, read_state(sql, ordinal)))

    def name(self) -> str:
        return self._pointer(self.server)[1]

    def left(self) -> str | None:
        with suppress(MissingGeneration):
            row = self.server.read(
                lambda sql: sql.execute("SELECT instead_of FROM current_generation").fetchone()
            )
            return None if row is None else row[0]
        return None

    def kept(self) -> list[str]:
        with suppress(MissingGeneration):
            return self.server.read(_kept)
        return []

    def check(self, id: str) -> Manifest:
        from index.postgresql.inspection import flaw

        with self.server.alone() as sql:
            row = sql.execute("SELECT ordinal FROM generations WHERE id = %s", [id]).fetchone()
            if row is None:
                raise MissingGeneration(f"There is no generation {id} in {self.server.place}.")
            state = read_state(sql, row[0])
            if (complaint := flaw(sql, state)) is not None:
                raise DamagedGeneration(
                    f"The index is damaged: generation {id} in {self.server.place}: {complaint}."
                    " Restore the database from a backup, or copy the index anew."
                )
            return read_manifest(sql, state)

    def roll_back(self, to: str | None = None, seconds: float = LOCK_SECONDS) -> Manifest:
        """Make a kept generation the current one, the one before if none is named; return its manifest.

        A build of the very articles that were gone back from leaves it in place.  Once they change, the
        next build takes out what was gone back from.  Raise `FootnoteError` if there is none to go to.
        """
        self._pointer(self.server)
        with self._writing(seconds) as sql:
            current = str(first(sql, "SELECT id FROM current_generation JOIN generations USING (ordinal)"))
            kept = _kept(sql)
            target = to or _before(sql, current, kept)
            listed = ", ".join(kept)
            if target == current:
                raise FootnoteError(f"The index is at {current} already. Kept are: {listed}.")
            if target not in kept:
                raise FootnoteError(f"There is no generation {target} to go to. Kept are: {listed}.")
            # What the articles are still like, also if somebody goes back step by step.
            row = sql.execute("SELECT instead_of FROM current_generation").fetchone()
            left = (row and row[0]) or current
            ahead = left in kept and kept.index(left) < kept.index(target)
            (ordinal,) = sql.execute(
                "SELECT ordinal FROM generations WHERE id = %s", [target]
            ).fetchone() or (0,)
            with sql.transaction():
                point_at(sql, ordinal, left if ahead else None)
            return read_manifest(sql, read_state(sql, ordinal))

    @contextmanager
    def draft(self, keep: int = KEPT_GENERATIONS, seconds: float = LOCK_SECONDS) -> Iterator[PostgresDraft]:
        with self._writing(seconds) as sql:
            yield PostgresDraft(self.server, sql, self._cache, self._grace)
            # Not after an error: what was written is gone on with by the next build.
            self._prune(sql, keep)

    def make_tables(self) -> None:
        """Make what is missing in the database; raise `FootnoteError` if that is not possible."""
        with self.server.alone() as sql:
            make_tables(sql, self.server)

    @contextmanager
    def _writing(self, seconds: float) -> Iterator[Sql]:
        """Hold the lock of the index, which ends with its connection."""
        with self.server.alone() as sql:
            make_tables(sql, self.server)
            deadline = time.monotonic() + seconds
            while not first(sql, "SELECT pg_try_advisory_lock(%s)", LOCK + 1):
                if time.monotonic() >= deadline:
                    raise FootnoteError(
                        f"Another build is writing to {self.server.place} ({_holder(sql)}). Wait for it, or"
                        " stop it."
                    )
                time.sleep(_PAUSE_SECONDS)
            yield sql

    def _pointer(self, server: Server) -> tuple[int, str]:
        found = server.read(_read_pointer)
        if found is None:
            raise server.empty()
        number, ordinal, name = found
        if number > VERSION:
            raise newer(server, number)
        return ordinal, name

    def _prune(self, sql: Sql, keep: int) -> None:
        """Delete what no generation has that is kept, or that somebody may still be reading."""
        found = _read_pointer(sql)
        if found is None:
            return
        _, ordinal, current = found
        left = first(sql, "SELECT instead_of FROM current_generation")
        kept = {current, *[name for name in _kept(sql) if name != current][: max(0, keep - 1)]}
        # What a rollback left tells the next build what not to make again.
        kept |= {str(left)} if left else set()
        sql.execute(
            "UPDATE generations SET state = 'retired' WHERE state = 'ready' AND NOT id = ANY(%s)",
            [list(kept)],
        )
        oldest = first(
            sql,
            "SELECT min(ordinal) FROM generations WHERE state = 'ready' OR ordinal = %s"
            " OR (state = 'retired' AND left_at > clock_timestamp() - make_interval(secs => %s))",
            *(ordinal, self._grace),
        )
        for (draft,) in sql.execute("SELECT ordinal FROM generations WHERE state = 'draft'").fetchall():
            drop_draft(sql, draft)
        while dead := sql.execute(
            "SELECT article FROM articles WHERE died <= %s LIMIT %s", [oldest, _ARTICLES_AT_ONCE]
        ).fetchall():
            with sql.transaction():
                delete_articles(sql, [number for (number,) in dead])
        with sql.transaction():
            # The sums up to the oldest generation are all that is asked for.
            sql.execute(
                "WITH gone AS (DELETE FROM held WHERE ordinal < %s RETURNING term, change)"
                " INSERT INTO held SELECT term, %s, sum(change) FROM gone GROUP BY term"
                " ON CONFLICT (term, ordinal) DO UPDATE SET change = held.change + excluded.change",
                [oldest, oldest],
            )
        sql.execute(
            "DELETE FROM generations WHERE ordinal < %s AND id IS DISTINCT FROM %s"
            " OR state = 'undone' AND id IS DISTINCT FROM %s",
            [oldest, left, left],
        )
        drop_indexes(sql)


def _read_pointer(sql: Sql) -> tuple[int, int, str] | None:
    """Return the version of the tables, and number and id of the current generation."""
    return sql.execute(
        "SELECT v.number, g.ordinal, g.id FROM version v, current_generation c"
        " JOIN generations g USING (ordinal)"
    ).fetchone()


def _kept(sql: Sql) -> list[str]:
    rows = sql.execute("SELECT id FROM generations WHERE state = 'ready' ORDER BY created DESC")
    return [id for (id,) in rows]


def _before(sql: Sql, current: str, kept: list[str]) -> str:
    before = first(sql, "SELECT before FROM generations WHERE id = %s", current)
    if before in kept:
        return str(before)
    older = kept[kept.index(current) + 1 :]
    if not older:
        raise FootnoteError(
            "There is no generation before the current one. FOOTNOTE_KEEP_GENERATIONS says how many are kept."
        )
    return older[0]


def _holder(sql: Sql) -> str:
    """Say who holds the lock of the index."""
    row = sql.execute(
        "SELECT a.pid, coalesce(host(a.client_addr), 'the server itself') FROM pg_locks l JOIN"
        " pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted"
        " AND (l.classid::bigint << 32 | l.objid::bigint) = %s",
        [LOCK + 1],
    ).fetchone()
    return f"from {row[1]}, process {row[0]} of the server" if row else "it has just ended"
