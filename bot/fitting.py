"""Searches that are known to be right or wrong -> a calibration, and whether it is worth having.

Pure.  The correction starts from the confidence that ships and leaves it as far as the evidence
goes: a logistic regression with a Gaussian prior around what was shipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bot.judging import FEATURES, LEAST_SPREAD, RERANKER_FEATURES, RERANKER_WEIGHT

Numbers = npt.NDArray[np.float64]
Method = Literal["shipped", "recalibrated", "refitted"]

WEIGHTS = (RERANKER_WEIGHT, 0.0, 0.25, 1.0, 1.5, 2.0, 3.0)
"""Of the reranker, to choose from; first the one that a new one has to beat."""
FOLDS = 5
# Standard deviations of the priors.  Learnt from 20 to 500 tune questions of XQuAD and judged on the
# others (in English, and in Chinese and German, which the embedding model does not know, and with an
# encoder that hashes words): .25 costs .003 of log loss at 20 questions where nothing needed mending
# and gains .04 where it did; .5 and 1 cost .01 and .03.
SCALE_PRIOR = 0.25
OFFSET_PRIOR = 1.0
# Of single features, in standard deviations of theirs.  From 100 questions on, .1 gains up to .012 on
# top and never costs more than .002; .3 costs .01 in English, 1 costs .05.
FEATURE_PRIOR = 0.1
REFIT_QUESTIONS = 100
# Nothing that ships knows of the reranker's scores, so that what they weigh is free to be learnt.
RERANKER_PRIOR = 1.0
STEPS = 50


@dataclass(frozen=True, slots=True)
class View:
    """One search, ranked with one weight of the reranker."""

    row: tuple[float, ...]
    """Of `bot.judging.FEATURES`."""
    margin: float
    """Log-odds of the confidence that ships."""
    right: bool
    """Whether what would be quoted answers the question."""
    order_loss: float | None
    """Surprise, in nats, that the right sentences are the right ones; None where there is no such one."""


@dataclass(frozen=True, slots=True)
class Case:
    """One search, seen with each of `WEIGHTS`; without a reranker, with the first alone."""

    question: int
    """Cases of the same question are never apart when some are learnt from and others judged."""
    answerable: bool
    """Whether an article that answers was there to be found."""
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """Of the log-odds that the confidence which ships gives; see `bot.calibration.Calibration`."""

    method: Method = "shipped"
    scale: float = 1.0
    offset: float = 0.0
    weights: tuple[tuple[str, float], ...] = ()
    reranker_weight: float = RERANKER_WEIGHT


@dataclass(frozen=True, slots=True)
class Judged:
    """How well the confidence does on cases that it was not fitted to."""

    probabilities: tuple[float, ...]
    right: tuple[bool, ...]
    answerable: tuple[bool, ...]
    losses: tuple[float, ...]
    """Mean log loss of each question's cases."""

    @property
    def found(self) -> float:
        """Share of the answerable ones whose quotes are right, however sure."""
        return _share([right for right, there in zip(self.right, self.answerable, strict=True) if there])

    @property
    def log_loss(self) -> float:
        return _log_loss(self.probabilities, self.right)

    @property
    def brier(self) -> float:
        return float(np.mean((np.array(self.probabilities) - np.array(self.right)) ** 2))

    @property
    def auroc(self) -> float:
        """Share of pairs, one right and one wrong, of which the right one has the higher confidence."""
        p, right = np.array(self.probabilities), np.array(self.right)
        good, bad = p[right], np.sort(p[~right])
        if not (good.size and bad.size):
            return float("nan")
        # Halfway between those below and those below or equal, so that a tie counts half.
        below = np.searchsorted(bad, good, "left") + np.searchsorted(bad, good, "right")
        return float(below.mean() / (2 * bad.size))

    def held_back(self, balance: float) -> float:
        """Share of the right ones below `balance`."""
        return _share([p < balance for p, right in zip(self.probabilities, self.right, strict=True) if right])

    def passed_off(self, balance: float) -> float:
        """Share of the wrong ones that reach `balance`."""
        return _share(
            [p >= balance for p, right in zip(self.probabilities, self.right, strict=True) if not right]
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """What was learnt, and what it is worth."""

    correction: Correction
    """Fitted to all cases; as shipped where nothing was clearly better."""
    before: Judged
    """Without any."""
    after: Judged
    """Each case by a correction that did not see its question."""

    @property
    def better(self) -> bool:
        """Whether there is anything to be kept."""
        return self.correction != Correction()


def fit(cases: Sequence[Case]) -> Fit:
    """Choose, by cross-validation, the method that pays, and fit it to all `cases`.

    A method is better where its log loss is lower by more than one standard error over the
    questions, since less is as likely to be luck, and its squared error not higher: the log loss
    alone would give up much that is right to be less wrong about a few.
    """
    method: Method = "shipped"
    after = cross_validate(cases, method)
    others: list[Method] = ["recalibrated"]
    if sum(case.answerable for case in cases) >= REFIT_QUESTIONS:
        others.append("refitted")
    for other in others:
        judged = cross_validate(cases, other)
        if _clearly_less(judged.losses, after.losses) and judged.brier <= after.brier:
            method, after = other, judged
    return Fit(
        correction(cases, method), _judged(cases, dict.fromkeys(_questions(cases), Correction())), after
    )


def cross_validate(cases: Sequence[Case], method: Method) -> Judged:
    """Judge every case by a correction that was fitted to the questions of the other folds."""
    questions = _questions(cases)
    # Not in their order, in which questions about the same thing stand together.
    order = np.random.default_rng(0).permutation(len(questions))
    fold_of = {questions[place]: n % FOLDS for n, place in enumerate(order)}
    of_fold = [correction([c for c in cases if fold_of[c.question] != n], method) for n in range(FOLDS)]
    return _judged(cases, {question: of_fold[fold] for question, fold in fold_of.items()})


def correction(cases: Sequence[Case], method: Method) -> Correction:
    """Fit the reranker's weight, and the confidence by `method`, to all `cases`."""
    weight = _reranker_weight(cases)
    if method == "shipped":
        return Correction(reranker_weight=weight)
    views = [_view(case, weight) for case in cases]
    rows = np.array([view.row for view in views], np.float64)
    margins = np.array([view.margin for view in views], np.float64)
    right = np.array([view.right for view in views], np.float64)

    middle, spread = rows.mean(axis=0), rows.std(axis=0)
    learnt = [
        place
        for place, name in enumerate(FEATURES)
        if spread[place] > (LEAST_SPREAD if name in RERANKER_FEATURES else 1e-6)
        and (method == "refitted" or name in RERANKER_FEATURES)
    ]
    standard = (rows[:, learnt] - middle[learnt]) / spread[learnt]
    of_features = [RERANKER_PRIOR if FEATURES[p] in RERANKER_FEATURES else FEATURE_PRIOR for p in learnt]
    parameters = regress(
        np.column_stack([margins, np.ones(len(rows)), standard]),
        right,
        np.array([1.0, 0.0, *np.zeros(len(learnt))]),
        np.array([SCALE_PRIOR, OFFSET_PRIOR, *of_features]),
    )
    weights = parameters[2:] / spread[learnt]
    return Correction(
        method,
        float(parameters[0]),
        float(parameters[1] - weights @ middle[learnt]),
        tuple((FEATURES[place], float(w)) for place, w in zip(learnt, weights, strict=True)),
        weight,
    )


def regress(rows: Numbers, yes: Numbers, mean: Numbers, deviation: Numbers) -> Numbers:
    """Most probable weights of a logistic regression, a priori normal around `mean`, by Newton's method.

    Shapes `(n, p)`, `(n,)`, `(p,)`, `(p,)` -> `(p,)`.  The loss is convex, and a step that would raise
    it is halved, so that it ends.
    """
    precision = 1 / deviation**2

    def loss(weights: Numbers) -> float:
        margins = rows @ weights
        surprise = np.logaddexp(0, margins).sum() - (yes * margins).sum()
        return float(surprise + 0.5 * (precision * (weights - mean) ** 2).sum())

    weights = mean.astype(np.float64)
    current = loss(weights)
    for _ in range(STEPS):
        p = _sigmoid(rows @ weights)
        slope = rows.T @ (p - yes) + precision * (weights - mean)
        curvature = (rows * (p * (1 - p))[:, None]).T @ rows + np.diag(precision)
        step = np.linalg.solve(curvature, slope)
        while loss(weights - step) > current and np.abs(step).max() > 1e-9:
            step = step / 2
        weights, before = weights - step, current
        current = loss(weights)
        if before - current < 1e-9:
            break
    return weights


def _judged(cases: Sequence[Case], by_question: Mapping[int, Correction]) -> Judged:
    views = [_view(case, by_question[case.question].reranker_weight) for case in cases]
    probabilities = [_probability(v, by_question[c.question]) for c, v in zip(cases, views, strict=True)]
    right = [view.right for view in views]
    places: dict[int, list[int]] = {}
    for place, case in enumerate(cases):
        places.setdefault(case.question, []).append(place)
    return Judged(
        tuple(probabilities),
        tuple(right),
        tuple(case.answerable for case in cases),
        tuple(_log_loss([probabilities[i] for i in of], [right[i] for i in of]) for of in places.values()),
    )


def _questions(cases: Sequence[Case]) -> list[int]:
    return sorted({case.question for case in cases})


def _view(case: Case, weight: float) -> View:
    return case.views[WEIGHTS.index(weight)] if len(case.views) > 1 else case.views[0]


def _probability(view: View, fitted: Correction) -> float:
    row = dict(zip(FEATURES, view.row, strict=True))
    margin = fitted.scale * view.margin + fitted.offset + sum(row[name] * w for name, w in fitted.weights)
    return float(_sigmoid(np.array([margin]))[0])


def _clearly_less(these: Sequence[float], those: Sequence[float]) -> bool:
    """Whether the mean of paired differences is below 0 by more than its standard error."""
    difference = np.array(those) - np.array(these)
    error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else np.inf
    return bool(difference.mean() > error)


def _reranker_weight(cases: Sequence[Case]) -> float:
    """The weight that makes the right sentences the least surprising; the first, unless one is clearly so."""
    losses = [
        [view.order_loss for view in case.views]
        for case in cases
        if len(case.views) > 1 and all(view.order_loss is not None for view in case.views)
    ]
    if not losses:
        return WEIGHTS[0]
    by_weight = np.array(losses, np.float64).T
    best = int(by_weight.mean(axis=1).argmin())
    return WEIGHTS[best if _clearly_less(by_weight[best].tolist(), by_weight[0].tolist()) else 0]


def _log_loss(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    told = np.where(right, probabilities, 1 - np.array(probabilities))
    return float(-np.log(np.clip(told, 1e-12, 1)).mean())


def _sigmoid(margins: Numbers) -> Numbers:
    # By tanh, which does not overflow.
    return np.asarray(0.5 * (1 + np.tanh(0.5 * margins)))


def _share(marks: Sequence[bool]) -> float:
    return sum(marks) / len(marks) if marks else float("nan")
