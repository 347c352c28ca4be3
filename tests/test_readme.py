"""What the README promises: its tables, commands, links and its example are true."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from bot.config import table
from bot.terminal import main
from bot.terminal.arguments import parse
from bot.terminal.json_form import answer_json, hits_json
from tests.fakes.answers import banma_answer

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CONSOLE_LINES = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]


def test_the_settings_table_is_the_one_in_the_code() -> None:
    rows = [
        f"| `{known.variable}` | {f'`{known.default}`' if known.default else '–'} | {known.meaning} |"
        for known in table()
    ]

    assert "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows]) + "\n\n" in README


def test_the_command_table_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    # Four spaces and a word: how argparse lists the commands.
    commands = set(re.findall(r"^    ([a-z]+) ", capsys.readouterr().out, re.MULTILINE))

    assert {"chat", "ask", "calibrate"} <= commands
    # The chat needs no word.
    assert set(re.findall(r"^\| `footnote ([a-z]+)", README, re.MULTILINE)) == commands - {"chat"}


@pytest.mark.parametrize("line", [line for line in CONSOLE_LINES if "footnote " in line.split("&&")[0][:10]])
def test_a_command_of_the_readme_can_be_typed(line: str) -> None:
    parse(shlex.split(line)[1:])


def test_the_two_commands_are_there_and_their_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert "make run" in CONSOLE_LINES
    assert set(re.findall(r"`make ([a-z]+)`", README)) | {"run"} <= targets


def test_links_to_files_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", README)
    local = [target for target in targets if not target.startswith("https://")]

    assert local, "the README links to its neighbours"
    assert [target for target in local if not (ROOT / target).exists()] == []


def test_the_json_form_lists_the_keys_that_are_printed_in_their_order() -> None:
    block = README.split("ask:    {")[1].split("```")[0]
    documented = re.findall(r'"(\w+)"', re.sub(r'"status": [^,]*', '"status"', block))

    answer = json.loads(answer_json(banma_answer()))
    printed = [
        *list(answer)[:3],
        "quotes", *list(answer["quotes"][0])[:6], "start", "end", *list(answer["quotes"][0])[6:],
        "sources", *answer["sources"][0],
        "nearest", "id", "title", "url",
        *list(answer)[6:11], "about", "count", "subject", "values", *list(answer)[11:12], "asked", "named",
        *list(answer)[12:],
    ]  # fmt: skip
    hit = ["rank", "score", "source_id", "title", "file", "start", "end", "text"]
    found = json.loads(hits_json("?", (), Path(), 0.0))

    assert documented == [*printed, "question", "hits", *hit, "seconds"]
    assert list(found) == ["question", "hits", "seconds"]


def test_the_example_is_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block = README.split("```console\n", 1)[1].split("```", 1)[0]
    command, _, expected = block.partition("\n")
    environment = {"FOOTNOTE_SOURCES": str(ROOT / "sources"), "FOOTNOTE_DATA": str(tmp_path / "data")}

    assert main(["build"], environment=environment) == 0
    capsys.readouterr()
    assert main(shlex.split(command)[2:], environment=environment) == 0

    # Piped, nothing is wrapped; on the page, a long line would be cut off.
    assert capsys.readouterr().out.split() == expected.split()
