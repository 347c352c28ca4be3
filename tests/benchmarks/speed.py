"""Speed: building, answering among 10,000 passages, and starting up, on the machine as it is.

The large collection is the three articles of `sources/` and some 1,000 real passages of Wikipedia
(100 in a quick run), built as usual; the rest are copies of the latter with the words of every
sentence shuffled and every vector moved to a cosine of about .9.  Time to search and to read
depends on how much there is, not on what it says, and embedding that much takes long.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import faiss
import numpy as np

from index.build import build
from index.chunking import context_text
from index.generation import Generation
from index.generations import FileStore, load_generation
from index.types import Article, Encoder, Passage, Table, Vectors
from index.writer import Contents
from tests.benchmarks.collection import Collection, passages_of
from tests.benchmarks.data import BenchmarkData
from tests.benchmarks.figures import Figure, Group, Target, Unit
from tests.benchmarks.product import open_answers
from tests.benchmarks.starts import PLAIN, starts

ROOT = Path(__file__).parents[2]
OWN_SOURCES = ROOT / "sources"
OWN_QUESTIONS = ROOT / "tests" / "golden" / "sources.jsonl"

REAL_PASSAGES = 1_000
QUICK_REAL_PASSAGES = 100
WORDS_A_PASSAGE = 150
"""About, for passages of 200 tokens."""
PASSAGES = 10_000
# Length of the noise beside a unit vector: 1 / sqrt(1 + .5²) = .89 is the cosine that remains.
NOISE = 0.5
SEED = 0
QUESTIONS = 200
WARM_UP = 20
PLAIN_TEXTS = 128
NEIGHBOURS = 10

P50_TARGET_MS, P95_TARGET_MS = 40.0, 80.0


def speed(
    data: BenchmarkData,
    encoder: Encoder,
    plain: Encoder,
    cache: Path,
    quick: bool,
    say: Callable[[str], None],
) -> Group:
    """Everything here is measured anew in each run; nothing comes from a kept index.

    `plain` embeds as sentence-transformers does by itself.
    """
    folder = cache / "speed"
    shutil.rmtree(folder, ignore_errors=True)
    say("speed: build")
    real = QUICK_REAL_PASSAGES if quick else REAL_PASSAGES
    write_sources(folder / "sources", data, real)
    built = build(folder / "sources", folder / "data", encoder)
    generation = load_generation(folder / "data", encoder)
    texts = [context_text(passage) for passage in passages_of(generation)[:PLAIN_TEXTS]]
    plain_build = len(texts) / _seconds(lambda: plain.encode_documents(texts))
    figures = [
        Figure(
            "build, passages with their sentences",
            built.passages / built.seconds,
            built.passages,
            {PLAIN: plain_build},
            unit=Unit.PER_SECOND,
            note=f"ours embeds {built.sentences:,} sentences as well; plain: the passages alone",
        )
    ]
    say("speed: 10,000 passages")
    large = grown(generation, encoder, folder / "data")
    figures += _answering(data, large, len(passages_of(generation)), encoder, plain, folder)
    say("speed: start-up")
    figures += starts(encoder, folder)
    return Group("Speed", tuple(figures))


def write_sources(folder: Path, data: BenchmarkData, passages: int) -> None:
    shutil.copytree(OWN_SOURCES, folder)
    words = 0
    for number, article in enumerate(data.wiki()):
        (folder / f"wiki-{number:03d}.txt").write_text(f"# {article.title}\n\n{article.text}", "utf-8")
        words += len(article.text.split())
        if words >= passages * WORDS_A_PASSAGE:
            break


def _answering(
    data: BenchmarkData, grown: Generation, real: int, encoder: Encoder, baseline: Encoder, folder: Path
) -> list[Figure]:
    questions = own_and_others(data)
    answerer = open_answers(Collection((), folder, grown), encoder)
    plain = _PlainSearch(grown, baseline)
    # In turns, so that a busy moment of the machine falls on both.
    ours, plains = [], []
    for question in questions[:WARM_UP]:
        answerer.answer(question)
        plain.search(question)
    for question in questions[WARM_UP:]:
        ours.append(1000 * _seconds(partial(answerer.answer, question)))
        plains.append(1000 * _seconds(partial(plain.search, question)))
    note = (
        f"{len(grown.passages):,} passages, all but {real:,} of them copies with their words shuffled and "
        "their vectors moved; plain: embed the question, search IndexFlatIP, quote nothing"
    )
    return [
        Figure(
            f"question to answer, {name}",
            float(np.percentile(ours, percentile)),
            len(ours),
            {PLAIN: float(np.percentile(plains, percentile))},
            Target(target, at_most=True),
            Unit.MILLISECONDS,
            note,
        )
        for name, percentile, target in (("p50", 50, P50_TARGET_MS), ("p95", 95, P95_TARGET_MS))
    ]


def own_and_others(data: BenchmarkData) -> list[str]:
    """Questions to our own articles and to Wikipedia, mixed; none comes twice."""
    lines = OWN_QUESTIONS.read_text("utf-8").splitlines()
    own = [json.loads(line)["question"] for line in lines if line.strip()]
    others = [question.text for question in data.xquad("en").questions]
    mixed = list(dict.fromkeys([*own, *others[: QUESTIONS + WARM_UP]]))
    random.Random(SEED).shuffle(mixed)
    return mixed[: QUESTIONS + WARM_UP]


class _PlainSearch:
    """What a tutorial has: embed the question, take the nearest vectors."""

    def __init__(self, generation: Generation, encoder: Encoder) -> None:
        self._encoder = encoder
        self._index = faiss.IndexFlatIP(encoder.dimension)
        self._index.add(generation.vectors.reconstruct(np.arange(len(passages_of(generation)))))

    def search(self, question: str) -> None:
        self._index.search(self._encoder.encode_questions([question]), NEIGHBOURS)


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def grown(generation: Generation, encoder: Encoder, data: Path, wanted: int = PASSAGES) -> Generation:
    """The generation with copies of its Wikipedia articles until it has `wanted` passages, made current."""
    articles, passages = list(generation.articles()), list(passages_of(generation))
    tables: list[Table] = [generation.sentences]
    vectors: list[Vectors] = [generation.vectors.reconstruct(np.arange(len(passages)))]
    sentence_vectors: list[Vectors] = [generation.sentence_vectors.rows(slice(None))]
    shuffle, noise = random.Random(SEED), np.random.default_rng(SEED)
    origins = list(range(len(passages)))
    for number, (article, first, stop) in enumerate(_copied(generation, wanted)):
        origins.extend(range(first, stop))
        rows = slice(int(generation.offsets[first]), int(generation.offsets[stop]))
        sentences = generation.sentences[rows]
        text = shuffled(article.text, sentences, shuffle)
        copy = replace(article, id=f"copy-{number:05d}", file=f"copy-{number:05d}.txt", text=text)
        tables.append(sentences + np.array([len(passages) - first, 0, 0], dtype=np.int32))
        articles.append(copy)
        passages.extend(
            Passage(copy, passage.start, passage.end, passage.path)
            for passage in passages_of(generation)[first:stop]
        )
        vectors.append(moved(vectors[0][first:stop], noise))
        sentence_vectors.append(moved(sentence_vectors[0][rows], noise))
    contents = Contents(
        articles=articles,
        passages=passages,
        sentences=np.concatenate(tables),
        contexts=[
            generation.paths[path]
            for number in origins
            for path in generation.contexts[slice(*generation.offsets[number : number + 2].tolist())].tolist()
        ],
        vectors=np.concatenate(vectors),
        sentence_vectors=np.concatenate(sentence_vectors),
    )
    with FileStore(data).draft() as draft:
        draft.begin(generation.manifest.recipe, (), len(contents.sentences))
        draft.add(contents)
        draft.finish({})
        draft.commit()
    return load_generation(data, encoder)


def _copied(generation: Generation, wanted: int) -> Iterator[tuple[Article, int, int]]:
    """Wikipedia's articles with their first and last passage, over and over, as long as more are wanted."""
    places: list[tuple[Article, int, int]] = []
    first = 0
    for entry, article in zip(generation.manifest.sources, generation.articles(), strict=True):
        if article.id.startswith("wiki-"):
            places.append((article, first, first + entry.passages))
        first += entry.passages
    count = first
    while count < wanted:
        for article, start, stop in places:
            if count >= wanted:
                return
            yield article, start, stop
            count += stop - start


def shuffled(text: str, sentences: Table, shuffle: random.Random) -> str:
    """The words of each sentence in another order; every sentence keeps its place and length."""
    pieces, end_before = [], 0
    for start, end in sentences[:, 1:].tolist():
        words = text[start:end].split(" ")
        shuffle.shuffle(words)
        pieces += [text[end_before:start], " ".join(words)]
        end_before = end
    return "".join([*pieces, text[end_before:]])


def moved(vectors: Vectors, noise: np.random.Generator) -> Vectors:
    step = noise.normal(size=vectors.shape).astype(np.float32)
    step *= NOISE / np.linalg.norm(step, axis=1, keepdims=True)
    moved = vectors + step
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)
