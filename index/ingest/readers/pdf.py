"""A PDF -> a `Draft`: its letters with their places, what was filled into its form, and its facts.

`pdf_layout` tells from the places what are paragraphs, columns, lists and tables.
"""

from __future__ import annotations

import io
import logging
import math
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from index.ingest.document import (
    MAX_TITLE_CHARS,
    PARSER_FAULTS,
    Draft,
    Unreadable,
    clean_language,
    clean_line,
    clean_text,
    iso_date,
    left_out,
    script_language,
)
from index.ingest.readers.pdf_layout import Page, layout_of
from index.ingest.readers.pdf_lines import UNKNOWN, Field, Glyph
from index.ingest.readers.pdf_tables import Rule
from index.reasons import Why

if TYPE_CHECKING:
    from pdfminer.pdfdocument import PDFDocument

# A thousand full pages stay within the time limit.  See RESULTS.md, "Constants".
MAX_PAGES = 1000
# A page full of drawings takes a few.
MAX_PAGE_BYTES = 32_000_000
# A page that was scanned has no letters at all, or a stamp beside its picture.
MIN_CHARS_A_PAGE = 25
# Of the letters of a file that can be read, hardly any is unknown; of one without a table of letters, most.
_MAX_UNKNOWN = 0.3
# A font's own numbers read as letters: words have vowels, in every language of Latin letters.
_MIN_VOWELS = 0.2
_VOWEL_SAMPLE = 200
_LATIN = re.compile("[a-zA-Z\u00c0-\u024f]")
_VOWEL = re.compile(
    "[aeiouyAEIOUY\u00c0-\u00c6\u00c8-\u00d6\u00d8-\u00df\u00e0-\u00e6\u00e8-\u00f6\u00f8-\u00ff]"
)
_UNUSABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]")
_WORDS = re.compile(r"[^\W\d_]{2}")
_BOLD = re.compile(r"(?i)bold|black|heavy|demi|-bd\b")
# Thicker than this is a filled box, and no line between rows.
_MAX_RULE = 3.0
_MIN_RULE = 20.0
_MAX_FIELD_DEPTH = 16
_PUSH_BUTTON = 1 << 16
_RADIO = 1 << 15
# What programs write as a title or author when nobody gave one.
_NO_TITLE = re.compile(
    r"(?i)\(?(?:untitled|anonymous|unspecified|unknown|no title|title)\)?|"
    r"microsoft (word|powerpoint|excel)\b.*|"
    r"powerpoint presentation|(?:document|slide|folie|presentation|book|sheet)\s?\d*|"
    r".*\.(docx?|pdf|indd|qxd|tex|dvi|pptx?|xlsx?|rtf|odt|html?)"
)
_NO_AUTHOR = re.compile(r"(?i)\(?(?:anonymous|unspecified|unknown|administrator|admin|user|root|owner)\)?")


def read_pdf(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """Read the text of a PDF; raise `Unreadable` for one that is scanned, encrypted, damaged or garbled."""
    from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdfparser import PDFParser
    from pdfminer.pdftypes import PDFObjRef
    from pdfminer.psexceptions import PSException

    class Document(PDFDocument):
        """Knows no object that is but a reference to another, which may lead back to itself for ever."""

        def getobj(self, objid: int) -> object:
            found = super().getobj(objid)
            return None if isinstance(found, PDFObjRef) else found

    # It warns of each flaw of a file that it reads all the same.
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    try:
        # Many are encrypted with an empty password, which forbids printing and hides nothing.
        document = Document(PDFParser(io.BytesIO(raw)), password="")
        sheets = list(islice(PDFPage.create_pages(document), MAX_PAGES + 1))
        if len(sheets) > MAX_PAGES:
            raise Unreadable(Why.MANY_PAGES, limit=MAX_PAGES)
        pages, pictures = _pages(document, sheets)
        facts = _facts(document)
    except PDFEncryptionError as error:
        raise Unreadable(Why.ENCRYPTED) from error
    except PSException as error:
        raise Unreadable(
            Why.DAMAGED_PDF, problem=clean_line(str(error), 100) or type(error).__name__
        ) from error
    except (*PARSER_FAULTS, EOFError, NotImplementedError, RecursionError, struct.error, zlib.error) as error:
        # Its own parts meet in a malformed file what they do not expect; OSError is the system's.
        raise Unreadable(Why.DAMAGED_PDF, problem=type(error).__name__) from error
    if not pages:
        raise Unreadable(Why.NO_PAGES)
    _check_letters(pages, pictures)
    return _draft(pages, facts)


def _check_letters(pages: Sequence[Page], pictures: int) -> None:
    """Raise `Unreadable` for pages of pictures, and for letters that are none."""
    text = " ".join("".join(glyph.text for glyph in page.glyphs) for page in pages)
    letters = Counter(text)
    count = letters.total() - letters[" "]
    filled = any(page.fields for page in pages)
    scarce = count < MIN_CHARS_A_PAGE * min(len(pages), 20)
    if scarce and not filled and (pictures or len(_WORDS.findall(text)) < 2):
        raise Unreadable(Why.SCANNED)
    latin = len(_LATIN.findall(text))
    vowels = len(_VOWEL.findall(text))
    mute = latin >= _VOWEL_SAMPLE and latin > 0.5 * count and vowels < _MIN_VOWELS * latin
    if len(_UNUSABLE.findall(text)) > _MAX_UNKNOWN * count or mute:
        raise Unreadable(Why.NO_LETTERS)


def _draft(pages: Sequence[Page], facts: dict[str, str | None]) -> Draft:
    layout = layout_of(pages)
    blocks = layout.blocks
    title = facts["title"]
    if title is None or _NO_TITLE.fullmatch(title):
        title = next((_words(block) for block in blocks[:3] if block.startswith("#")), None)
    title = clean_line(title, MAX_TITLE_CHARS)
    if title and len(blocks) > 1:
        # Said once, unless it is all that is said of it.
        heads = [n for n, block in enumerate(blocks[:3]) if block.startswith("#") and _words(block) == title]
        blocks = [block for n, block in enumerate(blocks) if n not in heads]
    text = clean_text("\n\n".join(blocks))
    author = clean_line((facts["author"] or "").replace(";", ","))
    return Draft(
        text=text,
        title=title,
        author=None if author is None or _NO_AUTHOR.fullmatch(author) else author,
        published=iso_date(facts["created"]),
        language=script_language(text) or clean_language(facts["language"]),
        left_out=left_out(
            [
                *(("furniture", head) for head in layout.running_heads),
                *(("turned text", page.turned) for page in pages if page.turned.strip()),
            ]
        ),
    )


def _words(heading: str) -> str:
    return heading.lstrip("# ").replace("\\<", "<")


def _facts(document: PDFDocument) -> dict[str, str | None]:
    information: dict[str, Any] = {}
    for more in document.info:
        information |= more
    return {
        "title": _string(information.get("Title")),
        "author": _string(information.get("Author")),
        "created": _string(information.get("CreationDate")),
        "language": _string(document.catalog.get("Lang")),
    }


def _string(value: Any) -> str | None:
    from pdfminer.pdftypes import resolve1
    from pdfminer.psparser import PSLiteral
    from pdfminer.utils import decode_text

    value = resolve1(value)
    if isinstance(value, PSLiteral):
        value = value.name
    if isinstance(value, bytes):
        value = decode_text(value)
    return value.strip() or None if isinstance(value, str) else None


def _pages(document: PDFDocument, sheets: Sequence[Any]) -> tuple[list[Page], int]:
    """Read the letters, lines and fields of each page; count the pictures."""
    from pdfminer.pdfdevice import PDFTextDevice
    from pdfminer.pdffont import PDFUnicodeNotDefined
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdftypes import stream_value
    from pdfminer.utils import apply_matrix_pt

    class Device(PDFTextDevice):
        """Notes painted areas, and their places."""

        def __init__(self, resources: PDFResourceManager) -> None:
            super().__init__(resources)
            self.letters: list[tuple[Glyph, tuple[int, int]]] = []
            self.rules: list[Rule] = []
            self.page_matrix: Any = (1, 0, 0, 1, 0, 0)
            self.pictures = 0
            self.bold: dict[int, bool] = {}

        def begin_page(self, page: Any, ctm: Any) -> None:
            self.letters, self.rules, self.page_matrix = [], [], ctm

        def render_image(self, name: str, stream: Any) -> None:
            self.pictures += 1

        def paint_path(self, graphicstate: Any, stroke: Any, fill: Any, evenodd: Any, path: Any) -> None:
            points = [
                apply_matrix_pt(self.ctm or self.page_matrix, point)
                for part in path
                for point in zip(part[1::2], part[2::2], strict=False)
            ]
            if len(points) < 2 or len(points) > 200:
                return
            x0, x1 = min(x for x, _ in points), max(x for x, _ in points)
            y0, y1 = min(y for _, y in points), max(y for _, y in points)
            if x1 - x0 < _MIN_RULE:
                return
            # A box is drawn around a cell or row: its two edges are lines.
            self.rules += [Rule(x0, x1, y) for y in ((y0,) if y1 - y0 <= _MAX_RULE else (y0, y1))]

        def render_char(
            self,
            matrix: Any,
            font: Any,
            fontsize: float,
            scaling: float,
            rise: float,
            *rest: Any,
        ) -> float:
            cid: int = rest[0]  # the colour and the state of the graphics come after it
            try:
                text = str(font.to_unichr(cid))
            except PDFUnicodeNotDefined:
                text = UNKNOWN
            a, b, c, d, e, f = matrix
            upright = font.is_vertical()
            advance = float(font.char_width(cid)) * fontsize * (1.0 if upright else scaling)
            size = abs(fontsize) * math.hypot(c, d)
            # Turned so that the letters stand, whichever way the page is turned.
            turn = (round(a / (math.hypot(a, b) or 1.0)), round(b / (math.hypot(a, b) or 1.0)))
            x, y = e + c * rise, f + d * rise
            along, up = x * turn[0] + y * turn[1], y * turn[0] - x * turn[1]
            width = abs(advance) * math.hypot(a, b) if not upright else size
            if id(font) not in self.bold:
                self.bold[id(font)] = bool(_BOLD.search(str(getattr(font, "fontname", "") or "")))
            if text and size > 0 and math.isfinite(along + up + width + size):
                glyph = Glyph(text, along, along + width, up, size, self.bold[id(font)])
                self.letters.append((glyph, turn))
            return advance

    resources = PDFResourceManager()
    device = Device(resources)
    interpreter = PDFPageInterpreter(resources, device)
    pages = []
    for sheet in sheets:
        if sum(len(stream.get_data()) for stream in map(stream_value, sheet.contents)) > MAX_PAGE_BYTES:
            raise Unreadable(Why.LARGE_PAGE)
        interpreter.process_page(sheet)
        turns = Counter(turn for _, turn in device.letters)
        most = turns.most_common(1)[0][0] if turns else (1, 0)
        glyphs = [glyph for glyph, turn in device.letters if turn == most]
        fields = list(_fields(sheet, device.page_matrix)) if most == (1, 0) else []
        turned = "".join(glyph.text for glyph, turn in device.letters if turn != most)
        pages.append(Page(_plain(glyphs), device.rules if most == (1, 0) else [], fields, turned))
    return pages, device.pictures


def _plain(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Leave out letters far outside of every page, which files that are broken have."""
    return [glyph for glyph in glyphs if abs(glyph.x0) < 1e5 and abs(glyph.y) < 1e5 and glyph.size < 1e4]


def _fields(sheet: Any, matrix: Any) -> Iterator[Field]:
    """Yield what was filled into the form on a page."""
    from pdfminer.pdftypes import resolve1
    from pdfminer.utils import apply_matrix_pt

    annotations = resolve1(sheet.annots)
    for reference in annotations if isinstance(annotations, list) else ():
        widget = resolve1(reference)
        if not isinstance(widget, dict) or _string(widget.get("Subtype")) != "Widget":
            continue
        entries = _inherited(widget)
        value = _value(entries, widget)
        rect = [resolve1(one) for one in resolve1(widget.get("Rect")) or ()]
        if value is None or len(rect) != 4 or not all(isinstance(one, int | float) for one in rect):
            continue
        corners = [apply_matrix_pt(matrix, (rect[n], rect[n + 1])) for n in (0, 2)]
        (x0, x1), (y0, y1) = (sorted(values) for values in zip(*corners, strict=True))
        name = _string(entries.get("TU")) or _string(entries.get("T")) or ""
        yield Field(clean_line(name) or "", value, x0, y0, x1, y1)


def _inherited(widget: dict[str, Any]) -> dict[str, Any]:
    """Return a field's entries with those of the fields above it, whose names come before its own."""
    from pdfminer.pdftypes import resolve1

    found: dict[str, Any] = {}
    names: list[str] = []
    entry: Any = widget
    for _ in range(_MAX_FIELD_DEPTH):
        if not isinstance(entry, dict):
            break
        found = {**entry, **found}
        names += filter(None, [_string(entry.get("T"))])
        entry = resolve1(entry.get("Parent"))
    return {**found, "T": ".".join(reversed(names))}


def _value(entries: dict[str, Any], widget: dict[str, Any]) -> str | None:
    from pdfminer.pdftypes import resolve1

    kind, value = _string(entries.get("FT")), resolve1(entries.get("V"))
    flags = resolve1(entries.get("Ff"))
    flags = flags if isinstance(flags, int) else 0
    if kind == "Btn":
        state = _string(widget.get("AS")) or _string(value)
        if flags & _PUSH_BUTTON or (flags & _RADIO and state in (None, "Off")):
            return None
        return "☐" if state in (None, "Off") else "☒"
    if kind == "Sig":
        return None
    values = value if isinstance(value, list) else [value]
    return clean_line(", ".join(filter(None, map(_string, values))), 2000)
