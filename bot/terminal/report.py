"""`report`: what was asked in Slack and what came of it, for a person, a spreadsheet or a script."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import get_args

from rich.text import Text

from bot.memory import EndingKind
from bot.report import Disliked, Report, UnansweredTopic
from bot.report import report as make_report
from bot.terminal.invocation import Invocation
from bot.terminal.json_form import one_line_json
from bot.terminal.paragraphs import Paragraph, one_line, show
from bot.words import ENGLISH

COLUMNS = ("row", "date", "outcome", "count", "question", "reason", "words", "confidence", "quotes")
# A person reads the first; `--csv` and `--json` have them all.
SHOWN = 30
_LABELS: dict[str, str] = {
    "answered": "answered",
    "uncertain": "closest found",
    "none": "no answer",
    "error": "errors",
    "turned_away": "turned away",
}


def report(run: Invocation) -> int:
    """Print the report of the last days, or post it."""
    channel: str | None = run.arguments.post
    last = datetime.now(UTC).date() - timedelta(days=1 if channel else 0)
    state = run.parts.memory(run.settings)
    try:
        made = make_report(state, last, run.arguments.days)
    finally:
        state.close()
    if channel and made.questions:
        run.parts.post_report(run.settings, made, channel)
        run.notes.print(f"Posted in {channel}.")
    elif channel:
        run.notes.print("Nothing was asked, so nothing is posted.")
    elif run.arguments.csv:
        print(as_csv(made), end="")
    elif run.arguments.json:
        print(as_json(made))
    else:
        show(run.out, list(_paragraphs(made)))
    return 0


def as_json(made: Report) -> str:
    summary = {
        "from": made.days[0].date,
        "to": made.days[-1].date,
        "questions": made.questions,
        "questions_before": made.questions_before,
        "answered_share": made.answered_share,
        "median_seconds": made.median_seconds,
        "liked": made.liked,
        "keeps_questions": made.keeps_questions,
    }
    days = [{**asdict(day), "questions": day.questions} for day in made.days]
    disliked = [asdict(one) for one in made.disliked]
    return one_line_json(
        {**summary, "days": days, "disliked": disliked, "in_vain": [asdict(one) for one in made.in_vain]}
    )


def as_csv(made: Report) -> str:
    """Print one table: a row for each outcome of a day, each 👎, and each wording asked in vain."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in _rows(made):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _rows(made: Report) -> Iterator[dict[str, object]]:
    for day in made.days:
        for kind in get_args(EndingKind):
            yield {"row": "day", "date": day.date, "outcome": kind, "count": getattr(day, kind)}
    for one in made.disliked:
        yield {
            "row": "disliked",
            "date": one.date,
            "question": one.question or "",
            "reason": one.reason or "",
            "words": one.words or "",
            "confidence": "" if one.confidence is None else f"{one.confidence:.3f}",
            "quotes": "; ".join(map(str, one.quotes)),
        }
    for matter in made.in_vain:
        told = "passed on" if matter.told else ""
        yield {
            "row": "in vain",
            "date": matter.last,
            "count": matter.count,
            "question": " / ".join(matter.questions),
            "reason": told,
        }


def _cell(value: object) -> object:
    """Return a text that a spreadsheet does not run as a formula."""
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )


def _paragraphs(made: Report) -> Iterator[Paragraph]:
    yield Paragraph(Text(f"{made.days[0].date} to {made.days[-1].date} (UTC)", "bold"))
    if not made.questions:
        yield Paragraph(Text("No questions."))
    else:
        shares = ", ".join(
            f"{label} {made.share(kind):.0%}" for kind, label in _LABELS.items() if made.share(kind)
        )
        speed = f"; half of the replies within {made.median_seconds:.1f} s" if made.median_seconds else ""
        yield Paragraph(Text(f"Questions: {made.questions:,} ({shares}){speed}"))
        for day in made.days:
            weekday = ENGLISH.weekdays[date.fromisoformat(day.date).weekday()]
            yield Paragraph(
                Text(f"{weekday} {day.date}  {day.questions:>6,}  {_counts(day.answered, day.questions)}"),
                "  ",
            )
    yield Paragraph(Text(f"Verdicts: {made.liked:,} 👍, {len(made.disliked):,} 👎"))
    yield from _shown([_disliked(one) for one in made.disliked])
    yield Paragraph(Text(f"Asked in vain: {sum(matter.count for matter in made.in_vain):,}"))
    yield from _shown([_matter(one) for one in made.in_vain])
    if not made.keeps_questions:
        hint = "Only what was passed on to the curators is listed: FOOTNOTE_KEEP_QUESTIONS=yes lists all."
        yield Paragraph(Text(hint, "dim"))


def _counts(answered: int, questions: int) -> str:
    return f"{answered / questions:.0%} answered" if questions else ""


def _shown(lines: Sequence[str]) -> Iterator[Paragraph]:
    for line in lines[:SHOWN]:
        yield Paragraph(Text(one_line(line)), "  - ")
    if len(lines) > SHOWN:
        yield Paragraph(Text(f"and {len(lines) - SHOWN:,} more", "dim"), "  ")


def _disliked(one: Disliked) -> str:
    question = [f"“{one.question}”"] if one.question else []
    reason = [one.reason.replace("_", " ")] if one.reason else []
    words = [f"“{one.words}”"] if one.words else []
    quotes = ["; ".join(map(str, one.quotes)) or "no quote of it is kept"]
    return f"{one.date}: " + ", ".join([*question, *reason, *words, *quotes])


def _matter(matter: UnansweredTopic) -> str:
    told = f", {matter.told} passed on" if matter.told else ""
    others = f" (also: {' / '.join(matter.questions[1:3])})" if len(matter.questions) > 1 else ""
    return f"{matter.count}× {matter.questions[0]}{others}{told}"
