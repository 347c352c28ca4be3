"""The answering side over a collection: the one place here that knows how it is put together."""

from __future__ import annotations

import numpy as np

from bot.answering import Answerer, open_model
from bot.config import settings_from
from bot.excerpts import excerpts
from bot.types import Answers
from index.generation import LiveGeneration
from index.search import Searcher
from index.types import Encoder
from tests.benchmarks.collection import Collection


def open_answers(collection: Collection, encoder: Encoder) -> Answers:
    """Answer from a collection as the bot does, with its default settings."""
    live = LiveGeneration(collection.data, encoder)
    return Answerer(live, encoder, collection.sources, settings_from({}).balance)


class SentenceRanker:
    """Ranks the sentences of one article of a collection, as an answer's quotes are ranked."""

    def __init__(self, collection: Collection, encoder: Encoder) -> None:
        self._searcher = Searcher(collection.generation, encoder)
        self._articles = np.array([passage.article.id for passage in collection.generation.passages])

    def scores(self, question: str, article: str) -> dict[int, float]:
        """Start of a sentence -> its score, of those that deserved a close look."""
        findings = self._searcher.find(question, allowed=self._articles == article)
        return {found.sentence.start: found.score for found in excerpts(findings, question, open_model())}
