"""App Home, and the prompts of the side panel: what is indexed, what to try, and how to ask.

Whoever looks after the articles also sees what could not be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.library.reasons import reason_in
from bot.slack.messages import blocks
from bot.slack.messages.answers import question_buttons, tell_whom
from bot.slack.messages.blocks import Block
from bot.slack.messages.quotes import MAX_PUBLISHER_CHARS, MAX_TITLE_CHARS
from bot.text import ELLIPSIS, date_words, shortened
from bot.types import Collection, Listed, Overview
from bot.words import ENGLISH, Words
from index.reasons import Reason

ADD = "add_article"

# A view may have 100 blocks; nobody scrolls past so many folders.
MAX_COLLECTIONS_SHOWN = 15
MAX_NAME_CHARS = 80
# The others are in what "status" lists.
MAX_TROUBLES_SHOWN = 5
MAX_REASON_CHARS = 300
# Slack takes four prompts; a title longer than this is cut by its clients.
MAX_PROMPTS = 4
MAX_PROMPT_TITLE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Trouble:
    """A file that cannot be read."""

    file: str
    reason: Reason
    kept: bool
    """Whether its last good version can still be asked."""


def home_view(
    overview: Overview,
    examples: Sequence[str],
    now: datetime,
    words: Words = ENGLISH,
    troubles: Sequence[Trouble] | None = None,
) -> Block:
    """Return the view for one person; `troubles` are for a curator, and None for all others.

    `now` has a time zone.
    """
    parts = (
        _troubles(troubles, words),
        _examples(examples, words),
        _indexed(overview, now, words),
        _add(troubles, words),
    )
    return blocks.home([*(block for part in parts for block in part), *_ways(words)])


def home_without_index(
    words: Words = ENGLISH, troubles: Sequence[Trouble] | None = None, curators: Sequence[str] = ()
) -> Block:
    """Return the view for one person while nothing can be answered; `curators` are names."""
    lead = blocks.section(
        blocks.text(words.home_no_index, bold=True), blocks.text(f"\n{tell_whom(curators, words)}")
    )
    for_curators = (*_troubles(troubles, words), *_add(troubles, words))
    return blocks.home([blocks.rich_text(lead), *for_curators, *_ways(words)])


def prompts(examples: Sequence[str]) -> list[dict[str, str]]:
    """Return what the side panel suggests: the title is shown, the message is sent."""
    return [
        {"title": shortened(example, MAX_PROMPT_TITLE_CHARS), "message": example}
        for example in examples[:MAX_PROMPTS]
    ]


def conversation_title(question: str) -> str:
    """Return what a conversation is called in the panel's history."""
    return shortened(question, MAX_PROMPT_TITLE_CHARS)


def _add(troubles: Sequence[Trouble] | None, words: Words) -> Iterator[Block]:
    if troubles is not None:
        yield blocks.actions(blocks.button(words.add, action=ADD, value=ADD, spoken=words.add))


def _troubles(troubles: Sequence[Trouble] | None, words: Words) -> Iterator[Block]:
    if not troubles:
        return
    yield blocks.header(words.home_troubles)
    shown = troubles[:MAX_TROUBLES_SHOWN]
    yield blocks.rich_text(blocks.bullets(_trouble_line(trouble, words) for trouble in shown))
    if len(troubles) > len(shown):
        yield blocks.note(words.further.format(count=f"{len(troubles) - len(shown):,}"))


def _trouble_line(trouble: Trouble, words: Words) -> Block:
    # Each on its own: a long name must not cut off the reason.
    file = shortened(trouble.file, MAX_NAME_CHARS)
    reason = shortened(reason_in(words, trouble.reason), MAX_REASON_CHARS)
    kept = [blocks.text(f" {words.home_kept}")] if trouble.kept else []
    return blocks.section(blocks.text(file or ELLIPSIS, bold=True), blocks.text(f" {reason}"), *kept)


def _indexed(overview: Overview, now: datetime, words: Words) -> Iterator[Block]:
    counts = words.home_counts.format(
        articles=f"{overview.articles:,}", passages=f"{overview.passages:,}", age=_age(overview, now, words)
    )
    yield blocks.header(words.home)
    yield blocks.note(counts)
    shown = overview.collections[:MAX_COLLECTIONS_SHOWN]
    for collection in shown:
        yield blocks.rich_text(
            blocks.section(
                blocks.text(_collection_name(collection, len(overview.collections), words), bold=True)
            ),
            *(
                [blocks.bullets(_line(listed, words) for listed in collection.newest)]
                if collection.newest
                else []
            ),
        )
    further = len(overview.collections) - len(shown)
    if further:
        yield blocks.note(words.home_more_collections.format(count=further))


def _collection_name(collection: Collection, of: int, words: Words) -> str:
    if not collection.name and of == 1:
        return words.home_articles
    name = shortened(collection.name, MAX_NAME_CHARS) or words.home_no_collection
    return words.home_collection.format(name=name, count=f"{collection.articles:,}")


def _line(listed: Listed, words: Words) -> Block:
    title = shortened(listed.title, MAX_TITLE_CHARS) or words.untitled
    facts = [shortened(listed.publisher, MAX_PUBLISHER_CHARS)] if listed.publisher else []
    facts.append(shortened(date_words(listed.published, words) or words.undated, 40))
    return blocks.section(blocks.link(title, listed.url, limit=500), blocks.text(f" — {', '.join(facts)}"))


def _age(overview: Overview, now: datetime, words: Words) -> str:
    made = datetime.fromisoformat(overview.built)
    seconds = (now - (made if made.tzinfo else made.replace(tzinfo=UTC))).total_seconds()
    minutes = max(0, int(seconds // 60))
    if not minutes:
        return words.home_age_now
    if minutes < 60:
        return words.home_age_minutes.format(number=minutes)
    hours = minutes // 60
    if hours < 48:
        return words.home_age_hours.format(number=hours)
    return words.home_age_days.format(number=f"{hours // 24:,}")


def _examples(examples: Sequence[str], words: Words) -> Iterator[Block]:
    buttons = question_buttons(examples)
    if buttons:
        yield blocks.header(words.home_examples)
        yield blocks.actions(*buttons)


def _ways(words: Words) -> Iterator[Block]:
    yield blocks.header(words.home_how)
    yield blocks.rich_text(blocks.bullets(blocks.section(blocks.text(way)) for way in words.home_ways))
