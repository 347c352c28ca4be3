"""What people look at when they do not ask: an article's next stretch, and what is indexed.  Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from bot.types import Collection, Listed, Overview, Scope
from index.generation import Generation
from index.types import Article, collection_of

# About what a modal shows without scrolling on a phone; a passage of the index is as long.
STRETCH_CHARS = 1_100
NEWEST_SHOWN = 5


def stretch_before(text: str, start: int) -> tuple[int, int] | None:
    """The span that ends at `start`, beginning at a paragraph, line or word; None where nothing is left."""
    end = _without_space_after(text, 0, start)
    if end <= 0:
        return None
    first = max(0, end - STRETCH_CHARS)
    if first > 0:
        first = next(
            (
                found + len(mark)
                for mark in ("\n\n", "\n", " ")
                if (found := text.find(mark, first, end - STRETCH_CHARS // 3)) >= 0
            ),
            first,
        )
    return first, end


def stretch_after(text: str, end: int) -> tuple[int, int] | None:
    """The span that begins at `end`, ending with a paragraph, line or word; None where nothing is left."""
    start = end + len(text[end:]) - len(text[end:].lstrip())
    if start >= len(text):
        return None
    last = min(len(text), start + STRETCH_CHARS)
    if last < len(text):
        last = next(
            (
                found
                for mark in ("\n\n", "\n", " ")
                if (found := text.rfind(mark, start + STRETCH_CHARS // 3, last)) >= 0
            ),
            last,
        )
    return start, _without_space_after(text, start, last)


def overview_of(generation: Generation, scope: Scope = None) -> Overview:
    """What is in the collections of a generation that are in `scope`."""
    folders: dict[str, list[Article]] = defaultdict(list)
    for article in generation.articles:
        if scope is None or article.collection in scope:
            folders[article.collection].append(article)
    entries = generation.manifest.sources
    passages = sum(e.passages for e in entries if scope is None or collection_of(e.file) in scope)
    collections = [Collection(name, len(held), _newest(held)) for name, held in folders.items()]
    return Overview(
        generation=generation.id,
        built=generation.manifest.created,
        articles=sum(map(len, folders.values())),
        passages=passages,
        collections=tuple(sorted(collections, key=lambda c: (-c.articles, c.name))),
    )


def _newest(articles: Sequence[Article]) -> tuple[Listed, ...]:
    ordered = sorted(articles, key=lambda a: (a.published or "", a.title), reverse=True)
    return tuple(Listed(a.title, a.publisher, a.published, a.url) for a in ordered[:NEWEST_SHOWN])


def _without_space_after(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())
