"""The same index in files and in PostgreSQL, asked in turns.

    python -m tests.benchmarks.databases --data DIR [--sizes 10000,100000]

Passages as for `tests.benchmarks.speed_sizes`: real ones of Wikipedia, and copies with their words shuffled
and their vectors moved.  Server and bot are on one machine, so no network is in any figure.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from index.build import build
from index.copying import copy
from index.encoders.any_model import SentenceTransformerEncoder
from index.encoders.packaged import lightest
from index.generation import Generation
from index.generations import FileStore, load_generation
from index.postgresql.store import PostgresStore
from index.postgresql.tables import vector_index
from index.search import CANDIDATES, Searcher
from index.store import Snapshot, Store
from index.terms import terms
from index.types import Encoder, Scope, Vectors
from tests.benchmarks.data import BenchmarkData
from tests.benchmarks.speed import REAL_PASSAGES, own_and_others, write_sources
from tests.benchmarks.speed_clock import megabytes
from tests.benchmarks.speed_sizes import nearest_rows, of_size
from tests.postgres import PostgresServer, programs

QUESTIONS = 100
NEAREST = 10
SETTINGS = {"shared_buffers": "1GB", "maintenance_work_mem": "1GB", "max_wal_size": "4GB"}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.databases")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the public sets")
    parser.add_argument("--cache", type=Path, default=Path("/tmp/footnote-benchmarks"), metavar="DIR")
    parser.add_argument("--sizes", default="10000,100000", metavar="N,…", help="passages")
    arguments = parser.parse_args(argv)
    work = arguments.cache / "databases"
    shutil.rmtree(work, ignore_errors=True)
    encoder = lightest(SentenceTransformerEncoder())
    data = BenchmarkData(arguments.data, False)
    questions = list(own_and_others(data)[:QUESTIONS])
    write_sources(work / "sources", data, REAL_PASSAGES)
    build(work / "sources", work / "data", encoder)
    real = load_generation(work / "data", encoder)
    server = PostgresServer(programs(), SETTINGS)
    try:
        print("| passages | what | files | PostgreSQL | ratio |\n|---|---|---|---|---|")
        for size in map(int, arguments.sizes.split(",")):
            folder = work / str(size)
            folder.mkdir()
            made = of_size(real, size, encoder, work, folder)
            with psycopg.connect(server.url, autocommit=True) as sql:
                sql.execute("DROP SCHEMA IF EXISTS footnote CASCADE")
            _compare(made, work / f"data-{size}", server.url, questions, encoder)
    finally:
        server.close()
        shutil.rmtree(work, ignore_errors=True)
    return 0


def _compare(made: Generation, folder: Path, address: str, questions: list[str], encoder: Encoder) -> None:
    """Print a table's rows on one index, which is in `folder` and will be at `address`."""
    files = FileStore(folder, encoder)
    database = PostgresStore(address).for_model(encoder)
    copied = _seconds(lambda: copy(files, database))
    with psycopg.connect(address, autocommit=True) as sql:
        sql.execute("VACUUM (ANALYZE)")  # as the server does by itself, but not while it is being timed
    passages = files.manifest().passages
    vectors = encoder.encode_questions(questions)
    exact = nearest_rows(made, vectors)
    stores: tuple[Store, Store] = (files, database)

    def row(what: str, values: Sequence[float], form: str) -> None:
        ratio = f"{values[1] / values[0]:.2g}" if values[0] else "–"
        print(f"| {passages:,} | {what} | {values[0]:{form}} | {values[1]:{form}} | {ratio} |", flush=True)

    scopes: dict[str, Scope] = {"": None}
    collections = sorted(shelf.name for shelf in files.current().shelves())
    if len(collections) > 1:
        scopes[", in one collection"] = frozenset(collections[:1])
    for name, scope in scopes.items():
        taken = _in_turns(stores, questions, vectors, scope)
        for share in (50, 95):
            row(
                f"proposed and scored{name}, p{share}, ms",
                np.percentile(taken, share, axis=1).tolist(),
                ".1f",
            )
    searchers = [Searcher(store.current(), encoder) for store in stores]
    whole = (
        1_000
        * np.array(
            [[_seconds(partial(one.find, question)) for one in searchers] for question in questions * 2]
        )[len(questions) :]
    )
    for share in (50, 95):
        row(
            f"searched, question and sentences too, p{share}, ms",
            np.percentile(whole, share, axis=0).tolist(),
            ".1f",
        )
    row(
        "recall of the ten nearest",
        [_recall(store.current(), made, vectors, exact) for store in stores],
        ".3f",
    )
    # By their scores: copies of a passage with the same words tie, and any of them will do.
    tens = [[[hit.score for hit in one.search(question)] for one in searchers] for question in questions]
    same = [len(one) == len(other) and np.allclose(one, other, atol=1e-4) for one, other in tens]
    row("ten best passages with the same scores", [1.0, float(np.mean(same))], ".2f")
    disk = _disk(address)
    row("kB a passage", [megabytes(folder) * 1e3 / passages, sum(disk.values()) / 1e3 / passages], ".1f")
    for name, size in disk.items():
        row(f"of it {name}", [0.0, size / 1e3 / passages], ".2f")
    row("copied from files, s", [0.0, copied], ".0f")
    row("of it the index of vectors, made anew, s", [0.0, _reindexed(address, vector_index(1))], ".0f")
    row("of it the index of words, made anew, s", [0.0, _reindexed(address, "words_bm25")], ".0f")
    database.close()


def _in_turns(
    stores: Sequence[Store], questions: Sequence[str], vectors: Vectors, scope: Scope
) -> list[list[float]]:
    """Milliseconds of each store; in turns, so that a busy moment of the machine falls on both."""
    taken: list[list[float]] = [[] for _ in stores]
    # The first ones twice: what is not mapped or connected yet is not a running bot's.
    for number in [*range(10), *range(len(questions))]:
        for own, store in zip(taken, stores, strict=True):
            snapshot = store.current()

            def ask(snapshot: Snapshot = snapshot, number: int = number) -> None:
                weights = snapshot.weights(terms(questions[number]))
                snapshot.find(vectors[number], weights, CANDIDATES, scope)

            own.append(1_000 * _seconds(ask))
    return [own[10:] for own in taken]


def _recall(snapshot: Snapshot, made: Generation, vectors: Vectors, exact: Any) -> float:
    met = 0
    for vector, rows in zip(vectors, exact.tolist(), strict=True):
        found = snapshot.find(vector, {}, NEAREST, None)
        read = snapshot.read(found.keys[found.candidates].tolist(), vector)
        places = {(one.passage.article.id, one.passage.start) for one in read}
        wanted = [made.passage(row) for row in rows]
        met += sum((one.article.id, one.start) in places for one in wanted)
    return met / exact.size


def _disk(address: str) -> Mapping[str, int]:
    """Bytes of each table with what is stored aside, and of each index that is worth naming."""
    sizes = {
        "passages and their sentences' vectors": "pg_table_size('footnote.passages')",
        "words as they are indexed": "pg_table_size('footnote.words')",
        "articles": "pg_total_relation_size('footnote.articles')",
        "the index of vectors": f"pg_relation_size('footnote.{vector_index(1)}')",
        "the index of words": "pg_relation_size('footnote.words_bm25')",
        "the index of digests": "pg_relation_size('footnote.passages_digests')",
        "how many passages hold a term": "pg_total_relation_size('footnote.held')",
        "all other indexes": f"pg_indexes_size('footnote.passages') + pg_indexes_size('footnote.words')"
        f" - pg_relation_size('footnote.{vector_index(1)}') - pg_relation_size('footnote.words_bm25')"
        " - pg_relation_size('footnote.passages_digests')",
    }
    with psycopg.connect(address) as sql:
        row = sql.execute(f"SELECT {', '.join(sizes.values())}").fetchone()  # type: ignore[call-overload]
    assert row is not None
    return dict(zip(sizes, row, strict=True))


def _reindexed(address: str, name: str) -> float:
    with psycopg.connect(address, autocommit=True) as sql:
        return _seconds(lambda: sql.execute(f"REINDEX INDEX footnote.{name}"))  # type: ignore[call-overload]


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


if __name__ == "__main__":
    raise SystemExit(main())
