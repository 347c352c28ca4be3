"""An encoder that computes the packaged model, and others like it, in NumPy.

The same weights and the same tokenizer as sentence-transformers', without the seconds that it takes to
import.  Models of another architecture are left to that.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from index.encoders.bert import Ids, UnsupportedModel, load_bert
from index.types import Encoder, Vectors

# Laid end to end; more make the widest matrix fall out of the cache, and fewer take longer in two batches
# than in one.
BATCH_TOKENS = 1_024
LEAST_BATCH_TOKENS = 128

_log = logging.getLogger(__name__)


class FullEncoder(Encoder, Protocol):
    """An encoder that takes a while to load, and names the folder of its files."""

    @property
    def folder(self) -> Path | None: ...


def lightest(full: FullEncoder, threads: int | None = None) -> Encoder:
    """Return an encoder for the same model that needs less, or `full` itself if there is none.

    It uses all cores, unless `threads` says how many.
    """
    if full.folder is None:
        return full
    try:
        return LightEncoder(full, full.folder, threads or os.cpu_count() or 1)
    except UnsupportedModel as error:
        _log.info("Texts are embedded by sentence-transformers: %s", error)
        return full


class LightEncoder:
    """An `Encoder` with the name and fingerprint of `full`, which is never loaded.  Thread-safe."""

    def __init__(self, full: FullEncoder, folder: Path, threads: int = 1) -> None:
        """Raise `UnsupportedModel` unless `folder` holds a BERT with mean pooling."""
        self._full = full
        self._threads = threads
        self._max_tokens = _supported_tokens(folder)
        self._bert = load_bert(folder)
        self._cutting = _tokenizer(folder)
        self._cutting.enable_truncation(self._max_tokens)
        self._counting = _tokenizer(folder)

    @property
    def name(self) -> str:
        return self._full.name

    @property
    def fingerprint(self) -> str:
        return self._full.fingerprint

    @property
    def dimension(self) -> int:
        return self._bert.dimension

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [
            len(found.ids) for found in self._counting.encode_batch(list(texts), add_special_tokens=False)
        ]

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return self._encode(questions)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        ids = [np.array(found.ids, np.int64) for found in self._cutting.encode_batch(list(texts))]
        vectors = np.zeros((len(ids), self.dimension), np.float32)

        def embed(batch: list[int]) -> None:
            for row, states in zip(batch, self._bert.states([ids[row] for row in batch]), strict=True):
                vectors[row] = states.mean(axis=0)

        batches = list(_batches(ids, self._threads))
        if len(batches) > 1:
            # NumPy's own threads are kept to one, which suits questions.
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(embed, batches))
        elif batches:
            embed(batches[0])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _supported_tokens(folder: Path) -> int:
    """Return the longest input of a model that is BERT, mean pooling and normalisation, without prompts."""
    modules = [str(module["type"]).rpartition(".")[2] for module in _json(folder / "modules.json")]
    if modules not in (["Transformer", "Pooling", "Normalize"], ["Transformer", "Pooling"]):
        raise UnsupportedModel(f"it is made of {', '.join(modules)}")
    pooling = _json(folder / "1_Pooling" / "config.json")
    ways = [name for name, on in pooling.items() if name.startswith("pooling_mode") and on]
    if ways not in (["pooling_mode_mean_tokens"], ["pooling_mode"]) or (
        ways == ["pooling_mode"] and pooling["pooling_mode"] != "mean"
    ):
        raise UnsupportedModel(f"it pools by {', '.join(ways)}")
    if any(_json(folder / "config_sentence_transformers.json", {}).get("prompts", {}).values()):
        raise UnsupportedModel("it puts prompts in front of texts")
    settings = _json(folder / "sentence_bert_config.json")
    longest = settings.get("max_seq_length")
    if not longest or settings.get("do_lower_case"):
        raise UnsupportedModel("its longest input is not said, or it lowers the case by itself")
    return int(longest)


def _json(path: Path, default: Any = None) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        if default is not None:
            return default
        raise UnsupportedModel(f"{path} cannot be read: {error}") from error


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.exists():
        raise UnsupportedModel(f"there is no {path}")
    tokenizer = Tokenizer.from_file(str(path))
    # The file brings both along, with limits of its own.
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _batches(ids: Sequence[Ids], threads: int) -> Iterator[list[int]]:
    """Yield rows, so that each thread has a batch, of `LEAST_BATCH_TOKENS` to `BATCH_TOKENS`."""
    share = sum(map(len, ids)) // threads + 1
    most = min(max(share, LEAST_BATCH_TOKENS), BATCH_TOKENS)
    batch: list[int] = []
    tokens = 0
    for row, found in enumerate(ids):
        if batch and tokens + len(found) > most:
            yield batch
            batch, tokens = [], 0
        batch.append(row)
        tokens += len(found)
    if batch:
        yield batch
