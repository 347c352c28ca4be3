"""The documents that the sources folder holds, by address, by file of origin and by text.

Reading all articles for each one that is added would take longer than adding it, so what is needed
of them is remembered in `DATA/holdings.json`, for as long as a file's size and time stay the same.
That file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from index.article import front_matter, parse_article
from index.files import write_whole
from index.folder import MAX_FILE_BYTES, source_files
from index.front_matter import ArticleError
from index.types import collection_of

FORMAT = 2
FILE = "holdings.json"
# What newsletters and networks append to an address to see who came from them.
_TRACKING = re.compile(r"(?i)utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|ref_src|cmpid|ncid|ocid")
# Two files of the same name and of different titles are the same document, changed, if they share so many
# of their runs of three words; forms that "report.pdf" of each department fills in share less.
SAME_DOCUMENT_SHARE = 0.6
_RUN_WORDS = 3
# Scripts without spaces count character by character.
_WORD = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|\\w+")
# What another version of a document has another of in its name: a year or day, a version's number, the
# number that a browser gives to a second download; and what stands between the words.
_VERSION = re.compile(
    r"(?<!\d)(?:19|20)\d{2}(?:[-_./]?\d{2}){0,2}(?!\d)|"
    r"(?<![^\W_])(?:v|ver|version|rev)[ ._-]?\d+(?:\.\d+)*|\(\d+\)|[\W_]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One file of the sources folder."""

    id: str
    file: str
    size: int
    changed: int
    """Its modification time in nanoseconds."""
    title: str
    url: str | None
    origin: str | None
    """The name of the file that it was made from."""
    also: tuple[str, ...]
    fingerprint: str
    """Of its text; empty if the file cannot be read as an article."""


_VALUES = attrgetter(*(field.name for field in fields(CatalogEntry)))


class Catalog:
    """The sources folder as it was when it was last looked at."""

    def __init__(self, sources: Path, data: Path) -> None:
        self._sources = sources
        self._cache = data / FILE
        self._held: dict[str, CatalogEntry] = {}
        self._loaded = self._unsaved = False

    def __iter__(self) -> Iterator[CatalogEntry]:
        return iter(self._held.values())

    def refresh(self) -> None:
        """Look at the folder, and read what is new or changed."""
        known = self._held if self._loaded else _remembered(self._cache)
        self._loaded = True
        found: dict[str, CatalogEntry] = {}
        for file, state in sorted(source_files(self._sources)) if self._sources.is_dir() else ():
            before = known.get(file)
            if before is not None and (before.size, before.changed) == (state.st_size, state.st_mtime_ns):
                found[file] = before
            elif state.st_size <= MAX_FILE_BYTES:
                found[file] = _read(self._sources / file, file, state)
                self._unsaved = True
        self._unsaved |= found.keys() != known.keys()
        self._held = found

    def at(self, url: str, collection: str) -> CatalogEntry | None:
        """Return the article of a web address, however the address is written."""
        wanted = plain_url(url)
        return self._first(collection, lambda held: held.url is not None and plain_url(held.url) == wanted)

    def made_from(self, origin: str, title: str, text: str, collection: str) -> CatalogEntry | None:
        """Return the article that an earlier version of the same file became."""

        def same(held: CatalogEntry) -> bool:
            if held.origin != origin:
                return False
            return held.title == title or _share(self._text(held), text) >= SAME_DOCUMENT_SHARE

        return self._first(collection, same)

    def twin(self, text: str, collection: str) -> CatalogEntry | None:
        """Return the article with the same text, white space aside."""
        wanted = _fingerprint(text)
        return self._first(collection, lambda held: held.fingerprint == wanted)

    def sibling(
        self, title: str, url: str | None, origin: str | None, collection: str
    ) -> CatalogEntry | None:
        """Return the last article with the same title, address or file name, numbers of versions aside."""
        wanted = _versionless(title, url, origin)
        found = [
            held
            for held in self
            if collection_of(held.file) == collection
            and wanted & _versionless(held.title, held.url, held.origin)
        ]
        return max(found, key=lambda held: (held.title, held.file), default=None)

    def note(self, file: str) -> None:
        """Take in a file that was just written."""
        path = self._sources / file
        self._held[file] = _read(path, file, path.stat())
        self._unsaved = True

    def forget(self, file: str) -> None:
        """Drop a file that was just deleted."""
        del self._held[file]
        self._unsaved = True

    def save(self) -> None:
        """Remember it for the next time."""
        if not self._unsaved:
            return
        self._unsaved = False
        raw = {"format": FORMAT, "held": [_VALUES(held) for held in self._held.values()]}
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._cache, json.dumps(raw, ensure_ascii=False).encode())

    def _first(self, collection: str, wanted: Any) -> CatalogEntry | None:
        return next((held for held in self if collection_of(held.file) == collection and wanted(held)), None)

    def _text(self, held: CatalogEntry) -> str:
        try:
            raw = (self._sources / held.file).read_bytes()
            return parse_article(held.id, held.file, raw, []).text
        except (OSError, ArticleError):
            return ""


@lru_cache(maxsize=100_000)
def plain_url(url: str) -> str:
    """Return an address without what does not tell two pages apart: scheme, `www.`, tracking, fragment."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return url
    return f"{host}{port}{parts.path.rstrip('/')}?{_untracked(parts.query)}".rstrip("?")


def cited_url(url: str) -> str:
    """Return an address as it is cited: without tracking and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, _untracked(parts.query), ""))


def _untracked(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not _TRACKING.fullmatch(name)]
    # Written anew only if something is removed: "?a=%20" and "?a=+" are not the same to every server.
    return urlencode(kept) if len(kept) < len(pairs) else query


def _read(path: Path, file: str, state: os.stat_result) -> CatalogEntry:
    id = file[: len(file) - len(path.suffix)]
    empty = CatalogEntry(id, file, state.st_size, state.st_mtime_ns, "", None, None, (), "")
    try:
        raw = path.read_bytes()
        article = parse_article(id, file, raw, [])
        origin = front_matter(file, raw.decode("utf-8-sig"), [])[0].get("origin")
    except (OSError, ArticleError):
        return empty
    return replace(
        empty,
        title=article.title,
        url=article.url,
        origin=origin if isinstance(origin, str) else None,
        also=article.also,
        fingerprint=_fingerprint(article.text),
    )


def _fingerprint(text: str) -> str:
    """Make the same of texts that differ in nothing but white space and blank lines."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return set(zip(*(words[n:] for n in range(_RUN_WORDS)), strict=False))


def _share(first: str, second: str) -> float:
    """Return how many of the shorter text's runs of words are in the longer one: 0 to 1."""
    one, two = _runs(first), _runs(second)
    return len(one & two) / min(len(one), len(two)) if one and two else 0.0


def _versionless(title: str, url: str | None, origin: str | None) -> set[tuple[str, str]]:
    """Return a document's names without the numbers that another version of it has another of."""
    names = {"title": title, "url": plain_url(url) if url else "", "origin": origin or ""}
    return {
        (kind, plain)
        for kind, name in names.items()
        if (plain := " ".join(_VERSION.sub(" ", name).casefold().split()))
    }


def _remembered(path: Path) -> Mapping[str, CatalogEntry]:
    """Return the saved catalog; an empty one if it is missing, damaged, or of another version."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        if raw["format"] != FORMAT:
            return {}
        held = {}
        for values in raw["held"]:
            entry = CatalogEntry(*values)
            held[entry.file] = replace(entry, also=tuple(entry.also))
        return held
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
