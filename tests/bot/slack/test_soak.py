"""A short soak: every question answered once in bad weather, also when the bot is killed on the way.

`make soak` is the long one.
"""

from __future__ import annotations

import sys

import pytest

from tests.soak import MAX_P95_SECONDS, Mode, killed_and_replaced, prepared, soak


def test_every_question_is_answered_once_in_bad_weather() -> None:
    outcome = soak(100, rate=40, start=prepared(lease=3), broken=0.03, patience=20)
    assert (outcome.unanswered, outcome.doubled) == (0, 0), outcome
    assert min(outcome.faults.values()) > 0, outcome
    # On a busy machine a question may wait for the processor; the long soak judges the rest.
    assert outcome.latencies[len(outcome.latencies) // 2] <= MAX_P95_SECONDS


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("mode", ["socket", "http"])
def test_a_bot_that_is_killed_in_the_middle_loses_and_doubles_nothing(mode: Mode) -> None:
    start = prepared(delay=0.1, lease=1.5, mode=mode)
    outcome = soak(80, rate=40, accidents={0.5: killed_and_replaced}, start=start, patience=20)
    assert (outcome.unanswered, outcome.doubled) == (0, 0), outcome


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("mode", ["socket", "http"])
def test_below_every_answer_its_prose_is_whole_also_if_the_bot_is_killed(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROSE", "0.2")
    start = prepared(lease=1.5, mode=mode)
    outcome = soak(40, rate=20, accidents={0.5: killed_and_replaced}, start=start, patience=20)
    assert (outcome.unanswered, outcome.doubled) == (0, 0), outcome
    said = "Alibaba holds half of Banma [1]. SAIC holds half of Banma [1]."
    assert [post.shown() for post in outcome.prose if post.streaming or said not in post.shown()] == []
    places = [(post.channel, post.thread_ts) for post in outcome.prose]
    assert len(set(places)) == len(places) > 20
