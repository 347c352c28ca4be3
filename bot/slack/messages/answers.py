"""What Footnote posts: an answer, the closest it found, an honest no, or what went wrong.

An answer is made to be read on a phone: the quotes with their words in bold, one line for each source,
one row of buttons.  The first of a few layouts that Slack takes is used, from whole quotes with deep
links to short ones with none; a quote is only ever shortened at its end, with the ellipsis outside of
the quoted words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import accumulate, groupby
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
    silence_line,
    told_lines,
)
from bot.types import MAX_QUESTION_CHARS, Answer, Nearest, NoAnswer, Quote, Silence, Source
from bot.words import ENGLISH, Words
from index.marks import Piece

_Form = TypeVar("_Form")

SHOW_PASSAGE = "show_passage"
STEP = "step"
OPEN = "open_article"
MORE = "more_like_this"
SHARE = "share"
ASK_PERSON = "ask_person"
ASK_THIS = "ask_this"
FEEDBACK = "feedback"
GOOD, BAD = "up", "down"

# Slack was seen refusing messages near 13,200 characters (`msg_blocks_too_long`).
MAX_MESSAGE_CHARS = 12_000
# Slack asks for at most 4,000 characters of plain text, and cuts far beyond that.
MAX_TEXT_CHARS = 3_900
MAX_TITLE_CHARS = 150
# Two lines of a phone, for an article that is only named.
MAX_NEAREST_TITLE_CHARS = 60
MAX_PUBLISHER_CHARS = 80
MAX_ASKED_CHARS = 300
MAX_UNANSWERED_CHARS = 200
MAX_ALSO_SHOWN = 3
MAX_PART_CHARS = 150
MAX_PATH_CHARS = 100
# Of a selection in all, which leaves it lower than a phone is high; the others are behind its button.
MAX_SELECTION_CHARS = 600
# Slack's limit for what a button carries.
MAX_VALUE_CHARS = 2_000
# The index cuts a sentence that is longer than 600 characters; what was cut so ends in the middle.
_LONG_ENOUGH_TO_BE_CUT = 400
_SENTENCE_END = tuple(".!?…。！？:;\"'”’)]»")
# A magnifying glass is for what was looked for.
_SIGNS = {
    Silence.THANKS: "wave",
    Silence.TOO_LONG: "scroll",
    Silence.NO_ARTICLES: "card_index_dividers",
    Silence.NOTHING_BEFORE: "speech_balloon",
}
_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r",?\s*\bhttps?://")


class Unread(Enum):
    """What came with a question and was not looked at; it is said, never passed over."""

    FILE = "file"
    LINK = "link"
    MESSAGE = "message"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Message:
    """One reply, in the two forms that Slack needs."""

    blocks: tuple[Block, ...]
    text: str
    """All of it in short, the answer first: for notifications and screen readers, and for when Slack
    refuses the blocks.  Escaped mrkdwn."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What leads on from a greeting or an honest no."""

    questions: tuple[str, ...] = ()
    """They are answered for certain."""
    articles: int = 0
    newest: str | None = None
    """The date of the newest article, as `Source.published`."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What an answer is posted with, besides its quotes and sources."""

    unread: Collection[Unread] = ()
    miss_id: str | None = None
    """Offers to ask a person: by mention in the thread, or in private by a note to the curators."""
    private: bool = False
    """Only one person sees it, and may share it."""
    asked: str | None = None
    """Shown above an answer that stands without its question."""


@dataclass(frozen=True, slots=True)
class _Room:
    """How much one layout gives to each quote, link and title, in characters."""

    quote: int
    link: int
    title: int = MAX_TITLE_CHARS
    above: bool = True
    """Whether the headings above a quote are shown."""
    marks: bool = True
    """Whether bold, slanted, code and links in a quote look so."""


_LAYOUTS = (
    _Room(1_500, 1_500),
    _Room(600, 250, marks=False),
    _Room(60, 0, title=40, above=False, marks=False),
)
_TEXT_LAYOUTS = (_Room(400, 300), _Room(60, 0, title=60, above=False))


def answer_message(
    answer: Answer,
    answer_id: str,
    words: Words = ENGLISH,
    extras: Extras = Extras(),
) -> Message:
    """Quotes first, then where they are from.  Buttons carry `answer_id`, never content."""
    asked_line = [_asked_line(extras.asked, words)] if extras.asked else []
    unsure = [] if answer.certain else [_unsure_line(answer, words)]
    buttons = list(_buttons(answer, answer_id, words, extras))
    answer = _within_a_phone(answer)
    candidates = (
        (
            *map(blocks.note, asked_line),
            *(_said("thinking_face", said) for said in unsure),
            *_answer_blocks(answer, room, words),
            *_notes(extras.unread, words),
            *([blocks.actions(*buttons)] if buttons else []),
            _thumbs(answer, answer_id, words),
        )
        for room in _LAYOUTS
    )
    notes = _plain_notes(extras.unread, words)
    return Message(
        blocks=_first_that_fits(candidates, blocks.size, MAX_MESSAGE_CHARS),
        text=_first_that_fits(
            (
                "\n".join([*map(escape, [*asked_line, *unsure]), *_answer_lines(answer, room, words), *notes])
                for room in _TEXT_LAYOUTS
            ),
            len,
            MAX_TEXT_CHARS,
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
    button = _passage_button(related, answer_id, words)
    candidates = ((lead, *_answer_blocks(related, room, words), blocks.actions(button)) for room in _LAYOUTS)
    said = escape(f"{words.more}: {words.more_detail}")
    return Message(
        blocks=_first_that_fits(candidates, blocks.size, MAX_MESSAGE_CHARS),
        text=_first_that_fits(
            ("\n".join([said, *_answer_lines(related, room, words)]) for room in _TEXT_LAYOUTS),
            len,
            MAX_TEXT_CHARS,
        ),
    )


def prose_message(prose: str, words: Words = ENGLISH) -> Message:
    """Prose in a message of its own below the quotes; without any, the line that says what it is."""
    said = _kept(prose, MAX_TEXT_CHARS // 2)
    shown = [blocks.rich_text(blocks.section(blocks.text(said)))] if prose else []
    return Message(
        (*shown, blocks.note(words.written)), "\n".join(map(escape, filter(None, [said, words.written])))
    )


def no_answer_message(
    result: NoAnswer, words: Words = ENGLISH, extras: Extras = Extras(), offer: Offer = Offer()
) -> Message:
    """Say why there is no answer; the nearest articles are labelled as not being one."""
    if result.reason in (Silence.EMPTY_QUESTION, Silence.GREETING):
        return help_message(words, unread=extras.unread, offer=offer)
    said = silence_line(result, words)
    sign = _SIGNS.get(result.reason, "mag")
    parts = [blocks.section(blocks.emoji(sign), *blocks.ours(f" {said}", bold=True))]
    lines = [escape(said)]
    if result.nearest:
        parts.append(blocks.section(blocks.text(words.nearest)))
        parts.append(blocks.bullets(blocks.section(*_nearest(near, words)) for near in result.nearest))
        lines.append(escape(words.nearest))
        lines += [f"• {_plain_link(_nearest_title(near, words), near.url)}" for near in result.nearest]
    buttons = question_buttons(offer.questions)
    if extras.miss_id is not None:
        buttons.append(_person_button(extras.miss_id, words, extras))
    return Message(
        blocks=(
            blocks.rich_text(*parts),
            *_notes(extras.unread, words),
            *([blocks.actions(*buttons)] if buttons else []),
        ),
        text="\n".join([*lines, *_plain_notes(extras.unread, words)]),
    )


def help_message(
    words: Words = ENGLISH, *, unread: Collection[Unread] = (), offer: Offer = Offer()
) -> Message:
    """Greet, and say what can be asked."""
    known = [words.known[offer.articles > 1].format(count=f"{offer.articles:,}")] if offer.articles else []
    newest = date_words(offer.newest, words)
    if known and newest:
        known[0] += words.known_newest.format(date=newest)
    message = _notice("wave", words.help, words.help_detail, unread, words)
    buttons = question_buttons(offer.questions)
    return Message(
        (*message.blocks, *map(blocks.note, known), *([blocks.actions(*buttons)] if buttons else [])),
        "\n".join([message.text, *map(escape, known)]),
    )


def asked_message(question: str) -> Message:
    """The question of a button that was pressed, above its answer."""
    said = shortened(question, MAX_QUESTION_CHARS) or ELLIPSIS
    return Message((_said("speech_balloon", said),), escape(said))


def question_buttons(questions: Sequence[str]) -> list[Block]:
    """A button for each question, which asks it."""
    asked = [line for question in questions if (line := shortened(question, MAX_VALUE_CHARS // 2))]
    return [
        blocks.button(
            blocks.label(line), action=f"{ASK_THIS}_{number}", value=line, spoken=blocks.label(line)
        )
        for number, line in enumerate(asked, start=1)
    ]


def no_index_message(words: Words = ENGLISH, *, curators: Sequence[str] = ()) -> Message:
    return _notice("card_index_dividers", words.no_index, tell_whom(curators, words))


def tell_whom(curators: Sequence[str], words: Words) -> str:
    """Whom to tell that something does not work; `curators` are their names, if there are any."""
    if not curators:
        return words.tell_setter_up
    return words.tell_names.format(names=shortened(words.comma.join(curators), MAX_ASKED_CHARS))


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
    """Nothing may be shown here; `unknown` if that is only to be on the safe side."""
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


def _within_a_phone(answer: Answer) -> Answer:
    """Return a selection with as many of its sentences, whole, as a phone shows at once; all others as is."""
    if not answer.selection:
        return answer
    lengths = accumulate(len(quote.seen.words) for quote in answer.quotes)
    count = max(1, sum(length <= MAX_SELECTION_CHARS for length in lengths))
    quotes = tuple(replace(quote, path=()) for quote in answer.quotes[:count])
    cited = {number for quote in quotes for number in (quote.citation, *quote.copies)}
    sources = tuple(source for source in answer.sources if source.citation in cited)
    return replace(answer, quotes=quotes, sources=sources)


def _said(sign: str, said: str) -> Block:
    return blocks.rich_text(blocks.section(blocks.emoji(sign), blocks.text(f" {said}", bold=True)))


def _unsure_line(answer: Answer, words: Words) -> str:
    """That the answer is not certain, with the reason for it if that is known."""
    reason = f" {instead_line(answer.instead, words)}" if answer.instead else ""
    return words.uncertain + reason


def _asked_line(asked: str, words: Words) -> str:
    return words.asked.format(question=shortened(asked, MAX_ASKED_CHARS))


def _answer_blocks(answer: Answer, room: _Room, words: Words) -> Iterator[Block]:
    yield blocks.rich_text(*_body(answer, room, words))
    if prose := _kept(answer.text or "", room.quote):
        yield blocks.rich_text(blocks.section(blocks.text(prose)))
        yield blocks.note(words.written)


def _body(answer: Answer, room: _Room, words: Words) -> Iterator[Block]:
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


def _quote_parts(quote: Quote, room: _Room, numbered: bool) -> Iterator[Block]:
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
    """Whether a sentence was too long for the index, so that the quote ends in the middle of it."""
    return len(text) >= _LONG_ENOUGH_TO_BE_CUT and not text.rstrip().endswith(_SENTENCE_END)


def _date_parts(quote: Quote, answer: Answer, words: Words) -> list[Block]:
    """The date beside a quote: if articles disagree, it says which of them to believe."""
    if not answer.disagreement:
        return []
    return [blocks.text(f" ({_date(_source_of(quote, answer), words)})")]


def _look(piece: Piece, answers: bool, room: _Room) -> Look:
    if not room.marks:
        return Look(bold=answers)
    return Look(answers or piece.bold, piece.slanted, piece.code, piece.link)


def _part(quote: Quote) -> str:
    return shortened(quote.part or "", MAX_PART_CHARS)


def _path(quote: Quote, room: _Room) -> str:
    """The heading above, unless the quote says most of it itself."""
    if not quote.path or not room.above:
        return ""
    heading, said = quote.path[-1], quote.text.casefold()
    words, held = _WORD.findall(heading.casefold()), set(_WORD.findall(said))
    # Chinese has no spaces between words.
    news = sum(word not in held and (word.isascii() or word not in said) for word in words)
    return shortened(heading, MAX_PATH_CHARS) if 2 * news >= len(words) else ""


def _source_parts(answer: Answer, room: _Room, words: Words) -> Iterator[Block]:
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


def _labels(answer: Answer, room: _Room, words: Words) -> list[str]:
    """Publisher and date of each source; with the title if that does not tell them apart."""
    origins = [_origin(source, words) for source in answer.sources]
    often = Counter(origins)
    return [
        origin
        if source.publisher and often[origin] == 1
        else f"{_title(source.title, words, room.title)}, {origin}"
        for source, origin in zip(answer.sources, origins, strict=True)
    ]


def _title_parts(source: Source, room: _Room, words: Words) -> Iterator[Block]:
    yield blocks.text(f"\n[{source.citation}] ", bold=True)
    title = _title(source.title, words, room.title)
    yield blocks.link(title, safe_link(source.link, limit=room.link), source.url, limit=max(room.link, 250))
    yield blocks.text(f" — {_origin(source, words)}{_also(source, words)}")


def _unanswered_line(answer: Answer, words: Words) -> str:
    parts = "; ".join(shortened(part, MAX_UNANSWERED_CHARS) for part in answer.unanswered)
    return words.unanswered.format(parts=head(parts, 2 * MAX_UNANSWERED_CHARS) or ELLIPSIS)


def _buttons(answer: Answer, answer_id: str, words: Words, extras: Extras) -> Iterator[Block]:
    """One row for all quotes.  Whoever may want a person is not offered more of the same."""
    if answer.quotes:
        yield _passage_button(answer, answer_id, words)
        if extras.miss_id is None:
            spoken = words.more_like_this_spoken
            yield blocks.button(words.more_like_this, action=MORE, value=f"{answer_id}:1", spoken=spoken)
        if extras.private:
            yield blocks.button(words.share, action=SHARE, value=answer_id, spoken=words.share_spoken)
    if extras.miss_id is not None:
        yield _person_button(extras.miss_id, words, extras)


def _passage_button(answer: Answer, answer_id: str, words: Words) -> Block:
    count, shown = len(answer.quotes), len(_within_a_phone(answer).quotes)
    label = words.show_passage if count == 1 else words.show_passages
    if shown < count:
        label = words.show_all.format(count=count)
    return blocks.button(
        label,
        action=SHOW_PASSAGE,
        value=f"{answer_id}:1",
        spoken=words.show_passage_spoken.format(count=count),
    )


def _person_button(miss_id: str, words: Words, extras: Extras) -> Block:
    label = words.tell_curators if extras.private else words.ask_person
    return blocks.button(label, action=ASK_PERSON, value=miss_id, spoken=words.ask_person_spoken)


def _thumbs(answer: Answer, answer_id: str, words: Words) -> Block:
    """What to judge: whether it is right, or if that is not sure anyway, whether it was of use."""
    good, bad = ("👍", "👎") if answer.certain else (f"👍 {words.helped}", f"👎 {words.did_not_help}")
    return blocks.feedback(
        action=FEEDBACK,
        good=blocks.thumb(good, value=f"{answer_id}:{GOOD}", spoken=words.good),
        bad=blocks.thumb(bad, value=f"{answer_id}:{BAD}", spoken=words.bad),
    )


def _answer_lines(answer: Answer, room: _Room, words: Words) -> Iterator[str]:
    """What `_answer_blocks` shows, as escaped lines."""
    if answer.disagreement:
        yield escape(words.disagreement)
    if answer.selection:
        yield escape(words.selection)
    for quote in answer.quotes:
        yield escape(_quote_line(quote, answer, room, words))
    if answer.told is not None:
        yield from map(escape, told_lines(answer.told, answer.sources, words))
        labels = [
            f"{_title(source.title, words, room.title)} — {_origin(source, words)}"
            for source in answer.sources
        ]
    else:
        labels = _labels(answer, room, words)
    for source, label in zip(answer.sources, labels, strict=True):
        number = f"[{source.citation}] " if len(labels) > 1 else ""
        yield (
            number
            + _plain_link(label, source.link, source.url, limit=room.link)
            + escape(_also(source, words))
        )
    if prose := _kept(answer.text or "", room.quote):
        yield from (escape(prose), escape(words.written))
    if answer.unanswered:
        yield escape(_unanswered_line(answer, words))


def _quote_line(quote: Quote, answer: Answer, room: _Room, words: Words) -> str:
    part = f"{part}: " if (part := _part(quote)) else ""
    path = f"({path}) " if (path := _path(quote, room)) else ""
    lead = "" if answer.selection else _lead(answer_words(quote))
    numbers = f" {_numbers((quote.citation, *quote.copies))}" if len(answer.sources) > 1 else ""
    date = f" ({_date(_source_of(quote, answer), words)})" if answer.disagreement else ""
    return f"{part}{lead}{path}“{_kept(quote.seen.words, room.quote)}”{numbers}{date}"


def _lead(answer: str) -> str:
    return f"{printable(answer)} — " if answer else ""


def _numbers(citations: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in citations)


def _kept(text: str, limit: int) -> str:
    whole = printable(text)
    kept = head(whole, limit)
    return kept + ELLIPSIS if kept != whole or _is_cut(whole) else kept


def _also(source: Source, words: Words) -> str:
    """Who else published the same."""
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


def _title(title: str, words: Words, limit: int = MAX_TITLE_CHARS) -> str:
    # An empty part is refused by Slack, and a link needs words to stand on.
    return shortened(title, limit) or words.untitled


def _plain_link(title: str, *urls: str | None, limit: int = 1_000) -> str:
    label = escape(title).replace("|", "¦")
    url = safe_link(*urls, limit=limit)
    return label if url is None else f"<{url.replace('&', '&amp;')}|{label}>"


def _nearest(near: Nearest, words: Words) -> Iterator[Block]:
    yield blocks.link(_title(near.title, words, MAX_NEAREST_TITLE_CHARS), near.url)
    yield blocks.text(f", {shortened(date_words(near.published, words) or words.undated, 40)}")


def _nearest_title(near: Nearest, words: Words) -> str:
    date = shortened(date_words(near.published, words) or words.undated, 40)
    return f"{_title(near.title, words, MAX_NEAREST_TITLE_CHARS)}, {date}"


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
        text="\n".join([escape(f"{said} {detail}"), *_plain_notes(unread, words)]),
    )


def _notes(unread: Collection[Unread], words: Words) -> tuple[Block, ...]:
    return tuple(blocks.note(said) for said in _plain_notes(unread, words))


def _plain_notes(unread: Collection[Unread], words: Words) -> list[str]:
    said = {
        Unread.FILE: words.unread_file,
        Unread.LINK: words.unread_link,
        Unread.MESSAGE: words.unread_message,
        Unread.REST: words.unread_rest.format(limit=f"{MAX_QUESTION_CHARS:,}"),
    }
    return [said[kind] for kind in Unread if kind in unread]
