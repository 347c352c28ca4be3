"""HTML in Markdown: its blocks, element by element."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from index.lines import LETTER, cells, shortened
from index.marks import plain
from index.outline import Above, Kind
from index.paragraphs import Paragraphs

_CONTAINER = re.compile(r"<(/?)(?:table|dl|details|ul|ol|pre)\b[^<>]{0,500}>", re.IGNORECASE)
_BLOCK_TAG = re.compile(
    r"<(/?)(details|summary|dl|dt|dd|table|tr|ul|ol|li|p|div|section|article|center|blockquote|figure"
    r"|figcaption|caption|pre|h[1-6]|br|hr)\b[^<>]{0,500}>",
    re.IGNORECASE,
)


def html(scan: Paragraphs, number: int) -> int:
    """Add the blocks of an HTML element, as well as they can be told, and return the line after it."""
    stop, opened = number, 0
    while stop < len(scan.lines) and (opened > 0 or not scan.lines[stop].blank) and stop not in scan.fences:
        if not scan.unclosed:
            for tag in _CONTAINER.finditer(scan.lines[stop].seen):
                opened += -1 if tag[1] else 1
        stop += 1
    if opened > 0:
        # Up to the first blank line.
        scan.unclosed = True
        stop = next((n for n in range(number, stop) if scan.lines[n].blank), stop)
    start, end = scan.lines[number].start, scan.lines[stop - 1].end
    _Html(scan, scan.above(scan.lines[number].indent)).read(start, end)
    return stop


@dataclass(slots=True)
class _Html:
    """A run of HTML, element by element."""

    scan: Paragraphs
    above: tuple[Above, ...]
    opened: list[str] = field(default_factory=list)
    summaries: list[Above | None] = field(default_factory=list)
    term: Above | None = None
    heads: tuple[str, ...] = ()
    head: Above | None = None
    row: int = -1
    """Where the row begins that is being read; -1 outside of rows."""

    def read(self, start: int, end: int) -> None:
        begin = start
        for tag in _BLOCK_TAG.finditer(self.scan.seen, start, end):
            closes, name = bool(tag[1]), tag[2].lower()
            if self.row < 0 and begin < tag.start():
                self._text(begin, tag.start())
            begin = tag.end()
            if name == "tr":
                if self.row >= 0:
                    self._row(self.row, tag.start())
                self.row = -1 if closes else tag.end()
            elif name == "table":
                if closes and self.row >= 0:
                    self._row(self.row, tag.start())
                self.row, self.heads, self.head = -1, (), None
            elif name == "details":
                if not closes:
                    self.summaries.append(None)
                elif self.summaries:
                    self.summaries.pop()
            elif name == "dl":
                self.term = None
            if closes:
                if name in self.opened:
                    del self.opened[len(self.opened) - 1 - self.opened[::-1].index(name) :]
            elif name not in ("br", "hr"):
                if (
                    name in ("li", "dt", "dd", "p", "summary")
                    and self.opened
                    and self.opened[-1] in (("dt", "dd") if name in ("dt", "dd") else (name,))
                ):
                    self.opened.pop()
                self.opened.append(name)
        if self.row >= 0:
            self._row(self.row, end)
        elif begin < end:
            self._text(begin, end)

    def _over(self) -> tuple[Above, ...]:
        return self.above + tuple(one for one in self.summaries if one is not None)

    def _text(self, start: int, end: int) -> None:
        scan = self.scan
        inside = self.opened[-1] if self.opened else ""
        if "pre" in self.opened:
            for line in re.finditer(r"[^\n]+", scan.seen[start:end]):
                scan.add((start + line.start(), start + line.end()), Kind.LINE, self._over())
        elif inside == "summary" and self.summaries:
            self.summaries[-1] = scan.introduce((start, end), self._over())
        elif inside == "dt":
            self.term = scan.introduce((start, end), self._over())
        elif len(inside) == 2 and inside[0] == "h" and inside[1].isdigit():
            if LETTER.search(scan.seen, start, end):
                scan.push((start, end), int(inside[1]))
                self.above = scan.base()
        elif "dd" in self.opened and self.term is not None:
            scan.flow((start, end), Kind.DEFINITION, (*self._over(), self.term), False)
        else:
            kind = Kind.ITEM if "li" in self.opened else Kind.SENTENCE
            scan.flow((start, end), kind, self._over(), False)

    def _row(self, start: int, end: int) -> None:
        scan, words = self.scan, self.scan.seen[start:end]
        over = self._over() + ((self.head,) if self.head is not None else ())
        if not self.heads and self.head is None and "<th" in words.lower() and "<td" not in words.lower():
            self.heads = tuple(shortened(plain(cell)) for cell in cells(words))
            self.head = scan.introduce((start, end), over, otherwise=Kind.ROW, words="")
        else:
            scan.add((start, end), Kind.ROW, over, self.heads)
