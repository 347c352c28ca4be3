"""Rows of a table, lines of a form and answers of an FAQ tell each other apart by what they name.

A reader of prose takes any of them for the answer: each has a value of the kind that is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.answer.ranking import Candidate
from index.units import Kind, unit_at

# Rows whose shares of the question's weight differ by less are told apart by their scores.
ROW_STEP = 0.1
# An answer goes before others if its question has so much of what was asked, and so much more than theirs.
MOST_OF_IT, MORE_OF_IT = 0.75, 0.2
# A longer line says more than a value under a label.
MAX_LINE_CHARS = 160
_LABELLED = re.compile(r"(?:\*\*|__)?[^\s:：|][^:：|\n]{0,59}[:：](?:\*\*|__)?\s+\S")


def own_first(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates anew: in each table, form and FAQ, first what names most of what was asked.

    They share out the scores that they have together, so that they stand to others as before.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, candidate in enumerate(ranked):
        kin = _kin(candidate)
        if kin is not None:
            groups.setdefault(kin, []).append(place)
    told = list(ranked)
    for kin, places in groups.items():
        own = [ranked[place] for place in places]
        ordered = _rows(own) if kin[-1] else _answers(own)
        for place, candidate in zip(places, ordered, strict=True):
            told[place] = replace(candidate, score=ranked[place].score)
    return told


def _kin(candidate: Candidate) -> tuple[object, ...] | None:
    """What a candidate is one of several of, and at last whether by its own words; None if of nothing."""
    unit = unit_at(candidate.article, candidate.sentence.start)
    if unit is None:
        return None
    own = candidate.article.id
    if unit.kind is Kind.ROW:
        return own, unit.introduced_by if unit.heads else unit.path, True
    if unit.kind is Kind.DEFINITION:
        return own, "definitions", True
    short = unit.end - unit.start <= MAX_LINE_CHARS
    if unit.kind is Kind.LINE or (short and _LABELLED.match(candidate.text)):
        return own, "lines", unit.path[:1], True
    if unit.introduced_by is None:
        return None
    asks = candidate.article.text[slice(*unit.introduced_by)].rstrip("*_ ").endswith(("?", "？"))
    return (own, "answers", False) if asks else None


def _rows(own: Sequence[Candidate]) -> list[Candidate]:
    def key(candidate: Candidate) -> tuple[int, int, float]:
        unit = unit_at(candidate.article, candidate.sentence.start)
        # What is nested has the words of the item above it and says something else.
        depth = len(unit.path) if unit is not None else 0
        return -round(candidate.sentence.coverage / ROW_STEP), depth, -candidate.score

    return sorted(own, key=key)


def _answers(own: Sequence[Candidate]) -> list[Candidate]:
    best = max(own, key=lambda c: (c.sentence.coverage, c.score))
    first = own[0].sentence.coverage
    if best.sentence.coverage < MOST_OF_IT or best.sentence.coverage - first < MORE_OF_IT:
        return list(own)
    return [best, *(candidate for candidate in own if candidate is not best)]
