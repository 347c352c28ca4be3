"""`add` and `remove`: other articles, and one summary of what was done to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.text import Text

from bot.terminal.invocation import Invocation
from bot.terminal.paragraphs import Paragraph, one_line, show
from index.ingest.add import Intake, IntakeOptions
from index.ingest.given import Overrides, documents, read_document
from index.ingest.outcomes import Added, Merged, Outcome, Refused
from index.ingest.remove import Removed
from index.ingest.remove import remove as remove_articles
from index.reasons import Reason, Why
from index.types import BuildReport, FootnoteError

FAILED = 1
# A summary is read by a person; `--json` has them all.
LINES_SHOWN = 50


def add(run: Invocation) -> int:
    """Add the documents named, then build; return 1 if any was refused, 0 if each is an article now."""
    given = run.arguments
    overrides = Overrides(given.title, given.publisher, given.author, given.date, given.language, given.url)
    overrides.check()
    sources, refused, ignored = _sources(run, given.source)
    if (given.title or given.url) and len(sources) > 1:
        raise FootnoteError(
            "--title and --url are those of one article, and several are to be added. Add that one alone."
        )
    outcomes = [*refused, *_take_in(run, sources, overrides)]
    kept = [outcome for outcome in outcomes if not isinstance(outcome, Refused)]
    failed = len(kept) < len(outcomes)
    if not run.arguments.json:
        show(run.out, outcome_paragraphs(outcomes, ignored))
    report, problem = build_after(run) if kept else (None, None)
    if run.arguments.json:
        _print_json({**outcomes_json(outcomes), "ignored": ignored, "build": build_json(report, problem)})
    return FAILED if failed or problem else 0


def remove(run: Invocation) -> int:
    """Delete the articles, then build, so that no answer is taken from them any more."""
    removed = remove_articles(run.settings.sources, run.settings.data, run.arguments.article)
    if not run.arguments.json:
        show(run.out, [_counted("removed", [one.id for one in removed])])
    report, problem = build_after(run)
    if run.arguments.json:
        _print_json(
            {"removed": [_removed_json(one) for one in removed], "build": build_json(report, problem)}
        )
    return FAILED if problem else 0


def _sources(run: Invocation, names: Sequence[str]) -> tuple[list[str | Path], list[Refused], int]:
    """Return addresses and files, in the order in which they were named; folders opened."""
    found: list[str | Path] = []
    refused: list[Refused] = []
    ignored = 0
    settled = [run.settings.sources, run.settings.data]
    for name in names:
        path = Path(name).expanduser()
        if "://" in name:
            found.append(name)
        elif any(path.resolve().is_relative_to(folder.resolve()) for folder in settled):
            refused.append(Refused(name, Reason(Why.IN_OWN_FOLDERS)))
        elif path.is_dir():
            inside, links, others = documents(path, leave_out=settled)
            found += inside
            refused += links
            ignored += others
            if not inside and not links:
                refused.append(Refused(name, Reason(Why.NO_DOCUMENTS)))
        else:
            found.append(path)
    return list(dict.fromkeys(found)), refused, ignored


def _take_in(run: Invocation, sources: Sequence[str | Path], overrides: Overrides) -> Iterator[Outcome]:
    settings = run.settings
    options = IntakeOptions(settings.allow_hosts)
    intake = Intake(settings.sources, settings.data, run.arguments.collection, options)
    with intake, run.notes.status("") as status:
        for number, source in enumerate(sources, 1):
            status.update(Text(f"Reading {number:,} of {len(sources):,}: {one_line(str(source))}"))
            material = source if isinstance(source, str) else read_document(source)
            yield material if isinstance(material, Refused) else intake.add(material, overrides)


def build_after(run: Invocation) -> tuple[BuildReport | None, str | None]:
    """Build, and return the report; None if no build was wanted, or, with the reason, if it failed."""
    if not run.arguments.build:
        return None, None
    try:
        with run.notes.status("Bringing the index up to date"):
            report = run.parts.build(run.settings, _silent)
    except FootnoteError as error:
        if not run.arguments.json:
            raise
        return None, str(error)
    if not run.arguments.json:
        failures = [
            Paragraph(Text(f"{one_line(failure.file)} {one_line(str(failure.reason))}", "red"), "  ! ")
            for failure in report.failed
        ]
        size = f"{report.passages:,} passages, {report.sentences:,} sentences"
        current = f"Index {report.generation} is current: {size} ({report.seconds:.1f} s)."
        show(run.out, [*failures, Paragraph(Text(current))])
    return report, None


def outcome_paragraphs(outcomes: Sequence[Outcome], ignored: int) -> list[Paragraph]:
    paragraphs = []
    for change in ("added", "replaced", "unchanged"):
        ids = [one.id for one in outcomes if isinstance(one, Added) and one.change == change]
        if ids:
            paragraphs.append(_counted(change, ids))
    paragraphs += _remarks([one for one in outcomes if isinstance(one, Added)])
    beside = [one for one in outcomes if isinstance(one, Added) and one.sibling]
    for one in beside[:LINES_SHOWN]:
        sibling = one_line(one.sibling or "")
        words = f"{one_line(one.id)} stands beside {sibling}, which is named alike. If it takes its place: "
        words += f"footnote remove {sibling}"
        paragraphs.append(Paragraph(Text(words, "yellow"), "  ~ "))
    merged = [one for one in outcomes if isinstance(one, Merged)]
    if merged:
        paragraphs.append(Paragraph(Text(), f"   merged {len(merged)}"))
        for copy in merged[:LINES_SHOWN]:
            words = f"{one_line(copy.source)} is a copy of {one_line(copy.id)}, which now names it: "
            paragraphs.append(Paragraph(Text(words + one_line(copy.copy)), "  = "))
    refused = [one for one in outcomes if isinstance(one, Refused)]
    if refused:
        paragraphs.append(Paragraph(Text(), f"  refused {len(refused)}"))
    for refusal in refused[:LINES_SHOWN]:
        words = f"{one_line(refusal.source)} {one_line(str(refusal.reason))}"
        paragraphs.append(Paragraph(Text(words, "red"), "  ! "))
    hidden = sum(max(0, len(told) - LINES_SHOWN) for told in (beside, merged, refused))
    if hidden:
        paragraphs.append(Paragraph(Text(f"and {hidden:,} more; --json lists them all"), "    "))
    if ignored:
        words = f"{ignored:,} {'file was' if ignored == 1 else 'files were'} of another kind, and left alone."
        paragraphs.append(Paragraph(Text(words, "dim"), "    "))
    return paragraphs


def _remarks(added: Sequence[Added]) -> list[Paragraph]:
    """Return the parts left out of the articles, and the warnings."""
    lines = []
    for one in added:
        for left in one.left_out:
            words = "; ".join(f"“{one_line(word)}”" for word in left.words)
            more = f", and {left.count - len(left.words):,} more" if left.count > len(left.words) else ""
            shown = f": {words}{more}" if words else f" ({left.count:,})"
            said = f"{one_line(one.id)}: {left.what} left out{shown}"
            lines.append(Paragraph(Text(said, "dim"), "  - "))
        for warning in one.warnings:
            lines.append(
                Paragraph(Text(f"{one_line(one.source)} {one_line(str(warning))}", "yellow"), "  ! ")
            )
    hidden = len(lines) - LINES_SHOWN
    if hidden > 0:
        lines[LINES_SHOWN:] = [Paragraph(Text(f"and {hidden:,} more; --json lists them all"), "    ")]
    return lines


def _counted(word: str, ids: Sequence[str]) -> Paragraph:
    more = f" and {len(ids) - LINES_SHOWN:,} more" if len(ids) > LINES_SHOWN else ""
    return Paragraph(Text(", ".join(map(one_line, ids[:LINES_SHOWN])) + more), f"{word:>9} {len(ids)}: ")


def outcomes_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "added": [
            {
                **{"source": one.source, "id": one.id, "file": one.file, "title": one.title},
                "change": one.change,
                "left_out": [asdict(left) for left in one.left_out],
                "warnings": list(map(str, one.warnings)),
                "sibling": one.sibling,
            }
            for one in outcomes
            if isinstance(one, Added)
        ],
        "merged": [
            {"source": one.source, "id": one.id, "file": one.file, "copy": one.copy}
            for one in outcomes
            if isinstance(one, Merged)
        ],
        "refused": [
            {"source": one.source, "reason": str(one.reason)} for one in outcomes if isinstance(one, Refused)
        ],
    }


def _removed_json(removed: Removed) -> dict[str, str]:
    return {"id": removed.id, "file": removed.file, "title": removed.title}


def build_json(report: BuildReport | None, problem: str | None) -> dict[str, Any] | None:
    if problem is not None:
        return {"error": problem}
    if report is None:
        return None
    return {
        "generation": report.generation,
        "passages": report.passages,
        "failed": [{"file": failure.file, "reason": str(failure.reason)} for failure in report.failed],
        "seconds": round(report.seconds, 3),
    }


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False))


def _silent(stage: str, done: int, total: int) -> None:
    pass
