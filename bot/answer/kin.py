"""Rows of one table, and answers below the questions of one FAQ, tell each other apart by what they name.

A reader of prose takes any of them for the answer: each has a value of the kind that is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.answer.ranking import Candidate
from index.units import Kind, unit_at

# Rows whose shares of the question's weight differ by less are told apart by their scores.
ROW_STEP = 0.1
# An answer goes before others if its question has so much of what was asked, and so much more than theirs.
MOST_OF_IT, MORE_OF_IT = 0.75, 0.2


def own_first(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates anew: in each table and FAQ, first what names most of what was asked.

    They share out the scores that they have together, so that they stand to others as before.
    """
    groups: dict[tuple[str, object], list[int]] = {}
    for place, candidate in enumerate(ranked):
        kin = _kin(candidate)
        if kin is not None:
            groups.setdefault(kin, []).append(place)
    told = list(ranked)
    for (_, kind), places in groups.items():
        own = [ranked[place] for place in places]
        ordered = _rows(own) if kind is not None else _answers(own)
        for place, candidate in zip(places, ordered, strict=True):
            told[place] = replace(candidate, score=ranked[place].score)
    return told


def _kin(candidate: Candidate) -> tuple[str, object] | None:
    """What a candidate is one of several of; None if it stands for itself."""
    unit = unit_at(candidate.article, candidate.sentence.start)
    if unit is None or unit.introduced_by is None:
        return None
    if unit.kind is Kind.ROW:
        return candidate.article.id, unit.introduced_by if unit.heads else unit.path
    asks = candidate.article.text[slice(*unit.introduced_by)].rstrip("*_ ").endswith(("?", "？"))
    return (candidate.article.id, None) if asks else None


def _rows(own: Sequence[Candidate]) -> list[Candidate]:
    return sorted(own, key=lambda c: (-round(c.sentence.coverage / ROW_STEP), -c.score))


def _answers(own: Sequence[Candidate]) -> list[Candidate]:
    best = max(own, key=lambda c: (c.sentence.coverage, c.score))
    first = own[0].sentence.coverage
    if best.sentence.coverage < MOST_OF_IT or best.sentence.coverage - first < MORE_OF_IT:
        return list(own)
    return [best, *(candidate for candidate in own if candidate is not best)]
