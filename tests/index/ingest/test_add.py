"""What becomes an article, what takes another one's place, what is a copy, and what is refused."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.article import MAX_COPIES, front_matter, parse_article
from index.build import build
from index.folder import read_sources, source_files
from index.front_matter import with_copies
from index.generations import FileStore, load_generation
from index.ingest import naming
from index.ingest.add import Intake, IntakeOptions
from index.ingest.catalog import Catalog, cited_url, plain_url
from index.ingest.document import Draft
from index.ingest.formats import Kind
from index.ingest.given import Document, Overrides, documents, read_document
from index.ingest.list import inventory
from index.ingest.outcomes import Added, Merged, Outcome, Refused
from index.ingest.remove import Removed, forget_removed, remove
from index.ingest.sandbox import Sandbox
from index.reasons import Reason, Why
from index.types import Article, FootnoteError
from tests.fakes.documents import FERRY_PAGE
from tests.fakes.encoder import HashingEncoder
from tests.fakes.web import FakeWeb

WORDS = [
    f"{first}{second}"
    for first in ("ba", "do", "fi", "ku", "me", "no")
    for second in ("la", "mi", "ro", "te", "zu")
]


def story(seed: int, sentences: int = 20) -> str:
    """A text that shares words with every other, and hardly a run of five."""
    dice = random.Random(seed)
    return "\n\n".join(
        f"{' '.join(dice.choices(WORDS, k=12)).capitalize()} in {dice.randrange(1000, 9999)}."
        for _ in range(sentences)
    )


class NoSandbox(Sandbox):
    """Reads in this process, which saves its start in each test."""

    def read(
        self, kind: Kind, raw: bytes, name: str, charset: str | None = None, url: str | None = None
    ) -> Draft:
        from index.ingest.sandbox_child import _read

        return _read({"kind": kind, "name": name, "charset": charset, "url": url}, raw)


IN_THIS_PROCESS = IntakeOptions(sandbox=NoSandbox())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "articles"


@pytest.fixture
def intake(folder: Path, data: Path) -> Iterator[Intake]:
    with Intake(folder, data, options=IN_THIS_PROCESS) as one:
        yield one


def text(name: str, body: str, title: str | None = None) -> Document:
    return Document(name, (f"{title}\n\n{body}" if title else body).encode())


def markdown(name: str, body: str, **fields: str) -> Document:
    front = "".join(f"{field}: {json.dumps(value)}\n" for field, value in fields.items())
    return Document(name, f"---\n{front}---\n{body}\n".encode())


def articles(folder: Path) -> dict[str, Article]:
    return {article.id: article for article in read_sources(folder).articles}


class TestAdding:
    def test_a_document_becomes_a_file_that_people_can_read(self, intake: Intake, folder: Path) -> None:
        body = "Boats sail in the morning.\n\nThey return at night."

        outcome = intake.add(text("boats.txt", body, "Über Äpfel & Boote"))

        assert outcome == Added(
            "boats.txt", "über-äpfel-boote", "über-äpfel-boote.md", "Über Äpfel & Boote", "added"
        )
        assert (folder / "über-äpfel-boote.md").read_text("utf-8") == (
            f'---\ntitle: "Über Äpfel & Boote"\norigin: "boats.txt"\n---\n{body}\n'
        )

    def test_a_page_is_fetched_and_cited_without_tracking(self, folder: Path, data: Path) -> None:
        web = FakeWeb()
        web.put("http://lake.example/ferry?id=7&utm_source=mail", FERRY_PAGE)
        steps: list[tuple[str, str]] = []
        url = "http://lake.example/ferry?id=7&utm_source=mail"

        options = IntakeOptions(network=web.network)
        with Intake(folder, data, None, options, lambda *step: steps.append(step)) as intake:
            outcome = intake.add(url)
        web.close()

        name, title = "ferry-line-adds-two-boats", "Ferry line adds two boats"
        assert isinstance(outcome, Added)
        assert replace(outcome, left_out=()) == Added(url, name, f"{name}.md", title, "added")
        assert outcome.left_out[0].words[0] == "Sign up for our newsletter and never miss a boat again!"
        assert steps == [("Fetching", url), ("Reading", url), ("Comparing", url)]
        article = articles(folder)["ferry-line-adds-two-boats"]
        assert (article.url, article.publisher) == ("http://lake.example/ferry?id=7", "Lake Times")

    def test_what_a_person_says_stands_above_what_the_document_says(
        self, intake: Intake, folder: Path
    ) -> None:
        given = Overrides("My title", "My paper", "Me", "2024-05", "en", "https://example.org/x?fbclid=1")

        intake.add(markdown("a.md", story(1), title="Other", publisher="Other"), given)

        article = articles(folder)["my-title"]
        assert (article.title, article.publisher, article.author) == ("My title", "My paper", "Me")
        assert (article.published, article.language, article.url) == (
            "2024-05",
            "en",
            "https://example.org/x",
        )

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (
                Overrides(published="May"),
                "What was given for the article gives a date that cannot be read: 'May'",
            ),
            (Overrides(language="Klingonese"), "gives a language that is not a language code: 'Klingonese'"),
            (Overrides(url="example.org"), "gives a url that is not a web address: 'example.org'"),
            (Overrides(title="x" * 301), "has a title of 301 characters. Write at most 300"),
        ],
    )
    def test_a_value_that_cannot_be_used_is_named(self, given: Overrides, message: str) -> None:
        with pytest.raises(FootnoteError) as caught:
            given.check()
        assert message in str(caught.value)

    def test_nothing_invisible_reaches_the_file(self, intake: Intake, folder: Path) -> None:
        evil = "Red\x1b[31m \u202egpj.exe <script>alert(1)</script>"
        intake.add(text("e\x1bvil\u202e.txt", f"{evil} boats sail.\n\n{story(2)}", evil))

        written = next(folder.iterdir()).read_text("utf-8")

        assert not {*written} & {*map(chr, [*range(10), *range(11, 32), 0x202E, 0x7F])}
        assert "<script" not in written.replace("\\<script", "")

    def test_two_articles_of_one_title_get_two_files(self, intake: Intake, folder: Path) -> None:
        ids = [intake.add(text(f"{n}.txt", story(n), "News")).id for n in range(3)]  # type: ignore[union-attr]

        assert ids == ["news", "news-2", "news-3"]
        assert len(articles(folder)) == 3

    def test_a_file_that_a_person_put_there_is_never_written_over(self, intake: Intake, folder: Path) -> None:
        folder.mkdir()
        (folder / "NEWS.txt").write_text("My own notes.", "utf-8")
        (folder / "news-2.md").write_text("", "utf-8")

        outcome = intake.add(text("a.txt", story(1), "News"))

        assert isinstance(outcome, Added)
        assert outcome.id == "news-3"
        assert (folder / "NEWS.txt").read_text("utf-8") == "My own notes."

    def test_what_no_article_can_be_is_refused_and_leaves_nothing(self, intake: Intake, folder: Path) -> None:
        outcomes = [
            intake.add(Document("a.md", b"")),
            intake.add(Document("b.md", b"---\n\n---\n***")),
            intake.add(Document("c.bin", b"\0\1\2")),
            intake.add(Document("d.md", b"x" * 25_000_001)),
            intake.add("http://user:pw@lake.example/"),
        ]

        assert [(type(one), one.source) for one in outcomes] == [
            (Refused, "a.md"), (Refused, "b.md"), (Refused, "c.bin"), (Refused, "d.md"),
            (Refused, "http://user:pw@lake.example/"),
        ]  # fmt: skip
        assert not folder.exists()

    def test_a_name_with_folders_in_it_leads_nowhere(
        self, intake: Intake, folder: Path, tmp_path: Path
    ) -> None:
        outcome = intake.add(text("../../..\\evil/../x.txt", story(1), "../../../etc/passwd"))

        assert isinstance(outcome, Added)
        assert (outcome.source, outcome.file) == ("x.txt", "etc-passwd.md")
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []

    def test_a_collection_is_a_sub_folder(self, folder: Path, data: Path) -> None:
        with Intake(folder, data, "press", options=IN_THIS_PROCESS) as intake:
            outcome = intake.add(text("a.txt", story(1), "News"))

        assert isinstance(outcome, Added)
        assert (outcome.id, outcome.file) == ("press/news", "press/news.md")
        assert list(articles(folder)) == ["press/news"]

    @pytest.mark.parametrize(
        "name", ["..", ".", "../out", "a/b", "a\\b", ".hidden", " ", "a\0b", "x" * 200, "\u202ea"]
    )
    def test_a_collection_that_leads_elsewhere_is_refused(self, name: str, folder: Path, data: Path) -> None:
        with pytest.raises(FootnoteError, match="cannot be the name of a collection"):
            Intake(folder, data, name)

    def test_a_collection_that_is_a_link_out_of_the_sources_is_refused(
        self, folder: Path, data: Path, tmp_path: Path
    ) -> None:
        folder.mkdir()
        (tmp_path / "outside").mkdir()
        (folder / "press").symlink_to(tmp_path / "outside")

        with pytest.raises(FootnoteError, match="leads out of the sources folder"):
            Intake(folder, data, "press")


class TestAddingAgain:
    def test_the_same_document_is_unchanged(self, intake: Intake, folder: Path) -> None:
        document = markdown("a.md", story(1), title="News", url="https://lake.example/news")
        first = intake.add(document)
        before = (folder / "news.md").stat()

        again = intake.add(document)

        assert isinstance(first, Added) and isinstance(again, Added)
        assert (first.change, again.change, again.id) == ("added", "unchanged", "news")
        assert (folder / "news.md").stat().st_mtime_ns == before.st_mtime_ns

    @pytest.mark.parametrize(
        "url",
        [
            "https://lake.example/news",
            "http://www.lake.example/news/",
            "https://lake.example/news?utm_medium=x#top",
        ],
    )
    def test_the_same_address_takes_the_articles_place(self, url: str, intake: Intake, folder: Path) -> None:
        intake.add(markdown("a.md", story(1), title="News", url="https://lake.example/news", author="Anna"))

        outcome = intake.add(markdown("b.md", story(2), title="Newer news", url=url))

        assert outcome == Added("b.md", "news", "news.md", "Newer news", "replaced")
        article = articles(folder)["news"]
        assert (article.title, article.author) == ("Newer news", "Anna")
        assert article.text == story(2) + "\n"

    def test_what_was_written_over_is_kept_once(self, intake: Intake, folder: Path, data: Path) -> None:
        for version in (1, 2, 3):
            intake.add(markdown("a.md", story(version), title="News", url="https://lake.example/news"))

        assert [path.name for path in (data / "replaced").iterdir()] == ["news.md"]
        assert story(2) in (data / "replaced" / "news.md").read_text("utf-8")

    def test_the_same_file_changed_takes_its_place_and_another_of_its_name_does_not(
        self, intake: Intake, folder: Path
    ) -> None:
        intake.add(text("report.txt", story(1), "Report of 2023"))

        changed = intake.add(
            text("report.txt", story(1) + "\n\nOne more sentence at the end.", "Report, corrected")
        )
        other = intake.add(text("report.txt", story(2), "Report of 2024"))
        retitled = intake.add(text("report.txt", story(3), "Report of 2024"))

        outcomes = (changed, other, retitled)
        assert [one.change for one in outcomes if isinstance(one, Added)] == ["replaced", "added", "replaced"]
        assert sorted(articles(folder)) == ["report-of-2023", "report-of-2024"]

    def test_a_form_that_others_fill_in_under_the_same_name_is_another_document(
        self, intake: Intake, folder: Path
    ) -> None:
        form = "\n\n".join(story(1).split(". ")[:4])
        intake.add(text("report.txt", f"{form}\n\n{story(2)}", "Report of the harbour"))
        outcome = intake.add(text("report.txt", f"{form}\n\n{story(3)}", "Report of the mill"))

        assert isinstance(outcome, Added) and outcome.change == "added"
        assert sorted(articles(folder)) == ["report-of-the-harbour", "report-of-the-mill"]

    def test_an_edit_by_hand_is_seen(self, intake: Intake, folder: Path) -> None:
        document = text("a.txt", story(1), "News")
        intake.add(document)
        with Intake(folder, intake._data, options=IN_THIS_PROCESS) as later:
            (folder / "news.md").write_text(
                '---\ntitle: "Mine"\norigin: "a.txt"\n---\n' + story(1) + " Mine.", "utf-8"
            )
            outcome = later.add(document)

        assert isinstance(outcome, Added)
        assert outcome.change == "replaced"
        assert "Mine." in (intake._data / "replaced" / "news.md").read_text("utf-8")


class TestCopies:
    def test_an_exact_duplicate_is_refused_with_the_name_of_its_twin(
        self, intake: Intake, folder: Path
    ) -> None:
        intake.add(text("a.txt", story(1), "News"))

        outcome = intake.add(text("b.txt", story(1).replace("\n\n", "\n\n\n"), "Same news"))

        assert outcome == Refused("b.txt", Reason(Why.SAME_TEXT, {"title": "News", "other": "news.md"}))
        assert list(articles(folder)) == ["news"]

    def test_an_equal_text_of_another_publisher_is_kept_once_and_named(
        self, intake: Intake, folder: Path
    ) -> None:
        intake.add(
            markdown("a.md", story(1), title="News", publisher="Lake Times", url="https://lake.example/news")
        )
        copy = markdown("b.md", story(1), title="News!", publisher="Hill Post", url="https://hill.example/n")
        outcome = intake.add(copy)

        line = "Hill Post, https://hill.example/n"
        assert outcome == Merged("b.md", "news", "news.md", "News", line)
        assert intake.add(copy) == outcome
        article = articles(folder)["news"]
        assert (article.also, article.text) == ((line,), story(1) + "\n")

    def test_names_of_copies_survive_a_new_version_and_the_index(
        self, intake: Intake, folder: Path, data: Path, encoder: HashingEncoder
    ) -> None:
        news = {"title": "News", "url": "https://lake.example/news"}
        intake.add(markdown("a.md", story(1), **news))
        intake.add(markdown("b.md", story(1), title="N", url="https://hill.example/n"))
        intake.add(markdown("a.md", story(1) + "\n\nAnd one sentence more.", **news))

        build(folder, data, encoder)

        assert [a.also for a in load_generation(data).articles()] == [
            ("hill.example, https://hill.example/n",)
        ]

    def test_next_years_version_becomes_an_article_of_its_own_and_names_the_last_one(
        self, intake: Intake, folder: Path
    ) -> None:
        policy = story(1) + "\n\nHotels may cost up to 140 euros."
        intake.add(text("policy-2024.txt", policy, "Travel policy 2024"))

        outcome = intake.add(text("policy-2025.txt", policy.replace("140", "155"), "Travel policy 2025"))

        assert isinstance(outcome, Added)
        assert (outcome.id, outcome.change, outcome.sibling) == (
            "travel-policy-2025",
            "added",
            "travel-policy-2024",
        )
        assert "140 euros" in articles(folder)["travel-policy-2024"].text
        assert "155 euros" in articles(folder)["travel-policy-2025"].text

    @pytest.mark.parametrize(
        ("first", "second", "alike"),
        [
            ("rates-v1.txt", "rates-v2.txt", True),
            ("minutes 2024-05-01.txt", "minutes 2024-06-03.txt", True),
            ("rates.txt", "rates (1).txt", True),
            ("chapter 1.txt", "chapter 2.txt", False),
            ("pump-300.txt", "pump-400.txt", False),
        ],
    )
    def test_siblings_are_told_by_years_and_versions_in_their_names(
        self, intake: Intake, first: str, second: str, alike: bool
    ) -> None:
        intake.add(text(first, story(1), "One"))

        outcome = intake.add(text(second, story(2), "Other"))

        assert isinstance(outcome, Added)
        assert outcome.sibling == ("one" if alike else None)

    def test_a_list_of_copies_has_an_end(self, intake: Intake) -> None:
        intake.add(markdown("a.md", story(1), title="News", url="https://lake.example/news"))
        outcomes = [
            intake.add(markdown("b.md", story(1), url=f"https://paper{n}.example/"))
            for n in range(MAX_COPIES + 1)
        ]

        assert [type(one) for one in outcomes] == [Merged] * MAX_COPIES + [Refused]

    def test_articles_of_other_collections_are_no_twins(self, folder: Path, data: Path) -> None:
        outcomes: list[Outcome] = []
        for name in ("press", "legal"):
            with Intake(folder, data, name, options=IN_THIS_PROCESS) as intake:
                outcomes.append(intake.add(text("a.txt", story(1), "News")))

        assert [one.file for one in outcomes if isinstance(one, Added)] == ["press/news.md", "legal/news.md"]


class TestHoldings:
    def test_only_what_changed_is_read_again(
        self, folder: Path, data: Path, intake: Intake, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for n in range(3):
            intake.add(text(f"{n}.txt", story(n), f"News {n}"))
        intake._catalog.save()
        (folder / "news-1.md").write_text("Changed by hand.", "utf-8")
        (folder / "news-2.md").unlink()
        read: list[str] = []
        from index.ingest import catalog

        original = catalog._read
        monkeypatch.setattr(catalog, "_read", lambda *args: read.append(args[1]) or original(*args))
        fresh = Catalog(folder, data)
        fresh.refresh()

        assert read == ["news-1.md"]
        assert sorted(held.file for held in fresh) == ["news-0.md", "news-1.md"]

    @pytest.mark.parametrize(
        "damage", [b"", b"{", b'{"format": 99}', b'{"format": 1, "held": [[1, 2]]}', b"[]", b"\xff"]
    )
    def test_a_damaged_memory_is_made_anew(
        self, damage: bytes, folder: Path, data: Path, intake: Intake
    ) -> None:
        intake.add(text("a.txt", story(1), "News"))
        (data / "holdings.json").write_bytes(damage)

        with Intake(folder, data, options=IN_THIS_PROCESS) as later:
            assert isinstance(later.add(text("b.txt", story(1), "Same")), Refused)
        assert json.loads((data / "holdings.json").read_text("utf-8"))["held"][0][1] == "news.md"

    @pytest.mark.parametrize(
        ("url", "plain", "cited"),
        [
            (
                "https://www.Lake.example/a/?utm_x=1&id=2#top",
                "lake.example/a?id=2",
                "https://www.Lake.example/a/?id=2",
            ),
            ("http://lake.example:80/a?b=%20", "lake.example/a?b=%20", "http://lake.example:80/a?b=%20"),
            ("http://lake.example:8080", "lake.example:8080", "http://lake.example:8080"),
        ],
    )
    def test_an_address_is_compared_by_what_tells_pages_apart(self, url: str, plain: str, cited: str) -> None:
        assert (plain_url(url), cited_url(url)) == (plain, cited)

    def test_files_of_the_sources_folder_are_those_that_are_read(self, sources: Path, tmp_path: Path) -> None:
        (sources / "README.md").write_text("About this folder.", "utf-8")
        (sources / ".hidden.md").write_text("x", "utf-8")
        (sources / "photo.png").write_bytes(b"x")
        (tmp_path / "outside.md").write_text("x", "utf-8")
        (sources / "link.md").symlink_to(tmp_path / "outside.md")
        (sources / "inner.md").symlink_to(sources / "bread.md")
        (sources / "loop").symlink_to(sources)
        os.mkfifo(sources / "pipe.md")
        (sources / "notes" / "README.md").write_text("An article.", "utf-8")

        read = {article.file for article in read_sources(sources).articles}

        assert {file for file, _ in source_files(sources)} == read
        assert read == {"bread.md", "inner.md", "notes/README.md", "notes/moon-landing.txt", "river.md"}


class TestNaming:
    @pytest.mark.parametrize(
        ("title", "name"),
        [
            ("Über Äpfel & Birnen (2019)", "über-äpfel-birnen-2019"),
            ("Alibaba buys $590m stake", "alibaba-buys-590m-stake"),
            ("阿里巴巴:入股魅族", "阿里巴巴-入股魅族"),
            ("हिन्दी में लेख", "हिन्दी-में-लेख"),
            ("Huawei's “smart” cars", "huaweis-smart-cars"),
            ("../../etc/passwd", "etc-passwd"),
            ("CON", "article-con"),
            ("README", "article-readme"),
            ("!!!", "article"),
            ("", "article"),
            ("word " * 40, "word-word-word-word-word-word-word-word-word-word-word-word"),
            ("\u0301\u0301", "article"),
        ],
    )
    def test_a_file_is_called_by_the_title(self, title: str, name: str) -> None:
        assert naming.slug(title) == name

    @given(st.text(max_size=300))
    def test_every_title_makes_a_name_that_every_system_takes(self, title: str) -> None:
        name = naming.slug(title)

        assert 0 < len(name.encode()) <= naming.MAX_BYTES
        assert not name.startswith((".", "-")) and not {*name} & {*'/\\:*?"<>|. \0'}
        assert name == name.casefold() or name.lower() == name


class TestFolders:
    def test_a_folder_is_opened_without_following_links(self, tmp_path: Path) -> None:
        folder = tmp_path / "inbox"
        (folder / "deep").mkdir(parents=True)
        (folder / "sources").mkdir()
        (tmp_path / "secret.txt").write_text("secret", "utf-8")
        for file in ("b.txt", "deep/a.md", ".hidden.md", "photo.png", "sources/mine.md"):
            (folder / file).write_text("x", "utf-8")
        (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
        (folder / "around").symlink_to(folder)

        found, refused, ignored = documents(folder, leave_out=[folder / "sources"])

        assert [path.relative_to(folder).as_posix() for path in found] == ["b.txt", "deep/a.md"]
        assert [(one.source, str(one.reason).split(",")[0]) for one in refused] == [
            ("link.txt", "is a link"),
            ("around", "is a link to a folder"),
        ]
        assert ignored == 1

    def test_a_file_that_cannot_be_read_is_refused(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.txt")
        (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")

        refused = [read_document(tmp_path / name) for name in ("none.txt", "pipe.txt", "loop.txt", "")]

        assert [type(one) for one in refused] == [Refused] * 4


class TestRemoving:
    def test_articles_go_by_id_file_path_or_address(self, sources: Path, data: Path) -> None:
        (sources / "more.md").write_text("One more.", "utf-8")

        removed = remove(
            sources,
            data,
            ["bread", "notes/moon-landing.txt", str(sources / "more.md"), "http://example.org/aare/"],
        )

        assert removed == (
            Removed("bread", "bread.md", "Baking with rye"),
            Removed("notes/moon-landing", "notes/moon-landing.txt", "Moon landing"),
            Removed("more", "more.md", "More"),
            Removed("river", "river.md", "The river Aare"),
        )
        assert [path for path in sources.rglob("*") if path.is_file()] == []

    def test_where_one_is_unknown_none_goes_and_the_nearest_are_named(
        self, sources: Path, data: Path
    ) -> None:
        with pytest.raises(FootnoteError) as caught:
            remove(sources, data, ["bread", "rivr", "moon", "zzzzzz"])

        assert str(caught.value) == (
            "There is no article 'rivr'. Did you mean river?\n"
            "There is no article 'moon'. Did you mean notes/moon-landing?\n"
            "There is no article 'zzzzzz'.\n"
            "Nothing was removed. `footnote list` shows all articles."
        )
        assert (sources / "bread.md").exists()

    @pytest.mark.parametrize("name", ["../outside.md", "/etc/passwd", "", ".", "notes", "README.md"])
    def test_nothing_outside_of_the_articles_can_be_removed(
        self, name: str, sources: Path, data: Path
    ) -> None:
        (sources.parent / "outside.md").write_text("x", "utf-8")
        (sources / "README.md").write_text("x", "utf-8")

        with pytest.raises(FootnoteError, match="Nothing was removed"):
            remove(sources, data, [name])
        assert (sources.parent / "outside.md").exists() and (sources / "README.md").exists()

    def test_a_file_that_is_no_article_can_be_removed(self, sources: Path, data: Path) -> None:
        (sources / "broken.md").write_bytes(b"\xff")

        assert remove(sources, data, ["broken"]) == (Removed("broken", "broken.md", ""),)

    def test_what_is_kept_for_a_while_is_gone_when_its_time_is_over(self, sources: Path, data: Path) -> None:
        text = (sources / "bread.md").read_bytes()
        remove(sources, data, ["bread"], keep=True)

        kept = data / "removed" / "bread.md"
        assert not (sources / "bread.md").exists()
        assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (text, 0o600)
        forget_removed(data, 1)
        assert kept.exists()
        forget_removed(data, -1)
        assert not kept.exists()

    def test_not_a_byte_of_a_removed_article_stays_in_the_folders(
        self, intake: Intake, folder: Path, data: Path
    ) -> None:
        for version in ("Unmistakable one", "Unmistakable two"):
            intake.add(markdown("a.md", f"{version}. {story(1)}", title="News", url="https://lake.example/n"))
        intake.add(text("b.txt", story(2), "Other"))
        intake._catalog.save()

        remove(folder, data, ["news"])

        left = [path for place in (folder, data) for path in place.rglob("*") if path.is_file()]
        assert left
        assert [
            path
            for path in left
            if b"nmistakable" in path.read_bytes() or b"lake.example" in path.read_bytes()
        ] == []


class TestListing:
    def test_every_article_is_listed_with_its_state(
        self, sources: Path, data: Path, encoder: HashingEncoder
    ) -> None:
        (sources / "gone.md").write_text("Gone soon. It goes.", "utf-8")
        (sources / "torn.md").write_text("Whole now. It tears.", "utf-8")
        build(sources, data, encoder)
        (sources / "gone.md").unlink()
        (sources / "torn.md").write_bytes(b"\xff\xfe torn")
        (sources / "bread.md").write_text("Changed. Bread is new.", "utf-8")
        (sources / "new.md").write_text("---\npublished: 2024\n---\nNew text.", "utf-8")
        (sources / "bad.md").write_text("", "utf-8")

        listed = {one.file: one for one in inventory(sources, FileStore(data))}

        assert {file: (one.state, one.passages) for file, one in listed.items()} == {
            "bad.md": ("failed", 0),
            "bread.md": ("changed", 1),
            "gone.md": ("removed", 1),
            "new.md": ("new", 0),
            "notes/moon-landing.txt": ("indexed", 1),
            "river.md": ("indexed", 1),
            "torn.md": ("stale", 1),
        }
        assert list(listed) == sorted(listed)
        assert (listed["new.md"].published, listed["notes/moon-landing.txt"].collection) == ("2024", "notes")
        assert "is UTF-16" in str(listed["torn.md"].reason)

    def test_a_version_that_stays_in_the_index_is_stale_with_its_reason(
        self, sources: Path, data: Path, encoder: HashingEncoder
    ) -> None:
        build(sources, data, encoder)
        (sources / "bread.md").write_text("", "utf-8")
        build(sources, data, encoder)

        (stale,) = [one for one in inventory(sources, FileStore(data)) if one.state == "stale"]

        assert (stale.id, stale.title) == ("bread", "Baking with rye")
        assert "is empty" in str(stale.reason)

    @pytest.mark.parametrize("mended", ["Mended. Bread is new.", None], ids=["anew", "as it was"])
    def test_a_file_that_was_mended_is_no_trouble_any_more(
        self, sources: Path, data: Path, encoder: HashingEncoder, mended: str | None
    ) -> None:
        good = (sources / "bread.md").read_text("utf-8")
        build(sources, data, encoder)
        for broken in ("", "# A heading\n"):
            (sources / "bread.md").write_text(broken, "utf-8")
            build(sources, data, encoder)
            assert {one.id: one.state for one in inventory(sources, FileStore(data))}["bread"] == "stale"

        (sources / "bread.md").write_text(mended or good, "utf-8")

        (bread,) = [one for one in inventory(sources, FileStore(data)) if one.id == "bread"]
        assert (bread.state, bread.reason) == ("changed" if mended else "indexed", None)

    def test_a_file_without_a_sentence_is_told_of_in_the_words_of_the_build(
        self, sources: Path, data: Path, encoder: HashingEncoder
    ) -> None:
        (sources / "headings.md").write_text("# A heading\n", "utf-8")

        def found() -> list[tuple[str, str, str | None]]:
            listed = inventory(sources, FileStore(data))
            return [(one.file, one.state, one.reason) for one in listed if one.reason]

        before = found()
        (failure,) = build(sources, data, encoder).failed
        assert before == found() == [("headings.md", "failed", failure.reason)]

    def test_without_an_index_all_are_new(self, sources: Path, data: Path) -> None:
        assert {one.state for one in inventory(sources, FileStore(data))} == {"new"}


class TestAtTheSameTime:
    def test_several_programs_add_to_one_folder_and_nothing_is_lost(self, folder: Path, data: Path) -> None:
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=_add_some, args=(folder, data, worker)) for worker in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)

        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        # Twelve of their own, and one that all of them had: the first was kept.
        assert len(articles(folder)) == 13
        assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []

    def test_what_a_killed_program_left_aside_is_swept_up(self, folder: Path, data: Path) -> None:
        folder.mkdir()
        (folder / ".news.md.new-4242").write_bytes(b"half an art")

        with Intake(folder, data, options=IN_THIS_PROCESS) as intake:
            intake.add(text("a.txt", story(1), "News"))

        assert [path.name for path in folder.iterdir()] == ["news.md"]

    def test_a_full_disk_is_told_and_leaves_no_half_article(
        self, intake: Intake, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(FootnoteError, match=r"cannot be written: .*No space left on device"):
            intake.add(text("a.txt", story(1), "News"))
        assert list(folder.iterdir()) == []


def _add_some(folder: Path, data: Path, worker: int) -> None:
    with Intake(folder, data, options=IN_THIS_PROCESS) as intake:
        for n in range(4):
            outcome = intake.add(text(f"{worker}-{n}.txt", story(100 * worker + n), "News"))
            assert isinstance(outcome, Added), outcome
        intake.add(text(f"{worker}-shared.txt", story(999), "Shared"))


class TestFrontMatter:
    def test_copies_are_written_beside_what_a_person_wrote_and_nothing_else_changes(self) -> None:
        raw = b"---\r\ntitle: T # mine\nalso:\n  - Old\n# a comment\ntags: [a]\n---\n\nText  \n"

        changed = with_copies("a.md", raw, ["Old", 'New "one", https://x.example/'])

        assert changed.decode() == (
            '---\ntitle: T # mine\n# a comment\ntags: [a]\nalso:\n  - "Old"\n'
            '  - "New \\"one\\", https://x.example/"\n---\n\nText  \n'
        )
        article = parse_article("a", "a.md", changed)
        assert (article.also, article.text) == (("Old", 'New "one", https://x.example/'), "Text  \n")

    @pytest.mark.parametrize(
        "front",
        [
            "also: One\ntitle: T",
            "also: [One,\n  Two]\ntitle: T",
            "title: T\nalso:\n- One\n- Two",
            "title: T\nalso:",
            "title: T\nalso: >\n  One\n  folded\nauthor: A",
            "title: T",
            "",
        ],
    )
    def test_copies_take_the_place_of_those_before_however_they_are_written(self, front: str) -> None:
        raw = f"---\n{front}\n---\nText.\n".encode() if front else b"Text.\n"
        before = parse_article("a", "a.md", raw)

        after = parse_article("a", "a.md", with_copies("a.md", raw, ["New"]))

        assert replace(after, sha256="", also=()) == replace(before, sha256="", also=())
        assert after.also == ("New",)

    def test_also_is_a_line_or_a_list_of_lines(self) -> None:
        assert parse_article("a", "a.md", b"---\nalso: X, https://x.example/\n---\nText.").also == (
            "X, https://x.example/",
        )
        assert parse_article("a", "a.md", b"---\nalso: [A, ' ', B, A]\n---\nText.").also == ("A", "B")

    def test_too_many_copies_are_refused_with_the_line(self) -> None:
        listed = ", ".join(f"P{n}" for n in range(MAX_COPIES + 1))
        with pytest.raises(FootnoteError, match="names too much under 'also' in line 3"):
            parse_article("a", "a.md", f"---\ntitle: T\nalso: [{listed}]\n---\nText.".encode())

    def test_every_field_is_read_with_lists_and_without_what_is_neither(self) -> None:
        fields, body = front_matter("a.md", "---\nA: 1\nb: [x, y]\nc: {d: e}\nf:\n---\nText")

        assert (fields, body) == ({"a": "1", "b": ("x", "y")}, "Text")
