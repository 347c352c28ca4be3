"""Two bots over one PostgreSQL give one reply to each question, and a server that is away loses none."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from bot.memory import Memory, MemoryAway
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION
from tests.fakes.slack import FakeSlack
from tests.postgres import PostgresServer
from tests.soak import prepared


def test_two_bots_that_get_every_delivery_give_one_reply_each(
    slack: FakeSlack, start: StartBot, postgres: str
) -> None:
    memories = [Memory(postgres), Memory(postgres)]
    for memory in memories:
        start(state=memory, mode="socket", user_limit=0, channel_limit=0)
    events = [slack.mention(QUESTION, channel=f"C{number}") for number in range(8)]
    for envelope in list(slack.envelopes):
        for _ in memories:  # Slack's fake deals them out in turn
            slack.deliver("events_api", envelope.payload)
    for event in events:
        assert BANMA_QUOTE in slack.reply(event, seconds=30).shown()
    slack.settle(0.5)
    assert len(slack.posted) == len(events)
    slack.wait(lambda: memories[0].inbox.waiting() == 0)


def test_a_delivery_that_cannot_be_written_down_is_delivered_again(
    slack: FakeSlack, start: StartBot, state: Memory, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(mode=mode)
    accept, away = state.accept, [True]

    def accept_later(*args: object) -> object:
        if away.pop() if away else False:
            raise MemoryAway("The database of the bot's memory does not answer.")
        return accept(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(state, "accept", accept_later)
    event = slack.mention(QUESTION)
    assert BANMA_QUOTE in slack.reply(event, seconds=10).shown()
    slack.settle(0.2)
    assert not away and slack.envelopes[0].deliveries > 1
    assert len(slack.posted) == 1


def test_a_command_that_cannot_be_written_down_is_told_so_at_once(
    slack: FakeSlack, start: StartBot, state: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*ignored: object) -> None:
        raise MemoryAway("The database of the bot's memory does not answer.")

    start()
    monkeypatch.setattr(state, "accept", away)
    slack.command(QUESTION)
    slack.wait(lambda: len(slack.posted) == 1)
    assert "my database does not answer" in slack.posted[0].shown()


def test_a_question_whose_memory_goes_away_halfway_is_answered_once_later(
    slack: FakeSlack, start: StartBot, state: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.memory.inbox.LEASE_SECONDS", 1.0)
    start(round_seconds=0.2)
    begin_posting, away = state.begin_posting, [True]

    def begin_later(*args: object) -> object:
        if away and away.pop():
            raise MemoryAway("The database of the bot's memory does not answer.")
        return begin_posting(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(state, "begin_posting", begin_later)
    event = slack.mention(QUESTION)
    assert BANMA_QUOTE in slack.reply(event, seconds=10).shown()
    slack.settle(0.3)
    assert not away and len(slack.posted) == 1


def test_a_killed_server_and_a_killed_bot_lose_and_double_nothing(
    slack: FakeSlack, postgres_server: PostgresServer, postgres: str, tmp_path: Path
) -> None:
    launch = prepared(lease=3, shared=postgres)
    bots: list[subprocess.Popen[bytes]] = [launch(slack, tmp_path), launch(slack, tmp_path)]
    questions, returns = [], []
    try:
        for number in range(60):
            if number in (15, 45):
                postgres_server.kill()
                returns.append(threading.Timer(1.0, postgres_server.start))
                returns[-1].start()
            if number == 30:
                bots[0].kill()
            questions.append(slack.mention(QUESTION, channel=f"C{number % 10}"))
            if number % 7 == 0:
                slack.deliver("events_api", slack.envelopes[-1].payload)
            time.sleep(0.1)
        for question in questions:
            slack.reply(question, seconds=60)
        slack.settle(2)
    finally:
        for one in returns:
            one.join()
        for bot in bots:
            bot.kill()
            bot.wait()
    replies = Counter((post.channel, post.thread_ts) for post in slack.posted)
    assert (len(replies), max(replies.values())) == (len(questions), 1)
