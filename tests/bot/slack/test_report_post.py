"""The report in a channel: posted once, whole or plain, and within what the channel may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.config import SlackSettings
from bot.library.rights import Rights, everything
from bot.memory import Ending, Memory, Place
from bot.report import Report, report
from bot.slack import messages
from bot.slack.report_post import post_report, report_for
from index.types import FootnoteError
from tests.fakes.answers import banma_answer
from tests.fakes.slack import FakeSlack, Fault
from tests.fakes.slack.limits import message_problems

CHANNEL = "C0OPS"
ASKED = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, tzinfo=UTC).date()
ARTICLES = {"banma": ("Banma and its owners", "https://example.com/banma")}
HERE = Place("T0TEAM", "C0CARS", "1.0")


@pytest.fixture
def made(tmp_path: Path) -> Report:
    """A week in which three questions were asked, two of them in vain, and one answer disliked."""
    state = Memory(tmp_path / "weekly.sqlite", ASKED.timestamp, keep_questions=True)
    answer_id = state.shown.remember(banma_answer(), HERE)
    state.log.note(Ending("answered", 0.1, 0.9, answer_id=answer_id), HERE, "1.0", "Who owns Banma?")
    state.shown.record_reason(answer_id, "wrong", "A third, since <!here> 2020.", "U0ADA", HERE)
    for number in (2, 3):
        miss = state.shown.remember_miss("Who is the CEO?", HERE)
        state.log.note(Ending("none", 0.1, miss_id=miss), HERE, f"{number}.0", "Who is the CEO?")
    return report(state, SUNDAY, 7)


@pytest.fixture
def post(settings: SlackSettings, made: Report) -> Callable[..., None]:
    def post(rights: Callable[[], Rights] = everything) -> None:
        post_report(settings, made, CHANNEL, rights, ARTICLES)

    return post


def test_it_says_what_was_asked_and_names_nobody(slack: FakeSlack, post: Callable[..., None]) -> None:
    post()
    (posted,) = slack.posted
    assert (posted.channel, posted.thread_ts, posted.options["unfurl_links"]) == (CHANNEL, None, False)
    shown = posted.shown()
    assert shown.startswith("What was asked from 16 November 2026 to 22 November 2026")
    assert "Questions: 3 · answered 33% · no answer 67%" in shown
    assert "Questions a day: Mon 0 · Tue 0 · Wed 3 · Thu 0 · Fri 0 · Sat 0 · Sun 0" in shown
    assert "“Who owns Banma?”, wrong, “A third, since <!here> 2020.”, Banma and its owners" in shown
    assert [part["url"] for part in posted.parts("link")] == ["https://example.com/banma"]
    assert "2× Who is the CEO?" in shown
    assert posted.pings() == []
    assert "U0ADA" not in str(posted)


def test_it_says_how_many_there_were_before(made: Report) -> None:
    message = report_for(replace(made, questions_before=1_200), None)
    assert "Questions: 3 (1,200 in the 7 days before) · answered" in message.text


def test_many_days_are_numbers_alone(made: Report) -> None:
    message = report_for(replace(made, days=(*made.days, made.days[0])), None)
    assert "Questions a day: 0 · 0 · 3 · 0" in message.text


def test_a_refusal_is_said_with_what_to_do(slack: FakeSlack, post: Callable[..., None]) -> None:
    slack.fail("chat.postMessage", Fault("not_in_channel"))
    with pytest.raises(FootnoteError, match=r"\(not_in_channel\)\. Invite the bot to C0OPS"):
        post()
    assert slack.posted == []


def test_one_whose_answer_was_lost_is_not_posted_again(slack: FakeSlack, post: Callable[..., None]) -> None:
    slack.fail("chat.postMessage", Fault(lost=True))
    with pytest.raises(FootnoteError, match="Slack did not take the report"):
        post()
    assert len(slack.posted) <= 1


def test_blocks_that_slack_refuses_become_plain_text(slack: FakeSlack, post: Callable[..., None]) -> None:
    slack.fail("chat.postMessage", Fault("invalid_blocks"))
    post()
    (posted,) = slack.posted
    assert posted.is_plain
    assert "2× Who is the CEO?" in posted.text
    assert posted.pings() == []


def test_articles_that_the_channel_may_not_see_are_not_named(
    slack: FakeSlack, post: Callable[..., None]
) -> None:
    post(lambda: _only("secret"))
    (posted,) = slack.posted
    assert "Banma and" not in posted.shown() + posted.text
    assert "example.com" not in str(posted.blocks)
    assert "no quote of it to show" in posted.shown()


def test_a_shared_channel_is_told_nothing(slack: FakeSlack, post: Callable[..., None]) -> None:
    slack.shared.add(CHANNEL)
    with pytest.raises(FootnoteError, match="shared with another organisation"):
        post()
    assert slack.posted == []


def test_where_workspaces_install_the_app_no_one_of_them_is_told(made: Report) -> None:
    with pytest.raises(FootnoteError, match="would tell one workspace what others ask"):
        post_report(SlackSettings(client_id="1.2"), made, CHANNEL, everything)


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
    message = report_for(made, None)
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
