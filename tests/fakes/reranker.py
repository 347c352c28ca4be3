"""A reranker with a taste: it likes texts that hold a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from index.types import Scores


class WordReranker:
    """Scores a text by the dearest of its words; `read` records every question and text.

    `by_question` says which words are dear in which question; `words` are so in any other.
    """

    def __init__(
        self,
        words: Mapping[str, float],
        by_question: Mapping[str, Mapping[str, float]] | None = None,
        name: str = "words",
    ) -> None:
        self._words = words
        self._by_question = by_question or {}
        self._name = name
        self.read: list[tuple[str, str]] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def fingerprint(self) -> str:
        return f"{self._name} {sorted(self._words.items())}"

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        self.read.extend((question, text) for text in texts)
        words = self._by_question.get(question, self._words)
        return np.array(
            [max((score for word, score in words.items() if word in text), default=0.0) for text in texts],
            np.float32,
        )
