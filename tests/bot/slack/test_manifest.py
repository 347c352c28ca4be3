"""The app manifest grants what the bot uses and stays inside Slack's lengths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return dict(json.loads((Path(__file__).parents[3] / "manifest.json").read_text("utf-8")))


def test_it_subscribes_to_what_the_bot_listens_to(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == [
        "app_home_opened",
        "app_mention",
        "message.im",
    ]
    assert manifest["settings"]["interactivity"] == {"is_enabled": True}
    assert manifest["settings"]["socket_mode_enabled"] is True


def test_it_asks_for_the_scopes_of_those_events_and_no_history_of_channels(manifest: dict[str, Any]) -> None:
    assert manifest["oauth_config"]["scopes"] == {
        "bot": ["app_mentions:read", "assistant:write", "chat:write", "commands", "im:history"]
    }


def test_people_can_write_to_the_bot_and_know_its_command(manifest: dict[str, Any]) -> None:
    features = manifest["features"]
    assert features["app_home"]["messages_tab_enabled"] is True
    assert features["app_home"]["messages_tab_read_only_enabled"] is False
    assert [command["command"] for command in features["slash_commands"]] == ["/ask"]


def test_its_texts_stay_inside_slacks_lengths(manifest: dict[str, Any]) -> None:
    assert len(manifest["display_information"]["name"]) <= 35
    assert len(manifest["display_information"]["description"]) <= 140
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80
