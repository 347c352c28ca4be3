"""The encoder without torch: the same vectors."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index.encoders.any_model import SentenceTransformerEncoder, default_model_folder
from index.encoders.bert import UnsupportedModel
from index.encoders.packaged import LightEncoder, lightest

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


def test_vectors_and_counts_are_those_of_sentence_transformers(full: SentenceTransformerEncoder) -> None:
    light = lightest(full)
    assert isinstance(light, LightEncoder)
    np.testing.assert_allclose(light.encode_questions(TEXTS), full.encode_questions(TEXTS), atol=2e-6)
    np.testing.assert_allclose(light.encode_documents(TEXTS), full.encode_documents(TEXTS), atol=2e-6)
    assert light.count_tokens(TEXTS) == full.count_tokens(TEXTS)
    assert (light.name, light.fingerprint) == (full.name, full.fingerprint)
    assert light.dimension == full.dimension
    assert light.encode_documents([]).shape == (0, 384)


def test_a_text_needs_neither_torch_nor_sentence_transformers() -> None:
    code = (
        "import sys; from index.encoders.any_model import SentenceTransformerEncoder as E;"
        "from index.encoders.packaged import lightest;"
        "lightest(E()).encode_documents(['Who? ' * 300] * 50);"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


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
