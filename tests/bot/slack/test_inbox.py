"""One question, one good reply: edited, deleted, or left behind by a process that died."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from bot.memory import LEASE_SECONDS, Memory, Place, Replied
from bot.slack.incoming import Question, restored
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers, answer_quoting
from tests.fakes.slack import BOT_USER, FakeSlack, Fault, event_payload

OTHER = "Who makes AliOS?"


@pytest.fixture(autouse=True)
def another_answer(answers: PreparedAnswers) -> None:
    answers.prepared[OTHER] = answer_quoting("Alibaba makes AliOS.")
    for follow_up in ("And since when?", "And who makes it?"):
        answers.prepared[follow_up] = answer_quoting("Alibaba makes AliOS.")


def test_an_edited_question_changes_its_reply(slack: FakeSlack, start: StartBot, mode: str) -> None:
    start(mode=mode)
    event = slack.mention(QUESTION)
    reply = slack.reply(event)
    slack.settle(0.05)
    slack.edit(event, f"<@{BOT_USER}> {OTHER}")
    slack.wait(lambda: reply.edits == 1)
    assert "Alibaba makes AliOS." in reply.shown()
    assert "Alibaba makes AliOS." in reply.text
    assert slack.posted == [reply]
    slack.settle(0.05)
    slack.edit(event | {"text": f"<@{BOT_USER}> {OTHER}"}, f"<@{BOT_USER}> {QUESTION}")
    slack.wait(lambda: reply.edits == 2)
    assert BANMA_QUOTE in reply.shown()


def test_the_buttons_of_the_changed_reply_work_and_the_old_ones_do_not(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    event = slack.direct_message(OTHER)
    reply = slack.reply(event)
    old = reply.parts("button")[0]
    slack.settle(0.05)
    slack.edit(event, QUESTION)
    slack.wait(lambda: reply.edits == 1)
    slack.settle(0.05)
    slack.press(reply, reply.parts("button")[0])
    slack.wait(lambda: len(slack.views) == 1)
    assert BANMA_QUOTE in json.dumps(slack.views[0])
    slack.press(reply, old)
    slack.wait(lambda: len(slack.views) == 2)
    assert "I cannot show this passage" in json.dumps(slack.views[1])


def test_a_follow_up_knows_the_question_as_it_was_edited(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    event = slack.mention(QUESTION)
    reply = slack.reply(event)
    slack.settle(0.05)
    slack.edit(event, f"<@{BOT_USER}> {OTHER}")
    slack.wait(lambda: reply.edits == 1)
    slack.settle(0.05)
    slack.say("And since when?", thread_ts=event["ts"])
    slack.wait(lambda: len(slack.posted) == 2)
    assert [turn.question for turn in answers.asked[-1][1]] == [OTHER]


def test_an_edit_while_the_question_is_looked_up_is_answered_in_one_reply(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    answers.gate.clear()
    event = slack.mention(QUESTION)
    slack.wait(lambda: len(answers.asked) == 1)
    slack.edit(event, f"<@{BOT_USER}> {OTHER}")
    slack.settle(0.1)
    answers.gate.set()
    reply = slack.reply(event)
    slack.wait(lambda: "Alibaba makes AliOS." in reply.shown())
    slack.settle(0.1)
    assert slack.posted == [reply]


def test_the_same_edit_twice_and_a_preview_that_slack_adds_change_nothing(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    event = slack.mention(QUESTION)
    reply = slack.reply(event)
    slack.settle(0.05)
    slack.edit(event, event["text"])
    edited = slack.edit(event, f"<@{BOT_USER}> {OTHER}")
    slack.wait(lambda: reply.edits == 1)
    slack.deliver("events_api", event_payload(edited))
    slack.settle(0.1)
    assert (reply.edits, len(slack.posted), len(answers.asked)) == (1, 1, 2)


def test_a_message_that_becomes_a_question_is_answered_once(slack: FakeSlack, start: StartBot) -> None:
    start()
    event = slack.say("Does anybody know?")
    slack.settle(0.05)
    slack.edit(event, f"<@{BOT_USER}> {QUESTION}")
    assert BANMA_QUOTE in slack.reply(event).shown()
    slack.event({**event, "type": "app_mention", "text": f"<@{BOT_USER}> {QUESTION}"})
    slack.settle(0.1)
    assert len(slack.posted) == 1


def test_an_edit_of_other_peoples_talk_is_left_alone(slack: FakeSlack, start: StartBot) -> None:
    start()
    event = slack.say("Lunch?")
    slack.edit(event, "Dinner?")
    slack.edit(event, f"still <@U0BOB>, not <@{BOT_USER}X>?")
    slack.settle(0.1)
    assert slack.posted == []


@pytest.mark.parametrize("kind", ["mention", "direct_message"])
def test_a_deleted_question_takes_its_reply_along(
    slack: FakeSlack, start: StartBot, mode: str, kind: str, state: Memory
) -> None:
    start(mode=mode)
    event = getattr(slack, kind)(QUESTION)
    reply = slack.reply(event)
    button = reply.parts("button")[0]
    slack.settle(0.05)
    slack.remove(event)
    slack.wait(lambda: slack.deleted == [reply])
    slack.press(reply, button)
    slack.wait(lambda: len(slack.views) == 1)
    assert "I cannot show this passage" in json.dumps(slack.views[0])
    assert state.threads.conversation(Place("T0TEAM", event["channel"], event["ts"])) == ()


def test_a_deleted_follow_up_takes_only_its_own_reply_along(slack: FakeSlack, start: StartBot) -> None:
    start()
    event = slack.mention(QUESTION)
    first = slack.reply(event)
    slack.settle(0.05)
    follow_up = slack.say("And who makes it?", thread_ts=event["ts"])
    slack.wait(lambda: len(slack.posted) == 2)
    second = slack.posted[1]
    slack.settle(0.05)
    slack.remove(follow_up)
    slack.wait(lambda: slack.deleted == [second])
    assert slack.posted == [first]


def test_a_question_deleted_while_it_is_looked_up_is_not_answered(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    answers.gate.clear()
    event = slack.mention(QUESTION)
    slack.wait(lambda: len(answers.asked) == 1)
    slack.remove(event)
    slack.settle(0.1)
    answers.gate.set()
    slack.settle(0.2)
    assert (slack.posted, slack.deleted) == ([], [])


def test_a_question_left_behind_by_a_dead_process_is_answered_without_a_redelivery(
    slack: FakeSlack, start: StartBot, tmp_path: Path
) -> None:
    event = left_behind(slack, tmp_path)
    start(state=Memory(tmp_path / "state.sqlite"))
    assert BANMA_QUOTE in slack.reply(event).shown()
    slack.settle(0.1)
    assert len(slack.posted) == 1


def test_two_processes_that_find_it_answer_it_once(slack: FakeSlack, start: StartBot, tmp_path: Path) -> None:
    events = [left_behind(slack, tmp_path) for _ in range(12)]
    for _ in range(2):
        start(state=Memory(tmp_path / "state.sqlite"), round_seconds=0.05)
    slack.wait(lambda: len(slack.posted) == len(events))
    slack.settle(0.3)
    assert [len(slack.replies(event)) for event in events] == [1] * len(events)


def test_a_process_that_died_right_after_posting_is_not_answered_for_again(
    slack: FakeSlack, start: StartBot, tmp_path: Path
) -> None:
    event = left_behind(slack, tmp_path, posting=True)
    metadata = {"event_type": "footnote_reply", "event_payload": {"question": event["ts"]}}
    slack.call(
        "chat.postMessage",
        "xoxb-loopback",
        {"channel": event["channel"], "text": "It is so.", "thread_ts": event["ts"], "metadata": metadata},
    )
    state = Memory(tmp_path / "state.sqlite")
    start(state=state)
    slack.wait(lambda: "conversations.replies" in slack.calls)
    slack.settle(0.2)
    (posted,) = slack.posted
    assert state.inbox.waiting() == 0
    assert state.inbox.reply(Place("T0TEAM", event["channel"]), event["ts"]) == Replied(posted.ts)


def test_a_process_that_died_before_posting_is_answered_for_also_where_the_thread_cannot_be_read(
    slack: FakeSlack, start: StartBot, tmp_path: Path
) -> None:
    event = left_behind(slack, tmp_path, posting=True)
    slack.fail("conversations.replies", Fault(error="missing_scope"))
    start(state=Memory(tmp_path / "state.sqlite"))
    assert BANMA_QUOTE in slack.reply(event).shown()


def test_a_private_question_left_behind_is_answered_privately(
    slack: FakeSlack, start: StartBot, tmp_path: Path
) -> None:
    url = slack.new_response_url("C0CARS")
    asked = Question(QUESTION, Place("T0TEAM", "C0CARS"), ("command:1",), user="U0ADA", response_url=url)
    keep(asked, tmp_path)
    start(state=Memory(tmp_path / "state.sqlite"))
    slack.wait(lambda: bool(slack.posted))
    assert slack.posted[0].ephemeral


def test_what_a_closing_process_leaves_is_taken_over_at_once(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, tmp_path: Path
) -> None:
    stuck = start(drain_seconds=0.3, workers=1)
    answers.gate.clear()
    events = [slack.mention(QUESTION), slack.mention(QUESTION)]
    slack.wait(lambda: len(answers.asked) == 1)
    slack.settle(0)
    assert stuck.close() is False
    start(state=Memory(tmp_path / "state.sqlite"), answers=PreparedAnswers(), round_seconds=0.1)
    slack.wait(lambda: len(slack.posted) == 2)
    answers.gate.set()
    slack.settle(0.3)
    assert [len(slack.replies(event)) for event in events] == [1, 1]


def test_a_reply_that_slack_could_not_take_is_sent_when_it_can_again(
    slack: FakeSlack, start: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.memory.inbox.FIRST_RETRY_SECONDS", 0.2)
    monkeypatch.setattr("bot.memory.inbox.LEASE_SECONDS", 5.0)
    start(round_seconds=0.1)
    slack.fail("chat.postMessage", *[Fault(error="internal_error")] * 3)
    event = slack.mention(QUESTION)
    assert BANMA_QUOTE in slack.reply(event).shown()
    slack.settle(0.3)
    assert len(slack.posted) == 1


def test_a_reply_that_slack_refuses_for_good_is_not_tried_again(
    slack: FakeSlack, start: StartBot, state: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    start()
    slack.fail("chat.postMessage", Fault(error="is_archived"))
    slack.mention(QUESTION)
    slack.wait(lambda: "Slack refused a reply for good (is_archived)" in caplog.text)
    slack.settle(0.1)
    assert (slack.posted, state.inbox.waiting()) == ([], 0)


def test_a_kept_question_is_read_back_as_it_was() -> None:
    asked = Question(
        "who? \u2028 谁",
        Place("T", "C", "1.0"),
        (),
        "2.0",
        "U",
        addressed=False,
        response_url="u",
        in_thread="t",
    )
    assert restored(asked.stored().body) == asked


def left_behind(slack: FakeSlack, folder: Path, *, posting: bool = False) -> dict[str, str]:
    """A question that Slack delivered to a process which acknowledged it and died."""
    ts = slack.write("C0CARS")
    event = {"channel": "C0CARS", "user": "U0ADA", "ts": ts}
    place = Place("T0TEAM", "C0CARS", ts)
    keep(Question(QUESTION, place, (f"message:{ts}",), ts, "U0ADA"), folder, posting=posting)
    return event


def keep(asked: Question, folder: Path, *, posting: bool = False) -> None:
    dead = Memory(folder / "state.sqlite", lambda: time.time() - LEASE_SECONDS - 1)
    claim = dead.accept(asked.stored())
    assert claim
    if posting:
        assert dead.inbox.begin_posting(claim)
    dead.close()
