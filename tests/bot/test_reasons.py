"""Why a file is no article: every reason that the index can give is known to the catalogue of reasons."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.reasons import reason_in
from bot.words import CHINESE, ENGLISH

ROOT = Path(__file__).parents[2]
GIVING = [
    *sorted((ROOT / "index/ingest").rglob("*.py")),
    *(ROOT / "index" / f"{name}.py" for name in ("article", "build", "folder")),
]
# A reason goes on from the name of a file; what is said with a name of its own is an error of a command.
BEGINNING = re.compile(
    r"(?:is|was|has|holds|gives|names|uses|opens|nests|declares|unpacks|cannot be|asks|leads|does not|came"
    r"|broke|took) "
)
# Put together of parts, which the reasons below write out.
COMPOSED = ("has broken front matter: {", "has {size")
WRITTEN_OUT = [
    "is the same text as 'A title' (a/b.md). It is there already.",
    "has broken front matter: mapping values are not allowed here in line 3. Put quotation marks round a"
    " value that holds ': ' or '#'.",
    "has broken front matter: unacceptable character. Save the file as plain UTF-8 text.",
    "has 12.5 MB; at most 10 MB are read. Split it into several articles.",
]


def _template(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = (
        part.value if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}"
        for part in node.values
    )  # type: ignore[attr-defined]
    return "".join(map(str, parts))


def reasons() -> Iterator[str]:
    """As the code has them, with a value for what differs."""
    for path in GIVING:
        tree = ast.parse(path.read_text("utf-8"))
        inside = {
            id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values
        }
        for node in ast.walk(tree):
            if id(node) in inside or not isinstance(node, ast.Constant | ast.JoinedStr):
                continue
            template = _template(node)
            if (
                BEGINNING.match(template)
                and template.endswith((".", "NEW", "}"))
                and not template.startswith(COMPOSED)
            ):
                yield re.sub(r"{[^{}]*}", "7", template.replace("{twice}", "in lines 2 and 3"))


def test_the_reasons_are_found() -> None:
    found = set(reasons())
    assert len(found) > 60
    assert "is empty: write the text below the front matter, or delete the file." in found
    assert "does not exist (status 7). Check the address." in found


@pytest.mark.parametrize("reason", sorted({*reasons(), *WRITTEN_OUT}))
def test_a_reason_is_chinese_for_who_reads_chinese(reason: str) -> None:
    told = reason_in(CHINESE, reason)
    assert re.search("[\u3400-\u9fff]", told)
    assert told.endswith("。") or "iconv" in told
    assert "{" not in told
    assert reason_in(ENGLISH, reason) == reason


def test_what_the_file_brings_stays_as_it_is() -> None:
    assert (
        reason_in(
            CHINESE,
            "is not UTF-8: byte 0xE9 at offset 12. Convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW",
        )
        == "不是 UTF-8 编码：位置 12 的字节是 0xE9。请转换：iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"
    )
    assert (
        reason_in(
            CHINESE,
            "gives a language that is not a language code in line 4: '{x} '' \n'. Write 'en',"
            " 'zh' or 'pt-BR'.",
        )
        == "第 4 行的语言“{x} '' \n”不是语言代码，请写成“en”、“zh”或“pt-BR”。"
    )


def test_that_an_earlier_version_stays_is_said_too() -> None:
    told = reason_in(CHINESE, "is empty. Until then its last good version stays.")
    assert told == "是空的。在此之前保留最后一个可用的版本。"


def test_a_reason_that_is_not_known_stays_as_it_is() -> None:
    assert reason_in(CHINESE, "is made of cheese.") == "is made of cheese."
