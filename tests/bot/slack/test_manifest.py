"""The app manifests grant what the bot uses and stay inside Slack's lengths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.slack.listeners import FIND_SOURCES

ROOT = Path(__file__).parents[3]

# What each scope is for: https://docs.slack.dev/reference/scopes
SCOPES = {
    "app_mentions:read": "app_mention",
    "assistant:write": "status, prompts and titles",
    "channels:history": "message.channels: follow-ups, edits and deletions",
    "channels:read": "whether a channel is shared with another organisation; so for the next three",
    "chat:write": "replies",
    "commands": "/ask and the shortcut",
    "files:read": "what curators add",
    "groups:history": "message.groups",
    "groups:read": "conversations.info",
    "im:history": "message.im",
    "im:read": "conversations.info",
    "mpim:history": "message.mpim",
    "mpim:read": "conversations.info",
    "reactions:write": "eyes where there is no status",
    "usergroups:read": "who is in a group of curators",
    "users:read": "the asker's locale, and curators' names",
}


@pytest.fixture(scope="module", params=["manifest.json", "manifest-agent.json"])
def manifest(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(str(request.param))


def test_they_differ_in_the_side_panel_alone() -> None:
    agent = read("manifest-agent.json")
    panel = agent["features"].pop("agent_view")

    assert agent == read("manifest.json")
    assert set(panel) == {"agent_description"}, "prompts are drawn from the articles, when it is opened"
    assert 1 <= len(panel["agent_description"]) <= 300


def test_it_subscribes_to_what_the_bot_listens_to(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == [
        "app_home_opened",
        "app_mention",
        "app_uninstalled",
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
        "tokens_revoked",
    ]
    assert manifest["settings"]["interactivity"] == {"is_enabled": True}
    assert manifest["settings"]["socket_mode_enabled"] is True


def test_it_asks_for_no_more_scopes_than_are_used(manifest: dict[str, Any]) -> None:
    assert manifest["oauth_config"]["scopes"] == {"bot": list(SCOPES)}


def test_people_can_write_to_the_bot_and_find_its_command_home_and_shortcut(manifest: dict[str, Any]) -> None:
    features = manifest["features"]
    assert features["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    assert [command["command"] for command in features["slash_commands"]] == ["/ask"]
    (shortcut,) = features["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", FIND_SOURCES)


def test_its_texts_stay_inside_slacks_lengths(manifest: dict[str, Any]) -> None:
    assert len(manifest["display_information"]["name"]) <= 35
    assert len(manifest["display_information"]["description"]) <= 140
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80
    assert len(manifest["features"]["shortcuts"][0]["name"]) <= 24
    assert len(manifest["features"]["shortcuts"][0]["description"]) <= 150


def read(name: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / name).read_text("utf-8")))
