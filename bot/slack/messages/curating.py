"""What curators read while the articles are changed, and afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.slack.messages import blocks
from bot.slack.messages.answers import Message
from bot.slack.messages.blocks import Block
from bot.text import ELLIPSIS, escape, shortened
from bot.words import ENGLISH, Words

ASK_THIS = "ask_this"
REMOVE = "remove_article"
KEEP = "keep_article"

# All lines together stay below what a message may hold, if every character is an emoji.
MAX_LINES = 12
MAX_LINE_CHARS = 300
# Slack's limit for what a button carries.
MAX_VALUE_CHARS = 2_000


def curated_message(
    sign: str,
    said: str,
    lines: Sequence[str] = (),
    words: Words = ENGLISH,
    *,
    ask: str | None = None,
    remove: str | None = None,
) -> Message:
    """What was done, line by line.  `ask` offers a question, `remove` to remove the article of that id."""
    shown = [shortened(line, MAX_LINE_CHARS) or ELLIPSIS for line in lines[:MAX_LINES]]
    if len(lines) > MAX_LINES:
        shown.append(words.further.format(count=f"{len(lines) - MAX_LINES:,}"))
    lead = shortened(said, MAX_LINE_CHARS)
    parts = [blocks.section(blocks.emoji(sign), blocks.text(f" {lead}", bold=True))]
    if shown:
        parts.append(blocks.bullets(blocks.section(blocks.text(line)) for line in shown))
    buttons = list(_buttons(ask, remove, words))
    return Message(
        blocks=(blocks.rich_text(*parts), *([blocks.actions(*buttons)] if buttons else [])),
        text=escape(" ".join([lead, *shown[:1]])),
        plain="\n".join([escape(lead), *(f"• {escape(line)}" for line in shown)]),
    )


def _buttons(ask: str | None, remove: str | None, words: Words) -> Iterator[Block]:
    if ask is not None and len(ask) <= MAX_VALUE_CHARS:
        yield blocks.button(words.ask_this, action=ASK_THIS, value=ask, spoken=words.ask_this)
    if remove is not None and len(remove) <= MAX_VALUE_CHARS:
        yield blocks.button(words.remove, action=REMOVE, value=remove, spoken=words.remove)
        yield blocks.button(words.keep, action=KEEP, value=remove, spoken=words.keep)
