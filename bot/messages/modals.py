"""The modal that shows a quote where it stands, or says why it cannot."""

from __future__ import annotations

from bot.messages import blocks, words
from bot.messages.blocks import Block
from bot.messages.replies import MAX_TITLE_CHARS
from bot.messages.text import ELLIPSIS, date_words, head, printable, shortened, tail
from bot.types import PassageView

# Each part stays below Slack's 3,000 and all together below 12,000, also where every character is
# an emoji and counts double.
_MAX_SIDE_CHARS = 1_200
_MAX_QUOTE_CHARS = 1_450


def passage_modal(view: PassageView) -> Block:
    """The passage in its context with the quote in bold; its ends may be cut, and it says so."""
    before, quote, after = printable(view.before), printable(view.quote), printable(view.after)
    kept_before = tail(before, _MAX_SIDE_CHARS)
    kept_quote = head(quote, _MAX_QUOTE_CHARS)
    kept_after = head(after, _MAX_SIDE_CHARS) if kept_quote == quote else ""
    passage = [
        *_part("… " if len(kept_before) < len(before) else ""),
        *_part(kept_before),
        *_part(kept_quote or ELLIPSIS, bold=True),
        *_part(kept_after),
        *_part(ELLIPSIS if kept_quote + kept_after != quote + after else ""),
    ]
    cut = (kept_before, kept_quote, kept_after) != (before, quote, after)
    return blocks.modal(
        words.PASSAGE,
        words.CLOSE,
        [
            blocks.rich_text(blocks.section(*_heading(view))),
            blocks.rich_text(blocks.section(*passage)),
            blocks.note(f"{words.PASSAGE_NOTE} {words.PASSAGE_SHORTENED}" if cut else words.PASSAGE_NOTE),
            *_way_to_article(view),
        ],
    )


def withheld_modal() -> Block:
    """For an unknown or foreign answer alike: it tells nothing about what exists elsewhere."""
    return _apology(words.PASSAGE_WITHHELD)


def changed_modal() -> Block:
    return _apology(words.PASSAGE_CHANGED)


def _apology(said: str) -> Block:
    return blocks.modal(words.PASSAGE, words.CLOSE, [blocks.rich_text(blocks.section(blocks.text(said)))])


def _heading(view: PassageView) -> list[Block]:
    facts = [view.publisher and shortened(view.publisher, 80), date_words(view.published) or words.UNDATED]
    title = shortened(view.title, MAX_TITLE_CHARS) or "Untitled"
    return [blocks.text(title, bold=True), blocks.text("\n" + ", ".join(fact for fact in facts if fact))]


def _way_to_article(view: PassageView) -> list[Block]:
    way = blocks.link(words.OPEN_ARTICLE, view.link, view.url)
    return [blocks.rich_text(blocks.section(way))] if way["type"] == "link" else []


def _part(said: str, *, bold: bool = False) -> list[Block]:
    # Slack refuses an empty part.
    return [blocks.text(said, bold=bold)] if said else []
