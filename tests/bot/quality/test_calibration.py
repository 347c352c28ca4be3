"""Calibrations on disk: bound to their models, whole or not there, and never misread."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bot.calibration import (
    Calibration,
    all_calibrations,
    load_calibration,
    models_of,
    path_of,
    save_calibration,
)
from tests.fakes.reranker import WordReranker

from index.types import FootnoteError
from tests.fakes.encoder import HashingEncoder

MODELS = models_of(HashingEncoder(), None)
WITH_RERANKER = models_of(HashingEncoder(), WordReranker({"rye": 1.0}))
CALIBRATION = Calibration(
    MODELS, 0.8, -0.5, {"score": 0.25}, 0.5, 40, "2025-01-31T10:00:00+00:00", (0.43, 0.38)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_calibration(tmp_path, CALIBRATION)
    return tmp_path


def test_is_found_again_by_the_same_models_alone(folder: Path) -> None:
    others = (WITH_RERANKER, models_of(HashingEncoder("other"), None), replace(MODELS, shipped="newer"))

    assert load_calibration(folder, MODELS) == CALIBRATION
    assert [load_calibration(folder, models) for models in others] == [None, None, None]


def test_follows_a_model_that_moved_and_kept_its_weights(folder: Path) -> None:
    assert load_calibration(folder, replace(MODELS, encoder="/elsewhere")) == CALIBRATION


def test_each_choice_of_models_keeps_its_own_and_a_new_one_takes_the_old_ones_place(folder: Path) -> None:
    other = replace(CALIBRATION, models=WITH_RERANKER, created="2025-02-01T10:00:00+00:00")
    save_calibration(folder, other)
    newer = replace(CALIBRATION, scale=0.7, created="2025-03-01T10:00:00+00:00")
    save_calibration(folder, newer)

    assert load_calibration(folder, MODELS) == newer
    assert load_calibration(folder, WITH_RERANKER) == other
    assert all_calibrations(folder) == [newer, other]
    assert len(list(folder.iterdir())) == 2


def test_a_write_that_fails_leaves_the_old_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_calibration(folder, replace(CALIBRATION, scale=0.1))

    assert load_calibration(folder, MODELS) == CALIBRATION
    assert len(list(folder.iterdir())) == 1


def test_corrects_log_odds_by_scale_offset_and_weights() -> None:
    rows = np.array([[4.0, 9.0], [0.0, 9.0]], np.float32)

    margins = CALIBRATION.margins(np.array([1.0, -2.0], np.float32), rows, ("score", "unknown"))

    np.testing.assert_allclose(margins, [0.8 - 0.5 + 1.0, -1.6 - 0.5], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "written by another version of Footnote"),
        ({"scale": "much"}, "is damaged"),
        ({"offset": float("nan")}, "is damaged"),
        ({"weights": {"score": float("inf")}}, "is damaged"),
        ({"weights": [1]}, "is damaged"),
        ({"log_loss": [1]}, "is damaged"),
        ({"more": 1}, "is damaged"),
        ({"models": {"encoder": "hashing"}}, "is damaged"),
    ],
)
def test_one_that_cannot_be_used_is_said_so(folder: Path, change: dict[str, object], reason: str) -> None:
    path = path_of(folder, MODELS)
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}), "utf-8")

    with pytest.raises(FootnoteError, match=f"{reason}.*`footnote calibrate` again, or remove the file"):
        load_calibration(folder, MODELS)
    assert all_calibrations(folder) == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b"null"])
def test_one_that_is_torn_is_said_so(folder: Path, raw: bytes) -> None:
    path_of(folder, MODELS).write_bytes(raw)

    with pytest.raises(FootnoteError, match="cannot be used"):
        load_calibration(folder, MODELS)


def test_one_under_anothers_name_is_not_taken(folder: Path) -> None:
    path_of(folder, MODELS).rename(path_of(folder, WITH_RERANKER))

    with pytest.raises(FootnoteError, match="for other models than its name says"):
        load_calibration(folder, WITH_RERANKER)
