"""Letters with their places on pages -> Markdown blocks: columns, paragraphs, headings, lists and tables.

A PDF says where letters stand and not what they are, so all that is told here is told from places, sizes
and gaps.  Lengths are in points, heights count from the page's foot.  Knows nothing of PDF files.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from index.ingest.readers.markup import escaped, escaped_paragraph

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
_HEADING_SIZE = 1.12
_MAX_HEADING_CHARS = 200
_MAX_BOLD_HEADING_CHARS = 90
_PARAGRAPH_GAP = 1.35
# Lines at the top and at the bottom of a page in which a running head or a page number may stand.
_EDGE_LINES = 3
_SAME_HEIGHT = 10
_MIN_COLUMN_LINES = 3
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_SENTENCE_END = re.compile(r"[.!?:;。！？：…]['\"”’»)\]]*$")
_FULL_STOP = re.compile(r"[.!?。！？…]['\"”’»)\]]*$")
_ROUND = re.compile(r"[\ue000-\uf8ff•◦▪‣·●○■□➢✓]\s*")
_DASH = re.compile(r"[–—*-]\s+")
_NUMBER = re.compile(r"\(?(\d{1,3})[.)]\s+")
_MARKER = re.compile(r"[\ufffd\ue000-\uf8ff•◦▪‣·●○■□➢✓–—*-]|\(?\d{1,3}[.)]|\(?[a-z]\)")
_LABEL = re.compile(r"[^\s:][^:]{0,60}:(?:\s|$)")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
_WORDS = re.compile(r"[^\W\d_]{2}")
_DIGIT = re.compile(r"\d")
_PAGE_WORD = r"(?:page|p\.|pg\.?|seite|s\.|página|pagina|side|sida|strona|第)"
_PAGE_NUMBER = re.compile(
    rf"[-–—|\s]*(?:{_PAGE_WORD}\s*)?(\d{{1,4}}|[ivxlc]{{1,7}})"
    r"(?:\s*(?:/|of|von|de|sur|av|di|z|页|頁)\s*\d{0,4})?[-–—|\s]*",
    re.IGNORECASE,
)
# A running head with the number of the page beside it, parted by a stroke or by the word for a page.
_NUMBERED_HEAD = re.compile(
    rf"(?:(\d{{1,4}})\s*[|·•–—]\s*(.{{2,}})|(.{{2,}}?)\s*(?:[|·•–—,]\s*(?:{_PAGE_WORD}\s*)?|{_PAGE_WORD}\s*)(\d{{1,4}})"
    r"(?:\s*(?:/|of|von|de|sur)\s*\d{1,4})?)",
    re.IGNORECASE,
)
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
class Rule:
    """A horizontal line that is drawn on the page."""

    x0: float
    x1: float
    y: float


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
class Page:
    """The contents of one page."""

    glyphs: Sequence[Glyph]
    rules: Sequence[Rule] = ()
    fields: Sequence[Field] = ()
    turned: str = ""
    """Letters that stand another way than most of the page, which are not read."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The contents of all pages."""

    blocks: list[str]
    """Of Markdown."""
    running_heads: list[str]
    """Lines at the edges of pages that are no part of the text, in order; page numbers are not told."""


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


@dataclass(slots=True)
class Block:
    """A paragraph, heading, list item or table."""

    kind: str
    """`text`, `heading`, `item` or `table`."""
    text: str
    """Plain for `text`; Markdown for the others."""
    size: float = 0.0
    rows: list[list[str]] = field(default_factory=list)
    """Of a table, cell by cell."""
    headed: bool = False
    """Whether the first row of a table is its head."""
    columns: tuple[float, ...] = ()
    """Return the left edges of a table's columns."""


def layout_of(pages: Sequence[Page]) -> Layout:
    """Lay the pages out as Markdown blocks, without running heads and page numbers."""
    whole = [_with_fields(lines_of(page.glyphs), page.fields) for page in pages]
    lined = without_running_heads(whole)
    setting = Setting(text_size(lined), _cut_length(lined), _record_heads(lined))
    blocks: list[Block] = []
    for page, lines in zip(pages, lined, strict=True):
        found: list[Block] = []
        for region in _regions(lines, page.rules):
            _append(found, _region_blocks(region, page.rules, setting))
        _append(blocks, _quotable(found))
    kept = {id(line) for lines in lined for line in lines}
    dropped = [line.text for lines in whole for line in lines if id(line) not in kept]
    heads = [text for text in dropped if not _PAGE_NUMBER.fullmatch(text)]
    return Layout(list(_rendered(blocks)), heads)


@dataclass(frozen=True, slots=True)
class Setting:
    """How a document is set."""

    size: float
    """Of most of its letters."""
    cut: int
    """The number of letters after which its lines are cut, also inside words; 0 if they end with words."""
    heads: frozenset[int]
    """The ids of lines that open a page and are its head."""


def _cut_length(pages: Sequence[Sequence[Line]]) -> int:
    """Find whether a program cut the lines after a number of letters."""
    broken = [
        before
        for page in pages
        for before, line in pairwise(page)
        if before.chars
        and before.text[-1:].isalpha()
        and line.text[:1].islower()
        and abs(before.x0 - line.x0) < 1
    ]
    broken = list({line.text: line for line in broken}.values())
    lengths = Counter(line.chars for line in broken)
    length, count = lengths.most_common(1)[0] if lengths else (0, 0)
    # Few lines may be of one length by chance, and do not end with a consonant alone.
    letters = any(re.search(r"\s[^aeiouyàèéòôç\W\d_]$", line.text.lower()) for line in broken)
    return length if count >= (2 if letters else 5) and count >= 0.9 * len(broken) else 0


def _record_heads(pages: Sequence[Sequence[Line]]) -> frozenset[int]:
    """Find what opens the pages of a document that has a record on each: "Machine 1", "Machine 2"."""
    first = [page[0] for page in pages if page and len(page) > 1]
    shapes = Counter(map(_record_shape, first))
    shape, count = shapes.most_common(1)[0] if shapes else ("", 0)
    heads = [line for line in first if shape and _record_shape(line) == shape]
    if count < max(2, 0.6 * len(pages)) or len({line.text for line in heads}) < len(heads):
        return frozenset()
    return frozenset(map(id, heads))


def _record_shape(line: Line) -> str:
    if len(line.text) > 80 or _FULL_STOP.search(line.text) or not _WORDS.search(line.text):
        return ""
    label = _LABEL.match(line.text)
    return (
        label[0] if label else re.sub(r"\d+", "0", line.text.casefold()) if _DIGIT.search(line.text) else ""
    )


# Letters to lines


def lines_of(glyphs: Sequence[Glyph]) -> list[Line]:
    """Give the lines of a page from top to bottom, those of one height from left to right."""
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
    """Give the rows, in which what is raised over or lowered under another has become part of that one."""
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
    """Give the gap between the letters of a row that is set wide, 0 for others."""
    gaps = [
        second.x0 - first.x1
        for first, second in pairwise(glyphs)
        if not first.text.isspace() and not second.text.isspace()
    ]
    middle = median(gaps) if len(gaps) >= 6 else 0.0
    return middle if 0.1 * size < middle < 0.6 * size else 0.0


def _raised(base: str, raised: str) -> str:
    """Give what is raised behind `base` as it is written on one line; nothing for the mark of a note."""
    raised = raised.strip()
    if not raised or UNKNOWN in raised:
        return raised
    if _EXPONENT.fullmatch(raised) and _POWER_BASE.search(base):
        return raised.translate(_RAISED_DIGITS)
    if _ORDINAL.fullmatch(raised) or not _NOTE_SIGNS.fullmatch(raised):
        return raised
    return "" if len(raised) <= 12 else raised


def _reading_order(words: Sequence[Word]) -> Sequence[Word]:
    """Give words of scripts that run from right to left in that order, with their letters turned round."""
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


def _with_fields(lines: list[Line], fields: Sequence[Field]) -> list[Line]:
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
            # Ends with the field, so that no word of the next line seems to fit behind it.
            joined = replace(label, words=(*label.words, *words), text=text)
            lines[next(n for n, line in enumerate(lines) if line is label)] = joined
    return sorted(lines, key=lambda line: (-line.y, line.x0))


# Running heads


def text_size(pages: Sequence[Sequence[Line]]) -> float:
    """Give the size that most of the text is set in."""
    sizes = Counter[float]()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def without_running_heads(pages: Sequence[list[Line]]) -> list[list[Line]]:
    """Give the pages without lines at their edges that are equal on most of them or count up with them."""
    size = text_size(pages)
    equal = Counter(mark for page in pages for mark in {_mark(line) for line in _edges(page)})
    counting = Counter(
        mark
        for number, page in enumerate(pages)
        for mark in {mark for line in _edges(page) for mark in _counted(line, number)}
    )
    # A running head may stand on every other page of a book, each with its own.
    least = max(3, 0.4 * len(pages))
    numbered = max(2, 0.5 * len(pages))
    kept = []
    for number, page in enumerate(pages):
        edges = set(map(id, _edges(page)))
        kept.append(
            [
                line
                for line in page
                if id(line) not in edges
                or not (
                    (equal[_mark(line)] >= least)
                    or (
                        any(counting[mark] >= numbered for mark in _counted(line, number))
                        and not _is_large(line, size)
                    )
                )
            ]
        )
    return kept


def _edges(page: Sequence[Line]) -> list[Line]:
    return [*page[:_EDGE_LINES], *page[max(_EDGE_LINES, len(page) - _EDGE_LINES) :]]


def _mark(line: Line) -> tuple[str, int]:
    """Make the same of equal lines at the same height of their pages."""
    return line.text.casefold(), int(line.y // _SAME_HEIGHT)


def _counted(line: Line, page: int) -> Iterator[tuple[str, int]]:
    """Give a mark that is the same on pages whose number the line shows beside the same words."""
    if alone := _PAGE_NUMBER.fullmatch(line.text):
        number = int(alone[1]) if alone[1].isdigit() else _roman(alone[1].lower())
        yield "", number - page
    elif beside := _NUMBERED_HEAD.fullmatch(line.text):
        yield (beside[2] or beside[3]).casefold(), int(beside[1] or beside[4]) - page


def _roman(text: str) -> int:
    values = [_ROMAN[letter] for letter in text]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


# Columns


def _regions(lines: Sequence[Line], rules: Sequence[Rule]) -> Iterator[list[Line]]:
    """Give the lines of a page region by region in reading order: above, left column, right column, below."""
    found = _gutter(lines, rules)
    if found is None:
        if lines:
            yield list(lines)
        return
    x, top, foot = found
    parts: tuple[list[Line], ...] = ([], [], [], [])
    for line in lines:
        place = 0 if line.y > top else 3 if line.y < foot else 1 if line.x0 < x else 2
        parts[place].append(line)
    for part in parts:
        yield from _regions(part, rules)


def _gutter(lines: Sequence[Line], rules: Sequence[Rule]) -> tuple[float, float, float] | None:
    """Find text set in columns: the x at which a column begins, its highest and lowest line."""
    starts = Counter(round(line.x0) for line in lines)
    best: tuple[int, float, float, float] | None = None
    for start, count in starts.items():
        if count < _MIN_COLUMN_LINES:
            continue
        x = start - 1.0
        band: list[Line] = []
        for line in [*lines, None]:
            strip = 0.5 * (line.size if line else 0)
            if line is not None and not (line.x0 < x - 0.1 and line.x1 > x - strip):
                band.append(line)
                continue
            left = [one for one in band if one.x0 < x]
            right = [one for one in band if one.x0 >= x]
            score = min(len(left), len(right))
            if score >= _MIN_COLUMN_LINES and (best is None or score > best[0]):
                top, foot = band[0].y, band[-1].y
                ruled = sum(rule.x0 < x - 20 and rule.x1 > x + 20 and foot < rule.y < top for rule in rules)
                if _is_column(left) and _is_column(right) and ruled < 2:
                    best = score, x, top, foot
            band = []
    return best[1:] if best else None


def _is_column(lines: Sequence[Line]) -> bool:
    """Tell lines of prose from cells of a table: longer, and one beside the other only if they nest."""
    words = sum(len(line.words) for line in lines) / len(lines)
    chars = sum(len(line.text) for line in lines) / len(lines)
    heights = Counter(round(line.y) for line in lines)
    single = sum(count == 1 for count in heights.values()) >= 0.8 * len(heights)
    return chars >= 18 and (words >= 3 or _is_spaceless(lines[0].text[:1])) and single


# Regions to blocks


def _region_blocks(lines: Sequence[Line], rules: Sequence[Rule], setting: Setting) -> list[Block]:
    rows = list(_by_height(lines))
    blocks: list[Block] = []
    prose: list[Line] = []
    number = 0
    while number < len(rows):
        end = _zone(rows, number)
        table = _table(rows[number:end], rules, setting.size) if end else []
        if table:
            blocks += _paragraphs(prose, setting)
            prose = []
            blocks += table
            number = end
        else:
            prose.append(_one_line(rows[number]))
            number += 1
    return blocks + _paragraphs(prose, setting)


def _by_height(lines: Sequence[Line]) -> Iterator[list[Line]]:
    row: list[Line] = []
    for line in sorted(lines, key=lambda line: (-line.y, line.x0)):
        if row and row[0].y - line.y > 0.4 * min(line.size, row[0].size):
            yield _without_marker(sorted(row, key=lambda line: line.x0))
            row = []
        row.append(line)
    if row:
        yield _without_marker(sorted(row, key=lambda line: line.x0))


def _without_marker(row: list[Line]) -> list[Line]:
    """Take a list's mark and what it stands before together."""
    if len(row) > 1 and _MARKER.fullmatch(row[0].text):
        mark = row[0] if row[0].text != UNKNOWN else replace(row[0], text="•")
        return [_one_line([mark, row[1]]), *row[2:]]
    return row


def _one_line(row: Sequence[Line]) -> Line:
    if len(row) == 1:
        return row[0]
    words = tuple(word for line in row for word in line.words)
    main = max(row, key=lambda line: len(line.text))
    text = " ".join(line.text for line in row)
    return Line(words, main.y, main.size, all(line.bold for line in row), text)


def _zone(rows: Sequence[Sequence[Line]], first: int) -> int:
    """Give the end of the rows from `first` on that may make a table; 0 for fewer than two."""
    if len(rows[first]) < 2:
        return 0
    multiple, end = 1, first + 1
    for number in range(first + 1, len(rows)):
        row, before = rows[number], rows[number - 1]
        if before[0].y - row[0].y > 4.5 * max(row[0].size, before[0].size):
            break
        if len(row) > 1:
            multiple, end = multiple + 1, number + 1
        elif number - end >= 3:
            break
    # A cell whose text goes on below the last row.
    while end < len(rows) and len(rows[end]) == 1:
        line = rows[end][0]
        under = any(abs(cell.x0 - line.x0) < 2 for cell in rows[end - 1][1:] or rows[end - 2][1:])
        if not under or rows[end - 1][0].y - line.y > 1.5 * line.size:
            break
        end += 1
    return end if multiple > 1 else 0


def _table(rows: Sequence[Sequence[Line]], rules: Sequence[Rule], size: float) -> list[Block]:
    """Give the rows as a table, or as lines of labels and values; nothing if they have no columns."""
    bounds = _columns(rows)
    if len(bounds) < 2:
        return []
    cells = [_cells(row, bounds, top=number < 2) for number, row in enumerate(rows)]
    bold = [all(line.bold for line in row) for row in rows]
    table, bolds = _merged(rows, cells, bold, rules, bounds)
    if len(table) < 2:
        return []
    if len(bounds) == 2 and sum(row[0].endswith(":") for row in table) >= 0.6 * len(table):
        return [Block("line", " ".join(filter(None, row)), size) for row in table]
    if len(bounds) == 2 and [row[0] for row in table] == [str(n + 1) for n in range(len(table))]:
        return [Block("item", f"{row[0]}. {escaped(row[1])}", size) for row in table]
    headed = _is_headed(table, bolds)
    return [Block("table", "", size, table, headed, tuple(start for start, _ in bounds))]


def _columns(rows: Sequence[Sequence[Line]]) -> list[tuple[float, float]]:
    """Find the columns of a table: what is left between strips that hardly a word of any row covers."""
    multiple = [row for row in rows if len(row) > 1]
    size = median(line.size for row in multiple for line in row)
    # What spans several columns covers strips that the others leave free: the fullest rows count.
    most = max(len(row) for row in multiple)
    full = [row for row in multiple if len(row) >= max(2, 0.6 * most)]
    spans = sorted((word.x0, word.x1) for row in full for line in row for word in line.words)
    events = sorted([*((x0, 1) for x0, _ in spans), *((x1, -1) for _, x1 in spans)])
    allowed = 0.08 * len(full)
    least = (0.6 if len(full) >= 5 else 0.8) * size
    bounds: list[tuple[float, float]] = []
    covered, start = 0, events[0][0]
    free: float | None = None
    for x, change in events:
        after = covered + change
        if covered > allowed >= after:
            free = x
        elif covered <= allowed < after and free is not None:
            if x - free >= least:
                bounds.append((start, free))
                start = x
            free = None
        covered = after
    bounds.append((start, events[-1][0]))
    return bounds


def _cells(row: Sequence[Line], bounds: Sequence[tuple[float, float]], *, top: bool) -> list[str]:
    found: list[list[str]] = [[] for _ in bounds]
    for line in row:
        spanned = [n for n, (x0, x1) in enumerate(bounds) if line.x0 < x1 - 1 and line.x1 > x0 + 1]
        if top and len(spanned) > 1 and len(row) < len(bounds):
            # A head over several columns is the head of each.
            for number in spanned:
                found[number].append(line.text)
            continue
        if len(spanned) <= 1:
            middle = (line.x0 + line.x1) / 2
            found[_nearest(bounds, middle)].append(line.text)
            continue
        for word in line.words:
            found[_nearest(bounds, (word.x0 + word.x1) / 2)].append(word.text)
    return [" ".join(texts) for texts in found]


def _nearest(bounds: Sequence[tuple[float, float]], x: float) -> int:
    return min(range(len(bounds)), key=lambda n: max(bounds[n][0] - x, x - bounds[n][1], 0.0))


def _merged(
    rows: Sequence[Sequence[Line]],
    cells: list[list[str]],
    bold: list[bool],
    rules: Sequence[Rule],
    bounds: Sequence[tuple[float, float]],
) -> tuple[list[list[str]], list[bool]]:
    """Take the lines of each row of a table together: those between two rules, or closer than rows are."""
    heights = [row[0].y for row in rows]
    gaps = [one - after for one, after in pairwise(heights)]
    near = _leading(gaps, cells)
    left, right = bounds[0][0], bounds[-1][1]
    drawn = [
        rule.y
        for rule in rules
        if rule.x0 < left + 10 and rule.x1 > right - 10 and heights[-1] < rule.y < heights[0]
    ]
    ruled = len(set(map(round, drawn))) >= max(2, 0.3 * len(rows))
    table, bolds = [cells[0]], [bold[0]]
    for number in range(1, len(rows)):
        row = cells[number]
        filled = sum(map(bool, row))
        if ruled:
            goes_on = not any(heights[number] < y < heights[number - 1] for y in drawn)
        else:
            goes_on = gaps[number - 1] < near or (
                not row[0] and 2 * filled <= len(row) and gaps[number - 1] < 1.5 * rows[number][0].size
            )
        if goes_on:
            table[-1] = [_joined_words(above, below) for above, below in zip(table[-1], row, strict=True)]
        else:
            table.append(row)
            bolds.append(bold[number])
    return table, bolds


def _leading(gaps: Sequence[float], cells: Sequence[Sequence[str]]) -> float:
    """Give below which gap a line goes on with the row above: lines of a cell are closer than rows are.

    0 if the gaps do not tell, or if two full rows would become one.
    """
    least, most = min(gaps), max(gaps)
    near = 1.15 * least
    if most < 1.2 * least:
        return 0.0
    full = 0
    for number, row in enumerate(cells):
        if number and gaps[number - 1] >= near:
            full = 0
        full += all(row)
        if full > 1:
            return 0.0
    return near


def _joined_words(above: str, below: str) -> str:
    if above and below and _HYPHEN.search(above) and below[:1].islower():
        return above[:-1] + below
    return f"{above} {below}".strip()


def _is_headed(table: Sequence[Sequence[str]], bold: Sequence[bool]) -> bool:
    """Tell a head from a first row of values: set bold alone, or with words over columns of figures."""
    if bold[0] and not all(bold):
        return True
    body = table[1:]
    figures = [
        column
        for column in range(len(table[0]))
        if sum(bool(_DIGIT.search(row[column])) for row in body) >= 0.8 * len(body)
    ]
    if not figures:
        return all(table[0])
    return any(table[0][column] and not _DIGIT.search(table[0][column]) for column in figures)


# Lines to paragraphs


def _paragraphs(lines: Sequence[Line], setting: Setting) -> list[Block]:
    """Give lines below each other as headings, list items and paragraphs."""
    if not lines:
        return []
    body = [line for line in lines if not _is_large(line, setting.size)] or lines
    right = _edge(body)
    gap = _line_gap(body)
    numbers = _numbered(lines)
    blocks: list[Block] = []
    current: list[Line] = []

    def finish() -> None:
        if current:
            blocks.append(_block(current, setting, numbers))
            current.clear()

    for line in lines:
        if current and _parted(current, line, setting, right, gap, numbers):
            finish()
        current.append(line)
    finish()
    return blocks


def _edge(lines: Sequence[Line]) -> float | None:
    """Return the x at which full lines end; None if no two of them end near each other."""
    furthest = sorted((line.x1 for line in lines), reverse=True)
    near = 4 * median(line.size for line in lines)
    return furthest[0] if len(furthest) > 1 and furthest[0] - furthest[1] <= near else None


def _line_gap(lines: Sequence[Line]) -> float:
    gaps = [
        one.y - after.y
        for one, after in pairwise(lines)
        if abs(one.size - after.size) < 0.2 and 0 < one.y - after.y < 4 * (one.size or 12)
    ]
    return median(gaps) if gaps else 0.0


def _numbered(lines: Sequence[Line]) -> dict[int, int]:
    """Find lines that begin with the next number of a list: which number, by the line's id."""
    marked = [(line, int(match[1])) for line in lines if (match := _NUMBER.match(line.text))]
    found: dict[int, int] = {}
    for (one, first), (after, second) in pairwise(marked):
        if second == first + 1 and abs(one.x0 - after.x0) < 1.2 * one.size:
            found[id(one)], found[id(after)] = first, second
    return found


def _is_large(line: Line, size: float) -> bool:
    large = bool(size) and line.size >= _HEADING_SIZE * size
    return large and len(line.text) <= _MAX_HEADING_CHARS and bool(_WORDS.search(line.text))


def _is_bold_heading(lines: Sequence[Line]) -> bool:
    text = lines[0].text
    return (
        len(lines) == 1
        and lines[0].bold
        and len(text) <= _MAX_BOLD_HEADING_CHARS
        and not re.search(r"[.,;:]$", text)
        and ": " not in text
        and bool(_WORDS.search(text))
    )


def _parted(
    current: Sequence[Line],
    line: Line,
    setting: Setting,
    right: float | None,
    gap: float,
    numbers: dict[int, int],
) -> bool:
    """Return whether a new block begins with `line`."""
    before = current[-1]
    if id(before) in setting.heads or line.note:
        return True
    if _is_large(before, setting.size) or _is_large(line, setting.size):
        # A long heading goes on in letters of its own size.
        same = abs(before.size - line.size) < 0.2
        close = before.y - line.y < 1.6 * line.size
        return not (same and close and not _FULL_STOP.search(before.text))
    if id(line) in numbers or _ROUND.match(line.text):
        return True
    if _DASH.match(line.text) and (_SENTENCE_END.search(before.text) or _DASH.match(current[0].text)):
        return True
    if before.bold != line.bold and _is_bold_heading([before]) and len(current) == 1:
        return True
    if line.bold and not before.bold and _is_bold_heading([line]) and _FULL_STOP.search(before.text):
        return True
    if gap and before.y - line.y > _PARAGRAPH_GAP * gap:
        return True
    if before.y < line.y:
        return True
    if _ROUND.fullmatch(before.text) or _HYPHEN.search(before.text):
        return False
    if _LABEL.match(before.text) and _LABEL.match(line.text) and len(before.text) < 80:
        return True
    in_list = id(current[0]) in numbers or _ROUND.match(current[0].text) is not None
    indent = line.x0 - before.x0
    if in_list and len(current) == 1 and indent > 0.5 * line.size:
        return False
    if in_list and len(current) > 1 and abs(indent) < 0.5 * line.size:
        return False
    if right is None:
        return bool(_FULL_STOP.search(before.text)) and line.x1 > before.x1
    space = right - before.x1
    first = line.words[0]
    if space < first.x1 - first.x0 + 0.5 * line.size:
        # Indented first lines part paragraphs whose last line is full.
        return bool(_FULL_STOP.search(before.text)) and 0.8 * line.size < indent < 4 * line.size
    if _SENTENCE_END.search(before.text):
        return space > 0.12 * (right - before.x0) or (len(first.text) > 2 and space > 3 * line.size)
    # A line that ends long before the edge, without an end, is a line of its own: of an address, a form.
    return space > 0.45 * (right - before.x0) and not (line.text[:1].islower() and before.text[-1:] != ":")


def _block(lines: Sequence[Line], setting: Setting, numbers: dict[int, int]) -> Block:
    text, cut = "", False
    for line in lines:
        if text and (cut or (_is_spaceless(text[-1]) and _is_spaceless(line.text[0]))):
            text += line.text
        else:
            text = _continued(text, line.text)
        cut = bool(setting.cut) and line.chars == setting.cut
    first, size = lines[0], setting.size
    if id(first) in setting.heads:
        return Block("heading", f"### {escaped(text)}", first.size)
    if _is_large(first, size) and not (_FULL_STOP.search(text) and len(text.split()) > 5):
        level = 2 if first.size >= 1.5 * size else 3
        return Block("heading", f"{'#' * level} {escaped(text)}", first.size)
    if _is_bold_heading(lines):
        return Block("heading", f"### {escaped(text)}", first.size)
    if id(first) in numbers and (number := _NUMBER.match(text)):
        return Block("item", f"{number[1]}. {escaped(text[number.end() :])}", first.size)
    if mark := _ROUND.match(text) or (_DASH.match(text) if len(text) > 3 else None):
        return Block("item", f"- {escaped(text[mark.end() :])}", first.size)
    return Block("text", text, first.size)


def _continued(text: str, more: str) -> str:
    if not text:
        return more
    if _HYPHEN.search(text):
        # "inter-" and "national" are one word; "Franco-" and "German" are not.
        return text[:-1] + more if more[:1].islower() else text + more
    return f"{text} {more}"


def _is_spaceless(character: str) -> bool:
    """Tell scripts whose words are not parted by spaces, and their punctuation."""
    return (
        "\u3000" <= character <= "\u9fff"
        or "\uff00" <= character <= "\uffef"
        or "\u0e00" <= character <= "\u0e7f"
    )


# Blocks of pages together


def _append(blocks: list[Block], more: Sequence[Block]) -> None:
    """Add blocks; a paragraph, list item or table goes on over the end of a page or column."""
    if blocks and more:
        last, first = blocks[-1], more[0]
        unfinished = last.kind in ("text", "item") and not _SENTENCE_END.search(last.text)
        if unfinished and first.kind == "text" and first.text[:1].islower() and last.size == first.size:
            last.text = _continued(last.text, first.text)
            more = more[1:]
        elif last.kind == first.kind == "table" and _same_columns(last, first):
            repeated = first.headed and last.headed and first.rows[0] == last.rows[0]
            if repeated or not first.headed:
                last.rows += first.rows[repeated:]
                more = more[1:]
    blocks.extend(more)


def _same_columns(one: Block, other: Block) -> bool:
    return len(one.columns) == len(other.columns) and all(
        abs(a - b) < 30 for a, b in zip(one.columns, other.columns, strict=True)
    )


def _quotable(blocks: list[Block]) -> list[Block]:
    """Say as text what a page says in headings alone, since headings are not quoted."""
    if not blocks or any(block.kind != "heading" for block in blocks):
        return blocks
    said = blocks[1:] if len(blocks) > 1 else blocks
    texts = [Block("text", block.text.lstrip("# ").replace("\\<", "<"), block.size) for block in said]
    return [blocks[0], *texts]


def _rendered(blocks: Sequence[Block]) -> Iterator[str]:
    """Give blocks as Markdown; the items of a list are one."""
    items: list[str] = []
    for block in blocks:
        if block.kind == "item":
            items.append(block.text)
            continue
        if items:
            yield "\n".join(items)
            items = []
        if block.kind == "table":
            yield _pipe_table(block)
        else:
            yield block.text if block.kind == "heading" else escaped_paragraph(block.text)
    if items:
        yield "\n".join(items)


def _pipe_table(block: Block) -> str:
    rows = block.rows if block.headed else [[""] * len(block.rows[0]), *block.rows]
    lines = ["| " + " | ".join(escaped(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
