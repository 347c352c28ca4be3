"""Pages for reading: the text before and after a passage, and a list of what is indexed.  Pure."""

from __future__ import annotations

from bot.types import Collection, Listed, Overview
from index.store import Snapshot
from index.types import Scope

# About what a modal shows without scrolling on a phone; a passage of the index is as long.
STRETCH_CHARS = 1_100


def stretch_before(text: str, start: int) -> tuple[int, int] | None:
    """Return the span that ends at `start`, beginning at a paragraph, line or word; None if none is left."""
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
    """Return the span that begins at `end`, ending with a paragraph, line or word; None if none is left."""
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


def overview_of(snapshot: Snapshot, scope: Scope = None) -> Overview:
    """Return what is in the collections of a generation that are in `scope`, the largest first."""
    shelves = snapshot.shelves(scope)
    collections = [
        Collection(
            one.name,
            one.articles,
            tuple(Listed(a.title, a.publisher, a.published, a.url) for a in one.newest),
        )
        for one in shelves
    ]
    return Overview(
        generation=snapshot.id,
        built=snapshot.manifest.created,
        articles=sum(one.articles for one in shelves),
        passages=sum(one.passages for one in shelves),
        collections=tuple(sorted(collections, key=lambda c: (-c.articles, c.name))),
    )


def _without_space_after(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())
