"""A bot in a process of its own: SIGTERM finishes what is under way, a kill leaves it to the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slack_bolt.adapter.socket_mode import SocketModeHandler

from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import QUESTION, PreparedAnswers
from tests.fakes.slack import BOT_USER, FakeSlack, event_payload

ROOT = Path(__file__).parents[3]
Serve = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def serve(slack: FakeSlack, tmp_path: Path) -> Iterator[Serve]:
    processes: list[subprocess.Popen[str]] = []

    def start(mode: str = "socket", delay: float = 0.0) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).with_name("serving.py")),
                slack.api_url,
                mode,
                str(tmp_path / "state.sqlite"),
                str(delay),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        processes.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if line == "up\n":
                break
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_question_under_way_be_answered(
    slack: FakeSlack, serve: Serve, number: int
) -> None:
    process = serve(delay=0.5)
    event = slack.mention(QUESTION)
    slack.wait(lambda: bool(slack.statuses))
    assert slack.posted == []
    process.send_signal(number)
    output, _ = process.communicate(timeout=12)
    assert (process.returncode, output.splitlines()[-1]) == (0, "stopped")
    assert len(slack.replies(event)) == 1


def test_http_mode_stops_on_sigterm_too(serve: Serve) -> None:
    process = serve(mode="http")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=12)
    assert (process.returncode, output.splitlines()[-1]) == (0, "stopped")


def test_a_question_that_a_killed_process_had_taken_is_answered_by_the_next_one(
    slack: FakeSlack, serve: Serve
) -> None:
    killed = serve(delay=30)
    event = slack.mention(QUESTION)
    slack.wait(lambda: bool(slack.statuses))
    slack.settle(0)
    killed.kill()
    killed.wait()
    serve()
    slack.reply(event)
    slack.settle()
    assert len(slack.posted) == 1
    assert slack.envelopes[0].deliveries == 1, "it was acknowledged, so Slack does not deliver it again"


def test_a_question_that_a_killed_process_had_taken_is_answered_once_on_redelivery_too(
    slack: FakeSlack, serve: Serve
) -> None:
    killed = serve(delay=30)
    text = f"<@{BOT_USER}> {QUESTION}"
    event = slack.event(
        {"type": "app_mention", "channel": "C0CARS", "user": "U0ADA", "text": text}, event_id="Ev1"
    )
    slack.wait(lambda: bool(slack.statuses))
    killed.kill()
    killed.wait()
    serve()
    slack.deliver("events_api", event_payload(event, "Ev1"))
    slack.reply(event)
    slack.deliver("events_api", event_payload(event, "Ev1"))
    slack.settle()
    assert len(slack.posted) == 1


def test_a_connection_that_cannot_be_closed_keeps_no_question_from_its_answer(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()
    monkeypatch.setattr(SocketModeHandler, "close", lambda self: never.wait(20))
    bot = start(drain_seconds=1.0)
    answers.gate.clear()
    event = slack.mention(QUESTION)
    slack.wait(lambda: bool(slack.statuses))
    threading.Timer(0.2, answers.gate.set).start()
    assert bot.close() is True
    never.set()
    assert len(slack.replies(event)) == 1
