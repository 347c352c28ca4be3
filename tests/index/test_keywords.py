import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.common_terms import smoothed_idf
from index.keywords import KeywordIndex
from index.tokens import terms

TEXTS = [
    "The Aare is long. The Aare rises in the Alps.",
    "Rye flour holds little gluten.",
    "The Alps hold glaciers, and the glaciers hold water for the rivers that rise there.",
    "🙂",
]


def bm25(texts: list[str], question: list[str]) -> list[float]:
    """The oracle: Lucene's formula with the smoothed inverse document frequency, term by term."""
    bags = [Counter(terms(text)) for text in texts]
    mean = sum(bag.total() for bag in bags) / len(bags)
    scores = []
    for bag in bags:
        score = 0.0
        for term in set(question):
            held = sum(term in other for other in bags)
            idf = smoothed_idf(term, held, len(bags))
            if bag[term]:
                score += idf * bag[term] / (bag[term] + 1.2 * (1 - 0.75 + 0.75 * bag.total() / mean))
        scores.append(score)
    return scores


@pytest.mark.parametrize("question", ["Where does the Aare rise?", "glaciers", "hold the gluten", "zebra"])
def test_scores_are_bm25(question: str) -> None:
    found = KeywordIndex.build(TEXTS).scores(terms(question))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, bm25(TEXTS, terms(question)), rtol=1e-5)


@given(
    st.lists(st.text("abc ", max_size=12), min_size=1, max_size=6),
    st.text("abcd ", max_size=8),
)
def test_scores_are_bm25_for_any_texts(texts: list[str], question: str) -> None:
    found = KeywordIndex.build(texts).scores(terms(question))
    expected = bm25(texts, terms(question)) if any(terms(text) for text in texts) else [0.0] * len(texts)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_term_that_is_asked_twice_counts_once() -> None:
    index = KeywordIndex.build(TEXTS)
    np.testing.assert_array_equal(index.scores(terms("aare aare")), index.scores(terms("aare")))


def test_idf_falls_with_the_number_of_passages_and_is_largest_for_an_unknown_term() -> None:
    index = KeywordIndex.build(["aar zermatt", "aar", "aar"])
    # Worked by hand: three passages and a prior of 300, in which none of these names occurs.
    assert index.idf("aar") == pytest.approx(math.log(1 + 300.5 / 3.5))
    assert index.idf("zermatt") == pytest.approx(math.log(1 + 302.5 / 1.5))
    assert index.idf("zebra-fish") == pytest.approx(math.log(1 + 303.5 / 0.5))
    assert [index.passages_with(term) for term in ("aar", "zermatt", "zebra-fish")] == [3, 1, 0]


def test_the_vocabulary_is_numbered_by_appearance() -> None:
    assert dict(KeywordIndex.build(["b a", "c a"]).vocabulary) == {"b": 0, "a": 1, "c": 2}


@pytest.mark.parametrize("texts", [TEXTS, [], ["🙂", "…"], ["水 \u2028 κόσμος"]])
def test_a_saved_index_answers_alike(tmp_path: Path, texts: list[str]) -> None:
    index = KeywordIndex.build(texts)
    index.save(tmp_path / "terms")
    loaded = KeywordIndex.load(tmp_path / "terms")
    assert len(loaded) == len(texts)
    assert dict(loaded.vocabulary) == dict(index.vocabulary)
    for question in ("the alps", "水", "zebra", ""):
        np.testing.assert_array_equal(loaded.scores(terms(question)), index.scores(terms(question)))
        assert loaded.idf(question) == index.idf(question)


def test_a_saved_index_holds_no_pickle(tmp_path: Path) -> None:
    KeywordIndex.build(TEXTS).save(tmp_path)
    np.save(tmp_path / "data.csc.index.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        KeywordIndex.load(tmp_path)


def test_a_collection_without_a_single_term_scores_nothing() -> None:
    assert KeywordIndex.build([]).scores(["a"]).shape == (0,)
    assert KeywordIndex.build(["🙂", "…"]).scores(["a"]).tolist() == [0.0, 0.0]
