"""What anybody would try first, on the same passages: dense only, BM25 only, and their rank fusion.

Nothing here is tuned: cosine of the embeddings, BM25 with Lucene's defaults over stemmed words
(characters and their pairs or triples where words have no spaces between them), and
reciprocal-rank fusion with k = 60 (Cormack et al. 2009).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import bm25s
import numpy as np
import numpy.typing as npt

from index.chunking import context_text
from index.generation import Generation
from index.terms import terms
from index.types import Encoder, Vectors
from tests.benchmarks.collection import passages_of

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

DENSE, BM25, RRF = "dense", "BM25", "rrf"
SIDES = (DENSE, BM25, RRF)
RRF_K = 60


class Plain:
    """Scores every passage and every sentence of a generation."""

    def __init__(self, generation: Generation, encoder: Encoder) -> None:
        self._encoder = encoder
        self.generation = generation
        self._vectors: Vectors = generation.vectors.reconstruct(np.arange(len(passages_of(generation))))
        self._keywords = PlainBm25(context_text(passage) for passage in passages_of(generation))
        self._sentence_keywords: PlainBm25 | None = None

    def passages(self, question: str) -> dict[str, Floats]:
        """Scores of all passages by each side, shape `(passages,)`."""
        dense = self._vectors @ self._encoder.encode_questions([question])[0]
        return _with_fusion(dense, self._keywords.scores(question))

    def sentences(self, question: str, rows: Rows) -> dict[str, Floats]:
        """Scores of some sentences by each side, shape `(rows,)`."""
        vector = self._encoder.encode_questions([question])[0]
        dense = self.generation.sentence_vectors.rows(rows) @ vector
        return _with_fusion(dense, self._sentences_bm25().scores(question)[rows])

    def first_sentence(self, question: str) -> dict[str, tuple[str, int, int]]:
        """For each side, its best sentence of its best passage: `(article id, start, end)`."""
        found: dict[str, tuple[str, int, int]] = {}
        for side, scores in self.passages(question).items():
            number = int(np.argmax(scores))
            rows = np.arange(*self.generation.offsets[number : number + 2].tolist())
            best = int(rows[np.argmax(self.sentences(question, rows)[side])])
            _, start, end = self.generation.sentences[best].tolist()
            found[side] = (passages_of(self.generation)[number].article.id, start, end)
        return found

    def best(self, question: str) -> dict[str, float]:
        """For each side, how good the best passage looks (for the dense side: passage or sentence)."""
        found = {side: float(scores.max()) for side, scores in self.passages(question).items()}
        vector = self._encoder.encode_questions([question])[0]
        sentences = self.generation.sentence_vectors.rows(slice(None)) @ vector
        return {**found, DENSE: max(found[DENSE], float(sentences.max()))}

    def _sentences_bm25(self) -> PlainBm25:
        if self._sentence_keywords is None:
            passages = passages_of(self.generation)
            self._sentence_keywords = PlainBm25(
                passages[number].article.text[start:end]
                for number, start, end in self.generation.sentences.tolist()
            )
        return self._sentence_keywords


class PlainBm25:
    """BM25 as bm25s has it."""

    def __init__(self, texts: Iterable[str]) -> None:
        vocabulary: dict[str, int] = {}
        ids = [[vocabulary.setdefault(term, len(vocabulary)) for term in _words(text)] for text in texts]
        self._vocabulary = vocabulary
        self._bm25 = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
        self._bm25.index((ids, vocabulary), create_empty_token=False, show_progress=False)
        self._size = len(ids)

    def scores(self, question: str) -> Floats:
        known = [word for word in dict.fromkeys(_words(question)) if word in self._vocabulary]
        if not known:
            return np.zeros(self._size, np.float32)
        return np.asarray(self._bm25.get_scores(known), dtype=np.float32)


def best_articles(generation: Generation, scores: Floats, k: int) -> list[str]:
    """The articles of the `k` best passages, each once, best first."""
    rows = np.argsort(-scores, kind="stable")[:k]
    return list(dict.fromkeys(passages_of(generation)[row].article.id for row in rows))


def best_passages(scores: Floats, k: int) -> list[int]:
    """The rows of the `k` best passages, best first."""
    return [int(row) for row in np.argsort(-scores, kind="stable")[:k]]


def fused_by_rank(sides: Sequence[Floats]) -> Floats:
    """Reciprocal-rank fusion; a score of 0 or less was not found, and gets no rank."""
    fused = np.zeros(len(sides[0]), np.float32)
    for scores in sides:
        order = np.argsort(-scores, kind="stable")
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(1, len(order) + 1)
        fused += np.where(scores > 0, 1 / (RRF_K + ranks), 0).astype(np.float32)
    return fused


def _with_fusion(dense: Floats, bm25: Floats) -> dict[str, Floats]:
    return {DENSE: dense, BM25: bm25, RRF: fused_by_rank([dense, bm25])}


def better(figures: Mapping[str, float]) -> float:
    """The better of the two sides by themselves."""
    return max(figures[DENSE], figures[BM25])


def _words(text: str) -> list[str]:
    # The product's prefixes ("^word") are its own addition to plain BM25.
    return [term for term in terms(text) if not term.startswith("^")]
