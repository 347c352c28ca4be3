"""Bytes of a text or a web page -> characters: mark, then UTF-8, then what is declared, then a guess."""

from __future__ import annotations

import codecs
import re

from index.ingest.document import Unreadable
from index.reasons import Why

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Bytes in which the HTML standard looks for a declaration, with room for text before it in practice.
_HEAD_BYTES = 4096
_DECLARED = re.compile(
    rb"""(?:charset|encoding)\s{0,20}=\s{0,20}["']?\s{0,20}([A-Za-z0-9_.:-]{2,40})""", re.I
)
# What a page means by these names, as the WHATWG's Encoding standard has it.
_MEANT = {
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii", "iso8859-1"), "windows-1252"),
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "x-gbk"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601"), "cp949"),
    "big5": "big5hkscs",
    "iso-8859-9": "cp1254",
    "tis-620": "cp874",
    "windows-874": "cp874",
}
# UTF-7 writes "<script>" in letters that look harmless; the rest are no encodings of text at all.
_REFUSED = frozenset(
    {"utf-7", "utf7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
)
_SAMPLE_BYTES = 256 * 1024
# No text holds these, so a declaration that makes them of the bytes is false.
_TEXT_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def decode(raw: bytes, declared: str | None = None) -> str:
    """Return the characters in `raw`; `declared` is what came with it, and stands above what is in it.

    Raise `Unreadable` if it is not text.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            text = _decoded(raw, encoding)
            if text is not None:
                return text
    named = [name for name in (declared, _declared_inside(raw)) if name]
    # Text in another encoding is almost never well-formed UTF-8 by chance, and pages that declare
    # another one falsely are common.  ISO-2022 is the exception: it hides in ASCII, behind escapes.
    text = None if b"\x1b" in raw and named else _decoded(raw, "utf-8")
    if text is not None and "\0" not in text:
        return text
    for encoding in named:
        text = _decoded(raw, _meant(encoding))
        if text is not None and not _TEXT_CONTROLS.search(text):
            return text
    text = _guessed(raw)
    if text is None:
        raise Unreadable(Why.NO_ENCODING)
    return text


def _declared_inside(raw: bytes) -> str | None:
    match = _DECLARED.search(raw, 0, _HEAD_BYTES)
    return match[1].decode("ascii") if match else None


def _meant(name: str) -> str:
    name = name.strip().lower()
    return _MEANT.get(name, name)


def _decoded(raw: bytes, encoding: str) -> str | None:
    if encoding.replace("_", "-") in _REFUSED or encoding in _REFUSED:
        return None
    try:
        # Codecs such as "zip", which make no text of bytes, are a LookupError here.
        return raw.decode(encoding)
    except (LookupError, UnicodeError, ValueError):
        return None


def _guessed(raw: bytes) -> str | None:
    for encoding, zeros in (("utf-16-le", raw[1:400:2]), ("utf-16-be", raw[0:400:2])):
        # Latin letters in UTF-16 without its mark: every other byte is zero.
        if len(zeros) > 10 and zeros.count(0) > 0.6 * len(zeros):
            return _decoded(raw[: len(raw) // 2 * 2], encoding)
    if b"\0" in raw:
        return None
    # Imported when it is needed: nearly every page is UTF-8 by now.
    from charset_normalizer import from_bytes

    best = from_bytes(raw[:_SAMPLE_BYTES]).best()
    if best is None:
        return None
    text = _decoded(raw, _meant(best.encoding))
    # A sample may end within a character, and a page may hold one wrong byte.
    return text if text is not None else raw.decode(best.encoding, "replace")
