"""Which sentences answer the question: features of each candidate, and their learned score.

Pure: everything is read from the `Findings` of one search.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bot.expected import Contents, Expected, contents, expected_answer, fits
from bot.linear import LinearModel, Matrix
from index.common_terms import is_common
from index.reader import SEPARATOR
from index.search import Findings, Sentence
from index.tokens import terms

# The sentences that look best at first sight are looked at closely.  The answer is beyond the
# 24th in 0.5 % of the tune questions in English (40th: 0.2 %), at little more than half the time.
CLOSE_LOOK = 24

FEATURES = (
    "cosine",
    "cosine below best",
    "cosine above background",
    "cosine, weighted",
    "cosine below best, weighted",
    "coverage",
    "coverage below best",
    "coverage of content",
    "coverage with neighbours",
    "coverage with headings",
    "subject covered",
    "subject covered around",
    "coverage of adjacent pairs",
    "rarest term covered",
    "rarest term in the context",
    "best cosine of neighbours",
    "passage score",
    "passage score below best",
    "passage rank",
    "passage cosine",
    "fits",
    "who: names",
    "when: dates",
    "when: numbers",
    "how many: numbers",
    "how many: money or share",
    "where: place",
    "where: names",
    "why: reason",
    "how: manner",
    "what: names",
    "what: numbers",
    "new numbers",
    "new dates",
    "new names",
    "pronoun start",
    "is question",
    "terms",
    "new terms",
    "position",
    "first in passage",
)

_PLACE_OF = {name: place for place, name in enumerate(FEATURES)}


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A candidate sentence.  `score` orders those of one question and no others."""

    sentence: Sentence
    text: str
    score: float
    features: Matrix
    """Shape `(len(FEATURES),)`."""
    found: Contents
    reranker: float | None = None
    """Score of the reranker, on its own scale; None where it did not read this one, or there is none."""

    def feature(self, name: str) -> float:
        return float(self.features[_PLACE_OF[name]])


def excerpts(findings: Findings, asked: str, model: LinearModel) -> list[Excerpt]:
    """Return the candidate sentences, best first.

    `asked` is the question as it was put, which says what kind of answer is expected; the
    findings may come from a longer one, with the subject of the conversation in it.
    """
    chosen = candidates(findings)
    if not chosen:
        return []
    matrix, found = features(findings, asked, chosen)
    ranked = [
        Excerpt(
            findings.sentences[i], sentence_text(findings, findings.sentences[i]), float(score), row, held
        )
        for i, score, row, held in zip(chosen, model.margins(matrix), matrix, found, strict=True)
    ]
    return sorted(ranked, key=lambda e: -e.score)


def candidates(findings: Findings) -> list[int]:
    """Places in `findings.sentences` that deserve a close look, in order of place."""
    hits = findings.hits
    glance = [
        0.6 * s.coverage + (0.2 + findings.weight) * s.cosine + 0.5 * hits[s.place].score
        for s in findings.sentences
    ]
    best = np.argsort(-np.array(glance), kind="stable")[:CLOSE_LOOK]
    return sorted(int(i) for i in best)


def sentence_text(findings: Findings, sentence: Sentence) -> str:
    return findings.hits[sentence.place].passage.article.text[sentence.start : sentence.end]


def in_context(findings: Findings, excerpt: Excerpt) -> str:
    """The sentence, and behind a mark what a reader needs to understand it.

    That is the article's title, and the sentence before where it begins with a word that points back.
    """
    title = findings.hits[excerpt.sentence.place].passage.article.title
    context = [title]
    if excerpt.found.pronoun_start:
        place = findings.sentences.index(excerpt.sentence)
        if place and findings.sentences[place - 1].place == excerpt.sentence.place:
            context.append(sentence_text(findings, findings.sentences[place - 1]))
    return " ".join(excerpt.text.split()) + SEPARATOR + " ".join(". ".join(context).split())


def features(findings: Findings, asked: str, chosen: Sequence[int]) -> tuple[Matrix, list[Contents]]:
    """Return a matrix of shape `(len(chosen), len(FEATURES))`, and what each sentence holds."""
    question = _Question(findings, asked)
    rows, found = [], []
    for i in chosen:
        row, held = _row(findings, question, i)
        rows.append(row)
        found.append(held)
    return np.array(rows, dtype=np.float32).reshape(-1, len(FEATURES)), found


class _Question:
    """What all sentences are compared with, worked out once."""

    def __init__(self, findings: Findings, asked: str) -> None:
        idf = findings.idf
        self.asked = frozenset(findings.question_terms)
        self.mass = sum(idf.values()) or 1.0
        # Terms that are common everywhere carry the grammar of the question, not its subject.
        middle = float(np.median(list(idf.values()))) if idf else 0.0
        self.content = {t: w for t, w in idf.items() if w >= 0.7 * middle}
        self.content_mass = sum(self.content.values()) or 1.0
        held_somewhere = set().union(*(s.terms for s in findings.sentences)) if findings.sentences else set()
        known = [t for t in findings.question_terms if t in held_somewhere]
        self.rarest = max(known, key=lambda t: idf[t], default=None)
        in_order = [t for t in terms(findings.question) if not t.startswith("^")]
        self.subject = subject_of(findings.question)
        self.pairs = set(pairwise(in_order))
        self.expected = expected_answer(asked)
        self.is_ = {kind: float(self.expected is kind) for kind in Expected}
        self.best_cosine = max((s.cosine for s in findings.sentences), default=0.0)
        self.best_coverage = max((s.coverage for s in findings.sentences), default=0.0)
        self.headings = {
            place: frozenset(terms(f"{h.passage.article.title} {h.passage.heading or ''}"))
            for place, h in enumerate(
                findings.hits[: 1 + max((s.place for s in findings.sentences), default=-1)]
            )
        }

    def coverage(self, idf: dict[str, float], held: frozenset[str], mass: float) -> float:
        return sum(w for t, w in idf.items() if t in held) / mass


def subject_of(question: str) -> tuple[frozenset[str], ...]:
    """For each word that says what the question is about, its stem and prefix: either will do."""
    words = [frozenset(terms(word)) for word in question.split()]
    return tuple(word for word in words if word and not any(is_common(term) for term in word))


def subject_covered(subject: Sequence[frozenset[str]], held: frozenset[str]) -> float:
    """Share of the subject's words that `held` has, 0..1; 1 where the question has no subject."""
    return sum(not held.isdisjoint(word) for word in subject) / len(subject) if subject else 1.0


def _row(findings: Findings, question: _Question, i: int) -> tuple[list[float], Contents]:
    sentence = findings.sentences[i]
    hit = findings.hits[sentence.place]
    text = sentence_text(findings, sentence)
    held = sentence.terms
    around = [
        findings.sentences[j]
        for j in (i - 1, i + 1)
        if 0 <= j < len(findings.sentences) and findings.sentences[j].place == sentence.place
    ]
    context = held.union(*(s.terms for s in around))
    headings = question.headings[sentence.place]
    in_order = [t for t in sentence.in_order if not t.startswith("^")]
    pairs = set(pairwise(in_order))
    expected = question.expected
    what = contents(text, question.asked, expected)
    first = i == 0 or findings.sentences[i - 1].place != sentence.place
    is_ = question.is_
    below_best = sentence.cosine - question.best_cosine
    named, numbered = float(what.names > 0), float(what.numbers > 0)
    return [
        sentence.cosine,
        below_best,
        sentence.cosine - findings.background,
        sentence.cosine * findings.weight,
        below_best * findings.weight,
        sentence.coverage,
        sentence.coverage - question.best_coverage,
        question.coverage(question.content, held, question.content_mass),
        question.coverage(findings.idf, context, question.mass),
        question.coverage(findings.idf, held | headings, question.mass),
        subject_covered(question.subject, held),
        subject_covered(question.subject, context | headings),
        len(question.pairs & pairs) / (len(question.pairs) or 1),
        float(question.rarest in held),
        float(question.rarest in context or question.rarest in headings),
        max((s.cosine for s in around), default=0.0),
        hit.score,
        hit.score - findings.hits[0].score,
        math.log1p(sentence.place),
        hit.cosine,
        fits(expected, what),
        is_[Expected.PERSON] * named,
        is_[Expected.TIME] * (what.dates > 0),
        is_[Expected.TIME] * numbered,
        is_[Expected.NUMBER] * numbered,
        is_[Expected.NUMBER] * what.money_or_share,
        is_[Expected.PLACE] * what.kind,
        is_[Expected.PLACE] * named,
        is_[Expected.REASON] * what.kind,
        is_[Expected.MANNER] * what.kind,
        is_[Expected.THING] * named,
        is_[Expected.THING] * numbered,
        min(what.numbers, 4),
        min(what.dates, 4),
        min(what.names, 6),
        float(what.pronoun_start),
        float(what.is_question),
        math.log1p(len(held)),
        math.log1p(len(held - question.asked)),
        (sentence.start - hit.passage.start) / max(1, hit.passage.end - hit.passage.start),
        float(first),
    ], what
