"""A question for all of a list is answered by all of it, and one for a step by that step.

Pure: ranked sentences and the articles that they stand in.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.answer.question import asks_for_several, asks_for_steps, step_asked
from bot.answer.ranking import Candidate, subject_covered, subject_of
from bot.answer.selection import Span
from index.lists import Listed, list_around
from index.terms import terms

# Longer, and it is read in the article; a list of ten steps of two lines each is shorter.
MAX_LIST_CHARS = 1_500
# Below this share of the best score's distance nobody looks for a list.
NEAR_SCORE = 1.0
_LOOKED_AT = 4


def as_list(ranked: Sequence[Candidate], asked: str) -> Span | None:
    """Return the list, or the one step of it, that answers `asked` as a whole; None if no list does."""
    step, steps = step_asked(asked), asks_for_steps(asked)
    if step is None and not steps and not asks_for_several(asked):
        return None
    for candidate in ranked[:_LOOKED_AT]:
        if candidate.score < ranked[0].score - NEAR_SCORE:
            break
        found = list_around(candidate.article, candidate.sentence.start)
        if found is None:
            continue
        if step is not None:
            return _one(candidate, found, step)
        if (steps and found.is_numbered) or _asks_for_each(candidate, found, asked):
            return _all(candidate, found)
    return None


def _one(candidate: Candidate, found: Listed, step: int) -> Span | None:
    numbers = [number for number in found.numbers if number is not None]
    part = found.part(numbers[-1] if step == -1 and numbers else step)
    if part is None:
        return None
    start, end = part
    end = start + len(candidate.article.text[start:end].rstrip())
    # What follows the step is the mark of the next one.
    stops = [unit.end for unit in found.items if start <= unit.start < end]
    return Span(candidate.article, start, max(stops))


def _all(candidate: Candidate, found: Listed) -> Span | None:
    if found.end - found.start <= MAX_LIST_CHARS:
        return Span(candidate.article, found.start, found.end)
    ends = [unit.end for unit in found.items if unit.end - found.start <= MAX_LIST_CHARS]
    return Span(candidate.article, found.start, ends[-1]) if len(ends) > 1 else None


def _asks_for_each(candidate: Candidate, found: Listed, asked: str) -> bool:
    """Return whether all items answer: what the question is about stands above them and in none of them."""
    subject = subject_of(asked)
    text = candidate.article.text
    own = frozenset(terms(" ".join(text[unit.start : unit.end] for unit in found.items)))
    return asks_for_several(asked) and bool(subject) and subject_covered(subject, own) == 0
