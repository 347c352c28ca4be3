"""Lists the articles of the sources folder and of the index, and their differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.folder import NO_SENTENCE, known_files, read_sources
from index.manifest import MissingGeneration, SourceEntry
from index.reasons import Reason
from index.store import Store
from index.types import Article, FootnoteError, collection_of
from index.units import Kind, units_of

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
    """Empty if the file cannot be read, and never could."""
    published: str | None
    passages: int
    """In the index; 0 if it is not in it."""
    state: State
    reason: Reason | None
    """Why it is `stale` or `failed`."""


def inventory(sources: Path, store: Store) -> tuple[Listed, ...]:
    """Return every article in order of its file; raise `FootnoteError` if there is no sources folder."""
    indexed = _indexed(store)
    # Parsing takes five times as long as telling that a file is still the same.
    reading = read_sources(sources, known_files(indexed.values()))
    by_file = {entry.file: entry for entry in indexed.values()}
    listed = [_entry(indexed[id], "indexed") for id in reading.unchanged]
    for article in reading.articles:
        entry = indexed.get(article.id)
        state, reason = _state(article, entry)
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
    listed += [_entry(entry, "removed") for entry in indexed.values() if entry.file not in there]
    return tuple(sorted(listed, key=lambda one: one.file))


def _entry(entry: SourceEntry, state: State) -> Listed:
    place = collection_of(entry.file)
    return Listed(entry.id, entry.file, place, entry.title, entry.published, entry.passages, state, None)


def _state(article: Article, entry: SourceEntry | None) -> tuple[State, Reason | None]:
    """Return the state of the file now: a fault that the index knows may have been mended since."""
    if entry is not None and entry.sha256 == article.sha256:
        return "indexed", None
    # This file can be read, and a build refuses it all the same.
    if all(unit.kind is Kind.INTRODUCES for unit in units_of(article)):
        return ("failed" if entry is None else "stale"), NO_SENTENCE
    return ("new" if entry is None else "changed"), None


def _indexed(store: Store) -> Mapping[str, SourceEntry]:
    try:
        return {entry.id: entry for entry in store.manifest().sources}
    except MissingGeneration:
        return {}
    except FootnoteError:
        # Damaged, or of another version: it cannot be asked either, and `doctor` says so.
        return {}
