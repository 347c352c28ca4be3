"""Errors and exit codes, help, pipes and signals: what all commands share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.bot.terminal.bench import ROOT, Bench, process, python_environment, raiser
from tests.fakes.answers import QUESTION


class TestErrors:
    def test_a_wrong_setting_is_an_expected_failure(self, built: Bench) -> None:
        built.environment = {"FOOTNOTE_BALANCE": "2"}

        assert built("ask", "x") == (
            1,
            "",
            "footnote: FOOTNOTE_BALANCE is '2'. Set it to a number from 0 to 1.\n",
        )

    def test_a_bug_is_told_in_a_line_and_its_traceback_is_kept(self, built: Bench) -> None:
        built.answers.prepared["bug"] = ZeroDivisionError("by zero")

        code, out, err = built("ask", "bug")

        log = built.data / "crash.log"
        assert (code, out) == (3, "")
        assert err == (
            "footnote: This is a bug in Footnote: ZeroDivisionError: by zero\n"
            f"The traceback is in {log}; please report it.\n"
        )
        assert "in answer" in log.read_text("utf-8")
        assert log.stat().st_mode & 0o077 == 0

    def test_with_debug_the_traceback_is_shown(self, built: Bench) -> None:
        built.answers.prepared["bug"] = ZeroDivisionError("by zero")
        built.environment = {"FOOTNOTE_DEBUG": "1"}

        code, _, err = built("ask", "bug")

        assert code == 3
        assert err.startswith("Traceback (most recent call last):")

    def test_what_the_system_refuses_is_nobodys_bug(self, built: Bench) -> None:
        built.answers.prepared["full"] = raiser(OSError(28, "No space left on device", "/data/x"))

        assert built("ask", "full") == (1, "", "footnote: /data/x: No space left on device.\n")

    def test_interrupted_exits_with_130(self, built: Bench) -> None:
        built.answers.prepared["wait"] = raiser(KeyboardInterrupt())

        assert built("ask", "wait") == (130, "", "\n")

    @pytest.mark.parametrize(
        "argv",
        [
            *(["fly"], ["ask"], ["ask", "x", "--no-such"], ["search", "-k"], ["--data"], ["build", "x"]),
            *(["build", "--workers", one] for one in ("4", "head:10001", "ray://head", "ray://head:x")),
        ],
    )
    def test_wrong_usage_exits_with_2(self, bench: Bench, argv: list[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            bench(*argv)

        assert caught.value.code == 2

    def test_a_question_without_its_command_is_told_of_ask(self, bench: Bench) -> None:
        with pytest.raises(SystemExit):
            bench(QUESTION)

        assert 'To ask a question: footnote ask "…"' in bench.capsys.readouterr().err


class TestHelp:
    @pytest.mark.parametrize(
        "argv",
        [[]] + [[name] for name in "chat ask search eval build run slack doctor manifest".split()],
    )
    def test_every_command_has_help_with_an_example(self, bench: Bench, argv: list[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            bench(*argv, "--help")

        out = bench.capsys.readouterr().out
        assert caught.value.code == 0
        assert "--sources DIR" in out
        assert "example:\n" in out
        assert out.split("example:\n")[1].strip().splitlines()[0].split("=")[0] != ""

    def test_help_imports_nothing_heavy(self, tmp_path: Path) -> None:
        script = (
            "import sys\n"
            "from bot.terminal import main\n"
            "try: main(['ask', '--help'])\n"
            "except SystemExit: pass\n"
            "heavy = {'torch', 'faiss', 'numpy', 'rich', 'yaml', 'slack_bolt'}\n"
            "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        )
        done = process("-c", script, folder=tmp_path)

        assert (done.returncode, done.stderr) == (0, "[]\n")

    def test_the_version_is_the_projects(self, tmp_path: Path) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        done = process("-m", "bot", "--version", folder=tmp_path)

        assert done.stdout in (f"footnote {project['version']}\n", "footnote (not installed)\n")


class TestProcess:
    @pytest.mark.parametrize("command", ["manifest", "doctor"])
    def test_a_reader_that_has_seen_enough_is_no_failure_to_shout_about(
        self, tmp_path: Path, command: str
    ) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        done = process("-m", "bot", command, folder=tmp_path, stdout=writer)
        os.close(writer)

        assert (done.returncode, done.stderr) == (141, "")

    def test_a_plain_locale_does_not_break_the_output(self, built: Bench) -> None:
        plain = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        done = process("-m", "bot", "doctor", folder=built.data.parent, environment=plain)

        assert (done.returncode, done.stderr) == (1, "")
        assert "✓ articles  3" in done.stdout

    def test_an_interrupt_ends_it_with_130(self, tmp_path: Path) -> None:
        script = (
            "import signal, time\n"
            "from dataclasses import fields\n"
            # A shell starts what runs in the background with the signal ignored.
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from bot.terminal import main\n"
            "from bot.wiring import Parts\n"
            "def wait(*_):\n"
            "    print('waiting', flush=True)\n"
            "    time.sleep(30)\n"
            "raise SystemExit(main(['build'], Parts(*[wait for _ in fields(Parts)]), {}))\n"
        )
        running = subprocess.Popen(
            [sys.executable, "-c", script], cwd=tmp_path, env=python_environment({}), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline() == "waiting\n"
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)

        assert (running.returncode, err) == (130, "\n")
