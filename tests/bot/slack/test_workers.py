"""The bounded pool."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from bot.slack.pools import Workers


def test_work_beyond_threads_and_queue_is_refused() -> None:
    workers, gate = Workers(threads=2, queue_size=3), threading.Event()
    assert [workers.submit(held(gate)) for _ in range(6)] == [True] * 5 + [False]
    gate.set()
    assert workers.close(5)


def test_room_is_free_again_after_work() -> None:
    workers = Workers(threads=1, queue_size=0)
    for _ in range(50):
        done = threading.Event()
        while not workers.submit(done.set):
            pass
        assert done.wait(5)
    assert workers.close(5)


def test_closing_finishes_what_waits_and_takes_no_more() -> None:
    workers, gate = Workers(threads=1, queue_size=5), threading.Event()
    done: list[int] = []
    workers.submit(held(gate))
    for number in range(4):
        workers.submit(partial(done.append, number))
    threading.Timer(0.1, gate.set).start()
    assert workers.close(5)
    assert done == [0, 1, 2, 3]
    assert not workers.submit(lambda: None)


def test_closing_stops_waiting_at_its_deadline() -> None:
    workers, gate = Workers(threads=1, queue_size=0), threading.Event()
    workers.submit(held(gate))
    assert not workers.close(0.05)
    gate.set()


def test_a_job_that_raises_leaves_its_thread_at_work(caplog: pytest.LogCaptureFixture) -> None:
    workers, done = Workers(threads=1, queue_size=2), threading.Event()
    workers.submit(broken)
    workers.submit(done.set)
    assert done.wait(5)
    assert "ZeroDivisionError" in caplog.text
    workers.close(1)


def held(gate: threading.Event) -> Callable[[], None]:
    """A job that lasts until the gate opens."""

    def wait() -> None:
        gate.wait(5)

    return wait


def broken() -> None:
    raise ZeroDivisionError
