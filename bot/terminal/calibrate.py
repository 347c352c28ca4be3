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

from bot.library.store import open_store, place_of_index
from bot.memory import Kept, open_kept
from bot.quality.calibration import Calibration, Models, load_calibration, save_calibration
from bot.quality.evaluation import Question
from bot.quality.fitting import Case, Fit, Judged, fit
from bot.terminal.evaluate import NOTHING, read_questions
from bot.terminal.inspection import drift_hint
from bot.terminal.invocation import Invocation
from bot.terminal.json_form import one_line_json
from bot.terminal.paragraphs import Paragraph, one_line, show
from index.types import FootnoteError

MIN_ANSWERABLE = 20
"""With fewer, the two numbers that are fitted would follow single questions."""
MIN_OF_EACH = 10
"""Searches that came out right, and wrong: of one kind alone, nothing can be told from the other."""
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    meaning: str
    before: float
    after: float
    """Of both, less is better."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Searches with a confidence from `low` to below `high`."""

    low: float
    high: float
    count: int
    predicted: float
    right: float


@dataclass(frozen=True, slots=True)
class _Calibrated:
    """What a run came to."""

    questions: Sequence[Question]
    cases: Sequence[Case]
    models: Models
    found: Fit
    kept: str | None
    """Where the calibration is; None if none was kept."""


def calibrate(run: Invocation) -> int:
    """Fit, report on questions that were not fitted to, and keep what is clearly better."""
    questions = read_questions(Path(run.arguments.file))
    _check_count(questions, run.arguments.file)
    open_store(run.settings).manifest()  # a missing index should be known before models are loaded
    hint = None if run.arguments.json else drift_hint(run.settings.sources, open_store(run.settings))
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
    if found.correction is not None and not run.arguments.dry_run:
        calibration = Calibration(
            models=models,
            scale=found.correction.scale,
            offset=found.correction.offset,
            questions=sum(case.answerable for case in cases),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            log_loss=(found.before.log_loss, found.after.log_loss),
        )
        kept = save_calibration(_kept(run), calibration)
    result = _Calibrated(questions, cases, models, found, kept)
    if run.arguments.json:
        print(one_line_json(_json(run, result)))
    else:
        show(run.out, _report(run, result))
    return 0


def _check_count(questions: Sequence[Question], file: str) -> None:
    answerable = sum(bool(question.articles) for question in questions)
    if answerable < MIN_ANSWERABLE:
        raise FootnoteError(
            f"{file} has {answerable} questions with an answer, too few to learn from."
            f" Write at least {MIN_ANSWERABLE}; {MIN_ANSWERABLE * 5} or more are better."
        )


def _check_cases(cases: Sequence[Case], run: Invocation) -> None:
    file, where = run.arguments.file, place_of_index(run.settings)
    answerable = sum(case.answerable for case in cases)
    if answerable < MIN_ANSWERABLE:
        raise FootnoteError(
            f"The index in {where} has the expected articles of only {answerable} questions of {file}."
            " Check the ids (`footnote eval` names those that are not there), or run `footnote build`."
        )
    right = sum(case.right for case in cases)
    if min(right, len(cases) - right) < MIN_OF_EACH:
        raise FootnoteError(
            f"Of {len(cases)} searches {right} came out right and {len(cases) - right} wrong, and it takes"
            f" {MIN_OF_EACH} of each to tell them apart. Add questions to {file} that are answered"
            " (`footnote eval --misses` lists those that are not) and some that your articles leave open."
        )


def _report(run: Invocation, result: _Calibrated) -> Iterator[Paragraph]:
    questions, cases, found = result.questions, result.cases, result.found
    answerable = sum(bool(question.articles) for question in questions)
    counts = f"{answerable} with an answer, {len(questions) - answerable} without; {len(cases)} searches,"
    counts += f" {sum(case.right for case in cases)} right"
    yield Paragraph(Text(one_line(f"{len(questions)} questions of {run.arguments.file}: {counts}")))
    yield Paragraph(Text(one_line(f"{result.models}, index in {place_of_index(run.settings)}")))
    yield Paragraph()
    yield Paragraph(Text(f"{'':<18}{'before':>9}{'after':>9}  each of questions that were not learnt from"))
    for figure in _figures(found, run.settings.balance):
        same = _value(figure.before) == _value(figure.after)
        style = "" if same else "green" if figure.after < figure.before else "red"
        cells = (f"{figure.name:<18}{_value(figure.before):>9}", (f"{_value(figure.after):>9}", style))
        yield Paragraph(Text.assemble(*cells, (f"  {figure.meaning}", "dim")))
    yield Paragraph()
    yield Paragraph(Text(f"{'confidence':<18}{'searches':>9}{'promised':>9}{'right':>9}"))
    for bin in _bins(found.after):
        span = f"{bin.low:.1f} to {bin.high:.1f}"
        yield Paragraph(Text(f"{span:<18}{bin.count:>9}{_value(bin.predicted):>9}{_value(bin.right):>9}"))
    yield Paragraph()
    yield Paragraph(Text(one_line(_outcome(run, result))))


def _outcome(run: Invocation, result: _Calibrated) -> str:
    found, kept = result.found, result.kept
    if found.correction is None:
        stored = load_calibration(_kept(run), result.models)
        stays = "what ships stays in use" if stored is None else f"that of {stored.created[:10]} stays in use"
        return f"Nothing was clearly better than what ships, and {stays}."
    learnt = f"Learnt to correct the log-odds: × {found.correction.scale:.2f} {found.correction.offset:+.2f}."
    if kept is None:
        return f"{learnt} Nothing is kept, since this is a dry run."
    return f"{learnt} Kept in {kept}; a bot that is running takes it over when it starts again."


def _figures(found: Fit, balance: float) -> tuple[Figure, ...]:
    before, after = found.before, found.after
    return (
        Figure("log_loss", "surprise, in nats", before.log_loss, after.log_loss),
        Figure("brier", "mean squared error", before.brier, after.brier),
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


def _json(run: Invocation, result: _Calibrated) -> dict[str, Any]:
    questions, cases, found = result.questions, result.cases, result.found
    correction = found.correction
    return {
        "file": run.arguments.file,
        "questions": len(questions),
        "answerable": sum(case.answerable for case in cases),
        "searches": len(cases),
        "data": str(run.settings.data),
        "model": result.models.encoder,
        "reader": result.models.reader,
        "balance": run.settings.balance,
        "scale": None if correction is None else _rounded(correction.scale),
        "offset": None if correction is None else _rounded(correction.offset),
        "better": correction is not None,
        "kept": result.kept,
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


def _kept(run: Invocation) -> Kept:
    return open_kept(run.settings.data, run.settings.state)


def _value(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.3f}"


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
