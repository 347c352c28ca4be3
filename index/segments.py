"""A part of the index: one immutable folder with some articles and all that is known of them.

    DATA/segments/NAME/    manifest.json, articles.jsonl, passages.npy, vectors.faiss, ...

Generations share the segments that did not change.  Knows nothing of which segments make up a
generation, nor of where their contents come from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from index import postings as terms_of
from index.article import text_sha256
from index.chunking import Table, context_text
from index.files import sync
from index.manifests import (
    FORMAT_VERSION,
    MANIFEST,
    SEGMENTS,
    DamagedGeneration,
    FileEntry,
    SegmentManifest,
    SourceEntry,
    damaged,
    distrusting,
    looks_of,
    read_segment_manifest,
    segment_name,
    sha256_of,
    trust,
    verify_changed,
    verify_files,
)
from index.postings import Postings
from index.types import Article, Passage
from index.vectors import Rows, SentenceVectors, VectorIndex

ASIDE, DOOMED = ".new-", ".old-"
"""What begins the names of folders that are being written and deleted: nobody reads them."""
# Rows that are looked at together when vectors are checked: 30 MB.
CHECKED_ROWS = 20_000

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int32]
Above = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """Articles with all that is worked out about them, in memory."""

    articles: Sequence[Article]
    passages: Sequence[Passage]
    """In order of article and text."""
    sentences: Table
    """Shape `(sentences, 3)`: passage number, start, end; in order."""
    contexts: Sequence[Above]
    """What each sentence is searched with besides its own words."""
    vectors: VectorIndex
    sentence_vectors: SentenceVectors


class Articles(Sequence[Article]):
    """Articles that are parsed when they are first asked for, and then kept."""

    def __init__(self, lines: Any, ends: Rows) -> None:
        """`lines` are the bytes of JSON Lines; each ends, with its "\\n", where `ends` says."""
        self._lines = lines
        self._starts = np.concatenate(([0], ends))
        self._parsed: dict[int, Article] = {}

    @classmethod
    def of(cls, articles: Sequence[Article]) -> Articles:
        lines = [(json.dumps(asdict(article), ensure_ascii=False) + "\n").encode() for article in articles]
        made = cls(b"".join(lines), np.cumsum([len(line) for line in lines], dtype=np.int64))
        made._parsed = dict(enumerate(articles))
        return made

    @property
    def ends(self) -> Rows:
        return self._starts[1:]

    def line(self, number: int) -> bytes:
        """The article as it is stored."""
        return bytes(self._lines[self._starts[number] : self._starts[number + 1]])

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, number: int) -> Article: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Article, ...]: ...

    def __getitem__(self, number: int | slice) -> Article | tuple[Article, ...]:
        if isinstance(number, slice):
            return tuple(self[n] for n in range(*number.indices(len(self))))
        number = range(len(self))[number]
        article = self._parsed.get(number)
        if article is None:
            fields = json.loads(self.line(number))
            fields["also"] = tuple(fields["also"])
            # Where two threads parse it at once, both get the one that was kept first.
            article = self._parsed.setdefault(number, Article(**fields))
        return article


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment in memory, most of it left on disk.  Immutable and thread-safe."""

    name: str
    """Empty where it was not saved."""
    sources: tuple[SourceEntry, ...]
    """One for each article."""
    articles: Articles
    paths: Sequence[Above]
    """What stands above passages and sentences, each once; the first is empty."""
    places: Table
    """Shape `(passages, 4)`: article, start, end, path."""
    sentences: Table
    """Shape `(sentences, 3)`: passage number, start, end; in order."""
    contexts: Numbers
    """Shape `(sentences,)`: the path that each sentence is searched with besides its own words."""
    vectors: VectorIndex
    sentence_vectors: SentenceVectors
    postings: Postings

    def __len__(self) -> int:
        """The number of passages."""
        return len(self.places)

    @property
    def sentence_count(self) -> int:
        return len(self.sentences)

    def open(self) -> Segment:
        return self

    def passage(self, number: int) -> Passage:
        article, start, end, path = self.places[number].tolist()
        return Passage(self.articles[article], start, end, self.paths[path])

    def passage_contexts(self, number: int) -> list[Above]:
        """What each sentence of a passage is searched with besides its own words."""
        first, stop = np.searchsorted(self.sentences[:, 0], [number, number + 1]).tolist()
        return [self.paths[path] for path in self.contexts[first:stop].tolist()]

    def passage_keys(self) -> Keys:
        """A number for each passage that looks like chance, and is the same in every index."""
        owners = [
            int.from_bytes(hashlib.blake2b(f"{s.id}\n{s.sha256}".encode(), digest_size=8).digest(), "little")
            for s in self.sources
        ]
        keys = np.array(owners, np.uint64)[self.places[:, 0]] + self.places[:, 1].astype(np.uint64)
        # The last steps of MurmurHash3: they spread what differs by one over all bits.
        keys ^= keys >> np.uint64(33)
        keys *= np.uint64(0xFF51AFD7ED558CCD)
        keys ^= keys >> np.uint64(33)
        keys *= np.uint64(0xC4CEB9FE1A85EC53)
        return np.asarray(keys ^ (keys >> np.uint64(33)))


class SavedSegment:
    """A segment on disk, whose contents are opened when they are asked for: most builds leave them alone."""

    def __init__(self, folder: Path, manifest: SegmentManifest) -> None:
        self._folder = folder
        self._manifest = manifest
        self._passages = sum(entry.passages for entry in manifest.sources)
        self._opened: Segment | None = None

    @property
    def name(self) -> str:
        return self._manifest.name

    @property
    def sources(self) -> tuple[SourceEntry, ...]:
        return self._manifest.sources

    @property
    def sentence_count(self) -> int:
        if self._manifest.sentences is not None:
            return self._manifest.sentences
        return len(self.open().sentences)

    def __len__(self) -> int:
        """The number of passages."""
        return self._passages

    def open(self) -> Segment:
        """Raise `DamagedGeneration` where the installed libraries cannot read it."""
        if self._opened is None:
            with distrusting(self._folder):
                self._opened = _load(self._folder, self._manifest)
        return self._opened


def segment_of(contents: Contents) -> Segment:
    """A segment that is not saved."""
    articles, passages = contents.articles, contents.passages
    numbers = {article.id: number for number, article in enumerate(articles)}
    known = dict.fromkeys([(), *(p.path for p in passages), *contents.contexts])
    paths = {path: number for number, path in enumerate(known)}
    places = [(numbers[p.article.id], p.start, p.end, paths[p.path]) for p in passages]
    table = np.array(places, np.int32).reshape(-1, 4)
    held = np.bincount(table[:, 0], minlength=len(articles)).tolist()
    return Segment(
        name="",
        sources=tuple(map(_entry, articles, held)),
        articles=Articles.of(articles),
        paths=list(paths),
        places=table,
        sentences=contents.sentences,
        contexts=np.array([paths[context] for context in contents.contexts], np.int32),
        vectors=contents.vectors,
        sentence_vectors=contents.sentence_vectors,
        postings=terms_of.count_terms(context_text(passage) for passage in passages),
    )


def merged(pieces: Sequence[tuple[Segment, Sequence[int]]]) -> Segment:
    """One segment of some articles of each of several, by their numbers; nothing is worked out anew."""
    paths: dict[Above, int] = {(): 0}
    sources: list[SourceEntry] = []
    lines: list[bytes] = []
    places, sentences, contexts, new_rows, sentence_vectors = [], [], [], [], []
    first = 0
    for segment, kept in pieces:
        numbers = np.full(len(segment.sources), -1, np.int32)
        numbers[np.asarray(kept, np.int64)] = np.arange(len(kept)) + len(sources)
        passages = np.flatnonzero(numbers[segment.places[:, 0]] >= 0)
        rows = np.full(len(segment), -1, np.int64)
        rows[passages] = np.arange(len(passages)) + first
        of_passage = rows[segment.sentences[:, 0]]
        spoken = np.flatnonzero(of_passage >= 0)

        own = np.array([paths.setdefault(path, len(paths)) for path in segment.paths], np.int32)
        place, spans = segment.places[passages], segment.sentences[spoken]
        places.append(np.column_stack([numbers[place[:, 0]], place[:, 1:3], own[place[:, 3]]]))
        sentences.append(np.column_stack([of_passage[spoken], spans[:, 1:]]))
        contexts.append(own[segment.contexts[spoken]])
        new_rows.append(rows)
        sentence_vectors += [segment.sentence_vectors.cut(start, stop) for start, stop in _runs(spoken)]
        sources += [segment.sources[number] for number in kept]
        lines += [segment.articles.line(number) for number in kept]
        first += len(passages)
    vectors = [
        s.vectors.reconstruct(np.flatnonzero(rows >= 0))
        for (s, _), rows in zip(pieces, new_rows, strict=True)
    ]
    return Segment(
        name="",
        sources=tuple(sources),
        articles=Articles(b"".join(lines), np.cumsum([len(line) for line in lines], dtype=np.int64)),
        paths=list(paths),
        places=np.concatenate(places).astype(np.int32),
        sentences=np.concatenate(sentences).astype(np.int32),
        contexts=np.concatenate(contexts).astype(np.int32),
        vectors=VectorIndex.build(np.concatenate(vectors)),
        sentence_vectors=SentenceVectors.joined(sentence_vectors),
        postings=terms_of.merge(
            [(s.postings, rows) for (s, _), rows in zip(pieces, new_rows, strict=True)], first
        ),
    )


def write_segment(data: Path, segment: Segment) -> Segment:
    """Save a segment and return it as read back and checked; it belongs to no generation yet."""
    folder = data / SEGMENTS
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{ASIDE}{os.urandom(8).hex()}"
    try:
        aside.mkdir()
        _write_files(aside, segment)
        raw = _encoded(aside, segment)
        (aside / MANIFEST).write_bytes(raw)
        sync_tree(aside)
        manifest = read_segment_manifest(aside, segment_name(raw))
        looks = looks_of(aside, manifest)
        # Its files stay mapped when their folder gets its name.
        written = _load(aside, manifest)
        complaint = flaw(written)
        if complaint is not None:
            raise damaged(aside, complaint)
        trust(aside, looks)
        there = _whole(data, manifest)
        if there is not None:
            shutil.rmtree(aside)  # the same contents are there, and may be in use
            return there
        discard(folder / manifest.name)
        os.rename(aside, folder / manifest.name)
        sync(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return written


def open_segment(data: Path, name: str, manifest: SegmentManifest | None = None) -> Segment:
    """Open a segment; raise `DamagedGeneration`.

    What does not look, by size and times, as when it was last verified is verified now: to read every
    byte of 100,000 passages takes half a second, and of a million five.  `manifest` is the segment's
    own, where the caller has read it already.
    """
    folder = data / SEGMENTS / name
    manifest = manifest or read_segment_manifest(folder, name)
    verify_changed(folder, manifest, looks_of(folder, manifest))
    with distrusting(folder):
        return _load(folder, manifest)


def verified_segment(data: Path, manifest: SegmentManifest) -> Segment:
    """Open a segment, every byte verified; raise `DamagedGeneration`."""
    folder = data / SEGMENTS / manifest.name
    verify_files(folder, manifest)
    with distrusting(folder):
        return _load(folder, manifest)


def trusted_segment(data: Path, manifest: SegmentManifest) -> Segment | SavedSegment:
    """A segment whose files are all there, opened only where one had to be verified; it is trusted then.

    Raise `DamagedGeneration`.  The caller holds the build lock.
    """
    folder = data / SEGMENTS / manifest.name
    looks = looks_of(folder, manifest)
    if not verify_changed(folder, manifest, looks):
        return SavedSegment(folder, manifest)
    with distrusting(folder):
        opened = _load(folder, manifest)
    trust(folder, looks)
    return opened


def flaw(segment: Segment) -> str | None:
    """What is wrong with the contents of a segment whose files are whole; None where all is well."""
    places, sentences, postings = segment.places, segment.sentences, segment.postings
    counts = (len(places), len(segment.vectors), len(postings))
    if len(set(counts)) > 1 or len(sentences) != len(segment.sentence_vectors):
        return "its parts do not belong together"
    if len(segment.sources) != len(segment.articles):
        return "its articles are not those of its manifest"
    ends = []
    for entry, article in zip(segment.sources, segment.articles, strict=True):
        if (article.id, article.file, article.sha256) != (entry.id, entry.file, entry.sha256):
            return f"its article {entry.id} is another one"
        ends.append(len(article.text))
    held = np.bincount(places[:, 0], minlength=len(ends)) if len(places) else np.zeros(len(ends), int)
    if held.tolist() != [entry.passages for entry in segment.sources]:
        return "its passages are not those of its articles"
    if not _in_order(places[:, :3], np.array(ends, np.int64)):
        return "a passage lies outside its article"
    if len(segment.contexts) != len(sentences):
        return "its parts do not belong together"
    for numbers in (places[:, 3], segment.contexts):
        if not ((numbers >= 0) & (numbers < len(segment.paths))).all():
            return "what stands above a sentence is missing"
    spoken = np.bincount(sentences[:, 0], minlength=len(places)) if len(sentences) else np.zeros(0)
    if len(spoken) != len(places) or not spoken.all():
        return "a passage has no sentence"
    starts, stops = places[:, 1].astype(np.int64), places[:, 2].astype(np.int64)
    if not _in_order(sentences, stops) or (sentences[:, 1] < starts[sentences[:, 0]]).any():
        return "a sentence lies outside its passage"
    if not _terms_agree(postings):
        return "its terms do not belong together"
    if not _finite(segment.vectors.reconstruct, len(places)) or not _finite(
        segment.sentence_vectors.rows, len(sentences)
    ):
        return "a vector is no vector"
    return None


def discard(folder: Path) -> None:
    """Delete a folder in a way that leaves it whole or gone for whoever looks."""
    doomed = folder.with_name(f"{DOOMED}{os.urandom(8).hex()}")
    with suppress(FileNotFoundError):
        os.rename(folder, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Delete what interrupted writers and deleters left in `folder`."""
    for begin in (ASIDE, DOOMED):
        for leftover in folder.glob(f"{begin}*"):
            shutil.rmtree(leftover, ignore_errors=True)


def sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        sync(path)
    sync(folder)


def _whole(data: Path, manifest: SegmentManifest) -> Segment | None:
    """The segment that is there already; None where there is none, or it is damaged."""
    try:
        return verified_segment(data, manifest)
    except DamagedGeneration:
        return None


def _entry(article: Article, passages: int) -> SourceEntry:
    digest = text_sha256(article.text)
    return SourceEntry(
        article.id, article.file, article.sha256, passages, article.title, article.published, digest
    )


def _runs(rows: Rows) -> Iterator[tuple[int, int]]:
    """Ascending rows as stretches without a gap."""
    if len(rows):
        breaks = np.flatnonzero(np.diff(rows) > 1) + 1
        firsts, lasts = np.concatenate(([0], breaks)), np.concatenate((breaks, [len(rows)])) - 1
        yield from zip(rows[firsts].tolist(), (rows[lasts] + 1).tolist(), strict=True)


def _write_files(folder: Path, segment: Segment) -> None:
    with (folder / "articles.jsonl").open("wb") as stream:
        for number in range(len(segment.articles)):
            stream.write(segment.articles.line(number))
    np.save(folder / "article_ends.npy", segment.articles.ends, allow_pickle=False)
    (folder / "paths.json").write_text(json.dumps(list(segment.paths), ensure_ascii=False), "utf-8")
    np.save(folder / "passages.npy", segment.places, allow_pickle=False)
    np.save(folder / "sentences.npy", segment.sentences, allow_pickle=False)
    np.save(folder / "contexts.npy", segment.contexts, allow_pickle=False)
    segment.vectors.save(folder / "vectors.faiss")
    segment.sentence_vectors.save(folder / "sentence_vectors.npy")
    terms_of.save(segment.postings, folder / "terms")


def _encoded(folder: Path, segment: Segment) -> bytes:
    """The manifest of the files in `folder`."""
    files = {
        path.relative_to(folder).as_posix(): asdict(FileEntry(path.stat().st_size, sha256_of(path)))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    sources = [asdict(replace(entry, stale=None)) for entry in segment.sources]
    for entry in sources:
        del entry["stale"]  # of the moment, not of the article
    sentences = len(segment.sentences)
    raw = {"format": FORMAT_VERSION, "sources": sources, "files": files, "sentences": sentences}
    return json.dumps(raw, ensure_ascii=False).encode()


def _load(folder: Path, manifest: SegmentManifest) -> Segment:
    try:
        ends = np.load(folder / "article_ends.npy", allow_pickle=False)
        return Segment(
            name=manifest.name,
            sources=manifest.sources,
            articles=Articles(terms_of.mapped(folder / "articles.jsonl"), ends),
            paths=[tuple(path) for path in json.loads((folder / "paths.json").read_text("utf-8"))],
            places=np.load(folder / "passages.npy", allow_pickle=False),
            sentences=np.load(folder / "sentences.npy", mmap_mode="r", allow_pickle=False).view(np.ndarray),
            contexts=np.load(folder / "contexts.npy", allow_pickle=False),
            vectors=VectorIndex.load(folder / "vectors.faiss"),
            sentence_vectors=SentenceVectors.load(folder / "sentence_vectors.npy"),
            postings=terms_of.load(folder / "terms"),
        )
    except (KeyError, ValueError, RuntimeError, OSError) as error:
        # Whole, as the checksums say, but written by libraries that the installed ones cannot read;
        # or deleted since it was verified.
        raise damaged(folder, f"the installed libraries cannot read it ({error})") from error


def _in_order(spans: Table, ends: npt.NDArray[np.int64]) -> bool:
    """Whether spans (owner, start, end) are in order, do not overlap, and end within their owners."""
    owner, start, end = spans[:, 0].astype(np.int64), spans[:, 1], spans[:, 2]
    if not len(spans):
        return True
    if owner.min() < 0 or owner.max() >= len(ends):
        return False
    same = owner[1:] == owner[:-1]
    return bool(
        (start >= 0).all()
        and (start < end).all()
        and (end <= ends[owner]).all()
        and (np.diff(owner) >= 0).all()
        and (start[1:][same] >= end[:-1][same]).all()
    )


def _terms_agree(postings: Postings) -> bool:
    starts, rows = postings.posting_starts, postings.posting_rows
    if not (
        len(starts) == len(postings.term_keys) + 1 == len(postings.term_ends) + 1
        and len(rows) == len(postings.posting_counts) == starts[-1]
        and starts[0] == 0
        and (np.diff(starts) > 0).all()
        and (postings.term_keys[1:] >= postings.term_keys[:-1]).all()
    ):
        return False
    if not len(rows):
        return not postings.lengths.any()
    if rows.min() < 0 or rows.max() >= len(postings):
        return False
    totals = np.bincount(rows, postings.posting_counts, minlength=len(postings))
    capped = bool((postings.posting_counts == terms_of.MAX_COUNT).any())
    return capped or bool((totals == postings.lengths).all())


def _finite(rows: Callable[[Rows], npt.NDArray[np.float32]], count: int) -> bool:
    return all(
        np.isfinite(rows(np.arange(start, min(start + CHECKED_ROWS, count)))).all()
        for start in range(0, count, CHECKED_ROWS)
    )
