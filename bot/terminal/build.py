"""`build`, `rollback` and `check`: the index brought up to date, taken back, and read bit by bit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from bot.library.store import open_store
from bot.terminal.invocation import Invocation
from bot.terminal.json_form import one_line_json
from bot.terminal.paragraphs import Paragraph, one_line, show
from index.build import Progress as OnProgress
from index.folder import source_files
from index.types import BuildReport, FootnoteError

# A report is read by a person: a thousand names would hide the failures below them.
NAMES_SHOWN = 10
# Between two looks at the folder.  A build begins when two in a row find the same, so that what is still
# being copied is not read half: within three seconds of a change.
WATCH_SECONDS = 1.0


def build(run: Invocation) -> int:
    """Build; return 0 also if single files failed, since the others can be asked."""
    workers = getattr(run.arguments, "workers", None)
    missing = getattr(run.arguments, "remove_missing", False)
    run = replace(run, settings=replace(run.settings, workers=workers, remove_missing=missing))
    if getattr(run.arguments, "watch", False):
        return watch(run)
    _report(run, _built(run))
    return 0


def watch(
    run: Invocation, sleep: Callable[[float], None] = time.sleep, more: Callable[[], bool] = lambda: True
) -> int:
    """Build whenever an article changes, as long as `more` says; what fails is told, and tried again."""
    seen = _look(run.settings.sources)
    _report(run, _built(run))
    run.notes.print(f"Watching {run.settings.sources}. Ctrl-C ends it.", style="dim", soft_wrap=True)
    while more():
        sleep(WATCH_SECONDS)
        found = _look(run.settings.sources)
        if found == seen:
            continue
        while more():
            sleep(WATCH_SECONDS)
            found, before = _look(run.settings.sources), found
            if found == before:
                break
        seen = found
        try:
            _report(run, _built(run))
        except FootnoteError as error:
            run.notes.print(str(error), style="red", soft_wrap=True)
    return 0


def rollback(run: Invocation) -> int:
    """Go back to an earlier generation."""
    store = open_store(run.settings)
    manifest = store.roll_back(run.arguments.generation)
    size = f"{len(manifest.sources):,} articles, {manifest.passages:,} passages"
    show(run.out, [Paragraph(Text(f"Index {manifest.id} is current again: {size}."))])
    left = store.left()
    if left is not None:
        note = f"It stays until the articles change. To return: footnote rollback {left}"
        run.notes.print(note, style="dim", soft_wrap=True)
    return 0


def check(run: Invocation) -> int:
    """Verify the current generation, or all that are kept; return 1 if one is damaged."""
    store = open_store(run.settings)
    current = store.name()
    names = [current]
    if run.arguments.all:
        names += [name for name in store.kept() if name != current]
    damaged = 0
    for name in names:
        try:
            manifest = store.check(name)
        except FootnoteError as error:
            damaged += 1
            show(run.out, [Paragraph(Text(one_line(str(error)), "red"), f"✗ {name}  ")])
        else:
            size = f"{len(manifest.sources):,} articles, {manifest.passages:,} passages"
            mark = " (current)" if name == current else ""
            show(run.out, [Paragraph(Text(f"{size}: every bit as it was written{mark}"), f"✓ {name}  ")])
    return 1 if damaged else 0


def _built(run: Invocation) -> BuildReport:
    with _progress(run.notes) as on_progress:
        return run.parts.build(run.settings, on_progress)


def _report(run: Invocation, report: BuildReport) -> None:
    if getattr(run.arguments, "json", False):
        print(one_line_json(report_json(report)), flush=True)
    else:
        show(run.out, report_paragraphs(report))


def _look(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return each source file's size, time of change and inode, which change with the article."""
    return {file: (s.st_size, s.st_mtime_ns, s.st_ino) for file, s in source_files(folder)}


def report_json(report: BuildReport) -> dict[str, Any]:
    """Return the report for scripts; of the articles that are as they were only the number."""
    return {
        "generation": report.generation,
        "added": list(report.added),
        "changed": list(report.changed),
        "removed": list(report.removed),
        "unchanged": len(report.unchanged),
        "failed": [{"file": failure.file, "reason": str(failure.reason)} for failure in report.failed],
        "warnings": list(report.warnings),
        "passages": report.passages,
        "sentences": report.sentences,
        "seconds": round(report.seconds, 3),
        "rebuilt_because": report.rebuilt_because,
    }


def report_paragraphs(report: BuildReport) -> list[Paragraph]:
    """Return the articles added, changed, removed and unchanged, and the files that failed, with reasons."""
    paragraphs = []
    if report.rebuilt_because:
        reason = f"More than what changed was built anew. {one_line(report.rebuilt_because)}"
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
        why = f"{one_line(failure.file)} {one_line(str(failure.reason))}"
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
    """Show a bar for each stage on a terminal; nothing in a log."""
    columns = (
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
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


class _Rate(ProgressColumn):
    """How many of them a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")
