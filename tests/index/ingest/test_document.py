"""What every article that is written must hold: it reads back as it was, and nothing invisible is in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.article import parse_article
from index.ingest.document import (
    Draft,
    clean_language,
    clean_line,
    clean_text,
    clean_url,
    iso_date,
    markdown_file,
    script_language,
)

LINES = st.text(max_size=400).map(clean_line)
BODIES = st.text(min_size=1, max_size=400).map(clean_text).filter(str.strip)


def test_a_draft_becomes_front_matter_and_markdown() -> None:
    draft = Draft(
        text="The Aare rises in the Alps.\n\n- One\n- Two",
        title='The "river": Aare #1',
        publisher="Swiss Waters",
        published="2015-02",
        url="https://example.org/aare",
        also=("Other Paper, https://other.example/aare",),
        extra=(("tags", ("rivers", "alps")),),
    )

    assert markdown_file(draft).decode() == (
        "---\n"
        'title: "The \\"river\\": Aare #1"\n'
        'publisher: "Swiss Waters"\n'
        'published: "2015-02"\n'
        'url: "https://example.org/aare"\n'
        "also:\n"
        '  - "Other Paper, https://other.example/aare"\n'
        "tags:\n"
        '  - "rivers"\n'
        '  - "alps"\n'
        "---\n"
        "The Aare rises in the Alps.\n\n- One\n- Two\n"
    )


@given(BODIES, LINES, LINES, LINES, st.lists(LINES.filter(bool), max_size=3))
def test_whatever_was_read_reads_back_the_same(
    body: str, title: str | None, publisher: str | None, author: str | None, also: list[str]
) -> None:
    copies = tuple(dict.fromkeys(also))
    title = clean_line(title, 300)
    draft = Draft(text=body, title=title, publisher=publisher, author=author, also=copies, origin=title)

    article = parse_article("a", "a.md", markdown_file(draft))

    assert article.text == body
    assert (article.publisher, article.author, article.also) == (publisher, author, copies)
    assert title is None or article.title == title


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("  Two \n words ", "Two words"),
        ("red\x1b[31m text\x1b[0m", "red text"),
        ("a\x1b]0;title\x07b", "ab"),
        ("abc\u202egpj.exe", "abcgpj.exe"),
        ("nul\0l", "nul l"),
        ("hid\U000e0041den", "hidden"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("می‌خواهم", "می‌خواهم"),
        ("👩‍🚀 in space", "👩‍🚀 in space"),
        ("The <b> tag", "The ‹b› tag"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("\x9b31mred", "red"),
        ("   ", None),
        (None, None),
    ],
)
def test_a_line_holds_only_what_is_seen(written: str | None, clean: str | None) -> None:
    assert clean_line(written) == clean


def test_a_long_line_is_cut_behind_a_word() -> None:
    assert clean_line("one two three four", 12) == "one two…"


def test_text_keeps_its_paragraphs_and_loses_what_is_no_text() -> None:
    assert (
        clean_text("\n\nOne\x1b[1m \r\n\r\n\r\n\r\nTwo\x0cThree\u2028four  \n") == "One\n\nTwo\nThree\nfour\n"
    )


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2019-07-17", "2019-07-17"),
        ("2019-07-17T10:00:00+08:00", "2019-07-17"),
        ("2019-7-1", "2019-07-01"),
        ("2019-07", "2019-07"),
        ("2019", "2019"),
        ("D:20190717103000+08'00'", "2019-07-17"),
        ("D:2019", "2019"),
        ("Wed, 17 Jul 2019 10:00:00 GMT", "2019-07-17"),
        ("2019-13-45", None),
        ("20190", None),
        ("0001-01-01", None),
        ("17 July", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_read_as_documents_write_them_and_never_guessed(
    written: str | None, date: str | None
) -> None:
    assert iso_date(written) == date


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("en", "en"),
        ("en_US.UTF-8", "en-US"),
        ("ZH-Hans", "zh-Hans"),
        ("English", None),
        ("", None),
        (None, None),
    ],
)
def test_a_language_is_a_code_or_nothing(written: str | None, code: str | None) -> None:
    assert clean_language(written) == code


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://u:p@example.org/", "https://a b/", "ftp://a/", "https://[", "", None],
)
def test_only_addresses_that_can_be_cited_are_kept(url: str | None) -> None:
    assert clean_url(url) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("上海汽车和阿里巴巴各持有斑马网络的股份。", "zh"),
        ("これは日本語の文章です。漢字もあります。", "ja"),
        ("이것은 한국어 문장입니다.", "ko"),
        ("ประโยคภาษาไทย", "th"),
        ("Η ελληνική γλώσσα.", "el"),
        ("An English text about π and 上海 and rivers in the Alps.", None),
        ("12345", None),
    ],
)
def test_the_script_gives_some_languages_away(text: str, language: str | None) -> None:
    assert script_language(text) == language
