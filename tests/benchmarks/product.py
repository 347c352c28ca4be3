"""The product as it ships, over the benchmark's collections."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from bot.answer.answerer import Answerer, AnswerOptions
from bot.answer.ranking import Judge, Weights
from bot.config import settings_from
from bot.types import Answers
from bot.wiring import open_reader
from index.encoders.any_model import DEFAULT_MODEL
from index.generation import Generation
from index.generations import FileStore
from index.search import Searcher
from index.types import Encoder, Reader
from tests.benchmarks.collection import Among, Collection, passages_of

LEFT_OUT = Path(__file__).with_name("left_out.json")
"""Written by `tests.benchmarks.fit`: for each set, the numbers that were fitted on all the others."""


def open_answers(collection: Collection, encoder: Encoder, weights: Weights | None = None) -> Answers:
    """Answer from a collection as the bot does, with its default settings.

    `weights` are those that ship if None.
    """
    return open_index(collection.data, collection.sources, encoder, weights)


def open_index(data: Path, sources: Path, encoder: Encoder, weights: Weights | None = None) -> Answers:
    """The same over any index and the folder that it was built of."""
    live = FileStore(data, encoder)
    reader = _reader(live.current())
    options = AnswerOptions(reader, weights=weights)
    return Answerer(live, encoder, sources, settings_from({}).balance, options)


def left_out_weights(name: str) -> Weights:
    """The numbers that were fitted on all sets but this one; those that ship if none were fitted on it."""
    named = json.loads(files("bot").joinpath("models", "weights.json").read_text("utf-8"))
    left_out = json.loads(LEFT_OUT.read_text("utf-8"))
    return Weights.of({how: left_out[how].get(name, numbers) for how, numbers in named.items()})


class SentenceRanker:
    """Ranks the sentences of one article of a collection, as an answer's quotes are ranked."""

    def __init__(self, collection: Collection, encoder: Encoder, weights: Weights | None = None) -> None:
        self._judge = Judge(_reader(collection.generation), weights=weights)
        self._generation, self._encoder = collection.generation, encoder
        self._articles = np.array([passage.article.id for passage in passages_of(collection.generation)])

    def scores(self, question: str, article: str) -> dict[int, float]:
        """Start of a sentence -> its score, of those that deserved a close look."""
        among = Among(self._generation, self._articles == article)
        findings = Searcher(among, self._encoder).find(question)
        return {found.sentence.start: found.score for found in self._judge.rank(findings, question)}


def _reader(generation: Generation) -> Reader | None:
    """None beside the encoders that tests make up."""
    return _shipped() if generation.manifest.model == DEFAULT_MODEL else None


@cache
def _shipped() -> Reader | None:
    return open_reader(settings_from({}))
