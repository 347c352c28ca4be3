"""What Footnote posts: an answer, the closest it found, an honest no, or what went wrong.

Each reply is budgeted before it is posted.  The first of a few layouts that fits is taken, from
whole quotes with deep links to short ones with none; a quote is only ever shortened at its end,
with the ellipsis outside of the quoted words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import groupby
from typing import TypeVar

from bot.slack.messages import blocks
from bot.slack.messages.blocks import Block, Look
from bot.text import (
    ELLIPSIS,
    answer_words,
    date_words,
    escape,
    head,
    instead_line,
    looks,
    printable,
    safe_link,
    shortened,
    told_lines,
)
from bot.types import MAX_QUESTION_CHARS, Answer, Nearest, NoAnswer, Quote, Silence, Source
from bot.words import ENGLISH, Words
from index.marks import Piece

_Form = TypeVar("_Form")

SHOW_PASSAGE = "show_passage"
STEP = "step"
MORE = "more_like_this"
SHARE = "share"
TELL_CURATORS = "tell_curators"
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
MAX_ASKED_CHARS = 300
MAX_UNANSWERED_CHARS = 200
MAX_ALSO_SHOWN = 3
MAX_PART_CHARS = 150
MAX_HEADING_CHARS = 60
MAX_HEADINGS = 4
# A magnifying glass is for what was looked for.
_SIGNS = {
    Silence.THANKS: "wave",
    Silence.TOO_LONG: "scroll",
    Silence.NO_ARTICLES: "card_index_dividers",
    Silence.NOTHING_BEFORE: "speech_balloon",
}
_ADDRESS = re.compile(r",?\s*\bhttps?://")


class Unread(Enum):
    """What came with a question and was not looked at; it is said, never passed over."""

    FILE = "file"
    LINK = "link"


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
    """How much one layout gives to each quote, deep link, title and plain link, in characters."""

    quote: int
    deep: int
    title: int = MAX_TITLE_CHARS
    link: int = 500
    origins: bool = True
    """Whether quotes that disagree say themselves where they are from."""
    headings: bool = True
    """Whether what stands above a quote is shown."""
    marks: bool = True
    """Whether bold, slanted, code and links in a quote look so."""


_LAYOUTS = (
    *(_Room(1_500, 1_500), _Room(1_200, 500), _Room(600, 250, marks=False), _Room(250, 0, marks=False)),
    _Room(120, 0, title=80, link=250, origins=False, headings=False, marks=False),
    _Room(60, 0, title=40, link=0, origins=False, headings=False, marks=False),
)
_PLAIN_LAYOUTS = (
    *(_Room(1_500, 1_000), _Room(600, 500), _Room(300, 250), _Room(100, 0)),
    _Room(60, 0, title=60, link=100, origins=False, headings=False),
)


def answer_message(
    answer: Answer,
    answer_id: str,
    words: Words = ENGLISH,
    *,
    unread: Collection[Unread] = (),
    miss_id: str | None = None,
    private: bool = False,
    asked: str | None = None,
) -> Message:
    """Quotes first, then numbered sources.  Buttons carry `answer_id`, never content.

    `miss_id` offers to tell the curators, `private` to share; `asked` is shown above an answer that
    stands without its question.
    """
    lead = tuple(_uncertain_lead(answer, words)) if not answer.certain else ()
    if asked:
        lead = (blocks.note(_asked_line(asked, words)), *lead)
    buttons = tuple(_more_buttons(answer_id, words, miss_id, private and bool(answer.quotes)))
    candidates = (
        (
            *lead,
            *_answer_blocks(answer, answer_id, room, words),
            *_notes(unread, words),
            *([blocks.actions(*buttons)] if buttons else []),
            _thumbs(answer_id, words),
        )
        for room in _LAYOUTS
    )
    plain_lead = [escape(_asked_line(asked, words))] if asked else []
    if not answer.certain:
        plain_lead += [words.uncertain, escape(_uncertain_detail(answer, words))]
    return Message(
        blocks=_first_that_fits(candidates, blocks.size, MAX_MESSAGE_CHARS),
        text=_answer_notification(answer, words),
        plain=_first_that_fits(
            (_answer_plain(answer, room, words, plain_lead, unread) for room in _PLAIN_LAYOUTS),
            len,
            MAX_PLAIN_CHARS,
        ),
    )


def more_message(related: Answer, answer_id: str, words: Words = ENGLISH) -> Message:
    """Related passages: quotes and sources that answer nothing, and say so."""
    lead = blocks.rich_text(
        blocks.section(
            blocks.emoji("books"),
            blocks.text(f" {words.more}", bold=True),
            blocks.text(f"\n{words.more_detail}"),
        )
    )
    candidates = ((lead, *_answer_blocks(related, answer_id, room, words)) for room in _LAYOUTS)
    plain_lead = [words.more, words.more_detail]
    return Message(
        blocks=_first_that_fits(candidates, blocks.size, MAX_MESSAGE_CHARS),
        text=escape(f"{words.more}: ") + _quote_line(related, words),
        plain=_first_that_fits(
            (_answer_plain(related, room, words, plain_lead, ()) for room in _PLAIN_LAYOUTS),
            len,
            MAX_PLAIN_CHARS,
        ),
    )


def no_answer_message(
    result: NoAnswer,
    words: Words = ENGLISH,
    *,
    unread: Collection[Unread] = (),
    miss_id: str | None = None,
) -> Message:
    """Say why there is no answer; the nearest articles are labelled as not being one."""
    if result.reason in (Silence.EMPTY_QUESTION, Silence.GREETING):
        return help_message(words, unread=unread)
    said = _reason(result, words)
    sign = _SIGNS.get(result.reason, "mag")
    lead = blocks.section(blocks.emoji(sign), *blocks.ours(f" {said}", bold=True))
    shown = [blocks.rich_text(lead)]
    if result.nearest:
        shown.append(
            blocks.rich_text(
                blocks.section(blocks.text(words.nearest)),
                blocks.bullets(
                    blocks.section(blocks.link(_title(near.title, words), near.url))
                    for near in result.nearest
                ),
            )
        )
    shown += _notes(unread, words)
    if miss_id is not None:
        shown.append(blocks.actions(_curators_button(miss_id, words)))
    return Message(
        blocks=tuple(shown),
        text=escape(said) + _nearest_titles(result.nearest, words),
        plain="\n".join(
            [escape(said)]
            + ([escape(words.nearest)] if result.nearest else [])
            + [f"• {_plain_link(_title(near.title, words), near.url)}" for near in result.nearest]
            + _plain_notes(unread, words)
        ),
    )


def help_message(words: Words = ENGLISH, *, unread: Collection[Unread] = ()) -> Message:
    return _notice("wave", words.help, words.help_detail, unread, words)


def no_index_message(words: Words = ENGLISH) -> Message:
    return _notice("card_index_dividers", words.no_index, words.no_index_detail)


def away_message(words: Words = ENGLISH) -> Message:
    """What a command or a button asked could not be written down."""
    return _notice("warning", words.away, words.away_detail)


def broken_message(words: Words = ENGLISH) -> Message:
    return _notice("warning", words.broken, words.broken_detail)


def busy_message(words: Words = ENGLISH) -> Message:
    return _notice("hourglass_flowing_sand", words.busy, words.busy_detail)


def limited_message(words: Words = ENGLISH, *, of_channel: bool, limit: int, seconds: int) -> Message:
    """More questions than are taken, from one person or in one channel."""
    said = words.limited_channel if of_channel else words.limited_user
    detail = words.limited_detail.format(seconds=seconds)
    return _notice("hourglass_flowing_sand", said.format(limit=f"{limit:,}"), detail)


def declined_message(words: Words = ENGLISH, *, unknown: bool) -> Message:
    """Nothing may be shown here; `unknown` where that is only to be on the safe side."""
    if unknown:
        return _notice("lock", words.perhaps_shared, words.perhaps_shared_detail)
    return _notice("lock", words.declined, words.declined_detail)


def order_message(words: Words = ENGLISH, *, quiet: bool) -> Message:
    """The word that "quiet" and "resume" were heard, and what they change."""
    if quiet:
        return _notice("zipper_mouth_face", words.went_quiet, words.went_quiet_detail)
    return _notice("ear", words.resumed, words.resumed_detail)


def _first_that_fits(candidates: Iterable[_Form], size: Callable[[_Form], int], limit: int) -> _Form:
    """The first candidate within the limit, else the last, which is the smallest there is."""
    for candidate in candidates:
        if size(candidate) <= limit:
            break
    return candidate


def _uncertain_lead(answer: Answer, words: Words) -> Iterator[Block]:
    yield blocks.rich_text(
        blocks.section(
            blocks.emoji("thinking_face"),
            blocks.text(f" {words.uncertain}", bold=True),
            blocks.text(f"\n{_uncertain_detail(answer, words)}"),
        )
    )


def _uncertain_detail(answer: Answer, words: Words) -> str:
    """What to mind, with the reason for it where that is known."""
    reason = f" {instead_line(answer.instead, words)}" if answer.instead else ""
    return words.uncertain_detail + reason


def _asked_line(asked: str, words: Words) -> str:
    return words.asked.format(question=shortened(asked, MAX_ASKED_CHARS))


def _answer_blocks(answer: Answer, answer_id: str, room: _Room, words: Words) -> Iterator[Block]:
    if prose := _kept(answer.text or "", room.quote):
        yield blocks.rich_text(blocks.section(blocks.text(prose)))
        yield blocks.note(words.written)
    if answer.disagreement:
        yield blocks.rich_text(
            blocks.section(blocks.emoji("scales"), blocks.text(f" {words.disagreement}", bold=True))
        )
    if answer.selection:
        yield blocks.rich_text(
            blocks.section(blocks.emoji("bookmark_tabs"), blocks.text(f" {words.selection}", bold=True))
        )
    above: tuple[str | None, str] = (None, "")
    for number, quote in enumerate(answer.quotes, start=1):
        part, path = _part(quote), _path(quote, room)
        if part and part != above[0]:
            yield blocks.rich_text(blocks.section(blocks.text(part, bold=True)))
        if path and (part, f"{quote.citation} {path}") != above:
            yield blocks.note(path)
        above = (part, f"{quote.citation} {path}")
        origin = _origin_beside(quote, answer, room, words)
        yield blocks.rich_text(blocks.quotation(*_quote_parts(quote, room, origin)))
        yield blocks.actions(*_quote_buttons(answer_id, number, quote.citation, words))
    # One section with line ends: not every client begins a new line for a new section.
    lines = (part for source in answer.sources for part in _source_parts(source, room, words))
    if answer.told is None:
        yield blocks.rich_text(blocks.section(blocks.text(words.sources, bold=True), *lines))
    else:
        said = "\n".join(told_lines(answer.told, answer.sources, words))
        yield blocks.rich_text(blocks.section(*blocks.ours(said, bold=True), *lines))
    if answer.unanswered:
        left_open = blocks.text(f" {_unanswered_line(answer, words)}")
        yield blocks.rich_text(blocks.section(blocks.emoji("mag"), left_open))


def _quote_parts(quote: Quote, room: _Room, origin: str) -> Iterator[Block]:
    pieces = [(replace(piece, words=printable(piece.words)), strong) for piece, strong in looks(quote)]
    whole = "".join(piece.words for piece, _ in pieces)
    kept = left = head(whole, room.quote)
    if not kept:
        yield blocks.text(ELLIPSIS)  # an empty part is refused
    for look, run in groupby(pieces, lambda one: _look(one[0], one[1], room)):
        words = "".join(piece.words for piece, _ in run)
        if left[: len(words)]:
            yield blocks.styled(left[: len(words)], look, limit=room.deep)
        left = left[len(words) :]
    yield blocks.text(" " if kept == whole else f"{ELLIPSIS} ")
    yield blocks.link(f"[{quote.citation}]", quote.link, bold=True, limit=room.deep)
    if quote.copies:
        yield blocks.text(_numbers(quote.copies), bold=True)
    if origin:
        yield blocks.text(origin)


def _look(piece: Piece, answers: bool, room: _Room) -> Look:
    if not room.marks:
        return Look(bold=answers)
    return Look(answers or piece.bold, piece.slanted, piece.code, piece.link)


def _part(quote: Quote) -> str | None:
    return shortened(quote.part, MAX_PART_CHARS) or None if quote.part else None


def _path(quote: Quote, room: _Room) -> str:
    """The headings above, of which the nearest say most."""
    shown = (shortened(heading, MAX_HEADING_CHARS) for heading in quote.path[-MAX_HEADINGS:])
    return " › ".join(filter(None, shown)) if room.headings else ""


def _quote_buttons(answer_id: str, number: int, citation: int, words: Words) -> Iterator[Block]:
    yield blocks.button(
        words.show_passage,
        action=SHOW_PASSAGE,
        value=f"{answer_id}:{number}",
        spoken=words.show_passage_spoken.format(number=number, citation=citation),
    )
    if number == 1:
        yield blocks.button(
            words.more_like_this,
            action=MORE,
            value=f"{answer_id}:{number}",
            spoken=words.more_like_this_spoken.format(number=number, citation=citation),
        )


def _source_parts(source: Source, room: _Room, words: Words) -> Iterator[Block]:
    yield blocks.text(f"\n[{source.citation}] ", bold=True)
    deep = safe_link(source.link, limit=room.deep)
    title = _title(source.title, words, room.title)
    yield blocks.link(title, deep, source.url, limit=max(room.deep, room.link))
    yield blocks.text(f" — {_imprint(source, words)}")


def _unanswered_line(answer: Answer, words: Words) -> str:
    parts = "; ".join(shortened(part, MAX_UNANSWERED_CHARS) for part in answer.unanswered)
    return words.unanswered.format(parts=head(parts, 2 * MAX_UNANSWERED_CHARS) or ELLIPSIS)


def _more_buttons(answer_id: str, words: Words, miss_id: str | None, private: bool) -> Iterator[Block]:
    if private:
        yield blocks.button(words.share, action=SHARE, value=answer_id, spoken=words.share_spoken)
    if miss_id is not None:
        yield _curators_button(miss_id, words)


def _curators_button(miss_id: str, words: Words) -> Block:
    return blocks.button(
        words.tell_curators, action=TELL_CURATORS, value=miss_id, spoken=words.tell_curators_spoken
    )


def _thumbs(answer_id: str, words: Words) -> Block:
    return blocks.feedback(
        action=FEEDBACK,
        good=blocks.thumb("👍", value=f"{answer_id}:{GOOD}", spoken=words.good),
        bad=blocks.thumb("👎", value=f"{answer_id}:{BAD}", spoken=words.bad),
    )


def _answer_notification(answer: Answer, words: Words) -> str:
    lead = "" if answer.certain else f"{words.uncertain}: "
    return escape(lead) + _quote_line(answer, words)


def _quote_line(answer: Answer, words: Words) -> str:
    if answer.told is not None:
        said = " ".join(told_lines(answer.told, answer.sources, words))
        titles = "; ".join(_title(source.title, words) for source in answer.sources)
        return escape(f"{said} {titles}".strip())
    best = answer.quotes[0]
    source = _source_of(best, answer)
    kept = _kept(best.seen.words, MAX_NOTIFICATION_QUOTE_CHARS)
    title = _title(source.title, words)
    lead = f"{words.selection} " if answer.selection else _lead(answer_words(best))
    return escape(f"{lead}“{kept}” [{best.citation}] {title} — {_imprint(source, words)}")


def _answer_plain(
    answer: Answer, room: _Room, words: Words, lead: Sequence[str], unread: Collection[Unread]
) -> str:
    prose = [escape(_kept(answer.text, room.quote)), escape(words.written)] if answer.text else []
    disagreement = [escape(words.disagreement)] if answer.disagreement else []
    selection = [escape(words.selection)] if answer.selection else []
    quotes = [escape(_plain_quote(quote, answer, room, words)) for quote in answer.quotes]
    told = answer.told
    heading = told_lines(told, answer.sources, words) if told else [f"{words.sources}:"]
    sources = [_plain_source(source, room, words) for source in answer.sources]
    unanswered = [escape(_unanswered_line(answer, words))] if answer.unanswered else []
    notes = [*unanswered, *_plain_notes(unread, words)]
    parts = [*lead, *prose, *disagreement, *selection, *quotes, *map(escape, heading), *sources, *notes]
    return "\n".join(parts)


def _plain_quote(quote: Quote, answer: Answer, room: _Room, words: Words) -> str:
    origin = _origin_beside(quote, answer, room, words)
    part = f"{part}: " if (part := _part(quote)) else ""
    path = f"({path}) " if (path := _path(quote, room)) else ""
    lead = "" if answer.selection else _lead(answer_words(quote))
    numbers = _numbers((quote.citation, *quote.copies))
    return f"{part}{path}{lead}“{_kept(quote.seen.words, room.quote)}” {numbers}{origin}"


def _lead(answer: str) -> str:
    return f"{printable(answer)} — " if answer else ""


def _numbers(citations: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in citations)


def _plain_source(source: Source, room: _Room, words: Words) -> str:
    deep = safe_link(source.link, limit=room.deep)
    title = _title(source.title, words, room.title)
    linked = _plain_link(title, deep, source.url, limit=max(room.deep, room.link))
    return f"[{source.citation}] {linked}" + escape(f" — {_imprint(source, words)}")


def _kept(text: str, limit: int) -> str:
    whole = printable(text)
    kept = head(whole, limit)
    return kept if kept == whole else kept + ELLIPSIS


def _imprint(source: Source, words: Words) -> str:
    """Publisher and date, as far as they are known, and who else published the same."""
    # `TechNode, https://…`: the name is enough beside the source, and an address would be a link.
    names = (shortened(_ADDRESS.split(copy)[0], 40) for copy in source.also)
    places = [name for name in names if name][:MAX_ALSO_SHOWN]
    also = [words.also.format(places="; ".join(places))] if places else []
    return ", ".join([_origin(source, words), *also])


def _origin_beside(quote: Quote, answer: Answer, room: _Room, words: Words) -> str:
    """Where articles disagree, who says what, and when, is the point of it."""
    if not (answer.disagreement and room.origins):
        return ""
    return f" — {_origin(_source_of(quote, answer), words)}"


def _origin(source: Source, words: Words) -> str:
    """Publisher and date, as far as they are known."""
    publisher = [shortened(source.publisher, MAX_PUBLISHER_CHARS)] if source.publisher else []
    return ", ".join([*publisher, shortened(date_words(source.published, words) or words.undated, 40)])


def _source_of(quote: Quote, answer: Answer) -> Source:
    return next(source for source in answer.sources if source.citation == quote.citation)


def _title(title: str, words: Words, limit: int = MAX_TITLE_CHARS) -> str:
    # An empty part is refused by Slack, and a link needs words to stand on.
    return shortened(title, limit) or words.untitled


def _plain_link(title: str, *urls: str | None, limit: int = 1_000) -> str:
    label = escape(title).replace("|", "¦")
    url = safe_link(*urls, limit=limit)
    return label if url is None else f"<{url.replace('&', '&amp;')}|{label}>"


def _reason(result: NoAnswer, words: Words) -> str:
    match result.reason:
        case Silence.TOO_LONG:
            return words.too_long.format(limit=f"{MAX_QUESTION_CHARS:,}")
        case Silence.THANKS:
            return words.welcome
        case Silence.NO_ARTICLES:
            return words.no_articles
        case Silence.NOTHING_BEFORE:
            return words.nothing_before
        case Silence.NOTHING_MORE:
            return words.nothing_more
        case _:
            because = f" {instead_line(result.instead, words)}" if result.instead else ""
            return words.not_in_sources + because


def _nearest_titles(nearest: Sequence[Nearest], words: Words) -> str:
    if not nearest:
        return ""
    return escape(f" {words.nearest} {'; '.join(_title(near.title, words) for near in nearest)}")


def _notice(
    sign: str, said: str, detail: str, unread: Collection[Unread] = (), words: Words = ENGLISH
) -> Message:
    return Message(
        blocks=(
            blocks.rich_text(
                blocks.section(
                    blocks.emoji(sign), *blocks.ours(f" {said}", bold=True), *blocks.ours(f"\n{detail}")
                )
            ),
            *_notes(unread, words),
        ),
        text=escape(f"{said} {detail}"),
        plain="\n".join([escape(f"{said} {detail}"), *_plain_notes(unread, words)]),
    )


def _notes(unread: Collection[Unread], words: Words) -> tuple[Block, ...]:
    return tuple(blocks.note(said) for said in _plain_notes(unread, words))


def _plain_notes(unread: Collection[Unread], words: Words) -> list[str]:
    said = {Unread.FILE: words.unread_file, Unread.LINK: words.unread_link}
    return [said[kind] for kind in Unread if kind in unread]
