"""Calibrations on disk: bound to their models, whole or not there, and never misread."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bot import wiring
from bot.config import settings_from
from bot.memory import Kept, KeptFiles
from bot.quality import calibration
from bot.quality.calibration import (
    READER_FILE,
    Calibration,
    all_calibrations,
    load_calibration,
    models_of,
    name_of,
    save_calibration,
    shipped_reader,
)
from index.types import FootnoteError
from tests.fakes.encoder import HashingEncoder
from tests.fakes.reader import WordReader

MODELS = models_of(HashingEncoder(), None)
WITH_READER = models_of(HashingEncoder(), WordReader({"rye": 1.0}))
CALIBRATION = Calibration(MODELS, 0.8, -0.5, 40, "2025-01-31T10:00:00+00:00", (0.43, 0.38))


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    files = KeptFiles(tmp_path)
    save_calibration(files, CALIBRATION)
    return files


def test_is_found_again_by_the_same_models_alone(kept: Kept) -> None:
    others = (WITH_READER, models_of(HashingEncoder("other"), None), replace(MODELS, shipped="newer"))

    assert load_calibration(kept, MODELS) == CALIBRATION
    assert [load_calibration(kept, models) for models in others] == [None, None, None]


def test_follows_a_model_that_moved_and_kept_its_weights(kept: Kept) -> None:
    assert load_calibration(kept, replace(MODELS, encoder="/elsewhere")) == CALIBRATION


def test_each_choice_of_models_keeps_its_own_and_a_new_one_takes_the_old_ones_place(
    kept: Kept, tmp_path: Path
) -> None:
    other = replace(CALIBRATION, models=WITH_READER, created="2025-02-01T10:00:00+00:00")
    save_calibration(kept, other)
    newer = replace(CALIBRATION, scale=0.7, created="2025-03-01T10:00:00+00:00")
    save_calibration(kept, newer)

    assert load_calibration(kept, MODELS) == newer
    assert load_calibration(kept, WITH_READER) == other
    assert all_calibrations(kept) == [newer, other]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_write_that_fails_leaves_the_old_one(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_calibration(kept, replace(CALIBRATION, scale=0.1))

    assert load_calibration(kept, MODELS) == CALIBRATION
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 1}, "written by another version of Footnote"),
        ({"scale": "much"}, "is damaged"),
        ({"offset": float("nan")}, "is damaged"),
        ({"log_loss": [1]}, "is damaged"),
        ({"more": 1}, "is damaged"),
        ({"models": {"encoder": "hashing"}}, "is damaged"),
    ],
)
def test_one_that_cannot_be_used_is_said_so(
    kept: Kept, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    path = tmp_path / name_of(MODELS)
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}), "utf-8")

    with pytest.raises(FootnoteError, match=f"{reason}.*`footnote calibrate` again, or remove it"):
        load_calibration(kept, MODELS)
    assert all_calibrations(kept) == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b"null"])
def test_one_that_is_torn_is_said_so(kept: Kept, tmp_path: Path, raw: bytes) -> None:
    (tmp_path / name_of(MODELS)).write_bytes(raw)

    with pytest.raises(FootnoteError, match="cannot be used"):
        load_calibration(kept, MODELS)


def test_one_under_anothers_name_is_not_taken(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / name_of(MODELS)).rename(tmp_path / name_of(WITH_READER))

    with pytest.raises(FootnoteError, match="for other models than its name says"):
        load_calibration(kept, WITH_READER)


def test_the_reader_that_ships_is_known_without_being_loaded(tmp_path: Path) -> None:
    name, fingerprint = shipped_reader()

    loaded = wiring.open_reader(settings_from({}))
    assert loaded is not None
    assert (loaded.name, loaded.fingerprint) == (name, fingerprint)


@pytest.mark.parametrize("raw", [None, b"", b"\x10" + bytes(7) + b"{"])
def test_a_reader_that_is_missing_or_damaged_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes | None
) -> None:
    (tmp_path / "models").mkdir()
    if raw is not None:
        (tmp_path / "models" / READER_FILE).write_bytes(raw)
    monkeypatch.setattr(calibration, "files", lambda package: tmp_path)

    with pytest.raises(FootnoteError, match=r"cannot be read: .* Reinstall Footnote"):
        shipped_reader()
