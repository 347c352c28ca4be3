"""What the styles and lists of a Word document say of its paragraphs: names, what is hidden, numbers.

Word counts by itself: a paragraph holds the list and the level, and nowhere its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from index.ingest.readers.tree import letter, roman

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MAX_LEVEL = 8


@dataclass
class Style:
    """A style of paragraphs or runs; `number` is the id of its list."""

    name: str
    based_on: str | None
    number: str | None
    level: int | None
    hidden: bool
    struck: bool


@dataclass
class Styles:
    """Every style of a document by its id, and the XML that they are in."""

    root: Any
    by_id: dict[str, Style]

    def chain(self, id: str | None) -> Iterator[Style]:
        """Yield a style and those that it is based on."""
        seen: set[str] = set()
        while id in self.by_id and id not in seen:
            seen.add(id)
            yield self.by_id[id]
            id = self.by_id[id].based_on


@dataclass
class Level:
    """How the paragraphs of one level of a list are numbered."""

    start: int
    format: str
    text: str
    style: str | None
    is_legal: bool
    restart: int | None


UNSAID = {0: Level(1, "decimal", "%1.", None, False, None)}
"""The levels of a list that is named and not described."""


@dataclass
class Numbering:
    """The lists of a document, and how far each is counted."""

    lists: dict[str, dict[int, Level]]
    """By the id of a list: its levels."""
    counters: dict[str, str]
    """By the id of a list: which counters it shares with others."""
    starts: dict[str, dict[int, int]]
    """By the id of a list: levels that begin anew with its first paragraph."""
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    """By counter: how far each level is."""
    begun: set[str] = field(default_factory=set)
    """Lists of which a paragraph was counted."""

    def count(self, list_id: str, level: int, levels: dict[int, Level]) -> str:
        """Count a paragraph on, and return its number as Word writes it; empty if its level has none."""
        counts = self.counts.setdefault(self.counters.get(list_id, ""), {})
        if list_id not in self.begun:
            self.begun.add(list_id)
            for number, start in self.starts.get(list_id, {}).items():
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


def styles_in(root: Any) -> Styles:
    """Return the styles of `styles.xml`, and take the numbers out of it."""
    by_id: dict[str, Style] = {}
    for style in root.iter(f"{W}style") if root is not None else ():
        number, runs = style.find(f"{W}pPr/{W}numPr"), style.find(f"{W}rPr")
        by_id[style.get(f"{W}styleId") or ""] = Style(
            (value(style.find(f"{W}name")) or "").casefold(),
            value(style.find(f"{W}basedOn")),
            value(find(number, "numId")),
            integer(value(find(number, "ilvl"))),
            is_on(runs, "vanish", False),
            is_on(runs, "strike", False) or is_on(runs, "dstrike", False),
        )
        if number is not None:
            # The numbers are written out: pandoc must not take such paragraphs for items of a list.
            remove(number)
    return Styles(root, by_id)


def numbering_in(root: Any) -> Numbering:
    """Return the lists of `numbering.xml`; none if the document has no such part."""
    found = Numbering({}, {}, {})
    if root is None:
        return found
    abstracts = {one.get(f"{W}abstractNumId"): one for one in root.iter(f"{W}abstractNum")}
    linked = {
        value(one.find(f"{W}styleLink")): one
        for one in abstracts.values()
        if one.find(f"{W}styleLink") is not None
    }
    for number in root.iter(f"{W}num"):
        id = number.get(f"{W}numId") or ""
        abstract_id = value(number.find(f"{W}abstractNumId"))
        abstract = abstracts.get(abstract_id)
        if abstract is None or abstract_id is None or id == "0":
            continue
        link = value(abstract.find(f"{W}numStyleLink"))
        abstract = linked.get(link, abstract) if link else abstract
        levels = {n: level for one in abstract.findall(f"{W}lvl") for n, level in _level(one)}
        for override in number.findall(f"{W}lvlOverride"):
            at = integer(override.get(f"{W}ilvl")) or 0
            levels |= {n: level for one in override.findall(f"{W}lvl") for n, level in _level(one)}
            start = integer(value(override.find(f"{W}startOverride")))
            if start is not None:
                found.starts.setdefault(id, {})[at] = start
        found.lists[id] = levels
        found.counters[id] = abstract.get(f"{W}abstractNumId") or abstract_id
    return found


def _level(element: Any) -> Iterator[tuple[int, Level]]:
    number, text = integer(element.get(f"{W}ilvl")), value(element.find(f"{W}lvlText"))
    start = integer(value(element.find(f"{W}start")))
    if number is not None and 0 <= number <= MAX_LEVEL:
        yield (
            number,
            Level(
                min(10**6, 1 if start is None else start),
                value(element.find(f"{W}numFmt")) or "decimal",
                (f"%{number + 1}." if text is None else text)[:100],
                value(element.find(f"{W}pStyle")),
                is_on(element, "isLgl", False),
                integer(value(element.find(f"{W}lvlRestart"))),
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


def is_on(properties: Any, name: str, otherwise: bool) -> bool:
    switch = find(properties, name)
    return otherwise if switch is None else value(switch) not in ("0", "false", "off", "none")


def remove(element: Any) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def style_id(paragraph: Any) -> str | None:
    return value(paragraph.find(f"{W}pPr/{W}pStyle"))


def find(parent: Any, tag: str) -> Any:
    return None if parent is None else parent.find(W + tag)


def value(element: Any) -> str | None:
    return None if element is None else element.get(f"{W}val")


def integer(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?\d{1,9}", text) else None
