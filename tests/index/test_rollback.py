"""Going back to an earlier generation, and what builds do then."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.build import BuildOptions, build
from index.generations import FileStore, load_generation
from index.manifest import DamagedGeneration, current_name
from index.types import FootnoteError
from tests.fakes.encoder import HashingEncoder


@pytest.fixture
def three(sources: Path, data: Path, encoder: HashingEncoder) -> list[str]:
    """Three generations, of which the bread of each has another version."""
    names = []
    for number in range(3):
        (sources / "bread.md").write_text(f"Bread of version {number}.", "utf-8")
        names.append(build(sources, data, encoder, BuildOptions(keep=3)).generation)
    return names


def bread(data: Path) -> str:
    article = load_generation(data).article("bread")
    assert article is not None
    return article.text


def test_the_one_before_is_current_again(data: Path, three: list[str]) -> None:
    assert FileStore(data).roll_back().id == three[1] == current_name(data)
    assert bread(data) == "Bread of version 1."
    assert FileStore(data).roll_back().id == three[0]
    assert bread(data) == "Bread of version 0."
    with pytest.raises(FootnoteError, match="no generation before the current one"):
        FileStore(data).roll_back()


def test_any_that_is_kept_can_be_named_and_the_newest_returned_to(data: Path, three: list[str]) -> None:
    assert FileStore(data).roll_back(three[0]).id == three[0]
    assert FileStore(data).roll_back(three[2]).id == three[2]
    assert bread(data) == "Bread of version 2."


@pytest.mark.parametrize("steps", [1, 2])
def test_a_build_of_the_same_articles_does_not_undo_it_and_says_so(
    sources: Path, data: Path, encoder: HashingEncoder, three: list[str], steps: int
) -> None:
    for _ in range(steps):
        FileStore(data).roll_back()
    current = current_name(data)
    for _ in range(2):
        report = build(sources, data, encoder, BuildOptions(keep=3))
        assert (report.generation, report.added, report.changed, report.removed) == (current, (), (), ())
        assert report.warnings == (
            f"The index stays at {current}: it was rolled back from {three[2]}, which was made of these very "
            f"articles. Change them and build again, or return to it with `footnote rollback {three[2]}`.",
        )
    assert current_name(data) == current


def test_once_an_article_changes_builds_go_on_as_ever(
    sources: Path, data: Path, encoder: HashingEncoder, three: list[str]
) -> None:
    FileStore(data).roll_back()
    (sources / "new.md").write_text("A new article.", "utf-8")
    report = build(sources, data, encoder, BuildOptions(keep=3))
    assert (report.added, report.changed, report.warnings) == (("new",), ("bread",), ())
    assert bread(data) == "Bread of version 2."


def test_what_was_gone_back_from_is_kept_however_few_are(
    sources: Path, data: Path, encoder: HashingEncoder, three: list[str]
) -> None:
    FileStore(data).roll_back()
    assert build(sources, data, encoder, BuildOptions(keep=1)).generation == three[1]
    assert build(sources, data, encoder, BuildOptions(keep=1)).generation == three[1]
    assert FileStore(data).roll_back(three[2]).id == three[2]


def test_a_name_that_is_not_there_is_answered_with_those_that_are(data: Path, three: list[str]) -> None:
    listed = f"{three[2]}, {three[1]}, {three[0]}"
    with pytest.raises(FootnoteError) as caught:
        FileStore(data).roll_back("../x")
    assert str(caught.value) == f"There is no generation ../x to go to. Kept are: {listed}."
    with pytest.raises(FootnoteError) as caught:
        FileStore(data).roll_back(three[2])
    assert str(caught.value) == f"The index is at {three[2]} already. Kept are: {listed}."


def test_nobody_goes_back_to_what_is_damaged(data: Path, three: list[str]) -> None:
    path = data / "generations" / three[1] / "articles.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Bread", b"Stone"))
    with pytest.raises(DamagedGeneration):
        FileStore(data).roll_back()
    assert current_name(data) == three[2]
