"""Tables of every format on one grid -> Markdown: each row on a line, below heads that stand on one line.

A cell that spans others stands in each of them, so that a row read alone says all that it says in
the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from index.ingest.readers.markup import escaped_paragraph

MAX_COLUMNS = 200
MAX_CELLS = 1_000_000
"""A span of a thousand rows and columns is a few bytes of a document."""
_KEY_CHARS = 60


class Cell(NamedTuple):
    """A cell as the document has it."""

    text: str
    """One line of Markdown."""
    rows: int = 1
    columns: int = 1
    is_head: bool = False


def grid(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Return one cell for each row and column: those that span several are repeated."""
    filled: dict[tuple[int, int], Cell] = {}
    for y, row in enumerate(rows):
        x = 0
        for cell in row:
            while (y, x) in filled:
                x += 1
            # In HTML a span of 0 reaches to the end.
            height = min(cell.rows or len(rows), len(rows) - y)
            width = min(max(1, cell.columns), MAX_COLUMNS - x)
            if width < 1 or len(filled) + width * height > MAX_CELLS:
                break
            for below in range(y, y + height):
                for beside in range(x, x + width):
                    filled.setdefault((below, beside), cell)
            x += width
    width = 1 + max((x for _, x in filled), default=-1)
    return [[filled.get((y, x), Cell("")) for x in range(width)] for y in range(len(rows))]


def table_blocks(rows: Sequence[Sequence[Cell]], caption: str = "", heads: int | None = None) -> list[str]:
    """Return blocks of Markdown: the table, its caption and the titles within it in bold.

    `heads` is how many rows the document calls heads; None if it does not say.
    """
    full = grid(rows)
    full = [row for row in full if any(cell.text.strip() for cell in row)]
    used = [x for x in range(len(full[0]) if full else 0) if any(row[x].text.strip() for row in full)]
    full = [[row[x] for x in used] for row in full]
    blocks = [_bold(caption)] if caption.strip() else []
    if len(used) < 2:
        return blocks + [escaped_paragraph(row[0].text.strip()) for row in full]
    count = _heads(full, heads)
    while count and _is_title(full[0]):
        blocks.append(_bold(full.pop(0)[0].text))
        count -= 1
    if len(full) < 2 and not count:
        return blocks + [escaped_paragraph(_pair(row)) for row in full]
    if not count and len(used) == 2:
        return [*blocks, "\n".join(f"- {_pair(row)}" for row in full)]
    head = _one_head(full[:count]) if count else [""] * len(used)
    part: list[str] = []
    for row in full[count:]:
        if _is_title(row) and len(row[0].text) <= _KEY_CHARS:
            blocks += [_lines(head, part)] if part else []
            blocks.append(_bold(row[0].text))
            part = []
        else:
            part.append(_line([cell.text for cell in row]))
    if part or not blocks:
        blocks.append(_lines(head, part))
    return blocks


def cell_line(pieces: Iterable[str]) -> str:
    """Return the lines of one cell, on one line."""
    text = ""
    for piece in (" ".join(piece.split()) for piece in pieces):
        if piece:
            mark = "" if not text else " " if text.endswith((".", ":", ";", ",", "!", "?", "。")) else "; "
            text += mark + piece
    return text


def _heads(rows: list[list[Cell]], said: int | None) -> int:
    """Return the number of rows that are heads, titles that stand above them included."""
    if said is None:
        said = 0
        while said < len(rows) and all(cell.is_head or not cell.text for cell in rows[said]):
            said += 1
        # A table all of whose cells are heads has none.
        said = 0 if said == len(rows) else said
    titles = 0
    while titles < len(rows) - 1 and _is_title(rows[titles]):
        titles += 1
    if said <= titles:
        first = rows[titles] if titles < len(rows) else []
        marked = any(cell.is_head for row in rows for cell in row)
        said = titles + int(not marked and len(rows) > titles + 1 and _looks_like_a_head(first))
    # Below a head that spans columns stand the heads of each.
    while (
        0 < said < len(rows) - 1
        and any(cell.columns > 1 for cell in rows[said - 1])
        and not _is_title(rows[said - 1])
        and _has_no_figures(rows[said])
        and _continues(rows[said - 1], rows[said])
    ):
        said += 1
    return said


def _continues(above: list[Cell], below: list[Cell]) -> bool:
    """Return whether nothing, or the same, stands below the heads that span no columns."""
    return all(
        low is high or not low.text.strip()
        for high, low in zip(above, below, strict=True)
        if high.columns == 1
    )


def _looks_like_a_head(row: list[Cell]) -> bool:
    """Return 1 if the first row of a table without marked heads is one, and not a name and its value."""
    texts = [cell.text.strip() for cell in row]
    if len(texts) == 2:
        return not texts[0].endswith(":") and all(texts) and _has_no_figures(row)
    return True


def _has_no_figures(row: list[Cell]) -> bool:
    return not any(re.search(r"\d", cell.text) or len(cell.text) > _KEY_CHARS for cell in row)


def _is_title(row: list[Cell]) -> bool:
    """Return whether one cell reaches over all columns."""
    return len(row) > 1 and all(cell is row[0] for cell in row) and row[0].columns > 1


def _one_head(rows: list[list[Cell]]) -> list[str]:
    columns = zip(*rows, strict=True)
    return [" ".join(dict.fromkeys(cell.text.strip() for cell in column)).strip() for column in columns]


def _bold(text: str) -> str:
    return f"**{' '.join(text.split()).replace('*', '')}**"


def _pair(row: list[Cell]) -> str:
    name, value = (
        row[0].text.strip(),
        "; ".join(dict.fromkeys(cell.text.strip() for cell in row[1:] if cell.text.strip())),
    )
    mark = "" if not name or name.endswith((":", "?")) else ":"
    return " ".join(f"{name}{mark if value else ''} {value}".split())


def _lines(head: list[str], lines: list[str]) -> str:
    return "\n".join([_line(head), "|" + "---|" * len(head), *lines])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"
