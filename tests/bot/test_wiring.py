"""The real parts together, as processes of their own: set up, asked, answering in Slack, and stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, FakeSlack

ROOT = Path(__file__).parents[2]
QUESTION = "How long is the Aare?"
# A model has to be imported and loaded, on a machine that may be busy.
START_SECONDS = 120.0


@dataclass(frozen=True)
class Shell:
    """A person's shell in an empty folder, with no settings but these."""

    folder: Path
    environment: dict[str, str]

    def footnote(self, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot", *argv],
            cwd=self.folder, env=self.environment, input=stdin, capture_output=True, text=True, check=False,
            timeout=START_SECONDS,
        )  # fmt: skip

    def start(self, *argv: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", *argv],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def healthy(self) -> bool:
        command = [sys.executable, "-m", "bot.slack.health", "data"]
        return subprocess.run(command, cwd=self.folder, env=self.environment, check=False).returncode == 0


@pytest.fixture
def shell(tmp_path: Path, sources: Path) -> Shell:
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return Shell(tmp_path, {**kept, "PYTHONPATH": str(ROOT)})


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    workspace = FakeSlack()
    yield workspace
    workspace.close()


def test_run_with_tokens_builds_answers_in_slack_and_stops_cleanly(shell: Shell, slack: FakeSlack) -> None:
    (shell.folder / ".env").write_text(
        f"SLACK_BOT_TOKEN={BOT_TOKEN}\nSLACK_APP_TOKEN={APP_TOKEN}\nSLACK_API_URL={slack.api_url}\n", "utf-8"
    )
    assert not shell.healthy()
    process = shell.start("run")
    try:
        slack.wait(lambda: slack.connected > 0, START_SECONDS)
        reply = slack.reply(slack.mention(QUESTION), 30)
        assert shell.healthy()
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=30)
    finally:
        process.kill()

    assert "288 kilometres" in reply.text
    assert process.returncode == 0
    assert "added 3" in out
    assert "Connected to Slack over Socket Mode" in log
    assert not shell.healthy()
    for confidential in (QUESTION, BOT_TOKEN, APP_TOKEN):
        assert confidential not in out + log


def test_run_without_tokens_and_input_sets_up_and_then_a_pipe_can_ask(shell: Shell, sources: Path) -> None:
    ran = shell.footnote("run")
    assert (ran.returncode, ran.stderr) == (
        0,
        "No Slack tokens are set, so questions are answered here. The README says how to get them.\n",
    )

    asked = shell.footnote("ask", "-", "--json", stdin=f"{QUESTION}\n\nWhat holds little gluten?\n")

    answers = [json.loads(line) for line in asked.stdout.splitlines()]
    assert (asked.returncode, asked.stderr) == (0, "")
    assert [answer["sources"][0]["id"] for answer in answers] == ["river", "bread"]
    for answer in answers:
        files = {source["id"]: Path(source["file"]) for source in answer["sources"]}
        for quote in answer["quotes"]:
            file = files[quote["source_id"]]
            assert file.is_absolute()
            assert file.is_relative_to(sources)
            body = file.read_text("utf-8").split("---\n", 2)[-1]
            assert body[quote["start"] : quote["end"]] == quote["text"]


def test_a_token_that_slack_refuses_is_said_so(shell: Shell, slack: FakeSlack) -> None:
    shell.environment.update(
        SLACK_BOT_TOKEN="xoxb-wrong", SLACK_APP_TOKEN=APP_TOKEN, SLACK_API_URL=slack.api_url
    )

    doctor = shell.footnote("doctor")

    assert doctor.returncode == 1
    assert "✗ slack     SLACK_BOT_TOKEN was refused by Slack (invalid_auth)" in doctor.stdout
