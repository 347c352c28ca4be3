"""The kind of a document: told from its first bytes, then its name, then its declared type."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

from index.ingest.document import Unreadable
from index.reasons import Why

Kind = Literal[
    "markdown", "text", "page", "archive", "pdf", "docx", "odt", "epub", "rtf", "rst", "org", "mediawiki",
    "notebook", "pptx", "xlsx", "csv", "mail", "slack",
]  # fmt: skip

_SUFFIXES: dict[str, Kind] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".txt": "text",
    ".text": "text",
    ".html": "page",
    ".htm": "page",
    ".xhtml": "page",
    ".mhtml": "archive",
    ".mht": "archive",
    ".pdf": "pdf",
    ".docx": "docx",
    ".docm": "docx",
    ".odt": "odt",
    ".epub": "epub",
    ".rtf": "rtf",
    ".rst": "rst",
    ".rest": "rst",
    ".org": "org",
    ".mediawiki": "mediawiki",
    ".wiki": "mediawiki",
    ".ipynb": "notebook",
    ".pptx": "pptx",
    ".pptm": "pptx",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".eml": "mail",
    ".json": "slack",
    ".zip": "slack",
}
# A folder may hold many of these that are no chats; one that a person names is looked into.
SUFFIXES = frozenset(_SUFFIXES) - {".json", ".zip"}
_OFFICE = "application/vnd.openxmlformats-officedocument"
_TYPES: dict[str, Kind] = {
    "text/html": "page",
    "application/xhtml+xml": "page",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "text/plain": "text",
    "multipart/related": "archive",
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
    f"{_OFFICE}.wordprocessingml.document": "docx",
    f"{_OFFICE}.presentationml.presentation": "pptx",
    f"{_OFFICE}.spreadsheetml.sheet": "xlsx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/epub+zip": "epub",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "text/x-rst": "rst",
    "text/org": "org",
    "application/x-ipynb+json": "notebook",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "message/rfc822": "mail",
}
READABLE_TYPES = frozenset(_TYPES) | {"application/octet-stream", "binary/octet-stream", ""}
READABLE = (
    "Markdown, text, HTML, PDF, Word (.docx), OpenDocument (.odt), EPUB, RTF, PowerPoint (.pptx), Excel "
    "(.xlsx), CSV, e-mail (.eml), Slack exports, reStructuredText, Org, MediaWiki and Jupyter"
)
# What a zip archive is, by the names of its members, which stand in it as they are.
_ZIPPED: tuple[tuple[bytes, Kind], ...] = (
    (b"mimetypeapplication/epub+zip", "epub"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "odt"),
    (b"ppt/presentation.xml", "pptx"),
    (b"xl/workbook.xml", "xlsx"),
    (b"word/", "docx"),
    (b"users.json", "slack"),
    (b"channels.json", "slack"),
)
_ZIP_KINDS = frozenset({"docx", "odt", "epub", "pptx", "xlsx", "slack"})
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,200}[\[{]")
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,200}(?:<!--.{0,2000}?-->\s{0,200}){0,3}<(?:!doctype\s+html|html|head)\b",
    re.I | re.S,
)
# What begins so is never text, whatever it is called.
_OTHERS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Why.OLD_OFFICE),
    (b"\x89PNG", Why.PICTURE),
    (b"\xff\xd8\xff", Why.PICTURE),
    (b"GIF8", Why.PICTURE),
)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def kind_of(raw: bytes, name: str, content_type: str | None = None) -> Kind:
    """Raise `Unreadable` for what none of the readers reads, and for an empty document."""
    if not raw.strip():
        raise Unreadable(Why.EMPTY_DOCUMENT)
    suffix = PurePosixPath(name).suffix.lower()
    kind = _SUFFIXES.get(suffix)
    if raw.startswith(b"PK\x03\x04"):
        found = next((zipped for sign, zipped in _ZIPPED if sign in raw), None)
        return found or (kind if kind in _ZIP_KINDS else "docx")
    if b"%PDF-" in raw[:1024] and kind not in ("mail", "archive"):
        return "pdf"
    if raw.startswith(b"{\\rtf"):
        return "rtf"
    for start, why in _OTHERS:
        if raw.startswith(start):
            raise Unreadable(Why.ENCRYPTED if _ENCRYPTED in raw else why)
    declared = (content_type or "").partition(";")[0].strip().lower()
    if kind is None or declared in ("text/html", "application/xhtml+xml"):
        # An address may end in anything, such as ".com" or ".php": what the server says counts.
        kind = _TYPES.get(declared, kind)
    if kind in (_ZIP_KINDS - {"slack"}) | {"pdf", "rtf"} or (kind == "slack" and not _JSON.match(raw)):
        raise Unreadable(Why.MISNAMED, name=suffix or declared)
    if kind in (None, "text") and _HTML.match(raw):
        return "page"
    if kind is None:
        raise Unreadable(Why.UNKNOWN_KIND, name=suffix or declared or "no suffix", kinds=READABLE)
    return kind
