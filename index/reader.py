"""The small reader that ships: a question and a sentence, read together -> how well one answers the other.

The packaged embedding model with low-rank adapters (Hu et al. 2021, "LoRA") and one output, trained
by `tests/benchmarks/train_reader.py`.  Computed in NumPy; nothing here trains.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from index.bert import Bert, Layer, Matrix, load_bert
from index.types import FootnoteError, Scores

# Of question and text together.  Sentences of more tokens are cut: two of three hundred are.
MAX_TOKENS = 96
SEPARATOR = " [SEP] "
"""Between a sentence and its context; the tokenizer knows it as a mark."""


class Reader:
    """A `Reranker` over the packaged weights.  Thread-safe.

    Scores are log-odds on a scale that was trained on all questions alike.
    """

    def __init__(self, bert: Bert, head: Matrix, tokenizer: Any, fingerprint: str) -> None:
        self._bert = bert
        self._head = head
        self._tokenizer = tokenizer
        self._fingerprint = fingerprint
        marked = tokenizer.encode("").ids
        self._marks = marked[0], marked[-1]

    @classmethod
    def load(cls, base: Path, adapters: Path) -> Reader:
        """Read the model folder `base` and what was learnt on top of it."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            learnt = {name: value.astype(np.float32) for name, value in load_file(adapters).items()}
            digest = hashlib.sha256(adapters.read_bytes()).hexdigest()
        except (OSError, SafetensorError) as error:
            raise FootnoteError(
                f"The reader {adapters} cannot be read: {error}. Reinstall Footnote."
            ) from error
        bert = load_bert(base)
        tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        adapted = [_adapted(layer, learnt, number) for number, layer in enumerate(bert.layers)]
        return cls(bert.with_layers(adapted), learnt["head"], tokenizer, digest)

    @property
    def name(self) -> str:
        return "reader"

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """Shape `(len(texts),)`.  A question is cut to half of the room, a text to the rest."""
        start, end = self._marks
        asked = self._ids(question)[: MAX_TOKENS // 2]
        room = MAX_TOKENS - len(asked) - 3
        batch = [np.array([start, *asked, end, *self._ids(text)[:room], end], np.int64) for text in texts]
        means = [states.mean(axis=0) for states in self._bert.states(batch)]
        weights, bias = self._head[:-1], self._head[-1]
        return np.array([mean @ weights + bias for mean in means], np.float32)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids


def _adapted(layer: Layer, learnt: Mapping[str, Matrix], number: int) -> Layer:
    def change(module: str) -> Matrix:
        """Shape (inputs, outputs), as the layer's matrices have."""
        down, up = learnt[f"{number}.{module}.a"], learnt[f"{number}.{module}.b"]
        return (up @ down).T

    parts = ("attention.self.query", "attention.self.key", "attention.self.value")
    return replace(
        layer,
        qkv=layer.qkv + np.concatenate([change(part) for part in parts], axis=1),
        out=layer.out + change("attention.output.dense"),
        up=layer.up + change("intermediate.dense"),
        down=layer.down + change("output.dense"),
    )
