"""Ways to find the nearest vectors, side by side: what the choice in `index.vectors` rests on.

    python -m tests.benchmarks.nearest --data DIR [--vectors 100000]

The vectors are those of some 7,000 passages and sentences of Wikipedia and of copies moved at random
(`tests.benchmarks.speed`), which are nearer to each other than texts are: the harder case.  Neighbours
in a collection are alike, so copies of one text lie side by side.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from index.build import build
from index.encoders.any_model import SentenceTransformerEncoder
from index.encoders.packaged import lightest
from index.generations import load_generation
from index.types import Vectors
from tests.benchmarks.collection import passages_of
from tests.benchmarks.data import BenchmarkData
from tests.benchmarks.speed import REAL_PASSAGES, moved, own_and_others, write_sources
from tests.benchmarks.speed_clock import recall

VECTORS = 100_000
QUESTIONS = 100
NEAREST, CANDIDATES = 10, 100
SEED = 0

Rows = list[int]


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    build: Callable[[Vectors], Any]
    search: Callable[[Any, Vectors], Rows]
    """One question, shape `(1, dimension)`, -> the `CANDIDATES` nearest."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.nearest")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the public sets")
    parser.add_argument("--vectors", type=int, default=VECTORS, metavar="N", help="default: %(default)s")
    arguments = parser.parse_args(argv)
    vectors, questions = _vectors(BenchmarkData(arguments.data, False), arguments.vectors)
    exact = np.argsort(-(questions @ vectors.T), axis=1)[:, :CANDIDATES].tolist()
    print(f"{len(vectors):,} vectors, {len(questions)} questions; one thread\n")
    print(f"| way | build, s | a question, ms | recall@{NEAREST} | recall@{CANDIDATES} |")
    print("|---|---:|---:|---:|---:|")
    for way in _ways():
        print(_line(way, vectors, questions, exact), flush=True)
    return 0


def _vectors(data: BenchmarkData, wanted: int) -> tuple[Vectors, Vectors]:
    encoder = lightest(SentenceTransformerEncoder())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_sources(folder / "sources", data, REAL_PASSAGES)
        build(folder / "sources", folder / "data", encoder)
        generation = load_generation(folder / "data", encoder)
        passages = generation.vectors.reconstruct(np.arange(len(passages_of(generation))))
        texts = np.concatenate([passages, generation.sentence_vectors.rows(slice(None))])
    noise = np.random.default_rng(SEED)
    copies = np.repeat(texts, -(-wanted // len(texts)), axis=0)[:wanted]
    return moved(copies, noise), encoder.encode_questions(own_and_others(data)[:QUESTIONS])


def _ways() -> Iterator[Way]:
    yield Way("all, in half precision (ours)", _plain("SQfp16"), _found)
    for probes in (16, 64):
        yield Way(f"IVF 1024, {probes} lists", _plain("IVF1024,SQfp16", nprobe=probes), _found)
    yield Way("HNSW 32, ef 128", _plain("HNSW32_SQfp16", efSearch=128), _found)


def _plain(kind: str, **settings: int) -> Callable[[Vectors], Any]:
    def built(vectors: Vectors) -> Any:
        index = faiss.index_factory(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
        index.train(vectors)
        index.add(vectors)
        for name, value in settings.items():
            faiss.ParameterSpace().set_index_parameter(index, name, value)
        return index

    return built


def _found(index: Any, question: Vectors) -> Rows:
    rows: Rows = index.search(question, CANDIDATES)[1][0].tolist()
    return rows


def _line(way: Way, vectors: Vectors, questions: Vectors, exact: Sequence[Rows]) -> str:
    began = time.perf_counter()
    index = way.build(vectors)
    built = time.perf_counter() - began
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        way.search(index, questions[:1])
        found, taken = [], []
        for question in questions:
            began = time.perf_counter()
            found.append(way.search(index, question[None]))
            taken.append(1000 * (time.perf_counter() - began))
    finally:
        faiss.omp_set_num_threads(threads)
    first = recall([rows[:NEAREST] for rows in found], [rows[:NEAREST] for rows in exact])
    return f"| {way.name} | {built:.1f} | {np.median(taken):.2f} | {first:.4f} | {recall(found, exact):.4f} |"


if __name__ == "__main__":
    sys.exit(main())
