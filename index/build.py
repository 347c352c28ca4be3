"""Sources -> a new current generation; only what changed is read, split, embedded and written."""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from index import article as article_code
from index import chunking as chunking_code
from index import marks as marks_code
from index import postings as postings_code
from index import sentences as sentences_code
from index import terms as terms_code
from index import units as units_code
from index.chunking import Chunks, Table, chunk, context_text
from index.draft import GenerationDraft
from index.folder import NO_SENTENCE, Known, Reading, known_files, read_sources
from index.generation import (
    KEPT_GENERATIONS,
    Generation,
    compose,
    make_current,
    new_manifest,
    prune,
    write_generation,
)
from index.manifests import (
    CURRENT,
    GENERATIONS,
    SEGMENTS,
    DamagedGeneration,
    Manifest,
    MissingGeneration,
    SegmentManifest,
    SourceEntry,
    StaleGeneration,
    current_name,
    held_back,
    kept_generations,
    read_generation,
    read_manifest,
)
from index.rendering import context, searched
from index.segments import Contents, SavedSegment, Segment, sweep, trusted_segment
from index.types import (
    Article,
    BuildReport,
    ChunkSettings,
    Encoder,
    FootnoteError,
    Passage,
    SourceFailure,
    Vectors,
)
from index.units import units_of
from index.vectors import SentenceVectors, VectorIndex

# Texts between two steps of the progress bar; eight batches, so that sorting by length still pays.
SLICE_TEXTS = 256
# Articles that are embedded and held in memory together: their vectors take 60 MB.
BATCH_PASSAGES = 4_000
LOCK_SECONDS = 60.0
LOCK_FILE = "build.lock"
# Says that the last article was removed on purpose.  Without it an empty folder is a disk that was
# not mounted, and nothing to forget all articles for.
EMPTIED = "emptied"


class Progress(Protocol):
    def __call__(self, stage: str, done: int, total: int) -> None:
        """`stage` is "Reading", "Splitting", "Embedding" or "Saving", in this order.

        `done` runs from 0 to `total`; a build that finds nothing to do ends with "Splitting".
        """
        ...


Acceptance = Callable[[Generation], None]
"""Raises `FootnoteError` where a new generation must not become the current one."""


def build(
    sources: Path,
    data: Path,
    encoder: Encoder,
    chunking: ChunkSettings | None = None,
    progress: Progress | None = None,
    lock_seconds: float = LOCK_SECONDS,
    keep: int = KEPT_GENERATIONS,
    accept: Acceptance | None = None,
) -> BuildReport:
    """Bring the index in `data` up to date with `sources`.

    Raise `FootnoteError`, and leave the current generation as it is, where not a single article
    can be read, where another build does not end within `lock_seconds`, where the disk refuses, or
    where `accept` does.  An article whose file can no longer be read stays in the index as it last was.
    """
    started = time.monotonic()
    with writing(data, lock_seconds):
        _tidy(data, keep)
        try:
            settings = _Settings(encoder, chunking or ChunkSettings(), keep, accept)
            report = _build(sources, data, settings, progress or _silent)
        except BaseException:
            _tidy(data, keep)
            raise
    return replace(report, seconds=time.monotonic() - started)


@contextmanager
def writing(data: Path, lock_seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the lock of the index, and say what a disk that refuses needs."""
    try:
        with _lock(data, lock_seconds):
            yield
    except OSError as error:
        where = error.filename or data
        raise FootnoteError(
            f"The index cannot be written: {where}: {error.strerror or error}. Check free space and "
            "permissions, or name another folder with --data."
        ) from error


@dataclass(frozen=True, slots=True)
class _Settings:
    """How a generation is made."""

    encoder: Encoder
    chunking: ChunkSettings
    keep: int
    accept: Acceptance | None


def _build(sources: Path, data: Path, settings: _Settings, progress: Progress) -> BuildReport:
    progress("Reading", 0, 1)
    last = _last(data, settings)
    reading = read_sources(sources, last.known)
    progress("Reading", 1, 1)
    plan = _plan(reading, last, settings, progress)
    emptied = data / EMPTIED
    if not plan.fresh and (plan.failures or not emptied.exists()):
        raise _nothing_to_index(sources, plan.failures)
    manifest, warnings = last.manifest, reading.warnings
    if manifest is None or plan.differs(last):
        rolled_back = _rolled_back(data, plan) if last.rebuild_because is None else None
        if rolled_back is not None and manifest is not None:
            warnings = (_stays(manifest.id, rolled_back), *warnings)
            plan = replace(plan, fresh={}, removed=())
        else:
            manifest = _made(data, plan, last, settings, progress)
    assert manifest is not None
    emptied.unlink(missing_ok=True)
    before = last.sources
    return BuildReport(
        generation=manifest.id,
        added=tuple(id for id in plan.fresh if id not in before),
        changed=tuple(id for id, mark in plan.fresh.items() if id in before and _mark(before[id]) != mark),
        removed=plan.removed,
        unchanged=tuple(id for id, mark in plan.fresh.items() if id in before and _mark(before[id]) == mark),
        failed=plan.failures,
        warnings=warnings,
        passages=manifest.passages,
        sentences=manifest.sentences,
        seconds=0.0,
        rebuilt_because=last.rebuild_because,
    )


@dataclass(frozen=True, slots=True)
class _Last:
    """What the build before this one left."""

    manifest: Manifest | None
    segments: tuple[Segment | SavedSegment, ...]
    """Those that are whole."""
    sources: Mapping[str, SourceEntry]
    """Of all segments, by id."""
    vectors_alike: bool
    """Whether the model is the same."""
    split_alike: bool
    """Whether its segments are what this build would make of the same articles."""
    rebuild_because: str | None

    @property
    def known(self) -> dict[str, Known]:
        """The files that need not be read again where they have not changed."""
        whole = (entry for segment in self.segments for entry in segment.sources)
        return known_files(whole) if self.split_alike else {}

    def places(self) -> dict[str, tuple[Segment | SavedSegment, int]]:
        """Where each article that can still be read lies."""
        return {e.id: (segment, n) for segment in self.segments for n, e in enumerate(segment.sources)}


@dataclass(frozen=True, slots=True)
class _Part:
    """An article that is worked on."""

    article: Article
    chunks: Chunks


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the new generation is to hold."""

    fresh: Mapping[str, tuple[str, str]]
    """The articles whose files can be used: id -> file and checksum, in order of the files."""
    parts: tuple[_Part, ...]
    """The articles that the last generation did not have like this, in order of their files."""
    removed: tuple[str, ...]
    stale: Mapping[str, str]
    failures: tuple[SourceFailure, ...]

    def differs(self, last: _Last) -> bool:
        manifest = last.manifest
        whole = manifest is not None and len(manifest.segments) == len(last.segments) and last.split_alike
        return (
            bool(self.parts or self.removed) or not whole or manifest is None or manifest.stale != self.stale
        )


def _last(data: Path, settings: _Settings) -> _Last:
    try:
        found = read_generation(data, current_name(data))
    except MissingGeneration:
        return _Last(None, (), {}, False, False, None)
    except DamagedGeneration as error:
        return _rescued(data, settings, str(error).removesuffix(" Run `footnote build`."))
    except StaleGeneration:
        return _Last(None, (), {}, False, False, "The index was made by another version of Footnote.")
    return _opened(data, *found, settings, None)


def _rescued(data: Path, settings: _Settings, damage: str) -> _Last:
    """The newest generation that can be read has most of what a damaged one had."""
    for name in kept_generations(data):
        with suppress(FootnoteError):
            last = _opened(data, *read_generation(data, name), settings, damage)
            return replace(last, manifest=None)
    return _Last(None, (), {}, False, False, damage)


def _opened(
    data: Path,
    manifest: Manifest,
    parts: Sequence[SegmentManifest],
    settings: _Settings,
    damage: str | None,
) -> _Last:
    segments: list[Segment | SavedSegment] = []
    for part in parts:
        try:
            segments.append(trusted_segment(data, part))
        except DamagedGeneration as error:
            damage = str(error).removesuffix(" Run `footnote build`.")
    sources = {entry.id: entry for entry in manifest.sources}
    vectors_alike = manifest.fingerprint == settings.encoder.fingerprint
    reason = damage
    if not vectors_alike:
        reason = f"The model changed: {manifest.model} before, {settings.encoder.name} now."
    elif manifest.chunking != settings.chunking:
        reason = "The size of the passages changed."
    elif manifest.recipe != _recipe():
        reason = "This version of Footnote splits articles in another way."
    split_alike = reason == damage
    return _Last(manifest, tuple(segments), sources, vectors_alike, split_alike, reason)


@cache
def _recipe() -> str:
    """Hash of the code that makes an article of a file, and passages, sentences and terms of an article.

    An index that was made by other code would be searched by rules that it does not follow, and
    a version number in its place is forgotten sooner or later.  Splitting anew is cheap: texts
    that come out the same keep their vectors.
    """
    digest = hashlib.sha256()
    codes = (article_code, marks_code, sentences_code, units_code, terms_code, chunking_code, postings_code)
    for module in codes:
        digest.update(Path(inspect.getfile(module)).read_bytes())
    return digest.hexdigest()


def _plan(reading: Reading, last: _Last, settings: _Settings, progress: Progress) -> _Plan:
    """Split what is new.  A file that fails now keeps its last good version: a typo loses no article."""

    def split(article: Article) -> _Part:
        return _Part(article, chunk(article, settings.encoder.count_tokens, settings.chunking))

    fresh = {id: _mark(last.sources[id]) for id in reading.unchanged}
    parts: dict[str, _Part] = {}
    failures = list(reading.failures)
    for number, article in enumerate(reading.articles):
        progress("Splitting", number, len(reading.articles))
        part = split(article)
        if part.chunks.passages:
            parts[article.id] = part
            fresh[article.id] = (article.file, article.sha256)
        else:
            failures.append(SourceFailure(article.file, NO_SENTENCE))
    progress("Splitting", len(reading.articles), len(reading.articles))
    stale: dict[str, str] = {}
    places = last.places()
    good = {entry.file: entry.id for entry in last.sources.values()}
    for number, failure in enumerate(failures):
        id = good.get(failure.file)
        if id is None or id in fresh or id not in places:
            continue
        stale[id] = failure.reason
        failures[number] = replace(
            failure, reason=f"{failure.reason} Until then its last good version stays."
        )
        if not last.split_alike:
            segment, place = places[id]
            parts[id] = split(segment.open().articles[place])
    return _Plan(
        fresh=dict(sorted(fresh.items(), key=lambda item: item[1])),
        parts=tuple(sorted(parts.values(), key=lambda part: part.article.file)),
        removed=tuple(id for id in last.sources if id not in fresh and id not in stale),
        stale=stale,
        failures=tuple(failures),
    )


def _mark(entry: SourceEntry) -> tuple[str, str]:
    return entry.file, entry.sha256


def _rolled_back(data: Path, plan: _Plan) -> str | None:
    """The generation that somebody went back from, where the articles are still those it was made of."""
    with suppress(FootnoteError):
        left = held_back(data)
        if left is not None:
            manifest = read_manifest(data / GENERATIONS / left)
            marks = {entry.id: _mark(entry) for entry in manifest.sources if entry.stale is None}
            if marks == plan.fresh and manifest.stale.keys() == plan.stale.keys():
                return left
    return None


def _stays(current: str, left: str) -> str:
    return (
        f"The index stays at {current}: it was rolled back from {left}, which was made of these very "
        f"articles. Change them and build again, or return to it with `footnote rollback {left}`."
    )


def _made(data: Path, plan: _Plan, last: _Last, settings: _Settings, progress: Progress) -> Manifest:
    """Write the new generation and make it the current one."""
    draft = GenerationDraft(data, last.segments if last.split_alike else ())
    worked_on = [part.article.id for part in plan.parts]
    draft.remove([*plan.removed, *worked_on])
    gone = set(last.sources) if not last.split_alike else {*plan.removed, *worked_on}
    memory = _Memory(last.segments if last.vectors_alike else (), gone)
    for contents in _embedded(plan.parts, memory, settings.encoder, progress):
        draft.add(contents)
    progress("Saving", 0, 1)
    segments = draft.finish()
    before = last.manifest.id if last.manifest else None
    manifest = new_manifest(
        segments,
        settings.encoder,
        settings.chunking,
        _recipe(),
        stale=plan.stale,
        before=before,
        precisions=_precisions(last, settings.encoder),
    )
    if settings.accept is not None:
        settings.accept(compose(manifest, [segment.open() for segment in segments]))
    write_generation(data, manifest)
    make_current(data, manifest.id)
    prune(data, settings.keep)
    progress("Saving", 1, 1)
    return manifest


def _precisions(last: _Last, encoder: Encoder) -> set[str]:
    """Those of the vectors that may still be there, and of those that were added."""
    kept = last.manifest.precisions if last.manifest is not None and last.vectors_alike else ()
    # Most encoders know one way only, and say nothing of it.
    return {*kept, *getattr(encoder, "precisions", ())}


def _embedded(
    parts: Sequence[_Part], memory: _Memory, encoder: Encoder, progress: Progress
) -> Iterator[Contents]:
    """Parts with the vectors of their passages and sentences, as many at a time as memory holds well."""
    total = sum(memory.unknown(part) for part in parts)
    done = 0
    progress("Embedding", done, total)
    for batch in _batches(parts):
        passages = _Embedding(encoder.dimension, sum(len(part.chunks.passages) for part in batch))
        sentences = _Embedding(encoder.dimension, sum(len(part.chunks.sentences) for part in batch))
        for part in batch:
            for passage in part.chunks.passages:
                passages.add(context_text(passage), memory.passage)
            for text in _sentence_texts(part):
                sentences.add(text, memory.sentence)
        # Together: a single article takes one pass over the model's weights instead of two.
        missing = [(kind.vectors, *one) for kind in (passages, sentences) for one in kind.missing]
        for start in range(0, len(missing), SLICE_TEXTS):
            texts = missing[start : start + SLICE_TEXTS]
            found = encoder.encode_documents([text for _, _, text in texts])
            for (vectors, row, _), vector in zip(texts, found, strict=True):
                vectors[row] = vector
            done += len(texts)
            progress("Embedding", done, total)
        yield _contents(batch, passages.vectors, sentences.vectors)


def _batches(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    batch: list[_Part] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += len(part.chunks.passages)
        if size >= BATCH_PASSAGES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Embedding:
    """A matrix that is filled row by row, and the texts whose rows are still missing."""

    def __init__(self, dimension: int, rows: int) -> None:
        self.vectors: Vectors = np.zeros((rows, dimension), np.float32)
        self.missing: list[tuple[int, str]] = []
        self._next = 0

    def add(self, text: str, memory: Callable[[str], Vectors | None]) -> None:
        known = memory(text)
        if known is None:
            self.missing.append((self._next, text))
        else:
            self.vectors[self._next] = known
        self._next += 1


class _Memory:
    """Vectors of the texts of articles that were edited, renamed or split in another way.

    An edit leaves most sentences of its article alone.
    """

    def __init__(self, segments: Sequence[Segment | SavedSegment], gone: Collection[str]) -> None:
        self._passages: dict[bytes, tuple[Segment, int]] = {}
        self._sentences: dict[bytes, tuple[Segment, int]] = {}
        for saved in segments:
            numbers = [number for number, entry in enumerate(saved.sources) if entry.id in gone]
            if not numbers:
                continue
            segment = saved.open()
            rows = np.flatnonzero(np.isin(segment.places[:, 0], numbers))
            for row in rows.tolist():
                self._passages[_digest(context_text(segment.passage(row)))] = (segment, row)
            texts = {
                (number, unit.start): searched(unit, segment.articles[number].text)
                for number in numbers
                for unit in units_of(segment.articles[number])
            }
            for row in np.flatnonzero(np.isin(segment.sentences[:, 0], rows)).tolist():
                number, start, _ = segment.sentences[row].tolist()
                # An index that another version made may have other sentences.
                if (text := texts.get((int(segment.places[number, 0]), start))) is not None:
                    self._sentences[_digest(text)] = (segment, row)

    def unknown(self, part: _Part) -> int:
        """How many texts of a part it does not know."""
        if not self._passages:
            return len(part.chunks.passages) + len(part.chunks.sentences)
        passages = sum(_digest(context_text(p)) not in self._passages for p in part.chunks.passages)
        return passages + sum(_digest(text) not in self._sentences for text in _sentence_texts(part))

    def passage(self, text: str) -> Vectors | None:
        place = self._passages.get(_digest(text))
        return None if place is None else place[0].vectors.reconstruct(np.array([place[1]]))[0]

    def sentence(self, text: str) -> Vectors | None:
        place = self._sentences.get(_digest(text))
        return None if place is None else place[0].sentence_vectors.rows(np.array([place[1]]))[0]


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _sentence_texts(part: _Part) -> Iterator[str]:
    return (searched(unit, part.article.text) for unit in part.chunks.units)


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
        contexts=[context(unit, part.article.text) for part in parts for unit in part.chunks.units],
        vectors=VectorIndex.build(vectors),
        sentence_vectors=SentenceVectors.build(sentence_vectors),
    )


def _nothing_to_index(sources: Path, failures: Sequence[SourceFailure]) -> FootnoteError:
    if not failures:
        return FootnoteError(
            f"There are no articles in {sources}. Put .md or .txt files there, or name another folder with "
            "--sources."
        )
    reasons = "\n".join(f"  {failure.file}: {failure.reason}" for failure in failures)
    return FootnoteError(f"No article in {sources} can be used:\n{reasons}")


def _tidy(data: Path, keep: int) -> None:
    """Delete what no kept generation needs: what was interrupted, refused, or is too old."""
    if not (data / CURRENT).exists():
        for place in (data / GENERATIONS, data / SEGMENTS):
            sweep(place)
        if not kept_generations(data):
            shutil.rmtree(data / SEGMENTS, ignore_errors=True)
        return
    # Damage is for the build to repair; until then nothing can be told to be needless.
    with suppress(FootnoteError, OSError):
        prune(data, keep)


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
