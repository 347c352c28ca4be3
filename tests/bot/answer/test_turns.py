"""Who may go in, and who is next."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.answer.turns import Turns

PATIENCE_SECONDS = 10.0


def test_no_more_are_inside_than_may_be() -> None:
    turns, lock = Turns(2), threading.Lock()
    inside = most = 0

    def go() -> None:
        nonlocal inside, most
        with turns:
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.001)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(8) as pool:
        for _ in range(40):
            pool.submit(go)
    assert (inside, most) == (0, 2)


def test_who_waits_longest_is_next_even_where_the_one_inside_comes_back_at_once() -> None:
    turns, order = Turns(1), list[str]()
    waits = threading.Event()

    def wait() -> None:
        waits.set()
        with turns:
            order.append("the one who waited")

    with turns:
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert waits.wait(PATIENCE_SECONDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not turns._waiting and time.monotonic() < deadline:
            time.sleep(0.001)
    with turns:
        order.append("the one who was inside")
    waiting.join(PATIENCE_SECONDS)
    assert order == ["the one who waited", "the one who was inside"]


def test_a_turn_ends_with_an_error_too() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="within"), turns:
        raise ValueError("within")
    with turns:
        pass
