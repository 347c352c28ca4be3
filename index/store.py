"""What a search asks of the place where vectors and terms are kept, and the one that Footnote has.

A store on another machine would serve the same two protocols: one question is one `find` and a few
`sentence_cosines`, and rows are numbers of passages that hold for one generation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.generation import Generation
from index.segments import Contents

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# A fixed sample of the collection tells how high a cosine is for no reason at all.
BACKGROUND_PASSAGES = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """The passages worth a closer look, and those beside them."""

    rows: Rows
    """Ascending, candidates and neighbours alike."""
    cosine: Floats
    bm25: Floats
    candidates: Rows
    """Which of `rows` were proposed for their own sake, as places in it."""
    neighbours: Rows
    """Of each candidate the passages before and after it in its article, as places; -1 for none."""


class Searchable(Protocol):
    """One generation of vectors and terms.  Immutable and thread-safe."""

    @property
    def background(self) -> Floats:
        """The mean of a sample of the vectors, the same whatever order the articles are in."""
        ...

    def idf(self, term: str) -> float: ...

    def find(self, vector: Floats, weights: Mapping[str, float], wanted: int, allowed: Mask | None) -> Found:
        """The best `wanted` passages by cosine and as many by BM25, of the terms as `weights` has them.

        Passages where `allowed`, shape `(passages,)`, is False are in no part of what is found.
        """
        ...

    def sentence_cosines(self, row: int, vector: Floats) -> Floats:
        """Of the sentences of a passage, in order."""
        ...


class Changing(Protocol):
    """The next generation of a store, in the making."""

    def add(self, contents: Contents) -> None:
        """Add a batch of articles with their vectors; none of them may be there already."""
        ...

    def remove(self, articles: Collection[str]) -> None:
        """Delete articles by id, with every passage, vector and term of theirs."""
        ...


class GenerationStore:
    """The vectors and terms of a generation on this machine.  Cheap to make."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._article_of = generation.passages.article_numbers
        sample = _sample(generation.passages.keys)
        self.background: Floats = (
            generation.vectors.reconstruct(sample).mean(axis=0)
            if len(sample)
            else np.zeros(generation.manifest.dimension, np.float32)
        )

    def idf(self, term: str) -> float:
        return self._generation.keywords.idf(term)

    def find(self, vector: Floats, weights: Mapping[str, float], wanted: int, allowed: Mask | None) -> Found:
        index = self._generation
        matches = index.keywords.matches(weights)
        dense = index.vectors.search(vector[None, :], wanted, allowed)[1][0]
        candidates = np.union1d(dense, matches.highest(wanted, allowed))
        beside = self._neighbours(candidates, allowed)
        rows = np.union1d(candidates, beside[beside >= 0])
        return Found(
            rows=rows,
            cosine=index.vectors.reconstruct(rows) @ vector,
            bm25=matches.at(rows),
            candidates=np.searchsorted(rows, candidates),
            neighbours=np.where(beside >= 0, np.searchsorted(rows, beside), -1),
        )

    def sentence_cosines(self, row: int, vector: Floats) -> Floats:
        rows = self._generation.sentence_rows(row)
        return self._generation.sentence_vectors.rows(slice(rows.start, rows.stop)) @ vector

    def _neighbours(self, rows: Rows, allowed: Mask | None) -> Rows:
        """The passages before and after each of `rows` in its article, shape `(rows, 2)`; -1 for none."""
        around = rows[:, None] + np.array([-1, 1])
        inside = (around >= 0) & (around < len(self._article_of))
        around = np.where(inside, around, -1)
        good = inside & (self._article_of[around] == self._article_of[rows][:, None])
        if allowed is not None:
            good &= allowed[around]
        return np.where(good, around, -1)


def _sample(keys: npt.NDArray[np.uint64]) -> Rows:
    """The passages with the lowest keys, in order of these: another order of articles changes nothing."""
    if len(keys) > BACKGROUND_PASSAGES:
        chosen = np.argpartition(keys, BACKGROUND_PASSAGES)[:BACKGROUND_PASSAGES]
        return chosen[np.argsort(keys[chosen])]
    return np.argsort(keys, kind="stable")
