"""An encoder that does with less: questions, token counts and small builds in NumPy, others in torch.

The same weights and the same tokenizer as sentence-transformers', which is left what no faster way
gets right, and models of another architecture.  Before a faster way embeds anything, its vectors of
a fixed sample are compared with those of full precision.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from index.encoders.bert import Bert, Ids, UnsupportedModel, load_bert
from index.types import Encoder, FootnoteError, Vectors

# Importing torch takes as long as NumPy takes for so many tokens: a dozen new articles.
LIGHT_TOKENS = 10_000
FLOAT32 = "float32"
# Shorter texts, most of them sentences, are embedded the most exact way.  Rounding is averaged over a
# text's tokens: with sentences in eight bits too, SelQA's MAP fell by .005; with passages alone, no
# retrieval figure falls by more than .0014.
LONG_TOKENS = 64
# Laid end to end; more make the widest matrix fall out of the cache, and fewer take longer in two batches
# than in one (23 ms instead of 17 for three sentences, but 107 instead of 147 for an article).
BATCH_TOKENS = 1_024
LEAST_BATCH_TOKENS = 128
# Four subjects, six ways to write: what is near to what says whether a way of computing changes answers.
SAMPLE = (
    "Who founded the joint venture, and when?",
    "The joint venture was founded in 2015 by a retailer and a carmaker, each with half of the shares.",
    "Banma makes the operating system of cars.",
    "In July 2015 both companies put one billion yuan each into a fund for the connected car.",
    "The alliance of five brands will invest in charging stations.",
    "Charging takes 15 minutes at 350 kW; the network is to have 10,000 stations by 2030.",
    "A battery loses a tenth of its capacity in eight years.",
    "Which brands share the charging network?",
    "Tesla was elected to the academy, although he had never finished his studies in Graz.",
    "He studied engineering, but left without a degree.",
    "When was the inventor born?",
    "Nikola Tesla (10 July 1856 – 7 January 1943) was an inventor of the alternating current motor.",
    "The defense allowed 308 points, and led the league with 24 interceptions.",
    "Six players of the team were chosen for the Pro Bowl.",
    "Who led the team in sacks?",
    "人工智能与汽车操作系统",
    "x86-64, 31.5 % & co. — naïve café!",
    "No.",
)
# In eight bits the sample's mean is .997 and its least .99; a model whose tokens have no even scale
# falls to .92, and answers change.
LEAST_MEAN_COSINE = 0.995
LEAST_COSINE = 0.97
# Of the pairs that may be ordered by how near they are to a third; nearer than this is a tie.
LEAST_AGREEMENT = 0.98
TIE = 0.005
# Two ways to compute one precision.
LEAST_SAME_COSINE = 0.9999

_log = logging.getLogger(__name__)


class FullEncoder(Encoder, Protocol):
    """An encoder that takes a while to load, and says where its files are."""

    @property
    def folder(self) -> Path | None: ...


def lightest(full: FullEncoder) -> Encoder:
    """Return an encoder for the same model that needs less, or `full` itself where there is none."""
    if full.folder is None:
        return full
    try:
        return LightEncoder(full, full.folder)
    except UnsupportedModel as error:
        _log.info("Questions are embedded by sentence-transformers: %s", error)
        return full


class Packed(Protocol):
    """A way to embed many texts."""

    @property
    def precision(self) -> str: ...

    def embed(self, texts: Sequence[Ids]) -> Vectors:
        """Unit vectors of texts, given as token ids."""
        ...


Ways = Callable[[Bert], Iterator[Packed]]
"""The ways to embed many texts, the fastest first and the most exact last; prepared when asked for."""


def fast_ways(bert: Bert) -> Iterator[Packed]:
    """Those of `index.encoders.packed`; none where torch cannot be imported."""
    try:
        from index.encoders.packed import PackedBert, precisions
    except ImportError as error:
        _log.warning("Torch cannot be imported: %s", error)
        return
    for precision in precisions():
        yield PackedBert(bert, precision)


class LightEncoder:
    """An `Encoder` that leaves to `full` only what it cannot do itself.  Thread-safe."""

    def __init__(self, full: FullEncoder, folder: Path, ways: Ways = fast_ways) -> None:
        """Raise `UnsupportedModel` unless `folder` holds a BERT with mean pooling."""
        self._full = full
        self._ways = ways
        self._fast: Packed | None = None
        self._exact: Packed | None = None
        self._precisions: set[str] = set()
        self._max_tokens = _supported_tokens(folder)
        self._bert = load_bert(folder)
        self._cutting = _tokenizer(folder)
        self._cutting.enable_truncation(self._max_tokens)
        self._counting = _tokenizer(folder)
        self._lock = threading.Lock()
        self._checked = False

    @property
    def name(self) -> str:
        return self._full.name

    @property
    def fingerprint(self) -> str:
        return self._full.fingerprint

    @property
    def dimension(self) -> int:
        return self._bert.dimension

    @property
    def max_tokens(self) -> int:
        return self._max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [
            len(found.ids) for found in self._counting.encode_batch(list(texts), add_special_tokens=False)
        ]

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return self._encode(self._ids(questions))

    def expect_many(self) -> tuple[str, ...]:
        """Embed all documents from now on as those of a large build; return in which precisions.

        Without it, few texts are embedded in NumPy, as long as no large batch has come.
        """
        self._check()
        ways = {way.precision for way in (self._fast, self._exact) if way is not None}
        return tuple(sorted(ways)) or (FLOAT32,)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        ids = self._ids(texts)
        if not self._checked and sum(map(len, ids)) <= LIGHT_TOKENS:
            self._precisions.add(FLOAT32)
            return self._encode(ids)
        self._check()
        if self._fast is None or self._exact is None:
            self._precisions.add(FLOAT32)
            return self._full.encode_documents(texts)
        vectors = np.zeros((len(ids), self.dimension), np.float32)
        long = np.array([len(found) >= LONG_TOKENS for found in ids], dtype=np.bool_)
        for way, rows in ((self._fast, np.flatnonzero(long)), (self._exact, np.flatnonzero(~long))):
            if len(rows):
                self._precisions.add(way.precision)
                vectors[rows] = way.embed([ids[row] for row in rows])
        return vectors

    @property
    def precisions(self) -> frozenset[str]:
        """In which the texts that it embedded so far were; a question's vector fits those of all."""
        return frozenset(self._precisions)

    def _ids(self, texts: Sequence[str]) -> list[Ids]:
        return [np.array(found.ids, np.int64) for found in self._cutting.encode_batch(list(texts))]

    def _encode(self, ids: Sequence[Ids]) -> Vectors:
        vectors = np.zeros((len(ids), self.dimension), np.float32)

        def embed(batch: list[int]) -> None:
            for row, states in zip(batch, self._bert.states([ids[row] for row in batch]), strict=True):
                vectors[row] = states.mean(axis=0)

        batches = list(_batches(ids))
        if len(batches) > 1:
            # NumPy's own threads are kept to one, which suits questions.
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(embed, batches))
        elif batches:
            embed(batches[0])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)

    def _check(self) -> None:
        """Choose, once, how to embed many texts; questions that are embedded otherwise would find nothing."""
        with self._lock:
            if self._checked:
                return
            ids = self._ids(SAMPLE)
            exact = self._encode(ids)
            for way in self._ways(self._bert):
                flaw = disagreement(exact, way.embed(ids))
                if flaw is None:
                    self._fast = self._fast or way
                    self._exact = way
                    continue
                _log.warning(
                    "%s in %s is too far from full precision here: %s", self.name, way.precision, flaw
                )
            if self._fast is None:
                _check_same(exact, self._full.encode_documents(SAMPLE))
            self._checked = True


def disagreement(exact: Vectors, other: Vectors) -> str | None:
    """Why `other`, vectors of the same texts, would change what is found; None where they would not.

    Questions stay as exact as they were: each text of `exact` is compared with all others of both.
    """
    cosines = np.einsum("ij,ij->i", exact, other)
    if not cosines.min() >= LEAST_COSINE or not cosines.mean() >= LEAST_MEAN_COSINE:  # NaN is no agreement
        return f"cosines of {cosines.mean():.4f} on average, {cosines.min():.4f} at least"
    near, near_too = exact @ exact.T, exact @ other.T
    apart = near[:, :, None] - near[:, None, :]
    apart_too = near_too[:, :, None] - near_too[:, None, :]
    told = apart > TIE
    agreement = float((apart_too[told] > 0).mean())
    return None if agreement >= LEAST_AGREEMENT else f"{agreement:.3f} of the order is kept"


def _check_same(here: Vectors, there: Vectors) -> None:
    cosine = float(np.einsum("ij,ij->i", there, here).min())
    if cosine < LEAST_SAME_COSINE:
        raise FootnoteError(
            f"NumPy and torch embed one text differently (cosine {cosine:.4f}). Install "
            "both as this version of Footnote pins them: pip install -r requirements.lock"
        )


def _supported_tokens(folder: Path) -> int:
    """The longest input of a model that is BERT, mean pooling and normalisation, without prompts."""
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


def _batches(ids: Sequence[Ids]) -> Iterator[list[int]]:
    """Rows, so that each core has a batch, of `LEAST_BATCH_TOKENS` to `BATCH_TOKENS`."""
    share = sum(map(len, ids)) // (os.cpu_count() or 1) + 1
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
