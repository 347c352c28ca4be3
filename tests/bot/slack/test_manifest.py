"""The app manifests grant what the bot uses and stay inside Slack's lengths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.slack.http_mode import EVENTS_PATH
from bot.slack.installing import REDIRECT_PATH
from bot.slack.listeners import FIND_SOURCES
from bot.terminal.serve import over_http
from index.types import FootnoteError

ROOT = Path(__file__).parents[3]

# What each scope is for: https://docs.slack.dev/reference/scopes
SCOPES = {
    "app_mentions:read": "app_mention",
    "channels:history": "message.channels: follow-ups, edits and deletions",
    "channels:read": "whether a channel is shared with another organisation; so for the next three",
    "chat:write": "replies",
    "commands": "/ask and the shortcut",
    "groups:history": "message.groups",
    "groups:read": "conversations.info",
    "im:history": "message.im",
    "im:read": "conversations.info",
    "mpim:history": "message.mpim",
    "mpim:read": "conversations.info",
    "reactions:write": "eyes where there is no status",
    "users:read": "the asker's locale, and curators' names",
}


# For curators alone: whoever installs the app may leave them out.
OPTIONAL_SCOPES = {
    "files:read": "what curators add",
    "usergroups:read": "who is in a group of curators",
}


@pytest.fixture(scope="module", params=["manifest.json", "manifest-agent.json"])
def manifest(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(str(request.param))


def test_they_differ_in_the_side_panel_alone() -> None:
    agent = read("manifest-agent.json")
    panel = agent["features"].pop("agent_view")
    agent["oauth_config"]["scopes"]["bot"].remove("assistant:write")  # prompts and titles

    assert agent == read("manifest.json")
    (prompt,) = panel["suggested_prompts"]  # until others are drawn from the articles, when it is opened
    assert set(prompt) == {"title", "message"}
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
    scopes = manifest["oauth_config"]["scopes"]
    assert [scope for scope in scopes["bot"] if scope != "assistant:write"] == list(SCOPES)
    assert scopes["bot_optional"] == list(OPTIONAL_SCOPES)


def test_people_can_write_to_the_bot_and_find_its_command_home_and_shortcut(manifest: dict[str, Any]) -> None:
    features = manifest["features"]
    assert features["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    assert [command["command"] for command in features["slash_commands"]] == ["/footnote", "/ask"]
    (shortcut,) = features["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", FIND_SOURCES)


def test_its_texts_stay_inside_slacks_lengths(manifest: dict[str, Any]) -> None:
    assert len(manifest["display_information"]["name"]) <= 35
    assert len(manifest["display_information"]["description"]) <= 140
    assert 174 <= len(manifest["display_information"]["long_description"]) <= 4_000
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80
    assert len(manifest["features"]["shortcuts"][0]["name"]) <= 24
    assert len(manifest["features"]["shortcuts"][0]["description"]) <= 150


def test_over_http_slack_is_told_where_to_post_and_where_to_come_back(manifest: dict[str, Any]) -> None:
    reached = over_http(manifest, "https://footnote.example.org/")

    events = "https://footnote.example.org/slack/events"
    assert (
        reached["settings"]["event_subscriptions"]["request_url"]
        == events
        == ("https://footnote.example.org" + EVENTS_PATH)
    )
    assert reached["settings"]["interactivity"] == {"is_enabled": True, "request_url": events}
    assert {command["url"] for command in reached["features"]["slash_commands"]} == {events}
    assert reached["oauth_config"]["redirect_urls"] == ["https://footnote.example.org" + REDIRECT_PATH]
    assert reached["settings"]["socket_mode_enabled"] is False


@pytest.mark.parametrize("url", ["http://a.example", "footnote.example", "https://", "https://a.example/?b"])
def test_an_address_that_slack_cannot_post_to_is_refused(url: str) -> None:
    with pytest.raises(FootnoteError, match="is not an address that Slack can post to"):
        over_http(read("manifest.json"), url)


def test_slacks_command_line_can_run_a_checkout() -> None:
    hooks = read(".slack/hooks.json")["hooks"]

    for hook, command in (("get-manifest", "manifest"), ("start", "run")):
        python, *arguments = hooks[hook].split()
        assert (python, arguments) == ("python3", ["-m", "bot", command])
    assert read(".slack/config.json") == {"manifest": {"source": "local"}}


def read(name: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / name).read_text("utf-8")))
