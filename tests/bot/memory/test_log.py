"""How questions ended: counted always, worded only where a setting says so, and forgotten in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.memory import Ending, Memory, Place, Unanswered
from tests.fakes.answers import banma_answer

HERE = Place("T1", "C1", "1.0")
DAY = 86_400
SECRET = "Who ate the last banana?"


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def keeping(path: Path, clock: Clock) -> Memory:
    return Memory(path, clock, keep_questions=True)


@pytest.fixture
def discreet(path: Path, clock: Clock) -> Memory:
    return Memory(path, clock)


def everything_in(path: Path) -> bytes:
    """All that is on the disk of the memory, also what no query would show."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name + "*")))


def test_an_ending_is_kept_with_how_sure_how_fast_and_from_which_index(
    discreet: Memory, clock: Clock
) -> None:
    ending = Ending("answered", 0.25, 0.9, "g1", "A1")
    discreet.log.note(ending, HERE, "1.0", SECRET)
    assert discreet.log.since(0) == [Ending("answered", 0.25, 0.9, "g1", "A1", None, asked_at=clock.now)]


def test_an_edited_question_counts_once_with_its_last_ending_at_its_first_time(
    discreet: Memory, clock: Clock
) -> None:
    first = clock.now
    discreet.log.note(Ending("none", 0.1), HERE, "1.0", "a")
    clock.now += 60
    discreet.log.note(Ending("answered", 0.1), HERE, "1.0", "b")
    assert [(one.kind, one.asked_at) for one in discreet.log.since(0)] == [("answered", first)]


def test_questions_without_a_message_are_counted_each(discreet: Memory) -> None:
    for _ in range(3):
        discreet.log.note(Ending("answered", 0.1), Place("T1", "C1"), "", "the same")
    assert len(discreet.log.since(0)) == 3


def test_the_words_of_a_question_are_not_stored_unless_the_setting_says_so(
    discreet: Memory, path: Path
) -> None:
    discreet.log.note(Ending("none", 0.1), HERE, "1.0", SECRET)
    assert discreet.log.in_vain(0) == []
    assert SECRET.encode() not in everything_in(path)


def test_with_the_setting_what_was_asked_in_vain_can_be_read(keeping: Memory, clock: Clock) -> None:
    miss = keeping.shown.remember_miss(SECRET, HERE)
    keeping.log.note(Ending("none", 0.1, miss_id=miss), HERE, "1.0", SECRET)
    keeping.log.note(Ending("answered", 0.1), HERE, "2.0", "answered")
    assert keeping.log.in_vain(0) == [Unanswered(SECRET, clock.now, told=False)]


def test_a_question_that_was_passed_on_can_be_read_without_the_setting(
    discreet: Memory, clock: Clock
) -> None:
    miss = discreet.shown.remember_miss(SECRET, HERE)
    discreet.log.note(Ending("uncertain", 0.1, miss_id=miss), HERE, "1.0", SECRET)
    assert discreet.log.in_vain(0) == []
    discreet.shown.tell_curators(miss, "U1", HERE)
    assert discreet.log.in_vain(0) == [Unanswered(SECRET, clock.now, told=True)]


def test_switching_the_setting_off_forgets_the_words_that_were_kept(
    keeping: Memory, path: Path, clock: Clock
) -> None:
    keeping.log.note(Ending("none", 0.1), HERE, "1.0", SECRET)
    keeping.close()
    Memory(path, clock).close()
    assert SECRET.encode() not in everything_in(path)


def test_a_reader_forgets_nothing(keeping: Memory, path: Path, clock: Clock) -> None:
    miss = keeping.shown.remember_miss(SECRET, HERE)
    keeping.log.note(Ending("none", 0.1, miss_id=miss), HERE, "1.0", SECRET)
    Memory(path, clock, prune=False).close()
    assert [one.question for one in keeping.log.in_vain(0)] == [SECRET]


def test_a_deleted_question_leaves_a_count_and_no_words(keeping: Memory, path: Path) -> None:
    miss = keeping.shown.remember_miss(SECRET, HERE)
    keeping.log.note(Ending("none", 0.1, miss_id=miss), HERE, "1.0", SECRET)
    keeping.log.forget(HERE, "1.0")
    keeping.prune()
    assert (len(keeping.log.since(0)), keeping.log.in_vain(0)) == (1, [])
    assert SECRET.encode() not in everything_in(path)


@pytest.mark.parametrize("days", [1, 30, 365])
def test_nothing_that_people_did_outlives_the_retention(path: Path, clock: Clock, days: int) -> None:
    state = Memory(path, clock, retention_days=days, keep_questions=True)
    answer = state.shown.remember(banma_answer(), HERE)
    state.shown.record_reason(answer, "wrong", "It was the blue one.", "U1", HERE)
    state.shown.tell_curators(state.shown.remember_miss("Which banana?", HERE), "U1", HERE)
    state.log.note(Ending("answered", 0.1, answer_id=answer), HERE, "1.0", SECRET)
    clock.now += (days - 0.5) * DAY
    state.prune()
    assert len(state.log.since(0)) == len(state.shown.verdicts(0)) == len(state.shown.told()) == 1
    clock.now += DAY
    state.prune()
    assert (state.log.since(0), state.shown.verdicts(0), state.shown.told()) == ([], [], [])
    held = everything_in(path)
    assert [words for words in (b"blue one", b"banana") if words in held] == []


def test_a_verdict_is_read_with_where_the_quotes_stand_and_not_with_who_gave_it(keeping: Memory) -> None:
    answer = keeping.shown.remember(banma_answer(), HERE)
    keeping.log.note(Ending("answered", 0.1, 0.9, answer_id=answer), HERE, "1.0", SECRET)
    keeping.shown.record_reason(answer, "outdated", "since 2020", "U0ADA", HERE)
    (judged,) = keeping.shown.verdicts(0)
    assert (judged.verdict, judged.reason, judged.words) == ("down", "outdated", "since 2020")
    assert (judged.confidence, judged.question) == (0.9, SECRET)
    assert [(quote.source_id, quote.start, quote.end) for quote in judged.quotes] == [("banma", 27, 68)]
    assert "U0ADA" not in repr(judged)
