"""`build`: the index brought up to date, a progress bar on the way, and what was done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from bot.commands.invocation import Invocation
from bot.terminal import Paragraph, one_line, show
from index.build import Progress as OnProgress
from index.types import BuildReport

# A report is read by a person: a thousand names would hide the failures below them.
NAMES_SHOWN = 10


def build(run: Invocation) -> int:
    """Build; 0 also where single files failed, since the others can be asked."""
    with _progress(run.notes) as on_progress:
        report = run.parts.build(run.settings, on_progress)
    show(run.out, report_paragraphs(report))
    return 0


def report_paragraphs(report: BuildReport) -> list[Paragraph]:
    """What was added, changed, removed, left as it was, and what failed and why."""
    paragraphs = []
    if report.rebuilt_because:
        reason = f"Everything was built anew. {one_line(report.rebuilt_because)}"
        paragraphs.append(Paragraph(Text(reason, "yellow")))
    counts = (("added", report.added), ("changed", report.changed), ("removed", report.removed))
    for word, ids in counts:
        if ids:
            paragraphs.append(Paragraph(Text(_names(ids)), f"{word:>9} {len(ids)}: "))
    if report.unchanged:
        paragraphs.append(Paragraph(Text(), f"unchanged {len(report.unchanged)}"))
    if report.failed:
        paragraphs.append(Paragraph(Text(), f"   failed {len(report.failed)}"))
    for failure in report.failed:
        why = f"{one_line(failure.file)} {one_line(failure.reason)}"
        paragraphs.append(Paragraph(Text(why, "red"), "  ! "))
    for warning in report.warnings:
        paragraphs.append(Paragraph(Text(one_line(warning), "yellow"), "  ! "))
    size = f"{report.passages:,} passages, {report.sentences:,} sentences"
    paragraphs.append(
        Paragraph(Text(f"Index {report.generation} is current: {size} ({report.seconds:.1f} s)."))
    )
    return paragraphs


def _names(ids: tuple[str, ...]) -> str:
    rest = len(ids) - NAMES_SHOWN
    return ", ".join(one_line(id) for id in ids[:NAMES_SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


@contextmanager
def _progress(console: Console) -> Iterator[OnProgress]:
    """A bar for each stage on a terminal; nothing in a log, where it would be noise."""
    columns = (
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        stages = {"Loading": bars.add_task("Loading", total=None)}

        def on_progress(stage: str, done: int, total: int) -> None:
            bars.update(stages["Loading"], visible=False)
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=total)
            bars.update(stages[stage], completed=done, total=total, visible=done < total)

        yield on_progress
