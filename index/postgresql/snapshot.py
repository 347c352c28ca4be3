"""One generation, searched and read."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from index.common_terms import smoothed_idf
from index.generation import ARTICLES_AT_ONCE, NEWEST, Picked
from index.manifest import Manifest
from index.postgresql.rows import (
    article_of,
    bm25,
    digest_keys,
    paths_of,
    scoped,
    spans_of,
    term_key,
    token,
)
from index.postgresql.server import Server, Sql, halves_of, written
from index.postgresql.state import State, read_manifest
from index.postgresql.tables import INDEXED_PASSAGES, PLACE_BITS, indexed_collections
from index.store import Found, ReadPassage, Shelf, StoreAway
from index.types import Article, Passage, Rows, Scope, Scores, Vectors
from index.writer import Contents

# Words propose so many times what is wanted, and a scope twice that: the exact best 100 are all there then.
_LEXICAL_SHARE = 4
# The most that words propose, if most passages that they find are of other generations.
_MOST_PROPOSED = 20_000
# Steps of a term's weight: how finely a question's words can be weighed by repeating them.
_STEPS = 4
_MOST_REPEATED = 60
# With so many a question would have too many words to be weighed finely.
_MANY_COLLECTIONS = 20
# The index of vectors is asked for one passage in so many, but not for more than so many, of which the best
# are taken: it finds more of them the longer it looks.  See RESULTS.md, "Files beside PostgreSQL".
_ONE_IN, _LOOKED_AT = 30, 3_000
_CACHED_CHARACTERS = 32_000_000
_CACHED_TERMS = 50_000


class ArticleCache:
    """Articles that were read lately, by number: no number is ever that of another article.  Thread-safe."""

    def __init__(self) -> None:
        self._held: OrderedDict[int, Article] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()

    def read(self, sql: Sql, numbers: Iterable[int]) -> dict[int, Article]:
        """Return articles that are there, read if they have to be."""
        wanted = set(numbers)
        with self._lock:
            found = {number: self._held[number] for number in wanted & self._held.keys()}
            for number in found:
                self._held.move_to_end(number)
        if missing := list(wanted - found.keys()):
            rows = sql.execute("SELECT article, body FROM articles WHERE article = ANY(%s)", [missing])
            read = {int(number): article_of(body) for number, body in rows}
            found |= read
            with self._lock:
                for number, article in read.items():
                    if number not in self._held:
                        self._held[number] = article
                        self._characters += len(article.text)
                while self._characters > _CACHED_CHARACTERS and len(self._held) > 1:
                    self._characters -= len(self._held.popitem(last=False)[1].text)
        return found


@dataclass
class PostgresSnapshot:
    """A `Snapshot` of rows.  Thread-safe.  A key is a passage's number in the database."""

    server: Server
    state: State
    cache: ArticleCache
    _held: dict[str, int] = field(default_factory=dict)
    """In how many passages a term is."""

    @property
    def id(self) -> str:
        return self.state.id

    @property
    def background(self) -> Vectors:
        return self.state.background

    @cached_property
    def manifest(self) -> Manifest:
        return self.server.read(lambda sql: read_manifest(sql, self.state))

    @cached_property
    def _collections(self) -> Mapping[str, int]:
        """Return the number of each collection that it has passages of."""
        rows = self.server.read(
            lambda sql: sql.execute("SELECT name, collection FROM collections").fetchall()
        )
        return {name: number for name, number in rows if number in self.state.sizes}

    @cached_property
    def _indexed(self) -> frozenset[int]:
        return self.server.read(lambda sql: indexed_collections(sql, self.state.model))

    def weights(self, terms: Iterable[str]) -> dict[str, float]:
        held = self._holders(list(terms))
        return {term: smoothed_idf(term, count, self.state.passages) for term, count in held.items()}

    def find(self, vector: Vectors, weights: Mapping[str, float], wanted: int, scope: Scope) -> Found:
        inside = None if scope is None else [n for name, n in self._collections.items() if name in scope]
        if inside is not None and len(inside) == len(self._collections):
            inside = None
        question = written(vector)
        if not self.state.passages or inside == []:
            return _looked_over({}, ())
        dense = self.server.read(lambda sql: self._nearest(sql, question, wanted, inside))
        limit = _LEXICAL_SHARE * wanted * (1 if inside is None else 2)
        # If most may be seen, those that may not are left out of what is proposed; else none is proposed.
        most = inside is None or 2 * sum(self.state.sizes[one] for one in inside) > self.state.passages
        while True:
            words = self._proposed(weights, limit, None if most else inside)
            scored = self._scored(question, weights, {*dense, *words}, inside)
            best = sorted((n for n in words if n in scored and scored[n][1] > 0), key=lambda n: -scored[n][1])
            # Rows of other generations may have taken the places of ours.
            if len(best) >= wanted or len(words) < limit or limit >= _MOST_PROPOSED:
                break
            limit *= 4
        near = sorted((n for n in dense if n in scored), key=lambda n: -scored[n][0])
        chosen = {*near[:wanted], *best[:wanted]}
        beside = {n + step for n in chosen for step in (-1, 1)} - scored.keys()
        return _looked_over(scored | self._scored(question, weights, beside, inside), chosen)

    def read(self, keys: Sequence[int], vector: Vectors) -> list[ReadPassage]:
        rows, articles = self.server.read(lambda sql: self._read(sql, keys))
        with _still_there():
            return [_read_passage(articles[key >> PLACE_BITS], rows[key], vector) for key in keys]

    def article(self, id: str) -> Article | None:
        numbers = self.server.read(lambda sql: self._numbers(sql, [id]))
        return self.numbered(numbers)[0] if numbers else None

    def articles(self, scope: Scope = None) -> Sequence[Article]:
        inside = None if scope is None else [n for name, n in self._collections.items() if name in scope]
        among = "" if inside is None else "AND collection = ANY(%s)"
        query = f"SELECT article FROM articles WHERE {self.state.seen} {among} ORDER BY file"
        given = () if inside is None else (inside,)
        rows = self.server.read(lambda sql: sql.execute(query, given).fetchall())
        return Picked(self.numbered, [number for (number,) in rows])

    def numbered(self, numbers: Sequence[int]) -> list[Article]:
        """Return articles by number."""
        found = self.server.read(lambda sql: self.cache.read(sql, numbers))
        with _still_there():
            return [found[number] for number in numbers]

    def sentences_of(self, id: str) -> tuple[list[tuple[int, int]], Vectors]:
        def job(sql: Sql) -> list[tuple[bytes, bytes]]:
            query = (
                "SELECT spans, sentence_vectors FROM passages p JOIN"
                " unnest(%s::bigint[]) a(article) ON p.n >= a.article << %s AND p.n < (a.article + 1) << %s"
                " ORDER BY n"
            )
            numbers = self._numbers(sql, [id])
            return sql.execute(query, [numbers, PLACE_BITS, PLACE_BITS], binary=True).fetchall()

        rows = self.server.read(job)
        spans = [(start, end) for raw, _ in rows for start, end in spans_of(raw).tolist()]
        return spans, _vectors_of(b"".join(vectors for _, vectors in rows), self.state.recipe.dimension)

    def passages_of(self, ids: Iterable[str]) -> Rows:
        wanted = list(ids)
        query = f"SELECT article, passages FROM articles WHERE id = ANY(%s) AND {self.state.seen} ORDER BY 1"
        rows = self.server.read(lambda sql: sql.execute(query, [wanted]).fetchall())
        keys = [np.arange(passages) + (article << PLACE_BITS) for article, passages in rows]
        return np.concatenate([np.zeros(0, np.int64), *keys]).astype(np.int64)

    def shelves(self, scope: Scope = None) -> list[Shelf]:
        query = (
            "SELECT name, article, articles, passages FROM (SELECT c.name, a.article, a.title,"
            " count(*) OVER all_of AS articles, sum(a.passages) OVER all_of AS passages,"
            " row_number() OVER (PARTITION BY a.collection"
            " ORDER BY coalesce(a.published, '') COLLATE \"C\" DESC, a.title DESC, a.file) AS place"
            f" FROM articles a JOIN collections c USING (collection) WHERE {self.state.seen}"
            f" WINDOW all_of AS (PARTITION BY a.collection)) s WHERE place <= {NEWEST} ORDER BY name, place"
        )
        rows = self.server.read(lambda sql: sql.execute(query).fetchall())
        shelves: dict[str, tuple[int, int, list[int]]] = {}
        for name, number, articles, passages in rows:
            if scope is None or name in scope:
                shelves.setdefault(name, (articles, int(passages), []))[2].append(number)
        return [
            Shelf(name, articles, passages, tuple(self.numbered(newest)))
            for name, (articles, passages, newest) in sorted(shelves.items())
        ]

    def contents(self) -> Iterator[Contents]:
        query = f"SELECT article FROM articles WHERE {self.state.seen} ORDER BY article"
        numbers = [number for (number,) in self.server.read(lambda sql: sql.execute(query).fetchall())]
        for start in range(0, len(numbers), ARTICLES_AT_ONCE):
            yield self._contents(numbers[start : start + ARTICLES_AT_ONCE])

    def _contents(self, numbers: Sequence[int]) -> Contents:
        query = (
            "SELECT n, start, stop, above, spans, vec, sentence_vectors, digests, digest_ends FROM passages p"
            " JOIN unnest(%s::bigint[]) a(article) ON p.n >= a.article << %s AND p.n < (a.article + 1) << %s"
            " ORDER BY n"
        )
        given = [list(numbers), PLACE_BITS, PLACE_BITS]
        articles = self.numbered(numbers)
        named = dict(zip(numbers, articles, strict=True))
        rows = self.server.read(lambda sql: sql.execute(query, given, binary=True).fetchall())
        passages: list[Passage] = []
        tables: list[Any] = [np.zeros((0, 3), np.int32)]
        contexts: list[tuple[str, ...]] = []
        spoken: list[bytes] = []
        for at, (n, start, stop, above, spans, _, _, digests, ends) in enumerate(rows):
            own, *others = paths_of(above)
            passages.append(Passage(named[n >> PLACE_BITS], start, stop, own))
            table = spans_of(spans)
            tables.append(np.column_stack([np.full(len(table), at, np.int32), table]))
            contexts += others
            spoken += digest_keys(digests, ends)[1:]
        dimension = self.state.recipe.dimension
        return Contents(
            articles=articles,
            passages=passages,
            sentences=np.concatenate(tables).astype(np.int32),
            contexts=contexts,
            vectors=np.array([halves_of(row[5]) for row in rows], np.float32).reshape(-1, dimension),
            sentence_vectors=_vectors_of(b"".join(row[6] for row in rows), dimension),
            sentence_digests=np.frombuffer(b"".join(spoken), "<u8").reshape(-1, 2),
        )

    def _holders(self, terms: Sequence[str]) -> dict[str, int]:
        """Return how many passages hold each term."""
        if missing := [term for term in terms if term not in self._held]:
            query = "SELECT term, sum(change) FROM held WHERE term = ANY(%s) AND ordinal <= %s GROUP BY term"
            keys = {term_key(term): term for term in missing}
            given = [list(keys), self.state.ordinal]
            counts = dict(self.server.read(lambda sql: sql.execute(query, given).fetchall()))
            if len(self._held) > _CACHED_TERMS:
                self._held = {}
            self._held |= {term: int(counts.get(key, 0)) for key, term in keys.items()}
        return {term: self._held.get(term, 0) for term in terms}

    def _nearest(self, sql: Sql, question: str, wanted: int, inside: Sequence[int] | None) -> list[int]:
        """Return the passages nearest to a question, best first in each part."""
        dimension, model = self.state.recipe.dimension, self.state.model
        distance = f"vec::halfvec({dimension}) <#> '{question}'::halfvec({dimension})"

        def indexed(among: str, size: int) -> str:
            looked_at = max(wanted, min(size // _ONE_IN, _LOOKED_AT))
            # The sum: what comes from the index counts as in order, and is not quite.
            return (
                f"SELECT n FROM (SELECT n, {distance} AS distance FROM passages WHERE model = {model} {among}"
                f" AND {self.state.passage_seen} ORDER BY {distance} LIMIT {looked_at}) near"
                f" ORDER BY distance + 0 LIMIT {wanted}"
            )

        if inside is None:
            arms = [indexed("", self.state.passages)]
        else:
            sizes = self.state.sizes
            arms = [indexed(f"AND collection = {one}", sizes[one]) for one in inside if one in self._indexed]
            others = [one for one in inside if one not in self._indexed]
            small = ", ".join(map(str, others))
            if sum(sizes[one] for one in others) > INDEXED_PASSAGES:
                # Many small ones: what is left of the nearest of all that are no others'.
                arms.append(indexed(f"AND collection IN ({small})", self.state.passages))
            elif others:
                # A sum cannot be had from an index: all of them are looked at.
                arms.append(
                    f"SELECT n FROM articles a JOIN passages p ON n >= article << {PLACE_BITS}"
                    f" AND n < (article + 1) << {PLACE_BITS} WHERE a.collection IN ({small})"
                    f" AND a.model = {model} AND {self.state.seen} ORDER BY ({distance}) + 0 LIMIT {wanted}"
                )
        rows = sql.execute(" UNION ALL ".join(f"({arm})" for arm in arms)).fetchall()
        return [n for (n,) in rows]

    def _proposed(self, weights: Mapping[str, float], limit: int, inside: Sequence[int] | None) -> list[int]:
        """Return the passages that words propose, likely best first; some are of other generations."""
        query = self._words(weights, inside)
        if not query:
            return []
        # A statement of its own with nothing but literals: as part of another one, or with parameters, the
        # score is worked out anew for every row of the table.  The words are letters and digits.
        statement = (
            f"SELECT n FROM words ORDER BY words <@> to_bm25query('{query}', 'words_bm25') LIMIT {limit}"
        )
        return [n for (n,) in self.server.read(lambda sql: sql.execute(statement).fetchall())]

    def _words(self, weights: Mapping[str, float], inside: Sequence[int] | None) -> str:
        """Return a question's words, each as often as makes it weigh there what it weighs for us."""
        passages = self.state.passages
        found: list[str] = []
        within: Sequence[int | None] = [None] if inside is None else inside
        steps = _STEPS if len(within) < _MANY_COLLECTIONS else 1
        for term, count in self._holders(list(weights)).items():
            own = math.log1p((passages - count + 0.5) / (count + 0.5))
            if not count or weights[term] <= 0:
                continue
            times = min(max(round(steps * weights[term] / own), 1), _MOST_REPEATED)
            word = token(term)
            found += [word if n is None else scoped(word, n) for n in within] * times
        return " ".join(found)

    def _scored(
        self, question: str, weights: Mapping[str, float], wanted: Iterable[int], inside: Sequence[int] | None
    ) -> dict[int, tuple[float, float]]:
        """Return cosine and BM25 of passages, so far as they are seen."""
        numbers = sorted(wanted)
        dimension = self.state.recipe.dimension
        query = (
            # The question stays as exact as it is, and only the passage has half precision.
            f"SELECT n, -(vec::vector({dimension}) <#> %s::vector({dimension})), terms, counts, length"
            f" FROM passages WHERE n = ANY(%s) AND model = {self.state.model} AND {self.state.passage_seen}"
            + ("" if inside is None else " AND collection = ANY(%s)")
        )
        given = [question, numbers] + ([] if inside is None else [list(inside)])
        rows = self.server.read(lambda sql: sql.execute(query, given, binary=True).fetchall())
        mean = self.state.terms / self.state.passages if self.state.terms else 1.0
        lexical = bm25([row[2:] for row in rows], weights, mean)
        return {row[0]: (row[1], score) for row, score in zip(rows, lexical.tolist(), strict=True)}

    def _read(self, sql: Sql, keys: Sequence[int]) -> tuple[dict[int, Any], dict[int, Article]]:
        query = "SELECT n, start, stop, above, spans, sentence_vectors FROM passages WHERE n = ANY(%s)"
        rows = sql.execute(query, [list(keys)], binary=True).fetchall()
        articles = self.cache.read(sql, {int(key) >> PLACE_BITS for key in keys})
        return {row[0]: row[1:] for row in rows}, articles

    def _numbers(self, sql: Sql, ids: Sequence[str]) -> list[int]:
        query = f"SELECT article FROM articles WHERE id = ANY(%s) AND {self.state.seen} ORDER BY 1"
        return [number for (number,) in sql.execute(query, [list(ids)])]


@contextmanager
def _still_there() -> Iterator[None]:
    """Say so if rows have gone meanwhile, or are not in another replica yet."""
    try:
        yield
    except KeyError as error:
        raise StoreAway("The index was replaced while it was read. Ask again.") from error


def _looked_over(scored: Mapping[int, tuple[float, float]], candidates: Iterable[int]) -> Found:
    """Return some passages, with those beside them, of those that were scored."""
    chosen = sorted(candidates)
    kept = sorted({n + step for n in chosen for step in (-1, 0, 1)} & scored.keys())
    place = {n: at for at, n in enumerate(kept)}
    scores: Scores = np.array([scored[n] for n in kept], np.float32).reshape(-1, 2)
    beside = [(place.get(n - 1, -1), place.get(n + 1, -1)) for n in chosen]
    return Found(
        keys=np.array(kept, np.int64),
        cosine=scores[:, 0],
        bm25=scores[:, 1],
        candidates=np.array([place[n] for n in chosen], np.int64),
        neighbours=np.array(beside, np.int64).reshape(-1, 2),
    )


def _read_passage(article: Article, row: Sequence[Any], vector: Vectors) -> ReadPassage:
    start, stop, above, spans, vectors = row
    own, *contexts = paths_of(above)
    return ReadPassage(
        passage=Passage(article, start, stop, own),
        spans=spans_of(spans),
        contexts=contexts,
        cosines=_vectors_of(vectors, len(vector)) @ vector,
    )


def _vectors_of(raw: bytes, dimension: int) -> Vectors:
    return np.frombuffer(raw, "<f2").reshape(-1, dimension).astype(np.float32)
