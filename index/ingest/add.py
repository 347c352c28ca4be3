"""Documents and addresses -> articles in the sources folder, each added, merged or refused.

    with Intake(sources, data) as intake:
        outcome = intake.add(Document("report.pdf", raw))       # or intake.add("https://…")

An outcome is a value and never an exception, so that the first bad document of a hundred does not
keep the others out.  The index is not touched: `build` brings it up to date afterwards.  Several
programs may add to one folder at the same time.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from index.article import MAX_COPIES, parse_article
from index.connections import Network
from index.files import ASIDE, exclusive, write_new, write_whole
from index.folder import MAX_FILE_BYTES
from index.front_matter import ArticleError, with_copies
from index.ingest import naming
from index.ingest.catalog import Catalog, CatalogEntry, cited_url, plain_url
from index.ingest.document import Draft, Unreadable, clean_line, clean_url, markdown_file
from index.ingest.fetch import MAX_BYTES, fetch
from index.ingest.formats import kind_of
from index.ingest.given import NOTHING, Document, Overrides, document_of
from index.ingest.outcomes import Added, Merged, Outcome, Refused
from index.ingest.readers.plain import fallback_title
from index.ingest.sandbox import Sandbox
from index.reasons import Reason, Why
from index.types import Article, FootnoteError

LOCK_FILE = "intake.lock"
LOCK_SECONDS = 30.0
"""An article is compared and written in milliseconds; the first look at a large folder takes longer."""
REPLACED = "replaced"
"""The folder in `DATA` that keeps the last version of each file that was written over."""

Step = Literal["Fetching", "Reading", "Comparing"]


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """How addresses are fetched, and documents read."""

    allow_hosts: Sequence[str] = ()
    """Names, as `host` or `host:port`, that may lead to private addresses."""
    network: Network | None = None
    sandbox: Sandbox | None = None
    """The process that reads documents; None for one that is started when there is something to read."""


DEFAULTS = IntakeOptions()


class Intake:
    """Adds to one sources folder, into one collection of it.  One thread at a time."""

    def __init__(
        self,
        sources: Path,
        data: Path,
        collection: str | None = None,
        options: IntakeOptions = DEFAULTS,
        on_step: Callable[[Step, str], None] | None = None,
    ) -> None:
        """`on_step` is told what begins, and of which source; raise `FootnoteError` for a collection
        that no folder can be called, or whose folder leads out of the sources folder."""
        self._sources = sources
        self._data = data
        self._collection = naming.collection_name(collection) if collection else ""
        self._options = options
        self._on_step = on_step or _silent
        self._sandbox = options.sandbox or Sandbox()
        self._catalog = Catalog(sources, data)
        self._turn = -1
        folder = sources / self._collection
        if folder.exists() and not folder.resolve().is_relative_to(sources.resolve()):
            raise FootnoteError(
                f"{folder} is a link that leads out of the sources folder. Copy the folder instead."
            )

    def __enter__(self) -> Intake:
        return self

    def __exit__(self, *_: object) -> None:
        self._sandbox.close()
        # Only a note for the next time, which a full disk may refuse.
        with contextlib.suppress(OSError):
            self._catalog.save()

    def add(self, source: str | Document, overrides: Overrides = NOTHING) -> Outcome:
        """Take in an address or a document.

        Raise `FootnoteError` if the folder itself cannot be written, and so nothing can be added.
        """
        name = source if isinstance(source, str) else source.shown
        shown = clean_line(name, 200) or "document"
        try:
            draft = self._draft(source, shown, overrides)
            self._on_step("Comparing", shown)
            with self._alone():
                outcome = self._shelve(shown, draft)
            if isinstance(outcome, Added):
                return replace(outcome, left_out=draft.left_out, warnings=draft.warnings)
            return outcome
        except (Unreadable, ArticleError) as error:
            return Refused(shown, error.reason)
        except OSError as error:
            raise FootnoteError(
                f"The article cannot be written: {error.filename or self._sources}: "
                f"{error.strerror or error}. Check free space and permissions."
            ) from error

    def _draft(self, source: str | Document, shown: str, overrides: Overrides) -> Draft:
        document = source if isinstance(source, Document) else self._fetched(source, shown)
        url = document.url
        origin = shown if url is None else None
        if len(document.raw) > MAX_BYTES:
            raise Unreadable(Why.DOCUMENT_TOO_LARGE, limit=MAX_BYTES / 1e6)
        self._on_step("Reading", shown)
        kind = kind_of(document.raw, document.name, document.content_type)
        draft = self._sandbox.read(kind, document.raw, document.name, document.charset, url)
        if url is not None and draft.url is None:
            draft = replace(draft, url=url, publisher=draft.publisher or urlsplit(url).hostname)
        draft = overrides.applied(draft)
        if not re.search(r"\w", draft.text):
            raise Unreadable(Why.NO_TEXT)
        title = draft.title or fallback_title(document.name, draft.text)
        return replace(
            draft, title=title, origin=origin if draft.url is None else None, url=_cited(draft.url)
        )

    def _fetched(self, url: str, shown: str) -> Document:
        self._on_step("Fetching", shown)
        return document_of(fetch(url, self._options.allow_hosts, self._options.network))

    def _shelve(self, shown: str, draft: Draft) -> Outcome:
        """Decide what the draft is beside what is there, and write it; nobody else writes meanwhile."""
        earlier = self._earlier(draft)
        if earlier is not None:
            return self._replace(shown, draft, earlier)
        twin = self._catalog.twin(_as_read(draft).text, self._collection)
        if twin is None:
            return self._write(shown, draft)
        copy = _copy_line(draft, twin)
        if copy is not None and len(twin.also) < MAX_COPIES:
            return self._merge(shown, twin, copy)
        return Refused(shown, Reason(Why.SAME_TEXT, {"title": twin.title, "other": twin.file}))

    def _earlier(self, draft: Draft) -> CatalogEntry | None:
        if draft.url is not None:
            return self._catalog.at(draft.url, self._collection)
        if draft.origin is not None:
            return self._catalog.made_from(draft.origin, draft.title or "", draft.text, self._collection)
        return None

    def _replace(self, shown: str, draft: Draft, earlier: CatalogEntry) -> Outcome:
        path = self._sources / earlier.file
        raw = path.read_bytes()
        before = parse_article(earlier.id, earlier.file, raw, [])
        draft = replace(
            draft,
            # What the new version does not say still holds.
            publisher=draft.publisher or before.publisher,
            author=draft.author or before.author,
            published=draft.published or before.published,
            language=draft.language or before.language,
            also=tuple(dict.fromkeys((*before.also, *draft.also)))[:MAX_COPIES],
        )
        after = _as_read(draft, earlier.id, earlier.file)
        if _facts(after) == _facts(before):
            return Added(shown, earlier.id, earlier.file, before.title, "unchanged")
        self._keep_replaced(earlier.file, raw)
        write_whole(path, markdown_file(draft))
        self._catalog.note(earlier.file)
        return Added(shown, earlier.id, earlier.file, after.title, "replaced")

    def _write(self, shown: str, draft: Draft) -> Outcome:
        raw = markdown_file(draft)
        if len(raw) > MAX_FILE_BYTES:
            raise Unreadable(Why.LONG_TEXT, limit=MAX_FILE_BYTES / 1e6)
        folder = self._sources / self._collection
        folder.mkdir(parents=True, exist_ok=True)
        name = naming.slug(draft.title or "")
        taken = {
            held.id.rpartition("/")[2].casefold() for held in self._catalog if _beside(held, self._collection)
        }
        number = 1
        while True:
            id = naming.numbered(name, number)
            number += 1
            if id.casefold() not in taken and write_new(folder / f"{id}.md", raw):
                break
        file = f"{self._collection}/{id}.md" if self._collection else f"{id}.md"
        like = self._catalog.sibling(draft.title or "", draft.url, draft.origin, self._collection)
        self._catalog.note(file)
        sibling = like.id if like else None
        return Added(shown, file.removesuffix(".md"), file, draft.title or "", "added", sibling=sibling)

    def _merge(self, shown: str, kept: CatalogEntry, copy: str) -> Outcome:
        if copy not in kept.also:
            path = self._sources / kept.file
            raw = with_copies(kept.file, path.read_bytes(), (*kept.also, copy))
            parse_article(kept.id, kept.file, raw)  # what was written by hand may not bear another field
            write_whole(path, raw)
            self._catalog.note(kept.file)
        return Merged(shown, kept.id, kept.file, kept.title, copy)

    def _keep_replaced(self, file: str, raw: bytes) -> None:
        """Keep the file about to be replaced: a person may have corrected it."""
        path = self._data / REPLACED / file
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, raw)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with alone(self._data) as turn:
            if turn.number != self._turn:
                _sweep(self._sources)
                self._catalog.refresh()
            yield
            self._turn = turn.next()


@dataclass
class Turn:
    """Whose changes come after whose: the number grows with every change to the folder."""

    number: int
    descriptor: int

    def next(self) -> int:
        """Tell the others that the folder has changed, and return the new number."""
        os.pwrite(self.descriptor, str(self.number + 1).encode(), 0)
        return self.number + 1


@contextmanager
def alone(data: Path, seconds: float = LOCK_SECONDS) -> Iterator[Turn]:
    """Hold the lock of the sources folder, which ends with its process."""
    with exclusive(data / LOCK_FILE, seconds, _busy) as descriptor:
        written = os.pread(descriptor, 32, 0)
        yield Turn(int(written) if written.isdigit() else 0, descriptor)


def _busy(_: str) -> FootnoteError:
    return FootnoteError("Somebody else has been adding or removing articles for a while. Try again later.")


def _as_read(draft: Draft, id: str = "draft", file: str = "draft.md") -> Article:
    """Return the article as the index will read it; raise `ArticleError` if it could not."""
    return parse_article(id, file, markdown_file(draft))


def _facts(article: Article) -> tuple[object, ...]:
    return (
        article.text.strip(),
        article.title,
        article.publisher,
        article.author,
        article.published,
        article.language,
        article.url,
        article.also,
    )


def _copy_line(draft: Draft, kept: CatalogEntry) -> str | None:
    """Return the name of the other publisher, to stand beside the article; None if there is none."""
    if draft.url is not None and kept.url is not None and plain_url(draft.url) == plain_url(kept.url):
        return None
    if draft.url is not None:
        return f"{draft.publisher or urlsplit(draft.url).hostname}, {draft.url}"
    return draft.publisher


def _cited(url: str | None) -> str | None:
    clean = clean_url(url)
    return cited_url(clean) if clean else None


def _beside(held: CatalogEntry, collection: str) -> bool:
    return held.file.rpartition("/")[0] == collection


def _sweep(sources: Path) -> None:
    """Delete what a program that was killed left aside; the lock says that nobody is writing."""
    for place, folders, files in os.walk(sources):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if ASIDE.fullmatch(name):
                with contextlib.suppress(OSError):
                    (Path(place) / name).unlink()


def _silent(step: Step, source: str) -> None:
    pass
