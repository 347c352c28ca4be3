"""Limits a minute: for one person, for one channel, and one polite word for each time they are reached."""

from __future__ import annotations

import secrets
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.memory import Limits, Memory, Over, Place, StoredQuestion
from bot.memory.limits import WINDOW_SECONDS
from bot.slack.pools import Workers
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers
from tests.fakes.slack import FakeSlack


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(tmp_path: Path, clock: Clock) -> Memory:
    """One whose clock a test sets."""
    return Memory(tmp_path / "limits.sqlite", clock)


class Limited:
    """Questions to one memory, counted within limits."""

    def __init__(self, user: int, channel: int, memory: Memory) -> None:
        self._memory, self._limits = memory, Limits(user, channel)

    def take(self, team: str, channel: str, user: str) -> Over | None:
        key = secrets.token_hex(8)
        question = StoredQuestion(Place(team, channel), "", "", (key,), user)
        lease = self._memory.accept(question, self._limits)
        assert lease
        return lease.over


def test_so_many_questions_are_taken_in_any_minute(memory: Memory, clock: Clock) -> None:
    limits = Limited(2, 0, memory)
    assert limits.take("T", "C", "U") is None
    clock.now += 30
    assert limits.take("T", "C", "U") is None
    assert limits.take("T", "D", "U") == Over("user", 2, 30, first=True)
    clock.now += 30
    assert limits.take("T", "C", "U") is None
    assert limits.take("T", "C", "U") == Over("user", 2, 30, first=True)


def test_it_is_said_once_until_a_question_is_taken_again(memory: Memory, clock: Clock) -> None:
    limits = Limited(1, 0, memory)
    limits.take("T", "C", "U")
    over = [limits.take("T", "C", "U") for _ in range(3)]
    assert [one.first for one in over if one] == [True, False, False]
    clock.now += WINDOW_SECONDS
    assert limits.take("T", "C", "U") is None
    again = limits.take("T", "C", "U")
    assert again and again.first


def test_a_question_too_many_for_one_does_not_count_for_the_other(memory: Memory) -> None:
    limits = Limited(1, 3, memory)
    for _ in range(5):
        limits.take("T", "C", "U1")
    assert [limits.take("T", "C", user) for user in ("U2", "U3")] == [None, None]
    over = limits.take("T", "C", "U4")
    assert over and over.whose == "channel"


def test_people_channels_and_workspaces_have_limits_of_their_own(memory: Memory) -> None:
    limits = Limited(1, 1, memory)
    assert [limits.take("T1", "C1", "U1"), limits.take("T1", "C2", "U2"), limits.take("T2", "C1", "U1")] == [
        None,
        None,
        None,
    ]


def test_nought_is_no_limit(memory: Memory) -> None:
    limits = Limited(0, 0, memory)
    assert {limits.take("T", "C", "U") for _ in range(1_000)} == {None}


def test_processes_that_share_a_memory_share_the_limit_and_the_word(
    memory: Memory, clock: Clock, tmp_path: Path
) -> None:
    one, other = Limited(2, 0, memory), Limited(2, 0, Memory(tmp_path / "limits.sqlite", clock))
    assert [one.take("T", "C", "U"), other.take("T", "C", "U")] == [None, None]
    assert [limits.take("T", "C", "U") for limits in (one, other)] == [
        Over("user", 2, 60, first=True),
        Over("user", 2, 60, first=False),
    ]


def test_of_many_at_once_so_many_are_taken(tmp_path: Path) -> None:
    several = [Limited(5, 0, Memory(tmp_path / "limits.sqlite")) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda number: several[number % 4].take("T", "C", "U"), range(40)))
    assert taken.count(None) == 5
    assert sum(over.first for over in taken if over) == 1


def test_who_asked_is_forgotten_after_a_minute(memory: Memory, clock: Clock, tmp_path: Path) -> None:
    limits = Limited(1, 1, memory)
    limits.take("T", "C", "U0SECRET")
    clock.now += WINDOW_SECONDS
    limits.take("T", "D", "U0OTHER")
    rows = sqlite3.connect(tmp_path / "limits.sqlite").execute("SELECT name FROM windows").fetchall()
    assert sorted(rows) == [("D",), ("U0OTHER",)]


def test_a_clock_that_is_set_back_shuts_nobody_out(memory: Memory, clock: Clock) -> None:
    limits = Limited(1, 0, memory)
    limits.take("T", "C", "U")
    clock.now -= 86_400
    assert limits.take("T", "C", "U") is None


def test_a_person_over_the_limit_is_told_once_and_others_are_answered(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start(user_limit=2, channel_limit=0)
    asked = []
    for _ in range(5):  # one after the other: who comes first is for the bot's threads to decide
        asked.append(slack.mention(QUESTION))
        slack.settle(0.05)
    other = slack.mention(QUESTION, user="U0BOB")
    assert BANMA_QUOTE in slack.reply(other).shown()
    slack.wait(lambda: len(slack.posted) == 4)
    slack.settle()
    texts = [post.shown() for event in asked for post in slack.replies(event)]
    assert [BANMA_QUOTE in text for text in texts] == [True, True, False]
    assert "That was more than 2 questions from you in a minute" in texts[2]
    assert len(slack.posted) == 4
    assert len(answers.asked) == 3


def test_a_channel_over_the_limit_is_told_in_the_words_of_the_one_who_asks(
    slack: FakeSlack, start: StartBot
) -> None:
    start(user_limit=0, channel_limit=1)
    slack.reply(slack.mention(QUESTION))
    told = slack.reply(slack.mention("谁持有斑马的股份？", user="U0LI"))
    assert "这个频道一分钟里的问题超过了 1 个" in told.shown()
    assert BANMA_QUOTE in slack.reply(slack.mention(QUESTION, channel="C0OTHER")).shown()


def test_who_asks_in_private_is_told_every_time(slack: FakeSlack, start: StartBot) -> None:
    start(user_limit=1)
    for count in (1, 2, 3):
        slack.command(QUESTION)
        slack.wait(lambda count=count: len(slack.posted) == count)  # type: ignore[misc]
    told = ["That was more than 1 questions" in post.shown() for post in slack.posted]
    assert told == [False, True, True]


def test_a_delivery_that_is_repeated_counts_once(slack: FakeSlack, start: StartBot) -> None:
    start(user_limit=2, channel_limit=0)
    slack.reply(slack.mention(QUESTION))
    for _ in range(3):
        slack.deliver("events_api", slack.envelopes[0].payload)
    slack.settle()
    assert BANMA_QUOTE in slack.reply(slack.mention(QUESTION)).shown()


def test_silence_can_be_asked_for_whatever_the_limit(slack: FakeSlack, start: StartBot) -> None:
    start(user_limit=1, channel_limit=1)
    event = slack.mention(QUESTION)
    slack.reply(event)
    slack.say("quiet", thread_ts=event["ts"])
    slack.wait(lambda: len(slack.replies(event)) == 2)
    assert "I stay out of this thread" in slack.replies(event)[1].shown()


def test_turning_people_away_keeps_nobody_from_being_heard(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    """Posting "I am busy" may take long; deliveries are claimed meanwhile all the same."""
    answers.gate.clear()
    start(workers=1, queue_size=0, user_limit=0, channel_limit=0, round_seconds=0.1)
    for number in range(30):
        slack.mention(QUESTION, channel=f"C{number % 5}")
    slack.wait(lambda: all(slack.answered(envelope) for envelope in slack.envelopes))
    slack.wait(lambda: len(slack.posted) == 29)
    assert {"Too many questions came at once" in post.shown() for post in slack.posted} == {True}
    answers.gate.set()
    slack.wait(lambda: len(slack.posted) == 30)
    assert len({(post.channel, post.thread_ts) for post in slack.posted}) == 30


def test_whom_there_is_no_time_to_turn_away_is_answered_later(
    slack: FakeSlack,
    start: StartBot,
    answers: PreparedAnswers,
    state: Memory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.slack.pools._ASIDES_WAITING", 0)
    monkeypatch.setattr("bot.slack.pools._ASIDE_THREADS", 1)
    monkeypatch.setattr("bot.memory.inbox.FIRST_RETRY_SECONDS", 0.2)
    turning = Workers.submit
    monkeypatch.setattr(Workers, "submit", lambda self, job: len(self._threads) > 1 and turning(self, job))
    answers.gate.clear()
    start(workers=2, queue_size=0, user_limit=0, channel_limit=0, round_seconds=0.1)
    events = [slack.mention(QUESTION) for _ in range(4)]
    slack.settle()
    assert slack.posted == []
    assert state.inbox.waiting() == 4
    answers.gate.set()
    slack.wait(lambda: len(slack.posted) == 4)
    assert [BANMA_QUOTE in slack.reply(event).shown() for event in events] == [True] * 4
