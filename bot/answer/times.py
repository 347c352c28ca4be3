"""The time that a question is about, and how well a sentence and its article's date fit it.

Dates are `(year, month, day)` with None for what is not said.  English and Chinese wordings.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

Day = datetime.date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sept", "sep"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        1,
    )
    for name in names
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATED = re.compile(
    rf"(?:(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?)?\b(?P<month>{_MONTH})\b\.?,?\s+(?:(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?(?:of\s+)?)?"
    r"(?<![\d.,$€£¥-])(?P<year>1[0-9]\d\d|20\d\d)(?P<decade>s)?(?![\d,]\d|%|\s?(?:km|kg|m|people|employees|users)\b)(?:\s*年(?:\s*(?P<month_zh>\d{1,2})\s*月)?)?",
    re.IGNORECASE,
)
_LATEST = re.compile(
    r"\b(?:latest|newest|most recent(?:ly)?|recently|currently|nowadays|these days|up[- ]to[- ]date|right now"
    r"|at present|as of (?:now|today)|at the moment|by now)\b|最新|最近|目前|现在|如今",
    re.IGNORECASE,
)
_EARLIEST = re.compile(
    r"\b(?:earliest|oldest) (?:article|report|source|story|news)\b|最早的(?:文章|报道)", re.IGNORECASE
)
_BEFORE = r"before|prior to|until|till|up to|earlier than"
_AFTER = r"after|since|following|later than"
_RELATION = re.compile(rf"\b(?P<before>{_BEFORE})\b|\b(?P<after>{_AFTER})\b", re.IGNORECASE)
_RELATION_ZH = re.compile(r"(?P<before>之前|以前)|(?P<after>之后|以后|以来)")
_RELATIVE = re.compile(
    r"\b(?P<which>this|last|past) (?P<unit>year|month|week)\b|(?P<zh>今年|去年|本月|上个?月)", re.IGNORECASE
)
_EVENT = re.compile(
    rf"\b(?:(?P<before>{_BEFORE})|(?P<after>{_AFTER}))\s+(?:the|its|their|his|her)\s+(?P<event>(?:[\w'’-]+\s*){{1,4}}?)"
    r"(?=[?.!,;]|$|\s(?:in|of|by|with|was|were|did|had|and)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included; None if a side is open."""

    first: Day | None
    last: Day | None


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest report counts, or with `reverse` the oldest."""

    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Before or after something whose date the sources have to tell."""

    name: str
    before: bool


Time = Period | Newest | Event


def asked_time(question: str, today: Day) -> Time | None:
    """Return the time that `question` is about; None if it names none.

    >>> asked_time("What did Acer do before 2013?", Day(2026, 1, 1))
    Period(first=None, last=datetime.date(2012, 12, 31))
    """
    dated = list(dates(question))
    if dated:
        return _period(question, dated)
    relative = _RELATIVE.search(question)
    if relative:
        return _relative(relative, today)
    if _LATEST.search(question):
        return Newest()
    if _EARLIEST.search(question):
        return Newest(reverse=True)
    event = _EVENT.search(question)
    if event:
        return Event(event["event"].strip(), before=event["before"] is not None)
    return None


def when(event: Event, happened: Period) -> Period:
    """Return the time before or after what happened in `happened`.

    >>> when(Event("IPO", before=True), Period(Day(2014, 9, 1), Day(2014, 9, 30)))
    Period(first=None, last=datetime.date(2014, 8, 31))
    """
    if event.before:
        return Period(None, happened.first - datetime.timedelta(days=1) if happened.first else None)
    return Period(happened.first, None)


def dates(text: str) -> Iterator[Period]:
    """Yield each date that `text` names by its year, as the days that it can mean."""
    for found in _DATED.finditer(text):
        year = int(found["year"])
        if found["decade"]:
            yield Period(Day(year, 1, 1), Day(min(year + 9, 9999), 12, 31))
            continue
        month = _MONTHS[found["month"].lower()] if found["month"] else int(found["month_zh"] or 0)
        if not 1 <= month <= 12:
            yield Period(Day(year, 1, 1), Day(year, 12, 31))
            continue
        day = int(found["day"] or found["day2"] or 0)
        try:
            yield Period(Day(year, month, day), Day(year, month, day))
        except ValueError:
            yield _month(year, month)


def fit(period: Period, sentence: str, published: str | None) -> float:
    """Return how well a sentence of an article fits the time asked for, -1..1; 0 if neither says.

    If a sentence names its own time, that alone counts.  Else an article of the time
    itself is the best witness, a later one means its own time, and an earlier one cannot know.
    """
    said = list(dates(sentence))
    if said:
        return 1.0 if any(overlap(period, date) for date in said) else -0.5
    appeared = published_in(published)
    if appeared is None:
        return 0.0
    if period.first is not None and appeared.last is not None and appeared.last < period.first:
        return -1.0
    return 1.0 if overlap(period, appeared) else -0.5


def recency(published: str | None, among: Iterable[str | None]) -> float:
    """Return the share of the dates `among` that are no newer than `published`, 0..1; 0 without a date."""
    known = {date for date in among if date}
    return sum(date <= published for date in known) / len(known) if published and known else 0.0


def published_in(published: str | None) -> Period | None:
    """Return the days that a publication date can mean, which may lack its day or its month."""
    if not published:
        return None
    year, month, day = ([int(part) for part in published.split("-")] + [0, 0])[:3]
    if day:
        return Period(Day(year, month, day), Day(year, month, day))
    return _month(year, month) if month else Period(Day(year, 1, 1), Day(year, 12, 31))


def overlap(one: Period, other: Period) -> bool:
    """Return whether a day can lie in both."""
    for first, last in ((one.first, other.last), (other.first, one.last)):
        if first is not None and last is not None and last < first:
            return False
    return True


def _period(question: str, dated: Sequence[Period]) -> Period:
    if len(dated) > 1 and re.search(r"\b(?:between|from)\b|[从至到]", question, re.IGNORECASE):
        first, last = dated[0], dated[-1]
        if first.first and last.last and first.first <= last.last:
            return Period(first.first, last.last)
    date = dated[0]
    place = _DATED.search(question)
    assert place is not None and date.first is not None and date.last is not None  # `dated` holds it
    before_it = re.search(
        rf"\b(?:{_BEFORE}|{_AFTER})\s+(?:the\s+)?(?:end of\s+|early\s+|late\s+)?$",
        question[: place.start()],
        re.IGNORECASE,
    )
    relation = (
        _RELATION.search(before_it.group())
        if before_it
        else _RELATION_ZH.match(question[place.end() :].lstrip())
    )
    if relation is None:
        return date
    if relation["before"]:
        until = (before_it.group().strip().lower() if before_it else "") in ("until", "till", "up to")
        return Period(None, date.last if until else date.first - datetime.timedelta(days=1))
    return Period(date.first, None)


def _relative(found: re.Match[str], today: Day) -> Period:
    zh = found["zh"] or ""
    which, unit = (found["which"] or "").lower(), (found["unit"] or "").lower()
    this = which == "this" or zh in ("今年", "本月")
    if unit == "year" or zh.endswith("年"):
        year = today.year - (not this)
        return Period(Day(year, 1, 1), Day(year, 12, 31))
    if unit == "week":
        monday = today - datetime.timedelta(days=today.weekday() + (0 if this else 7))
        return Period(monday, monday + datetime.timedelta(days=6))
    last = today.replace(day=1) - datetime.timedelta(days=1)
    return _month(today.year, today.month) if this else _month(last.year, last.month)


def _month(year: int, month: int) -> Period:
    following = Day(year + month // 12, month % 12 + 1, 1) if year < 9999 else Day(9999, 12, 31)
    return Period(Day(year, month, 1), following - datetime.timedelta(days=1))
