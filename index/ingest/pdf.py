"""A PDF -> a `Draft`: lines put together to paragraphs, running heads and page numbers left out.

A PDF says where letters stand and not what they are, so headings and paragraphs are told from sizes,
gaps and line ends.  Tables come out as lines of text.
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from index.ingest.draft import (
    MAX_TITLE_CHARS,
    PARSER_FAULTS,
    Draft,
    Unreadable,
    clean_language,
    clean_line,
    clean_text,
    iso_date,
    script_language,
)
from index.ingest.markup import escaped, escaped_paragraph

if TYPE_CHECKING:
    from pypdf import PdfReader

# A page takes some 30 ms: a thousand stay within the time that a document is given.
MAX_PAGES = 1000
# A page that was scanned has no letters at all, or a stamp; a title page has a few.
MIN_CHARS_A_PAGE = 25
# Lines at the top and at the bottom of a page in which a running head or a page number may stand.
_EDGE_LINES = 3
# A running head stands on most pages, or, in a book, on every other one.
_REPEATED_SHARE = 0.4
_MIN_REPEATS = 3
# Points; a heading of the text that is repeated on many pages stands at another height each time.
_SAME_HEIGHT = 10
# Letters so much larger than the text's are a heading's.
_HEADING_SIZE = 1.12
_MAX_HEADING_CHARS = 200
# A gap so much wider than that between two lines of a paragraph parts paragraphs.
_PARAGRAPH_GAP = 1.35
# A line so much shorter than the widest, after which a sentence ends, is the last of a paragraph.
_SHORT_LINE = 0.8
_SENTENCE_END = re.compile(r"[.!?:。！？：…]['\"”’»)\]]*$")
_BULLET = re.compile(r"^\s*(?:[•◦▪‣·●○■–—*-]|\(?\d{1,3}[.)]|[a-z]\))\s+")
_ROUND_BULLET = re.compile(r"^\s*[•◦▪‣·●○■]\s*")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
_WORDS = re.compile(r"[^\W\d_]{2}")
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"[-–—|\s]*(?:(?:page|p\.|seite|página|第)\s*)?(?:\d{1,4}|[ivxlc]{1,7})"
    r"(?:\s*(?:/|of|von|de|sur|页|頁)\s*\d{0,4})?[-–—|\s]*",
    re.IGNORECASE,
)
# What programs write as a title when nobody gave one.
_NO_TITLE = re.compile(
    r"(?i)untitled|microsoft (word|powerpoint)\b.*|powerpoint presentation|document\d*|slide \d+|"
    r".*\.(docx?|pdf|indd|qxd|tex|dvi|pptx?|rtf|odt|html?)"
)
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page."""

    text: str
    size: float
    """Of its letters, in points; 0 where the page does not say."""
    y: float
    """Of its foot, in points from the page's foot."""


def read_pdf(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """The text of a PDF; raise `Unreadable` for one that is scanned, encrypted or damaged."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    # It warns of each flaw of a file that it reads all the same.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    damaged = "is a damaged PDF ({}). Export it again, or add it as text."
    try:
        reader = PdfReader(io.BytesIO(raw))
        # Many are encrypted with an empty password, which forbids printing and hides nothing.
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("is encrypted. Save it without a password, and add it again.")
        count = len(reader.pages)
        if count > MAX_PAGES:
            raise Unreadable(
                f"has {count:,} pages; at most {MAX_PAGES:,} are read. Split it into several documents."
            )
        pages = [_lines(page) for page in reader.pages]
        facts = _facts(reader)
    except DependencyError as error:
        raise Unreadable("is encrypted. Save it without a password, and add it again.") from error
    except PyPdfError as error:
        raise Unreadable(damaged.format(clean_line(str(error), 100) or type(error).__name__)) from error
    except (*PARSER_FAULTS, NotImplementedError, RecursionError) as error:
        # Its own parts meet in a malformed file what they do not expect; OSError is the system's.
        raise Unreadable(damaged.format(type(error).__name__)) from error
    if not pages:
        raise Unreadable("is a PDF without pages.")
    if sum(len(line.text) for page in pages for line in page) < MIN_CHARS_A_PAGE * min(len(pages), 20):
        raise Unreadable(
            "is a scanned PDF: it holds pictures of pages and no text. Run text recognition over it "
            "(such as ocrmypdf), and add the result."
        )
    return _draft(pages, facts)


def _draft(pages: Sequence[Sequence[Line]], facts: dict[str, str | None]) -> Draft:
    kept = without_running_heads(pages)
    blocks = paragraphs(kept)
    title = facts["title"]
    if title is None or _NO_TITLE.fullmatch(title):
        title = next((block.lstrip("# ") for block in blocks[:3] if block.startswith("#")), None)
    title = clean_line(title, MAX_TITLE_CHARS)
    if title and len(blocks) > 1:
        blocks = [block for n, block in enumerate(blocks) if n > 2 or block.lstrip("# ") != escaped(title)]
    text = clean_text("\n\n".join(blocks))
    return Draft(
        text=text,
        title=title,
        author=clean_line((facts["author"] or "").replace(";", ",")),
        published=iso_date(facts["created"]),
        language=script_language(text) or clean_language(facts["language"]),
    )


def _facts(reader: PdfReader) -> dict[str, str | None]:
    information: Any = reader.metadata or {}
    language = reader.root_object.get("/Lang")
    return {
        "title": _string(information.get("/Title")),
        "author": _string(information.get("/Author")),
        "created": _string(information.get("/CreationDate")),
        "language": _string(language),
    }


def _string(value: Any) -> str | None:
    return str(value).strip() or None if isinstance(value, str) else None


def _lines(page: Any) -> list[Line]:
    pieces: list[tuple[str, float, float]] = []

    def visit(text: str, cm: Any, tm: Any, font: Any, size: float) -> None:
        y = float(tm[4]) * float(cm[1]) + float(tm[5]) * float(cm[3]) + float(cm[5])
        scale = abs(float(tm[3]) * float(cm[3])) or 1.0
        pieces.append((text, abs(float(size or 0)) * scale, y))

    page.extract_text(visitor_text=visit)
    return list(_joined(pieces))


def _joined(pieces: Sequence[tuple[str, float, float]]) -> Iterator[Line]:
    """Pieces of text, in which a line end may stand anywhere -> lines with the size of most letters."""
    text, sizes, foot = "", Counter[float](), 0.0

    def line() -> Iterator[Line]:
        words = " ".join(text.translate(_LIGATURES).split())
        if words:
            yield Line(words, sizes.most_common(1)[0][0] if sizes else 0.0, foot)

    for piece, size, y in pieces:
        for number, part in enumerate(piece.split("\n")):
            if number:
                yield from line()
                text, sizes = "", Counter()
            if part.strip():
                sizes[round(size, 1)] += len(part.strip())
                foot = y
            text += part
    yield from line()


def without_running_heads(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without what stands at the edge of many of them, and without page numbers."""
    size = _text_size(pages)
    seen = Counter(mark for page in pages for mark in {_mark(line, size) for line in _edges(page)})
    least = max(_MIN_REPEATS, _REPEATED_SHARE * len(pages))
    kept = []
    for page in pages:
        edges = {id(line) for line in _edges(page)}
        kept.append(
            [
                line
                for line in page
                if id(line) not in edges
                or (
                    seen[_mark(line, size)] < least
                    and not (len(pages) > 1 and _PAGE_NUMBER.fullmatch(line.text))
                )
            ]
        )
    return kept


def _edges(page: Sequence[Line]) -> list[Line]:
    return [*page[:_EDGE_LINES], *page[max(_EDGE_LINES, len(page) - _EDGE_LINES) :]]


def _mark(line: Line, size: float) -> tuple[str, int]:
    """The same for "Chapter 2, page 17" and "Chapter 2, page 18" at the same height of their pages.

    In large letters, "Part 1" and "Part 2" are two headings.
    """
    text = line.text if _is_heading(line, size) else _DIGITS.sub("0", line.text)
    return text.casefold(), int(line.y // _SAME_HEIGHT)


def _text_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size that most of the text is set in."""
    sizes = Counter[float]()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def paragraphs(pages: Sequence[Sequence[Line]]) -> list[str]:
    """Markdown paragraphs and headings; a paragraph may go on over the end of a page."""
    lines = [line for page in pages for line in page]
    if not lines:
        return []
    size = _text_size(pages)
    body = [line for line in lines if line.size == size]
    width = sorted(len(line.text) for line in body)[int(0.9 * (len(body) - 1))]
    gap = _line_gap(pages, size)
    blocks: list[str] = []
    current: list[Line] = []

    def finish() -> None:
        if current:
            blocks.append(_paragraph(current, size))
            current.clear()

    for page in pages:
        for number, line in enumerate(page):
            before = current[-1] if current else None
            if before is not None and _parted(before, line, size, width, gap, new_page=number == 0):
                finish()
            current.append(line)
    finish()
    return blocks


def _line_gap(pages: Sequence[Sequence[Line]], size: float) -> float:
    """Between two lines of the text, in points; 0 where the pages do not say."""
    gaps = [
        first.y - second.y
        for page in pages
        for first, second in pairwise(page)
        if first.size == second.size == size and 0 < first.y - second.y < 4 * (size or 12)
    ]
    return median(gaps) if gaps else 0.0


def _parted(before: Line, line: Line, size: float, width: int, gap: float, *, new_page: bool) -> bool:
    """Whether a new paragraph begins with `line`."""
    if _is_heading(before, size) or _is_heading(line, size):
        # A long heading goes on in letters of its own size.
        return not (abs(before.size - line.size) < 0.2 and _is_heading(before, size) and not new_page)
    if _BULLET.match(line.text) and (_SENTENCE_END.search(before.text) or _ROUND_BULLET.match(line.text)):
        return True
    if _HYPHEN.search(before.text) or _ROUND_BULLET.fullmatch(before.text):
        return False
    if not new_page and gap and before.y - line.y > _PARAGRAPH_GAP * gap:
        return True
    return bool(_SENTENCE_END.search(before.text)) and len(before.text) < _SHORT_LINE * width


def _is_heading(line: Line, size: float) -> bool:
    large = bool(size) and line.size >= _HEADING_SIZE * size
    return large and len(line.text) <= _MAX_HEADING_CHARS and bool(_WORDS.search(line.text))


def _paragraph(lines: Sequence[Line], size: float) -> str:
    text = ""
    for line in lines:
        if _HYPHEN.search(text) and line.text[:1].islower():
            # "inter-" and "national" are one word; "Franco-" and "German", or "x-" and "1", are not.
            text = text[:-1] + line.text
        elif text and not (_is_spaceless(text[-1]) and _is_spaceless(line.text[0])):
            text += ("" if _HYPHEN.search(text) else " ") + line.text
        else:
            text += line.text
    if _is_heading(lines[0], size):
        level = 2 if lines[0].size >= 1.5 * size else 3
        return f"{'#' * level} {escaped(text)}"
    bullet = _ROUND_BULLET.match(text)
    return f"- {escaped(text[bullet.end() :])}" if bullet else escaped_paragraph(text)


def _is_spaceless(character: str) -> bool:
    """Of a script whose words are not parted by spaces, or of its punctuation."""
    return (
        "\u3000" <= character <= "\u9fff"
        or "\uff00" <= character <= "\uffef"
        or "\u0e00" <= character <= "\u0e7f"
    )
