"""Asking in Slack, through the real Socket Mode client: who asks gets one reply, in the right place."""

from __future__ import annotations

import pytest

from bot.types import Nearest, NoAnswer, Silence
from index.types import FootnoteError
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers, answer_quoting, banma_answer
from tests.fakes.slack import BOT, BOT_USER, FakeSlack, Fault

pytestmark = pytest.mark.usefixtures("bot")


def test_a_mention_is_answered_once_in_its_thread(slack: FakeSlack) -> None:
    event = slack.mention(QUESTION)
    reply = slack.reply(event)
    slack.settle()
    assert len(slack.posted) == 1
    assert (reply.channel, reply.thread_ts) == ("C0CARS", event["ts"])
    assert BANMA_QUOTE in reply.shown()
    assert (reply.options["unfurl_links"], reply.options["unfurl_media"]) == (False, False)


def test_a_reply_reads_quote_then_source_with_publisher_and_date(slack: FakeSlack) -> None:
    reply = slack.reply(slack.mention(QUESTION))
    assert [block["type"] for block in reply.blocks] == ["rich_text", "actions", "context_actions"]
    assert reply.shown().startswith(f"{BANMA_QUOTE}Car Times, 9 February 2015Show passage")


def test_the_source_is_linked_to_the_very_sentence(slack: FakeSlack) -> None:
    reply = slack.reply(slack.mention(QUESTION))
    link = "https://example.com/banma#:~:text=Alibaba%20and%20SAIC"
    assert [(part["text"], part["url"]) for part in reply.parts("link")] == [
        ("Car Times, 9 February 2015", link)
    ]


def test_the_notification_is_the_answer_and_its_source(slack: FakeSlack) -> None:
    reply = slack.reply(slack.mention(QUESTION))
    link = "https://example.com/banma#:~:text=Alibaba%20and%20SAIC"
    assert reply.text == f"“{BANMA_QUOTE}”\n<{link}|Car Times, 9 February 2015>"


def test_a_mention_inside_a_thread_is_answered_there(slack: FakeSlack) -> None:
    first = slack.event(
        {"type": "message", "channel_type": "channel", "channel": "C0CARS", "user": "U1", "text": "hi"}
    )
    event = slack.mention(QUESTION, thread_ts=first["ts"])
    assert slack.reply(event).thread_ts == first["ts"]


def test_a_direct_message_is_answered_without_a_mention(slack: FakeSlack) -> None:
    event = slack.direct_message(QUESTION)
    assert BANMA_QUOTE in slack.reply(event).shown()


def test_the_slash_command_is_answered_to_the_asker_alone(slack: FakeSlack) -> None:
    slack.command(QUESTION)
    slack.wait(lambda: bool(slack.posted))
    reply = slack.posted[0]
    assert reply.ephemeral
    assert BANMA_QUOTE in reply.shown()
    assert reply.options == {
        "response_type": "ephemeral",
        "replace_original": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    slack.settle(0)
    assert slack.envelopes[0].answer == {}, "acknowledged without a visible echo"


def test_the_bot_shows_that_it_is_looking(slack: FakeSlack) -> None:
    event = slack.mention(QUESTION)
    slack.reply(event)
    assert slack.statuses == [
        {
            "channel_id": "C0CARS",
            "thread_ts": event["ts"],
            "status": "is looking through the articles…",
            "loading_messages": [
                "Looking through the articles…",
                "Comparing sentences…",
                "Checking each quote…",
            ],
        }
    ]


def test_where_slack_has_no_status_eyes_show_it_until_the_reply_is_there(slack: FakeSlack) -> None:
    slack.fail("assistant.threads.setStatus", Fault(error="missing_scope"))
    event = slack.mention(QUESTION)
    slack.reply(event)
    slack.wait(lambda: "reactions.remove" in slack.calls)
    order = [name for name in slack.calls if name.startswith(("reactions", "chat"))]
    assert order == ["reactions.add", "chat.postMessage", "reactions.remove"]
    assert slack.reactions == set()


def test_the_question_is_decoded_and_only_this_bots_mention_is_dropped(
    slack: FakeSlack, answers: PreparedAnswers
) -> None:
    event = slack.mention("did <@U0BOB> ask &lt;SAIC&gt; &amp; <#C1|cars> about <https://saic.com|SAIC>?")
    slack.reply(event)
    assert answers.asked == [("did @U0BOB ask <SAIC> & #cars about SAIC?", ())]


def test_a_follow_up_knows_the_question_before_it(slack: FakeSlack, answers: PreparedAnswers) -> None:
    first = slack.mention(QUESTION)
    slack.reply(first)
    slack.settle(0.05)
    slack.mention("And since when?", thread_ts=first["ts"])
    slack.wait(lambda: len(slack.replies(first)) == 2)
    conversation = answers.asked[1][1]
    assert [(turn.question, turn.answer) for turn in conversation] == [(QUESTION, BANMA_QUOTE)]


def test_another_thread_knows_nothing_of_it(slack: FakeSlack, answers: PreparedAnswers) -> None:
    slack.reply(slack.mention(QUESTION))
    slack.reply(slack.mention("And since when?"))
    assert answers.asked[1] == ("And since when?", ())


def test_what_is_uncertain_does_not_look_like_an_answer(slack: FakeSlack, answers: PreparedAnswers) -> None:
    answers.prepared[QUESTION] = banma_answer(certain=False)
    reply = slack.reply(slack.mention(QUESTION))
    assert reply.shown().startswith(" Not sure: this is the closest I have.Alibaba")
    assert reply.text.startswith("Not sure: this is the closest I have.\n“Alibaba")


def test_no_answer_names_the_nearest_articles_as_not_one(slack: FakeSlack, answers: PreparedAnswers) -> None:
    nearest = (
        Nearest("banma", "Banma and its owners", "https://example.com/banma"),
        Nearest("x", "No web", None),
    )
    answers.prepared["Who is Zoe?"] = NoAnswer(
        "Who is Zoe?", Silence.NOT_IN_SOURCES, nearest, 0.1, "g1", 0.01
    )
    reply = slack.reply(slack.mention("Who is Zoe?"))
    assert reply.shown() == (
        " I found no answer in the articles."
        "These come closest, but do not say:Banma and its owners, undatedNo web, undated"
        "Who holds what share of Banma?"
    )
    assert [button["action_id"] for button in reply.parts("button")] == ["ask_this_1"]


def test_having_no_articles_is_said_in_other_words(slack: FakeSlack, answers: PreparedAnswers) -> None:
    answers.prepared["Anything?"] = NoAnswer("Anything?", Silence.NO_ARTICLES, (), 0.0, "g1", 0.01)
    assert "I have no articles to search yet." in slack.reply(slack.mention("Anything?")).shown()


def test_having_no_index_is_said_without_paths(slack: FakeSlack, answers: PreparedAnswers) -> None:
    answers.prepared[QUESTION] = FootnoteError("No index at /srv/secret. Run `footnote build`.")
    reply = slack.reply(slack.mention(QUESTION))
    assert "I cannot read my articles at the moment" in reply.shown()
    assert "secret" not in reply.shown() + reply.text


def test_an_empty_mention_gets_help(slack: FakeSlack, answers: PreparedAnswers) -> None:
    reply = slack.reply(slack.mention("  "))
    assert "Ask me a question. I answer with quotes from the articles." in reply.shown()
    assert answers.asked == []


def test_an_attachment_is_openly_not_read(slack: FakeSlack) -> None:
    event = slack.direct_message(QUESTION, subtype="file_share", files=[{"id": "F1"}])
    reply = slack.reply(event)
    assert BANMA_QUOTE in reply.shown()
    assert "not the attached file" in reply.shown()


def test_an_attachment_alone_gets_help_and_the_same_word(slack: FakeSlack) -> None:
    reply = slack.reply(slack.direct_message("", subtype="file_share", files=[{"id": "F1"}]))
    assert "Ask me a question" in reply.shown()
    assert "not the attached file" in reply.shown()


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message", "channel_type": "channel", "channel": "C1", "user": "U1", "text": QUESTION},
        {
            "type": "message",
            "channel_type": "im",
            "channel": "D1",
            "bot_id": "B9",
            "user": "U9",
            "text": QUESTION,
        },
        {
            "type": "message",
            "channel_type": "im",
            "channel": "D1",
            "user": BOT_USER,
            "bot_id": BOT,
            "text": "mine",
        },
        {
            "type": "message",
            "channel_type": "im",
            "channel": "D1",
            "subtype": "message_changed",
            "message": {},
        },
        {
            "type": "message",
            "channel_type": "im",
            "channel": "D1",
            "subtype": "channel_join",
            "user": "U1",
            "text": "x",
        },
        {
            "type": "app_mention",
            "channel": "C1",
            "bot_id": "B9",
            "user": "U9",
            "text": f"<@{BOT_USER}> hello",
        },
        {"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "messages"},
        {"type": "reaction_added", "user": "U1", "reaction": "eyes", "item": {}},
        {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}},
    ],
    ids=[
        "channel talk",
        "a bot's DM",
        "its own",
        "an edit",
        "a join",
        "a bot's mention",
        "home",
        "unknown event",
        "a person's token",
    ],
)
def test_what_is_not_for_the_bot_is_acknowledged_and_left_alone(
    slack: FakeSlack, event: dict[str, object]
) -> None:
    slack.event(dict(event))
    slack.settle(0.1)
    assert slack.envelopes[0].deliveries == 1
    assert slack.posted == []


@pytest.mark.parametrize(
    "event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["U1"]}}]
)
def test_that_the_app_was_removed_is_in_the_log(
    slack: FakeSlack, event: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    slack.event(dict(event))
    slack.settle(0.1)
    assert slack.envelopes[0].deliveries == 1
    assert "until it is installed again" in caplog.text


def test_a_source_full_of_mentions_pings_nobody(slack: FakeSlack, answers: PreparedAnswers) -> None:
    nasty = "<!channel> and <@U0ADA>, <!subteam^S1|team>, <#C1> & <https://evil.example|click> @here"
    answers.prepared["nasty"] = answer_quoting(nasty, title=nasty, publisher=nasty)
    reply = slack.reply(slack.mention("nasty"))
    assert nasty.partition(" <https")[0] in reply.shown()
    assert reply.pings() == []
