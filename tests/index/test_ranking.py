"""The weights of the two sides, by cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from index.ranking import (
    DENSE_WEIGHT,
    DENSE_WEIGHT_BLIND,
    best_first,
    dense_evidence,
    dense_weight,
    fuse,
    lexical_evidence,
)


@pytest.mark.parametrize(
    ("question", "tokens", "weight"),
    [
        ("Which river flows there", 5, DENSE_WEIGHT),  # 4 characters a token: English
        ("谁领导了黑豹队", 7, DENSE_WEIGHT_BLIND),  # one character a token: not in the vocabulary
        ("谁领导了黑豹队", 4, DENSE_WEIGHT),  # 1.75: a multilingual model
        ("кто это такой", 11, DENSE_WEIGHT_BLIND),
        ("ใครเป็นผู้นำของทีมนี้", 1, DENSE_WEIGHT_BLIND),  # one unknown token for all of it
        ("", 0, DENSE_WEIGHT_BLIND),
    ],
)
def test_the_dense_side_counts_as_far_as_the_model_reads_the_question(
    question: str, tokens: int, weight: float
) -> None:
    assert dense_weight(question, tokens) == pytest.approx(weight)


def test_evidence_and_fusion_by_hand() -> None:
    dense = dense_evidence(np.array([0.6, 0.2], np.float32), np.array([0.8, 0.4], np.float32), 0.1)
    lexical = lexical_evidence(np.array([3.0, 0.0], np.float32), 6.0, np.array([1.0, 0.5], np.float32))
    np.testing.assert_allclose(dense, [0.6, 0.2], rtol=1e-6)
    np.testing.assert_allclose(lexical, [0.575, 0.075], rtol=1e-6)
    np.testing.assert_allclose(fuse(dense, lexical, 0.25), [0.58125, 0.10625], rtol=1e-6)


def test_a_question_without_known_words_has_no_lexical_evidence() -> None:
    flat = np.zeros(2, np.float32)
    np.testing.assert_array_equal(lexical_evidence(flat, 0.0, flat), flat)


def test_best_first_keeps_the_order_of_equals() -> None:
    assert best_first([0.1, 0.5, 0.5, 0.2], 3) == [1, 2, 3]
