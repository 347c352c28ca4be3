"""One state of the index: an immutable folder, opened and searched.

    DATA/generations/NAME/    manifest.json, articles.jsonl, passages.npy, vectors.faiss, ...

Does not know which generation is current, nor how its contents were made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from index.keywords import KeywordIndex, Postings
from index.manifest import Manifest, check_sizes, damaged, read_manifest
from index.store import Found, ReadPassage, Shelf
from index.types import Article, Keys, Mask, Passage, Rows, Scope, Table, Vectors, collection_of
from index.vectors import SentenceVectors, VectorIndex

if TYPE_CHECKING:
    from index.writer import Contents

# Size of the fixed sample of passages whose mean cosine with a question is the background.
BACKGROUND_PASSAGES = 1_000
NEWEST = 5
# Read and copied together.
ARTICLES_AT_ONCE = 100

Above = tuple[str, ...]


class Articles(Sequence[Article]):
    """Articles that are parsed when they are first asked for, and then kept."""

    def __init__(self, lines: Any, ends: Rows) -> None:
        """`lines` are the bytes of JSON Lines; `ends`, shape `(articles,)`, the offset after each "\\n"."""
        self._lines = lines
        self._starts = np.concatenate(([0], ends))
        self._parsed: dict[int, Article] = {}

    def lines(self, first: int, stop: int) -> bytes:
        """Return articles as they are stored."""
        return bytes(self._lines[self._starts[first] : self._starts[stop]])

    def lengths(self) -> Rows:
        """Return how many bytes each line has, shape `(articles,)`."""
        return np.diff(self._starts)

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
            fields = json.loads(self.lines(number, number + 1))
            fields["also"] = tuple(fields["also"])
            # If two threads parse it at once, both get the one that was kept first.
            article = self._parsed.setdefault(number, Article(**fields))
        return article


class Picked(Sequence[Article]):
    """Some of the articles, read when they are looked at."""

    def __init__(self, read: Callable[[Sequence[int]], Iterable[Article]], numbers: Sequence[int]) -> None:
        self._read = read
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> Article: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Article, ...]: ...

    def __getitem__(self, place: int | slice) -> Article | tuple[Article, ...]:
        if isinstance(place, slice):
            return tuple(self._read(self._numbers[place]))
        (article,) = self._read([self._numbers[place]])
        return article

    def __iter__(self) -> Iterator[Article]:
        for start in range(0, len(self), ARTICLES_AT_ONCE):
            yield from self._read(self._numbers[start : start + ARTICLES_AT_ONCE])


@dataclass(frozen=True, eq=False)
class Generation:
    """A `Snapshot` of files, memory-mapped.  Immutable and thread-safe.  A key is a passage's row."""

    manifest: Manifest
    stored: Articles
    """In the order of `manifest.sources`."""
    paths: Sequence[Above]
    """The distinct paths of headings above passages and sentences."""
    passages: Table
    """Shape `(passages, 4)`: article, start, end, path; in order."""
    sentences: Table
    """Shape `(sentences, 3)`: passage, start, end; in order."""
    contexts: Table
    """Shape `(sentences,)`: the path that each sentence is searched with besides its own words."""
    vectors: VectorIndex
    sentence_vectors: SentenceVectors
    postings: Postings
    digests: tuple[Keys, Keys]
    """Of the texts of passages and of sentences: shape `(rows, 2)`, the halves of what `digest` gives."""

    @property
    def id(self) -> str:
        return self.manifest.id

    @cached_property
    def keywords(self) -> KeywordIndex:
        return KeywordIndex(self.postings)

    @cached_property
    def background(self) -> Vectors:
        sample = _sample(self._passage_keys())
        if not len(sample):
            return np.zeros(self.manifest.recipe.dimension, np.float32)
        return np.asarray(self.vectors.reconstruct(sample).mean(axis=0), np.float32)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Of the articles, by id."""
        return {entry.id: number for number, entry in enumerate(self.manifest.sources)}

    @cached_property
    def offsets(self) -> Table:
        """Shape `(passages + 1,)`: passage `n` has the sentences `[offsets[n], offsets[n + 1])`."""
        return np.searchsorted(self.sentences[:, 0], np.arange(len(self.passages) + 1)).astype(np.int32)

    @cached_property
    def sentence_counts(self) -> Rows:
        """Return how many sentences each article has, shape `(articles,)`."""
        return np.bincount(self.passages[self.sentences[:, 0], 0], minlength=len(self.stored))

    @cached_property
    def _by_file(self) -> list[int]:
        sources = self.manifest.sources
        return sorted(range(len(sources)), key=lambda number: sources[number].file)

    @cached_property
    def _collections(self) -> tuple[list[str], Table]:
        """Return the collections, and which of them each passage is of, shape `(passages,)`."""
        names = [collection_of(entry.file) for entry in self.manifest.sources]
        known = {name: number for number, name in enumerate(dict.fromkeys(names))}
        of_article = np.array([known[name] for name in names], np.int32)
        return list(known), of_article[self.passages[:, 0]]

    def prepare(self) -> None:
        """Work out now what the first question would wait for."""
        _ = self.keywords, self.background, self.numbers, self.offsets

    def weights(self, terms: Iterable[str]) -> dict[str, float]:
        return {term: self.keywords.idf(term) for term in terms}

    def find(self, vector: Vectors, weights: Mapping[str, float], wanted: int, scope: Scope) -> Found:
        return self.find_among(vector, weights, wanted, self._inside(scope))

    def find_among(
        self, vector: Vectors, weights: Mapping[str, float], wanted: int, allowed: Mask | None
    ) -> Found:
        """Find as `find` does, if `allowed` among the passages of which it, shape `(passages,)`, is True."""
        matches = self.keywords.matches(weights)
        dense = self.vectors.search(vector[None, :], wanted, allowed)[1][0]
        candidates = np.union1d(dense, matches.highest(wanted, allowed)).astype(np.int64)
        around = candidates[:, None] + np.array([-1, 1])
        inside = (around >= 0) & (around < len(self.passages))
        around = np.where(inside, around, 0)
        inside &= self.passages[around, 0] == self.passages[candidates, 0][:, None]
        if allowed is not None:
            inside &= allowed[around]
        keys = np.union1d(candidates, around[inside]).astype(np.int64)
        return Found(
            keys=keys,
            cosine=self.vectors.reconstruct(keys) @ vector,
            bm25=matches.at(keys),
            candidates=np.searchsorted(keys, candidates),
            neighbours=np.where(inside, np.searchsorted(keys, around), -1),
        )

    def read(self, keys: Sequence[int], vector: Vectors) -> list[ReadPassage]:
        return [self._read(key, vector) for key in keys]

    def _read(self, key: int, vector: Vectors) -> ReadPassage:
        rows = slice(*self.offsets[key : key + 2].tolist())
        return ReadPassage(
            passage=self.passage(key),
            spans=self.sentences[rows, 1:],
            contexts=[self.paths[path] for path in self.contexts[rows].tolist()],
            cosines=self.sentence_vectors.rows(rows) @ vector,
        )

    def passage(self, key: int) -> Passage:
        """Raise `IndexError` if there is none."""
        article, start, end, path = self.passages[key].tolist()
        return Passage(self.stored[article], start, end, self.paths[path])

    def article(self, id: str) -> Article | None:
        number = self.numbers.get(id)
        return None if number is None else self.stored[number]

    def articles(self, scope: Scope = None) -> Sequence[Article]:
        sources = self.manifest.sources
        numbers = [n for n in self._by_file if scope is None or collection_of(sources[n].file) in scope]
        return Picked(lambda some: map(self.stored.__getitem__, some), numbers)

    def sentences_of(self, id: str) -> tuple[list[tuple[int, int]], Vectors]:
        passages = self.passages_of([id])
        first, stop = (int(passages[0]), int(passages[-1]) + 1) if len(passages) else (0, 0)
        rows = slice(int(self.offsets[first]), int(self.offsets[stop]))
        spans = [(int(start), int(end)) for _, start, end in self.sentences[rows]]
        return spans, self.sentence_vectors.rows(rows)

    def passages_of(self, ids: Iterable[str]) -> Rows:
        numbers = [self.numbers[id] for id in ids if id in self.numbers]
        return np.flatnonzero(np.isin(self.passages[:, 0], numbers))

    def shelves(self, scope: Scope = None) -> list[Shelf]:
        shelves = []
        ordered = sorted(self.articles(scope), key=lambda article: article.collection)
        passages = {entry.id: entry.passages for entry in self.manifest.sources}
        for name, group in groupby(ordered, lambda article: article.collection):
            held = list(group)
            newest = sorted(held, key=lambda a: (a.published or "", a.title), reverse=True)[:NEWEST]
            shelves.append(Shelf(name, len(held), sum(passages[a.id] for a in held), tuple(newest)))
        return shelves

    def contents(self) -> Iterator[Contents]:
        from index.writer import Contents

        ends = np.searchsorted(self.passages[:, 0], np.arange(len(self.stored) + 1))
        for start in range(0, len(self.stored), ARTICLES_AT_ONCE):
            stop = min(start + ARTICLES_AT_ONCE, len(self.stored))
            first, last = int(ends[start]), int(ends[stop])
            rows = slice(int(self.offsets[first]), int(self.offsets[last]))
            yield Contents(
                articles=self.stored[start:stop],
                passages=[self.passage(key) for key in range(first, last)],
                sentences=self.sentences[rows] - np.array([first, 0, 0], np.int32),
                contexts=[self.paths[path] for path in self.contexts[rows].tolist()],
                vectors=self.vectors.reconstruct(np.arange(first, last)),
                sentence_vectors=self.sentence_vectors.rows(rows),
                sentence_digests=np.array(self.digests[1][rows]),
            )

    def known_vectors(self, wanted: Collection[bytes]) -> dict[bytes, Vectors]:
        """Return the vectors of texts, by their digests, so far as there are any."""
        if not wanted:
            return {}
        halved = np.frombuffer(b"".join(wanted), "<u8").reshape(-1, 2)
        first = np.unique(halved[:, 0])
        asked = set(wanted)
        found: dict[bytes, Vectors] = {}
        for stored, vectors in zip(
            self.digests, (self.vectors.reconstruct, self.sentence_vectors.rows), strict=True
        ):
            place = np.searchsorted(first, stored[:, 0])
            place[place == len(first)] = 0
            rows = np.flatnonzero(first[place] == stored[:, 0])
            names = [row.tobytes() for row in np.asarray(stored[rows])]
            new = {name: row for name, row in zip(names, rows.tolist(), strict=True) if name in asked}
            new = {name: row for name, row in new.items() if name not in found}
            found |= dict(zip(new, vectors(np.array(list(new.values()), np.int64)), strict=True))
        return found

    def _inside(self, scope: Scope) -> Mask | None:
        if scope is None:
            return None
        names, owners = self._collections
        # Shape `(collections + 1,)`, so that an empty index has one too.
        inside: Mask = np.array([name in scope for name in names] + [False], np.bool_)[owners]
        return inside

    def _passage_keys(self) -> Keys:
        """Return a number for each passage that looks like chance, and is the same in every index."""
        owners = [owner_key(s.id, s.sha256) for s in self.manifest.sources]
        return by_chance(np.array(owners, np.uint64)[self.passages[:, 0]], self.passages[:, 1])


def owner_key(id: str, sha256: str) -> int:
    """Return a number of 64 bits for an article."""
    return int.from_bytes(hashlib.blake2b(f"{id}\n{sha256}".encode(), digest_size=8).digest(), "little")


def by_chance(owners: Keys, starts: Table) -> Keys:
    """Return a number for each passage, by its article's `owner_key` and its start; both of one shape."""
    keys = owners + starts.astype(np.uint64)
    # The last steps of MurmurHash3: they spread what differs by one over all bits.
    keys ^= keys >> np.uint64(33)
    keys *= np.uint64(0xFF51AFD7ED558CCD)
    keys ^= keys >> np.uint64(33)
    keys *= np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(keys ^ (keys >> np.uint64(33)))


def open_generation(folder: Path) -> Generation:
    """Open a generation whose files all have their sizes; raise `FootnoteError`."""
    manifest = read_manifest(folder)
    check_sizes(folder, manifest)
    try:
        lines = _mapped(folder / "articles.jsonl")
        return Generation(
            manifest=manifest,
            stored=Articles(lines, np.load(folder / "article_ends.npy", allow_pickle=False)),
            paths=[tuple(path) for path in json.loads((folder / "paths.json").read_text("utf-8"))],
            passages=np.load(folder / "passages.npy", allow_pickle=False),
            sentences=_mapped_table(folder / "sentences.npy"),
            contexts=_mapped_table(folder / "contexts.npy"),
            vectors=VectorIndex.load(folder / "vectors.faiss"),
            sentence_vectors=SentenceVectors.load(folder / "sentence_vectors.npy"),
            postings=Postings.load(folder),
            digests=(
                _mapped_table(folder / "passage_digests.npy"),
                _mapped_table(folder / "sentence_digests.npy"),
            ),
        )
    except (KeyError, ValueError, RuntimeError, OSError) as error:
        # Of the right size, but written by libraries that the installed ones cannot read; or deleted since.
        raise damaged(folder, f"the installed libraries cannot read it ({error})") from error


def _sample(keys: Keys) -> Rows:
    """Return the passages with the lowest keys, in order of these, whatever order the articles are in."""
    if len(keys) > BACKGROUND_PASSAGES:
        chosen = np.argpartition(keys, BACKGROUND_PASSAGES)[:BACKGROUND_PASSAGES]
        return chosen[np.argsort(keys[chosen])]
    return np.argsort(keys, kind="stable")


def _mapped_table(path: Path) -> Any:
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


def _mapped(path: Path) -> Any:
    """Map the bytes of a file; no file system maps an empty one."""
    if not path.stat().st_size:
        return b""
    return np.memmap(path, np.uint8, "r").view(np.ndarray)
