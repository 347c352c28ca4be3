"""`/metrics`, `/healthz` and `/readyz`: what a running bot says of itself, and to whom."""

from __future__ import annotations

import http.client
import json
import re
import socket
from typing import Any

import pytest

from bot.slack.figures import IndexInUse
from bot.slack.health import SILENT_SECONDS, Condition, Pulse
from bot.slack.http_mode import HttpBot
from bot.slack.socket_mode import SocketModeBot
from index.types import FootnoteError
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import QUESTION, PreparedAnswers
from tests.fakes.slack import FakeSlack

SAMPLE = re.compile(
    r'[a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? [0-9.e+-]+|[a-z_]+\{le="\+Inf"\} \d+'
)


def get(bot: SocketModeBot | HttpBot, path: str, method: str = "GET") -> tuple[int, str]:
    assert bot.monitor.server is not None
    connection = http.client.HTTPConnection("127.0.0.1", bot.monitor.server.port, timeout=5)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def samples(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_without_a_port_nothing_listens(start: StartBot) -> None:
    assert start().monitor.server is None


def test_figures_say_what_happened(slack: FakeSlack, start: StartBot, mode: str) -> None:
    bot = start(mode=mode, metrics_port=0, user_limit=4)
    event = slack.mention(QUESTION)
    reply = slack.reply(event)
    slack.deliver("events_api", slack.envelopes[0].payload)
    slack.reply(slack.mention("Who else?"))
    slack.press(
        reply, reply.parts("feedback_buttons")[0], value=_thumb(reply.parts("feedback_buttons")[0], "up")
    )
    slack.wait(lambda: samples(get(bot, "/metrics")[1]).get('footnote_feedback_total{verdict="up"}') == 1)
    slack.settle()
    status, text = get(bot, "/metrics")
    assert status == 200
    assert [
        line for line in text.splitlines() if not line.startswith("# ") and not SAMPLE.fullmatch(line)
    ] == []
    found = samples(text)
    assert found['footnote_questions_total{outcome="answered"}'] == 1
    assert found['footnote_questions_total{outcome="none"}'] == 1
    assert found['footnote_questions_total{outcome="error"}'] == 0
    assert found["footnote_deliveries_repeated_total"] == 1
    assert found["footnote_reply_seconds_count"] == 2
    assert found['footnote_reply_seconds_bucket{le="+Inf"}'] == 2
    assert (found["footnote_connected"], found["footnote_queue_length"], found["footnote_unanswered"]) == (
        1,
        0,
        0,
    )
    assert found["footnote_queue_capacity"] == 102
    assert found['footnote_index_info{generation="g1"}'] == 1
    assert found["footnote_index_articles"] == 2
    assert found["footnote_index_built_timestamp_seconds"] == 1_777_636_800
    assert found["process_resident_memory_bytes"] > 10_000_000
    assert "Who else" not in text and "banana" not in text


def test_a_bot_that_answers_is_healthy_and_ready(start: StartBot, mode: str) -> None:
    bot = start(mode=mode, metrics_port=0)
    assert get(bot, "/healthz") == (200, "ok\n")
    status, body = get(bot, "/readyz")
    assert (status, json.loads(body)) == (
        200,
        {"ready": True, "connected": True, "index": "g1", "queue": {"length": 0, "capacity": 102}},
    )


def test_without_an_index_it_is_not_ready(start: StartBot, answers: PreparedAnswers) -> None:
    answers.indexed = FootnoteError("No index.")
    bot = start(metrics_port=0)
    status, body = get(bot, "/readyz")
    assert (status, json.loads(body)["index"]) == (503, None)
    assert get(bot, "/healthz")[0] == 200
    assert "footnote_index_info" not in get(bot, "/metrics")[1]


def test_without_slack_it_is_not_ready_and_no_restart_is_asked_for(slack: FakeSlack, start: StartBot) -> None:
    bot = start(metrics_port=0)
    slack.fail("apps.connections.open", *[_down()] * 50)
    slack.break_connections()
    slack.wait(lambda: get(bot, "/readyz")[0] == 503)
    assert json.loads(get(bot, "/readyz")[1])["connected"] is False
    assert get(bot, "/healthz")[0] == 200
    assert samples(get(bot, "/metrics")[1])["footnote_connected"] == 0


def test_a_full_queue_is_not_ready(slack: FakeSlack, start: StartBot, answers: PreparedAnswers) -> None:
    answers.gate.clear()
    bot = start(metrics_port=0, workers=1, queue_size=1)
    for _ in range(2):
        slack.mention(QUESTION)
    slack.wait(lambda: get(bot, "/readyz")[0] == 503)
    assert json.loads(get(bot, "/readyz")[1])["queue"] == {"length": 2, "capacity": 2}
    answers.gate.set()
    slack.wait(lambda: get(bot, "/readyz")[0] == 200)


@pytest.mark.parametrize(("path", "method", "status"), [("/", "GET", 404), ("/metrics", "POST", 405)])
def test_nothing_else_is_there(start: StartBot, path: str, method: str, status: int) -> None:
    assert get(start(metrics_port=0), path, method)[0] == status


def test_it_listens_to_this_machine_alone_unless_told_otherwise(start: StartBot) -> None:
    bot = start(metrics_port=0)
    assert bot.monitor.server is not None
    assert bot.monitor.server.address[0] == "127.0.0.1"
    other = start(metrics_port=0, metrics_host="0.0.0.0")
    assert other.monitor.server is not None
    assert other.monitor.server.address[0] == "0.0.0.0"


def test_a_port_in_use_is_said(start: StartBot) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(FootnoteError, match="Choose another FOOTNOTE_METRICS_PORT"):
            start(metrics_port=taken.getsockname()[1])


def test_the_pulse_stops_when_the_main_thread_does() -> None:
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    now[0] = SILENT_SECONDS
    assert pulse.beats
    now[0] += 1
    assert not pulse.beats
    pulse.beat()
    assert pulse.beats


@pytest.mark.parametrize(
    ("changed", "ready"),
    [
        ({}, True),
        ({"alive": False}, False),
        ({"connected": False}, False),
        ({"generation": None}, False),
        ({"queued": 4}, True),
        ({"queued": 5}, False),
    ],
)
def test_ready_is_who_would_look_up_a_question_now(changed: dict[str, Any], ready: bool) -> None:
    condition = {"alive": True, "connected": True, "generation": "g1", "queued": 0, "room": 5} | changed
    assert Condition(**condition).ready is ready


def test_the_index_is_looked_at_once_in_a_while(answers: PreparedAnswers) -> None:
    now = [0.0]
    index = IndexInUse(answers, lambda: now[0])
    first = list(index.collect())
    assert first[0].samples[0].labels == {"generation": "g1"}
    answers.indexed = FootnoteError("Gone.")
    assert list(index.collect()) == first
    now[0] += 5
    assert list(index.collect()) == []


def _thumb(element: dict[str, Any], which: str) -> str:
    return str(element["positive_button" if which == "up" else "negative_button"]["value"])


def _down() -> Any:
    from tests.fakes.slack import Fault

    return Fault(status=503)
