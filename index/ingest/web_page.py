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

from index.ingest.decoding import decode
from index.ingest.draft import (
    MAX_TITLE_CHARS,
    PARSER_FAULTS,
    Draft,
    Unreadable,
    clean_language,
    clean_line,
    clean_text,
    clean_url,
    iso_date,
    script_language,
)
from index.ingest.furniture import Cleared, without_furniture
from index.ingest.markup import escaped, escaped_paragraph

# No page of the benchmark falls below this; one that does says "not found", "enable JavaScript" or
# "sign in".  Scripts without spaces count two characters as a word.
MIN_WORDS = 40
# Of running text: a list of headlines has many words and hardly a sentence.
MIN_PARAGRAPH_WORDS = 12
# The most linked article of the benchmark reaches 0.42.
MAX_LINKED = 0.6
_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f\uac00-\ud7af]")
_PASSWORD = re.compile(r"""<input\b[^>]{0,500}\btype\s*=\s*["']?password""", re.IGNORECASE)
_SAVED_FROM = re.compile(r"<!--\s{0,5}saved from url=\(\d{1,6}\)(\S{1,2000})\s{0,5}-->")
_LANGUAGE = re.compile(
    r"""<html\b[^>]{0,2000}?\b(?:xml:)?lang\s*=\s*["']?([A-Za-z_-]{2,20})""", re.IGNORECASE
)
_MAX_LIST_DEPTH = 6


def read_web_page(raw: bytes, name: str, charset: str | None = None, url: str | None = None) -> Draft:
    """The article in a page; raise `Unreadable` for a login, a list of links, and what else is none."""
    return page_draft(decode(raw, charset), url)


def read_archive(raw: bytes, name: str, charset: str | None = None, url: str | None = None) -> Draft:
    """The page in a web archive (`.mhtml`), which browsers save as a mail with attachments."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            page = part.get_payload(decode=True)
            address = part.get("Content-Location") or message.get("Snapshot-Content-Location")
            if isinstance(page, bytes):
                return page_draft(
                    decode(page, part.get_content_charset()), url or clean_url(str(address or ""))
                )
    raise Unreadable("is a web archive without a page in it. Save the page again, as HTML.")


def page_draft(html: str, url: str | None = None) -> Draft:
    """The article in the text of a page, which was saved, or came from `url`."""
    # Neither can be in a document, and the parser refuses a whole page for one of them.
    html = html.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
    saved = _SAVED_FROM.search(html[:4096])
    address = url or clean_url(saved[1] if saved else None)
    document, cleared = _extracted(html, address, precise=True)
    if _running_words(cleared.paragraphs) < MIN_WORDS:
        # The precise mode takes a list of tips with pictures for furniture, one page in 181.
        document, cleared = _extracted(html, address, precise=False)
    if document is None or _running_words(cleared.paragraphs) < MIN_WORDS:
        raise _no_article(html)
    blocks = list(cleared.paragraphs)
    if _linked_share(html, blocks) > MAX_LINKED:
        raise Unreadable("is a list of links and not an article. Give the address of the article itself.")
    title = _title(document, blocks)
    # Nearly every theme prints the title above the text once more.
    blocks = [block for number, block in enumerate(blocks) if number > 2 or block.lstrip("# ") != title]
    text = clean_text("\n\n".join(blocks))
    address = url or address or clean_url(document.url)
    language = _LANGUAGE.search(html[:20000])
    return Draft(
        text=text,
        title=title,
        publisher=clean_line(cleared.publisher) or _publisher(document.sitename, address),
        author=_author(document.author) or clean_line(cleared.author),
        published=iso_date(document.date),
        language=script_language(text) or clean_language(language[1] if language else document.language),
        url=address,
    )


def words(text: str) -> int:
    """How many words a text has; of scripts without spaces, half of its characters."""
    spaceless = len(_SPACELESS.findall(text))
    return len(_SPACELESS.sub(" ", text).split()) + spaceless // 2


def _extracted(html: str, url: str | None, *, precise: bool) -> tuple[Any, Cleared]:
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
        raise Unreadable(
            "is HTML that cannot be taken apart. Open it in a browser, save it once more, and add that."
        ) from error
    return document, without_furniture(list(_markdown_blocks(document.body)) if document is not None else [])


def _running_words(blocks: Iterable[str]) -> int:
    counts = (words(line) for block in blocks for line in block.splitlines())
    return sum(count for count in counts if count >= MIN_PARAGRAPH_WORDS)


def _linked_share(html: str, blocks: Iterable[str]) -> float:
    """How much of the text is the words of links."""
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
        return Unreadable(
            "asks for a login, so the article behind it cannot be read. Open it in your browser, save the "
            "page, and add the file."
        )
    return Unreadable(
        "is not an article: hardly any running text is in it. Give the address of the article itself; "
        "if its text appears only in a browser, save the page there and add the file."
    )


def _title(document: Any, blocks: list[str]) -> str | None:
    title = clean_line(document.title, MAX_TITLE_CHARS)
    site = clean_line(document.sitename)
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
    """trafilatura parts several names by semicolons."""
    author = clean_line((names or "").replace(";", ","))
    return author if author and not author.startswith(("http://", "https://")) else None


def _publisher(sitename: str | None, url: str | None) -> str | None:
    return clean_line((sitename or "").lstrip("@")) or _host(url)


def _host(url: str | None) -> str | None:
    host = urlsplit(url).hostname if url else None
    return host.removeprefix("www.") if host else None


def _markdown_blocks(body: Any) -> Iterator[str]:
    """The paragraphs, headings, lists, tables, quotes and code of trafilatura's tree."""
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
    text = _words("".join(texts))
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
            yield "\n".join(
                table_lines([[_words(_inline(cell)) for cell in row] for row in element.iter("row")])
            )
        case "code":
            code = "".join(element.itertext()).strip("\n")
            if "\n" in code:
                # Longer than any fence in it, so that none of them ends the block.
                fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", code)), default=0))
                yield f"{fence}\n{code}\n{fence}"
            elif code.strip():
                yield escaped_paragraph(code.strip())
        case "quote":
            for block in _markdown_blocks(element):
                yield "\n".join(f"> {line}" for line in block.splitlines())
        case "graphic":
            return
        case "p":
            yield from (escaped_paragraph(line) for line in [_words(_inline(element))] if line)
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


def table_lines(rows: list[list[str]]) -> list[str]:
    """A Markdown table; one of a single column is no table but a layout, and becomes paragraphs."""
    rows = [row for row in rows if any(row)]
    width = max(map(len, rows), default=0)
    if width < 2 or len(rows) < 2:
        return [line for row in rows for cell in row if cell for line in (escaped_paragraph(cell), "")][:-1]
    cells = [[escaped(cell).replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], "|" + "---|" * width, *lines[1:]]


def _inline(element: Any, skip: str | None = None) -> str:
    texts = [element.text or ""]
    for child in element:
        if child.tag != skip:
            if child.tag == "lb":
                texts.append("\n")
            elif isinstance(child.tag, str) and child.tag != "graphic":
                texts.append(_inline(child, skip))
                if child.tag in _BLOCKS:
                    texts.append("\n")
        texts.append(child.tail or "")
    return "".join(texts)


def _words(text: str) -> str:
    return " ".join(text.split())
