"""`add`, `remove` and `list` at the command line: one summary, an honest exit code, and the index current."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.answer.answerer import Answerer
from bot.terminal import follow
from bot.types import NoAnswer, Silence
from index.build import build
from index.generations import FileStore, load_generation
from index.ingest.remove import remove as remove_articles
from index.reasons import Reason, Why
from index.types import FootnoteError
from tests.bot.terminal.bench import Bench
from tests.fakes.documents import FERRY_PAGE, docx, page, paragraph, pdf
from tests.fakes.encoder import HashingEncoder


@pytest.fixture
def bench(
    sources: Path, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Bench:
    return Bench(sources, data, capsys, monkeypatch)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "ferry.html").write_text(FERRY_PAGE, "utf-8")
    (folder / "letter.docx").write_bytes(docx(paragraph("Boats are late today, the captain writes.")))
    (folder / "scan.pdf").write_bytes(pdf([[], []]))
    lines = page(["The tram ends at the old harbour.", "", "A new pier is being built there."])
    (folder / "tram.pdf").write_bytes(pdf([lines], {"Title": "The tram"}))
    (folder / "photo.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Pages of a folder, at an address of this machine."""
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "ferry.html").write_text(FERRY_PAGE, "utf-8")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_address[1]}/ferry.html"
        serving.shutdown()


def test_a_folder_is_added_the_bad_are_named_and_the_index_is_current(bench: Bench, inbox: Path) -> None:
    code, out, err = bench("add", str(inbox))

    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == "    added 3: ferry-line-adds-two-boats, letter, the-tram"
    assert lines[1].startswith(
        "  - ferry-line-adds-two-boats: furniture left out: “Sign up for our newsletter"
    )
    assert lines[2] == "  refused 1"
    assert lines[3].startswith("  ! scan.pdf is a scanned PDF: it holds pictures of pages and no text.")
    assert lines[4] == "    1 file was of another kind, and left alone."
    assert lines[5].startswith("Index ") and " is current: " in lines[5]
    indexed = {article.id for article in load_generation(bench.data).articles()}
    assert {"ferry-line-adds-two-boats", "letter", "the-tram", "river"} <= indexed


def test_added_again_nothing_changes(bench: Bench, inbox: Path) -> None:
    bench("add", str(inbox / "letter.docx"))

    code, out, _ = bench("add", str(inbox / "letter.docx"))

    assert code == 0
    assert out.splitlines()[0] == "unchanged 1: letter"


def test_what_was_left_out_and_what_to_look_at_is_said_in_text_and_json(bench: Bench, tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("---\ndate: soon\n---\nThe fee is ~~40~~ 55 crowns.\n", "utf-8")

    _, out, _ = bench("add", str(note), "--no-build")
    _, told, _ = bench("add", str(note), "--no-build", "--json")

    (id,) = [one["id"] for one in json.loads(told)["added"]]
    assert f"  - {id}: struck text left out: “40”" in out.splitlines()
    assert "  ! note.md gives 'published' as 'soon', which cannot be read and is left out." in out
    (added,) = json.loads(told)["added"]
    assert added["left_out"] == [{"what": "struck text", "count": 1, "words": ["40"]}]
    assert len(added["warnings"]) == 1


def test_what_is_typed_stands_above_what_the_document_says(bench: Bench, inbox: Path) -> None:
    code, _, _ = bench(
        "add", str(inbox / "tram.pdf"), "--no-build", "--collection", "press", "--title", "Tram news",
        "--date", "2024-05", "--publisher", "Lake Times", "--url", "https://lake.example/tram",
    )  # fmt: skip

    assert code == 0
    assert (
        (bench.sources / "press" / "tram-news.md")
        .read_text("utf-8")
        .startswith(
            '---\ntitle: "Tram news"\npublisher: "Lake Times"\npublished: "2024-05"\n'
            'url: "https://lake.example/tram"\n---\n'
        )
    )
    assert not bench.data.joinpath("CURRENT").exists()


def test_json_has_all_that_was_done(bench: Bench, inbox: Path) -> None:
    twin = inbox / "twin.docx"
    twin.write_bytes((inbox / "letter.docx").read_bytes())

    code, out, _ = bench("add", str(inbox / "letter.docx"), str(twin), str(inbox / "none.md"), "--json")

    found = json.loads(out)
    assert code == 1
    assert found["added"] == [
        {
            **{"source": "letter.docx", "id": "letter", "file": "letter.md", "title": "Letter"},
            **{"change": "added", "left_out": [], "warnings": [], "sibling": None},
        }
    ]
    assert found["merged"] == []
    assert [(one["source"], one["reason"].split(".")[0]) for one in found["refused"]] == [
        ("twin.docx", "is the same text as 'Letter' (letter"),
        ("none.md", "cannot be read: No such file or directory"),
    ]
    assert found["ignored"] == 0
    assert set(found["build"]) == {"generation", "passages", "failed", "seconds"}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["{inbox}", "--title", "One"], "--title and --url are those of one article"),
        (["{inbox}/tram.pdf", "--date", "May"], "gives a date that cannot be read: 'May'"),
        (["{inbox}/tram.pdf", "--collection", "../x"], "cannot be the name of a collection"),
    ],
)
def test_wrong_options_are_named_before_anything_is_read(
    argv: list[str], message: str, bench: Bench, inbox: Path
) -> None:
    code, out, err = bench("add", *(word.format(inbox=inbox) for word in argv))

    assert (code, out) == (1, "")
    assert message in err
    assert sorted(path.name for path in bench.sources.iterdir()) == ["bread.md", "notes", "river.md"]


def test_what_lies_in_the_sources_already_is_said_to(bench: Bench, inbox: Path) -> None:
    code, out, _ = bench("add", str(bench.sources / "bread.md"), str(bench.sources))

    assert code == 1
    assert out.count("lies in Footnote's own folders already. `footnote build` reads it.") == 2


def test_a_private_address_is_fetched_where_the_setting_allows_it(bench: Bench, server: str) -> None:
    refused_code, refused, _ = bench("add", server, "--no-build")
    bench.environment["FOOTNOTE_ALLOW_HOSTS"] = server.split("/")[2]

    code, out, _ = bench("add", server, "--no-build")

    assert (refused_code, "only 80 and 443 are fetched from" in refused) == (1, True)
    assert (code, out.splitlines()[0]) == (0, "    added 1: ferry-line-adds-two-boats")
    assert f'url: "{server}"' in (bench.sources / "ferry-line-adds-two-boats.md").read_text("utf-8")


def test_removed_articles_are_gone_from_the_folder_and_from_the_index(bench: Bench) -> None:
    bench("build")

    code, out, _ = bench("remove", "bread", str(bench.sources / "river.md"))

    assert (code, out.splitlines()[0]) == (0, "  removed 2: bread, river")
    assert [article.id for article in load_generation(bench.data).articles()] == ["notes/moon-landing"]
    assert not (bench.sources / "bread.md").exists()


def test_an_unknown_article_is_not_removed_and_the_nearest_is_named(bench: Bench) -> None:
    code, out, err = bench("remove", "bread", "moonlanding", "--json")

    assert (code, out) == (1, "")
    assert "There is no article 'moonlanding'. Did you mean notes/moon-landing?" in err
    assert (bench.sources / "bread.md").exists()


def test_a_failed_build_does_not_hide_what_was_done(
    bench: Bench, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise FootnoteError("The disk is full.")

    monkeypatch.setattr(bench, "_build", fail)

    code, out, err = bench("add", str(inbox / "letter.docx"))
    json_code, json_out, _ = bench("remove", "letter", "--json")

    assert (code, out.splitlines()) == (1, ["    added 1: letter"])
    assert err == "footnote: The disk is full.\n"
    assert json_code == 1
    assert json.loads(json_out) == {
        "removed": [{"id": "letter", "file": "letter.md", "title": "Letter"}],
        "build": {"error": "The disk is full."},
    }


def test_articles_are_listed_with_their_state(bench: Bench) -> None:
    bench("build")
    (bench.sources / "new.md").write_text("New text.", "utf-8")
    (bench.sources / "bad.md").write_text("", "utf-8")

    code, out, _ = bench("list")

    assert code == 0
    assert out.splitlines() == [
        "               0  failed   bad",
        "  ! bad.md is empty: write the text below the front matter, or delete the file.",
        "2020           1  indexed  bread  Baking with rye",
        "               0  new      new  New",
        "               1  indexed  notes/moon-landing  Moon landing",
        "2015-02-09     1  indexed  river  The river Aare",
        "5 articles, 3 passages in the index.",
        "failed: cannot be read",
        "new: not yet in the index",
    ]


def test_a_list_is_json_and_can_be_of_one_collection(bench: Bench) -> None:
    _, out, _ = bench("list", "--json", "--collection", "notes")

    assert json.loads(out) == {
        "articles": [
            {
                "id": "notes/moon-landing",
                "file": "notes/moon-landing.txt",
                "collection": "notes",
                "title": "Moon landing",
                "published": None,
                "passages": 0,
                "state": "new",
                "reason": None,
            }
        ],
        "following": [],
    }


def test_a_list_in_json_says_why_a_file_is_no_article(bench: Bench) -> None:
    (bench.sources / "empty.md").write_text("---\ntitle: T\n---\n", "utf-8")

    listed = {one["file"]: one for one in json.loads(bench("list", "--json")[1])["articles"]}

    assert listed["empty.md"]["reason"] == str(Reason(Why.EMPTY_ARTICLE))


def test_a_title_cannot_command_the_terminal(bench: Bench) -> None:
    (bench.sources / "evil.md").write_text('---\ntitle: "a\\e[31mred"\n---\nText.', "utf-8")

    _, out, _ = bench("list")

    assert "\x1b" not in out


def test_an_empty_folder_says_how_to_fill_it(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    _, out, _ = bench("list", "--sources", str(tmp_path / "empty"))

    assert out == "There are no articles. `footnote add` takes some in.\n"


def test_the_last_article_can_be_removed_and_nothing_is_answered_from_it(
    tmp_path: Path, encoder: HashingEncoder
) -> None:
    sources, data = tmp_path / "sources", tmp_path / "data"
    sources.mkdir()
    (sources / "only.md").write_text("Rye flour holds little gluten.", "utf-8")
    build(sources, data, encoder)

    remove_articles(sources, data, ["only"])
    report = build(sources, data, encoder)

    assert report.removed == ("only",)
    result = Answerer(FileStore(data, encoder), encoder, sources).answer("How much gluten?")
    assert isinstance(result, NoAnswer)
    assert result.reason is Silence.NO_ARTICLES


def test_a_folder_that_is_empty_for_no_known_reason_keeps_the_index(
    tmp_path: Path, encoder: HashingEncoder
) -> None:
    sources, data = tmp_path / "sources", tmp_path / "data"
    sources.mkdir()
    (sources / "only.md").write_text("Rye flour holds little gluten.", "utf-8")
    build(sources, data, encoder)
    (sources / "only.md").unlink()  # as if the disk were not mounted

    with pytest.raises(FootnoteError, match="no articles"):
        build(sources, data, encoder)
    assert FileStore(data, encoder).current().article("only") is not None


@pytest.fixture
def feed(server: str, tmp_path: Path) -> str:
    """A feed of one page, at an address of this machine."""
    item = f"<rss><channel><item><link>{server}</link></item></channel></rss>"
    (tmp_path / "www" / "feed.xml").write_text(item, "utf-8")
    return server.replace("ferry.html", "feed.xml")


def test_a_feed_is_followed_listed_and_followed_no_more(bench: Bench, feed: str) -> None:
    bench.environment["FOOTNOTE_ALLOW_HOSTS"] = feed.split("/")[2]

    code, out, _ = bench("follow", feed, "--json")

    told = json.loads(out)
    (one,) = told["followed"]
    assert (code, one["url"]) == (0, feed)
    assert [added["id"] for added in one["added"]] == ["ferry-line-adds-two-boats"]
    assert told["build"]["generation"]
    assert json.loads(bench("list", "--json")[1])["following"][0]["articles"] == ["ferry-line-adds-two-boats"]
    assert f"following {feed}: 1 articles" in bench("list")[1]
    assert json.loads(bench("follow", "--json")[1])["followed"][0]["unchanged"] == 1
    assert bench("follow", feed, "--stop")[:2] == (0, f"No longer followed: {feed}\n")
    assert json.loads(bench("list", "--json")[1])["following"] == []


def test_following_goes_on_until_it_is_ended(
    bench: Bench, feed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.environment["FOOTNOTE_ALLOW_HOSTS"] = feed.split("/")[2]
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(follow, "time", SimpleNamespace(sleep=wait))
    code, out, _ = bench("follow", feed, "--every", "1h")

    assert waits == [3600.0] * 3
    assert out.count(f"{feed}\n") == 3
    assert code == 130


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["follow"], "Nothing is followed yet"),
        (["follow", "--stop"], "--stop needs the address"),
    ],
)
def test_what_cannot_be_followed_is_said_with_what_to_do(bench: Bench, argv: list[str], problem: str) -> None:
    code, _, err = bench(*argv)

    assert code == 1
    assert problem in err


def test_feeds_are_not_looked_at_more_often_than_is_polite(bench: Bench) -> None:
    with pytest.raises(SystemExit):
        bench("follow", "--every", "5m")

    assert "is no time of ten minutes or more" in bench.capsys.readouterr().err
