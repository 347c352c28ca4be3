"""Documents made by hand: pages, PDFs, Word documents, and what somebody might send instead."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

_PAGES = Path(__file__).parent / "pages"
FERRY_PAGE = (_PAGES / "ferry.html").read_text("utf-8")
"""A news page as they are: the article between menus, share buttons, teasers, comments and a footer."""
FERRY_TEXT = (_PAGES / "ferry.txt").read_text("utf-8")
"""The same as somebody copied it out of a browser, labels, byline and empty comment form included."""
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf(
    pages: Sequence[Sequence[tuple[str, float, float] | tuple[str, float, float, float]]],
    facts: Mapping[str, str] | None = None,
    objects: Mapping[int, bytes] | None = None,
) -> bytes:
    """A PDF in Helvetica: for each page, lines of text with size, height and perhaps left edge in points.

    `objects` adds to, or takes the place of, the numbered objects that this makes.
    """
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(len(pages)))
    made = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: b"<< "
        + b" ".join(f"/{k} ({_literal(v)})".encode("cp1252") for k, v in (facts or {}).items())
        + b" >>",
    }
    for number, lines in enumerate(pages):
        text = "\n".join(
            f"BT /F1 {size:g} Tf 1 0 0 1 {left[0] if left else 72:g} {y:g} Tm ({_literal(line)}) Tj ET"
            for line, size, y, *left in lines
        ).encode("cp1252")
        made[10 + 2 * number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {11 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> /XObject << /X0 500 0 R >> >> >>"
        ).encode()
        made[11 + 2 * number] = stream(text)
    made |= objects or {}
    out = bytearray(b"%PDF-1.4\n")
    places: dict[int, int] = {}
    for number, body in sorted(made.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in places.items():
        out += b"%d 1\n%010d 00000 n \n" % (number, place)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        max(places) + 1,
        start,
    )
    return bytes(out)


def page(
    lines: Sequence[str], size: float = 11, top: float = 760, leading: float = 14
) -> list[tuple[str, float, float]]:
    """Lines of one size below each other; an empty one leaves a gap."""
    return [(line, size, top - leading * n) for n, line in enumerate(lines) if line]


def stream(content: bytes, dictionary: bytes = b"") -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (dictionary, len(content), content)


def docx(body: str, parts: Mapping[str, str] | None = None) -> bytes:
    """A Word document around the XML of its body, in which the prefix `w` is bound."""
    document = f'<?xml version="1.0"?><w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    return archive(word_parts({"word/document.xml": document, **(parts or {})}))


def word_parts(parts: Mapping[str, str]) -> dict[str, str]:
    """The parts of a Word document, with those that say which is which; `word/document*.xml` is the text."""
    (main,) = (name for name in parts if name.startswith("word/document"))
    kinds = "styles numbering footnotes endnotes header1 header2 footer1 comments".split()
    inner = {f"{kind}.xml": kind.rstrip("12") for kind in kinds if f"word/{kind}.xml" in parts}
    return {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>'
        ),
        "_rels/.rels": _relations({main: "officeDocument", "docProps/core.xml": "core-properties"}),
        f"word/_rels/{main.removeprefix('word/')}.rels": _relations(inner),
        **parts,
    }


def _relations(targets: Mapping[str, str]) -> str:
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    lines = (
        f'<Relationship Id="rId{n}" Type="{kinds}/{kind}" Target="{target}"/>'
        for n, (target, kind) in enumerate(targets.items(), 1)
    )
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f"{''.join(lines)}</Relationships>"
    )


def paragraph(text: str, style: str = "", properties: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{properties}</w:pPr><w:r><w:t>{escape(text)}</w:t></w:r></w:p>"


def archive(members: Mapping[str, str | bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return raw.getvalue()


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
