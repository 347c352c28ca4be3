"""Paragraphs of Markdown: sentences, forms, terms, labels and questions, lead-ins of what follows."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from index.lines import (
    BOLD,
    COLON_END,
    DEFINED,
    HTML_BLOCK,
    ITEM,
    LABELLED,
    LETTER,
    PAIR_ANSWER,
    PAIR_QUESTION,
    QUESTION_END,
    RULE,
    STOPS,
    Line,
    heading_words,
    is_labelled,
    is_term,
    message_in,
    shortened,
)
from index.marks import plain
from index.outline import Above, Kind, Outline
from index.sentences import Span, sentence_spans

_MAX_QUESTION_CHARS = 240
_MAX_LABEL_CHARS = 100
# A shorter form that is repeated is a record: each of its lines is about the thing that all describe.
_MAX_RECORD_LINES = 8
# A line that is wrapped by a program is at least this long; a shorter one was ended on purpose.
_WRAPPED_CHARS = 60
# Bold lines and lines with a question stand below all headings in rank.
_BOLD_LEVEL, _QUESTION_LEVEL = 7, 8
_CALLOUT = re.compile(r"\s*\[!\w{1,30}\][+-]?[ \t]*")
_TERM_FIRST = re.compile(
    r"(?:(?P<b>\*\*|__)(?P<bold>[^*_\n]{1,60}?)(?:[:：](?P=b)|(?P=b)(?:[:：]|[ \t]+[–—-](?=[ \t])))[ \t]*"
    r"|(?P<bare>[^\W_][^–—:|.!?\n]{0,59}?)[ \t]+[–—][ \t]+)(?=\S)"
)
_BREAK = re.compile(r"(?:(?<![ \t])[ \t]{2,}|\\)\n|<br\s{0,9}/?>\s*", re.IGNORECASE)
_HTML_STRUCTURE = re.compile(r"[ ]{0,3}<(?:table|ul|ol|dl|details|pre)\b", re.IGNORECASE)


class Paragraphs(Outline):
    """Takes paragraphs apart."""

    __slots__ = ()

    def paragraph(self, number: int) -> int:
        line = self.lines[number]
        kind = Kind.MESSAGE if self.message is not None else Kind.SENTENCE
        if self.items and line.indent > self.items[0].indent:
            kind = Kind.ITEM
        stop = self.gather(number)
        if (callout := _CALLOUT.match(line.seen)) is not None and line.depth:
            start = line.start + callout.end()
            if start < line.end:
                self.pending = self.introduce((start, line.end), self.above(line.indent))
            return number + 1
        if (defined := DEFINED.match(line.seen)) is not None and self.term is not None:
            start = line.start + defined.end()
            self.flow((start, self.lines[stop - 1].end), Kind.DEFINITION, (*self.base(), self.term), False)
            return stop
        self.term = None
        if self.pairs and (answer := PAIR_ANSWER.match(line.seen)) is not None:
            self.flow((line.start + answer.end(), self.lines[stop - 1].end), kind, self.above(), False)
            return stop
        if self.pairs and (question := PAIR_QUESTION.match(line.seen)) is not None:
            self.end_list()
            start, end = line.start + question.end(), self.lines[stop - 1].end
            self.push((start, end), _QUESTION_LEVEL)
            self.headings[-1].span = (self.drafts[-1].start, self.drafts[-1].end) if self.drafts else None
            return stop
        if self._question_or_label(number, stop):
            return number + 1
        after = self.next_line(stop)
        if self._is_form(number, stop):
            self._form(number, stop, self.above(line.indent))
            return stop
        second = self.lines[number + 1] if number + 1 < len(self.lines) else None
        if (
            second is not None
            and not second.blank
            and second.depth == line.depth
            and is_term(line.seen.strip())
            and kind is Kind.SENTENCE
        ):
            indented = second.indent >= line.indent + 2 and not ITEM.match(second.seen)
            if indented or (stop == number + 1 and DEFINED.match(second.seen)):
                self.term = self.introduce((line.start, line.end), self.above(line.indent))
                if indented:
                    end = self.lines[stop - 1].end
                    self.flow((second.start, end), Kind.DEFINITION, (*self.base(), self.term), False)
                    return stop
                return stop
        if stop == number + 1 and after is not None and kind is Kind.SENTENCE and is_term(line.seen.strip()):
            if DEFINED.match(self.lines[after].seen):
                self.term = self.introduce((line.start, line.end), self.above(line.indent))
                return stop
            if self.is_prose(after) or self._opens_structure(after):
                self.pending = self.introduce((line.start, line.end), self.above(line.indent))
                return stop
        # An answer or a definition may be a list or a table and what is said after it.
        self.flow((line.start, self.lines[stop - 1].end), kind, self.above(line.indent), False, after)
        return stop

    def note(self, number: int, mark: re.Match[str]) -> int:
        """Add a footnote below the sentence that refers to it, and return the line after it."""
        self.pending = None
        stop = self.gather(number)
        above = self.base()
        if (reference := self.references.get(mark[1])) is not None:
            place = bisect_right(self.drafts, reference, key=lambda draft: draft.start) - 1
            if place >= 0 and reference < self.drafts[place].end:
                noted = self.drafts[place]
                words = shortened(plain(self.text[noted.start : noted.end]))
                above = (*noted.above, Above(words, span=(noted.start, noted.end)))
        start = self.lines[number].start + mark.end()
        self.flow((start, self.lines[stop - 1].end), Kind.SENTENCE, above, False)
        return stop

    def _question_or_label(self, number: int, stop: int) -> bool:
        """Take a line that is all bold, or a question on its own, for what stands above the next lines."""
        line = self.lines[number]
        if self.items and line.indent > self.items[0].indent:
            return False
        start, end = line.begin, line.end
        bold = BOLD.match(line.seen)
        if bold is not None:
            words = plain(self.text[start:end])
            asks = QUESTION_END.search(words) is not None
            if len(words) > (_MAX_QUESTION_CHARS if asks else _MAX_LABEL_CHARS):
                return False
            if not asks and STOPS.search(words) and not COLON_END.search(words):
                return False
            self.end_list()
            self.pending = None
            self.push((start, end), _QUESTION_LEVEL if asks else _BOLD_LEVEL)
            return True
        if not self.faq or not QUESTION_END.search(line.seen) or end - start > _MAX_QUESTION_CHARS:
            return False
        if len(sentence_spans(self.seen, start, end, self.lower)) != 1 or self.message is not None:
            return False
        if stop == number + 1:
            after = self.next_line(stop)
            if after is None or QUESTION_END.search(self.lines[after].seen.rstrip()):
                return False
            if heading_words(self.lines, after) is not None:
                return False
        self.end_list()
        self.pending = None
        self.push((start, end), _QUESTION_LEVEL)
        return True

    def flow(
        self, span: Span, kind: Kind, above: tuple[Above, ...], nested: bool, after: int | None = None
    ) -> tuple[Above, ...]:
        """Add the sentences of a paragraph or item; return what stands above what is nested in it.

        `after` is the line of the block that follows a paragraph.
        """
        spans: list[Span] = []
        pieces = list(self._pieces(*span))
        for piece in pieces:
            spans += sentence_spans(self.seen, *piece, self.lower)
        spans = [one for one in spans if LETTER.search(self.seen, *one)]
        if len(pieces) > 1 and kind is Kind.SENTENCE:
            kind = Kind.LINE
        inner = above
        term = _TERM_FIRST.match(self.seen, *spans[0]) if spans else None
        for number, one in enumerate(spans):
            first, last = one
            final = number == len(spans) - 1
            asks = QUESTION_END.search(self.seen, first, last) is not None
            if kind is Kind.ITEM and number == 0 and asks and (nested or not final):
                inner = (*above, self.introduce(one, above, otherwise=kind))
            elif (
                final and nested and (COLON_END.search(self.seen, first, last) or self._is_bare(first, last))
            ):
                return (*inner, self.introduce(one, inner, otherwise=kind))
            elif (
                final and COLON_END.search(self.seen, first, last) and self._leads(first, last, spans, after)
            ):
                self.pending = self.introduce(one, inner, otherwise=kind)
            elif number == 0 and term is not None and (kind is Kind.ITEM or term["bold"]):
                self.add(one, Kind.DEFINITION, inner)
                inner = (*inner, Above(shortened(term["bold"] or term["bare"])))
                kind = Kind.DEFINITION
            else:
                self.add(one, kind, inner)
        if nested and spans and inner is above:
            inner = (*above, Above(shortened(plain(self.text[spans[0][0] : spans[0][1]]))))
        return inner

    def _leads(self, first: int, last: int, spans: Sequence[Span], after: int | None) -> bool:
        """Return whether a sentence that ends with a colon leads to the block that follows."""
        if after is None:
            return False
        if self._opens_structure(after) or self.lines[after].indent >= 4:
            return True
        label = len(spans) == 1 and last - first <= _MAX_LABEL_CHARS
        return heading_words(self.lines, after) is None and (label or self.lines[after].depth > 0)

    def _is_bare(self, start: int, end: int) -> bool:
        return is_term(plain(self.text[start:end]))

    def _pieces(self, start: int, end: int) -> Iterator[Span]:
        """Yield the parts of a paragraph between the line breaks that its writer meant."""
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
        labelled = [is_labelled(line.seen) for line in lines]
        return sum(labelled) >= 2 and all(labelled[1:]) and (labelled[0] or is_term(lines[0].seen.strip()))

    def _form(self, number: int, stop: int, above: tuple[Above, ...]) -> None:
        lines = self.lines[number:stop]
        if not is_labelled(lines[0].seen):
            above = (*above, self.introduce((lines[0].begin, lines[0].end), above, otherwise=Kind.LINE))
            lines = lines[1:]
        opening = LABELLED.match(lines[0].seen)
        group: list[Line] = []
        for line in [*lines, None]:
            label = LABELLED.match(line.seen) if line is not None else None
            if group and (line is None or (label and opening and label[1] == opening[1])):
                self._record(group, above, opening is not None and opening[1] in self.records)
                group = []
            if line is not None:
                group.append(line)

    def _record(self, group: Sequence[Line], above: tuple[Above, ...], is_record: bool) -> None:
        shown_lines = [plain(self.text[line.begin : line.end]) for line in group]
        for number, line in enumerate(group):
            others = shown_lines[:number] + shown_lines[number + 1 :]
            own = above
            if is_record and others and len(group) <= _MAX_RECORD_LINES:
                own = (*above, Above(shortened(" · ".join(others))))
            self.add((line.begin, self._unbroken(line)), Kind.LINE, own)

    def _unbroken(self, line: Line) -> int:
        return line.end - 1 if line.seen.endswith("\\") else line.end

    def is_prose(self, number: int) -> bool:
        """Return whether a line begins a paragraph that could be what a term above it means."""
        line = self.lines[number]
        if self._opens_structure(number) or heading_words(self.lines, number) or RULE.match(line.seen):
            return False
        if BOLD.match(line.seen) or (self.chat and message_in(line.seen)) or HTML_BLOCK.match(line.seen):
            return False
        last = self.lines[self.gather(number) - 1]
        return STOPS.search(last.seen.rstrip()) is not None or last.end - line.start > _MAX_LABEL_CHARS

    def _opens_structure(self, number: int) -> bool:
        """Return whether a list, table, code or form begins with a line."""
        line = self.lines[number]
        return bool(
            number in self.fences
            or (ITEM.match(line.seen) and not RULE.match(line.seen))
            or self.is_table(number)
            or (is_labelled(line.seen) and self._is_form(number, self.gather(number)))
            or _HTML_STRUCTURE.match(line.seen)
        )
