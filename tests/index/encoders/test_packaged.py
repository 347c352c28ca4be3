"""The encoder without torch: the same vectors, and torch only where it pays."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from index.encoders.any_model import SentenceTransformerEncoder, default_model_folder
from index.encoders.bert import Bert, Ids, UnsupportedModel
from index.encoders.packaged import SAMPLE, LightEncoder, disagreement, lightest
from index.encoders.packed import PackedBert
from index.types import FootnoteError, Vectors

TEXTS = [
    "Who founded Banma?",
    "",
    "阿里巴巴 and SAIC, 31.5 %",
    "word " * 400,  # cut at the model's longest input
    "naïve CAFÉ [SEP] x",
]


@pytest.fixture(scope="module")
def full() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder()


class Slow:
    """Stands for sentence-transformers; remembers how many texts it was asked to embed each time."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self.asked: list[int] = []
        self.folder = default_model_folder()
        self.name, self.fingerprint, self.dimension, self.max_tokens = "slow", "f", 384, 256

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        raise AssertionError("the light encoder counts by itself")

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        raise AssertionError("the light encoder embeds questions by itself")

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(len(texts))
        return self._vectors[: len(texts)]


class Way:
    """A way to embed many texts, `noise` beside what is right."""

    def __init__(self, precision: str, bert: Bert, noise: float) -> None:
        self.precision = precision
        self._right = PackedBert(bert, "float32")
        self._noise = noise

    def embed(self, texts: Sequence[Ids]) -> Vectors:
        noise = np.random.default_rng(1).normal(size=(len(texts), 384)) * self._noise / 384**0.5
        vectors = self._right.embed(texts) + noise
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


FEW_TOKENS = 60
MANY = [f"word {number} and another " * 20 for number in range(8)]
SHORT = [f"word {number}" for number in range(40)]


@pytest.fixture(autouse=True)
def few_tokens_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.encoders.packaged.LIGHT_TOKENS", FEW_TOKENS)


def light_with(*ways: tuple[str, float], slow: Slow | None = None) -> LightEncoder:
    """`ways`: precision and noise, in the order in which they are tried."""

    def made(bert: Bert) -> Iterator[Way]:
        return (Way(precision, bert, noise) for precision, noise in ways)

    return LightEncoder(slow or Slow(np.zeros((0, 384), np.float32)), default_model_folder(), made)


def test_vectors_and_counts_are_those_of_sentence_transformers(full: SentenceTransformerEncoder) -> None:
    light = lightest(full)
    assert isinstance(light, LightEncoder)
    np.testing.assert_allclose(light.encode_questions(TEXTS), full.encode_questions(TEXTS), atol=2e-6)
    for text in TEXTS:
        if light.count_tokens([text])[0] < FEW_TOKENS - 2:
            np.testing.assert_allclose(
                light.encode_documents([text]), full.encode_documents([text]), atol=2e-6
            )
    assert light.count_tokens(TEXTS) == full.count_tokens(TEXTS)
    assert (light.name, light.fingerprint) == (full.name, full.fingerprint)
    assert (light.dimension, light.max_tokens) == (full.dimension, full.max_tokens)
    assert light.encode_documents([]).shape == (0, 384)


def test_a_question_needs_neither_torch_nor_sentence_transformers() -> None:
    code = (
        "import sys; from index.encoders.any_model import SentenceTransformerEncoder as E;"
        "from index.encoders.packaged import lightest;"
        "lightest(E()).encode_questions(['Who?']);"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_few_texts_are_embedded_without_torch_and_many_the_fastest_way() -> None:
    light = light_with(("int8", 0.05), ("float32", 0.0))
    light.encode_documents(["A short text."] * 2)
    assert light.precisions == {"float32"}
    light.encode_documents(MANY)
    assert light.precisions == {"int8", "float32"}


def test_short_texts_are_embedded_the_most_exact_way() -> None:
    light = light_with(("int8", 0.05), ("float32", 0.0))
    found = light.encode_documents([*SHORT, *MANY])
    assert light.precisions == {"int8", "float32"}
    exact = light.encode_questions([*SHORT, *MANY])
    np.testing.assert_allclose(found[: len(SHORT)], exact[: len(SHORT)], atol=2e-6)
    assert 0.99 < np.einsum("ij,ij->i", found, exact)[len(SHORT) :].max() < 0.9999


def test_a_way_that_changes_answers_is_passed_over() -> None:
    light = light_with(("int8", 0.4), ("float32", 0.0))
    found = light.encode_documents(MANY)
    assert light.precisions == {"float32"}
    np.testing.assert_allclose(found, light.encode_questions(MANY), atol=2e-6)


def test_where_no_way_is_right_the_library_embeds_and_is_compared_as_well() -> None:
    exact = light_with(("float32", 0.0)).encode_questions(SAMPLE)
    slow = Slow(np.tile(exact, (10, 1)))
    light = light_with(("int8", 0.4), slow=slow)
    light.encode_documents(MANY)
    light.encode_documents(["Another.", "And one more."])
    assert slow.asked == [len(SAMPLE), len(MANY), 2]  # the sample first, and once
    wrong = light_with(slow=Slow(np.roll(exact, 1, axis=0)))
    with pytest.raises(FootnoteError, match="embed one text differently"):
        wrong.encode_documents(MANY)


def test_vectors_agree_where_they_order_texts_alike() -> None:
    exact = light_with().encode_questions(SAMPLE)
    assert disagreement(exact, exact) is None
    assert disagreement(exact, -exact) is not None
    broken = np.full_like(exact, np.nan)
    assert "nan" in str(disagreement(exact, broken))
    # Near in cosine, and yet all drawn to one side by as much as texts differ.
    drawn = exact + 0.1 * exact[0]
    drawn[1::2] -= 0.2 * exact[0]
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    assert "order" in str(disagreement(exact, drawn))


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}),
        ("config.json", {"model_type": "mpnet"}),
        ("sentence_bert_config.json", {"max_seq_length": None}),
        ("config_sentence_transformers.json", {"prompts": {"query": "search: "}}),
    ],
)
def test_a_model_of_another_kind_is_left_to_the_library(
    full: SentenceTransformerEncoder, tmp_path: Path, file: str, change: dict[str, object]
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(default_model_folder(), folder)
    settings = json.loads((folder / file).read_text("utf-8"))
    (folder / file).write_text(json.dumps({**settings, **change}), "utf-8")
    with pytest.raises(UnsupportedModel):
        LightEncoder(full, folder)
    other = SentenceTransformerEncoder(str(folder))
    assert lightest(other) is other
