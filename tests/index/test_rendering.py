"""How quotes look to a reader, and which part of the stored text each word stands for."""

from __future__ import annotations

import pytest

from index.marks import pieces, plain
from index.rendering import Shown, shown_between, shown_text
from index.types import Article
from tests.index.test_chunking import article

TABLE = "| Depot | Trucks | |\n|---|---|---|\n| **Brix** | 25 | a \\| b |\n| Galt | | c |\n"
STEPS = "Restart it:\n\n1. Stop the *relay*.\n   - by hand\n2. Remove `lock`.\n3. Start it.\n"


def between(page: Article, first: str, last: str) -> Shown:
    start = page.text.index(first)
    return shown_between(page, start, page.text.index(last, start) + len(last))


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("a **b** c", [("a ", ""), ("b", "bold"), (" c", "")]),
        ("*a* __b__ `c_d`", [("a", "slanted"), (" ", ""), ("b", "bold"), (" ", ""), ("c_d", "code")]),
        ("**a `b`**", [("a ", "bold"), ("b", "bold code")]),
        ("[**a**](https://x.example/y)", [("a", "bold https://x.example/y")]),
        ("<https://x.example>", [("https://x.example", "https://x.example")]),
        ("![a map](map.png) of [[Kiel|the town]]", [("a map", ""), (" of ", ""), ("the town", "")]),
    ],
)
def test_marks_are_shown_as_the_look_that_they_stand_for(text: str, look: list[tuple[str, str]]) -> None:
    def seen(piece: object) -> str:
        names = [name for name in ("bold", "slanted", "code") if getattr(piece, name)]
        return " ".join([*names, *filter(None, [getattr(piece, "link", None)])])

    assert [(piece.words, seen(piece)) for piece in pieces(text)] == look


@pytest.mark.parametrize(
    "text", ["  a\n b ", "x &amp; y<sup>2</sup>", "~~no~~ yes %%x%% z", "[x] so **a\nb**"]
)
def test_pieces_say_what_the_plain_text_says(text: str) -> None:
    assert "".join(piece.words for piece in pieces(text)) == plain(text)


def test_a_row_is_shown_with_its_heads_and_without_empty_cells() -> None:
    page = article(TABLE)
    assert between(page, "| **Brix**", "b |").words == "Depot: Brix · Trucks: 25 · a | b"
    assert between(page, "| Galt", "c |").words == "Depot: Galt · c"


def test_every_word_of_a_row_leads_back_to_its_place_and_a_head_to_none() -> None:
    page = article(TABLE)
    shown = between(page, "| **Brix**", "b |")

    where = shown.words.index("25")
    start, end = shown.behind(where, where + 2) or (0, 0)
    assert page.text[start:end] == "25"
    assert shown.where(start, end) == (where, where + 2)
    assert shown.behind(0, len("Depot: ")) is None


def test_steps_are_shown_line_by_line_with_their_numbers() -> None:
    page = article(STEPS)
    assert between(page, "Stop", "Start it.").words == (
        "1. Stop the relay.\n• by hand\n2. Remove lock.\n3. Start it."
    )
    assert between(page, "Remove", "`lock`.").words == "Remove lock."


def test_prose_goes_on_in_one_line_and_a_new_paragraph_on_the_next() -> None:
    page = article("One ends.\nTwo ends.\n\nThree ends.")
    assert between(page, "One", "Three ends.").words == "One ends. Two ends.\nThree ends."


def test_words_that_are_an_entity_lead_back_to_all_of_it() -> None:
    shown = shown_text("60&euro; each", 100)
    assert shown.words == "60€ each"
    assert shown.behind(2, 3) == (102, 108)
    assert shown.where(102, 108) == (2, 3)
