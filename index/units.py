"""What can be quoted from an article: units of its Markdown, each with what stands above it.

Pure: text in, units out.

A chat is stored as Markdown in which each message follows a line with who wrote it and when:
`**Ada Quill** · 2025-03-01 10:02`; lines such as `Ada Quill  10:02 AM` and `[10:02] Ada: yes` of
foreign exports are known as well.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

from index.html_blocks import html
from index.lines import (
    DELIMITER,
    FOOTNOTE,
    HTML_BLOCK,
    ITEM,
    LABELLED,
    LETTER,
    PAIR_ANSWER,
    PAIR_QUESTION,
    QUESTION_END,
    REFERENCE,
    RULE,
    Line,
    cell_spans,
    cells,
    heading_words,
    is_chat,
    is_term,
    message_in,
    shortened,
    visible_lines,
)
from index.marks import plain
from index.outline import Above, Item, Kind, Unit
from index.paragraphs import Paragraphs
from index.sentences import MAX_SENTENCE_CHARS, is_lower_case_prose, sentence_spans
from index.types import Article

__all__ = ["Kind", "Unit", "unit_at", "units", "units_of"]

_NOTE_MARK = re.compile(r"\[\^([^\[\]\s]{1,60})\](?!:)")
_EMBED = re.compile(r"\s*!\[\[[^\[\]\n]*\]\]\s*$")
_CODE_COMMENT = re.compile(r"(?:#(?!!)|//|--(?=\s)|;{1,2}\s|/\*)\s*[^\W_]|(?:REM|rem)\s")


@lru_cache(maxsize=256)
def units(text: str, title: str | None = None) -> tuple[Unit, ...]:
    """Return the units of a stored article's text, in order; they do not overlap.

    Every letter that is neither mark nor hidden is in one of them.  What equals `title` is left out
    of the paths; without a title, so is the only heading of the first level if it opens the text.
    """
    scan = _Scan(text, title)
    scan.run()
    return scan.result()


def units_of(article: Article) -> tuple[Unit, ...]:
    """Return the units of an article."""
    return units(article.text, article.title)


def unit_at(article: Article, offset: int) -> Unit | None:
    """Return the unit that holds the character at `offset` of the article's text, if one does."""
    found = units_of(article)
    place = bisect_right(found, offset, key=lambda unit: unit.start) - 1
    return found[place] if place >= 0 and offset < found[place].end else None


class _Scan(Paragraphs):
    """One pass over the lines of a text."""

    __slots__ = ()

    def run(self) -> None:
        self.lines, self.fences = visible_lines(self.text)
        self.seen = "\n".join(line.seen for line in self.lines)
        self.lower = is_lower_case_prose(self.text)
        prose = [line.seen for line in self.lines if not line.blank]
        self.chat = is_chat(prose)
        self.pairs = any(map(PAIR_ANSWER.match, prose)) and any(map(PAIR_QUESTION.match, prose))
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
            asks = bool(QUESTION_END.search(line.seen) and not ITEM.match(line.seen))
            answered += bool(blocks and asked and not asks)
            asked = opens and asks
            blocks += opens
            questions += asked
            opens = False
            if (match := LABELLED.match(line.seen)) is not None:
                labels[match[1]] = labels.get(match[1], 0) + 1
        # Questions that follow one another, or stand here and there in a story, have no answer below.
        self.faq = questions >= 2 and questions * 8 >= blocks and answered * 4 >= questions * 3
        self.records = frozenset(label for label, count in labels.items() if count >= 2)

    def _block(self, number: int) -> int:
        line = self.lines[number]
        if number in self.fences:
            return self._code(number)
        if (head := self._message_head(number)) is not None:
            return head
        heading = heading_words(self.lines, number)
        if heading is not None:
            self.end_list()
            self.pending = self.term = None
            level, (start, end), stop = heading
            self.push((start, end), level)
            return stop
        if _EMBED.match(line.seen) or REFERENCE.match(line.seen):
            return number + 1
        if RULE.match(line.seen) and not self.is_table(number):
            self.pending = self.term = None
            return number + 1
        if HTML_BLOCK.match(line.seen):
            return html(self, number)
        if self.is_table(number):
            return self._table(number)
        if (item := ITEM.match(line.seen)) is not None and (line.indent < 4 or self.items or self.pending):
            return self._item(number, item)
        if (note := FOOTNOTE.match(line.seen)) is not None:
            return self.note(number, note)
        return self.paragraph(number)

    def _code(self, number: int) -> int:
        above = self.above(self.lines[number].indent)
        closing = self.fences[number]
        comment: Above | None = None
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
                self.add((start, line.end), Kind.LINE, above, verbatim=True)
                comment = Above(shortened(told), span=(start, line.end))
                continue
            first, opened = opened, None
            if not stripped:
                comment = None
                continue
            if first is not None and line.end - self.drafts[first].start <= MAX_SENTENCE_CHARS:
                # A comment is quoted with the line that it is about.
                start = self.drafts[first].start
                del self.drafts[first:]
                self.add((start, line.end), Kind.LINE, above, verbatim=True)
                continue
            self.add((start, line.end), Kind.LINE, above + ((comment,) if comment else ()), verbatim=True)
        return closing + 1

    def _item(self, number: int, mark: re.Match[str]) -> int:
        line = self.lines[number]
        indent = len(mark[1].expandtabs(4))
        if not self.items and self.pending is not None:
            self.list_lead, self.pending = (self.pending,), None
        siblings = bool(self.items)
        while self.items and self.items[-1].indent >= indent:
            self.items.pop()
        above = self.items[-1].above if self.items else self.base() + self.list_lead
        stop = self.gather(number)
        start, end = line.start + mark.end(), self.lines[stop - 1].end
        after = self.next_line(stop)
        nested = (
            after is not None and self.lines[after].indent > indent and self.lines[after].depth == line.depth
        )
        words = plain(self.text[start:end])
        if (
            mark[2]
            and not siblings
            and not nested
            and is_term(words)
            and after is not None
            and self.is_prose(after)
            and after > stop
        ):
            # "1. Scope" above a paragraph is the heading of a clause.
            self.end_list()
            self.pending = self.introduce((start, end), self.base())
            return stop
        inner = self.flow((start, end), Kind.ITEM, above, nested)
        self.items.append(Item(indent, inner))
        return stop

    def _table(self, number: int) -> int:
        first = self.lines[number]
        above = self.above(first.indent)
        heads: tuple[str, ...] = ()
        stop = number
        if self.has_rule(number):
            heads = tuple(shortened(plain(cell)) for cell in cells(first.seen))
            above = (
                *above,
                self.introduce((first.begin, first.end), above, otherwise=Kind.ROW, words=""),
            )
            stop = number + 2
        section: Above | None = None
        while stop < len(self.lines):
            line = self.lines[stop]
            if line.blank or "|" not in line.seen or line.depth != first.depth or stop in self.fences:
                break
            if LETTER.search(line.seen) and not DELIMITER.match(line.seen):
                own = above + ((section,) if section else ())
                values = [cell for cell in cells(line.seen) if LETTER.search(cell)]
                leads = len(heads) > 1 and len(values) == 1 and LETTER.search(cells(line.seen)[0])
                if leads:
                    section = self.introduce(
                        (line.begin, line.end), above, otherwise=Kind.ROW, words=plain(values[0])
                    )
                elif line.end - line.begin > MAX_SENTENCE_CHARS:
                    self._long_row(line, own, heads)
                else:
                    self.add((line.begin, line.end), Kind.ROW, own, heads)
            stop += 1
        return max(stop, number + 1)

    def _long_row(self, line: Line, above: tuple[Above, ...], heads: tuple[str, ...]) -> None:
        """Each cell of a row that nobody would read as one quote, below the first one."""
        label: Above | None = None
        for place, (first, last) in enumerate(cell_spans(self.seen[line.begin : line.end])):
            start, end = line.begin + first, line.begin + last
            own = above + ((label,) if label else ())
            spans = [(start, end)]
            if end - start > MAX_SENTENCE_CHARS:
                spans = sentence_spans(self.seen, start, end, self.lower)
            for span in spans:
                self.add(span, Kind.ROW, own, heads[place : place + 1])
            if place == 0:
                label = Above(shortened(plain(self.text[start:end])))

    def _message_head(self, number: int) -> int | None:
        """Take a line with who wrote and when; return where the message goes on."""
        if not self.chat:
            return None
        line = self.lines[number]
        found = message_in(line.seen)
        if found is None:
            return None
        who, when, end = found
        self.end_list()
        self.pending = self.term = None
        self._end_message()
        if self.asked is not None and who != self.author and self.author != self.asked[0]:
            self.asked = None  # somebody has replied
        self.author = who
        self.message = None
        stop = line.start + min(end, len(line.seen))
        base = self.base()
        self.message = self.introduce((line.begin, stop), base, binds=False, words=f"{who}, {when}")
        self.first_of_message = len(self.drafts)
        if stop >= line.end:
            return number + 1
        after = self.gather(number)
        self.flow((stop, self.lines[after - 1].end), Kind.MESSAGE, self.base(), False)
        return after

    def _end_message(self) -> None:
        """If a message ends with a question, what the next one says is the answer."""
        if self.message is None:
            return
        own = self.drafts[self.first_of_message :]
        if (
            own
            and own[-1].kind is Kind.MESSAGE
            and QUESTION_END.search(self.seen, own[-1].start, own[-1].end)
        ):
            last = own[-1]
            words = shortened(plain(self.text[last.start : last.end]))
            question = Above(words, span=(last.start, last.end))
            last.kind, last.introduces, last.otherwise = Kind.INTRODUCES, question, Kind.MESSAGE
            self.asked = (self.author, question)
