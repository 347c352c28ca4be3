from pathlib import Path

import faiss
import numpy as np
import pytest

from index.types import Vectors
from index.vectors import SentenceVectors, VectorIndex, halves, unit_vectors

RANDOM = np.random.default_rng(7)


def lopsided(n: int, dimension: int = 48) -> Vectors:
    """Vectors whose lengths differ a thousandfold, so that an inner product is no cosine."""
    lengths = 10.0 ** RANDOM.uniform(-1.5, 1.5, (n, 1))
    return (RANDOM.normal(size=(n, dimension)) * lengths).astype(np.float32)


def cosines(questions: Vectors, vectors: Vectors) -> Vectors:
    """The oracle, in double precision."""
    a, b = questions.astype(np.float64), vectors.astype(np.float64)
    return (a @ b.T / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(b, axis=1)[None]).astype(np.float32)


def test_search_ranks_by_cosine_whatever_the_lengths() -> None:
    vectors, questions = lopsided(500), lopsided(20)
    expected = cosines(questions, vectors)
    found, rows = VectorIndex.build(vectors).search(questions, 10)
    np.testing.assert_allclose(found, np.take_along_axis(expected, rows, 1), atol=1e-3)
    # Rounding may swap neighbours, but nothing that is clearly better may be missing.
    tenth = np.sort(expected, axis=1)[:, -10]
    assert (np.take_along_axis(expected, rows, 1) >= tenth[:, None] - 1e-3).all()
    assert (np.diff(found, axis=1) <= 0).all()
    assert [len(set(row)) for row in rows.tolist()] == [10] * 20


def test_a_case_worked_by_hand() -> None:
    index = VectorIndex.build(np.array([[0, 5], [3, 4], [-2, 0]], np.float32))
    found, rows = index.search(np.array([[10, 0]], np.float32), 3)
    assert rows.tolist() == [[1, 0, 2]]
    np.testing.assert_allclose(found, [[0.6, 0.0, -1.0]], atol=5e-4)


def test_equal_vectors_come_in_order_of_their_rows() -> None:
    index = VectorIndex.build(np.ones((6, 4), np.float32))
    assert index.search(np.ones((1, 4), np.float32), 6)[1].tolist() == [[0, 1, 2, 3, 4, 5]]


def test_asking_for_more_than_there_is_gives_what_there_is() -> None:
    found, rows = VectorIndex.build(lopsided(3)).search(lopsided(2), 10)
    assert found.shape == rows.shape == (2, 3)
    assert (rows >= 0).all()


def test_an_empty_index_finds_nothing() -> None:
    index = VectorIndex.build(np.zeros((0, 8), np.float32))
    found, rows = index.search(np.ones((2, 8), np.float32), 5)
    assert (len(index), found.shape, rows.shape) == (0, (2, 0), (2, 0))
    assert index.reconstruct(np.zeros(0, np.int64)).shape == (0, 8)


def test_a_zero_vector_stays_zero_and_matches_nothing() -> None:
    index = VectorIndex.build(np.array([[0, 0], [-1, 0]], np.float32))
    found, rows = index.search(np.array([[1, 0]], np.float32), 2)
    assert (found.tolist(), rows.tolist()) == ([[0.0, -1.0]], [[0, 1]])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_broken_vector_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        VectorIndex.build(np.array([[1, bad]], np.float32))


def test_a_question_of_another_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="questions have 3 dimensions, the index has 2"):
        VectorIndex.build(np.ones((1, 2), np.float32)).search(np.ones((1, 3), np.float32), 1)
    with pytest.raises(ValueError, match="shape"):
        VectorIndex.build(np.zeros((0, 0), np.float32))


def saved(path: Path, vectors: Vectors) -> None:
    with path.open("wb") as stream:
        SentenceVectors.begin(stream, *vectors.shape)
        stream.write(halves(vectors).tobytes())


def test_a_saved_index_answers_alike(tmp_path: Path) -> None:
    vectors, questions = lopsided(50), lopsided(5)
    index = VectorIndex.build(vectors)
    index.save(tmp_path / "v.faiss")
    loaded = VectorIndex.load(tmp_path / "v.faiss")
    assert (len(loaded), loaded.dimension) == (50, 48)
    for before, after in zip(index.search(questions, 7), loaded.search(questions, 7), strict=True):
        np.testing.assert_array_equal(before, after)


def test_reconstruct_gives_the_unit_vectors_of_the_rows() -> None:
    vectors = lopsided(9)
    expected = vectors[[4, 0, 4]] / np.linalg.norm(vectors[[4, 0, 4]], axis=1, keepdims=True)
    np.testing.assert_allclose(
        VectorIndex.build(vectors).reconstruct(np.array([4, 0, 4])), expected, atol=1e-3
    )


def test_what_is_read_back_and_stored_again_does_not_drift() -> None:
    index = VectorIndex.build(lopsided(200, 384))
    rows = np.arange(200)
    first = index.reconstruct(rows)
    again = VectorIndex.build(first).reconstruct(rows)
    np.testing.assert_array_equal(first, again)
    sentences = SentenceVectors.build(first)
    np.testing.assert_array_equal(
        SentenceVectors.build(sentences.rows(slice(None))).rows(rows), sentences.rows(rows)
    )


def test_sentence_vectors_are_saved_and_looked_up_by_row(tmp_path: Path) -> None:
    vectors = lopsided(12)
    saved(tmp_path / "s.npy", vectors)
    loaded = SentenceVectors.load(tmp_path / "s.npy")
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (len(loaded), loaded.dimension) == (12, 48)
    assert loaded.rows(slice(2, 4)).dtype == np.float32
    np.testing.assert_allclose(loaded.rows(slice(2, 5)), expected[2:5], atol=1e-3)
    np.testing.assert_allclose(loaded.rows(np.array([11, 0])), expected[[11, 0]], atol=1e-3)


def test_a_search_leaves_the_threads_of_the_embedding_model_alone() -> None:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        VectorIndex.build(lopsided(5)).search(lopsided(1), 2)
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)


def test_unit_vectors_leaves_its_argument_alone() -> None:
    vectors = np.array([[3, 4]], np.float32)
    assert unit_vectors(vectors).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]
    assert vectors.tolist() == [[3, 4]]


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_very_short_and_very_long_vectors_have_a_direction(scale: float) -> None:
    vectors = np.array([[3 * scale, 4 * scale]], np.float32)
    np.testing.assert_allclose(unit_vectors(vectors), [[0.6, 0.8]], rtol=1e-6)


def test_only_what_is_allowed_is_found_and_none_of_it_is_missing() -> None:
    vectors, questions = lopsided(400), lopsided(5)
    index = VectorIndex.build(vectors[:150])
    index.add(vectors[150:])
    for allowed in (
        RANDOM.random(400) < 0.1,
        np.arange(400) == 7,
        np.arange(400) >= 150,
        np.zeros(400, bool),
    ):
        count = min(10, int(allowed.sum()))
        found, rows = index.search(questions, 10, allowed)
        assert rows.shape == (5, count)
        assert allowed[rows].all()
        inside = np.flatnonzero(allowed)
        expected = np.sort(cosines(questions, vectors[inside]), axis=1)[:, ::-1][:, :count]
        np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux says what is resident")
def test_pages_of_sentence_vectors_are_given_back_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.vectors.READS_HELD", 100)
    path = tmp_path / "sentences.npy"
    saved(path, lopsided(20_000))
    loaded = SentenceVectors.load(path)
    first = [loaded.rows(slice(start, start + 250)) for start in range(0, 20_000, 250)]
    held = resident_kb(path)
    assert held > 1_000
    again = [loaded.rows(slice(start, start + 250)) for start in range(0, 5_000, 250)]
    assert resident_kb(path) < held / 3, "only what was read last, and what lies around it"
    np.testing.assert_array_equal(again, first[:20])


def resident_kb(path: Path) -> int:
    """Of the pages of a file, those that belong to this process."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    found = 0
    for line in lines:
        if line.endswith(str(path)):
            found += next(int(field.split()[1]) for field in lines if field.startswith("Rss:"))
    return found


def test_runs_of_sentence_vectors_are_copied_as_they_are_stored(tmp_path: Path) -> None:
    vectors = lopsided(30)
    saved(tmp_path / "s.npy", vectors)
    chunks = SentenceVectors.load(tmp_path / "s.npy").stored([(2, 9), (20, 21)], most=3)
    assert b"".join(chunks) == halves(vectors)[[*range(2, 9), 20]].tobytes()
