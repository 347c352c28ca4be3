"""The encoder without torch: the same vectors, and torch only where it pays."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from index.bert import UnsupportedModel
from index.embedding import SentenceTransformerEncoder, default_model_folder
from index.light import LIGHT_TOKENS, LightEncoder, lightest
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


class Unloaded:
    """Stands for sentence-transformers before it is loaded; remembers whether it was asked to embed."""

    def __init__(self, full: SentenceTransformerEncoder, vectors: Vectors | None = None) -> None:
        self._full = full
        self._vectors = vectors
        self.asked: list[int] = []
        self.folder = full.folder
        self.loaded = False
        self.name, self.fingerprint, self.dimension, self.max_tokens = "full", "f", 384, 256

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        raise AssertionError("the light encoder counts by itself")

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        raise AssertionError("the light encoder embeds questions by itself")

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(len(texts))
        return self._full.encode_documents(texts) if self._vectors is None else self._vectors[: len(texts)]


def test_vectors_and_counts_are_those_of_sentence_transformers(full: SentenceTransformerEncoder) -> None:
    light = lightest(full)
    assert isinstance(light, LightEncoder)
    np.testing.assert_allclose(light.encode_questions(TEXTS), full.encode_questions(TEXTS), atol=2e-6)
    np.testing.assert_allclose(light.encode_documents(TEXTS), full.encode_documents(TEXTS), atol=2e-6)
    assert light.count_tokens(TEXTS) == full.count_tokens(TEXTS)
    assert (light.name, light.fingerprint) == (full.name, full.fingerprint)
    assert (light.dimension, light.max_tokens) == (full.dimension, full.max_tokens)
    assert light.encode_documents([]).shape == (0, 384)


def test_a_question_needs_neither_torch_nor_sentence_transformers() -> None:
    code = (
        "import sys; from index.embedding import SentenceTransformerEncoder as E;"
        "from index.light import lightest;"
        "lightest(E()).encode_questions(['Who?']);"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_few_texts_are_embedded_without_the_library_and_many_with_it(
    full: SentenceTransformerEncoder,
) -> None:
    slow = Unloaded(full, np.ones((10_000, 384), np.float32))
    light = LightEncoder(slow, default_model_folder())
    light.encode_documents(["A short text."] * 20)
    assert slow.asked == []
    with pytest.raises(FootnoteError, match="embed one text differently"):  # made-up vectors
        light.encode_documents(["word " * 200] * (LIGHT_TOKENS // 200 + 1))


def test_both_paths_are_compared_once_before_the_library_is_trusted(full: SentenceTransformerEncoder) -> None:
    slow = Unloaded(full)
    slow.loaded = True
    light = LightEncoder(slow, default_model_folder())
    light.encode_documents(["A text."])
    light.encode_documents(["Another.", "And one more."])
    assert slow.asked == [4, 1, 2]  # the sample first


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
