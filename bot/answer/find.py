"""One question -> the sentences to quote and how sure they are: parts, lists, times, disagreement.

Knows nothing of generations that come and go, of citations, or of what is said when nothing is found.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.answer.conversation import names_something, standalone
from bot.answer.disagreement import disagree
from bot.answer.question import asks_for_articles, asks_for_several, compared, parts
from bot.answer.selection import Span, choose, choose_from_each, choose_several, choose_sides, same
from bot.answer.times import Day, Event, Newest, Period, asked_time, dates, fit, recency, when
from bot.excerpts import Excerpt, subject_covered, subject_of
from bot.expected import Expected, expected_answer
from bot.judging import Judge
from bot.types import Conversation, Turn
from index.search import Findings
from index.types import Article

# What the time of a question is worth beside the learned score, in log-odds.  Set by hand, since no
# public set asks for times of dated articles: of the tune questions that name a year, .6 to 1.5
# answer two more of 157 than 0 does, and none fewer.
TIME_WEIGHT = 1.5
# "The latest" is sought among sentences within this of the best; being the newest of them outweighs that.
NEWEST_AMONG = 2.0
NEWEST_WEIGHT = 3.0
# An article contradicts another where its sentence scores within this of the best and holds at
# least this share of what the question is about.
CONTRARY_SCORE = 2.0
CONTRARY_COVERED = 0.75
SPANS_OF_A_PART = 2
# "More" goes down to this far below the best sentence.
MORE_SCORE = 3.0


@dataclass(frozen=True, slots=True)
class Found:
    """What a question came to."""

    spans: tuple[Span, ...]
    sure: float
    """Probability, 0..1, that the spans answer the question."""
    nearest: tuple[Article, ...]
    """Best first, whether they answer it or not."""
    unanswered: tuple[str, ...] = ()
    disagreement: bool = False


class Finder(Protocol):
    """A search, as wide as whoever asks may see."""

    def find(self, question: str, *, focus: str | None = None) -> Findings: ...


def find_answer(
    searcher: Finder,
    asked: str,
    conversation: Conversation,
    judge: Judge,
    today: Day,
    enough: float,
    shown: Collection[str] = (),
) -> Found:
    """Return what the sources say to `asked`; `enough` is the confidence below which nothing is said.

    Sentences that are in one of the texts `shown` are left out.
    """
    several = parts(asked)
    if len(several) > 1 and not shown:
        found = _find_parts(searcher, several, conversation, judge, today, enough)
        if found.spans:
            return found
    return _find_one(searcher, asked, conversation, judge, today, shown)


def _find_parts(
    searcher: Finder,
    several: Sequence[str],
    conversation: Conversation,
    judge: Judge,
    today: Day,
    enough: float,
) -> Found:
    """Each part by itself, the later ones in the light of the first where they name nothing themselves."""
    found = [_find_one(searcher, several[0], conversation, judge, today)]
    context = (*conversation, Turn(several[0], ""))
    for part in several[1:]:
        leaning = not names_something(part)
        found.append(_find_one(searcher, part, context, judge, today, leaning=leaning))
    answered = [one for one in found if one.spans and one.sure >= enough]
    spans: list[Span] = []
    for one in answered:
        spans += [s for s in one.spans[:SPANS_OF_A_PART] if not any(same(s, other) for other in spans)]
    nearest = tuple(dict.fromkeys(article for one in found for article in one.nearest))
    unanswered = [part for part, one in zip(several, found, strict=True) if one not in answered]
    sure = min((one.sure for one in answered), default=0.0)
    return Found(tuple(spans), sure, nearest, tuple(part.strip(" ,;?？") for part in unanswered))


def _find_one(
    searcher: Finder,
    asked: str,
    conversation: Conversation,
    judge: Judge,
    today: Day,
    shown: Collection[str] = (),
    leaning: bool | None = None,
) -> Found:
    whole = standalone(asked, conversation, leaning)
    findings = searcher.find(whole, focus=None if whole == asked else asked)
    nearest = tuple(dict.fromkeys(hit.passage.article for hit in findings.hits if hit.score > 0))
    time = asked_time(whole, today)
    ranked = timed(findings, judge.rank(findings, asked), time)
    sure = judge.sure(findings, ranked)
    if shown:
        close = ranked[0].score - MORE_SCORE if ranked else 0.0
        ranked = [e for e in ranked if e.score >= close and not any(e.text in text for text in shown)]
    spans = chosen(findings, ranked, asked)
    # Reports of different times may differ, and a time says which of them is meant.
    contrary = None if shown or time is not None else _contrary(findings, ranked, asked)
    if contrary is not None:
        pair = sorted((spans[0], contrary), key=lambda s: s.article.published or "", reverse=True)
        rest = [span for span in spans[1:] if not any(same(span, other) for other in pair)]
        spans = [*pair, *rest][: max(2, len(spans))]
    return Found(tuple(spans), sure, nearest, disagreement=contrary is not None)


def chosen(findings: Findings, ranked: Sequence[Excerpt], asked: str) -> list[Span]:
    """Return what is quoted to such a question."""
    sides = compared(asked)
    if sides is not None:
        return choose_sides(findings, ranked, sides)
    if asks_for_articles(asked):
        return choose_from_each(findings, ranked)
    return choose_several(findings, ranked) if asks_for_several(asked) else choose(findings, ranked)


def timed(
    findings: Findings, ranked: Sequence[Excerpt], time: Period | Newest | Event | None
) -> list[Excerpt]:
    """Rank anew by how well sentence and publication date fit the time that was asked for."""
    if isinstance(time, Event):
        time = _resolved(time, ranked)
    match time:
        case None | Event():
            return list(ranked)
        case Newest(reverse):
            close = [e for e in ranked if e.score >= ranked[0].score - NEWEST_AMONG]
            among = [_article(findings, e).published for e in close]
            places = [recency(_article(findings, e).published, among) for e in ranked]
            # The newest keeps its score, so that the confidence of an answer from it is as it was.
            gains = [NEWEST_WEIGHT * (-place if reverse else place - 1) for place in places]
        case Period():
            gains = [TIME_WEIGHT * fit(time, e.text, _article(findings, e).published) for e in ranked]
    moved = [replace(e, score=e.score + gain) for e, gain in zip(ranked, gains, strict=True)]
    return sorted(moved, key=lambda e: -e.score)


def _resolved(event: Event, ranked: Sequence[Excerpt]) -> Period | None:
    """The time before or after the event, by the best sentence that names it and a date."""
    subject = subject_of(event.name)
    if not subject:
        return None
    for excerpt in ranked:
        if subject_covered(subject, excerpt.sentence.terms) == 1:
            named = next(dates(excerpt.text), None)
            if named is not None:
                return when(event, named)
    return None


def _contrary(findings: Findings, ranked: Sequence[Excerpt], asked: str) -> Span | None:
    """A sentence of another article that gives another figure or date for what was asked."""
    expected = expected_answer(asked)
    if expected not in (Expected.NUMBER, Expected.TIME) or not ranked:
        return None
    best = ranked[0]
    if best.feature("subject covered around") < CONTRARY_COVERED:
        return None
    terms = frozenset(findings.question_terms)
    for other in ranked[1:]:
        if other.score < best.score - CONTRARY_SCORE:
            return None
        if (
            _article(findings, other) is not _article(findings, best)
            and other.feature("subject covered around") >= CONTRARY_COVERED
            and disagree(expected, terms, best.text, other.text)
        ):
            return Span(_article(findings, other), other.sentence.start, other.sentence.end)
    return None


def _article(findings: Findings, excerpt: Excerpt) -> Article:
    return findings.hits[excerpt.sentence.place].passage.article
