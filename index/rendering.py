"""How units look to people and to models: no marks, table rows with their heads, steps with their numbers.

The stored text is never changed: each piece of what is shown knows its offsets in it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from index.lines import MAX_PATH_CHARS, cell_spans
from index.lists import mark_of
from index.marks import Piece, pieces, plain
from index.types import Article
from index.units import Kind, Unit, units_of

PATH_MARK = " › "


@dataclass(frozen=True, slots=True)
class Shown:
    """A part of a text as a reader sees it."""

    pieces: tuple[Piece, ...]

    @property
    def words(self) -> str:
        return "".join(piece.words for piece in self.pieces)

    def where(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the range in `words` that shows `text[start:end]`; None if nothing of it is shown."""
        found: list[int] = []
        place = 0
        for piece in self.pieces:
            if piece.start < end and start < piece.end:
                exact = piece.exact
                found.append(place + (max(0, start - piece.start) if exact else 0))
                found.append(place + (min(end, piece.end) - piece.start if exact else len(piece.words)))
            place += len(piece.words)
        return (found[0], found[-1]) if found else None

    def behind(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the part of the text that `words[start:end]` stands for; None if it stands for none."""
        found: list[int] = []
        place = 0
        for piece in self.pieces:
            stop = place + len(piece.words)
            if place < end and start < stop and piece.start < piece.end:
                exact = piece.exact
                found.append(piece.start + (max(0, start - place) if exact else 0))
                found.append(piece.start + min(end, stop) - place if exact else piece.end)
            place = stop
        return (found[0], found[-1]) if found else None


def shown(unit: Unit, text: str) -> str:
    """Return a unit for people and for models, on one line."""
    words = text[unit.start : unit.end]
    if unit.verbatim:
        return words
    if unit.kind is not Kind.ROW:
        return plain(words)
    return "".join(piece.words for piece in _row(unit, text))


def shown_text(text: str, start: int = 0) -> Shown:
    """Return a sentence as a reader sees it; it begins in its article at `start`."""
    return Shown(tuple(_moved(pieces(text), start)))


def shown_between(article: Article, start: int, end: int) -> Shown:
    """Render the units in `text[start:end]`, each on its own line unless it is running prose."""
    units = units_of(article)
    first = bisect_right(units, start, key=lambda unit: unit.end)
    found = units[first : bisect_left(units, end, key=lambda unit: unit.start)]
    told: list[Piece] = []
    for number, unit in enumerate(found):
        if number:
            told.append(Piece(_between(article.text, found[number - 1], unit), unit.start, unit.start))
        if len(found) > 1 and (mark := mark_of(unit, article.text)):
            told.append(Piece(mark, unit.start, unit.start))
        told += _pieces(_clipped(unit, start, end), article.text)
    return Shown(tuple(told))


def context(unit: Unit, text: str) -> tuple[str, ...]:
    """Return the headings and heads that a unit is searched with; none for a sentence of prose."""
    if unit.kind is Kind.SENTENCE and unit.introduced_by is None:
        return ()
    return (*_needed(unit, text), *filter(None, unit.heads))


def searched(unit: Unit, text: str) -> str:
    """Return the text that a unit is embedded by: its own, after its headings if they are needed."""
    if unit.kind is Kind.SENTENCE and unit.introduced_by is None:
        return text[unit.start : unit.end]
    above = PATH_MARK.join(_needed(unit, text))
    return f"{above}: {shown(unit, text)}" if above else shown(unit, text)


def _needed(unit: Unit, text: str) -> tuple[str, ...]:
    if unit.path or unit.heads or unit.introduced_by is None:
        return unit.path
    # A question that is the article's title stands in no path.
    return (plain(text[slice(*unit.introduced_by)])[:MAX_PATH_CHARS],)


def _pieces(unit: Unit, text: str) -> Sequence[Piece]:
    words = text[unit.start : unit.end]
    if unit.verbatim:
        return [Piece(words, unit.start, unit.end, code=True)]
    if unit.kind is Kind.ROW:
        return _row(unit, text)
    return list(_moved(pieces(words), unit.start))


def _row(unit: Unit, text: str) -> list[Piece]:
    """Return the cells of a row that are not empty, each with its head."""
    told: list[Piece] = []
    for number, (start, end) in enumerate(cell_spans(text[unit.start : unit.end])):
        begin = unit.start + start
        value = list(_moved(pieces(text[begin : unit.start + end]), begin))
        if not value:
            continue
        head = unit.heads[number].rstrip(":") if number < len(unit.heads) else ""
        repeated = head == "".join(piece.words for piece in value)
        lead = (" · " if told else "") + (f"{head}: " if head and not repeated else "")
        told += [Piece(lead, value[0].start, value[0].start)] * bool(lead) + value
    return told


def _moved(found: Sequence[Piece], by: int) -> Iterator[Piece]:
    return (replace(piece, start=piece.start + by, end=piece.end + by) for piece in found)


def _clipped(unit: Unit, start: int, end: int) -> Unit:
    inside = start <= unit.start and unit.end <= end
    return unit if inside else replace(unit, start=max(start, unit.start), end=min(end, unit.end))


def _between(text: str, before: Unit, unit: Unit) -> str:
    prose = unit.kind is Kind.SENTENCE and before.kind is Kind.SENTENCE
    between = text[before.end : unit.start]
    return "\n" if "\n\n" in between or ("\n" in between and not prose) else " "
