"""Letters with their places on pages -> Markdown blocks: columns, paragraphs, headings, lists and tables.

A PDF says where letters stand and not what they are, so all that is told here is told from places, sizes
and gaps.  Lengths are in points, heights count from the page's foot.  Knows nothing of PDF files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from index.ingest.readers.markup import escaped, escaped_paragraph
from index.ingest.readers.pdf_lines import (
    DIGIT,
    FULL_STOP,
    LABEL,
    SENTENCE_END,
    UNKNOWN,
    WORDS,
    Field,
    Glyph,
    Line,
    is_spaceless,
    lines_of,
    text_size,
    with_fields,
)
from index.ingest.readers.pdf_paragraphs import Setting, continued, is_large, paragraphs_of
from index.ingest.readers.pdf_tables import Block, Rule, table_of

# Lines at the top and at the bottom of a page in which a running head or a page number may stand.
_EDGE_LINES = 3
_SAME_HEIGHT = 10
_MIN_COLUMN_LINES = 3
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_MARKER = re.compile(r"[\ufffd\ue000-\uf8ff•◦▪‣·●○■□➢✓–—*-]|\(?\d{1,3}[.)]|\(?[a-z]\)")
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


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on one page."""

    glyphs: Sequence[Glyph]
    rules: Sequence[Rule] = ()
    fields: Sequence[Field] = ()
    turned: str = ""
    """Letters that stand another way than most of the page, which are not read."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What pages say."""

    blocks: list[str]
    """Of Markdown."""
    running_heads: list[str]
    """Lines at the edges of pages that are no part of the text, in order; page numbers are not told."""


def layout_of(pages: Sequence[Page]) -> Layout:
    """Lay the pages out as Markdown blocks, without running heads and page numbers."""
    whole = [with_fields(lines_of(page.glyphs), page.fields) for page in pages]
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
    if len(line.text) > 80 or FULL_STOP.search(line.text) or not WORDS.search(line.text):
        return ""
    label = LABEL.match(line.text)
    return label[0] if label else re.sub(r"\d+", "0", line.text.casefold()) if DIGIT.search(line.text) else ""


# Running heads


def without_running_heads(pages: Sequence[list[Line]]) -> list[list[Line]]:
    """Return the pages without lines at their edges that are equal on most of them or count up with them."""
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
                        and not is_large(line, size)
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
    """Yield a mark that is the same on pages whose number the line shows beside the same words."""
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
    """Yield the lines of a page by region in reading order: above, left column, right column, below."""
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
    """Find where text is set in columns: the x at which a column begins, its highest and lowest line."""
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
    """Tell lines of prose from cells of a table: longer, and one beside the other only where they nest."""
    words = sum(len(line.words) for line in lines) / len(lines)
    chars = sum(len(line.text) for line in lines) / len(lines)
    heights = Counter(round(line.y) for line in lines)
    single = sum(count == 1 for count in heights.values()) >= 0.8 * len(heights)
    return chars >= 18 and (words >= 3 or is_spaceless(lines[0].text[:1])) and single


# Regions to blocks


def _region_blocks(lines: Sequence[Line], rules: Sequence[Rule], setting: Setting) -> list[Block]:
    rows = list(_by_height(lines))
    blocks: list[Block] = []
    prose: list[Line] = []
    number = 0
    while number < len(rows):
        end = _zone(rows, number)
        table = table_of(rows[number:end], rules, setting.size) if end else []
        if table:
            blocks += paragraphs_of(prose, setting)
            prose = []
            blocks += table
            number = end
        else:
            prose.append(_one_line(rows[number]))
            number += 1
    return blocks + paragraphs_of(prose, setting)


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
    """Return the end of the rows from `first` on that may make a table; 0 for fewer than two."""
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


# Blocks of pages together


def _append(blocks: list[Block], more: Sequence[Block]) -> None:
    """Add blocks; a paragraph, list item or table goes on over the end of a page or column."""
    if blocks and more:
        last, first = blocks[-1], more[0]
        unfinished = last.kind in ("text", "item") and not SENTENCE_END.search(last.text)
        if unfinished and first.kind == "text" and first.text[:1].islower() and last.size == first.size:
            last.text = continued(last.text, first.text)
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
    """Yield blocks as Markdown; the items of a list are one."""
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
