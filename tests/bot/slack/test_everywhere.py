"""App Home, the side panel, the message shortcut, and sharing a private answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.library.library import Library
from bot.library.rights import Rights
from bot.memory import Memory
from bot.types import About, Answer, Silence, Told
from index.build import build
from index.types import FootnoteError
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import (
    BANMA,
    BANMA_QUOTE,
    QUESTION,
    PreparedAnswers,
    answer_quoting,
    banma_answer,
    nothing,
    overview,
)
from tests.fakes.encoder import HashingEncoder
from tests.fakes.slack import FakeSlack, Fault, Posted


def test_app_home_shows_what_is_indexed_what_to_try_and_how_to_ask(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    answers.indexed = overview(articles=1_234)
    slack.open_app("home")
    slack.wait(lambda: "U0ADA" in slack.homes)
    shown = said(slack.homes["U0ADA"])
    assert "What I can answer" in shown
    assert any(text.startswith("Articles: 1,234 · passages: 7 · read ") for text in shown)
    assert "cars: 1,233" in shown
    assert "Not in a collection: 1" in shown
    assert " — Car Times, 9 February 2015" in shown
    assert " — undated" in shown
    assert "What is Banma?" in shown, "a button that asks it"
    assert any("/footnote" in text for text in shown)


def test_without_an_index_app_home_says_so_and_how_to_ask_all_the_same(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    answers.indexed = FootnoteError("No index at /srv/secret. Run `footnote build`.")
    slack.open_app("home")
    slack.wait(lambda: "U0ADA" in slack.homes)
    shown = said(slack.homes["U0ADA"])
    assert "I cannot read my articles at the moment." in shown
    assert "How to ask" in shown
    assert "secret" not in str(shown)


class TestWhatCannotBeRead:
    """App Home names it to curators, and to nobody else."""

    @pytest.fixture
    def library(self, sources: Path, data: Path, encoder: HashingEncoder) -> Library:
        """One article has become unreadable since it was indexed, two files never were readable."""
        build(sources, data, encoder)
        (sources / "river.md").write_bytes(b"\xff\xfe torn")
        (sources / "board").mkdir()
        (sources / "board" / "plan.md").write_text("", "utf-8")
        (sources / "notes" / "empty.md").write_text("", "utf-8")
        build(sources, data, encoder)
        return Library(sources, data, lambda _: build(sources, data, encoder))

    def test_a_curator_sees_which_files_fail_and_why(
        self, slack: FakeSlack, start: StartBot, library: Library, mode: str
    ) -> None:
        start(mode=mode, library=library, curators=frozenset({"U0ADA"}))
        shown = home_of(slack, "U0ADA")
        assert shown[0] == "What I cannot read"
        empty = " is empty: write the text below the front matter, or delete the file."
        assert shown[1:5] == ["board/plan.md", empty, "notes/empty.md", empty]
        assert shown[5] == "river.md"
        assert shown[6].startswith(" is UTF-16")
        assert shown[7:9] == [" (I still answer from its last good version.)", "Questions to try"]

    def test_what_was_mended_is_gone_before_the_next_build(
        self, slack: FakeSlack, start: StartBot, library: Library, sources: Path
    ) -> None:
        start(library=library, curators=frozenset({"U0ADA"}))
        (sources / "river.md").write_text("The Aare is a river.\n", "utf-8")
        (sources / "board" / "plan.md").unlink()
        shown = home_of(slack, "U0ADA")
        assert "notes/empty.md" in shown
        assert not {"river.md", "board/plan.md"} & set(shown)

    def test_nobody_else_sees_anything_of_it(
        self, slack: FakeSlack, start: StartBot, library: Library
    ) -> None:
        start(library=library, curators=frozenset({"U0ADA"}))
        shown = home_of(slack, "U0EVE")
        assert shown[0] == "Questions to try"
        assert not [text for text in shown if "river.md" in text or "empty" in text or "cannot read" in text]

    def test_without_an_index_it_is_told_all_the_same(
        self, slack: FakeSlack, start: StartBot, library: Library, answers: PreparedAnswers
    ) -> None:
        start(library=library, curators=frozenset({"U0ADA"}))
        answers.indexed = FootnoteError("No index. Run `footnote build`.")
        assert {"What I cannot read", "river.md", "How to ask"} <= set(home_of(slack, "U0ADA"))

    def test_a_curator_sees_there_what_direct_messages_see(
        self, slack: FakeSlack, start: StartBot, library: Library
    ) -> None:
        rights = Rights(None, frozenset({"notes"}), {})
        start(library=library, curators=frozenset({"U0ADA"}), rights=lambda: rights)
        shown = home_of(slack, "U0ADA")
        assert "notes/empty.md" in shown
        assert not {"board/plan.md", "river.md"} & set(shown)

    def test_where_there_is_no_folder_any_more_the_rest_is_shown(
        self, slack: FakeSlack, start: StartBot, library: Library, sources: Path
    ) -> None:
        start(library=library, curators=frozenset({"U0ADA"}))
        sources.rename(sources.with_name("elsewhere"))
        assert home_of(slack, "U0ADA")[0] == "Questions to try"


def test_the_side_panel_offers_questions_that_are_answered(
    slack: FakeSlack, start: StartBot, mode: str
) -> None:
    slack.has_agent_view = True
    start(mode=mode)
    slack.open_app("messages")
    slack.wait(lambda: bool(slack.prompts))
    assert slack.prompts == [
        {
            "channel_id": "D0ADA",
            "title": "Ask the articles",
            "prompts": [
                {"title": QUESTION, "message": QUESTION},
                {"title": "What is Banma?", "message": "What is Banma?"},
            ],
        }
    ], "no thread_ts: with it they would silently stay away"


def test_a_conversation_in_the_panel_is_named_after_its_first_question(
    slack: FakeSlack, start: StartBot
) -> None:
    slack.has_agent_view = True
    start()
    event = slack.direct_message(QUESTION)
    slack.reply(event)
    slack.wait(lambda: bool(slack.titles))
    slack.direct_message("And since when?", thread_ts=event["ts"])
    slack.wait(lambda: len(slack.posted) == 2)
    slack.settle(0.1)
    assert slack.titles == [{"channel_id": "D0ADA", "thread_ts": event["ts"], "title": QUESTION}]


def test_an_app_without_a_panel_soon_asks_for_none_and_answers_all_the_same(
    slack: FakeSlack, start: StartBot
) -> None:
    start()
    for _ in range(5):
        assert BANMA_QUOTE in slack.reply(slack.direct_message(QUESTION)).shown()
        slack.settle(0.05)
    slack.open_app("messages")
    slack.settle(0.1)
    assert slack.calls.count("assistant.threads.setTitle") == 3
    assert "assistant.threads.setSuggestedPrompts" not in slack.calls


def test_the_shortcut_finds_sources_for_a_message_for_its_user_alone(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    message = slack.say(f"&gt; {QUESTION}", user="U0BOB", thread_ts="1.0")
    answers.prepared[f"> {QUESTION}"] = banma_answer()
    slack.shortcut(message)
    slack.wait(lambda: bool(slack.posted))
    (reply,) = slack.posted
    assert (reply.ephemeral, reply.thread_ts) == (True, "1.0")
    assert BANMA_QUOTE in reply.shown()
    slack.settle(0.05)
    assert slack.envelopes[-1].deliveries == 1


def test_a_long_message_is_looked_up_as_far_as_a_question_may_be_long(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    slack.shortcut(slack.say("word " * 3_000))
    slack.wait(lambda: len(slack.posted) == 1)
    slack.shortcut(slack.say("word " * 3_000 + "Who owns Banma?"))
    slack.wait(lambda: len(slack.posted) == 2)
    assert [1_990 < len(question) <= 2_000 for question, _ in answers.asked] == [True, True]
    assert answers.asked[1][0].endswith("word Who owns Banma?"), "where it asks"
    assert all("so I read a part of it" in post.shown() for post in slack.posted)


def test_a_message_without_words_gets_help(slack: FakeSlack, start: StartBot) -> None:
    start()
    slack.shortcut(slack.say("", files=[{"id": "F1"}], subtype="file_share"))
    slack.wait(lambda: bool(slack.posted))
    assert "Ask me a question" in slack.posted[0].shown()
    assert "not the attached file" in slack.posted[0].shown()


def test_an_unknown_shortcut_is_acknowledged(slack: FakeSlack, start: StartBot) -> None:
    start()
    slack.shortcut(slack.say("Hi"), callback_id="of_an_older_version")
    slack.settle(0.1)
    assert slack.envelopes[-1].deliveries == 1
    assert slack.posted == []


class TestSharing:
    @pytest.fixture
    def private(self, slack: FakeSlack, start: StartBot, mode: str) -> Posted:
        start(mode=mode)
        slack.command(QUESTION)
        slack.wait(lambda: bool(slack.posted))
        slack.settle(0.05)
        return slack.posted[0]

    def test_a_private_answer_is_shared_with_its_question_once(
        self, slack: FakeSlack, private: Posted
    ) -> None:
        slack.press(private, share_button(private))
        slack.wait(lambda: len(slack.posted) == 3)
        shared, told = slack.posted[1:]
        assert (shared.ephemeral, shared.channel) == (False, "C0CARS")
        assert shared.shown().startswith(f"Asked privately and shared: “{QUESTION}”{BANMA_QUOTE}Car Times, 9")
        assert not [button for button in shared.parts("button") if button["action_id"] == "share"]
        assert (told.ephemeral, told.text) == (True, "Shared in the channel.")
        slack.press(private, share_button(private))
        slack.wait(lambda: len(slack.posted) == 4)
        assert slack.posted[3].text == "This answer was shared already."

    def test_the_shared_answer_has_working_buttons(self, slack: FakeSlack, private: Posted) -> None:
        slack.press(private, share_button(private))
        slack.wait(lambda: len(slack.posted) == 3)
        slack.press(slack.posted[1], slack.posted[1].parts("button")[0], user="U0BOB")
        slack.wait(lambda: bool(slack.views))
        assert BANMA_QUOTE in json.dumps(slack.views[0])

    def test_a_selection_is_shared_as_one(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
    ) -> None:
        start(mode=mode)
        quote = replace(banma_answer().quotes[0], path=("Owners",))
        answers.prepared[QUESTION] = replace(banma_answer(), quotes=(quote,), selection=True)
        slack.command(QUESTION)
        slack.wait(lambda: bool(slack.posted))
        slack.press(slack.posted[0], share_button(slack.posted[0]))
        slack.wait(lambda: len(slack.posted) == 3)
        assert "A selection from the articles:" in slack.posted[1].shown()
        assert BANMA_QUOTE in slack.posted[1].shown()

    def test_what_is_told_of_the_articles_is_not_offered_for_sharing(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
    ) -> None:
        start(mode=mode)
        answers.prepared["how many?"] = replace(banma_answer(), quotes=(), told=Told(About.COUNT, 1))
        slack.command("how many?")
        slack.wait(lambda: bool(slack.posted))
        assert "I know one article:" in slack.posted[0].shown()
        assert slack.posted[0].parts("button") == []

    @pytest.mark.parametrize("forged", [{"channel": "C0OTHER"}, {"value": "unknown"}, {"value": ""}])
    def test_what_was_not_shown_there_is_not_shared(
        self, slack: FakeSlack, private: Posted, forged: dict[str, str]
    ) -> None:
        slack.press(private, share_button(private), **forged)  # type: ignore[arg-type]
        slack.wait(lambda: len(slack.posted) == 2)
        assert slack.posted[1].text == "I no longer have this answer. Please ask again."

    def test_an_article_that_changed_is_not_shared(
        self, slack: FakeSlack, private: Posted, answers: PreparedAnswers
    ) -> None:
        answers.articles = {"banma": BANMA.replace("half", "some")}
        slack.press(private, share_button(private))
        slack.wait(lambda: len(slack.posted) == 2)
        assert slack.posted[1].text == "I no longer have this answer. Please ask again."

    def test_a_refused_sharing_may_be_tried_again(self, slack: FakeSlack, private: Posted) -> None:
        slack.fail("response_url", *[Fault(error="invalid_blocks")] * 2)
        slack.press(private, share_button(private))
        slack.wait(lambda: len(slack.posted) == 2)
        slack.press(private, share_button(private))
        slack.wait(lambda: len(slack.posted) == 4)
        assert not slack.posted[2].ephemeral

    def test_an_answer_in_the_open_has_no_such_button_and_a_forged_press_shares_nothing(
        self, slack: FakeSlack, private: Posted
    ) -> None:
        public = slack.reply(slack.mention(QUESTION))
        assert not [button for button in public.parts("button") if button["action_id"] == "share"]
        answer_id = public.parts("button")[0]["value"].partition(":")[0]
        slack.press(private, share_button(private), value=answer_id)
        slack.wait(lambda: len(slack.posted) == 3)
        assert "I no longer have this answer" in slack.posted[2].text


class TestWhatAButtonLeadsTo:
    @pytest.fixture
    def reply(self, slack: FakeSlack, start: StartBot, sources: Path, data: Path) -> Posted:
        library = Library(sources, data, lambda _: pytest.fail("nothing is built"))
        start(mode="http", library=library, curators=frozenset({"U0BEA"}))
        reply = slack.reply(slack.mention(QUESTION))
        slack.settle(0.05)
        return reply

    def test_more_like_this_shows_related_passages_to_the_one_who_asked_for_them(
        self, slack: FakeSlack, reply: Posted, answers: PreparedAnswers
    ) -> None:
        answers.close_to_it = related("SAIC builds cars.")
        slack.press(reply, button(reply, "more_like_this"))
        slack.wait(lambda: len(slack.posted) == 2)
        more = slack.posted[1]
        assert (more.ephemeral, more.thread_ts) == (True, reply.thread_ts)
        assert more.shown().startswith(
            " More like this\nThese passages are related. They may not answer the question."
        )
        assert "SAIC builds cars." in more.shown()
        assert not more.parts("feedback_buttons")

    def test_where_there_is_nothing_more_that_is_said(self, slack: FakeSlack, reply: Posted) -> None:
        slack.press(reply, button(reply, "more_like_this"))
        slack.wait(lambda: len(slack.posted) == 2)
        assert slack.posted[1].text == "I found nothing else that is close to this."

    @pytest.mark.parametrize("forged", [{"channel": "C0OTHER"}, {"value": "unknown:1"}, {"value": "x"}])
    def test_a_forged_more_shows_nothing(
        self, slack: FakeSlack, reply: Posted, answers: PreparedAnswers, forged: dict[str, str]
    ) -> None:
        answers.close_to_it = related("SAIC builds cars.")
        slack.press(reply, button(reply, "more_like_this"), **forged)  # type: ignore[arg-type]
        slack.wait(lambda: len(slack.posted) == 2)
        assert "I no longer have this passage" in slack.posted[1].text
        assert "SAIC" not in str(slack.posted[1])

    def test_a_question_without_an_answer_can_be_passed_on_once_for_all(
        self, slack: FakeSlack, reply: Posted, answers: PreparedAnswers, state: Memory
    ) -> None:
        none = slack.reply(slack.mention("Who is Zoe?"))
        for _ in range(2):
            slack.press(none, button(none, "ask_person"))
        slack.wait(lambda: len(slack.posted) == 4)
        assert "<@U0BEA> can you answer this?" in slack.posted[2].text
        assert "They have been asked already." in slack.posted[3].text
        assert state.shown.told() == ["Who is Zoe?"]

    def test_the_closest_found_can_be_passed_on_too(
        self, slack: FakeSlack, reply: Posted, answers: PreparedAnswers, state: Memory
    ) -> None:
        answers.prepared[QUESTION] = banma_answer(certain=False)
        unsure = slack.reply(slack.mention(QUESTION))
        slack.press(unsure, button(unsure, "ask_person"))
        slack.wait(lambda: len(slack.posted) == 3)
        assert state.shown.told() == [QUESTION]

    def test_what_an_answer_leaves_open_can_be_passed_on_too(
        self, slack: FakeSlack, reply: Posted, answers: PreparedAnswers, state: Memory
    ) -> None:
        half = f"{QUESTION} And who is Zoe?"
        answers.prepared[half] = replace(banma_answer(), unanswered=("who is Zoe",))
        said = slack.reply(slack.mention(half))
        assert "The articles do not say: who is Zoe" in said.shown()
        slack.press(said, button(said, "ask_person"))
        slack.wait(lambda: len(slack.posted) == 3)
        assert state.shown.told() == [half]

    @pytest.mark.parametrize("forged", [{"channel": "C0OTHER"}, {"value": "unknown"}])
    def test_a_forged_word_to_the_curators_is_not_kept(
        self, slack: FakeSlack, reply: Posted, state: Memory, forged: dict[str, str]
    ) -> None:
        none = slack.reply(slack.mention("Who is Zoe?"))
        slack.press(none, button(none, "ask_person"), **forged)  # type: ignore[arg-type]
        slack.wait(lambda: len(slack.posted) == 3)
        assert "I no longer have this question" in slack.posted[2].text
        assert state.shown.told() == []

    def test_courtesies_and_certain_answers_offer_no_curators(
        self, slack: FakeSlack, reply: Posted, answers: PreparedAnswers
    ) -> None:
        assert not [b for b in reply.parts("button") if b["action_id"] == "ask_person"]
        answers.prepared["Thanks"] = nothing("Thanks", reason=Silence.THANKS)
        thanks = slack.reply(slack.mention("Thanks"))
        assert not thanks.parts("button")


class TestSteps:
    """The modal goes on to what stands before and after, in the article of a quote that was shown."""

    @pytest.fixture
    def opened(self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers) -> FakeSlack:
        answers.articles = {"banma": LONG}
        answers.context = 100
        at = LONG.index(BANMA_QUOTE)
        answer = banma_answer()
        quote = answer.quotes[0].__class__(BANMA_QUOTE, 1, "banma", at, at + len(BANMA_QUOTE), None)
        answers.prepared[QUESTION] = Answer(QUESTION, (quote,), answer.sources, 0.9, True, "g1", 0.01)
        start(mode="http")
        reply = slack.reply(slack.mention(QUESTION))
        slack.settle(0.05)
        slack.press(reply, reply.parts("button")[0])
        slack.wait(lambda: len(slack.views) == 1)
        slack.settle(0.05)
        return slack

    def test_next_and_previous_show_the_text_around_it(self, opened: FakeSlack) -> None:
        at = LONG.index(BANMA_QUOTE)
        end = at + len(BANMA_QUOTE)
        step(opened, "step_after")
        assert passage(opened) == LONG[end + 100 : end + 200]
        assert opened.views[-1]["id"] == opened.views[0]["id"], "in the same modal"
        step(opened, "step_after")
        assert passage(opened) == LONG[end + 200 : end + 300]
        step(opened, "step_before")
        assert passage(opened) == LONG[end + 100 : end + 200]

    def test_a_step_back_to_the_quote_shows_it_in_bold_again(self, opened: FakeSlack) -> None:
        first = opened.views[-1]["blocks"]
        step(opened, "step_after")
        step(opened, "step_before")
        assert opened.views[-1]["blocks"] == first

    def test_at_the_ends_there_is_nothing_to_press(self, opened: FakeSlack) -> None:
        for _ in range(5):
            if "step_before" not in json.dumps(opened.views[-1]):
                break
            step(opened, "step_before")
        assert passage(opened).startswith("The beginning.")
        assert "step_after" in json.dumps(opened.views[-1])

    @pytest.mark.parametrize(
        "forged",
        [
            {"private_metadata": "unknown:1:C0CARS"},
            {"private_metadata": ""},
            {"private_metadata": "nonsense"},
            {"value": "sideways:1:2"},
            {"value": "after:-1:2"},
            {"value": "after:999999:999999"},
        ],
    )
    def test_a_forged_or_stale_step_shows_no_word_of_a_source(
        self, opened: FakeSlack, forged: dict[str, str]
    ) -> None:
        step(opened, "step_after", **forged)
        assert "I cannot show this passage" in json.dumps(opened.views[-1])
        assert "word" not in passage(opened)

    def test_another_channels_answer_is_refused(self, opened: FakeSlack) -> None:
        token = opened.views[0]["private_metadata"].replace("C0CARS", "C0OTHER")
        step(opened, "step_after", private_metadata=token)
        assert "I cannot show this passage" in json.dumps(opened.views[-1])

    def test_an_article_that_changed_is_not_read_on(
        self, opened: FakeSlack, answers: PreparedAnswers
    ) -> None:
        answers.articles = {"banma": "Newly: " + LONG}
        step(opened, "step_after")
        assert "The article has changed since this answer" in json.dumps(opened.views[-1])


class TestWhy:
    """👎 is kept at once, and asked about."""

    @pytest.fixture
    def asked(self, slack: FakeSlack, start: StartBot) -> Posted:
        start(mode="http")
        reply = slack.reply(slack.mention(QUESTION))
        slack.settle(0.05)
        element = reply.parts("feedback_buttons")[0]
        slack.press(reply, element, value=element["negative_button"]["value"])
        slack.wait(lambda: len(slack.views) == 1)
        slack.settle(0.05)
        return reply

    def test_the_verdict_is_kept_although_nothing_is_submitted(
        self, slack: FakeSlack, asked: Posted, state: Memory
    ) -> None:
        assert state.shown.feedback(answer_id(asked)) == {"U0ADA": "down"}
        view = slack.views[0]
        assert view["title"]["text"] == "What went wrong?"
        options = view["blocks"][0]["element"]["options"]
        assert [option["text"]["text"] for option in options] == ["wrong", "outdated", "not what I asked"]
        assert view["private_metadata"] == f"{answer_id(asked)}:0:C0CARS"

    def test_reason_and_words_are_kept_and_thanked_for(
        self, slack: FakeSlack, asked: Posted, state: Memory
    ) -> None:
        envelope = slack.submit(
            {"reason": {"selected_option": {"value": "outdated"}}, "words": {"value": " It is 2020. "}}
        )
        slack.wait(lambda: envelope.answer is not None)
        assert state.shown.reasons(answer_id(asked)) == {"U0ADA": ("outdated", "It is 2020.")}
        assert envelope.answer is not None
        assert envelope.answer["response_action"] == "update"
        assert "Thank you, noted." in json.dumps(envelope.answer)

    @pytest.mark.parametrize(
        "forged",
        [
            {"private_metadata": "unknown:0:C0CARS"},
            {"private_metadata": "x"},
        ],
    )
    def test_a_reason_for_an_unknown_answer_is_not_kept(
        self, slack: FakeSlack, asked: Posted, state: Memory, forged: dict[str, str]
    ) -> None:
        envelope = slack.submit({"reason": {"selected_option": {"value": "wrong"}}}, **forged)
        slack.wait(lambda: envelope.answer is not None)
        assert state.shown.reasons(answer_id(asked)) == {}
        assert "I no longer have this answer" in json.dumps(envelope.answer)

    def test_a_reason_that_is_none_is_not_kept(self, slack: FakeSlack, asked: Posted, state: Memory) -> None:
        envelope = slack.submit({"reason": {"selected_option": {"value": "sideways"}}})
        slack.wait(lambda: envelope.answer is not None)
        assert state.shown.reasons(answer_id(asked)) == {}

    def test_where_slack_refuses_the_modal_the_verdict_is_thanked_for(
        self, slack: FakeSlack, start: StartBot, state: Memory
    ) -> None:
        start()
        reply = slack.reply(slack.mention(QUESTION))
        slack.fail("views.open", Fault(error="expired_trigger_id"))
        element = reply.parts("feedback_buttons")[0]
        slack.press(reply, element, value=element["negative_button"]["value"])
        slack.wait(lambda: len(slack.posted) == 2)
        assert slack.posted[1].text == "Thank you, noted."


class TestLanguages:
    """The words around a quote are the asker's; the quote is the article's."""

    @pytest.fixture
    def chinese(self, slack: FakeSlack, start: StartBot) -> None:
        slack.locales["U0WEI"] = "zh-CN"
        start(mode="http")

    @pytest.mark.usefixtures("chinese")
    def test_the_askers_locale_decides(self, slack: FakeSlack) -> None:
        reply = slack.reply(slack.mention(QUESTION, user="U0WEI"))
        assert BANMA_QUOTE in reply.shown()
        assert "Car Times, 2015年2月9日查看段落" in reply.shown()
        slack.reply(slack.mention(QUESTION, user="U0WEI"))
        # That it is at work is shown before anything is asked of Slack.
        assert [shown["status"] for shown in slack.statuses][-1] == "正在查找文章…"
        slack.press(reply, reply.parts("button")[0], user="U0WEI")
        slack.wait(lambda: bool(slack.views))
        assert slack.views[0]["title"]["text"] == "段落"
        slack.press(reply, reply.parts("button")[0], user="U0ADA")
        slack.wait(lambda: len(slack.views) == 2)
        assert slack.views[1]["title"]["text"] == "Passage"

    @pytest.mark.usefixtures("chinese")
    def test_app_home_is_in_it_too(self, slack: FakeSlack) -> None:
        slack.open_app("home", user="U0WEI")
        slack.wait(lambda: "U0WEI" in slack.homes)
        assert "我能回答什么" in said(slack.homes["U0WEI"])

    def test_slack_is_asked_once_a_person(self, slack: FakeSlack, start: StartBot) -> None:
        start()
        for _ in range(3):
            slack.reply(slack.mention(QUESTION))
        slack.reply(slack.mention(QUESTION, user="U0BOB"))
        assert slack.calls.count("users.info") == 2

    def test_an_apology_and_a_polite_no_are_in_it_without_asking_again(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers
    ) -> None:
        slack.locales["U0WEI"] = "zh-CN"
        answers.prepared["Broken?"] = ValueError("broken")
        start(user_limit=2)
        assert "2015年2月9日" in slack.reply(slack.mention(QUESTION, user="U0WEI")).shown()
        assert "我这边出了问题" in slack.reply(slack.mention("Broken?", user="U0WEI")).shown()
        assert "你在一分钟里问了超过 2 个问题" in slack.reply(slack.mention(QUESTION, user="U0WEI")).shown()
        assert slack.calls.count("users.info") == 1

    def test_where_slack_does_not_tell_the_question_decides(self, slack: FakeSlack, start: StartBot) -> None:
        start()
        slack.fail("users.info", Fault(error="missing_scope"))
        reply = slack.reply(slack.mention("谁是佐伊？"))
        assert "文章里没有找到答案。" in reply.shown()


LONG = (
    "The beginning. "
    + " ".join(f"word{number}" for number in range(40))
    + f" {BANMA_QUOTE} "
    + " ".join(f"word{number}" for number in range(40, 120))
)


def related(*quotes: str) -> Answer:
    answer = answer_quoting(*quotes)
    return Answer("", answer.quotes, answer.sources, 0.0, False, "g1", 0.0)


def home_of(slack: FakeSlack, user: str) -> list[str]:
    slack.open_app("home", user=user)
    slack.wait(lambda: user in slack.homes)
    return said(slack.homes[user])


def share_button(message: Posted) -> dict[str, Any]:
    return button(message, "share")


def button(message: Posted, action: str) -> dict[str, Any]:
    return next(one for one in message.parts("button") if one["action_id"] == action)


def answer_id(message: Posted) -> str:
    return str(message.parts("button")[0]["value"]).partition(":")[0]


def step(slack: FakeSlack, action: str, **changed: Any) -> None:
    views = len(slack.views)
    slack.press_in_view(action, **changed)
    slack.wait(lambda: len(slack.views) > views)
    slack.settle(0)


def passage(slack: FakeSlack) -> str:
    return "".join(said(slack.views[-1], skip=1))


def said(view: dict[str, Any], skip: int = 0) -> list[str]:
    """All texts of a view: those of its rich text, headers and notes, in order."""
    texts: list[str] = []
    rich = [block for block in view["blocks"] if block["type"] == "rich_text"]
    chosen = rich[skip : skip + 1] if skip else view["blocks"]

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("text"), str):
                texts.append(value["text"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(chosen)
    return texts
