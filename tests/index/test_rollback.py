"""Going back to an earlier generation, and what builds do then."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.build import build
from index.generation import load_generation
from index.manifests import DamagedGeneration, current_name
from index.rollback import roll_back
from index.types import FootnoteError
from tests.fakes.encoder import HashingEncoder


@pytest.fixture
def three(sources: Path, data: Path, encoder: HashingEncoder) -> list[str]:
    """Three generations, of which the bread of each has another version."""
    names = []
    for number in range(3):
        (sources / "bread.md").write_text(f"Bread of version {number}.", "utf-8")
        names.append(build(sources, data, encoder, keep=3).generation)
    return names


def bread(data: Path) -> str:
    article = load_generation(data).article("bread")
    assert article is not None
    return article.text


def test_the_one_before_is_current_again(data: Path, three: list[str]) -> None:
    assert roll_back(data).id == three[1] == current_name(data)
    assert bread(data) == "Bread of version 1."
    assert roll_back(data).id == three[0]
    assert bread(data) == "Bread of version 0."
    with pytest.raises(FootnoteError, match="no generation before the current one"):
        roll_back(data)


def test_any_that_is_kept_can_be_named_and_the_newest_returned_to(data: Path, three: list[str]) -> None:
    assert roll_back(data, three[0]).id == three[0]
    assert roll_back(data, three[2]).id == three[2]
    assert bread(data) == "Bread of version 2."


@pytest.mark.parametrize("steps", [1, 2])
def test_a_build_of_the_same_articles_does_not_undo_it_and_says_so(
    sources: Path, data: Path, encoder: HashingEncoder, three: list[str], steps: int
) -> None:
    for _ in range(steps):
        roll_back(data)
    current = current_name(data)
    for _ in range(2):
        report = build(sources, data, encoder, keep=3)
        assert (report.generation, report.added, report.changed, report.removed) == (current, (), (), ())
        assert report.warnings == (
            f"The index stays at {current}: it was rolled back from {three[2]}, which was made of these very "
            f"articles. Change them and build again, or return to it with `footnote rollback {three[2]}`.",
        )
    assert current_name(data) == current


def test_once_an_article_changes_builds_go_on_as_ever(
    sources: Path, data: Path, encoder: HashingEncoder, three: list[str]
) -> None:
    roll_back(data)
    (sources / "new.md").write_text("A new article.", "utf-8")
    report = build(sources, data, encoder, keep=3)
    assert (report.added, report.changed, report.warnings) == (("new",), ("bread",), ())
    assert bread(data) == "Bread of version 2."


def test_what_was_gone_back_from_is_kept_however_few_are(
    sources: Path, data: Path, encoder: HashingEncoder, three: list[str]
) -> None:
    roll_back(data)
    assert build(sources, data, encoder, keep=1).generation == three[1]
    assert build(sources, data, encoder, keep=1).generation == three[1]
    assert roll_back(data, three[2]).id == three[2]


def test_a_name_that_is_not_there_is_answered_with_those_that_are(data: Path, three: list[str]) -> None:
    listed = f"{three[2]}, {three[1]}, {three[0]}"
    with pytest.raises(FootnoteError) as caught:
        roll_back(data, "../x")
    assert str(caught.value) == f"There is no generation ../x to go to. Kept are: {listed}."
    with pytest.raises(FootnoteError) as caught:
        roll_back(data, three[2])
    assert str(caught.value) == f"The index is at {three[2]} already. Kept are: {listed}."


def test_nobody_goes_back_to_what_is_damaged(data: Path, three: list[str]) -> None:
    older = {segment.name for segment in load_generation(data).segments}
    for path in (data / "segments").glob("*/articles.jsonl"):
        if path.parent.name not in older:
            path.write_bytes(path.read_bytes().replace(b"Bread", b"Stone"))
    with pytest.raises(DamagedGeneration):
        roll_back(data)
    assert current_name(data) == three[2]
