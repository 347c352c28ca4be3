"""What kind of document some bytes are: by their first bytes, then by name, then by what was declared."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

from index.ingest.draft import Unreadable

Kind = Literal["markdown", "text", "page", "archive", "pdf", "docx"]

_SUFFIXES: dict[str, Kind] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".html": "page",
    ".htm": "page",
    ".xhtml": "page",
    ".mhtml": "archive",
    ".mht": "archive",
    ".pdf": "pdf",
    ".docx": "docx",
}
SUFFIXES = frozenset(_SUFFIXES)
_TYPES: dict[str, Kind] = {
    "text/html": "page",
    "application/xhtml+xml": "page",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "text/plain": "text",
    "multipart/related": "archive",
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
READABLE_TYPES = frozenset(_TYPES) | {"application/octet-stream", "binary/octet-stream", ""}
READABLE = "Markdown, text, HTML, PDF and Word (.docx)"
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,200}(?:<!--.{0,2000}?-->\s{0,200}){0,3}<(?:!doctype\s+html|html|head)\b",
    re.I | re.S,
)
# What begins so is never text, whatever it is called.
_OTHERS = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "is a document of an old Office. Save it as .docx or PDF, and add that.",
    ),
    (b"{\\rtf", "is RTF, which is not read. Save it as .docx or PDF, and add that."),
    (b"\x89PNG", "is a picture. Add the text that it shows."),
    (b"\xff\xd8\xff", "is a picture. Add the text that it shows."),
    (b"GIF8", "is a picture. Add the text that it shows."),
)


def kind_of(raw: bytes, name: str, content_type: str | None = None) -> Kind:
    """Raise `Unreadable` for what none of the readers reads, and for an empty document."""
    if not raw.strip():
        raise Unreadable("is empty.")
    suffix = PurePosixPath(name).suffix.lower()
    if b"%PDF-" in raw[:1024]:
        return "pdf"
    if raw.startswith(b"PK\x03\x04"):
        return "docx"
    for start, reason in _OTHERS:
        if raw.startswith(start):
            raise Unreadable(reason)
    kind = _SUFFIXES.get(suffix)
    declared = (content_type or "").partition(";")[0].strip().lower()
    if kind is None or declared in ("text/html", "application/xhtml+xml"):
        # An address may end in anything, such as ".com" or ".php": what the server says counts.
        kind = _TYPES.get(declared, kind)
    if kind == "docx" or (kind == "pdf"):
        raise Unreadable(f"is called {suffix or declared} and is none. Export it once more.")
    if kind in (None, "text") and _HTML.match(raw):
        return "page"
    if kind is None:
        raise Unreadable(
            f"is of a kind that is not read ({suffix or declared or 'no suffix'}). {READABLE} are."
        )
    return kind
