"""The pictures in the README: there, small, and drawn by something that knows every block that is posted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.bot.slack.messages.test_message_types import every_home, every_message, every_view
from tests.pictures import MAX_BYTES, drawn, modal, page

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHOWN = re.findall(r"!\[([^\]]+)\]\((docs/[\w-]+\.png)\)", README)


@pytest.mark.parametrize("name", every_message())
def test_every_message_can_be_drawn(name: str) -> None:
    assert "<div" in drawn(every_message()[name])


@pytest.mark.parametrize("name", every_view())
def test_every_modal_can_be_drawn(name: str) -> None:
    assert 'class="modal"' in modal(every_view()[name])


@pytest.mark.parametrize("name", every_home())
def test_every_home_can_be_drawn(name: str) -> None:
    assert "<h2>" in drawn(every_home()[name]["blocks"])


def test_what_is_not_known_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        drawn([{"type": "table"}])


def test_what_people_wrote_is_shown_and_not_run() -> None:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "<script>1</script>"}]}
    html = page([drawn([{"type": "rich_text", "elements": [section]}])])
    assert "&lt;script&gt;1&lt;/script&gt;" in html


def test_the_pictures_of_the_readme_are_there_small_and_said_in_words() -> None:
    assert 3 <= len(SHOWN) <= 5
    for words, path in SHOWN:
        picture = (ROOT / path).read_bytes()
        assert picture.startswith(b"\x89PNG"), path
        assert len(picture) < MAX_BYTES, path
        assert len(words.split()) > 4, "who cannot see it reads these"
    assert {path for _, path in SHOWN} == {f"docs/{file.name}" for file in (ROOT / "docs").glob("*.png")}
