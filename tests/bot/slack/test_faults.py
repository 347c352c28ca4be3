"""When Slack refuses, limits or breaks, and when answering fails: a word to the asker, a trace in the log."""

from __future__ import annotations

import logging

import pytest

from bot.config import SlackSettings
from bot.memory import Memory, Place
from bot.slack.client import check_tokens
from index.types import FootnoteError
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers, answer_quoting
from tests.fakes.slack import BOT_TOKEN, FakeSlack, Fault


def test_a_rate_limit_is_waited_out(slack: FakeSlack, start: StartBot) -> None:
    start()
    slack.fail("chat.postMessage", Fault(status=429, retry_after="1"))
    reply = slack.reply(slack.mention(QUESTION))
    first, second = slack.call_times["chat.postMessage"]
    assert second - first >= 1.0
    assert len(slack.posted) == 1
    assert not reply.is_plain


def test_a_rate_limit_beyond_reason_is_not_waited_for(
    slack: FakeSlack, start: StartBot, caplog: pytest.LogCaptureFixture
) -> None:
    start()
    slack.fail("chat.postMessage", Fault(status=429, retry_after="3600"))
    slack.mention(QUESTION)
    slack.wait(lambda: "chat.postMessage" in slack.calls)
    slack.settle()
    assert slack.calls.count("chat.postMessage") == 1
    assert "limits the rate of replies for longer than can be waited for" in caplog.text


def test_a_post_whose_answer_is_lost_is_found_and_not_posted_again(
    slack: FakeSlack, start: StartBot, state: Memory
) -> None:
    start()
    slack.fail("chat.postMessage", Fault(lost=True))
    event = slack.mention(QUESTION)
    slack.wait(lambda: "conversations.replies" in slack.calls)
    slack.wait(lambda: state.inbox.waiting() == 0)
    slack.settle(0.1)
    (reply,) = slack.posted
    assert state.inbox.reply(Place("T0TEAM", "C0CARS"), event["ts"]).ts == reply.ts  # type: ignore[union-attr]


def test_a_post_that_was_lost_on_its_way_is_posted_again(slack: FakeSlack, start: StartBot) -> None:
    start()
    slack.fail("chat.postMessage", Fault(cut=True))
    assert BANMA_QUOTE in slack.reply(slack.mention(QUESTION)).shown()
    slack.settle(0.1)
    assert slack.calls.count("chat.postMessage") == 2
    assert len(slack.posted) == 1


def test_while_slack_cannot_tell_whether_a_post_arrived_it_is_left_for_later(
    slack: FakeSlack, start: StartBot, state: Memory
) -> None:
    start()
    slack.fail("chat.postMessage", Fault(lost=True))
    slack.fail("conversations.replies", Fault(cut=True))
    slack.mention(QUESTION)
    slack.wait(lambda: "conversations.replies" in slack.calls)
    slack.settle(0.1)
    assert (len(slack.posted), state.inbox.waiting()) == (1, 1)


def test_a_server_error_is_tried_again(slack: FakeSlack, start: StartBot) -> None:
    start()
    slack.fail("chat.postMessage", Fault(status=500), Fault(status=503))
    assert not slack.reply(slack.mention(QUESTION)).is_plain
    assert len(slack.posted) == 1


@pytest.mark.parametrize(
    "fault",
    [Fault(error="internal_error", lost=True), Fault(status=500, lost=True), Fault(status=503, lost=True)],
    ids=["internal error", "500", "503"],
)
def test_a_post_that_slack_made_before_it_failed_is_found_and_not_made_again(
    slack: FakeSlack, start: StartBot, state: Memory, fault: Fault
) -> None:
    start()
    slack.fail("chat.postMessage", fault)
    event = slack.mention(QUESTION)
    slack.wait(lambda: "conversations.replies" in slack.calls)
    slack.wait(lambda: state.inbox.waiting() == 0)
    slack.settle(0.1)
    (reply,) = slack.replies(event)
    assert not reply.is_plain
    assert "Slack refused the layout" not in reply.shown()


def test_after_three_server_errors_the_reply_is_kept_for_later(
    slack: FakeSlack, start: StartBot, state: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.memory.inbox.FIRST_RETRY_SECONDS", 0.2)
    start(round_seconds=0.1)
    slack.fail("chat.postMessage", *[Fault(status=500)] * 3)
    reply = slack.reply(slack.mention(QUESTION), seconds=10)
    assert not reply.is_plain
    slack.wait(lambda: state.inbox.waiting() == 0)
    assert len(slack.posted) == 1


def test_a_refusal_that_is_not_of_the_layout_is_not_called_one(slack: FakeSlack, start: StartBot) -> None:
    start()
    slack.fail("chat.postMessage", Fault(error="team_added_to_org"))
    reply = slack.reply(slack.mention(QUESTION))
    assert reply.is_plain
    assert "Slack refused the layout" not in reply.text


def test_when_slack_stays_broken_the_log_says_so_and_a_redelivery_is_answered(
    slack: FakeSlack, start: StartBot, caplog: pytest.LogCaptureFixture
) -> None:
    start()
    slack.fail("chat.postMessage", *[Fault(error="internal_error")] * 3)
    event = slack.mention(QUESTION)
    slack.wait(lambda: slack.calls.count("chat.postMessage") == 3)
    slack.settle(0.1)
    assert slack.posted == []
    assert "Slack failed at a reply (internal_error), which may have arrived" in caplog.text
    slack.deliver("events_api", slack.envelopes[0].payload)
    assert BANMA_QUOTE in slack.reply(event).shown()


@pytest.mark.parametrize("refusal", ["invalid_blocks", "msg_blocks_too_long", "invalid_arguments"])
def test_refused_blocks_go_out_as_plain_text_with_their_sources(
    slack: FakeSlack, start: StartBot, refusal: str
) -> None:
    start()
    slack.fail("chat.postMessage", Fault(error=refusal))
    reply = slack.reply(slack.mention(QUESTION))
    assert reply.is_plain
    assert reply.text.splitlines() == [
        f"“{BANMA_QUOTE}”",
        "<https://example.com/banma#:~:text=Alibaba%20and%20SAIC|Car Times, 9 February 2015>",
        "(Slack did not take the layout of this reply, so here it is as plain text.)",
    ]
    assert reply.options["unfurl_links"] is False


def test_a_refused_command_reply_goes_out_as_plain_text(slack: FakeSlack, start: StartBot) -> None:
    start()
    slack.fail("response_url", Fault(error="invalid_blocks"))
    slack.command(QUESTION)
    slack.wait(lambda: bool(slack.posted))
    assert slack.posted[0].is_plain
    assert "Car Times, 9 February 2015" in slack.posted[0].text


def test_a_refused_status_changes_nothing(slack: FakeSlack, start: StartBot) -> None:
    start()
    slack.fail("assistant.threads.setStatus", Fault(error="not_allowed_token_type"))
    assert BANMA_QUOTE in slack.reply(slack.mention(QUESTION)).shown()


def test_a_fault_while_answering_is_told_in_plain_words_and_traced_without_the_question(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, caplog: pytest.LogCaptureFixture
) -> None:
    start()
    question = "what did Zelda whisper?"
    answers.prepared[question] = ValueError(f"cannot embed {question!r}")
    with caplog.at_level(logging.DEBUG):
        reply = slack.reply(slack.mention(question))
        slack.settle(0.1)
    assert "Something went wrong on my side" in reply.shown()
    assert "Zelda" not in reply.shown() + reply.text
    assert "ValueError" in caplog.text
    assert "answers.py" in caplog.text, "the trace names the line that raised"
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("bot.")]
    assert not [line for line in ours if "Zelda" in line or BOT_TOKEN in line]


def test_the_bot_goes_on_after_a_fault(slack: FakeSlack, start: StartBot, answers: PreparedAnswers) -> None:
    start(workers=1)
    answers.prepared["bad"] = RuntimeError("no")
    slack.reply(slack.mention("bad"))
    assert BANMA_QUOTE in slack.reply(slack.mention(QUESTION)).shown()


def test_an_answer_far_too_long_is_shortened_and_accepted(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    answers.prepared["long"] = answer_quoting(*["word " * 4_000] * 3, title="title " * 500)
    reply = slack.reply(slack.mention("long"))
    assert not reply.is_plain
    assert slack.calls.count("chat.postMessage") == 1


def test_a_refused_bot_token_says_where_to_find_the_right_one(slack: FakeSlack, start: StartBot) -> None:
    with pytest.raises(FootnoteError) as error:
        start(bot_token="xoxb-of-another-app")
    assert str(error.value) == (
        "SLACK_BOT_TOKEN was refused by Slack (invalid_auth). Copy the Bot User OAuth Token (xoxb-…) from"
        " OAuth & Permissions on api.slack.com/apps into SLACK_BOT_TOKEN."
    )


def test_a_refused_app_token_says_how_to_make_one(slack: FakeSlack, start: StartBot) -> None:
    with pytest.raises(FootnoteError, match=r"SLACK_APP_TOKEN was refused by Slack \(invalid_auth\)"):
        start(app_token="xapp-of-another-app")


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"bot_token": ""}, "SLACK_BOT_TOKEN is missing"),
        ({"bot_token": "xoxp-a-person"}, "not a bot token"),
        ({"app_token": ""}, "SLACK_APP_TOKEN is missing"),
        ({"mode": "http", "signing_secret": ""}, "SLACK_SIGNING_SECRET is missing"),
    ],
)
def test_a_missing_secret_is_named(start: StartBot, missing: dict[str, str], named: str) -> None:
    with pytest.raises(FootnoteError, match=named):
        start(**missing)


def test_settings_that_make_the_library_ignore_the_bot_token_are_refused(
    start: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_CLIENT_ID", "1")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "2")
    with pytest.raises(FootnoteError, match="Remove them from the environment"):
        start()


def test_an_unreachable_slack_is_said(start: StartBot) -> None:
    with pytest.raises(FootnoteError, match=r"Slack cannot be reached at http://127\.0\.0\.1:9/api/"):
        start(api_url="http://127.0.0.1:9/api/")


def test_tokens_can_be_checked_without_starting(slack: FakeSlack, settings: SlackSettings) -> None:
    check_tokens(settings)
    assert slack.calls == ["auth.test", "apps.connections.open"]


def test_tokens_stay_out_of_the_settings_repr(settings: SlackSettings) -> None:
    assert "loopback" not in repr(settings)
