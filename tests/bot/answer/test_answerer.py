"""The answerer over small articles: quotes are verbatim, silence is honest, swaps are seen."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bot.answer.answerer import Answerer
from bot.answer.selection import MAX_QUOTES
from bot.types import Answer, NoAnswer, Silence, Turn
from index.build import build
from index.generations import FileStore
from index.manifest import MissingGeneration
from tests.fakes.encoder import HashingEncoder


@pytest.fixture
def answerer(sources: Path, data: Path, encoder: HashingEncoder) -> Answerer:
    build(sources, data, encoder)
    return Answerer(FileStore(data, encoder), encoder, sources, balance=0.0)


def test_the_answer_is_the_sentence_that_says_so(answerer: Answerer, sources: Path) -> None:
    result = answerer.answer("How long is the Aare?")
    assert isinstance(result, Answer)
    assert result.quotes[0].text == "The Aare is 288 kilometres long."
    assert result.sources[0].title == "The river Aare"
    assert result.sources[0].published == "2015-02-09"
    assert (
        result.sources[0].link
        == "https://example.org/aare#:~:text=The%20Aare%20is%20288%20kilometres%20long."
    )
    assert result.sources[0].file == str(sources / "river.md")


def test_every_quote_is_a_slice_of_the_body_in_its_file(answerer: Answerer, sources: Path) -> None:
    for question in ("Where does the Aare rise?", "Why rye?", "Who landed on the Moon?", "gluten in bread"):
        result = answerer.answer(question)
        assert isinstance(result, Answer)
        assert 1 <= len(result.quotes) <= MAX_QUOTES
        assert {q.citation for q in result.quotes} == {s.citation for s in result.sources}
        for quote in result.quotes:
            source = result.sources[quote.citation - 1]
            body = Path(source.file).read_text("utf-8").split("---\n")[-1].lstrip("\n")
            assert body[quote.start : quote.end] == quote.text


def test_a_sentence_that_points_back_is_quoted_with_the_one_before(answerer: Answerer) -> None:
    result = answerer.answer("In which glaciers does it rise?")
    assert isinstance(result, Answer)
    assert result.quotes[0].text == (
        "The Aare is 288 kilometres long. It rises in the glaciers of the Bernese Alps."
    )


@pytest.mark.parametrize("question", ["", "   ", "?!", "🙂", "\0"])
def test_an_empty_question_is_not_searched(answerer: Answerer, question: str) -> None:
    result = answerer.answer(question)
    assert isinstance(result, NoAnswer)
    assert result.reason is Silence.EMPTY_QUESTION


@pytest.mark.parametrize(
    "question",
    [
        "`rm -rf /` <https://x.example|x> :tada: how long is the Aare",
        "アーレ川の長さは？",
        "a\0b",
    ],
)
def test_odd_questions_get_a_result(answerer: Answerer, question: str) -> None:
    assert isinstance(answerer.answer(question), Answer | NoAnswer)


def test_a_question_of_ten_thousand_characters_is_declined(answerer: Answerer) -> None:
    result = answerer.answer("word " * 2_000)
    assert isinstance(result, NoAnswer)
    assert result.reason is Silence.TOO_LONG


def test_a_strict_balance_refuses_and_names_the_nearest_articles(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    strict = Answerer(FileStore(data, encoder), encoder, sources, balance=1.0)
    result = strict.answer("How long is the river Aare in Zermatt?")
    assert isinstance(result, NoAnswer)
    assert result.reason is Silence.NOT_IN_SOURCES
    assert 1 <= len(result.nearest) <= 3
    assert result.nearest[0].id == "river"


def test_a_follow_up_is_answered_from_what_was_asked_before(answerer: Answerer) -> None:
    result = answerer.answer("and Bern?", (Turn("Which towns lie on the Aare?", ""),))
    assert isinstance(result, Answer)
    assert result.quotes[0].text == "Bern lies in a bend of the Aare."


def test_a_repeated_sentence_is_quoted_once(sources: Path, data: Path, encoder: HashingEncoder) -> None:
    (sources / "copy.md").write_text("Rye flour holds little gluten.", "utf-8")
    build(sources, data, encoder)
    answerer = Answerer(FileStore(data, encoder), encoder, sources, balance=0.0)
    result = answerer.answer("How much gluten does rye flour hold?")
    assert isinstance(result, Answer)
    texts = [quote.text for quote in result.quotes]
    assert texts.count("Rye flour holds little gluten.") == 1


def test_a_passage_is_shown_in_its_context(answerer: Answerer) -> None:
    result = answerer.answer("Where does the Aare rise?")
    assert isinstance(result, Answer)
    quote = result.quotes[0]
    view = answerer.passage(quote.source_id, quote.start, quote.end)
    assert view is not None
    assert view.quote == quote.text
    assert view.before + view.quote + view.after == (
        "The Aare is 288 kilometres long. It rises in the glaciers of the Bernese Alps."
    )


@pytest.mark.parametrize(
    ("source", "start", "end"), [("gone", 0, 5), ("river", -1, 5), ("river", 5, 5), ("river", 0, 99_999)]
)
def test_a_passage_that_is_not_there_is_none(answerer: Answerer, source: str, start: int, end: int) -> None:
    assert answerer.passage(source, start, end) is None


def test_without_an_index_the_error_says_what_to_do(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    with pytest.raises(MissingGeneration, match="footnote build"):
        Answerer(FileStore(data, encoder), encoder, sources).answer("Aare?")


def test_a_deleted_article_is_not_answered_after_the_next_build(
    answerer: Answerer, sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    before = answerer.answer("How long is the Aare?")
    (sources / "river.md").unlink()
    build(sources, data, encoder)
    after = Answerer(FileStore(data, encoder), encoder, sources, balance=0.0).answer("How long is the Aare?")
    assert isinstance(before, Answer)
    assert before.quotes[0].source_id == "river"
    quoted = after.quotes if isinstance(after, Answer) else ()
    assert "river" not in {quote.source_id for quote in quoted}


def test_many_askers_at_once_get_the_same_answer(answerer: Answerer) -> None:
    found: list[str] = []

    def ask() -> None:
        for _ in range(20):
            result = answerer.answer("How long is the Aare?")
            assert isinstance(result, Answer)
            found.append(result.quotes[0].text)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["The Aare is 288 kilometres long."] * 80


class TestTwoThingsThatAreCompared:
    @pytest.fixture
    def compared(self, tmp_path: Path, encoder: HashingEncoder) -> Answerer:
        texts = {
            "aare": "The Aare is 288 kilometres long. Water of the Aare turns many mills in old Bern.",
            "rhine": "The Rhine is 1,233 kilometres long. Ships on the Rhine carry coal, grain and oil.",
        }
        folder = tmp_path / "rivers"
        folder.mkdir()
        for name, text in texts.items():
            (folder / f"{name}.md").write_text(f"---\ntitle: {name}\n---\n{text}\n", "utf-8")
        build(folder, tmp_path / "rivers-data", encoder)
        return Answerer(FileStore(tmp_path / "rivers-data", encoder), encoder, folder, balance=1.0)

    def test_each_is_heard_if_no_sentence_compares_them(self, compared: Answerer) -> None:
        found = compared.answer("Compare the Aare and the Rhine")
        assert isinstance(found, Answer) and found.selection
        assert {quote.part for quote in found.quotes} == {"the Aare", "the Rhine"}
        for quote in found.quotes:
            assert str(quote.part).removeprefix("the ") in quote.text

    def test_one_that_the_articles_do_not_know_is_not_compared(self, compared: Answerer) -> None:
        found = compared.answer("Compare the Aare and the Nile")
        assert not (isinstance(found, Answer) and found.selection)
