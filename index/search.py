"""A question -> ranked passages, with the evidence of each of their sentences.

Two steps: the vector index and the lexical index each propose candidates, then every candidate
gets both scores and those of its sentences.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from index.generation import Generation
from index.marks import plain
from index.ranking import best_first, dense_evidence, dense_weight, fuse, lexical_evidence, with_neighbours
from index.store import Found, GenerationStore, Searchable
from index.terms import terms
from index.types import Encoder, Hit

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# Each side proposes this many passages.  Beyond 100 the recall of the union does not rise.
CANDIDATES = 100
# Of these, so many are read sentence by sentence.  12, 16, 24 and 32 give the same R@1, recall at 5
# and sentences on the tune split; each costs 0.1 ms.
READ_CLOSELY = 16
# Words of a follow-up against those of the question that it follows.
FOCUS_WEIGHT = 3.0
# Terms of sentences that were read lately, by passage.
CACHED_PASSAGES = 5_000


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a candidate passage, and what speaks for it."""

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
    """All that the search learnt about one question."""

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
    vector: Floats
    """Of the question, shape `(dimension,)`."""


class Searcher:
    """Searches one generation.  Thread-safe; cheap to make."""

    def __init__(self, generation: Generation, encoder: Encoder, store: Searchable | None = None) -> None:
        """`store` holds the generation's vectors and terms; None where they are on this machine."""
        self.generation = generation
        self._encoder = encoder
        self._store = store or GenerationStore(generation)
        self._terms: OrderedDict[int, list[tuple[str, ...]]] = OrderedDict()
        self._lock = Lock()

    def search(self, question: str, k: int = 10) -> list[Hit]:
        """Return at most `k` passages, best first."""
        return self.find(question, k).hits[:k]

    def find(
        self, question: str, k: int = CANDIDATES, allowed: Mask | None = None, focus: str | None = None
    ) -> Findings:
        """Return at least `k` hits where the collection has them, and their sentences.

        `focus` is the part of the question that counts most: of a follow-up, what is new in it.
        `allowed`, shape `(passages,)`, shuts out every passage where it is False.
        """
        index = self.generation
        in_order = tuple(terms(question))
        asked = tuple(dict.fromkeys(in_order))
        focused = frozenset(terms(focus)) if focus is not None else frozenset()
        idf = {t: self._store.idf(t) * (FOCUS_WEIGHT if t in focused else 1.0) for t in asked}
        mass = sum(idf.values())
        vector = self._encoder.encode_questions([question])[0]
        background = float(self._store.background @ vector)
        weight = dense_weight(question, self._encoder.count_tokens([question])[0])
        nothing = Findings(question, in_order, asked, idf, [], [], background, weight, vector)
        if not len(index.passages):
            return nothing

        scale = _Scale(mass, background, weight)
        found = _candidates(self._store.find(vector, idf, max(k, CANDIDATES), allowed), scale)
        if not len(found.rows):
            return nothing
        order = best_first(found.rough, len(found.rows))
        close, rest = np.array(order[:READ_CLOSELY]), order[READ_CLOSELY:]
        read = [self._read(int(number), asked, idf, mass, vector) for number in found.rows[close]]
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
            hits.append(self._hit(found, int(close[i]), float(score[i])))
            sentences.extend(read[i].at(place))
        # Not read closely: below every passage that was, in the order of the rough score.
        floor = hits[-1].score
        unread = rest[: max(0, k - len(hits))]
        hits.extend(self._hit(found, at, min(floor, float(found.rough[at]))) for at in unread)
        return Findings(question, in_order, asked, idf, hits, sentences, background, weight, vector)

    def _hit(self, found: _Candidates, at: int, score: float) -> Hit:
        number = int(found.rows[at])
        passage = self.generation.passages[number]
        return Hit(passage, number, score, float(found.cosine[at]), float(found.bm25[at]))

    def _read(
        self, number: int, asked: tuple[str, ...], idf: dict[str, float], mass: float, vector: Floats
    ) -> _Reading:
        rows = self.generation.sentence_rows(number)
        spans = self.generation.sentences[rows.start : rows.stop, 1:]
        cosines = self._store.sentence_cosines(number, vector)
        in_order = self._sentence_terms(number)
        found = [frozenset(sequence) for sequence in in_order]
        coverage = [sum(idf[t] for t in asked if t in held) / mass if mass else 0.0 for held in found]
        return _Reading(spans, cosines, coverage, in_order, found)

    def _sentence_terms(self, number: int) -> list[tuple[str, ...]]:
        with self._lock:
            if number in self._terms:
                self._terms.move_to_end(number)
                return self._terms[number]
        rows = self.generation.sentence_rows(number)
        text = self.generation.passages[number].article.text
        spans = self.generation.sentences[rows.start : rows.stop, 1:].tolist()
        contexts = self.generation.passages.contexts(number)
        found = [
            tuple(terms(" ".join([*context, plain(text[start:end])])))
            for (start, end), context in zip(spans, contexts, strict=True)
        ]
        with self._lock:
            self._terms[number] = found
            while len(self._terms) > CACHED_PASSAGES:
                self._terms.popitem(last=False)
        return found


@dataclass(frozen=True, slots=True)
class _Scale:
    """What the scores of one question are measured by."""

    mass: float
    """Sum of the question's IDF: the BM25 of its terms repeated without end, in Lucene's form."""
    background: float
    weight: float

    def fuse(self, cosine: Floats, best_cosine: Floats, bm25: Floats, best_coverage: Floats) -> Floats:
        dense = dense_evidence(cosine, best_cosine, self.background)
        return fuse(dense, lexical_evidence(bm25, self.mass, best_coverage), self.weight)


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Arrays of shape `(candidates,)`, in order of row."""

    rows: Rows
    cosine: Floats
    bm25: Floats
    beside: Floats
    """The rough score of the better neighbour."""
    rough: Floats


@dataclass(frozen=True, slots=True)
class _Reading:
    spans: npt.NDArray[np.int32]
    cosines: Floats
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
    """What is worth reading, scored without a look at its sentences."""
    share = found.bm25 / scale.mass if scale.mass else found.bm25
    rough = scale.fuse(found.cosine, found.cosine, found.bm25, share)
    known = np.where(found.neighbours >= 0, rough[found.neighbours], 0.0)
    # The better of the two; 0 where there is none, or none above 0.
    beside = np.asarray(known.max(axis=1, initial=0.0), dtype=np.float32)
    at = found.candidates
    return _Candidates(
        found.rows[at], found.cosine[at], found.bm25[at], beside, with_neighbours(rough[at], beside)
    )
