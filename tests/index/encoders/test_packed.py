"""Many texts at once: the vectors that one text by itself gets, and nearly so in eight bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from index.encoders.any_model import default_model_folder
from index.encoders.bert import Bert, Ids, load_bert
from index.encoders.packed import BATCH_TOKENS, PackedBert, Precision, precisions
from index.types import Vectors


@pytest.fixture(scope="module")
def bert() -> Bert:
    return load_bert(default_model_folder())


def texts(*lengths: int) -> list[Ids]:
    """Made-up token ids."""
    draw = np.random.default_rng(3)
    return [np.concatenate(([101], draw.integers(1_000, 30_000, n - 2), [102])) for n in lengths]


def alone(bert: Bert, ids: Ids) -> Vectors:
    """The oracle: NumPy, one text."""
    mean = bert.states([ids])[0].mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


# Of one length and of many, in no order, longer than a batch together, and one as long as the model takes.
LENGTHS = (5, 17, 5, 256, 3, 17, 90, *([64] * (BATCH_TOKENS // 64)), 5)


def test_each_text_gets_the_vector_that_it_gets_alone(bert: Bert) -> None:
    batch = texts(*LENGTHS)
    found = PackedBert(bert, "float32").embed(batch)
    np.testing.assert_allclose(found, [alone(bert, ids) for ids in batch], atol=2e-6)


@pytest.mark.skipif("int8" not in precisions(), reason="this processor does not multiply eight bits fast")
def test_eight_bits_keep_the_direction(bert: Bert) -> None:
    batch = texts(*LENGTHS)
    exact = np.stack([alone(bert, ids) for ids in batch])
    found = PackedBert(bert, "int8").embed(batch)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    cosines = np.einsum("ij,ij->i", exact, found)
    assert cosines.mean() > 0.99
    # And are eight bits: in full precision nothing would differ.
    assert cosines.mean() < 0.99999


@pytest.mark.parametrize("precision", precisions())
def test_a_text_has_one_vector_whatever_is_embedded_with_it(bert: Bert, precision: Precision) -> None:
    packed = PackedBert(bert, precision)
    one, *others = texts(20, 20, 7, 130)
    np.testing.assert_allclose(packed.embed([*others, one])[-1], packed.embed([one])[0], atol=1e-5)


def test_no_text_is_no_vector(bert: Bert) -> None:
    assert PackedBert(bert, "float32").embed([]).shape == (0, 384)


def test_the_threads_of_others_are_left_as_they_were(bert: Bert) -> None:
    before = torch.get_num_threads()
    PackedBert(bert, "float32").embed(texts(5, 6))
    assert torch.get_num_threads() == before


def test_the_fallback_is_full_precision() -> None:
    assert precisions()[-1] == "float32"
