"""Called to a message, the bot reads it: above, first in the thread, forwarded, quoted, in blocks alone."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.pointing import forwarded, markup_of, points
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers
from tests.fakes.slack import BOT_USER, FakeSlack, Fault

CALLS = ["", "can you answer this?", "is this true?", "?", ":point_up:", "please answer", "能回答吗？"]
SHARE = {
    "is_share": True,
    "is_msg_unfurl": True,
    "author_id": "U0BOB",
    "author_name": "Bob",
    "text": QUESTION,
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
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    root = slack.say("What is for lunch?")
    slack.say(QUESTION, thread_ts=root["ts"], user="U0BOB")
    slack.say("No idea.", thread_ts=root["ts"])
    slack.mention("", thread_ts=root["ts"])
    slack.reply(root)
    assert answers.asked[0][0] == QUESTION


def test_in_a_channel_the_question_just_above_is_meant(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    slack.say(QUESTION, user="U0BOB")
    assert BANMA_QUOTE in slack.reply(slack.mention("can you answer this?")).shown()
    slack.settle(0.05)
    slack.say("Lunch is ready.")
    assert "Ask me a question" in slack.reply(slack.mention("")).shown()


@pytest.mark.parametrize("kind", ["mention", "direct_message"])
def test_a_forwarded_message_is_read(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str, kind: str
) -> None:
    start(mode=mode)
    reply = slack.reply(getattr(slack, kind)("is this true?", attachments=[SHARE]))
    assert reply.shown().startswith(f"Bob asked: “{QUESTION}”")
    assert answers.asked[0][0] == QUESTION


def test_a_quoted_line_is_read(slack: FakeSlack, start: StartBot, answers: PreparedAnswers) -> None:
    start()
    event = slack.say(f"&gt; {QUESTION}\n<@{BOT_USER}> do you know?")
    assert BANMA_QUOTE in slack.reply(event).shown()
    assert answers.asked[0][0] == QUESTION


def test_words_that_stand_in_blocks_or_attachments_alone_are_read(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    blocks: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": QUESTION}}]
    for extra in ({"blocks": blocks}, {"attachments": [{"fallback": QUESTION}]}):
        root = slack.say("", **extra)
        slack.mention("", thread_ts=root["ts"])
        assert BANMA_QUOTE in slack.reply(root).shown()


def test_where_it_may_not_read_it_says_so(slack: FakeSlack, start: StartBot) -> None:
    start()
    root = slack.say(QUESTION)
    slack.fail("conversations.replies", Fault(error="missing_scope"))
    slack.mention("can you answer this?", thread_ts=root["ts"])
    assert "I cannot read the messages here." in slack.reply(root).shown()


def test_in_its_own_thread_what_it_has_answered_is_not_answered_again(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
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
