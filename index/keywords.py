"""The lexical index: BM25 over the terms of passages.  The only importer of bm25s."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import numpy.typing as npt

from index.common_terms import smoothed_idf
from index.tokens import terms

# Lucene's defaults.
K1 = 1.2
B = 0.75

Scores = npt.NDArray[np.float32]

_SIZE_FILE = "size.json"


class KeywordIndex:
    """BM25 scores, precomputed for each term and passage.  Immutable and thread-safe."""

    def __init__(self, passages: int, bm25: Any | None) -> None:
        self._passages = passages
        self._bm25 = bm25  # None where there is not a single term, which bm25s cannot represent
        self._vocabulary: Mapping[str, int] = bm25.vocab_dict if bm25 is not None else {}

    @classmethod
    def build(cls, texts: Iterable[str]) -> KeywordIndex:
        """Index one text a passage."""
        vocabulary: dict[str, int] = {}
        # Numbered in order of appearance: bm25s itself would number them by a set's order,
        # which changes from one run to the next.
        ids = [[vocabulary.setdefault(term, len(vocabulary)) for term in terms(text)] for text in texts]
        if not vocabulary:
            return cls(len(ids), None)
        bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
        bm25.index((ids, vocabulary), create_empty_token=False, show_progress=False)
        return cls(len(ids), bm25)

    @classmethod
    def load(cls, folder: Path) -> KeywordIndex:
        """Read what `save` wrote, memory-mapped; the caller has verified the files."""
        passages = int(json.loads((folder / _SIZE_FILE).read_text("utf-8"))["passages"])
        if not (folder / "params.index.json").exists():
            return cls(passages, None)
        return cls(passages, bm25s.BM25.load(folder, mmap=True, allow_pickle=False, show_progress=False))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _SIZE_FILE).write_text(json.dumps({"passages": self._passages}), "utf-8")
        if self._bm25 is not None:
            self._bm25.save(folder, allow_pickle=False, show_progress=False)

    def __len__(self) -> int:
        return self._passages

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """Term -> number."""
        return self._vocabulary

    def scores(self, question_terms: Iterable[str], weights: Mapping[str, float] | None = None) -> Scores:
        """BM25 of every passage, shape `(passages,)`; a term that is asked twice counts once.

        Each term weighs its smoothed `idf`, or what `weights` says of it.  bm25s worked another IDF
        into its table: the quotient of the two puts it right.
        """
        scores = np.zeros(self._passages, np.float32)
        if self._bm25 is None:
            return scores
        table = self._bm25.scores
        for term in dict.fromkeys(question_terms):
            number = self._vocabulary.get(term)
            if number is None:
                continue
            start, stop = int(table["indptr"][number]), int(table["indptr"][number + 1])
            baked = math.log(1 + (self._passages - (stop - start) + 0.5) / (stop - start + 0.5))
            # A passage stands once in a term's column, so that this adds up without `add.at`.
            weight = self.idf(term) if weights is None else weights[term]
            scores[table["indices"][start:stop]] += table["data"][start:stop] * (weight / baked)
        return scores

    def passages_with(self, term: str) -> int:
        """The number of passages that hold `term`."""
        number = self._vocabulary.get(term)
        if self._bm25 is None or number is None:
            return 0
        starts = self._bm25.scores["indptr"]
        return int(starts[number + 1] - starts[number])

    def idf(self, term: str) -> float:
        """Inverse document frequency; largest for a term that no passage holds and nobody uses."""
        return smoothed_idf(term, self.passages_with(term), self._passages)
