"""The next generation in the making, which a build that was killed goes on with.

Its rows are written as they come, and seen by nobody before the pointer moves: those that are added were
born with its number, and those that it does without die with it.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from index.article import text_sha256
from index.generation import BACKGROUND_PASSAGES
from index.manifest import Manifest, Recipe, SourceEntry
from index.postgresql.rows import (
    ARTICLE_COLUMNS,
    PASSAGE_COLUMNS,
    WORD_COLUMNS,
    ArticleRows,
    Home,
    article_of,
    article_rows,
    body_of,
    digest_halves,
    digest_keys,
    terms_held,
)
from index.postgresql.server import Server, Sql, copy_rows, halves_of
from index.postgresql.snapshot import ArticleCache, PostgresSnapshot
from index.postgresql.state import State, read_manifest, read_state
from index.postgresql.tables import ALIVE, PLACE_BITS, make_indexes, passage_seen, seen
from index.types import Article, Vectors, collection_of
from index.writer import Contents

_DIGESTS_AT_ONCE = 2_000
_PASSAGES_AT_ONCE = 20_000
# The passages of articles that are in a table `a`.
_OF_ARTICLES = f"n >= a.article << {PLACE_BITS} AND n < (a.article + 1) << {PLACE_BITS}"
_PAUSE_SECONDS = 0.2


class PostgresDraft:
    """A `Draft` in the tables.  Everything is written on the connection that holds the lock of the build.

    So a build that has lost its lock cannot write any more.
    """

    lost: str | None = None

    def __init__(self, server: Server, sql: Sql, cache: ArticleCache, grace: float) -> None:
        """`grace` is how many seconds a question may be answered from a generation that was replaced."""
        self._server = server
        self._sql = sql
        self._cache = cache
        self._grace = grace
        self._base = self._current()
        self.last: Manifest | None = None if self._base is None else read_manifest(sql, self._base)
        self._ordinal = 0
        self._model = 0
        self._recipe: Recipe | None = None
        self._added: set[int] = set()
        self._held: Counter[int] = Counter()
        self._collections: dict[str, int] = {}

    @property
    def left(self) -> Manifest | None:
        row = self._sql.execute(
            "SELECT g.ordinal, g.undone FROM current_generation c JOIN generations g ON g.id = c.instead_of"
        ).fetchone()
        if row is None:
            return None
        state = read_state(self._sql, row[0])
        if row[1] is None:
            return read_manifest(self._sql, state)
        sources = tuple(SourceEntry(**entry) for entry in row[1])
        return Manifest(
            *(state.id, state.created, state.before, state.recipe, state.passages, state.sentences),
            sources,
            {},
        )

    def article(self, id: str) -> Article | None:
        if self._base is None:
            return None
        row = self._sql.execute(
            f"SELECT body FROM articles WHERE id = %s AND {self._base.seen}", [id]
        ).fetchone()
        return None if row is None else article_of(row[0])

    def vectors(self, digests: Collection[bytes]) -> Mapping[bytes, Vectors]:
        model = self._model or (0 if self._base is None else self._base.model)
        found: dict[bytes, Vectors] = {}
        asked = sorted(digests) if model else []
        for start in range(0, len(asked), _DIGESTS_AT_ONCE):
            some = asked[start : start + _DIGESTS_AT_ONCE]
            wanted = set(some)
            rows = self._sql.execute(
                "SELECT digests, digest_ends, vec, sentence_vectors FROM passages"
                " WHERE digests && %s::bigint[] AND model = %s",
                [sorted(set(digest_halves(some)[:, 0].tolist())), model],
                binary=True,
            )
            for firsts, ends, vector, spoken in rows:
                names = digest_keys(firsts, ends)
                if met := [at for at, name in enumerate(names) if name in wanted and name not in found]:
                    own = halves_of(vector)
                    table = np.concatenate([own, np.frombuffer(spoken, "<f2")]).reshape(-1, len(own))
                    found |= {names[at]: table[at].astype(np.float32) for at in met}
        return found

    def begin(self, recipe: Recipe, keep: Collection[str], sentences: int) -> None:
        sql, self._recipe = self._sql, recipe
        self._model = self._model_of(recipe)
        self._undo_left()
        self._ordinal = self._resumed() or self._begun()
        with sql.transaction():
            # What a build before this one that was cut short meant to do without may stay now.
            revive(sql, self._ordinal)
            if self._base is not None and self.last is not None:
                gone = sorted({entry.id for entry in self.last.sources} - set(keep))
                sql.execute(
                    f"UPDATE articles SET died = %s WHERE id = ANY(%s) AND {self._base.seen}",
                    [self._ordinal, gone],
                )

    def add(self, contents: Contents) -> None:
        assert self._ordinal, "begin comes first"
        sql = self._sql
        with sql.transaction():
            there = {
                (id, sha256): number
                for id, sha256, number in sql.execute(
                    "SELECT id, sha256, article FROM articles WHERE born = %s AND id = ANY(%s)",
                    [self._ordinal, [article.id for article in contents.articles]],
                )
            }
            count = len(contents.articles)
            fresh = [
                n
                for (n,) in sql.execute(
                    "SELECT nextval('article_numbers') FROM generate_series(1, %s)", [count]
                )
            ]
            homes = [
                Home(number, self._collection(collection_of(article.file)), self._model, self._ordinal)
                for article, number in zip(contents.articles, fresh, strict=True)
            ]
            made = list(article_rows(contents, homes))
            for rows in made:
                self._held.update(terms_held(row[8] for row in rows.passages))
            new = []
            for article, home, rows in zip(contents.articles, homes, made, strict=True):
                known = there.get((article.id, article.sha256))
                if known is None:
                    new.append((article, home, rows))
                self._added.add(home.article if known is None else known)
            self._insert(new)

    def finish(self, stale: Mapping[str, str]) -> PostgresSnapshot:
        assert self._recipe is not None, "begin comes first"
        sql, ordinal = self._sql, self._ordinal
        # Articles that a build which was cut short had written, and this one does not want.
        born = sql.execute("SELECT article FROM articles WHERE born = %s", [ordinal]).fetchall()
        delete_articles(sql, [number for (number,) in born if number not in self._added])
        self._write_held()
        make_indexes(sql, self._model, self._recipe.dimension)
        sizes = {
            collection: (int(passages), int(sentences), int(terms))
            for collection, passages, sentences, terms in sql.execute(
                "SELECT collection, sum(passages), sum(sentences), sum(terms) FROM articles"
                f" WHERE {seen(ordinal)} GROUP BY 1"
            )
        }
        passages, sentences, terms = (sum(size[at] for size in sizes.values()) for at in range(3))
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.urandom(4).hex()}"
        sql.execute(
            "UPDATE generations SET id = %s, created = %s, passages = %s, sentences = %s, terms = %s,"
            " sizes = %s, background = %s, stale = %s WHERE ordinal = %s",
            [
                *(name, datetime.now(UTC).isoformat(timespec="microseconds"), passages, sentences, terms),
                json.dumps({collection: size[0] for collection, size in sizes.items()}),
                self._background().tobytes(),
                json.dumps(dict(stale)),
                ordinal,
            ],
        )
        return PostgresSnapshot(self._server, read_state(sql, ordinal), self._cache)

    def commit(self) -> None:
        """Everything is there; what is left is one row."""
        sql = self._sql
        with sql.transaction():
            sql.execute("UPDATE generations SET state = 'ready' WHERE ordinal = %s", [self._ordinal])
            point_at(sql, self._ordinal, None)

    def _current(self) -> State | None:
        row = self._sql.execute("SELECT ordinal FROM current_generation").fetchone()
        return None if row is None else read_state(self._sql, row[0])

    def _model_of(self, recipe: Recipe) -> int:
        self._sql.execute(
            "INSERT INTO models (fingerprint, dimension) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [recipe.fingerprint, recipe.dimension],
        )
        (model,) = self._one("SELECT model FROM models WHERE fingerprint = %s", recipe.fingerprint)
        return int(model)

    def _collection(self, name: str) -> int:
        if name not in self._collections:
            self._sql.execute("INSERT INTO collections (name) VALUES (%s) ON CONFLICT DO NOTHING", [name])
            (number,) = self._one("SELECT collection FROM collections WHERE name = %s", name)
            self._collections[name] = int(number)
        return self._collections[name]

    def _one(self, query: str, *given: Any) -> Any:
        row = self._sql.execute(query, given).fetchone()
        assert row is not None, query
        return row

    def _resumed(self) -> int | None:
        """Return the number of a draft that was cut short if it can be gone on with; else clear it away."""
        base = None if self._base is None else self._base.ordinal
        assert self._recipe is not None
        found = None
        for ordinal, begun, recipe in self._sql.execute(
            "SELECT ordinal, base, recipe FROM generations WHERE state = 'draft'"
        ).fetchall():
            if (begun, recipe) == (base, asdict(self._recipe)) and found is None:
                found = int(ordinal)
            else:
                drop_draft(self._sql, ordinal)
        return found

    def _begun(self) -> int:
        assert self._recipe is not None
        (ordinal,) = self._one("SELECT coalesce(max(ordinal), 0) + 1 FROM generations")
        base = self._base
        self._sql.execute(
            "INSERT INTO generations (ordinal, id, state, base, before, created, recipe, model)"
            " VALUES (%s, %s, 'draft', %s, %s, '', %s, %s)",
            [
                *(ordinal, f"draft {ordinal}", None if base is None else base.ordinal),
                *(None if base is None else base.id, json.dumps(asdict(self._recipe)), self._model),
            ],
        )
        return int(ordinal)

    def _undo_left(self) -> None:
        """Take out what somebody went back from: generations are a line.

        What it was made of is written down, so that the very same is not made again.
        """
        if self._base is None:
            return
        for ordinal in [
            number
            for (number,) in self._sql.execute(
                "SELECT ordinal FROM generations WHERE ordinal > %s AND state IN ('ready', 'retired')"
                " ORDER BY ordinal DESC",
                [self._base.ordinal],
            )
        ]:
            while self._in_use(ordinal):
                time.sleep(_PAUSE_SECONDS)  # somebody may be reading the answer to a question from it
            sources = read_manifest(self._sql, read_state(self._sql, ordinal)).sources
            with self._sql.transaction():
                take_out(self._sql, ordinal)
                self._sql.execute(
                    "UPDATE generations SET state = 'undone', undone = %s WHERE ordinal = %s",
                    [json.dumps([asdict(entry) for entry in sources]), ordinal],
                )

    def _in_use(self, ordinal: int) -> bool:
        (waits,) = self._one(
            "SELECT coalesce(left_at > clock_timestamp() - make_interval(secs => %s), false)"
            " FROM generations WHERE ordinal = %s",
            *(self._grace, ordinal),
        )
        return bool(waits)

    def _insert(self, new: Sequence[tuple[Article, Home, ArticleRows]]) -> None:
        sql = self._sql
        copy_rows(
            sql,
            "articles",
            ARTICLE_COLUMNS,
            [
                (
                    *(home.article, article.id, article.file, home.collection, home.model, home.born),
                    *(article.sha256, text_sha256(article.text), article.title, article.published),
                    *(body_of(article), len(rows.passages), rows.sentences, rows.terms),
                )
                for article, home, rows in new
            ],
        )
        copy_rows(sql, "passages", PASSAGE_COLUMNS, [row for *_, rows in new for row in rows.passages])
        copy_rows(sql, "words", WORD_COLUMNS, [row for *_, rows in new for row in rows.words])

    def _write_held(self) -> None:
        """Write in how many more passages each term is than before."""
        sql, held = self._sql, self._held
        with sql.transaction(), sql.cursor("gone", binary=True) as gone:
            gone.itersize = _PASSAGES_AT_ONCE
            gone.execute(
                f"SELECT p.terms FROM passages p, articles a WHERE a.died = %s AND {_OF_ARTICLES}",
                [self._ordinal],
            )
            while rows := gone.fetchmany(_PASSAGES_AT_ONCE):
                held.subtract(terms_held(terms for (terms,) in rows))
            sql.execute("DELETE FROM held WHERE ordinal = %s", [self._ordinal])
            changes = [(term, self._ordinal, change) for term, change in held.items() if change]
            copy_rows(sql, "held", "term int8, ordinal int4, change int4", changes)

    def _background(self) -> Vectors:
        rows = self._sql.execute(
            "SELECT vec FROM passages"
            f" WHERE {passage_seen(self._ordinal)} AND model = %s ORDER BY chance LIMIT %s",
            [self._model, BACKGROUND_PASSAGES],
            binary=True,
        ).fetchall()
        assert self._recipe is not None
        if not rows:
            return np.zeros(self._recipe.dimension, np.float32)
        vectors = np.array([halves_of(raw) for (raw,) in rows]).astype(np.float32)
        return np.asarray(vectors.mean(axis=0), np.float32)


def point_at(sql: Sql, ordinal: int, instead_of: str | None) -> None:
    """Make a generation the current one: the one step that readers notice."""
    sql.execute(
        "UPDATE generations SET left_at = clock_timestamp() WHERE ordinal ="
        " (SELECT ordinal FROM current_generation)"
    )
    sql.execute(
        "INSERT INTO current_generation (ordinal, instead_of) VALUES (%s, %s) ON CONFLICT (one)"
        " DO UPDATE SET ordinal = excluded.ordinal, instead_of = excluded.instead_of",
        [ordinal, instead_of],
    )


def take_out(sql: Sql, ordinal: int) -> None:
    """Make as if a generation had never been begun; its own row stays."""
    born = sql.execute("SELECT article FROM articles WHERE born = %s", [ordinal]).fetchall()
    delete_articles(sql, [number for (number,) in born])
    revive(sql, ordinal)
    sql.execute("DELETE FROM held WHERE ordinal = %s", [ordinal])


def drop_draft(sql: Sql, ordinal: int) -> None:
    """Forget a draft that nobody goes on with."""
    with sql.transaction():
        take_out(sql, ordinal)
        sql.execute("DELETE FROM generations WHERE ordinal = %s", [ordinal])


def revive(sql: Sql, ordinal: int) -> None:
    """Let the articles live on that a generation was to do without."""
    sql.execute(f"UPDATE articles SET died = {ALIVE} WHERE died = %s", [ordinal])


def delete_articles(sql: Sql, articles: Sequence[int]) -> None:
    """Delete articles with all of their passages."""
    if not articles:
        return
    given = [list(articles)]
    for table in ("words", "passages"):
        sql.execute(f"DELETE FROM {table} USING unnest(%s::bigint[]) a(article) WHERE {_OF_ARTICLES}", given)
    sql.execute("DELETE FROM articles WHERE article = ANY(%s)", given)
