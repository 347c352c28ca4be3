"""Abstention: does the confidence tell questions that the sources answer from those that they don't?

*Easy*: half of the XQuAD articles are indexed and all questions asked.  *Hard*: the paragraph
that answers a question is taken out of the index while the others of its article stay.  For the
hard set five indexes are built, each without the first, second, ... paragraph of every article,
and each is asked the questions of the paragraphs that it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.types import Answer, NoAnswer
from tests.benchmarks.answers import holds
from tests.benchmarks.baselines import SIDES, Plain
from tests.benchmarks.collection import Collection, RememberingEncoder, without
from tests.benchmarks.data import BenchmarkData, Split, Xquad, XquadQuestion, in_split
from tests.benchmarks.figures import Figure, Group, Table, Target
from tests.benchmarks.metrics import auroc, calibration, calibration_error, mean
from tests.benchmarks.product import left_out_weights, open_answers
from tests.benchmarks.retrieval import paragraph_id, xquad_collection

OUTCOMES = ("answer", "uncertain", "none")


@dataclass(frozen=True, slots=True)
class Targets:
    auroc: float
    refused: float
    answered: float


EASY = Targets(auroc=0.97, refused=0.08, answered=0.08)
HARD = Targets(auroc=0.90, refused=0.12, answered=0.30)


def abstention(
    data: BenchmarkData, split: Split, encoder: RememberingEncoder, cache: Path, say: Callable[[str], None]
) -> Group:
    """XQuAD in English, its articles halved (easy), and its gold paragraphs removed (hard)."""
    xquad = data.xquad("en")
    whole = xquad_collection(xquad, encoder, cache)
    questions = [question for question in xquad.questions if in_split(question.id, split)]
    encoder.learn(question.text for question in questions)
    say("abstention: easy")
    easy = _easy(xquad, whole, questions, encoder)
    say("abstention: hard")
    hard = _hard(xquad, whole, questions, encoder)
    asked = [*easy, *hard]
    shown = [one for one in asked if one.outcome != "none"]
    return Group(
        "Abstention",
        (*_figures("easy", easy, EASY), *_figures("hard", hard, HARD)),
        (
            _outcomes("easy", easy),
            _outcomes("hard", hard),
            _calibration(
                "Calibration, easy and hard: the sources hold an answer",
                [one.confidence for one in asked],
                [one.answerable for one in asked],
            ),
            _calibration(
                "Calibration, easy and hard: of the answers shown, a quote holds the gold answer",
                [one.confidence for one in shown],
                [one.held for one in shown],
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what came of it."""

    answerable: bool
    outcome: str
    """One of `OUTCOMES`."""
    confidence: float
    held: bool
    """Whether a quote holds the gold answer."""
    plain: dict[str, float]
    """Side -> the score of its best passage."""


def _easy(
    xquad: Xquad, whole: Collection, questions: Iterable[XquadQuestion], encoder: RememberingEncoder
) -> list[Asked]:
    titles = list(dict.fromkeys(paragraph.title for paragraph in xquad.paragraphs))
    removed_titles = set(titles[1::2])
    removed = {p.number for p in xquad.paragraphs if p.title in removed_titles}
    half = without(whole, {paragraph_id(number) for number in removed}, "half", encoder)
    return list(_ask(half, questions, encoder, removed))


def _hard(
    xquad: Xquad, whole: Collection, questions: Sequence[XquadQuestion], encoder: RememberingEncoder
) -> list[Asked]:
    asked = list(_ask(whole, questions, encoder, removed=set()))
    for position in sorted({paragraph.position for paragraph in xquad.paragraphs}):
        removed = {p.number for p in xquad.paragraphs if p.position == position}
        rest = without(whole, {paragraph_id(number) for number in removed}, f"without-{position}", encoder)
        theirs = [question for question in questions if question.paragraph in removed]
        asked += _ask(rest, theirs, encoder, removed)
    return asked


def _ask(
    collection: Collection, questions: Iterable[XquadQuestion], encoder: RememberingEncoder, removed: set[int]
) -> Iterable[Asked]:
    answerer = open_answers(collection, encoder, left_out_weights("xquad.en"))
    plain = Plain(collection.generation, encoder)
    for question in questions:
        result = answerer.answer(question.text)
        yield Asked(
            answerable=question.paragraph not in removed,
            outcome=_outcome(result),
            confidence=result.confidence,
            held=isinstance(result, Answer) and any(holds(question, quote) for quote in result.quotes),
            plain=plain.best(question.text),
        )


def _outcome(result: Answer | NoAnswer) -> str:
    if isinstance(result, NoAnswer):
        return "none"
    return "answer" if result.certain else "uncertain"


def _figures(name: str, asked: Sequence[Asked], targets: Targets) -> list[Figure]:
    good = [one for one in asked if one.answerable]
    bad = [one for one in asked if not one.answerable]
    return [
        Figure(
            f"{name}: AUROC of the confidence",
            auroc([one.confidence for one in good], [one.confidence for one in bad]),
            len(asked),
            {
                side: auroc([one.plain[side] for one in good], [one.plain[side] for one in bad])
                for side in SIDES
            },
            Target(targets.auroc),
            note="baselines: their best score",
        ),
        Figure(
            f"{name}: answerable refused",
            _share(good, "none"),
            len(good),
            target=Target(targets.refused, at_most=True),
        ),
        Figure(
            f"{name}: unanswerable answered",
            _share(bad, "answer"),
            len(bad),
            target=Target(targets.answered, at_most=True),
            note="for certain; those shown as the closest found are in the outcomes",
        ),
    ]


def _share(asked: Sequence[Asked], outcome: str) -> float:
    return mean([one.outcome == outcome for one in asked])


def _outcomes(name: str, asked: Sequence[Asked]) -> Table:
    rows = []
    for label, answerable in (("answerable", True), ("unanswerable", False)):
        group = [one for one in asked if one.answerable == answerable]
        shares = (f"{_share(group, outcome):.3f}" for outcome in OUTCOMES)
        rows.append((label, str(len(group)), *shares))
    return Table(f"Outcomes, {name}", ("questions", "count", *OUTCOMES), tuple(rows))


def _calibration(title: str, confidences: Sequence[float], outcomes: Sequence[bool]) -> Table:
    bins = calibration(confidences, outcomes)
    rows = [
        (f"{bin.low:.1f}-{bin.high:.1f}", str(bin.count), _number(bin.predicted), _number(bin.observed))
        for bin in bins
    ]
    error = ("mean distance", str(len(outcomes)), "", _number(calibration_error(bins)))
    return Table(title, ("confidence", "count", "predicted", "observed"), (*rows, error))


def _number(value: float) -> str:
    return f"{value:.3f}" if value == value else "-"
