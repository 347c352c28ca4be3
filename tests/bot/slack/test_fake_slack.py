"""The fake is as strict as Slack: what it lets through in other tests means something."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from tests.fakes.slack import BOT_TOKEN, FakeSlack
from tests.fakes.slack.limits import message_problems, view_problems


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def said(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(parts)}]}


def button(**changed: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("b"), "action_id": "a", "value": "v"} | changed


FINE = said({"type": "text", "text": "fine"})


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ([], "0 blocks"),
        ([FINE] * 51, "51 blocks"),
        ([{"type": "table"}], "unknown block"),
        ([FINE | {"colour": "red"}], "unknown ['colour']"),
        ([FINE | {"block_id": "x"}, FINE | {"block_id": "x"}], "block_id twice"),
        ([said()], "without elements"),
        ([said({"type": "text", "text": ""})], "text has 0 characters"),
        ([said({"type": "text", "text": "😀" * 1_501})], "text has 3002 characters"),
        ([said({"type": "text", "text": "a\u0000"})], "control character"),
        ([said({"type": "link", "url": "javascript:x", "text": "a"})], "url scheme"),
        ([said({"type": "link", "url": "https://e.example/" + "x" * 3_000})], "url has 3018"),
        ([said({"type": "text", "text": "a", "style": {"underline": True}})], "style"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}], "text has 3001"),
        ([{"type": "context", "elements": [plain("a")] * 11}], "11 elements"),
        ([{"type": "actions", "elements": [button(), button()]}], "action_id twice"),
        ([{"type": "actions", "elements": [button(text=plain("x" * 76))]}], "button text has 76"),
        ([{"type": "actions", "elements": [button(value="x" * 2_001)]}], "value has 2001"),
        (
            [{"type": "actions", "elements": [button(accessibility_label="x" * 76)]}],
            "accessibility_label has 76",
        ),
        ([{"type": "header", "text": plain("x" * 151)}], "text has 151"),
        ([{"type": "context_actions", "elements": [button()]}], "'button' not allowed here"),
    ],
)
def test_blocks_over_a_limit_are_found(blocks: list[dict[str, Any]], problem: str) -> None:
    assert problem in "\n".join(message_problems(blocks))


def test_blocks_within_the_limits_are_fine() -> None:
    assert message_problems([FINE] * 50) == []


def test_a_modal_is_held_to_its_own_limits() -> None:
    view = {
        "type": "modal",
        "title": plain("x" * 25),
        "blocks": [{"type": "context_actions", "elements": []}],
    }
    problems = "\n".join(view_problems(view))
    assert "title has 25" in problems
    assert "not allowed here" in problems


@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing:UserWarning")
@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"text": "a", "blocks": [{"type": "table"}]}, "invalid_blocks"),
        ({"text": "a", "blocks": [said({"type": "text", "text": "x" * 2_900})] * 5}, "msg_blocks_too_long"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": ""}, "no_text"),
        ({"text": "a", "thread_ts": "1.0"}, "thread_not_found"),
    ],
)
def test_messages_are_refused_with_slacks_own_codes(
    slack: FakeSlack, message: dict[str, Any], error: str
) -> None:
    client = WebClient(BOT_TOKEN, base_url=slack.api_url)
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel="C1", **message)
    assert refused.value.response["error"] == error


def test_a_wrong_token_is_refused(slack: FakeSlack) -> None:
    with pytest.raises(SlackApiError, match="invalid_auth"):
        WebClient("xoxb-wrong", base_url=slack.api_url).auth_test()
