"""Terms: the same for an article and for a question, in any script."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.terms import terms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Cars", ["car"]),
        ("investments", ["invest", "^inve"]),
        ("1,600,000", ["1600000", "^1600"]),
        ("31.5%", ["31", "5", "31.5"]),
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


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("ERR-1042", "err1042"),
        ("see (ERR-1042).", "err1042"),
        ("10.4.2", "10.4.2"),
        ("Version v10.4.1.", "10.4.1"),
        ("C#", "c#"),
        ("C++, too", "c++"),
        (".NET", ".net"),
        ("Straße M-103", "m103"),
        ("at 22:30", "22:30"),
    ],
)
def test_an_identifier_is_one_term_beside_its_parts(text: str, whole: str) -> None:
    found = terms(text)
    assert whole in found
    assert len(found) > 1


@pytest.mark.parametrize("spelling", ["ERR-1042", "err1042", "ERR_1042", "Err/1042"])
def test_an_identifier_is_found_however_its_parts_are_joined(spelling: str) -> None:
    assert "err1042" in terms(spelling)


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        ("ERR-1044", "ERR-1042"),
        ("10.4", "2.10.4"),
        ("10.4", "10.4.2"),
        ("10.4.2", "10.42"),
        ("C#", "C++"),
        ("F#", "F"),
    ],
)
def test_an_identifier_does_not_hold_all_the_terms_of_another(asked: str, other: str) -> None:
    assert not set(terms(asked)) <= set(terms(other))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("well-known e-mail and/or", "well known e mail and or"),
        ("a 15-minute break", "a 15 minute break"),
        ("the mid-1990s", "the mid 1990s"),
        ("It ended. Then it cost 1,250 euros...", "It ended Then it cost 1250 euros"),
        ("30% of 40 km/h", "30 of 40 km h"),
        ("#6 and 2 + 3", "6 and 2 3"),
    ],
)
def test_words_and_numbers_that_are_merely_joined_are_no_identifiers(text: str, same: str) -> None:
    assert terms(text) == terms(same)


def test_a_number_with_a_point_keeps_its_parts() -> None:
    assert terms("1.6 billion") == ["1", "6", "1.6", *terms("billion")]


def test_long_chains_of_joints_take_no_time() -> None:
    began = time.process_time()
    for text in ("a-1" * 50_000, "1." * 100_000, "v." * 50_000 + "1", "a/" * 100_000 + "1", "c#" * 50_000):
        terms(text)
    assert time.process_time() - began < 3
