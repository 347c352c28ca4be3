"""A memory that several bots share: one reply a question, and a server that goes away loses nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import event

from bot.memory import Memory, MemoryAway, Place, StoredQuestion, look_at
from index.types import FootnoteError
from tests.postgres import PostgresServer

HERE = Place("T1", "C1", "1.0")
KEYS = ("event:Ev1",)
ASKED = StoredQuestion(HERE, "1.0", "the question", KEYS)


@pytest.fixture
def state(postgres: str) -> Iterator[Memory]:
    memory = Memory(postgres)
    yield memory
    memory.close()


def test_the_clock_is_the_servers(state: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    state.inbox.claim(KEYS, ASKED)
    assert state.inbox.unfinished(9) == []
    with state._database.read() as sql:
        assert state._database.now(sql) > 1_700_000_000


def test_a_null_character_is_no_reason_to_lose_a_question(state: Memory) -> None:
    assert state.accept(StoredQuestion(HERE, "1.0", "who\0?", KEYS)) is not None
    state.inbox.hand_over_all()
    assert [left.body for left in state.inbox.unfinished(9)] == ["who?"]


def test_a_commit_whose_answer_is_lost_is_found_and_not_made_twice(state: Memory) -> None:
    dialect, lost = state._database._engine.dialect, [True]
    commit = dialect.do_commit

    def commit_and_lose(connection: object) -> None:
        commit(connection)  # type: ignore[arg-type]
        if lost and lost.pop():
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    dialect.do_commit = commit_and_lose  # type: ignore[method-assign]
    lease = state.accept(ASKED)
    assert not lost, "an answer was lost"
    assert lease is not None and state.inbox.begin_posting(lease)
    assert state.inbox.waiting() == 1


def test_a_transaction_that_the_server_broke_off_is_done_anew(postgres: str, state: Memory) -> None:
    broken: list[bool] = []

    def break_off(connection: object, *ignored: object) -> None:
        if not broken:
            broken.append(True)
            with psycopg.connect(postgres, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    event.listen(state._database._engine, "before_cursor_execute", break_off)
    assert state.accept(ASKED) is not None
    assert broken and state.inbox.waiting() == 1


def test_a_server_that_is_killed_and_comes_back_loses_nothing(
    postgres_server: PostgresServer, state: Memory
) -> None:
    kept = state.accept(ASKED)
    postgres_server.kill()
    back = threading.Timer(0.5, postgres_server.start)
    back.start()
    try:
        second = state.accept(StoredQuestion(HERE, "2.0", "another", ("event:Ev2",)))
    finally:
        back.join()
    assert kept is not None and second is not None
    assert state.inbox.waiting() == 2
    assert state.inbox.claim(KEYS) is None


def test_a_server_that_stays_away_is_given_up_with_plain_words(
    postgres_server: PostgresServer, state: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.memory.postgresql.RETRY_SECONDS", 0.3)
    postgres_server.kill()
    try:
        with pytest.raises(MemoryAway, match="The database of the bot's memory does not answer"):
            state.accept(ASKED)
    finally:
        postgres_server.start()
    assert state.accept(ASKED) is not None


def test_a_server_that_cannot_be_reached_at_the_start_is_named_without_its_password() -> None:
    address = "postgresql://footnote:hush@127.0.0.1:1/memory"
    for look in (Memory, look_at):
        with pytest.raises(FootnoteError, match=r"cannot be reached: .*memory at 127\.0\.0\.1:1 ") as failed:
            look(address)
        assert "hush" not in str(failed.value)


def test_a_newer_memory_is_left_alone(postgres: str) -> None:
    with psycopg.connect(postgres) as connection:
        connection.execute("UPDATE footnote_state.version SET number = 99")
    with pytest.raises(FootnoteError, match=r"written by a newer Footnote \(version 99"):
        Memory(postgres)


def test_a_database_can_be_looked_at(postgres: str) -> None:
    found = look_at(postgres)
    assert (found.made, found.major >= 15, found.version.split(".")[0]) == (True, True, str(found.major))
    assert 0 < found.size < found.size_of_all < 1e9
