"""Spreadsheets (.xlsx, .csv, .tsv) -> a `Draft`: each sheet is a table; values are as they are shown."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import PurePosixPath
from typing import Any

from index.ingest.document import (
    PARSER_FAULTS,
    Draft,
    Unreadable,
    What,
    clean_text,
    left_out,
    script_language,
)
from index.ingest.readers.decoding import decode
from index.ingest.readers.markup import escaped
from index.ingest.readers.packages import members, package_facts
from index.ingest.readers.tables import MAX_CELLS, MAX_COLUMNS, Cell, cell_line, table_blocks
from index.reasons import Why

MAX_ROWS = 100_000
_DELIMITERS = ",;\t|"
_SAMPLE_CHARS = 20_000
# A cell of a million characters is no cell.
csv.field_size_limit(1_000_000)


def read_csv(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """Return a table of values between commas, semicolons, tabs or bars; the first row is its head."""
    text = decode(raw, charset)
    declared = re.match(r"sep=(.)\r?\n", text)
    if declared:
        text = text[declared.end() :]
    tabs = PurePosixPath(name).suffix.lower() in (".tsv", ".tab")
    delimiter = declared[1] if declared else "\t" if tabs else _delimiter(text[:_SAMPLE_CHARS])
    try:
        rows = [
            [Cell(escaped(cell_line(value.splitlines()))) for value in row[:MAX_COLUMNS]]
            for row in islice(csv.reader(io.StringIO(text), delimiter=delimiter), MAX_ROWS + 1)
        ]
    except csv.Error as error:
        raise Unreadable(Why.NO_TABLE, problem=str(error)) from error
    if len(rows) > MAX_ROWS or sum(map(len, rows)) > MAX_CELLS:
        raise _too_large()
    body = clean_text("\n\n".join(_tables(rows)))
    return Draft(text=body, language=script_language(body))


def read_workbook(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """Return the visible sheets, rows and columns of a workbook; of a formula, its saved value."""
    # Only for what it refuses: bombs and entities, which the library below would open.
    facts = package_facts(members(raw))
    # A quarter of a second, which documents of other kinds need not wait.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(raw), data_only=True, keep_links=False)
    except (InvalidFileException, OSError, EOFError, SyntaxError, *PARSER_FAULTS) as error:
        raise Unreadable(Why.DAMAGED_WORKBOOK) from error
    left: list[tuple[What, str]] = []
    blocks: list[str] = []
    sheets = [sheet for sheet in book.worksheets if sheet.max_row and sheet.max_column]
    for sheet in sheets:
        try:
            rows = list(_rows(sheet, left))
        except PARSER_FAULTS as error:
            raise Unreadable(Why.DAMAGED_WORKBOOK) from error
        tables = _tables(rows)
        if sheet.sheet_state != "visible":
            left.append(("hidden text", f"{sheet.title}: {' '.join(tables)[:200]}"))
        elif tables:
            blocks += [f"## {escaped(sheet.title)}"] if len(sheets) > 1 else []
            blocks += tables
    text = clean_text("\n\n".join(blocks))
    if not text.strip():
        raise Unreadable(Why.NO_CELLS)
    return Draft(
        text=text,
        title=facts.title,
        author=facts.author if facts.author != "openpyxl" else None,
        published=facts.published,
        language=script_language(text) or facts.language,
        left_out=left_out(left),
    )


def _delimiter(sample: str) -> str:
    """Return the mark that parts most lines into the same number of values."""
    lines = [line for line in sample.splitlines()[:50] if line.strip()]
    counts = {mark: [line.count(mark) for line in lines] for mark in _DELIMITERS}

    def agreement(mark: str) -> tuple[int, int]:
        often = [count for count in counts[mark] if count]
        return (max((often.count(count) for count in set(often)), default=0), sum(often))

    return max(_DELIMITERS, key=agreement)


def _too_large() -> Unreadable:
    return Unreadable(Why.MANY_CELLS, rows=MAX_ROWS, cells=MAX_CELLS)


def _tables(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Return tables as empty rows part them; a row of one cell above one is its title."""
    blocks: list[str] = []
    for filled, run in groupby(rows, key=lambda row: any(cell.text for cell in row)):
        if not filled:
            continue
        part = list(run)
        while len(part) > 1 and sum(bool(cell.text) for cell in part[0]) == 1:
            title = next(cell.text for cell in part.pop(0) if cell.text)
            is_short = len(title) <= 80 and title[-1] not in ".:;"
            blocks.append(f"**{title.replace('*', '')}**" if is_short else title)
        blocks += table_blocks(part)
    return blocks


def _rows(sheet: Any, left: list[tuple[What, str]]) -> Iterator[list[Cell]]:
    hidden = {
        number
        for column in sheet.column_dimensions.values()
        if column.hidden
        for number in range(column.min or 0, min(column.max or 0, MAX_COLUMNS) + 1)
    }
    hidden_rows = {number for number, row in sheet.row_dimensions.items() if row.hidden}
    # Cells that hold something: a format may reach to the millionth row.
    places = [place for place, cell in sheet._cells.items() if cell.value is not None]
    last_row = max((row for row, _ in places), default=0)
    last_column = min(MAX_COLUMNS, max((column for _, column in places), default=0))
    if last_row > MAX_ROWS or last_row * last_column > MAX_CELLS:
        raise _too_large()
    spans: dict[tuple[int, int], tuple[int, int]] = {}
    covered: set[tuple[int, int]] = set()
    for area in sheet.merged_cells.ranges:
        rows = range(area.min_row, min(area.max_row, last_row) + 1)
        columns = range(area.min_col, min(area.max_col, MAX_COLUMNS) + 1)
        covered.update((row, column) for row in rows for column in columns)
        spans[area.min_row, area.min_col] = (
            len(set(rows) - hidden_rows) or 1,
            len(set(columns) - hidden) or 1,
        )
    for number, row in enumerate(sheet.iter_rows(max_row=last_row, max_col=last_column), 1):
        cells = [
            Cell(_shown(cell, left), *spans.get((number, at), (1, 1)))
            for at, cell in enumerate(row, 1)
            if at not in hidden and ((number, at) in spans or (number, at) not in covered)
        ]
        if number not in hidden_rows:
            yield cells
        elif any(cell.text for cell in cells):
            left.append(("hidden rows", " ".join(cell.text for cell in cells)))


def _shown(cell: Any, left: list[tuple[What, str]]) -> str:
    """Return the value of a cell, in its number format."""
    value = cell.value
    if value is None:
        return ""
    text = escaped(cell_line(_text(value, cell.number_format or "General").splitlines()))
    if cell.font is not None and cell.font.strike:
        left.append(("struck text", text))
        return ""
    return text


def _text(value: Any, format: str) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime.datetime():
            has_time = bool(re.search(r"[hs]", _bare(format).casefold())) or value.time() != datetime.time()
            return value.isoformat(" ", "minutes") if has_time else value.date().isoformat()
        case datetime.date():
            return value.isoformat()
        case datetime.time():
            return value.isoformat("minutes")
        case datetime.timedelta():
            minutes = int(value.total_seconds() // 60)
            return f"{minutes // 60}:{minutes % 60:02}"
        case int() | float():
            return _number(value, format)
    return str(value)


def _number(value: float, format: str) -> str:
    """Return a number with the decimals, groups, percent sign and currency of its format."""
    part = format.split(";")[0]
    bare = _bare(part)
    places = re.search(r"[0#?][0#?,]*(?:\.([0#?]+))?", bare)
    percent = "%" in bare
    shown = value * 100 if percent else value
    if places is None or "E" in bare or "/" in bare:
        digits = f"{value:.10g}" if isinstance(value, float) else str(value)
    else:
        wanted = places[1] or ""
        digits = f"{shown:{',' if ',' in bare else ''}.{len(wanted)}f}"
        if wanted.strip("0"):
            digits = digits.rstrip("0").rstrip(".")
    if "General" in part:
        digits = f"{value:.10g}" if isinstance(value, float) else str(value)
    around = re.split(r"[0#?][0#?,.]*|General", _words(part), maxsplit=1)
    before, after = [*around, ""][:2]
    return f"{before}{digits}{after}".strip()


def _bare(format: str) -> str:
    """Return a number format without its words, colours and conditions."""
    return re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|[_*].', "", format)


def _words(format: str) -> str:
    """Return a number format with its words and signs as they are shown."""
    format = re.sub(r"\[\$([^\]-]*)[^\]]*\]", r"\1", format)
    format = re.sub(r"\[[^\]]*\]|[_*].", "", format)
    return re.sub(r'"([^"]*)"|\\(.)', lambda match: match[1] or match[2] or "", format)
