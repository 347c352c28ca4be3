"""The report of a week, for those who look after the articles: counts first, then lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.slack.messages import blocks
from bot.slack.messages.answers import Message
from bot.slack.messages.blocks import Block
from bot.text import ELLIPSIS, date_words, escape, shortened
from bot.words import ENGLISH, Words

# Both lists together stay below what a message may hold, if every character is an emoji.
MAX_LINES = 8
MAX_LINE_CHARS = 240

Section = tuple[str, Sequence[str]]


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
            parts.append(blocks.bullets(blocks.section(blocks.text(line)) for line in lines))
        shown.append(blocks.rich_text(*parts))
    if note:
        shown.append(blocks.note(note))
    plain = [title, *facts]
    for name, lines in lists:
        plain += [name, *(f"• {line}" for line in lines)]
    plain += [note] if note else []
    return Message(tuple(shown), escape("\n".join(plain)))


def full_date(iso: str, words: Words = ENGLISH) -> str:
    return date_words(iso, words) or iso


def _lines(lines: Sequence[str], words: Words) -> Iterator[str]:
    for line in lines[:MAX_LINES]:
        yield shortened(line, MAX_LINE_CHARS) or ELLIPSIS
    if len(lines) > MAX_LINES:
        yield words.further.format(count=f"{len(lines) - MAX_LINES:,}")
