"""Rows of a table, lines of a form and answers of an FAQ tell each other apart by what they name.

A reader of prose takes any of them for the answer: each has a value of the kind that is wanted.  So the
one that names what was asked goes first, and an answer from another is no certain one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.answer.question import identifiers, names_in
from bot.answer.ranking import Candidate, path_of, subject_of
from bot.answer.selection import Span, points_back
from index.rendering import context
from index.terms import terms
from index.types import Article
from index.units import Kind, Unit, unit_at, units_of

# Rows whose shares of the question's weight differ by less are told apart by their scores.
ROW_STEP = 0.1
# An answer goes before others if its question has so much of what was asked, and so much more than theirs.
MOST_OF_IT, MORE_OF_IT = 0.75, 0.2
# A longer line says more than a value under a label.
MAX_LINE_CHARS = 160
# Forms of a word begin with the same letters.
_OPENING = 3
_MARKS = "\"'“”‘’()[]¿?!.,:;？！。，"
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


def names_another(spans: Sequence[Span], question: str) -> str | None:
    """Return a word of the question that a unit beside the quoted ones has and they lack; None if none does.

    A name may not stand in the row, label, question or heading of another unit.  Any other word, and a
    name in running prose, counts only if the other unit has all that the quoted ones have of the question.
    """
    quoted = unit_at(spans[0].article, spans[0].start) if spans else None
    if quoted is None:
        return None
    article, kin = spans[0].article, _kin_of(spans[0].article, quoted)
    held = frozenset[str]().union(*(_held(span.article, span.start, span.text) for span in spans))
    if kin is None:
        if points_back(spans[0].text):
            return None
        # What was named just before in running prose is not named once more.
        held |= frozenset(terms(article.text[: quoted.start].rpartition("\n\n")[2]))
    names = frozenset(terms(" ".join([*names_in(question), *identifiers(question)])))
    bare = (re.sub("['’]s$", "", word.strip(_MARKS)) for word in question.split())
    subject = {word: found[0] for word in bare if (found := subject_of(word))}
    present = {word: found for word, found in subject.items() if _has(held, found, names)}
    lacking = {word: _stems(found) for word, found in subject.items() if word not in present}
    if not lacking:
        return None
    title = terms(article.title)
    # Most units have no such word, and to see that takes a hundredth of the time.
    opens = re.compile("|".join(re.escape(word[:_OPENING]) for word in lacking), re.IGNORECASE)
    for unit in units_of(article):
        if unit.kind is Kind.INTRODUCES or any(_inside(unit, article, span) for span in spans):
            continue
        labels = _labels(article, unit)
        if not opens.search(article.text, unit.start, unit.end) and not any(map(opens.search, labels)):
            continue
        label = frozenset(terms(" ".join(labels)))
        other = label.union(
            title, () if unit.kind is Kind.ROW else terms(article.text[unit.start : unit.end])
        )
        beside = kin == _kin_of(article, unit) and (kin is not None or quoted.path == unit.path)
        has_all = beside and all(_has(other, found, names) for found in present.values())
        for word, stems in lacking.items():
            named = stems <= names
            if (named and stems <= label) or (has_all and stems <= other and (named or kin is not None)):
                return word
    return None


def _has(held: frozenset[str], found: frozenset[str], names: frozenset[str]) -> bool:
    """Return whether a word, by its terms, is among those held; a name that begins alike is not it."""
    stems = _stems(found)
    return stems <= held if stems <= names else not held.isdisjoint(found)


def _stems(found: frozenset[str]) -> frozenset[str]:
    """Return the terms without the prefixes, which other words share."""
    return frozenset(term for term in found if not term.startswith("^"))


def _held(article: Article, start: int, words: str) -> frozenset[str]:
    """Return the terms of a quote and of all that stands above it."""
    unit = unit_at(article, start)
    above = (*path_of(article, start), *(_labels(article, unit) if unit is not None else ()))
    return frozenset(terms(" ".join([article.title, *above, words])))


def _labels(article: Article, unit: Unit) -> tuple[str, ...]:
    """Return what tells a unit from others: what stands above it, its question, its label; all of a row."""
    label = _LABELLED.match(article.text, unit.start, unit.end)
    end = unit.end if unit.kind is Kind.ROW else label.end() if label is not None else unit.start
    return (*unit.path, *context(unit, article.text), article.text[unit.start : end])


def _inside(unit: Unit, article: Article, span: Span) -> bool:
    return article is span.article and span.start < unit.end and unit.start < span.end


def _kin(candidate: Candidate) -> tuple[object, ...] | None:
    """Return what a candidate is one of several of, and whether by its own words; None if of nothing."""
    unit = unit_at(candidate.article, candidate.sentence.start)
    return None if unit is None else _kin_of(candidate.article, unit)


def _kin_of(article: Article, unit: Unit) -> tuple[object, ...] | None:
    own = article.id
    if unit.kind is Kind.ROW:
        return own, unit.introduced_by if unit.heads else unit.path, True
    if unit.kind is Kind.DEFINITION:
        return own, "definitions", True
    short = unit.end - unit.start <= MAX_LINE_CHARS
    if unit.kind is Kind.LINE or (short and _LABELLED.match(article.text, unit.start, unit.end)):
        return own, "lines", unit.path[:1], True
    if unit.introduced_by is None:
        return None
    asks = article.text[slice(*unit.introduced_by)].rstrip("*_ ").endswith(("?", "？"))
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
