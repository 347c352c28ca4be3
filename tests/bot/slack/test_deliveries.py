"""Slack delivers at least once, and connections come and go: still one reply a question."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from bot.memory import Memory
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import QUESTION, PreparedAnswers
from tests.fakes.slack import BOT_USER, FakeSlack, event_payload

MENTION = {"type": "app_mention", "channel": "C0CARS", "user": "U0ADA", "text": f"<@{BOT_USER}> {QUESTION}"}


def test_two_deliveries_of_one_event_get_one_reply(slack: FakeSlack, start: StartBot) -> None:
    start()
    event = slack.event(dict(MENTION), event_id="Ev1")
    slack.deliver("events_api", event_payload(event, "Ev1"))
    slack.reply(event)
    slack.settle()
    assert len(slack.posted) == 1


def test_one_message_as_mention_and_as_message_gets_one_reply(slack: FakeSlack, start: StartBot) -> None:
    start()
    event = slack.event(dict(MENTION))
    slack.event(event | {"type": "message", "channel_type": "channel"})
    slack.event(event | {"type": "message", "channel_type": "im"})
    slack.reply(event)
    slack.settle()
    assert len(slack.posted) == 1


def test_a_lost_acknowledgement_leads_to_no_second_reply(slack: FakeSlack, start: StartBot) -> None:
    start()
    slack.acks_to_lose = 1
    event = slack.mention(QUESTION)
    slack.reply(event)
    slack.settle()
    assert slack.envelopes[0].deliveries == 2
    assert len(slack.posted) == 1


def test_a_repetition_after_a_restart_gets_no_second_reply(
    slack: FakeSlack, start: StartBot, tmp_path: Path
) -> None:
    first = start()
    event = slack.event(dict(MENTION), event_id="Ev1")
    slack.reply(event)
    first.close()
    start(state=Memory(tmp_path / "state.sqlite"))
    slack.deliver("events_api", event_payload(event, "Ev1"))
    slack.settle()
    assert len(slack.posted) == 1


def test_two_bots_that_share_a_memory_give_one_reply(
    slack: FakeSlack, start: StartBot, tmp_path: Path
) -> None:
    start()
    start(state=Memory(tmp_path / "state.sqlite"))
    assert slack.connected == 2
    events = [slack.event(dict(MENTION), event_id=f"Ev{number}") for number in range(10)]
    for number, event in enumerate(events):  # the other bot gets it, as connections take turns
        slack.deliver("events_api", event_payload(event, f"Ev{number}"))
        slack.deliver("events_api", event_payload(event, f"Ev{number}"))
    slack.wait(lambda: all(slack.replies(event) for event in events), 15)
    slack.settle(0.3)
    assert [len(slack.replies(event)) for event in events] == [1] * 10


def test_a_repetition_while_the_first_is_under_way_is_left_to_it(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    answers.gate.clear()
    event = slack.event(dict(MENTION), event_id="Ev1")
    slack.wait(lambda: bool(slack.statuses))
    slack.deliver("events_api", event_payload(event, "Ev1"))
    slack.settle(0)
    answers.gate.set()
    slack.reply(event)
    slack.settle()
    assert (len(slack.posted), len(answers.asked)) == (1, 1)


@pytest.mark.parametrize("end", ["refresh", "close_connections", "break_connections"])
def test_a_question_during_a_change_of_connection_is_answered_once(
    slack: FakeSlack, start: StartBot, end: str
) -> None:
    start()
    before = slack.reply(slack.mention(QUESTION))
    getattr(slack, end)()
    event = slack.mention(QUESTION)
    reply = slack.reply(event, seconds=8)
    slack.settle()
    assert [post.ts for post in slack.posted] == [before.ts, reply.ts]
    assert slack.calls.count("apps.connections.open") >= 2


def test_a_full_queue_is_said_rather_than_kept_silent(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start(workers=1, queue_size=1)
    answers.gate.clear()
    events = [slack.mention(QUESTION) for _ in range(3)]  # one under way, one waiting, one too many
    slack.wait(lambda: len(slack.posted) == 1)
    assert "Too many questions came at once" in slack.posted[0].shown()
    answers.gate.set()
    slack.wait(lambda: len(slack.posted) == 3)
    assert [len(slack.replies(event)) for event in events] == [1, 1, 1]


def test_closing_finishes_what_is_under_way(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    bot = start()
    answers.gate.clear()
    event = slack.mention(QUESTION)
    slack.wait(lambda: bool(slack.statuses))
    threading.Timer(0.3, answers.gate.set).start()
    assert bot.close() is True
    assert len(slack.replies(event)) == 1


def test_closing_gives_up_at_its_deadline(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    bot = start(drain_seconds=0.5)
    answers.gate.clear()
    slack.mention(QUESTION)
    slack.wait(lambda: bool(slack.statuses))
    began = time.monotonic()
    assert bot.close() is False
    assert time.monotonic() - began < 5
    assert slack.posted == []
