import math
import random
from collections import Counter
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import keywords
from index.common_terms import smoothed_idf
from index.keywords import KeywordIndex, Postings, count_terms, merged
from index.terms import terms

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


def test_scores_are_those_of_bm25s() -> None:
    """Another implementation by other people, on the weights that it takes itself."""
    draw = random.Random(3)
    texts = [
        " ".join(draw.choices("abcdefgh", [8, 7, 6, 5, 4, 3, 2, 1], k=draw.randint(1, 30))) for _ in range(50)
    ]
    numbers: dict[str, int] = {}
    other = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    ids = [[numbers.setdefault(word, len(numbers)) for word in text.split()] for text in texts]
    other.index((ids, numbers), create_empty_token=False, show_progress=False)
    index = KeywordIndex.build(texts)
    weights = {
        word: math.log(1 + (50 - index.passages_with(word) + 0.5) / (index.passages_with(word) + 0.5))
        for word in numbers
    }
    for question in (["a"], ["b", "h"], list(numbers)):
        np.testing.assert_allclose(
            index.scores(question, weights), other.get_scores(question), rtol=1e-5, atol=1e-6
        )


WORDS = st.text("abcdefgh ", max_size=30)


@given(st.lists(st.lists(WORDS, max_size=6), min_size=1, max_size=4), st.data())
def test_merged_postings_are_those_that_are_counted_anew(
    batches: list[list[str]], data: st.DataObject
) -> None:
    """Whatever is dropped, and however often it was merged before: to the last bit."""
    kept: list[str] = []
    pieces = []
    for texts in batches:
        stays = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
        rows = np.full(len(texts), -1, np.int64)
        rows[np.flatnonzero(stays)] = np.arange(sum(stays)) + len(kept)
        kept += [text for text, stay in zip(texts, stays, strict=True) if stay]
        pieces.append((count_terms(texts), rows))
    found, expected = merged(pieces, len(kept)), count_terms(kept)
    assert table(found) == table(expected)
    assert found.lengths.tolist() == expected.lengths.tolist()
    again = merged([(found, np.arange(len(kept)))], len(kept))
    assert table(again) == table(expected)


def table(postings: Postings) -> dict[int, dict[int, int]]:
    """Key of a term -> passage -> how often."""
    found = {}
    for number, key in enumerate(postings.term_keys.tolist()):
        places = slice(int(postings.starts[number]), int(postings.starts[number + 1]))
        found[key] = dict(zip(postings.rows[places].tolist(), postings.counts[places].tolist(), strict=True))
    assert sorted(found) == postings.term_keys.tolist()
    return found


def test_a_common_term_scores_alike_the_first_time_and_later() -> None:
    index = KeywordIndex.build([f"the number {n}" for n in range(40)] + ["nothing"])
    first = index.scores(["the", "number"])
    np.testing.assert_array_equal(index.scores(["the", "number"]), first)
    np.testing.assert_array_equal(index.scores(["number"]) + index.scores(["the"]), first)
    assert (first[:40] > 0).all()
    assert first[40] == 0


@pytest.mark.parametrize("texts", [TEXTS, [], ["🙂", "…"], ["水 \u2028 κόσμος"]])
def test_saved_postings_answer_alike(tmp_path: Path, texts: list[str]) -> None:
    counted = count_terms(texts)
    counted.save(tmp_path)
    index, loaded = KeywordIndex(counted), KeywordIndex(Postings.load(tmp_path))
    assert len(loaded) == len(texts)
    for question in ("the alps", "水", "zebra", ""):
        np.testing.assert_array_equal(loaded.scores(terms(question)), index.scores(terms(question)))
        assert loaded.idf(question) == index.idf(question)


def test_saved_postings_hold_no_pickle(tmp_path: Path) -> None:
    count_terms(TEXTS).save(tmp_path)
    np.save(tmp_path / "terms_lengths.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        Postings.load(tmp_path)


def test_a_collection_without_a_single_term_scores_nothing() -> None:
    assert KeywordIndex.build([]).scores(["a"]).shape == (0,)
    assert KeywordIndex.build(["🙂", "…"]).scores(["a"]).tolist() == [0.0, 0.0]


def made_up(passages: int) -> list[str]:
    """Words as often as books have them: some in most passages, most in few."""
    draw = np.random.default_rng(5)
    return [" ".join(f"w{n}" for n in draw.zipf(1.4, 30) if n < 3_000) for _ in range(passages)]


@pytest.mark.parametrize("hidden", [0.0, 0.5])
def test_the_highest_are_those_of_all_scores_however_common_the_terms(hidden: float) -> None:
    texts = made_up(3_000)
    index = KeywordIndex.build(texts)
    draw = np.random.default_rng(6)
    spared = 0
    for _ in range(200):
        asked = {f"w{n}": float(draw.uniform(0.2, 9)) for n in draw.zipf(1.3, 5) if n < 3_000}
        allowed = draw.random(len(texts)) >= hidden
        matches = index.matches(asked)
        everywhere = index.scores(asked, asked)
        rows = matches.highest(10, allowed)
        best = np.sort(everywhere[allowed])[::-1][:10]
        np.testing.assert_array_equal(np.sort(everywhere[rows])[::-1], best[best > 0])
        np.testing.assert_array_equal(matches.at(rows), everywhere[rows])
        assert allowed[rows].all()
        spared += bool(matches._common) and len(np.flatnonzero(matches._rare)) > 10
    assert spared > 20  # of the questions have common terms beside rare ones


def test_terms_that_were_asked_for_are_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keywords, "REMEMBERED_POSTINGS", 20)
    texts = made_up(400)
    index, fresh = KeywordIndex.build(texts), KeywordIndex.build(texts)
    for number in range(20, 120):
        np.testing.assert_array_equal(index.scores([f"w{number}"]), fresh.scores([f"w{number}"]))
    assert len(index._hot) < 60
