"""A reader that knows a few words by heart, and a real one with random weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.types import ReadSpan

MARKS = "[PAD] [UNK] [CLS] [SEP] [MASK]"


@dataclass(frozen=True)
class WordReading:
    """The dearest of the words that stand in a span answers it; without any, `nothing` is the score."""

    text: str
    words: Mapping[str, float]
    nothing: float

    def best(self, start: int, end: int) -> ReadSpan:
        found = [(score, word) for word, score in self.words.items() if word in self.text[start:end]]
        if not found:
            return ReadSpan(start, end, self.nothing)
        score, word = max(found)
        place = self.text.index(word, start, end)
        return ReadSpan(place, place + len(word), score)


class WordReader:
    """Scores words; `asked` records every question and text that was read.

    `by_question` says which words are dear in which question; `words` are so in any other.
    """

    def __init__(
        self,
        words: Mapping[str, float],
        by_question: Mapping[str, Mapping[str, float]] | None = None,
        name: str = "words",
        nothing: float = -4.0,
        english_only: bool = False,
    ) -> None:
        self._words = words
        self._by_question = by_question or {}
        self._name = name
        self._nothing = nothing
        self.english_only = english_only
        self.asked: list[tuple[str, str]] = []
        self.leads: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def fingerprint(self) -> str:
        return f"{self._name} {sorted(self._words.items())}"

    def read(self, question: str, texts: Sequence[tuple[str, str]]) -> list[WordReading]:
        self.asked += [(question, text) for _, text in texts]
        self.leads += [lead for lead, _ in texts]
        words = self._by_question.get(question, self._words)
        return [WordReading(text, words, self._nothing) for _, text in texts]


def save_reader(
    folder: Path, *, kind: str = "QuestionAnswering", words: str = "the river is long bread rye how"
) -> Path:
    """Write a `BertFor…` of two layers with random weights, and its tokenizer."""
    import torch
    import transformers
    from transformers.utils import logging

    folder.mkdir(parents=True)
    vocabulary = [*MARKS.split(), *words.split()]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        # Ten times the usual, so that texts differ by more than rounding.
        initializer_range=0.2,
    )
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    model = getattr(transformers, f"BertFor{kind}")(config)
    torch.random.set_rng_state(state)
    logging.disable_progress_bar()
    model.save_pretrained(folder)
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64)
    tokenizer.save_pretrained(folder)
    logging.enable_progress_bar()
    return folder
