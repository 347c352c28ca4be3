"""A question -> ranked passages, with the evidence of each of their sentences.

Two steps: the vector index and the lexical index each propose candidates, then every candidate
gets both scores and those of its sentences.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np

from index.marks import plain
from index.ranking import best_first, dense_evidence, dense_weight, fuse, lexical_evidence, with_neighbours
from index.store import Found, ReadPassage, Snapshot
from index.terms import terms
from index.types import Encoder, Hit, Rows, Scope, Scores, Table

# Each side proposes this many passages.  See RESULTS.md, "Constants".
CANDIDATES = 100
# Of these, so many are read sentence by sentence.  See RESULTS.md, "Constants".
READ_CLOSELY = 16
# Words of a follow-up against those of the question that it follows.
FOCUS_WEIGHT = 3.0
# Terms of sentences that were read lately, by passage.
CACHED_PASSAGES = 5_000


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a candidate passage, and its scores."""

    place: int
    """Of its passage in `Findings.hits`."""
    start: int
    end: int
    cosine: float
    coverage: float
    """Share of the question's IDF mass that the sentence holds, 0..1."""
    in_order: tuple[str, ...]
    """Its terms as they come, repeats included, behind those of what stands above it if it needs that."""
    terms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that the search found for one question."""

    question: str
    in_order: tuple[str, ...]
    """The question's terms as they come, repeats included."""
    question_terms: tuple[str, ...]
    """Each of them once."""
    idf: dict[str, float]
    """The weight of each term."""
    hits: list[Hit]
    sentences: list[Sentence]
    """Of the first `READ_CLOSELY` hits, in order of hit and text."""
    background: float
    weight: float
    """The share of the dense side."""


class Searcher:
    """Searches one generation.  Thread-safe; cheap to make."""

    def __init__(self, snapshot: Snapshot, encoder: Encoder) -> None:
        self.snapshot = snapshot
        self._encoder = encoder
        self._terms: OrderedDict[int, list[tuple[str, ...]]] = OrderedDict()
        self._lock = Lock()

    def search(self, question: str, k: int = 10) -> list[Hit]:
        """Return at most `k` passages, best first."""
        return self.find(question, k).hits[:k]

    def find(
        self, question: str, k: int = CANDIDATES, scope: Scope = None, focus: str | None = None
    ) -> Findings:
        """Return at least `k` hits if the collections in `scope` have them, and their sentences.

        `focus` is the part of the question that counts most: of a follow-up, what is new in it.
        """
        in_order = tuple(terms(question))
        asked = tuple(dict.fromkeys(in_order))
        focused = frozenset(terms(focus)) if focus is not None else frozenset()
        weights = self.snapshot.weights(asked)
        idf = {t: weights[t] * (FOCUS_WEIGHT if t in focused else 1.0) for t in asked}
        mass = sum(idf.values())
        vector = self._encoder.encode_questions([question])[0]
        background = float(self.snapshot.background @ vector)
        weight = dense_weight(question, self._encoder.count_tokens([question])[0])
        scale = _Scale(mass, background, weight)
        found = _candidates(self.snapshot.find(vector, idf, max(k, CANDIDATES), scope), scale)
        if not len(found.keys):
            return Findings(question, in_order, asked, idf, [], [], background, weight)
        order = best_first(found.rough, max(k, READ_CLOSELY))
        close, rest = np.array(order[:READ_CLOSELY]), order[READ_CLOSELY:]
        passages = self.snapshot.read([int(key) for key in found.keys[order]], vector)
        read = [
            self._reading(int(found.keys[at]), passage, asked, idf)
            for at, passage in zip(close, passages, strict=False)
        ]
        score = with_neighbours(
            scale.fuse(
                found.cosine[close],
                np.array([r.best_cosine for r in read], np.float32),
                found.bm25[close],
                np.array([r.best_coverage for r in read], np.float32),
            ),
            found.beside[close],
        )
        hits: list[Hit] = []
        sentences: list[Sentence] = []
        for place, i in enumerate(best_first(score, len(close))):
            hits.append(found.hit(int(close[i]), passages[i], float(score[i])))
            sentences.extend(read[i].at(place))
        # Not read closely: below every passage that was, in the order of the rough score.
        floor = hits[-1].score
        hits.extend(
            found.hit(at, passage, min(floor, float(found.rough[at])))
            for at, passage in zip(rest, passages[READ_CLOSELY:], strict=True)
        )
        return Findings(question, in_order, asked, idf, hits, sentences, background, weight)

    def _reading(
        self, key: int, read: ReadPassage, asked: tuple[str, ...], idf: dict[str, float]
    ) -> _Reading:
        mass = sum(idf.values())
        in_order = self._sentence_terms(key, read)
        found = [frozenset(sequence) for sequence in in_order]
        coverage = [sum(idf[t] for t in asked if t in held) / mass if mass else 0.0 for held in found]
        return _Reading(read.spans, read.cosines, coverage, in_order, found)

    def _sentence_terms(self, key: int, read: ReadPassage) -> list[tuple[str, ...]]:
        with self._lock:
            if key in self._terms:
                self._terms.move_to_end(key)
                return self._terms[key]
        text = read.passage.article.text
        found = [
            tuple(terms(" ".join([*context, plain(text[start:end])])))
            for (start, end), context in zip(read.spans.tolist(), read.contexts, strict=True)
        ]
        with self._lock:
            self._terms[key] = found
            while len(self._terms) > CACHED_PASSAGES:
                self._terms.popitem(last=False)
        return found


@dataclass(frozen=True, slots=True)
class _Scale:
    """The scales of one question's scores."""

    mass: float
    """Sum of the question's IDF: the BM25 of its terms repeated without end, in Lucene's form."""
    background: float
    weight: float

    def fuse(self, cosine: Scores, best_cosine: Scores, bm25: Scores, best_coverage: Scores) -> Scores:
        dense = dense_evidence(cosine, best_cosine, self.background)
        return fuse(dense, lexical_evidence(bm25, self.mass, best_coverage), self.weight)


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Arrays of shape `(candidates,)`, in order of key."""

    keys: Rows
    cosine: Scores
    bm25: Scores
    beside: Scores
    """The rough score of the better neighbour."""
    rough: Scores

    def hit(self, at: int, read: ReadPassage, score: float) -> Hit:
        cosine, lexical = float(self.cosine[at]), float(self.bm25[at])
        return Hit(read.passage, int(self.keys[at]), score, cosine, lexical)


@dataclass(frozen=True, slots=True)
class _Reading:
    spans: Table
    cosines: Scores
    coverage: list[float]
    in_order: list[tuple[str, ...]]
    terms: list[frozenset[str]]

    @property
    def best_cosine(self) -> float:
        return float(self.cosines.max(initial=-1.0))

    @property
    def best_coverage(self) -> float:
        return max(self.coverage, default=0.0)

    def at(self, place: int) -> list[Sentence]:
        return [
            Sentence(place, int(start), int(end), float(cosine), coverage, in_order, held)
            for (start, end), cosine, coverage, in_order, held in zip(
                self.spans, self.cosines, self.coverage, self.in_order, self.terms, strict=True
            )
        ]


def _candidates(found: Found, scale: _Scale) -> _Candidates:
    """Return the passages worth reading, scored without their sentences."""
    share = found.bm25 / scale.mass if scale.mass else found.bm25
    rough = scale.fuse(found.cosine, found.cosine, found.bm25, share)
    known = np.where(found.neighbours >= 0, rough[found.neighbours], 0.0)
    # The better of the two; 0 if there is none, or none above 0.
    beside = np.asarray(known.max(axis=1, initial=0.0), dtype=np.float32)
    at = found.candidates
    return _Candidates(
        found.keys[at], found.cosine[at], found.bm25[at], beside, with_neighbours(rough[at], beside)
    )
