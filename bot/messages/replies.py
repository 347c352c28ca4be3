"""What Footnote posts: an answer, the closest it found, an honest no, or what went wrong.

Each reply is budgeted before it is posted.  The first of a few layouts that fits is taken, from
whole quotes with deep links to short ones with none; a quote is only ever shortened at its end,
with the ellipsis outside of the quoted words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.messages import blocks, words
from bot.messages.blocks import Block
from bot.messages.text import (
    ELLIPSIS,
    date_words,
    escape,
    head,
    printable,
    safe_link,
    shortened,
)
from bot.types import Answer, Nearest, NoAnswer, Quote, Silence, Source

_Form = TypeVar("_Form")

SHOW_PASSAGE = "show_passage"
FEEDBACK = "feedback"
GOOD, BAD = "up", "down"

# Slack was seen refusing messages near 13,200 characters (`msg_blocks_too_long`).
MAX_MESSAGE_CHARS = 12_000
# Slack asks for at most 4,000 characters of plain text, and cuts far beyond that.
MAX_PLAIN_CHARS = 3_900
# A notification shows two lines; a screen reader reads all of it.
MAX_NOTIFICATION_QUOTE_CHARS = 600
MAX_TITLE_CHARS = 150
MAX_PUBLISHER_CHARS = 80
# An article's own address is kept up to this length even where there is no room for deep links.
_SHORT_LINK_CHARS = 500


@dataclass(frozen=True, slots=True)
class Message:
    """One reply, in the three forms that Slack needs."""

    blocks: tuple[Block, ...]
    text: str
    """For notifications and screen readers: the answer and its first source.  Escaped mrkdwn."""
    plain: str
    """All of it without blocks, for when Slack refuses them.  Escaped mrkdwn."""


@dataclass(frozen=True, slots=True)
class _Room:
    """How much one layout gives to each quote and to each link, in characters."""

    quote: int
    link: int


_LAYOUTS = (_Room(1_500, 1_500), _Room(1_200, 500), _Room(600, 250), _Room(250, 0))
_PLAIN_LAYOUTS = (_Room(1_500, 1_000), _Room(600, 500), _Room(300, 250), _Room(100, 0))


def answer_message(answer: Answer, answer_id: str, *, unread_attachment: bool = False) -> Message:
    """Quotes first, then numbered sources.  Buttons carry `answer_id`, never content."""
    candidates = (tuple(_answer_blocks(answer, answer_id, room, unread_attachment)) for room in _LAYOUTS)
    return Message(
        blocks=_first_that_fits(candidates, blocks.size, MAX_MESSAGE_CHARS),
        text=_answer_notification(answer),
        plain=_first_that_fits(
            (_answer_plain(answer, room, unread_attachment) for room in _PLAIN_LAYOUTS),
            len,
            MAX_PLAIN_CHARS,
        ),
    )


def no_answer_message(result: NoAnswer, *, unread_attachment: bool = False) -> Message:
    """Say why there is no answer; the nearest articles are labelled as not being one."""
    if result.reason in (Silence.EMPTY_QUESTION, Silence.GREETING):
        return help_message(unread_attachment=unread_attachment)
    said = words.NOTHING[result.reason]
    lead = blocks.section(blocks.emoji("mag"), blocks.text(f" {said}", bold=True))
    shown = [blocks.rich_text(lead)]
    if result.nearest:
        shown.append(
            blocks.rich_text(
                blocks.section(blocks.text(words.NEAREST)),
                blocks.bullets(
                    blocks.section(blocks.link(_title(near.title), near.url)) for near in result.nearest
                ),
            )
        )
    return Message(
        blocks=(*shown, *_notes(unread_attachment)),
        text=escape(said) + _nearest_titles(result.nearest),
        plain="\n".join(
            [escape(said)]
            + ([words.NEAREST] if result.nearest else [])
            + [f"• {_plain_link(near.title, near.url)}" for near in result.nearest]
            + _plain_notes(unread_attachment)
        ),
    )


def help_message(*, unread_attachment: bool = False) -> Message:
    return _notice("wave", words.HELP, words.HELP_DETAIL, unread_attachment)


def no_index_message() -> Message:
    return _notice("card_index_dividers", words.NO_INDEX, words.NO_INDEX_DETAIL)


def broken_message() -> Message:
    return _notice("warning", words.BROKEN, words.BROKEN_DETAIL)


def busy_message() -> Message:
    return _notice("hourglass_flowing_sand", words.BUSY, words.BUSY_DETAIL)


def _first_that_fits(candidates: Iterable[_Form], size: Callable[[_Form], int], limit: int) -> _Form:
    """The first candidate within the limit, else the last, which is the smallest there is."""
    for candidate in candidates:
        if size(candidate) <= limit:
            break
    return candidate


def _answer_blocks(answer: Answer, answer_id: str, room: _Room, unread_attachment: bool) -> Iterator[Block]:
    if not answer.certain:
        yield blocks.rich_text(
            blocks.section(
                blocks.emoji("grey_question"),
                blocks.text(f" {words.UNCERTAIN}", bold=True),
                blocks.text(f"\n{words.UNCERTAIN_DETAIL}"),
            )
        )
    if prose := _kept(answer.text or "", room.quote):
        yield blocks.rich_text(blocks.section(blocks.text(prose)))
        yield blocks.note(words.WRITTEN)
    for number, quote in enumerate(answer.quotes, start=1):
        yield blocks.rich_text(blocks.quotation(*_quote_parts(quote, room)))
        yield blocks.actions(
            blocks.button(
                words.SHOW_PASSAGE,
                action=SHOW_PASSAGE,
                value=f"{answer_id}:{number}",
                spoken=f"{words.SHOW_PASSAGE}: quote {number}, source {quote.citation}",
            )
        )
    # One section with line ends: not every client begins a new line for a new section.
    lines = (part for source in answer.sources for part in _source_parts(source, room))
    yield blocks.rich_text(blocks.section(blocks.text(words.SOURCES, bold=True), *lines))
    yield from _notes(unread_attachment)
    yield blocks.feedback(
        action=FEEDBACK,
        good=blocks.thumb("👍", value=f"{answer_id}:{GOOD}", spoken=words.GOOD),
        bad=blocks.thumb("👎", value=f"{answer_id}:{BAD}", spoken=words.BAD),
    )


def _quote_parts(quote: Quote, room: _Room) -> Iterator[Block]:
    whole = printable(quote.text)
    kept = head(whole, room.quote)
    yield blocks.text(kept or ELLIPSIS)  # an empty part is refused
    yield blocks.text(" " if kept == whole else f"{ELLIPSIS} ")
    yield blocks.link(f"[{quote.citation}]", quote.link, bold=True, limit=room.link)


def _source_parts(source: Source, room: _Room) -> Iterator[Block]:
    yield blocks.text(f"\n[{source.citation}] ", bold=True)
    deep = safe_link(source.link, limit=room.link)
    yield blocks.link(_title(source.title), deep, source.url, limit=max(room.link, _SHORT_LINK_CHARS))
    yield blocks.text(f" — {_imprint(source)}")


def _answer_notification(answer: Answer) -> str:
    best = answer.quotes[0]
    source = next(source for source in answer.sources if source.citation == best.citation)
    lead = "" if answer.certain else f"{words.UNCERTAIN}: "
    kept = _kept(best.text, MAX_NOTIFICATION_QUOTE_CHARS)
    return escape(f"{lead}“{kept}” [{best.citation}] {_title(source.title)} — {_imprint(source)}")


def _answer_plain(answer: Answer, room: _Room, unread_attachment: bool) -> str:
    lead = [] if answer.certain else [f"{words.UNCERTAIN}. {words.UNCERTAIN_DETAIL}"]
    prose = [escape(_kept(answer.text, room.quote)), words.WRITTEN] if answer.text else []
    quotes = [escape(f"“{_kept(quote.text, room.quote)}” [{quote.citation}]") for quote in answer.quotes]
    sources = [_plain_source(source, room) for source in answer.sources]
    notes = _plain_notes(unread_attachment)
    return "\n".join([*lead, *prose, *quotes, words.SOURCES + ":", *sources, *notes])


def _plain_source(source: Source, room: _Room) -> str:
    deep = safe_link(source.link, limit=room.link)
    linked = _plain_link(source.title, deep, source.url, limit=max(room.link, _SHORT_LINK_CHARS))
    return f"[{source.citation}] {linked}" + escape(f" — {_imprint(source)}")


def _kept(text: str, limit: int) -> str:
    whole = printable(text)
    kept = head(whole, limit)
    return kept if kept == whole else kept + ELLIPSIS


def _imprint(source: Source) -> str:
    """Publisher and date, as far as they are known."""
    publisher = [shortened(source.publisher, MAX_PUBLISHER_CHARS)] if source.publisher else []
    return ", ".join([*publisher, shortened(date_words(source.published) or words.UNDATED, 40)])


def _title(title: str) -> str:
    # An empty part is refused by Slack, and a link needs words to stand on.
    return shortened(title, MAX_TITLE_CHARS) or "Untitled"


def _plain_link(title: str, *urls: str | None, limit: int = 1_000) -> str:
    """A link in mrkdwn: `|` would end the address early, and a label may hold neither `|` nor a line end."""
    label = escape(_title(title).replace("|", "¦"))
    url = safe_link(*urls, limit=limit)
    return label if url is None else f"<{url.replace('&', '&amp;')}|{label}>"


def _nearest_titles(nearest: Sequence[Nearest]) -> str:
    if not nearest:
        return ""
    return escape(f" {words.NEAREST} {'; '.join(_title(near.title) for near in nearest)}")


def _notice(sign: str, said: str, detail: str, unread_attachment: bool = False) -> Message:
    return Message(
        blocks=(
            blocks.rich_text(
                blocks.section(
                    blocks.emoji(sign), blocks.text(f" {said}", bold=True), blocks.text(f"\n{detail}")
                )
            ),
            *_notes(unread_attachment),
        ),
        text=escape(f"{said} {detail}"),
        plain="\n".join([escape(f"{said} {detail}"), *_plain_notes(unread_attachment)]),
    )


def _notes(unread_attachment: bool) -> tuple[Block, ...]:
    return (blocks.note(words.UNREAD_ATTACHMENT),) if unread_attachment else ()


def _plain_notes(unread_attachment: bool) -> list[str]:
    return [words.UNREAD_ATTACHMENT] if unread_attachment else []
