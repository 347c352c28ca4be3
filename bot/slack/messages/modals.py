"""The modals: a quote where it stands, the text before and after it, and what was wrong with an answer."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.messages import blocks
from bot.slack.messages.answers import OPEN, STEP
from bot.slack.messages.blocks import Block
from bot.slack.messages.home import ADD
from bot.slack.messages.quotes import MAX_TITLE_CHARS
from bot.text import ELLIPSIS, date_words, head, printable, safe_link, shortened, tail
from bot.types import PassageView
from bot.words import ENGLISH, Words

WHY = "why"
REASONS = ("wrong", "outdated", "not_asked")
MAX_REASON_CHARS = 1_000
# Slack's limits for a field, and for what can be chosen.
_MAX_PASTED_CHARS, _MAX_LINK_CHARS = 3_000, 2_000
_MAX_OPTIONS, _MAX_OPTION_CHARS = 10, 150

# Each part stays below Slack's 3,000 and all together below 12,000, also where every character is
# an emoji and counts double.
_MAX_SIDE_CHARS = 1_200
_MAX_QUOTE_CHARS = 1_450


def passage_modal(
    view: PassageView, words: Words = ENGLISH, *, token: str = "", others: Sequence[int] = ()
) -> Block:
    """Return the passage in its context with the quote in bold; its ends may be cut, and it says so.

    `token` says what the steps before and after belong to; without one there are none.  `others` are the
    numbers of the other quotes of the answer, each of which gets a button.
    """
    before, quote, after = printable(view.before), printable(view.quote), printable(view.after)
    kept_before = tail(before, _MAX_SIDE_CHARS)
    kept_quote = head(quote, _MAX_QUOTE_CHARS)
    kept_after = head(after, _MAX_SIDE_CHARS) if kept_quote == quote else ""
    said = [
        *_part("… " if len(kept_before) < len(before) else ""),
        *_part(kept_before),
        *_part(kept_quote or ELLIPSIS, bold=True),
        *_part(kept_after),
        *_part(ELLIPSIS if kept_quote + kept_after != quote + after else ""),
    ]
    cut = (kept_before, kept_quote, kept_after) != (before, quote, after)
    note = f"{words.passage_note} {words.passage_shortened}" if cut else words.passage_note
    passage = [blocks.rich_text(blocks.section(*said)), blocks.note(note)]
    return _passage(view, passage, words, token, others)


def stretch_modal(view: PassageView, words: Words = ENGLISH, *, token: str = "") -> Block:
    """Return what stands before or after a passage: all in `view.before`, with nothing quoted."""
    kept = head(printable(view.before), _MAX_QUOTE_CHARS)
    passage = [blocks.rich_text(blocks.section(*_part(kept or ELLIPSIS)))]
    return _passage(view, passage, words, token)


def withheld_modal(words: Words = ENGLISH) -> Block:
    """For an unknown or foreign answer alike: it tells nothing about what exists elsewhere."""
    return _apology(words.passage_withheld, words)


def changed_modal(words: Words = ENGLISH) -> Block:
    return _apology(words.passage_changed, words)


def feedback_modal(token: str, words: Words = ENGLISH) -> Block:
    """Why 👎: one reason, and words if somebody has them.  `token` says to which answer."""
    labels = (words.wrong, words.outdated, words.not_asked)
    return blocks.modal(
        words.why,
        words.cancel,
        [
            blocks.choice(
                words.why_question, block="reason", action="reason", options=zip(REASONS, labels, strict=True)
            ),
            blocks.free_text(
                words.in_words, words.in_words_hint, block="words", action="words", limit=MAX_REASON_CHARS
            ),
        ],
        submit=blocks.plain(words.send),
        callback_id=WHY,
        private_metadata=token,
    )


def add_modal(collections: Sequence[tuple[str, str]], words: Words = ENGLISH) -> Block:
    """A new article: a link, or a text with a title.  `collections` are `(value, words)` to choose from."""
    choices = [(value, blocks.label(name)) for value, name in collections if len(value) <= _MAX_OPTION_CHARS]
    fields = [
        blocks.line(words.add_link, words.add_link_hint, block="link", limit=_MAX_LINK_CHARS),
        blocks.line(words.add_title, words.add_title_hint, block="title", limit=MAX_TITLE_CHARS),
        blocks.free_text(
            words.add_text, words.add_text_hint, block="text", action="text", limit=_MAX_PASTED_CHARS
        ),
    ]
    if len(choices) > 1:
        shown = choices[:_MAX_OPTIONS]
        fields.append(blocks.choice(words.add_where, block="collection", action="collection", options=shown))
    return blocks.modal(words.add, words.cancel, fields, submit=blocks.plain(words.add_now), callback_id=ADD)


def said_in(title: str, said: str, words: Words = ENGLISH) -> Block:
    """Return a modal that only says something."""
    return blocks.modal(title, words.close, [blocks.rich_text(blocks.section(blocks.text(said)))])


def _passage(
    view: PassageView,
    passage: list[Block],
    words: Words,
    token: str,
    others: Sequence[int] = (),
) -> Block:
    return blocks.modal(
        words.passage,
        words.close,
        [
            blocks.rich_text(blocks.section(*_heading(view, words))),
            *_way_to_article(view, words.open_article if view.quote else words.open_article_alone),
            *passage,
            *_steps(view, words, token, others),
        ],
        private_metadata=token,
    )


def _apology(said: str, words: Words) -> Block:
    return said_in(words.passage, said, words)


def _heading(view: PassageView, words: Words) -> list[Block]:
    facts = [
        view.publisher and shortened(view.publisher, 80),
        shortened(date_words(view.published, words) or words.undated, 40),
    ]
    title = shortened(view.title, MAX_TITLE_CHARS) or words.untitled
    return [blocks.text(title, bold=True), blocks.text("\n" + ", ".join(fact for fact in facts if fact))]


def _steps(view: PassageView, words: Words, token: str, others: Sequence[int]) -> list[Block]:
    """Buttons that say where the next stretch begins, or which quote; both are looked up again."""
    ways = [
        (words.previous, "before", view.start > 0),
        (words.next, "after", view.end < view.article_end),
    ]
    buttons = [
        blocks.button(label, action=f"{STEP}_{way}", value=f"{way}:{view.start}:{view.end}", spoken=label)
        for label, way, more in ways
        if more and token
    ]
    for number in others if token else ():
        label = words.quote_number.format(number=number)
        buttons.append(
            blocks.button(label, action=f"{STEP}_quote_{number}", value=f"quote:{number}", spoken=label)
        )
    return [blocks.actions(*buttons)] if buttons else []


def _way_to_article(view: PassageView, label: str) -> list[Block]:
    """Return the button to the article: it is what one wants on a phone, so it stands first."""
    url = safe_link(view.link, view.url)
    return [] if url is None else [blocks.actions(blocks.link_button(label, action=OPEN, url=url))]


def _part(said: str, *, bold: bool = False) -> list[Block]:
    # Slack refuses an empty part.
    return [blocks.text(said, bold=bold)] if said else []
