"""The bot's memory: one claim a delivery, quotes for their channel alone, threads, and verdicts."""

from __future__ import annotations

import sqlite3
import stat
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from bot.memory import (
    FOLLOW_UP_SECONDS,
    LEASE_SECONDS,
    MAX_TRIES,
    TURNS_REMEMBERED,
    Memory,
    Place,
    Replied,
    Revision,
    StoredQuestion,
)
from bot.memory.sqlite import alone
from bot.memory.threads import DIRECT_SECONDS
from bot.types import About, Instead, Told, Turn
from index.types import FootnoteError
from tests.fakes.answers import BANMA_QUOTE, answer_quoting, banma_answer

KEYS = ("event:Ev1", "message:T1:C1:1.0")
HERE = Place("T1", "C1", "1.0")
LETTER = StoredQuestion(HERE, "1.0", "the question", KEYS)
EDIT = StoredQuestion(HERE, "1.0", "new words", ("edit:1",))


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


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, path: Path) -> Path | str:
    """On each database in turn."""
    return path if request.param == "sqlite" else str(request.getfixturevalue("postgres"))


@pytest.fixture
def state(where: Path | str, clock: Clock) -> Memory:
    return Memory(where, clock)


def test_a_delivery_is_claimed_once(state: Memory) -> None:
    assert state.inbox.claim(KEYS) is not None
    assert state.inbox.claim(KEYS) is None


@pytest.mark.parametrize("keys", [("event:Ev1",), ("event:Ev2", KEYS[1]), ("message:T1:C1:1.0",)])
def test_any_key_in_common_makes_it_the_same_delivery(state: Memory, keys: tuple[str, ...]) -> None:
    state.inbox.claim(KEYS)
    assert state.inbox.claim(keys) is None


def test_a_second_event_id_of_a_message_is_remembered_with_it(state: Memory) -> None:
    state.inbox.claim(KEYS)
    assert state.inbox.claim(("event:Ev2", KEYS[1])) is None
    assert state.inbox.claim(("event:Ev2",)) is None


def test_other_deliveries_are_free(state: Memory) -> None:
    state.inbox.claim(KEYS)
    assert state.inbox.claim(("event:Ev2", "message:T1:C1:2.0")) is not None


def test_a_finished_delivery_stays_finished(state: Memory, clock: Clock) -> None:
    claim = state.inbox.claim(KEYS)
    assert claim
    state.inbox.finish(claim)
    clock.now += 10 * LEASE_SECONDS
    assert state.inbox.claim(KEYS) is None


def test_an_unfinished_delivery_may_be_taken_over_when_its_lease_ran_out(state: Memory, clock: Clock) -> None:
    dead = state.inbox.claim(KEYS)
    assert dead
    clock.now += LEASE_SECONDS - 1
    assert state.inbox.claim(KEYS) is None
    clock.now += 2
    assert state.inbox.claim(KEYS) is not None
    assert not state.inbox.begin_posting(dead), "the first claimer must leave it alone now"


def test_a_renewed_lease_starts_anew(state: Memory, clock: Clock) -> None:
    claim = state.inbox.claim(KEYS)
    assert claim
    clock.now += LEASE_SECONDS - 1
    assert state.inbox.begin_posting(claim)
    clock.now += LEASE_SECONDS - 1
    assert state.inbox.claim(KEYS) is None


def test_a_released_delivery_is_free_at_once(state: Memory) -> None:
    claim = state.inbox.claim(KEYS)
    assert claim
    state.inbox.release(claim)
    assert state.inbox.claim(KEYS) is not None


def test_claims_survive_a_restart(where: Path | str, clock: Clock) -> None:
    Memory(where, clock).inbox.claim(KEYS)
    assert Memory(where, clock).inbox.claim(KEYS) is None


def test_threads_racing_for_a_delivery_yield_one_claim(state: Memory) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: state.inbox.claim(KEYS), range(40)))
    assert len([claim for claim in claims if claim]) == 1


def test_processes_racing_for_deliveries_yield_one_claim_each(where: Path | str) -> None:
    with ProcessPoolExecutor(2) as pool:
        won = [number for numbers in pool.map(claim_fifty, [where, where]) for number in numbers]
    assert sorted(won) == list(range(50))


def claim_fifty(where: Path | str) -> list[int]:
    state = Memory(where)
    return [number for number in range(50) if state.inbox.claim([f"event:{number}"])]


def test_processes_that_open_a_new_memory_at_once_all_get_it(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        paths = [tmp_path / f"{number // 4}.sqlite" for number in range(80)]
        assert all(pool.map(is_open, paths))


def is_open(path: Path) -> bool:
    return Memory(path).inbox.waiting() == 0


def test_a_question_is_kept_until_it_is_finished(state: Memory) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim
    assert state.inbox.waiting() == 1
    assert state.inbox.begin_posting(claim)
    assert state.inbox.finish(claim, Replied("2.0", "A1")) == Revision()
    assert state.inbox.waiting() == 0
    assert state.inbox.reply(HERE, "1.0") == Replied("2.0", "A1")


def test_a_question_whose_process_died_is_given_out_once_when_its_lease_ran_out(
    where: Path | str, state: Memory, clock: Clock
) -> None:
    dead = state.inbox.claim(KEYS, LETTER)
    other = Memory(where, clock)
    clock.now += LEASE_SECONDS - 1
    assert other.inbox.unfinished(9) == []
    clock.now += 2
    (taken,) = other.inbox.unfinished(9)
    assert (taken.body, taken.retracted, taken.lease.maybe_posted) == ("the question", False, False)
    assert state.inbox.unfinished(9) == []
    assert dead and not state.inbox.begin_posting(dead), "the dead one, should it live, leaves it alone"
    assert other.inbox.begin_posting(taken.lease)
    other.inbox.finish(taken.lease, Replied("2.0"))
    assert other.inbox.claim(KEYS, LETTER) is None


def test_processes_racing_for_what_was_left_behind_take_each_question_once(where: Path | str) -> None:
    past = Memory(where, lambda: time.time() - 10 * LEASE_SECONDS)
    for number in range(40):
        past.inbox.claim((f"event:{number}",), StoredQuestion(HERE, f"{number}.0", str(number)))
    with ProcessPoolExecutor(2) as pool:
        taken = [body for bodies in pool.map(take_over_all, [where, where]) for body in bodies]
    assert sorted(taken, key=int) == [str(number) for number in range(40)]


def take_over_all(where: Path | str) -> list[str]:
    state = Memory(where)
    return [pending.body for _ in range(40) for pending in state.inbox.unfinished(3)]


def test_who_is_at_work_keeps_the_question_by_renewing(state: Memory, clock: Clock) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim
    for _ in range(5):
        clock.now += LEASE_SECONDS - 1
        state.inbox.renew([claim])
    assert state.inbox.unfinished(9) == []


def test_one_that_may_have_been_posted_says_so(state: Memory, clock: Clock) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim and state.inbox.begin_posting(claim)
    clock.now += LEASE_SECONDS + 1
    (taken,) = state.inbox.unfinished(9)
    assert taken.lease.maybe_posted
    clock.now += LEASE_SECONDS + 1
    redelivered = state.inbox.claim(KEYS, LETTER)
    assert redelivered and redelivered.maybe_posted
    assert state.inbox.waiting() == 1


def test_what_is_handed_over_is_free_at_once_and_the_one_who_lets_go_cannot_post_it_then(
    where: Path | str, state: Memory, clock: Clock
) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim
    state.inbox.hand_over([claim])
    assert [pending.body for pending in Memory(where, clock).inbox.unfinished(9)] == ["the question"]
    assert not state.inbox.begin_posting(claim)


def test_a_reply_that_did_not_get_through_is_tried_again_later_and_not_for_ever(
    state: Memory, clock: Clock
) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim
    waits = []
    while state.inbox.release(claim):
        waited = 0
        while not (pending := state.inbox.unfinished(9)):
            clock.now += 5
            waited += 5
        waits.append(waited)
        claim = pending[0].lease
    assert waits == [10, 20, 40, 80, 160]
    assert state.inbox.waiting() == 0
    assert state.inbox.claim(KEYS, LETTER) is None, "given up, and no redelivery starts it anew"


def test_a_question_that_ends_every_process_is_given_up(state: Memory, clock: Clock) -> None:
    state.inbox.claim(KEYS, LETTER)
    taken = 0
    for _ in range(20):
        clock.now += LEASE_SECONDS + 1
        taken += len(state.inbox.unfinished(9))
    assert taken == MAX_TRIES
    assert state.inbox.waiting() == 0


def test_an_edit_while_the_question_is_being_answered_is_told_to_whoever_answers(state: Memory) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim
    assert state.inbox.revise(EDIT) is None
    assert state.inbox.finish(claim, Replied("2.0")) == Revision(revised="new words")
    assert state.inbox.waiting() == 1, "still to be answered, by the same claim"
    assert state.inbox.begin_posting(claim)
    assert state.inbox.finish(claim, Replied("2.0")) == Revision()
    assert state.inbox.revise(EDIT) is None, "the same edit again"


def test_an_edit_of_an_answered_question_is_claimed_once(state: Memory) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim
    state.inbox.finish(claim, Replied("2.0"))
    assert state.inbox.revise(EDIT) is not None
    assert state.inbox.revise(EDIT) is None
    assert state.inbox.known(HERE, "1.0")


def test_an_edit_of_something_else_is_nobodys(state: Memory) -> None:
    assert state.inbox.revise(EDIT) is None
    assert not state.inbox.known(HERE, "1.0")
    assert state.inbox.claim(KEYS, LETTER) is not None


def test_an_edit_that_a_dead_process_knew_of_is_what_is_answered(state: Memory, clock: Clock) -> None:
    state.inbox.claim(KEYS, LETTER)
    state.inbox.revise(EDIT)
    clock.now += LEASE_SECONDS + 1
    (taken,) = state.inbox.unfinished(9)
    assert taken.body == "new words"
    assert state.inbox.finish(taken.lease, Replied("2.0")) == Revision()


def test_a_deleted_question_is_not_answered_any_more(state: Memory) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim
    assert state.inbox.retract(HERE, "1.0") is None
    assert not state.inbox.begin_posting(claim)
    assert state.inbox.claim(KEYS, LETTER) is None


def test_a_question_deleted_while_its_reply_is_being_posted_has_the_reply_taken_back(state: Memory) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim and state.inbox.begin_posting(claim)
    state.inbox.retract(HERE, "1.0")
    assert state.inbox.finish(claim, Replied("2.0")) == Revision(retracted=True)
    assert state.inbox.reply(HERE, "1.0") is None


def test_a_deletion_whose_process_died_is_seen_to(state: Memory, clock: Clock) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim and state.inbox.begin_posting(claim)
    state.inbox.retract(HERE, "1.0")
    clock.now += LEASE_SECONDS + 1
    (taken,) = state.inbox.unfinished(9)
    assert taken.retracted and taken.lease.maybe_posted


def test_the_reply_to_a_deleted_question_is_returned_once(state: Memory) -> None:
    claim = state.inbox.claim(KEYS, LETTER)
    assert claim
    state.inbox.finish(claim, Replied("2.0", "A1"))
    assert state.inbox.retract(HERE, "1.0") == Replied("2.0", "A1")
    assert state.inbox.retract(HERE, "1.0") is None


def test_a_shown_quote_is_found_by_its_channel_alone(state: Memory) -> None:
    answer_id = state.shown.remember(banma_answer(), HERE)
    shown = state.shown.quote(answer_id, 1, Place("T1", "C1", "another thread"))
    assert shown is not None
    assert (shown.source_id, shown.start, shown.end) == ("banma", 27, 68)
    assert shown.still_reads(BANMA_QUOTE)
    assert not shown.still_reads(BANMA_QUOTE + " ")
    assert state.shown.quote(answer_id, 2, HERE) is None
    assert state.shown.quote(answer_id, 1, Place("T1", "C2")) is None
    assert state.shown.quote(answer_id, 1, Place("T2", "C1")) is None
    assert state.shown.quote("unknown", 1, HERE) is None


def test_the_text_of_a_quote_is_not_stored(path: Path) -> None:
    state = Memory(path)
    state.shown.remember(answer_quoting("zebra crossing"), HERE)
    with sqlite3.connect(path) as connection:
        assert "zebra" not in "\n".join(connection.iterdump())


def test_a_thread_keeps_its_last_turns_in_order(state: Memory, clock: Clock) -> None:
    turns = [Turn(f"question {number}", f"answer {number}") for number in range(6)]
    for turn in turns:
        state.threads.remember(turn, HERE)
    assert state.threads.conversation(HERE) == tuple(turns[-TURNS_REMEMBERED:])
    assert state.threads.conversation(Place("T1", "C1", "2.0")) == ()
    assert state.threads.conversation(Place("T1", "C2", "1.0")) == ()
    assert state.threads.conversation(Place("T1", "C1")) == ()


def test_a_direct_conversation_goes_on_for_some_minutes_wherever_it_was_said(
    state: Memory, clock: Clock
) -> None:
    state.threads.remember(Turn("who?", "Ada."), HERE)
    below = Place("T1", "C1", "9.0")
    assert [turn.question for turn in state.threads.conversation(below, whole_channel=True)] == ["who?"]
    assert state.threads.conversation(Place("T1", "C2", "9.0"), whole_channel=True) == ()
    clock.now += DIRECT_SECONDS + 1
    assert state.threads.conversation(below, whole_channel=True) == ()


def test_an_edited_question_takes_the_place_of_its_turn_and_knows_only_what_was_before(state: Memory) -> None:
    for number in (1, 2, 3):
        state.threads.remember(Turn(f"question {number}", "a"), HERE, f"{number}.0")
    state.threads.remember(Turn("question 2, edited", "b"), HERE, "2.0")
    asked = [turn.question for turn in state.threads.conversation(HERE)]
    assert asked == ["question 1", "question 2, edited", "question 3"]
    assert [turn.question for turn in state.threads.conversation(HERE, before="2.0")] == ["question 1"]
    state.threads.forget(HERE, "1.0")
    assert state.threads.conversation(HERE, before="2.0") == ()


def test_the_bot_listens_to_who_asked_last_until_people_talk_with_each_other(state: Memory) -> None:
    threads = state.threads
    assert not threads.overheard(HERE, "UADA", to_others=False), "never spoken to"
    threads.addressed(HERE, "UADA")
    assert threads.overheard(HERE, "UADA", to_others=False)
    assert not threads.overheard(HERE, "UBOB", to_others=False)
    assert not threads.overheard(HERE, "UADA", to_others=False), "Bob and Ada talk now"
    threads.addressed(HERE, "UBOB")
    assert threads.overheard(HERE, "UBOB", to_others=False)
    assert not threads.overheard(HERE, "UBOB", to_others=True)
    assert not threads.overheard(HERE, "UBOB", to_others=False)


def test_the_bot_listens_for_a_while_only(state: Memory, clock: Clock) -> None:
    state.threads.addressed(HERE, "UADA")
    clock.now += FOLLOW_UP_SECONDS - 1
    assert state.threads.overheard(HERE, "UADA", to_others=False), "and the while begins anew"
    clock.now += FOLLOW_UP_SECONDS - 1
    assert state.threads.overheard(HERE, "UADA", to_others=False)
    clock.now += FOLLOW_UP_SECONDS + 1
    assert not state.threads.overheard(HERE, "UADA", to_others=False)


def test_quiet_holds_until_resume(state: Memory) -> None:
    threads = state.threads
    threads.set_quiet(HERE, "UADA", quiet=True)
    assert threads.is_quiet(HERE)
    assert not threads.overheard(HERE, "UADA", to_others=False)
    threads.addressed(HERE, "UADA")
    assert not threads.overheard(HERE, "UADA", to_others=False)
    threads.set_quiet(HERE, "UADA", quiet=False)
    assert threads.overheard(HERE, "UADA", to_others=False)


def test_a_reason_is_kept_with_the_verdict_and_goes_when_the_verdict_changes(state: Memory) -> None:
    answer_id = state.shown.remember(banma_answer(), HERE)
    assert state.shown.record_feedback(answer_id, "down", "U1", HERE)
    assert state.shown.record_reason(answer_id, "outdated", "It is 2020 now.", "U1", HERE)
    assert state.shown.reasons(answer_id) == {"U1": ("outdated", "It is 2020 now.")}
    assert state.shown.record_feedback(answer_id, "up", "U1", HERE)
    assert (state.shown.reasons(answer_id), state.shown.feedback(answer_id)) == ({}, {"U1": "up"})
    assert not state.shown.record_reason(answer_id, "wrong", "", "U1", Place("T1", "C2"))


def test_a_question_without_an_answer_is_kept_where_it_was_passed_on(state: Memory, clock: Clock) -> None:
    told, kept = (state.shown.remember_miss(question, HERE) for question in ("who?", "where?"))
    assert state.shown.told() == []
    assert not state.shown.tell_curators(told, "U1", Place("T1", "C2"))
    assert not state.shown.tell_curators("unknown", "U1", HERE)
    assert state.shown.tell_curators(told, "U1", HERE)
    assert state.shown.told() == ["who?"]
    clock.now += 8 * 86_400
    state.prune()
    assert state.shown.tell_curators(told, "U2", HERE)
    assert not state.shown.tell_curators(kept, "U1", HERE)


def test_a_private_answer_can_be_shown_again_where_it_was_given(state: Memory, clock: Clock) -> None:
    answer_id = state.shown.remember(banma_answer(certain=False), HERE, "who?")
    shown = state.shown.answer(answer_id, HERE)
    assert shown is not None
    assert (shown.question, shown.certain, shown.confidence, len(shown.quotes)) == ("who?", False, 0.3, 1)
    assert state.shown.answer(answer_id, Place("T1", "C2")) is None
    clock.now += 2 * 86_400
    state.prune()
    forgotten = state.shown.answer(answer_id, HERE)
    assert forgotten is not None and forgotten.question is None
    state.shown.forget(answer_id)
    assert state.shown.answer(answer_id, HERE) is None
    assert state.shown.quote(answer_id, 1, HERE) is None


def test_a_private_answer_is_shown_again_with_all_that_was_said_of_it(state: Memory, clock: Clock) -> None:
    quote = replace(banma_answer().quotes[0], answer=(27, 34), path=("Owners", "2015"), part="who")
    answer = replace(
        banma_answer(),
        quotes=(quote, replace(quote, answer=None, path=(), part=None)),
        unanswered=("why",),
        disagreement=True,
        selection=True,
        instead=Instead("ERR-1044", None),
    )
    private = state.shown.remember(answer, HERE, "who and why?")
    shown = state.shown.answer(private, HERE)
    assert shown is not None
    assert [(q.answer, q.path, q.part) for q in shown.quotes] == [
        ((27, 34), ("Owners", "2015"), "who"),
        (None, (), None),
    ]
    said = (shown.unanswered, shown.disagreement, shown.selection, shown.instead)
    assert said == (("why",), True, True, Instead("ERR-1044", None))
    clock.now += 2 * 86_400
    state.prune()
    later = state.shown.answer(private, HERE)
    assert later is not None and later.unanswered == () and later.quotes[0].part is None, "words of the asker"
    in_the_open = state.shown.answer(state.shown.remember(answer, HERE), HERE)
    assert in_the_open is not None and in_the_open.quotes[0].part is None


def test_an_answer_that_quotes_nothing_is_remembered_and_can_be_judged(state: Memory) -> None:
    told = replace(banma_answer(), quotes=(), told=Told(About.COUNT, 1))
    answer_id = state.shown.remember(told, HERE, "how many articles?")
    shown = state.shown.answer(answer_id, HERE)
    assert shown is not None and shown.quotes == ()
    assert state.shown.quote(answer_id, 1, HERE) is None
    assert state.shown.record_feedback(answer_id, "up", "U1", HERE)


def test_a_person_has_one_verdict_on_an_answer(state: Memory) -> None:
    answer_id = state.shown.remember(banma_answer(), HERE)
    assert state.shown.record_feedback(answer_id, "up", "U1", HERE)
    assert state.shown.record_feedback(answer_id, "up", "U1", HERE)
    assert state.shown.record_feedback(answer_id, "down", "U2", HERE)
    assert state.shown.record_feedback(answer_id, "down", "U1", HERE)
    assert state.shown.feedback(answer_id) == {"U1": "down", "U2": "down"}


def test_a_verdict_on_an_answer_of_another_channel_is_refused(state: Memory) -> None:
    answer_id = state.shown.remember(banma_answer(), HERE)
    assert not state.shown.record_feedback(answer_id, "up", "U1", Place("T1", "C2"))
    assert not state.shown.record_feedback("unknown", "up", "U1", HERE)
    assert state.shown.feedback(answer_id) == {}


def test_what_is_old_is_forgotten(state: Memory, clock: Clock) -> None:
    claim = state.inbox.claim(KEYS)
    assert claim
    state.inbox.finish(claim)
    state.threads.remember(Turn("q", "a"), HERE)
    answer_id = state.shown.remember(banma_answer(), HERE)
    state.shown.record_feedback(answer_id, "up", "U1", HERE)
    clock.now += 8 * 86_400
    state.prune()
    assert state.threads.conversation(HERE) == ()
    assert state.inbox.claim(KEYS) is not None
    assert state.shown.quote(answer_id, 1, HERE) is not None
    clock.now += 90 * 86_400
    state.prune()
    assert state.shown.quote(answer_id, 1, HERE) is None
    assert state.shown.feedback(answer_id) == {}


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    Memory(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_memory_of_an_earlier_program_is_set_aside_and_nothing_of_it_is_deleted(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE turns (question TEXT)")
        connection.execute("INSERT INTO turns VALUES ('who?')")
    connection.close()
    state = Memory(path, Clock())
    state.inbox.claim(KEYS, LETTER)
    assert state.inbox.waiting() == 1
    aside = path.with_name("state.sqlite.old1")
    assert sqlite3.connect(aside).execute("SELECT question FROM turns").fetchall() == [("who?",)]
    assert "is of an earlier Footnote: it is kept as state.sqlite.old1" in caplog.text


def test_one_bot_at_a_time_uses_a_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.memory.sqlite.ALONE_WAIT_SECONDS", 0.1)
    with (
        alone(tmp_path),
        pytest.raises(FootnoteError, match=r"Another bot is running on .* Stop it first"),
        alone(tmp_path),
    ):
        pass
    with alone(tmp_path):
        pass


def test_who_is_alone_takes_what_was_left_at_once(state: Memory) -> None:
    state.inbox.claim(KEYS, LETTER)
    assert state.inbox.unfinished(9) == []
    state.inbox.hand_over_all()
    assert [left.body for left in state.inbox.unfinished(9)] == ["the question"]


def test_what_belongs_to_one_fact_is_written_as_a_whole_or_not_at_all(
    state: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*ignored: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(state.threads, "addressed", full)
    with pytest.raises(OSError, match="disk full"):
        state.accept(replace(LETTER, user="UADA", addresses=True))
    assert (state.inbox.waiting(), state.inbox.claim(KEYS) is not None) == (0, True)


def test_reading_waits_for_nobody_who_writes(state: Memory) -> None:
    with ThreadPoolExecutor(1) as pool, state._database.write():
        assert pool.submit(state.inbox.waiting).result(2) == 0


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    Memory(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE version SET number = 99")
    with pytest.raises(FootnoteError, match=r"written by a newer Footnote \(version 99"):
        Memory(path)


def test_a_damaged_file_is_named_with_what_to_do(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(FootnoteError, match=r"state\.sqlite cannot be used .* move it away"):
        Memory(path)


def test_a_failed_write_leaves_no_half_and_no_lock(state: Memory) -> None:
    with pytest.raises(IntegrityError):
        state.shown.record_feedback(state.shown.remember(banma_answer(), HERE), "sideways", "U1", HERE)  # type: ignore[arg-type]
    assert state.inbox.claim(KEYS) is not None


def test_a_question_without_an_answer_is_told_where_it_was_asked_alone(state: Memory) -> None:
    missed = state.shown.remember_miss("Who is Zoe?", HERE)

    assert state.shown.missed(missed, HERE) == "Who is Zoe?"
    assert state.shown.missed(missed, Place("T1", "C2")) is None
    assert state.shown.missed("unknown", HERE) is None
