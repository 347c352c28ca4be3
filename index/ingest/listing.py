"""What is in the sources folder and in the index, article by article, and where the two differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.generation import MissingGeneration, SourceEntry, indexed_sources
from index.reading import read_sources
from index.types import FootnoteError, collection_of

State = Literal["indexed", "changed", "new", "stale", "failed", "removed"]
MEANINGS: Mapping[State, str] = {
    "indexed": "can be asked",
    "changed": "can be asked as it was before the last change",
    "new": "not yet in the index",
    "stale": "cannot be read any more; its last good version can be asked",
    "failed": "cannot be read",
    "removed": "still in the index, its file is gone",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One article or one file that failed to be one."""

    id: str
    file: str
    collection: str
    """Its sub-folder; empty at the top."""
    title: str
    """Empty where the file cannot be read, and never could."""
    published: str | None
    passages: int
    """In the index; 0 where it is not in it."""
    state: State
    reason: str | None
    """Why it is `stale` or `failed`."""


def inventory(sources: Path, data: Path) -> tuple[Listed, ...]:
    """Every article in order of its file; raise `FootnoteError` where there is no sources folder."""
    reading = read_sources(sources)
    indexed = _indexed(data)
    by_file = {entry.file: entry for entry in indexed.values()}
    listed = []
    for article in reading.articles:
        entry = indexed.get(article.id)
        state: State = "new" if entry is None else "indexed" if entry.sha256 == article.sha256 else "changed"
        reason = None
        if entry is not None and entry.stale is not None:
            state, reason = "stale", entry.stale
        listed.append(
            Listed(
                article.id,
                article.file,
                collection_of(article.file),
                article.title,
                article.published,
                entry.passages if entry else 0,
                state,
                reason,
            )
        )
    for failure in reading.failures:
        entry = by_file.get(failure.file)
        listed.append(
            Listed(
                failure.file.rpartition(".")[0] or failure.file,
                failure.file,
                collection_of(failure.file),
                entry.title if entry else "",
                entry.published if entry else None,
                entry.passages if entry else 0,
                "stale" if entry else "failed",
                failure.reason,
            )
        )
    there = {one.file for one in listed}
    listed += [
        Listed(e.id, e.file, collection_of(e.file), e.title, e.published, e.passages, "removed", None)
        for e in indexed.values()
        if e.file not in there
    ]
    return tuple(sorted(listed, key=lambda one: one.file))


def _indexed(data: Path) -> Mapping[str, SourceEntry]:
    try:
        return indexed_sources(data)
    except MissingGeneration:
        return {}
    except FootnoteError:
        # Damaged, or of another version: it cannot be asked either, and `doctor` says so.
        return {}
