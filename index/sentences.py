"""Sentence boundaries as character offsets, for prose in any script.

Owns nothing but the boundaries inside a paragraph: `sentence_spans(text)` returns spans that never
overlap, with nothing but white space between them.  What a paragraph is, `index.units` knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

# A sentence longer than this many characters is a table, a log or a missing full stop: it is
# broken at the next weaker boundary, because nobody reads a quote of that length in a chat.
MAX_SENTENCE_CHARS = 600
# Thai puts a space, not a full stop, between its sentences and clauses.
MAX_THAI_CHARS = 200

_CLOSERS = "\"'”’»)\\]）】」』〉》"
# Reference marks that are glued to a full stop: "[12]", ":121,154" in encyclopaedias, "[^1]" in Markdown.
_REFERENCE = r"(?:\[\d+\]|\[\^[^\[\]\s]{1,60}\]|:\d+(?:[,،–-]\d+)*)*"
# The text "\\n" in an article is a line break that lost its meaning in some export.
_HARD_END = re.compile(
    rf"[。！？｡]+[{_CLOSERS}]*|[.!?…؟।॥۔]+[{_CLOSERS}*_]*{_REFERENCE}(?=\s|$|\\n)|(?:\\n)+"
)
_LIST_NUMBER = re.compile(r"[(\s]*\d{1,3}[.)]*$")
_THAI = re.compile(r"[\u0e00-\u0e7f]")
_LOWER_START = re.compile(r"[^\W\d_]{3}[.?!] +[a-z]")

# Full stops after these do not end a sentence.  Titles and the like always precede a name;
# the others end a sentence only when a capitalised word follows that commonly starts one.
_TITLES = frozenset(
    "mr mrs ms dr prof st mt gen col lt sgt capt rev hon sen rep gov pres sr jr messrs fr "
    "v no nos vol fig figs eq sec ch pp p vs cf e.g i.e viz approx ca etc al ed eds "
    "hr fr bzw z.b d.h u.a ca nr str sra sres dra ud uds pág núm av".split()
)
_MAYBE_ENDS = frozenset(
    "inc ltd corp co bros llc plc jan feb mar apr jun jul aug sep sept oct nov "
    "dec a.m p.m etc al jr sr".split()
)
_STARTERS = frozenset(
    "the a an in on at it he she they we i you this that these those there but and however as "
    "for from with by after before when while if since although its his her their our both "
    "most many some such one two three according during under over".split()
)
_INITIALISM = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_WORD_BEFORE = re.compile(r"[^\s(\[“\"'‘]+$")
_WORD_AFTER = re.compile(r"\s*[\"'“‘(\[«*_]*(\w+)")


def sentence_spans(
    text: str, start: int = 0, end: int | None = None, lower: bool | None = None
) -> list[Span]:
    """Return the `(start, end)` character offsets of the sentences of `text[start:end]`, a paragraph.

    `lower` says that sentences may begin with a small letter; None has it told from the text.
    """
    stop = len(text) if end is None else end
    lower = is_lower_case_prose(text) if lower is None else lower
    return [span for sentence in _split(text, start, stop, lower) for span in _limit(text, *sentence)]


def is_lower_case_prose(text: str) -> bool:
    """Transcripts and scraped filings are often lower case throughout."""
    sample = text[:50_000]
    capitals = sum(c.isupper() for c in sample)
    return capitals < 0.005 * len(sample) and _LOWER_START.search(sample) is not None


def _split(text: str, begin: int, end: int, lower: bool) -> Iterator[Span]:
    for match in _HARD_END.finditer(text, begin, end):
        if match.end() <= begin:
            continue
        if match.group()[0] in ".…" and not _ends(text, match, begin, end, lower):
            continue
        cut = match.start() if match.group()[0] == "\\" else match.end()
        yield from _trim(text, begin, cut)
        begin = match.end()
    yield from _trim(text, begin, end)


def _ends(text: str, match: re.Match[str], begin: int, end: int, lower: bool) -> bool:
    """Return whether a full stop ends its sentence (it may belong to an abbreviation or a number)."""
    if match.end() >= end:
        return True
    if _LIST_NUMBER.match(text[begin : match.start()]):
        return False
    after = _WORD_AFTER.match(text, match.end(), end)
    following = after.group(1) if after else ""
    before = _WORD_BEFORE.search(text, max(begin, match.start() - 20), match.start())
    word = (before.group() if before else "").lower()
    if word in _MAYBE_ENDS:
        return following.lower() in _STARTERS and (lower or not following[0].islower())
    if word in _TITLES:
        return False
    if word and len(word) <= 6 and _INITIALISM.fullmatch(word):
        return following.lower() in _STARTERS and not following[0].islower()
    return lower or not following[:1].islower()


def _limit(text: str, start: int, end: int) -> Iterator[Span]:
    """Break a span that is too long at a line end, else after `;`, a comma or a space."""
    most = MAX_SENTENCE_CHARS
    if len(_THAI.findall(text, start, end)) * 2 > end - start:
        most = MAX_THAI_CHARS
    while end - start > most:
        window = text[start : start + most]
        cut = max(window.rfind("\n"), window.rfind("\\n"))
        for mark in ("; ", "；", ", ", "，", "、", " "):
            if cut >= most // 3:
                break
            cut = window.rfind(mark) + len(mark) - 1
        if cut < most // 3:
            cut = most - 1
        yield from _trim(text, start, start + cut + 1)
        start += cut + 1
    yield from _trim(text, start, end)


def _trim(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
