"""The real parts with a reader and a calibration: answers go by what is set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot import wiring
from bot.config import Settings, settings_from
from bot.memory import KeptFiles
from bot.quality.calibration import Calibration, load_calibration, name_of, save_calibration
from bot.types import Answer, NoAnswer
from index.types import FootnoteError
from tests.fakes.reader import save_reader

QUESTION = "How long is the Aare?"


@pytest.fixture
def settings(sources: Path, data: Path) -> Settings:
    """Over a built index, with nothing read."""
    given = {"FOOTNOTE_SOURCES": str(sources), "FOOTNOTE_DATA": str(data), "FOOTNOTE_READER": "none"}
    settings = settings_from(given)
    wiring.build_index(settings, lambda *progress: None)
    return settings


def test_the_reader_is_the_one_that_ships_none_or_another(settings: Settings, tmp_path: Path) -> None:
    tiny = str(save_reader(tmp_path / "tiny"))

    shipped = wiring.open_reader(replace(settings, reader=None))
    other = wiring.open_reader(replace(settings, reader=tiny))

    assert wiring.open_reader(settings) is None
    assert shipped is not None
    assert shipped.name == "the reader that ships"
    assert other is not None
    assert other.name == tiny
    assert isinstance(wiring.open_answers(replace(settings, reader=tiny)).answer(QUESTION), Answer | NoAnswer)


def test_the_reader_that_ships_finds_the_words_that_answer(settings: Settings) -> None:
    answer = wiring.open_answers(replace(settings, reader=None)).answer(QUESTION)

    assert isinstance(answer, Answer)
    assert answer.quotes[0].text == "The Aare is 288 kilometres long."


def test_answers_go_by_the_calibration_of_exactly_these_models(settings: Settings) -> None:
    models = wiring.open_observer(settings).models
    never = Calibration(models, 1.0, -99.0, 20, "2025-01-31T10:00:00+00:00", (0.4, 0.3))

    save_calibration(KeptFiles(settings.data), never)

    assert load_calibration(KeptFiles(settings.data), models) == never
    assert isinstance(wiring.open_answers(settings).answer(QUESTION), NoAnswer)
    assert isinstance(wiring.open_answers(replace(settings, reader=None)).answer(QUESTION), Answer)
    (settings.data / name_of(models)).write_text("{", "utf-8")
    with pytest.raises(FootnoteError, match="Run `footnote calibrate` again"):
        wiring.open_answers(settings)


def test_a_reader_that_cannot_be_used_is_said_so_before_a_question_comes(
    settings: Settings, tmp_path: Path
) -> None:
    wrong = save_reader(tmp_path / "wrong", kind="SequenceClassification")

    with pytest.raises(FootnoteError, match="BertForSequenceClassification: no reader"):
        wiring.open_answers(replace(settings, reader=str(wrong)))
