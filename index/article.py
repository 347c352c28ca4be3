"""One file's bytes -> one `Article`: what its fields mean, and the body that offsets count in."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import TypeVar
from urllib.parse import urlsplit

from index.front_matter import ArticleError, Field, decode, fields_and_body, value_of
from index.lines import first_heading
from index.reasons import Reason, Why
from index.types import Article

T = TypeVar("T")

# A title or heading stands in front of its passages, and a longer one would drown them.
MAX_TITLE_CHARS = 300
# Each is shown below a quote: more would be a list of links and no citation.
MAX_COPIES = 20
MAX_COPY_CHARS = 600

_WIKI_LINK = re.compile(r"^\[\[(.+)\]\]$")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ][\d:.,+\-Z ]*)?)?)?")
_NAMED_DATES = (
    re.compile(r"(?P<day>\d\d?)(?:st|nd|rd|th|\.)? (?P<month>[A-Za-z]{3,9})\.?,? (?P<year>\d{4})(?:[ ,].*)?"),
    re.compile(r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})(?:[ ,].*)?"),
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_LANGUAGES = {
    **{"english": "en", "german": "de", "deutsch": "de", "french": "fr", "français": "fr", "spanish": "es"},
    **{"español": "es", "italian": "it", "italiano": "it", "portuguese": "pt", "dutch": "nl"},
    **{"chinese": "zh", "中文": "zh", "japanese": "ja", "日本語": "ja"},
    **{"korean": "ko", "polish": "pl", "russian": "ru"},
}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def parse_article(id: str, file: str, raw: bytes, problems: list[Reason] | None = None) -> Article:
    """Return the article in `raw`; raise `ArticleError` with the line and the remedy.

    If a list for `problems` is given, front matter is no reason to refuse a file: fields that cannot
    be read are left out, and added to that list.
    """
    fields, body = fields_and_body(file, decode(file, raw), problems)
    if not body.strip():
        raise ArticleError(file, Why.EMPTY_ARTICLE)
    return Article(
        id=id,
        file=file,
        text=body,
        title=_kept(_title, file, fields, problems) or first_heading(body) or _readable_stem(file),
        publisher=_kept(_publisher, file, fields, problems),
        author=_kept(_author, file, fields, problems),
        published=_kept(_published, file, fields, problems),
        language=_kept(_language, file, fields, problems),
        url=_kept(_url, file, fields, problems),
        sha256=hashlib.sha256(raw).hexdigest(),
        also=_kept(_also, file, fields, problems) or (),
    )


def front_matter(
    file: str, text: str, problems: list[Reason] | None = None
) -> tuple[dict[str, str | tuple[str, ...]], str]:
    """Return every field whose value is words or a list of words, known here or not, and the body.

    Raise `ArticleError` if the front matter cannot be read; if a list for `problems` is given, leave
    out the fields that cannot be read, and add them to that list.
    """
    fields, body = fields_and_body(file, text.replace("\r\n", "\n").replace("\r", "\n"), problems)
    found: dict[str, str | tuple[str, ...]] = {}
    for name, field in fields.items():
        if name == "author":
            author = _kept(_author, file, fields, problems)
            found |= {name: author} if author is not None else {}
        elif field.is_list:
            items = [item.node for item in field.items() if item.is_words]
            found[name] = tuple(" ".join(str(item.value).split()) for item in items)
        elif field.is_words:
            value = value_of(file, fields={name: field}, name=name)
            if value is not None:
                found[name] = value
    return found, body


def date_in(written: str) -> str | None:
    """Return `2019-07-17` for `2019-07-17 10:00`, `17 July 2019` or `July 17, 2019`; None if unsure."""
    match = _DATE.fullmatch(written)
    year, month, day = match.groups() if match else (None, None, None)
    for pattern in _NAMED_DATES if match is None else ():
        named = pattern.fullmatch(written)
        if named is not None and named["month"][:3].lower() in _MONTHS:
            year, day = named["year"], f"{int(named['day']):02}"
            month = f"{1 + _MONTHS.index(named['month'][:3].lower()):02}"
    try:
        datetime.date(int(year or ""), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return "-".join(part for part in (year, month, day) if part)


def text_sha256(text: str) -> str:
    """Return a checksum that is equal for equal texts, whatever the front matter says."""
    return hashlib.sha256(text.strip().encode()).hexdigest()


def _kept(
    read: Callable[[str, Mapping[str, Field]], T | None],
    file: str,
    fields: Mapping[str, Field],
    problems: list[Reason] | None,
) -> T | None:
    try:
        return read(file, fields)
    except ArticleError as error:
        if problems is None:
            raise
        problems.append(Reason(Why.FIELD_LEFT_OUT, {"reason": error.reason}))
        return None


def _in_line(field: Field) -> Reason:
    return Reason(Why.IN_LINE, {"line": field.line})


def _title(file: str, fields: Mapping[str, Field]) -> str | None:
    title = value_of(file, fields, "title")
    if title is not None and len(title) > MAX_TITLE_CHARS:
        place = _in_line(fields["title"])
        raise ArticleError(file, Why.LONG_TITLE, count=len(title), place=place, limit=MAX_TITLE_CHARS)
    return title


def _publisher(file: str, fields: Mapping[str, Field]) -> str | None:
    return value_of(file, fields, "publisher")


def _author(file: str, fields: Mapping[str, Field]) -> str | None:
    field = fields.get("author")
    if field is None:
        return None
    names = [value_of(file, {"author": item.name()}, "author") for item in field.items()]
    return ", ".join(_WIKI_LINK.sub(r"\1", name) for name in names if name) or None


def _also(file: str, fields: Mapping[str, Field]) -> tuple[str, ...]:
    """Return one line, or a list of lines, each the name of a publisher, an address, or both."""
    field = fields.get("also")
    if field is None:
        return ()
    lines = [value_of(file, {"also": item}, "also") for item in field.items()]
    copies = tuple(dict.fromkeys(line for line in lines if line))
    if len(copies) > MAX_COPIES or any(len(copy) > MAX_COPY_CHARS for copy in copies):
        raise ArticleError(file, Why.LONG_ALSO, line=field.line, copies=MAX_COPIES, limit=MAX_COPY_CHARS)
    return copies


def _published(file: str, fields: Mapping[str, Field]) -> str | None:
    value = value_of(file, fields, "published")
    if value is None:
        return None
    date = date_in(value)
    if date is not None:
        return date
    raise ArticleError(file, Why.NO_DATE, place=_in_line(fields["published"]), value=value)


def _language(file: str, fields: Mapping[str, Field]) -> str | None:
    value = value_of(file, fields, "language")
    if value is None or _LANGUAGE.fullmatch(value):
        return value
    plain = value.partition(".")[0].replace("_", "-")
    if plain.lower() in _LANGUAGES or _LANGUAGE.fullmatch(plain):
        return _LANGUAGES.get(plain.lower(), plain)
    raise ArticleError(file, Why.NO_LANGUAGE, place=_in_line(fields["language"]), value=value)


def _url(file: str, fields: Mapping[str, Field]) -> str | None:
    value = value_of(file, fields, "url")
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value
    except ValueError:
        usable = False
    if usable:
        return value
    raise ArticleError(file, Why.NO_URL, place=_in_line(fields["url"]), value=value)


def _readable_stem(file: str) -> str:
    words = re.sub(r"[-_\s]+", " ", PurePosixPath(file).stem).strip()
    return words[:1].upper() + words[1:] if words else PurePosixPath(file).stem
