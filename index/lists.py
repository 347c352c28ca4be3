"""Which items of an article make one list, in which order, and how they are numbered."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from index.types import Article
from index.units import Kind, Unit, units_of

_MARK = re.compile(r"(?:^|\n)[ \t>]*(?:(\d{1,3})[.)]|[-*+•])[ \t]+(?:\[[ xX]\][ \t]+)?(?:\*\*|__)?$")
_LONGEST_MARK = 30
# "Step 3: Press the button" on a line of its own, or as the heading of what is to be done.
_STEP = re.compile(r"\W{0,4}(?:step|stage|schritt|étape|paso|步骤)\s{0,3}(\d{1,2})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list in an article."""

    start: int
    end: int
    items: tuple[Unit, ...]
    """What begins each item of the first level, in order."""
    numbers: tuple[int | None, ...]
    """Of each item, as it is printed."""

    @property
    def is_numbered(self) -> bool:
        return len(self.numbers) > 1 and None not in self.numbers

    def part(self, number: int) -> tuple[int, int] | None:
        """Return where the item with a number is, with what is nested in it; None if there is none."""
        if number not in self.numbers:
            return None
        place = self.numbers.index(number)
        following = self.items[place + 1 : place + 2]
        return self.items[place].start, self.end if not following else following[0].start


def mark_of(unit: Unit, text: str) -> str:
    """Return the number or bullet that an item begins with, as it is shown; empty if it has none."""
    if unit.kind not in (Kind.ITEM, Kind.DEFINITION, Kind.INTRODUCES):
        return ""
    match = _MARK.search(text, max(0, unit.start - _LONGEST_MARK), unit.start)
    return "" if match is None else f"{match[1]}. " if match[1] else "• "


def list_around(article: Article, start: int) -> Listed | None:
    """Return the list that the unit which begins at `start` is in; None if it is in none."""
    units, text = units_of(article), article.text
    place = bisect_right(units, start, key=lambda unit: unit.start) - 1
    if place < 0 or not _listed(units[place], text):
        return None
    base = units[place].path
    first = last = place
    while first > 0 and _listed(units[first - 1], text) and _beside(units[first - 1].path, base):
        first -= 1
        base = min(base, units[first].path, key=len)
    while last + 1 < len(units) and _listed(units[last + 1], text) and _beside(units[last + 1].path, base):
        last += 1
    tops = [unit for unit in units[first : last + 1] if unit.path == base and _begins(unit, text)]
    if len(tops) < 2:
        return None
    numbers = tuple(_number(unit, text) for unit in tops)
    return Listed(tops[0].start, units[last].end, tuple(tops), numbers)


def _listed(unit: Unit, text: str) -> bool:
    """Return whether a unit is an item, or belongs to one."""
    if unit.kind is Kind.INTRODUCES:
        return _begins(unit, text)
    return unit.kind in (Kind.ITEM, Kind.DEFINITION) or unit.verbatim or _begins(unit, text)


def _begins(unit: Unit, text: str) -> bool:
    return bool(mark_of(unit, text)) or _STEP.match(text[unit.start : unit.end]) is not None


def _number(unit: Unit, text: str) -> int | None:
    step = _STEP.match(text[unit.start : unit.end])
    found = step[1] if step else mark_of(unit, text).rstrip(". ")
    return int(found) if found.isdecimal() else None


def _beside(path: Sequence[str], base: Sequence[str]) -> bool:
    """Return whether one of two paths goes on where the other ends."""
    shared = min(len(path), len(base))
    return tuple(path[:shared]) == tuple(base[:shared])
