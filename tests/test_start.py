"""What each command imports: a start is imports for the most part, and they creep in unseen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SLOW = {
    "torch",
    "transformers",
    "sentence_transformers",
    "faiss",
    "tokenizers",
    "numpy",
    "scipy",
    "sklearn",
    "slack_bolt",
    "slack_sdk",
    "trafilatura",
    "pypdf",
    "lxml",
    "rich",
    "yaml",
    "bot.wiring",
    "bot.answering",
    "index.generation",
}
# To look at the index takes NumPy, to open it faiss.
INDEX = {"numpy", "rich", "yaml", "index.generation"}
QUESTION = {*INDEX, "faiss", "tokenizers", "bot.wiring", "bot.answering"}


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
        ("list", INDEX),
        ("doctor", {*INDEX, "faiss"}),
        ("check", {*INDEX, "faiss"}),
        ("ask Where is the Aare?", QUESTION),
        ("search Aare", QUESTION),
        ("build", QUESTION),
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


def _imported(folder: Path, *arguments: str) -> set[str]:
    """Run the command in a process of its own, and return the modules that were loaded at its end."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, sep='\\n', file=open(sys.argv.pop(), 'w')))\n"
        "from bot.commands import main\n"
        "sys.exit(main(sys.argv[1:-1], environment={}))\n"
    )
    places = ["--sources", str(folder / "sources"), "--data", str(folder / "data")]
    loaded = folder / "modules"
    subprocess.run(
        [sys.executable, "-c", code, *places, *arguments, str(loaded)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    return set(loaded.read_text("utf-8").split())
