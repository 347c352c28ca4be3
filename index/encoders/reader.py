"""A question and passages of text -> the span of each that answers, if any: extractive reading.

The form of SQuAD 2.0 (Rajpurkar et al. 2018): for every token, how well an answer would start and
end there, and how well "no answer" would do, which is a span on the first token.  Two readers: the
one that ships, computed in NumPy over the packaged embedding model's embeddings, and any
`AutoModelForQuestionAnswering`.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.encoders.bert import Bert, Matrix, load_bert, load_layers
from index.types import FootnoteError, ReadSpan

MAX_TOKENS = 192
"""Of question, lead and text together; the reader that ships was trained on no more."""
MAX_QUESTION_TOKENS = 40
MAX_ANSWER_TOKENS = 30
# The score of a text without a single token inside it: nothing can be less likely.
NOTHING = -30.0

_HUB_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?")
_PROBE = ("Who made it?", "", "Anna made it.")


@dataclass(frozen=True, slots=True)
class Reading:
    """One text as a reader has read it.  Scores are log-odds against "no answer in this text"."""

    offsets: npt.NDArray[np.int64]
    """Shape `(tokens, 2)`: start and end of each token in the text."""
    starts: Matrix
    """Shape `(tokens,)`: how much better an answer would start here than nowhere."""
    ends: Matrix

    def best(self, start: int, end: int) -> ReadSpan:
        """Return the best span inside `text[start:end]`, with its score."""
        inside = np.flatnonzero((self.offsets[:, 0] >= start) & (self.offsets[:, 1] <= end))
        if not len(inside):
            return ReadSpan(start, end, NOTHING)
        first, last = int(inside[0]), int(inside[-1]) + 1
        both = self.starts[first:last, None] + self.ends[None, first:last]
        tokens = np.arange(last - first)
        length = tokens[None] - tokens[:, None]
        both = np.where((length >= 0) & (length < MAX_ANSWER_TOKENS), both, 2 * NOTHING)
        a, b = divmod(int(both.argmax()), len(tokens))
        return ReadSpan(int(self.offsets[first + a, 0]), int(self.offsets[first + b, 1]), float(both[a, b]))


class ShippedReader:
    """The reader that ships: the packaged model's embeddings under layers of its own.  Thread-safe.

    Trained by `tests/benchmarks/train_reader.py`; `bot/models/README.md` says on what.
    """

    def __init__(self, bert: Bert, head: Matrix, bias: Matrix, tokenizer: Any, fingerprint: str) -> None:
        self._bert = bert
        self._head = head
        self._bias = bias
        self._tokenizer = tokenizer
        self._fingerprint = fingerprint
        marked = tokenizer.encode("").ids
        self._marks = marked[0], marked[-1]

    @property
    def english_only(self) -> bool:
        return True

    @classmethod
    def load(cls, base: Path, weights: Path) -> ShippedReader:
        """Read the model folder `base` and what was learnt on top of its embeddings."""
        from safetensors import SafetensorError
        from tokenizers import Tokenizer

        try:
            layers, learnt = load_layers(weights, "bert.")
            digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        except (OSError, SafetensorError, KeyError) as error:
            raise FootnoteError(
                f"The reader {weights} cannot be read: {error}. Reinstall Footnote."
            ) from error
        tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        bert = load_bert(base).with_layers(layers)
        return cls(bert, learnt["qa_outputs.weight"].T, learnt["qa_outputs.bias"], tokenizer, digest)

    @property
    def name(self) -> str:
        return "the reader that ships"

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    def read(self, question: str, texts: Sequence[tuple[str, str]]) -> list[Reading]:
        """Read each `(lead, text)`; the lead is the title and headings above, and holds no answer."""
        begin, end = self._marks
        asked = self._tokenizer.encode(question, add_special_tokens=False).ids[:MAX_QUESTION_TOKENS]
        second = len(asked) + 2
        batch, places = [], []
        for lead, text in texts:
            above = self._tokenizer.encode(lead, add_special_tokens=False).ids if lead else []
            found = self._tokenizer.encode(text, add_special_tokens=False)
            room = MAX_TOKENS - len(asked) - 3
            # The text comes first if there is not room for both.
            above = above[: max(0, room - len(found.ids))]
            held = found.ids[: room - len(above)]
            batch.append(np.array([begin, *asked, end, *above, *held, end], np.int64))
            places.append((second + len(above), found.offsets[: len(held)]))
        return [
            _reading(states @ self._head + self._bias, first, offsets)
            for states, (first, offsets) in zip(self._states(batch, second), places, strict=True)
        ]

    def _states(self, batch: Sequence[npt.NDArray[np.int64]], second: int) -> list[Matrix]:
        """Return the states of all texts, shared among the cores; NumPy's own threads are kept to one."""
        cores = min(os.cpu_count() or 1, len(batch))
        if cores < 2:
            return self._bert.states(batch, [second] * len(batch))
        shares = [batch[core::cores] for core in range(cores)]
        with ThreadPoolExecutor(cores) as pool:
            done = list(pool.map(lambda share: self._bert.states(share, [second] * len(share)), shares))
        return [done[number % cores][number // cores] for number in range(len(batch))]


class AnyReader:
    """Any model of the kind of SQuAD 2.0, by folder or name.  Thread-safe."""

    def __init__(self, model: str) -> None:
        """Load `model`; raise `FootnoteError` if it is no such model or cannot be had."""
        self._name = model
        self._lock = threading.Lock()
        self._tokenizer, self._model = _load(model)
        margin = self.read(_PROBE[0], [_PROBE[1:]])[0].best(0, len(_PROBE[2])).score
        if not np.isfinite(margin):
            raise FootnoteError(f"The reader {model} scores a plain sentence as no number. Choose another.")

    @property
    def english_only(self) -> bool:
        return False

    @property
    def name(self) -> str:
        return self._name

    @cached_property
    def fingerprint(self) -> str:
        """Return the hash of the weights and the configuration."""
        digest = hashlib.sha256(self._model.config.to_json_string().encode())
        for name, weights in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(weights.float().numpy()).tobytes())
        return digest.hexdigest()

    def read(self, question: str, texts: Sequence[tuple[str, str]]) -> list[Reading]:
        """Read as `ShippedReader.read` does."""
        import torch

        if not texts:
            return []
        leads = [f"{lead} " if lead else "" for lead, _ in texts]
        with self._lock:
            batch = self._tokenizer(
                [question] * len(texts),
                [lead + text for lead, (_, text) in zip(leads, texts, strict=True)],
                truncation="only_second",
                max_length=min(self._tokenizer.model_max_length, 2 * MAX_TOKENS),
                padding=True,
                return_offsets_mapping=True,
                return_tensors="pt",
            )
            offsets = batch.pop("offset_mapping").numpy()
            with torch.inference_mode():
                found = self._model(**batch)
        logits = torch.stack([found.start_logits, found.end_logits], -1).float().numpy()
        readings = []
        for number, lead in enumerate(leads):
            parts = np.array([part if part is not None else -1 for part in batch.sequence_ids(number)])
            inside = np.flatnonzero((parts == 1) & (offsets[number, :, 0] >= len(lead)))
            if not len(inside):
                readings.append(_reading(logits[number], 0, []))
                continue
            first = int(inside[0])
            within = offsets[number, inside] - len(lead)
            readings.append(_reading(logits[number], first, within.tolist()))
        return readings


def _reading(logits: Matrix, first: int, offsets: Sequence[Sequence[int]]) -> Reading:
    """Return the reading of logits, shape `(tokens, 2)`, of which the text's own begin at `first`."""
    inside = logits[first : first + len(offsets)]
    # A byte-level tokenizer counts the space before a word as part of it, which is cut off on showing.
    return Reading(
        np.array(offsets, np.int64).reshape(-1, 2),
        np.asarray(inside[:, 0] - logits[0, 0], np.float32),
        np.asarray(inside[:, 1] - logits[0, 1], np.float32),
    )


def _load(model: str) -> tuple[Any, Any]:
    folder = Path(model).expanduser()
    local = folder.is_dir()
    if not local and (model[:1] in "./~" or not _HUB_NAME.fullmatch(model)):
        raise FootnoteError(
            f"There is no reader folder {folder}. Set FOOTNOTE_READER to an existing folder or a model's"
            " name, or leave it empty."
        )
    try:
        from safetensors import SafetensorError
        from transformers import AutoConfig, AutoModelForQuestionAnswering, AutoTokenizer
    except ImportError as error:
        raise FootnoteError(
            f"The library for readers cannot be loaded: {error}. Install it: pip install transformers"
        ) from error
    place = str(folder) if local else model
    try:
        with _quiet():
            config = AutoConfig.from_pretrained(place, local_files_only=local)
            kinds = config.architectures or [""]
            if not kinds[0].endswith("ForQuestionAnswering"):
                raise FootnoteError(
                    f"{model} is {kinds[0] or 'of an unknown kind'}: no reader. Set FOOTNOTE_READER to a"
                    " model for question answering that was trained on SQuAD 2.0, or leave it empty."
                )
            tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=local)
            loaded = AutoModelForQuestionAnswering.from_pretrained(place, local_files_only=local)
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        remedy = (
            "Check that the folder holds a whole model"
            if local
            else "Check the name and the network, or download the model and give its folder"
        )
        raise FootnoteError(
            f"The reader {model} cannot be loaded: {reason}. {remedy}, or leave FOOTNOTE_READER empty."
        ) from error
    if not tokenizer.is_fast:
        raise FootnoteError(
            f"The tokenizer of the reader {model} does not say where its tokens stand. Choose a model with a"
            " fast tokenizer, or leave FOOTNOTE_READER empty."
        )
    loaded.float()
    loaded.eval()
    return tokenizer, loaded


@contextmanager
def _quiet() -> Iterator[None]:
    """Show neither a progress bar nor the report of a refused model, which follows in words."""
    from transformers.utils import logging

    library: Any = logging  # its functions carry no types
    shown, level = library.is_progress_bar_enabled(), library.get_verbosity()
    library.disable_progress_bar()
    library.set_verbosity_error()
    try:
        yield
    finally:
        library.set_verbosity(level)
        if shown:
            library.enable_progress_bar()
