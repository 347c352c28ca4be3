"""`run`, `slack`, `manifest`, and the sign of life."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from bot.slack import health
from tests.bot.terminal.bench import ROOT, TOKENS, Bench, process
from tests.fakes.answers import BANMA_QUOTE, QUESTION


class TestRunAndSlack:
    def test_run_without_tokens_builds_and_chats(self, bench: Bench) -> None:
        code, out, err = bench("run", stdin=QUESTION.encode())

        assert code == 0
        assert "added 3" in out
        assert BANMA_QUOTE in out
        assert (
            err
            == "No Slack tokens are set, so questions are answered here. The README says how to get them.\n"
        )

    def test_run_with_tokens_builds_and_serves_slack(self, bench: Bench) -> None:
        bench.environment = TOKENS

        code, out, _ = bench("run")

        assert code == 0
        assert "added 3" in out
        assert [settings.slack.app_token for settings in bench.served] == ["xapp-0123456789"]

    @pytest.mark.parametrize("command", ["run", "slack"])
    @pytest.mark.parametrize(
        ("environment", "words"),
        [
            ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN is not set."),
            ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN is not set."),
            (
                {"SLACK_BOT_TOKEN": "xapp-1", "SLACK_APP_TOKEN": "xoxb-1"},
                "SLACK_BOT_TOKEN does not begin with xoxb-.",
            ),
            (
                {"SLACK_BOT_TOKEN": "xoxb-1", "FOOTNOTE_SLACK_MODE": "http"},
                "SLACK_SIGNING_SECRET is not set.",
            ),
        ],
    )
    def test_half_a_configuration_is_refused_before_anything_slow(
        self, bench: Bench, command: str, environment: dict[str, str], words: str
    ) -> None:
        bench.environment = environment

        code, out, err = bench(command)

        assert (code, out, bench.served) == (1, "", [])
        assert err.startswith(f"footnote: {words} Copy it from api.slack.com/apps")

    def test_slack_without_tokens_says_which_are_missing(self, bench: Bench) -> None:
        assert bench("slack")[2].startswith("footnote: SLACK_BOT_TOKEN is not set. Copy it from")

    def test_http_mode_needs_no_app_token(self, bench: Bench) -> None:
        bench.environment = {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_SIGNING_SECRET": "s",
            "FOOTNOTE_SLACK_MODE": "http",
        }

        assert bench("slack")[0] == 0
        assert [settings.slack.mode for settings in bench.served] == ["http"]


class TestManifest:
    def test_is_the_one_that_ships(self, bench: Bench) -> None:
        code, out, _ = bench("manifest")

        assert code == 0
        assert json.loads(out) == json.loads((ROOT / "manifest.json").read_text("utf-8"))

    def test_with_the_side_panel_is_another_one(self, bench: Bench) -> None:
        code, out, _ = bench("manifest", "--agent")

        assert code == 0
        assert json.loads(out) == json.loads((ROOT / "manifest-agent.json").read_text("utf-8"))


class TestHealth:
    def test_is_bad_until_the_bot_connects_and_after_it_stopped(self, tmp_path: Path) -> None:
        assert check_health(tmp_path) == (1, "not connected to Slack\n")

        health.beat(tmp_path, False)
        assert check_health(tmp_path)[0] == 1

        health.beat(tmp_path, True)
        assert check_health(tmp_path) == (0, "connected to Slack 0 s ago\n")

        health.stop(tmp_path)
        assert check_health(tmp_path)[0] == 1

    def test_is_bad_where_the_connection_has_been_silent(self, tmp_path: Path) -> None:
        health.beat(tmp_path, True)
        old = time.time() - 61
        os.utime(tmp_path / health.HEARTBEAT_FILE, (old, old))

        assert check_health(tmp_path) == (1, "connected to Slack 61 s ago\n")

    def test_a_folder_that_cannot_be_written_does_not_end_the_bot(self, tmp_path: Path) -> None:
        health.beat(tmp_path / "none", True)
        health.stop(tmp_path / "none")

        assert health.last_beat_seconds(tmp_path / "none") is None


def check_health(data: Path) -> tuple[int, str]:
    done = process("-m", "bot.slack.health", str(data), folder=data)
    return done.returncode, done.stdout
