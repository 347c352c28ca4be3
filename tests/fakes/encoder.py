"""A deterministic embedding model without weights: similar words, similar vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from index.terms import terms
from index.types import Vectors


class HashingEncoder:
    """An `Encoder` that hashes stemmed words into a few dimensions, signed.

    Texts that share words are near, texts that share none are about orthogonal.  `encoded`
    records every document text that was asked for, so that tests can tell reuse from work.
    """

    def __init__(self, name: str = "hashing", dimension: int = 64) -> None:
        self._name = name
        self._dimension = dimension
        self.encoded: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self._name} {self._dimension}".encode()).hexdigest()

    @property
    def dimension(self) -> int:
        return self._dimension

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.encoded.extend(texts)
        return self._encode(texts)

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return self._encode(questions)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self._dimension), np.float32)
        for row, text in enumerate(texts):
            for term in terms(text):
                digest = hashlib.blake2b(f"{self._name} {term}".encode(), digest_size=8).digest()
                column = int.from_bytes(digest[:4], "big") % self._dimension
                vectors[row, column] += 1 if digest[7] % 2 else -1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)
