"""`eval`: your own questions asked of one index or two, what came of it, and whether that is good enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.text import Text

from bot.config import Settings
from bot.library.store import open_store, place_of_index
from bot.quality.evaluation import (
    SEARCHED,
    Evaluation,
    Figure,
    Miss,
    Question,
    Result,
    broken,
    evaluate,
    parse_questions,
    quotes_of,
    status,
)
from bot.terminal.inspection import drift_hint
from bot.terminal.invocation import Invocation
from bot.terminal.json_form import one_line_json
from bot.terminal.paragraphs import Paragraph, one_line, show
from index.types import FootnoteError

NOTHING = "–"
QUOTE_CHARS = 200
"""Enough to see what was quoted instead; the whole is in the JSON."""


@dataclass(frozen=True, slots=True)
class Side:
    """One index under one set of settings, and how it did."""

    settings: Settings
    generation: str
    absent: tuple[str, ...]
    """Expected articles that the index does not have."""
    evaluation: Evaluation


def evaluate_file(run: Invocation) -> int:
    """Ask every question of the file; raise `FootnoteError` if a figure is beyond its limit."""
    questions = read_questions(Path(run.arguments.file))
    every = _settings(run)
    for settings in every:
        open_store(settings).manifest()  # a missing index should be known before the other is asked
    _hint(run)
    sides = [_side(run, settings, questions) for settings in every]
    if run.arguments.json:
        print(one_line_json(_json(run.arguments.file, questions, sides)))
    else:
        show(run.out, _report(run, questions, sides))
    failures = broken([*run.arguments.fail_under, *run.arguments.fail_over], sides[0].evaluation)
    if failures:
        raise FootnoteError(" ".join(failures))
    return 0


def read_questions(file: Path) -> tuple[Question, ...]:
    """Raise `FootnoteError` that names the line that is wrong."""
    try:
        # Split at "\n" alone: a question may hold other characters that Python takes for line ends.
        lines = file.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise FootnoteError(f"{file} is not UTF-8 text: {error}. Save it as UTF-8.") from error
    return parse_questions(lines, str(file))


def _settings(run: Invocation) -> list[Settings]:
    """Return the settings of the index that is judged, and of the other if there is one to compare with."""
    # Quotes are judged; a language model's prose would only make them slow.
    settings = replace(run.settings, llm=None)
    typed = run.arguments
    others = (typed.compare, typed.compare_model, typed.compare_reader, typed.compare_balance)
    if all(value is None for value in others):
        return [settings]
    if typed.compare is None:
        other = settings
    else:
        other = replace(settings, data=Path(typed.compare).expanduser(), store=None, store_read=None)
    other = replace(
        other,
        model=typed.compare_model or settings.model,
        # An empty one is the one that ships, as in the setting.
        reader=settings.reader if typed.compare_reader is None else typed.compare_reader or None,
        balance=settings.balance if typed.compare_balance is None else typed.compare_balance,
    )
    return [settings, other]


def _hint(run: Invocation) -> None:
    hint = None if run.arguments.json else drift_hint(run.settings.sources, open_store(run.settings))
    if hint:
        run.notes.print(hint, style="yellow", soft_wrap=True)


def _side(run: Invocation, settings: Settings, questions: Sequence[Question]) -> Side:
    waiting = f"Asking {len(questions):,} questions …"
    with run.notes.status(waiting) if run.notes.is_terminal else nullcontext():
        texts = {article.id: article.text for article in run.parts.articles(settings)}
        results = list(_ask(run, settings, questions))
    generations = {result.answer.generation for result in results}
    if len(generations) > 1:
        # Figures of two indexes in one, and quotes held against articles of another.
        where = place_of_index(settings)
        raise FootnoteError(f"The index in {where} was replaced meanwhile. Run this again.")
    expected = dict.fromkeys(id for question in questions for id in question.articles)
    absent = tuple(id for id in expected if id not in texts)
    return Side(settings, generations.pop(), absent, evaluate(results, texts))


def _ask(run: Invocation, settings: Settings, questions: Sequence[Question]) -> Iterator[Result]:
    search, answers = run.parts.search(settings, None), run.parts.answers(settings)
    for question in questions:
        # If no article is expected, there is none to be found.
        hits = search(question.text, SEARCHED) if question.articles else ()
        found = tuple(hit.passage.article.id for hit in hits)
        yield Result(question, found, answers.answer(question.text))


def _report(run: Invocation, questions: Sequence[Question], sides: Sequence[Side]) -> Iterator[Paragraph]:
    answerable = sum(bool(question.articles) for question in questions)
    counts = f"{answerable} with an answer, {len(questions) - answerable} without"
    yield Paragraph(Text(one_line(f"{len(questions)} questions of {run.arguments.file}: {counts}")))
    names = ("this", "other") if len(sides) > 1 else ("",)
    for name, side in zip(names, sides, strict=True):
        yield Paragraph(Text(one_line(_described(side))), f"{name:<7}" if name else "")
        if side.absent:
            absent = f"Expected articles that are not in it: {', '.join(side.absent)}"
            yield Paragraph(Text(one_line(absent), "yellow"), "  ! ")
    yield Paragraph()
    yield from _table(sides)
    for name, side in zip(names, sides, strict=True):
        yield Paragraph()
        yield from _misses(side.evaluation.misses, f", {name}" if name else "", run.arguments.misses)


def _described(side: Side) -> str:
    settings = side.settings
    models = (("model", settings.model), ("reader", settings.reader))
    chosen = "".join(f", {kind} {name}" for kind, name in models if name is not None)
    where = place_of_index(settings)
    return f"index {side.generation} in {where}{chosen}, balance {settings.balance:g}"


def _table(sides: Sequence[Side]) -> Iterator[Paragraph]:
    """Yield a line for each figure; with two sides, both and how far this is from the other."""
    if len(sides) == 1:
        for figure in sides[0].evaluation.figures:
            cells = f"{figure.measure.name:<22}{_value(figure):>9}  {_count(figure):<12}"
            yield Paragraph(Text.assemble(cells, (figure.measure.meaning, "dim")))
        return
    yield Paragraph(Text(f"{'':<22}{'this':>9}{'other':>9}{'change':>9}"))
    this, other = sides
    for mine, theirs in zip(this.evaluation.figures, other.evaluation.figures, strict=True):
        change, style = _change(mine, theirs)
        cells = f"{mine.measure.name:<22}{_value(mine):>9}{_value(theirs):>9}"
        yield Paragraph(Text.assemble(cells, (f"{change:>9}", style), f"  {_count(mine)}"))


def _value(figure: Figure) -> str:
    if figure.value is None:
        return NOTHING
    return f"{figure.value:.1f}" if figure.measure.unit == "ms" else f"{figure.value:.3f}"


def _count(figure: Figure) -> str:
    if figure.measure.unit == "share" and figure.value is not None:
        return f"{round(figure.value * figure.of)} of {figure.of}"
    return f"of {figure.of}"


def _change(mine: Figure, theirs: Figure) -> tuple[str, str]:
    difference = _difference(mine, theirs)
    if difference is None:
        return NOTHING, ""
    text = f"{difference:+.1f}" if mine.measure.unit == "ms" else f"{difference:+.3f}"
    if not float(text):
        return "=", ""
    return text, "red" if (difference > 0) == mine.measure.less_is_better else "green"


def _difference(mine: Figure, theirs: Figure) -> float | None:
    return None if mine.value is None or theirs.value is None else mine.value - theirs.value


def _misses(misses: Sequence[Miss], name: str, listed: bool) -> Iterator[Paragraph]:
    remedy = "; --misses lists them" if misses and not listed else ""
    yield Paragraph(Text(f"{len(misses)} missed{name}{remedy}"))
    for miss in misses if listed else ():
        question, quotes = miss.result.question, quotes_of(miss.result.answer)
        label = f"{question.line:>5}  "
        yield Paragraph(Text(one_line(question.text), "bold"), label)
        indent = " " * len(label)
        yield Paragraph(Text(one_line(f"{status(miss.result.answer)}: {miss.why}"), "yellow"), indent)
        expected = one_line(", ".join(question.articles)) or "no answer"
        words = "".join(f" “{one_line(word)}”" for word in question.words)
        yield Paragraph(Text(f"expected {expected}{words}"), indent)
        if quotes:
            text = one_line(quotes[0].text)
            short = text if len(text) <= QUOTE_CHARS else f"{text[:QUOTE_CHARS]}…"
            yield Paragraph(Text(f"quoted {one_line(quotes[0].source_id)} “{short}”", "dim"), indent)


def _json(file: str, questions: Sequence[Question], sides: Sequence[Side]) -> dict[str, Any]:
    answerable = sum(bool(question.articles) for question in questions)
    compared = None
    if len(sides) > 1:
        this, other = sides
        pairs = zip(this.evaluation.figures, other.evaluation.figures, strict=True)
        changes = {mine.measure.name: _rounded(_difference(mine, theirs)) for mine, theirs in pairs}
        compared = {**_side_json(other), "change": changes}
    return {
        "file": file,
        "questions": len(questions),
        "answerable": answerable,
        "unanswerable": len(questions) - answerable,
        **_side_json(sides[0]),
        "compared": compared,
    }


def _side_json(side: Side) -> dict[str, Any]:
    return {
        "data": str(side.settings.data),
        "model": side.settings.model,
        "reader": side.settings.reader,
        "balance": side.settings.balance,
        "generation": side.generation,
        "absent": list(side.absent),
        "figures": {
            figure.measure.name: {"value": _rounded(figure.value), "of": figure.of}
            for figure in side.evaluation.figures
        },
        "misses": [_miss_json(miss) for miss in side.evaluation.misses],
    }


def _miss_json(miss: Miss) -> dict[str, Any]:
    question, quotes = miss.result.question, quotes_of(miss.result.answer)
    return {
        "line": question.line,
        "question": question.text,
        "status": status(miss.result.answer),
        "why": miss.why,
        "articles": list(question.articles),
        "words": list(question.words),
        "first_quote": {"source_id": quotes[0].source_id, "text": quotes[0].text} if quotes else None,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
