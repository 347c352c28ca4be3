"""Sentence boundaries: what ends a sentence, what does not, and that nothing is lost."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import MAX_SENTENCE_CHARS, MAX_THAI_CHARS, sentence_spans


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It cost $1.6 billion. It grew 3.5%.", ["It cost $1.6 billion.", "It grew 3.5%."]),
        ("Mr. Smith met Dr. Jones. They spoke.", ["Mr. Smith met Dr. Jones.", "They spoke."]),
        ("The U.S. Senate met. It voted.", ["The U.S. Senate met.", "It voted."]),
        ("She works at Acme Inc. The firm grew.", ["She works at Acme Inc.", "The firm grew."]),
        ("He works at Acme Inc. in Bern.", ["He works at Acme Inc. in Bern."]),
        ("Roe v. Wade was decided in 1973.", ["Roe v. Wade was decided in 1973."]),
        ("J. R. R. Tolkien wrote it.", ["J. R. R. Tolkien wrote it."]),
        ('He said: "Stop it." She left.', ['He said: "Stop it."', "She left."]),
        ("Known since 1900.[12] It changed.", ["Known since 1900.[12]", "It changed."]),
        ("他来了。她走了！为什么？", ["他来了。", "她走了！", "为什么？"]),
        ("वह आया। वह गया।", ["वह आया।", "वह गया।"]),
        ("profit fell. sales rose. costs were flat.", ["profit fell.", "sales rose.", "costs were flat."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


def test_a_list_number_does_not_stand_alone() -> None:
    assert split("Three things: \\n\\n1. Bread \\n2. Milk") == ["Three things:", "1. Bread", "2. Milk"]


def test_a_text_without_full_stops_is_broken_before_it_is_too_long_to_quote() -> None:
    parts = split("word, " * 500)
    assert max(map(len, parts)) <= MAX_SENTENCE_CHARS
    assert "".join(parts).count("word,") == 500


def test_thai_is_broken_at_spaces() -> None:
    parts = split("เทสลาเสียชีวิตในวันที่ " * 60)
    assert max(map(len, parts)) <= MAX_THAI_CHARS
    assert all(part.endswith("วันที่") for part in parts)


def test_a_long_run_of_equals_and_spaces_takes_no_time() -> None:
    began = time.perf_counter()
    split("= " * 50_000)
    assert time.perf_counter() - began < 2


@given(st.text(alphabet=st.sampled_from("aB1 .!?\n#-*>|。“”\\n=ก์"), max_size=200))
def test_spans_are_in_order_trimmed_and_leave_out_nothing_but_line_breaks(text: str) -> None:
    spans = sentence_spans(text)
    for (_, end), (start, _) in pairwise(spans):
        assert end <= start
    covered = set()
    for start, end in spans:
        assert 0 <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        covered.update(range(start, end))
    missed = [c for i, c in enumerate(text) if i not in covered and not c.isspace()]
    # The two characters "\n" are a line break that lost its meaning.
    assert set(missed) <= {"\\", "n"}
