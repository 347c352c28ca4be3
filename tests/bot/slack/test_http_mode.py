"""HTTP mode: signed deliveries are answered, everything else is turned away without a word."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.slack.http_mode import HttpBot
from index.types import FootnoteError
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers
from tests.fakes.slack import BOT_USER, SIGNING_SECRET, FakeSlack, event_payload, signed_headers


@pytest.fixture
def bot(slack: FakeSlack, start: StartBot) -> HttpBot:
    running = start(mode="http")
    assert isinstance(running, HttpBot)
    slack.http_ports.clear()  # what is delivered here is posted by the test itself
    return running


@pytest.fixture
def mention(slack: FakeSlack) -> dict[str, Any]:
    """A person's mention, known to the workspace and not yet delivered to the bot."""
    text = f"<@{BOT_USER}> {QUESTION}"
    return slack.event({"type": "app_mention", "channel": "C0CARS", "user": "U0ADA", "text": text})


def test_a_signed_event_is_acknowledged_and_answered(
    slack: FakeSlack, bot: HttpBot, mention: dict[str, Any]
) -> None:
    assert post(bot, event_payload(mention)) == (200, "")
    assert BANMA_QUOTE in slack.reply(mention).shown()


def test_a_retry_of_an_event_gets_no_second_reply(
    slack: FakeSlack, bot: HttpBot, mention: dict[str, Any]
) -> None:
    payload = event_payload(mention)
    post(bot, payload)
    assert (
        post(bot, payload, headers={"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"})[0]
        == 200
    )
    slack.reply(mention)
    time.sleep(0.3)
    assert len(slack.posted) == 1


def test_the_command_and_the_buttons_work_here_too(slack: FakeSlack, bot: HttpBot) -> None:
    command = slack.command(QUESTION)
    assert post(bot, urlencode(command))[0] == 200
    slack.wait(lambda: bool(slack.posted))
    reply = slack.posted[0]
    press = slack.press_payload(reply, reply.parts("button")[0], None, "U0ADA", None)
    assert post(bot, urlencode({"payload": json.dumps(press)}))[0] == 200
    slack.wait(lambda: bool(slack.views))
    assert BANMA_QUOTE in json.dumps(slack.views[0])


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": "another-secret"},
        {"age": 60 * 6},
        {"age": -60 * 6},
        {"headers": {"X-Slack-Signature": "v0=0000"}},
        {"headers": {"X-Slack-Signature": ""}},
        {"headers": {"X-Slack-Request-Timestamp": "yesterday"}},
    ],
    ids=["other secret", "replayed later", "from the future", "wrong", "unsigned", "no time"],
)
def test_a_request_that_slack_did_not_sign_now_is_refused(
    slack: FakeSlack,
    bot: HttpBot,
    mention: dict[str, Any],
    answers: PreparedAnswers,
    caplog: pytest.LogCaptureFixture,
    forged: dict[str, Any],
) -> None:
    caplog.set_level("DEBUG")
    status, body = post(bot, event_payload(mention), **forged)
    assert 400 <= status < 500
    assert "Banma" not in body
    time.sleep(0.1)
    assert answers.asked == []
    assert "Banma" not in caplog.text, "the words of people stay out of the log"


def test_slacks_check_of_the_address_is_answered(bot: HttpBot) -> None:
    status, body = post(bot, {"type": "url_verification", "challenge": "c4f3"})
    assert (status, json.loads(body)) == (200, {"challenge": "c4f3"})


def test_health_is_answered_for_a_container(bot: HttpBot) -> None:
    assert request(bot, "GET", "/healthz") == (200, "ok\n")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", b"", 404),
        ("GET", "/slack/events", b"", 405),
        ("POST", "/", b"{}", 404),
        ("POST", "/slack/events", b"{not json", 400),
        ("POST", "/slack/events", b"\xff\xfe", 400),
        ("PUT", "/slack/events", b"{}", 405),
    ],
)
def test_anything_else_is_turned_away(bot: HttpBot, method: str, path: str, body: bytes, status: int) -> None:
    assert request(bot, method, path, body)[0] == status


def test_a_body_too_large_is_not_read(bot: HttpBot) -> None:
    assert request(bot, "POST", "/slack/events", b"", {"Content-Length": "5000000"})[0] == 413


def test_closing_answers_what_was_taken(
    slack: FakeSlack, bot: HttpBot, mention: dict[str, Any], answers: PreparedAnswers
) -> None:
    answers.gate.clear()
    post(bot, event_payload(mention))
    slack.wait(lambda: bool(slack.statuses))
    answers.gate.set()
    assert bot.close() is True
    assert len(slack.replies(mention)) == 1
    with pytest.raises(ConnectionRefusedError):
        request(bot, "GET", "/healthz")


def test_a_port_in_use_is_said(start: StartBot) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            FootnoteError, match=rf"Cannot listen on 127\.0\.0\.1:{port} \(Address already in use\)"
        ):
            start(mode="http", port=port)


def post(
    bot: HttpBot,
    payload: dict[str, Any] | str,
    *,
    secret: str = SIGNING_SECRET,
    age: int = 0,
    headers: dict[str, str] | None = None,
) -> tuple[int, str]:
    body = payload if isinstance(payload, str) else json.dumps(payload)
    kind = "application/x-www-form-urlencoded" if isinstance(payload, str) else "application/json"
    signed = signed_headers(body, secret=secret, age=age) | {"Content-Type": kind}
    return request(bot, "POST", "/slack/events", body.encode(), signed | (headers or {}))


def request(
    bot: HttpBot, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", bot.port, timeout=5)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_what_is_served_beside_is_at_the_same_address(slack: FakeSlack, start: StartBot) -> None:
    async def page(request: Request) -> Response:
        return PlainTextResponse("the page")

    running = start(mode="http", beside=(Route("/", page),))
    assert isinstance(running, HttpBot)

    assert request(running, "GET", "/") == (200, "the page")
    assert request(running, "GET", "/healthz")[0] == 200
