"""A Word document (.docx) -> a `Draft`: made plain here, so that pandoc reads what a page of it shows.

Taken out of the XML before are tracked deletions, hidden and struck text, and what only programs
read; put into it are the numbers that Word counts by itself, text boxes behind their paragraphs,
ticks of symbol fonts, the values of form fields, and what the page headers and footers say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from index.ingest.document import Draft, Unreadable, What
from index.ingest.readers.packages import members, package_facts, packed, parts_of_kind, safe_xml
from index.ingest.readers.pandoc import tree
from index.ingest.readers.tree import NUMBER, NUMBER_END, tree_draft
from index.ingest.readers.word_styles import (
    MAX_LEVEL,
    UNSAID,
    Numbering,
    Styles,
    W,
    find,
    integer,
    is_on,
    numbering_in,
    remove,
    style_id,
    styles_in,
    value,
)
from index.reasons import Why

_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(wordprocessingml/main|officeDocument/relationships)")
# Signs of the fonts that Word has for ticks and boxes, by font and code.
_SIGNS = {
    "wingdings": {0xFC: "✔", 0xFB: "✘", 0xFE: "☑", 0xFD: "☒", 0xA8: "☐", 0x6F: "☐", 0x78: "☒", 0x52: "☑"},
    "wingdings 2": {0x50: "✔", 0x4F: "✘", 0x52: "☑", 0x51: "☒", 0x54: "☒", 0x53: "☒", 0xA3: "☐", 0x30: "☐"},
    "webdings": {0x61: "✔", 0x72: "✘", 0x63: "☐"},
}
_PAGE_NUMBER = re.compile(r"[\W\d_]*(?:page|seite|página|pagina|of|von|de|sur|di|\W|\d)*", re.IGNORECASE)


def read_docx(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """Return the text of a Word document with its structure."""
    parts = members(raw)
    parts = {name: _STRICT.sub(_transitional, content) for name, content in parts.items()}
    main = _first(parts_of_kind(parts, "", "officeDocument"))
    if main is None or main not in parts:
        raise Unreadable(Why.NO_WORD)
    folder = main.rpartition("/")[0]
    relations = f"{folder}/_rels/{main.rpartition('/')[2]}.rels".lstrip("/")
    styles_part = _first(parts_of_kind(parts, main, "styles"))
    word = _Word(
        styles_in(_root(parts, styles_part)),
        numbering_in(_root(parts, _first(parts_of_kind(parts, main, "numbering")))),
    )
    root = safe_xml(parts[main])
    body = root.find(f"{W}body")
    if body is None:
        raise Unreadable(Why.DAMAGED_WORD)
    word.make_plain(body)
    word.add_running_heads(body, parts, main)
    kept = {
        name: content
        for name, content in parts.items()
        if name in ("[Content_Types].xml", "_rels/.rels", relations, "docProps/core.xml")
        or name.startswith(f"{folder}/theme")
    }
    kept[main] = _bytes(root)
    if styles_part in parts:
        kept[styles_part] = _bytes(word.styles.root)
    for kind in ("footnotes", "endnotes"):
        part = _first(parts_of_kind(parts, main, kind))
        if part in parts:
            notes = safe_xml(parts[part])
            word.make_plain(notes)
            kept[part] = _bytes(notes)
    if any("/comments" in f"/{name}" for name in parts):
        comments = (_text(safe_xml(parts[name])) for name in parts if name == f"{folder}/comments.xml")
        word.left += [("comments", text) for text in comments if text]
    return tree_draft(tree(packed(kept), "docx"), package_facts(parts), also_left_out=word.left)


@dataclass
class _Word:
    """One document on its way to pandoc."""

    styles: Styles
    numbering: Numbering
    left: list[tuple[What, str]] = field(default_factory=list)

    def make_plain(self, root: Any) -> None:
        """Change the XML of a body or of notes, so that plain readers see in it what a reader of it sees."""
        self._accept_changes(root)
        self._open_controls(root)
        self._place_text_boxes(root)
        for paragraph in list(root.iter(f"{W}p")):
            if self._is_contents(paragraph):
                self._drop(paragraph, "furniture")
                continue
            self._clear_runs(paragraph)
            self._write_number(paragraph)
        self._fill_fields(root)
        for picture in list(_all(root, "drawing", "pict", "object")):
            described = picture.xpath("string(.//*[local-name()='docPr']/@descr)")
            self.left.append(("pictures", described))
            picture.getparent().remove(picture)

    def add_running_heads(self, body: Any, parts: dict[str, bytes], main: str) -> None:
        """Put what headers say on top and what footers say below, each once, unless the text says it too."""
        said = _letters(_text(body))
        for kind, place in (("header", 0), ("footer", None)):
            for part in sorted(set(parts_of_kind(parts, main, kind).values())):
                root = _root(parts, part)
                if root is None:
                    continue
                self.make_plain(root)
                for paragraph in list(root.iter(f"{W}p")):
                    text = _text(paragraph)
                    letters = _letters(text)
                    if not letters or letters in said or _PAGE_NUMBER.fullmatch(text):
                        continue
                    said += letters
                    properties = paragraph.find(f"{W}pPr")
                    if properties is not None:
                        paragraph.remove(properties)
                    if place is None:
                        body.append(paragraph)
                    else:
                        body.insert(place + self._title_length(body), paragraph)
                        place += 1

    def _title_length(self, body: Any) -> int:
        """Return the number of paragraphs on top that are the title's, which pandoc looks for there."""
        count = 0
        for paragraph in body:
            names = {style.name for style in self.styles.chain(style_id(paragraph))}
            if not names & {"title", "subtitle", "author", "date"}:
                break
            count += 1
        return count

    def _accept_changes(self, root: Any) -> None:
        for tag in ("del", "moveFrom"):
            for element in list(root.iter(W + tag)):
                parent = element.getparent()
                if parent is None or parent.tag == f"{W}rPr":
                    continue
                if parent.tag == f"{W}trPr":
                    row = parent.getparent()
                    if row.getparent() is not None:
                        row.getparent().remove(row)
                else:
                    remove(element)
        for paragraph in list(root.iter(f"{W}p")):
            # If the end of a paragraph was deleted, the next goes on with its text.
            if paragraph.find(f"{W}pPr/{W}rPr/{W}del") is not None:
                after = paragraph.getnext()
                if after is not None and after.tag == f"{W}p":
                    place = 1 if after.find(f"{W}pPr") is not None else 0
                    for child in reversed([c for c in paragraph if c.tag != f"{W}pPr"]):
                        after.insert(place, child)
                    remove(paragraph)
                elif not _text(paragraph) and after is not None:
                    remove(paragraph)
        for tag in ("ins", "moveTo"):
            for element in list(root.iter(W + tag)):
                if element.getparent().tag not in (f"{W}rPr", f"{W}trPr"):
                    _unwrap(element, element)

    def _open_controls(self, root: Any) -> None:
        for control in list(root.iter(f"{W}sdt")):
            content = control.find(f"{W}sdtContent")
            is_contents = any(
                value(part) == "Table of Contents" for part in control.iter(f"{W}docPartGallery")
            )
            if content is None or control.find(f"{W}sdtPr/{W}showingPlcHdr") is not None:
                remove(control)
            elif is_contents:
                self._drop(control, "furniture")
            else:
                _unwrap(control, content)
        for tag in ("customXml", "smartTag"):
            for element in list(root.iter(W + tag)):
                _unwrap(element, element)

    def _place_text_boxes(self, root: Any) -> None:
        for fallback in list(
            root.iter("{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback")
        ):
            if fallback.getparent() is not None and any(_all(fallback.getparent(), "txbxContent", "drawing")):
                remove(fallback)
        # Inner boxes last: they move with the paragraphs of the outer.
        for box in list(root.iter(f"{W}txbxContent")):
            holder = box.getparent()
            while holder is not None and holder.tag != f"{W}p":
                holder = holder.getparent()
            if holder is None or holder.getparent() is None:
                continue
            for paragraph in reversed(list(box)):
                if paragraph.tag in (f"{W}p", f"{W}tbl"):
                    holder.addnext(paragraph)

    def _is_contents(self, paragraph: Any) -> bool:
        return any(style.name.startswith("toc ") for style in self.styles.chain(style_id(paragraph)))

    def _clear_runs(self, paragraph: Any) -> None:
        """Take out what is hidden or struck; a tick in a symbol font becomes a letter."""
        in_style = list(self.styles.chain(style_id(paragraph)))
        for run in list(paragraph.iter(f"{W}r")):
            if run.getparent() is None:
                continue
            properties = run.find(f"{W}rPr")
            styled = [*self.styles.chain(value(find(properties, "rStyle"))), *in_style]
            if is_on(properties, "vanish", any(style.hidden for style in styled)):
                self._drop(run, "hidden text")
            elif is_on(properties, "strike", any(style.struck for style in styled)) or is_on(
                properties, "dstrike", False
            ):
                self._drop(run, "struck text")
            else:
                _write_signs(run, find(properties, "rFonts"))

    def _drop(self, element: Any, what: What) -> None:
        text = _text(element)
        if text:
            self.left.append((what, text))
        remove(element)

    def _write_number(self, paragraph: Any) -> None:
        """Write the number or the bullet of a paragraph in front of it."""
        own = paragraph.find(f"{W}pPr/{W}numPr")
        styles = list(self.styles.chain(style_id(paragraph)))
        numbered = next((style for style in styles if style.number is not None), None)
        list_id = value(find(own, "numId")) or (numbered.number if numbered else None)
        level = integer(value(find(own, "ilvl")))
        if own is not None:
            remove(own)
        if not _text(paragraph) and paragraph.find(f".//{W}drawing") is None:
            return
        levels = self.numbering.lists.get(list_id or "", {})
        if level is None and numbered is not None:
            id = style_id(paragraph)
            by_style = next((n for n, one in levels.items() if one.style == id and id), 0)
            level = by_style if numbered.level is None else numbered.level
        level = min(MAX_LEVEL, max(0, level or 0))
        if list_id is not None:
            label = self.numbering.count(list_id, level, levels) if level in levels else ""
            is_heading = any(style.name.startswith("heading") for style in styles)
            if level in levels and levels[level].format == "bullet":
                label = "" if is_heading else "-"
        else:
            # Styles of other programs, which name a list and describe none.
            label = next(("-" for style in styles if style.name.startswith("list bullet")), "")
            if any(style.name.startswith("list number") for style in styles):
                label = self.numbering.count("", 0, UNSAID)
        if label:
            run = paragraph.makeelement(f"{W}r")
            text = run.makeelement(f"{W}t")
            text.text = f"{NUMBER}{min(level, 5)}{label.replace(' ', chr(0xA0))}{NUMBER_END}"
            run.append(text)
            paragraph.insert(1 if paragraph.find(f"{W}pPr") is not None else 0, run)

    def _fill_fields(self, root: Any) -> None:
        """Old form fields keep what was chosen beside the text."""
        for data in list(root.iter(f"{W}ffData")):
            run = data.getparent().getparent()
            box, choice = data.find(f"{W}checkBox"), data.find(f"{W}ddList")
            shown = None
            if box is not None:
                checked = box.find(f"{W}checked")
                if checked is None:
                    checked = box.find(f"{W}default")
                shown = "☒" if checked is not None and value(checked) not in ("0", "false") else "☐"
            elif choice is not None:
                entries = [value(entry) or "" for entry in choice.iter(f"{W}listEntry")]
                chosen = integer(value(choice.find(f"{W}result"))) or 0
                shown = entries[chosen] if 0 <= chosen < len(entries) else None
            if shown and run is not None and run.getparent() is not None:
                added = run.makeelement(f"{W}r")
                text = added.makeelement(f"{W}t")
                text.text = shown
                added.append(text)
                run.addprevious(added)


def _write_signs(run: Any, fonts: Any) -> None:
    for symbol in list(run.iter(f"{W}sym")):
        signs = _SIGNS.get((symbol.get(f"{W}font") or "").casefold(), {})
        sign = signs.get(_code(symbol.get(f"{W}char")))
        if sign is not None:
            text = run.makeelement(f"{W}t")
            text.text = sign
            symbol.getparent().replace(symbol, text)
    if fonts is None:
        return
    for name in {fonts.get(f"{W}{use}", "").casefold() for use in ("ascii", "hAnsi")}:
        for text in run.iter(f"{W}t") if name in _SIGNS else ():
            text.text = "".join(_SIGNS[name].get(ord(c) & 0xFF, c) for c in text.text or "")


def _code(char: str | None) -> int:
    try:
        return int(char or "", 16) & 0xFF
    except ValueError:
        return -1


def _transitional(match: re.Match[bytes]) -> bytes:
    """Word's strict form calls the same things by other addresses."""
    if match[1].startswith(b"word"):
        return b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _first(parts: dict[str, str]) -> str | None:
    return next(iter(parts.values()), None)


def _root(parts: dict[str, bytes], name: str | None) -> Any:
    return safe_xml(parts[name]) if name is not None and name in parts else None


def _bytes(root: Any) -> bytes:
    from lxml import etree

    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _text(element: Any) -> str:
    """Return the words of an element, paragraphs and breaks as blanks."""
    words = [
        (one.text or "") if one.tag in (f"{W}t", f"{W}delText") else " "
        for one in element.iter(f"{W}t", f"{W}delText", f"{W}p", f"{W}br", f"{W}tab")
    ]
    return " ".join("".join(words).split())


def _letters(text: str) -> str:
    return "".join(text.split()).casefold()


def _unwrap(element: Any, content: Any) -> None:
    """Put the children of `content` in the place of `element`."""
    if element.getparent() is None:
        return
    for child in list(content):
        element.addprevious(child)
    remove(element)


def _all(root: Any, *tags: str) -> Iterator[Any]:
    return (element for element in root.iter(*(W + tag for tag in tags)))
