"""Ranked sentences -> those that are quoted: few if one thing was asked, more if several were.

Pure; every span lies inside one article.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.answer.question import holds_identifier, identifiers
from bot.answer.ranking import LEAST_MARGIN, Candidate, subject_covered, subject_of
from index.rendering import context
from index.search import Findings
from index.terms import terms
from index.types import Article
from index.units import unit_at

MAX_QUOTES = 3
# A further sentence is quoted if its score is so close to the best.  See RESULTS.md, "Constants".
CLOSE_SCORE = 1.0
# A list is complete or wrong, so that more is quoted of it, from further down, if it adds names
# or numbers that are not in the quotes before.  See RESULTS.md, "Constants".
MAX_SEVERAL = 6
CLOSE_SCORE_OF_SEVERAL = 2.0
# An enumeration of three or more is a list, which counts more than a sentence with a better score.
_ENUMERATES = re.compile(r"\w[^,;:.]*,\s[^,;:.]+,?\s(?:and|or)\s\w|[^、]+、[^、]+[、和与及]")
LIST_SCORE = 2.5
LEAST_LISTED = 3
# A quote whose first word points back is quoted with the sentence before, up to this length.
MAX_JOINED_CHARS = 500
# Coverage, 0..1, from which a sentence is about one side of a comparison.
MIN_SIDE_COVERED = 0.5
# "Yes, every day." in two articles is a coincidence.
LEAST_COPIED_WORDS = 4
MAX_COPIES = 5
_POINTS_BACK = re.compile(
    r"[\"“‘'(]*(?:he|she|it|they|them|his|hers?|its|theirs?|this|these|those|that|both|such"
    r"|the (?:former|latter|company|firm|group|two|same))\b|[他她它这這该該其]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """One or two adjacent sentences of an article, to be quoted together."""

    article: Article
    start: int
    end: int
    answer: tuple[int, int] | None = None
    """Of the very words that answer, offsets into `article.text`."""
    part: str | None = None
    """The part of the question that it answers; None if there is one."""
    copies: tuple[Article, ...] = ()
    """Other articles that have it to the letter."""

    @property
    def text(self) -> str:
        return self.article.text[self.start : self.end]


def choose(findings: Findings, ranked: Sequence[Candidate]) -> list[Span]:
    """Return the best sentence and those close to it, without repeats, at most `MAX_QUOTES` sentences."""
    return _take(findings, ranked, MAX_QUOTES, CLOSE_SCORE, lambda candidate, spans: _answers(candidate))


def choose_several(findings: Findings, ranked: Sequence[Candidate]) -> list[Span]:
    """Return all that the list has: the best sentence, and those that add a name or a number to it."""
    asked = frozenset(findings.question_terms)
    # If the reader finds no answer in the best one, it has no say on the others.
    read = bool(ranked) and _answers(ranked[0])

    def adds(candidate: Candidate, spans: Sequence[Span]) -> bool:
        told = asked.union(*(terms(span.text) for span in spans))
        return (_answers(candidate) or not read) and _new_names(candidate, told) > 0

    return _take(findings, ranked, MAX_SEVERAL, CLOSE_SCORE_OF_SEVERAL, adds)


def list_first(findings: Findings, ranked: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates with the best one that enumerates in front, if one stands close."""
    asked = frozenset(findings.question_terms)
    for candidate in ranked:
        if candidate.score < ranked[0].score - LIST_SCORE:
            break
        if _ENUMERATES.search(candidate.text) and _new_names(candidate, asked) >= LEAST_LISTED:
            first = replace(candidate, score=ranked[0].score)
            return [first, *(other for other in ranked if other is not candidate)]
    return list(ranked)


def choose_from_each(findings: Findings, ranked: Sequence[Candidate]) -> list[Span]:
    """Return the best sentence of each article, as far as they are about the question at all."""

    def another_article(candidate: Candidate, spans: Sequence[Span]) -> bool:
        return all(candidate.article is not span.article for span in spans)

    return _take(findings, ranked, MAX_SEVERAL, CLOSE_SCORE_OF_SEVERAL, another_article)


def choose_sides(findings: Findings, ranked: Sequence[Candidate], sides: Sequence[str]) -> list[Span]:
    """Return the best sentence about each of the things compared, best first, and what stands close."""
    spans: list[Span] = []
    for side in sides:
        subject = subject_of(side) or (frozenset(terms(side)),)
        codes = identifiers(side)
        about = [
            e
            for e in ranked
            if subject_covered(subject, e.sentence.terms) >= MIN_SIDE_COVERED
            and all(holds_identifier(e.text, code) for code in codes)
        ]
        for candidate in about:
            span = _span(findings, candidate)
            if not any(same(span, other) for other in spans):
                spans.append(span)
                break
            if any(_covers(other, subject) for other in spans) and not codes:
                break  # one sentence speaks of both
    rest = [span for span in choose(findings, ranked) if not any(same(span, other) for other in spans)]
    return [*spans, *rest][:MAX_QUOTES]


def with_copies(findings: Findings, span: Span) -> Span:
    """Return the span with the other articles found that say the same to the letter.

    A row, a line or an answer says the same only below the same heads, label or question.
    """
    if len(span.text.split()) < LEAST_COPIED_WORDS:
        return span
    own = unit_at(span.article, span.start)
    told = context(own, span.article.text) if own else ()
    copies: list[Article] = []
    for article in dict.fromkeys(hit.passage.article for hit in findings.hits):
        start = article.text.find(span.text) if article is not span.article else -1
        if start < 0 or len(copies) >= MAX_COPIES:
            continue
        there = unit_at(article, start)
        if there is not None and there.start == start and context(there, article.text) == told:
            copies.append(article)
    return replace(span, copies=tuple(copies))


def points_back(text: str) -> bool:
    """Return whether a sentence begins with a word for what was named before it: "she", "this"."""
    return _POINTS_BACK.match(text) is not None


def _answers(candidate: Candidate) -> bool:
    """Return whether the reader finds an answer in it; nothing speaks against one that was not read."""
    return candidate.answer is None or candidate.margin >= LEAST_MARGIN


def same(span: Span, other: Span) -> bool:
    """Return whether two spans overlap, or hold the same words."""
    if span.article is other.article and span.start < other.end and other.start < span.end:
        return True
    return _words(span.text) == _words(other.text)


def _take(
    findings: Findings,
    ranked: Sequence[Candidate],
    most: int,
    close: float,
    fits: Callable[[Candidate, Sequence[Span]], bool],
) -> list[Span]:
    spans: list[Span] = []
    sentences = 0
    for candidate in ranked:
        if spans and (candidate.score < ranked[0].score - close or sentences >= most):
            break
        span = _span(findings, candidate)
        joined = 1 + (span.start < candidate.sentence.start)
        if sentences + joined > most:
            span, joined = replace(span, start=candidate.sentence.start), 1
        if any(same(span, other) for other in spans) or (spans and not fits(candidate, spans)):
            continue
        spans.append(span)
        sentences += joined
    return spans


def _span(findings: Findings, candidate: Candidate) -> Span:
    before = _sentence_before(findings, candidate)
    start = candidate.sentence.start if before is None else before
    answer = candidate.answer if _answers(candidate) else None
    return Span(candidate.article, start, candidate.sentence.end, answer)


def _sentence_before(findings: Findings, candidate: Candidate) -> int | None:
    """Return the start of the sentence before if the candidate does not stand alone without it, else None."""
    if not points_back(candidate.text):
        return None
    place = findings.sentences.index(candidate.sentence)
    if place == 0:
        return None
    before = findings.sentences[place - 1]
    text = candidate.article.text
    adjacent = (
        before.place == candidate.sentence.place and "\n" not in text[before.end : candidate.sentence.start]
    )
    return before.start if adjacent and candidate.sentence.end - before.start <= MAX_JOINED_CHARS else None


def _new_names(candidate: Candidate, told: frozenset[str]) -> int:
    """Return names and numbers in the sentence whose terms were not told yet."""
    words = (word.strip(".,;:!?()[]\"'“”‘’") for word in candidate.text.split()[1:])
    return sum(not told.issuperset(terms(word)) for word in words if word[:1].isupper() or word[:1].isdigit())


def _covers(span: Span, subject: Sequence[frozenset[str]]) -> bool:
    return subject_covered(subject, frozenset(terms(span.text))) >= MIN_SIDE_COVERED


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()
