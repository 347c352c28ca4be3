"""What is given to be added: files of a disk or a chat, fetched pages, and what a person says of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from index.article import parse_article
from index.front_matter import ArticleError
from index.ingest.catalog import cited_url
from index.ingest.document import MAX_TITLE_CHARS, MAX_URL_CHARS, Draft, clean_line, markdown_file
from index.ingest.fetch import MAX_BYTES, Fetched
from index.ingest.formats import SUFFIXES
from index.ingest.outcomes import Refused
from index.reasons import Reason, Why
from index.types import FootnoteError


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was given: from a disk, or dropped into a chat."""

    name: str
    """Its file name, which says its kind; folders in front of it are ignored."""
    raw: bytes
    content_type: str | None = None
    """As a server or a chat declared it, if one did."""
    charset: str | None = None
    url: str | None = None
    """The web address that it was fetched from, if it was."""

    @property
    def shown(self) -> str:
        """Its address, or its file name without folders."""
        return self.url or PurePosixPath(self.name.replace("\\", "/")).name


@dataclass(frozen=True, slots=True)
class Overrides:
    """Data of an article that a person gives, and that win over the document's own."""

    title: str | None = None
    publisher: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
    url: str | None = None

    def check(self) -> None:
        """Raise `FootnoteError` that names the value that cannot be used."""
        given = {
            "title": self.title,
            "published": self.published,
            "language": self.language,
            "url": self.url,
        }
        for name, value in given.items():
            if value is not None:
                draft = Draft(text="Text.", extra=((name, clean_line(value, MAX_TITLE_CHARS * 10) or ""),))
                try:
                    parse_article("override", f"The {name}", markdown_file(draft))
                except ArticleError as error:
                    reason = replace(error.reason, values={**error.reason.values, "place": ""})
                    raise FootnoteError(f"What was given for the article {reason}") from error

    def applied(self, draft: Draft) -> Draft:
        """Return the draft, with what was given in place of what was read."""
        return replace(
            draft,
            title=clean_line(self.title) or draft.title,
            publisher=clean_line(self.publisher) or draft.publisher,
            author=clean_line(self.author) or draft.author,
            published=clean_line(self.published) or draft.published,
            language=clean_line(self.language) or draft.language,
            url=clean_line(self.url, MAX_URL_CHARS) or draft.url,
        )


NOTHING = Overrides()


def document_of(fetched: Fetched) -> Document:
    """Return a fetched page as a document."""
    url = cited_url(fetched.url)
    return Document(_name_in(fetched.url), fetched.raw, fetched.content_type, fetched.charset, url)


def documents(folder: Path, leave_out: Sequence[Path] = ()) -> tuple[list[Path], list[Refused], int]:
    """Return the files below a folder that can be read, those that must not be, and how many were ignored.

    Hidden files are left out, as are the folders of `leave_out`; links are not followed.
    """
    root = folder.resolve()
    outside = {path.resolve() for path in leave_out}
    found: list[Path] = []
    refused: list[Refused] = []
    ignored = 0
    for place, folders, files in os.walk(root):
        here = Path(place)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and (here / name).resolve() not in outside
        )
        for name in sorted(files):
            path = here / name
            if name.startswith("."):
                continue
            if path.suffix.lower() not in SUFFIXES:
                ignored += 1
            elif path.is_symlink():
                refused.append(Refused(path.relative_to(root).as_posix(), Reason(Why.LINK)))
            else:
                found.append(path)
        for name in [name for name in folders if (here / name).is_symlink()]:
            folder_name = (here / name).relative_to(root).as_posix()
            refused.append(Refused(folder_name, Reason(Why.LINKED_FOLDER_ADDED)))
    return found, refused, ignored


def read_document(path: Path) -> Document | Refused:
    """Return a file of the disk as a document."""
    shown = clean_line(path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), 200) or "file"
    try:
        state = path.stat()
        # Opening a named pipe would wait for ever.
        if not stat.S_ISREG(state.st_mode):
            return Refused(shown, Reason(Why.NO_FILE_ADDED))
        if state.st_size > MAX_BYTES:
            return Refused(shown, Reason(Why.DOCUMENT_TOO_LARGE, {"limit": MAX_BYTES / 1e6}))
        return Document(shown, path.read_bytes())
    except (OSError, RuntimeError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        return Refused(shown, Reason(Why.CLOSED_DOCUMENT, {"problem": problem}))


def _name_in(url: str) -> str:
    """Return the last part of an address's path, as a file would be called."""
    return PurePosixPath(unquote(urlsplit(url).path)).name or urlsplit(url).hostname or "page"
