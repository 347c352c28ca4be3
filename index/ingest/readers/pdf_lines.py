"""Letters with their places on a page -> lines of words, raised and lowered letters written on one line.

Lengths are in points, heights count from the page's foot.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

UNKNOWN = "\ufffd"
"""Stands for a letter of which the file does not say which it is."""
# Letters on one line may stand so much higher or lower than the first, in sizes of the letter.
_SAME_LINE = 0.25
# A gap so wide parts words, in sizes of the letter; one so wide parts cells or columns.
_WORD_GAP = 0.17
_CELL_GAP = 0.9
# Raised and lowered letters are so much smaller than their neighbours.
_SMALL = 0.85
_RAISED = 0.12
SENTENCE_END = re.compile(r"[.!?:;。！？：…]['\"”’»)\]]*$")
FULL_STOP = re.compile(r"[.!?。！？…]['\"”’»)\]]*$")
LABEL = re.compile(r"[^\s:][^:]{0,60}:(?:\s|$)")
HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
WORDS = re.compile(r"[^\W\d_]{2}")
DIGIT = re.compile(r"\d")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_RAISED_DIGITS = str.maketrans("0123456789+-−–n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻ⁿ")
_EXPONENT = re.compile(r"[+\-−–]?(?:\d{1,3}|n)")
# What a number is raised over when it is a power: ten, a unit of length or time, one letter of a formula.
_POWER_BASE = re.compile(
    r"(?:(?<![\d.,])10|(?<![^\W\d_])(?:[kcdmµn]?m|mi|ft|in|yd|s|h|min|kg|ha|[a-zA-Z])|[)\]])$"
)
_NOTE_SIGNS = re.compile(r"[*†‡§¶#\d\s,.()\[\]a-z]+")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|e|ème|o|a|º|ª|tm|®|™)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Glyph:
    """One letter, or one ligature."""

    text: str
    x0: float
    x1: float
    y: float
    """Of its foot."""
    size: float
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form with what was filled in."""

    name: str
    value: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    x0: float
    x1: float


@dataclass(frozen=True, slots=True)
class Line:
    """Words that stand beside each other without a wide gap; of a table row, one cell."""

    words: tuple[Word, ...]
    y: float
    size: float
    """Of most of its letters."""
    bold: bool = False
    text: str = ""
    chars: int = 0
    """How many letters and spaces the file has for it; 0 for a line that begins or ends with a space."""
    note: bool = False
    """Whether it begins with the raised mark of a note."""

    @property
    def x0(self) -> float:
        return self.words[0].x0

    @property
    def x1(self) -> float:
        return self.words[-1].x1


def lines_of(glyphs: Sequence[Glyph]) -> list[Line]:
    """Return the lines of a page from top to bottom, those of one height from left to right."""
    lines = [line for row in _attached(_rows(glyphs)) for line in _split(row)]
    return sorted(lines, key=lambda line: (-line.y, line.x0))


@dataclass(slots=True)
class _Row:
    """Letters of one height."""

    y: float
    size: float
    glyphs: list[Glyph]
    shifted: list[Glyph] = field(default_factory=list)
    """Raised and lowered letters that belong to it."""


def _rows(glyphs: Iterable[Glyph]) -> list[_Row]:
    rows: list[_Row] = []
    for glyph in sorted(glyphs, key=lambda glyph: -glyph.y):
        row = rows[-1] if rows else None
        if row is not None and row.y - glyph.y <= _SAME_LINE * min(glyph.size, row.size):
            row.glyphs.append(glyph)
            row.size = max(row.size, glyph.size)
        else:
            rows.append(_Row(glyph.y, glyph.size, [glyph]))
    for row in rows:
        sizes = Counter(round(glyph.size, 1) for glyph in row.glyphs if not glyph.text.isspace())
        row.size = max(sizes, key=lambda size: sizes[size] * size, default=row.size)
        feet = [glyph.y for glyph in row.glyphs if abs(glyph.size - row.size) < 0.1]
        row.y = median(feet) if feet else row.y
        row.glyphs.sort(key=lambda glyph: glyph.x0)
    return rows


def _attached(rows: list[_Row]) -> Iterator[_Row]:
    """Return the rows, in which what is raised over or lowered under another has become part of that one."""
    for number, row in enumerate(rows):
        near = [
            other
            for other in rows[max(0, number - 2) : number + 3]
            if row.size <= _SMALL * other.size and abs(row.y - other.y) < 0.7 * other.size
        ]
        if not near:
            continue
        left: list[Glyph] = []
        for run in _runs(row.glyphs):
            owner = next((other for other in near if _touches(run, other)), None)
            (owner.shifted if owner else left).extend(run)
        row.glyphs = left
    return (row for row in rows if row.glyphs)


def _runs(glyphs: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    run: list[Glyph] = []
    for glyph in glyphs:
        if run and glyph.x0 - run[-1].x1 > 0.5 * glyph.size:
            yield run
            run = []
        run.append(glyph)
    if run:
        yield run


def _touches(run: Sequence[Glyph], row: _Row) -> bool:
    near = 0.3 * row.size
    visible = [glyph for glyph in row.glyphs if not glyph.text.isspace()]
    return any(abs(run[0].x0 - glyph.x1) < near or abs(glyph.x0 - run[-1].x1) < near for glyph in visible)


def _split(row: _Row) -> Iterator[Line]:
    shifted = set(map(id, row.shifted))
    for glyph in row.glyphs:
        if glyph.size <= _SMALL * row.size and abs(glyph.y - row.y) >= _RAISED * row.size:
            shifted.add(id(glyph))
    glyphs = sorted([*row.glyphs, *row.shifted], key=lambda glyph: glyph.x0)
    spread = _spread(glyphs, row.size)
    words: list[Word] = []
    text, start, end, raised = "", 0.0, 0.0, ""
    note = False
    seen: list[Glyph] = []
    spaced = False
    before: Glyph | None = None

    def word() -> None:
        nonlocal text, raised
        text, raised = text + _raised(text, raised), ""
        if text:
            words.append(Word(unicodedata.normalize("NFC", text.translate(_LIGATURES)), start, end))
        text = ""

    def line() -> Iterator[Line]:
        if words:
            bold = sum(glyph.bold for glyph in seen) > 0.8 * len(seen)
            sizes = Counter(round(glyph.size, 1) for glyph in seen)
            ordered = _reading_order(words)
            joined = " ".join(one.text for one in ordered)
            yield Line(tuple(words), row.y, sizes.most_common(1)[0][0], bold, joined, chars, note)
        words.clear()
        seen.clear()

    chars = (
        len(glyphs) if len(glyphs) and not glyphs[0].text.isspace() and not glyphs[-1].text.isspace() else 0
    )
    for glyph in glyphs:
        if glyph.text.isspace() or not glyph.text:
            spaced = True
            continue
        if before is not None:
            gap = glyph.x0 - before.x1
            # Some programs print a letter twice, beside itself, to make it bold.
            if glyph.text == before.text and abs(glyph.x0 - before.x0) < 0.1 * glyph.size:
                continue
            if gap > _CELL_GAP * row.size + spread:
                word()
                yield from line()
            elif (spaced and gap > -0.3 * row.size) or gap > _WORD_GAP * row.size + spread:
                word()
        if not text and not raised:
            start = glyph.x0
        if id(glyph) in shifted and glyph.y > row.y:
            note |= not words and not text
            raised += glyph.text
        else:
            text, raised = text + _raised(text, raised), ""
            text += glyph.text
            seen.append(glyph)
        end, before, spaced = max(glyph.x1, glyph.x0), glyph, False
    word()
    yield from line()


def _spread(glyphs: Sequence[Glyph], size: float) -> float:
    """Return the gap between the letters of a row that is set wide, 0 for others."""
    gaps = [
        second.x0 - first.x1
        for first, second in pairwise(glyphs)
        if not first.text.isspace() and not second.text.isspace()
    ]
    middle = median(gaps) if len(gaps) >= 6 else 0.0
    return middle if 0.1 * size < middle < 0.6 * size else 0.0


def _raised(base: str, raised: str) -> str:
    """Return what is raised behind `base` as it is written on one line; nothing for the mark of a note."""
    raised = raised.strip()
    if not raised or UNKNOWN in raised:
        return raised
    if _EXPONENT.fullmatch(raised) and _POWER_BASE.search(base):
        return raised.translate(_RAISED_DIGITS)
    if _ORDINAL.fullmatch(raised) or not _NOTE_SIGNS.fullmatch(raised):
        return raised
    return "" if len(raised) <= 12 else raised


def _reading_order(words: Sequence[Word]) -> Sequence[Word]:
    """Return words of scripts that run from right to left in that order, with their letters turned round."""
    letters = "".join(word.text for word in words)
    right = sum(unicodedata.bidirectional(character) in ("R", "AL") for character in letters)
    if right <= 0.5 * sum(character.isalpha() for character in letters) or not right:
        return words
    return [
        replace(word, text=word.text[::-1])
        if any(unicodedata.bidirectional(character) in ("R", "AL") for character in word.text)
        else word
        for word in reversed(words)
    ]


def with_fields(lines: list[Line], fields: Sequence[Field]) -> list[Line]:
    """Write what was filled into a form behind the label beside or above it."""
    for entry in fields:
        height = max(8.0, min(14.0, entry.y1 - entry.y0))
        foot = (entry.y0 + entry.y1) / 2 - 0.35 * height
        beside = [
            line
            for line in lines
            if abs(line.y - foot) < 0.8 * height and line.x0 < entry.x0 and entry.x0 - line.x1 < 250
        ]
        above = [
            line
            for line in lines
            if 0 <= line.y - entry.y1 < 1.2 * height and line.x0 < entry.x1 and line.x1 > entry.x0
        ]
        label = max(beside, key=lambda line: line.x1, default=None) or min(
            above, key=lambda line: line.y, default=None
        )
        words = tuple(Word(part, entry.x0, entry.x1) for part in entry.value.split())
        if label is None:
            text = f"{entry.name}: {entry.value}" if entry.name else entry.value
            lines.append(Line(words, foot, text_size([lines]) or height, text=text))
        else:
            mark = "" if label.text.endswith((":", "?", "=")) or ": " in label.text else ":"
            text = f"{label.text}{mark} {entry.value}"
            # Ends where the field does, so that no word of the next line seems to fit behind it.
            joined = replace(label, words=(*label.words, *words), text=text)
            lines[next(n for n, line in enumerate(lines) if line is label)] = joined
    return sorted(lines, key=lambda line: (-line.y, line.x0))


def text_size(pages: Sequence[Sequence[Line]]) -> float:
    """Return the size that most of the text is set in."""
    sizes = Counter[float]()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def is_spaceless(character: str) -> bool:
    """Tell scripts whose words are not parted by spaces, and their punctuation."""
    return (
        "\u3000" <= character <= "\u9fff"
        or "\uff00" <= character <= "\uffef"
        or "\u0e00" <= character <= "\u0e7f"
    )
