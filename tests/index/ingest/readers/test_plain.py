"""Markdown keeps what its author wrote and loses its HTML; a copied text loses the page around it."""

from __future__ import annotations

import time

import pytest

from index.ingest.readers.furniture import without_furniture
from index.ingest.readers.markup import escaped_paragraph, without_html
from index.ingest.readers.plain import fallback_title, read_markdown, read_text
from tests.fakes.documents import FERRY_TEXT


def test_a_copied_page_keeps_its_article_and_what_it_says_of_a_writer_and_nothing_else() -> None:
    draft = read_text(FERRY_TEXT.encode(), "copied.txt")

    assert draft.text == (
        "The ferry company on the lake will run two more boats from spring, its director told the council on "
        "Monday.\n\n"
        "Why it matters: Roads along the shore are full each morning, and the tram ends at the old "
        "harbour.\n\n"
        "- The first boat carries 300 people, according to the director.\n"
        "- The second one is smaller, and it will also sail in winter.\n\n"
        "Tickets stay at four francs until the end of the year. The company expects 900,000 passengers a "
        "year by then, a third more than before the new pier was built.\n\n"
        "Rosa Frey is a Zurich-based reporter. She covers ships and trams. "
        "Connect with her via e-mail: or @rosa\n"
    )
    assert draft.title == "Ferry line on the lake adds two boats for commuters"
    assert (draft.author, draft.publisher) == ("Anna Keller", "lake-times.example")


@pytest.mark.parametrize(
    "sentence",
    [
        "Share this article with your lawyer before you sign it.",
        "Comments of the ministry arrived late.",
        "By March the boats were sold.",
        "Facebook was founded in 2004.",
        "Related articles of the treaty were changed as well.",
        "He was told to subscribe.",
    ],
)
def test_a_sentence_that_begins_like_a_label_is_no_label(sentence: str) -> None:
    assert without_furniture([sentence, "More text."]).paragraphs == (sentence, "More text.")


def test_a_heading_about_comments_near_the_top_does_not_end_the_article() -> None:
    paragraphs = ["Intro.", "Comments", "A long text about comments on the law. " * 20]

    assert without_furniture(paragraphs).paragraphs == ("Intro.", paragraphs[2])


def test_headings_of_other_articles_go_with_their_label_and_text_below_a_label_stays() -> None:
    body = "The boat sails in the morning and comes back at night, with all of its passengers. " * 4
    teasers = [body, "Related articles", "Tram to the lake", "A new pier"]

    assert without_furniture(teasers).paragraphs == (body,)
    assert without_furniture([body, "Related articles", body]).paragraphs == (body, body)


def test_markdown_is_kept_with_its_front_matter_whatever_its_fields_are_called() -> None:
    raw = b"""\
---
Title: Rye
date: 2020-03-04T10:00:00Z
authors: [Ada Oven, Ben Crust]
lang: en_GB
canonical_url: https://example.org/rye
site: Bakers' Weekly
tags: [bread, rye]
draft: false
---

# Rye

Rye flour holds *little* gluten.

| a | b |
|---|---|
| 1 | 2 |
"""
    draft = read_markdown(raw, "rye.md")

    assert (draft.title, draft.published, draft.author) == ("Rye", "2020-03-04", "Ada Oven, Ben Crust")
    assert (draft.language, draft.url, draft.publisher) == (
        "en-GB",
        "https://example.org/rye",
        "Bakers' Weekly",
    )
    assert draft.extra == (("tags", ("bread", "rye")), ("draft", "false"))
    assert draft.text == "# Rye\n\nRye flour holds *little* gluten.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"---\ntitle: A\nText", "never closes it"),
        (b"---\ntitle: [a: b: c\n---\nText", "has broken front matter"),
        (b"---\na: &x [1]\nb: *x\n---\nText", "anchor or alias"),
        (b"---\ndate: last Tuesday\n---\nText", "gives 'published' as 'last Tuesday', which cannot be read"),
        (b"---\nurl: /handbook\n---\nText", "gives 'url' as '/handbook', which cannot be read"),
    ],
)
def test_front_matter_that_cannot_be_read_is_left_out_with_a_warning(raw: bytes, reason: str) -> None:
    draft = read_markdown(raw, "a.md")

    assert draft.text.endswith("Text\n")
    assert reason in "".join(map(str, draft.warnings))


def test_comments_struck_text_and_marks_of_wikis_are_taken_out_and_named() -> None:
    draft = read_markdown(
        b"The key of the [[Server room|server room]] is in the [[Safe]].\n\n"
        b"The rota is planned by ==Oda Lund== %%internal: she leaves%%in June. ^b7f2\n\n"
        b"It costs ~~14 euros~~ 16 euros, and 10<sup>6</sup> drops of H<sub>2</sub>O&nbsp;in 3 "
        b"m<sup>2</sup>.\n\n"
        b"![[floorplan.png]]\n\n`%%code%% ~~stays~~ [[as]] it is`\n",
        "note.md",
    )

    assert draft.text == (
        "The key of the server room is in the Safe.\n\n"
        "The rota is planned by Oda Lund in June.\n\n"
        "It costs 16 euros, and 10^6 drops of H\u2082O in 3 m\u00b2.\n\n"
        "`%%code%% ~~stays~~ [[as]] it is`\n"
    )
    assert [(one.what, one.words) for one in draft.left_out] == [
        ("hidden text", ("internal: she leaves",)),
        ("struck text", ("14 euros",)),
        ("pictures", ("floorplan.png",)),
    ]


def test_tables_definitions_and_folded_parts_in_html_become_markdown() -> None:
    draft = read_markdown(
        b"# Lab\n\n<details><summary>Opening hours</summary>The lab opens at 07:45.</details>\n\n"
        b"<dl><dt>RT</dt><dd>Room temperature.</dd></dl>\n\n"
        b"<table><tr><th>Acid</th><th>Cabinet</th></tr><tr><td>Nitric</td><td>C4</td></tr></table>\n",
        "lab.md",
    )

    assert draft.text == (
        "# Lab\n\n### Opening hours\n\nThe lab opens at 07:45.\n\nRT\n: Room temperature.\n\n"
        "| Acid | Cabinet |\n|---|---|\n| Nitric | C4 |\n"
    )


@pytest.mark.parametrize(
    "copied",
    [
        "Ada Quill  10:02 AM\nWhich port is it?\n\nRui Costa  10:05 AM\n9443\n\nAda Quill  10:06 AM\nThanks",
        "[10:02 AM] Ada Quill: Which port is it?\n[10:05 AM] Rui Costa: 9443\n[10:06 AM] Ada Quill: Thanks",
        "10:02 AM - Ada Quill: Which port is it?\n10:05 AM - Rui Costa: 9443\n10:06 AM - Ada Quill: Thanks",
        "10:02 AM <Ada Quill> Which port is it?\n10:05 AM <Rui Costa> 9443\n10:06 AM <Ada Quill> Thanks",
    ],
)
def test_a_conversation_becomes_messages_with_who_wrote_them_and_when(copied: str) -> None:
    assert read_text(copied.encode(), "chat.txt").text == (
        "**Ada Quill** (10:02 AM): Which port is it?\n\n**Rui Costa** (10:05 AM): 9443\n\n"
        "**Ada Quill** (10:06 AM): Thanks\n"
    )


def test_lines_that_were_broken_on_purpose_stay_lines_and_filled_ones_flow() -> None:
    form = "Contacts\n\nName: Ola Berg\nRole: Network\nPhone: 555-0142\n\nName: Ines Prado\nRole: Databases"
    filled = "The boats sail in the morning and they\ncome back at night with all of their\npassengers."

    assert read_text(form.encode(), "a.txt").text == (
        "Name: Ola Berg  \nRole: Network  \nPhone: 555-0142\n\nName: Ines Prado  \nRole: Databases\n"
    )
    assert read_text(filled.encode(), "b.txt").text == f"{filled}\n"


def test_a_chapter_called_comments_or_search_does_not_end_the_article() -> None:
    body = "The boat sails in the morning and comes back at night, with all of its passengers. " * 4
    comments = ["## Comments", "A comment says why and never what it does."]
    chapters = [body, *comments, "## Search", "The index is made anew at 02:15."]

    assert without_furniture(chapters).paragraphs == tuple(chapters)
    visitors = [body, "Comments", "Lea", "June 3, 2019 at 4:12 pm", "What a nice boat it is."]
    assert without_furniture(visitors).paragraphs == (body,)


def test_a_contact_at_the_end_is_no_biography() -> None:
    contact = "Dana Reyes is the escalation manager for payments. Contact her at extension 5512."
    biography = "Anna Keller is a reporter at the Lake Times. Follow her on Mastodon."

    assert without_furniture(["Text.", contact]).paragraphs == ("Text.", contact)
    assert without_furniture(["Text.", biography]).author == "Anna Keller"


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Plain words, 1 < 2 and a <generic>.", "Plain words, 1 < 2 and a <generic>."),
        ("A <b>bold</b> word<br>and a line", "A bold word and a line"),
        ("Before <script>alert('x')</script>after", "Before after"),
        ("<SCRIPT\nsrc=x>alert(1)", ""),
        ("A <!-- note --> B <!-- open", "A  B "),
        ("<style>b{}</style>Text", "Text"),
        ("<scr<b>ipt>alert(1)</scr</b>ipt>", ""),
        ("`<b>` is bold", "`<b>` is bold"),
        ("```\n<b>\n```\n<i>x</i>", "```\n<b>\n```\nx"),
        ("~~~\n<script>\n~~~\n<script>gone", "~~~\n<script>\n~~~\n"),
        ('<a href="javascript:alert(1)" onclick=x>link</a>', "link"),
        ("<https://example.org/> stays", "<https://example.org/> stays"),
        ("<div>One</div><div>Two</div>", "One\n\nTwo\n"),
        ("<img src=x onerror=alert(1)", " src=x onerror=alert(1)"),
        ("<?php echo 1 ?>x", "x"),
        ("İ<b>İ</b>", "İİ"),
    ],
)
def test_html_is_taken_out_of_markdown_but_not_out_of_code(markdown: str, text: str) -> None:
    assert without_html(markdown) == text


@pytest.mark.parametrize("hostile", ["<", "<!--", "<b ", "<svg>", "<scr<b>", "`", "```\n", "</", "<a<a"])
def test_taking_html_out_takes_time_in_proportion(hostile: str) -> None:
    text = hostile * 40_000
    started = time.perf_counter()

    without_html(text)

    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("words", "markdown"),
    [
        ("# of boats", "\\# of boats"),
        ("> 30 boats", "\\> 30 boats"),
        ("---", "\\---"),
        ("The <b> tag & <script>", "The \\<b> tag & \\<script>"),
        ("1 < 2", "1 < 2"),
        ("- 5 degrees", "- 5 degrees"),
    ],
)
def test_words_are_not_taken_for_markup(words: str, markdown: str) -> None:
    assert escaped_paragraph(words) == markdown


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("q3-sales_report.pdf", "Text.", "Q3 sales report"),
        ("000_a5fa7f2e28326372.txt", "# \n\nBoats sail. They return.", "Boats sail."),
        ("IMG-2031.pdf", "- First of all, boats sail.", "First of all, boats sail."),
        ("2031.txt", "", "2031.txt"),
    ],
)
def test_an_article_without_a_title_is_called_by_its_file_or_its_first_words(
    name: str, text: str, title: str
) -> None:
    assert fallback_title(name, text) == title


def test_a_text_whose_first_line_is_a_sentence_has_no_title() -> None:
    draft = read_text(b"Boats sail in the morning.\n\nThey return at night.", "boats.txt")

    assert (draft.title, draft.text) == (None, "Boats sail in the morning.\n\nThey return at night.\n")


def test_a_title_that_is_a_heading_of_the_text_is_made_clean_as_well() -> None:
    assert read_markdown(b"---\n: </ 0\n---\n\nThe boats sail.\n", "a.md").title == ": ‹/ 0"
