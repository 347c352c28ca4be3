"""Questions that a new index has to answer before it is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.answer.answerer import Answerer
from bot.quality.acceptance import Search, canaries
from bot.types import Answers
from index.build import BuildOptions, build
from index.generation import Generation
from index.generations import load_generation
from index.search import Searcher
from index.store import Pinned
from index.types import FootnoteError
from tests.fakes.encoder import HashingEncoder

LENGTH = '{"question": "How long is the Aare?", "article": "river", "words": ["288 kilometres"]}\n'


class Opened:
    """Answers of an index that is not the current one."""

    def __init__(self, encoder: HashingEncoder, sources: Path) -> None:
        self._encoder, self._sources = encoder, sources

    def __call__(self, generation: Generation) -> tuple[Search, Answers]:
        answers = Answerer(Pinned(generation), self._encoder, self._sources, balance=0.0)
        return Searcher(generation, self._encoder).search, answers


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "canaries.jsonl"
    path.write_text(LENGTH, "utf-8")
    return path


def test_an_index_that_answers_is_used(
    sources: Path, data: Path, encoder: HashingEncoder, file: Path
) -> None:
    accept = canaries(file, "answer_hit=1", Opened(encoder, sources))
    assert build(sources, data, encoder, BuildOptions(accept=accept)).generation == load_generation(data).id


def test_an_index_that_does_not_answer_is_not_used_and_the_last_one_stays(
    sources: Path, data: Path, encoder: HashingEncoder, file: Path
) -> None:
    accept = canaries(file, "answer_hit=1", Opened(encoder, sources))
    first = build(sources, data, encoder, BuildOptions(accept=accept))
    (sources / "river.md").unlink()
    with pytest.raises(FootnoteError) as caught:
        build(sources, data, encoder, BuildOptions(accept=accept))
    assert str(caught.value) == (
        f"The new index is not used, the last one stays: of the questions in {file}, "
        "answer_hit is 0, under 1. "
        "Not answered: How long is the Aare?. Correct the articles, or the questions."
    )
    assert load_generation(data).id == first.generation
    lenient = canaries(file, "answer_hit=0", Opened(encoder, sources))
    assert build(sources, data, encoder, BuildOptions(accept=lenient)).removed == ("river",)


@pytest.mark.parametrize(
    ("text", "limit", "complaint"),
    [
        ("{", "answer_hit=1", "canaries.jsonl"),
        (LENGTH, "truth=1", "there is no figure 'truth'"),
        (LENGTH, "answer_hit=2", "a number from 0 to 1"),
    ],
)
def test_questions_and_limits_that_cannot_be_read_are_named(
    file: Path, encoder: HashingEncoder, text: str, limit: str, complaint: str
) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(FootnoteError, match=complaint):
        canaries(file, limit, Opened(encoder, file.parent))
