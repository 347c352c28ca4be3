"""The bot's memory: one claim a delivery, quotes for their channel alone, threads, and verdicts."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.state import LEASE_SECONDS, TURNS_REMEMBERED, Place, State
from bot.types import Turn
from index.types import FootnoteError
from tests.fakes.answers import BANMA_QUOTE, answer_quoting, banma_answer

KEYS = ("event:Ev1", "message:T1:C1:1.0")
HERE = Place("T1", "C1", "1.0")


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "state.sqlite"


@pytest.fixture
def state(path: Path, clock: Clock) -> State:
    return State(path, clock)


def test_a_delivery_is_claimed_once(state: State) -> None:
    assert state.claim(KEYS) is not None
    assert state.claim(KEYS) is None


@pytest.mark.parametrize("keys", [("event:Ev1",), ("event:Ev2", KEYS[1]), ("message:T1:C1:1.0",)])
def test_any_key_in_common_makes_it_the_same_delivery(state: State, keys: tuple[str, ...]) -> None:
    state.claim(KEYS)
    assert state.claim(keys) is None


def test_a_second_event_id_of_a_message_is_remembered_with_it(state: State) -> None:
    state.claim(KEYS)
    assert state.claim(("event:Ev2", KEYS[1])) is None
    assert state.claim(("event:Ev2",)) is None


def test_other_deliveries_are_free(state: State) -> None:
    state.claim(KEYS)
    assert state.claim(("event:Ev2", "message:T1:C1:2.0")) is not None


def test_a_finished_delivery_stays_finished(state: State, clock: Clock) -> None:
    claim = state.claim(KEYS)
    assert claim
    state.finish(claim)
    clock.now += 10 * LEASE_SECONDS
    assert state.claim(KEYS) is None


def test_an_unfinished_delivery_may_be_taken_over_when_its_lease_ran_out(state: State, clock: Clock) -> None:
    dead = state.claim(KEYS)
    assert dead
    clock.now += LEASE_SECONDS - 1
    assert state.claim(KEYS) is None
    clock.now += 2
    assert state.claim(KEYS) is not None
    assert not state.renew(dead), "the first claimer must leave it alone now"


def test_a_renewed_lease_starts_anew(state: State, clock: Clock) -> None:
    claim = state.claim(KEYS)
    assert claim
    clock.now += LEASE_SECONDS - 1
    assert state.renew(claim)
    clock.now += LEASE_SECONDS - 1
    assert state.claim(KEYS) is None


def test_a_released_delivery_is_free_at_once(state: State) -> None:
    claim = state.claim(KEYS)
    assert claim
    state.release(claim)
    assert state.claim(KEYS) is not None


def test_claims_survive_a_restart(path: Path, clock: Clock) -> None:
    State(path, clock).claim(KEYS)
    assert State(path, clock).claim(KEYS) is None


def test_threads_racing_for_a_delivery_yield_one_claim(state: State) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: state.claim(KEYS), range(40)))
    assert len([claim for claim in claims if claim]) == 1


def test_processes_racing_for_deliveries_yield_one_claim_each(path: Path) -> None:
    with ProcessPoolExecutor(2) as pool:
        won = [number for numbers in pool.map(claim_fifty, [path, path]) for number in numbers]
    assert sorted(won) == list(range(50))


def claim_fifty(path: Path) -> list[int]:
    state = State(path)
    return [number for number in range(50) if state.claim([f"event:{number}"])]


def test_a_shown_quote_is_found_by_its_channel_alone(state: State) -> None:
    answer_id = state.remember_answer(banma_answer(), HERE)
    shown = state.quote(answer_id, 1, Place("T1", "C1", "another thread"))
    assert shown is not None
    assert (shown.source_id, shown.start, shown.end) == ("banma", 27, 68)
    assert shown.still_reads(BANMA_QUOTE)
    assert not shown.still_reads(BANMA_QUOTE + " ")
    assert state.quote(answer_id, 2, HERE) is None
    assert state.quote(answer_id, 1, Place("T1", "C2")) is None
    assert state.quote(answer_id, 1, Place("T2", "C1")) is None
    assert state.quote("unknown", 1, HERE) is None


def test_the_text_of_a_quote_is_not_stored(state: State, path: Path) -> None:
    state.remember_answer(answer_quoting("zebra crossing"), HERE)
    with sqlite3.connect(path) as connection:
        assert "zebra" not in "\n".join(connection.iterdump())


def test_a_thread_keeps_its_last_turns_in_order(state: State, clock: Clock) -> None:
    turns = [Turn(f"question {number}", f"answer {number}") for number in range(6)]
    for turn in turns:
        state.remember_turn(turn, HERE)
    assert state.conversation(HERE) == tuple(turns[-TURNS_REMEMBERED:])
    assert state.conversation(Place("T1", "C1", "2.0")) == ()
    assert state.conversation(Place("T1", "C2", "1.0")) == ()
    assert state.conversation(Place("T1", "C1")) == ()


def test_a_person_has_one_verdict_on_an_answer(state: State) -> None:
    answer_id = state.remember_answer(banma_answer(), HERE)
    assert state.record_feedback(answer_id, "up", "U1", HERE)
    assert state.record_feedback(answer_id, "up", "U1", HERE)
    assert state.record_feedback(answer_id, "down", "U2", HERE)
    assert state.record_feedback(answer_id, "down", "U1", HERE)
    assert state.feedback(answer_id) == {"U1": "down", "U2": "down"}


def test_a_verdict_on_an_answer_of_another_channel_is_refused(state: State) -> None:
    answer_id = state.remember_answer(banma_answer(), HERE)
    assert not state.record_feedback(answer_id, "up", "U1", Place("T1", "C2"))
    assert not state.record_feedback("unknown", "up", "U1", HERE)
    assert state.feedback(answer_id) == {}


def test_what_is_old_is_forgotten_and_verdicts_stay(state: State, clock: Clock) -> None:
    claim = state.claim(KEYS)
    assert claim
    state.finish(claim)
    state.remember_turn(Turn("q", "a"), HERE)
    answer_id = state.remember_answer(banma_answer(), HERE)
    state.record_feedback(answer_id, "up", "U1", HERE)
    clock.now += 8 * 86_400
    state.prune()
    assert state.conversation(HERE) == ()
    assert state.claim(KEYS) is not None
    assert state.quote(answer_id, 1, HERE) is not None
    clock.now += 90 * 86_400
    state.prune()
    assert state.quote(answer_id, 1, HERE) is None
    assert state.feedback(answer_id) == {"U1": "up"}


def test_the_file_is_for_its_owner_alone(state: State, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(FootnoteError, match=r"written by a newer Footnote \(version 99"):
        State(path)


def test_a_damaged_file_is_named_with_what_to_do(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(FootnoteError, match=r"state\.sqlite cannot be used .* move it away"):
        State(path)


def test_a_failed_write_leaves_no_half_and_no_lock(state: State) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        state.record_feedback(state.remember_answer(banma_answer(), HERE), "sideways", "U1", HERE)  # type: ignore[arg-type]
    assert state.claim(KEYS) is not None
