"""Readers: the arithmetic of the one that ships against transformers', and any other of its kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.encoders.any_model import default_model_folder
from index.encoders.reader import MAX_ANSWER_TOKENS, MAX_TOKENS, NOTHING, AnyReader, Reading, ShippedReader
from index.types import FootnoteError
from tests.fakes.reader import save_reader

QUESTION = "Who founded the company?"
LEAD, TEXT = "Bread. History.", "Ada Oven founded it in 1901. It is large."


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers with random weights in the form of the file that ships: half precision, no embeddings."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoConfig, BertForQuestionAnswering

    config = AutoConfig.from_pretrained(default_model_folder(), num_hidden_layers=2, initializer_range=0.1)
    torch.manual_seed(0)
    model = BertForQuestionAnswering(config)
    learnt = {
        name: value.half()
        for name, value in model.state_dict().items()
        if name.startswith(("bert.encoder.", "qa_outputs."))
    }
    path = tmp_path_factory.mktemp("reader") / "reader.safetensors"
    save_file(learnt, path)
    return path


@pytest.fixture(scope="module")
def reader(weights: Path) -> ShippedReader:
    return ShippedReader.load(default_model_folder(), weights)


@pytest.fixture(scope="module")
def torch_model(weights: Path) -> Any:
    """The same weights over the same embeddings."""
    from safetensors.torch import load_file
    from transformers import AutoConfig, AutoModel, BertForQuestionAnswering

    config = AutoConfig.from_pretrained(default_model_folder(), num_hidden_layers=2)
    model = BertForQuestionAnswering(config)
    embeddings = AutoModel.from_pretrained(default_model_folder()).embeddings
    model.bert.embeddings.load_state_dict(embeddings.state_dict())
    learnt = {name: value.float() for name, value in load_file(weights).items()}
    missing, unexpected = model.load_state_dict(learnt, strict=False)
    assert unexpected == []
    assert all(name.startswith("bert.embeddings.") for name in missing)
    return model.eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small reader with random weights, as its library saves one."""
    return save_reader(tmp_path_factory.mktemp("models") / "tiny")


class TestShipped:
    @pytest.mark.parametrize("lead", ["", LEAD])
    def test_scores_are_those_that_transformers_computes(
        self, reader: ShippedReader, torch_model: Any, lead: str
    ) -> None:
        import torch
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(default_model_folder())
        second = f"{lead} {TEXT}" if lead else TEXT
        batch = tokenizer(QUESTION, second, return_tensors="pt")
        with torch.no_grad():
            found = torch_model(**batch)
        tokens = len(tokenizer(TEXT, add_special_tokens=False).input_ids)
        starts, ends = (
            (logits[0] - logits[0, 0]).numpy()[-tokens - 1 : -1]
            for logits in (found.start_logits, found.end_logits)
        )

        (reading, _) = reader.read(QUESTION, [(lead, TEXT), ("", "Another text, which changes nothing.")])

        np.testing.assert_allclose(reading.starts, starts, atol=2e-3)
        np.testing.assert_allclose(reading.ends, ends, atol=2e-3)

    def test_offsets_are_those_of_the_text_without_what_stands_above(self, reader: ShippedReader) -> None:
        (reading,) = reader.read(QUESTION, [(LEAD, TEXT)])

        assert [TEXT[start:end] for start, end in reading.offsets][:3] == ["Ada", "Oven", "founded"]

    def test_a_text_reads_the_same_alone_and_among_others(self, reader: ShippedReader) -> None:
        texts = [(LEAD, TEXT), ("", "It is large."), ("Rye.", "Rye flour holds little gluten. " * 3)]
        together = reader.read(QUESTION, texts)

        for text, reading in zip(texts, together, strict=True):
            np.testing.assert_allclose(reader.read(QUESTION, [text])[0].starts, reading.starts, atol=1e-3)

    def test_what_is_too_long_is_cut_the_lead_first(self, reader: ShippedReader) -> None:
        (long,) = reader.read(QUESTION, [("", "word " * 1_000)])
        (led,) = reader.read(QUESTION, [("lead " * 1_000, TEXT)])
        (asked,) = reader.read("why " * 1_000, [("", TEXT)])

        assert 0 < len(long.offsets) < MAX_TOKENS
        assert led.offsets[-1].tolist() == asked.offsets[-1].tolist() == [len(TEXT) - 1, len(TEXT)]

    def test_odd_texts_are_read(self, reader: ShippedReader) -> None:
        assert reader.read(QUESTION, []) == []
        odd, empty = reader.read("谁？", [("", "\0🙂"), ("", "")])
        assert np.isfinite(odd.starts).all()
        assert empty.best(0, 0).score == NOTHING

    def test_a_fingerprint_is_that_of_the_weights(self, reader: ShippedReader, weights: Path) -> None:
        again = ShippedReader.load(default_model_folder(), weights)

        assert again.fingerprint == reader.fingerprint
        assert reader.english_only

    @pytest.mark.parametrize("kept", [None, 0, 1_000])
    def test_a_missing_or_damaged_file_says_what_to_do(
        self, weights: Path, tmp_path: Path, kept: int | None
    ) -> None:
        path = tmp_path / "reader.safetensors"
        if kept is not None:
            path.write_bytes(weights.read_bytes()[:kept])

        with pytest.raises(FootnoteError, match=r"reader\.safetensors cannot be read: .* Reinstall Footnote"):
            ShippedReader.load(default_model_folder(), path)


class TestReading:
    def test_the_best_span_is_inside_and_scored_by_both_its_ends(self) -> None:
        offsets = np.array([[0, 3], [4, 8], [9, 16]])
        starts, ends = np.array([1, 5, 9], np.float32), np.array([9, 2, 3], np.float32)
        reading = Reading(offsets, starts, ends)

        whole, part = reading.best(0, 16), reading.best(0, 8)

        assert (whole.start, whole.end, whole.score) == (9, 16, 12.0)
        # An end before its start would score more.
        assert (part.start, part.end, part.score) == (0, 3, 10.0)
        assert reading.best(5, 6).score == NOTHING

    def test_no_span_is_longer_than_an_answer(self) -> None:
        count = MAX_ANSWER_TOKENS + 5
        offsets = np.array([[n, n + 1] for n in range(count)])
        starts, ends = np.zeros(count, np.float32), np.zeros(count, np.float32)
        starts[0], ends[-1] = 5, 5

        span = Reading(offsets, starts, ends).best(0, count)

        assert span.end - span.start <= MAX_ANSWER_TOKENS
        assert span.score == 5


class TestAny:
    def test_reads_as_its_own_library_does(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
        with torch.no_grad():
            found = model(**tokenizer("how long", "bread the river is long", return_tensors="pt"))
        starts = (found.start_logits[0] - found.start_logits[0, 0]).numpy()[5:-1]

        reading, _ = AnyReader(str(folder)).read("how long", [("bread", "the river is long"), ("", "rye")])

        np.testing.assert_allclose(reading.starts, starts, atol=1e-5)
        assert reading.offsets.tolist() == [[0, 3], [4, 9], [10, 12], [13, 17]]

    def test_what_is_too_long_is_cut_and_nothing_is_read_of_nothing(self, folder: Path) -> None:
        reader = AnyReader(str(folder))
        long, cut, empty = reader.read("how", [("", "rye " * 500), ("rye " * 500, "the"), ("", "")])

        assert 0 < len(long.offsets) < 64
        assert cut.best(0, 3).score == empty.best(0, 0).score == NOTHING
        assert reader.read("how", []) == []

    def test_is_known_by_its_weights_wherever_it_lies(self, folder: Path, tmp_path: Path) -> None:
        same = AnyReader(str(save_reader(tmp_path / "same")))
        other = AnyReader(str(save_reader(tmp_path / "other", words="the river")))
        reader = AnyReader(str(folder))

        assert (reader.name, reader.english_only) == (str(folder), False)
        assert reader.fingerprint == same.fingerprint != other.fingerprint

    def test_a_folder_that_is_not_there_is_said_so(self) -> None:
        with pytest.raises(FootnoteError, match=r"There is no reader folder nowhere/at/all\. Set FOOTNOTE_R"):
            AnyReader("nowhere/at/all")

    def test_a_model_that_is_no_reader_is_refused(self, tmp_path: Path) -> None:
        folder = save_reader(tmp_path / "other", kind="SequenceClassification")

        with pytest.raises(
            FootnoteError, match=r"is BertForSequenceClassification: no reader\. Set FOOTNOTE"
        ):
            AnyReader(str(folder))

    def test_an_empty_folder_and_damaged_weights_are_refused(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(FootnoteError, match="Check that the folder holds a whole model"):
            AnyReader(str(tmp_path / "empty"))

        torn = save_reader(tmp_path / "torn")
        (torn / "model.safetensors").write_bytes((torn / "model.safetensors").read_bytes()[:500])
        with pytest.raises(FootnoteError, match="cannot be loaded"):
            AnyReader(str(torn))

    def test_a_tokenizer_that_does_not_say_where_its_tokens_stand_is_refused(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from transformers import BertTokenizerFast

        monkeypatch.setattr(BertTokenizerFast, "is_fast", False)

        with pytest.raises(FootnoteError, match="with a fast tokenizer"):
            AnyReader(str(folder))
