"""Called to a message, the bot reads it: above, first in the thread, forwarded, quoted, in blocks alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.library.library import Library
from bot.slack.pointing import forwarded, markup_of, points
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers
from tests.fakes.slack import BOT_USER, FakeSlack, Fault

CALLS = ["", "can you answer this?", "is this true?", "?", ":point_up:", "please answer", "能回答吗？"]
LINK = "https://loopback.slack.com/archives/C0CARS/p1700000000000100"
WORDS = [{"type": "rich_text_section", "elements": [{"type": "text", "text": QUESTION}]}]
# As Slack forwards a message: its words once as text and once as blocks.
SHARE: dict[str, Any] = {
    "ts": "1700000000.000100",
    "author_id": "U0BOB",
    "channel_id": "C0CARS",
    "channel_team": "T0TEAM",
    "is_msg_unfurl": True,
    "is_share": True,
    "message_blocks": [
        {
            "team": "T0TEAM",
            "channel": "C0CARS",
            "ts": "1700000000.000100",
            "message": {"blocks": [{"type": "rich_text", "elements": WORDS}]},
        }
    ],
    "fallback": f"[November 14th, 2023 10:13 PM] bob: {QUESTION}",
    "text": QUESTION,
    "author_name": "Bob",
    "footer": "Posted in #cars",
    "from_url": LINK,
    "mrkdwn_in": ["text"],
}


@pytest.mark.parametrize("call", CALLS)
def test_called_below_a_question_it_answers_that_one_and_says_whose_it_is(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str, call: str
) -> None:
    slack.names["U0BOB"] = "Bob"
    start(mode=mode)
    root = slack.say(QUESTION, user="U0BOB")
    slack.mention(call, thread_ts=root["ts"])
    reply = slack.reply(root)
    assert reply.shown().startswith(f"Bob asked: “{QUESTION}”")
    assert BANMA_QUOTE in reply.shown()
    assert reply.pings() == []
    assert [question for question, _ in answers.asked] == [QUESTION]


def test_the_question_just_above_is_meant_rather_than_the_first_one(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    root = slack.say("What is for lunch?")
    slack.say(QUESTION, thread_ts=root["ts"], user="U0BOB")
    slack.say("No idea.", thread_ts=root["ts"])
    slack.mention("", thread_ts=root["ts"])
    slack.reply(root)
    assert answers.asked[0][0] == QUESTION


def test_in_a_channel_the_question_just_above_is_meant(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    slack.say(QUESTION, user="U0BOB")
    assert BANMA_QUOTE in slack.reply(slack.mention("can you answer this?")).shown()
    slack.settle(0.05)
    slack.say("Lunch is ready.")
    assert "Ask me a question" in slack.reply(slack.mention("")).shown()


@pytest.mark.parametrize("kind", ["mention", "direct_message"])
@pytest.mark.parametrize("comment", ["is this true?", "", ":eyes:"])
def test_a_forwarded_message_is_read(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str, kind: str, comment: str
) -> None:
    start(mode=mode)
    reply = slack.reply(getattr(slack, kind)(comment, attachments=[SHARE]))
    assert reply.shown().startswith(f"Bob asked: “{QUESTION}”")
    assert BANMA_QUOTE in reply.shown()
    assert answers.asked[0][0] == QUESTION


def test_of_a_forwarded_message_that_has_blocks_alone_these_are_read(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    slack.reply(slack.direct_message("", attachments=[SHARE | {"text": "", "fallback": ""}]))
    assert answers.asked[0][0] == QUESTION


def test_who_asks_something_else_is_told_that_the_forwarded_message_is_not_read(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    reply = slack.reply(slack.direct_message("What is Banma?", attachments=[SHARE]))
    assert "I did not read the message that you forward" in reply.shown()
    assert answers.asked[0][0] == "What is Banma?"


def test_the_forwarded_message_above_is_meant(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    claim = SHARE | {"text": "Alibaba owns Banma alone."}
    slack.say("", user="U0CY", attachments=[claim])
    reply = slack.reply(slack.mention("is this true?"))
    assert reply.shown().startswith("Bob asked: “Alibaba owns Banma alone.”")
    assert answers.asked[0][0] == "Alibaba owns Banma alone."


@pytest.mark.parametrize("kind", ["mention", "direct_message"])
def test_a_link_to_a_message_is_read_once_slack_shows_it(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str, kind: str
) -> None:
    start(mode=mode)
    event = getattr(slack, kind)(f"<{LINK}>")
    reply = slack.reply(event)
    assert "I did not read the message that you forward or link to." in reply.shown()
    assert answers.asked == []
    slack.settle(0.05)
    slack.unfurl(event, SHARE)
    slack.wait(lambda: BANMA_QUOTE in reply.shown())
    assert reply.shown().startswith(f"Bob asked: “{QUESTION}”")
    assert len(slack.posted) == 1


def test_a_link_to_a_message_is_no_article_to_add(
    slack: FakeSlack, start: StartBot, sources: Path, data: Path
) -> None:
    library = Library(sources, data, lambda _: pytest.fail("nothing is added"))
    start(library=library, curators=frozenset({"U0ADA"}))
    assert "I did not read the message" in slack.reply(slack.direct_message(f"<{LINK}|that>")).shown()


def test_a_quoted_line_is_read(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    event = slack.say(f"&gt; {QUESTION}\n<@{BOT_USER}> do you know?")
    assert BANMA_QUOTE in slack.reply(event).shown()
    assert answers.asked[0][0] == QUESTION


def test_words_that_stand_in_blocks_or_attachments_alone_are_read(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    blocks: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": QUESTION}}]
    for extra in ({"blocks": blocks}, {"attachments": [{"fallback": QUESTION}]}):
        root = slack.say("", **extra)
        slack.mention("", thread_ts=root["ts"])
        assert BANMA_QUOTE in slack.reply(root).shown()


def test_where_it_may_not_read_it_says_so(slack: FakeSlack, start: StartBot, mode: str) -> None:
    start(mode=mode)
    root = slack.say(QUESTION)
    slack.fail("conversations.replies", Fault(error="missing_scope"))
    slack.mention("can you answer this?", thread_ts=root["ts"])
    assert "I cannot read the messages here." in slack.reply(root).shown()


def test_in_its_own_thread_what_it_has_answered_is_not_answered_again(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    event = slack.mention(QUESTION)
    slack.reply(event)
    slack.settle(0.05)
    slack.mention("is this true?", thread_ts=event["ts"])
    slack.wait(lambda: len(answers.asked) == 2)
    assert answers.asked[1][0] == "is this true?"


@pytest.mark.parametrize(
    "text", ["who owns this?", "is it true that SAIC owns half?", "what is the answer to 2+2?"]
)
def test_what_asks_something_itself_points_to_nothing(text: str) -> None:
    assert not points(text)


def test_a_preview_of_a_link_is_no_forwarded_message() -> None:
    preview = {"from_url": "https://a.example", "title": "A", "text": "A page."}
    assert forwarded({"attachments": [preview]}) is None


def test_rich_text_is_read_as_its_words() -> None:
    link = {"type": "link", "url": "https://b.example", "text": "Banma"}
    elements = [{"type": "text", "text": "Who owns "}, link, {"type": "emoji", "name": "eyes"}]
    section = {"type": "rich_text_section", "elements": elements}
    said = markup_of({"text": "", "blocks": [{"type": "rich_text", "elements": [section]}]})
    assert said == "Who owns <https://b.example|Banma>"
