"""Questions with known answers -> searches that are known to be right or wrong, for a calibration.

Each question with an answer is searched twice: as it is, and with every article that answers shut
out, which makes the hardest questions without an answer, about the very same things.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bot.answer.find import chosen, timed
from bot.answer.times import asked_time
from bot.calibration import Models, models_of
from bot.evaluation import Question, holds_words
from bot.excerpts import Excerpt, excerpts
from bot.fitting import WEIGHTS, Case, View
from bot.judging import combined, evidence, read, reread, shipped_margins
from bot.linear import LinearModel
from index.search import Findings, Mask, Searcher
from index.types import Encoder, Reranker


class Observer:
    """Searches as an answer does, with the models of a calibration to be."""

    def __init__(
        self,
        searcher: Searcher,
        ranking: LinearModel,
        confidence: LinearModel,
        encoder: Encoder,
        reranker: Reranker | None = None,
        today: Callable[[], datetime.date] = datetime.date.today,
        reader: Reranker | None = None,
    ) -> None:
        """`ranking` and `confidence` are those that ship, which a calibration corrects."""
        self._searcher = searcher
        self._ranking = ranking
        self._confidence = confidence
        self._encoder = encoder
        self._reranker = reranker
        self._reader = reader
        self._today = today
        self._passages: dict[str, list[int]] = {}
        for number, passage in enumerate(searcher.generation.passages):
            self._passages.setdefault(passage.article.id, []).append(number)

    @property
    def models(self) -> Models:
        """What the calibration will hold for."""
        return models_of(self._encoder, self._reranker)

    def cases(self, question: Question) -> Iterator[Case]:
        """Yield the searches of one question that say something: none to two.

        Where another article quotes the expected words too, it may answer as well, so that nothing
        is known of the search with the expected article shut out.
        """
        expected = [number for id in question.articles for number in self._passages.get(id, ())]
        # An expected article that is not in the index is not there to be found.
        if expected or not question.articles:
            yield from self._case(question, None)
        if expected:
            others = np.ones(len(self._searcher.generation.passages), bool)
            others[expected] = False
            without = self._case(question, others)
            yield from (case for case in without if not any(view.right for view in case.views))

    def _case(self, question: Question, allowed: Mask | None) -> Iterator[Case]:
        """One case, or none where nothing at all was found."""
        asked = " ".join(question.text.split())
        findings = self._searcher.find(asked, allowed=allowed)
        ranked = excerpts(findings, asked, self._ranking)
        if not ranked:
            return
        if self._reranker is not None:
            ranked = reread(findings, ranked, self._reranker)
        elif self._reader is not None:
            ranked = read(findings, ranked, self._reader, self._confidence)
        weights = WEIGHTS[:1] if self._reranker is None else WEIGHTS
        yield Case(
            question=question.line,
            answerable=bool(question.articles) and allowed is None,
            views=tuple(self._view(findings, combined(ranked, w), question, asked) for w in weights),
        )

    def _view(self, findings: Findings, ranked: Sequence[Excerpt], question: Question, asked: str) -> View:
        order_loss = _order_loss(findings, ranked, question)
        ranked = timed(findings, ranked, asked_time(asked, self._today()))
        row = evidence(findings, ranked)
        quoted = [(span.article.id, span.text) for span in chosen(findings, ranked, asked)]
        return View(
            row=tuple(row[0].tolist()),
            margin=float(shipped_margins(self._confidence, row)[0]),
            right=_right(question, quoted),
            order_loss=order_loss,
        )


def _right(question: Question, quoted: Sequence[tuple[str, str]]) -> bool:
    """Whether quotes answer: they hold the expected words or, where none are known, cite the article."""
    if not question.articles:
        return False
    if question.words:
        return holds_words([text for _, text in quoted], question.words)
    return any(id in question.articles for id, _ in quoted)


def _order_loss(findings: Findings, ranked: Sequence[Excerpt], question: Question) -> float | None:
    """Of a softmax over the scores, in nats; None where no sentence is known to be right by itself."""
    right = [
        findings.hits[e.sentence.place].passage.article.id in question.articles
        and holds_words([e.text], question.words)
        for e in ranked
    ]
    if not question.words or not any(right):
        return None
    scores = np.array([e.score for e in ranked], np.float64)
    return float(np.logaddexp.reduce(scores) - np.logaddexp.reduce(scores[np.array(right)]))
