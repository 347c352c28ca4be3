"""Lines of stored Markdown as they are seen, and what each is by itself.

Pure: text in, lines and offsets out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.marks import hidden, plain
from index.sentences import Span

# What stands above a unit is context; a longer text would drown the unit.
MAX_PATH_CHARS = 300
_MAX_TERM_CHARS, _MAX_TERM_WORDS = 60, 7
_MAX_FORM_LINE_CHARS = 160
_LINE = re.compile(r"[^\n]*\n?")
ATX = re.compile(r"[ ]{0,3}(#{1,6})(?:[ \t]+|$)")
_ATX_CLOSING = re.compile(r"[ \t]#+[ \t]*$")
WIKI_HEADING = re.compile(r"[ ]{0,3}(=[= ]*)[^=\s][^=\n]*=[= ]*$")
_SETEXT = re.compile(r"[ ]{0,3}(=+|-{2,})[ \t]*$")
RULE = re.compile(r"\s*(?:[-=*_|:+]\s*){3,}$")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})([^`]*)$")
_QUOTE_MARKS = re.compile(r"[ \t]{0,3}>[ \t]?(?:[ ]{0,3}>[ \t]?)*")
ITEM = re.compile(r"([ \t]*)(?:[-*+•][ \t]+|(\d{1,3})[.)][ \t]+|[-*+•]$)")
FOOTNOTE = re.compile(r"[ ]{0,3}\[\^([^\[\]\s]{1,60})\]:[ \t]*")
REFERENCE = re.compile(r"[ ]{0,3}\[[^\[\]^\n]{1,100}\]:[ \t]+(?:<[^<>\n]*>|https?://\S+)[^\n]{0,300}$")
DELIMITER = re.compile(r"\s*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?\s*$")
BOLD = re.compile(
    r"\s*(?:\*\*|__)(?=\S)((?:[^*_\n]|[*_](?![*_])){1,300}?)(?<=\S)(?:\*\*|__)[ \t]*([:?：？]?)\s*$"
)
PAIR_QUESTION = re.compile(r"\s*(?:\*\*|__)?(?:Q|Question|F|Frage)\.?\s?\d{0,3}[:.)](?:\*\*|__)?[ \t]+(?=\S)")
PAIR_ANSWER = re.compile(r"\s*(?:\*\*|__)?(?:A|Answer|Antwort)\.?\s?\d{0,3}[:.)](?:\*\*|__)?[ \t]+(?=\S)")
DEFINED = re.compile(r"[ ]{0,3}[:~][ \t]+(?=\S)")
LABELLED = re.compile(
    r"[ \t]*(?:\*\*|__)?([^\s:：|][^:：|\n]{0,39}?)(?:\*\*|__)?[:：](?:\*\*|__)?(?:[ \t]+\S|$)"
)
STOPS = re.compile(r"[.!?…。！？।॥۔:;,：；，][\"'”’»)\]*_]*$")
QUESTION_END = re.compile(r"[?？؟][\"'”’»)\]*_]*\s*$")
COLON_END = re.compile(r"[:：][*_]*\s*$")
_NO_TERM = re.compile(r"[:：|=;<>]|[–—]\s*$")
LETTER = re.compile(r"[^\W_]")
_CELL_END = re.compile(r"(?<!\\)\|")
_CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s?[AaPp]\.?[Mm]\.?)?"
_DAY = (
    r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
    r"|\d{1,2}\.? [A-Z][a-z]{2,8}\.?,? \d{4}|[A-Z][a-z]{2,8}\.? \d{1,2},? \d{4}"
)
_WHEN = rf"(?:(?:{_DAY})(?:,|T|\s+at)?\s*(?:{_CLOCK})?|{_CLOCK})"
_NAME = r"[^\W\d_][^\n:<>*|\[\]]{0,49}?"
_MESSAGE_HEAD = re.compile(
    rf"\s*(?:\*\*(?P<bold>{_NAME})\*\*\s*(?:[·|,–—-]\s*)?\(?(?P<when1>{_WHEN})\)?"
    rf"|(?P<name>{_NAME})(?:\s{{2,}}|\s*[·|,–—]\s*|\s+\[|\s(?=\d{{1,2}}:\d\d))\[?(?P<when2>{_WHEN})\]?)"
    r"\s*:?\s*$"
)
_MESSAGE_LINE = re.compile(
    rf"\s*(?:\[(?P<when1>{_WHEN})\]\s*<?(?P<name1>{_NAME})(?:>|:)\s+"
    rf"|(?P<when2>{_WHEN})\s+(?:-\s+)?(?:<(?P<name2>{_NAME})>|(?P<name3>{_NAME}):)\s+)(?=\S)"
)
HTML_BLOCK = re.compile(
    r"[ ]{0,3}</?(?:details|summary|dl|dt|dd|table|thead|tbody|tr|td|th|ul|ol|li|p|div|section|article|center"
    r"|blockquote|figure|pre|h[1-6]|hr)\b[^<>]*>",
    re.IGNORECASE,
)
_CELL_TAG = re.compile(r"\s*</?t[dh]\b[^<>]{0,500}>\s*", re.IGNORECASE)


@dataclass(slots=True)
class Line:
    """A line of a text: where it is, and what of it is seen."""

    start: int
    end: int
    """Without its "\\n"."""
    seen: str
    """Blanks in place of what is hidden and of the marks of a quotation."""
    depth: int
    """Of quotations."""

    @property
    def blank(self) -> bool:
        return not self.seen or self.seen.isspace()

    @property
    def indent(self) -> int:
        return len(self.seen) - len(self.seen.lstrip())

    @property
    def begin(self) -> int:
        """The offset of its first letter or mark."""
        return self.start + self.indent


def visible_lines(text: str) -> tuple[list[Line], dict[int, int]]:
    """Return the lines with what is hidden blanked, and where code is fenced."""
    raw = _lines(text)
    fences = _fences(raw)
    parts: list[str] = []
    begin = 0
    for opening, closing in fences.items():
        start, end = raw[opening].start, raw[closing].end
        parts += [hidden(text[begin:start]), text[start:end]]
        begin = end
    parts.append(hidden(text[begin:]))
    seen = "".join(parts)
    return (raw if seen == text else _lines(seen)), fences


def _lines(text: str) -> list[Line]:
    found: list[Line] = []
    for match in _LINE.finditer(text):
        if not match.group() and found:
            break
        words = match.group().removesuffix("\n")
        end = match.start() + len(words)
        marks = _QUOTE_MARKS.match(words)
        depth = marks.group().count(">") if marks else 0
        seen = " " * marks.end() + words[marks.end() :] if marks else words
        found.append(Line(match.start(), end, seen, depth))
    return found


def _fences(lines: Sequence[Line]) -> dict[int, int]:
    """Return the line that closes each fence that is closed, by the line that opens it."""
    marks = [
        (number, match[1], bool(match[2].strip()))
        for number, line in enumerate(lines)
        if ("```" in line.seen or "~~~" in line.seen) and (match := _FENCE.match(line.seen)) is not None
    ]
    # From the end, so that each fence is looked at once: the next bare fence of each kind.
    found: dict[int, int] = {}
    place = 0
    hopeless: dict[str, int] = {}
    while place < len(marks):
        number, mark, _ = marks[place]
        closing = None
        if len(mark) < hopeless.get(mark[0], len(mark) + 1):
            for later in range(place + 1, len(marks)):
                other = marks[later]
                if not other[2] and other[1][0] == mark[0] and len(other[1]) >= len(mark):
                    closing = later
                    break
        if closing is None:
            hopeless[mark[0]] = min(len(mark), hopeless.get(mark[0], len(mark)))
            place += 1
            continue
        found[number] = marks[closing][0]
        place = closing + 1
    return found


def code_lines(fences: dict[int, int]) -> set[int]:
    """Return the lines of fenced code, fences included."""
    return {number for opening, closing in fences.items() for number in range(opening, closing + 1)}


def first_heading(text: str) -> str | None:
    """Return the words of the first heading of a text, if it has one; comments in code are none."""
    lines, fences = visible_lines(text)
    code = code_lines(fences)
    for number in range(len(lines)):
        if number in code:
            continue
        words = heading_words(lines, number)
        if words is not None and (found := plain(text[slice(*words[1])])):
            return unicodedata.normalize("NFC", found)[:MAX_PATH_CHARS].rstrip()
    return None


def heading_words(lines: Sequence[Line], number: int) -> tuple[int, Span, int] | None:
    """Return the level of the heading that begins with a line, where its words are, and the line after it."""
    line = lines[number]
    first = line.seen.lstrip()[:1]
    if first == "#" and (mark := ATX.match(line.seen)) is not None:
        closing = _ATX_CLOSING.search(line.seen, mark.end() - 1) if line.seen.rstrip().endswith("#") else None
        end = line.start + closing.start() if closing is not None else line.end
        start = line.start + mark.end()
        return (len(mark[1]), (start, max(start, end)), number + 1)
    if first == "=" and (wiki := WIKI_HEADING.match(line.seen)) is not None:
        level = max(1, wiki[1].count("="))
        end = line.start + len(line.seen.rstrip("= \t"))
        return (min(level, 6), (line.start + wiki.end(1), end), number + 1)
    if number + 1 < len(lines) and (under := _SETEXT.match(lines[number + 1].seen)) is not None:
        words = line.seen.strip()
        alone = number == 0 or lines[number - 1].blank or RULE.match(lines[number - 1].seen) is not None
        if (
            alone
            and lines[number + 1].depth == line.depth
            and LETTER.search(words) is not None
            and len(words) <= MAX_PATH_CHARS
            and "|" not in words
            and ITEM.match(line.seen) is None
            and line.indent < 4
            and (under[1][0] == "=" or STOPS.search(words) is None)
        ):
            return (1 if under[1][0] == "=" else 2, (line.begin, line.end), number + 2)
    return None


def cells(row: str) -> list[str]:
    """Return the cells of a table row in Markdown."""
    return [row[start:end].strip() for start, end in cell_spans(row)]


def cell_spans(row: str) -> list[Span]:
    """Return where the cells of a table row in Markdown or HTML are, white space included."""
    if "<t" in row.lower() and _CELL_TAG.search(row):
        parts = [(m.start(), m.end()) for m in _CELL_TAG.finditer(row)]
        inner = [(end, start) for (_, end), (start, _) in pairwise(parts)]
        opens = [row[start:end].strip().startswith("</") for start, end in parts]
        return [span for span, closed in zip(inner, opens, strict=False) if not closed]
    first = len(row) - len(row.lstrip())
    first += row.startswith("|", first)
    ends = [match.start() for match in _CELL_END.finditer(row, first)]
    found = list(zip([first, *(end + 1 for end in ends)], [*ends, len(row)], strict=True))
    return found[:-1] if len(found) > 1 and not row[slice(*found[-1])].strip() else found


def is_labelled(line: str) -> bool:
    match = LABELLED.match(line)
    return match is not None and len(line) <= _MAX_FORM_LINE_CHARS and len(match[1].split()) <= 5


def is_term(words: str) -> bool:
    """Return whether a line is a few words that say nothing by themselves."""
    return (
        0 < len(words) <= _MAX_TERM_CHARS
        and len(words.split()) <= _MAX_TERM_WORDS
        and LETTER.search(words) is not None
        and STOPS.search(words) is None
        and _NO_TERM.search(words) is None
        and not words[:1].islower()
    )


def message_in(line: str) -> tuple[str, str, int] | None:
    """Return who wrote and when, if a line begins a message, and where in the line that ends."""
    if not any(map(str.isdigit, line[:120])):
        return None
    if (head := _MESSAGE_HEAD.match(line)) is not None:
        return head["bold"] or head["name"], head["when1"] or head["when2"], len(line)
    if (head := _MESSAGE_LINE.match(line)) is not None:
        who = head["name1"] or head["name2"] or head["name3"]
        return who, head["when1"] or head["when2"], head.end()
    return None


def is_chat(lines: Sequence[str]) -> bool:
    """Return whether at least two lines say who wrote and when, each with words of its own."""
    found = 0
    for line, after in pairwise([*lines, ""]):
        message = message_in(line)
        if message is not None:
            found += message[2] < len(line) or (bool(after) and message_in(after) is None)
    return found >= 2


def shortened(words: str) -> str:
    """`words`, or as many of them as a path has room for."""
    if len(words) <= MAX_PATH_CHARS:
        return words
    return words[:MAX_PATH_CHARS].rsplit(" ", 1)[0] + "…"
