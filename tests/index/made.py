"""Articles that are made up, with all that is worked out about them: what a draft is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from index.chunking import chunk, context_text
from index.manifest import Recipe
from index.types import Article, ChunkSettings
from index.writer import Contents, digests_of
from tests.fakes.encoder import HashingEncoder

ENCODER = HashingEncoder(dimension=16)
SIZES = ChunkSettings(4, 6)
RECIPE = Recipe(ENCODER.name, ENCODER.fingerprint, ENCODER.dimension, SIZES, "r")
WORDS = "river bread moon engine glacier harvest copper violin".split()


def article(name: str, passages: int, version: int = 0) -> Article:
    """One of so many passages; its id is that of a file in a folder if it has a slash."""
    lines = [f"The {WORDS[(n + version + len(name)) % 8]} of {name} {n}." for n in range(passages)]
    text = "\n\n".join(lines)
    return Article(name, f"{name}.md", text, f"On {name}", None, None, None, None, None, f"{name} {version}")


def contents(*articles: Article) -> Contents:
    passages, tables = [], []
    for one in articles:
        chunks = chunk(one, ENCODER.count_tokens, SIZES)
        tables.append(chunks.sentences + np.array([len(passages), 0, 0], np.int32))
        passages += chunks.passages
    sentences = np.concatenate(tables)
    texts = [passages[number].article.text[start:end] for number, start, end in sentences.tolist()]
    return Contents(
        articles=articles,
        passages=passages,
        sentences=sentences,
        contexts=[()] * len(sentences),
        vectors=ENCODER.encode_documents([context_text(p) for p in passages]),
        sentence_vectors=ENCODER.encode_documents(texts),
        sentence_digests=digests_of(texts),
    )


def spoken(made: Contents) -> list[str]:
    """The texts of the sentences."""
    return [made.passages[number].article.text[start:end] for number, start, end in made.sentences.tolist()]


def count(given: Sequence[Contents]) -> int:
    """How many sentences there are in all."""
    return sum(len(one.sentences) for one in given)
