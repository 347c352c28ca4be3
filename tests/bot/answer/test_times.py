"""The time that a question is about, and how sentences and publication dates fit it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer.times import Day, Event, Newest, Period, asked_time, dates, fit, recency, when

TODAY = Day(2026, 11, 21)
YEAR_2018 = Period(Day(2018, 1, 1), Day(2018, 12, 31))


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("Who invested in 2018?", Day(2018, 1, 1), Day(2018, 12, 31)),
        ("What happened in July 2019?", Day(2019, 7, 1), Day(2019, 7, 31)),
        ("What was said on 9 December 2025?", Day(2025, 12, 9), Day(2025, 12, 9)),
        ("What was said on December 9th, 2025?", Day(2025, 12, 9), Day(2025, 12, 9)),
        ("What did Acer do before 2013?", None, Day(2012, 12, 31)),
        ("What did Acer do until 2013?", None, Day(2013, 12, 31)),
        ("What has changed since March 2018?", Day(2018, 3, 1), None),
        ("What happened between 2015 and 2018?", Day(2015, 1, 1), Day(2018, 12, 31)),
        ("What was built in the 1990s?", Day(1990, 1, 1), Day(1999, 12, 31)),
        ("How were sales last year?", Day(2025, 1, 1), Day(2025, 12, 31)),
        ("How were sales this month?", Day(2026, 11, 1), Day(2026, 11, 30)),
        ("What happened last week?", Day(2026, 11, 9), Day(2026, 11, 15)),
        ("斑马2018年融资多少？", Day(2018, 1, 1), Day(2018, 12, 31)),
        ("2018年之前发生了什么？", None, Day(2017, 12, 31)),
        ("去年销量如何？", Day(2025, 1, 1), Day(2025, 12, 31)),
    ],
)
def test_a_period_is_understood(question: str, first: Day | None, last: Day | None) -> None:
    assert asked_time(question, TODAY) == Period(first, last)


def test_the_newest_and_an_event_are_understood() -> None:
    assert asked_time("What is the latest on HIMA?", TODAY) == Newest()
    assert asked_time("Which is the oldest report on Banma?", TODAY) == Newest(reverse=True)
    assert asked_time("What did Alibaba do before its IPO?", TODAY) == Event("IPO", before=True)
    assert asked_time("What came after the joint venture?", TODAY) == Event("joint venture", before=False)


@pytest.mark.parametrize(
    "question", ["Who owns Banma?", "It had 2000 employees", "costs $2000", "May I ask?", "the march of time"]
)
def test_a_question_without_a_time_has_none(question: str) -> None:
    assert asked_time(question, TODAY) is None


def test_the_time_after_an_event_begins_with_it() -> None:
    happened = Period(Day(2014, 9, 1), Day(2014, 9, 30))
    assert when(Event("IPO", before=True), happened) == Period(None, Day(2014, 8, 31))
    assert when(Event("IPO", before=False), happened) == Period(Day(2014, 9, 1), None)


@pytest.mark.parametrize(
    ("sentence", "published", "expected"),
    [
        ("It raised money in July 2018.", "2025", 1.0),
        ("It was founded in 2015.", "2018-05", -0.5),
        ("It raised money.", "2018-05", 1.0),
        ("It raised money.", "2018", 1.0),
        ("It raised money.", "2017-12-31", -1.0),  # cannot know yet
        ("It raised money.", "2019", -0.5),  # of its own time, or looking back
        ("It raised money.", None, 0.0),
    ],
)
def test_a_sentence_fits_by_what_it_says_and_by_when_it_appeared(
    sentence: str, published: str | None, expected: float
) -> None:
    assert fit(YEAR_2018, sentence, published) == expected


@pytest.mark.parametrize(
    ("published", "share"),
    [("2015-02", 1 / 3), ("2019-07-17", 2 / 3), ("2025", 1.0), ("2014", 0.0), ("2026", 1.0), (None, 0.0)],
)
def test_a_publication_date_is_placed_among_others(published: str | None, share: float) -> None:
    assert recency(published, ["2019-07-17", None, "2015-02", "2019-07-17", "2025"]) == share


@given(st.text(alphabet="0123456789 年月,.abjuly-/sth", max_size=60))
def test_any_text_has_dates_that_are_periods(text: str) -> None:
    for date in dates(text):
        assert date.first is not None and date.last is not None and date.first <= date.last
    asked_time(text, TODAY)
