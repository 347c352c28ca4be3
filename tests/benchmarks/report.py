"""Results as a table for the terminal, as Markdown, and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group as Renderables
from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from tests.benchmarks.baselines import BM25, DENSE, RRF
from tests.benchmarks.figures import Figure, Group, Results, Table, Unit

NOTHING = ""
LABELS = {DENSE: "dense only", BM25: "BM25 only", RRF: "naive rrf"}


def for_terminal(results: Results) -> RenderableType:
    parts: list[RenderableType] = [Text(_about(results))]
    for group in results.groups:
        marks, sides = _marks(group), _sides(group)
        rows = [(_row(figure, sides, marks), _style(figure)) for figure in group.figures]
        if rows:
            parts.append(_rich_table(group.name, _columns(sides), rows))
        parts += [Text(f"[{number}] {note}", style="dim") for note, number in marks.items()]
        parts += [_rich_table(t.title, t.columns, [(row, NOTHING) for row in t.rows]) for t in group.tables]
    return Renderables(*parts)


def as_markdown(results: Results) -> str:
    lines = [_about(results), ""]
    for group in results.groups:
        marks, sides = _marks(group), _sides(group)
        rows = [_row(figure, sides, marks) for figure in group.figures]
        lines += [f"### {group.name}", *(["", *_markdown_table(_columns(sides), rows), ""] if rows else [])]
        lines += [f"- [{number}] {note}" for note, number in marks.items()]
        for table in group.tables:
            lines += ["", f"**{table.title}**", "", *_markdown_table(table.columns, table.rows)]
        lines.append("")
    return "\n".join(lines)


def as_json(results: Results) -> str:
    return json.dumps(
        {
            "about": dict(results.about),
            "groups": [
                {
                    "name": group.name,
                    "figures": [_figure(figure) for figure in group.figures],
                    "tables": [_table(table) for table in group.tables],
                }
                for group in results.groups
            ],
        },
        indent=1,
        ensure_ascii=False,
        allow_nan=False,
    )


def _about(results: Results) -> str:
    return " · ".join(f"{name} {value}" for name, value in results.about.items())


def _row(figure: Figure, sides: Iterable[str], marks: Mapping[str, int]) -> tuple[str, ...]:
    name = f"{figure.name} [{marks[figure.note]}]" if figure.note else figure.name
    plain = [_value(figure.plain[side], figure.unit) if side in figure.plain else NOTHING for side in sides]
    mark = {None: "", True: " ✓", False: " ✗"}[figure.reached]
    target = NOTHING
    if figure.target:
        bound = "≤" if figure.target.at_most else "≥"
        target = f"{bound} {_value(figure.target.value, figure.unit)}{mark}"
    return (name, *plain, _value(figure.ours, figure.unit), target, f"{figure.count:,}")


def _marks(group: Group) -> dict[str, int]:
    """Note -> the number that it is referred to by: what stands behind the figures, each once."""
    notes = dict.fromkeys(figure.note for figure in group.figures if figure.note)
    return {note: number for number, note in enumerate(notes, 1)}


def _sides(group: Group) -> list[str]:
    """The baselines of a group's figures."""
    return list(dict.fromkeys(side for figure in group.figures for side in figure.plain))


def _columns(sides: Iterable[str]) -> tuple[str, ...]:
    return ("figure", *(LABELS.get(side, side) for side in sides), "ours", "target", "n")


def _value(value: float, unit: Unit) -> str:
    if math.isnan(value):
        return "-"
    if unit is Unit.SHARE:
        return f"{value:.3f}"
    if unit is Unit.MEGABYTES:
        return f"{value:,.0f} {unit.value}"
    return f"{value:.1f} {unit.value}" if unit is Unit.MILLISECONDS else f"{value:.2f} {unit.value}"


def _style(figure: Figure) -> str:
    return {None: NOTHING, True: "green", False: "red"}[figure.reached]


def _rich_table(title: str, columns: Iterable[str], rows: Iterable[tuple[tuple[str, ...], str]]) -> RichTable:
    table = RichTable(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=number > 0)
    for cells, style in rows:
        table.add_row(*cells, style=style)
    return table


def _markdown_table(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> list[str]:
    header = tuple(columns)
    ruler = ("---", *("---:" for _ in header[1:]))
    return [f"| {' | '.join(row)} |" for row in (header, ruler, *rows)]


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "ours": _json_number(figure.ours),
        "unit": figure.unit.value,
        "count": figure.count,
        "plain": {side: _json_number(value) for side, value in figure.plain.items()},
        "target": figure.target.value if figure.target else None,
        "target_is": None if figure.target is None else "at most" if figure.target.at_most else "at least",
        "reached": figure.reached,
        "note": figure.note,
    }


def _table(table: Table) -> dict[str, Any]:
    return {"title": table.title, "columns": list(table.columns), "rows": [list(row) for row in table.rows]}


def _json_number(value: float) -> float | None:
    """None for what could not be measured: JSON has no NaN."""
    return None if math.isnan(value) else round(value, 6)
