"""Names of files: a readable one for an article, and which names of collections are safe."""

from __future__ import annotations

import re
import unicodedata

from index.types import FootnoteError

MAX_CHARS = 60
# File systems allow 255 bytes; a number and a suffix come behind, an editor's backup mark before.
MAX_BYTES = 180
# Windows opens a device by these names, whatever follows the first dot.
_MARKS = re.compile(r"^[^\w]+")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:-.*)?")
# The README of a sources folder describes the folder and is no article.
_TAKEN = frozenset({"readme"})


def slug(title: str) -> str:
    """`Über Äpfel & Birnen (2019)` -> `über-äpfel-birnen-2019`: letters of any script, digits and hyphens."""
    kept = (
        character if unicodedata.category(character)[0] in "LMN" else " "
        for character in unicodedata.normalize("NFKC", title).casefold().replace("'", "").replace("’", "")
    )
    # A mark without its letter cannot begin a word.
    words = [_MARKS.sub("", word) for word in unicodedata.normalize("NFC", "".join(kept)).split()]
    name = ""
    for word in filter(None, words):
        longer = f"{name}-{word}" if name else _cut(word)
        if len(longer) > MAX_CHARS or len(longer.encode()) > MAX_BYTES:
            break
        name = longer
    if not name:
        return "article"
    return f"article-{name}" if name in _TAKEN or _DEVICES.fullmatch(name) else name


def numbered(name: str, number: int) -> str:
    """Return the name of the first, second, third file of a name: `name`, `name-2`, `name-3`."""
    return name if number == 1 else f"{name}-{number}"


def collection_name(name: str) -> str:
    """Return `name` if a sub-folder may be called so; raise `FootnoteError` if it leads elsewhere."""
    plain = unicodedata.normalize("NFC", name).strip()
    forbidden = any(unicodedata.category(c)[0] == "C" or c in '/\\:*?"<>|' for c in plain)
    if not plain or forbidden or plain.startswith(".") or len(plain.encode()) > MAX_BYTES:
        shown = "".join(c if c.isprintable() else "?" for c in name[:80])
        raise FootnoteError(
            f"'{shown}' cannot be the name of a collection. Give one word or a few, such as 'press', without "
            "a slash and without a dot in front."
        )
    return plain


def _cut(word: str) -> str:
    cut = word[:MAX_CHARS]
    while len(cut.encode()) > MAX_BYTES:
        cut = cut[:-1]
    return cut
