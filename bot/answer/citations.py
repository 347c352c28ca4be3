"""Quotes -> numbered sources, and links that open an article at the very words.

Text fragments: https://wicg.github.io/scroll-to-text-fragment/
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote as percent_encode

from bot.answer.selection import Span
from bot.types import Quote, Source
from index.rendering import shown_between
from index.types import Article
from index.units import unit_at

# Browsers and chats cut very long addresses; Slack's limit for a link is 3,000.
MAX_LINK_CHARS = 2_000
# Fewer words match by chance on a page that has more on it than the article.
LEAST_WORDS = 4

# Marks that Markdown draws and a page does not show.
_MARKUP = re.compile(r"\]\([^)]*\)|[*_`\[\]<>|#\\\n]")


def cite(spans: Sequence[Span], sources_folder: Path) -> tuple[tuple[Quote, ...], tuple[Source, ...]]:
    """Return the spans as quotes with citation numbers, and their sources.

    Numbers run from 1 in order of appearance; an article that is quoted twice has one number.
    """
    quotes: list[Quote] = []
    sources: dict[str, Source] = {}
    for span in spans:
        article, start, end = span.article, span.start, span.end
        link = link_to(article, start, end)
        for one in (article, *span.copies):
            if one.id not in sources:
                first = one.text.find(span.text)
                there = link if one is article else link_to(one, first, first + end - start)
                sources[one.id] = _source(one, len(sources) + 1, there, sources_folder)
        quotes.append(
            Quote(
                article.text[start:end],
                sources[article.id].citation,
                article.id,
                start,
                end,
                link,
                answer=span.answer,
                path=unit.path if (unit := unit_at(article, start)) else (),
                part=span.part,
                shown=shown_between(article, start, end),
                copies=tuple(sources[one.id].citation for one in span.copies),
            )
        )
    return tuple(quotes), tuple(sources.values())


def cite_whole(articles: Sequence[Article], sources_folder: Path) -> tuple[Source, ...]:
    """Return articles of which something is told and nothing quoted, numbered from 1 in their order."""
    return tuple(_source(a, number, a.url, sources_folder) for number, a in enumerate(articles, 1))


def link_to(article: Article, start: int, end: int) -> str | None:
    """Return the article's URL with a text fragment that occurs once in it; None without a URL.

    If no part of the quote is unique, return the plain URL: a link to the wrong sentence is worse
    than one to the top.
    """
    if article.url is None:
        return None
    words = _fragment(article.text, start, end)
    if not words:
        return article.url
    separator = ":~:text=" if "#" in article.url else "#:~:text="
    link = article.url + separator + percent_encode(words, safe="").replace("-", "%2D")
    return link if len(link) <= MAX_LINK_CHARS else article.url


def _source(article: Article, citation: int, link: str | None, sources_folder: Path) -> Source:
    return Source(
        citation=citation,
        id=article.id,
        title=article.title,
        publisher=article.publisher,
        author=article.author,
        published=article.published,
        url=article.url,
        link=link,
        file=str((sources_folder / article.file).absolute()),
        also=article.also,
    )


def _fragment(text: str, start: int, end: int) -> str:
    """Return the longest stretch of the quote without markup, if it occurs once in the text."""
    stretches = sorted((s.strip() for s in _MARKUP.split(text[start:end])), key=len, reverse=True)
    for stretch in stretches:
        if len(stretch.split()) < LEAST_WORDS and stretch != text[start:end].strip():
            break
        shortened = _shorten(stretch, text)
        if shortened and text.count(shortened) == 1:
            return shortened
    return ""


def _shorten(stretch: str, text: str) -> str:
    """Cut at a word so that the link stays short, if what is left is still unique."""
    if len(stretch) <= 300:
        return stretch
    short = stretch[: stretch.rfind(" ", 0, 300)] if " " in stretch[:300] else stretch[:300]
    return short if text.count(short) == 1 else stretch
