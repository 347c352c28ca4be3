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
from index.ingest.readers.tree import NUMBER, NUMBER_END, letter, roman, tree_draft
from index.reasons import Why

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(wordprocessingml/main|officeDocument/relationships)")
# Signs of the fonts that Word has for ticks and boxes, by font and code.
_SIGNS = {
    "wingdings": {0xFC: "✔", 0xFB: "✘", 0xFE: "☑", 0xFD: "☒", 0xA8: "☐", 0x6F: "☐", 0x78: "☒", 0x52: "☑"},
    "wingdings 2": {0x50: "✔", 0x4F: "✘", 0x52: "☑", 0x51: "☒", 0x54: "☒", 0x53: "☒", 0xA3: "☐", 0x30: "☐"},
    "webdings": {0x61: "✔", 0x72: "✘", 0x63: "☐"},
}
_PAGE_NUMBER = re.compile(r"[\W\d_]*(?:page|seite|página|pagina|of|von|de|sur|di|\W|\d)*", re.IGNORECASE)
_MAX_LEVEL = 8


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
        _styles(_root(parts, styles_part)),
        _numbering(_root(parts, _first(parts_of_kind(parts, main, "numbering")))),
    )
    root = safe_xml(parts[main])
    body = root.find(f"{_W}body")
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
class _Style:
    name: str
    based_on: str | None
    number: str | None
    level: int | None
    hidden: bool
    struck: bool


@dataclass
class _Styles:
    root: Any
    by_id: dict[str, _Style]

    def chain(self, id: str | None) -> Iterator[_Style]:
        """Yield a style and those that it is based on."""
        seen: set[str] = set()
        while id in self.by_id and id not in seen:
            seen.add(id)
            yield self.by_id[id]
            id = self.by_id[id].based_on


@dataclass
class _Level:
    start: int
    format: str
    text: str
    style: str | None
    is_legal: bool
    restart: int | None


_UNSAID = {0: _Level(1, "decimal", "%1.", None, False, None)}


@dataclass
class _Numbering:
    lists: dict[str, dict[int, _Level]]
    """By the id of a list: its levels."""
    counters: dict[str, str]
    """By the id of a list: which counters it shares with others."""
    starts: dict[str, dict[int, int]]
    """By the id of a list: levels that begin anew with its first paragraph."""


@dataclass
class _Word:
    """One document on its way to pandoc."""

    styles: _Styles
    numbering: _Numbering
    left: list[tuple[What, str]] = field(default_factory=list)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def make_plain(self, root: Any) -> None:
        """Change the XML of a body or of notes, so that plain readers see in it what a reader of it sees."""
        self._accept_changes(root)
        self._open_controls(root)
        self._place_text_boxes(root)
        for paragraph in list(root.iter(f"{_W}p")):
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
                for paragraph in list(root.iter(f"{_W}p")):
                    text = _text(paragraph)
                    letters = _letters(text)
                    if not letters or letters in said or _PAGE_NUMBER.fullmatch(text):
                        continue
                    said += letters
                    properties = paragraph.find(f"{_W}pPr")
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
            names = {style.name for style in self.styles.chain(_style_id(paragraph))}
            if not names & {"title", "subtitle", "author", "date"}:
                break
            count += 1
        return count

    def _accept_changes(self, root: Any) -> None:
        for tag in ("del", "moveFrom"):
            for element in list(root.iter(_W + tag)):
                parent = element.getparent()
                if parent is None or parent.tag == f"{_W}rPr":
                    continue
                if parent.tag == f"{_W}trPr":
                    row = parent.getparent()
                    if row.getparent() is not None:
                        row.getparent().remove(row)
                else:
                    _remove(element)
        for paragraph in list(root.iter(f"{_W}p")):
            # If the end of a paragraph was deleted, the next goes on with its text.
            if paragraph.find(f"{_W}pPr/{_W}rPr/{_W}del") is not None:
                after = paragraph.getnext()
                if after is not None and after.tag == f"{_W}p":
                    place = 1 if after.find(f"{_W}pPr") is not None else 0
                    for child in reversed([c for c in paragraph if c.tag != f"{_W}pPr"]):
                        after.insert(place, child)
                    _remove(paragraph)
                elif not _text(paragraph) and after is not None:
                    _remove(paragraph)
        for tag in ("ins", "moveTo"):
            for element in list(root.iter(_W + tag)):
                if element.getparent().tag not in (f"{_W}rPr", f"{_W}trPr"):
                    _unwrap(element, element)

    def _open_controls(self, root: Any) -> None:
        for control in list(root.iter(f"{_W}sdt")):
            content = control.find(f"{_W}sdtContent")
            is_contents = any(
                _value(part) == "Table of Contents" for part in control.iter(f"{_W}docPartGallery")
            )
            if content is None or control.find(f"{_W}sdtPr/{_W}showingPlcHdr") is not None:
                _remove(control)
            elif is_contents:
                self._drop(control, "furniture")
            else:
                _unwrap(control, content)
        for tag in ("customXml", "smartTag"):
            for element in list(root.iter(_W + tag)):
                _unwrap(element, element)

    def _place_text_boxes(self, root: Any) -> None:
        for fallback in list(
            root.iter("{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback")
        ):
            if fallback.getparent() is not None and any(_all(fallback.getparent(), "txbxContent", "drawing")):
                _remove(fallback)
        # Inner boxes last: they move with the paragraphs of the outer.
        for box in list(root.iter(f"{_W}txbxContent")):
            holder = box.getparent()
            while holder is not None and holder.tag != f"{_W}p":
                holder = holder.getparent()
            if holder is None or holder.getparent() is None:
                continue
            for paragraph in reversed(list(box)):
                if paragraph.tag in (f"{_W}p", f"{_W}tbl"):
                    holder.addnext(paragraph)

    def _is_contents(self, paragraph: Any) -> bool:
        return any(style.name.startswith("toc ") for style in self.styles.chain(_style_id(paragraph)))

    def _clear_runs(self, paragraph: Any) -> None:
        """Take out what is hidden or struck; a tick in a symbol font becomes a letter."""
        in_style = list(self.styles.chain(_style_id(paragraph)))
        for run in list(paragraph.iter(f"{_W}r")):
            if run.getparent() is None:
                continue
            properties = run.find(f"{_W}rPr")
            styled = [*self.styles.chain(_value(_find(properties, "rStyle"))), *in_style]
            if _is_on(properties, "vanish", any(style.hidden for style in styled)):
                self._drop(run, "hidden text")
            elif _is_on(properties, "strike", any(style.struck for style in styled)) or _is_on(
                properties, "dstrike", False
            ):
                self._drop(run, "struck text")
            else:
                _write_signs(run, _find(properties, "rFonts"))

    def _drop(self, element: Any, what: What) -> None:
        text = _text(element)
        if text:
            self.left.append((what, text))
        _remove(element)

    def _write_number(self, paragraph: Any) -> None:
        """Write the number or the bullet of a paragraph in front of it."""
        own = paragraph.find(f"{_W}pPr/{_W}numPr")
        styles = list(self.styles.chain(_style_id(paragraph)))
        numbered = next((style for style in styles if style.number is not None), None)
        list_id = _value(_find(own, "numId")) or (numbered.number if numbered else None)
        level = _integer(_value(_find(own, "ilvl")))
        if own is not None:
            _remove(own)
        if not _text(paragraph) and paragraph.find(f".//{_W}drawing") is None:
            return
        levels = self.numbering.lists.get(list_id or "", {})
        if level is None and numbered is not None:
            id = _style_id(paragraph)
            by_style = next((n for n, one in levels.items() if one.style == id and id), 0)
            level = by_style if numbered.level is None else numbered.level
        level = min(_MAX_LEVEL, max(0, level or 0))
        if list_id is not None:
            label = self._count(list_id, level, levels) if level in levels else ""
            is_heading = any(style.name.startswith("heading") for style in styles)
            if level in levels and levels[level].format == "bullet":
                label = "" if is_heading else "-"
        else:
            # Styles of other programs, which name a list and describe none.
            label = next(("-" for style in styles if style.name.startswith("list bullet")), "")
            if any(style.name.startswith("list number") for style in styles):
                label = self._count("", 0, _UNSAID)
        if label:
            run = paragraph.makeelement(f"{_W}r")
            text = run.makeelement(f"{_W}t")
            text.text = f"{NUMBER}{min(level, 5)}{label.replace(' ', chr(0xA0))}{NUMBER_END}"
            run.append(text)
            paragraph.insert(1 if paragraph.find(f"{_W}pPr") is not None else 0, run)

    def _count(self, list_id: str, level: int, levels: dict[int, _Level]) -> str:
        counts = self.counts.setdefault(self.numbering.counters.get(list_id, ""), {})
        if list_id not in self.begun:
            self.begun.add(list_id)
            for number, start in self.numbering.starts.get(list_id, {}).items():
                counts[number] = start - 1
        for upper in range(level):
            if upper in levels:
                counts.setdefault(upper, levels[upper].start)
        counts[level] = counts.get(level, levels[level].start - 1) + 1
        for lower in [number for number in counts if number > level]:
            restart = levels[lower].restart if lower in levels else None
            if restart != 0 and (restart is None or level < restart):
                del counts[lower]
        if levels[level].format == "none":
            return ""
        return re.sub(
            r"%([1-9])",
            lambda mark: _figure(
                counts.get(int(mark[1]) - 1, 1),
                "decimal"
                if levels[level].is_legal or int(mark[1]) - 1 not in levels
                else levels[int(mark[1]) - 1].format,
            ),
            levels[level].text,
        ).strip()

    def _fill_fields(self, root: Any) -> None:
        """Old form fields keep what was chosen beside the text."""
        for data in list(root.iter(f"{_W}ffData")):
            run = data.getparent().getparent()
            box, choice = data.find(f"{_W}checkBox"), data.find(f"{_W}ddList")
            shown = None
            if box is not None:
                checked = box.find(f"{_W}checked")
                if checked is None:
                    checked = box.find(f"{_W}default")
                shown = "☒" if checked is not None and _value(checked) not in ("0", "false") else "☐"
            elif choice is not None:
                entries = [_value(entry) or "" for entry in choice.iter(f"{_W}listEntry")]
                chosen = _integer(_value(choice.find(f"{_W}result"))) or 0
                shown = entries[chosen] if 0 <= chosen < len(entries) else None
            if shown and run is not None and run.getparent() is not None:
                added = run.makeelement(f"{_W}r")
                text = added.makeelement(f"{_W}t")
                text.text = shown
                added.append(text)
                run.addprevious(added)


def _styles(root: Any) -> _Styles:
    by_id: dict[str, _Style] = {}
    for style in root.iter(f"{_W}style") if root is not None else ():
        number, runs = style.find(f"{_W}pPr/{_W}numPr"), style.find(f"{_W}rPr")
        by_id[style.get(f"{_W}styleId") or ""] = _Style(
            (_value(style.find(f"{_W}name")) or "").casefold(),
            _value(style.find(f"{_W}basedOn")),
            _value(_find(number, "numId")),
            _integer(_value(_find(number, "ilvl"))),
            _is_on(runs, "vanish", False),
            _is_on(runs, "strike", False) or _is_on(runs, "dstrike", False),
        )
        if number is not None:
            # The numbers are written out: pandoc must not take such paragraphs for items of a list.
            _remove(number)
    return _Styles(root, by_id)


def _numbering(root: Any) -> _Numbering:
    found = _Numbering({}, {}, {})
    if root is None:
        return found
    abstracts = {one.get(f"{_W}abstractNumId"): one for one in root.iter(f"{_W}abstractNum")}
    linked = {
        _value(one.find(f"{_W}styleLink")): one
        for one in abstracts.values()
        if one.find(f"{_W}styleLink") is not None
    }
    for number in root.iter(f"{_W}num"):
        id = number.get(f"{_W}numId") or ""
        abstract_id = _value(number.find(f"{_W}abstractNumId"))
        abstract = abstracts.get(abstract_id)
        if abstract is None or abstract_id is None or id == "0":
            continue
        link = _value(abstract.find(f"{_W}numStyleLink"))
        abstract = linked.get(link, abstract) if link else abstract
        levels = {n: level for one in abstract.findall(f"{_W}lvl") for n, level in _level(one)}
        for override in number.findall(f"{_W}lvlOverride"):
            at = _integer(override.get(f"{_W}ilvl")) or 0
            levels |= {n: level for one in override.findall(f"{_W}lvl") for n, level in _level(one)}
            start = _integer(_value(override.find(f"{_W}startOverride")))
            if start is not None:
                found.starts.setdefault(id, {})[at] = start
        found.lists[id] = levels
        found.counters[id] = abstract.get(f"{_W}abstractNumId") or abstract_id
    return found


def _level(element: Any) -> Iterator[tuple[int, _Level]]:
    number, text = _integer(element.get(f"{_W}ilvl")), _value(element.find(f"{_W}lvlText"))
    start = _integer(_value(element.find(f"{_W}start")))
    if number is not None and 0 <= number <= _MAX_LEVEL:
        yield (
            number,
            _Level(
                min(10**6, 1 if start is None else start),
                _value(element.find(f"{_W}numFmt")) or "decimal",
                (f"%{number + 1}." if text is None else text)[:100],
                _value(element.find(f"{_W}pStyle")),
                _is_on(element, "isLgl", False),
                _integer(_value(element.find(f"{_W}lvlRestart"))),
            ),
        )


def _figure(number: int, format: str) -> str:
    match format:
        case "lowerLetter" | "upperLetter":
            shown = letter(number)
        case "lowerRoman" | "upperRoman":
            shown = roman(number)
        case "decimalZero":
            shown = f"{number:02}"
        case "none" | "bullet":
            shown = ""
        case _:
            shown = str(number)
    return shown.upper() if format.startswith("upper") else shown


def _write_signs(run: Any, fonts: Any) -> None:
    for symbol in list(run.iter(f"{_W}sym")):
        signs = _SIGNS.get((symbol.get(f"{_W}font") or "").casefold(), {})
        sign = signs.get(_code(symbol.get(f"{_W}char")))
        if sign is not None:
            text = run.makeelement(f"{_W}t")
            text.text = sign
            symbol.getparent().replace(symbol, text)
    if fonts is None:
        return
    for name in {fonts.get(f"{_W}{use}", "").casefold() for use in ("ascii", "hAnsi")}:
        for text in run.iter(f"{_W}t") if name in _SIGNS else ():
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
        (one.text or "") if one.tag in (f"{_W}t", f"{_W}delText") else " "
        for one in element.iter(f"{_W}t", f"{_W}delText", f"{_W}p", f"{_W}br", f"{_W}tab")
    ]
    return " ".join("".join(words).split())


def _letters(text: str) -> str:
    return "".join(text.split()).casefold()


def _is_on(properties: Any, name: str, otherwise: bool) -> bool:
    switch = _find(properties, name)
    return otherwise if switch is None else _value(switch) not in ("0", "false", "off", "none")


def _unwrap(element: Any, content: Any) -> None:
    """Put the children of `content` in the place of `element`."""
    if element.getparent() is None:
        return
    for child in list(content):
        element.addprevious(child)
    _remove(element)


def _remove(element: Any) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _all(root: Any, *tags: str) -> Iterator[Any]:
    return (element for element in root.iter(*(_W + tag for tag in tags)))


def _style_id(paragraph: Any) -> str | None:
    return _value(paragraph.find(f"{_W}pPr/{_W}pStyle"))


def _find(parent: Any, tag: str) -> Any:
    return None if parent is None else parent.find(_W + tag)


def _value(element: Any) -> str | None:
    return None if element is None else element.get(f"{_W}val")


def _integer(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?\d{1,9}", text) else None
