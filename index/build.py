"""Sources -> a new current generation; only what changed is read, split and embedded."""

from __future__ import annotations

import hashlib
import inspect
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Protocol

import numpy as np

from index import article as article_code
from index import chunking as chunking_code
from index import html_blocks as html_blocks_code
from index import keywords as keywords_code
from index import lines as lines_code
from index import marks as marks_code
from index import outline as outline_code
from index import paragraphs as paragraphs_code
from index import sentences as sentences_code
from index import terms as terms_code
from index import units as units_code
from index.chunking import Chunks, chunk, context_text
from index.folder import NO_SENTENCE, Known, Reading, known_files, read_sources
from index.generations import KEPT_GENERATIONS, LOCK_SECONDS, FileStore
from index.manifest import DamagedGeneration, Manifest, Recipe, SourceEntry
from index.reasons import Reason, Why
from index.rendering import context, searched
from index.store import Draft, Snapshot, Store
from index.types import (
    Article,
    BuildReport,
    ChunkSettings,
    Encoder,
    FootnoteError,
    Passage,
    SourceFailure,
    Table,
    Vectors,
)
from index.writer import Contents, digest, digests_of

# Texts between two steps of the progress bar; eight batches, so that sorting by length still pays.
SLICE_TEXTS = 256
# Articles that are embedded and held in memory together: their vectors take 60 MB.
BATCH_PASSAGES = 4_000
# Says that the last article was removed on purpose.  Without it an empty folder is a disk that was
# not mounted, and nothing to forget all articles for.
EMPTIED = "emptied"
# A shared index that loses more than half of so many articles is built from the wrong folder: that of a
# machine which has others.
FEW_ARTICLES = 10


class Progress(Protocol):
    def __call__(self, stage: str, done: int, total: int) -> None:
        """`stage` is "Reading", "Splitting", "Embedding" or "Saving", in this order.

        `done` runs from 0 to `total`; a build that finds nothing to do ends with "Splitting".
        """
        ...


Acceptance = Callable[[Snapshot], None]
"""Raises `FootnoteError` if a new generation must not become the current one."""


Embed = Callable[[Iterable[Sequence[str]]], Iterable[Vectors]]
"""Takes texts, some or none at a time, and returns the vectors of each of these, in their order."""


def _silent(stage: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Options of one build."""

    progress: Progress = _silent
    chunking: ChunkSettings = field(default_factory=ChunkSettings)
    keep: int = KEPT_GENERATIONS
    """How many generations stay."""
    lock_seconds: float = LOCK_SECONDS
    """How long to wait for another build."""
    accept: Acceptance | None = None
    store: Store | None = None
    """None: in files, in the data folder."""
    embed: Embed | None = None
    """None: by the encoder, in this process."""
    shared: bool = False
    """Whether machines with other folders may build the same index: most of its articles then stay."""


DEFAULTS = BuildOptions()


def build(sources: Path, data: Path, encoder: Encoder, options: BuildOptions = DEFAULTS) -> BuildReport:
    """Bring the index up to date with `sources`; `data` is the folder of what this machine remembers.

    Raise `FootnoteError`, and leave the current generation as it is, if not a single article can be
    read, if another build does not end in time, if the disk refuses, if `options.accept` does, or if a
    shared index would lose most of its articles.
    An article whose file can no longer be read stays in the index as it last was.
    """
    started = time.monotonic()
    store = options.store or FileStore(data)
    with store.draft(options.keep, options.lock_seconds) as draft:
        while True:
            lost = draft.lost
            try:
                report = _Build(sources, data, encoder, options, draft).run()
                break
            except DamagedGeneration:
                # The draft goes on with an older generation, or with none.
                if draft.lost == lost:
                    raise
    return replace(report, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class _Part:
    """An article that is worked on."""

    article: Article
    chunks: Chunks

    @property
    def sentence_texts(self) -> Iterator[str]:
        return (searched(unit, self.article.text) for unit in self.chunks.units)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The contents planned for the new generation."""

    fresh: Mapping[str, tuple[str, str]]
    """The articles whose files can be used: id -> file and checksum, in order of the files."""
    parts: tuple[_Part, ...]
    """The articles that the last generation did not have like this, in order of their files."""
    removed: tuple[str, ...]
    stale: Mapping[str, str]
    failures: tuple[SourceFailure, ...]


@dataclass(slots=True)
class _Batch:
    """Articles whose vectors come one slice of texts after the other."""

    parts: Sequence[_Part]
    sentences: Sequence[str]
    vectors: Vectors
    """Of the passages, then of the sentences."""
    missing: list[int]
    """The rows that are to be embedded, in order."""
    filled: int = 0
    """How many of these are."""

    @property
    def whole(self) -> bool:
        return self.filled == len(self.missing)

    def fill(self, found: Vectors) -> None:
        self.vectors[self.missing[self.filled : self.filled + len(found)]] = found
        self.filled += len(found)


class _Build:
    """One attempt at a build."""

    def __init__(
        self, sources: Path, data: Path, encoder: Encoder, options: BuildOptions, draft: Draft
    ) -> None:
        self._folder = sources
        self._emptied = data / EMPTIED
        self._encoder = encoder
        self._options = options
        self._draft = draft
        self._recipe = Recipe(encoder.name, encoder.fingerprint, encoder.dimension, options.chunking, _code())
        last = draft.last
        self._before: Mapping[str, SourceEntry] = {} if last is None else {e.id: e for e in last.sources}
        self._why = draft.lost if last is None else _difference(last.recipe, self._recipe) or draft.lost
        self._split_alike = last is not None and self._why == draft.lost

    def run(self) -> BuildReport:
        progress, last = self._options.progress, self._draft.last
        progress("Reading", 0, 1)
        reading = read_sources(self._folder, self._known())
        progress("Reading", 1, 1)
        plan = self._plan(reading)
        if not plan.fresh and (plan.failures or not self._emptied.exists()):
            raise _nothing_to_index(self._folder, plan.failures)
        if self._options.shared and len(plan.removed) > max(FEW_ARTICLES, len(self._before) / 2):
            raise _most_are_missing(self._folder, len(plan.removed), len(self._before))
        warnings = reading.warnings
        made = last
        if last is None or self._differs(plan, last):
            left = self._rolled_back(plan) if self._why is None else None
            if left is not None and last is not None:
                warnings = (_stays(last.id, left), *warnings)
                plan = replace(plan, fresh={}, removed=())
            else:
                made = self._made(plan)
        assert made is not None
        self._emptied.unlink(missing_ok=True)
        before = self._before
        known = {id: _mark(before[id]) == mark for id, mark in plan.fresh.items() if id in before}
        return BuildReport(
            generation=made.id,
            added=tuple(id for id in plan.fresh if id not in before),
            changed=tuple(id for id, same in known.items() if not same),
            removed=plan.removed,
            unchanged=tuple(id for id, same in known.items() if same),
            failed=plan.failures,
            warnings=warnings,
            passages=made.passages,
            sentences=made.sentences,
            seconds=0.0,
            rebuilt_because=self._why,
        )

    def _known(self) -> dict[str, Known]:
        """Return the files that need not be read again if they have not changed."""
        return known_files(self._before.values()) if self._split_alike else {}

    def _plan(self, reading: Reading) -> _Plan:
        """Split what is new.  A file that fails now keeps its last good version: a typo loses no article."""
        progress, count = self._options.progress, len(reading.articles)
        fresh = {id: _mark(self._before[id]) for id in reading.unchanged}
        parts: dict[str, _Part] = {}
        failures = list(reading.failures)
        for number, article in enumerate(reading.articles):
            progress("Splitting", number, count)
            part = self._split(article)
            if part.chunks.passages:
                parts[article.id] = part
                fresh[article.id] = (article.file, article.sha256)
            else:
                failures.append(SourceFailure(article.file, NO_SENTENCE))
        progress("Splitting", count, count)
        stale: dict[str, str] = {}
        good = {entry.file: entry.id for entry in self._before.values()}
        for number, failure in enumerate(failures):
            id = good.get(failure.file)
            if id is None or id in fresh:
                continue
            stale[id] = str(failure.reason)
            failures[number] = replace(failure, reason=Reason(Why.STAYS, {"reason": failure.reason}))
            if not self._split_alike:
                article_before = self._draft.article(id)
                assert article_before is not None
                parts[id] = self._split(article_before)
        return _Plan(
            fresh=dict(sorted(fresh.items(), key=lambda item: item[1])),
            parts=tuple(sorted(parts.values(), key=lambda part: part.article.file)),
            removed=tuple(id for id in self._before if id not in fresh and id not in stale),
            stale=stale,
            failures=tuple(failures),
        )

    def _split(self, article: Article) -> _Part:
        return _Part(article, chunk(article, self._encoder.count_tokens, self._options.chunking))

    def _differs(self, plan: _Plan, last: Manifest) -> bool:
        stale = {entry.id: entry.stale for entry in last.sources if entry.stale is not None}
        return bool(plan.parts or plan.removed or self._why is not None or stale != plan.stale)

    def _rolled_back(self, plan: _Plan) -> str | None:
        """Return the generation that somebody went back from, if it was made of the articles as they are."""
        left = self._draft.left
        if left is None:
            return None
        marks = {entry.id: _mark(entry) for entry in left.sources if entry.stale is None}
        stale = {entry.id for entry in left.sources if entry.stale is not None}
        return left.id if marks == plan.fresh and stale == plan.stale.keys() else None

    def _made(self, plan: _Plan) -> Manifest:
        """Write the new generation and make it the current one."""
        draft, progress = self._draft, self._options.progress
        gone = {*plan.removed, *(part.article.id for part in plan.parts)}
        keep = [id for id in self._before if id not in gone] if self._split_alike else []
        draft.begin(self._recipe, keep, sum(len(part.chunks.sentences) for part in plan.parts))
        for contents in self._embedded(plan.parts):
            draft.add(contents)
        progress("Saving", 0, 1)
        made = draft.finish(plan.stale)
        if self._options.accept is not None:
            self._options.accept(made)
        draft.commit()
        progress("Saving", 1, 1)
        return made.manifest

    def _embedded(self, parts: Sequence[_Part]) -> Iterator[Contents]:
        """Yield parts with their vectors, as many at a time as memory holds well.

        Texts that the draft knows keep their vectors: an edit leaves most of an article alone.
        """
        embed = self._options.embed or partial(map, self._encoder.encode_documents)
        total = sum(len(part.chunks.passages) + len(part.chunks.sentences) for part in parts)
        done = 0
        self._options.progress("Embedding", done, total)
        begun: deque[_Batch] = deque()

        def slices() -> Iterator[Sequence[str]]:
            nonlocal done
            for batch in _batches(parts):
                passages = [context_text(passage) for part in batch for passage in part.chunks.passages]
                sentences = [text for part in batch for text in part.sentence_texts]
                # Together: a single article takes one pass over the model's weights instead of two.
                texts = [*passages, *sentences]
                vectors: Vectors = np.zeros((len(texts), self._encoder.dimension), np.float32)
                missing = self._remembered(texts, vectors)
                if len(missing) < len(texts):
                    done += len(texts) - len(missing)
                    self._options.progress("Embedding", done, total)
                begun.append(_Batch(batch, sentences, vectors, missing))
                # One at least, so that articles whose texts are all known do not pile up.
                for start in range(0, len(missing) or 1, SLICE_TEXTS):
                    yield [texts[row] for row in missing[start : start + SLICE_TEXTS]]

        for found in embed(slices()):
            begun[0].fill(found)
            done += len(found)
            self._options.progress("Embedding", done, total)
            if begun[0].whole:
                yield _contents(begun.popleft())

    def _remembered(self, texts: Sequence[str], vectors: Vectors) -> list[int]:
        """Fill in the vectors that are known, and return the rows of the others."""
        digests = [digest(text) for text in texts]
        known = self._draft.vectors(set(digests))
        for row, name in enumerate(digests):
            if name in known:
                vectors[row] = known[name]
        return [row for row, name in enumerate(digests) if name not in known]


def _difference(before: Recipe, now: Recipe) -> str | None:
    """Return why an index of another recipe cannot be taken on; None if it can."""
    if before.fingerprint != now.fingerprint:
        return f"The model changed: {before.model} before, {now.model} now."
    if before.chunking != now.chunking:
        return "The size of the passages changed."
    if before.code != now.code:
        return "This version of Footnote splits articles in another way."
    return None


@cache
def _code() -> str:
    """Return a hash of the code that makes an article of a file, and passages and terms of an article.

    An index that was made by other code would be searched by rules that it does not follow, and
    a version number in its place is forgotten sooner or later.  Splitting anew is cheap: texts
    that come out the same keep their vectors.
    """
    hashed = hashlib.sha256()
    units = (lines_code, outline_code, paragraphs_code, html_blocks_code, units_code)
    codes = (article_code, marks_code, sentences_code, *units, terms_code, chunking_code, keywords_code)
    for module in codes:
        hashed.update(Path(inspect.getfile(module)).read_bytes())
    return hashed.hexdigest()


def _mark(entry: SourceEntry) -> tuple[str, str]:
    return entry.file, entry.sha256


def _stays(current: str, left: str) -> str:
    return (
        f"The index stays at {current}: it was rolled back from {left}, which was made of these very "
        f"articles. Change them and build again, or return to it with `footnote rollback {left}`."
    )


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


def _contents(batch: _Batch) -> Contents:
    passages: list[Passage] = []
    tables: list[Table] = []
    for part in batch.parts:
        tables.append(part.chunks.sentences + np.array([len(passages), 0, 0], dtype=np.int32))
        passages.extend(part.chunks.passages)
    return Contents(
        articles=[part.article for part in batch.parts],
        passages=passages,
        sentences=np.concatenate(tables),
        contexts=[context(unit, part.article.text) for part in batch.parts for unit in part.chunks.units],
        vectors=batch.vectors[: len(passages)],
        sentence_vectors=batch.vectors[len(passages) :],
        sentence_digests=digests_of(batch.sentences),
    )


def _most_are_missing(folder: Path, missing: int, all: int) -> FootnoteError:
    return FootnoteError(
        f"Nothing was built: {missing:,} of the {all:,} articles in the shared index are not in {folder},"
        " and would be taken out of it for everybody. Build on the machine that has them; if they are to"
        " go, run `footnote build --remove-missing`."
    )


def _nothing_to_index(sources: Path, failures: Sequence[SourceFailure]) -> FootnoteError:
    if not failures:
        return FootnoteError(
            f"There are no articles in {sources}. Put .md or .txt files there, or name another folder with "
            "--sources."
        )
    reasons = "\n".join(f"  {failure.file}: {failure.reason}" for failure in failures)
    return FootnoteError(f"No article in {sources} can be used:\n{reasons}")
