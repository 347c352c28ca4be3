"""The measure that the choice of extractor stands on."""

from __future__ import annotations

import pytest

from tests.benchmarks.extraction import token_scores


@pytest.mark.parametrize(
    ("found", "marked", "scores"),
    [
        ("a b c", "a b c", (1.0, 1.0, 1.0)),
        ("a b c d", "a b", (0.5, 1.0, 2 / 3)),
        ("a a a", "a b b", (1 / 3, 1 / 3, 1 / 3)),
        ("", "a", (0.0, 0.0, 0.0)),
        ("x, y!", "y; z", (0.5, 0.5, 0.5)),
    ],
)
def test_words_count_as_often_as_they_occur(
    found: str, marked: str, scores: tuple[float, float, float]
) -> None:
    assert token_scores(found, marked) == pytest.approx(scores)
