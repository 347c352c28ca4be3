"""The real parts with a reranker and a calibration: answers, `eval` and `calibrate` go by what is set."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import wiring
from bot.calibration import Calibration, load_calibration, path_of, save_calibration
from bot.config import Settings, settings_from
from bot.types import Answer, NoAnswer
from index.types import FootnoteError
from tests.fakes.cross_encoder import save_cross_encoder

QUESTION = "How long is the Aare?"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def settings(sources: Path, data: Path, tiny: Path) -> Settings:
    """Over a built index, with a reranker of random weights."""
    given = {"FOOTNOTE_SOURCES": str(sources), "FOOTNOTE_DATA": str(data), "FOOTNOTE_RERANKER": str(tiny)}
    settings = settings_from(given)
    wiring.build_index(settings, lambda *progress: None)
    return settings


def test_an_untrained_reranker_does_not_hide_a_plain_answer(settings: Settings) -> None:
    answer = wiring.open_answers(settings).answer(QUESTION)

    assert isinstance(answer, Answer)
    assert answer.quotes[0].text == "The Aare is 288 kilometres long."


def test_answers_go_by_the_calibration_of_exactly_these_models(settings: Settings) -> None:
    models = wiring.open_observer(settings).models
    never = Calibration(models, 1.0, -99.0, {}, 0.5, 20, "2025-01-31T10:00:00+00:00", (0.4, 0.3))

    save_calibration(settings.data, never)

    assert load_calibration(settings.data, models) == never
    assert isinstance(wiring.open_answers(settings).answer(QUESTION), NoAnswer)
    without = settings_from({"FOOTNOTE_SOURCES": str(settings.sources), "FOOTNOTE_DATA": str(settings.data)})
    assert isinstance(wiring.open_answers(without).answer(QUESTION), Answer)
    path_of(settings.data, models).write_text("{", "utf-8")
    with pytest.raises(FootnoteError, match="Run `footnote calibrate` again"):
        wiring.open_answers(settings)


def test_a_reranker_that_cannot_be_used_is_said_so_before_a_question_comes(
    settings: Settings, tmp_path: Path
) -> None:
    three = save_cross_encoder(tmp_path / "three", labels=3)
    given = {"FOOTNOTE_DATA": str(settings.data), "FOOTNOTE_RERANKER": str(three)}

    with pytest.raises(FootnoteError, match="has 3 labels"):
        wiring.open_answers(settings_from(given))
