"""Linear models over named features, read from a JSON file.  Training is not done here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]


class LinearModel:
    """`intercept + features @ weights`, the log-odds of a yes where it was trained on yes and no."""

    def __init__(self, intercept: float, weights: Mapping[str, float], features: Sequence[str]) -> None:
        if set(weights) != set(features):
            wrong = ", ".join(sorted(set(weights) ^ set(features)))
            raise ValueError(f"the model was trained on other features ({wrong}): train it again")
        self._intercept = intercept
        self._weights = np.array([weights[name] for name in features], dtype=np.float32)

    @classmethod
    def load(cls, name: str, features: Sequence[str]) -> LinearModel:
        """Read the packaged model `bot/models/NAME.json`."""
        saved = json.loads(files("bot").joinpath("models", f"{name}.json").read_text("utf-8"))
        return cls(float(saved["intercept"]), saved["weights"], features)

    def margins(self, matrix: Matrix) -> Scores:
        """Shape `(rows, features)` -> `(rows,)`."""
        return np.asarray(matrix @ self._weights + self._intercept, dtype=np.float32)

    def probabilities(self, matrix: Matrix) -> Scores:
        """The margins as probabilities, shape `(rows,)`."""
        return np.asarray(1 / (1 + np.exp(-self.margins(matrix))), dtype=np.float32)
