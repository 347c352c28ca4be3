"""The report of the week in a channel: once a week, whoever runs, and within what the channel may see."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.library.rights import Rights, everything
from bot.memory import Ending, Place, State
from bot.memory.chores import TAKEN_SECONDS
from bot.report import Report
from bot.slack import messages
from bot.slack.access import Access
from bot.slack.client import patient_client
from bot.slack.settings import SlackSettings
from bot.slack.weekly import DUE_HOUR_UTC, Weekly, weekly_message
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import banma_answer
from tests.fakes.slack import FakeSlack, Fault
from tests.fakes.slack.limits import message_problems

CHANNEL = "C0OPS"
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HERE = Place("T0TEAM", "C0CARS", "1.0")


class Clock:
    def __init__(self) -> None:
        self.moment = MONDAY - timedelta(days=5)

    def __call__(self) -> float:
        return self.moment.timestamp()

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(tmp_path: Path, clock: Clock) -> State:
    """A week in which three questions were asked, one of them in vain, and one answer disliked."""
    state = State(tmp_path / "weekly.sqlite", clock, keep_questions=True)
    answer_id = state.shown.remember(banma_answer(), HERE)
    state.log.note(Ending("answered", 0.1, 0.9, answer_id=answer_id), HERE, "1.0", "Who owns Banma?")
    state.shown.record_reason(answer_id, "wrong", "A third, since <!here> 2020.", "U0ADA", HERE)
    for number in (2, 3):
        miss = state.shown.remember_miss("Who is the CEO?", HERE)
        state.log.note(Ending("none", 0.1, miss_id=miss), HERE, f"{number}.0", "Who is the CEO?")
    return state


@pytest.fixture
def weekly(slack: FakeSlack, settings: SlackSettings, clock: Clock) -> Callable[..., Weekly]:
    def make(state: State, rights: Callable[[], Rights] = everything) -> Weekly:
        client = patient_client(settings)
        return Weekly(client, CHANNEL, state, Access(client, rights), clock.now)

    return make


def test_nothing_is_posted_before_monday_morning_and_one_report_then(
    slack: FakeSlack, memory: State, weekly: Callable[..., Weekly], clock: Clock
) -> None:
    report = weekly(memory)
    clock.moment = MONDAY - timedelta(seconds=1)
    report.post_if_due()  # the week before, in which nothing was asked
    assert slack.posted == []
    for hours in (0, 1, 30, 100, 167):
        clock.moment = MONDAY + timedelta(hours=hours)
        report.post_if_due()
    (post,) = slack.posted
    assert (post.channel, post.thread_ts, post.options["unfurl_links"]) == (CHANNEL, None, False)
    shown = post.shown()
    assert shown.startswith("What was asked from 16 November 2026 to 22 November 2026")
    assert "Questions: 3 (the week before: 0) · answered 33% · no answer 67%" in shown
    assert "Each day: Mon 0, Tue 0, Wed 3, Thu 0, Fri 0, Sat 0, Sun 0" in shown
    assert "“Who owns Banma?”, wrong, “A third, since <!here> 2020.”, banma" in shown
    assert "2× Who is the CEO?" in shown
    assert post.pings() == []
    assert "U0ADA" not in str(post)


def test_two_processes_and_their_restarts_post_it_once(
    slack: FakeSlack, memory: State, weekly: Callable[..., Weekly], clock: Clock, tmp_path: Path
) -> None:
    clock.moment = MONDAY
    reports = [weekly(State(tmp_path / "weekly.sqlite", clock)) for _ in range(4)]
    threads = [threading.Thread(target=report.post_if_due) for report in reports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    weekly(State(tmp_path / "weekly.sqlite", clock)).post_if_due()
    assert len(slack.posted) == 1


def test_the_next_week_gets_its_own(
    slack: FakeSlack, memory: State, weekly: Callable[..., Weekly], clock: Clock
) -> None:
    clock.moment = MONDAY
    weekly(memory).post_if_due()
    memory.log.note(Ending("answered", 0.1), HERE, "9.0", "?")
    clock.moment = MONDAY + timedelta(days=7)
    weekly(memory).post_if_due()
    assert [post.shown()[:42] for post in slack.posted] == [
        "What was asked from 16 November 2026 to 22",
        "What was asked from 23 November 2026 to 29",
    ]


def test_one_that_died_after_posting_is_not_posted_again(
    slack: FakeSlack,
    memory: State,
    weekly: Callable[..., Weekly],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.moment = MONDAY
    with monkeypatch.context() as patch:
        patch.setattr(type(memory.chores), "done", lambda self, chore: None)
        weekly(memory).post_if_due()
    clock.moment += timedelta(seconds=TAKEN_SECONDS + 1)
    weekly(memory).post_if_due()
    assert len(slack.posted) == 1


@pytest.mark.parametrize(
    "fault", [Fault(cut=True), Fault(lost=True), Fault("not_in_channel"), Fault("ratelimited")]
)
def test_one_that_slack_did_not_take_is_posted_later_and_once(
    slack: FakeSlack, memory: State, weekly: Callable[..., Weekly], clock: Clock, fault: Fault
) -> None:
    clock.moment = MONDAY
    slack.fail("chat.postMessage", fault)
    weekly(memory).post_if_due()
    clock.moment += timedelta(seconds=TAKEN_SECONDS + 1)
    weekly(memory).post_if_due()
    assert len(slack.posted) == 1


def test_blocks_that_slack_refuses_become_plain_text(
    slack: FakeSlack, memory: State, weekly: Callable[..., Weekly], clock: Clock
) -> None:
    clock.moment = MONDAY
    slack.fail("chat.postMessage", Fault("invalid_blocks"))
    weekly(memory).post_if_due()
    (post,) = slack.posted
    assert post.is_plain
    assert "2× Who is the CEO?" in post.text
    assert post.pings() == []


def test_articles_that_the_channel_may_not_see_are_not_named(
    slack: FakeSlack, memory: State, weekly: Callable[..., Weekly], clock: Clock
) -> None:
    clock.moment = MONDAY
    weekly(memory, lambda: _only("secret")).post_if_due()
    (post,) = slack.posted
    assert "banma 27" not in post.shown()
    assert "banma 27" not in post.text


def test_a_shared_channel_is_told_nothing(
    slack: FakeSlack, memory: State, weekly: Callable[..., Weekly], clock: Clock
) -> None:
    clock.moment = MONDAY
    slack.shared.add(CHANNEL)
    weekly(memory).post_if_due()
    assert slack.posted == []


def test_a_running_bot_posts_it(slack: FakeSlack, start: StartBot, tmp_path: Path) -> None:
    last_week = time.time() - timedelta(days=7, hours=DUE_HOUR_UTC).total_seconds()
    state = State(tmp_path / "running.sqlite", lambda: last_week)
    state.log.note(Ending("answered", 0.1), HERE, "1.0", "?")
    bot = start(state=state, report_channel=CHANNEL)
    for _ in range(3):
        bot.do_chores()
    slack.wait(lambda: len(slack.posted) == 1)
    slack.settle()
    assert [post.channel for post in slack.posted] == [CHANNEL]


def test_a_report_of_thousands_of_awkward_lines_fits_a_message() -> None:
    from bot.report import Day, Disliked, UnansweredTopic

    line = "<!channel> *_~`&amp; 🏳️‍🌈" + "w" * 5_000
    made = Report(
        days=tuple(Day(f"2026-11-{day}", *[10**9] * 5) for day in range(16, 23)),
        liked=10**9,
        disliked=(Disliked("2026-11-16", "not_asked", line, line, 0.1, ()),) * 2_000,
        in_vain=(UnansweredTopic((line, "谁" * 3_000), 10**9, 10**9, "2026-11-16"),) * 2_000,
        median_seconds=1.0,
        keeps_questions=False,
    )
    message = weekly_message(made, None)
    assert message_problems(list(message.blocks)) == []
    assert messages.blocks.size(message.blocks) < 12_000
    assert len(message.text) < 12_000
    assert "<!" not in message.text
    assert "1,992" in str(message.blocks), "how many more there are is said"


def _only(collection: str) -> Rights:
    class Narrow:
        def of(self, channel: str) -> frozenset[str]:
            return frozenset({collection})

    return Narrow()  # type: ignore[return-value]
