"""What a question expects, and what a sentence holds."""

from __future__ import annotations

import pytest

from bot.expected import Expected, contents, expected_answer, fits
from index.tokens import terms


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who leads Banma?", Expected.PERSON),
        ("In what year did it start?", Expected.TIME),
        ("since when", Expected.TIME),
        ("How many cars were sold?", Expected.NUMBER),
        ("What percentage do employees hold?", Expected.NUMBER),
        ("Which country is it in?", Expected.PLACE),
        ("Why was it cancelled?", Expected.REASON),
        ("How does it work?", Expected.MANNER),
        ("What is HIMA?", Expected.THING),
        ("Did Acer launch the phone?", Expected.YES_NO),
        ("banma shares", Expected.OTHER),
        ("谁领导斑马？", Expected.PERSON),
        ("卖了多少辆车？", Expected.NUMBER),
    ],
)
def test_the_kind_of_answer_that_a_question_expects(question: str, kind: Expected) -> None:
    assert expected_answer(question) is kind


@pytest.mark.parametrize(
    ("question", "sentence", "fit"),
    [
        ("Who runs Meizu?", "Meizu is run by Yongxiang Bai.", 1.0),
        ("Who runs Meizu?", "The company is run from Zhuhai.", 1.0),
        ("Who runs Meizu?", "It is run by an engineer.", 0.0),
        ("When did Meizu start?", "Meizu started in 2003.", 1.0),
        ("When did Meizu start?", "Meizu started small.", 0.0),
        ("What happened to Meizu in 2003?", "Meizu began.", 0.5),
        ("How many cars were sold in 2018?", "In 2018 cars were sold.", 0.0),
        ("How many cars were sold in 2018?", "In 2018, 600,000 cars were sold.", 1.0),
        ("Where is it?", "It is in Chengdu.", 1.0),
        ("Why?", "It failed because Google objected.", 1.0),
    ],
)
def test_a_sentence_fits_where_it_says_something_new_of_that_kind(
    question: str, sentence: str, fit: float
) -> None:
    kind = expected_answer(question)
    assert fits(kind, contents(sentence, frozenset(terms(question)), kind)) == fit


def test_a_sentence_that_points_back_or_asks_is_seen() -> None:
    nothing: frozenset[str] = frozenset()
    assert contents("They sold it.", nothing, Expected.OTHER).pronoun_start
    assert not contents("Theory sold it.", nothing, Expected.OTHER).pronoun_start
    assert contents("Who sold it?", nothing, Expected.OTHER).is_question


@pytest.mark.parametrize(
    ("sentence", "numbers", "dates"),
    [
        ("It has twenty-five shops, 1,500 staff and 3.2% of the market.", 4, 0),
        ("NONE OF THEM came in MAY 2015 or the 1990s.", 3, 3),
        ("Many years ago, on a Monday in the 19th century.", 1, 3),
        ("Someone weighed the stone with a marching band.", 0, 0),
        ("公司于 2015 年上市，2018年7月有三千万用户。", 4, 3),
    ],
)
def test_numbers_and_dates_of_a_sentence_are_counted(sentence: str, numbers: int, dates: int) -> None:
    found = contents(sentence, frozenset(), Expected.OTHER)
    assert (found.numbers, found.dates) == (numbers, dates)
