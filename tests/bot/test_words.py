"""The catalogue: both languages say the same things, and nothing is said outside of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from string import Formatter

import pytest

from bot.words import CHINESE, ENGLISH, Words, words_for

ROOT = Path(__file__).parents[2]
NAMES = [field.name for field in fields(Words)]
# What is written for whoever runs the bot: the log, an error in the terminal, a stranger's HTTP request.
FOR_THE_OPERATOR = ("_log", "library_log", "FootnoteError", "_send")
OPERATORS_CONSTANTS = ("_BOT_TOKEN", "_APP_TOKEN")
FOR_HTTP = ("Bearer ",)
FOR_THE_OPERATOR_ALONE = ("faults.py", "figures.py", "health.py", "log.py", "monitor.py")


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_placeholders_and_as_many_lines(name: str) -> None:
    english, chinese = lines(ENGLISH, name), lines(CHINESE, name)

    if not name.startswith("orders_"):  # what people may say differs in number
        assert len(english) == len(chinese)
    assert placeholders(english) == placeholders(chinese)
    assert all(line.strip() for line in [*english, *chinese])


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in ("months", "month_date", "home_age_days")]
)
def test_chinese_is_chinese(name: str) -> None:
    words = "".join(re.sub(r"{\w+}", "", line) for line in lines(CHINESE, name))

    assert re.search("[\u3400-\u9fff]", words) or not re.search("[A-Za-z]", words)


def test_what_fits_a_button_or_a_title_in_english_fits_in_chinese() -> None:
    limits = {
        **dict.fromkeys(("passage", "close", "why", "send", "cancel"), 24),
        **dict.fromkeys(
            ("show_passage", "show_passages", "more_like_this", "share", "ask_person", "previous", "next"), 75
        ),
        **dict.fromkeys(("share_spoken", "ask_person_spoken", "show_passage_spoken", "good", "bad"), 75),
        **dict.fromkeys(("wrong", "outdated", "not_asked"), 75),
        **dict.fromkeys(("home", "home_troubles", "home_examples", "home_how", "in_words_hint"), 150),
    }
    too_long = [
        (name, line)
        for words in (ENGLISH, CHINESE)
        for name, limit in limits.items()
        for line in lines(words, name)
        if len(line) > limit
    ]

    assert too_long == []


@pytest.mark.parametrize(
    ("locale", "text", "expected"),
    [
        ("zh-CN", "who?", CHINESE),
        ("zh-TW", "who?", CHINESE),
        ("en-GB", "谁持有斑马的股份？", ENGLISH),
        ("fr-FR", "qui ?", ENGLISH),
        (None, "谁持有斑马的股份？", CHINESE),
        (None, "斑马は誰のものですか", ENGLISH),
        (None, "who owns 斑马?", CHINESE),
        (None, "", ENGLISH),
    ],
)
def test_the_locale_decides_and_without_one_the_question(
    locale: str | None, text: str, expected: Words
) -> None:
    assert words_for(locale, text) is expected


def test_nothing_that_people_read_is_written_outside_of_the_catalogue() -> None:
    found = [
        (path.relative_to(ROOT).as_posix(), said)
        for path in (ROOT / "bot/text.py", *sorted((ROOT / "bot/slack").rglob("*.py")))
        if path.name not in FOR_THE_OPERATOR_ALONE
        for said in literals(ast.parse(path.read_text("utf-8")))
    ]

    assert found == []


def test_the_search_for_literals_finds_one_and_leaves_the_log_alone() -> None:
    code = (
        '"""A docstring with words."""\n_log.error("for the log")\nsay("Hello you")\n'
        'say(f"see {x} there")\nkey("a_key")'
    )

    assert list(literals(ast.parse(code))) == ["Hello you", "see ", " there"]


def literals(tree: ast.AST) -> Iterator[str]:
    """String constants that read like words for people: two words, or Chinese."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and _name(node.func) in FOR_THE_OPERATOR:
            continue
        if isinstance(node, ast.Assign) and any(_name(t) in OPERATORS_CONSTANTS for t in node.targets):
            continue
        if isinstance(node, ast.ClassDef) and any(_name(base) == "Enum" for base in node.bases):
            continue  # names for the code; what is said of each is in the catalogue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _reads_like_words(node):
            yield node.value
        yield from literals(node)


def _reads_like_words(node: ast.Constant) -> bool:
    text = str(node.value)
    # A pattern has signs that no sentence has.
    pattern = re.search(r"[\\|^$*\[\]]|\(\?", text)
    return (
        text not in FOR_HTTP
        and not pattern
        and bool(re.search("[a-z] |^ ?[A-Z][a-z]+ | [a-z]{2}|[\u3400-\u9fff]", text))
    )


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr if node.attr in FOR_THE_OPERATOR else _name(node.value)
    return node.id if isinstance(node, ast.Name) else ""


def lines(words: Words, name: str) -> tuple[str, ...]:
    value = getattr(words, name)
    return (value,) if isinstance(value, str) else value


def placeholders(said: tuple[str, ...]) -> set[str]:
    return {name for line in said for _, name, _, _ in Formatter().parse(line) if name}
