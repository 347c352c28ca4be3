"""Feeds and sitemaps -> the articles that they list, added as they come and again when they change.

The followed addresses, and the version of each page taken in, are kept in `DATA/following.json`.  Nothing
is deleted: what is gone is reported.  A host is asked once a second at most, never for what its robots.txt
keeps from programs, and with the version that is known, so that it need not send what has not changed.
"""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser
from xml.parsers import expat

from index.files import write_whole
from index.ingest.add import DEFAULTS, Intake, IntakeOptions, alone
from index.ingest.catalog import plain_url
from index.ingest.document import Unreadable, clean_line, clean_url
from index.ingest.fetch import BadStatus, Fetched, NotModified, Version, Wanted, fetch
from index.ingest.given import document_of
from index.ingest.outcomes import Added, Merged, Outcome, Refused
from index.reasons import Reason, Why
from index.types import FootnoteError

FILE = "following.json"
FORMAT = 1
ROBOT = "Footnote"
MAX_ENTRIES = 1000
"""Of one feed or sitemap, the latest first: at one a second, the first round takes a quarter of an hour."""
MAX_SITEMAPS = 20
MAX_FEED_BYTES = 10_000_000
SECONDS_BETWEEN = 1.0
# The longest delay that a robots.txt may ask for; a longer one is cut to this.
_MAX_SECONDS_BETWEEN = 30.0
_MAX_DEPTH = 50
_MAX_VALUE_CHARS = 4000
_TYPES = frozenset(
    "application/rss+xml application/atom+xml application/rdf+xml application/xml text/xml application/gzip "
    "application/x-gzip application/octet-stream text/plain text/html".split()
) | {""}
_FEED = Wanted(MAX_FEED_BYTES, _TYPES)
_ROBOTS = Wanted(500_000, _TYPES)
_ATOM = "http://www.w3.org/2005/Atom"
_ITEMS = frozenset({"item", "entry", "url", "sitemap"})
_ROOTS = frozenset({"rss", "RDF", "feed", "urlset", "sitemapindex"})


@dataclass(frozen=True, slots=True)
class Listed:
    """One page that a feed or sitemap names."""

    url: str
    changed: str = ""
    """When, in its own words; empty if it does not say."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The entries of a feed or sitemap."""

    complete: bool
    """Whether it lists all that there is, as a sitemap does; a feed lists the latest."""
    pages: tuple[Listed, ...] = ()
    sitemaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """A page as it was when it was last taken in, or tried."""

    url: str
    changed: str = ""
    etag: str = ""
    modified: str = ""
    id: str = ""
    """Of its article; empty for a page that was refused."""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """One feed or sitemap that is followed."""

    url: str
    collection: str = ""
    checked: str = ""
    """When, as an ISO time; empty for never."""
    complete: bool = False
    etag: str = ""
    modified: str = ""
    pages: tuple[Taken, ...] = ()


@dataclass(frozen=True, slots=True)
class Round:
    """The result of one look at a feed or sitemap."""

    url: str
    collection: str
    outcomes: tuple[Outcome, ...] = ()
    """Of the pages that were new, changed or refused."""
    unchanged: int = 0
    gone: tuple[Taken, ...] = ()
    """Pages that are not there any more, and whose articles are."""
    left_out: int = 0
    """Pages beyond the first `MAX_ENTRIES`."""
    problem: Reason | None = None
    """Why the feed itself could not be read."""

    @property
    def changed(self) -> bool:
        """Whether the index has to be brought up to date."""
        kept = [one for one in self.outcomes if not isinstance(one, Refused)]
        return any(isinstance(one, Merged) or one.change != "unchanged" for one in kept)


def followed(data: Path) -> tuple[Followed, ...]:
    """Return the followed feeds, oldest first; raise `FootnoteError` for a damaged list."""
    path = data / FILE
    try:
        raw = json.loads(path.read_text("utf-8"))
        if raw["format"] != FORMAT:
            raise ValueError("another format")
        return tuple(
            Followed(**{**one, "pages": tuple(Taken(**page) for page in one["pages"])})
            for one in raw["followed"]
        )
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FootnoteError(
            f"{path}, which says what is followed, cannot be read ({error}). Delete it, and follow anew."
        ) from error


def stop_following(data: Path, url: str) -> None:
    """Follow it no more; its articles stay.  Raise `FootnoteError` if it is not followed."""
    with alone(data):
        before = followed(data)
        kept = [one for one in before if plain_url(one.url) != plain_url(url)]
        if len(kept) == len(before):
            raise FootnoteError(f"{url} is not followed. `footnote list` shows what is.")
        _save(data, kept)


@dataclass
class Pace:
    """Waits, so that no host is asked more often than once a second."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    next: dict[str, float] = field(default_factory=dict)
    """Host -> when it may be asked again."""

    def wait(self, url: str, asked_for: float = 0.0) -> None:
        """Sleep until the host of `url` may be asked; it asked for so many seconds between requests."""
        host = urlsplit(url).hostname or ""
        now = self.clock()
        left = self.next.get(host, now) - now
        if left > 0:
            self.sleep(left)
        between = max(SECONDS_BETWEEN, min(asked_for, _MAX_SECONDS_BETWEEN))
        self.next[host] = max(now, self.next.get(host, now)) + between


class Follower:
    """Looks at feeds and sitemaps and takes in what they list.  One thread at a time."""

    def __init__(
        self,
        sources: Path,
        data: Path,
        options: IntakeOptions = DEFAULTS,
        on_page: Callable[[str, int, int], None] | None = None,
        pace: Pace | None = None,
    ) -> None:
        """`on_page` is told which page comes, its number and how many there are."""
        self._sources = sources
        self._data = data
        self._options = options
        self._on_page = on_page or (lambda url, number, count: None)
        self._pace = pace or Pace()
        self._robots: dict[str, RobotFileParser] = {}

    def follow(self, url: str, collection: str | None = None) -> Round:
        """Follow a feed or sitemap from now on, and take in what it lists.

        One that is followed already is looked at again, and keeps its collection if none is given.  Nothing
        is remembered of one that cannot be read.
        """
        known = next((one for one in followed(self._data) if plain_url(one.url) == plain_url(url)), None)
        start = known or Followed(clean_url(url) or url, collection or "")
        if collection is not None and known is not None:
            start = replace(known, collection=collection)
        return self._look(start)

    def look_at_all(self) -> Iterator[Round]:
        """Look at all that is followed, one after the other."""
        for one in followed(self._data):
            yield self._look(one)

    def _look(self, feed: Followed) -> Round:
        try:
            feed, pages, left_out = self._listed(feed)
        except Unreadable as error:
            return Round(feed.url, feed.collection, problem=error.reason)
        known = {plain_url(page.url): page for page in feed.pages}
        outcomes: list[Outcome] = []
        gone: list[Taken] = []
        taken: dict[str, Taken] = {}
        unchanged = 0
        with Intake(self._sources, self._data, feed.collection or None, self._options) as intake:
            for number, page in enumerate(pages, 1):
                self._on_page(page.url, number, len(pages))
                key = plain_url(page.url)
                before = known.get(key)
                now, outcome = self._take(intake, page, before)
                taken[key] = now
                if outcome is not None:
                    outcomes.append(outcome)
                elif now.gone:
                    gone += [now] if before is not None and not before.gone else []
                else:
                    unchanged += 1
        missing = [page for key, page in known.items() if key not in taken]
        if feed.complete and not left_out:
            gone += [page for page in missing if not page.gone and page.id]
            missing = [replace(page, gone=True) for page in missing if page.id]
        kept = [*taken.values(), *missing][: 2 * MAX_ENTRIES]
        checked = datetime.now(UTC).isoformat(timespec="seconds")
        self._remember(replace(feed, checked=checked, pages=tuple(kept)))
        return Round(feed.url, feed.collection, tuple(outcomes), unchanged, tuple(gone), left_out)

    def _listed(self, feed: Followed) -> tuple[Followed, list[Listed], int]:
        """Return the feed as it is now, its latest pages, and how many are left out."""
        try:
            known = Version(feed.etag, feed.modified)
            fetched = self._fetch(feed.url, replace(_FEED, known=known))
        except NotModified:
            return feed, [Listed(page.url, page.changed) for page in feed.pages if not page.gone], 0
        contents = read_feed(fetched.raw, fetched.url)
        pages = list(contents.pages)
        version = fetched.version
        if contents.sitemaps:
            # The index of sitemaps may stay as it is while they change.
            version = Version()
        for sitemap in contents.sitemaps[:MAX_SITEMAPS]:
            inner = self._fetch(sitemap, _FEED)
            pages += read_feed(inner.raw, inner.url).pages
        unique = list({plain_url(page.url): page for page in reversed(pages)}.values())[::-1]
        if len(unique) > MAX_ENTRIES:
            unique.sort(key=lambda page: page.changed, reverse=True)
        left_out = max(0, len(unique) - MAX_ENTRIES) + max(0, len(contents.sitemaps) - MAX_SITEMAPS)
        changed = replace(feed, complete=contents.complete, etag=version.etag, modified=version.modified)
        return changed, unique[:MAX_ENTRIES], left_out

    def _take(self, intake: Intake, page: Listed, before: Taken | None) -> tuple[Taken, Outcome | None]:
        """Take in a page; no outcome if it is as it was, or gone."""
        if before is not None and not before.gone and page.changed == before.changed != "":
            return before, None
        known = Version(before.etag, before.modified) if before is not None else Version()
        try:
            fetched = self._fetch(page.url, Wanted(known=known))
        except NotModified:
            return replace(before or Taken(page.url), changed=page.changed, gone=False), None
        except Unreadable as error:
            missing = isinstance(error, BadStatus) and error.status in (404, 410)
            if before is not None and before.id and missing:
                return replace(before, gone=True), None
            # Tried again the next time, since nothing says that this version was taken in.
            failed = replace(before, changed="") if before is not None else Taken(page.url)
            return failed, Refused(clean_line(page.url, 200) or "page", error.reason)
        outcome, version = intake.add(document_of(fetched)), fetched.version
        if isinstance(outcome, Refused):
            # A page that cannot be an article is tried again when it changes.
            id = before.id if before is not None else ""
            return Taken(page.url, page.changed, version.etag, version.modified, id), outcome
        now = Taken(page.url, page.changed, version.etag, version.modified, outcome.id)
        same = isinstance(outcome, Added) and outcome.change == "unchanged"
        return now, None if same else outcome

    def _fetch(self, url: str, wanted: Wanted) -> Fetched:
        robots = self._robots_of(url)
        if not robots.can_fetch(ROBOT, url):
            raise Unreadable(Why.ROBOTS)
        self._pace.wait(url, float(robots.crawl_delay(ROBOT) or 0))
        return fetch(url, self._options.allow_hosts, self._options.network, wanted)

    def _robots_of(self, url: str) -> RobotFileParser:
        """Return what a host lets programs read: all of it if it says nothing, nothing if it cannot say."""
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.netloc}"
        if place not in self._robots:
            parser = self._robots[place] = RobotFileParser()
            self._pace.wait(url)
            try:
                robots = f"{place}/robots.txt"
                fetched = fetch(robots, self._options.allow_hosts, self._options.network, _ROBOTS)
                parser.parse(fetched.raw.decode("utf-8", "replace").splitlines())
            except BadStatus as error:
                closed = error.status in (401, 403) or error.status >= 500
                parser.parse(["User-agent: *", "Disallow: /" if closed else "Disallow:"])
            except Unreadable as error:
                del self._robots[place]
                raise Unreadable(Why.NO_ROBOTS, reason=error.reason) from error
        return self._robots[place]

    def _remember(self, feed: Followed) -> None:
        with alone(self._data):
            others = list(followed(self._data))
            places = [n for n, one in enumerate(others) if plain_url(one.url) == plain_url(feed.url)]
            if places:
                others[places[0]] = feed
            else:
                others.append(feed)
            _save(self._data, others)


def read_feed(raw: bytes, url: str) -> Contents:
    """Read an RSS or Atom feed or a sitemap, also one packed by gzip; raise `Unreadable` for all else.

    XML that declares a document type is refused, so that no entity is ever expanded.
    """
    if raw.startswith(b"\x1f\x8b"):
        raw = _unpacked(raw)
    reader = _Reader(url)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if reader.root:
            raise Unreadable(Why.DAMAGED_FEED, problem=str(error)) from error
        raise Unreadable(Why.NO_FEED) from error
    return Contents(reader.root in ("urlset", "sitemapindex"), tuple(reader.pages), tuple(reader.sitemaps))


def _unpacked(raw: bytes) -> bytes:
    try:
        unpack = zlib.decompressobj(wbits=31)
        found = unpack.decompress(raw, MAX_FEED_BYTES + 1)
    except zlib.error as error:
        raise Unreadable(Why.CAME_DAMAGED) from error
    if len(found) > MAX_FEED_BYTES:
        raise Unreadable(Why.FEED_TOO_LARGE, limit=MAX_FEED_BYTES / 1e6)
    return found


class _Reader:
    """Gathers the addresses of items as the parser comes to them."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._depth = 0
        self._item = self._item_depth = 0
        self._space = ""
        self._values: dict[str, str] = {}
        self._field = ""
        self.root = ""
        self.pages: list[Listed] = []
        self.sitemaps: list[str] = []

    def doctype(self, *_: object) -> None:
        raise Unreadable(Why.DOCTYPE)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        space, _, name = tag.rpartition(" ")
        if self._depth == 1:
            if name not in _ROOTS:
                raise Unreadable(Why.NO_FEED)
            self.root = name
        if self._depth > _MAX_DEPTH:
            raise Unreadable(Why.DEEP_FEED)
        if not self._item_depth and name in _ITEMS and self._depth > 1:
            self._item_depth, self._space, self._values = self._depth, space, {}
        elif self._item_depth and self._depth == self._item_depth + 1 and space == self._space:
            self._field = name
            href = attributes.get("href")
            if name == "link" and href and attributes.get("rel", "alternate") == "alternate":
                self._values.setdefault("link", urljoin(attributes.get(_BASE, self._url), href))
            if name == "guid" and attributes.get("isPermaLink", "true") != "true":
                self._field = ""

    def characters(self, text: str) -> None:
        value = self._values.get(self._field, "")
        # An Atom link has its address already, and white space within.
        if self._field and len(value) < _MAX_VALUE_CHARS and (self._space, self._field) != (_ATOM, "link"):
            self._values[self._field] = value + text

    def end(self, tag: str) -> None:
        if self._depth == self._item_depth:
            self._item_depth = 0
            self._keep(tag.rpartition(" ")[2])
        self._field = ""
        self._depth -= 1

    def _keep(self, kind: str) -> None:
        values = {name: " ".join(value.split()) for name, value in self._values.items()}
        address = values.get("loc") or values.get("link") or values.get("guid") or ""
        url = clean_url(re.sub("#.*", "", urljoin(self._url, address))) if address else None
        if url is None:
            return
        changed = next((values[name] for name in _WHEN if values.get(name)), "")
        if kind == "sitemap":
            self.sitemaps.append(url)
        else:
            self.pages.append(Listed(url, changed[:100]))


_WHEN = ("updated", "lastmod", "pubDate", "published")
_BASE = "http://www.w3.org/XML/1998/namespace base"


def _save(data: Path, feeds: Sequence[Followed]) -> None:
    raw: dict[str, Any] = {"format": FORMAT, "followed": [asdict(one) for one in feeds]}
    data.mkdir(parents=True, exist_ok=True)
    write_whole(data / FILE, json.dumps(raw, ensure_ascii=False).encode())
