"""`run`, `slack`, `manifest`, and the sign of life."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.slack import health
from bot.terminal import serve
from index.types import FootnoteError
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


class TestPage:
    @pytest.fixture(autouse=True)
    def handlers(self) -> Iterator[None]:
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        yield
        for number, handler in before.items():
            signal.signal(number, handler)

    def test_web_serves_until_a_signal_comes_and_says_where(self, bench: Bench) -> None:
        bench.environment = {"FOOTNOTE_WEB_PORT": "8123", "FOOTNOTE_WEB_PASSWORD": "long enough"}
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()

        code, _, err = bench("web")

        assert (code, err) == (0, "The page to ask and to read: http://localhost:8123\n")
        assert [page.is_open for page in bench.pages] == [False]

    def test_without_a_password_one_is_made_for_this_machine_and_told(self, bench: Bench) -> None:
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()

        _, _, err = bench("web")

        password = bench.pages[0].settings.web.password
        assert password is not None and len(password) >= 12
        assert f"sign in with {password} (until this ends)" in err

    def test_for_others_none_is_made(self, bench: Bench) -> None:
        bench.environment = {"FOOTNOTE_WEB_HOST": "0.0.0.0"}
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()

        _, _, err = bench("web")

        assert bench.pages[0].settings.web.password is None
        assert "sign in" not in err

    @pytest.mark.parametrize("command", ["slack", "run"])
    def test_beside_slack_it_is_served_if_asked_for(self, bench: Bench, command: str) -> None:
        bench.environment = TOKENS

        assert bench(command)[0] == 0
        code, _, err = bench(command, "--web")

        assert code == 0
        assert [settings.web.beside_slack for settings in bench.served] == [False, True]
        assert "The page to ask and to read: http://localhost:8765\n" in err

    def test_in_http_mode_it_is_at_the_address_of_the_deliveries_and_not_for_this_machine_alone(
        self, bench: Bench
    ) -> None:
        bench.environment = {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_SIGNING_SECRET": "s",
            "FOOTNOTE_SLACK_MODE": "http",
            "PORT": "3210",
        }

        assert bench("slack", "--web")[0] == 0
        web = bench.served[0].web
        assert (web.port, web.is_local) == (3210, False)

    def test_beside_a_person_at_the_terminal_it_is_served_and_no_hindrance(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        monkeypatch.setattr(serve, "chat", lambda run: asked.append("chat") or 0)

        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        monkeypatch.setattr(sys, "stdin", Terminal())
        assert bench.main("run") == 0
        assert "The page to ask and to read: http://localhost:8765" in bench.capsys.readouterr().err
        bench.page_refusal = FootnoteError("Cannot listen on 127.0.0.1:8765.")
        assert bench.main("run") == 0
        assert "Cannot listen" in bench.capsys.readouterr().err
        assert asked == ["chat", "chat"]
        assert bench.pages[0].is_open is False


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
