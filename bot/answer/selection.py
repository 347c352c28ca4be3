"""Ranked sentences -> those that are quoted: few where one thing was asked, more where several were.

Pure; every span lies inside one article.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.excerpts import Excerpt, subject_covered, subject_of
from index.search import Findings
from index.tokens import terms
from index.types import Article

MAX_QUOTES = 3
# A further sentence is quoted where its score is so close to the best.  0.3 to 1 are equal on the
# chunking corpora (IoU .39); at 1 an answer has 1.3 quotes on average.
CLOSE_SCORE = 1.0
# A list is complete or wrong, so that more is quoted of it, from further down, where it adds names
# or numbers that are not in the quotes before.  On the 192 list questions of the tune chunking
# corpora, recall .574 against .469 at an equal IoU (.36); at 2.5 the IoU falls to .33.
MAX_SEVERAL = 6
CLOSE_SCORE_OF_SEVERAL = 2.0
# A quote whose first word points back is quoted with the sentence before, up to this length.
MAX_JOINED_CHARS = 500
# A side of a comparison is quoted where a sentence is about it at all.
MIN_SIDE_COVERED = 0.5


@dataclass(frozen=True, slots=True)
class Span:
    """One or two adjacent sentences of an article, to be quoted together."""

    article: Article
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.article.text[self.start : self.end]


def choose(findings: Findings, ranked: Sequence[Excerpt]) -> list[Span]:
    """Return the best sentence and those close to it, without repeats, at most `MAX_QUOTES` sentences."""
    return _take(findings, ranked, MAX_QUOTES, CLOSE_SCORE, lambda excerpt, spans: True)


def choose_several(findings: Findings, ranked: Sequence[Excerpt]) -> list[Span]:
    """Return all that the list has: the best sentence, and those that add a name or a number to it."""
    asked = frozenset(findings.question_terms)

    def adds(excerpt: Excerpt, spans: Sequence[Span]) -> bool:
        if excerpt.score >= ranked[0].score - CLOSE_SCORE:
            return True
        told = asked.union(*(terms(span.text) for span in spans))
        return excerpt.found.names + excerpt.found.numbers > 0 and _new_names(excerpt, told) > 0

    return _take(findings, ranked, MAX_SEVERAL, CLOSE_SCORE_OF_SEVERAL, adds)


def choose_from_each(findings: Findings, ranked: Sequence[Excerpt]) -> list[Span]:
    """Return the best sentence of each article, as far as they are about the question at all."""

    def another_article(excerpt: Excerpt, spans: Sequence[Span]) -> bool:
        return all(_article(findings, excerpt) is not span.article for span in spans)

    return _take(findings, ranked, MAX_SEVERAL, CLOSE_SCORE_OF_SEVERAL, another_article)


def choose_sides(findings: Findings, ranked: Sequence[Excerpt], sides: Sequence[str]) -> list[Span]:
    """Return the best sentence about each of the things compared, best first, and what stands close."""
    spans: list[Span] = []
    for side in sides:
        subject = subject_of(side) or (frozenset(terms(side)),)
        about = [e for e in ranked if subject_covered(subject, e.sentence.terms) >= MIN_SIDE_COVERED]
        for excerpt in about:
            span = _span(findings, excerpt)
            if not any(same(span, other) for other in spans):
                spans.append(span)
                break
            if any(_covers(other, subject) for other in spans):
                break  # one sentence speaks of both
    rest = [span for span in choose(findings, ranked) if not any(same(span, other) for other in spans)]
    return [*spans, *rest][:MAX_QUOTES]


def same(span: Span, other: Span) -> bool:
    """Whether two spans overlap, or hold the same words."""
    if span.article is other.article and span.start < other.end and other.start < span.end:
        return True
    return _words(span.text) == _words(other.text)


def _take(
    findings: Findings,
    ranked: Sequence[Excerpt],
    most: int,
    close: float,
    fits: Callable[[Excerpt, Sequence[Span]], bool],
) -> list[Span]:
    spans: list[Span] = []
    sentences = 0
    for excerpt in ranked:
        if spans and (excerpt.score < ranked[0].score - close or sentences >= most):
            break
        span = _span(findings, excerpt)
        joined = 1 + (span.start < excerpt.sentence.start)
        if sentences + joined > most:
            span, joined = Span(span.article, excerpt.sentence.start, span.end), 1
        if any(same(span, other) for other in spans) or (spans and not fits(excerpt, spans)):
            continue
        spans.append(span)
        sentences += joined
    return spans


def _span(findings: Findings, excerpt: Excerpt) -> Span:
    before = _sentence_before(findings, excerpt)
    start = excerpt.sentence.start if before is None else before
    return Span(_article(findings, excerpt), start, excerpt.sentence.end)


def _sentence_before(findings: Findings, excerpt: Excerpt) -> int | None:
    """Where the sentence before begins, if the excerpt would not stand alone without it."""
    if not excerpt.found.pronoun_start:
        return None
    place = findings.sentences.index(excerpt.sentence)
    if place == 0:
        return None
    before = findings.sentences[place - 1]
    text = _article(findings, excerpt).text
    adjacent = (
        before.place == excerpt.sentence.place and "\n" not in text[before.end : excerpt.sentence.start]
    )
    return before.start if adjacent and excerpt.sentence.end - before.start <= MAX_JOINED_CHARS else None


def _new_names(excerpt: Excerpt, told: frozenset[str]) -> int:
    """Names and numbers in the sentence whose terms were not told yet."""
    words = (word.strip(".,;:!?()[]\"'“”‘’") for word in excerpt.text.split()[1:])
    return sum(not told.issuperset(terms(word)) for word in words if word[:1].isupper() or word[:1].isdigit())


def _covers(span: Span, subject: Sequence[frozenset[str]]) -> bool:
    return subject_covered(subject, frozenset(terms(span.text))) >= MIN_SIDE_COVERED


def _article(findings: Findings, excerpt: Excerpt) -> Article:
    return findings.hits[excerpt.sentence.place].passage.article


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()
