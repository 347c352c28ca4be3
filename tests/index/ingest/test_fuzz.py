"""Bad input in quantity: each document gives an article that reads back, or a reason; none a crash or a hang.

A hundred examples of each kind here, and thousands with `make fuzz`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.article import parse_article
from index.front_matter import ArticleError, with_copies
from index.ingest.document import Draft, Unreadable, clean_line, markdown_file
from index.ingest.formats import Kind
from index.ingest.naming import slug
from index.ingest.readers.furniture import without_furniture
from index.ingest.readers.markup import without_html
from index.ingest.sandbox import Sandbox
from tests.fakes.documents import FERRY_PAGE, FERRY_TEXT, archive, docx, page, paragraph, pdf

# Ten times what the slowest kind takes on a busy machine: whatever hangs, hangs longer.
LIMITS: dict[Kind, int] = dict.fromkeys(get_args(Kind), 20)
LIVE = re.compile(r"(?<!\\)</?(?:script|style|iframe|img|svg|a|b|p|form)\b", re.IGNORECASE)
BROKEN = ("broke the program", "took longer")
# pandoc may go round in circles, as over "\\｡" in Org; it is stopped then, and the person is told.
STOPPED_AT_WORST = frozenset({"org", "rst", "mediawiki", "notebook", "rtf", "odt", "epub"})

# What parsers trip over: marks of YAML, Markdown and HTML, directions, controls, halves of pairs.
AWKWARD = st.sampled_from(
    [
        *"--- ... : - # | > & * ! % @ ` ~ [ ] { } , ? = == === ``` ~~~".split(),
        *"<!-- --> <![CDATA[ ]]> <? ?> </ /> < > &lt; &#0; &#x110000; &#xD800;".split(),
        *'\\ \\\\ \\" \' " 0x41 1e999 null true 2019-02-30 %00 %u202e javascript: data:'.split(),
        *("\u202e", "\u2066", "\u200b", "\ufeff", "\ufffe", "\x00", "\x1b[31m", "\x9b", "\x0b", "\x0c"),
        *("\r", "\r\n", "\t", "\x85", "\u2028", "\u2029", "\u0301", "e\u0301"),
        *"𝔘 👩‍🚀 ยาว 漢字 שלום ﷽ é İ ß ﬁ".split(),
    ]
)
WORDS = st.one_of(
    AWKWARD, st.text(max_size=12), st.sampled_from(["boats", "sail", "The", "2024", "also", "title"])
)
PROSE = st.lists(WORDS, max_size=30).map(" ".join)
FIELDS = st.lists(
    st.tuples(st.one_of(st.sampled_from(["title", "date", "also", "url", "tags"]), WORDS), PROSE), max_size=6
)
MARKS = st.sampled_from(
    """a b p div span table tr td th ul ol li h1 h2 h6 article main nav aside footer script style svg math
    iframe form input select textarea template noscript pre code blockquote q br hr img object embed
    frameset meta base link head body html title foo:bar x-y""".split()
)
TAGS = st.one_of(
    st.builds("<{}>".format, MARKS),
    st.builds("</{}>".format, MARKS),
    st.builds(
        "<{} {}='{}'>".format,
        MARKS,
        st.sampled_from(["class", "href", "id", "lang", "style", "on", "content"]),
        PROSE,
    ),
    st.builds("<{} ".format, MARKS),
    st.just(
        "<p>The boats sail in the morning and they come back at night with all of their passengers.</p>" * 4
    ),
)


@st.composite
def markdown(draw: st.DrawFn) -> bytes:
    front = "\n".join(f"{name}: {value}" for name, value in draw(FIELDS))
    fence = draw(st.sampled_from(["---\n", "---", "", "--- \n", "\ufeff---\n"]))
    body = "\n".join(draw(st.lists(st.one_of(PROSE, TAGS), max_size=12)))
    return f"{fence}{front}\n{fence}{body}".encode(
        draw(st.sampled_from(["utf-8", "utf-16", "cp1252"])), "replace"
    )


@st.composite
def web_pages(draw: st.DrawFn) -> bytes:
    parts = draw(st.lists(st.one_of(TAGS, PROSE), max_size=40))
    start = draw(st.sampled_from(["", "<!doctype html>", FERRY_PAGE[:900], FERRY_PAGE]))
    charset = draw(st.sampled_from(["utf-8", "gb18030", "utf-16", "shift_jis", "cp1252"]))
    return f"{start}{''.join(parts)}".encode(charset, "replace")


# Of PDF and XML: structure in the wrong place.
TOKENS = [
    b"<<",
    b">>",
    b"[",
    b"endobj",
    b" 0 R",
    b"1 0 R",
    b"stream\n",
    b"999999999999",
    b"-1",
    b"<w:p>",
    b"&x;",
]


def mutated(raw: bytes) -> st.SearchStrategy[bytes]:
    """A whole document with pieces overwritten, cut out, doubled or moved."""

    @st.composite
    def build(draw: st.DrawFn) -> bytes:
        out = bytearray(raw)
        for _ in range(draw(st.integers(1, 8))):
            start = draw(st.integers(0, max(0, len(out) - 1)))
            end = min(len(out), start + draw(st.integers(0, 60)))
            same = bytes(out[start:end])
            piece = draw(st.one_of(st.binary(max_size=30), st.sampled_from([b"", same * 3, *TOKENS])))
            out[start:end] = piece
        return bytes(out)

    return build()


REPORT = pdf(
    [page(["The boats sail in the morning,", "and they come back.", "", "Then it is night."])] * 3,
    {"Title": "Boats"},
)
ODT = (
    '<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text>{}</office:text>'
    "</office:body></office:document>"
)
LETTER = docx(paragraph("The boats sail.", "Heading1") + paragraph("They come back.") * 3)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(LIMITS) as one:
        yield one


def read(sandbox: Sandbox, kind: Kind, raw: bytes) -> None:
    """Read, and insist on an article that reads back or a reason that is the document's."""
    try:
        draft = sandbox.read(kind, raw, "fuzz")
    except Unreadable as error:
        broken = BROKEN[:1] if kind in STOPPED_AT_WORST else BROKEN
        assert str(error) and not str(error).startswith(broken), (kind, raw)
        return
    written = markdown_file(draft)
    try:
        article = parse_article("fuzz", "fuzz.md", written)
    except ArticleError as error:
        # Front matter can hold more than an article may; the intake refuses it with this reason.
        assert error.reason
        return
    assert article.text == draft.text
    assert (article.publisher, article.author, article.url) == (draft.publisher, draft.author, draft.url)
    for value in (article.title, article.publisher, article.author):
        assert value is None or value == clean_line(value)


@given(markdown())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_markdown_and_front_matter(sandbox: Sandbox, raw: bytes) -> None:
    read(sandbox, "markdown", raw)


@given(
    st.one_of(
        mutated(FERRY_TEXT.encode()), st.lists(PROSE).map("\n".join).map(str.encode), st.binary(max_size=400)
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_plain_text(sandbox: Sandbox, raw: bytes) -> None:
    read(sandbox, "text", raw)


@given(st.one_of(web_pages(), mutated(FERRY_PAGE.encode())))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_web_pages(sandbox: Sandbox, raw: bytes) -> None:
    read(sandbox, "page", raw)


@given(mutated(REPORT))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_pdf(sandbox: Sandbox, raw: bytes) -> None:
    read(sandbox, "pdf", raw)


@given(mutated(LETTER))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_word_documents(sandbox: Sandbox, raw: bytes) -> None:
    read(sandbox, "docx", raw)


OTHERS: dict[Kind, bytes] = {
    "odt": archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": ODT.format("<text:p>The boats sail.</text:p>" * 3),
            "styles.xml": ODT.format(""),
        }
    ),
    "rtf": rb"{\rtf1{\info{\author Ada}}{\b The boats} sail.\par{\v hidden}{\strike 40} 55\super 2\par}",
    "rst": b"Boats\n=====\n\n.. include:: /etc/hostname\n\n* sail\n\n+---+---+\n| a | b |\n+---+---+\n",
    "org": b"* Boats\n\n#+INCLUDE: /etc/hostname\n\n| a | b |\n|---+---|\n| 1 | 2 |\n\n- sail :: at night\n",
    "mediawiki": b"= Boats =\n\n{| \n! a !! b\n|-\n| 1 || colspan=2 | 2\n|}\n\n<s>old</s> <ref>note</ref>\n",
    "notebook": b'{"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["# Boats"]}], "metadata": '
    b'{}, "nbformat": 4, "nbformat_minor": 5}',
    "csv": b'Boat;Price\nSloop;14\n"Barge\nbig";22\n',
    "mail": b"From: Ada <a@b.example>\nSubject: =?utf-8?q?Boats?=\nDate: Thu, 2 May 2024 10:02:00 +0200\n"
    b"Content-Type: text/html; charset=utf-8\n\n<p>The boats <b>sail</b>.</p>\n",
    "slack": b'[{"user": "U1", "ts": "1714644120.0001", "text": "Which boat, <@U2>?", "thread_ts": "17"}]',
}


@pytest.mark.parametrize("kind", OTHERS)
@given(data=st.data())
@settings(
    max_examples=max(20, settings().max_examples // 5),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_other_formats(sandbox: Sandbox, kind: Kind, data: st.DataObject) -> None:
    read(sandbox, kind, data.draw(mutated(OTHERS[kind])))


@given(PROSE, st.lists(st.one_of(PROSE, TAGS), max_size=8), markdown())
def test_what_runs_outside_of_the_walls_takes_anything(title: str, paragraphs: list[str], raw: bytes) -> None:
    assert slug(title)
    assert len(without_furniture(paragraphs).paragraphs) <= len(paragraphs)
    # Outside of code, nothing that a browser would obey is left.
    clean = without_html("".join(paragraphs).translate({ord("`"): None, ord("~"): None}))
    assert not LIVE.search(clean), clean
    copies = tuple(line for line in map(clean_line, paragraphs[:3]) if line)
    try:
        article = parse_article("a", "a.md", raw)
        after = parse_article("a", "a.md", with_copies("a.md", raw, copies))
    except ArticleError as error:
        assert error.reason
    else:
        # Blank lines on top are the body's where there is no front matter, and nobody's where there is.
        top = article.text.removesuffix(after.text)
        assert after.text == article.text[len(top) :] and not top.strip(" \t\n")
        assert (after.title, after.url) == (article.title, article.url)
        assert after.also == tuple(dict.fromkeys(copies))
    assert markdown_file(Draft(text=clean, title=clean_line(title)))
