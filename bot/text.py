"""Text made safe to show: cut, escaped, linked, dated; and what is said of the articles in words of ours."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from urllib.parse import urlsplit

from bot.types import MAX_QUESTION_CHARS, About, Instead, NoAnswer, Quote, Silence, Source, Told
from bot.words import ENGLISH, Words
from index.marks import Piece

ELLIPSIS = " …"
MAX_LINK_CHARS = 3_000
"""Longest URL that Slack accepts."""
MAX_SUBJECT_CHARS = 120
MAX_VALUE_CHARS = 300

# A word boundary is worth giving up at most this share of the room for.
_WORD_SHARE = 0.4
_ZERO_WIDTH_JOINER = "\u200d"
# What these do to the direction of text does not end with the quote, so a source could turn
# the citation number and the rest of the message around.
_DIRECTION_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSHOWABLE = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"} | {
    ord(character): None for character in _DIRECTION_OVERRIDES
}
_SURROGATES = {code: "\ufffd" for code in range(0xD800, 0xE000)}


def printable(text: str) -> str:
    """Drop what Slack refuses or what disturbs the text around: control and direction characters."""
    return text.translate(_UNSHOWABLE).translate(_SURROGATES)


def in_three(text: str, strong: tuple[int, int] | None) -> tuple[str, str, str]:
    """Return `text` before, in and after the span `strong`; joined they are all of it.

    The span grows if it would cut through a grapheme cluster or "31.5%", and loses white space at
    its ends.  Nothing is strong if it is empty, is all of the text, or lies outside.
    """
    start, end = strong or (0, 0)
    if not 0 <= start < end <= len(text):
        return text, "", ""
    while start > 0 and _is_one_grapheme(text, start):
        start -= 1
    while end < len(text) and _is_one_grapheme(text, end):
        end += 1
    start += len(text[start:end]) - len(text[start:end].lstrip())
    end = start + len(text[start:end].rstrip())
    rest = text[:start] + text[end:]
    return (text[:start], text[start:end], text[end:]) if start < end and rest.strip() else (text, "", "")


def looks(quote: Quote) -> Iterator[tuple[Piece, bool]]:
    """Yield the pieces of a quote as a reader sees it, and whether each is of the very words that answer.

    These are bold, and so nothing else is: what the article has in bold is if there are none.
    """
    before, strong, _ = in_three(quote.seen.words, quote.answer_seen)
    cuts = (len(before), len(before) + len(strong))
    place = 0
    for piece in quote.seen.pieces:
        stop = place + len(piece.words)
        marks = [place, *(cut for cut in cuts if place < cut < stop), stop]
        for first, last in pairwise(dict.fromkeys(marks)):
            words = piece.words[first - place : last - place]
            answers = cuts[0] <= first < cuts[1]
            yield replace(piece, words=words, bold=piece.bold and not strong), answers
        place = stop


def escape(text: str) -> str:
    """Escape for mrkdwn, so that `<!channel>` in an article is text and pings nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def head(text: str, limit: int) -> str:
    """Return at most `limit` characters from the start, ending at a word if one is near.

    Never ends inside a grapheme cluster, so no emoji, accent or Hangul syllable falls apart.
    """
    if len(text) <= limit:
        return text
    end = limit
    space = max(text.rfind(" ", 0, limit + 1), text.rfind("\n", 0, limit + 1))
    if space >= limit * (1 - _WORD_SHARE):
        end = space
    while end > 0 and _is_one_grapheme(text, end):
        end -= 1
    return text[:end].rstrip()


def tail(text: str, limit: int) -> str:
    """Return at most `limit` characters from the end, starting at a word if one is near."""
    if len(text) <= limit:
        return text
    start = len(text) - limit
    space = text.find(" ", start)
    if 0 <= space - start <= limit * _WORD_SHARE:
        start = space
    while start < len(text) and _is_one_grapheme(text, start):
        start += 1
    return text[start:].lstrip()


def shortened(text: str, limit: int) -> str:
    """Return one line of at most `limit` characters: for titles and names, which may end with an ellipsis."""
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else head(line, limit - len(ELLIPSIS)) + ELLIPSIS


def safe_link(*candidates: str | None, limit: int = MAX_LINK_CHARS) -> str | None:
    """Return the first candidate that is a plain http(s) URL of at most `limit` characters."""
    for url in candidates:
        if url and len(url) <= limit and _is_web_address(url):
            return url
    return None


def date_words(published: str | None, words: Words = ENGLISH) -> str | None:
    """`2015-02-09` → `9 February 2015`; a partial date keeps what it has."""
    if not published:
        return None
    for form, shown in (("%Y-%m-%d", words.full_date), ("%Y-%m", words.month_date), ("%Y", "{year}")):
        try:
            day = datetime.strptime(published, form)
        except ValueError:
            continue
        return shown.format(day=day.day, month=words.months[day.month - 1], year=f"{day.year:04}")
    return published


def _is_web_address(url: str) -> bool:
    if any(character.isspace() or character in '<>|"\\' or ord(character) < 0x20 for character in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _is_one_grapheme(text: str, cut: int) -> bool:
    """Return whether the characters on both sides of `cut` belong together (UAX 29, on the careful side)."""
    if cut >= len(text):
        return False
    before, after = text[cut - 1], text[cut]
    return (
        unicodedata.category(after) in ("Mn", "Mc", "Me")
        or after == _ZERO_WIDTH_JOINER
        or before == _ZERO_WIDTH_JOINER
        or unicodedata.combining(before) == 9  # a virama binds the next consonant
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # flags of regions
        or (_is_regional(before) and _is_regional(after))
        or (before == "\r" and after == "\n")
        or (_is_hangul_lead(before) and _is_hangul(after))
        or "\u1160" <= after <= "\u11ff"
    )


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_hangul_lead(character: str) -> bool:
    return "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c"


def _is_hangul(character: str) -> bool:
    return _is_hangul_lead(character) or "\uac00" <= character <= "\ud7a3"


def told_lines(told: Told, sources: tuple[Source, ...], words: Words) -> list[str]:
    """Return the sentences above the articles in `sources`; one for each if one of them was asked about."""
    known = {
        About.TITLE: words.told_title,
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
    """Say that something which was asked for is not named, and name the closest."""
    asked = shortened(instead.asked, MAX_SUBJECT_CHARS)
    if instead.named is None:
        return words.not_named_here.format(asked=asked)
    return words.instead.format(asked=asked, named=shortened(instead.named, MAX_SUBJECT_CHARS))


def silence_line(result: NoAnswer, words: Words) -> str:
    """Say why there is no answer."""
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
        case Silence.EMPTY_QUESTION | Silence.GREETING:
            return words.help
        case Silence.NOT_IN_SOURCES:
            because = f" {instead_line(result.instead, words)}" if result.instead else ""
            return words.not_in_sources + because


def answer_words(quote: Quote) -> str:
    """Return the very words of the quote that answer, if short enough to stand alone; else nothing."""
    if quote.answer_seen is None:
        return ""
    shown = quote.seen.words
    words = " ".join(shown[slice(*quote.answer_seen)].split())
    return words if 2 * len(words) <= len(shown) and len(words) <= MAX_SUBJECT_CHARS else ""


def _of_a_list(told: Told, shown: int, words: Words) -> str:
    subject = shortened(told.subject or "", MAX_SUBJECT_CHARS)
    dated = (About.LATEST, About.OLDEST)
    if told.count == 0:
        if told.about is About.FROM:
            return words.told_none_from.format(subject=subject)
        if subject:
            return words.named_nowhere.format(asked=subject)
        return words.told_none_dated if told.about in dated else words.no_articles
    forms = {
        About.COUNT: words.told_count,
        About.COLLECTION: words.told_collection,
        About.MENTIONING: words.told_mentioning,
        About.FROM: words.told_from,
        About.LATEST: words.told_latest_naming if subject else words.told_latest,
        About.OLDEST: words.told_oldest_naming if subject else words.told_oldest,
    }[told.about]
    one = shown if told.about in dated else told.count
    form = forms[0 if one == 1 else 1 if shown == told.count else 2]
    return form.format(count=f"{told.count:,}", subject=subject)


def _rest(told: Told, sources: tuple[Source, ...], words: Words) -> list[str]:
    """That more articles fit than are shown."""
    return [words.told_of_more.format(count=f"{told.count:,}")] if told.count > len(sources) else []
