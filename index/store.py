"""The interface to the index: generations, and what searching, listing and building need of them.

A `Store` has one generation after the other.  A `Snapshot` is one of them: it is taken at the start of a
question and holds for as long as it is used, whatever is built meanwhile.  A `Draft` is the next one in
the making, which nobody sees until it is committed.  `index.generations` keeps all three in files.

A question makes three calls that may have to travel: `weights`, `find` and `read`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from index.types import Article, FootnoteError, Passage, Rows, Scope, Scores, Table, Vectors

if TYPE_CHECKING:
    from index.manifest import Manifest, Recipe
    from index.writer import Contents


class StoreAway(FootnoteError):
    """The store cannot be reached, and could not while that was tried again."""


@dataclass(frozen=True, slots=True)
class Found:
    """The passages worth a closer look, and those beside them."""

    keys: Rows
    """Ascending, candidates and neighbours alike.  A key means something to its own snapshot alone."""
    cosine: Scores
    bm25: Scores
    candidates: Rows
    """Which of `keys` were proposed for their own sake, as places in it."""
    neighbours: Rows
    """Of each candidate the passages before and after it in its article, as places; -1 for none."""


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """A passage with its sentences."""

    passage: Passage
    spans: Table
    """Shape `(sentences, 2)`: start and end in the article's text; in order."""
    contexts: Sequence[tuple[str, ...]]
    """The headings and heads that each sentence is searched with, outermost first."""
    cosines: Scores
    """Of each sentence with the question, shape `(sentences,)`."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The contents of one collection."""

    name: str
    articles: int
    passages: int
    newest: tuple[Article, ...]


class Snapshot(Protocol):
    """One generation of the index.  Immutable and thread-safe."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def id(self) -> str: ...

    @property
    def background(self) -> Vectors:
        """The mean of a sample of the passages' vectors, the same whatever order the articles are in."""
        ...

    def weights(self, terms: Iterable[str]) -> Mapping[str, float]:
        """Return the inverse document frequency of each term, in the whole index."""
        ...

    def find(self, vector: Vectors, weights: Mapping[str, float], wanted: int, scope: Scope) -> Found:
        """Return the best `wanted` passages by cosine and as many by BM25, the terms weighed by `weights`.

        Nothing outside of the collections in `scope` is in any part of what is found.
        """
        ...

    def read(self, keys: Sequence[int], vector: Vectors) -> Sequence[ReadPassage]:
        """Return passages in the order of `keys`, with the cosines of their sentences."""
        ...

    def article(self, id: str) -> Article | None: ...

    def articles(self, scope: Scope = None) -> Sequence[Article]:
        """Return the articles in order of their files; each may be read when it is looked at."""
        ...

    def sentences_of(self, id: str) -> tuple[Sequence[tuple[int, int]], Vectors]:
        """Return start and end of an article's sentences, and their vectors, one a row."""
        ...

    def passages_of(self, ids: Iterable[str]) -> Rows:
        """Return the keys of the passages of some articles, ascending; unknown ids are ignored."""
        ...

    def shelves(self, scope: Scope = None) -> Sequence[Shelf]:
        """Return what is in each collection, in order of their names."""
        ...

    def contents(self) -> Iterator[Contents]:
        """Yield all articles with what is worked out about them, some at a time, as a draft takes them."""
        ...


class Draft(Protocol):
    """The next generation in the making.  Its holder is the only writer."""

    @property
    def last(self) -> Manifest | None:
        """The generation that it starts from; None if there is none that can be used."""
        ...

    @property
    def lost(self) -> str | None:
        """Why `last` is not the current generation, or cannot be taken on as it is; None if it can."""
        ...

    @property
    def left(self) -> Manifest | None:
        """The generation that somebody went back from to the current one; None if nobody did."""
        ...

    def article(self, id: str) -> Article | None:
        """Return an article of `last`."""
        ...

    def vectors(self, digests: Collection[bytes]) -> Mapping[bytes, Vectors]:
        """Return the vectors that are there of texts, by what `index.writer.digest` makes of these.

        They are those of `last`, and of a draft that was cut short; of `recipe`'s model alone once it began.
        """
        ...

    def begin(self, recipe: Recipe, keep: Collection[str], sentences: int) -> None:
        """Start with the articles of `last` that stay, by id; `sentences` more will be added.

        Raise `DamagedGeneration` if `last` is not what was written; it is another one from then on, or None.
        """
        ...

    def add(self, contents: Contents) -> None:
        """Add a batch of articles; none of them may be there already."""
        ...

    def finish(self, stale: Mapping[str, str]) -> Snapshot:
        """Return the generation as it will be; `stale` says why the files of some articles cannot be used."""
        ...

    def commit(self) -> None:
        """Make it the current one, in one step for all who ask."""
        ...


class Current(Protocol):
    """Whatever has a generation to ask."""

    def current(self) -> Snapshot:
        """Raise `FootnoteError` if there is none that can be used."""
        ...


class Store(Current, Protocol):
    """Keeps generations.  Thread-safe."""

    def manifest(self) -> Manifest:
        """Return the current manifest, without opening it all; raise `FootnoteError` if there is none."""
        ...

    def name(self) -> str:
        """Return the id of the current generation, damaged or not; raise `MissingGeneration`."""
        ...

    def left(self) -> str | None:
        """Return the generation that somebody went back from; None if the current one came of a build."""
        ...

    def kept(self) -> Sequence[str]:
        """Return the ids of the generations that could be made current, newest first."""
        ...

    def roll_back(self, to: str | None = None) -> Manifest:
        """Make a kept generation the current one, the one before if none is named; return its manifest."""
        ...

    def refresh(self) -> None:
        """Have the generation in use that is current now; what is in use stays if that cannot be."""
        ...

    def check(self, id: str) -> Manifest:
        """Read a generation bit by bit; raise `DamagedGeneration`."""
        ...

    def draft(self, keep: int, seconds: float) -> AbstractContextManager[Draft]:
        """Wait at most `seconds` for others who write.  What is not committed is gone afterwards.

        So many generations as `keep` says are kept.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pinned:
    """A generation that is never exchanged."""

    snapshot: Snapshot

    def current(self) -> Snapshot:
        return self.snapshot
