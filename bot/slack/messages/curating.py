"""What curators read while the articles are changed, and afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.messages import blocks
from bot.slack.messages.answers import MAX_VALUE_CHARS, Message
from bot.slack.messages.blocks import Block
from bot.text import ELLIPSIS, escape, shortened
from bot.words import ENGLISH, Words

REMOVE = "remove_article"
WHICH = "which_article"
KEEP = "keep_article"

# All lines together stay below what a message may hold, if every character is an emoji.
MAX_LINES = 12
MAX_LINE_CHARS = 300
MAX_CHOICES = 5


def curated_message(
    sign: str,
    said: str,
    lines: Sequence[str] = (),
    words: Words = ENGLISH,
    buttons: Sequence[Block] = (),
) -> Message:
    """Say what was done, line by line, with `buttons` for what can be done next."""
    shown = [shortened(line, MAX_LINE_CHARS) or ELLIPSIS for line in lines[:MAX_LINES]]
    if len(lines) > MAX_LINES:
        shown.append(words.further.format(count=f"{len(lines) - MAX_LINES:,}"))
    lead = shortened(said, MAX_LINE_CHARS)
    parts = [blocks.section(blocks.emoji(sign), blocks.text(f" {lead}", bold=True))]
    if shown:
        parts.append(blocks.bullets(blocks.section(blocks.text(line)) for line in shown))
    return Message(
        blocks=(blocks.rich_text(*parts), *([blocks.actions(*buttons)] if buttons else [])),
        text="\n".join([escape(lead), *(f"• {escape(line)}" for line in shown)]),
    )


def removal_buttons(id: str, words: Words = ENGLISH) -> list[Block]:
    """Ask whether to remove the article of that id; no button if Slack could not carry the id."""
    if len(id) > MAX_VALUE_CHARS:
        return []
    return [
        blocks.button(words.remove, action=REMOVE, value=id, spoken=words.remove),
        blocks.button(words.keep, action=KEEP, value=id, spoken=words.keep),
    ]


def which_buttons(ids: Sequence[str]) -> list[Block]:
    """Ask which article is meant."""
    return [
        blocks.button(blocks.label(id), action=f"{WHICH}_{number}", value=id, spoken=blocks.label(id))
        for number, id in enumerate(ids[:MAX_CHOICES], start=1)
        if len(id) <= MAX_VALUE_CHARS
    ]
