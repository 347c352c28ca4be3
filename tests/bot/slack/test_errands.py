"""What is taken for an errand, and what is a question all the same."""

from __future__ import annotations

import json

import pytest

from bot.slack.errands import Errand, File, errand_in

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
        (f"add {PAGE}", Errand("add", (PAGE,))),
        ("<@U0BOT> add <https://example.org/a?b=1&amp;c=2>", Errand("add", (PAGE,))),
        (f"<@U0BOT|footnote> Please add: <{PAGE}|the page>", Errand("add", (PAGE,))),
        (
            "add https://a.example/1, https://a.example/2",
            Errand("add", ("https://a.example/1", "https://a.example/2")),
        ),
        (f"add {PAGE} {PAGE} to press", Errand("add", (PAGE,), collection="press")),
        (f"添加{PAGE}", Errand("add", (PAGE,))),
        (f"follow {PAGE} to press", Errand("follow", (PAGE,), collection="press")),
        (f"关注 {PAGE}", Errand("follow", (PAGE,))),
        (f"添加 {PAGE} 到 press", Errand("add", (PAGE,), collection="press")),
        ("remove alibaba-meizu-aliyun", Errand("remove", name="alibaba-meizu-aliyun")),
        ("Remove The river Aare", Errand("remove", name="The river Aare")),
        ("删除 cars/banma", Errand("remove", name="cars/banma")),
        ("Rebuild!", Errand("rebuild")),
        ("status", Errand("status")),
        ("状态", Errand("status")),
    ],
)
def test_an_errand_is_read_as_it_is_meant(text: str, expected: Errand) -> None:
    assert errand_in(text, bot_user_id="U0BOT") == expected


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
    assert errand_in(text, bot_user_id="U0BOT") is None


def test_a_file_needs_the_word_where_others_read_along_and_none_in_private() -> None:
    assert errand_in("<@U0BOT> add", [NOTES], "U0BOT") == Errand("add", files=(FILE,))
    assert errand_in("add to press", [NOTES], "U0BOT") == Errand("add", files=(FILE,), collection="press")
    assert errand_in("", [NOTES], "U0BOT") is None
    assert errand_in("", [NOTES], "U0BOT", direct=True) == Errand("add", files=(FILE,), dropped=True)
    assert errand_in(f"<{PAGE}>", [], "U0BOT", direct=True) == Errand("add", (PAGE,), dropped=True)
    assert errand_in("What does it say?", [NOTES], "U0BOT", direct=True) is None


def test_a_file_that_slack_does_not_keep_has_no_address() -> None:
    errand = errand_in("add", [NOTES | {"is_external": True}])
    assert errand is not None
    assert errand.files[0].url == ""


def test_it_is_kept_and_comes_back_as_it_was() -> None:
    errand = Errand("add", (PAGE,), (FILE,), "press", dropped=True)
    assert Errand.from_json(json.loads(json.dumps(errand.as_json()))) == errand
