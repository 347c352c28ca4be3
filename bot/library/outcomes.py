"""The result of a change of the articles, line by line, for the people who asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from bot.library.library import Added, Merged, Outcome, Refused, Round
from bot.library.reasons import reason_in
from bot.types import Scope
from bot.words import Words
from index.ingest.document import What
from index.types import BuildReport, collection_of

LINES_OF_A_ROUND = 10


def failure_lines(report: BuildReport, scope: Scope, words: Words, only: set[str] | None = None) -> list[str]:
    return [
        words.not_indexed.format(file=failure.file, reason=reason_in(words, failure.reason))
        for failure in report.failed
        if within(failure.file, scope) and (only is None or failure.file in only)
    ]


def within(file: str, scope: Scope) -> bool:
    return scope is None or collection_of(file) in scope


def outcome_lines(outcome: Outcome, words: Words) -> Iterator[str]:
    """Yield the result, the parts left out of an article, and the warnings for a person."""
    yield _line(outcome, words)
    if isinstance(outcome, Added) and outcome.change != "unchanged":
        kinds = dict(zip(get_args(What), words.left_out_kinds, strict=True))
        for left in outcome.left_out:
            begun = " · ".join(left.words)
            yield words.was_left_out.format(
                id=outcome.id, kind=kinds[left.what], count=f"{left.count:,}", words=begun
            ).rstrip()
        for warning in outcome.warnings:
            yield f"{outcome.source} {reason_in(words, warning)}"


def round_lines(one: Round, words: Words) -> Iterator[str]:
    """Yield the results of one look at a feed; only counts if there are many pages."""
    if one.problem:
        yield words.was_refused.format(source=one.url, reason=reason_in(words, one.problem))
        return
    yield words.follow_counts.format(
        url=one.url,
        new=f"{sum(1 for outcome in one.outcomes if not isinstance(outcome, Refused)):,}",
        unchanged=f"{one.unchanged:,}",
    )
    yield from (_line(outcome, words) for outcome in one.outcomes[:LINES_OF_A_ROUND])
    yield from (words.follow_gone.format(url=page.url, id=page.id) for page in one.gone[:LINES_OF_A_ROUND])


def _line(outcome: Outcome, words: Words) -> str:
    match outcome:
        case Added(title=title, id=id, change="added"):
            beside = words.stands_beside.format(sibling=outcome.sibling) if outcome.sibling else ""
            return words.was_added.format(title=title, place=place_of(id)) + beside
        case Added(title=title, id=id, change="replaced"):
            return words.was_replaced.format(title=title, place=place_of(id))
        case Added(title=title, id=id):
            return words.was_unchanged.format(title=title, place=place_of(id))
        case Merged(source=source, title=title, id=id):
            return words.was_merged.format(source=source, title=title, place=place_of(id))
        case Refused(source=source, reason=reason):
            return words.was_refused.format(source=source, reason=reason_in(words, reason))


def place_of(id: str) -> str:
    """Return the collection of an article, if it is in one."""
    collection = collection_of(id)
    return f" ({collection})" if collection else ""
