"""Which items make one list, and how they are numbered."""

from __future__ import annotations

import pytest

from index.lists import list_around
from tests.index.test_chunking import article

STEPS = """\
Before you begin, tell the office.

1. Stop the relay.
   - Use the red lever.
2. Remove the file:

   ```
   rm lock
   ```
3. Start it again.

It takes a minute.

- bread
- salt
"""


def list_at(text: str, words: str) -> tuple[str, tuple[int | None, ...]] | None:
    page = article(text)
    found = list_around(page, page.text.index(words))
    return None if found is None else (page.text[found.start : found.end], found.numbers)


@pytest.mark.parametrize("words", ["Stop the", "Use the", "rm lock", "Start it"])
def test_a_list_is_found_from_each_of_its_lines_and_ends_with_the_last(words: str) -> None:
    found = list_at(STEPS, words)
    assert found is not None
    text, numbers = found
    assert text.startswith("Stop the relay.") and text.endswith("Start it again.")
    assert numbers == (1, 2, 3)


def test_prose_is_in_no_list_and_another_list_is_another() -> None:
    assert list_at(STEPS, "Before you") is None
    assert list_at(STEPS, "It takes") is None
    assert list_at(STEPS, "salt") == ("bread\n- salt", (None, None))


def test_a_single_item_is_no_list() -> None:
    assert list_at("Text here.\n\n- one item\n\nMore text.", "one item") is None


def test_lines_that_count_their_steps_are_a_numbered_list() -> None:
    text = "Step 1: Close the valve\\\nStep 2: Press the button\\\nStep 3: Wait"
    found = list_at(text, "Step 2")
    assert found is not None and found[1] == (1, 2, 3)


def test_a_step_is_told_with_what_is_nested_in_it() -> None:
    page = article(STEPS)
    found = list_around(page, page.text.index("Stop the"))
    assert found is not None
    start, end = found.part(1) or (0, 0)
    assert page.text[start:end].startswith("Stop the relay.\n   - Use the red lever.")
    assert found.part(4) is None
