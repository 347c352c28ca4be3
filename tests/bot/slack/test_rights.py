"""No passage of a hidden collection reaches a channel, by whatever way; and nothing reaches outsiders.

Over a real index with two collections: every surface is tried with the secret's own words, and then
everything that Slack was ever given is searched for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.answer.answerer import Answerer
from bot.library.rights import Rights
from bot.memory import Memory
from index.build import build
from index.generations import FileStore
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers
from tests.fakes.encoder import HashingEncoder
from tests.fakes.slack import FakeSlack, Fault, Posted

# Stands in every sentence, title, publisher and address of the hidden article, and in no question.
SECRET = "Zanzibar"
OPEN, BOARD = "C0CARS", "C0BOARD"
# The words of the hidden sentences, but for the one that gives them away.
ASKED = "What will the Zebra cost from 2030 on, and when does the board meet about it?"


class Shelf:
    """The rights as they are now; a test changes them."""

    def __init__(self) -> None:
        self.rights = Rights(default=frozenset({"cars"}), direct=frozenset({"cars"}), channels={BOARD: None})

    def __call__(self) -> Rights:
        return self.rights

    def withdraw(self) -> None:
        self.rights = Rights(frozenset({"cars"}), frozenset({"cars"}), {})


@pytest.fixture
def rights() -> Shelf:
    return Shelf()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    sources, data, encoder = tmp_path_factory.mktemp("s"), tmp_path_factory.mktemp("d"), HashingEncoder()
    for folder, name, text in [
        ("cars", "The Zebra", "The Zebra costs 20,000 francs. Zebra was launched in 2015. It seats five."),
        ("cars", "The Otter", "The Otter costs 10,000 francs, which is half of what the Zebra costs."),
        (
            "board",
            f"Plan for {SECRET}",
            f"From 2030 on, the Zebra will cost 90,000 francs in {SECRET}. The board meets about the Zebra "
            f"of {SECRET} on Monday. {SECRET} was founded in 1964.\n\n{SECRET} is where the Zebra is built. "
            * 4,
        ),
    ]:
        path = sources / folder / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        url = f"https://example.org/{name.replace(' ', '-')}"
        path.write_text(f"---\ntitle: {name}\npublisher: {name}\nurl: {url}\n---\n{text}", "utf-8")
    build(sources, data, encoder)
    return Answerer(FileStore(data, encoder), encoder, sources, balance=0.0)


@pytest.fixture
def workspace(slack: FakeSlack, start: StartBot, library: Answerer, rights: Shelf) -> FakeSlack:
    slack.has_agent_view = True
    start(answers=library, rights=rights, mode="http")
    return slack


@pytest.fixture
def secret_reply(workspace: FakeSlack) -> Posted:
    """What the board was answered, in its own channel: the control, and what forgers start from."""
    reply = workspace.reply(workspace.mention(ASKED, channel=BOARD))
    assert SECRET in reply.shown()
    workspace.settle(0.05)
    return reply


class TestWhatAChannelIsGiven:
    @pytest.mark.parametrize("question", [ASKED, "When was it founded in 1964?", "Where is the Zebra built?"])
    def test_answers_and_what_comes_near_them(self, workspace: FakeSlack, question: str) -> None:
        workspace.reply(workspace.mention(question))
        workspace.reply(workspace.direct_message(question))
        workspace.command(question)
        workspace.shortcut(workspace.say(question))
        workspace.wait(lambda: len(workspace.posted) == 4)
        assert_kept(workspace)

    def test_an_edited_question(self, workspace: FakeSlack) -> None:
        event = workspace.mention("What does the Zebra cost?")
        workspace.reply(event)
        workspace.edit(event, f"<@U0FOOTNOTE> {ASKED}")
        workspace.wait(lambda: workspace.posted[0].edits == 1)
        assert_kept(workspace)

    def test_follow_ups_in_a_thread_that_once_saw_more(
        self, workspace: FakeSlack, secret_reply: Posted, rights: Shelf
    ) -> None:
        rights.withdraw()
        before = len(workspace.posted)
        for number, said in enumerate(("more", "explain", "source?", "and when?", ASKED), start=1):
            workspace.mention(said, channel=BOARD, thread_ts=secret_reply.thread_ts)
            workspace.wait(lambda number=number: len(workspace.posted) == before + number)  # type: ignore[misc]
        assert_kept(workspace, workspace.posted[before:])

    def test_app_home_and_the_side_panel(self, workspace: FakeSlack) -> None:
        workspace.open_app("home")
        workspace.open_app("messages")
        workspace.wait(lambda: bool(workspace.homes) and bool(workspace.prompts))
        assert "cars: 2" in json.dumps(workspace.homes)
        assert "board" not in json.dumps(workspace.homes)
        assert_kept(workspace)

    def test_more_like_this_and_the_text_around_a_quote(self, workspace: FakeSlack) -> None:
        reply = workspace.reply(workspace.mention("What does the Zebra cost?"))
        workspace.settle(0.05)
        workspace.press(reply, button(reply, "more_like_this"))
        workspace.wait(lambda: len(workspace.posted) == 2)
        assert "The Otter" in workspace.posted[1].shown()
        workspace.press(reply, button(reply, "show_passage"))
        workspace.wait(lambda: bool(workspace.views))
        assert_kept(workspace)


class TestForgery:
    @pytest.mark.parametrize("action", ["show_passage", "more_like_this"])
    def test_a_button_of_the_boards_answer_pressed_elsewhere(
        self, workspace: FakeSlack, secret_reply: Posted, action: str
    ) -> None:
        workspace.press(secret_reply, button(secret_reply, action), channel=OPEN)
        workspace.wait(lambda: len(workspace.posted) + len(workspace.views) == 2)
        assert_kept(workspace)

    @pytest.mark.parametrize("channel", [OPEN, BOARD, "", "D0ADA"])
    def test_a_modal_with_metadata_of_somewhere_else(
        self, workspace: FakeSlack, secret_reply: Posted, rights: Shelf, channel: str
    ) -> None:
        reply = workspace.reply(workspace.mention("What does the Zebra cost?"))
        workspace.settle(0.05)
        workspace.press(reply, button(reply, "show_passage"))
        workspace.wait(lambda: bool(workspace.views))
        rights.withdraw()
        answer_id = button(secret_reply, "show_passage")["value"].partition(":")[0]
        for step in ("after:0:5", "before:90:120", "after:0:0"):
            shown = len(workspace.views)
            element = {"type": "button", "action_id": "step_after", "block_id": "b", "value": step}
            workspace.deliver(
                "interactive",
                {
                    "type": "block_actions",
                    "trigger_id": f"{step}{channel}",
                    "team": {"id": "T0TEAM"},
                    "user": {"id": "U0ADA", "team_id": "T0TEAM"},
                    "view": workspace.views[0] | {"private_metadata": f"{answer_id}:1:{channel}"},
                    "actions": [element],
                },
            )
            workspace.wait(lambda shown=shown: len(workspace.views) > shown)  # type: ignore[misc]
        assert_kept(workspace)


class TestRightsThatWereWithdrawn:
    @pytest.mark.parametrize("action", ["show_passage", "more_like_this"])
    def test_the_buttons_of_an_answer_from_before_show_nothing(
        self, workspace: FakeSlack, secret_reply: Posted, rights: Shelf, action: str
    ) -> None:
        rights.withdraw()
        workspace.press(secret_reply, button(secret_reply, action))
        workspace.wait(lambda: len(workspace.posted) + len(workspace.views) == 2)
        assert_kept(workspace, workspace.posted[1:])

    def test_a_modal_that_is_open_goes_no_further(self, workspace: FakeSlack, rights: Shelf) -> None:
        reply = workspace.reply(workspace.mention(f"When was {SECRET} founded?", channel=BOARD))
        workspace.settle(0.05)
        workspace.press(reply, button(reply, "show_passage"))
        workspace.wait(lambda: bool(workspace.views))
        assert SECRET in json.dumps(workspace.views[0])
        rights.withdraw()
        element = {"type": "button", "action_id": "step_after", "value": "after:0:5"}
        workspace.deliver(
            "interactive",
            {
                "type": "block_actions",
                "trigger_id": "t",
                "team": {"id": "T0TEAM"},
                "user": {"id": "U0ADA", "team_id": "T0TEAM"},
                "view": workspace.views[0],
                "actions": [element],
            },
        )
        workspace.wait(lambda: len(workspace.views) == 2)
        assert SECRET not in json.dumps(workspace.views[1])

    def test_a_private_answer_is_no_longer_shared(self, workspace: FakeSlack, rights: Shelf) -> None:
        workspace.command(ASKED, channel=BOARD)
        workspace.wait(lambda: len(workspace.posted) == 1)
        workspace.settle(0.05)
        private = workspace.posted[0]
        assert SECRET in private.shown()
        rights.withdraw()
        workspace.press(private, button(private, "share"))
        workspace.wait(lambda: len(workspace.posted) == 2)
        assert workspace.posted[1].text == "I no longer have this answer. Please ask again."

    def test_the_reply_to_an_edited_question_shows_it_no_longer(
        self, workspace: FakeSlack, rights: Shelf
    ) -> None:
        event = workspace.mention(ASKED, channel=BOARD)
        assert SECRET in workspace.reply(event).shown()
        workspace.settle(0.05)
        rights.withdraw()
        workspace.edit(event, f"<@U0FOOTNOTE> {ASKED} Now?")
        workspace.wait(lambda: workspace.posted[0].edits == 1)
        assert_kept(workspace, workspace.posted)


class TestOutsiders:
    """Prepared answers will do: nothing of them may be seen."""

    @pytest.fixture
    def shared(self, slack: FakeSlack) -> Iterator[FakeSlack]:
        slack.shared.add(OPEN)
        yield slack
        assert "half of Banma" not in everything(slack)

    def test_a_shared_channel_gets_a_polite_word_once_and_nothing_else(
        self, shared: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
    ) -> None:
        start(mode=mode)
        first = shared.reply(shared.mention(QUESTION))
        assert first.shown() == (
            " I do not answer where people of other organisations take part."
            "\nAsk me in a direct message, or in a channel of your own organisation."
        )
        shared.mention(QUESTION)
        shared.mention("Who is Zoe?", user="U0BOB")
        shared.settle(0.1)
        assert len(shared.posted) == 1
        assert answers.asked == []
        assert shared.statuses == []

    def test_whoever_asks_privately_is_always_told(
        self, shared: FakeSlack, start: StartBot, answers: PreparedAnswers
    ) -> None:
        start()
        shared.command(QUESTION)
        shared.shortcut(shared.say(QUESTION))
        shared.wait(lambda: len(shared.posted) == 2)
        assert all(post.ephemeral and "other organisations" in post.text for post in shared.posted)
        assert answers.asked == []

    def test_every_question_is_answered_channels_too(
        self, shared: FakeSlack, start: StartBot, answers: PreparedAnswers
    ) -> None:
        start(answer_channels=frozenset({OPEN}))
        shared.say(QUESTION)
        shared.settle(0.1)
        assert shared.posted == []
        assert answers.asked == []

    def test_a_stranger_is_not_answered_where_slack_calls_the_channel_ours(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers
    ) -> None:
        start()
        slack.mention(QUESTION, user="U0STRANGE", user_team="T0OTHER")
        slack.wait(lambda: len(slack.posted) == 1)
        assert "other organisations" in slack.posted[0].text
        assert answers.asked == []

    @pytest.mark.parametrize("action", ["show_passage", "more_like_this"])
    def test_what_was_answered_before_the_channel_was_shared_opens_no_more(
        self, slack: FakeSlack, start: StartBot, action: str
    ) -> None:
        start()
        reply = slack.reply(slack.mention(QUESTION))
        slack.settle(0.05)
        slack.shared.add(OPEN)
        slack.mention("Hello", user="U0STRANGE")
        slack.wait(lambda: len(slack.posted) == 2)
        slack.press(reply, button(reply, action))
        slack.wait(lambda: len(slack.posted) + len(slack.views) == 3)
        assert BANMA_QUOTE not in json.dumps(slack.views)
        assert all(BANMA_QUOTE not in post.shown() for post in slack.posted[1:])

    def test_a_stranger_presses_in_vain(self, slack: FakeSlack, start: StartBot) -> None:
        start()
        reply = slack.reply(slack.mention(QUESTION))
        slack.settle(0.05)
        payload = slack.press_payload(reply, button(reply, "show_passage"), None, "U0STRANGE", None)
        slack.deliver("interactive", payload | {"user": {"id": "U0STRANGE", "team_id": "T0OTHER"}})
        slack.wait(lambda: bool(slack.views))
        assert "I cannot show this passage." in json.dumps(slack.views)

    @pytest.mark.parametrize("error", ["missing_scope", "channel_not_found"])
    def test_where_slack_does_not_tell_nothing_is_shown_and_the_way_out_is_said(
        self, slack: FakeSlack, start: StartBot, answers: PreparedAnswers, error: str
    ) -> None:
        start()
        slack.fail("conversations.info", Fault(error=error))
        slack.command(QUESTION)
        slack.wait(lambda: len(slack.posted) == 1)
        assert slack.posted[0].text == (
            "I do not know whether outsiders can read along here, so I do not answer."
            " Ask me in a direct message, or in a channel that I was invited to."
        )
        assert answers.asked == []

    def test_what_an_event_says_of_its_channel_holds_for_commands_there(
        self, slack: FakeSlack, start: StartBot
    ) -> None:
        start()
        slack.reply(slack.mention(QUESTION))
        slack.command(QUESTION)
        slack.wait(lambda: len(slack.posted) == 2)
        assert BANMA_QUOTE in slack.posted[1].shown()
        assert "conversations.info" not in slack.calls

    def test_slack_is_asked_once_for_a_while(self, slack: FakeSlack, start: StartBot) -> None:
        start()
        for number in (1, 2, 3):
            slack.command(QUESTION)
            slack.wait(lambda number=number: len(slack.posted) == number)  # type: ignore[misc]
        assert slack.calls.count("conversations.info") == 1

    def test_a_setting_allows_it(self, slack: FakeSlack, start: StartBot) -> None:
        slack.shared.add(OPEN)
        start(shared_channels=True)
        event = slack.mention(QUESTION, user="U0STRANGE", user_team="T0OTHER")
        assert BANMA_QUOTE in slack.reply(event).shown()

    def test_a_question_taken_over_is_still_known_to_be_of_a_shared_channel(
        self, slack: FakeSlack, start: StartBot, state: Memory, answers: PreparedAnswers, tmp_path: Path
    ) -> None:
        slack.shared.add(OPEN)
        first = start()
        first.close()
        slack.mention(QUESTION)
        start(state=Memory(tmp_path / "state.sqlite"))
        slack.wait(lambda: len(slack.posted) == 1)
        assert answers.asked == []


def assert_kept(slack: FakeSlack, posted: list[Posted] | None = None) -> None:
    """The secret is in nothing but what the board was answered while it had the right."""
    shown = [post for post in slack.posted if post.channel != BOARD] if posted is None else posted
    assert shown or slack.views or slack.homes
    found = json.dumps(
        [[vars(post) for post in shown], slack.views, slack.homes, slack.prompts, slack.titles]
    )
    assert SECRET not in found


def everything(slack: FakeSlack) -> str:
    return json.dumps([[vars(post) for post in slack.posted], slack.views, slack.homes])


def button(message: Posted, action_id: str) -> dict[str, Any]:
    return next(part for part in message.parts("button") if part["action_id"] == action_id)
