"""The answering side over a collection: the one place here that knows how it is put together."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot.answer.answerer import Answerer, open_confidence, open_model
from bot.config import settings_from
from bot.judging import Judge
from bot.types import Answers
from bot.wiring import open_reader
from index.embedding import DEFAULT_MODEL
from index.generation import Generation, LiveGeneration
from index.search import Searcher
from index.types import Encoder, Reranker
from tests.benchmarks.collection import Collection


def open_answers(collection: Collection, encoder: Encoder) -> Answers:
    """Answer from a collection as the bot does, with its default settings."""
    return open_index(collection.data, collection.sources, encoder)


def open_index(data: Path, sources: Path, encoder: Encoder) -> Answers:
    """The same over any index and the folder that it was built of."""
    live = LiveGeneration(data, encoder)
    return Answerer(live, encoder, sources, settings_from({}).balance, reader=_reader(live.get()))


class SentenceRanker:
    """Ranks the sentences of one article of a collection, as an answer's quotes are ranked."""

    def __init__(self, collection: Collection, encoder: Encoder) -> None:
        self._judge = Judge(open_model(), open_confidence(), reader=_reader(collection.generation))
        self._searcher = Searcher(collection.generation, encoder)
        self._articles = np.array([passage.article.id for passage in collection.generation.passages])

    def scores(self, question: str, article: str) -> dict[int, float]:
        """Start of a sentence -> its score, of those that deserved a close look."""
        findings = self._searcher.find(question, allowed=self._articles == article)
        return {found.sentence.start: found.score for found in self._judge.rank(findings, question)}


def _reader(generation: Generation) -> Reranker | None:
    """As the wiring has it: beside the packaged model alone."""
    return open_reader(settings_from({})) if generation.manifest.model == DEFAULT_MODEL else None
