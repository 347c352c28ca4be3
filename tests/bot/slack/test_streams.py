"""Prose of a language model: streamed below the quotes, and one right reply whatever happens meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answer.llm import LanguageModel
from bot.answer.prose import WrittenAnswers
from bot.memory import Memory
from bot.types import Answer
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers, banma_answer
from tests.fakes.llm import MODEL, FakeLlm
from tests.fakes.slack import FakeSlack, Fault, Posted
from tests.soak import Mode, prepared

FIRST, SECOND = "Alibaba holds half of Banma [1].", "SAIC holds half of Banma [1]."
NOTE = "Written by a language model from the quotes above. Every sentence was checked against them."
STREAM = ["chat.startStream", "chat.appendStream", "chat.stopStream"]


class Pen:
    """Writes two sentences; the second only once it is let."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.times = 0

    def __call__(self, answer: Answer) -> Iterator[str]:
        if not answer.certain or not answer.quotes:
            return
        self.times += 1
        yield FIRST
        self.go.wait(10)
        yield SECOND


@pytest.fixture
def pen(answers: PreparedAnswers) -> Iterator[Pen]:
    answers.written = held = Pen()
    yield held
    held.go.set()


def test_the_quotes_stand_first_and_the_prose_grows_below_them(
    slack: FakeSlack, start: StartBot, pen: Pen, mode: str
) -> None:
    start(mode=mode)
    pen.go.clear()
    event = slack.mention(QUESTION)
    slack.wait(lambda: len(slack.posted) == 2)
    quotes, prose = slack.posted
    assert BANMA_QUOTE in quotes.shown()
    assert quotes.parts("button")[0]["action_id"] == "show_passage"
    assert (prose.text, prose.streaming, prose.thread_ts) == (FIRST, True, event["ts"])
    pen.go.set()
    slack.wait(lambda: not prose.streaming)
    assert prose.shown() == f"{FIRST} {SECOND}{NOTE}"
    assert [call for call in slack.calls if "Stream" in call] == STREAM
    assert slack.calls.index("chat.postMessage") < slack.calls.index("chat.startStream")
    assert prose.pings() == []


@pytest.mark.parametrize("kind", ["direct_message", "mention"])
def test_it_says_for_whom_a_stream_is(
    slack: FakeSlack, start: StartBot, pen: Pen, mode: str, kind: str
) -> None:
    start(mode=mode)
    getattr(slack, kind)(QUESTION)
    slack.wait(lambda: len(slack.posted) == 2 and not slack.posted[1].streaming)
    assert slack.streams_begun == [("U0ADA", "T0TEAM")]


def test_without_a_language_model_nothing_is_ever_streamed(
    slack: FakeSlack, start: StartBot, mode: str
) -> None:
    start(mode=mode)
    slack.reply(slack.mention(QUESTION))
    slack.settle(0.1)
    assert not [call for call in slack.calls if "Stream" in call]


def test_what_is_not_certain_gets_no_prose(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, pen: Pen
) -> None:
    start()
    answers.prepared[QUESTION] = banma_answer(certain=False)
    slack.reply(slack.mention(QUESTION))
    slack.settle(0.1)
    assert not [call for call in slack.calls if "Stream" in call]


def test_what_only_one_person_sees_comes_whole(
    slack: FakeSlack, start: StartBot, pen: Pen, mode: str
) -> None:
    start(mode=mode)
    slack.command(QUESTION)
    slack.wait(lambda: bool(slack.posted))
    assert f"{FIRST} {SECOND}{NOTE}" in slack.posted[0].shown()
    assert not [call for call in slack.calls if "Stream" in call]


@pytest.mark.parametrize(
    "fault",
    [Fault("unknown_method"), Fault("channel_type_not_supported"), Fault(status=500), Fault(cut=True)],
)
def test_if_slack_does_not_stream_the_prose_is_put_into_the_reply(
    slack: FakeSlack, start: StartBot, pen: Pen, mode: str, fault: Fault
) -> None:
    start(mode=mode)
    slack.fail("chat.startStream", fault)
    reply = slack.reply(slack.mention(QUESTION))
    slack.wait(lambda: FIRST in reply.shown())
    slack.settle(0.1)
    assert f"{FIRST} {SECOND}{NOTE}" in reply.shown()
    assert len(slack.posted) == 1


@pytest.mark.parametrize("fault", [Fault("internal_error", lost=True), Fault(lost=True)])
def test_a_stream_that_began_without_a_word_of_it_is_taken_back(
    slack: FakeSlack, start: StartBot, pen: Pen, fault: Fault
) -> None:
    start()
    slack.fail("chat.startStream", fault)
    reply = slack.reply(slack.mention(QUESTION))
    slack.wait(lambda: FIRST in reply.shown())
    slack.settle(0.1)
    assert [post.shown() for post in slack.posted] == [reply.shown()]
    assert len(slack.deleted) == 1


def test_a_stream_that_slack_has_ended_is_completed_by_an_edit(
    slack: FakeSlack, start: StartBot, pen: Pen, mode: str
) -> None:
    start(mode=mode)
    pen.go.clear()
    slack.mention(QUESTION)
    slack.wait(lambda: len(slack.posted) == 2)
    slack.end_streams()
    pen.go.set()
    slack.wait(lambda: slack.posted[1].edits == 1)
    assert slack.posted[1].shown() == f"{FIRST} {SECOND}{NOTE}"
    slack.settle(0.1)
    assert (len(slack.posted), slack.deleted) == (2, [])


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(lost=True), Fault(cut=True), Fault("no_text")])
def test_a_sentence_that_may_be_missing_or_double_is_put_right_at_the_end(
    slack: FakeSlack, start: StartBot, pen: Pen, fault: Fault
) -> None:
    start()
    slack.fail("chat.appendStream", fault)
    slack.mention(QUESTION)
    slack.wait(lambda: len(slack.posted) == 2 and bool(slack.posted[1].edits))
    assert slack.posted[1].shown() == f"{FIRST} {SECOND}{NOTE}"


def test_what_can_neither_be_streamed_nor_edited_is_put_into_the_reply(
    slack: FakeSlack, start: StartBot, pen: Pen
) -> None:
    start()
    slack.fail("chat.stopStream", Fault("fatal_error"))
    slack.fail("chat.update", Fault("fatal_error"))
    reply = slack.reply(slack.mention(QUESTION))
    slack.wait(lambda: FIRST in reply.shown())
    slack.settle(0.1)
    assert [post.shown() for post in slack.posted] == [reply.shown()]


def test_how_long_an_answer_took_is_told_without_its_prose(
    slack: FakeSlack, start: StartBot, pen: Pen, state: Memory
) -> None:
    start()
    pen.go.clear()
    slack.mention(QUESTION)
    slack.wait(lambda: len(slack.posted) == 2)
    time.sleep(2)
    pen.go.set()
    slack.wait(lambda: whole(slack.posted))
    slack.wait(lambda: len(list(state.log.since(0.0))) == 1)
    (ending,) = state.log.since(0.0)
    assert ending.seconds < 2


def test_a_redelivered_question_is_streamed_once(
    slack: FakeSlack, start: StartBot, pen: Pen, mode: str
) -> None:
    start(mode=mode)
    pen.go.clear()
    slack.mention(QUESTION)
    slack.wait(lambda: len(slack.posted) == 2)
    slack.deliver("events_api", slack.envelopes[-1].payload)
    slack.settle(0.1)
    pen.go.set()
    slack.wait(lambda: not slack.posted[1].streaming)
    slack.settle(0.1)
    assert (len(slack.posted), pen.times) == (2, 1)


def test_a_question_that_is_edited_meanwhile_ends_with_the_prose_of_what_it_reads_now(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, pen: Pen, mode: str
) -> None:
    start(mode=mode)
    pen.go.clear()
    event = slack.mention(QUESTION)
    slack.wait(lambda: len(slack.posted) == 2)
    answers.prepared["Who owns Banma?"] = banma_answer()
    slack.edit(event, f"<@U0FOOTNOTE> {'Who owns Banma?'}")
    slack.settle(0.1)
    pen.go.set()
    slack.wait(lambda: pen.times == 2 and len(slack.deleted) == 1)
    slack.wait(lambda: whole(slack.posted))
    slack.settle(0.1)
    assert [question for question, _ in answers.asked] == [QUESTION, "Who owns Banma?"]
    assert (len(slack.posted), slack.posted[0].edits) == (2, 1)


def test_an_edit_afterwards_replaces_the_prose_or_takes_it_away(
    slack: FakeSlack, start: StartBot, pen: Pen, mode: str
) -> None:
    start(mode=mode)
    event = slack.mention(QUESTION)
    slack.wait(lambda: whole(slack.posted))
    slack.settle(0.1)
    slack.edit(event, "<@U0FOOTNOTE> What does it earn?")
    slack.wait(lambda: len(slack.posted) == 1)
    assert "I found no answer" in slack.posted[0].shown()
    assert [post.shown() for post in slack.deleted] == [f"{FIRST} {SECOND}{NOTE}"]


@pytest.mark.parametrize("when", ["meanwhile", "afterwards"])
def test_a_question_that_is_deleted_takes_reply_and_prose_along(
    slack: FakeSlack, start: StartBot, pen: Pen, mode: str, when: str
) -> None:
    start(mode=mode)
    if when == "meanwhile":
        pen.go.clear()
    event = slack.mention(QUESTION)
    slack.wait(lambda: len(slack.posted) == 2)
    if when == "afterwards":
        slack.wait(lambda: whole(slack.posted))
        slack.settle(0.1)
    slack.remove(event)
    slack.settle(0.1)
    pen.go.set()
    slack.wait(lambda: slack.posted == [])


def test_the_next_question_in_the_thread_is_not_the_prose(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, pen: Pen
) -> None:
    start()
    event = slack.mention(QUESTION)
    slack.wait(lambda: whole(slack.posted))
    slack.settle(0.1)
    slack.mention("is this true?", thread_ts=event["ts"])
    slack.wait(lambda: len(answers.asked) == 2)
    assert answers.asked[1][0] == "is this true?"


@pytest.mark.parametrize("kind", ["socket", "http"])
def test_a_bot_that_is_killed_in_the_middle_leaves_one_right_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Mode
) -> None:
    """The next one finds the quotes, takes back what is half written, and writes it to its end."""
    slack, begin = FakeSlack(), prepared(lease=1.0, mode=kind)
    monkeypatch.setenv("PROSE", "60")
    bot = begin(slack, tmp_path)
    try:
        event = slack.mention(QUESTION)
        slack.wait(lambda: len(slack.posted) == 2, 20)
        bot.kill()
        bot.wait()
        assert slack.posted[1].streaming
        monkeypatch.setenv("PROSE", "0.05")
        bot = begin(slack, tmp_path)
        slack.wait(lambda: whole(slack.posted), 30)
        slack.settle(0.5)
        assert [post.thread_ts for post in slack.posted] == [event["ts"]] * 2
        assert BANMA_QUOTE in slack.posted[0].shown()
        assert whole(slack.posted)
    finally:
        bot.kill()
        bot.wait()
        slack.close()


def whole(posted: list[Posted]) -> bool:
    return len(posted) == 2 and posted[1].shown() == f"{FIRST} {SECOND}{NOTE}"


def test_from_the_models_endpoint_to_slack_sentence_after_sentence(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    endpoint = FakeLlm()
    try:
        sure = "Alibaba and SAIC each hold half of Banma [1]."
        endpoint.streams(sure, " It is", " lovely [1]. ", f"{BANMA_QUOTE[:-1]}", " each [1].")
        writer = LanguageModel(endpoint.url, MODEL)
        start(mode=mode, answers=WrittenAnswers(answers, writer, at_once=False))
        slack.mention(QUESTION)
        slack.wait(lambda: len(slack.posted) == 2 and not slack.posted[1].streaming)
        assert BANMA_QUOTE in slack.posted[0].shown()
        assert slack.posted[1].shown().startswith(sure)
        assert "lovely" not in slack.posted[1].shown()
    finally:
        endpoint.close()
