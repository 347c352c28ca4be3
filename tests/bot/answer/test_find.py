"""Questions that want more than one sentence, and times: over small dated articles."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.answer.answerer import Answerer
from bot.types import Answer, NoAnswer, Silence, Turn
from index.build import build
from index.generations import FileStore
from tests.fakes.encoder import HashingEncoder
from tests.fakes.reader import WordReader

Ask = Callable[..., Answer | NoAnswer]

ARTICLES = {
    "founding": (
        "2015-11-02",
        "Zebra Motors was founded in 2015 by Ada Stripe. Zebra Motors has 700 employees.",
    ),
    "growth": (
        "2019-03-01",
        "Zebra Motors has 900 employees. Otter Cars and Heron Trucks supply Zebra Motors. "
        "Zebra Motors builds its engines in Basel.",
    ),
    "partners": (
        "2021-06-05",
        "Badger Batteries supply Zebra Motors as well. Zebra Motors builds its engines in Lugano. "
        "The flotation of Zebra Motors took place in June 2017.",
    ),
    "weather": ("2020-01-01", "Rain falls on the hills. Snow lies above them in winter."),
}


@pytest.fixture
def ask(tmp_path: Path, data: Path, encoder: HashingEncoder) -> Ask:
    sources = tmp_path / "dated"
    sources.mkdir()
    for name, (published, text) in ARTICLES.items():
        (sources / f"{name}.md").write_text(
            f'---\ntitle: "{name.title()}"\npublished: {published}\n---\n{text}\n', "utf-8"
        )
    build(sources, data, encoder)
    answerer = Answerer(
        FileStore(data, encoder),
        encoder,
        sources,
        balance=0.0,
        today=lambda: datetime.date(2022, 1, 1),
    )
    return answerer.answer


def quotes(result: Answer | NoAnswer) -> list[str]:
    assert isinstance(result, Answer)
    return [quote.text for quote in result.quotes]


def test_both_parts_of_a_question_are_answered(ask: Ask) -> None:
    found = quotes(ask("Who founded Zebra Motors and where are its engines built?"))
    assert found[0] == "Zebra Motors was founded in 2015 by Ada Stripe."
    assert any("builds its engines" in quote for quote in found[1:])


def test_a_part_that_the_sources_do_not_answer_is_named(
    tmp_path: Path, data: Path, encoder: HashingEncoder
) -> None:
    sources = tmp_path / "one"
    sources.mkdir()
    (sources / "zebra.md").write_text("Zebra Motors was founded in 2015 by Ada Stripe.", "utf-8")
    build(sources, data, encoder)
    answerer = Answerer(FileStore(data, encoder), encoder, sources)
    result = answerer.answer("Who founded Zebra Motors in 2015, and which opera does Oslo rehearse tonight?")
    assert isinstance(result, Answer)
    assert result.unanswered == ("which opera does Oslo rehearse tonight",)


def test_a_list_is_gathered_from_several_articles(ask: Ask) -> None:
    result = ask("Which companies supply Zebra Motors?")
    told = " ".join(quotes(result))
    assert "Otter Cars" in told
    assert "Badger Batteries" in told
    assert isinstance(result, Answer)
    assert {source.id for source in result.sources} >= {"growth", "partners"}


def test_articles_that_give_other_figures_are_shown_as_differing_the_newer_first(ask: Ask) -> None:
    result = ask("How many employees does Zebra Motors have?")
    assert isinstance(result, Answer)
    assert result.disagreement
    assert quotes(result)[:2] == ["Zebra Motors has 900 employees.", "Zebra Motors has 700 employees."]
    assert [source.published for source in result.sources[:2]] == ["2019-03-01", "2015-11-02"]


def test_articles_that_agree_are_not(ask: Ask) -> None:
    result = ask("Who founded Zebra Motors?")
    assert isinstance(result, Answer)
    assert not result.disagreement


def test_the_latest_report_counts_where_the_latest_is_asked_for(ask: Ask) -> None:
    assert quotes(ask("Where does Zebra Motors currently build its engines?"))[0] == (
        "Zebra Motors builds its engines in Lugano."
    )


def test_a_year_prefers_the_article_of_that_time(ask: Ask) -> None:
    assert quotes(ask("Where did Zebra Motors build its engines in 2019?"))[0] == (
        "Zebra Motors builds its engines in Basel."
    )
    assert quotes(ask("Where did Zebra Motors build its engines last year?"))[0] == (
        "Zebra Motors builds its engines in Lugano."
    )


def test_an_event_is_dated_by_the_sources(ask: Ask) -> None:
    before = quotes(ask("How many employees did Zebra Motors have before the flotation?"))
    after = quotes(ask("How many employees did Zebra Motors have after the flotation?"))
    assert before[0] == "Zebra Motors has 700 employees."
    assert after[0] == "Zebra Motors has 900 employees."


def test_each_article_is_quoted_where_the_sources_are_asked_for(ask: Ask) -> None:
    result = ask("What do the sources say about Zebra Motors?")
    assert isinstance(result, Answer)
    ids = [quote.source_id for quote in result.quotes]
    assert sorted(set(ids)) == ["founding", "growth", "partners"]


def test_both_sides_of_a_comparison_are_quoted(ask: Ask) -> None:
    told = " ".join(quotes(ask("What is the difference between Otter Cars and Badger Batteries?")))
    assert "Otter Cars" in told
    assert "Badger Batteries" in told


def test_more_shows_what_was_not_shown_and_then_says_that_there_is_nothing(ask: Ask) -> None:
    question = "Which companies supply Zebra Motors?"
    shown = " ".join(quotes(ask(question)))
    talk = (Turn(question, shown),)
    for _ in range(10):
        result = ask("more", talk)
        if isinstance(result, NoAnswer):
            break
        again = quotes(result)
        assert not any(quote in shown for quote in again)
        shown += " " + " ".join(again)
        talk = (*talk, Turn("more", " ".join(again)))
    assert isinstance(result, NoAnswer)
    assert result.reason is Silence.NOTHING_MORE


def test_explain_shows_the_answer_in_its_paragraph(ask: Ask) -> None:
    question = "Where does Zebra Motors currently build its engines?"
    talk = (Turn(question, "Zebra Motors builds its engines in Lugano."),)
    assert quotes(ask("explain please", talk))[0] == ARTICLES["partners"][1]


def test_source_gives_the_answer_with_its_source_again(ask: Ask) -> None:
    question = "Who founded Zebra Motors?"
    talk = (Turn(question, "Zebra Motors was founded in 2015 by Ada Stripe."), Turn("thanks", ""))
    result = ask("source?", talk)
    assert isinstance(result, Answer)
    assert result.sources[0].id == "founding"
    assert result.question == "source?"


def test_a_request_about_a_follow_up_is_about_what_that_meant(ask: Ask) -> None:
    talk = (Turn("Where does Zebra Motors currently build its engines?", "…"), Turn("and Otter Cars?", "…"))
    assert "Otter Cars" in quotes(ask("source", talk))[0]


@pytest.mark.parametrize("request_", ["more", "Explain?", "source?", "更多"])
def test_a_request_about_nothing_says_so(ask: Ask, request_: str) -> None:
    result = ask(request_)
    assert isinstance(result, NoAnswer)
    assert result.reason is Silence.NOTHING_BEFORE


def test_a_figure_in_a_long_sentence_contradicts_a_short_one(
    tmp_path: Path, data: Path, encoder: HashingEncoder
) -> None:
    sources = tmp_path / "harbour"
    sources.mkdir()
    short = "The harbour extension costs 61 million euros, the council said on Monday."
    long = (
        "After months of talks on the width of the new quays, the depth of the basin, 3 million for a crane"
        " and the way to the station, the council put the cost of the harbour extension at 48 million euros."
    )
    for name, published, text in (("new", "2026-07-01", short), ("old", "2025-05-03", long)):
        (sources / f"{name}.md").write_text(
            f"---\ntitle: {name}\npublished: {published}\n---\n{text}\n", "utf-8"
        )
    build(sources, data, encoder)
    reader = WordReader({"61 million euros": 9.0, "48 million euros": 7.0})
    answerer = Answerer(FileStore(data, encoder), encoder, sources, balance=0.0, reader=reader)

    for question in ("What does the harbour extension cost?", "How much does the harbour extension cost?"):
        answer = answerer.answer(question)
        assert isinstance(answer, Answer)
        assert answer.disagreement, question
        assert quotes(answer) == [short, long], "the newest first"
