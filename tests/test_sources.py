"""The three articles that ship, asked end to end with the real model.

Every question of `golden/sources.jsonl` was written before an answer was looked at, so some are
missed; the floors keep that number from growing.  Single questions stand below them that have to
be right for anybody to trust the rest.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.answer.answerer import Answerer
from bot.types import Answer, NoAnswer
from index.build import build
from index.embedding import SentenceTransformerEncoder
from index.generation import LiveGeneration
from index.reading import read_sources

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "sources"
GOLDEN = [json.loads(line) for line in (ROOT / "tests/golden/sources.jsonl").read_text("utf-8").splitlines()]
ANSWERABLE = [asked for asked in GOLDEN if not asked.get("unanswerable")]
# Reached: 64 of 76 within the quotes, and 19 of 28; most of the others are near misses ("What was
# Banma's revenue?").
ANSWERED_FLOOR = 0.8
REFUSED_FLOOR = 0.6
UNANSWERABLE = [asked["question"] for asked in GOLDEN if asked.get("unanswerable")]


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory, real_encoder: SentenceTransformerEncoder) -> Answerer:
    data = tmp_path_factory.mktemp("data")
    build(SOURCES, data, real_encoder)
    return Answerer(LiveGeneration(data, real_encoder), real_encoder, SOURCES)


@pytest.fixture(scope="module")
def results(answerer: Answerer) -> dict[str, Answer | NoAnswer]:
    return {asked["question"]: answerer.answer(asked["question"]) for asked in GOLDEN}


def test_there_are_enough_golden_questions() -> None:
    assert len(ANSWERABLE) >= 40
    assert len(UNANSWERABLE) >= 10


def test_the_articles_hold_every_golden_answer() -> None:
    texts = {article.id: article.text for article in read_sources(SOURCES).articles}
    for asked in ANSWERABLE:
        for word in asked["words"]:
            assert word in texts[asked["article"]], asked["question"]


def test_most_golden_questions_are_answered_from_the_right_article(
    results: dict[str, Answer | NoAnswer],
) -> None:
    right = [asked for asked in ANSWERABLE if _answers(results[asked["question"]], asked)]
    assert len(right) / len(ANSWERABLE) >= ANSWERED_FLOOR


def test_most_golden_questions_that_the_articles_leave_open_are_not_answered(
    results: dict[str, Answer | NoAnswer],
) -> None:
    refused = [q for q in UNANSWERABLE if not _certain(results[q])]
    assert len(refused) / len(UNANSWERABLE) >= REFUSED_FLOOR


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Who holds what share of Banma?", ["31.5%", "Alibaba and SAIC"]),
        ("How much did Alibaba invest in Meizu?", ["$590 million"]),
        ("banma ceo left?", ["chief executive"]),
    ],
)
def test_the_first_quote_answers(answerer: Answerer, question: str, words: list[str]) -> None:
    result = answerer.answer(question)
    assert isinstance(result, Answer)
    assert result.certain
    assert all(word in result.quotes[0].text for word in words)


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "How do I reset my VPN password?",
        "Who won the World Cup in 2018?",
        "What is the boiling point of nitrogen?",
        "How do I bake rye bread?",
        "When does the next train to Bern leave?",
        "Which antibiotics help against pneumonia?",
        "Who wrote Pride and Prejudice?",
        "How many moons does Jupiter have?",
        "What is our parental leave policy?",
        "asdf qwer zxcv",
        "今天天气怎么样？",
    ],
)
def test_a_question_about_something_else_is_refused(answerer: Answerer, question: str) -> None:
    assert isinstance(answerer.answer(question), NoAnswer)


def test_every_quote_is_a_slice_of_its_article_and_every_link_is_unique(
    results: dict[str, Answer | NoAnswer],
) -> None:
    articles = {article.id: article for article in read_sources(SOURCES).articles}
    quotes = [q for result in results.values() if isinstance(result, Answer) for q in result.quotes]
    assert len(quotes) > 50
    for quote in quotes:
        article = articles[quote.source_id]
        assert article.text[quote.start : quote.end] == quote.text
        assert quote.link is not None
        assert article.url is not None
        assert quote.link.startswith(f"{article.url}#:~:text=")


def _answers(result: Answer | NoAnswer, asked: dict[str, object]) -> bool:
    """Whether one quote from the expected article holds all the expected words."""
    words = asked["words"]
    assert isinstance(words, list)
    return isinstance(result, Answer) and any(
        quote.source_id == asked["article"] and all(word in quote.text for word in words)
        for quote in result.quotes
    )


def _certain(result: Answer | NoAnswer) -> bool:
    return isinstance(result, Answer) and result.certain
