"""What says how sure an answer is: several signals of one search, for a calibrated probability.

Never from the order of the candidates alone, which says which is best and not whether it is good.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bot.excerpts import Excerpt, subject_covered, subject_of
from bot.linear import Matrix
from index.search import Findings

_OF_THE_BEST = (
    "cosine",
    "cosine above background",
    "cosine, weighted",
    "coverage",
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
    "passage cosine",
    "fits",
    "who: names",
    "when: dates",
    "how many: numbers",
    "where: place",
    "pronoun start",
    "terms",
)
_HIGHEST = (
    "cosine",
    "coverage",
    "coverage of content",
    "coverage with neighbours",
    "passage cosine",
    "passage score",
)
FEATURES = (
    "score",
    "score above second",
    "score above other articles",
    "dense weight",
    "question terms",
    "subject known",
    *(f"best: {name}" for name in _OF_THE_BEST),
    *(f"highest: {name}" for name in _HIGHEST),
)

# Stands for "nothing else was found" where a gap to the next candidate is asked for.
_WIDE_GAP = 5.0


def features(findings: Findings, ranked: Sequence[Excerpt]) -> Matrix:
    """Return shape `(1, len(FEATURES))` for excerpts, best first, of which there is at least one."""
    best = ranked[0]
    article = _article(findings, best)
    other = next((e for e in ranked if _article(findings, e) != article), None)
    row = [
        best.score,
        best.score - ranked[1].score if len(ranked) > 1 else _WIDE_GAP,
        best.score - other.score if other else _WIDE_GAP,
        findings.weight,
        float(len(findings.question_terms)),
        _subject_known(findings),
        *(best.feature(name) for name in _OF_THE_BEST),
        *(max(e.feature(name) for e in ranked) for name in _HIGHEST),
    ]
    return np.array([row], dtype=np.float32)


def _subject_known(findings: Findings) -> float:
    """Share of the subject's words that any sentence found holds."""
    held = frozenset().union(*(s.terms for s in findings.sentences))
    return subject_covered(subject_of(findings.question), held)


def _article(findings: Findings, excerpt: Excerpt) -> str:
    return findings.hits[excerpt.sentence.place].passage.article.id
