"""App Home's "Add": a link or a pasted text becomes an article, told in the direct conversation."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.library.rights import Rights
from tests.bot.slack.conftest import Bot
from tests.bot.slack.curating.test_curate import ADA, EVE, LAKE_PAGE, House, house, open_house, web
from tests.fakes.slack import Envelope, FakeSlack, Posted
from tests.fakes.web import FakeWeb

__all__ = ["house", "open_house", "web"]

TEXT = "The cable car was launched in 1908. It carries sixteen people."


def buttons(slack: FakeSlack, user: str) -> list[dict[str, Any]]:
    slack.open_app("home", user=user)
    slack.wait(lambda: user in slack.homes)
    return [part for block in slack.homes[user]["blocks"] for part in block.get("elements", ())]


def press_add(slack: FakeSlack, user: str = ADA) -> None:
    opened = len(slack.views)
    payload = {
        "type": "block_actions",
        "api_app_id": "A1",
        "trigger_id": str(uuid.uuid4()),
        "team": {"id": "T0TEAM", "domain": "loopback"},
        "user": {"id": user, "team_id": "T0TEAM"},
        "container": {"type": "view", "view_id": "V0"},
        "view": {"id": "V0", "type": "home"},
        "actions": [{"type": "button", "block_id": "b", "action_id": "add_article", "value": "add_article"}],
    }
    slack.deliver("interactive", payload)
    slack.wait(lambda: len(slack.views) > opened)


def submit(slack: FakeSlack, user: str = ADA, **fields: str) -> Envelope:
    envelope = slack.submit({name: {"value": value} for name, value in fields.items()}, user=user)
    slack.wait(lambda: slack.answered(envelope))
    return envelope


def told(slack: FakeSlack) -> Posted:
    slack.wait(lambda: bool(slack.posted) and "Done." in slack.posted[0].shown(), 15)
    return slack.posted[0]


def test_a_pasted_text_can_be_asked_about(
    slack: FakeSlack, open_house: Callable[..., Bot], house: House, mode: str
) -> None:
    open_house(mode=mode)
    assert "Add an article" in str(buttons(slack, ADA))
    press_add(slack)
    assert submit(slack, title="The cable car", text=TEXT).answer in ({}, {"payload": {}})
    message = told(slack)
    assert (message.channel, message.thread_ts) == ("D0ADA", None)
    assert "Added “The cable car”" in message.shown()
    assert "the-cable-car.md" in house.files
    assert "When was Cable car launched?" in message.shown() or message.parts("button") == []
    reply = slack.reply(slack.mention("When was the cable car launched?"))
    assert "The cable car was launched in 1908." in reply.shown()


def test_a_link_is_fetched(
    slack: FakeSlack, open_house: Callable[..., Bot], house: House, web: FakeWeb, mode: str
) -> None:
    open_house(mode=mode)
    press_add(slack)
    submit(slack, link=web.put("http://lake.example/deep", LAKE_PAGE))
    assert "Added “The lake”" in told(slack).shown()
    assert len(slack.posted) == 1, "one message, edited"


def test_submitted_twice_it_is_added_once(
    slack: FakeSlack, open_house: Callable[..., Bot], house: House
) -> None:
    open_house()
    press_add(slack)
    for _ in range(2):
        submit(slack, title="The cable car", text=TEXT)
    told(slack)
    slack.settle(0.1)
    assert (len(slack.posted), len(house.builds)) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"link": "the lake"}, "That is no web address. It begins with https://."),
        ({"link": "http://lake.example to notes"}, "That is no web address. It begins with https://."),
        ({"title": "The cable car"}, "Give a link, or paste a text below."),
    ],
)
def test_what_is_missing_is_said_at_its_field(
    slack: FakeSlack, open_house: Callable[..., Bot], fields: dict[str, str], said: str
) -> None:
    open_house()
    press_add(slack)
    assert submit(slack, **fields).answer == {"response_action": "errors", "errors": {"link": said}}
    assert slack.posted == []


def test_nobody_else_is_offered_it_or_gets_it_by_a_forged_press(
    slack: FakeSlack, open_house: Callable[..., Bot], house: House
) -> None:
    open_house()
    assert "Add an article" not in str(buttons(slack, EVE))
    press_add(slack, EVE)
    assert "Only curators change the articles." in str(slack.views[-1])
    press_add(slack, ADA)
    assert "Only curators" in str(submit(slack, EVE, title="Mine", text=TEXT).answer)
    slack.settle(0.1)
    assert (house.builds, slack.posted) == ([], [])


def test_with_several_collections_one_is_chosen(
    slack: FakeSlack, open_house: Callable[..., Bot], house: House, sources: Path
) -> None:
    (sources / "press").mkdir()
    (sources / "press" / "news.md").write_text("The mayor opened the bridge.\n", "utf-8")
    open_house(rights=lambda: Rights(None, frozenset({"notes", "press"}), {}))
    press_add(slack)
    assert "notes" in str(slack.views[-1]) and "press" in str(slack.views[-1])
    chosen = {"selected_option": {"value": "press"}}
    envelope = slack.submit({"text": {"value": TEXT}, "collection": chosen})
    slack.wait(lambda: slack.answered(envelope))
    told(slack)
    assert any(file.startswith("press/the-cable-car") for file in house.files)
