"""The forward pass of a BERT encoder in NumPy: token ids -> the states of the tokens.

A question has some fifteen tokens.  For those, importing torch takes far longer than all the
arithmetic, and torch itself is no faster (see RESULTS.md, "Constants").  Training and other
architectures are left to sentence-transformers.

Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

_SQRT_HALF = np.float32(0.5**0.5)
# Abramowitz and Stegun 1964, formula 7.1.26: the error function within 1.5e-7.
_ERF_P = np.float32(0.3275911)
_ERF = tuple(np.float32(a) for a in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))


@lru_cache(maxsize=2)
def load_bert(folder: Path) -> Bert:
    """`Bert.load`, once a process: an encoder and a reader of the same model share its weights."""
    return Bert.load(folder)


class UnsupportedModel(Exception):
    """Not an encoder that this module computes."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One transformer layer; matrices have shape (inputs, outputs)."""

    qkv: Matrix
    """Queries, keys and values side by side."""
    qkv_bias: Matrix
    out: Matrix
    out_bias: Matrix
    attention_norm: Matrix
    attention_norm_bias: Matrix
    up: Matrix
    up_bias: Matrix
    down: Matrix
    down_bias: Matrix
    norm: Matrix
    norm_bias: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Bert:
    """Weights and the forward pass.  Immutable and thread-safe."""

    words: Matrix
    positions: Matrix
    """With the embedding of the first of two token types."""
    norm: Matrix
    norm_bias: Matrix
    layers: tuple[Layer, ...]
    heads: int
    epsilon: float
    second: Matrix
    """What the second token type adds to the first, shape `(dimension,)`."""

    @classmethod
    def load(cls, folder: Path) -> Bert:
        """Read `config.json` and `model.safetensors`; raise `UnsupportedModel` if it is no plain BERT."""
        config = json.loads((folder / "config.json").read_text("utf-8"))
        plain = (
            config.get("model_type") == "bert"
            and config.get("hidden_act") == "gelu"
            and config.get("position_embedding_type", "absolute") == "absolute"
            and not config.get("is_decoder", False)
        )
        if not plain:
            raise UnsupportedModel(f"{folder} holds a {config.get('model_type')} model")
        weights = _read(folder / "model.safetensors")
        layers = tuple(_layer(weights, number) for number in range(int(config["num_hidden_layers"])))
        types = weights["embeddings.token_type_embeddings.weight"]
        return cls(
            words=weights["embeddings.word_embeddings.weight"],
            positions=weights["embeddings.position_embeddings.weight"] + types[0],
            norm=weights["embeddings.LayerNorm.weight"],
            norm_bias=weights["embeddings.LayerNorm.bias"],
            layers=layers,
            heads=int(config["num_attention_heads"]),
            epsilon=float(config.get("layer_norm_eps", 1e-12)),
            second=types[1] - types[0] if len(types) > 1 else np.zeros_like(types[0]),
        )

    @property
    def dimension(self) -> int:
        return int(self.words.shape[1])

    def with_layers(self, layers: Sequence[Layer]) -> Bert:
        """Return the same embeddings, which are shared, under other layers."""
        return replace(self, layers=tuple(layers))

    def states(self, batch: Sequence[Ids], seconds: Sequence[int] | None = None) -> list[Matrix]:
        """Return the last states of the tokens of each text, shape `(tokens, dimension)`.

        `batch` are token ids, shape `(tokens,)` each.  `seconds` are the places at which the second of two
        parts of each text begins; None for texts of one part.
        Texts are laid end to end: nothing is padded, and only attention looks at each by itself.
        """
        if not batch:
            return []
        ends = np.cumsum([len(ids) for ids in batch])
        spans = [slice(int(end) - len(ids), int(end)) for ids, end in zip(batch, ends, strict=True)]
        places = np.concatenate([np.arange(len(ids)) for ids in batch])
        embedded = self.words[np.concatenate(batch)] + self.positions[places]
        for span, second in zip(spans, seconds or (), strict=False):
            embedded[span.start + second : span.stop] += self.second
        states = self._normalised(embedded, self.norm, self.norm_bias)
        for layer in self.layers:
            states = self._attended(states, layer, spans)
            hidden = _gelu(states @ layer.up + layer.up_bias)
            states = self._normalised(
                hidden @ layer.down + layer.down_bias + states, layer.norm, layer.norm_bias
            )
        return [states[span] for span in spans]

    def _attended(self, states: Matrix, layer: Layer, spans: Sequence[slice]) -> Matrix:
        projected = states @ layer.qkv + layer.qkv_bias
        mixed = np.empty_like(states)
        width = states.shape[1] // self.heads
        for span in spans:
            tokens = span.stop - span.start
            # Shape (3, heads, tokens, width).
            parts = projected[span].reshape(tokens, 3, self.heads, width).transpose(1, 2, 0, 3)
            queries, keys, values = parts
            weights = _softmax(queries @ keys.transpose(0, 2, 1) * np.float32(width**-0.5))
            mixed[span] = (weights @ values).transpose(1, 0, 2).reshape(tokens, -1)
        return self._normalised(
            mixed @ layer.out + layer.out_bias + states, layer.attention_norm, layer.attention_norm_bias
        )

    def _normalised(self, x: Matrix, scale: Matrix, shift: Matrix) -> Matrix:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(self.epsilon))
        x *= scale
        x += shift
        return x


def load_layers(path: Path, prefix: str) -> tuple[list[Layer], dict[str, Matrix]]:
    """Read the layers of a file that has no embeddings, and whatever else is in it.

    Names are those of the `BertModel` behind `prefix`; raise what safetensors raises, or `KeyError`.
    """
    from safetensors.numpy import load_file

    weights = {n.removeprefix(prefix): w.astype(np.float32) for n, w in load_file(path).items()}
    numbers = {int(n.split(".")[2]) for n in weights if n.startswith("encoder.layer.")}
    return [_layer(weights, number) for number in sorted(numbers)], weights


def _layer(weights: Mapping[str, Matrix], number: int) -> Layer:
    prefix = f"encoder.layer.{number}."

    def matrix(name: str) -> Matrix:
        return np.ascontiguousarray(weights[f"{prefix}{name}.weight"].T)

    def vector(name: str) -> Matrix:
        return weights[prefix + name]

    parts = [f"attention.self.{part}" for part in ("query", "key", "value")]
    return Layer(
        qkv=np.concatenate([matrix(part) for part in parts], axis=1),
        qkv_bias=np.concatenate([vector(f"{part}.bias") for part in parts]),
        out=matrix("attention.output.dense"),
        out_bias=vector("attention.output.dense.bias"),
        attention_norm=vector("attention.output.LayerNorm.weight"),
        attention_norm_bias=vector("attention.output.LayerNorm.bias"),
        up=matrix("intermediate.dense"),
        up_bias=vector("intermediate.dense.bias"),
        down=matrix("output.dense"),
        down_bias=vector("output.dense.bias"),
        norm=vector("output.LayerNorm.weight"),
        norm_bias=vector("output.LayerNorm.bias"),
    )


def _read(path: Path) -> dict[str, Matrix]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights: dict[str, Any] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise UnsupportedModel(f"{path} cannot be read: {error}") from error
    # Some files name everything below the model's own name.
    plain = {
        name.removeprefix("bert."): value.astype(np.float32, copy=False) for name, value in weights.items()
    }
    if "embeddings.word_embeddings.weight" not in plain:
        raise UnsupportedModel(f"{path} holds no BERT")
    return plain


def _softmax(x: Matrix) -> Matrix:
    x = x - x.max(axis=-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=-1, keepdims=True)
    return x


def _gelu(x: Matrix) -> Matrix:
    """Return x · Φ(x), Φ being the normal distribution; in place if possible: this is the widest matrix."""
    distance = np.abs(x)
    distance *= _SQRT_HALF
    t = 1 / (1 + _ERF_P * distance)
    tail = np.full_like(x, 0)
    for coefficient in _ERF:
        tail += coefficient
        tail *= t
    np.multiply(distance, distance, out=distance)
    np.negative(distance, out=distance)
    np.exp(distance, out=distance)
    tail *= distance
    np.subtract(1, tail, out=tail)
    np.copysign(tail, x, out=tail)  # erf(x / √2)
    tail += 1
    tail *= x
    tail *= np.float32(0.5)
    return tail
