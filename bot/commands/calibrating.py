"""`calibrate`: the confidence fitted to your own questions and the models in use, if that makes it better."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.text import Text

from bot.calibration import Calibration, Models, load_calibration, save_calibration
from bot.commands.contract import one_line_json
from bot.commands.evaluating import NOTHING, read_questions
from bot.commands.inspection import drift_hint
from bot.commands.invocation import Invocation
from bot.evaluation import Question
from bot.fitting import Case, Fit, Judged, fit
from bot.judging import RERANKER_WEIGHT
from bot.paragraphs import Paragraph, one_line, show
from index.manifests import current_manifest
from index.types import FootnoteError

MIN_ANSWERABLE = 20
"""With fewer, the two numbers that are always fitted would follow single questions."""
MIN_OF_EACH = 10
"""Searches that came out right, and wrong: of one kind alone, nothing can be told from the other."""
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    meaning: str
    before: float
    after: float
    less_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Bin:
    """Searches with a confidence from `low` to below `high`."""

    low: float
    high: float
    count: int
    predicted: float
    right: float


def calibrate(run: Invocation) -> int:
    """Fit, report on questions that were not fitted to, and keep what is clearly better."""
    questions = read_questions(Path(run.arguments.file))
    _check_count(questions, run.arguments.file)
    current_manifest(run.settings.data)  # a missing index should be known before models are loaded
    hint = None if run.arguments.json else drift_hint(run.settings.sources, run.settings.data)
    if hint:
        run.notes.print(hint, style="yellow", soft_wrap=True)
    waiting = f"Asking {len(questions):,} questions, with and without the articles that answer them …"
    with run.notes.status(waiting) if run.notes.is_terminal else nullcontext():
        observer = run.parts.observer(run.settings)
        models = observer.models
        cases = [case for question in questions for case in observer.cases(question)]
        _check_cases(cases, run)
        found = fit(cases)
    kept = None
    if found.better and not run.arguments.dry_run:
        kept = save_calibration(run.settings.data, _calibration(models, cases, found))
    if run.arguments.json:
        print(one_line_json(_json(run, questions, cases, models, found, kept)))
    else:
        show(run.out, _report(run, questions, cases, models, found, kept))
    return 0


def _check_count(questions: Sequence[Question], file: str) -> None:
    answerable = sum(bool(question.articles) for question in questions)
    if answerable < MIN_ANSWERABLE:
        raise FootnoteError(
            f"{file} has {answerable} questions with an answer, too few to learn from."
            f" Write at least {MIN_ANSWERABLE}; {MIN_ANSWERABLE * 5} or more are better."
        )


def _check_cases(cases: Sequence[Case], run: Invocation) -> None:
    file, data = run.arguments.file, run.settings.data
    answerable = sum(case.answerable for case in cases)
    if answerable < MIN_ANSWERABLE:
        raise FootnoteError(
            f"The index in {data} has the expected articles of only {answerable} questions of {file}."
            " Check the ids (`footnote eval` names those that are not there), or run `footnote build`."
        )
    right = sum(case.views[0].right for case in cases)
    if min(right, len(cases) - right) < MIN_OF_EACH:
        raise FootnoteError(
            f"Of {len(cases)} searches {right} came out right and {len(cases) - right} wrong, and it takes"
            f" {MIN_OF_EACH} of each to tell them apart. Add questions to {file} that are answered"
            " (`footnote eval --misses` lists those that are not) and some that your articles leave open."
        )


def _calibration(models: Models, cases: Sequence[Case], found: Fit) -> Calibration:
    correction = found.correction
    return Calibration(
        models=models,
        scale=correction.scale,
        offset=correction.offset,
        weights=dict(correction.weights),
        reranker_weight=correction.reranker_weight,
        questions=sum(case.answerable for case in cases),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        log_loss=(found.before.log_loss, found.after.log_loss),
    )


def _report(
    run: Invocation,
    questions: Sequence[Question],
    cases: Sequence[Case],
    models: Models,
    found: Fit,
    kept: Path | None,
) -> Iterator[Paragraph]:
    answerable = sum(bool(question.articles) for question in questions)
    counts = f"{answerable} with an answer, {len(questions) - answerable} without; {len(cases)} searches"
    yield Paragraph(Text(one_line(f"{len(questions)} questions of {run.arguments.file}: {counts}")))
    yield Paragraph(Text(one_line(f"{models}, index in {run.settings.data}")))
    yield Paragraph()
    yield Paragraph(Text(f"{'':<18}{'before':>9}{'after':>9}  each of questions that were not learnt from"))
    for figure in _figures(found, run.settings.balance):
        better = figure.after < figure.before if figure.less_is_better else figure.after > figure.before
        style = "" if _value(figure.before) == _value(figure.after) else "green" if better else "red"
        cells = (f"{figure.name:<18}{_value(figure.before):>9}", (f"{_value(figure.after):>9}", style))
        yield Paragraph(Text.assemble(*cells, (f"  {figure.meaning}", "dim")))
    yield Paragraph()
    yield Paragraph(Text(f"{'confidence':<18}{'searches':>9}{'promised':>9}{'right':>9}"))
    for bin in _bins(found.after):
        span = f"{bin.low:.1f} to {bin.high:.1f}"
        yield Paragraph(Text(f"{span:<18}{bin.count:>9}{_value(bin.predicted):>9}{_value(bin.right):>9}"))
    yield Paragraph()
    yield Paragraph(Text(one_line(_outcome(run, models, found, kept))))


def _outcome(run: Invocation, models: Models, found: Fit, kept: Path | None) -> str:
    if not found.better:
        stored = load_calibration(run.settings.data, models)
        stays = "what ships stays in use" if stored is None else f"that of {stored.created[:10]} stays in use"
        return f"Nothing was clearly better than what ships, and {stays}."
    learnt = _learnt(found)
    if kept is None:
        return f"{learnt} Nothing is kept, since this is a dry run."
    return f"{learnt} Kept in {kept}; a bot that is running takes it over when it starts again."


def _learnt(found: Fit) -> str:
    correction = found.correction
    sentences = []
    if correction.method == "refitted":
        sentences.append(f"Learnt to weigh {len(correction.weights)} signals anew.")
    elif correction.method == "recalibrated":
        count = " and to count the reranker's own scores" if correction.weights else ""
        sentences.append(f"Learnt to correct the log-odds (× {correction.scale:.2f}){count}.")
    if correction.reranker_weight != RERANKER_WEIGHT:
        weight = f"{correction.reranker_weight:g} instead of {RERANKER_WEIGHT:g}"
        sentences.append(f"In the order of the sentences the reranker weighs {weight}.")
    return " ".join(sentences)


def _figures(found: Fit, balance: float) -> tuple[Figure, ...]:
    before, after = found.before, found.after
    return (
        Figure("auroc", "right above wrong, of all pairs", before.auroc, after.auroc, less_is_better=False),
        Figure("log_loss", "surprise, in nats", before.log_loss, after.log_loss),
        Figure("brier", "mean squared error", before.brier, after.brier),
        Figure("answer_hit", "right quotes where there is an answer", before.found, after.found, False),
        Figure(
            "right_held_back",
            f"right, and under the balance of {balance:g}",
            before.held_back(balance),
            after.held_back(balance),
        ),
        Figure(
            "wrong_passed_off",
            "wrong, and not under it",
            before.passed_off(balance),
            after.passed_off(balance),
        ),
    )


def _bins(judged: Judged) -> Iterator[Bin]:
    pairs = list(zip(judged.probabilities, judged.right, strict=True))
    for low, high in pairwise(BINS):
        inside = [(p, right) for p, right in pairs if low <= p < high or p == high == BINS[-1]]
        count = len(inside)
        yield Bin(
            low,
            high,
            count,
            sum(p for p, _ in inside) / count if count else math.nan,
            sum(right for _, right in inside) / count if count else math.nan,
        )


def _json(
    run: Invocation,
    questions: Sequence[Question],
    cases: Sequence[Case],
    models: Models,
    found: Fit,
    kept: Path | None,
) -> dict[str, Any]:
    correction = found.correction
    return {
        "file": run.arguments.file,
        "questions": len(questions),
        "answerable": sum(case.answerable for case in cases),
        "searches": len(cases),
        "data": str(run.settings.data),
        "model": models.encoder,
        "reranker": models.reranker,
        "balance": run.settings.balance,
        "method": correction.method,
        "reranker_weight": None if models.reranker is None else correction.reranker_weight,
        "better": found.better,
        "kept": None if kept is None else str(kept),
        "figures": {
            figure.name: {"before": _rounded(figure.before), "after": _rounded(figure.after)}
            for figure in _figures(found, run.settings.balance)
        },
        "calibration": [
            {
                "from": bin.low,
                "to": bin.high,
                "searches": bin.count,
                "promised": _rounded(bin.predicted),
                "right": _rounded(bin.right),
            }
            for bin in _bins(found.after)
        ],
    }


def _value(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.3f}"


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
