"""Two bots over one PostgreSQL give one reply to each question, and a server that is away loses none."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from bot.memory import Memory, MemoryAway
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION
from tests.fakes.slack import FakeSlack
from tests.postgres import PostgresServer, programs
from tests.soak import either, failover, killed, outage, prepared, soak


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
    postgres_server: PostgresServer, postgres: str
) -> None:
    accidents = {0.25: outage(postgres_server), 0.5: killed, 0.75: outage(postgres_server)}
    outcome = soak(60, rate=10, start=prepared(lease=3, shared=postgres), bots=2, accidents=accidents)
    assert (outcome.unanswered, outcome.doubled) == (0, 0), outcome


@pytest.mark.usefixtures("postgres_server")  # skipped where there are no programs of one
def test_a_standby_that_takes_over_loses_and_doubles_nothing() -> None:
    with ExitStack() as stack:
        primary = PostgresServer(programs())
        stack.callback(primary.close)
        standby = PostgresServer(programs(), primary=primary)
        stack.callback(standby.close)
        start = prepared(lease=3, shared=either(primary, standby))
        outcome = soak(40, rate=10, start=start, bots=2, accidents={0.5: failover(primary, standby)})
    assert (outcome.unanswered, outcome.doubled) == (0, 0), outcome
