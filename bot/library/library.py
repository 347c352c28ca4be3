"""The articles as somebody looks after them who is not at a terminal: add, find, remove, rebuild, status.

Knows nothing of Slack.  A curator sees and changes only a scope, that of the place where
the curator speaks: an answer to "remove" must not name what that place may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from bot.library.rights import known_collections
from bot.types import Scope
from index.generations import FileStore
from index.ingest.add import DEFAULTS, Intake, IntakeOptions
from index.ingest.catalog import Catalog, plain_url
from index.ingest.follow import Followed, Follower, Round, followed, stop_following
from index.ingest.given import Document
from index.ingest.list import Listed, inventory
from index.ingest.outcomes import Added, Merged, Outcome, Refused
from index.ingest.remove import Removed, forget_removed, remove
from index.store import Store
from index.types import BuildReport

__all__ = ["Added", "Document", "Library", "Listed", "Merged", "Outcome", "Refused", "Removed", "Round"]

MAX_SUGGESTIONS = 3


class Progress(Protocol):
    """Told which stage of a build has come how far."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


Build = Callable[[Progress], BuildReport]


@dataclass(frozen=True, slots=True)
class Match:
    """An article that was asked for by a name, or those with names like it."""

    found: Listed | None
    near: tuple[str, ...] = ()
    """Ids."""


class Library:
    """One sources folder and its index.  One change at a time; others may change them too."""

    def __init__(
        self,
        sources: Path,
        data: Path,
        build: Build,
        options: IntakeOptions = DEFAULTS,
        store: Store | None = None,
    ) -> None:
        """`build` brings the index up to date, and has it in use when it returns.

        The index is in `store`; None for files in `data`.
        """
        self._store = store or FileStore(data)
        self._sources = sources
        self._data = data
        self._build = build
        self._options = options
        self.keep_removed_days = 0
        """How long the file of an article that was removed is kept; 0 for not at all."""

    def collections(self, scope: Scope) -> tuple[str, ...]:
        """Return the articles in scope, in order; those in no folder come first."""
        known = known_collections(self._sources, self._store)
        return tuple(sorted(known if scope is None else known & scope))

    def add(self, given: Iterable[str | Document], collection: str) -> list[Outcome]:
        """Take in addresses and documents, each as it comes."""
        with Intake(self._sources, self._data, collection or None, self._options) as intake:
            return [intake.add(source) for source in given]

    def follow(self, url: str, collection: str, on_page: Callable[[str, int, int], None]) -> Round:
        """Follow a feed or sitemap from now on, and take in what it lists."""
        follower = Follower(self._sources, self._data, self._options, on_page)
        return follower.follow(url, collection)

    def followed(self) -> tuple[Followed, ...]:
        """Return the followed feeds; raise `FootnoteError` for a damaged list."""
        return followed(self._data)

    def stop_following(self, url: str) -> None:
        """Follow it no more; its articles stay.  Raise `FootnoteError` if it is not followed."""
        stop_following(self._data, url)

    def rebuild(self, progress: Progress) -> BuildReport:
        """Bring the index up to date, and use it."""
        forget_removed(self._data, self.keep_removed_days)
        return self._build(progress)

    def look_up(self, name: str, scope: Scope) -> Match:
        """Return an article by id, file, address or title, or those in scope whose names come near."""
        listed = [one for one in self.inventory(scope) if one.state != "removed"]
        wanted = name.strip().strip("“”\"'<>")
        file = self._file_of(wanted) if "://" in wanted else None
        for one in listed:
            if wanted in (one.id, one.file) or one.file == file or wanted.casefold() == one.title.casefold():
                return Match(one)
        names = {one.id.casefold(): one.id for one in listed} | {
            one.title.casefold(): one.id for one in listed if one.title
        }
        near = get_close_matches(wanted.casefold(), names, n=MAX_SUGGESTIONS, cutoff=0.5)
        near += [key for key in names if wanted.casefold() in key]
        return Match(None, tuple(dict.fromkeys(names[key] for key in near))[:MAX_SUGGESTIONS])

    def remove(self, id: str, scope: Scope) -> Removed | None:
        """Take an article's file away; return None if none of that id is in scope."""
        one = next((one for one in self.inventory(scope) if one.id == id and one.state != "removed"), None)
        if one is None:
            return None
        (removed,) = remove(self._sources, self._data, [one.file], keep=self.keep_removed_days > 0)
        return removed

    def inventory(self, scope: Scope) -> tuple[Listed, ...]:
        """Return every article in scope, and how the index stands to it."""
        return tuple(
            one for one in inventory(self._sources, self._store) if scope is None or one.collection in scope
        )

    def _file_of(self, url: str) -> str | None:
        catalog = Catalog(self._sources, self._data)
        catalog.refresh()
        wanted = plain_url(url)
        return next((held.file for held in catalog if held.url and plain_url(held.url) == wanted), None)
