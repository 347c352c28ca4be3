"""Many texts -> unit vectors, by a BERT in torch: nothing is padded, and eight bits where they are fast.

What makes it faster than sentence-transformers, which pads each batch: texts lie end to end, those of
one length share one attention, and a batch fits the processor's cache (1.6 times on two cores).
Multiplying in eight bits makes that 2.3, on a processor that has instructions for them; every token
and every column of a matrix has a scale of its own, so that a vector keeps a cosine of .997 to itself.
With one scale a matrix, as `torch.ao.quantization` has it, .92 were left.  Whoever uses it compares
it with full precision first, and leaves it to long texts (`index.encoders.packaged`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from index.encoders.bert import Bert, Ids, Layer, Matrix
from index.types import Vectors

Precision = Literal["int8", "float32"]

# 384 to 768 are within 5 %; from 1,024 on the widest matrix falls out of the cache.
BATCH_TOKENS = 512
_LARGEST = 127.0
_TINY = 1e-12


def precisions() -> tuple[Precision, ...]:
    """What this processor computes fast, the fastest first.

    Bfloat16 is left out: without tiles (AMX) it was slower than float32, and with them int8 is faster.
    """
    # Without these instructions torch multiplies eight bits in a plain loop.
    known = torch.cpu.get_capabilities()
    return ("int8", "float32") if known.get("avx512_vnni") or known.get("avx_vnni") else ("float32",)


class PackedBert:
    """The same model as a `Bert`, for many texts.  Immutable and thread-safe."""

    def __init__(self, bert: Bert, precision: Precision) -> None:
        self.precision = precision
        self._dimension, self._heads, self._epsilon = bert.dimension, bert.heads, bert.epsilon
        self._words, self._positions = _tensor(bert.words), _tensor(bert.positions)
        self._norm, self._norm_bias = _tensor(bert.norm), _tensor(bert.norm_bias)
        self._layers = tuple(_PackedLayer.of(layer, precision) for layer in bert.layers)

    def embed(self, texts: Sequence[Ids]) -> Vectors:
        """Return the unit vector of each text, given as token ids; shape `(len(texts), dimension)`."""
        batches = list(_batches(texts))
        vectors = np.zeros((len(texts), self._dimension), np.float32)
        with _one_thread_each() as threads, ThreadPoolExecutor(threads) as pool:
            found = pool.map(self._unit_means, ([texts[row] for row in batch] for batch in batches))
            for batch, means in zip(batches, found, strict=True):
                vectors[batch] = means
        return vectors

    @torch.inference_mode()
    def _unit_means(self, batch: Sequence[Ids]) -> Vectors:
        """Of the last states of each text; `batch` is in order of length."""
        return np.asarray(F.normalize(self._means(batch), dim=1).numpy())

    def _means(self, batch: Sequence[Ids]) -> Tensor:
        runs = _runs(batch)
        places = np.concatenate([np.arange(len(ids)) for ids in batch])
        embedded = self._words[torch.from_numpy(np.concatenate(batch))] + self._positions[places]
        states = self._normalised(embedded, self._norm, self._norm_bias)
        for layer in self._layers:
            mixed = self._attended(layer.qkv(states), runs)
            states = self._normalised(
                layer.out(mixed).add_(states), layer.attention_norm, layer.attention_norm_bias
            )
            hidden = F.gelu(layer.up(states))
            states = self._normalised(layer.down(hidden).add_(states), layer.norm, layer.norm_bias)
        return torch.cat([states[run.span].view(run.texts, run.tokens, -1).mean(1) for run in runs])

    def _attended(self, projected: Tensor, runs: Sequence[_Run]) -> Tensor:
        mixed = torch.empty(len(projected), self._dimension)
        for run in runs:
            shape = (run.texts, run.tokens, 3, self._heads, -1)
            queries, keys, values = projected[run.span].view(shape).permute(2, 0, 3, 1, 4)
            found = F.scaled_dot_product_attention(queries, keys, values).transpose(1, 2)
            mixed[run.span].view(found.shape).copy_(found)
        return mixed

    def _normalised(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        return F.layer_norm(x, (self._dimension,), scale, shift, self._epsilon)


@contextmanager
def _one_thread_each() -> Iterator[int]:
    """How many batches to work on at a time; a batch that two threads share waits twenty times a layer."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


class _Linear(Protocol):
    def __call__(self, x: Tensor) -> Tensor: ...


class _Float32:
    """x @ weight + bias."""

    def __init__(self, weight: Matrix, bias: Matrix) -> None:
        self._weight, self._bias = _tensor(weight), _tensor(bias)

    def __call__(self, x: Tensor) -> Tensor:
        return torch.addmm(self._bias, x, self._weight)


class _Int8:
    """The same, both factors rounded to 255 steps: a column of the weight, and a row of x, at a time."""

    def __init__(self, weight: Matrix, bias: Matrix) -> None:
        full = _tensor(weight)
        step = full.abs().amax(0).clamp_min(_TINY) / _LARGEST
        self._weight = (full / step).round().to(torch.int8)
        self._step = step / _LARGEST
        self._bias = _tensor(bias)

    def __call__(self, x: Tensor) -> Tensor:
        # Not `vector_norm`, which takes three times as long for the same.
        largest = torch.maximum(x.amax(1, keepdim=True), -x.amin(1, keepdim=True)).clamp_min_(_TINY)
        rounded = (x * (_LARGEST / largest)).round_().to(torch.int8)
        product = torch._int_mm(rounded, self._weight).to(torch.float32).mul_(largest)
        return torch.addcmul(self._bias, product, self._step, out=product)


@dataclass(frozen=True, slots=True)
class _PackedLayer:
    qkv: _Linear
    out: _Linear
    attention_norm: Tensor
    attention_norm_bias: Tensor
    up: _Linear
    down: _Linear
    norm: Tensor
    norm_bias: Tensor

    @classmethod
    def of(cls, layer: Layer, precision: Precision) -> _PackedLayer:
        linear = _Int8 if precision == "int8" else _Float32
        return cls(
            qkv=linear(layer.qkv, layer.qkv_bias),
            out=linear(layer.out, layer.out_bias),
            attention_norm=_tensor(layer.attention_norm),
            attention_norm_bias=_tensor(layer.attention_norm_bias),
            up=linear(layer.up, layer.up_bias),
            down=linear(layer.down, layer.down_bias),
            norm=_tensor(layer.norm),
            norm_bias=_tensor(layer.norm_bias),
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """Texts of one length that lie side by side."""

    span: slice
    texts: int
    tokens: int


def _runs(batch: Sequence[Ids]) -> list[_Run]:
    runs: list[_Run] = []
    start = 0
    for tokens, group in groupby(map(len, batch)):
        texts = sum(1 for _ in group)
        runs.append(_Run(slice(start, start + texts * tokens), texts, tokens))
        start += texts * tokens
    return runs


def _batches(texts: Sequence[Ids]) -> Iterator[list[int]]:
    """Rows in order of length, so that each batch has about `BATCH_TOKENS`."""
    batch: list[int] = []
    tokens = 0
    for row in sorted(range(len(texts)), key=lambda row: len(texts[row])):
        if batch and tokens + len(texts[row]) > BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(row)
        tokens += len(texts[row])
    if batch:
        yield batch


def _tensor(array: Matrix) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
