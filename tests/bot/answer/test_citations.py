"""Citations: compact numbers, and links that can only open the quoted words."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer.citations import MAX_LINK_CHARS, cite, link_to
from bot.answer.selection import Span
from index.types import Article

TEXT = "The Aare is 288 kilometres long. It rises in the Alps. The Aare is 288 kilometres long."


def article(text: str = TEXT, url: str | None = "https://example.org/aare", id: str = "aare") -> Article:
    return Article(id, f"{id}.md", text, id.title(), None, None, None, None, url, "0")


def span(text: str, part: str) -> tuple[int, int]:
    return text.index(part), text.index(part) + len(part)


def test_sources_are_numbered_in_order_of_appearance_and_cited_once() -> None:
    one, two = article(id="one"), article(id="two")
    spans = [Span(two, 0, 8), Span(one, 0, 8), Span(two, 33, 54, answer=(49, 53))]
    quotes, sources = cite(spans, Path("/articles"))
    assert [(q.source_id, q.citation) for q in quotes] == [("two", 1), ("one", 2), ("two", 1)]
    assert [(s.id, s.citation) for s in sources] == [("two", 1), ("one", 2)]
    assert sources[0].file == "/articles/two.md"
    assert quotes[2].text == "It rises in the Alps."
    assert [q.answer for q in quotes] == [None, None, (49, 53)]


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://a.example/x", "https://a.example/x#:~:text=It%20rises%20in%20the%20Alps."),
        ("https://a.example/x#top", "https://a.example/x#top:~:text=It%20rises%20in%20the%20Alps."),
        (None, None),
    ],
)
def test_a_link_opens_the_article_at_the_quote(url: str | None, link: str | None) -> None:
    assert link_to(article(url=url), *span(TEXT, "It rises in the Alps.")) == link


def test_a_sentence_that_occurs_twice_gets_no_fragment() -> None:
    assert link_to(article(), 0, 32) == "https://example.org/aare"


def test_marks_that_separate_parts_of_a_fragment_are_encoded() -> None:
    text = "Costs, fees & so-called charges rose. Then they fell."
    assert link_to(article(text), *span(text, "Costs, fees & so-called charges rose.")) == (
        "https://example.org/aare#:~:text=Costs%2C%20fees%20%26%20so%2Dcalled%20charges%20rose."
    )


def test_markup_that_a_page_does_not_show_is_left_out() -> None:
    text = "The **Aare** rises in the high [Bernese Alps](https://alps.example) near Grimsel."
    assert link_to(article(text), 0, len(text)) == (
        "https://example.org/aare#:~:text=rises%20in%20the%20high"
    )


@given(st.text(alphabet=st.sampled_from("ab c,.-&\n*[](é中"), min_size=1, max_size=120), st.data())
def test_a_fragment_always_occurs_exactly_once(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    link = link_to(article(text), start, end)
    assert link is not None
    assert len(link) <= MAX_LINK_CHARS
    if "#:~:text=" in link:
        fragment = link.split("#:~:text=")[1]
        assert not set(",-&") & set(fragment)
        assert text.count(unquote(fragment)) == 1
        assert unquote(fragment) in text[start:end]
