"""Markdown and plain text -> a `Draft`: front matter kept, HTML taken out, paragraphs told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath

from index.ingest.document import (
    KNOWN_FIELDS,
    MAX_TITLE_CHARS,
    Draft,
    Unreadable,
    What,
    clean_language,
    clean_line,
    clean_text,
    clean_url,
    iso_date,
    left_out,
    script_language,
)
from index.ingest.readers.chat import chat_text, messages_in
from index.ingest.readers.decoding import decode
from index.ingest.readers.furniture import without_furniture
from index.ingest.readers.markup import escaped_paragraph, without_html, without_marks
from index.reasons import Reason, Why

# A line that could be a title: short, alone, and no sentence.
_TITLE_CHARS, _TITLE_WORDS = 150, 25
_SENTENCE_END = re.compile(r"[.!?:;,。！？：；，]$")
_BULLET = re.compile(r"^[ \t]{0,8}[•◦▪‣·●○■][ \t]+")
_KEY = re.compile(r"[^\W\d_][^:\n]{0,40}:\s")
_BLANK = re.compile(r"\n[ \t]*(?=\n)")


def read_markdown(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """Return the article in a Markdown file; fields of its front matter that are not known are kept."""
    # It brings NumPy with it, which the readers of other formats do without.
    from index.article import date_in, front_matter
    from index.front_matter import ArticleError
    from index.lines import first_heading

    text, problems = decode(raw, charset), list[Reason]()
    try:
        fields, body = front_matter(name, text, problems)
    except ArticleError as error:
        raise Unreadable(error.reason.why, **error.reason.values) from error
    known: dict[str, str] = {}
    also: tuple[str, ...] = ()
    extra: list[tuple[str, str | tuple[str, ...]]] = []
    for field, value in fields.items():
        if field == "also":
            also = (value,) if isinstance(value, str) else value
        elif field in KNOWN_FIELDS:
            known[field] = value if isinstance(value, str) else ", ".join(value)
        elif re.fullmatch(r"[A-Za-z][\w-]{0,60}", field):
            extra.append((field, _clean_value(value)))
    published = date_in(known.get("published", "")) or iso_date(known.get("published"))
    url = clean_url(known.get("url"))
    for field, found, why in (("published", published, Why.DATE_LEFT_OUT), ("url", url, Why.URL_LEFT_OUT)):
        if known.get(field) and found is None:
            problems.append(Reason(why, {"value": clean_line(known[field], 80) or ""}))
    left: list[tuple[What, str]] = []
    if re.search(r"<(?:table|dl|details)\b", body, re.IGNORECASE):
        # It brings lxml and pandoc with it, which most Markdown does without.
        from index.ingest.readers.page_parts import without_blocks_of_html

        body = without_blocks_of_html(body, left)
    body = clean_text(without_html(without_marks(body, left)))
    return Draft(
        text=body,
        title=clean_line(known.get("title") or first_heading(body), MAX_TITLE_CHARS),
        publisher=clean_line(known.get("publisher")),
        author=clean_line(known.get("author")),
        published=published,
        language=clean_language(known.get("language")) or script_language(body),
        url=url,
        also=tuple(line for line in map(clean_line, also) if line),
        extra=tuple(extra),
        left_out=left_out(left),
        warnings=tuple(problems),
    )


def read_text(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """Return the article in a plain text, such as one copied from a page, without the page's labels."""
    return text_draft(decode(raw, charset))


def text_draft(text: str, *, is_letter: bool = False) -> Draft:
    """Return the article in a text: messages, or paragraphs; a letter's first line is no title."""
    text = clean_text(text)
    messages = messages_in(text)
    if messages:
        return Draft(text=chat_text(messages), language=script_language(text))
    cleared = without_furniture(list(_paragraphs(text)), biography=True)
    paragraphs = list(cleared.paragraphs)
    is_titled = not is_letter and len(paragraphs) > 1 and _is_title(paragraphs[0])
    title = paragraphs.pop(0) if is_titled else None
    body = "\n\n".join(escaped_paragraph(_with_breaks(paragraph)) for paragraph in paragraphs)
    # Bullets make one list if nothing else stands between them.
    body = re.sub(r"(?m)^(- .*)\n\n(?=- )", r"\1\n", body)
    return Draft(
        text=clean_text(body),
        title=clean_line(title, MAX_TITLE_CHARS),
        publisher=clean_line(cleared.publisher),
        author=clean_line(cleared.author),
        language=script_language(body),
        left_out=left_out(("furniture", paragraph) for paragraph in cleared.removed),
    )


def _with_breaks(paragraph: str) -> str:
    """Keep the breaks of lines broken on purpose, such as those of an address; join filled ones."""
    lines = paragraph.split("\n")
    width = max(map(len, lines))
    broken = [
        _KEY.match(after) or len(line) + 1 + len(after.split(maxsplit=1)[0]) <= width
        for line, after in pairwise(lines)
        if after.strip()
    ]
    on_purpose = sum(map(bool, broken)) > len(broken) / 2
    return "  \n".join(line.rstrip() for line in lines) if on_purpose else paragraph


def fallback_title(name: str, text: str) -> str:
    """Return a title for an article without one: its file's name, or its first words if that says nothing."""
    words = [word for word in re.split(r"[\W_]+", PurePosixPath(name).stem) if word]
    # "000_a5fa7f2e28326372" or "IMG-2031" is no title; "q3-report" is.
    if any(len(word) >= 3 and not any(map(str.isdigit, word)) and not word.isupper() for word in words):
        readable = " ".join(words)
        return clean_line(readable[:1].upper() + readable[1:], MAX_TITLE_CHARS) or "Untitled"
    line = next((line for line in text.splitlines() if re.search(r"\w", line)), "")
    sentence = re.split(r"(?<=[.!?。！？])\s*", re.sub(r"^[\s#>*-]+", "", line), maxsplit=1)[0]
    return clean_line(sentence, 90) or clean_line(name, MAX_TITLE_CHARS) or "Untitled"


def _clean_value(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return clean_line(value) or ""
    return tuple(line for line in map(clean_line, value) if line)


def _paragraphs(text: str) -> Iterator[str]:
    """Yield runs of lines between blank ones; a bullet opens its own, as does a line before or after it."""
    for block in _BLANK.sub("\n", text).split("\n\n"):
        yield from _blocks(block)


def _blocks(block: str) -> Iterator[str]:
    lines: list[str] = []
    for line in block.split("\n"):
        bullet = _BULLET.match(line)
        # A label on a line of its own is seen for what it is, also in the middle of a block.
        if bullet is not None and lines:
            yield "\n".join(lines)
            lines = []
        lines.append(f"- {line[bullet.end() :]}" if bullet is not None else line.rstrip())
    text = "\n".join(lines).strip("\n")
    if text.strip():
        yield text


def _is_title(paragraph: str) -> bool:
    return (
        "\n" not in paragraph
        and len(paragraph) <= _TITLE_CHARS
        and len(paragraph.split()) <= _TITLE_WORDS
        and not paragraph.startswith("- ")
        and not _SENTENCE_END.search(paragraph.strip())
    )
