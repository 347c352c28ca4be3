"""Why a file is no article: each reason with its values, in English and in Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.library.reasons import reason_in
from bot.words import CHINESE, ENGLISH
from index.reasons import Reason, Why

ROOT = Path(__file__).parents[3]


def names(why: Why) -> set[str]:
    return set(re.findall(r"{(\w+)", why))


def used() -> Iterator[tuple[Why, set[str]]]:
    """Every reason that the code gives, with the names of the values that it gives."""
    for path in [*(ROOT / "index").rglob("*.py"), *(ROOT / "bot").rglob("*.py")]:
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            for given in call.args:
                if isinstance(given, ast.Attribute) and ast.unparse(given.value) == "Why":
                    told = [call for call in call.args if isinstance(call, ast.Dict)]
                    keys = {ast.literal_eval(key) for one in told for key in one.keys if key is not None}
                    # What is raised with a status has that one value.
                    keys |= {"status"} if ast.unparse(call.func) == "BadStatus" else set()
                    yield Why[given.attr], keys | {word.arg for word in call.keywords if word.arg}


def test_a_reason_is_given_with_the_values_that_its_words_name() -> None:
    found = list(used())
    assert len({why for why, _ in found}) > 80
    assert [(why.name, given) for why, given in found if given != names(why)] == []


def test_no_reason_is_there_that_nothing_gives() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "index").rglob("*.py"))
    text += "".join(path.read_text("utf-8") for path in (ROOT / "bot/terminal").rglob("*.py"))
    assert [why.name for why in Why if f"Why.{why.name}" not in text] == []


@pytest.mark.parametrize("why", Why, ids=lambda why: why.name)
def test_a_reason_is_chinese_for_who_reads_chinese(why: Why) -> None:
    inner = Reason(Why.EMPTY_DOCUMENT)
    reason = Reason(why, {name: inner if name == "reason" else 7 for name in names(why)})
    told = reason_in(CHINESE, reason)
    assert re.search("[\u3400-\u9fff]", told)
    assert told.endswith("。") or "iconv" in told or why is Why.IN_LINE
    assert "{" not in told
    assert reason_in(ENGLISH, reason) == str(reason)


def test_what_the_file_brings_stays_as_it_is() -> None:
    reason = Reason(Why.NO_LANGUAGE, {"place": Reason(Why.IN_LINE, {"line": 4}), "value": "{x} '' \n"})
    assert str(reason) == (
        "gives a language that is not a language code in line 4: '{x} '' \n'. Write 'en', 'zh' or 'pt-BR'."
    )
    assert reason_in(CHINESE, reason) == ("第 4 行的语言“{x} '' \n”不是语言代码，请写成“en”、“zh”或“pt-BR”。")


def test_that_an_earlier_version_stays_is_said_too() -> None:
    reason = Reason(Why.STAYS, {"reason": Reason(Why.EMPTY_DOCUMENT)})
    assert str(reason) == "is empty. Until then its last good version stays."
    assert reason_in(CHINESE, reason) == "是空的。在此之前保留最后一个可用的版本。"
