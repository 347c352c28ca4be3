"""What a feed or sitemap brings: new, changed and gone pages, asked for politely."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.ingest.add import IntakeOptions
from index.ingest.document import Unreadable
from index.ingest.follow import Follower, Pace, Round, followed, read_feed, stop_following
from index.ingest.outcomes import Added, Refused
from index.types import FootnoteError
from tests.fakes.web import FakeWeb
from tests.index.ingest.test_add import NoSandbox

SITE = "http://lake.example"
MAP = f"{SITE}/sitemap.xml"
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    fake = FakeWeb()
    yield fake
    fake.close()


class Bench:
    """A sources folder, a web, and a clock that sleeping moves on."""

    def __init__(self, folder: Path, web: FakeWeb) -> None:
        self.sources, self.data, self.web = folder / "sources", folder / "data", web
        self.sources.mkdir()
        self.now, self.slept = 0.0, [0.0]

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def follower(self) -> Follower:
        options = IntakeOptions(network=self.web.network, sandbox=NoSandbox())
        return Follower(self.sources, self.data, options, pace=Pace(self.sleep, lambda: self.now))

    def follow(self, url: str = MAP, collection: str | None = None) -> Round:
        return self.follower().follow(url, collection)

    def page(self, name: str, words: str, **reply: object) -> str:
        text = (
            f"{words} The ferry company on the lake runs two more boats, and one ticket is four francs. " * 3
        )
        body = f"<html><head><title>{name}</title></head><body><article><p>{text}</p></article></body></html>"
        return self.web.put(f"{SITE}/{name}", body, **reply)

    def sitemap(self, *pages: tuple[str, str]) -> None:
        urls = "".join(
            f"<url><loc>{SITE}/{name}</loc><lastmod>{when}</lastmod></url>" for name, when in pages
        )
        self.web.put(MAP, f"<urlset {NAMESPACE}>{urls}</urlset>", content_type="application/xml")

    def asked(self) -> list[str]:
        paths = [place.removeprefix("lake.example") for place, _ in self.web.asked]
        self.web.asked.clear()
        return paths


@pytest.fixture
def bench(tmp_path: Path, web: FakeWeb) -> Bench:
    return Bench(tmp_path, web)


def changes(round: Round) -> list[tuple[str, str]]:
    return [(one.id, one.change) for one in round.outcomes if isinstance(one, Added)]


def test_new_pages_are_added_and_changed_ones_replaced_and_the_others_not_asked_for(bench: Bench) -> None:
    bench.page("bread", "Bread is here.")
    bench.page("water", "Water is here.")
    bench.sitemap(("bread", "2024-01-01"), ("water", "2024-01-01"))
    assert changes(bench.follow()) == [("bread", "added"), ("water", "added")]
    bench.asked()

    bench.page("water", "Wine is here.")
    bench.page("salt", "Salt is here.")
    bench.sitemap(("bread", "2024-01-01"), ("water", "2024-02-01"), ("salt", "2024-02-01"))
    (again,) = bench.follower().look_at_all()

    assert changes(again) == [("water", "replaced"), ("salt", "added")]
    assert again.unchanged == 1
    assert bench.asked() == ["/robots.txt", "/sitemap.xml", "/water", "/salt"]
    assert "Wine is here" in (bench.sources / "water.md").read_text("utf-8")


def test_what_is_gone_is_reported_once_and_stays(bench: Bench) -> None:
    bench.page("bread", "Bread is here.")
    bench.page("water", "Water is here.")
    bench.sitemap(("bread", "1"), ("water", "1"))
    bench.follow()

    bench.sitemap(("bread", "1"))
    rounds = [bench.follow(), bench.follow()]

    assert [[page.id for page in one.gone] for one in rounds] == [["water"], []]
    assert (bench.sources / "water.md").exists()


def test_a_page_that_answers_that_it_does_not_exist_is_gone_also_from_a_feed(bench: Bench) -> None:
    bench.page("bread", "Bread is here.")
    feed = f"<rss version='2.0'><channel><item><link>{SITE}/bread</link></item></channel></rss>"
    bench.web.put(MAP, feed, content_type="application/rss+xml")
    bench.follow()
    bench.web.put(f"{SITE}/bread", "", status=410)

    assert [page.id for page in bench.follow().gone] == ["bread"]


def test_what_leaves_a_feed_of_the_latest_is_not_gone(bench: Bench) -> None:
    bench.page("bread", "Bread is here.")
    bench.page("water", "Water is here.")
    for name in ("bread", "water"):
        feed = f"<rss><channel><item><link>/{name}</link></item></channel></rss>"
        bench.web.put(MAP, feed, content_type="text/xml")
        last = bench.follow()

    assert (changes(last), last.gone) == ([("water", "added")], ())


def test_servers_are_told_the_version_that_is_known(bench: Bench) -> None:
    bench.page("bread", "Bread is here.", headers={"ETag": '"b1"'})
    feed = f"<rss><channel><item><link>{SITE}/bread</link></item></channel></rss>"
    bench.web.put(MAP, feed, content_type="text/xml", headers={"ETag": '"f1"'})
    bench.follow()
    bench.web.asked.clear()

    again = bench.follow()

    known = [headers.get("If-None-Match") for place, headers in bench.web.asked if "robots" not in place]
    assert known == ['"f1"', '"b1"']
    assert (again.outcomes, again.unchanged, again.gone) == ((), 1, ())


def test_a_host_is_asked_once_a_second(bench: Bench) -> None:
    for name in ("bread", "water"):
        bench.page(name, f"{name} is here.")
    bench.sitemap(("bread", "1"), ("water", "1"))

    bench.follow()

    assert len(bench.asked()) == 4
    assert sum(bench.slept) == pytest.approx(3.0)


def test_what_robots_txt_closes_is_not_asked_for(bench: Bench) -> None:
    bench.web.put(f"{SITE}/robots.txt", "User-agent: *\nDisallow: /secret", content_type="text/plain")
    bench.page("bread", "Bread is here.")
    bench.page("secret", "Nobody reads it.")
    bench.sitemap(("bread", "1"), ("secret", "1"))

    found = bench.follow()

    assert changes(found) == [("bread", "added")]
    assert [str(one.reason) for one in found.outcomes if isinstance(one, Refused)] == [
        "is closed to programs by the robots.txt of its host, which is respected."
    ]
    assert "/secret" not in bench.asked()


@pytest.mark.parametrize(("status", "read"), [(404, True), (403, False), (503, False)])
def test_a_robots_txt_that_cannot_be_read_closes_the_host_unless_there_is_none(
    bench: Bench, status: int, read: bool
) -> None:
    bench.web.put(f"{SITE}/robots.txt", "", status=status)
    bench.page("bread", "Bread is here.")
    bench.sitemap(("bread", "1"))

    assert (bench.follow().problem is None) is read


def test_private_addresses_are_not_asked(bench: Bench) -> None:
    bench.web.hosts["inside.example"] = [["10.0.0.1"]]
    feed = "<rss><channel><item><link>http://inside.example/admin</link></item></channel></rss>"
    bench.web.put(MAP, feed, content_type="text/xml")

    (outcome,) = bench.follow().outcomes

    assert isinstance(outcome, Refused)
    assert "leads to a private address" in str(outcome.reason)


def test_a_page_that_could_not_be_read_is_tried_again(bench: Bench) -> None:
    bench.web.put(f"{SITE}/bread", "", status=503)
    bench.sitemap(("bread", "1"))
    assert changes(bench.follow()) == []

    bench.page("bread", "Bread is here.")

    assert changes(bench.follow()) == [("bread", "added")]


def test_what_is_followed_is_kept_and_can_be_stopped(bench: Bench) -> None:
    bench.page("bread", "Bread is here.")
    bench.sitemap(("bread", "1"))
    bench.follow(collection="news")

    (feed,) = followed(bench.data)
    assert (feed.url, feed.collection, [page.id for page in feed.pages]) == (MAP, "news", ["news/bread"])
    stop_following(bench.data, MAP)
    assert followed(bench.data) == ()
    with pytest.raises(FootnoteError, match="is not followed"):
        stop_following(bench.data, MAP)


def test_what_is_no_feed_is_not_followed(bench: Bench) -> None:
    bench.page("bread", "Bread is here.")

    found = bench.follow(f"{SITE}/bread")

    assert "is no RSS or Atom feed and no sitemap" in str(found.problem)
    assert followed(bench.data) == ()


def test_a_damaged_list_is_told_with_its_remedy(bench: Bench) -> None:
    bench.data.mkdir()
    (bench.data / "following.json").write_text("{", "utf-8")

    with pytest.raises(FootnoteError, match="Delete it, and follow anew"):
        followed(bench.data)


def test_an_index_of_sitemaps_is_followed_into_them(bench: Bench) -> None:
    bench.page("bread", "Bread is here.")
    inner = f"<urlset {NAMESPACE}><url><loc>{SITE}/bread</loc></url></urlset>"
    bench.web.put(f"{SITE}/1.xml.gz", gzip.compress(inner.encode()), content_type="application/x-gzip")
    index = f"<sitemapindex {NAMESPACE}><sitemap><loc>{SITE}/1.xml.gz</loc></sitemap></sitemapindex>"
    bench.web.put(MAP, index, content_type="application/xml")

    assert changes(bench.follow()) == [("bread", "added")]


@pytest.mark.parametrize(
    ("raw", "pages"),
    [
        (
            "<feed xmlns='http://www.w3.org/2005/Atom'><link href='/self'/><entry>"
            "<link rel='self' href='/x'/><link href='/a'/><updated>2024-05-01</updated></entry></feed>",
            [("http://a.example/a", "2024-05-01")],
        ),
        (
            "<rss xmlns:m='http://m'><channel><link>http://a.example/</link><item><m:link>/no</m:link>"
            "<guid>http://a.example/b#top</guid><pubDate>Wed, 01 May 2024</pubDate></item></channel></rss>",
            [("http://a.example/b", "Wed, 01 May 2024")],
        ),
        (
            "<rdf:RDF xmlns:rdf='http://r' xmlns='http://purl.org/rss/1.0/'><item><link>/c</link></item></rdf:RDF>",
            [("http://a.example/c", "")],
        ),
        (
            f"<urlset {NAMESPACE} xmlns:i='http://i'><url><i:image><i:loc>/p.jpg</i:loc></i:image>"
            "<loc>javascript:x</loc></url></urlset>",
            [],
        ),
    ],
    ids=["Atom", "RSS 2", "RSS 1", "an image and no address"],
)
def test_each_kind_of_feed_gives_its_pages(raw: str, pages: list[tuple[str, str]]) -> None:
    found = read_feed(raw.encode(), "http://a.example/feed")

    assert [(page.url, page.changed) for page in found.pages] == pages


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><rss>&b;</rss>', "declares a document type"),
        (b'<!DOCTYPE r SYSTEM "file:///etc/hostname"><rss/>', "declares a document type"),
        (b"<rss>" + b"<a>" * 100, "nests its parts too deeply"),
        (gzip.compress(b"<rss>" + b" " * 20_000_000), "unpacks to more than 10 MB"),
        (b"\x1f\x8bnonsense", "could not be unpacked"),
        (b"<rss><channel><item>", "is a damaged feed"),
        (b"<html><body>", "is no RSS or Atom feed"),
        (b"words", "is no RSS or Atom feed"),
        (b"", "is no RSS or Atom feed"),
    ],
)
def test_bombs_and_other_documents_are_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_feed(raw, "http://a.example/feed")


FEED = (
    f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><item><link>{SITE}/a?b=1</link>"
    "<guid isPermaLink='false'>x</guid><pubDate>01 May 2024</pubDate></item></channel></rss>"
).encode()


@given(st.lists(st.tuples(st.integers(0, len(FEED) - 1), st.binary(max_size=6)), max_size=6))
def test_a_broken_feed_is_read_or_refused(changes: list[tuple[int, bytes]]) -> None:
    raw = bytearray(FEED)
    for place, piece in changes:
        raw[place : place + len(piece)] = piece
    try:
        found = read_feed(bytes(raw), MAP)
    except Unreadable as error:
        assert str(error).endswith(".")
    else:
        assert all(page.url.startswith(("http://", "https://")) for page in found.pages)
