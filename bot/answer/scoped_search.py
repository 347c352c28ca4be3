"""The articles of one generation that somebody may see, and a search among them.

No article outside the scope can be reached through a `View`; only statistics of the whole index, such
as how common a word is, affect scores.
"""

from __future__ import annotations

from collections.abc import Sequence

from index.search import Findings, Searcher
from index.store import Snapshot
from index.types import Article, Hit, Scope

# Twice as many as are read closely: enough to name the nearest articles.
HITS = 32


class View:
    """One scope of one generation.  Thread-safe, and cheap to make."""

    def __init__(self, searcher: Searcher, scope: Scope) -> None:
        self.snapshot: Snapshot = searcher.snapshot
        self._searcher = searcher
        self._scope = scope
        self._articles: Sequence[Article] | None = None

    def find(self, question: str, focus: str | None = None) -> Findings:
        """Find as `Searcher.find` does, among what may be seen."""
        return self._searcher.find(question, HITS, self._scope, focus)

    def search(self, question: str, k: int) -> list[Hit]:
        """Search as `Searcher.search` does, among what may be seen."""
        return self._searcher.find(question, k, self._scope).hits[:k]

    def article(self, id: str) -> Article | None:
        """Return None if there is none of that id, and if it may not be seen, alike."""
        article = self.snapshot.article(id)
        if article is None or self._scope is None or article.collection in self._scope:
            return article
        return None

    def articles(self) -> Sequence[Article]:
        """Return all that may be seen; each is read when it is looked at."""
        if self._articles is None:
            self._articles = self.snapshot.articles(self._scope)
        return self._articles
