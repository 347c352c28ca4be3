"""A report of a period for those who run the bot.  Pure: made from the memory's records.

Days are those of UTC, so that the same report comes out wherever it is made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from statistics import median

from bot.memory import Ending, Judged, Memory, Unanswered
from index.common_terms import is_common
from index.terms import terms

# Two questions of four telling words with three in common are 0.6, of two with one in common 0.33.
SAME_MATTER = 0.5
"""Jaccard similarity from which on two questions count as one."""
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Day:
    """Counts of one day."""

    date: str
    """ISO 8601."""
    answered: int = 0
    uncertain: int = 0
    none: int = 0
    error: int = 0
    turned_away: int = 0

    @property
    def questions(self) -> int:
        return self.answered + self.uncertain + self.none + self.error + self.turned_away


@dataclass(frozen=True, slots=True)
class Reference:
    """The place of a quote: an article's id, and the offsets into its text."""

    source_id: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.source_id} {self.start}–{self.end}"


@dataclass(frozen=True, slots=True)
class Disliked:
    """One 👎."""

    date: str
    reason: str | None
    words: str | None
    question: str | None
    confidence: float | None
    quotes: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class UnansweredTopic:
    """Questions about the same that were asked in vain."""

    questions: tuple[str, ...]
    """As they were worded, the most frequent first; none twice."""
    count: int
    told: int
    """How many were passed on to the curators."""
    last: str
    """The day on which it was asked last."""


@dataclass(frozen=True, slots=True)
class Report:
    days: tuple[Day, ...]
    """Every day of the period, oldest first, those without a question too."""
    liked: int
    disliked: tuple[Disliked, ...]
    in_vain: tuple[UnansweredTopic, ...]
    """The most frequent first."""
    median_seconds: float | None
    keeps_questions: bool
    questions_before: int = 0
    """How many there were in as many days before."""

    @property
    def questions(self) -> int:
        return sum(day.questions for day in self.days)

    @property
    def answered_share(self) -> float | None:
        """Share of all questions that were answered for certain, 0..1; None if there were none."""
        return self.share("answered")

    def share(self, kind: str) -> float | None:
        return sum(getattr(day, kind) for day in self.days) / self.questions if self.questions else None


def report(state: Memory, last: date, days: int) -> Report:
    """Return the `days` days up to and with `last`."""
    first = last - timedelta(days=days - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()
    until = since + days * DAY_SECONDS
    endings = [ending for ending in state.log.since(since - days * DAY_SECONDS) if ending.asked_at < until]
    made = report_of(
        [ending for ending in endings if ending.asked_at >= since],
        [judged for judged in state.shown.verdicts(since) if judged.given_at < until],
        [asked for asked in state.log.in_vain(since) if asked.asked_at < until],
        [first + timedelta(days=number) for number in range(days)],
        keeps_questions=state.log.keeps_questions,
    )
    return replace(made, questions_before=len(endings) - made.questions)


def report_of(
    endings: Sequence[Ending],
    verdicts: Sequence[Judged],
    in_vain: Sequence[Unanswered],
    days: Sequence[date],
    *,
    keeps_questions: bool,
) -> Report:
    counts = Counter((_day(ending.asked_at), ending.kind) for ending in endings)
    answered = [ending.seconds for ending in endings if ending.kind != "turned_away"]
    return Report(
        days=tuple(
            Day(
                iso,
                counts[iso, "answered"],
                counts[iso, "uncertain"],
                counts[iso, "none"],
                counts[iso, "error"],
                counts[iso, "turned_away"],
            )
            for iso in (day.isoformat() for day in days)
        ),
        liked=sum(judged.verdict == "up" for judged in verdicts),
        disliked=tuple(_disliked(judged) for judged in verdicts if judged.verdict == "down"),
        in_vain=tuple(matters(in_vain)),
        median_seconds=median(answered) if answered else None,
        keeps_questions=keeps_questions,
    )


def matters(asked: Iterable[Unanswered]) -> list[UnansweredTopic]:
    """Group questions by the stems of their telling words, the most frequent matter first.

    A question joins the matter whose first question it resembles most.
    """
    leaders: list[frozenset[str]] = []
    members: list[list[Unanswered]] = []
    holding: defaultdict[str, list[int]] = defaultdict(list)
    for one in asked:
        told = telling_terms(one.question)
        common = Counter(matter for term in told for matter in holding[term])
        likeness = {matter: n / (len(told) + len(leaders[matter]) - n) for matter, n in common.items()}
        best = max(likeness, key=lambda matter: (likeness[matter], -matter), default=None)
        if best is None or likeness[best] < SAME_MATTER:
            best = len(leaders)
            leaders.append(told)
            members.append([])
            for term in told:
                holding[term].append(best)
        members[best].append(one)
    return sorted(map(_matter, members), key=lambda matter: (-matter.count, matter.questions))


def telling_terms(question: str) -> frozenset[str]:
    """Return the stems of the words that say what a question is about; of all its words if none does.

    >>> sorted(telling_terms("Who is the CEO of Banma?"))
    ['banma', 'ceo']
    """
    found = [term for term in terms(question) if not term.startswith("^")]
    return frozenset(term for term in found if not is_common(term)) or frozenset(found) or frozenset([""])


def _matter(asked: Sequence[Unanswered]) -> UnansweredTopic:
    wordings = Counter(" ".join(one.question.split()) for one in asked)
    return UnansweredTopic(
        questions=tuple(wording for wording, _ in wordings.most_common()),
        count=len(asked),
        told=sum(one.told for one in asked),
        last=_day(max(one.asked_at for one in asked)),
    )


def _disliked(judged: Judged) -> Disliked:
    return Disliked(
        date=_day(judged.given_at),
        reason=judged.reason,
        words=judged.words,
        question=judged.question,
        confidence=judged.confidence,
        quotes=tuple(Reference(quote.source_id, quote.start, quote.end) for quote in judged.quotes),
    )


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
