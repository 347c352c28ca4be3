"""Linear models: the arithmetic, and that a model never meets features it was not trained on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bot import confidence, excerpts
from bot.linear import LinearModel


def test_margins_and_probabilities_by_hand() -> None:
    model = LinearModel(0.5, {"b": -1.0, "a": 2.0}, ["a", "b"])
    matrix = np.array([[1.0, 0.5], [0.0, 0.5]], np.float32)
    np.testing.assert_allclose(model.margins(matrix), [2.0, 0.0])
    np.testing.assert_allclose(model.probabilities(matrix), [1 / (1 + math.exp(-2)), 0.5], rtol=1e-6)


def test_a_model_of_other_features_is_refused() -> None:
    with pytest.raises(ValueError, match="trained on other features"):
        LinearModel(0.0, {"a": 1.0, "b": 1.0}, ["a", "c"])


@pytest.mark.parametrize(
    ("name", "features"), [("excerpts", excerpts.FEATURES), ("confidence", confidence.FEATURES)]
)
def test_the_shipped_models_fit_the_features(name: str, features: tuple[str, ...]) -> None:
    nothing = np.zeros((1, len(features)), np.float32)
    assert np.isfinite(LinearModel.load(name, features).margins(nothing)).all()
    assert len(set(features)) == len(features)
