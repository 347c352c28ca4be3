"""A generation of the index: its segments as one whole to search, how it is written, and how it is swapped.

A generation is written aside, renamed into place, and made current by replacing one small file.
So a reader sees a whole generation or none, whatever happens to the writer.  Knows nothing of how
a generation is made.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import threading
import time
import weakref
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import accumulate, chain
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt

from index.chunking import Table
from index.files import signature, sync, write_whole
from index.keywords import KeywordIndex
from index.manifests import (
    CURRENT,
    FORMAT_VERSION,
    GENERATIONS,
    MANIFEST,
    SEGMENTS,
    DamagedGeneration,
    Manifest,
    MissingGeneration,
    SegmentManifest,
    SourceEntry,
    StaleGeneration,
    checked,
    checksum_of,
    current_name,
    damaged,
    held_back,
    kept_generations,
    missing,
    read_current,
    read_generation,
    segment_names,
    with_reasons,
)
from index.segments import (
    ASIDE,
    Contents,
    SavedSegment,
    Segment,
    discard,
    flaw,
    open_segment,
    segment_of,
    sweep,
    sync_tree,
    verified_segment,
)
from index.types import Article, ChunkSettings, Encoder, FootnoteError, Passage
from index.vectors import SentenceVectors, VectorIndex

__all__ = [
    "Contents",
    "DamagedGeneration",
    "Generation",
    "LiveGeneration",
    "Manifest",
    "MissingGeneration",
    "SourceEntry",
    "StaleGeneration",
]

KEPT_GENERATIONS = 2
"""The current one, and the one before for whoever is still reading it or wants to go back."""
CHECK_SECONDS = 0.5
"""How soon a running bot notices a new generation."""
RETRY_SECONDS = 30.0
"""How soon it tries again one that could not be loaded, for a disk that had a bad moment."""

Keys = npt.NDArray[np.uint64]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Generation:
    """A searchable index in memory: views over segments.  Immutable, safe to share between threads."""

    manifest: Manifest
    articles: Sequence[Article]
    passages: Passages
    """In order of article and text; a passage's place is its `number`."""
    sentences: Table
    """Shape `(sentences, 3)`: passage number, start, end; in order."""
    sentence_offsets: Table
    """Shape `(passages + 1,)`: passage `n` has the sentences `[offsets[n], offsets[n + 1])`."""
    vectors: VectorIndex
    sentence_vectors: SentenceVectors
    keywords: KeywordIndex
    segments: tuple[Segment, ...]
    numbers: Mapping[str, int]
    """Of the articles, by id."""

    @property
    def id(self) -> str:
        return self.manifest.id

    def sentence_rows(self, number: int) -> range:
        """The rows of `sentences` and `sentence_vectors` that belong to a passage."""
        return range(int(self.sentence_offsets[number]), int(self.sentence_offsets[number + 1]))

    def article(self, id: str) -> Article | None:
        """The article with this id, without a look at the others."""
        number = self.numbers.get(id)
        return None if number is None else self.articles[number]


class Passages(Sequence[Passage]):
    """The passages of some segments, numbered through; each is made when it is asked for."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = tuple(segments)
        self._starts = [0, *accumulate(map(len, segments))]

    @cached_property
    def article_numbers(self) -> npt.NDArray[np.int32]:
        """Which article each passage is of, shape `(passages,)`, ascending."""
        starts = [0, *accumulate(len(segment.sources) for segment in self._segments)]
        owners = [s.places[:, 0] + start for s, start in zip(self._segments, starts, strict=False)]
        return _joined(owners, (0,))

    @cached_property
    def keys(self) -> Keys:
        """A number for each passage that looks like chance, and is the same in every index."""
        keys = [segment.passage_keys() for segment in self._segments]
        return np.concatenate(keys) if keys else np.zeros(0, np.uint64)

    def contexts(self, number: int) -> list[tuple[str, ...]]:
        """What each sentence of a passage is searched with besides its own words."""
        owner, place = _owner(self._starts, number)
        return self._segments[owner].passage_contexts(place)

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, number: int) -> Passage: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Passage, ...]: ...

    def __getitem__(self, number: int | slice) -> Passage | tuple[Passage, ...]:
        if isinstance(number, slice):
            return tuple(self[n] for n in range(*number.indices(len(self))))
        owner, place = _owner(self._starts, number)
        return self._segments[owner].passage(place)

    def __iter__(self) -> Iterator[Passage]:
        return (segment.passage(number) for segment in self._segments for number in range(len(segment)))


class _AllArticles(Sequence[Article]):
    """The articles of some segments, numbered through."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = tuple(segments)
        self._starts = [0, *accumulate(len(segment.articles) for segment in segments)]

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, number: int) -> Article: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Article, ...]: ...

    def __getitem__(self, number: int | slice) -> Article | tuple[Article, ...]:
        if isinstance(number, slice):
            return tuple(self[n] for n in range(*number.indices(len(self))))
        owner, place = _owner(self._starts, number)
        return self._segments[owner].articles[place]

    def __iter__(self) -> Iterator[Article]:
        return chain.from_iterable(segment.articles for segment in self._segments)


class LiveGeneration:
    """The current generation of a data folder, exchanged while questions are being answered."""

    def __init__(
        self,
        data: Path,
        encoder: Encoder | None = None,
        clock: Callable[[], float] = time.monotonic,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._data = data
        self._encoder = encoder
        self._clock = clock
        self._check_seconds = check_seconds
        self._loading = threading.Lock()
        self._generation: Generation | None = None
        self._failure: FootnoteError | None = None
        self._failed_at = float("-inf")
        self._seen: tuple[int, ...] | None = None
        self._watcher: threading.Thread | None = None

    @classmethod
    def of(cls, generation: Generation) -> LiveGeneration:
        """One that is never exchanged."""
        live = cls(Path(), check_seconds=0)
        live._generation = generation
        return live

    def get(self) -> Generation:
        """Return the newest generation that was loaded; raise `FootnoteError` where there is none.

        Only the first call loads one.  From then on a thread of its own looks for new ones, so that no
        question waits for a disk.
        """
        generation = self._generation
        if generation is not None:
            return generation
        self.refresh()
        if self._generation is None:
            failure = self._failure or missing(self._data)
            # A fresh one for each caller: an exception that is raised twice grows its traceback.
            raise type(failure)(*failure.args)
        return self._generation

    def refresh(self) -> None:
        """Load the current generation where it is not the one in use; on failure that one stays."""
        with self._loading:
            now = self._clock()
            # Looked at before loading, so that a change meanwhile is noticed next time.
            seen = signature(self._data / CURRENT)
            if seen == self._seen and (self._failure is None or now - self._failed_at < RETRY_SECONDS):
                return
            loaded = self._generation
            try:
                new = load_generation(self._data, self._encoder, loaded)
                new.vectors.prepare()
                self._generation = new
                self._failure = None
            except FootnoteError as error:
                self._failure, self._failed_at = error, now
                if loaded is not None:
                    _log.error("Still answering from generation %s: %s", loaded.id, error)
            self._seen = seen
            if self._generation is not None and self._watcher is None and self._check_seconds > 0:
                self._watcher = _watch(self, self._check_seconds)


def _watch(live: LiveGeneration, seconds: float) -> threading.Thread:
    """Refresh until nobody holds `live` any more."""
    held = weakref.ref(live)

    def look() -> None:
        while True:
            time.sleep(seconds)
            watched = held()
            if watched is None:
                return
            watched.refresh()
            del watched

    thread = threading.Thread(target=look, name="footnote-index", daemon=True)
    thread.start()
    return thread


def load_generation(
    data: Path, encoder: Encoder | None = None, loaded: Generation | None = None
) -> Generation:
    """Load the current generation; with `encoder`, refuse another model's.

    Every file is verified, or looks as when it last was; `verify` reads them all.

    The segments that `loaded` has in common with it are taken from there.
    """
    known = {segment.name: segment for segment in loaded.segments} if loaded else {}

    def opened(part: SegmentManifest) -> Segment:
        return known.get(part.name) or open_segment(data, part.name, part)

    def load(name: str) -> Generation:
        manifest, parts = read_generation(data, name)
        _refuse_other_model(data, manifest, encoder)
        return compose(manifest, [opened(part) for part in parts])

    return read_current(data, load)


def compose(manifest: Manifest, segments: Sequence[Segment]) -> Generation:
    """A generation of these segments.  Takes milliseconds for 100,000 passages."""
    passages = Passages(segments)
    firsts = [0, *accumulate(map(len, segments))]
    tables = [
        s.sentences + np.array([first, 0, 0], np.int32) for s, first in zip(segments, firsts, strict=False)
    ]
    sentences = _joined(tables, (0, 3))
    counts = np.bincount(sentences[:, 0], minlength=len(passages))
    # Worked out here, where nobody waits for an answer.
    _ = passages.article_numbers, passages.keys
    return Generation(
        manifest=manifest,
        articles=_AllArticles(segments),
        passages=passages,
        sentences=sentences,
        sentence_offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int32),
        vectors=VectorIndex.joined(segment.vectors for segment in segments),
        sentence_vectors=SentenceVectors.joined(segment.sentence_vectors for segment in segments),
        keywords=KeywordIndex([segment.postings for segment in segments]),
        segments=tuple(segments),
        numbers={entry.id: number for number, entry in enumerate(manifest.sources)},
    )


def in_memory(manifest: Manifest, contents: Contents) -> Generation:
    """The generation that a build of `contents` alone would have made, saved nowhere."""
    segment = segment_of(contents)
    made = replace(
        manifest,
        segments=(segment.name,),
        sources=segment.sources,
        passages=len(contents.passages),
        sentences=len(contents.sentences),
    )
    return compose(made, [segment])


def new_manifest(
    segments: Sequence[Segment | SavedSegment],
    encoder: Encoder,
    chunking: ChunkSettings,
    recipe: str,
    *,
    stale: Mapping[str, str] | None = None,
    before: str | None = None,
    precisions: Iterable[str] = (),
    now: datetime | None = None,
) -> Manifest:
    """The manifest of a generation of saved segments, which has a name and is not written yet."""
    created = (now or datetime.now(UTC)).astimezone(UTC)
    stale = dict(stale or {})
    identity = hashlib.sha256(f"{created.isoformat()} {encoder.fingerprint} {chunking}".encode())
    identity.update(" ".join(segment.name for segment in segments).encode())
    return Manifest(
        format=FORMAT_VERSION,
        id=f"{created:%Y%m%d-%H%M%S}-{identity.hexdigest()[:8]}",
        created=created.isoformat(timespec="microseconds"),
        before=before,
        model=encoder.name,
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        chunking=chunking,
        recipe=recipe,
        segments=tuple(segment.name for segment in segments),
        stale=stale,
        passages=sum(map(len, segments)),
        sentences=sum(segment.sentence_count for segment in segments),
        sources=with_reasons((segment.sources for segment in segments), stale),
        precisions=tuple(sorted(precisions)),
    )


def write_generation(data: Path, manifest: Manifest) -> None:
    """Save a generation whose segments are saved; it is not yet current.

    The caller holds the build lock.  What a crash leaves behind is removed by `sweep`.
    """
    generations = data / GENERATIONS
    generations.mkdir(parents=True, exist_ok=True)
    aside = generations / f"{ASIDE}{manifest.id}"
    # All but the articles, which its segments have.
    raw = {field.name: getattr(manifest, field.name) for field in fields(manifest) if field.name != "sources"}
    raw |= {"chunking": asdict(manifest.chunking), "stale": dict(manifest.stale)}
    raw["checksum"] = checksum_of(raw)
    try:
        aside.mkdir()
        # Ends with its brace: a line end could be torn off without any reader noticing.
        (aside / MANIFEST).write_text(json.dumps(raw, ensure_ascii=False, indent=1), "utf-8")
        sync_tree(aside)
        checked(aside)
        os.rename(aside, generations / manifest.id)
        sync(generations)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def make_current(data: Path, name: str, instead_of: str | None = None) -> None:
    """Point `CURRENT` at a generation: the one step that readers notice.

    `instead_of` is the generation that a rollback left.
    """
    write_whole(data / CURRENT, (f"{name}\n" + (f"{instead_of}\n" if instead_of else "")).encode())


def prune(data: Path, keep: int = KEPT_GENERATIONS) -> list[str]:
    """Delete all but the newest `keep` generations, never the current one, and segments of none.

    Return the names of the generations.  What cannot be read is of no use and goes as well.
    """
    current, left = current_name(data), held_back(data)
    found = kept_generations(data)
    kept = {current, *[name for name in found if name != current][: max(0, keep - 1)]}
    # What a rollback left tells the next build what not to make again.
    if left is not None and left in found:
        kept.add(left)
    needed = {segment for name in kept for segment in segment_names(data / GENERATIONS / name)}
    gone = sorted(folder.name for folder in _visible(data / GENERATIONS) if folder.name not in kept)
    for name in gone:
        discard(data / GENERATIONS / name)
    for folder in _visible(data / SEGMENTS):
        if folder.name not in needed:
            discard(folder)
    for place in (data / GENERATIONS, data / SEGMENTS):
        sweep(place)
    return gone


def verify(data: Path, name: str) -> Generation:
    """Read a generation bit by bit, and compare all its parts; raise `DamagedGeneration`."""
    manifest, parts = read_generation(data, name)
    segments = []
    for part in parts:
        segment = verified_segment(data, part)
        complaint = flaw(segment)
        if complaint is not None:
            raise damaged(data / SEGMENTS / part.name, complaint)
        segments.append(segment)
    counts = (sum(map(len, segments)), sum(len(segment.sentences) for segment in segments))
    ids = {entry.id for entry in manifest.sources}
    if counts != (manifest.passages, manifest.sentences) or len(ids) < len(manifest.sources):
        raise damaged(data / GENERATIONS / name, "its segments do not belong together")
    return compose(manifest, segments)


def _refuse_other_model(data: Path, manifest: Manifest, encoder: Encoder | None) -> None:
    if encoder is not None and manifest.fingerprint != encoder.fingerprint:
        raise StaleGeneration(
            f"The index in {data} was made by another model, or another version of it: {manifest.model}, not "
            f"{encoder.name}. Run `footnote build`."
        )


def _visible(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except FileNotFoundError:
        return []


def _owner(starts: Sequence[int], number: int) -> tuple[int, int]:
    """The part that a row lies in, and its place there; raise `IndexError` where there is none."""
    number = range(starts[-1])[number]
    owner = bisect_right(starts, number) - 1
    return owner, number - starts[owner]


def _joined(tables: Sequence[Table], empty: tuple[int, ...]) -> Table:
    return np.concatenate(tables).astype(np.int32) if tables else np.zeros(empty, np.int32)
