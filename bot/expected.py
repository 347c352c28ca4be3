"""What kind of answer a question expects, and whether a sentence holds one of that kind.

Surface patterns only: digits, capitals and cue words in English, question words in Chinese too.
A pattern that does not fire costs nothing, because the ranking learns how far to trust each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from index.tokens import terms


class Expected(Enum):
    PERSON = "who"
    TIME = "when"
    NUMBER = "how many"
    PLACE = "where"
    REASON = "why"
    MANNER = "how"
    THING = "what"
    YES_NO = "yes or no"
    OTHER = "other"


_RULES = (
    (
        Expected.TIME,
        r"\bwhen\b|\b(?:what|which) (?:\w+ )?(?:year|date|month|day|time|century|decade|era)s?\b"
        r"|how long ago|什么时候|何时|哪一?年|哪一?天|幾時|何年|いつ",
    ),
    (
        Expected.NUMBER,
        r"\bhow (?:many|much|long|old|far|tall|large|big|high|often|deep|fast|heavy|wide)\b"
        r"|\bwhat (?:\w+ )?(?:percent\w*|number|amount|proportion|share|fraction|ratio|rate|price|cost|size"
        r"|population|age|length|height|temperature|value|total)\b|多少|几[个次年]|幾|何人|いくつ|いくら",
    ),
    (
        Expected.PERSON,
        r"\bwho(?:m|se)?\b|\b(?:what|which) (?:\w+ )?(?:person|man|woman|player|author|scientist)\b"
        r"|谁|誰|哪位|だれ",
    ),
    (
        Expected.PLACE,
        r"\bwhere\b|\b(?:what|which) (?:\w+ )?(?:city|cities|country|countries|state|place|region|town"
        r"|location|continent|province|area)\b|哪里|哪裡|何处|在哪|どこ",
    ),
    (
        Expected.REASON,
        r"\bwhy\b|\bwhat (?:\w+ )?(?:caused?|reasons?|led)\b|\bhow come\b|为什么|為什麼|为何|なぜ|どうして",
    ),
    (Expected.MANNER, r"\bhow\b|怎么|怎麼|如何|怎样"),
    (Expected.THING, r"\bwhat\b|\bwhich\b|什么|什麼|哪些|哪个|何が|何を"),
    (
        Expected.YES_NO,
        r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might)\b|吗[?？]?$|か[?？]?$",
    ),
)
_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _RULES)

_NUMBER_WORDS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fifteen twenty thirty forty "
    "fifty sixty seventy eighty ninety hundred thousand million billion trillion half quarter third dozen "
    "dozens twice double several none no".split()
)
_DIGITS = re.compile(r"\d[\d.,]*|[一二三四五六七八九十百千万亿]{2,}")
_DATE_WORDS = frozenset(
    "jan january feb february mar march apr april may jun june jul july aug august sep september sept oct "
    "october nov november dec december century centuries decade decades monday tuesday wednesday thursday "
    "friday saturday sunday".split()
)
_YEAR = re.compile(r"1\d\d\d|20\d\d|\d{3,4}s")
_YEARS_AWAY = re.compile(r"\byears? (?:ago|later|earlier)\b")
_CHINESE_UNITS = frozenset("年月日世")
_CHINESE_DATE = re.compile(r"\d+\s*[年月日世]")
_WORD = re.compile(r"\w+")
_MONEY_OR_SHARE = re.compile(
    r"[$€£¥]\s?\d|\d\s?%|\bpercent\b|\bper cent\b|\b(?:RMB|USD|EUR)\b", re.IGNORECASE
)
_CAPITALISED = re.compile(r"(?<![.!?]\s)(?<!^)(?<!^[\"“'‘(])\b[A-ZÀ-ÖØ-ÞΑ-ΩА-Я][\w’'-]*")
_PLACE = re.compile(
    r"\b(?:in|at|near|from|to|of|on|across|through|into|outside|between)\s+(?:the\s+)?[A-Z]\w+"
)
_REASON = re.compile(
    r"\bbecause\b|\bdue to\b|\bsince\b|\bso that\b|\bin order to\b|\bas a result\b|\bcaus\w+|\bled to\b"
    r"|\breasons?\b|\bfor fear\b|\bowing to\b|\bthanks to\b|\btherefore\b|\bthus\b|因为|由于|所以|因此",
    re.IGNORECASE,
)
_MANNER = re.compile(r"\bby \w+ing\b|\bby\b|\bthrough\b|\busing\b|\bvia\b|\bwith\b|通过|利用", re.IGNORECASE)
_PRONOUN_START = re.compile(
    r"[\"“'(]*(?:he|she|it|they|his|her|its|their|this|these|those|that|both|such|the (?:former|latter"
    r"|company|two|same))\b|他|她|它|这|该|其",
    re.IGNORECASE,
)


def expected_answer(question: str) -> Expected:
    """Return the kind of answer that `question` asks for; the first rule that fires wins.

    >>> expected_answer("In what year did Banma start?").value
    'when'
    """
    for kind, pattern in _COMPILED:
        if pattern.search(question):
            return kind
    return Expected.OTHER


@dataclass(frozen=True, slots=True)
class Contents:
    """What a sentence holds that its question does not already say."""

    numbers: int
    dates: int
    names: int
    kind: bool
    """Whether there is a place, a reason or a manner, where that is what the question expects."""
    money_or_share: bool
    pronoun_start: bool
    is_question: bool


def contents(sentence: str, asked: frozenset[str], expected: Expected) -> Contents:
    """Look for answers in `sentence`; `asked` holds the question's terms."""
    found = _looked_through(sentence)
    return Contents(
        numbers=_count_new(found.numbers, asked),
        dates=_count_new(found.dates, asked),
        names=_count_new(found.names, asked),
        kind=_holds_kind(sentence, asked, expected),
        money_or_share=expected is Expected.NUMBER and _MONEY_OR_SHARE.search(sentence) is not None,
        pronoun_start=found.pronoun_start,
        is_question=found.is_question,
    )


_Terms = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _LookedThrough:
    """What a sentence holds, whatever is asked; of each finding its terms."""

    numbers: tuple[_Terms, ...]
    dates: tuple[_Terms, ...]
    names: tuple[_Terms, ...]
    pronoun_start: bool
    is_question: bool


# The same sentences come up again and again: some 10 MB.
@lru_cache(maxsize=10_000)
def _looked_through(sentence: str) -> _LookedThrough:
    lowered = sentence.lower()
    # Whole words, looked up: a pattern of alternatives takes three times as long.
    words = _WORD.findall(lowered)
    numbers = [*_DIGITS.findall(lowered), *(word for word in words if word in _NUMBER_WORDS)]
    return _LookedThrough(
        numbers=_terms_of_each(numbers),
        dates=_terms_of_each(_dates(lowered, words)),
        names=_terms_of_each(_CAPITALISED.findall(sentence)),
        pronoun_start=_PRONOUN_START.match(sentence) is not None,
        is_question=sentence.rstrip("\"”')").endswith(("?", "？")),
    )


def _dates(lowered: str, words: Iterable[str]) -> list[str]:
    found = [word for word in words if word in _DATE_WORDS or (word[0].isdigit() and _YEAR.fullmatch(word))]
    if "year" in lowered:
        found += _YEARS_AWAY.findall(lowered)
    if not _CHINESE_UNITS.isdisjoint(lowered):
        # The year of "2015 年" is found already.
        found += [date for date in _CHINESE_DATE.findall(lowered) if not date.startswith(tuple(found))]
    return found


def _terms_of_each(found: Iterable[str]) -> tuple[_Terms, ...]:
    return tuple(_terms_of(text) for text in found)


def _count_new(found: Iterable[_Terms], asked: frozenset[str]) -> int:
    return sum(not asked.issuperset(terms) for terms in found)


def _holds_kind(sentence: str, asked: frozenset[str], expected: Expected) -> bool:
    match expected:
        case Expected.PLACE:
            return any(not asked.issuperset(_terms_of(name)) for name in _PLACE.findall(sentence))
        case Expected.REASON:
            return _REASON.search(sentence) is not None
        case Expected.MANNER:
            return _MANNER.search(sentence) is not None
        case _:
            return False


@lru_cache(maxsize=50_000)
def _terms_of(word: str) -> tuple[str, ...]:
    return tuple(terms(word))


def fits(expected: Expected, found: Contents) -> float:
    """1 where the sentence holds an answer of the expected kind, 0 where not, 0.5 where any may do."""
    match expected:
        case Expected.PERSON:
            return float(found.names > 0)
        case Expected.TIME:
            return float(found.dates > 0)
        case Expected.NUMBER:
            return float(found.numbers > 0)
        case Expected.PLACE | Expected.REASON:
            return float(found.kind)
        case Expected.MANNER:
            return 0.5 + 0.5 * found.kind
        case Expected.THING | Expected.YES_NO | Expected.OTHER:
            return 0.5
