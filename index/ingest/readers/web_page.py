"""A web page -> a `Draft`: the article without what stands around it, and what the page says of it.

Which part is the article is decided by trafilatura, in its precise mode.  Token F1 against the text
that a person marked, on the 181 news and blog pages of the article extraction benchmark
(`python -m tests.benchmarks --only extraction --split all`): this module 0.971, trafilatura as it
comes 0.948, readability 0.953, jusText 0.717, all text of the page 0.652.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from index.ingest.document import (
    MAX_TITLE_CHARS,
    PARSER_FAULTS,
    Draft,
    LeftOut,
    Unreadable,
    clean_language,
    clean_line,
    clean_text,
    clean_url,
    iso_date,
    left_out,
    script_language,
)
from index.ingest.readers.decoding import decode
from index.ingest.readers.furniture import Cleared, without_furniture
from index.ingest.readers.markup import escaped, escaped_paragraph
from index.ingest.readers.page_parts import PageParts, with_asides
from index.ingest.readers.tree import code, fenced, tree_draft
from index.reasons import Reason, Why

# No page of the benchmark falls below this; one that does says "not found", "enable JavaScript" or
# "sign in".  Scripts without spaces count two characters as a word.
MIN_WORDS = 40
# Of running text: a list of headlines has many words and hardly a sentence.
MIN_PARAGRAPH_WORDS = 12
# The most linked article of the benchmark reaches 0.42.
MAX_LINKED = 0.6
# The most that an article of the benchmark leaves aside of its tables is a tenth.
MAX_MISSED = 0.5
# Rows, items, definitions and questions, of which a page of links or an error has none.
MIN_STRUCTURE = 3
_STRUCTURE = re.compile(r"^(?:\||[ \t]*[-*] |[ \t]*\d+[.)] |: |#+ .*\?$|\*\*.*\?\*\*$)", re.MULTILINE)
MIN_NOTICE_WORDS = 5
_NO_CONTENT = re.compile(
    r"enable javascript|javascript is (?:disabled|required)|page (?:was )?not found|access denied",
    re.IGNORECASE,
)
_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f\uac00-\ud7af]")
_PASSWORD = re.compile(r"""<input\b[^>]{0,500}\btype\s*=\s*["']?password""", re.IGNORECASE)
_SAVED_FROM = re.compile(r"<!--\s{0,5}saved from url=\(\d{1,6}\)(\S{1,2000})\s{0,5}-->")
_LANGUAGE = re.compile(
    r"""<html\b[^>]{0,2000}?\b(?:xml:)?lang\s*=\s*["']?([A-Za-z_-]{2,20})""", re.IGNORECASE
)
_MAX_LIST_DEPTH = 6
# For a line break, which is told from a new line in the page's source by it.
_BREAK = "\v"


def read_web_page(raw: bytes, name: str, charset: str | None = None, url: str | None = None) -> Draft:
    """Return the article in a page; raise `Unreadable` for a login, a list of links and the like."""
    return page_draft(decode(raw, charset), url)


def read_archive(raw: bytes, name: str, charset: str | None = None, url: str | None = None) -> Draft:
    """Return the page in a web archive (`.mhtml`), which browsers save as a mail with attachments."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            page = part.get_payload(decode=True)
            address = part.get("Content-Location") or message.get("Snapshot-Content-Location")
            if isinstance(page, bytes):
                return page_draft(
                    decode(page, part.get_content_charset()), url or clean_url(str(address or ""))
                )
    raise Unreadable(Why.ARCHIVE_WITHOUT_PAGE)


def page_draft(html: str, url: str | None = None) -> Draft:
    """Return the article in the text of a page, which was saved, or came from `url`."""
    # Neither can be in a document, and the parser refuses a whole page for one of them.
    html = html.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
    saved = _SAVED_FROM.search(html[:4096])
    address = url or clean_url(saved[1] if saved else None)
    parts = PageParts(html)
    page, aside = parts.article_html()
    document, cleared = _extracted(page, aside, address, precise=True)
    if _running_words(cleared.paragraphs) < MIN_WORDS:
        # The precise mode takes a list of tips with pictures for furniture, one page in 181.
        document, cleared = _extracted(page, aside, address, precise=False)
    blocks = list(cleared.paragraphs)
    missed = sum(words(block) for part in aside if part and part[0] not in blocks for block in part)
    left: tuple[LeftOut, ...] = ()
    if _running_words(blocks) < MIN_WORDS or missed > MAX_MISSED * sum(map(words, blocks)):
        # A list of questions, a table or a glossary, in which there is no running text to be found.
        whole = _whole_draft(parts)
        if whole is None or not _is_kept(whole.text, html, is_file=url is None):
            raise _no_article(html)
        blocks, left = whole.text.rstrip("\n").split("\n\n"), whole.left_out
    linked = _linked_share(html, blocks)
    if linked > MAX_LINKED:
        whole = _whole_draft(parts)
        if url is not None or whole is None:
            raise Unreadable(Why.LINKS)
        blocks, left = whole.text.rstrip("\n").split("\n\n"), whole.left_out
    title = _title(document, blocks)
    # Nearly every theme prints the title above the text once more.
    blocks = [block for number, block in enumerate(blocks) if number > 2 or block.lstrip("# ") != title]
    text = clean_text("\n\n".join(blocks))
    address = url or address or clean_url(document.url if document is not None else None)
    language = _LANGUAGE.search(html[:20000])
    said = language[1] if language else document.language if document is not None else None
    return Draft(
        text=text,
        title=title,
        publisher=clean_line(cleared.publisher)
        or _publisher(document.sitename if document is not None else None, address),
        author=_author(document.author if document is not None else None) or clean_line(cleared.author),
        published=iso_date(document.date) if document is not None else None,
        language=script_language(text) or clean_language(said),
        url=address,
        left_out=left_out([*parts.left, *(("furniture", piece) for piece in parts.left_of(text))]) or left,
        warnings=(Reason(Why.MOSTLY_LINKS),) if linked > MAX_LINKED else (),
    )


def whole_page(html: str) -> Draft:
    """Return all text of a page, such as that of a mail."""
    draft = _whole_draft(PageParts(html.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")))
    if draft is None:
        raise Unreadable(Why.NO_TEXT)
    return draft


def _whole_draft(parts: PageParts) -> Draft | None:
    try:
        return tree_draft(parts.whole())
    except Unreadable:
        return None


def _is_kept(text: str, html: str, is_file: bool) -> bool:
    """Return whether the text of a page without running text is meant, and no error or login."""
    if _PASSWORD.search(html):
        return False
    structured = len(_STRUCTURE.findall(text))
    if structured >= MIN_STRUCTURE:
        return True
    return (
        is_file
        and words(text) >= MIN_NOTICE_WORDS
        and "<script" not in html.lower()
        and not _NO_CONTENT.search(text)
    )


def words(text: str) -> int:
    """Return the number of words of a text; of scripts without spaces, half of its characters."""
    spaceless = len(_SPACELESS.findall(text))
    return len(_SPACELESS.sub(" ", text).split()) + spaceless // 2


def _extracted(html: str, aside: list[list[str]], url: str | None, *, precise: bool) -> tuple[Any, Cleared]:
    # A quarter of a second, which documents of other kinds need not wait.
    from trafilatura import bare_extraction

    try:
        document: Any = bare_extraction(
            html,
            url=url,
            favor_precision=precise,
            include_comments=False,
            include_tables=True,
            with_metadata=True,
            # A date found by searching all text is as often that of something else.
            date_extraction_params={"extensive_search": False, "original_date": True},
        )
    except PARSER_FAULTS as error:
        raise Unreadable(Why.BROKEN_HTML) from error
    found = _markdown_blocks(document.body) if document is not None else ()
    return document, without_furniture([block for mark in found for block in with_asides(mark, aside)])


def _running_words(blocks: Iterable[str]) -> int:
    counts = (words(line) for block in blocks for line in block.splitlines())
    return sum(count for count in counts if count >= MIN_PARAGRAPH_WORDS)


def _linked_share(html: str, blocks: Iterable[str]) -> float:
    """Return the share of the text, 0..1, that is the words of links."""
    from lxml import etree
    from lxml import html as html_parser

    text = _words(" ".join(blocks))
    try:
        root = html_parser.fromstring(html.encode(), parser=html_parser.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError):
        return 0.0
    linked = (_words("".join(link.itertext())) for link in root.iter("a"))
    return sum(len(words) for words in linked if len(words) > 3 and words in text) / max(1, len(text))


def _no_article(html: str) -> Unreadable:
    if _PASSWORD.search(html):
        return Unreadable(Why.LOGIN)
    return Unreadable(Why.NO_ARTICLE)


def _title(document: Any, blocks: list[str]) -> str | None:
    title = clean_line(document.title, MAX_TITLE_CHARS) if document is not None else None
    site = clean_line(document.sitename) if document is not None else None
    if title is None:
        heading = next((block for block in blocks if block.startswith("#")), None)
        return clean_line(heading.lstrip("# "), MAX_TITLE_CHARS) if heading else None
    for mark in ("|", "-", "–", "—", "·", "•", ":"):
        head, _, tail = title.rpartition(f" {mark} ")
        if head and site and tail.casefold() == site.casefold():
            return head.strip()
    if site and title.casefold().startswith(f"{site.casefold()}: "):
        return title[len(site) + 2 :].strip() or title
    return title


def _author(names: str | None) -> str | None:
    """Split several names, which trafilatura parts by semicolons."""
    author = clean_line((names or "").replace(";", ","))
    return author if author and not author.startswith(("http://", "https://")) else None


def _publisher(sitename: str | None, url: str | None) -> str | None:
    return clean_line((sitename or "").lstrip("@")) or _host(url)


def _host(url: str | None) -> str | None:
    host = urlsplit(url).hostname if url else None
    return host.removeprefix("www.") if host else None


def _markdown_blocks(body: Any) -> Iterator[str]:
    """Yield the paragraphs, headings, lists, tables, quotes and code of trafilatura's tree."""
    if body is None:
        return
    loose: list[str] = [body.text or ""]
    for element in body:
        if not isinstance(element.tag, str):
            loose.append(element.tail or "")
            continue
        if element.tag in _BLOCKS:
            yield from _loose(loose)
            yield from (block for block in _block(element) if block.strip())
            loose = [element.tail or ""]
        else:
            loose += [_inline(element), element.tail or ""]
    yield from _loose(loose)


_BLOCKS = frozenset({"p", "head", "list", "quote", "table", "code", "div", "body", "main", "graphic"})


def _loose(texts: list[str]) -> Iterator[str]:
    text = _lines("".join(texts))
    if text:
        yield escaped_paragraph(text)


def _block(element: Any) -> Iterator[str]:
    match element.tag:
        case "head":
            text = _words(_inline(element))
            if text:
                yield f"{'#' * _level(element.get('rend'))} {escaped(text)}"
        case "list":
            yield "\n".join(_list_lines(element, 0))
        case "table":
            # Only one that lays out a page is left in it; others were set aside.
            cells = (_words(_inline(cell)) for row in element.iter("row") for cell in row)
            yield from (escaped_paragraph(text) for text in cells if text)
        case "code":
            text = "".join(element.itertext()).strip("\n")
            if "\n" in text:
                yield fenced(text)
            elif text.strip():
                yield escaped_paragraph(text.strip())
        case "quote":
            for block in _markdown_blocks(element):
                yield "\n".join(f"> {line}" for line in block.splitlines())
        case "graphic":
            return
        case "p":
            yield from (escaped_paragraph(lines) for lines in [_lines(_inline(element))] if lines)
        case _:
            yield from _markdown_blocks(element)


def _level(rend: str | None) -> int:
    # The first level is the title's.
    return min(6, max(2, int(rend[1]))) if rend and re.fullmatch(r"h\d", rend) else 2


def _list_lines(element: Any, depth: int) -> Iterator[str]:
    numbered = element.get("rend") == "ol"
    for number, item in enumerate(element.iterchildren("item"), 1):
        nested = list(item.iterchildren("list"))
        text = _words(_inline(item, skip="list"))
        if text:
            mark = f"{number}." if numbered else "-"
            yield f"{'  ' * depth * (1 + numbered)}{mark} {escaped(text)}"
        if depth < _MAX_LIST_DEPTH:
            for inner in nested:
                yield from _list_lines(inner, depth + 1)


def _inline(element: Any, skip: str | None = None) -> str:
    texts = [element.text or ""]
    for child in element:
        if child.tag != skip:
            if child.tag == "lb":
                texts.append(_BREAK)
            elif child.tag == "code" and "\n" not in (child.text or ""):
                texts.append(code("".join(child.itertext())))
            elif isinstance(child.tag, str) and child.tag != "graphic":
                texts.append(_inline(child, skip))
                if child.tag in _BLOCKS:
                    texts.append("\n")
        texts.append(child.tail or "")
    return "".join(texts)


def _words(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> str:
    """Return words whose line breaks, of which a source has more than the page shows, are Markdown's."""
    return "  \n".join(line for line in map(_words, text.split(_BREAK)) if line)
