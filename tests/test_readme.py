"""What the README and the pages in `docs/` promise: their tables, commands, links and examples are true."""

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
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text("utf-8")
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
README = PAGES["README.md"]
BLOCKS = [
    (name, block)
    for name, text in PAGES.items()
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
]
# An example begins with a dollar, and what is printed follows.
EXAMPLES = [(name, block) for name, block in BLOCKS if block.startswith("$ footnote ")]
COMMANDS = [
    (name, line.removeprefix("$ "))
    for name, block in BLOCKS
    for line in block.splitlines()[: 1 if block.startswith("$ ") else None]
]
FOOTNOTE_COMMANDS = [(name, line) for name, line in COMMANDS if line.split()[0] == "footnote"]


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len(README.splitlines()) <= 250


def test_the_readme_links_to_every_page() -> None:
    assert {name for name in PAGES if f"]({name})" in README} == set(PAGES) - {"README.md"}


def test_the_settings_table_is_the_one_in_the_code() -> None:
    rows = [
        f"| `{known.variable}` | {f'`{known.default}`' if known.default else '–'} | {known.meaning} |"
        for known in table()
    ]
    expected = "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows]) + "\n"

    assert PAGES["docs/settings.md"].endswith("\n\n" + expected)


@pytest.mark.parametrize("name", PAGES)
def test_a_setting_that_a_page_names_exists(name: str) -> None:
    known = {one.variable for one in table()}

    assert set(re.findall(r"\b(?:FOOTNOTE|SLACK)_[A-Z_]+\b", PAGES[name])) <= known


def test_the_command_table_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    # Four spaces and a word: how argparse lists the commands.
    commands = set(re.findall(r"^    ([a-z]+) ", capsys.readouterr().out, re.MULTILINE))

    assert {"chat", "ask", "calibrate"} <= commands
    # The chat needs no word.
    assert set(re.findall(r"^\| `footnote ([a-z]+)", README, re.MULTILINE)) == commands - {"chat"}


@pytest.mark.parametrize(("name", "line"), FOOTNOTE_COMMANDS)
def test_a_command_of_a_page_can_be_typed(name: str, line: str) -> None:
    words = shlex.split(line)[1:]

    assert parse(words).command == (words or ["chat"])[0], name


@pytest.mark.parametrize("name", PAGES)
def test_a_make_target_that_a_page_names_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z-]+)[` ]", PAGES[name])) | {"run"} <= targets


def test_the_two_commands_are_there() -> None:
    assert ("README.md", "make run") in COMMANDS


@pytest.mark.parametrize("name", PAGES)
def test_links_to_files_lead_somewhere(name: str) -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", PAGES[name]) if "://" not in target]

    assert [target for target in targets if not _leads_somewhere(name, target)] == []


def test_the_json_form_lists_the_keys_that_are_printed_in_their_order() -> None:
    block = PAGES["docs/json.md"].split("ask:    {")[1].split("```")[0]
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


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with an index of the articles that ship."""
    data = tmp_path_factory.mktemp("data")
    environment = {"FOOTNOTE_SOURCES": str(ROOT / "sources"), "FOOTNOTE_DATA": str(data)}
    assert main(["build"], environment=environment) == 0
    return environment


@pytest.mark.parametrize(("name", "block"), EXAMPLES)
def test_an_example_is_what_is_printed(
    name: str, block: str, built: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    command, _, expected = block.partition("\n")
    capsys.readouterr()

    assert main(shlex.split(command)[2:], environment=built) == 0

    # Piped, nothing is wrapped; on the page, a long line would be cut off.
    assert capsys.readouterr().out.split() == expected.split(), name


def _leads_somewhere(name: str, target: str) -> bool:
    """Return whether a link of a page leads to a file, and to a heading of it if the link names one."""
    path, _, anchor = target.partition("#")
    file = (ROOT / name).parent / path if path else ROOT / name
    if not anchor:
        return file.exists()
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
