"""Which sentences answer a question, and how sure that is, with the reranker and calibration in use.

A reranker's scores have a scale of its own.  So for the order they count relative to one another,
and for the confidence only as far as a calibration has learnt what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot import confidence as confidence_
from bot.calibration import Calibration
from bot.excerpts import Excerpt, excerpts
from bot.excerpts import in_context as with_context
from bot.linear import LinearModel, Matrix
from index.search import Findings
from index.types import Reranker, Scores

# The reranker reads so many of the best excerpts.  Of the tune questions of XQuAD in English, 98.7 %
# have the answer among 8 (97.0 % among 4, and 99.5 % among 16 at twice the time).
REREAD = 8
# Of the reranker's standardised score beside our own, until a calibration finds a better one.  With
# made-up rerankers on the same questions, one of pure noise takes 2 points from P@1 (.803) and one
# as good as our own order adds 7; at 1 that would be 8 and 10.
RERANKER_WEIGHT = 0.5
# A reranker whose scores of one question's excerpts have a smaller standard deviation than this, in
# log-odds, tells none from another: to standardise them would be to enlarge noise.
LEAST_SPREAD = 0.1

# The small reader that ships reads the best sentences that are this close to the first, where there
# are at least two.  Held-out tune questions whose first sentence answers, of 196: 157 without it, and
# at a weight of .5 of its log-odds 158 within 1 and 161 within 1.5, 2 or without a limit.  Within 1 it
# reads for a quarter of the questions, so that half of all wait for nothing; within 1.5, for 41 %.
READ = 3
READ_WITHIN = 1.0
READER_WEIGHT = 0.5
# Log-odds of a confidence of .1.  Below, nothing is shown whatever the reader would say: among
# passages that do not answer at all scores lie close, and it would be asked nine times in ten.
READER_LEAST_MARGIN = -2.2
# It was trained in English.  Where the dense side is worth no more than this, the embedding model
# does not know the language of the question, and neither does the reader.
READER_LEAST_DENSE = 0.2

RERANKER_FEATURES = ("reranker: best", "reranker: highest")
FEATURES = (*confidence_.FEATURES, *RERANKER_FEATURES)
"""What a calibration may weigh.  Without a reranker, its two are 0."""


class Judge:
    """Ranks sentences and says how sure it is, always with the same models.  Thread-safe as they are."""

    def __init__(
        self,
        ranking: LinearModel,
        confidence: LinearModel,
        reranker: Reranker | None = None,
        calibration: Calibration | None = None,
        reader: Reranker | None = None,
    ) -> None:
        """`calibration` must be the one for these models; `reader` is asked where there is no reranker."""
        self._reader = reader
        self._ranking = ranking
        self._confidence = confidence
        self._reranker = reranker
        self._calibration = calibration
        self._weight = RERANKER_WEIGHT if calibration is None else calibration.reranker_weight

    def rank(self, findings: Findings, asked: str) -> list[Excerpt]:
        """Return the candidate sentences, best first; `asked` as for `bot.excerpts.excerpts`."""
        ranked = excerpts(findings, asked, self._ranking)
        if self._reranker is None:
            return ranked if self._reader is None else read(findings, ranked, self._reader, self._confidence)
        return combined(reread(findings, ranked, self._reranker), self._weight)

    def sure(self, findings: Findings, ranked: Sequence[Excerpt]) -> float:
        """Return the probability, 0..1, that the best of what `rank` returned answers the question."""
        if not ranked:
            return 0.0
        found = evidence(findings, ranked)
        margin = shipped_margins(self._confidence, found)
        if self._calibration is not None:
            margin = self._calibration.margins(margin, found, FEATURES)
        # By tanh, which does not overflow.
        return float(0.5 * (1 + np.tanh(0.5 * margin[0])))


def read(
    findings: Findings, ranked: Sequence[Excerpt], reader: Reranker, confidence: LinearModel
) -> list[Excerpt]:
    """The excerpts in a new order, where the reader that ships prefers another of the best.

    Its favourite keeps its score and the others lose, as with a reranker.  `confidence` is the one that
    ships, without any calibration: an order must not depend on what was fitted to it.
    """
    close = [e for e in ranked[:READ] if e.score >= ranked[0].score - READ_WITHIN]
    if len(close) < 2 or findings.weight < READER_LEAST_DENSE:
        return list(ranked)
    if shipped_margins(confidence, evidence(findings, ranked))[0] < READER_LEAST_MARGIN:
        return list(ranked)
    texts = [with_context(findings, excerpt) for excerpt in close]
    # Of an article that several places published, the same sentence comes several times.
    distinct = list(dict.fromkeys(texts))
    if len(distinct) < 2:
        return list(ranked)
    of_text = dict(zip(distinct, reader.scores(findings.question, distinct), strict=True))
    scores = np.array([of_text[text] for text in texts])
    lost = READER_WEIGHT * (scores.max() - scores)
    both = [replace(e, score=e.score - float(loss)) for e, loss in zip(close, lost, strict=True)]
    return sorted([*both, *ranked[len(close) :]], key=lambda e: -e.score)


def reread(findings: Findings, ranked: Sequence[Excerpt], reranker: Reranker) -> list[Excerpt]:
    """The same excerpts in the same order, the first `REREAD` with the reranker's score."""
    first = ranked[:REREAD]
    scores = reranker.scores(findings.question, [in_context(findings, excerpt) for excerpt in first])
    read = [replace(e, reranker=float(score)) for e, score in zip(first, scores, strict=True)]
    return [*read, *ranked[REREAD:]]


def in_context(findings: Findings, excerpt: Excerpt) -> str:
    """An excerpt behind its article's title and the sentence before in its paragraph, which says who "it" is.

    The sentence after explains less, and would make two neighbours almost the same text.
    """
    sentence = excerpt.sentence
    article = findings.hits[sentence.place].passage.article
    place = findings.sentences.index(sentence)
    start = sentence.start
    if place and findings.sentences[place - 1].place == sentence.place:
        before = findings.sentences[place - 1]
        start = start if "\n\n" in article.text[before.end : start] else before.start
    return " ".join(f"{article.title}. {article.text[start : sentence.end]}".split())


def combined(ranked: Sequence[Excerpt], weight: float) -> list[Excerpt]:
    """Excerpts that were reread, in the order of both scores.

    The reranker's favourite keeps its score and the others lose, so that no question looks better
    answered for having been read twice; those that were not read lose as much as the worst that was.
    """
    read = np.array([e.reranker for e in ranked if e.reranker is not None], np.float64)
    if not len(read):
        return list(ranked)
    best, worst, spread = read.max(), read.min(), max(read.std(), LEAST_SPREAD)
    lost = [(best - (worst if e.reranker is None else e.reranker)) / spread for e in ranked]
    both = [replace(e, score=e.score - weight * float(loss)) for e, loss in zip(ranked, lost, strict=True)]
    return sorted(both, key=lambda e: -e.score)


def evidence(findings: Findings, ranked: Sequence[Excerpt]) -> Matrix:
    """Shape `(1, len(FEATURES))` for excerpts, best first, of which there is at least one."""
    read = [e.reranker for e in ranked if e.reranker is not None]
    best = ranked[0].reranker
    opinion = (min(read, default=0.0) if best is None else best, max(read, default=0.0))
    row = confidence_.features(findings, ranked)
    return np.hstack([row, np.array([opinion], np.float32)])


def shipped_margins(confidence: LinearModel, rows: Matrix) -> Scores:
    """The log-odds of rows of `FEATURES` by the confidence that ships, which knows of no reranker."""
    return confidence.margins(rows[:, : len(confidence_.FEATURES)])
