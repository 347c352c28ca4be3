"""Rows of lines that stand beside each other -> a table: its columns, its rows, its head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from index.ingest.readers.markup import escaped
from index.ingest.readers.pdf_lines import DIGIT, HYPHEN, Line


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line that is drawn on the page."""

    x0: float
    x1: float
    y: float


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
    """Where the columns of a table begin."""


def table_of(rows: Sequence[Sequence[Line]], rules: Sequence[Rule], size: float) -> list[Block]:
    """Return the rows as a table, or as lines of labels and values; nothing if they have no columns."""
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
    """Return below which gap a line goes on with the row above: lines of a cell are closer than rows are.

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
    if above and below and HYPHEN.search(above) and below[:1].islower():
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
        if sum(bool(DIGIT.search(row[column])) for row in body) >= 0.8 * len(body)
    ]
    if not figures:
        return all(table[0])
    return any(table[0][column] and not DIGIT.search(table[0][column]) for column in figures)
