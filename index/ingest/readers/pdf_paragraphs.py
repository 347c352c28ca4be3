"""Lines below each other -> headings, list items and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from index.ingest.readers.markup import escaped
from index.ingest.readers.pdf_lines import FULL_STOP, HYPHEN, LABEL, SENTENCE_END, WORDS, Line, is_spaceless
from index.ingest.readers.pdf_tables import Block

_HEADING_SIZE = 1.12
_MAX_HEADING_CHARS = 200
_MAX_BOLD_HEADING_CHARS = 90
_PARAGRAPH_GAP = 1.35
_ROUND = re.compile(r"[\ue000-\uf8ff•◦▪‣·●○■□➢✓]\s*")
_DASH = re.compile(r"[–—*-]\s+")
_NUMBER = re.compile(r"\(?(\d{1,3})[.)]\s+")


@dataclass(frozen=True, slots=True)
class Setting:
    """How a document is set."""

    size: float
    """Of most of its letters."""
    cut: int
    """The number of letters after which its lines are cut, also inside words; 0 if they end with words."""
    heads: frozenset[int]
    """The ids of lines that open a page and are its head."""


@dataclass(frozen=True, slots=True)
class _Region:
    """How the lines of one region are set."""

    setting: Setting
    right: float | None
    """Where full lines end; None if that is not known."""
    gap: float
    """From one line to the next; 0 if that is not known."""
    numbers: dict[int, int]
    """Of lines that begin with the next number of a list, by the line's id."""


def paragraphs_of(lines: Sequence[Line], setting: Setting) -> list[Block]:
    """Return lines below each other as headings, list items and paragraphs."""
    if not lines:
        return []
    body = [line for line in lines if not is_large(line, setting.size)] or lines
    region = _Region(setting, _edge(body), _line_gap(body), _numbered(lines))
    blocks: list[Block] = []
    current: list[Line] = []

    def finish() -> None:
        if current:
            blocks.append(_block(current, region))
            current.clear()

    for line in lines:
        if current and _parted(current, line, region):
            finish()
        current.append(line)
    finish()
    return blocks


def _edge(lines: Sequence[Line]) -> float | None:
    """Find where lines end that are full; None if no two of them end near each other."""
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


def is_large(line: Line, size: float) -> bool:
    large = bool(size) and line.size >= _HEADING_SIZE * size
    return large and len(line.text) <= _MAX_HEADING_CHARS and bool(WORDS.search(line.text))


def _is_bold_heading(lines: Sequence[Line]) -> bool:
    text = lines[0].text
    return (
        len(lines) == 1
        and lines[0].bold
        and len(text) <= _MAX_BOLD_HEADING_CHARS
        and not re.search(r"[.,;:]$", text)
        and ": " not in text
        and bool(WORDS.search(text))
    )


def _parted(current: Sequence[Line], line: Line, region: _Region) -> bool:
    """Return whether a new block begins with `line`."""
    setting, right, gap, numbers = region.setting, region.right, region.gap, region.numbers
    before = current[-1]
    if id(before) in setting.heads or line.note:
        return True
    if is_large(before, setting.size) or is_large(line, setting.size):
        # A long heading goes on in letters of its own size.
        same = abs(before.size - line.size) < 0.2
        close = before.y - line.y < 1.6 * line.size
        return not (same and close and not FULL_STOP.search(before.text))
    if id(line) in numbers or _ROUND.match(line.text):
        return True
    if _DASH.match(line.text) and (SENTENCE_END.search(before.text) or _DASH.match(current[0].text)):
        return True
    if before.bold != line.bold and _is_bold_heading([before]) and len(current) == 1:
        return True
    if line.bold and not before.bold and _is_bold_heading([line]) and FULL_STOP.search(before.text):
        return True
    if gap and before.y - line.y > _PARAGRAPH_GAP * gap:
        return True
    if before.y < line.y:
        return True
    if _ROUND.fullmatch(before.text) or HYPHEN.search(before.text):
        return False
    if LABEL.match(before.text) and LABEL.match(line.text) and len(before.text) < 80:
        return True
    in_list = id(current[0]) in numbers or _ROUND.match(current[0].text) is not None
    indent = line.x0 - before.x0
    if in_list and len(current) == 1 and indent > 0.5 * line.size:
        return False
    if in_list and len(current) > 1 and abs(indent) < 0.5 * line.size:
        return False
    if right is None:
        return bool(FULL_STOP.search(before.text)) and line.x1 > before.x1
    space = right - before.x1
    first = line.words[0]
    if space < first.x1 - first.x0 + 0.5 * line.size:
        # Indented first lines part paragraphs whose last line is full.
        return bool(FULL_STOP.search(before.text)) and 0.8 * line.size < indent < 4 * line.size
    if SENTENCE_END.search(before.text):
        return space > 0.12 * (right - before.x0) or (len(first.text) > 2 and space > 3 * line.size)
    # A line that ends long before the edge, without an end, is a line of its own: of an address, a form.
    return space > 0.45 * (right - before.x0) and not (line.text[:1].islower() and before.text[-1:] != ":")


def _block(lines: Sequence[Line], region: _Region) -> Block:
    setting, numbers = region.setting, region.numbers
    text, cut = "", False
    for line in lines:
        if text and (cut or (is_spaceless(text[-1]) and is_spaceless(line.text[0]))):
            text += line.text
        else:
            text = continued(text, line.text)
        cut = bool(setting.cut) and line.chars == setting.cut
    first, size = lines[0], setting.size
    if id(first) in setting.heads:
        return Block("heading", f"### {escaped(text)}", first.size)
    if is_large(first, size) and not (FULL_STOP.search(text) and len(text.split()) > 5):
        level = 2 if first.size >= 1.5 * size else 3
        return Block("heading", f"{'#' * level} {escaped(text)}", first.size)
    if _is_bold_heading(lines):
        return Block("heading", f"### {escaped(text)}", first.size)
    if id(first) in numbers and (number := _NUMBER.match(text)):
        return Block("item", f"{number[1]}. {escaped(text[number.end() :])}", first.size)
    if mark := _ROUND.match(text) or (_DASH.match(text) if len(text) > 3 else None):
        return Block("item", f"- {escaped(text[mark.end() :])}", first.size)
    return Block("text", text, first.size)


def continued(text: str, more: str) -> str:
    if not text:
        return more
    if HYPHEN.search(text):
        # "inter-" and "national" are one word; "Franco-" and "German" are not.
        return text[:-1] + more if more[:1].islower() else text + more
    return f"{text} {more}"
