"""The lexical index: BM25 over one matrix of counts, which passage holds which term how often.

Counts alone are kept, without a weight: how much a term says depends on the whole collection, and is
worked out when it is asked for.  So passages come and go without touching what is known of the others.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.common_terms import smoothed_idf
from index.terms import terms
from index.types import Keys, Mask, Rows, Scores, Table

# Lucene's defaults.
K1 = 1.2
B = 0.75

# Ranges of postings kept: each is needed for a term's weight and again for its scores.
REMEMBERED_TERMS = 20_000
# A term that one passage in so many holds ("the", "who") is added as a whole row, which is faster than
# passage by passage; rows are kept of so many terms, 4 bytes a passage each.
COMMON_SHARE = 1 / 8
REMEMBERED_ROWS = 64
# Postings of terms that were asked for lately: 12 bytes each.
REMEMBERED_POSTINGS = 4_000_000
# What rounding may take off a sum of scores.
_ROUNDING = 1e-3
# A passage that repeats a word more often than this is one endless sentence, and BM25 is flat there.
MAX_COUNT = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True)
class Postings:
    """The matrix, term by term; immutable, and mostly left on disk.

    A term is known by 64 bits of its hash.  That two of a million terms share theirs is as likely as
    one in forty million, and then each counts for the other.
    """

    term_keys: Keys
    """Shape `(terms,)`, ascending."""
    starts: Rows
    """Shape `(terms + 1,)`: the postings of term `t` are `[starts[t], starts[t + 1])`."""
    rows: Table
    """The passages that hold the term, each once, in no particular order."""
    counts: npt.NDArray[np.uint16]
    """How often each of these holds it."""
    lengths: Table
    """Shape `(passages,)`: the number of terms of each passage, repeats included."""

    def __len__(self) -> int:
        """Return the number of passages."""
        return len(self.lengths)

    def find(self, term: str) -> tuple[int, int]:
        """Return the range `(begin, end)` of a term's postings; empty if no passage holds it."""
        key = key_of(term)
        number = int(np.searchsorted(self.term_keys, key))
        if number == len(self.term_keys) or self.term_keys[number] != key:
            return 0, 0
        return int(self.starts[number]), int(self.starts[number + 1])

    def save(self, folder: Path) -> None:
        for name in self.__slots__:
            np.save(folder / f"terms_{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Postings:
        """Read what `save` wrote, memory-mapped."""
        loaded: dict[str, Any] = {
            name: np.load(folder / f"terms_{name}.npy", mmap_mode="r", allow_pickle=False).view(np.ndarray)
            for name in cls.__slots__
        }
        return cls(**loaded)


def key_of(term: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "little"))


def count_terms(texts: Iterable[str]) -> Postings:
    """Count the terms of one text a passage."""
    numbers: dict[str, int] = {}
    held, counts, distinct, lengths = array("i"), array("H"), array("i"), array("i")
    for text in texts:
        found = Counter(terms(text))
        distinct.append(len(found))
        lengths.append(found.total())
        held.extend(numbers.setdefault(term, len(numbers)) for term in found)
        counts.extend(min(count, MAX_COUNT) for count in found.values())
    keys = np.array([key_of(term) for term in numbers], np.uint64)
    rows = np.repeat(np.arange(len(lengths), dtype=np.int32), np.array(distinct, np.int32))
    return _matrix(
        keys[np.array(held, np.int32)], rows, np.array(counts, np.uint16), np.array(lengths, np.int32)
    )


def merged(parts: Sequence[tuple[Postings, Rows]], passages: int) -> Postings:
    """Return one matrix of some passages of each part; `-1` drops a passage, else it is its new row.

    Nothing is sorted but the terms: each part's share of a term's postings is copied to its place.
    """
    shares = [_share(part, places) for part, places in parts]
    keys = np.unique(np.concatenate([share.keys for share in shares] or [np.zeros(0, np.uint64)]))
    numbers = [np.searchsorted(keys, share.keys) for share in shares]
    held = np.zeros(len(keys), np.int64)
    for share, into in zip(shares, numbers, strict=True):
        held[into] += share.held  # a part has each term once
    starts = _starts(held)
    rows = np.empty(int(starts[-1]), np.int32)
    counts = np.empty(int(starts[-1]), np.uint16)
    lengths = np.zeros(passages, np.int32)
    free = starts[:-1].copy()
    for (part, places), share, into in zip(parts, shares, numbers, strict=True):
        # The first posting of each term goes to the first free place, the others behind it.
        target = np.repeat(free[into] - _starts(share.held)[:-1], share.held)
        target += np.arange(len(target))
        rows[target], counts[target] = share.rows, share.counts
        free[into] += share.held
        lengths[places[places >= 0]] = part.lengths[places >= 0]
    return Postings(keys, starts, rows, counts, lengths)


@dataclass(frozen=True, slots=True)
class _Share:
    """The terms of one part that are held by the passages kept of it."""

    keys: Keys
    held: Rows
    """How many postings of each term stay."""
    rows: Table
    counts: npt.NDArray[np.uint16]


def _share(part: Postings, places: Rows) -> _Share:
    rows = places.astype(np.int32)[part.rows]
    held = np.diff(part.starts)
    stays = rows >= 0
    if stays.all():
        return _Share(part.term_keys, held, rows, part.counts)
    # A sum up to each posting, so that no term needs a look at its own.
    held = np.diff(_starts(stays)[part.starts])
    used = held > 0
    return _Share(part.term_keys[used], held[used], rows[stays], part.counts[stays])


def _matrix(keys: Keys, rows: Table, counts: npt.NDArray[np.uint16], lengths: Table) -> Postings:
    """Sort postings, each a term's key, a row and a count, by term; two of one passage stay two."""
    order = np.argsort(keys, kind="stable")
    known, held = np.unique(keys[order], return_counts=True)
    return Postings(known, _starts(held), rows[order], counts[order], lengths)


def _starts(lengths: npt.NDArray[Any]) -> Rows:
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


class Matches:
    """BM25 of one question: what its rare terms come to, and what its common ones might add."""

    def __init__(self, rare: Scores, common: Sequence[tuple[np.float32, Scores]]) -> None:
        self._rare = rare
        self._common = tuple(common)
        # A term scores less than its weight, however often a passage repeats it.
        self._most = float(sum(weight for weight, _ in common))

    def everywhere(self) -> Scores:
        """Return the score of every passage, shape `(passages,)`."""
        scores = self._rare.copy()
        for weight, row in self._common:
            scores += weight * row
        return scores

    def at(self, rows: Rows) -> Scores:
        """Return the same of some passages, to the bit."""
        scores = self._rare[rows]
        for weight, row in self._common:
            scores += weight * row[rows]
        return scores

    def highest(self, wanted: int, allowed: Mask | None = None) -> Rows:
        """Return the passages with the `wanted` highest scores above 0, in no order.

        If the rare terms alone tell so many apart from all that the common ones could lift, only these
        are scored in full (Turtle and Flood 1995, "Query evaluation: strategies and optimizations").
        """
        rare = self._rare if allowed is None else np.where(allowed, self._rare, np.float32(0))
        rows = np.flatnonzero(rare > 0)  # of booleans, which takes a tenth of the time
        if len(rows) > wanted:
            least = float(np.partition(rare[rows], len(rows) - wanted)[len(rows) - wanted])
            if least > self._most + _ROUNDING:
                rows = rows[rare[rows] >= least - self._most - _ROUNDING]
                return rows[_best(self.at(rows), wanted)]
        scores = self.everywhere()
        if allowed is not None:
            scores[~allowed] = 0
        return _best(scores, wanted)


def _best(scores: Scores, wanted: int) -> Rows:
    if len(scores) > wanted:
        rows = np.argpartition(-scores, wanted)[:wanted]
        return rows[scores[rows] > 0]
    return np.flatnonzero(scores > 0)


class KeywordIndex:
    """BM25 scores of passages.  Immutable and thread-safe."""

    def __init__(self, postings: Postings) -> None:
        self._postings = postings
        total = int(postings.lengths.sum(dtype=np.int64))
        mean = total / len(postings) if total else 1.0
        # What a passage's length adds below the fraction of its BM25, shape `(passages,)`.
        self._norms = np.asarray(K1 * (1 - B + B * postings.lengths / mean), dtype=np.float32)
        self._found: dict[str, tuple[int, int]] = {}
        self._rows: dict[str, Scores] = {}
        self._hot: dict[str, tuple[Rows, Scores]] = {}
        self._hot_postings = 0

    @classmethod
    def build(cls, texts: Iterable[str]) -> KeywordIndex:
        """Index one text a passage."""
        return cls(count_terms(texts))

    def __len__(self) -> int:
        return len(self._postings)

    def scores(self, question_terms: Iterable[str], weights: Mapping[str, float] | None = None) -> Scores:
        """Return BM25 of every passage, shape `(passages,)`; a term that is asked twice counts once.

        Lucene's form, without the constant factor (k1 + 1).  Each term weighs its smoothed `idf`, or
        what `weights` says of it.
        """
        asked = dict.fromkeys(question_terms)
        return self.matches({t: self.idf(t) if weights is None else weights[t] for t in asked}).everywhere()

    def matches(self, weights: Mapping[str, float]) -> Matches:
        """Return BM25 of terms that weigh as `weights` says, to be worked out for whom it is wanted."""
        scores = np.zeros(len(self), np.float32)
        common: list[tuple[np.float32, Scores]] = []
        for term, weight in weights.items():
            row = self._rows.get(term)
            if row is None and self.passages_with(term) > COMMON_SHARE * len(self):
                row = self._row(term)
            if row is not None:
                common.append((np.float32(weight), row))
            else:
                # A passage stands once among a term's postings: this adds up without `add.at`.
                rows, fractions = self._scored(term)
                scores[rows] += np.float32(weight) * fractions
        return Matches(scores, common)

    def passages_with(self, term: str) -> int:
        """Return the number of passages that hold `term`."""
        start, stop = self._place(term)
        return stop - start

    def idf(self, term: str) -> float:
        """Return the inverse document frequency, largest for a term that no passage holds."""
        return smoothed_idf(term, self.passages_with(term), len(self))

    def _row(self, term: str) -> Scores:
        row = np.zeros(len(self), np.float32)
        rows, fractions = self._read(term)
        row[rows] = fractions
        if len(self._rows) < REMEMBERED_ROWS:
            self._rows[term] = row
        return row

    def _scored(self, term: str) -> tuple[Rows, Scores]:
        found = self._hot.get(term)
        if found is None:
            found = self._read(term)
            if self._hot_postings > REMEMBERED_POSTINGS:
                self._hot, self._hot_postings = {}, 0
            self._hot[term] = found
            self._hot_postings += len(found[0])
        return found

    def _read(self, term: str) -> tuple[Rows, Scores]:
        """Return the passages that hold a term, and the fraction of its weight that each scores."""
        start, stop = self._place(term)
        rows = self._postings.rows[start:stop].astype(np.int64)
        counts = self._postings.counts[start:stop].astype(np.float32)
        return rows, counts / (counts + self._norms[rows])

    def _place(self, term: str) -> tuple[int, int]:
        place = self._found.get(term)
        if place is None:
            if len(self._found) >= REMEMBERED_TERMS:
                self._found.clear()
            place = self._found[term] = self._postings.find(term)
        return place
