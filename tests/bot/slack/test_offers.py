"""Buttons that lead on: a question that is asked for whoever presses, and the other quotes of an answer."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

from bot.types import Nearest, Silence
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA, BANMA_QUOTE, QUESTION, PreparedAnswers, banma_answer, nothing
from tests.fakes.slack import FakeSlack, Posted


def test_a_greeting_offers_questions_and_each_is_answered_in_the_thread(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    answers.prepared["hi"] = nothing("hi", reason=Silence.GREETING)
    event = slack.direct_message("hi")
    greeting = slack.reply(event)
    assert "I know 2 articles" in greeting.shown()
    slack.press(greeting, button(greeting, "ask_this_1"))
    slack.wait(lambda: len(slack.posted) == 3)
    asked, answer = slack.posted[1:]
    assert (asked.shown(), asked.thread_ts) == (f" {QUESTION}", event["ts"])
    assert BANMA_QUOTE in answer.shown()
    assert answer.thread_ts == event["ts"]


def test_what_only_one_person_sees_is_answered_to_that_person_alone(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    answers.prepared["hi"] = nothing("hi", reason=Silence.GREETING)
    slack.command("hi")
    slack.wait(lambda: len(slack.posted) == 1)
    slack.press(slack.posted[0], button(slack.posted[0], "ask_this_1"))
    slack.wait(lambda: len(slack.posted) == 2)
    assert slack.posted[1].ephemeral
    assert BANMA_QUOTE in slack.posted[1].shown()


def test_an_honest_no_offers_what_the_closest_article_answers(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start()
    near = Nearest("banma", "Banma and its owners", None, "2015-02-09")
    answers.prepared["Why?"] = replace(nothing("Why?"), nearest=(near,))
    none = slack.reply(slack.mention("Why?"))
    assert "Banma and its owners, 9 February 2015" in none.shown()
    slack.press(none, button(none, "ask_this_1"), user="U0BOB")
    slack.wait(lambda: len(slack.posted) == 3)
    assert BANMA_QUOTE in slack.posted[2].shown()


def test_app_home_asks_in_the_direct_conversation(slack: FakeSlack, start: StartBot, mode: str) -> None:
    start(mode=mode)
    slack.open_app("home")
    slack.wait(lambda: "U0ADA" in slack.homes)
    shown = [part for block in slack.homes["U0ADA"]["blocks"] for part in block.get("elements", ())]
    element = next(part for part in shown if part.get("action_id") == "ask_this_1")
    payload = {
        "type": "block_actions",
        "api_app_id": "A1",
        "trigger_id": str(uuid.uuid4()),
        "team": {"id": "T0LOOP", "domain": "loopback"},
        "user": {"id": "U0ADA"},
        "container": {"type": "view", "view_id": "V1"},
        "view": slack.homes["U0ADA"],
        "actions": [{"type": "button", "block_id": "b"} | element],
    }
    slack.deliver("interactive", payload)
    slack.wait(lambda: len(slack.posted) == 2)
    assert slack.posted[0].shown() == f" {QUESTION}"
    assert BANMA_QUOTE in slack.posted[1].shown()
    assert slack.posted[1].thread_ts == slack.posted[0].ts


def test_one_button_shows_all_quotes_one_after_the_other(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    other = "It makes software for cars."
    first = banma_answer().quotes[0]
    place = BANMA.index(other)
    second = replace(first, text=other, start=place, end=place + len(other))
    answers.prepared[QUESTION] = replace(banma_answer(), quotes=(first, second))
    reply = slack.reply(slack.mention(QUESTION))
    slack.press(reply, button(reply, "show_passage"))
    slack.wait(lambda: len(slack.views) == 1)
    assert BANMA_QUOTE in bold(slack.views[0])
    slack.press_in_view("step_quote_2")
    slack.wait(lambda: len(slack.views) == 2)
    assert other in bold(slack.views[1])
    assert "Quote 1" in json.dumps(slack.views[1])


def button(message: Posted, action_id: str) -> dict[str, Any]:
    return next(part for part in message.parts("button") if part["action_id"] == action_id)


def bold(view: dict[str, Any]) -> list[str]:
    parts = [
        part
        for block in view["blocks"]
        if block["type"] == "rich_text"
        for section in block["elements"]
        for part in section["elements"]
    ]
    return [part["text"] for part in parts if (part.get("style") or {}).get("bold")]
