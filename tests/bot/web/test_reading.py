"""Articles as pages, opened at a quoted sentence."""

from __future__ import annotations

import pytest

from bot.web.links import article_path
from bot.web.reading import page_number
from tests.bot.web.conftest import Browser
from tests.fakes.answers import BANMA, BANMA_QUOTE


def test_the_list_names_every_article_and_finds_one(browser: Browser) -> None:
    shown = browser.get("/articles")
    assert "The river Aare" in shown and "Banma and its owners" in shown and "notes" in shown

    shown = browser.get("/articles?find=AARE+swiss")
    assert "The river Aare" in shown and "Banma" not in shown
    assert "1 article" in shown


def test_an_article_is_read_with_its_source_and_date(browser: Browser) -> None:
    shown = browser.get("/articles/river")

    assert "The river Aare" in shown and "Swiss Waters · 9 February 2015" in shown
    assert '<h3 id="part-1">Towns on its banks</h3>' in browser.html
    assert 'href="https://example.org/aare"' in browser.html


def test_a_plain_text_in_a_folder_is_read_too(browser: Browser) -> None:
    assert "Neil Armstrong left the module first." in browser.get("/articles/notes/moon-landing")


def test_a_citation_is_marked(browser: Browser) -> None:
    start = BANMA.index(BANMA_QUOTE)
    browser.get(article_path("banma", (start, start + len(BANMA_QUOTE), BANMA_QUOTE)))

    assert f'<mark id="quote" tabindex="-1" autofocus>{BANMA_QUOTE}</mark>' in browser.html


@pytest.mark.parametrize("query", ["quote=27-68&is=00000000", "quote=9-5", "quote=10-100000"])
def test_other_words_than_those_quoted_are_never_marked(browser: Browser, query: str) -> None:
    shown = browser.get(f"/articles/banma?{query}")

    assert "The article has changed since this answer" in shown
    assert "<mark" not in browser.html


@pytest.mark.parametrize("query", ["quote=", "quote=x-y", "quote=1", "quote=-1--5", f"quote={9**40}-1"])
def test_what_is_no_place_marks_nothing(browser: Browser, query: str) -> None:
    browser.get(f"/articles/banma?{query}")

    assert browser.status == 200
    assert "<mark" not in browser.html


@pytest.mark.parametrize(
    "path", ["/articles/nothing", "/articles/..%2Fbanma", "/articles/banma.md", "/articles/%00"]
)
def test_what_is_no_article_is_said(browser: Browser, path: str) -> None:
    browser.get(path)

    assert browser.status == 404


@pytest.mark.parametrize(
    ("written", "total", "expected"),
    [("", 0, (1, 1)), ("2", 120, (2, 3)), ("9", 120, (3, 3)), ("0", 120, (1, 3)), ("x", 51, (1, 2))],
)
def test_a_page_that_is_not_there_is_the_nearest(written: str, total: int, expected: tuple[int, int]) -> None:
    assert page_number(written, total) == expected
