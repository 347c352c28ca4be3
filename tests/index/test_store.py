"""What a search asks of a store, answered by this machine's segments and by a few dictionaries alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pytest

from index.chunking import context_text
from index.common_terms import smoothed_idf
from index.draft import GenerationDraft
from index.generation import Contents, Generation
from index.search import Searcher
from index.store import BACKGROUND_PASSAGES, Changing, Floats, Found, GenerationStore, Mask, Searchable
from index.terms import terms
from tests.index.test_draft import ENCODER, article, contents, generation

QUESTIONS = ("Where is the river of a 0?", "glacier copper violin", "moon", "nothing like it")


class RemoteStore:
    """An in-memory double of a store on another machine: dictionaries by passage, and plain formulas."""

    def __init__(self) -> None:
        self._passages: dict[tuple[str, int], tuple[Floats, list[str], Floats]] = {}

    def add(self, contents: Contents) -> None:
        for number, passage in enumerate(contents.passages):
            sentences = np.flatnonzero(contents.sentences[:, 0] == number)
            key = (passage.article.id, passage.start)
            assert key not in self._passages
            self._passages[key] = (
                contents.vectors.reconstruct(np.array([number]))[0],
                terms(context_text(passage)),
                contents.sentence_vectors.rows(sentences),
            )

    def remove(self, articles: Collection[str]) -> None:
        for key in [key for key in self._passages if key[0] in articles]:
            del self._passages[key]

    def opened(self, generation: Generation) -> RemoteGeneration:
        """With the numbers that `generation` gives the passages."""
        rows = [(passage.article.id, passage.start) for passage in generation.passages]
        assert set(rows) == set(self._passages)
        return RemoteGeneration(rows, [self._passages[key] for key in rows])


class RemoteGeneration:
    def __init__(self, keys: list[tuple[str, int]], passages: list[tuple[Floats, list[str], Floats]]) -> None:
        self._keys, self._passages = keys, passages
        self._bags = [Counter(words) for _, words, _ in passages]
        self._mean = sum(bag.total() for bag in self._bags) / len(passages)
        self.background = np.mean([vector for vector, _, _ in passages], axis=0).astype(np.float32)

    def idf(self, term: str) -> float:
        return smoothed_idf(term, sum(term in bag for bag in self._bags), len(self._bags))

    def find(self, vector: Floats, weights: Mapping[str, float], wanted: int, allowed: Mask | None) -> Found:
        rows = [n for n in range(len(self._keys)) if allowed is None or allowed[n]]
        cosine = {n: float(self._passages[n][0] @ vector) for n in rows}
        bm25 = {n: self._bm25(n, weights) for n in rows}
        dense = sorted(rows, key=lambda n: -cosine[n])[:wanted]
        lexical = sorted((n for n in rows if bm25[n] > 0), key=lambda n: -bm25[n])[:wanted]
        candidates = sorted({*dense, *lexical})
        beside = [
            [m if m in cosine and self._keys[m][0] == self._keys[n][0] else -1 for m in (n - 1, n + 1)]
            for n in candidates
        ]
        every = sorted({*candidates, *(m for pair in beside for m in pair if m >= 0)})
        place = {n: at for at, n in enumerate(every)} | {-1: -1}
        return Found(
            rows=np.array(every, np.int64),
            cosine=np.array([cosine[n] for n in every], np.float32),
            bm25=np.array([bm25[n] for n in every], np.float32),
            candidates=np.array([place[n] for n in candidates], np.int64),
            neighbours=np.array([[place[m] for m in pair] for pair in beside], np.int64).reshape(-1, 2),
        )

    def sentence_cosines(self, row: int, vector: Floats) -> Floats:
        return self._passages[row][2] @ vector

    def _bm25(self, row: int, weights: Mapping[str, float]) -> float:
        bag = self._bags[row]
        norm = 1.2 * (0.25 + 0.75 * bag.total() / self._mean)
        return sum(weight * bag[term] / (bag[term] + norm) for term, weight in weights.items())


@pytest.fixture
def both(tmp_path: Path) -> tuple[Generation, RemoteStore]:
    """The same changes made to both: articles added, one changed, one removed."""
    remote = RemoteStore()
    draft = GenerationDraft(tmp_path)
    for changing in (draft, remote):
        add(changing, "a", "b", "c", "dd")
    again = GenerationDraft(tmp_path, draft.finish())
    for changing in (again, remote):
        changing.remove(["b", "c"])
        changing.add(contents(article("c", 2, version=5)))
    return generation(again.finish()), remote


def add(changing: Changing, *names: str) -> None:
    changing.add(contents(*(article(name, 5) for name in names)))


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("hidden", [None, "a"])
def test_a_search_comes_to_the_same_over_either(
    both: tuple[Generation, RemoteStore], question: str, hidden: str | None
) -> None:
    local, remote = both
    stores: list[Searchable] = [GenerationStore(local), remote.opened(local)]
    allowed = None if hidden is None else np.array([p.article.id != hidden for p in local.passages])
    found, expected = (Searcher(local, ENCODER, store).find(question, 50, allowed) for store in stores)
    assert found.idf == expected.idf
    assert found.background == pytest.approx(expected.background, abs=1e-5)
    assert {hit.number for hit in found.hits} == {hit.number for hit in expected.hits}
    by_number = {hit.number: hit for hit in expected.hits}
    for hit in found.hits:
        other = by_number[hit.number]
        assert (hit.score, hit.cosine, hit.lexical) == pytest.approx(
            (other.score, other.cosine, other.lexical), abs=1e-5
        )


def test_the_background_does_not_depend_on_the_order_of_the_articles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.store.BACKGROUND_PASSAGES", 7)
    backgrounds = []
    for number, names in enumerate(("a b c d", "d b", "c d a b")):
        draft = GenerationDraft(tmp_path / str(number))
        for name in names.split():
            add(draft, name)
        backgrounds.append(GenerationStore(generation(draft.finish())).background)
    np.testing.assert_array_equal(backgrounds[0], backgrounds[2])
    assert (backgrounds[0] != backgrounds[1]).any()
    assert BACKGROUND_PASSAGES == 1_000
