"""Curators in Slack: what they add can be asked, what they remove cannot, and others are told who can."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.answer.answerer import Answerer
from bot.library.library import Library, Progress
from bot.library.rights import Rights
from bot.memory import Memory
from index.build import BuildOptions, build
from index.generations import FileStore
from index.ingest.add import IntakeOptions
from index.types import BuildReport, FootnoteError
from tests.bot.slack.conftest import Bot, StartBot
from tests.fakes.encoder import HashingEncoder
from tests.fakes.slack import BOT_TOKEN, FakeSlack, Fault, Posted
from tests.fakes.web import FakeWeb

ADA, BOB, EVE = "U0ADA", "U0BOB", "U0EVE"
FERRY = (
    b"---\ntitle: The ferry\n---\n"
    b"The ferry crosses the lake in 20 minutes. Ferry was launched in 1931. It takes 12 cars and 90 people.\n"
)
FERRY_QUESTION = "When was Ferry launched?"
LAKE_PAGE = (
    "<html><head><title>The lake</title></head><body><article><h1>The lake</h1>"
    "<p>The lake is 88 metres deep at its deepest place, and it freezes over once in thirty years or so.</p>"
    "<p>Three villages stand on its banks, and a ferry crosses it from spring to autumn, twice an hour.</p>"
    "<p>Whoever swims in it in May is brave, since the glaciers above feed it until the end of June.</p>"
    "<p>Its fish are sold at the landing stage on Friday mornings, and are gone before nine as a rule.</p>"
    "</article></body></html>"
)


@dataclass
class House:
    """The articles, their index and who answers from it, as `bot.wiring` puts them together."""

    sources: Path
    data: Path
    answers: Answerer
    library: Library
    builds: list[BuildReport]
    gate: threading.Event
    failure: FootnoteError | None = None

    @property
    def files(self) -> set[str]:
        return {path.relative_to(self.sources).as_posix() for path in self.sources.rglob("*.*")}


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    served = FakeWeb()
    yield served
    served.close()


@pytest.fixture
def house(sources: Path, data: Path, encoder: HashingEncoder, web: FakeWeb) -> House:
    build(sources, data, encoder)
    live = FileStore(data, encoder)
    gate = threading.Event()
    gate.set()

    def built(progress: Progress) -> BuildReport:
        gate.wait(10)
        if house.failure is not None:
            raise house.failure
        house.builds.append(build(sources, data, encoder, BuildOptions(progress=progress)))
        live.refresh()
        return house.builds[-1]

    answers = Answerer(live, encoder, sources, balance=0.0)
    library = Library(sources, data, built, IntakeOptions(network=web.network))
    library.keep_removed_days = 90
    house = House(sources, data, answers, library, [], gate)
    return house


@pytest.fixture
def open_house(slack: FakeSlack, start: StartBot, house: House) -> Callable[..., Bot]:
    slack.names = {ADA: "Ada", BOB: "Bob"}

    def opened(**changed: Any) -> Bot:
        settings: dict[str, Any] = {"mode": "http", "curators": frozenset({ADA})} | changed
        return start(answers=house.answers, library=house.library, **settings)

    return opened


class TestAdding:
    def test_a_file_dropped_in_private_is_an_article_and_a_question_is_offered(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        event = slack.direct_message("", files=[slack.upload("ferry.md", FERRY)], subtype="file_share")
        done = ended(slack, event)
        assert done.shown() == (f" Done. You can ask about it now.Added “The ferry”{FERRY_QUESTION}")
        assert "the-ferry.md" in house.files
        assert slack.downloads == [("/files-pri/F0FILE0/download/ferry.md", BOT_TOKEN)]
        assert len(slack.replies(event)) == 1, "all of it in one message"
        slack.press(done, button(done, "ask_this_1"))
        slack.wait(lambda: len(slack.posted) == 3)
        asked, answer = slack.posted[1:]
        assert asked.shown() == f" {FERRY_QUESTION}"
        assert "Ferry was launched in 1931." in answer.shown()
        assert {post.thread_ts for post in (asked, answer)} == {event["ts"]}
        assert not answer.ephemeral, "it is still there after a reload"

    def test_an_address_is_added_by_the_command_and_progress_is_edited_into_one_message(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House, web: FakeWeb
    ) -> None:
        open_house()
        house.gate.clear()
        slack.command(f"add {web.put('http://lake.example/deep', LAKE_PAGE)}")
        slack.wait(lambda: len(slack.posted) == 2)
        message, told = slack.posted
        assert (message.channel, message.ephemeral) == ("D0ADA", False)
        assert (told.channel, told.ephemeral) == ("C0CARS", True)
        assert told.text == "On it. I write to you in our direct messages how it goes."
        house.gate.set()
        slack.wait(lambda: "Done." in message.shown(), 15)
        assert "Added “The lake”" in message.shown()
        assert len(slack.posted) == 2
        assert 'url: "http://lake.example/deep"' in (house.sources / "the-lake.md").read_text("utf-8")

    def test_a_feed_is_followed_by_the_command(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House, web: FakeWeb
    ) -> None:
        open_house()
        page = web.put("http://lake.example/deep", LAKE_PAGE)
        feed = f"<rss><channel><item><link>{page}</link></item></channel></rss>"
        slack.command(f"follow {web.put('http://lake.example/feed', feed, content_type='text/xml')}")
        slack.wait(lambda: len(slack.posted) == 2)
        message, _ = slack.posted
        slack.wait(lambda: "Followed." in message.shown(), 15)
        assert "http://lake.example/feed: 1 articles taken in, 0 as they were" in message.shown()
        assert "Added “The lake”" in message.shown()
        assert "the-lake.md" in house.files

    def test_where_slack_refuses_a_direct_message_the_command_is_answered_where_it_was_given(
        self, slack: FakeSlack, open_house: Callable[..., Bot], web: FakeWeb
    ) -> None:
        open_house()
        slack.fail("chat.postMessage", *[Fault(error="channel_not_found")] * 9)
        slack.command(f"add {web.put('http://lake.example/deep', LAKE_PAGE)}")
        slack.wait(lambda: "Done." in slack.posted[-1].shown() if slack.posted else False, 15)
        assert {(post.channel, post.ephemeral) for post in slack.posted} == {("C0CARS", True)}
        assert slack.posted[0].shown() == " On it."

    def test_a_mention_with_a_collection_adds_there(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        event = slack.mention("add to notes", files=[slack.upload("ferry.md", FERRY)])
        assert "Added “The ferry”" in ended(slack, event).shown()

    def test_an_unknown_collection_is_refused_with_those_there_are(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        event = slack.mention("add to boats", files=[slack.upload("ferry.md", FERRY)])
        said = ended(slack, event).shown()
        assert said == " There is no collection “boats” here. Choose from: “.” (no collection), notes."
        assert house.builds == []

    def test_what_cannot_be_an_article_is_refused_with_the_reason_and_the_rest_is_added(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House, web: FakeWeb
    ) -> None:
        web.hosts["intern.example"] = [["10.0.0.1"]]
        picture = slack.upload("cat.png", b"\x89PNG\r\n", "image/png")
        open_house()
        text = "add <http://intern.example/plan> <http://gone.example>"
        done = ended(slack, slack.direct_message(text, files=[picture, slack.upload("ferry.md", FERRY)]))
        assert done.shown().startswith(" Done, but not with all of it.")
        for reason in (
            "http://intern.example/plan leads to a private address",
            "http://gone.example",
            "cat.png is a picture. Add the text that it shows.",
            "Added “The ferry”",
        ):
            assert reason in done.shown()

    def test_a_reason_comes_in_the_language_of_who_asks(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        slack.locales[ADA] = "zh-CN"
        (house.sources / "headings.md").write_text("# Only a heading\n", "utf-8")
        open_house()
        picture = slack.upload("cat.png", b"\x89PNG\r\n", "image/png")
        done = ended(slack, slack.direct_message("", files=[picture]))
        assert done.shown() == " 没有添加任何文章。cat.png 是图片，请添加图片上的文字。"
        said = "headings.md 没有句子，只有标题和符号。请写上正文，或删除文件。"
        assert said in ended(slack, slack.direct_message("状态")).shown()

    def test_nothing_that_could_be_added_is_said_and_nothing_is_built(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        done = ended(slack, slack.direct_message("", files=[slack.upload("empty.txt", b"  ")]))
        assert done.shown() == " Nothing was added.empty.txt is empty."
        assert house.builds == []

    def test_the_same_file_again_is_there_already(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        for _ in range(2):
            done = ended(slack, slack.direct_message("", files=[slack.upload("ferry.md", FERRY)]))
        assert "“The ferry” was there already" in done.shown()

    def test_a_build_that_is_refused_is_told_with_its_reason(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        house.failure = FootnoteError("The new index is not used, the last one stays.")
        done = ended(slack, slack.direct_message("", files=[slack.upload("ferry.md", FERRY)]))
        assert done.shown() == (
            " Done, but not with all of it.Added “The ferry”The new index is not used, the last one stays."
        )

    def test_answers_are_given_while_a_request_is_run(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house(workers=1)
        house.gate.clear()
        request = slack.direct_message("", files=[slack.upload("ferry.md", FERRY)])
        slack.reply(request)
        for _ in range(3):
            assert "288 kilometres" in slack.reply(slack.mention("How long is the Aare?")).shown()
        assert "Done" not in slack.reply(request).shown()
        house.gate.set()
        assert "Done" in ended(slack, request).shown()

    def test_a_request_that_was_cut_off_is_taken_over_in_the_same_message(
        self, slack: FakeSlack, start: StartBot, open_house: Callable[..., Bot], house: House, tmp_path: Path
    ) -> None:
        reached, killed = threading.Event(), threading.Event()

        def build_in_a_process_that_is_killed(progress: Progress) -> BuildReport:
            reached.set()
            killed.wait(30)
            raise FootnoteError("It came too late.")

        doomed = Library(house.sources, house.data, build_in_a_process_that_is_killed)
        bot = start(
            answers=house.answers, library=doomed, mode="http", curators=frozenset({ADA}), drain_seconds=0.1
        )
        event = slack.direct_message("", files=[slack.upload("ferry.md", FERRY)])
        slack.wait(reached.is_set)
        bot.close()
        open_house(state=Memory(tmp_path / "state.sqlite"), round_seconds=0.2)
        done = ended(slack, event)
        slack.settle(0.3)
        slack.close()  # what the thread of the first one says now is heard by nobody
        killed.set()
        assert "“The ferry” was there already" in done.shown()
        assert len(slack.replies(event)) == 1

    def test_a_redelivery_is_not_a_second_request(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        slack.acks_to_lose = 1
        ended(slack, slack.direct_message("", files=[slack.upload("ferry.md", FERRY)]))
        slack.settle(0.4)
        assert len(house.builds) == 1
        assert len(slack.posted) == 1


class TestDownloads:
    """The token goes to Slack alone, and what comes back is what was uploaded."""

    def lost(self, slack: FakeSlack, file: dict[str, Any]) -> str:
        return ended(slack, slack.direct_message("add", files=[file])).shown()

    def test_without_the_scope_slack_sends_a_page_which_is_no_article(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        for name, content_type in (("ferry.md", "text/markdown"), ("ferry.html", "text/html")):
            file = slack.upload(name, FERRY, content_type)
            slack.files[file["id"]].forbidden = True
            said = f"I may not read {name}: the app needs the scope files:read."
            assert said in self.lost(slack, file)
        assert house.builds == []

    def test_a_page_that_was_uploaded_is_one(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        file = slack.upload("lake.html", LAKE_PAGE.encode(), "text/html")
        assert "Added “The lake”" in self.lost(slack, file)

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:9/elsewhere",
            "https://files.slack.com.evil.example/f",
            "https://evil.example/files.slack.com",
            "https://user@files.slack.com/f",
            "http://files.slack.com/f",
            "https://files.slack.com:8443/f",
            "https://[files.slack.com/f",
            "file:///etc/passwd",
        ],
    )
    def test_the_token_goes_to_no_other_host(
        self, slack: FakeSlack, open_house: Callable[..., Bot], url: str
    ) -> None:
        open_house()
        file = slack.upload("ferry.md", FERRY) | {"url_private_download": url}
        assert "ferry.md is not kept by Slack itself." in self.lost(slack, file)
        assert slack.downloads == []

    def test_the_token_follows_no_redirect(
        self, slack: FakeSlack, open_house: Callable[..., Bot], web: FakeWeb
    ) -> None:
        open_house()
        file = slack.upload("ferry.md", FERRY)
        slack.files[file["id"]].redirect = f"http://127.0.0.1:{web.port}/stolen"
        assert "I may not read" in self.lost(slack, file)
        assert web.asked == []

    def test_what_breaks_off_is_not_half_an_article(
        self, slack: FakeSlack, open_house: Callable[..., Bot]
    ) -> None:
        open_house()
        file = slack.upload("ferry.md", FERRY)
        slack.files[file["id"]].breaks_off = True
        assert "ferry.md did not arrive from Slack. Please try again." in self.lost(slack, file)

    def test_what_is_too_large_is_not_fetched(self, slack: FakeSlack, open_house: Callable[..., Bot]) -> None:
        open_house()
        file = slack.upload("ferry.md", FERRY) | {"size": 25_000_001}
        assert "ferry.md is larger than 25 MB" in self.lost(slack, file)
        assert slack.downloads == []

    def test_a_file_that_is_named_by_its_id_alone_is_looked_up(
        self, slack: FakeSlack, open_house: Callable[..., Bot]
    ) -> None:
        open_house()
        file = slack.upload("ferry.md", FERRY)
        bare = {"id": file["id"], "name": "ferry.md", "file_access": "check_file_info"}
        assert "Added “The ferry”" in self.lost(slack, bare)


class TestRemoving:
    def test_it_asks_first_and_then_says_what_is_gone(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        question = ended(slack, slack.mention("remove The river Aare"))
        assert question.shown() == (
            " Remove “The river Aare” (river)?"
            "No answer is taken from it any more. Its text is kept for 90 days, just in case."
            "RemoveKeep"
        )
        assert "river.md" in house.files
        slack.press(question, button(question, "remove_article"))
        slack.wait(lambda: "Removed" in question.shown(), 15)
        assert question.shown() == " Removed “The river Aare” (river). No answer is taken from it any more."
        assert "river.md" not in house.files
        assert (house.data / "removed" / "river.md").is_file()
        assert "288" not in slack.reply(slack.mention("How long is the Aare?")).shown()
        assert [post.ephemeral for post in slack.posted] == [False, False]

    def test_who_thinks_again_keeps_it(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        question = ended(slack, slack.mention("remove river"))
        slack.press(question, button(question, "keep_article"))
        slack.wait(lambda: question.shown() == " “river” stays.")
        assert "river.md" in house.files

    def test_nobody_else_removes_by_pressing(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        question = ended(slack, slack.mention("remove river"))
        for action in ("remove_article", "keep_article"):
            slack.press(question, button(question, action), user=EVE)
        slack.wait(lambda: len(slack.posted) == 3)
        assert all("Only curators change the articles." in post.shown() for post in slack.posted[1:])
        assert "river.md" in house.files
        assert "Remove “The river Aare”" in question.shown()

    def test_pressed_twice_it_is_removed_once(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        question = ended(slack, slack.mention("remove river"))
        element = button(question, "remove_article")
        for _ in range(2):
            slack.press(question, element)
        slack.wait(lambda: "Removed" in question.shown(), 15)
        slack.settle(0.2)
        assert "Removed" in question.shown()
        assert len(house.builds) == 1

    def test_an_unknown_name_is_answered_with_those_like_it(
        self, slack: FakeSlack, open_house: Callable[..., Bot]
    ) -> None:
        open_house()
        said = ended(slack, slack.mention("remove rivr")).shown()
        assert said == " There is no article “rivr” here.Did you mean one of these? riverriver"


class TestRebuildingAndStatus:
    def test_rebuild_takes_in_what_changed_on_the_disk(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        (house.sources / "ferry.md").write_bytes(FERRY)
        (house.sources / "broken.md").write_text("---\ntitle: [\n---\n", "utf-8")
        slack.command("rebuild")
        slack.wait(lambda: bool(slack.posted) and "up to date." in slack.posted[0].shown(), 15)
        shown = slack.posted[0].shown()
        assert "Added: 1 · changed: 0 · removed: 0 · failed: 1" in shown
        assert "broken.md is not in the index: it" in shown

    def test_status_counts_and_names_what_is_not_as_it_should_be(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House
    ) -> None:
        open_house()
        (house.sources / "ferry.md").write_bytes(FERRY)
        slack.command("status")
        slack.wait(lambda: bool(slack.posted) and "What I know" in slack.posted[0].shown(), 15)
        shown = slack.posted[0].shown()
        assert "Articles: 3 · passages: " in shown
        assert shown.endswith("ferry is not in the index as it is now; “rebuild” brings it up to date")


class TestWhoMay:
    @pytest.mark.parametrize("said", ["add https://example.org", "remove river", "rebuild", "status"])
    def test_others_are_told_who_can(
        self, slack: FakeSlack, open_house: Callable[..., Bot], house: House, said: str
    ) -> None:
        open_house()
        slack.command(said, user=EVE)
        slack.wait(lambda: bool(slack.posted))
        assert slack.posted[0].shown() == " Only curators change the articles.You can ask Ada."
        assert not slack.posted[0].pings()
        assert house.builds == []

    def test_a_link_of_somebody_else_in_private_too(
        self, slack: FakeSlack, open_house: Callable[..., Bot]
    ) -> None:
        open_house()
        reply = slack.reply(slack.direct_message("<https://example.org>", user=EVE))
        assert "You can ask Ada." in reply.shown()

    def test_without_curators_an_order_is_told_so_and_a_link_is_what_it_was(
        self, slack: FakeSlack, open_house: Callable[..., Bot]
    ) -> None:
        open_house(curators=frozenset())
        assert "There are none yet" in slack.reply(slack.mention("rebuild")).shown()
        link = slack.reply(slack.direct_message("<https://example.org>"))
        assert "curators change" not in link.shown()
        assert "I did not open the link" in link.shown()

    def test_members_of_a_group_are_curators_as_long_as_they_are_in_it(
        self, slack: FakeSlack, open_house: Callable[..., Bot]
    ) -> None:
        slack.groups = {"S0CURATORS": [BOB]}
        open_house(curators=frozenset({"S0CURATORS"}))
        slack.command("status", user=BOB)
        slack.command("status", user=EVE)
        slack.wait(
            lambda: sum("What I know" in p.shown() or "can ask Bob" in p.shown() for p in slack.posted) == 2
        )
        assert slack.calls.count("usergroups.users.list") <= 2

    def test_a_group_that_slack_does_not_tell_of_has_no_members(
        self, slack: FakeSlack, open_house: Callable[..., Bot]
    ) -> None:
        slack.groups = {"S0CURATORS": [BOB]}
        slack.fail("usergroups.users.list", *[Fault(error="missing_scope")] * 3)
        open_house(curators=frozenset({"S0CURATORS"}))
        slack.command("status", user=BOB)
        slack.wait(lambda: bool(slack.posted))
        assert slack.posted[0].shown() == " Only curators change the articles."

    def test_a_question_in_the_words_of_an_order_is_answered(
        self, slack: FakeSlack, open_house: Callable[..., Bot]
    ) -> None:
        open_house()
        assert "288" in slack.reply(slack.mention("add up how long the Aare is")).shown()


class TestWithinWhatAChannelSees:
    @pytest.fixture
    def confined(self, open_house: Callable[..., Bot], house: House) -> House:
        secret = house.sources / "board" / "plan.md"
        secret.parent.mkdir()
        secret.write_text("---\ntitle: Plan Zanzibar\n---\nZanzibar was founded in 1964.\n", "utf-8")
        rights = Rights(frozenset({"notes"}), frozenset({"", "notes"}), {})
        open_house(rights=lambda: rights)
        return house

    def test_what_is_added_goes_where_it_can_be_seen(self, slack: FakeSlack, confined: House) -> None:
        event = slack.mention("add", files=[slack.upload("ferry.md", FERRY)])
        assert "Added “The ferry” (notes)" in ended(slack, event).shown()
        event = slack.mention("add to board", files=[slack.upload("ferry.md", FERRY)])
        assert "There is no collection “board” here." in ended(slack, event).shown()

    @pytest.mark.parametrize("said", ["remove board/plan", "remove Plan Zanziba", "status", "rebuild"])
    def test_no_request_tells_of_a_hidden_article(self, slack: FakeSlack, confined: House, said: str) -> None:
        reply = ended(slack, slack.mention(said))
        slack.settle(0.1)
        assert "board/plan" not in reply.shown().replace(said.partition(" ")[2], "")
        assert "Plan Zanzibar" not in reply.shown()
        assert "board/plan.md" in confined.files

    def test_a_hidden_file_that_fails_is_not_named(self, slack: FakeSlack, confined: House) -> None:
        (confined.sources / "board" / "zanzibar.md").write_text("---\ntitle: [\n---\n", "utf-8")
        (confined.sources / "notes" / "broken.md").write_text("---\ntitle: [\n---\n", "utf-8")
        for said in ("rebuild", "status"):
            shown = ended(slack, slack.mention(said)).shown()
            assert "notes/broken.md" in shown
            assert "zanzibar" not in shown

    def test_a_forged_button_removes_nothing_that_is_hidden(self, slack: FakeSlack, confined: House) -> None:
        question = ended(slack, slack.mention("remove notes/moon-landing"))
        slack.press(question, button(question, "remove_article"), value="board/plan")
        slack.wait(lambda: "There is no article" in question.shown())
        assert "board/plan.md" in confined.files

    def test_outsiders_run_no_requests(self, slack: FakeSlack, confined: House) -> None:
        slack.shared.add("C0CARS")
        reply = slack.reply(slack.mention("rebuild"))
        assert "other organisations" in reply.shown()
        assert confined.builds == []


def ended(slack: FakeSlack, event: dict[str, Any]) -> Posted:
    """The reply once it says what came of the request."""
    slack.wait(lambda: any(not at_work(post) for post in slack.replies(event)), 15)
    return slack.replies(event)[0]


def at_work(post: Posted) -> bool:
    return "hammer_and_wrench" in json.dumps(post.blocks)


def button(message: Posted, action_id: str) -> dict[str, Any]:
    return next(part for part in message.parts("button") if part["action_id"] == action_id)
