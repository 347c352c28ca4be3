"""Fitting: what is wrong is mended, what is right is left alone, and nothing is judged by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from bot.fitting import REFIT_QUESTIONS, WEIGHTS, Case, Correction, Judged, View, correction, fit, regress
from bot.judging import FEATURES, RERANKER_WEIGHT

REST = (0.0,) * (len(FEATURES) - 1)


def cases(
    questions: int,
    truth: Callable[[float, float, float], float],
    *,
    seed: int = 1,
    shipped: Callable[[float], float] = lambda evidence: evidence,
) -> list[Case]:
    """Two searches a question; `truth`: their evidence, feature and opinion -> log-odds of being right."""
    random = np.random.default_rng(seed)
    found = []
    for question in range(questions):
        for answerable in (True, False):
            evidence, feature, opinion = random.normal([1.5 if answerable else -1.5, 0, 0], [1.5, 2.0, 3.0])
            right = bool(random.random() < 1 / (1 + np.exp(-truth(evidence, feature, opinion))))
            row = (feature, *REST[:-1], opinion)
            found.append(Case(question, answerable, (View(row, shipped(evidence), right, None),)))
    return found


def test_regression_finds_the_minimum_that_a_search_by_hand_finds() -> None:
    rows = np.array([[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0], [0.5, 1.0]])
    yes, mean, deviation = np.array([1.0, 1.0, 0.0, 0.0]), np.array([1.0, 0.0]), np.array([0.5, 2.0])

    found = regress(rows, yes, mean, deviation)

    a, b = np.meshgrid(np.linspace(0, 3, 601), np.linspace(-3, 3, 1201), indexing="ij")
    margins = a[..., None] * rows[:, 0] + b[..., None]
    loss = (np.logaddexp(0, margins) - yes * margins).sum(-1)
    loss += 0.5 * ((a - 1) / 0.5) ** 2 + 0.5 * (b / 2) ** 2
    i, j = np.unravel_index(loss.argmin(), loss.shape)
    np.testing.assert_allclose(found, [a[i, j], b[i, j]], atol=0.005)


def test_regression_ends_where_the_rows_can_be_told_apart_without_error() -> None:
    rows = np.array([[1000.0], [-1000.0]])

    found = regress(rows, np.array([1.0, 0.0]), np.array([0.0]), np.array([10.0]))

    assert 0 < found[0] < 10


def test_without_evidence_the_prior_stays() -> None:
    found = regress(np.zeros((5, 2)), np.ones(5), np.array([1.0, -2.0]), np.array([1.0, 1.0]))

    assert found.tolist() == [1.0, -2.0]


def test_log_odds_that_are_twice_too_sure_and_shifted_are_put_right() -> None:
    found = fit(cases(400, lambda evidence, feature, opinion: evidence, shipped=lambda e: 2 * e + 2))

    assert found.correction.method == "recalibrated"
    assert found.correction.scale == pytest.approx(0.5, abs=0.1)
    assert found.correction.offset == pytest.approx(-1.0, abs=0.3)
    assert found.after.log_loss < found.before.log_loss - 0.1
    assert found.after.brier < found.before.brier
    # Its order is the same.
    assert found.after.auroc == pytest.approx(found.before.auroc, abs=0.01)


def test_what_is_right_already_is_left_alone_but_for_luck() -> None:
    found = [fit(cases(30, lambda evidence, feature, opinion: evidence, seed=seed)) for seed in range(20)]

    alone = [one for one in found if not one.better]
    # More than one standard error by chance: one time in six.
    assert len(alone) >= 15
    assert all(one.correction == Correction() and one.after == one.before for one in alone)
    assert all(0.6 < one.correction.scale < 1.5 for one in found)


def test_a_feature_that_tells_right_from_wrong_is_weighed_once_questions_are_many() -> None:
    def truth(evidence: float, feature: float, opinion: float) -> float:
        return evidence + 1.5 * feature

    many, few = fit(cases(500, truth)), fit(cases(REFIT_QUESTIONS - 1, truth))

    assert many.correction.method == "refitted"
    assert dict(many.correction.weights)[FEATURES[0]] > 0.3
    assert many.after.auroc > many.before.auroc + 0.02
    assert few.correction.method != "refitted"


def test_what_the_reranker_says_counts_from_few_questions_on() -> None:
    found = fit(cases(60, lambda evidence, feature, opinion: evidence + 2 * opinion))

    assert found.correction.method == "recalibrated"
    assert [name for name, _ in found.correction.weights] == ["reranker: highest"]
    assert found.after.auroc > found.before.auroc + 0.1


def test_noise_is_not_praised() -> None:
    """Fitted to themselves, 37 weights would find something in 120 cases of pure chance."""
    random = np.random.default_rng(3)
    noise = [
        Case(n // 2, n % 2 == 0, (View(tuple(random.normal(size=len(FEATURES))), 0.0, n % 2 == 0, None),))
        for n in range(2 * 120)
    ]

    assert not fit(noise).better


def test_cases_of_one_question_are_never_learnt_from_and_judged_at_once() -> None:
    """Each question has a feature of its own value: whoever has seen one of its cases knows the other."""
    random = np.random.default_rng(0)
    twins = []
    for question in range(200):
        right, row = bool(random.random() < 0.5), tuple(random.normal(size=len(FEATURES)))
        twins += [Case(question, True, (View(row, 0.0, right, None),))] * 2

    assert fit(twins).after.auroc < 0.6


def test_the_weight_of_the_reranker_is_the_one_that_puts_right_sentences_first() -> None:
    def seen(losses: list[float]) -> Case:
        views = [View((0.0,) * len(FEATURES), 0.0, True, loss) for loss in losses]
        return Case(len(asked), True, tuple(views))

    asked: list[Case] = []
    for n in range(30):
        # 1.5 is best; 3 is best for a few and bad for the rest.
        asked.append(seen([1.0, 1.2, 1.1, 0.9, 0.5 + n % 3 * 0.1, 0.7, 0.1 if n % 5 == 0 else 2.0]))

    assert WEIGHTS[4] == 1.5
    assert correction(asked, "shipped").reranker_weight == 1.5
    indifferent = [replace(case, views=(case.views[0],) * len(WEIGHTS)) for case in asked]
    assert correction(indifferent, "shipped").reranker_weight == RERANKER_WEIGHT


def test_the_figures_are_what_they_say() -> None:
    judged = Judged(
        (0.9, 0.6, 0.2, 0.6, 0.1), (True, True, True, False, False), (True, True, True, True, False), ()
    )

    # Of six pairs .9 and .6 stand above .1 and .9 above .6; .6 ties with .6; .2 stands above .1.
    assert judged.auroc == pytest.approx((1 + 1 + 1 + 0.5 + 1 + 0) / 6)
    assert judged.log_loss == pytest.approx(-np.log([0.9, 0.6, 0.2, 0.4, 0.9]).mean())
    assert judged.brier == pytest.approx((0.01 + 0.16 + 0.64 + 0.36 + 0.01) / 5)
    assert (judged.held_back(0.5), judged.passed_off(0.5), judged.found) == (1 / 3, 1 / 2, 3 / 4)
