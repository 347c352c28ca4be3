"""Figures and dates that cannot both be right."""

from __future__ import annotations

import pytest

from bot.answer.disagreement import disagree
from bot.answer.question import Figure
from index.terms import terms

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Banma has 700 employees.", "Banma counts 900 employees."),
        ("Alibaba holds 45% of it.", "Alibaba holds 31.5 percent of it."),
        ("It cost $590 million.", "It cost $650m."),
        ("There are five brands.", "There are 6 brands."),
    ],
)
def test_different_figures_disagree(one: str, other: str) -> None:
    assert disagree(Figure.NUMBER, NONE, one, other)
    assert disagree(Figure.NUMBER, NONE, other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Banma has 700 employees.", "Banma has 700 employees and 3 offices."),
        ("It cost $590 million.", "It cost about $600 million."),  # rounded
        ("It cost $590 million.", "It cost RMB 3.7 billion."),  # another currency
        ("It had 700 employees in 2018.", "It had 900 employees in 2019."),  # each at its time
        ("It has 700 employees.", "It has 3 offices."),
        ("It has 700 employees.", "It has many employees."),
    ],
)
def test_figures_that_can_both_be_right_do_not(one: str, other: str) -> None:
    assert not disagree(Figure.NUMBER, NONE, one, other)


def test_dates_disagree_where_no_day_is_in_both() -> None:
    assert disagree(Figure.TIME, NONE, "It was founded in late 2015.", "It was set up in 2014.")
    assert not disagree(Figure.TIME, NONE, "It was founded in November 2015.", "It was set up in 2015.")
    assert not disagree(Figure.TIME, NONE, "It was founded in 2015.", "It was founded.")


def test_a_figure_of_the_question_itself_is_no_answer() -> None:
    asked = frozenset(terms("Of the 5 brands, how many are new?"))
    assert not disagree(Figure.NUMBER, asked, "The 5 brands are sold.", "The 6 brands are sold.")
