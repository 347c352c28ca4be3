"""A question that the articles do not answer: asked of the curators once, closed, and kept as an article."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.slack.curating.curate import PersonsAnswer
from tests.bot.slack.conftest import Bot
from tests.bot.slack.curating.test_curate import ADA, BOB, EVE, House, button, house, open_house, web
from tests.fakes.slack import FakeSlack, Posted

__all__ = ["house", "open_house", "web"]

QUESTION = "Who is the captain of the submarine Nautilus?"
ANSWER = "The captain of the submarine Nautilus is Ms Nemo."


@pytest.fixture
def asked(slack: FakeSlack, open_house: Callable[..., Bot]) -> tuple[dict[str, Any], Posted]:
    """The event of Eve's question, and what the bot asks the curators."""
    open_house()
    event = slack.mention(QUESTION, user=EVE)
    none = slack.reply(event)
    slack.press(none, button(none, "ask_person"), user=EVE)
    slack.wait(lambda: len(slack.posted) == 2)
    return event, slack.posted[1]


def answered(slack: FakeSlack, asked: tuple[dict[str, Any], Posted]) -> Posted:
    event, post = asked
    slack.say(ANSWER, user=BOB, thread_ts=event["ts"])
    slack.say("thanks!", user=EVE, thread_ts=event["ts"])
    slack.press(post, button(post, "answered"), user=EVE)
    slack.wait(lambda: "Answered by Bob" in post.shown())
    return post


def test_the_curators_are_mentioned_in_the_thread_once_with_the_question(
    slack: FakeSlack, asked: tuple[dict[str, Any], Posted]
) -> None:
    event, post = asked
    assert post.thread_ts == event["ts"]
    assert post.text == f"<@{ADA}> can you answer this? The articles do not.\n“{QUESTION}”"
    slack.press(slack.posted[0], button(slack.posted[0], "ask_person"), user=BOB)
    slack.wait(lambda: len(slack.posted) == 3)
    assert slack.posted[2].ephemeral
    assert slack.posted[2].text == "They have been asked already."


def test_as_long_as_nobody_has_answered_it_stays_open(
    slack: FakeSlack, asked: tuple[dict[str, Any], Posted]
) -> None:
    slack.press(asked[1], button(asked[1], "answered"), user=EVE)
    slack.wait(lambda: len(slack.posted) == 3)
    assert "I see no answer in this thread yet." in slack.posted[2].text
    assert "can you answer this?" in asked[1].shown()


def test_what_a_person_answered_closes_it_without_pinging_again(
    slack: FakeSlack, asked: tuple[dict[str, Any], Posted]
) -> None:
    post = answered(slack, asked)
    assert ANSWER in post.shown() and "thanks!" not in post.shown()
    assert "<@" not in post.text and not post.parts("user")


def test_a_curator_keeps_it_and_the_next_asker_gets_it(
    slack: FakeSlack, asked: tuple[dict[str, Any], Posted], house: House
) -> None:
    post = answered(slack, asked)
    keep = button(post, "keep_as_article")
    slack.press(post, keep, user=EVE)
    slack.wait(lambda: any("Only curators" in other.text for other in slack.posted))
    for _ in range(2):
        slack.press(post, keep, user=ADA)
    slack.wait(lambda: "I can answer this from now on" in post.shown(), 15)
    assert len(house.builds) == 1, "pressed twice, kept once"
    reply = slack.reply(slack.mention(QUESTION, user=EVE))
    assert ANSWER in reply.shown()
    assert "Slack, " in reply.shown()


def test_without_curators_nobody_is_offered(slack: FakeSlack, open_house: Callable[..., Bot]) -> None:
    open_house(curators=frozenset())
    none = slack.reply(slack.mention(QUESTION))
    assert not [part for part in none.parts("button") if part["action_id"] == "ask_person"]


def test_in_private_the_question_is_noted_for_them(slack: FakeSlack, open_house: Callable[..., Bot]) -> None:
    open_house()
    slack.command(QUESTION)
    slack.wait(lambda: len(slack.posted) == 1)
    tell = button(slack.posted[0], "ask_person")
    assert tell["text"]["text"] == "Tell the curators"
    slack.press(slack.posted[0], tell)
    slack.wait(lambda: len(slack.posted) == 2)
    assert slack.posted[1].text.startswith("Noted for the people who look after the articles")


def test_a_persons_answer_is_an_article_with_question_name_and_day(tmp_path: Path) -> None:
    document = PersonsAnswer(
        'Who "owns" it: Bea?', "Ada does.\n---\nReally.", "Bea: B", "2026-11-21"
    ).as_document()
    assert document.name == "who--owns--it--bea.md"
    assert document.raw.decode().startswith(
        '---\ntitle: "Who \\"owns\\" it: Bea?"\nauthor: "Bea: B"\npublisher: "Slack"\n'
    )
    assert document.raw.decode().endswith("Ada does.\n---\nReally.\n")
