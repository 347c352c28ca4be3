"""Looking after the articles in the browser."""

from __future__ import annotations

import time

import pytest

from bot.report import Day, Report
from bot.web.jobs import Jobs, Told
from bot.web.week import chart
from index.types import FootnoteError
from tests.bot.web.conftest import Browser, Web
from tests.fakes.answers import QUESTION

TEXT = "The Rhine is 1,230 kilometres long. It flows through Basel."


def outcome(browser: Browser) -> str:
    """What came of what was just begun."""
    for _ in range(200):
        shown = browser.get(browser.path)
        if "data-poll" not in browser.html:
            return shown
        time.sleep(0.05)
    raise AssertionError(f"it never ended: {shown}")


def test_what_is_indexed_and_what_failed_is_listed_with_the_reason(web: Web, curator: Browser) -> None:
    (web.sources / "empty.md").write_text("---\ntitle: Nothing\n---\n", "utf-8")
    (web.sources / "new.md").write_text("A new one.", "utf-8")
    shown = curator.get("/library")

    assert "4 indexed" in shown and "1 failed" in shown and "1 new" in shown
    assert "It is empty" in shown
    assert shown.index("empty.md") < shown.index("banma.md"), "what needs a person comes first"
    assert "river.md" not in curator.get("/library?state=failed")


def test_a_pasted_text_is_added_and_can_be_asked(web: Web, curator: Browser) -> None:
    curator.get("/library/add")
    curator.post("/library/add", title="The Rhine", text=TEXT, collection="notes", links="")
    shown = outcome(curator)

    assert "Done. You can ask about it now." in shown
    assert "Added “The Rhine” (notes)" in shown
    assert TEXT in curator.get("/articles/notes/the-rhine")


def test_a_file_is_added_and_one_that_cannot_be_read_is_refused_with_the_reason(curator: Browser) -> None:
    curator.get("/library/add")
    files = [
        ("files", ("rhine.txt", TEXT.encode())),
        ("files", ("picture.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40)),
    ]
    curator.post("/library/add", collection="", links="", text="", title="", files=files)
    shown = outcome(curator)

    assert "Done, but not with all of it." in shown
    assert "“Rhine”" in shown
    assert "picture.png is a picture. Add the text that it shows." in shown


def test_a_private_address_is_refused(curator: Browser) -> None:
    curator.get("/library/add")
    curator.post("/library/add", links="http://127.0.0.1/secret", collection="", text="", title="")

    assert "Nothing was added." in outcome(curator)
    assert "leads to a private address" in curator.shown()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"links": "", "text": "  ", "collection": ""}, "Give an address, a file or a text."),
        ({"links": "", "text": "x", "collection": "nowhere"}, "There is no such collection."),
        ({"links": "https://a.example " * 21, "text": "", "collection": ""}, "more than 20 addresses"),
    ],
)
def test_what_cannot_be_added_is_said_at_once(curator: Browser, fields: dict[str, str], words: str) -> None:
    curator.get("/library/add")

    assert words in curator.post("/library/add", title="", **fields)
    assert curator.status == 422


def test_an_article_is_removed_after_a_question(web: Web, curator: Browser) -> None:
    assert "Remove “Banma and its owners” (banma)?" in curator.get("/library/remove?id=banma")
    curator.post("/library/remove", id="banma")

    assert "Removed “Banma and its owners”" in outcome(curator)
    assert not (web.sources / "banma.md").exists()
    curator.get("/articles/banma")
    assert curator.status == 404


@pytest.mark.parametrize("id", ["nothing", "../outside", "ban", ""])
def test_what_is_no_article_is_not_removed(curator: Browser, id: str) -> None:
    curator.get("/library")
    curator.post("/library/remove", id=id)

    assert curator.status == 404


def test_a_feed_that_cannot_be_read_is_not_followed(curator: Browser) -> None:
    curator.get("/library/follow")
    curator.post("/library/follow", url="http://127.0.0.1/feed.xml", collection="")

    assert "Nothing is followed." in outcome(curator)


def test_the_index_is_brought_up_to_date(web: Web, curator: Browser) -> None:
    (web.sources / "rhine.md").write_text(TEXT, "utf-8")
    curator.get("/library")
    curator.post("/library/rebuild")

    assert "Added: 1 · changed: 0 · removed: 0 · failed: 0" in outcome(curator)


def test_what_was_asked_in_vain_is_grouped_and_each_bad_answer_shows_its_quotes(
    web: Web, curator: Browser
) -> None:
    in_vain = ("Who is the CEO of Banma?", "The CEO of Banma, who is it?", "Where is Basel?")
    for question in (*in_vain, QUESTION):
        curator.get("/")
        curator.ask(question)
    conversation = curator.path.split("/")[-1].split("#")[0]
    curator.post(
        "/verdict", conversation=conversation, number="1", verdict="down", reason="wrong", words="No!"
    )
    shown = curator.get("/library/report")

    assert "4 questions" in shown and "25% answered" in shown
    assert "2× Who is the CEO of Banma?" in shown or "2× The CEO of Banma, who is it?" in shown
    assert "1× Where is Basel?" in shown
    assert "wrong" in shown and "No!" in shown
    assert "Alibaba and SAIC each hold half of Banma." in shown
    assert "4 questions in 7 days, 25% answered for certain" in shown


def test_the_quotes_of_a_bad_answer_are_not_shown_from_a_changed_article(web: Web, curator: Browser) -> None:
    curator.get("/")
    curator.ask(QUESTION)
    conversation = curator.path.split("/")[-1].split("#")[0]
    curator.post("/verdict", conversation=conversation, number="1", verdict="down")
    (web.sources / "banma.md").write_text("Something else stands here, of another length.", "utf-8")
    curator.get("/library")
    curator.post("/library/rebuild")
    outcome(curator)

    assert "banma: The article has changed since" in curator.get("/library/report")


def ended(jobs: Jobs) -> None:
    while any(job.told is None for job in jobs.recent()):
        time.sleep(0.01)


class TestJobs:
    def test_are_done_one_after_the_other(self) -> None:
        jobs = Jobs("Failed.", ["A defect."])
        seen: list[str] = []

        def work(name: str) -> Told:
            seen.append(name)
            return Told(True, f"{name} is done.")

        for name in ("one", "two", "three"):
            jobs.begin(name, lambda step, name=name: work(name))
        ended(jobs)

        assert seen == ["one", "two", "three"]
        said = [job.told and job.told.said for job in jobs.recent()]
        assert said == ["three is done.", "two is done.", "one is done."]

    def test_a_failure_and_a_defect_both_end(self) -> None:
        def fails(step: object) -> Told:
            raise FootnoteError("The disk is full.\nMake room.")

        def breaks(step: object) -> Told:
            raise ZeroDivisionError

        jobs = Jobs("That could not be done.", ["The fault is in my log."])
        failed, broken = jobs.begin("a", fails), jobs.begin("b", breaks)
        ended(jobs)

        assert failed is not None and failed.told == Told(
            False, "That could not be done.", ("The disk is full.", "Make room.")
        )
        assert broken is not None and broken.told is not None
        assert broken.told.lines == ("The fault is in my log.",)


def test_the_picture_of_a_week_stacks_each_day() -> None:
    days = (Day("2026-11-23", answered=6, uncertain=1, none=3), Day("2026-11-24"))
    shown = chart(Report(days, 0, (), (), None, False))

    assert [bar.kind for bar in shown.bars] == ["answered", "uncertain", "none"]
    assert shown.bars[0].height == pytest.approx(6 * shown.bars[1].height, abs=0.6)
    assert all(bar.y >= 0 and bar.y + bar.height <= shown.height for bar in shown.bars)
    assert [label.words for label in shown.days] == ["23 Nov", "24 Nov"]
    assert shown.summary == "10 questions in 2 days, 60% answered for certain"


def test_the_picture_of_no_question_is_empty() -> None:
    assert chart(Report((Day("2026-11-23"),), 0, (), (), None, False)).bars == ()
