"""What somebody may see of one generation: the articles of some collections, and a search among them.

Nothing that lies outside reaches who looks through it; only figures of the whole index, such as how
common a word is, weigh what is found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bot.types import Scope
from index.generation import Generation
from index.search import Findings, Searcher
from index.types import Article, Hit, collection_of

Mask = npt.NDArray[np.bool_]

# Twice as many as are read closely: enough to name the nearest articles, and each costs 10 µs.
HITS = 32


class View:
    """Thread-safe, and cheap to make: 3 ms for 10,000 articles of 100,000 passages."""

    def __init__(self, searcher: Searcher, scope: Scope) -> None:
        self.generation: Generation = searcher.generation
        self._searcher = searcher
        self._scope = scope
        self._articles: list[Article] | None = None
        self._allowed = None if scope is None else _passages_in(searcher.generation, scope)

    def find(self, question: str, focus: str | None = None) -> Findings:
        """As `Searcher.find`, among what may be seen."""
        return self._searcher.find(question, HITS, self._allowed, focus)

    def search(self, question: str, k: int) -> list[Hit]:
        """As `Searcher.search`, among what may be seen."""
        return self._searcher.find(question, k, self._allowed).hits[:k]

    def article(self, id: str) -> Article | None:
        """None where there is none of that id, and where it may not be seen, alike."""
        article = self.generation.article(id)
        return article if article is not None and self._shows(article) else None

    def articles(self) -> Sequence[Article]:
        """All that may be seen; read from the disk when looked at."""
        if self._scope is None:
            return self.generation.articles
        if self._articles is None:
            self._articles = [article for article in self.generation.articles if self._shows(article)]
        return self._articles

    def _shows(self, article: Article) -> bool:
        return self._scope is None or article.collection in self._scope


def _passages_in(generation: Generation, collections: frozenset[str]) -> Mask:
    """Shape `(passages,)`."""
    sources = [source for segment in generation.segments for source in segment.sources]
    inside = np.array([collection_of(source.file) in collections for source in sources], dtype=np.bool_)
    if not len(inside):
        return np.zeros(len(generation.passages), dtype=np.bool_)
    return inside[generation.passages.article_numbers]
