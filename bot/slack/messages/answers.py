"""What Footnote posts: an answer, the closest it found, an honest no, or what went wrong.

An answer is made to be read on a phone: the quotes with their words in bold, one line for each source,
one row of buttons.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import accumulate
from typing import TypeVar

from bot.slack.messages import blocks
from bot.slack.messages.blocks import Block
from bot.slack.messages.quotes import (
    LAYOUTS,
    TEXT_LAYOUTS,
    kept_words,
    plain_link,
    quote_blocks,
    quote_lines,
    title_words,
)
from bot.text import ELLIPSIS, date_words, escape, instead_line, shortened, silence_line
from bot.types import MAX_QUESTION_CHARS, Answer, Nearest, NoAnswer, Silence
from bot.words import ENGLISH, Words

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
# Two lines of a phone, for an article that is only named.
MAX_NEAREST_TITLE_CHARS = 60
MAX_ASKED_CHARS = 300
# Of a selection in all, which leaves it lower than a phone is high; the others are behind its button.
MAX_SELECTION_CHARS = 600
# Slack's limit for what a button carries.
MAX_VALUE_CHARS = 2_000
# A magnifying glass is for what was looked for.
_SIGNS = {
    Silence.THANKS: "wave",
    Silence.TOO_LONG: "scroll",
    Silence.NO_ARTICLES: "card_index_dividers",
    Silence.NOTHING_BEFORE: "speech_balloon",
}


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
            *quote_blocks(answer, room, words),
            *_notes(extras.unread, words),
            *([blocks.actions(*buttons)] if buttons else []),
            _thumbs(answer, answer_id, words),
        )
        for room in LAYOUTS
    )
    notes = _plain_notes(extras.unread, words)
    return Message(
        blocks=_first_that_fits(candidates, blocks.size, MAX_MESSAGE_CHARS),
        text=_first_that_fits(
            (
                "\n".join([*map(escape, [*asked_line, *unsure]), *quote_lines(answer, room, words), *notes])
                for room in TEXT_LAYOUTS
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
    candidates = ((lead, *quote_blocks(related, room, words), blocks.actions(button)) for room in LAYOUTS)
    said = escape(f"{words.more}: {words.more_detail}")
    return Message(
        blocks=_first_that_fits(candidates, blocks.size, MAX_MESSAGE_CHARS),
        text=_first_that_fits(
            ("\n".join([said, *quote_lines(related, room, words)]) for room in TEXT_LAYOUTS),
            len,
            MAX_TEXT_CHARS,
        ),
    )


def prose_message(prose: str, words: Words = ENGLISH) -> Message:
    """Prose in a message of its own below the quotes; without any, the line that says what it is."""
    said = kept_words(prose, MAX_TEXT_CHARS // 2)
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
        lines += [f"• {plain_link(_nearest_title(near, words), near.url)}" for near in result.nearest]
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
    """Return the question of a button that was pressed, above its answer."""
    said = shortened(question, MAX_QUESTION_CHARS) or ELLIPSIS
    return Message((_said("speech_balloon", said),), escape(said))


def question_buttons(questions: Sequence[str]) -> list[Block]:
    """Return a button for each question, which asks it."""
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
    """Say that what a command or a button asked could not be written down."""
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
    """Say that "quiet" or "resume" was heard, and what it changes."""
    if quiet:
        return _notice("zipper_mouth_face", words.went_quiet, words.went_quiet_detail)
    return _notice("ear", words.resumed, words.resumed_detail)


def _first_that_fits(candidates: Iterable[_Form], size: Callable[[_Form], int], limit: int) -> _Form:
    """Return the first candidate within the limit, else the last, which is the smallest there is."""
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
    """Return what to judge: whether it is right, or if that is not sure anyway, whether it was of use."""
    good, bad = ("👍", "👎") if answer.certain else (f"👍 {words.helped}", f"👎 {words.did_not_help}")
    return blocks.feedback(
        action=FEEDBACK,
        good=blocks.thumb(good, value=f"{answer_id}:{GOOD}", spoken=words.good),
        bad=blocks.thumb(bad, value=f"{answer_id}:{BAD}", spoken=words.bad),
    )


def _nearest(near: Nearest, words: Words) -> Iterator[Block]:
    yield blocks.link(title_words(near.title, words, MAX_NEAREST_TITLE_CHARS), near.url)
    yield blocks.text(f", {shortened(date_words(near.published, words) or words.undated, 40)}")


def _nearest_title(near: Nearest, words: Words) -> str:
    date = shortened(date_words(near.published, words) or words.undated, 40)
    return f"{title_words(near.title, words, MAX_NEAREST_TITLE_CHARS)}, {date}"


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
