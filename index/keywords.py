"""The lexical index: BM25 over the terms of passages, exact however many parts they lie in.

How often a term occurs in the whole collection, and how long its passages are on average, is
added up over the parts: the scores are those of one index over all passages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from index.common_terms import smoothed_idf
from index.postings import Postings, count_terms, key_of

# Lucene's defaults.
K1 = 1.2
B = 0.75

# Where the postings of a term lie is asked for its IDF and again for its scores.
REMEMBERED_TERMS = 20_000
# A term that one passage in so many holds ("the", "who") is added as a whole row, 20 times as fast as
# passage by passage; rows are kept of so many terms, 4 bytes a passage each.
COMMON_SHARE = 1 / 8
REMEMBERED_ROWS = 64

# Postings of terms that were asked for lately, gathered from all parts: 12 bytes each.
REMEMBERED_POSTINGS = 4_000_000
# What rounding may take off a sum of scores.
_ROUNDING = 1e-3

Scores = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Matches:
    """BM25 of one question: what its rare terms come to, and what its common ones might add."""

    def __init__(self, rare: Scores, common: Sequence[tuple[np.float32, Scores]]) -> None:
        self._rare = rare
        self._common = tuple(common)
        # A term scores less than its weight, however often a passage repeats it.
        self._most = float(sum(weight for weight, _ in common))

    def everywhere(self) -> Scores:
        """The score of every passage, shape `(passages,)`."""
        scores = self._rare.copy()
        for weight, row in self._common:
            scores += weight * row
        return scores

    def at(self, rows: Rows) -> Scores:
        """The same of some passages, to the bit."""
        scores = self._rare[rows]
        for weight, row in self._common:
            scores += weight * row[rows]
        return scores

    def highest(self, wanted: int, allowed: Mask | None = None) -> Rows:
        """The passages with the `wanted` highest scores above 0, in no order.

        Where the rare terms alone tell so many apart from all that the common ones could lift, only
        these are scored in full (Turtle and Flood 1995, "Query evaluation: strategies and optimizations").
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

    def __init__(self, parts: Sequence[Postings]) -> None:
        self._parts = tuple(parts)
        self._starts = np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)
        self._norms = _norms(parts)
        self._found: dict[str, list[tuple[int, int]]] = {}
        self._rows: dict[str, Scores] = {}
        self._hot: dict[str, tuple[Rows, Scores]] = {}
        self._hot_postings = 0

    @classmethod
    def build(cls, texts: Iterable[str]) -> KeywordIndex:
        """Index one text a passage."""
        return cls([count_terms(texts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def vocabulary(self) -> frozenset[str]:
        """Every term that a passage holds; collected anew with each call."""
        return frozenset(
            part.word(number).decode() for part in self._parts for number in range(len(part.term_keys))
        )

    def scores(self, question_terms: Iterable[str], weights: Mapping[str, float] | None = None) -> Scores:
        """BM25 of every passage, shape `(passages,)`; a term that is asked twice counts once.

        Lucene's form, without the constant factor (k1 + 1).  Each term weighs its smoothed `idf`, or
        what `weights` says of it.
        """
        asked = dict.fromkeys(question_terms)
        return self.matches({t: self.idf(t) if weights is None else weights[t] for t in asked}).everywhere()

    def matches(self, weights: Mapping[str, float]) -> Matches:
        """BM25 of terms that weigh as `weights` says, to be worked out where it is wanted."""
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
                rows, fractions = self._postings(term)
                scores[rows] += np.float32(weight) * fractions
        return Matches(scores, common)

    def _row(self, term: str) -> Scores:
        row = np.zeros(len(self), np.float32)
        rows, fractions = self._gathered(term)
        row[rows] = fractions
        if len(self._rows) < REMEMBERED_ROWS:
            self._rows[term] = row
        return row

    def _postings(self, term: str) -> tuple[Rows, Scores]:
        found = self._hot.get(term)
        if found is None:
            found = self._gathered(term)
            if self._hot_postings > REMEMBERED_POSTINGS:
                self._hot, self._hot_postings = {}, 0
            self._hot[term] = found
            self._hot_postings += len(found[0])
        return found

    def _gathered(self, term: str) -> tuple[Rows, Scores]:
        """The passages that hold a term, and the fraction of its weight that each scores."""
        found = [
            (part.posting_rows[start:stop], part.posting_counts[start:stop], first)
            for part, first, (start, stop) in zip(
                self._parts, self._starts.tolist(), self._places(term), strict=False
            )
            if start < stop
        ]
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        held, repeats, firsts = zip(*found, strict=True)
        # Of all parts at once: of sixty, one after the other, most of the time went into the steps between.
        rows = np.concatenate(held) + np.repeat(np.array(firsts, np.int64), [len(rows) for rows in held])
        counts = np.concatenate(repeats).astype(np.float32)
        return rows, counts / (counts + self._norms[rows])

    def passages_with(self, term: str) -> int:
        """The number of passages that hold `term`."""
        return sum(stop - start for start, stop in self._places(term))

    def idf(self, term: str) -> float:
        """Inverse document frequency; largest for a term that no passage holds and nobody uses."""
        return smoothed_idf(term, self.passages_with(term), len(self))

    def _places(self, term: str) -> list[tuple[int, int]]:
        """Where each part has the term's postings."""
        places = self._found.get(term)
        if places is None:
            if len(self._found) >= REMEMBERED_TERMS:
                self._found.clear()
            word = term.encode()
            key = key_of(word)
            places = self._found[term] = [part.find(word, key) for part in self._parts]
        return places


def _norms(parts: Sequence[Postings]) -> Scores:
    """What a passage's length adds below the fraction of its BM25, shape `(passages,)`."""
    lengths = np.concatenate([part.lengths for part in parts]) if parts else np.zeros(0, np.int32)
    total = int(lengths.sum(dtype=np.int64))
    mean = total / len(lengths) if total else 1.0
    return np.asarray(K1 * (1 - B + B * lengths / mean), dtype=np.float32)
