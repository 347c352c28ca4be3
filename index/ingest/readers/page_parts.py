"""The elements of a web page before the article is looked for: hidden and struck text gone, raised figures
written as what they are, and what is more than paragraphs set aside.

Tables, definitions and code are set aside and a paragraph with a mark put in their place, since what
finds the article knows little of them; pandoc reads them, all at once.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from index.ingest.document import Unreadable, What
from index.ingest.readers.markup import lowered, raised
from index.ingest.readers.pandoc import tree
from index.ingest.readers.tree import Writer
from index.reasons import Why

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_STYLE_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_STYLE_STRUCK = re.compile(r"text-decoration[^;]*line-through", re.IGNORECASE)
# What a click shows: tabs, accordions, and whatever another element says that it controls.
_OPENS = re.compile(r"tab|accord|collaps|toggle|expand|faq|answer|panel", re.IGNORECASE)
_NOTE_CLASS = re.compile(r"reference|footnote|noteref|cite", re.IGNORECASE)
_SET_ASIDE = ("table", "dl", "pre")
_MARKED = re.compile(r"footnoteaside(\d+)begins\b.*?\bfootnoteaside\1ends", re.DOTALL)
# What does not belong to the text, wherever it stands.
_NEVER = (
    *"script style template noscript iframe object embed".split(),
    *"svg canvas form nav button select textarea".split(),
)
_AROUND = "header footer aside".split()
_HTML_BLOCK = re.compile(r"^<(table|dl|details)\b", re.IGNORECASE | re.MULTILINE)
_MAX_ASIDE = 500
_MAX_HTML_CHARS = 200_000
# Of the words of a table without heads: more of them in links are a menu.
_MENU_SHARE = 0.7
# What is shorter is a label, and no loss.
_FURNITURE_WORDS = 6


class PageParts:
    """One page, on its way to whatever finds the article in it."""

    def __init__(self, html: str) -> None:
        """Raise `Unreadable` if the page has no element at all."""
        from lxml import etree
        from lxml import html as parser

        self.left: list[tuple[What, str]] = []
        try:
            self.root: Any = parser.document_fromstring(
                html.encode(), parser=parser.HTMLParser(encoding="utf-8", remove_comments=True)
            )
        except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
            raise Unreadable(Why.BROKEN_HTML) from error
        self._drop_controls()
        self._drop_hidden()
        self._drop_struck()
        self._write_raised()
        for summary in list(self.root.iter("summary")):
            summary.tag = "h3"
        for details in list(self.root.iter("details")):
            details.tag = "div"
        for bold in self.root.xpath("//p/b|//p/strong"):
            paragraph, words = bold.getparent(), _visible_text(bold).strip()
            if words.endswith("?") and words == _visible_text(paragraph).strip():
                paragraph.tag = "h4"

    def _drop_controls(self) -> None:
        """Drop the control characters that HTML may hold and the tree lets nobody write back."""
        for element in self.root.iter():
            for part in ("text", "tail"):
                held = getattr(element, part)
                if held and _CONTROLS.search(held):
                    setattr(element, part, _CONTROLS.sub("", held))

    def article_html(self) -> tuple[str, list[list[str]]]:
        """Return the page with marks in place of the parts set aside, and the Markdown of those."""
        from lxml import html as parser

        root, aside = copy.deepcopy(self.root), list[str]()
        for element in [one for one in root.iter(*_SET_ASIDE) if _is_structure(one)]:
            if len(aside) == _MAX_ASIDE or element.getparent() is None or _has_ancestor(element, _SET_ASIDE):
                continue
            tail, element.tail = element.tail, None
            number = len(aside)
            aside.append(str(parser.tostring(element, encoding="unicode")))
            words = " ".join(_visible_text(element).split())
            mark = element.makeelement("p")
            mark.text = f"footnoteaside{number}begins {words} footnoteaside{number}ends"
            mark.tail = tail
            element.getparent().replace(element, mark)
        page = str(parser.tostring(root, encoding="unicode"))
        return page, self._blocks_of(aside)

    def whole(self) -> dict[str, Any]:
        """Return the tree of all text of the page, but for menus, forms and what stands around the text."""
        from lxml import html as parser

        root = copy.deepcopy(self.root)
        body = root.find("body")
        if body is None:
            body = root
        body = next(iter(body.iter("main")), body)
        for element in list(body.iter(*_NEVER, *(_AROUND if body.tag != "main" else ()))):
            # A header within an article bears its title.
            if element.tag == "header" and element.find(".//h1") is not None:
                continue
            if element.tag == "button" and element.getparent().tag in ("h2", "h3", "h4", "h5", "dt"):
                continue
            element.drop_tree()
        for element in body.xpath(".//*[contains(@class,'breadcrumb') or contains(@id,'breadcrumb')]"):
            if element.getparent() is not None:
                element.drop_tree()
        for table in [one for one in body.iter("table") if not _is_structure(one)]:
            for part in table.iter("table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"):
                part.tag = "div"
        return tree(str(parser.tostring(body, encoding="unicode")).encode(), "html")

    def left_of(self, text: str) -> Iterator[str]:
        """Yield the paragraphs and items of the page, but for those of a menu, that are not in a text."""
        letters = _letters(text)
        for element in self.root.iter("p", "li", "dd", "td", "h2", "h3", "h4", "blockquote"):
            words = _visible_text(element).split()
            if (
                len(words) >= _FURNITURE_WORDS
                and not _has_ancestor(element, (*_NEVER, *_AROUND))
                and element.find(".//p") is None
                and _letters(" ".join(words)) not in letters
            ):
                yield " ".join(words)

    def _blocks_of(self, aside: list[str]) -> list[list[str]]:
        if not aside:
            return []
        found = tree("".join(f"<div>{one}</div>" for one in aside).encode(), "html")["blocks"]
        writer = Writer()
        blocks = [writer.blocks(node["c"][1]) if node["t"] == "Div" else [] for node in found]
        return blocks if len(blocks) == len(aside) else [[] for _ in aside]

    def _drop_hidden(self) -> None:
        names = self.root.xpath("//@aria-controls|//@data-target|//@data-bs-target|//a/@href[.!='#']")
        controlled = {name.lstrip("#") for name in names}
        for element in list(self.root.xpath("//*[@hidden or @style]")):
            style = element.get("style") or ""
            if element.get("hidden") is None and not _STYLE_HIDDEN.search(style):
                continue
            opens = " ".join([element.get("class") or "", element.get("role") or "", element.get("id") or ""])
            if _OPENS.search(opens) or element.get("id") in controlled:
                for name in ("hidden", "style", "aria-hidden"):
                    element.attrib.pop(name, None)
            elif element.tag not in ("html", "body"):
                self._drop(element, "hidden text")

    def _drop_struck(self) -> None:
        struck = self.root.xpath("//del|//s|//strike|//*[contains(@style,'line-through')]")
        for element in struck:
            if element.tag in ("del", "s", "strike") or _STYLE_STRUCK.search(element.get("style") or ""):
                self._drop(element, "struck text")

    def _drop(self, element: Any, what: What) -> None:
        if element.getparent() is not None:
            text = " ".join(_visible_text(element).split())
            if text:
                self.left.append((what, text))
            element.drop_tree()

    def _write_raised(self) -> None:
        for element in list(self.root.iter("sup", "sub")):
            text, before = _visible_text(element), _text_before(element)
            named = _NOTE_CLASS.search(element.get("class") or "")
            is_note = named or element.find(".//a[@href]") is not None
            tail = element.tail or ""
            if element.tag == "sub":
                written = lowered(before, text)
            else:
                written = "" if is_note else raised(before, text)
            # Removed with its tail, which is put back behind what stands for it now.
            previous, parent = element.getprevious(), element.getparent()
            if previous is not None:
                previous.tail = (previous.tail or "") + written + tail
            else:
                parent.text = (parent.text or "") + written + tail
            element.tail = None
            parent.remove(element)


def without_blocks_of_html(markdown: str, left: list[tuple[What, str]]) -> str:
    """Return Markdown in which tables, definitions and folded parts are Markdown instead of HTML."""
    written, start = "", 0
    for opening in islice(_HTML_BLOCK.finditer(markdown), _MAX_ASIDE):
        if opening.start() < start:
            continue
        depth, end = 0, None
        piece = markdown[opening.start() : opening.start() + _MAX_HTML_CHARS]
        for tag in re.finditer(rf"<(/?){opening[1]}\b", piece, re.IGNORECASE):
            depth += -1 if tag[1] else 1
            if depth == 0:
                end = markdown.find(">", opening.start() + tag.end()) + 1
                break
        if not end:
            continue
        try:
            parts = PageParts(markdown[opening.start() : end])
            blocks = Writer().blocks(parts.whole()["blocks"])
        except Unreadable:
            continue
        left += parts.left
        written += markdown[start : opening.start()] + "\n\n" + "\n\n".join(blocks) + "\n\n"
        start = end
    return written + markdown[start:]


def with_asides(block: str, aside: list[list[str]]) -> Iterator[str]:
    """Return a block of the article, followed by the part set aside if it has a mark."""
    found = [int(match[1]) for match in _MARKED.finditer(block)]
    if not found:
        yield block
        return
    rest = _MARKED.sub("", block)
    if re.search(r"\w", rest):
        yield rest
    for number in found:
        if number < len(aside):
            yield from aside[number]


def _is_structure(element: Any) -> bool:
    """Return whether a table holds values, as definitions and code do, and not the layout of a page."""
    if element.tag == "pre":
        return "\n" in _visible_text(element).strip() or element.find(".//br") is not None
    if element.tag == "dl":
        return element.find(".//dt") is not None
    if element.get("role") in ("presentation", "none") or element.find(".//h1") is not None:
        return False
    rows = element.findall(".//tr")
    cells = element.findall(".//td") + element.findall(".//th")
    if len(rows) < 2 or max((len(row.findall("td")) + len(row.findall("th")) for row in rows), default=0) < 2:
        return False
    if element.find(".//th") is None and element.find(".//table") is not None:
        return False
    long = [cell for cell in cells if len(_visible_text(cell)) > 600 or len(cell.findall(".//p")) > 5]
    linked = sum(len(_visible_text(link)) for link in element.iter("a"))
    is_menu = linked >= _MENU_SHARE * len(_visible_text(element)) and element.find(".//th") is None
    return not long and not is_menu


def _visible_text(element: Any) -> str:
    return "".join(element.itertext())


def _text_before(element: Any) -> str:
    previous = element.getprevious()
    if previous is None:
        return str(element.getparent().text or "")
    return str(previous.tail or "") or _visible_text(previous)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text)


def _has_ancestor(element: Any, tags: tuple[str, ...]) -> bool:
    return next(element.iterancestors(*tags), None) is not None
