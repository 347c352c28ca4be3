"""The report of a week, for those who look after the articles: counts first, then lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.slack.messages import blocks
from bot.slack.messages.answers import Message
from bot.slack.messages.blocks import Block
from bot.text import ELLIPSIS, date_words, escape, shortened
from bot.words import ENGLISH, Words

# Both lists together stay below what a message may hold, if every character is an emoji.
MAX_LINES = 8
MAX_LINE_CHARS = 240
_MAX_LINK_CHARS = 300

# Titles are for those who know their articles.
MAX_TITLE_CHARS = 80


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list, with the articles that it is about."""

    said: str
    articles: tuple[tuple[str, str | None], ...] = ()
    """Titles, with their addresses."""


Section = tuple[str, Sequence[Line]]


def report_message(
    title: str, facts: Sequence[str], sections: Sequence[Section], note: str, words: Words = ENGLISH
) -> Message:
    """Lists are cut after a few lines, and say how many more there are."""
    lists = [(name, list(_lines(lines, words))) for name, lines in sections]
    shown: list[Block] = [blocks.header(shortened(title, 150))]
    shown.append(blocks.rich_text(blocks.section(blocks.text("\n".join(facts)))))
    for name, lines in lists:
        parts = [blocks.section(blocks.text(name, bold=True))]
        if lines:
            parts.append(blocks.bullets(blocks.section(*_parts(line)) for line in lines))
        shown.append(blocks.rich_text(*parts))
    if note:
        shown.append(blocks.note(note))
    plain = [title, *facts]
    for name, lines in lists:
        plain += [name, *(f"• {_plain(line)}" for line in lines)]
    plain += [note] if note else []
    return Message(tuple(shown), escape("\n".join(plain)))


def full_date(iso: str, words: Words = ENGLISH) -> str:
    return date_words(iso, words) or iso


def _lines(lines: Sequence[Line], words: Words) -> Iterator[Line]:
    for line in lines[:MAX_LINES]:
        articles = [(shortened(title, MAX_TITLE_CHARS), url) for title, url in line.articles[:1]]
        said = shortened(line.said, MAX_LINE_CHARS) or ELLIPSIS
        yield Line(said, tuple((title or words.untitled, url) for title, url in articles))
    if len(lines) > MAX_LINES:
        yield Line(words.further.format(count=f"{len(lines) - MAX_LINES:,}"))


def _parts(line: Line) -> Iterator[Block]:
    yield blocks.text(line.said)
    for title, url in line.articles:
        yield blocks.text(", ")
        yield blocks.link(title, url, limit=_MAX_LINK_CHARS)


def _plain(line: Line) -> str:
    return ", ".join([line.said, *(title for title, _ in line.articles)])
