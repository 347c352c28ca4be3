"""The buttons under an answer: a passage for those who were shown it, and a verdict a person."""

from __future__ import annotations

from typing import Any

import pytest

from bot.memory import Memory
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA, BANMA_QUOTE, QUESTION, PreparedAnswers
from tests.fakes.slack import FakeSlack, Fault, Posted


@pytest.fixture
def reply(slack: FakeSlack, start: StartBot) -> Posted:
    start()
    return slack.reply(slack.mention(QUESTION))


def test_show_passage_opens_the_quote_in_its_context_in_bold(slack: FakeSlack, reply: Posted) -> None:
    press_passage(slack, reply)
    view = opened(slack)
    assert view["title"]["text"] == "Passage"
    heading, way, passage, note = view["blocks"]
    assert spoken(heading) == "Banma and its owners\nCar Times, 9 February 2015"
    assert spoken(passage) == BANMA
    assert bold(passage) == [BANMA_QUOTE]
    assert note["elements"][0]["text"] == "The quoted words are in bold."
    assert way["elements"][0]["url"] == "https://example.com/banma#:~:text=Alibaba%20and%20SAIC"


def test_the_slash_commands_private_answer_has_working_buttons(slack: FakeSlack, start: StartBot) -> None:
    start()
    slack.command(QUESTION)
    slack.wait(lambda: bool(slack.posted))
    press_passage(slack, slack.posted[0])
    assert bold(opened(slack)["blocks"][2]) == [BANMA_QUOTE]


def test_the_button_carries_an_id_and_no_content(reply: Posted) -> None:
    value = reply.parts("button")[0]["value"]
    answer_id, _, number = value.partition(":")
    assert number == "1"
    assert len(answer_id) == 22
    assert not set(BANMA_QUOTE.split()) & set(value.split())


@pytest.mark.parametrize("value", ["nonsense", "unknownanswerid0000000:1", "", "a:1:2", "x" * 2_000])
def test_a_forged_value_is_refused(slack: FakeSlack, reply: Posted, value: str) -> None:
    press_passage(slack, reply, value=value)
    assert_nothing_leaks(opened(slack), "I cannot show this passage.")


def test_a_quote_number_that_the_answer_has_not_is_refused(slack: FakeSlack, reply: Posted) -> None:
    answer_id = reply.parts("button")[0]["value"].partition(":")[0]
    press_passage(slack, reply, value=f"{answer_id}:2")
    assert_nothing_leaks(opened(slack), "I cannot show this passage.")


def test_an_answer_id_of_another_channel_is_refused_in_the_same_words(
    slack: FakeSlack, reply: Posted
) -> None:
    press_passage(slack, reply, channel="C0OTHER")
    assert_nothing_leaks(opened(slack), "I cannot show this passage.")


@pytest.mark.parametrize("text", [f"Newly: {BANMA}", BANMA.replace("half", "some"), "short", None])
def test_a_changed_article_is_said_and_not_shown(
    slack: FakeSlack, reply: Posted, answers: PreparedAnswers, text: str | None
) -> None:
    answers.articles = {} if text is None else {"banma": text}
    press_passage(slack, reply)
    assert_nothing_leaks(opened(slack), "The article has changed since this answer")


def test_a_modal_that_slack_refuses_is_said(slack: FakeSlack, reply: Posted) -> None:
    slack.fail("views.open", Fault(error="expired_trigger_id"))
    press_passage(slack, reply)
    slack.wait(lambda: len(slack.posted) == 2)
    told = slack.posted[1]
    assert told.ephemeral
    assert told.text == "Slack was too slow to open this. Please press the button again."
    assert told.options["replace_original"] is False


def test_a_verdict_is_kept_with_its_user_and_thanked_for(
    slack: FakeSlack, reply: Posted, state: Memory
) -> None:
    press_thumb(slack, reply, "up")
    slack.wait(lambda: len(slack.posted) == 2)
    assert state.shown.feedback(answer_id_of(reply)) == {"U0ADA": "up"}
    told = slack.posted[1]
    assert (told.ephemeral, told.text, told.thread_ts) == (True, "Thank you, noted.", reply.thread_ts)


def test_a_person_has_one_verdict_the_latest(slack: FakeSlack, reply: Posted, state: Memory) -> None:
    for verdict in ("up", "up", "down"):
        press_thumb(slack, reply, verdict)
        slack.settle(0.05)
    press_thumb(slack, reply, "up", user="U0BOB")
    slack.wait(lambda: len(slack.posted) == 4)
    assert state.shown.feedback(answer_id_of(reply)) == {"U0ADA": "down", "U0BOB": "up"}


def test_a_verdict_from_another_channel_is_not_kept(slack: FakeSlack, reply: Posted, state: Memory) -> None:
    element = reply.parts("feedback_buttons")[0]
    slack.press(reply, element, value=element["positive_button"]["value"], channel="C0OTHER")
    slack.wait(lambda: len(slack.posted) == 2)
    assert state.shown.feedback(answer_id_of(reply)) == {}
    assert slack.posted[1].text == "I no longer have this answer, so I could not note that."


def test_an_unknown_button_is_acknowledged(slack: FakeSlack, reply: Posted) -> None:
    slack.press(reply, {"type": "button", "action_id": "from_an_older_version", "value": "1"})
    slack.settle(0.1)
    assert slack.envelopes[-1].deliveries == 1
    assert len(slack.posted) == 1


def test_an_old_modal_that_is_submitted_is_acknowledged(slack: FakeSlack, reply: Posted) -> None:
    slack.deliver(
        "interactive",
        {
            "type": "view_submission",
            "team": {"id": "T0TEAM"},
            "user": {"id": "U0ADA", "team_id": "T0TEAM"},
            "view": {"type": "modal", "callback_id": "", "id": "V1", "state": {"values": {}}},
        },
    )
    slack.settle(0.1)
    assert slack.envelopes[-1].deliveries == 1


def press_passage(slack: FakeSlack, reply: Posted, **changed: Any) -> None:
    slack.press(reply, reply.parts("button")[0], **changed)


def press_thumb(slack: FakeSlack, reply: Posted, verdict: str, user: str = "U0ADA") -> None:
    element = reply.parts("feedback_buttons")[0]
    side = "positive_button" if verdict == "up" else "negative_button"
    slack.press(reply, element, value=element[side]["value"], user=user)


def opened(slack: FakeSlack) -> dict[str, Any]:
    slack.wait(lambda: bool(slack.views))
    return slack.views[0]


def answer_id_of(reply: Posted) -> str:
    return str(reply.parts("button")[0]["value"]).partition(":")[0]


def assert_nothing_leaks(view: dict[str, Any], said: str) -> None:
    assert len(view["blocks"]) == 1
    assert spoken(view["blocks"][0]).startswith(said)
    assert "Banma" not in str(view)


def parts(block: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for element in block["elements"] for part in element["elements"]]


def spoken(block: dict[str, Any]) -> str:
    return "".join(part["text"] for part in parts(block))


def bold(block: dict[str, Any]) -> list[str]:
    return [part["text"] for part in parts(block) if part.get("style", {}).get("bold")]
