"""An index that grows: adding an article, building for nothing, and what a build takes of memory.

Texts are made of words drawn as often as words are in books, and vectors are drawn at random: neither
storage nor search looks at what they mean, and embedding 100,000 passages takes an hour.  What is
said of a build leaves out embedding therefore, but for the one article that is added.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from index.build import build
from index.encoders.any_model import SentenceTransformerEncoder
from index.generations import FileStore, load_generation
from index.manifest import CURRENT
from index.search import Searcher
from index.types import Encoder, Vectors
from tests.benchmarks.figures import Figure, Group, Target, Unit

ROOT = Path(__file__).parents[2]
SIZES = (10_000, 100_000)
QUICK_SIZES = (1_000,)
PASSAGES_AN_ARTICLE = 20
SENTENCES_A_PASSAGE = 7
WORDS_A_SENTENCE = 22
VOCABULARY = 60_000
DIMENSION = 384
SEED = 0
ASKERS = 8
SWAPS, QUICK_SWAPS = 50, 5
REST_SECONDS, QUICK_REST_SECONDS = 10.0, 1.0

_VERSION = re.compile(r"quokka is version (\d+)")

SEARCHABLE_TARGET_S = {1_000: 1.0, 10_000: 1.0, 100_000: 5.0}
NOTICE_TARGET_S = 2.0
NOTHING_TARGET_S = 1.0
MEMORY_TARGET_MB = 1_500.0
SWAP_TARGET = 2.0


class MadeUpEncoder:
    """Random vectors, the same for the same text, as fast as they can be drawn."""

    name = "made up"
    fingerprint = "made up"
    dimension = DIMENSION

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [text.count(" ") * 4 // 3 + 1 for text in texts]

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), DIMENSION), np.float32)
        for row, text in enumerate(texts):
            noise = np.random.Generator(np.random.SFC64(zlib.crc32(text.encode())))
            noise.standard_normal(dtype=np.float32, out=vectors[row])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return self.encode_documents(questions)


def growth(cache: Path, quick: bool, say: Callable[[str], None]) -> Group:
    """Everything is measured anew; the index is thrown away."""
    figures: list[Figure] = []
    for passages in QUICK_SIZES if quick else SIZES:
        folder = cache / f"growth-{passages}"
        shutil.rmtree(folder, ignore_errors=True)
        say(f"growth: {passages:,} passages")
        write_sources(folder / "sources", passages)
        figures += _sized(folder, passages, quick)
        shutil.rmtree(folder, ignore_errors=True)
    return Group("Growth", tuple(figures))


def _sized(folder: Path, passages: int, quick: bool) -> Iterator[Figure]:
    sources, data = folder / "sources", folder / "data"
    at = f"{passages:,} passages"
    first = _in_a_process(sources, data)
    yield Figure(
        f"build from nothing, {at}: resident memory at most",
        first["megabytes"],
        1,
        target=Target(MEMORY_TARGET_MB, at_most=True),
        unit=Unit.MEGABYTES,
        note="without the embedding model, which adds some 500 MB",
    )
    yield Figure(f"build from nothing, {at}: passages", passages / first["seconds"], 1, unit=Unit.PER_SECOND)
    nothing = [_seconds(lambda: _in_a_process(sources, data)) for _ in range(3)]
    fingerprint = _seconds(lambda: SentenceTransformerEncoder().fingerprint)
    yield Figure(
        f"build of nothing new, {at}",
        float(np.median(nothing)) + fingerprint,
        3,
        target=Target(NOTHING_TARGET_S, at_most=True),
        unit=Unit.SECONDS,
        note="a whole process, and the fingerprint of the packaged model",
    )
    yield from _adding(folder, at, SEARCHABLE_TARGET_S[passages])
    yield from _swapping(folder, at, quick)


def _adding(folder: Path, at: str, most_seconds: float) -> Iterator[Figure]:
    """One article at a time, while a bot is running; the model is loaded, as in `footnote build --watch`."""
    live = FileStore(folder / "data")
    live.current()
    whole, noticed = [], []
    for number in range(5):
        (folder / "sources" / f"added-{number}.md").write_text(
            f"# Added {number}\n\nThe quokka number{number} lives on an island. It eats leaves.\n", "utf-8"
        )
        began = time.time()
        seen = _Noticing(live)
        report = build(folder / "sources", folder / "data", MadeUpEncoder())
        noticed.append(seen.seconds_after(folder / "data" / CURRENT, report.generation))
        hits = Searcher(live.current(), MadeUpEncoder()).search(f"quokka number{number}", 3)
        assert f"added-{number}" in {hit.passage.article.id for hit in hits}
        whole.append(time.time() - began)
    for name, seconds, target in (
        (f"add an article to {at}: searchable", whole, most_seconds),
        (f"add an article to {at}: of this, the bot notices", noticed, NOTICE_TARGET_S),
    ):
        yield Figure(
            name, max(seconds), len(seconds), target=Target(target, True), unit=Unit.SECONDS, note="worst"
        )
    gone = min((folder / "sources").glob("a0*.md"))
    gone.unlink()
    removing = _seconds(lambda: build(folder / "sources", folder / "data", MadeUpEncoder()))
    assert load_generation(folder / "data").article(gone.stem) is None
    yield Figure(
        f"remove an article of {at}: searchable without it",
        removing + max(noticed),
        1,
        target=Target(most_seconds, True),
        unit=Unit.SECONDS,
    )


class _Noticing:
    """A thread that sees when a running bot has gone over to another generation."""

    def __init__(self, live: FileStore) -> None:
        self._live, self._before, self._at = live, live.current().id, 0.0
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def seconds_after(self, pointer: Path, generation: str) -> float:
        """Since `pointer` was replaced; waits until the bot has `generation`."""
        self._thread.join(60)
        assert self._live.current().id == generation
        return self._at - pointer.stat().st_mtime

    def _look(self) -> None:
        while self._live.current().id == self._before:
            time.sleep(0.002)
        self._at = time.time()


def _swapping(folder: Path, at: str, quick: bool) -> Iterator[Figure]:
    """Questions at full speed while rebuilds by another process swap the index under them."""
    encoder = MadeUpEncoder()
    asked = Askers(FileStore(folder / "data"), encoder)
    asked.start()
    time.sleep(0.5)
    asked.taken.clear()
    time.sleep(QUICK_REST_SECONDS if quick else REST_SECONDS)
    rest = list(asked.taken)
    asked.taken.clear()
    swaps = QUICK_SWAPS if quick else SWAPS
    _in_a_process(folder / "sources", folder / "data", str(swaps))
    during = list(asked.taken)
    failures = asked.stop()
    if failures:
        raise failures[0]
    ratio = float(np.percentile(during, 99) / np.percentile(rest, 99))
    yield Figure(
        f"p99 of {ASKERS} askers of {at} during {swaps} swaps, as a multiple of that at rest",
        ratio,
        len(during),
        target=Target(SWAP_TARGET, True),
        unit=Unit.TIMES,
        note=f"{len(asked.generations)} generations; {1000 * np.percentile(rest, 99):.0f} ms at rest",
    )


class Askers:
    """Threads that search as fast as they can, and check that what they are told is of one generation."""

    def __init__(self, live: FileStore, encoder: Encoder, count: int = ASKERS) -> None:
        self.taken: list[float] = []
        """Seconds of each question."""
        self.generations: set[str] = set()
        self._live, self._encoder = live, encoder
        self._searcher = Searcher(live.current(), encoder)
        self._failures: list[BaseException] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,), daemon=True) for n in range(count)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> list[BaseException]:
        """The failures of all."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        return self._failures

    def _ask(self, number: int) -> None:
        words = np.random.default_rng(number)
        try:
            while not self._stop.is_set():
                question = " ".join(f"w{n}" for n in words.zipf(1.3, 6) if n < VOCABULARY)
                question += " left right quokka version"
                began = time.perf_counter()
                searcher = self._current()
                hits = searcher.search(question, 10)
                self.taken.append(time.perf_counter() - began)
                self.generations.add(searcher.snapshot.id)
                for hit in hits:
                    if hit.passage.article is not searcher.snapshot.article(hit.passage.article.id):
                        raise AssertionError(f"{hit} is not of generation {searcher.snapshot.id}")
                versions = {found for hit in hits for found in _VERSION.findall(hit.passage.text)}
                if len(versions) > 1:
                    raise AssertionError(f"versions {versions} in one answer")
        except BaseException as failure:
            self._failures.append(failure)

    def _current(self) -> Searcher:
        generation = self._live.current()
        if self._searcher.snapshot is not generation:
            self._searcher = Searcher(generation, self._encoder)
        return self._searcher


def write_version(folder: Path, number: int) -> None:
    """Two articles that are always of the same version."""
    for name in ("left", "right"):
        (folder / f"{name}.md").write_text(
            f"# The quokka\n\nThe {name} quokka is version {number}.\n", "utf-8"
        )


def write_sources(folder: Path, passages: int) -> None:
    """Articles of `PASSAGES_AN_ARTICLE` passages each."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(SEED)
    words = np.array([f"w{number}" for number in range(VOCABULARY)])
    share = 1 / (np.arange(VOCABULARY) + 2.7)
    share /= share.sum()
    sentences = PASSAGES_AN_ARTICLE * SENTENCES_A_PASSAGE
    for number in range(passages // PASSAGES_AN_ARTICLE):
        drawn = words[draw.choice(VOCABULARY, (sentences, WORDS_A_SENTENCE), p=share)]
        lines = [" ".join(line).capitalize() + "." for line in drawn.tolist()]
        text = "\n\n".join(
            " ".join(lines[n : n + SENTENCES_A_PASSAGE]) for n in range(0, sentences, SENTENCES_A_PASSAGE)
        )
        (folder / f"a{number:05d}.md").write_text(f"# Article {number}\n\n{text}\n", "utf-8")


def _in_a_process(sources: Path, data: Path, swaps: str = "0") -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.growth", str(sources), str(data), swaps]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _main() -> None:
    """A build in a process of its own, with the imports of the command line; or several, each of a change."""
    import resource

    import bot.terminal.build
    import bot.wiring  # noqa: F401

    sources, data, swaps = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    for number in range(swaps):
        write_version(sources, number)
        build(sources, data, MadeUpEncoder())
    report = build(sources, data, MadeUpEncoder())
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"seconds": report.seconds, "megabytes": megabytes}))


if __name__ == "__main__":
    _main()
