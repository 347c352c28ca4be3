"""The report: counts by day, verdicts with their quotes, and what was asked in vain, grouped."""

from __future__ import annotations

import random
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.memory import Ending, Memory, Place, Unanswered
from bot.report import Day, Reference, UnansweredTopic, matters, report, telling_terms
from tests.fakes.answers import banma_answer

SUNDAY = date(2026, 11, 22)
MONDAY_NOON = datetime(2026, 11, 16, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0
HERE = Place("T1", "C1", "1.0")


class Clock:
    now = MONDAY_NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(tmp_path: Path, clock: Clock) -> Memory:
    return Memory(tmp_path / "state.sqlite", clock, keep_questions=True)


def test_every_day_is_there_with_its_outcomes(state: Memory, clock: Clock) -> None:
    for number, kind in enumerate(("answered", "answered", "uncertain", "none", "error", "turned_away")):
        state.log.note(Ending(kind, 0.1 * number), HERE, f"{number}.0", "?")  # type: ignore[arg-type]
    clock.now += 2 * DAY
    state.log.note(Ending("answered", 0.1), HERE, "9.0", "?")
    made = report(state, SUNDAY, 7)
    assert made.days == (
        Day("2026-11-16", 2, 1, 1, 1, 1),
        Day("2026-11-17"),
        Day("2026-11-18", 1),
        *(Day(f"2026-11-{day}") for day in (19, 20, 21, 22)),
    )
    assert made.questions == 7
    assert made.answered_share == pytest.approx(3 / 7)
    assert made.median_seconds == pytest.approx(0.15)


def test_a_period_without_questions_has_no_shares(state: Memory) -> None:
    made = report(state, SUNDAY, 2)
    assert (made.questions, made.answered_share, made.median_seconds, len(made.days)) == (0, None, None, 2)


@pytest.mark.parametrize("moment", ["2026-11-15T23:59:59+00:00", "2026-11-23T00:00:00+00:00"])
def test_what_was_asked_on_other_days_is_left_out(state: Memory, clock: Clock, moment: str) -> None:
    clock.now = datetime.fromisoformat(moment).timestamp()
    miss = state.shown.remember_miss("?", HERE)
    state.log.note(Ending("none", 0.1, miss_id=miss), HERE, "1.0", "?")
    state.shown.record_feedback(state.shown.remember(banma_answer(), HERE), "down", "U1", HERE)
    made = report(state, SUNDAY, 7)
    assert (made.questions, made.disliked, made.in_vain) == (0, (), ())


def test_a_thumb_down_comes_with_reason_words_question_and_where_the_quotes_stand(state: Memory) -> None:
    answer_id = state.shown.remember(banma_answer(), HERE)
    state.log.note(Ending("answered", 0.1, 0.9, answer_id=answer_id), HERE, "1.0", "Who owns it?")
    state.shown.record_reason(answer_id, "wrong", "It is a third.", "U1", HERE)
    state.shown.record_feedback(answer_id, "up", "U2", HERE)
    made = report(state, SUNDAY, 7)
    (one,) = made.disliked
    assert (one.date, one.reason, one.words, one.question) == (
        "2026-11-16",
        "wrong",
        "It is a third.",
        "Who owns it?",
    )
    assert one.quotes == (Reference("banma", 27, 68),)
    assert made.liked == 1


def test_questions_about_the_same_are_one_matter() -> None:
    asked = [
        Unanswered("Who is the CEO of SAIC?", MONDAY_NOON, False),
        Unanswered("How much did Banma cost?", MONDAY_NOON, False),
        Unanswered("who's SAIC's CEO", MONDAY_NOON + DAY, True),
        Unanswered("Who is  the CEO of SAIC?", MONDAY_NOON, False),
        Unanswered("Who is the CEO of Meizu?", MONDAY_NOON, False),
    ]
    assert matters(asked) == [
        UnansweredTopic(("Who is the CEO of SAIC?", "who's SAIC's CEO"), 3, 1, "2026-11-17"),
        UnansweredTopic(("How much did Banma cost?",), 1, 0, "2026-11-16"),
        UnansweredTopic(("Who is the CEO of Meizu?",), 1, 0, "2026-11-16"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("What did the merger cost?", "How much did the merger cost", True),
        ("谁是上汽的总裁？", "上汽的总裁是谁", True),
        ("When was Banma founded?", "Who founded Banma?", True),
        ("Who is the CEO of SAIC?", "Who is the CEO of Meizu?", False),
        ("Is there parking?", "Is there a canteen?", False),
        ("???", "!!!", True),
        ("Who was it?", "How much is it?", False),
    ],
)
def test_what_counts_as_the_same_matter(one: str, other: str, same: bool) -> None:
    found = matters([Unanswered(one, 0.0, False), Unanswered(other, 0.0, False)])
    assert len(found) == (1 if same else 2)


def test_terms_that_tell_nothing_are_left_out_unless_there_are_no_others() -> None:
    assert telling_terms("Who is the CEO of Banma?") == {"ceo", "banma"}
    assert telling_terms("Who was it?") == {"who", "was", "it"}


def test_grouping_thousands_takes_a_moment() -> None:
    dice = random.Random(1)
    names = [f"name{number}" for number in range(2_000)]
    asked = [Unanswered(" ".join(dice.sample(names, 5)), 0.0, False) for _ in range(4_000)]
    began = time.perf_counter()
    found = matters(asked)
    assert sum(matter.count for matter in found) == 4_000
    assert time.perf_counter() - began < 5, "it compares only questions with a word in common"
