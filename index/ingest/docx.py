"""A Word document (.docx) -> a `Draft`: headings, paragraphs, lists and tables from its XML.

Read here and not by a library, because a document is a zip of XML that anybody can send: only
named members are opened, each up to a limit, nothing is unpacked to disk, and XML that declares a
document type, and with it entities, is refused before any of it is expanded.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from index.ingest.draft import (
    MAX_TITLE_CHARS,
    Draft,
    Unreadable,
    clean_language,
    clean_line,
    clean_text,
    iso_date,
    script_language,
)
from index.ingest.markup import escaped, escaped_paragraph
from index.ingest.web_page import table_lines

# A novel is 3 MB of WordprocessingML; a zip bomb is gigabytes in a few kilobytes.
MAX_MEMBER_BYTES = 64 * 1000 * 1000
MAX_MEMBERS = 10_000
DOCUMENT, STYLES, NUMBERING, PROPERTIES = (
    "word/document.xml",
    "word/styles.xml",
    "word/numbering.xml",
    "docProps/core.xml",
)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W_STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_MAX_TABLE_DEPTH = 4
# python-docx's template was saved then, and what programs make of it says so for ever.
_TEMPLATE_DATE = "2013-12-23"
_HEADING = re.compile(r"heading ([1-9])")


def read_docx(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """The text of a Word document with its structure; formatting, notes and deletions are left out."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if len(archive.infolist()) > MAX_MEMBERS:
                raise Unreadable(f"has more than {MAX_MEMBERS:,} parts, which no document has.")
            document = _member(archive, DOCUMENT)
            if document is None:
                raise Unreadable("is a zip archive and no Word document. Add the documents that are in it.")
            styles, numbering = _member(archive, STYLES), _member(archive, NUMBERING)
            properties = _member(archive, PROPERTIES)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise Unreadable(f"is a damaged Word document ({error}). Save it once more as .docx.") from error
    except RuntimeError as error:  # what zipfile raises for a member that wants a password
        raise Unreadable("is encrypted. Save it without a password, and add it again.") from error
    word = _Word(_styles(styles), _numbering(numbering))
    body = _child(document, "body")
    blocks = [block for block in word.blocks(body) if block.strip()] if body is not None else []
    if not blocks:
        raise Unreadable("holds no text. If it holds a picture of a text, add the text itself.")
    facts = _facts(properties)
    title = clean_line(word.title or facts.get("title"), MAX_TITLE_CHARS)
    if title is None and blocks[0].startswith("#") and len(blocks) > 1:
        title = clean_line(blocks[0].lstrip("# "), MAX_TITLE_CHARS)
    if title is not None and blocks[0].lstrip("# ") == escaped(title) and len(blocks) > 1:
        blocks = blocks[1:]
    text = clean_text("\n\n".join(blocks))
    return Draft(
        text=text,
        title=title,
        author=clean_line((facts.get("creator") or "").replace(";", ",")),
        published=_date(facts),
        language=script_language(text) or clean_language(facts.get("language")),
    )


def _date(facts: dict[str, str]) -> str | None:
    """When it was last saved: many a document began as a copy of last year's, and bears its birthday."""
    dates = (facts.get(name) for name in ("modified", "created"))
    return next((iso_date(date) for date in dates if date and not date.startswith(_TEMPLATE_DATE)), None)


def _member(archive: zipfile.ZipFile, name: str) -> Any:
    """The parsed XML of one part; None where there is none."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    # What the archive says of its size may be a lie: read on until there is more than allowed.
    with archive.open(info) as stream:
        raw = stream.read(MAX_MEMBER_BYTES + 1)
    if len(raw) > MAX_MEMBER_BYTES:
        raise Unreadable(
            f"unpacks to more than {MAX_MEMBER_BYTES / 1e6:.0f} MB. Split it into several documents."
        )
    return safe_xml(raw)


def safe_xml(raw: bytes) -> Any:
    """The root of an XML document that declares no entities, and reaches for no other file."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"is a damaged Word document ({error.msg}). Save it once more as .docx.") from error
    if root.getroottree().docinfo.doctype:
        raise Unreadable("declares XML entities, which no Word document does. It is not read.")
    return root


@dataclass
class _Word:
    """One document on its way to Markdown: what its styles mean, and how far its lists have counted."""

    styles: dict[str, str]
    numbered: set[tuple[str, str]]
    """Lists and levels that count, rather than having bullets."""
    title: str | None = None
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def blocks(self, parent: Any, depth: int = 0) -> Iterator[str]:
        items: list[str] = []
        for element in parent:
            tag = _tag(element)
            item = self._list_item(element) if tag == "p" else None
            if item is not None:
                items.append(item)
                continue
            if items:
                yield "\n".join(items)
                items = []
            if tag == "p":
                yield from self._paragraph(element)
            elif tag == "tbl" and depth < _MAX_TABLE_DEPTH:
                yield "\n".join(table_lines([self._row(row) for row in _children(element, "tr")]))
            elif tag in ("sdt", "sdtContent", "ins", "customXml", "smartTag"):
                yield from self.blocks(element, depth)
        if items:
            yield "\n".join(items)

    def _paragraph(self, element: Any) -> Iterator[str]:
        text = _text(element)
        style = self.styles.get(_value(_child(_child(element, "pPr"), "pStyle")) or "", "")
        heading = _HEADING.fullmatch(style)
        if not text or style.startswith("toc "):
            return
        if style == "title" and self.title is None:
            self.title = text
        elif heading or style == "title":
            # The first level is the title's.
            level = min(6, max(2, int(heading[1]) + 1)) if heading else 2
            yield f"{'#' * level} {escaped(text)}"
        else:
            yield escaped_paragraph(text)

    def _list_item(self, element: Any) -> str | None:
        properties = _child(element, "pPr")
        style = self.styles.get(_value(_child(properties, "pStyle")) or "", "")
        number = _child(properties, "numPr")
        text = _text(element)
        if not text or _HEADING.fullmatch(style) or (number is None and not style.startswith("list ")):
            return None
        if number is None and style.startswith("list number"):
            self.counts[style, ""] += 1
            return f"{self.counts[style, '']}. {escaped(text)}"
        list_id, level = _value(_child(number, "numId")) or "0", _value(_child(number, "ilvl")) or "0"
        if list_id == "0" and number is not None:  # Word's way to take a paragraph out of its list
            return None
        indent = "  " * min(int(level) if level.isdigit() else 0, 6)
        if (list_id, level) not in self.numbered:
            return f"{indent}- {escaped(text)}"
        self.counts[list_id, level] += 1
        return f"{indent}{self.counts[list_id, level]}. {escaped(text)}"

    def _row(self, row: Any) -> list[str]:
        return [
            " ".join(filter(None, map(_text, cell.iter(f"{_W}p", f"{_W_STRICT}p"))))
            for cell in _children(row, "tc")
        ]


def _text(paragraph: Any) -> str:
    return " ".join("".join(_runs(paragraph)).split())


def _runs(paragraph: Any) -> Iterator[str]:
    """The visible words; text boxes come once, and neither deletions nor field codes are words."""
    # A stack and not recursion: how deep a document nests is its author's choice.
    stack = [iter(paragraph)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
            continue
        match _tag(element):
            case "t":
                yield element.text or ""
            case "tab" | "br" | "cr":
                yield " "
            case "noBreakHyphen":
                yield "-"
            case "del" | "moveFrom" | "instrText" | "Fallback" | "pPr" | "rPr" | "footnoteReference" | "":
                pass
            case _:
                stack.append(iter(element))


def _styles(root: Any) -> dict[str, str]:
    """Style id -> its English name in lower case, which Word keeps in every language."""
    if root is None:
        return {}
    return {
        _attribute(style, "styleId") or "": (_value(_child(style, "name")) or "").casefold()
        for style in _children(root, "style")
    }


def _numbering(root: Any) -> set[tuple[str, str]]:
    """Which levels of which lists have numbers or letters."""
    if root is None:
        return set()
    counting = {
        (_attribute(abstract, "abstractNumId"), _attribute(level, "ilvl") or "0")
        for abstract in _children(root, "abstractNum")
        for level in _children(abstract, "lvl")
        if (_value(_child(level, "numFmt")) or "bullet") not in ("bullet", "none")
    }
    return {
        (_attribute(number, "numId") or "", level)
        for number in _children(root, "num")
        for abstract, level in counting
        if abstract == _value(_child(number, "abstractNumId"))
    }


def _facts(root: Any) -> dict[str, str]:
    """The document's own title, creator, created and language."""
    return {} if root is None else {_tag(element): element.text or "" for element in root}


def _tag(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(parent: Any, tag: str) -> Iterator[Any]:
    return (element for element in parent if _tag(element) == tag)


def _child(parent: Any, tag: str) -> Any:
    return None if parent is None else next(_children(parent, tag), None)


def _value(element: Any) -> str | None:
    return None if element is None else _attribute(element, "val")


def _attribute(element: Any, name: str) -> str | None:
    value: str | None = element.get(f"{_W}{name}")
    if value is None:
        value = element.get(f"{_W_STRICT}{name}")
    return value
