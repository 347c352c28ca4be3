"""The pictures in the README and in `docs/`: there, small, and drawn by what knows every block there is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.slack import messages
from bot.types import Nearest, NoAnswer, Silence
from tests.bot.slack.messages.test_message_types import every_home, every_message, every_view
from tests.fakes.answers import answer_quoting
from tests.pictures import MAX_BYTES, browser, drawn, height_of, made_up_answers, modal, page

ROOT = Path(__file__).parents[1]
SHOWN = [
    (words, page.parent / path)
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    for words, path in re.findall(r"!\[([^\]]+)\]\(([\w/-]+\.png)\)", page.read_text("utf-8"))
]


@pytest.mark.parametrize("name", every_message())
def test_every_message_can_be_drawn(name: str) -> None:
    assert "<div" in drawn(every_message()[name])


@pytest.mark.parametrize("name", every_view())
def test_every_modal_can_be_drawn(name: str) -> None:
    assert 'class="modal"' in modal(every_view()[name])


@pytest.mark.parametrize("name", every_home())
def test_every_home_can_be_drawn(name: str) -> None:
    assert "<h2>" in drawn(every_home()[name]["blocks"])


@pytest.mark.skipif(browser() is None, reason="needs Chromium: apt install chromium")
class TestOnAPhone:
    """A phone shows some 600 pixels of a conversation."""

    def test_a_short_answer_leaves_more_than_half_of_it_free(self) -> None:
        several = made_up_answers()["several"]
        short = replace(several, quotes=several.quotes[:1], sources=several.sources[:1])

        assert height_of(messages.answer_message(short, "id")) <= 260

    def test_three_quotes_from_two_sources_are_seen_at_once(self) -> None:
        assert height_of(messages.answer_message(made_up_answers()["several"], "id")) <= 480

    def test_both_sides_of_a_disagreement_are_seen_at_once(self) -> None:
        assert height_of(messages.answer_message(made_up_answers()["disagreement"], "id")) <= 480

    def test_a_selection_is_seen_at_once(self) -> None:
        sentence = "Alibaba and its partner SAIC founded Banma in 2015, and each of them holds a share of it."
        whole = answer_quoting(*[f"{sentence} {'It grows fast.' * (number % 3)}" for number in range(5)])
        one = tuple(replace(quote, citation=1) for quote in whole.quotes)
        selection = replace(whole, quotes=one, sources=whole.sources[:1], selection=True)

        assert height_of(messages.answer_message(selection, "id")) <= 600

    def test_an_honest_no_is_short_with_all_that_leads_on(self) -> None:
        near = Nearest(
            "a", "Alibaba reportedly plans to move its AliOS Auto team into Banma", None, "2019-07-17"
        )
        none = NoAnswer("?", Silence.NOT_IN_SOURCES, (near,), 0.0, "g", 0.0)
        offer = messages.Offer(("What is Banma Network Technologies?",))
        message = messages.no_answer_message(none, extras=messages.Extras(miss_id="m"), offer=offer)

        assert height_of(message) <= 260


def test_what_is_not_known_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        drawn([{"type": "table"}])


def test_what_people_wrote_is_shown_and_not_run() -> None:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "<script>1</script>"}]}
    html = page([drawn([{"type": "rich_text", "elements": [section]}])])
    assert "&lt;script&gt;1&lt;/script&gt;" in html


def test_the_pictures_of_the_pages_are_there_small_and_said_in_words() -> None:
    for words, path in SHOWN:
        picture = path.read_bytes()
        assert picture.startswith(b"\x89PNG"), path
        assert len(picture) < MAX_BYTES, path
        assert len(words.split()) > 4, "who cannot see it reads these"
    assert len(list((ROOT / "docs" / "slack").glob("*.png"))) == 12, "one for each state"
