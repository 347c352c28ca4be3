"""The forward pass in NumPy, against torch's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from index.encoders.bert import Bert, UnsupportedModel


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small BERT with random weights, saved as transformers saves one."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=24,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=32,
    )
    model = BertModel(config)
    for parameter in model.parameters():  # biases and scales too, which start at 0 and 1
        torch.nn.init.normal_(parameter, std=0.4)
    path = tmp_path_factory.mktemp("bert")
    model.save_pretrained(path)
    return path


def test_states_are_those_that_torch_computes(folder: Path) -> None:
    import torch
    from transformers import BertModel

    torch_model = BertModel.from_pretrained(folder).eval()
    batch = [np.array([2, 7, 49, 3]), np.array([5]), np.arange(1, 32)]
    states = Bert.load(folder).states(batch)
    for ids, found in zip(batch, states, strict=True):
        with torch.no_grad():
            expected = torch_model(torch.tensor(ids)[None]).last_hidden_state[0].numpy()
        np.testing.assert_allclose(found, expected, atol=2e-5)


def test_a_text_has_the_same_states_alone_and_among_others(folder: Path) -> None:
    bert = Bert.load(folder)
    ids = np.array([2, 7, 3])
    np.testing.assert_allclose(bert.states([np.arange(9), ids])[1], bert.states([ids])[0], atol=1e-5)


def test_nothing_has_no_states(folder: Path) -> None:
    assert Bert.load(folder).states([]) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model_type", "roberta"),
        ("hidden_act", "relu"),
        ("position_embedding_type", "relative_key"),
        ("is_decoder", True),
    ],
)
def test_another_kind_of_model_is_refused(folder: Path, tmp_path: Path, key: str, value: object) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (tmp_path / "config.json").write_text(json.dumps({**config, key: value}), "utf-8")
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    with pytest.raises(UnsupportedModel):
        Bert.load(tmp_path)


def test_damaged_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:500])
    with pytest.raises(UnsupportedModel, match="cannot be read"):
        Bert.load(tmp_path)
