"""The small reader: the arithmetic of its adapters against torch's, and what it prefers."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from index.bert import load_bert
from index.embedding import default_model_folder
from index.reader import MAX_TOKENS, SEPARATOR, Reader
from index.types import FootnoteError

SHIPPED = Path(str(files("bot").joinpath("models", "reader.safetensors")))
QUESTION = "Who founded the company?"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(default_model_folder(), SHIPPED)


def test_scores_are_those_of_the_adapted_model_in_torch(reader: Reader) -> None:
    import torch
    from safetensors.numpy import load_file
    from transformers import AutoModel, AutoTokenizer

    learnt = {name: torch.tensor(value.astype(np.float32)) for name, value in load_file(SHIPPED).items()}
    model = AutoModel.from_pretrained(default_model_folder()).eval()
    with torch.no_grad():
        for name in {name.rpartition(".")[0] for name in learnt if "." in name}:
            number, module = name.split(".", 1)
            layer = model.encoder.layer[int(number)].get_submodule(module)
            layer.weight += learnt[f"{name}.b"] @ learnt[f"{name}.a"]
    tokenizer = AutoTokenizer.from_pretrained(default_model_folder())
    texts = ["Ada Oven founded it.", f"It is large.{SEPARATOR}Bread", "word " * 300]
    expected = []
    for text in texts:
        batch = tokenizer(
            QUESTION,
            text,
            truncation="only_second",
            max_length=MAX_TOKENS,
            return_tensors="pt",
            return_token_type_ids=False,
        )
        with torch.no_grad():
            mean = model(**batch).last_hidden_state[0].mean(0)
        expected.append(float(mean @ learnt["head"][:-1] + learnt["head"][-1]))

    np.testing.assert_allclose(reader.scores(QUESTION, texts), expected, atol=1e-3)


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (
            "Who designed the bridge over the valley?",
            "The engineer Maria Koller designed the bridge over the valley.",
            "The bridge over the valley is open to trains and to walkers.",
        ),
        (
            "When was the old lighthouse switched off?",
            "The old lighthouse was switched off in 1987.",
            "The old lighthouse stands on a rock that the sea covers at high tide.",
        ),
        (
            "Why did the bakery close?",
            "The bakery closed because its oven could no longer be repaired.",
            "The bakery was the first in the village to sell rye bread.",
        ),
    ],
)
def test_the_sentence_that_answers_is_preferred(
    reader: Reader, question: str, right: str, wrong: str
) -> None:
    first, second = reader.scores(question, [right, wrong])
    assert first > second


def test_the_weights_of_the_embedding_model_are_left_as_they_were(reader: Reader) -> None:
    before = load_bert(default_model_folder()).states([np.array([101, 2040, 102])])[0]
    reader.scores(QUESTION, ["A text."])
    after = load_bert(default_model_folder()).states([np.array([101, 2040, 102])])[0]
    np.testing.assert_array_equal(before, after)


def test_odd_questions_and_texts_have_scores(reader: Reader) -> None:
    assert reader.scores("", [""]).shape == (1,)
    assert reader.scores("word " * 1_000, ["A text."]).shape == (1,)
    assert reader.scores("antidisestablishmentarianism" * 40, ["A text."]).shape == (1,)
    assert reader.scores(QUESTION, []).shape == (0,)
    assert np.isfinite(reader.scores("谁？", ["\0🙂"])).all()


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "reader.safetensors"
    path.write_bytes(SHIPPED.read_bytes()[:1000])
    with pytest.raises(FootnoteError, match="Reinstall Footnote"):
        Reader.load(default_model_folder(), path)
