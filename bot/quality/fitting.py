"""Questions with known answers -> a correction of the confidence, and whether it is worth having.

Each question with an answer is searched twice: as it is, and with every article that answers shut
out, which makes the hardest questions without an answer, about the very same things.  From what came
out right and wrong, the scale and the offset of the log-odds are fitted.

Platt 1999, "Probabilistic outputs for support vector machines".
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.answer.find import find_answer
from bot.answer.ranking import Correction, Judge
from bot.answer.scoped_search import View
from bot.quality.calibration import Models, models_of
from bot.quality.evaluation import Question, holds_words
from index.search import Searcher
from index.store import Found, Snapshot
from index.types import Encoder, Reader, Rows, Scope, Scores, Vectors

Numbers = npt.NDArray[np.float64]

FOLDS = 5
STEPS = 100
# Probabilities are kept this far from 0 and 1, so that their log-odds are numbers.
LEAST = 1e-9

AS_SHIPPED = Correction(1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Case:
    """One search, and what came of it."""

    question: int
    """Cases of the same question are never apart when some are learnt from and others judged."""
    answerable: bool
    """Whether an article that answers was there to be found."""
    margin: float
    """Log-odds of the confidence that ships."""
    right: bool
    """Whether what would be quoted answers the question."""


class Observer:
    """Searches as an answer does, with the models of a calibration to be."""

    def __init__(
        self,
        searcher: Searcher,
        encoder: Encoder,
        reader: Reader | None,
        today: Callable[[], datetime.date] = datetime.date.today,
    ) -> None:
        self.models: Models = models_of(encoder, reader)
        """The models that the calibration will hold for."""
        self._searcher = searcher
        self._judge = Judge(reader)
        self._today = today
        self._encoder = encoder

    def cases(self, question: Question) -> Iterator[Case]:
        """Yield the searches of one question that say something: none to two.

        If another article quotes the expected words too, it may answer as well, so that nothing is
        known of the search with the expected article shut out.
        """
        snapshot = self._searcher.snapshot
        expected = snapshot.passages_of(question.articles)
        # An expected article that is not in the index is not there to be found.
        if len(expected) or not question.articles:
            yield from self._case(question, self._searcher, answerable=bool(question.articles))
        if len(expected):
            without = Searcher(Without(snapshot, question.articles), self._encoder)
            others = self._case(question, without, answerable=False)
            yield from (case for case in others if not case.right)

    def _case(self, question: Question, searcher: Searcher, *, answerable: bool) -> Iterator[Case]:
        """Yield one case, or none if nothing would be quoted, however low the balance."""
        asked = " ".join(question.text.split())
        found = find_answer(View(searcher, None), asked, (), self._judge, self._today(), 0.0)
        if found.spans:
            quoted = [(span.article.id, span.text) for span in found.spans]
            yield Case(question.line, answerable, _log_odds(found.sure), _right(question, quoted))


class Without:
    """A snapshot in which nothing of some articles is found."""

    def __init__(self, snapshot: Snapshot, articles: Collection[str]) -> None:
        self._snapshot = snapshot
        self._hidden = snapshot.passages_of(articles)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._snapshot, name)

    def find(self, vector: Vectors, weights: Mapping[str, float], wanted: int, scope: Scope) -> Found:
        """Ask for as many more as may have to be left out, so that none of the others is missing."""
        found = self._snapshot.find(vector, weights, wanted + len(self._hidden), scope)
        shown = ~np.isin(found.keys, self._hidden)
        own = np.flatnonzero(shown[found.candidates])
        cosine, bm25 = found.cosine[found.candidates[own]], found.bm25[found.candidates[own]]
        best = own[np.union1d(_highest(cosine, wanted), _highest(np.where(bm25 > 0, bm25, -1), wanted, 0))]
        beside = found.neighbours[best]
        # Neighbours are of the same article: none of a candidate that is shown is hidden.
        kept = np.union1d(found.candidates[best], beside[beside >= 0])
        return Found(
            keys=found.keys[kept],
            cosine=found.cosine[kept],
            bm25=found.bm25[kept],
            candidates=np.searchsorted(kept, found.candidates[best]),
            neighbours=np.where(beside >= 0, np.searchsorted(kept, beside), -1),
        )


def _highest(scores: Scores, wanted: int, least: float = -np.inf) -> Rows:
    order = np.argsort(-scores, kind="stable")[:wanted]
    return order[scores[order] >= least]


@dataclass(frozen=True, slots=True)
class Judged:
    """How well the confidence does on cases that it was not fitted to."""

    probabilities: tuple[float, ...]
    right: tuple[bool, ...]
    losses: tuple[float, ...]
    """Mean log loss of each question's cases, in nats."""

    @property
    def log_loss(self) -> float:
        return _log_loss(self.probabilities, self.right)

    @property
    def brier(self) -> float:
        return float(np.mean((np.array(self.probabilities) - np.array(self.right)) ** 2))

    def held_back(self, balance: float) -> float:
        """Return the share of the right ones below `balance`; NaN if there are none."""
        return _share([p < balance for p, right in zip(self.probabilities, self.right, strict=True) if right])

    def passed_off(self, balance: float) -> float:
        """Return the share of the wrong ones that reach `balance`; NaN if there are none."""
        return _share(
            [p >= balance for p, right in zip(self.probabilities, self.right, strict=True) if not right]
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """The fitted correction, and its worth."""

    correction: Correction | None
    """Fitted to all cases; None if none is clearly better than what ships."""
    before: Judged
    """As shipped."""
    after: Judged
    """Each case by a correction that did not see its question; as shipped if that is no better."""


def fit(cases: Sequence[Case]) -> Fit:
    """Fit a correction to all `cases`, and keep it if cross-validation says that it is better.

    Better: its log loss is lower by more than one standard error over the questions, since less is as
    likely to be luck, and its squared error is not higher, since the log loss alone would give up
    much that is right to be less wrong about a few.
    """
    before = _judged(cases, dict.fromkeys(_questions(cases), AS_SHIPPED))
    after = _cross_validated(cases)
    correction = platt([case.margin for case in cases], [case.right for case in cases])
    better = _clearly_less(after.losses, before.losses) and after.brier <= before.brier
    # With a scale below 0, the surer answer would be the one more likely to be wrong.
    if better and correction.scale > 0:
        return Fit(correction, before, after)
    return Fit(None, before, before)


def platt(margins: Sequence[float], right: Sequence[bool]) -> Correction:
    """Return the scale and offset of the log-odds that make `right` most likely, by Newton's method.

    The targets are a little off 0 and 1, as if one more had been seen of each kind: otherwise there
    would be no optimum if a margin parts right from wrong.
    """
    yes = np.array(right, bool)
    rows = np.column_stack([np.array(margins, np.float64), np.ones(len(yes))])
    good, bad = int(yes.sum()), int((~yes).sum())
    targets = np.where(yes, (good + 1) / (good + 2), 1 / (bad + 2))

    def loss(parameters: Numbers) -> float:
        shown = rows @ parameters
        return float((np.logaddexp(0, shown) - targets * shown).sum())

    parameters = np.array([AS_SHIPPED.scale, AS_SHIPPED.offset])
    current = loss(parameters)
    for _ in range(STEPS):
        p = _sigmoid(rows @ parameters)
        # The small addition keeps the matrix regular if all margins are alike.
        curvature = (rows * (p * (1 - p))[:, None]).T @ rows + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, rows.T @ (p - targets))
        while loss(parameters - step) > current and np.abs(step).max() > 1e-9:
            step = step / 2
        parameters, before = parameters - step, current
        current = loss(parameters)
        if before - current < 1e-9:
            break
    return Correction(float(parameters[0]), float(parameters[1]))


def _cross_validated(cases: Sequence[Case]) -> Judged:
    """Judge every case by a correction that was fitted to the questions of the other folds."""
    questions = _questions(cases)
    # Not in their order, in which questions about the same thing stand together.
    order = np.random.default_rng(0).permutation(len(questions))
    fold_of = {questions[place]: n % FOLDS for n, place in enumerate(order)}
    corrections = []
    for fold in range(FOLDS):
        seen = [case for case in cases if fold_of[case.question] != fold]
        corrections.append(platt([case.margin for case in seen], [case.right for case in seen]))
    return _judged(cases, {question: corrections[fold] for question, fold in fold_of.items()})


def _judged(cases: Sequence[Case], by_question: Mapping[int, Correction]) -> Judged:
    probabilities: list[float] = []
    places: dict[int, list[int]] = {}
    for place, case in enumerate(cases):
        used = by_question[case.question]
        probabilities.append(float(_sigmoid(np.array(used.scale * case.margin + used.offset))))
        places.setdefault(case.question, []).append(place)
    right = [case.right for case in cases]
    losses = [_log_loss([probabilities[i] for i in of], [right[i] for i in of]) for of in places.values()]
    return Judged(tuple(probabilities), tuple(right), tuple(losses))


def _questions(cases: Sequence[Case]) -> list[int]:
    return sorted({case.question for case in cases})


def _right(question: Question, quoted: Sequence[tuple[str, str]]) -> bool:
    """Return whether quotes answer: they hold the expected words or, if none are known, cite the article."""
    if not question.articles:
        return False
    if question.words:
        return holds_words([text for _, text in quoted], question.words)
    return any(id in question.articles for id, _ in quoted)


def _clearly_less(these: Sequence[float], those: Sequence[float]) -> bool:
    """Return whether the mean of paired differences is below 0 by more than its standard error."""
    difference = np.array(those) - np.array(these)
    error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else np.inf
    return bool(difference.mean() > error)


def _log_loss(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    told = np.where(right, probabilities, 1 - np.array(probabilities))
    return float(-np.log(np.clip(told, 1e-12, 1)).mean())


def _log_odds(probability: float) -> float:
    kept = min(1 - LEAST, max(LEAST, probability))
    return math.log(kept / (1 - kept))


def _sigmoid(margins: Numbers) -> Numbers:
    # By tanh, which does not overflow.
    return np.asarray(0.5 * (1 + np.tanh(0.5 * margins)))


def _share(marks: Sequence[bool]) -> float:
    return sum(marks) / len(marks) if marks else float("nan")
