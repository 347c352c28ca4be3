"""The units of a text while they are found: drafts, and what stands above them.

Knows nothing of what makes a paragraph, a list or a table.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from index.lines import (
    ATX,
    BOLD,
    COLON_END,
    DEFINED,
    DELIMITER,
    FOOTNOTE,
    HTML_BLOCK,
    ITEM,
    LETTER,
    PAIR_ANSWER,
    PAIR_QUESTION,
    QUESTION_END,
    REFERENCE,
    RULE,
    WIKI_HEADING,
    Line,
    code_lines,
    heading_words,
    message_in,
    shortened,
)
from index.marks import plain
from index.sentences import MAX_SENTENCE_CHARS, Span, sentence_spans

_ESCAPED_BLOCK = re.compile(r"\\[#>+-]")


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


@dataclass(slots=True, eq=False)
class Above:
    """What may stand above units."""

    words: str
    level: int = 0
    """Of a heading, 1 the highest."""
    span: Span | None = None
    """Its place, if it introduces more than a heading does."""
    used: bool = False
    """Whether anything stands below it."""


@dataclass(slots=True)
class _Draft:
    start: int
    end: int
    kind: Kind
    above: tuple[Above, ...]
    heads: tuple[str, ...] = ()
    verbatim: bool = False
    introduces: Above | None = None
    otherwise: Kind = Kind.SENTENCE
    """What it is if nothing stands below it."""


@dataclass(slots=True)
class Item:
    indent: int
    above: tuple[Above, ...]
    """What stands above the blocks inside the item."""


@dataclass(slots=True)
class Outline:
    """What is known of a text while its lines are gone through, and the drafts of its units."""

    text: str
    title: str | None
    lines: list[Line] = field(default_factory=list)
    seen: str = ""
    fences: dict[int, int] = field(default_factory=dict)
    """The lines that open and close fenced code."""
    drafts: list[_Draft] = field(default_factory=list)
    headings: list[Above] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    list_lead: tuple[Above, ...] = ()
    pending: Above | None = None
    """A lead-in, label or term that waits for the block that it introduces."""
    term: Above | None = None
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
    message: Above | None = None
    asked: tuple[str, Above] | None = None
    """The last question of a chat and who asked it."""
    first_of_message: int = 0

    def base(self) -> tuple[Above, ...]:
        base = tuple(self.headings)
        if self.message is not None:
            replied = self.asked is not None and self.asked[0] != self.author
            base += ((self.asked[1],) if replied and self.asked else ()) + (self.message,)
        return base

    def above(self, indent: int | None = None) -> tuple[Above, ...]:
        """Return what stands above a block; inside a list also its items, down to the indent of the block."""
        pending, self.pending = self.pending, None
        if indent is not None and self.items:
            while self.items and self.items[-1].indent >= indent:
                self.items.pop()
            if self.items:
                return self.items[-1].above + ((pending,) if pending else ())
            self.end_list()
        return self.base() + ((pending,) if pending else ())

    def end_list(self) -> None:
        self.items.clear()
        self.list_lead = ()

    def push(self, span: Span, level: int, words: str | None = None) -> None:
        """Add a heading of a level, 1 the highest, and let it stand above what follows."""
        while self.headings and self.headings[-1].level >= level:
            self.headings.pop()
        asks = QUESTION_END.search(self.seen, *span) is not None
        one = self.introduce(span, tuple(self.headings), binds=asks, words=words)
        one.level = level
        if self.title is None and level == 1 and self._is_only_first(span[0]):
            one.words = ""
        self.headings.append(one)

    def _is_only_first(self, start: int) -> bool:
        """Return whether the heading of the first level at `start` opens the text and is the only one."""
        if self.seen[:start].strip(" \t\n#="):
            return False
        code = code_lines(self.fences)
        rest = range(self._line_of(start) + 1, len(self.lines))
        return not any(
            (found := heading_words(self.lines, n)) is not None and found[0] == 1
            for n in rest
            if n not in code
        )

    def add(
        self,
        span: Span,
        kind: Kind,
        above: tuple[Above, ...],
        heads: tuple[str, ...] = (),
        verbatim: bool = False,
    ) -> None:
        """Add a unit, without the white space around it; nothing if it holds no letter."""
        start, end = span
        source = self.text if verbatim else self.seen
        while start < end and source[start].isspace():
            start += 1
        while end > start and source[end - 1].isspace():
            end -= 1
        if LETTER.search(source, start, end) is None:
            return
        if not verbatim and _ESCAPED_BLOCK.match(source, start):
            # The mark that is escaped means nothing inside a line, and so the quote begins with it.
            start += 1
        for one in above:
            one.used = True
        self.drafts.append(_Draft(start, end, kind, above, heads, verbatim))

    def introduce(
        self,
        span: Span,
        above: tuple[Above, ...],
        *,
        binds: bool = True,
        otherwise: Kind = Kind.SENTENCE,
        words: str | None = None,
    ) -> Above:
        """Add what introduces, and return what it is to the units below; `binds` if it is no mere heading."""
        words = plain(self.text[slice(*span)]) if words is None else words
        if len(words) > 1 and COLON_END.search(words):
            words = words.rstrip(" :：")
        one = Above(shortened(words))
        count = len(self.drafts)
        marks = [(a, a.used) for a in above]
        self.add(span, Kind.INTRODUCES, above)
        for a, used in marks:
            # Only what is quoted makes use of what stands above it.
            a.used = used
        if len(self.drafts) > count:
            made = self.drafts[-1]
            made.introduces, made.otherwise = one, otherwise
            one.span = (made.start, made.end) if binds else None
        return one

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
            if heading_words(self.lines, self._line_of(only.start)) is not None:
                # A title and nothing else says nothing.
                only.kind = Kind.INTRODUCES
        return tuple(unit for draft in drafts for unit in self._finished(draft))

    def _line_of(self, offset: int) -> int:
        return bisect_right(self.lines, offset, key=lambda line: line.start) - 1

    def _path(self, draft: _Draft) -> tuple[str, ...]:
        words = [above.words for above in draft.above if above.words]
        if words and self.title is not None and words[0].casefold() == shortened(self.title).casefold():
            del words[0]
        return tuple(word for word, before in zip(words, ["", *words], strict=False) if word != before)

    def _finished(self, draft: _Draft) -> Iterator[Unit]:
        spans: Sequence[Span] = [(draft.start, draft.end)]
        if draft.end - draft.start > MAX_SENTENCE_CHARS and draft.kind is not Kind.INTRODUCES:
            spans = sentence_spans(self.seen, draft.start, draft.end, self.lower)
        introduced_by = next((a.span for a in reversed(draft.above) if a.span is not None), None)
        for start, end in spans:
            yield Unit(start, end, draft.kind, self._path(draft), draft.heads, introduced_by, draft.verbatim)

    def _starts(self, number: int) -> bool:
        """Return whether a line that follows another without a blank between begins a block of its own."""
        line, before = self.lines[number], self.lines[number - 1]
        seen = line.seen
        return bool(
            line.depth != before.depth
            or number in self.fences
            or ITEM.match(seen)
            or RULE.match(seen)
            or ATX.match(seen)
            or WIKI_HEADING.match(seen)
            or FOOTNOTE.match(seen)
            or REFERENCE.match(seen)
            or DEFINED.match(seen)
            or seen.lstrip().startswith("|")
            or ("|" in seen and self.is_table(number))
            or HTML_BLOCK.match(seen)
            or (self.pairs and (PAIR_QUESTION.match(seen) or PAIR_ANSWER.match(seen)))
            or (self.chat and message_in(seen))
            or ((bold := BOLD.match(seen)) and QUESTION_END.search(bold[1] + bold[2]))
        )

    def gather(self, number: int) -> int:
        """Return the line after the paragraph that begins with a line."""
        stop = number + 1
        while stop < len(self.lines) and not self.lines[stop].blank and not self._starts(stop):
            stop += 1
        return stop

    def next_line(self, number: int) -> int | None:
        """Return the first line from `number` on that is not blank."""
        while number < len(self.lines) and self.lines[number].blank:
            number += 1
        return number if number < len(self.lines) else None

    def is_table(self, number: int) -> bool:
        line = self.lines[number]
        if line.seen.lstrip().startswith("|"):
            return LETTER.search(line.seen) is not None or self.has_rule(number - 1)
        return "|" in line.seen and self.has_rule(number)

    def has_rule(self, number: int) -> bool:
        """Return whether the rule that parts a table's head from its rows stands below a line."""
        if not 0 <= number < len(self.lines) - 1:
            return False
        rule, head = self.lines[number + 1], self.lines[number]
        return (
            rule.depth == head.depth
            and "-" in rule.seen
            and "|" in rule.seen
            and DELIMITER.match(rule.seen) is not None
        )
