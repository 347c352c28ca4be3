"""What holds for every store of the index; each way to keep one is a parameter of `store`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from index.chunking import context_text
from index.common_terms import smoothed_idf
from index.generations import FileStore
from index.manifest import MissingGeneration
from index.postgresql.store import PostgresStore
from index.search import Searcher
from index.store import Snapshot, Store
from index.terms import terms
from index.types import Article, FootnoteError, Scores, Vectors
from index.writer import digest
from tests.index.made import ENCODER, RECIPE, article, contents, count, spoken

# Article and start of a passage.
Place = tuple[str, int]
QUESTIONS = ("Where is the river of a 0?", "glacier copper violin", "moon", "nothing like it")
FIRST = (article("a", 5), article("b", 3), article("notes/c", 4), article("notes/d", 2), article("x/e", 1))
CHANGED = article("notes/c", 2, version=5)


@pytest.fixture(params=["files", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "files":
        yield FileStore(tmp_path / "data", ENCODER, check_seconds=0.01)
        return
    made = PostgresStore(request.getfixturevalue("index_database")).for_model(ENCODER)
    yield made
    made.close()


@pytest.fixture
def filled(store: Store) -> Store:
    """A first generation, and one after it that lost an article and has another version of one."""
    write(store, FIRST)
    write(store, [CHANGED], keep=["a", "notes/d", "x/e"])
    return store


def write(
    store: Store, articles: Sequence[Article], keep: Sequence[str] = (), stale: dict[str, str] | None = None
) -> str:
    """Commit a generation of some articles of the last one and of new ones, in two batches."""
    given = [contents(one) for one in articles]
    with store.draft(3, 5) as draft:
        draft.begin(RECIPE, keep, count(given))
        for one in given:
            draft.add(one)
        snapshot = draft.finish(stale or {})
        draft.commit()
    return snapshot.id


def latest(store: Store) -> Snapshot:
    """The generation that a machine sees which looks at the store for the first time."""
    store.refresh()
    return store.current()


class Oracle:
    """What a search comes to, by plain formulas over the articles themselves."""

    def __init__(self, articles: Sequence[Article]) -> None:
        made = [contents(one) for one in articles]
        self.passages = [passage for one in made for passage in one.passages]
        self.vectors = np.concatenate([one.vectors for one in made])
        self._bags = [Counter(terms(context_text(passage))) for passage in self.passages]
        self._mean = sum(bag.total() for bag in self._bags) / len(self._bags)

    def weight(self, term: str) -> float:
        return smoothed_idf(term, sum(term in bag for bag in self._bags), len(self._bags))

    def scores(self, vector: Vectors, weights: dict[str, float]) -> dict[Place, tuple[float, float]]:
        """Article and start of each passage -> cosine and BM25."""
        found = {}
        for passage, own, bag in zip(self.passages, self.vectors, self._bags, strict=True):
            norm = 1.2 * (0.25 + 0.75 * bag.total() / self._mean)
            bm25 = sum(weight * bag[term] / (bag[term] + norm) for term, weight in weights.items())
            found[passage.article.id, passage.start] = (float(own @ vector), bm25)
        return found


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("scope", [None, frozenset({"notes"}), frozenset({"", "x"}), frozenset({"none"})])
@pytest.mark.parametrize("wanted", [3, 50])
def test_the_best_of_both_sides_are_found_with_exact_scores(
    filled: Store, question: str, scope: frozenset[str] | None, wanted: int
) -> None:
    oracle = Oracle([FIRST[0], CHANGED, FIRST[3], FIRST[4]])
    snapshot = latest(filled)
    vector = ENCODER.encode_questions([question])[0]
    weights = dict(snapshot.weights(dict.fromkeys(terms(question))))
    assert weights == pytest.approx({term: oracle.weight(term) for term in weights})
    found = snapshot.find(vector, weights, wanted, scope)
    read = snapshot.read(found.keys.tolist(), vector)
    places = [(one.passage.article.id, one.passage.start) for one in read]
    expected = {
        place: scores
        for place, scores in oracle.scores(vector, weights).items()
        if scope is None or place[0].rpartition("/")[0] in scope
    }
    assert set(places) <= set(expected)
    for place, cosine, bm25 in zip(places, found.cosine.tolist(), found.bm25.tolist(), strict=True):
        assert (cosine, bm25) == pytest.approx(expected[place], abs=1e-3)
    candidates = {places[at] for at in found.candidates.tolist()}
    for side in (0, 1):
        best = sorted((scores[side] for scores in expected.values()), reverse=True)[:wanted]
        least = best[-1] if best else 0.0
        sure = {
            place
            for place, scores in expected.items()
            if scores[side] > least + 1e-3 or (len(best) < wanted and scores[side] > (0 if side else -2))
        }
        assert sure <= candidates
    for at, (before, after) in zip(found.candidates.tolist(), found.neighbours.tolist(), strict=True):
        id, start = places[at]
        own = sorted(place for place in expected if place[0] == id)
        number = own.index((id, start))
        assert (places[before] if before >= 0 else None) == (own[number - 1] if number else None)
        assert (places[after] if after >= 0 else None) == (own[number + 1] if number + 1 < len(own) else None)


def test_passages_are_read_with_the_cosines_of_their_sentences(filled: Store) -> None:
    snapshot = latest(filled)
    vector = ENCODER.encode_questions(["the river"])[0]
    keys = snapshot.passages_of(["a", "notes/c"]).tolist()
    assert len(keys) == len(contents(FIRST[0], CHANGED).passages)
    assert snapshot.passages_of(["b", "nothing"]).tolist() == []
    for key, one in zip(reversed(keys), snapshot.read(keys[::-1], vector), strict=True):
        assert key in keys
        text = one.passage.article.text
        sentences = [text[start:end] for start, end in one.spans.tolist()]
        cosines: Scores = ENCODER.encode_documents(sentences) @ vector
        np.testing.assert_allclose(one.cosines, cosines, atol=1e-3)
        assert one.contexts == [()] * len(sentences)
        assert (one.spans[0][0], one.spans[-1][1]) == (one.passage.start, one.passage.end)


def test_articles_are_listed_by_file_and_by_collection(filled: Store) -> None:
    snapshot = latest(filled)
    assert list(snapshot.articles()) == [FIRST[0], CHANGED, FIRST[3], FIRST[4]]
    assert list(snapshot.articles(frozenset({"notes"}))) == [CHANGED, FIRST[3]]
    assert snapshot.article("notes/c") == CHANGED
    assert snapshot.article("b") is None
    shelves = [(one.name, one.articles, one.passages) for one in snapshot.shelves()]
    sizes = {one.id: len(contents(one).passages) for one in snapshot.articles()}
    assert shelves == [
        ("", 1, sizes["a"]),
        ("notes", 2, sizes["notes/c"] + sizes["notes/d"]),
        ("x", 1, sizes["x/e"]),
    ]
    assert [one.name for one in snapshot.shelves(frozenset({"x"}))] == ["x"]


def test_the_sentences_of_an_article_come_with_their_vectors(filled: Store) -> None:
    made = contents(CHANGED)
    spans, vectors = latest(filled).sentences_of("notes/c")
    assert list(spans) == [(start, end) for _, start, end in made.sentences.tolist()]
    np.testing.assert_allclose(vectors, made.sentence_vectors, atol=1e-3)
    assert list(latest(filled).sentences_of("b")[0]) == []


def test_the_manifest_says_what_there_is_without_opening_it(filled: Store) -> None:
    manifest = filled.manifest()
    snapshot = latest(filled)
    assert manifest == snapshot.manifest
    assert {entry.id for entry in manifest.sources} == {"a", "notes/c", "notes/d", "x/e"}
    assert manifest.passages == sum(entry.passages for entry in manifest.sources)
    assert (manifest.recipe, manifest.id) == (RECIPE, filled.name())


def test_the_background_does_not_depend_on_the_order_of_the_articles(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sampler in ("index.generation", "index.postgresql.draft"):
        monkeypatch.setattr(f"{sampler}.BACKGROUND_PASSAGES", 7)
    backgrounds = []
    for names in ("a b c d", "d b", "c d a b"):
        write(store, [article(name, 5) for name in names.split()])
        backgrounds.append(latest(store).background)
    np.testing.assert_allclose(backgrounds[0], backgrounds[2], atol=1e-6)
    assert (backgrounds[0] != backgrounds[1]).any()


def test_without_a_generation_whoever_asks_is_told_what_to_do(store: Store) -> None:
    for ask in (store.current, store.manifest, store.name, store.roll_back):
        with pytest.raises(MissingGeneration, match="footnote build"):
            ask()
    assert list(store.kept()) == []


def test_a_draft_that_is_not_committed_leaves_nothing(filled: Store) -> None:
    before = filled.manifest()
    with filled.draft(3, 5) as draft:
        assert draft.last == before
        draft.begin(RECIPE, ["a"], count([contents(article("new", 2))]))
        draft.add(contents(article("new", 2)))
        assert draft.finish({}).article("new") is not None
    assert filled.manifest() == before
    assert len(list(filled.kept())) == 2


def test_a_draft_knows_the_vectors_and_the_articles_of_the_last_generation(filled: Store) -> None:
    made = contents(CHANGED)
    texts = [context_text(made.passages[0]), spoken(made)[1], "never seen"]
    with filled.draft(3, 5) as draft:
        found = draft.vectors({digest(text) for text in texts})
        assert set(found) == {digest(text) for text in texts[:2]}
        np.testing.assert_allclose(found[digest(texts[0])], made.vectors[0], atol=1e-3)
        np.testing.assert_allclose(found[digest(texts[1])], made.sentence_vectors[1], atol=1e-3)
        assert draft.vectors(()) == {}
        assert draft.article("notes/c") == CHANGED
        assert draft.article("b") is None


def test_why_a_file_cannot_be_used_is_told_until_it_can(filled: Store) -> None:
    every = ["a", "notes/c", "notes/d", "x/e"]
    write(filled, [], every, stale={"a": "is torn."})
    assert {entry.id: entry.stale for entry in filled.manifest().sources} == dict.fromkeys(every) | {
        "a": "is torn."
    }
    write(filled, [], every)
    assert {entry.stale for entry in filled.manifest().sources} == {None}


def test_whoever_asks_already_keeps_a_generation_that_was_replaced_and_deleted(store: Store) -> None:
    write(store, FIRST)
    held = store.current()
    for version in range(5):
        write(store, [article("a", 3, version)])
    assert list(held.articles()) == sorted(FIRST, key=lambda one: one.file)
    assert Searcher(held, ENCODER).search("bread of notes/d", 3)


def test_a_new_generation_is_noticed_without_being_asked_for(store: Store) -> None:
    first = write(store, FIRST)
    assert store.current().id == first
    second = write(store, [CHANGED], keep=["a"])
    for _ in range(500):
        if store.current().id == second:
            break
        threading.Event().wait(0.01)
    assert store.current().id == second


def test_going_back_and_forth(filled: Store) -> None:
    newer, older = filled.kept()
    assert filled.left() is None
    assert filled.roll_back().id == older == filled.name()
    assert latest(filled).article("b") == FIRST[1]
    assert filled.left() == newer
    with filled.draft(3, 5) as draft:
        assert draft.left is not None
        assert (draft.left.id, draft.last.id if draft.last else None) == (newer, older)
    assert filled.roll_back(newer).id == newer
    assert filled.left() is None
    assert filled.check(newer).id == newer
    with pytest.raises(FootnoteError, match="There is no generation nothing to go to"):
        filled.roll_back("nothing")


def test_a_second_writer_waits_and_then_says_so(filled: Store) -> None:
    with (
        filled.draft(3, 5),
        pytest.raises(FootnoteError, match="Another build is writing"),
        filled.draft(3, 0.1),
    ):
        pass


def test_an_empty_generation_finds_nothing(store: Store) -> None:
    write(store, FIRST)
    write(store, [])
    snapshot = latest(store)
    assert Searcher(snapshot, ENCODER).search("river") == []
    assert (list(snapshot.articles()), list(snapshot.shelves())) == ([], [])
    assert snapshot.manifest.passages == 0
