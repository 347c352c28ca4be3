"""The conversation around a question: what a person does, and what that person sees.

Every scene is played over both ways in which Slack delivers, with messages as Slack's composer makes them.
The answers are real ones, from a small shelf of articles or from those that ship.  Forwarded messages are
in `test_pointing`, when the bot speaks unasked in `test_manners`, what goes wrong on the way in
`test_faults`, and prose that is streamed in `test_streams`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.answer.answerer import Answerer, AnswerOptions
from bot.config import settings_from
from bot.library.library import Library
from bot.memory import Memory
from bot.wiring import open_reader
from index.build import build
from index.encoders.any_model import SentenceTransformerEncoder
from index.encoders.packaged import lightest
from index.generations import FileStore
from index.types import FootnoteError
from tests.bot.slack.conftest import StartBot
from tests.bot.slack.test_pains import Shelf
from tests.fakes.answers import (
    BANMA_QUOTE,
    QUESTION,
    PreparedAnswers,
    answer_quoting,
    banma_answer,
)
from tests.fakes.slack import FakeSlack, Fault, Posted

ROOT = Path(__file__).parents[3]
NEW = "The harbour extension in Lindau costs 61 million euros, the council said on Monday."
OLD = "The harbour extension in Lindau costs 48 million euros."
OLD_AND_LONG = (
    "After months of talks about the width of the new quays, the depth of the basin and the crane, the"
    " harbour extension in Lindau costs 48 million euros, as the council said before the summer began."
)


def composed(*parts: str) -> dict[str, Any]:
    """A message as Slack's composer makes it: emoji are `:name:` in its text, and elements of its blocks."""
    elements = [
        {"type": "emoji", "name": part.strip(":")}
        if re.fullmatch(r":[\w+-]+:", part)
        else {"type": "text", "text": part}
        for part in parts
    ]
    section = {"type": "rich_text_section", "elements": elements}
    return {"text": "".join(parts), "blocks": [{"type": "rich_text", "elements": [section]}]}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf.of(tmp_path)


@pytest.fixture
def serve(start: StartBot, shelf: Shelf, mode: str) -> StartBot:
    """Start a bot with real answers, over one of the ways."""

    def serving(**changed: Any) -> Any:
        return start(**{"mode": mode, "answers": shelf.answers} | changed)

    return serving


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory, real_encoder: SentenceTransformerEncoder) -> Answerer:
    """The articles that ship, read by the models that ship."""
    return answerer(ROOT / "sources", tmp_path_factory.mktemp("data"), real_encoder)


def answers_from(folder: Path, encoder: SentenceTransformerEncoder, texts: dict[str, str]) -> Answerer:
    """The models that ship over articles of these years."""
    sources = folder / "lindau"
    sources.mkdir()
    for year, text in texts.items():
        front = f"---\ntitle: Harbour {year}\npublisher: Lake Times\npublished: {year}-07-01\n---\n"
        (sources / f"{year}.md").write_text(f"{front}{text}\n", "utf-8")
    return answerer(sources, folder / "lindau-data", encoder)


def answerer(sources: Path, data: Path, real_encoder: SentenceTransformerEncoder) -> Answerer:
    encoder = lightest(real_encoder)
    build(sources, data, encoder)
    options = AnswerOptions(open_reader(settings_from({})))
    return Answerer(FileStore(data, encoder), encoder, sources, options=options)


def next_reply(slack: FakeSlack, say: Callable[[], object]) -> Posted:
    before = len(slack.posted)
    say()
    slack.wait(lambda: len(slack.posted) > before, 10)
    slack.settle(0.05)
    return slack.posted[before]


class TestEmoji:
    """They are no words."""

    @pytest.mark.parametrize(
        ("parts", "said"),
        [
            ((":+1:",), "You are welcome."),
            ((":one:",), "You are welcome."),
            (("thanks ", ":pray:"), "You are welcome."),
            (("thank you ", ":heart:"), "You are welcome."),
            (("ok ", ":+1:"), "You are welcome."),
            (("perfect ", ":white_check_mark:"), "You are welcome."),
            (("hi ", ":wave:"), "Ask me a question."),
            (("good morning ", ":sunny:"), "Ask me a question."),
        ],
    )
    def test_a_courtesy_with_an_emoji_is_met_as_one_and_counts_as_no_question(
        self, slack: FakeSlack, serve: StartBot, state: Memory, parts: tuple[str, ...], said: str
    ) -> None:
        serve()
        message = composed(*parts)
        assert said in next_reply(slack, lambda: slack.direct_message(**message)).shown()
        assert said in next_reply(slack, lambda: slack.mention(**message)).shown()
        assert list(state.log.since(0.0)) == []

    def test_a_question_with_an_emoji_is_the_question(self, slack: FakeSlack, serve: StartBot) -> None:
        serve()
        message = composed("What does the Zebra cost", ":thinking_face:", "?")
        assert "20,000 francs" in next_reply(slack, lambda: slack.mention(**message)).shown()

    def test_an_emoji_has_any_colour_of_skin(self, slack: FakeSlack, serve: StartBot) -> None:
        serve()
        thumb = {"type": "emoji", "name": "+1", "unicode": "1f44d-1f3fb", "skin_tone": 2}
        section = {"type": "rich_text_section", "elements": [thumb]}
        message = {"text": ":+1::skin-tone-2:", "blocks": [{"type": "rich_text", "elements": [section]}]}
        assert "You are welcome." in next_reply(slack, lambda: slack.direct_message(**message)).shown()

    def test_a_no_is_no_question(
        self, slack: FakeSlack, start: StartBot, shipped: Answerer, mode: str
    ) -> None:
        start(mode=mode, answers=shipped)
        event = slack.mention("Who holds what share of Banma?")
        slack.reply(event, 20)
        slack.settle(0.05)
        slack.say("no", thread_ts=event["ts"])
        slack.settle(0.2)
        assert len(slack.posted) == 1
        assert "Ask me a question" in next_reply(slack, lambda: slack.direct_message("no")).shown()


class TestFollowUps:
    @pytest.mark.parametrize(
        "text", ["When was it launched?", "And when was it launched?", "when was it launched"]
    )
    @pytest.mark.parametrize("threaded", [True, False], ids=["in the thread", "typed below"])
    def test_it_is_what_was_spoken_of(
        self, slack: FakeSlack, serve: StartBot, text: str, threaded: bool
    ) -> None:
        serve()
        event = slack.direct_message("What does the Zebra cost?")
        slack.reply(event)
        slack.settle(0.05)
        thread = {"thread_ts": event["ts"]} if threaded else {}
        answer = next_reply(slack, lambda: slack.direct_message(text, **thread))
        assert "launched in 2015" in answer.shown()

    def test_more_goes_on_in_a_direct_conversation_without_threads(
        self, slack: FakeSlack, serve: StartBot
    ) -> None:
        serve()
        slack.reply(slack.direct_message("What does the Zebra cost?"))
        slack.settle(0.05)
        more = next_reply(slack, lambda: slack.direct_message("more"))
        assert "no earlier answer" not in more.shown()

    def test_who_the_owners_were_is_not_taken_for_when_it_was_founded(
        self, slack: FakeSlack, start: StartBot, shipped: Answerer, mode: str
    ) -> None:
        start(mode=mode, answers=shipped)
        event = slack.mention("Who holds what share of Banma?")
        slack.reply(event, 20)
        slack.settle(0.05)
        answer = next_reply(slack, lambda: slack.mention("When was it founded?", thread_ts=event["ts"]))
        assert "late 2015" in answer.shown()
        assert "31.5%" not in answer.shown()


class TestWhatAnAnswerShows:
    @pytest.mark.parametrize("question", ["which brands belong to HIMA?", "What are the brands of HIMA?"])
    def test_the_readmes_own_example_is_the_whole_list_and_no_more(
        self, slack: FakeSlack, start: StartBot, shipped: Answerer, mode: str, question: str
    ) -> None:
        start(mode=mode, answers=shipped)
        reply = slack.reply(slack.mention(question), 20)
        assert "Aito, Luxeed, Stelato, Maextro and Shangjie" in reply.shown()
        assert len(reply.parts("rich_text_quote")) == 1

    @pytest.mark.parametrize("old", [OLD, OLD_AND_LONG], ids=["short", "in a long sentence"])
    def test_articles_that_disagree_are_named_with_their_dates(
        self,
        slack: FakeSlack,
        start: StartBot,
        real_encoder: SentenceTransformerEncoder,
        tmp_path: Path,
        mode: str,
        old: str,
    ) -> None:
        start(mode=mode, answers=answers_from(tmp_path, real_encoder, {"2026": NEW, "2025": old}))
        reply = slack.reply(slack.mention("What does the harbour extension in Lindau cost?"), 20)
        assert reply.parts("emoji")[0]["name"] == "scales"
        shown = reply.shown()
        assert "The articles disagree. The newest comes first." in shown
        places = [
            shown.index(said) for said in ("61 million", "(1 July 2026)", "48 million", "(1 July 2025)")
        ]
        assert places == sorted(places)
        assert "disagree" in reply.text and "61 million" in reply.text and "48 million" in reply.text

    def test_the_notification_holds_every_quote_and_source_in_short(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
    ) -> None:
        answers.prepared[QUESTION] = answer_quoting("Ada owns half.", "Bea owns a third.", "Cy the rest.")
        start(mode=mode)
        text = slack.reply(slack.mention(QUESTION)).text
        assert text.startswith("“Ada owns half.” [1]\n“Bea owns a third.” [2]\n“Cy the rest.” [3]\n")
        assert [f"[{number}] <https://example.com/{number}" in text for number in (1, 2, 3)] == [True] * 3

    def test_one_row_of_buttons_serves_three_quotes_and_one_source_has_no_heading(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
    ) -> None:
        answers.prepared["Who?"] = answer_quoting("Ada owns half.", "Bea owns a third.", "Cy the rest.")
        start(mode=mode)
        one, several = slack.reply(slack.mention(QUESTION)), slack.reply(slack.mention("Who?"))
        assert f"{BANMA_QUOTE}Car Times, 9 February 2015Show passage" in one.shown()
        for reply in (one, several):
            assert [block["type"] for block in reply.blocks] == ["rich_text", "actions", "context_actions"]

    def test_what_is_not_sure_says_so_first_and_asks_one_thing(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
    ) -> None:
        answers.prepared[QUESTION] = banma_answer(certain=False)
        start(mode=mode)
        reply = slack.reply(slack.mention(QUESTION))
        assert reply.shown().startswith(" Not sure: this is the closest I have.")
        (thumbs,) = reply.parts("feedback_buttons")
        assert [thumbs[side]["text"]["text"] for side in ("positive_button", "negative_button")] == [
            "👍 Helped",
            "👎 Did not help",
        ]

    def test_on_a_phone_the_passage_begins_with_the_way_to_the_article(
        self, slack: FakeSlack, start: StartBot, mode: str
    ) -> None:
        start(mode=mode)
        reply = slack.reply(slack.mention(QUESTION))
        slack.press(reply, reply.parts("button")[0])
        slack.wait(lambda: bool(slack.views))
        _, way, *_ = slack.views[0]["blocks"]
        assert way["elements"][0]["text"]["text"] == "Open the article at this sentence"
        assert way["elements"][0]["url"].startswith("https://example.com/banma#:~:text=")

    def test_a_sentence_that_was_cut_does_not_look_like_its_articles_end(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
    ) -> None:
        long = "The town pays less for its roads than for its schools, " * 10
        answers.prepared[QUESTION] = answer_quoting(long.strip())
        start(mode=mode)
        assert f"{long.strip()} …" in slack.reply(slack.mention(QUESTION)).shown()

    def test_a_copy_in_the_same_paper_is_not_named_beside_it(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
    ) -> None:
        found = banma_answer()
        also = ("Car Times, https://example.com/copy", "Bus Times")
        answers.prepared[QUESTION] = replace(found, sources=(replace(found.sources[0], also=also),))
        start(mode=mode)
        shown = slack.reply(slack.mention(QUESTION)).shown()
        assert "Car Times, 9 February 2015, also in Bus TimesShow" in shown

    def test_a_no_names_no_article_that_has_nothing_to_do_with_it(
        self, slack: FakeSlack, start: StartBot, shipped: Answerer, mode: str
    ) -> None:
        start(mode=mode, answers=shipped)
        reply = slack.reply(slack.mention("Who won the chess tournament in Wijk aan Zee?"), 20)
        assert reply.shown().startswith(" I found no answer in the articles.")
        assert "These come closest" not in reply.shown()
        assert reply.parts("button")[0]["action_id"] == "ask_this_1", "a question that works"


class TestTheFirstWords:
    def test_a_greeting_says_what_is_known_and_offers_questions_to_tap(
        self, slack: FakeSlack, start: StartBot, shipped: Answerer, mode: str
    ) -> None:
        start(mode=mode, answers=shipped)
        reply = slack.reply(slack.direct_message(**composed("hi ", ":wave:")), 20)
        assert "I know 3 articles, the newest of 9 December 2025" in reply.shown()
        assert len(reply.parts("button")) == 2
        answer = next_reply(slack, lambda: slack.press(reply, reply.parts("button")[0]))
        slack.wait(lambda: len(slack.posted) == 3, 10)
        assert "I found no answer" not in slack.posted[2].shown(), answer.shown()

    def test_app_home_offers_three_questions_as_buttons_and_says_just_now(
        self, slack: FakeSlack, start: StartBot, shipped: Answerer, mode: str
    ) -> None:
        start(mode=mode, answers=shipped)
        slack.open_app("home")
        slack.wait(lambda: "U0ADA" in slack.homes, 20)
        blocks = slack.homes["U0ADA"]["blocks"]
        shown = [part for block in blocks for part in block.get("elements", ()) if "action_id" in part]
        assert [part["action_id"] for part in shown] == ["ask_this_1", "ask_this_2", "ask_this_3"]
        assert re.search(r"read (?:just now|\d+ min ago)", str(blocks))


class TestWhenItDoesNotWork:
    def test_without_an_index_it_names_whom_to_tell_and_no_command(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers, shelf: Shelf, mode: str
    ) -> None:
        answers.prepared[QUESTION] = FootnoteError("No index. Run `footnote build`.")
        slack.names["U0BEA"] = "Bea"
        start(mode=mode, library=shelf.library, curators=frozenset({"U0BEA"}))
        shown = slack.reply(slack.mention(QUESTION)).shown()
        assert "I cannot read my articles at the moment" in shown and "Please tell Bea." in shown
        assert "footnote" not in shown and "log" not in shown

    def test_after_a_fault_it_says_so_without_a_word_of_logs(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
    ) -> None:
        answers.prepared[QUESTION] = ValueError("no")
        start(mode=mode)
        shown = slack.reply(slack.mention(QUESTION)).shown()
        assert shown == " Something went wrong on my side, so I could not look this up.\nPlease ask again."

    @pytest.mark.parametrize("fault", [Fault("internal_error", lost=True), Fault(status=500, lost=True)])
    def test_a_reply_that_arrived_although_slack_failed_is_the_only_one(
        self, slack: FakeSlack, start: StartBot, mode: str, fault: Fault
    ) -> None:
        start(mode=mode)
        slack.fail("chat.postMessage", fault)
        reply = slack.reply(slack.mention(QUESTION))
        slack.settle(0.8)
        assert len(slack.posted) == 1
        assert reply.blocks and "layout" not in reply.text

    @pytest.mark.parametrize("error", ["fatal_error", "team_added_to_org", "service_unavailable"])
    def test_a_failure_of_slacks_own_is_not_blamed_on_the_layout(
        self, slack: FakeSlack, start: StartBot, mode: str, error: str
    ) -> None:
        start(mode=mode)
        slack.fail("chat.postMessage", Fault(error))
        reply = slack.reply(slack.mention(QUESTION))
        assert "layout" not in reply.shown() + reply.text

    def test_over_the_limit_it_says_when_to_ask_again_once(
        self, slack: FakeSlack, start: StartBot, mode: str
    ) -> None:
        start(mode=mode, user_limit=1)
        slack.reply(slack.mention(QUESTION))
        for _ in range(2):
            slack.mention(QUESTION)
        slack.wait(lambda: len(slack.posted) == 2)
        slack.settle(0.2)
        assert len(slack.posted) == 2
        said = r" That was more than 1 questions from you in a minute\.\nAsk again in \d+ s\. Until then I"
        assert re.match(said, slack.posted[1].shown())

    def test_in_a_foreign_direct_conversation_it_asks_for_nothing_impossible(
        self, slack: FakeSlack, start: StartBot, mode: str
    ) -> None:
        start(mode=mode)
        slack.fail("conversations.info", Fault("channel_not_found"))
        slack.command(QUESTION, channel="D0OTHERS")
        slack.wait(lambda: bool(slack.posted))
        shown = slack.posted[0].shown()
        assert "Ask me in a direct message" in shown and "nvite me" not in shown

    def test_broken_connections_are_told_in_the_log_once(
        self, slack: FakeSlack, start: StartBot, caplog: pytest.LogCaptureFixture
    ) -> None:
        start()
        for _ in range(3):
            accepted = slack.accepted
            slack.break_connections()
            slack.wait(lambda: slack.accepted > accepted, 10)  # noqa: B023
        assert BANMA_QUOTE in slack.reply(slack.mention(QUESTION)).shown()
        assert not [record for record in caplog.records if "on_error" in record.getMessage()]


class TestForCurators:
    @pytest.fixture
    def curated(self, serve: StartBot, shelf: Shelf) -> Callable[[], object]:
        return lambda: serve(library=shelf.library, curators=frozenset({"U0ADA"}))

    def test_what_was_added_is_said_before_what_can_be_asked(
        self, slack: FakeSlack, curated: Callable[[], object]
    ) -> None:
        curated()
        file = slack.upload(
            "ferry.md", b"---\ntitle: The ferry\n---\nFerry was launched in 1931. It is old.\n"
        )
        event = slack.direct_message("", subtype="file_share", files=[file])
        message = slack.reply(event)
        slack.wait(lambda: "Added “The ferry”" in message.shown(), 10)
        assert message.shown().startswith(" Done. You can ask about it now.Added “The ferry”")

    def test_a_name_that_fits_several_articles_is_answered_with_buttons(
        self, slack: FakeSlack, curated: Callable[[], object]
    ) -> None:
        curated()
        slack.command("remove zebr")
        slack.wait(lambda: bool(slack.posted))
        assert "Did you mean one of these?" in slack.posted[0].shown()
        assert slack.posted[0].parts("button")[0]["value"] == "cars/zebra"

    def test_what_is_removed_is_kept_for_a_while_and_that_is_said(
        self, slack: FakeSlack, serve: StartBot, shelf: Shelf
    ) -> None:
        library: Library = shelf.library
        library.keep_removed_days = 90
        serve(library=library, curators=frozenset({"U0ADA"}))
        slack.command("remove cars/zebra")
        slack.wait(lambda: bool(slack.posted))
        assert "Its text is kept for 90 days, just in case." in slack.posted[0].shown()
