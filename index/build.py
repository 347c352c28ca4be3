"""Sources -> a new current generation; only texts that the last one did not have are embedded."""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index import chunking as chunking_code
from index import keywords as keywords_code
from index import sentences as sentences_code
from index import tokens as tokens_code
from index.chunking import Chunks, ChunkSettings, Table, chunk, context_text
from index.generation import (
    Contents,
    DamagedGeneration,
    Generation,
    MissingGeneration,
    StaleGeneration,
    load_generation,
    make_current,
    prune,
    write_generation,
)
from index.keywords import KeywordIndex
from index.reading import Reading, read_sources
from index.types import Article, BuildReport, Encoder, FootnoteError, Passage, SourceFailure, Vectors
from index.vectors import SentenceVectors, VectorIndex

# Texts between two steps of the progress bar; eight batches, so that sorting by length still pays.
SLICE_TEXTS = 256
LOCK_SECONDS = 60.0
LOCK_FILE = "build.lock"


class Progress(Protocol):
    def __call__(self, stage: str, done: int, total: int) -> None:
        """`stage` is "Reading", "Splitting", "Embedding" or "Saving", in this order.

        `done` runs from 0 to `total`; a build that finds nothing to do ends with "Splitting".
        """
        ...


def build(
    sources: Path,
    data: Path,
    encoder: Encoder,
    chunking: ChunkSettings | None = None,
    progress: Progress | None = None,
    lock_seconds: float = LOCK_SECONDS,
) -> BuildReport:
    """Bring the index in `data` up to date with `sources`.

    Raise `FootnoteError`, and leave the current generation as it is, where not a single article
    can be read, where another build does not end within `lock_seconds`, or where the disk refuses.
    An article whose file can no longer be read stays in the index as it last was.
    """
    started = time.monotonic()
    try:
        with _lock(data, lock_seconds):
            report = _build(sources, data, encoder, chunking or ChunkSettings(), progress or _silent)
    except OSError as error:
        where = error.filename or data
        raise FootnoteError(
            f"The index cannot be written: {where}: {error.strerror or error}. Check free space and "
            "permissions, or name another folder with --data."
        ) from error
    return replace(report, seconds=time.monotonic() - started)


def _build(
    sources: Path, data: Path, encoder: Encoder, chunking: ChunkSettings, progress: Progress
) -> BuildReport:
    progress("Reading", 0, 1)
    reading = read_sources(sources)
    progress("Reading", 1, 1)
    last = _last(data, encoder, chunking)
    parts, failures = _parts(reading, last, encoder, chunking, progress)
    failed_files = {failure.file for failure in failures}
    fresh = {part.article.id: part.article for part in parts if part.article.file not in failed_files}
    if not fresh:
        raise _nothing_to_index(sources, failures)
    generation = last.generation
    if generation is None or not last.split_alike or generation.articles != tuple(p.article for p in parts):
        vectors = _embed(parts, last, encoder, progress)
        progress("Saving", 0, 1)
        generation = write_generation(data, _contents(parts, *vectors), encoder, chunking)
        make_current(data, generation.id)
        prune(data)
        progress("Saving", 1, 1)
    before = last.articles
    kept = {part.article.id for part in parts}
    return BuildReport(
        generation=generation.id,
        added=tuple(id for id in fresh if id not in before),
        changed=tuple(id for id in fresh if id in before and before[id] != fresh[id]),
        removed=tuple(id for id in before if id not in kept),
        unchanged=tuple(id for id in fresh if before.get(id) == fresh[id]),
        failed=tuple(failures),
        warnings=reading.warnings,
        passages=len(generation.passages),
        sentences=len(generation.sentences),
        seconds=0.0,
        rebuilt_because=last.rebuild_because,
    )


@dataclass(frozen=True, slots=True)
class _Last:
    """What the build before this one left."""

    articles: Mapping[str, Article]
    generation: Generation | None
    """None where its vectors are of no use, or where there was none."""
    split_alike: bool
    """Whether its passages and sentences are what this build would make of the same articles."""
    rebuild_because: str | None


@dataclass(frozen=True, slots=True)
class _Part:
    """One article's share of the new generation."""

    article: Article
    chunks: Chunks
    place: tuple[int, int] | None
    """Its first passage and first sentence in the last generation, where it is the same there."""


def _last(data: Path, encoder: Encoder, chunking: ChunkSettings) -> _Last:
    try:
        last = load_generation(data)
    except MissingGeneration:
        return _Last({}, None, False, None)
    except DamagedGeneration as error:
        return _Last({}, None, False, str(error).removesuffix(" Run `footnote build`."))
    except StaleGeneration:
        return _Last({}, None, False, "The index was made by another version of Footnote.")
    manifest = last.manifest
    articles = {article.id: article for article in last.articles}
    if manifest.fingerprint != encoder.fingerprint:
        reason = f"The model changed: {manifest.model} before, {encoder.name} now."
        return _Last(articles, None, False, reason)
    if manifest.chunking != chunking:
        return _Last(articles, last, False, "The size of the passages changed.")
    if manifest.recipe != _recipe():
        return _Last(articles, last, False, "This version of Footnote splits articles in another way.")
    return _Last(articles, last, True, None)


@cache
def _recipe() -> str:
    """Hash of the code that makes passages, sentences and terms of an article.

    An index that was made by other code would be searched by rules that it does not follow, and
    a version number in its place is forgotten sooner or later.  Splitting anew is cheap: texts
    that come out the same keep their vectors.
    """
    digest = hashlib.sha256()
    for module in (sentences_code, tokens_code, chunking_code, keywords_code):
        digest.update(Path(inspect.getfile(module)).read_bytes())
    return digest.hexdigest()


def _parts(
    reading: Reading, last: _Last, encoder: Encoder, chunking: ChunkSettings, progress: Progress
) -> tuple[list[_Part], list[SourceFailure]]:
    """Split every article, in order of the files.

    A file that fails now keeps its last good version: a typo must not lose an article.
    """
    known = _parts_of(last.generation) if last.generation and last.split_alike else {}

    def split(article: Article) -> _Part:
        part = known.get(article.id)
        if part is not None and part.article == article:
            return part
        return _Part(article, chunk(article, encoder.count_tokens, chunking), None)

    parts: dict[str, _Part] = {}
    failures = list(reading.failures)
    for number, article in enumerate(reading.articles):
        progress("Splitting", number, len(reading.articles))
        part = split(article)
        if part.chunks.passages:
            parts[article.id] = part
        else:
            reason = "holds no sentence, only headings and marks. Write some text, or delete the file."
            failures.append(SourceFailure(article.file, reason))
    progress("Splitting", len(reading.articles), len(reading.articles))
    good = {article.file: article for article in last.articles.values()}
    for number, failure in enumerate(failures):
        article_before = good.get(failure.file)
        if article_before is not None and article_before.id not in parts:
            parts[article_before.id] = split(article_before)
            reason = f"{failure.reason} Until then its last good version stays."
            failures[number] = replace(failure, reason=reason)
    return sorted(parts.values(), key=lambda part: part.article.file), failures


def _parts_of(generation: Generation) -> dict[str, _Part]:
    """A generation taken apart into its articles, which are in order of their passages."""
    parts: dict[str, _Part] = {}
    first = 0
    for entry, article in zip(generation.manifest.sources, generation.articles, strict=True):
        stop = first + entry.passages
        rows = slice(int(generation.sentence_offsets[first]), int(generation.sentence_offsets[stop]))
        sentences = generation.sentences[rows] - np.array([first, 0, 0], dtype=np.int32)
        chunks = Chunks(generation.passages[first:stop], sentences)
        parts[article.id] = _Part(article, chunks, (first, rows.start))
        first = stop
    return parts


def _embed(
    parts: Sequence[_Part], last: _Last, encoder: Encoder, progress: Progress
) -> tuple[Vectors, Vectors]:
    """Vectors of all passages and of all sentences; what the last generation had is copied."""
    passages = _Embedding(encoder.dimension, sum(len(part.chunks.passages) for part in parts))
    sentences = _Embedding(encoder.dimension, sum(len(part.chunks.sentences) for part in parts))
    generation = last.generation
    memory = _Memory(generation, {part.article.id for part in parts if part.place})
    for part in parts:
        if part.place and generation:
            first, stop = part.place[0], part.place[0] + len(part.chunks.passages)
            passages.copy(generation.vectors.reconstruct(np.arange(first, stop)))
            first, stop = part.place[1], part.place[1] + len(part.chunks.sentences)
            sentences.copy(generation.sentence_vectors.rows(slice(first, stop)))
        else:
            for passage in part.chunks.passages:
                passages.add(context_text(passage), memory.passage)
            for text in _sentence_texts(part):
                sentences.add(text, memory.sentence)
    total = len(passages.missing) + len(sentences.missing)
    done = 0
    progress("Embedding", done, total)
    for embedding in (passages, sentences):
        for start in range(0, len(embedding.missing), SLICE_TEXTS):
            missing = embedding.missing[start : start + SLICE_TEXTS]
            vectors = encoder.encode_documents([text for _, text in missing])
            embedding.vectors[[row for row, _ in missing]] = vectors
            done += len(missing)
            progress("Embedding", done, total)
    return passages.vectors, sentences.vectors


class _Embedding:
    """A matrix that is filled row by row, and the texts whose rows are still missing."""

    def __init__(self, dimension: int, rows: int) -> None:
        self.vectors: Vectors = np.zeros((rows, dimension), np.float32)
        self.missing: list[tuple[int, str]] = []
        self._next = 0

    def copy(self, vectors: Vectors) -> None:
        self.vectors[self._next : self._next + len(vectors)] = vectors
        self._next += len(vectors)

    def add(self, text: str, memory: Callable[[str], Vectors | None]) -> None:
        known = memory(text)
        if known is None:
            self.missing.append((self._next, text))
            self._next += 1
        else:
            self.copy(known)


class _Memory:
    """Vectors of the texts of articles that were edited, renamed or split in another way.

    An edit leaves most sentences of its article alone.
    """

    def __init__(self, generation: Generation | None, copied: set[str]) -> None:
        self._generation = generation
        self._passages: dict[bytes, int] = {}
        self._sentences: dict[bytes, int] = {}
        for id, part in (_parts_of(generation) if generation else {}).items():
            if id in copied or part.place is None:
                continue
            for row, passage in enumerate(part.chunks.passages, part.place[0]):
                self._passages[_digest(context_text(passage))] = row
            for row, text in enumerate(_sentence_texts(part), part.place[1]):
                self._sentences[_digest(text)] = row

    def passage(self, text: str) -> Vectors | None:
        row = self._passages.get(_digest(text))
        if row is None or self._generation is None:
            return None
        return self._generation.vectors.reconstruct(_one(row))

    def sentence(self, text: str) -> Vectors | None:
        row = self._sentences.get(_digest(text))
        if row is None or self._generation is None:
            return None
        return self._generation.sentence_vectors.rows(_one(row))


def _one(row: int) -> npt.NDArray[np.int64]:
    return np.array([row], dtype=np.int64)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _sentence_texts(part: _Part) -> Iterator[str]:
    return (part.article.text[start:end] for _, start, end in part.chunks.sentences.tolist())


def _contents(parts: Sequence[_Part], vectors: Vectors, sentence_vectors: Vectors) -> Contents:
    passages: list[Passage] = []
    tables: list[Table] = []
    for part in parts:
        tables.append(part.chunks.sentences + np.array([len(passages), 0, 0], dtype=np.int32))
        passages.extend(part.chunks.passages)
    return Contents(
        articles=[part.article for part in parts],
        passages=passages,
        sentences=np.concatenate(tables),
        vectors=VectorIndex.build(vectors),
        sentence_vectors=SentenceVectors.build(sentence_vectors),
        keywords=KeywordIndex.build(context_text(passage) for passage in passages),
        recipe=_recipe(),
    )


def _nothing_to_index(sources: Path, failures: Sequence[SourceFailure]) -> FootnoteError:
    if not failures:
        return FootnoteError(
            f"There are no articles in {sources}. Put .md or .txt files there, or name another folder with "
            "--sources."
        )
    reasons = "\n".join(f"  {failure.file}: {failure.reason}" for failure in failures)
    return FootnoteError(f"No article in {sources} can be used:\n{reasons}")


@contextmanager
def _lock(data: Path, seconds: float) -> Iterator[None]:
    """One build at a time; the lock ends with its process, however that ends."""
    data.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    with (data / LOCK_FILE).open("a+", encoding="utf-8") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    stream.seek(0)
                    holder = stream.read().strip() or "unknown"
                    raise FootnoteError(
                        f"Another build is writing to {data} (process {holder}). Wait for it, or stop it."
                    ) from error
                time.sleep(0.05)
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def _silent(stage: str, done: int, total: int) -> None:
    pass
