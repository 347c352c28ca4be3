"""What a calibration learns from: each question with and without the article that answers it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bot.answer.answerer import open_confidence, open_model
from bot.evaluation import Question
from bot.fitting import WEIGHTS, Case
from bot.judging import FEATURES, Judge
from bot.observing import Observer
from index.build import build
from index.generation import Generation, load_generation
from index.search import Searcher
from index.types import Reranker
from tests.fakes.encoder import HashingEncoder
from tests.fakes.reranker import WordReranker

LENGTH = Question(1, "How long is the river Aare?", ("river",), ("288 kilometres",))
PRICE = Question(2, "What does a loaf of rye cost?", (), ())


def observer(generation: Generation, encoder: HashingEncoder, reranker: Reranker | None = None) -> Observer:
    return Observer(Searcher(generation, encoder), open_model(), open_confidence(), encoder, reranker)


@pytest.fixture
def observed(generation: Generation, encoder: HashingEncoder) -> Observer:
    return observer(generation, encoder)


def seen(found: Observer, question: Question) -> list[tuple[bool, bool]]:
    """Of each case, whether there was an answer and whether it was quoted."""
    return [(case.answerable, case.views[0].right) for case in found.cases(question)]


def test_a_question_with_an_answer_is_searched_with_and_without_its_article(observed: Observer) -> None:
    assert seen(observed, LENGTH) == [(True, True), (False, False)]


def test_a_question_without_an_answer_is_searched_once_and_wrong(observed: Observer) -> None:
    assert seen(observed, PRICE) == [(False, False)]


def test_quotes_without_the_words_are_wrong(observed: Observer) -> None:
    assert seen(observed, Question(1, LENGTH.text, ("river",), ("290 kilometres",)))[0] == (True, False)


def test_without_words_the_article_is_judged(observed: Observer) -> None:
    assert seen(observed, Question(1, LENGTH.text, ("river",), ())) == [(True, True), (False, False)]
    assert seen(observed, Question(1, LENGTH.text, ("bread",), ()))[0] == (True, False)


def test_nothing_is_learnt_from_another_article_that_may_answer_too(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    (sources / "copy.md").write_text("The river Aare is 288 kilometres long, they say.", "utf-8")
    build(sources, data, encoder)
    found = observer(load_generation(data, encoder), encoder)

    assert seen(found, LENGTH) == [(True, True)]
    both = Question(1, LENGTH.text, ("river", "copy"), LENGTH.words)
    assert seen(found, both) == [(True, True), (False, False)]


def test_an_expected_article_that_is_not_in_the_index_says_nothing(observed: Observer) -> None:
    assert seen(observed, Question(1, LENGTH.text, ("gone",), ("288",))) == []


def test_an_index_of_one_article_has_nothing_left_without_it(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    for file in ("bread.md", "notes/moon-landing.txt"):
        (sources / file).unlink()
    build(sources, data, encoder)

    assert seen(observer(load_generation(data, encoder), encoder), LENGTH) == [(True, True)]


def test_the_log_odds_are_those_of_an_answer(
    observed: Observer, generation: Generation, encoder: HashingEncoder
) -> None:
    judge, searcher = Judge(open_model(), open_confidence()), Searcher(generation, encoder)
    findings = searcher.find(LENGTH.text)

    view = next(observed.cases(LENGTH)).views[0]

    sure = judge.sure(findings, judge.rank(findings, LENGTH.text))
    assert view.margin == pytest.approx(math.log(sure / (1 - sure)), abs=1e-4)
    assert len(view.row) == len(FEATURES)


def test_the_right_sentence_is_the_less_surprising_the_higher_it_stands(observed: Observer) -> None:
    first, other, nowhere = (
        next(observed.cases(Question(1, LENGTH.text, ("river",), (words,)))).views[0].order_loss
        for words in ("288 kilometres", "Solothurn", "Geneva")
    )

    assert first is not None
    assert other is not None
    assert 0 < first < 0.7 < other
    assert nowhere is None


def test_with_a_reranker_each_weight_is_seen_and_each_text_read_once(
    generation: Generation, encoder: HashingEncoder
) -> None:
    reranker = WordReranker({"Solothurn": 9.0})
    case: Case = next(observer(generation, encoder, reranker).cases(LENGTH))

    read = [text for question, text in reranker.read]
    assert len(read) == len(set(read))
    assert len(case.views) == len(WEIGHTS)
    by_weight = {weight: view.order_loss or 0.0 for weight, view in zip(WEIGHTS, case.views, strict=True)}
    # It prefers another sentence, and so the more it weighs, the more surprising is the right one.
    assert [by_weight[w] for w in sorted(WEIGHTS)] == sorted(by_weight.values())
    assert case.views[WEIGHTS.index(3.0)].row[-1] == 9.0
