"""Whether two sentences give different figures or dates for what was asked.

Figures alone can be compared without understanding; names and claims are left to the reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.answer.question import Figure
from bot.answer.times import Period, dates, overlap
from index.terms import terms

# 1.6 and 1.63 billion are one figure, rounded by two reporters.
SAME_WITHIN = 0.03

_SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "m": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "trillion": 1e12,
}
_SCALES |= {"万": 1e4, "亿": 1e8}
_WORDS = {
    word: value
    for value, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
    )
}
_FIGURE = re.compile(
    r"(?P<money>[$€£¥]|\b(?:RMB|USD|EUR|CNY|US\$)\s?)?"
    rf"(?<![\w.,])(?P<number>\d[\d,]*(?:\.\d+)?|\b(?:{'|'.join(_WORDS)})\b)"
    rf"(?:\s?(?P<scale>{'|'.join(_SCALES)})(?![A-Za-z]))?(?:\s?(?P<share>%|percent\b|per cent\b))?"
    r"(?:[\s-](?P<unit>[^\W\d_]{3,}))?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:1[0-9]|20)\d\d")


def disagree(wanted: Figure, asked: frozenset[str], one: str, other: str) -> bool:
    """Return whether `one` and `other`, sentences about the same, cannot both be right.

    `asked` holds the terms of the question: what it says itself is no answer.

    >>> disagree(Figure.NUMBER, frozenset(), "It has 700 employees.", "It has 900 employees.")
    True
    """
    match wanted:
        case Figure.TIME:
            said, contrary = _new_dates(one, asked), _new_dates(other, asked)
            return bool(said and contrary) and not any(overlap(a, b) for a in said for b in contrary)
        case Figure.NUMBER:
            return _same_time(one, other) and _figures_differ(_figures(one, asked), _figures(other, asked))


def _new_dates(text: str, asked: frozenset[str]) -> list[Period]:
    return [date for date in dates(text) if not (date.first and str(date.first.year) in asked)]


def _same_time(one: str, other: str) -> bool:
    """Return False if each names its own time: figures of two years are no contradiction."""
    said, contrary = list(dates(one)), list(dates(other))
    return not (said and contrary) or any(overlap(a, b) for a in said for b in contrary)


def _figures_differ(one: Mapping[str, set[float]], other: Mapping[str, set[float]]) -> bool:
    shared = one.keys() & other.keys()
    return bool(shared) and not any(
        abs(a - b) <= SAME_WITHIN * max(a, b) for unit in shared for a in one[unit] for b in other[unit]
    )


def _figures(text: str, asked: frozenset[str]) -> dict[str, set[float]]:
    """Return the figures in `text` by what they count: "%", money, or the stem of the word behind."""
    figures: dict[str, set[float]] = {}
    for found in _FIGURE.finditer(text):
        number = found["number"].lower()
        if _YEAR.fullmatch(number) and not (found["scale"] or found["money"] or found["share"]):
            continue
        if asked.issuperset(terms(number)):
            continue
        value = _WORDS.get(number) or float(number.replace(",", ""))
        value *= _SCALES.get((found["scale"] or "").lower(), 1)
        unit = _unit(found)
        if unit:
            figures.setdefault(unit, set()).add(value)
    return figures


def _unit(found: re.Match[str]) -> str | None:
    if found["share"]:
        return "%"
    if found["money"]:
        return {"$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "rmb": "CNY"}.get(
            found["money"].strip().lower(), found["money"].strip().upper()
        )
    stems = [term for term in terms(found["unit"] or "") if not term.startswith("^")]
    return stems[0] if stems else None
