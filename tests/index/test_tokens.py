"""Terms: the same for an article and for a question, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.tokens import terms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Cars", ["car"]),
        ("investments", ["invest", "^inve"]),
        ("1,600,000", ["1600000", "^1600"]),
        ("31.5%", ["31", "5"]),
        ("银行 2018年", ["银", "行", "银行", "2018", "年"]),
        ("Banma斑马", ["banma", "^banm", "斑", "马", "斑马"]),
        ("ＡＢＣ", ["abc"]),
        ("ไทยดี", ["ไทย", "ทยด", "ยดี"]),
        ("तेल की", ["तेल", "क"]),
        ("", []),
        ("?! 🙂", []),
    ],
)
def test_terms_of_a_text(text: str, found: list[str]) -> None:
    assert terms(text) == found


def test_a_misspelt_ending_still_meets_by_its_prefix() -> None:
    assert set(terms("Aliyunn")) & set(terms("Aliyun")) == {"^aliy"}


@given(st.text(max_size=60))
def test_case_and_repetition_change_nothing_but_the_count(text: str) -> None:
    assert terms(f"{text}\n{text}") == terms(text) * 2


@given(st.text("abz019 ,.-_'AZ\n\t", max_size=60), st.sampled_from(["é", "я", "字", "ไทย"]))
def test_what_else_stands_in_a_text_changes_no_plain_word(text: str, other: str) -> None:
    assert terms(f"{text} | {other}") == terms(text) + terms(other)
