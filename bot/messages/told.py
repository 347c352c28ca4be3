"""What Footnote says in its own words about the articles and about what they do not name.  Plain text."""

from __future__ import annotations

from bot.messages.catalogue import Words
from bot.messages.text import date_words, shortened
from bot.types import About, Instead, Quote, Source, Told

MAX_SUBJECT_CHARS = 120
MAX_VALUE_CHARS = 300


def told_lines(told: Told, sources: tuple[Source, ...], words: Words) -> list[str]:
    """The sentences above the articles in `sources`; one for each of these where one was asked about."""
    known = {
        About.AUTHOR: words.told_author,
        About.PUBLISHED: words.told_published,
        About.PUBLISHER: words.told_publisher,
        About.LINK: words.told_link,
    }.get(told.about)
    if known is None:
        return [_of_a_list(told, len(sources), words)]
    if told.about is About.LINK:
        return [known[0 if any(told.values) else 1], *_rest(told, sources, words)]
    lines = []
    for source, value in zip(sources, told.values, strict=False):
        shown = date_words(value, words) if told.about is About.PUBLISHED else value
        said = known[0].format(value=shortened(shown, MAX_VALUE_CHARS)) if shown else known[1]
        lines.append(said if len(sources) == 1 else f"[{source.citation}] {said}")
    return [*lines, *_rest(told, sources, words)]


def instead_line(instead: Instead, words: Words) -> str:
    """That something which was asked for is not named, and what is."""
    asked = shortened(instead.asked, MAX_SUBJECT_CHARS)
    if instead.named is None:
        return words.named_nowhere.format(asked=asked)
    return words.instead.format(asked=asked, named=shortened(instead.named, MAX_SUBJECT_CHARS))


def answer_words(quote: Quote) -> str:
    """The very words of the quote that answer, if they are short enough to stand alone; else nothing."""
    if quote.answer_seen is None:
        return ""
    shown = quote.seen.words
    words = " ".join(shown[slice(*quote.answer_seen)].split())
    return words if 2 * len(words) <= len(shown) and len(words) <= MAX_SUBJECT_CHARS else ""


def _of_a_list(told: Told, shown: int, words: Words) -> str:
    subject = shortened(told.subject or "", MAX_SUBJECT_CHARS)
    if told.count == 0:
        if told.about is About.FROM:
            return words.told_none_from.format(subject=subject)
        if subject:
            return words.named_nowhere.format(asked=subject)
        return words.told_none_dated if told.about is About.LATEST else words.no_articles
    forms = {
        About.COUNT: words.told_count,
        About.COLLECTION: words.told_collection,
        About.MENTIONING: words.told_mentioning,
        About.FROM: words.told_from,
        About.LATEST: words.told_latest_naming if subject else words.told_latest,
    }[told.about]
    one = shown if told.about is About.LATEST else told.count
    form = forms[0 if one == 1 else 1 if shown == told.count else 2]
    return form.format(count=f"{told.count:,}", subject=subject)


def _rest(told: Told, sources: tuple[Source, ...], words: Words) -> list[str]:
    """That more articles fit than are shown."""
    return [words.told_of_more.format(count=f"{told.count:,}")] if told.count > len(sources) else []
