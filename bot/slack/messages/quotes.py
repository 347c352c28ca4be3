"""Quotes and where they are from, as blocks and as lines of plain text.

The first of a few layouts that Slack takes is used, from whole quotes with deep links to short ones with
none; a quote is only ever shortened at its end, with the ellipsis outside of the quoted words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from bot.slack.messages import blocks
from bot.slack.messages.blocks import Block, Look
from bot.text import (
    ELLIPSIS,
    answer_words,
    date_words,
    escape,
    head,
    looks,
    printable,
    safe_link,
    shortened,
    told_lines,
)
from bot.types import Answer, Quote, Source
from bot.words import Words
from index.marks import Piece

MAX_TITLE_CHARS = 150
MAX_PUBLISHER_CHARS = 80
MAX_UNANSWERED_CHARS = 200
MAX_ALSO_SHOWN = 3
MAX_PART_CHARS = 150
MAX_PATH_CHARS = 100
# The index cuts a sentence that is longer than 600 characters; what was cut so ends in the middle.
_LONG_ENOUGH_TO_BE_CUT = 400
_SENTENCE_END = tuple(".!?…。！？:;\"'”’)]»")
_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r",?\s*\bhttps?://")


@dataclass(frozen=True, slots=True)
class Room:
    """How much one layout gives to each quote, link and title, in characters."""

    quote: int
    link: int
    title: int = MAX_TITLE_CHARS
    above: bool = True
    """Whether the headings above a quote are shown."""
    marks: bool = True
    """Whether bold, slanted, code and links in a quote look so."""


LAYOUTS = (
    Room(1_500, 1_500),
    Room(600, 250, marks=False),
    Room(60, 0, title=40, above=False, marks=False),
)
TEXT_LAYOUTS = (Room(400, 300), Room(60, 0, title=60, above=False))


def quote_blocks(answer: Answer, room: Room, words: Words) -> Iterator[Block]:
    """Yield the quotes of an answer and its sources, then its prose if it has some."""
    yield blocks.rich_text(*_body(answer, room, words))
    if prose := kept_words(answer.text or "", room.quote):
        yield blocks.rich_text(blocks.section(blocks.text(prose)))
        yield blocks.note(words.written)


def _body(answer: Answer, room: Room, words: Words) -> Iterator[Block]:
    """Quotes and sources, which stand closer together in one block than in several."""
    if answer.disagreement:
        yield blocks.section(blocks.emoji("scales"), blocks.text(f" {words.disagreement}", bold=True))
    if answer.selection:
        yield blocks.section(blocks.emoji("bookmark_tabs"), blocks.text(f" {words.selection}", bold=True))
    numbered = len(answer.sources) > 1
    above: tuple[str, str] = ("", "")
    for quote in answer.quotes:
        part, path = _part(quote), _path(quote, room)
        # What is asked, or stands above, is said once for the quotes that follow each other under it.
        if part and part != above[0]:
            yield blocks.section(blocks.text(part, bold=True))
        if path and (part, path) != above:
            yield blocks.section(blocks.text(path, italic=True))
        above = (part, path)
        yield blocks.quotation(*_quote_parts(quote, room, numbered), *_date_parts(quote, answer, words))
    if answer.told is not None:
        said = "\n".join(told_lines(answer.told, answer.sources, words))
        titles = (part for source in answer.sources for part in _title_parts(source, room, words))
        yield blocks.section(*blocks.ours(said, bold=True), *titles)
    elif answer.sources:
        # One section with line ends: not every client begins a new line for a new section.
        yield blocks.section(*_source_parts(answer, room, words))
    if answer.unanswered:
        yield blocks.section(blocks.emoji("mag"), blocks.text(f" {_unanswered_line(answer, words)}"))


def _quote_parts(quote: Quote, room: Room, numbered: bool) -> Iterator[Block]:
    pieces = [(replace(piece, words=printable(piece.words)), strong) for piece, strong in looks(quote)]
    whole = "".join(piece.words for piece, _ in pieces)
    kept = left = head(whole, room.quote)
    for look, run in groupby(pieces, lambda one: _look(one[0], one[1], room)):
        words = "".join(piece.words for piece, _ in run)
        if left[: len(words)]:
            yield blocks.styled(left[: len(words)], look, limit=room.link)
        left = left[len(words) :]
    if not kept or kept != whole or _is_cut(whole):
        yield blocks.text(ELLIPSIS)  # an empty part is refused
    if numbered:
        yield blocks.text(" ")
        yield blocks.link(f"[{quote.citation}]", quote.link, bold=True, limit=room.link)
        if quote.copies:
            yield blocks.text(_numbers(quote.copies), bold=True)


def _is_cut(text: str) -> bool:
    """Return whether a sentence was too long for the index, so that the quote ends in the middle of it."""
    return len(text) >= _LONG_ENOUGH_TO_BE_CUT and not text.rstrip().endswith(_SENTENCE_END)


def _date_parts(quote: Quote, answer: Answer, words: Words) -> list[Block]:
    """Return the date beside a quote: if articles disagree, it says which of them to believe."""
    if not answer.disagreement:
        return []
    return [blocks.text(f" ({_date(_source_of(quote, answer), words)})")]


def _look(piece: Piece, answers: bool, room: Room) -> Look:
    if not room.marks:
        return Look(bold=answers)
    return Look(answers or piece.bold, piece.slanted, piece.code, piece.link)


def _part(quote: Quote) -> str:
    return shortened(quote.part or "", MAX_PART_CHARS)


def _path(quote: Quote, room: Room) -> str:
    """Return the heading above, unless the quote says most of it itself."""
    if not quote.path or not room.above:
        return ""
    heading, said = quote.path[-1], quote.text.casefold()
    words, held = _WORD.findall(heading.casefold()), set(_WORD.findall(said))
    # Chinese has no spaces between words.
    news = sum(word not in held and (word.isascii() or word not in said) for word in words)
    return shortened(heading, MAX_PATH_CHARS) if 2 * news >= len(words) else ""


def _source_parts(answer: Answer, room: Room, words: Words) -> Iterator[Block]:
    """One line for each source, with its number if there are several."""
    labels = _labels(answer, room, words)
    for place, (source, label) in enumerate(zip(answer.sources, labels, strict=True)):
        if len(labels) > 1:
            yield blocks.text("\n" * (place > 0) + f"[{source.citation}] ", bold=True)
        yield blocks.link(
            label, safe_link(source.link, limit=room.link), source.url, limit=max(room.link, 250)
        )
        if also := _also(source, words):
            yield blocks.text(also)


def _labels(answer: Answer, room: Room, words: Words) -> list[str]:
    """Publisher and date of each source; with the title if that does not tell them apart."""
    origins = [_origin(source, words) for source in answer.sources]
    often = Counter(origins)
    return [
        origin
        if source.publisher and often[origin] == 1
        else f"{title_words(source.title, words, room.title)}, {origin}"
        for source, origin in zip(answer.sources, origins, strict=True)
    ]


def _title_parts(source: Source, room: Room, words: Words) -> Iterator[Block]:
    yield blocks.text(f"\n[{source.citation}] ", bold=True)
    title = title_words(source.title, words, room.title)
    yield blocks.link(title, safe_link(source.link, limit=room.link), source.url, limit=max(room.link, 250))
    yield blocks.text(f" — {_origin(source, words)}{_also(source, words)}")


def _unanswered_line(answer: Answer, words: Words) -> str:
    parts = "; ".join(shortened(part, MAX_UNANSWERED_CHARS) for part in answer.unanswered)
    return words.unanswered.format(parts=head(parts, 2 * MAX_UNANSWERED_CHARS) or ELLIPSIS)


def quote_lines(answer: Answer, room: Room, words: Words) -> Iterator[str]:
    """Yield what `quote_blocks` shows, as escaped lines."""
    if answer.disagreement:
        yield escape(words.disagreement)
    if answer.selection:
        yield escape(words.selection)
    for quote in answer.quotes:
        yield escape(_quote_line(quote, answer, room, words))
    if answer.told is not None:
        yield from map(escape, told_lines(answer.told, answer.sources, words))
        labels = [
            f"{title_words(source.title, words, room.title)} — {_origin(source, words)}"
            for source in answer.sources
        ]
    else:
        labels = _labels(answer, room, words)
    for source, label in zip(answer.sources, labels, strict=True):
        number = f"[{source.citation}] " if len(labels) > 1 else ""
        yield (
            number
            + plain_link(label, source.link, source.url, limit=room.link)
            + escape(_also(source, words))
        )
    if prose := kept_words(answer.text or "", room.quote):
        yield from (escape(prose), escape(words.written))
    if answer.unanswered:
        yield escape(_unanswered_line(answer, words))


def _quote_line(quote: Quote, answer: Answer, room: Room, words: Words) -> str:
    part = f"{part}: " if (part := _part(quote)) else ""
    path = f"({path}) " if (path := _path(quote, room)) else ""
    lead = "" if answer.selection else _lead(answer_words(quote))
    numbers = f" {_numbers((quote.citation, *quote.copies))}" if len(answer.sources) > 1 else ""
    date = f" ({_date(_source_of(quote, answer), words)})" if answer.disagreement else ""
    return f"{part}{lead}{path}“{kept_words(quote.seen.words, room.quote)}”{numbers}{date}"


def _lead(answer: str) -> str:
    return f"{printable(answer)} — " if answer else ""


def _numbers(citations: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in citations)


def kept_words(text: str, limit: int) -> str:
    """Return a text cut at so many characters, with an ellipsis if anything is missing at its end."""
    whole = printable(text)
    kept = head(whole, limit)
    return kept + ELLIPSIS if kept != whole or _is_cut(whole) else kept


def _also(source: Source, words: Words) -> str:
    """Return who else published the same."""
    # `TechNode, https://…`: the name is enough beside the source, and an address would be a link.
    names = [shortened(_ADDRESS.split(copy)[0], 40) for copy in source.also]
    own = shortened(source.publisher or "", MAX_PUBLISHER_CHARS)
    places = [name for name in dict.fromkeys(names) if name and name != own][:MAX_ALSO_SHOWN]
    return f", {words.also.format(places='; '.join(places))}" if places else ""


def _origin(source: Source, words: Words) -> str:
    """Publisher and date, as far as they are known."""
    publisher = [shortened(source.publisher, MAX_PUBLISHER_CHARS)] if source.publisher else []
    return ", ".join([*publisher, _date(source, words)])


def _date(source: Source, words: Words) -> str:
    return shortened(date_words(source.published, words) or words.undated, 40)


def _source_of(quote: Quote, answer: Answer) -> Source:
    return next(source for source in answer.sources if source.citation == quote.citation)


def title_words(title: str, words: Words, limit: int = MAX_TITLE_CHARS) -> str:
    """Return a title, cut, or words for one that is empty."""
    # An empty part is refused by Slack, and a link needs words to stand on.
    return shortened(title, limit) or words.untitled


def plain_link(title: str, *urls: str | None, limit: int = 1_000) -> str:
    """Return a title as mrkdwn, linked to the first address that Slack takes."""
    label = escape(title).replace("|", "¦")
    url = safe_link(*urls, limit=limit)
    return label if url is None else f"<{url.replace('&', '&amp;')}|{label}>"
