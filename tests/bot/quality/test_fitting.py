"""A calibration is learnt from searches with a known outcome, and judged on others than those."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bot.answer.ranking import Correction, Judge
from bot.answer.scoped_search import HITS
from bot.quality.evaluation import Question
from bot.quality.fitting import Case, Judged, Observer, fit, platt
from index.build import build
from index.generation import Generation
from index.generations import load_generation
from index.search import Searcher
from tests.fakes.encoder import HashingEncoder
from tests.fakes.reader import WordReader

LENGTH = Question(1, "How long is the river Aare?", ("river",), ("288 kilometres",))
PRICE = Question(2, "What does a loaf of rye cost?", (), ())


def observer(generation: Generation, encoder: HashingEncoder) -> Observer:
    return Observer(Searcher(generation, encoder), encoder, WordReader({"288 kilometres": 4.0}))


@pytest.fixture
def observed(generation: Generation, encoder: HashingEncoder) -> Observer:
    return observer(generation, encoder)


def seen(found: Observer, question: Question) -> list[tuple[bool, bool]]:
    """Of each case, whether there was an answer and whether it was quoted."""
    return [(case.answerable, case.right) for case in found.cases(question)]


class TestObserver:
    def test_a_question_with_an_answer_is_searched_with_and_without_its_article(
        self, observed: Observer
    ) -> None:
        assert seen(observed, LENGTH) == [(True, True), (False, False)]

    def test_a_question_without_an_answer_is_searched_once_and_wrong(self, observed: Observer) -> None:
        assert seen(observed, PRICE) == [(False, False)]

    def test_quotes_without_the_words_are_wrong(self, observed: Observer) -> None:
        other = Question(1, LENGTH.text, ("river",), ("290 kilometres",))

        assert seen(observed, other)[0] == (True, False)

    def test_without_words_the_article_is_judged(self, observed: Observer) -> None:
        river, bread = (Question(1, LENGTH.text, (article,), ()) for article in ("river", "bread"))

        assert seen(observed, river) == [(True, True), (False, False)]
        assert seen(observed, bread)[0] == (True, False)

    def test_nothing_is_learnt_from_another_article_that_may_answer_too(
        self, sources: Path, data: Path, encoder: HashingEncoder
    ) -> None:
        (sources / "copy.md").write_text("The river Aare is 288 kilometres long, they say.", "utf-8")
        build(sources, data, encoder)
        found = observer(load_generation(data, encoder), encoder)

        assert seen(found, LENGTH) == [(True, True)]
        both = Question(1, LENGTH.text, ("river", "copy"), LENGTH.words)
        assert seen(found, both) == [(True, True), (False, False)]

    def test_an_expected_article_that_is_not_in_the_index_says_nothing(self, observed: Observer) -> None:
        assert seen(observed, Question(1, LENGTH.text, ("gone",), ("288",))) == []

    def test_an_index_of_one_article_has_nothing_left_without_it(
        self, sources: Path, data: Path, encoder: HashingEncoder
    ) -> None:
        for file in ("bread.md", "notes/moon-landing.txt"):
            (sources / file).unlink()
        build(sources, data, encoder)

        assert seen(observer(load_generation(data, encoder), encoder), LENGTH) == [(True, True)]

    def test_the_log_odds_are_those_of_an_answer(
        self, observed: Observer, generation: Generation, encoder: HashingEncoder
    ) -> None:
        findings = Searcher(generation, encoder).find(LENGTH.text, HITS)
        judge = Judge(WordReader({"288 kilometres": 4.0}))
        margin = judge.margin(findings, judge.rank(findings, LENGTH.text), LENGTH.text)

        assert next(observed.cases(LENGTH)).margin == pytest.approx(margin, abs=1e-4)


def cases(
    questions: int,
    truth: Callable[[float], float],
    *,
    seed: int = 1,
    shipped: Callable[[float], float] = lambda evidence: evidence,
) -> list[Case]:
    """Two searches a question; `truth` gives the log-odds of being right, `shipped` those believed."""
    random = np.random.default_rng(seed)
    found = []
    for question in range(questions):
        for answerable in (True, False):
            evidence = random.normal(1.5 if answerable else -1.5, 1.5)
            right = bool(random.random() < 1 / (1 + math.exp(-truth(evidence))))
            found.append(Case(question, answerable, shipped(evidence), right))
    return found


class TestPlatt:
    def test_finds_the_minimum_that_a_search_by_hand_finds(self) -> None:
        margins, right = [1.0, 2.0, -1.0, 0.5, 0.0], [True, True, False, False, True]

        found = platt(margins, right)

        a, b = np.meshgrid(np.linspace(-1, 4, 1001), np.linspace(-3, 3, 1201), indexing="ij")
        shown = a[..., None] * np.array(margins) + b[..., None]
        targets = np.where(right, 4 / 5, 1 / 4)
        loss = (np.logaddexp(0, shown) - targets * shown).sum(-1)
        i, j = np.unravel_index(loss.argmin(), loss.shape)
        assert (found.scale, found.offset) == pytest.approx((a[i, j], b[i, j]), abs=0.005)

    @pytest.mark.parametrize(
        ("margins", "right"),
        [
            ([1000.0, 999.0, -1000.0, -999.0], [True, True, False, False]),
            ([0.0] * 4, [True, False, False, False]),
            ([7.0] * 4, [True] * 4),
        ],
    )
    def test_ends_with_numbers_if_the_margins_say_all_or_nothing(
        self, margins: list[float], right: list[bool]
    ) -> None:
        found = platt(margins, right)

        assert math.isfinite(found.scale)
        assert math.isfinite(found.offset)
        shown = [found.scale * m + found.offset for m in margins]
        assert all(abs(margin) < 5 for margin in shown)


class TestFit:
    def test_log_odds_that_are_twice_too_sure_and_shifted_are_put_right(self) -> None:
        found = fit(cases(400, lambda evidence: evidence, shipped=lambda e: 2 * e + 2))

        assert found.correction is not None
        assert found.correction.scale == pytest.approx(0.5, abs=0.1)
        assert found.correction.offset == pytest.approx(-1.0, abs=0.3)
        assert found.after.log_loss < found.before.log_loss - 0.1
        assert found.after.brier < found.before.brier

    def test_what_is_right_already_is_left_alone_but_for_luck(self) -> None:
        found = [fit(cases(30, lambda evidence: evidence, seed=seed)) for seed in range(20)]

        alone = [one for one in found if one.correction is None]
        # More than one standard error by chance: one time in six.
        assert len(alone) >= 15
        assert all(one.after == one.before for one in alone)

    def test_log_odds_that_say_nothing_are_not_praised(self) -> None:
        random = np.random.default_rng(3)
        noise = [Case(n // 2, n % 2 == 0, float(random.normal(0, 0.1)), n % 2 == 0) for n in range(240)]

        assert fit(noise).correction is None

    def test_a_confidence_that_is_the_wrong_way_round_is_not_turned_round(self) -> None:
        assert fit(cases(200, lambda evidence: -2 * evidence)).correction is None

    def test_cases_of_one_question_are_never_learnt_from_and_judged_at_once(self) -> None:
        """One question in five folds: whoever had seen its other case would know its answer."""
        one_sided = [Case(question, True, 0.0, question == 0) for question in range(5) for _ in range(2)]

        found = fit(one_sided)

        # The fold of the right question has seen only wrong ones, and does worse on it than as shipped.
        assert found.correction is None
        assert found.after == found.before


def test_the_figures_are_what_they_say() -> None:
    judged = Judged((0.9, 0.6, 0.2, 0.6, 0.1), (True, True, True, False, False), ())

    assert judged.log_loss == pytest.approx(-np.log([0.9, 0.6, 0.2, 0.4, 0.9]).mean())
    assert judged.brier == pytest.approx((0.01 + 0.16 + 0.64 + 0.36 + 0.01) / 5)
    assert (judged.held_back(0.5), judged.passed_off(0.5)) == (1 / 3, 1 / 2)
    assert math.isnan(Judged((0.5,), (False,), ()).held_back(0.5))


def test_a_correction_is_applied_to_the_log_odds(generation: Generation, encoder: HashingEncoder) -> None:
    findings = Searcher(generation, encoder).find(LENGTH.text)
    plain, corrected = Judge(None), Judge(None, Correction(0.5, -1.0))
    ranked = plain.rank(findings, LENGTH.text)

    before = plain.margin(findings, ranked, LENGTH.text)

    assert corrected.margin(findings, ranked, LENGTH.text) == pytest.approx(0.5 * before - 1)
