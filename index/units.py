"""What can be quoted from an article: units of its Markdown, each with what stands above it.

The one place that knows the blocks of stored Markdown.  Pure: text in, units out.

A chat is stored as Markdown in which each message follows a line with who wrote it and when:
`**Ada Quill** · 2025-03-01 10:02`; lines such as `Ada Quill  10:02 AM` and `[10:02] Ada: yes` of
foreign exports are known as well.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from itertools import pairwise

from index.marks import hidden, plain
from index.sentences import MAX_SENTENCE_CHARS, Span, is_lower_case_prose, sentence_spans
from index.types import Article


class Kind(Enum):
    """What a unit is."""

    SENTENCE = "sentence"
    ITEM = "item"
    """Of a list, or a sentence of one."""
    ROW = "row"
    """Of a table, or a cell of a row that is too long to quote."""
    DEFINITION = "definition"
    LINE = "line"
    """Of a form, of code, or one that its writer broke on purpose."""
    MESSAGE = "message"
    INTRODUCES = "introduces"
    """A heading, a table's head, a question with its answer below, a label, a term: not quoted alone."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of an article that is quoted as a whole: `text[start:end]`, without white space around."""

    start: int
    end: int
    kind: Kind
    path: tuple[str, ...]
    """What stands above it as plain text, outermost first, without the article's title."""
    heads: tuple[str, ...] = ()
    """Of a row: the table's head, as plain text, cell by cell."""
    introduced_by: Span | None = None
    """The question, lead-in, label, term or table head nearest above, if there is one."""
    verbatim: bool = False
    """Whether it is code, in which marks are characters."""


# What stands above a unit is context; a longer text would drown the unit.
MAX_PATH_CHARS = 300
_MAX_QUESTION_CHARS = 240
_MAX_LABEL_CHARS = 100
_MAX_TERM_CHARS, _MAX_TERM_WORDS = 60, 7
_MAX_FORM_LINE_CHARS = 160
# A shorter form that is repeated is a record: each of its lines is about the thing that all describe.
_MAX_RECORD_LINES = 8
# A line that is wrapped by a program is at least this long; a shorter one was ended on purpose.
_WRAPPED_CHARS = 60
# Bold lines and lines with a question stand below all headings in rank.
_BOLD_LEVEL, _QUESTION_LEVEL, _TERM_LEVEL = 7, 8, 9

_LINE = re.compile(r"[^\n]*\n?")
_ATX = re.compile(r"[ ]{0,3}(#{1,6})(?:[ \t]+|$)")
_ATX_CLOSING = re.compile(r"[ \t]#+[ \t]*$")
_WIKI_HEADING = re.compile(r"[ ]{0,3}(=[= ]*)[^=\s][^=\n]*=[= ]*$")
_SETEXT = re.compile(r"[ ]{0,3}(=+|-{2,})[ \t]*$")
_RULE = re.compile(r"\s*(?:[-=*_|:+]\s*){3,}$")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})([^`]*)$")
_ESCAPED_BLOCK = re.compile(r"\\[#>+-]")
_QUOTE_MARKS = re.compile(r"[ \t]{0,3}>[ \t]?(?:[ ]{0,3}>[ \t]?)*")
_CALLOUT = re.compile(r"\s*\[!\w{1,30}\][+-]?[ \t]*")
_ITEM = re.compile(r"([ \t]*)(?:[-*+•][ \t]+|(\d{1,3})[.)][ \t]+|[-*+•]$)")
_FOOTNOTE = re.compile(r"[ ]{0,3}\[\^([^\[\]\s]{1,60})\]:[ \t]*")
_NOTE_MARK = re.compile(r"\[\^([^\[\]\s]{1,60})\](?!:)")
_REFERENCE = re.compile(r"[ ]{0,3}\[[^\[\]^\n]{1,100}\]:[ \t]+(?:<[^<>\n]*>|https?://\S+)[^\n]{0,300}$")
_EMBED = re.compile(r"\s*!\[\[[^\[\]\n]*\]\]\s*$")
_DELIMITER = re.compile(r"\s*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?\s*$")
_BOLD = re.compile(
    r"\s*(?:\*\*|__)(?=\S)((?:[^*_\n]|[*_](?![*_])){1,300}?)(?<=\S)(?:\*\*|__)[ \t]*([:?：？]?)\s*$"
)
_PAIR_QUESTION = re.compile(
    r"\s*(?:\*\*|__)?(?:Q|Question|F|Frage)\.?\s?\d{0,3}[:.)](?:\*\*|__)?[ \t]+(?=\S)"
)
_PAIR_ANSWER = re.compile(r"\s*(?:\*\*|__)?(?:A|Answer|Antwort)\.?\s?\d{0,3}[:.)](?:\*\*|__)?[ \t]+(?=\S)")
_DEFINED = re.compile(r"[ ]{0,3}[:~][ \t]+(?=\S)")
_LABELLED = re.compile(
    r"[ \t]*(?:\*\*|__)?([^\s:：|][^:：|\n]{0,39}?)(?:\*\*|__)?[:：](?:\*\*|__)?(?:[ \t]+\S|$)"
)
_TERM_FIRST = re.compile(
    r"(?:(?P<b>\*\*|__)(?P<bold>[^*_\n]{1,60}?)(?:[:：](?P=b)|(?P=b)(?:[:：]|[ \t]+[–—-](?=[ \t])))[ \t]*"
    r"|(?P<bare>[^\W_][^–—:|.!?\n]{0,59}?)[ \t]+[–—][ \t]+)(?=\S)"
)
_STOPS = re.compile(r"[.!?…。！？।॥۔:;,：；，][\"'”’»)\]*_]*$")
_QUESTION_END = re.compile(r"[?？؟][\"'”’»)\]*_]*\s*$")
_COLON_END = re.compile(r"[:：][*_]*\s*$")
_NO_TERM = re.compile(r"[:：|=;<>]|[–—]\s*$")
_LETTER = re.compile(r"[^\W_]")
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


@lru_cache(maxsize=256)
def units(text: str, title: str | None = None) -> tuple[Unit, ...]:
    """The units of a stored article's text, in order; they do not overlap.

    Every letter that is neither mark nor hidden is in one of them.  What equals `title` is left out
    of the paths; without a title, so is the only heading of the first level where it opens the text.
    """
    scan = _Scan(text, title)
    scan.run()
    return scan.result()


def units_of(article: Article) -> tuple[Unit, ...]:
    """The units of an article."""
    return units(article.text, article.title)


def unit_at(article: Article, offset: int) -> Unit | None:
    """The unit that holds the character at `offset` of the article's text, if one does."""
    found = units_of(article)
    place = bisect_right(found, offset, key=lambda unit: unit.start) - 1
    return found[place] if place >= 0 and offset < found[place].end else None


def cells(row: str) -> list[str]:
    """The cells of a table row in Markdown."""
    return [row[start:end].strip() for start, end in cell_spans(row)]


def cell_spans(row: str) -> list[Span]:
    """Where the cells of a table row in Markdown or HTML are, white space included."""
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


def first_heading(text: str) -> str | None:
    """The words of the first heading of a text, if it has one; comments in code are none."""
    lines, fences = _visible_lines(text)
    code = _inside(fences)
    for number in range(len(lines)):
        if number in code:
            continue
        words = _heading_words(lines, number)
        if words is not None and (found := plain(text[slice(*words[1])])):
            return found[:MAX_PATH_CHARS].rstrip()
    return None


@dataclass(slots=True)
class _Line:
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


@dataclass(slots=True, eq=False)
class _Above:
    """What may stand above units."""

    words: str
    level: int = 0
    """Of a heading, 1 the highest."""
    span: Span | None = None
    """Where it introduces more than a heading does."""
    used: bool = False
    """Whether anything stands below it."""


@dataclass(slots=True)
class _Draft:
    start: int
    end: int
    kind: Kind
    above: tuple[_Above, ...]
    heads: tuple[str, ...] = ()
    verbatim: bool = False
    introduces: _Above | None = None
    otherwise: Kind = Kind.SENTENCE
    """What it is where nothing stands below it."""


@dataclass(slots=True)
class _Item:
    indent: int
    above: tuple[_Above, ...]
    """What stands above the blocks inside the item."""


@dataclass(slots=True)
class _Scan:
    """One pass over the lines of a text."""

    text: str
    title: str | None
    lines: list[_Line] = field(default_factory=list)
    seen: str = ""
    fences: dict[int, int] = field(default_factory=dict)
    """The lines that open and close fenced code."""
    drafts: list[_Draft] = field(default_factory=list)
    headings: list[_Above] = field(default_factory=list)
    items: list[_Item] = field(default_factory=list)
    list_lead: tuple[_Above, ...] = ()
    pending: _Above | None = None
    """A lead-in, label or term that waits for the block that it introduces."""
    term: _Above | None = None
    lower: bool = False
    chat: bool = False
    faq: bool = False
    pairs: bool = False
    breaks: bool = False
    """Whether any line break in it may be meant."""
    unclosed: bool = False
    """Whether the text has HTML that is never closed."""
    records: frozenset[str] = frozenset()
    references: dict[str, int] = field(default_factory=dict)
    """Where each footnote is first referred to."""
    author: str = ""
    message: _Above | None = None
    asked: tuple[str, _Above] | None = None
    """The last question of a chat and who asked it."""
    first_of_message: int = 0

    # ---- The text as a whole

    def run(self) -> None:
        self.lines, self.fences = _visible_lines(self.text)
        self.seen = "\n".join(line.seen for line in self.lines)
        self.lower = is_lower_case_prose(self.text)
        prose = [line.seen for line in self.lines if not line.blank]
        self.chat = _is_chat(prose)
        self.pairs = any(map(_PAIR_ANSWER.match, prose)) and any(map(_PAIR_QUESTION.match, prose))
        self.breaks = any(mark in self.seen for mark in ("  \n", "\t\n", "\\\n", "<br", "<BR", "<Br"))
        for match in _NOTE_MARK.finditer(self.seen):
            self.references.setdefault(match[1], match.start())
        self._count()
        number = 0
        while number < len(self.lines):
            if self.lines[number].blank:
                number += 1
            else:
                number = self._block(number)
        self._end_message()

    def _count(self) -> None:
        """Look for what is seen only in the whole: questions line by line, and records."""
        blocks = questions = answered = 0
        labels: dict[str, int] = {}
        asked = opens = True
        for line in self.lines:
            if line.blank:
                opens = True
                continue
            asks = bool(_QUESTION_END.search(line.seen) and not _ITEM.match(line.seen))
            answered += bool(blocks and asked and not asks)
            asked = opens and asks
            blocks += opens
            questions += asked
            opens = False
            if (match := _LABELLED.match(line.seen)) is not None:
                labels[match[1]] = labels.get(match[1], 0) + 1
        # Questions that follow one another, or stand here and there in a story, have no answer below.
        self.faq = questions >= 2 and questions * 8 >= blocks and answered * 4 >= questions * 3
        self.records = frozenset(label for label, count in labels.items() if count >= 2)

    def result(self) -> tuple[Unit, ...]:
        for draft in reversed(self.drafts):
            if draft.introduces is not None and not draft.introduces.used:
                draft.kind = draft.otherwise
                draft.introduces = None
                for above in draft.above:
                    above.used = True
        drafts = self.drafts
        if len(drafts) == 1 and drafts[0].kind is Kind.SENTENCE and not self._path(drafts[0]):
            only = drafts[0]
            if _heading_words(self.lines, self._line_of(only.start)) is not None:
                # A title and nothing else says nothing.
                only.kind = Kind.INTRODUCES
        return tuple(unit for draft in drafts for unit in self._finished(draft))

    def _line_of(self, offset: int) -> int:
        return bisect_right(self.lines, offset, key=lambda line: line.start) - 1

    def _path(self, draft: _Draft) -> tuple[str, ...]:
        words = [above.words for above in draft.above if above.words]
        if words and self.title is not None and words[0].casefold() == _cut(self.title).casefold():
            del words[0]
        return tuple(word for word, before in zip(words, ["", *words], strict=False) if word != before)

    def _finished(self, draft: _Draft) -> Iterator[Unit]:
        spans: Sequence[Span] = [(draft.start, draft.end)]
        if draft.end - draft.start > MAX_SENTENCE_CHARS and draft.kind is not Kind.INTRODUCES:
            spans = sentence_spans(self.seen, draft.start, draft.end, self.lower)
        introduced_by = next((a.span for a in reversed(draft.above) if a.span is not None), None)
        for start, end in spans:
            yield Unit(start, end, draft.kind, self._path(draft), draft.heads, introduced_by, draft.verbatim)

    def _add(
        self,
        start: int,
        end: int,
        kind: Kind,
        above: tuple[_Above, ...],
        heads: tuple[str, ...] = (),
        verbatim: bool = False,
    ) -> None:
        source = self.text if verbatim else self.seen
        while start < end and source[start].isspace():
            start += 1
        while end > start and source[end - 1].isspace():
            end -= 1
        if _LETTER.search(source, start, end) is None:
            return
        if not verbatim and _ESCAPED_BLOCK.match(source, start):
            # The mark that is escaped means nothing inside a line, and so the quote begins with it.
            start += 1
        for one in above:
            one.used = True
        self.drafts.append(_Draft(start, end, kind, above, heads, verbatim))

    def _introduce(
        self,
        start: int,
        end: int,
        above: tuple[_Above, ...],
        *,
        level: int = 0,
        binds: bool = True,
        otherwise: Kind = Kind.SENTENCE,
        words: str | None = None,
    ) -> _Above:
        """Add what introduces, and return what it is to the units below; `binds` if it is no mere heading."""
        words = plain(self.text[start:end]) if words is None else words
        if len(words) > 1 and _COLON_END.search(words):
            words = words.rstrip(" :：")
        one = _Above(_cut(words), level)
        count = len(self.drafts)
        marks = [(a, a.used) for a in above]
        self._add(start, end, Kind.INTRODUCES, above)
        for a, used in marks:
            # Only what is quoted makes use of what stands above it.
            a.used = used
        if len(self.drafts) > count:
            made = self.drafts[-1]
            made.introduces, made.otherwise = one, otherwise
            one.span = (made.start, made.end) if binds else None
        return one

    # ---- Where a block begins

    def _block(self, number: int) -> int:
        line = self.lines[number]
        if number in self.fences:
            return self._code(number)
        if (head := self._message_head(number)) is not None:
            return head
        heading = _heading_words(self.lines, number)
        if heading is not None:
            self._end_list()
            self.pending = self.term = None
            level, (start, end), stop = heading
            self._push(start, end, level)
            return stop
        if _EMBED.match(line.seen) or _REFERENCE.match(line.seen):
            return number + 1
        if _RULE.match(line.seen) and not self._is_table(number):
            self.pending = self.term = None
            return number + 1
        if _HTML_BLOCK.match(line.seen):
            return self._html(number)
        if self._is_table(number):
            return self._table(number)
        if (item := _ITEM.match(line.seen)) is not None and (line.indent < 4 or self.items or self.pending):
            return self._item(number, item)
        if (note := _FOOTNOTE.match(line.seen)) is not None:
            return self._note(number, note)
        return self._paragraph(number)

    def _starts(self, number: int) -> bool:
        """Whether a line that follows another without a blank between begins a block of its own."""
        line, before = self.lines[number], self.lines[number - 1]
        seen = line.seen
        return bool(
            line.depth != before.depth
            or number in self.fences
            or _ITEM.match(seen)
            or _RULE.match(seen)
            or _ATX.match(seen)
            or _WIKI_HEADING.match(seen)
            or _FOOTNOTE.match(seen)
            or _REFERENCE.match(seen)
            or _DEFINED.match(seen)
            or seen.lstrip().startswith("|")
            or ("|" in seen and self._is_table(number))
            or _HTML_BLOCK.match(seen)
            or (self.pairs and (_PAIR_QUESTION.match(seen) or _PAIR_ANSWER.match(seen)))
            or (self.chat and _message(seen))
            or ((bold := _BOLD.match(seen)) and _QUESTION_END.search(bold[1] + bold[2]))
        )

    def _gather(self, number: int) -> int:
        """The line after the paragraph that begins with a line."""
        stop = number + 1
        while stop < len(self.lines) and not self.lines[stop].blank and not self._starts(stop):
            stop += 1
        return stop

    def _next(self, number: int) -> int | None:
        """The first line from `number` on that is not blank."""
        while number < len(self.lines) and self.lines[number].blank:
            number += 1
        return number if number < len(self.lines) else None

    # ---- What stands above

    def _base(self) -> tuple[_Above, ...]:
        base = tuple(self.headings)
        if self.message is not None:
            replied = self.asked is not None and self.asked[0] != self.author
            base += ((self.asked[1],) if replied and self.asked else ()) + (self.message,)
        return base

    def _above(self, indent: int | None = None) -> tuple[_Above, ...]:
        """What stands above a block; inside a list also its items, down to the indent of the block."""
        pending, self.pending = self.pending, None
        if indent is not None and self.items:
            while self.items and self.items[-1].indent >= indent:
                self.items.pop()
            if self.items:
                return self.items[-1].above + ((pending,) if pending else ())
            self._end_list()
        return self._base() + ((pending,) if pending else ())

    def _end_list(self) -> None:
        self.items.clear()
        self.list_lead = ()

    def _push(self, start: int, end: int, level: int, words: str | None = None) -> None:
        while self.headings and self.headings[-1].level >= level:
            self.headings.pop()
        asks = _QUESTION_END.search(self.seen, start, end) is not None
        one = self._introduce(start, end, tuple(self.headings), level=level, binds=asks, words=words)
        if self.title is None and level == 1 and self._is_only_first(start):
            one.words = ""
        self.headings.append(one)

    def _is_only_first(self, start: int) -> bool:
        """Whether the heading of the first level at `start` opens the text and is the only one."""
        if self.seen[:start].strip(" \t\n#="):
            return False
        code = _inside(self.fences)
        rest = range(self._line_of(start) + 1, len(self.lines))
        return not any(
            (found := _heading_words(self.lines, n)) is not None and found[0] == 1
            for n in rest
            if n not in code
        )

    # ---- Blocks

    def _code(self, number: int) -> int:
        above = self._above(self.lines[number].indent)
        closing = self.fences[number]
        comment: _Above | None = None
        opened: int | None = None
        """The draft of the comment's first line, right above."""
        for line in self.lines[number + 1 : closing]:
            words = self.text[line.start : line.end]
            if line.depth and not self.lines[number].depth:
                words = words[len(words) - len(line.seen.lstrip()) :]
            stripped = words.strip()
            start = line.start + self.text[line.start : line.end].find(stripped) if stripped else line.start
            if self.lines[number].depth:
                start = line.begin
            if _CODE_COMMENT.match(stripped):
                told = " ".join(stripped.strip("#/*-; ").split())
                if comment is not None and opened is not None:
                    told = f"{comment.words} {told}"
                opened = len(self.drafts) if opened is None else opened
                self._add(start, line.end, Kind.LINE, above, verbatim=True)
                comment = _Above(_cut(told), span=(start, line.end))
                continue
            first, opened = opened, None
            if not stripped:
                comment = None
                continue
            if first is not None and line.end - self.drafts[first].start <= MAX_SENTENCE_CHARS:
                # A comment is quoted with the line that it is about.
                start = self.drafts[first].start
                del self.drafts[first:]
                self._add(start, line.end, Kind.LINE, above, verbatim=True)
                continue
            self._add(start, line.end, Kind.LINE, above + ((comment,) if comment else ()), verbatim=True)
        return closing + 1

    def _item(self, number: int, mark: re.Match[str]) -> int:
        line = self.lines[number]
        indent = len(mark[1].expandtabs(4))
        if not self.items and self.pending is not None:
            self.list_lead, self.pending = (self.pending,), None
        siblings = bool(self.items)
        while self.items and self.items[-1].indent >= indent:
            self.items.pop()
        above = self.items[-1].above if self.items else self._base() + self.list_lead
        stop = self._gather(number)
        start, end = line.start + mark.end(), self.lines[stop - 1].end
        after = self._next(stop)
        nested = (
            after is not None and self.lines[after].indent > indent and self.lines[after].depth == line.depth
        )
        words = plain(self.text[start:end])
        if (
            mark[2]
            and not siblings
            and not nested
            and _is_term(words)
            and after is not None
            and self._is_prose(after)
            and after > stop
        ):
            # "1. Scope" above a paragraph is the heading of a clause.
            self._end_list()
            self.pending = self._introduce(start, end, self._base())
            return stop
        inner = self._flow(start, end, Kind.ITEM, above, nested)
        self.items.append(_Item(indent, inner))
        return stop

    def _note(self, number: int, mark: re.Match[str]) -> int:
        """A footnote, below the sentence that refers to it."""
        self.pending = None
        stop = self._gather(number)
        above = self._base()
        if (reference := self.references.get(mark[1])) is not None:
            place = bisect_right(self.drafts, reference, key=lambda draft: draft.start) - 1
            if place >= 0 and reference < self.drafts[place].end:
                noted = self.drafts[place]
                words = _cut(plain(self.text[noted.start : noted.end]))
                above = (*noted.above, _Above(words, span=(noted.start, noted.end)))
        start = self.lines[number].start + mark.end()
        self._flow(start, self.lines[stop - 1].end, Kind.SENTENCE, above, False)
        return stop

    def _paragraph(self, number: int) -> int:
        line = self.lines[number]
        kind = Kind.MESSAGE if self.message is not None else Kind.SENTENCE
        if self.items and line.indent > self.items[0].indent:
            kind = Kind.ITEM
        stop = self._gather(number)
        if (callout := _CALLOUT.match(line.seen)) is not None and line.depth:
            start = line.start + callout.end()
            if start < line.end:
                self.pending = self._introduce(start, line.end, self._above(line.indent))
            return number + 1
        if (defined := _DEFINED.match(line.seen)) is not None and self.term is not None:
            start = line.start + defined.end()
            self._flow(start, self.lines[stop - 1].end, Kind.DEFINITION, (*self._base(), self.term), False)
            return stop
        self.term = None
        if self.pairs and (answer := _PAIR_ANSWER.match(line.seen)) is not None:
            self._flow(line.start + answer.end(), self.lines[stop - 1].end, kind, self._above(), False)
            return stop
        if self.pairs and (question := _PAIR_QUESTION.match(line.seen)) is not None:
            self._end_list()
            start, end = line.start + question.end(), self.lines[stop - 1].end
            self._push(start, end, _QUESTION_LEVEL)
            self.headings[-1].span = (self.drafts[-1].start, self.drafts[-1].end) if self.drafts else None
            return stop
        if self._question_or_label(number, stop):
            return number + 1
        after = self._next(stop)
        if self._is_form(number, stop):
            self._form(number, stop, self._above(line.indent))
            return stop
        second = self.lines[number + 1] if number + 1 < len(self.lines) else None
        if (
            second is not None
            and not second.blank
            and second.depth == line.depth
            and _is_term(line.seen.strip())
            and kind is Kind.SENTENCE
        ):
            indented = second.indent >= line.indent + 2 and not _ITEM.match(second.seen)
            if indented or (stop == number + 1 and _DEFINED.match(second.seen)):
                self.term = self._introduce(line.start, line.end, self._above(line.indent))
                if indented:
                    end = self.lines[stop - 1].end
                    self._flow(second.start, end, Kind.DEFINITION, (*self._base(), self.term), False)
                    return stop
                return stop
        if stop == number + 1 and after is not None and kind is Kind.SENTENCE and _is_term(line.seen.strip()):
            if _DEFINED.match(self.lines[after].seen):
                self.term = self._introduce(line.start, line.end, self._above(line.indent))
                return stop
            if self._is_prose(after) or self._opens_structure(after):
                self.pending = self._introduce(line.start, line.end, self._above(line.indent))
                return stop
        # An answer or a definition may be a list or a table and what is said after it.
        self._flow(line.start, self.lines[stop - 1].end, kind, self._above(line.indent), False, after)
        return stop

    def _question_or_label(self, number: int, stop: int) -> bool:
        """Take a line that is all bold, or a question on its own, for what stands above the next lines."""
        line = self.lines[number]
        if self.items and line.indent > self.items[0].indent:
            return False
        start, end = line.begin, line.end
        bold = _BOLD.match(line.seen)
        if bold is not None:
            words = plain(self.text[start:end])
            asks = _QUESTION_END.search(words) is not None
            if len(words) > (_MAX_QUESTION_CHARS if asks else _MAX_LABEL_CHARS):
                return False
            if not asks and _STOPS.search(words) and not _COLON_END.search(words):
                return False
            self._end_list()
            self.pending = None
            self._push(start, end, _QUESTION_LEVEL if asks else _BOLD_LEVEL)
            return True
        if not self.faq or not _QUESTION_END.search(line.seen) or end - start > _MAX_QUESTION_CHARS:
            return False
        if len(sentence_spans(self.seen, start, end, self.lower)) != 1 or self.message is not None:
            return False
        if stop == number + 1:
            after = self._next(stop)
            if after is None or _QUESTION_END.search(self.lines[after].seen.rstrip()):
                return False
            if _heading_words(self.lines, after) is not None:
                return False
        self._end_list()
        self.pending = None
        self._push(start, end, _QUESTION_LEVEL)
        return True

    def _flow(
        self,
        start: int,
        end: int,
        kind: Kind,
        above: tuple[_Above, ...],
        nested: bool,
        after: int | None = None,
    ) -> tuple[_Above, ...]:
        """Add the sentences of a paragraph or item; return what stands above what is nested in it.

        `after` is the line of the block that follows a paragraph.
        """
        spans: list[Span] = []
        pieces = list(self._pieces(start, end))
        for piece in pieces:
            spans += sentence_spans(self.seen, *piece, self.lower)
        spans = [span for span in spans if _LETTER.search(self.seen, *span)]
        if len(pieces) > 1 and kind is Kind.SENTENCE:
            kind = Kind.LINE
        inner = above
        term = _TERM_FIRST.match(self.seen, *spans[0]) if spans else None
        for number, (first, last) in enumerate(spans):
            final = number == len(spans) - 1
            asks = _QUESTION_END.search(self.seen, first, last) is not None
            if kind is Kind.ITEM and number == 0 and asks and (nested or not final):
                inner = (*above, self._introduce(first, last, above, otherwise=kind))
            elif (
                final and nested and (_COLON_END.search(self.seen, first, last) or self._is_bare(first, last))
            ):
                return (*inner, self._introduce(first, last, inner, otherwise=kind))
            elif (
                final and _COLON_END.search(self.seen, first, last) and self._leads(first, last, spans, after)
            ):
                self.pending = self._introduce(first, last, inner, otherwise=kind)
            elif number == 0 and term is not None and (kind is Kind.ITEM or term["bold"]):
                self._add(first, last, Kind.DEFINITION, inner)
                inner = (*inner, _Above(_cut(term["bold"] or term["bare"])))
                kind = Kind.DEFINITION
            else:
                self._add(first, last, kind, inner)
        if nested and spans and inner is above:
            inner = (*above, _Above(_cut(plain(self.text[spans[0][0] : spans[0][1]]))))
        return inner

    def _leads(self, first: int, last: int, spans: Sequence[Span], after: int | None) -> bool:
        """Whether a sentence that ends with a colon leads to the block that follows."""
        if after is None:
            return False
        if self._opens_structure(after) or self.lines[after].indent >= 4:
            return True
        label = len(spans) == 1 and last - first <= _MAX_LABEL_CHARS
        return _heading_words(self.lines, after) is None and (label or self.lines[after].depth > 0)

    def _is_bare(self, start: int, end: int) -> bool:
        return _is_term(plain(self.text[start:end]))

    def _pieces(self, start: int, end: int) -> Iterator[Span]:
        """The parts of a paragraph between the line breaks that its writer meant."""
        for match in _BREAK.finditer(self.seen, start, end) if self.breaks else ():
            before = self.seen[self.seen.rfind("\n", 0, match.start()) + 1 : match.start()]
            after = self.seen[match.end() : match.end() + 40].lstrip()[:1]
            if match.group()[0] in " \t" and len(before) >= _WRAPPED_CHARS and after.islower():
                continue
            yield start, match.start()
            start = match.end()
        if self.seen[start:end].endswith("\\") and not self.seen[start:end].endswith("\\\\"):
            end -= 1
        yield start, end

    def _is_form(self, number: int, stop: int) -> bool:
        lines = self.lines[number:stop]
        labelled = [_is_labelled(line.seen) for line in lines]
        return sum(labelled) >= 2 and all(labelled[1:]) and (labelled[0] or _is_term(lines[0].seen.strip()))

    def _form(self, number: int, stop: int, above: tuple[_Above, ...]) -> None:
        lines = self.lines[number:stop]
        if not _is_labelled(lines[0].seen):
            above = (*above, self._introduce(lines[0].begin, lines[0].end, above, otherwise=Kind.LINE))
            lines = lines[1:]
        opening = _LABELLED.match(lines[0].seen)
        group: list[_Line] = []
        for line in [*lines, None]:
            label = _LABELLED.match(line.seen) if line is not None else None
            if group and (line is None or (label and opening and label[1] == opening[1])):
                self._record(group, above, opening is not None and opening[1] in self.records)
                group = []
            if line is not None:
                group.append(line)

    def _record(self, group: Sequence[_Line], above: tuple[_Above, ...], is_record: bool) -> None:
        shown_lines = [plain(self.text[line.begin : line.end]) for line in group]
        for number, line in enumerate(group):
            others = shown_lines[:number] + shown_lines[number + 1 :]
            own = above
            if is_record and others and len(group) <= _MAX_RECORD_LINES:
                own = (*above, _Above(_cut(" · ".join(others))))
            self._add(line.begin, self._unbroken(line), Kind.LINE, own)

    def _unbroken(self, line: _Line) -> int:
        return line.end - 1 if line.seen.endswith("\\") else line.end

    def _is_prose(self, number: int) -> bool:
        """Whether a line begins a paragraph that could be what a term above it means."""
        line = self.lines[number]
        if self._opens_structure(number) or _heading_words(self.lines, number) or _RULE.match(line.seen):
            return False
        if _BOLD.match(line.seen) or (self.chat and _message(line.seen)) or _HTML_BLOCK.match(line.seen):
            return False
        last = self.lines[self._gather(number) - 1]
        return _STOPS.search(last.seen.rstrip()) is not None or last.end - line.start > _MAX_LABEL_CHARS

    def _opens_structure(self, number: int) -> bool:
        """Whether a list, table, code or form begins with a line."""
        line = self.lines[number]
        return bool(
            number in self.fences
            or (_ITEM.match(line.seen) and not _RULE.match(line.seen))
            or self._is_table(number)
            or (_is_labelled(line.seen) and self._is_form(number, self._gather(number)))
            or _HTML_STRUCTURE.match(line.seen)
        )

    # ---- Tables

    def _is_table(self, number: int) -> bool:
        line = self.lines[number]
        if line.seen.lstrip().startswith("|"):
            return _LETTER.search(line.seen) is not None or self._has_rule(number - 1)
        return "|" in line.seen and self._has_rule(number)

    def _has_rule(self, number: int) -> bool:
        """Whether the rule that parts a table's head from its rows stands below a line."""
        if not 0 <= number < len(self.lines) - 1:
            return False
        rule, head = self.lines[number + 1], self.lines[number]
        return (
            rule.depth == head.depth
            and "-" in rule.seen
            and "|" in rule.seen
            and _DELIMITER.match(rule.seen) is not None
        )

    def _table(self, number: int) -> int:
        first = self.lines[number]
        above = self._above(first.indent)
        heads: tuple[str, ...] = ()
        stop = number
        if self._has_rule(number):
            heads = tuple(_cut(plain(cell)) for cell in cells(first.seen))
            above = (
                *above,
                self._introduce(first.begin, first.end, above, otherwise=Kind.ROW, words=""),
            )
            stop = number + 2
        section: _Above | None = None
        while stop < len(self.lines):
            line = self.lines[stop]
            if line.blank or "|" not in line.seen or line.depth != first.depth or stop in self.fences:
                break
            if _LETTER.search(line.seen) and not _DELIMITER.match(line.seen):
                own = above + ((section,) if section else ())
                values = [cell for cell in cells(line.seen) if _LETTER.search(cell)]
                leads = len(heads) > 1 and len(values) == 1 and _LETTER.search(cells(line.seen)[0])
                if leads:
                    section = self._introduce(
                        line.begin, line.end, above, otherwise=Kind.ROW, words=plain(values[0])
                    )
                elif line.end - line.begin > MAX_SENTENCE_CHARS:
                    self._long_row(line, own, heads)
                else:
                    self._add(line.begin, line.end, Kind.ROW, own, heads)
            stop += 1
        return max(stop, number + 1)

    def _long_row(self, line: _Line, above: tuple[_Above, ...], heads: tuple[str, ...]) -> None:
        """Each cell of a row that nobody would read as one quote, below the first one."""
        label: _Above | None = None
        for place, (first, last) in enumerate(cell_spans(self.seen[line.begin : line.end])):
            start, end = line.begin + first, line.begin + last
            own = above + ((label,) if label else ())
            spans = [(start, end)]
            if end - start > MAX_SENTENCE_CHARS:
                spans = sentence_spans(self.seen, start, end, self.lower)
            for span in spans:
                self._add(*span, Kind.ROW, own, heads[place : place + 1])
            if place == 0:
                label = _Above(_cut(plain(self.text[start:end])))

    # ---- Chats

    def _message_head(self, number: int) -> int | None:
        """Take a line with who wrote and when; return where the message goes on."""
        if not self.chat:
            return None
        line = self.lines[number]
        found = _message(line.seen)
        if found is None:
            return None
        who, when, end = found
        self._end_list()
        self.pending = self.term = None
        self._end_message()
        if self.asked is not None and who != self.author and self.author != self.asked[0]:
            self.asked = None  # somebody has replied
        self.author = who
        self.message = None
        stop = line.start + min(end, len(line.seen))
        base = self._base()
        self.message = self._introduce(line.begin, stop, base, binds=False, words=f"{who}, {when}")
        self.first_of_message = len(self.drafts)
        if stop >= line.end:
            return number + 1
        after = self._gather(number)
        self._flow(stop, self.lines[after - 1].end, Kind.MESSAGE, self._base(), False)
        return after

    def _end_message(self) -> None:
        """If a message ends with a question, what the next one says is the answer."""
        if self.message is None:
            return
        own = self.drafts[self.first_of_message :]
        if (
            own
            and own[-1].kind is Kind.MESSAGE
            and _QUESTION_END.search(self.seen, own[-1].start, own[-1].end)
        ):
            last = own[-1]
            words = _cut(plain(self.text[last.start : last.end]))
            question = _Above(words, span=(last.start, last.end))
            last.kind, last.introduces, last.otherwise = Kind.INTRODUCES, question, Kind.MESSAGE
            self.asked = (self.author, question)

    # ---- HTML in Markdown

    def _html(self, number: int) -> int:
        """The blocks of an HTML element, as well as they can be told."""
        stop, opened = number, 0
        while (
            stop < len(self.lines) and (opened > 0 or not self.lines[stop].blank) and stop not in self.fences
        ):
            if not self.unclosed:
                for tag in _CONTAINER.finditer(self.lines[stop].seen):
                    opened += -1 if tag[1] else 1
            stop += 1
        if opened > 0:
            # Up to the first blank line.
            self.unclosed = True
            stop = next((n for n in range(number, stop) if self.lines[n].blank), stop)
        start, end = self.lines[number].start, self.lines[stop - 1].end
        _Html(self, self._above(self.lines[number].indent)).read(start, end)
        return stop


@dataclass(slots=True)
class _Html:
    """A run of HTML, element by element."""

    scan: _Scan
    above: tuple[_Above, ...]
    opened: list[str] = field(default_factory=list)
    summaries: list[_Above | None] = field(default_factory=list)
    term: _Above | None = None
    heads: tuple[str, ...] = ()
    head: _Above | None = None
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

    def _over(self) -> tuple[_Above, ...]:
        return self.above + tuple(one for one in self.summaries if one is not None)

    def _text(self, start: int, end: int) -> None:
        scan = self.scan
        inside = self.opened[-1] if self.opened else ""
        if "pre" in self.opened:
            for line in re.finditer(r"[^\n]+", scan.seen[start:end]):
                scan._add(start + line.start(), start + line.end(), Kind.LINE, self._over())
        elif inside == "summary" and self.summaries:
            self.summaries[-1] = scan._introduce(start, end, self._over())
        elif inside == "dt":
            self.term = scan._introduce(start, end, self._over())
        elif len(inside) == 2 and inside[0] == "h" and inside[1].isdigit():
            if _LETTER.search(scan.seen, start, end):
                scan._push(start, end, int(inside[1]))
                self.above = scan._base()
        elif "dd" in self.opened and self.term is not None:
            scan._flow(start, end, Kind.DEFINITION, (*self._over(), self.term), False)
        else:
            kind = Kind.ITEM if "li" in self.opened else Kind.SENTENCE
            scan._flow(start, end, kind, self._over(), False)

    def _row(self, start: int, end: int) -> None:
        scan, words = self.scan, self.scan.seen[start:end]
        over = self._over() + ((self.head,) if self.head is not None else ())
        if not self.heads and self.head is None and "<th" in words.lower() and "<td" not in words.lower():
            self.heads = tuple(_cut(plain(cell)) for cell in cells(words))
            self.head = scan._introduce(start, end, over, otherwise=Kind.ROW, words="")
        else:
            scan._add(start, end, Kind.ROW, over, self.heads)


# ---- Lines on their own

_BREAK = re.compile(r"(?:(?<![ \t])[ \t]{2,}|\\)\n|<br\s{0,9}/?>\s*", re.IGNORECASE)
_CODE_COMMENT = re.compile(r"(?:#(?!!)|//|--(?=\s)|;{1,2}\s|/\*)\s*[^\W_]|(?:REM|rem)\s")
_HTML_BLOCK = re.compile(
    r"[ ]{0,3}</?(?:details|summary|dl|dt|dd|table|thead|tbody|tr|td|th|ul|ol|li|p|div|section|article|center"
    r"|blockquote|figure|pre|h[1-6]|hr)\b[^<>]*>",
    re.IGNORECASE,
)
_HTML_STRUCTURE = re.compile(r"[ ]{0,3}<(?:table|ul|ol|dl|details|pre)\b", re.IGNORECASE)
_CONTAINER = re.compile(r"<(/?)(?:table|dl|details|ul|ol|pre)\b[^<>]{0,500}>", re.IGNORECASE)
_BLOCK_TAG = re.compile(
    r"<(/?)(details|summary|dl|dt|dd|table|tr|ul|ol|li|p|div|section|article|center|blockquote|figure"
    r"|figcaption|caption|pre|h[1-6]|br|hr)\b[^<>]{0,500}>",
    re.IGNORECASE,
)
_CELL_TAG = re.compile(r"\s*</?t[dh]\b[^<>]{0,500}>\s*", re.IGNORECASE)


def _lines(text: str) -> list[_Line]:
    found: list[_Line] = []
    for match in _LINE.finditer(text):
        if not match.group() and found:
            break
        words = match.group().removesuffix("\n")
        end = match.start() + len(words)
        marks = _QUOTE_MARKS.match(words)
        depth = marks.group().count(">") if marks else 0
        seen = " " * marks.end() + words[marks.end() :] if marks else words
        found.append(_Line(match.start(), end, seen, depth))
    return found


def _visible_lines(text: str) -> tuple[list[_Line], dict[int, int]]:
    """The lines with what is hidden blanked, and where code is fenced."""
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


def _fences(lines: Sequence[_Line]) -> dict[int, int]:
    """The line that closes each fence that is closed, by the line that opens it."""
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


def _inside(fences: dict[int, int]) -> set[int]:
    """The lines of fenced code, fences included."""
    return {number for opening, closing in fences.items() for number in range(opening, closing + 1)}


def _heading_words(lines: Sequence[_Line], number: int) -> tuple[int, Span, int] | None:
    """The level of the heading that begins with a line, where its words are, and the line after it."""
    line = lines[number]
    first = line.seen.lstrip()[:1]
    if first == "#" and (mark := _ATX.match(line.seen)) is not None:
        closing = _ATX_CLOSING.search(line.seen, mark.end() - 1) if line.seen.rstrip().endswith("#") else None
        end = line.start + closing.start() if closing is not None else line.end
        start = line.start + mark.end()
        return (len(mark[1]), (start, max(start, end)), number + 1)
    if first == "=" and (wiki := _WIKI_HEADING.match(line.seen)) is not None:
        level = max(1, wiki[1].count("="))
        end = line.start + len(line.seen.rstrip("= \t"))
        return (min(level, 6), (line.start + wiki.end(1), end), number + 1)
    if number + 1 < len(lines) and (under := _SETEXT.match(lines[number + 1].seen)) is not None:
        words = line.seen.strip()
        alone = number == 0 or lines[number - 1].blank or _RULE.match(lines[number - 1].seen) is not None
        if (
            alone
            and lines[number + 1].depth == line.depth
            and _LETTER.search(words) is not None
            and len(words) <= MAX_PATH_CHARS
            and "|" not in words
            and _ITEM.match(line.seen) is None
            and line.indent < 4
            and (under[1][0] == "=" or _STOPS.search(words) is None)
        ):
            return (1 if under[1][0] == "=" else 2, (line.begin, line.end), number + 2)
    return None


def _is_labelled(line: str) -> bool:
    match = _LABELLED.match(line)
    return match is not None and len(line) <= _MAX_FORM_LINE_CHARS and len(match[1].split()) <= 5


def _is_term(words: str) -> bool:
    """Whether a line is a few words that say nothing by themselves."""
    return (
        0 < len(words) <= _MAX_TERM_CHARS
        and len(words.split()) <= _MAX_TERM_WORDS
        and _LETTER.search(words) is not None
        and _STOPS.search(words) is None
        and _NO_TERM.search(words) is None
        and not words[:1].islower()
    )


def _message(line: str) -> tuple[str, str, int] | None:
    """Who wrote and when, if a line begins a message, and where in the line that ends."""
    if not any(map(str.isdigit, line[:120])):
        return None
    if (head := _MESSAGE_HEAD.match(line)) is not None:
        return head["bold"] or head["name"], head["when1"] or head["when2"], len(line)
    if (head := _MESSAGE_LINE.match(line)) is not None:
        who = head["name1"] or head["name2"] or head["name3"]
        return who, head["when1"] or head["when2"], head.end()
    return None


def _is_chat(lines: Sequence[str]) -> bool:
    """Whether at least two lines say who wrote and when, each with words of its own."""
    found = 0
    for line, after in pairwise([*lines, ""]):
        message = _message(line)
        found += message is not None and (message[2] < len(line) or (bool(after) and _message(after) is None))
    return found >= 2


def _cut(words: str) -> str:
    """`words`, or as many of them as a path has room for."""
    if len(words) <= MAX_PATH_CHARS:
        return words
    return words[:MAX_PATH_CHARS].rsplit(" ", 1)[0] + "…"
