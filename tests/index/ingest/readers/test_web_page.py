"""The article is taken out of a page, with what the page says of it; what is no article is refused."""

from __future__ import annotations

import base64

import pytest

from index.ingest.document import Unreadable
from index.ingest.readers.web_page import page_draft, read_archive, read_web_page
from index.reasons import Reason, Why
from tests.fakes.documents import FERRY_PAGE as PAGE


def test_the_article_is_taken_out_of_its_page() -> None:
    draft = page_draft(PAGE)

    assert draft.text == (
        "The ferry company on the lake will run two more boats from spring, its director told the council on "
        "Monday.\n\n"
        "### Why it matters\n\n"
        "Roads along the shore are full each morning, and the tram ends at the old harbour, far from the "
        "offices.\n\n"
        "- The first boat carries 300 people, according to the director of the company.\n"
        "- The second one is smaller, and it will also sail in winter, when the lake is calm.\n\n"
        "| Year | Passengers |\n|---|---|\n| 2023 | 600,000 |\n| 2025 | 900,000 |\n\n"
        "Tickets stay at four francs until the end of the year. The company writes \\<b> on none of them, "
        "its director said with a smile.\n"
    )


def test_what_the_page_says_of_the_article_is_kept() -> None:
    draft = page_draft(PAGE)

    assert (draft.title, draft.publisher, draft.author) == (
        "Ferry line adds two boats",
        "Lake Times",
        "Anna Keller",
    )
    assert (draft.published, draft.language) == ("2024-05-17", "en-GB")
    assert draft.url == "https://lake.example/2024/ferry"


def test_the_address_that_was_fetched_stands_above_the_one_that_a_page_claims() -> None:
    assert page_draft(PAGE, "https://mirror.example/x").url == "https://mirror.example/x"


def test_without_a_site_name_the_host_is_the_publisher() -> None:
    page = PAGE.replace('<meta property="og:site_name" content="Lake Times">', "").replace(
        " | Lake Times", ""
    )

    assert page_draft(page, "https://www.lake.example/x").publisher == "lake.example"


@pytest.mark.parametrize("encoding", ["gb18030", "cp1252", "utf-16", "utf-8-sig"])
def test_a_saved_page_in_any_encoding_is_read(encoding: str) -> None:
    city = "Zürich" if encoding == "cp1252" else "苏黎世"
    page = (
        PAGE.replace("分享", "Share").replace("utf-8", encoding).replace("on Monday", f"of {city} on Monday")
    )

    assert f"council of {city} on Monday" in read_web_page(page.encode(encoding), "saved.html").text


def test_a_saved_page_knows_where_it_was_saved_from() -> None:
    page = "<!-- saved from url=(0033)https://lake.example/2024/original -->" + PAGE.replace(
        'rel="canonical"', ""
    )

    assert page_draft(page).url == "https://lake.example/2024/original"


def test_a_web_archive_holds_its_page_and_address() -> None:
    archive = (
        b"From: <Saved by a browser>\r\nSnapshot-Content-Location: https://lake.example/2024/archived\r\n"
        b'Content-Type: multipart/related; boundary="--b"\r\n\r\n'
        b"----b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(PAGE.encode())
        + b"\r\n----b--\r\n"
    )
    draft = read_archive(archive, "page.mhtml")

    assert draft.text.startswith("The ferry company")
    assert draft.url == "https://lake.example/2024/archived"


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<form>Name <input name=u> Password <input type='password'></form>", "asks for a login"),
        ("<ul>" + "<li><a href=x>A headline of seven words in all</a>" * 30 + "</ul>", "is a list of links"),
        ("<p>Please enable JavaScript to view this page.</p>", "is not an article"),
        ("<h1>404</h1><p>Not found</p>", "is not an article"),
        ("<frameset><frame src=x></frameset>", "is not an article"),
    ],
)
def test_what_is_no_article_is_refused_with_the_reason(html: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        page_draft(f"<html><body>{html}</body></html>", "https://lake.example/x")


def test_a_file_that_a_person_names_is_taken_with_a_warning() -> None:
    links = "<ul>" + "<li><a href=x>A headline of seven words in all</a>" * 30 + "</ul>"

    draft = page_draft(f"<html><body>{links}</body></html>")

    assert draft.text.startswith("- A headline of seven words in all\n- A headline")
    assert draft.warnings == (Reason(Why.MOSTLY_LINKS),)


def test_code_lists_and_quotes_keep_their_form() -> None:
    page = PAGE.replace(
        "<h3>Why",
        "<blockquote><p>Boats are slow, and that is what people like about them, she said.</p></blockquote>"
        "<ol><li>Buy a ticket at the harbour.</li><li>Wait at the pier for the boat.</li></ol>"
        "<pre><code>boat = 2\nprint(boat &lt; 3)</code></pre><h3>Why",
    )
    text = page_draft(page).text

    assert "> Boats are slow, and that is what people like about them, she said." in text
    assert "1. Buy a ticket at the harbour.\n2. Wait at the pier for the boat." in text
    assert "```\nboat = 2\nprint(boat < 3)\n```" in text


@pytest.mark.parametrize("control", ["\x01", "&#1;", "\x0c"])
def test_control_characters_in_a_table_break_nothing(control: str) -> None:
    text = f"<p>{'The boats sail on the lake in summer. ' * 9}</p>"
    page = (
        f"{text}<table><tr><th>Year</th><th>Boats</th></tr><tr><td>20{control}26</td><td>7</td></tr></table>"
    )

    draft = page_draft(f"<html><body><article>{page}</article></body></html>")

    assert "The boats sail" in draft.text
    assert "| 2026 | 7 |" in draft.text.replace("20 26", "2026")


def test_a_list_that_holds_an_empty_one_is_no_fault_of_the_reader() -> None:
    with pytest.raises(Unreadable):
        read_web_page(b"<ul><ul>", "a.html")
