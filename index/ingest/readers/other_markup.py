"""Documents that pandoc reads without help -> a `Draft`: OpenDocument, EPUB, RTF, and other markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from index.ingest.document import Draft, Unreadable, clean_line
from index.ingest.formats import Kind
from index.ingest.readers.decoding import decode
from index.ingest.readers.packages import members, package_facts, packed
from index.ingest.readers.pandoc import tree
from index.ingest.readers.tree import tree_draft

# Without pictures and fonts, which are most of a book, and a bomb's hiding place.
_PARTS = (".xml", ".xhtml", ".html", ".htm", ".opf", ".ncx", "mimetype")
# Text between `{\v ` and `}` is hidden, in any program that writes RTF.
_RTF_HIDDEN = re.compile(rb"\{\\v[ \\](?:[^{}\\]|\\.)*\}")
# Which pandoc knows by another name.
_STRUCK = re.compile(r"<(/?)(?:s|strike)>", re.IGNORECASE)


def _read_package(format: str, raw: bytes, name: str, charset: str | None = None) -> Draft:
    parts = members(raw, _PARTS)
    return tree_draft(tree(packed(parts), format), package_facts(parts))


def _read_marked(format: str, raw: bytes, name: str, charset: str | None = None) -> Draft:
    """Return text in a markup of its own, which may hold pieces of HTML."""
    text = decode(raw, charset)
    if format == "mediawiki":
        text = _STRUCK.sub(r"<\1del>", text)
    return tree_draft(tree(text.encode(), format), html=_html)


def _read_rtf(raw: bytes, name: str, charset: str | None = None) -> Draft:
    hidden = [match.decode("ascii", "replace")[3:-1] for match in _RTF_HIDDEN.findall(raw)]
    draft = tree_draft(
        tree(_RTF_HIDDEN.sub(b"", raw), "rtf"), also_left_out=[("hidden text", text) for text in hidden]
    )
    author = re.search(rb"\\author ([^{}\\]{1,200})", raw)
    return replace(draft, author=draft.author or clean_line(author[1].decode("cp1252")) if author else None)


def _html(text: str) -> dict[str, Any]:
    try:
        return tree(text.encode(), "html")
    except Unreadable:
        return {"blocks": []}


READERS: dict[Kind, Callable[..., Draft]] = {
    "odt": partial(_read_package, "odt"),
    "epub": partial(_read_package, "epub"),
    "rtf": _read_rtf,
    "rst": partial(_read_marked, "rst"),
    "org": partial(_read_marked, "org"),
    "mediawiki": partial(_read_marked, "mediawiki"),
    "notebook": partial(_read_marked, "ipynb"),
}
