"""A document as it was read, made clean, and the Markdown file that it becomes.

Does not know the origin of a document or the place of its file.  Imports no third-party
library, since the process that reads foreign documents has to start at once.
"""

from __future__ import annotations

import datetime
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

from index.reasons import Reason, Value, Why

MAX_TITLE_CHARS = 300
"""The longest title that `index.article` reads; a longer one is cut."""
MAX_FIELD_CHARS = 500
# A list of a thousand names in a page's header is no author.
MAX_URL_CHARS = 2000
KNOWN_FIELDS = ("title", "publisher", "author", "published", "language", "url", "also", "origin")

# What has no shape and changes how the rest is shown: direction overrides, zero-width spaces, byte
# order marks, and the "tag" letters in which text can be hidden.  The two joiners (200C, 200D)
# stay: Persian, Hindi and emoji are wrong without them.
_SHAPELESS = re.compile(
    "[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
# A colour or a title command goes as a whole: without its escape it would be rubbish in the text.
_ANSI = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]|(?:\x1b\\]|\x9d)[^\x07\x1b\x9c]{0,2000}(?:\x07|\x1b\\\\|\x9c)"
)
_TAG_LIKE = re.compile(r"<[A-Za-z/!?]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_MANY_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_SPACES_AT_END = re.compile(r"(?<![ \t])[ \t]+\n")
_ISO_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?!\d)")
_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})?(\d{2})?")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{2,8})*)")

# The script of the text tells these languages apart from the rest of the world, well enough for a
# label.  Latin letters serve too many to guess: the page says it, or nobody does.
_SCRIPTS = (
    (re.compile("[\u3040-\u30ff]"), "ja"),
    (re.compile("[\uac00-\ud7af]"), "ko"),
    (re.compile("[\u3400-\u9fff]"), "zh"),
    (re.compile("[\u0e00-\u0e7f]"), "th"),
    (re.compile("[\u0370-\u03ff]"), "el"),
    (re.compile("[\u0590-\u05ff]"), "he"),
)
_SCRIPT_SAMPLE_CHARS = 4000
# Kana make up a third of Japanese text and more; an English text with a Greek formula stays without.
_SCRIPT_SHARE = 0.15


PARSER_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""Exceptions that libraries raise, beside those they document, for a document unlike any they know."""


class Unreadable(Exception):
    """A document that holds no article."""

    def __init__(self, why: Why, **values: Value) -> None:
        self.reason = Reason(why, values)
        super().__init__(str(self.reason))


What = Literal[
    "furniture",
    "hidden text",
    "hidden rows",
    "struck text",
    "pictures",
    "comments",
    "code",
    "attachments",
    "turned text",
]
"""The kinds of what readers leave out."""
_WORDS_SHOWN, _PIECES_SHOWN = 60, 3


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Text that a reader saw in a document and did not take, so that a person can judge that."""

    what: What
    count: int
    """How many pieces."""
    words: tuple[str, ...]
    """How the first of them begin; of a picture, how it is described."""


def left_out(pieces: Iterable[tuple[What, str]]) -> tuple[LeftOut, ...]:
    """Merge pieces in the order in which they were met, into one entry for each kind of them."""
    kinds: dict[What, list[str]] = {}
    for what, text in pieces:
        kinds.setdefault(what, []).append(text)
    return tuple(
        LeftOut(what, len(texts), tuple(_first_words(texts))[:_PIECES_SHOWN]) for what, texts in kinds.items()
    )


def _first_words(texts: Iterable[str]) -> Iterator[str]:
    return (line for line in dict.fromkeys(clean_line(text[:500], _WORDS_SHOWN) for text in texts) if line)


@dataclass(frozen=True, slots=True)
class Draft:
    """An article before it has a file."""

    text: str
    """Markdown without front matter."""
    title: str | None = None
    publisher: str | None = None
    author: str | None = None
    published: str | None = None
    """ISO date, possibly partial."""
    language: str | None = None
    url: str | None = None
    also: tuple[str, ...] = ()
    origin: str | None = None
    """The name of the file that it was read from; None for a web address."""
    extra: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    """Front matter that Footnote does not use and a person may: tags, a category."""
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[Reason, ...] = ()
    """Warnings for a person, each a sentence that goes on from the document's name."""


def markdown_file(draft: Draft) -> bytes:
    """Return the draft as the bytes of its file; `index.article.parse_article` reads the same values back."""
    fields: list[tuple[str, str | tuple[str, ...] | None]] = [
        ("title", draft.title),
        ("publisher", draft.publisher),
        ("author", draft.author),
        ("published", draft.published),
        ("language", draft.language),
        ("url", draft.url),
        ("also", draft.also or None),
        ("origin", draft.origin),
        *draft.extra,
    ]
    lines = [line for name, value in fields if value is not None for line in _field_lines(name, value)]
    return "\n".join(["---", *lines, "---", clean_text(draft.text)]).encode()


def _field_lines(name: str, value: str | tuple[str, ...]) -> list[str]:
    if isinstance(value, str):
        return [f"{name}: {quoted(value)}"]
    return [f"{name}:", *(f"  - {quoted(item)}" for item in value)]


def quoted(value: str) -> str:
    """Return a value between quotation marks, so that no character of it means anything to YAML."""
    return json.dumps(value, ensure_ascii=False)


def clean_line(value: str | None, limit: int = MAX_FIELD_CHARS) -> str | None:
    """Return one line of visible characters, cut behind a word if it is too long; None for nothing."""
    if value is None:
        return None
    text = _SHAPELESS.sub("", _CONTROLS.sub(" ", _ANSI.sub("", _LINE_ENDS.sub(" ", value))))
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if _TAG_LIKE.search(text):
        # "The <b> element" stays to be read, in brackets that no browser obeys.
        text = text.replace("<", "‹").replace(">", "›")
    if len(text) > limit:
        text = text[: limit - 1].rsplit(" ", 1)[0].rstrip() + "…"
    return text or None


def clean_text(text: str) -> str:
    """Return the text without control characters and surplus blank lines, ending with one line end.

    Hard line breaks stay.
    """
    text = _LINE_ENDS.sub("\n", _ANSI.sub("", text))
    text = _SHAPELESS.sub("", _CONTROLS.sub("", text))
    text = _SPACES_AT_END.sub(_line_end, text)
    text = _MANY_BLANK_LINES.sub("\n\n", text)
    return text.strip("\n").rstrip() + "\n"


def _line_end(spaces: re.Match[str]) -> str:
    """Two spaces before another line are Markdown's hard line break; all others mean nothing."""
    is_break = spaces[0].startswith("  ") and spaces.string[spaces.end() : spaces.end() + 1].strip()
    begins = spaces.string[spaces.start() - 1 : spaces.start()]
    return "  \n" if is_break and begins not in ("", "\n") else "\n"


def clean_url(value: str | None) -> str | None:
    """Return a web address that can be cited, or None."""
    url = (value or "").strip()
    if not url or len(url) > MAX_URL_CHARS or clean_line(url, MAX_URL_CHARS) != url or " " in url:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        usable = False
    return url if usable else None


def clean_language(value: str | None) -> str | None:
    """`en_US.UTF-8` -> `en-US`; None for what is no code."""
    match = _LANGUAGE.match((value or "").strip())
    if match is None or (value or "").strip()[match.end() : match.end() + 1] not in ("", ".", ",", ";", " "):
        return None
    return match[1].lower() + match[2].replace("_", "-")


def iso_date(value: str | None) -> str | None:
    """Return the day, month or year in a date as documents write it, or None; nothing is guessed."""
    text = (value or "").strip()
    match = _ISO_DATE.match(text)
    if match is None and text.startswith("D:"):
        match = _PDF_DATE.match(text)
    if match is not None:
        return _checked_date(match[1], match[2], match[3])
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _checked_date(year: str, month: str | None, day: str | None) -> str | None:
    try:
        date = datetime.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    # Clocks that were never set say 1970 or earlier; nobody published a PDF in 1601.
    if not 1000 <= date.year <= 2999:
        return None
    return date.isoformat()[: 10 if day else 7 if month else 4]


def script_language(text: str) -> str | None:
    """Return the language that the script of a text gives away, or None."""
    sample = text[:_SCRIPT_SAMPLE_CHARS]
    letters = sum(character.isalpha() for character in sample)
    for script, language in _SCRIPTS:
        if letters and len(script.findall(sample)) >= _SCRIPT_SHARE * letters:
            return language
    return None
