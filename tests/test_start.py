"""What each command imports: a start is imports for the most part, and they creep in unseen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.config import settings_from
from bot.terminal.doctor import check_all
from bot.wiring import REAL_PARTS
from index import folder
from index.generations import FileStore
from index.ingest.list import inventory

ROOT = Path(__file__).parents[1]

SLOW = {
    "torch",
    "transformers",
    "sentence_transformers",
    "faiss",
    "tokenizers",
    "httpcore2",
    "starlette",
    "prometheus_client",
    "numpy",
    "scipy",
    "sklearn",
    "slack_bolt",
    "slack_sdk",
    "trafilatura",
    "pdfminer",
    "lxml",
    "rich",
    "yaml",
    "concurrent.futures",
    "bot.wiring",
    "bot.answer.answerer",
    "bot.slack.messages",
    "index.generation",
}
# To look at articles takes YAML and colours; to open the index NumPy and faiss.
LOOK = {"rich", "yaml"}
INDEX = {*LOOK, "numpy", "faiss", "index.generation"}
ANSWER = {*INDEX, "tokenizers", "bot.wiring", "bot.answer.answerer", "concurrent.futures"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an index of one short article."""
    folder = tmp_path_factory.mktemp("start")
    (folder / "sources").mkdir()
    (folder / "sources" / "river.md").write_text("# The Aare\n\nThe Aare is a river in Bern.\n", "utf-8")
    _imported(folder, "build")
    return folder


@pytest.mark.parametrize(
    ("command", "allowed"),
    [
        ("--help", set[str]()),
        ("--version", set[str]()),
        ("list", LOOK),
        ("doctor", {*LOOK, "concurrent.futures"}),
        ("check", INDEX),
        ("ask Where is the Aare?", {*ANSWER, "bot.slack.messages"}),
        ("search Aare", {*ANSWER, "bot.slack.messages"}),
        ("build", ANSWER),
    ],
)
def test_a_command_imports_no_more_than_it_needs(built: Path, command: str, allowed: set[str]) -> None:
    name, _, rest = command.partition(" ")
    assert _imported(built, name, *([rest] if rest else [])) & SLOW <= allowed


def test_the_bot_in_slack_starts_without_torch() -> None:
    code = (
        "import sys, bot.wiring, bot.slack;"
        "print(*sorted({'torch', 'transformers', 'sentence_transformers', 'trafilatura'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_list_and_doctor_parse_no_article_that_is_as_it_was(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "parse_article", lambda id, file, raw, *_: pytest.fail(f"{file} was parsed"))
    (river,) = inventory(built / "sources", FileStore(built / "data"))
    assert (river.id, river.title, river.state, river.passages) == ("river", "The Aare", "indexed", 1)
    settings = settings_from(
        {"FOOTNOTE_SOURCES": str(built / "sources"), "FOOTNOTE_DATA": str(built / "data")}
    )
    checks = {check.detail for check in check_all(settings, built, REAL_PARTS) if check.state == "ok"}
    assert f"1 in {built / 'sources'}" in checks
    assert "up to date with the articles" in checks


def _imported(folder: Path, *arguments: str) -> set[str]:
    """Run the command in a process of its own, and return the modules that were loaded at its end."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, sep='\\n', file=open(sys.argv.pop(), 'w')))\n"
        "from bot.terminal import main\n"
        "sys.exit(main(sys.argv[1:-1], environment={}))\n"
    )
    places = ["--sources", str(folder / "sources"), "--data", str(folder / "data")]
    loaded = folder / "modules"
    done = subprocess.run(
        [sys.executable, "-c", code, *places, *arguments, str(loaded)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr  # a command that failed at once would import little
    return set(loaded.read_text("utf-8").split())
