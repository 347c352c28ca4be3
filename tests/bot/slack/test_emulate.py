"""The same bot against a Web API that others wrote (`emulate` on npm), for what that supports.

It checks our picture of Slack, not Slack's: threads, edits, deletions and reactions as somebody else
understands them.  It has no Socket Mode, no signatures and no checks of blocks.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web import WebClient

from bot.config import SlackSettings
from bot.memory import Memory
from bot.slack.app import SlackParts
from bot.slack.http_mode import HttpBot
from tests.bot.slack.test_http_mode import post
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers
from tests.fakes.slack import event_payload

PACKAGE = Path(__file__).parents[2] / "slack_types"
PROGRAM = PACKAGE / "node_modules" / "emulate" / "dist" / "index.js"
TOKEN, CHANNEL = "xoxb-emulated", "C000000001"
SEED = f"""
tokens:
  {TOKEN}:
    login: admin
"""

pytestmark = pytest.mark.skipif(
    (shutil.which("node") is None or not PROGRAM.exists()) and not os.environ.get("CI"),
    reason="needs node, and `npm ci` in tests/slack_types",
)


@pytest.fixture(scope="module")
def api_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("emulate")
    (folder / "seed.yaml").write_text(SEED, "utf-8")
    command = [
        "node",
        str(PROGRAM),
        "start",
        "--service",
        "slack",
        "--port",
        str(port),
        "--seed",
        "seed.yaml",
    ]
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://localhost:{port}/api/"
    try:
        _wait(lambda: _answers(f"{url}auth.test"), 20)
        yield url
    finally:
        running.kill()
        running.wait()


@pytest.fixture
def workspace(api_url: str) -> WebClient:
    return WebClient(token=TOKEN, base_url=api_url)


@pytest.fixture
def bot(api_url: str, settings: SlackSettings, answers: PreparedAnswers, state: Memory) -> Iterator[HttpBot]:
    changed = replace(settings, mode="http", api_url=api_url, bot_token=TOKEN, shared_channels=True)
    running = HttpBot(changed, SlackParts(answers, state))
    yield running
    running.close()


def test_a_question_is_answered_in_its_thread_edited_with_it_and_deleted_with_it(
    workspace: WebClient, bot: HttpBot, answers: PreparedAnswers
) -> None:
    ts = str(workspace.chat_postMessage(channel=CHANNEL, text=QUESTION)["ts"])
    event = {
        "type": "app_mention",
        "channel": CHANNEL,
        "user": "U0ADA",
        "text": f"<@{_own_id(workspace)}> {QUESTION}",
        "ts": ts,
        "event_ts": ts,
    }
    payload = _of_workspace(workspace, event)
    for _ in range(2):
        assert post(bot, payload)[0] == 200
    _wait(lambda: len(_thread(workspace, ts)) == 1)
    (reply,) = _thread(workspace, ts)
    assert BANMA_QUOTE in reply["text"]
    assert any(block["type"] == "rich_text" for block in reply.get("blocks") or [{"type": "rich_text"}])

    edited = {**event, "text": f"<@{_own_id(workspace)}> Who else?", "edited": {"user": "U0ADA", "ts": "9.0"}}
    change = {
        "type": "message",
        "subtype": "message_changed",
        "channel": CHANNEL,
        "ts": "9.0",
        "event_ts": "9.0",
    }
    post(bot, _of_workspace(workspace, {**change, "message": edited, "previous_message": event}))
    _wait(lambda: "found no answer" in _thread(workspace, ts)[0]["text"])
    assert [message["ts"] for message in _thread(workspace, ts)] == [reply["ts"]]

    gone = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": CHANNEL,
        "ts": "10.0",
        "event_ts": "10.0",
    }
    post(bot, _of_workspace(workspace, {**gone, "deleted_ts": ts, "previous_message": edited}))
    _wait(lambda: _thread(workspace, ts) == [])


def test_a_reply_that_was_posted_and_not_noted_is_found_again(
    workspace: WebClient, bot: HttpBot, answers: PreparedAnswers, state: Memory
) -> None:
    """As by a process that died after posting: only the thread itself tells."""
    ts = str(workspace.chat_postMessage(channel=CHANNEL, text=QUESTION)["ts"])
    event = {"type": "app_mention", "channel": CHANNEL, "user": "U0ADA", "text": QUESTION, "ts": ts}
    post(bot, _of_workspace(workspace, event))
    _wait(lambda: len(_thread(workspace, ts)) == 1)
    messages = workspace.conversations_replies(channel=CHANNEL, ts=ts, include_all_metadata=True)["messages"]
    told = [message.get("metadata") for message in messages if message["ts"] != ts]
    assert told == [{"event_type": "footnote_reply", "event_payload": {"question": ts}}]


def test_eyes_show_that_a_question_was_heard_until_its_reply_is_there(
    workspace: WebClient, bot: HttpBot, answers: PreparedAnswers
) -> None:
    answers.gate.clear()
    ts = str(workspace.chat_postMessage(channel=CHANNEL, text=QUESTION)["ts"])
    event = {"type": "app_mention", "channel": CHANNEL, "user": "U0ADA", "text": QUESTION, "ts": ts}
    post(bot, _of_workspace(workspace, event))
    _wait(lambda: _reactions(workspace, ts) == ["eyes"])
    answers.gate.set()
    _wait(lambda: len(_thread(workspace, ts)) == 1)
    _wait(lambda: _reactions(workspace, ts) == [])


def _reactions(workspace: WebClient, ts: str) -> list[str]:
    found = workspace.reactions_get(channel=CHANNEL, timestamp=ts)["message"]
    return [reaction["name"] for reaction in found.get("reactions") or ()]


def _of_workspace(workspace: WebClient, event: dict[str, Any]) -> dict[str, Any]:
    found = workspace.auth_test()
    payload = event_payload(event) | {"team_id": found["team_id"]}
    payload["authorizations"] = [
        {
            "team_id": found["team_id"],
            "user_id": found["user_id"],
            "is_bot": True,
            "is_enterprise_install": False,
        }
    ]
    return payload


def _own_id(workspace: WebClient) -> str:
    return str(workspace.auth_test()["user_id"])


def _thread(workspace: WebClient, ts: str) -> list[dict[str, Any]]:
    found = workspace.conversations_replies(channel=CHANNEL, ts=ts)
    return [message for message in found["messages"] if message["ts"] != ts]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _wait(until: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
