"""What is taken for a request, and what is a question all the same."""

from __future__ import annotations

import json

import pytest

from bot.slack.requests import File, Request, request_in

PAGE = "https://example.org/a?b=1&c=2"
NOTES = {
    "id": "F1",
    "name": "notes.md",
    "mimetype": "text/markdown",
    "size": 12,
    "url_private_download": "https://files.slack.com/f/notes.md",
}
FILE = File("F1", "notes.md", "https://files.slack.com/f/notes.md", "text/markdown", 12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"add {PAGE}", Request("add", (PAGE,))),
        ("<@U0BOT> add <https://example.org/a?b=1&amp;c=2>", Request("add", (PAGE,))),
        (f"<@U0BOT|footnote> Please add: <{PAGE}|the page>", Request("add", (PAGE,))),
        (
            "add https://a.example/1, https://a.example/2",
            Request("add", ("https://a.example/1", "https://a.example/2")),
        ),
        (f"add {PAGE} {PAGE} to press", Request("add", (PAGE,), collection="press")),
        (f"添加{PAGE}", Request("add", (PAGE,))),
        (f"follow {PAGE} to press", Request("follow", (PAGE,), collection="press")),
        (f"关注 {PAGE}", Request("follow", (PAGE,))),
        (f"添加 {PAGE} 到 press", Request("add", (PAGE,), collection="press")),
        ("remove alibaba-meizu-aliyun", Request("remove", name="alibaba-meizu-aliyun")),
        ("Remove The river Aare", Request("remove", name="The river Aare")),
        ("删除 cars/banma", Request("remove", name="cars/banma")),
        ("Rebuild!", Request("rebuild")),
        ("status", Request("status")),
        ("状态", Request("status")),
    ],
)
def test_a_request_is_read_as_it_is_meant(text: str, expected: Request) -> None:
    assert request_in(text, bot_user_id="U0BOT") == expected


@pytest.mark.parametrize(
    "text",
    [
        "add",
        "add up the figures of 2019",
        "follow",
        f"follow what {PAGE} says",
        f"add what {PAGE} says about Banma",
        f"Does {PAGE} say so?",
        "address https://example.org",
        "remove",
        "remove the penalty, or keep it?",
        "What is the status of Banma?",
        "status of Banma",
        "rebuild what?",
        PAGE,
        "",
    ],
)
def test_what_could_be_a_question_is_one(text: str) -> None:
    assert request_in(text, bot_user_id="U0BOT") is None


def test_a_file_needs_the_word_where_others_read_along_and_none_in_private() -> None:
    assert request_in("<@U0BOT> add", [NOTES], "U0BOT") == Request("add", files=(FILE,))
    assert request_in("add to press", [NOTES], "U0BOT") == Request("add", files=(FILE,), collection="press")
    assert request_in("", [NOTES], "U0BOT") is None
    assert request_in("", [NOTES], "U0BOT", direct=True) == Request("add", files=(FILE,))
    assert request_in(f"<{PAGE}>", [], "U0BOT", direct=True) == Request("add", (PAGE,))
    assert request_in("What does it say?", [NOTES], "U0BOT", direct=True) is None


def test_a_file_that_slack_does_not_keep_has_no_address() -> None:
    request = request_in("add", [NOTES | {"is_external": True}])
    assert request is not None
    assert request.files[0].url == ""


def test_it_is_kept_and_comes_back_as_it_was() -> None:
    request = Request("add", (PAGE,), (FILE,), "press")
    assert Request.from_json(json.loads(json.dumps(request.as_json()))) == request
