"""`doctor`: every finding, and never a secret."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import replace

import psycopg
import pytest

from bot.memory import Memory, look_at
from bot.slack import health
from index.types import FootnoteError
from tests.bot.terminal.bench import TOKENS, Bench
from tests.fakes.encoder import HashingEncoder


class TestDoctor:
    def test_a_fresh_checkout_lacks_an_index(self, bench: Bench) -> None:
        code, out, _ = bench("doctor")

        assert code == 1
        assert f"✗ index     There is no index in {bench.data} yet. Run `footnote build`." in out
        assert f"✓ articles  3 in {bench.sources}" in out
        assert "· slack     not configured; the terminal works without it" in out

    def test_says_which_index_is_current_and_that_it_is_up_to_date(self, real: Bench) -> None:
        code, out, _ = real("doctor")

        assert code == 0
        assert "built just now: 3 articles," in out
        assert "✓ index     up to date with the articles" in out

    def test_says_what_changed_since_and_names_files_that_fail(self, real: Bench) -> None:
        (real.sources / "river.md").write_text("The river is long.", "utf-8")
        (real.sources / "bad.md").write_bytes(b"\xff")

        code, out, _ = real("doctor")

        assert code == 1
        assert "· index     The articles have changed since: 1 changed." in out
        assert "✗ articles  bad.md is not UTF-8" in out

    def test_a_damaged_index_is_a_problem(self, real: Bench) -> None:
        for file in real.data.glob("generations/*/vectors.faiss"):
            file.write_bytes(file.read_bytes()[:-1])

        code, out, _ = real("doctor")

        assert code == 1
        assert "✗ index     The index is damaged: " in out

    def test_an_index_of_another_model_is_a_problem(self, built: Bench) -> None:
        code, out, _ = built("doctor")

        assert code == 1
        assert "✗ index     It was made by another model, hashing." in out

    def test_never_prints_a_secret(self, real: Bench) -> None:
        real.environment = TOKENS

        code, out, err = real("doctor")

        assert code == 0
        assert "✓ slack     SLACK_BOT_TOKEN is set (xoxb-…, 15 characters)" in out
        assert "✓ slack     Slack accepts what is set (socket mode)" in out
        assert "0123456789" not in out + err

    def test_names_the_language_model_and_not_its_key(self, real: Bench) -> None:
        llm = {"FOOTNOTE_LLM_URL": "http://127.0.0.1:9/v1", "FOOTNOTE_LLM_MODEL": "llama3.2"}
        line = "✓ llm       llama3.2 at http://127.0.0.1:9/v1 writes prose, 10 s at most;"
        real.environment = llm
        without = real("doctor")
        real.environment = {**llm, "FOOTNOTE_LLM_KEY": "sk-0123456789"}
        with_key = real("doctor")

        assert (without[0], f"{line} FOOTNOTE_LLM_KEY is not set\n" in without[1]) == (0, True)
        assert (with_key[0], f"{line} FOOTNOTE_LLM_KEY is set\n" in with_key[1]) == (0, True)
        assert "0123456789" not in "".join(map(str, with_key))

    def test_says_what_slack_refused(self, real: Bench) -> None:
        real.environment = TOKENS
        real.refusal = FootnoteError("SLACK_BOT_TOKEN was refused by Slack (invalid_auth). Copy it again.")

        code, out, _ = real("doctor")

        assert code == 1
        assert "✗ slack     SLACK_BOT_TOKEN was refused by Slack (invalid_auth). Copy it again." in out

    def test_says_whether_a_bot_is_running(self, real: Bench) -> None:
        real.environment = TOKENS
        assert "· slack     no bot runs on this data folder" in real("doctor")[1]

        health.beat(real.data, True)
        assert "✓ slack     a bot is running, connected 0 s ago" in real("doctor")[1]

        old = time.time() - 90
        os.utime(real.data / health.HEARTBEAT_FILE, (old, old))
        code, out, _ = real("doctor")
        assert (code, "✗ slack     a bot was last connected 90 s ago" in out) == (1, True)

    def test_says_what_is_seen_where_and_names_the_line_that_is_wrong(self, built: Bench) -> None:
        assert "channels" not in built("doctor")[1]
        file = built.data / "channels.yaml"
        file.write_text("default: all\nchannels:\n  C012AB3CD: [notes]\n", "utf-8")
        assert f"✓ channels  1 with rights of their own, by {file}" in built("doctor")[1]
        file.write_text("default: all\nchannels:\n  C012AB3CD: [nots]\n", "utf-8")
        code, out, _ = built("doctor")
        assert code == 1
        assert f"{file}, line 3: there is no collection 'nots'. Did you mean notes?" in out

    def test_says_how_the_database_is_and_makes_nothing_in_it(self, real: Bench, postgres: str) -> None:
        with psycopg.connect(postgres, autocommit=True) as sql:
            sql.execute("DROP SCHEMA footnote_state CASCADE")
        real.environment = {"FOOTNOTE_STATE": postgres}

        code, out, _ = real("doctor")

        assert code == 0
        said = r"✓ state     What bots remember is in the PostgreSQL database footnote_test_\w+ at"
        said += r" 127\.0\.0\.1:\d+: PostgreSQL \d+\.\d+, which answers in \d+ ms; "
        assert re.search(said + r"its tables are made when a bot starts\n", out)
        with psycopg.connect(postgres) as sql:
            assert sql.execute("SELECT to_regnamespace('footnote_state')").fetchone() == (None,)
        Memory(postgres).close()
        assert re.search(said + r"it takes \d+ of \d+ MB there\n", real("doctor")[1])

    def test_says_that_the_server_is_old(
        self, real: Bench, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = replace(look_at(postgres), version="12.1", major=12)
        monkeypatch.setattr("bot.terminal.doctor.look_at", lambda address: found)
        real.environment = {"FOOTNOTE_STATE": postgres}

        _, out, _ = real("doctor")

        assert "· state     What bots remember is in" in out
        assert "→ Use PostgreSQL 15 or newer; 17 is what Footnote is tried with." in out

    def test_says_that_the_database_cannot_be_reached(self, real: Bench) -> None:
        real.environment = {"FOOTNOTE_STATE": "postgresql://footnote:hush@127.0.0.1:1/memory"}

        code, out, _ = real("doctor")

        assert code == 1
        assert (
            "✗ state     The bot's memory cannot be reached: the PostgreSQL database memory at 127.0.0.1:1 ("
            in out
        )
        assert "hush" not in out
        assert "certainty" not in out, "what cannot be asked is not said"

    def test_json_says_the_same(self, bench: Bench) -> None:
        code, out, _ = bench("doctor", "--json")

        report = json.loads(out)
        assert (code, report["ok"]) == (1, False)
        assert [check["name"] for check in report["checks"]] == [
            "version", "settings", "articles", "model", "data", "index", "reader", "slack",
        ]  # fmt: skip
        assert [check["state"] for check in report["checks"]][-3:] == ["problem", "ok", "note"]

    @pytest.fixture
    def real(self, bench: Bench) -> Bench:
        """An index that says that the packaged model made it; making it takes no model here."""
        bench.encoder = HashingEncoder("sentence-transformers/all-MiniLM-L6-v2")
        bench("build")
        return bench
