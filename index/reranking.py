"""A question and texts -> how well each answers it, by a cross-encoder; none of the scale's meaning.

sentence-transformers and torch are imported when a model is loaded and not before.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from index.types import FootnoteError, Scores

MAX_TOKENS = 512
"""Of question and text together.  Most cross-encoders read no more, and a sentence in its context
has about 80; some say no limit of their own."""

_HUB_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?")
# What a model can be that says how well a text answers: a classifier, or a language model that is
# asked for "yes" or "no".  Anything else would get a head of random weights, without a word.
_READERS = ("ForSequenceClassification", "ForCausalLM")


class CrossEncoderReranker:
    """A `Reranker` over any sentence-transformers `CrossEncoder` with one label.  Thread-safe."""

    def __init__(self, model: str, device: str = "cpu") -> None:
        """Load `model`, a folder or a name on the model hub; raise `FootnoteError` where it will not do."""
        self._name = model
        # A torch module may be called in parallel; its tokenizer may not.
        self._lock = threading.Lock()
        self._model = _load(model, device)
        if not np.isfinite(self.scores("Is it so?", ["It is so."])).all():
            raise FootnoteError(f"The reranker {model} scores a plain sentence as no number. Choose another.")

    @property
    def name(self) -> str:
        return self._name

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weights, the configuration, the tokenizer and the longest input."""
        with self._lock:
            return _fingerprint(self._model)

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """Log-odds, or whatever else comes before the model's last squashing."""
        if not texts:
            return np.zeros(0, np.float32)
        import torch

        with self._lock:
            scores = self._model.predict(
                [(question, text) for text in texts],
                # All at once: they are few.
                batch_size=len(texts),
                show_progress_bar=False,
                # Not the model's own: after a sigmoid, several good texts are all 1.000.
                activation_fn=torch.nn.Identity(),
                convert_to_numpy=True,
            )
        return np.asarray(scores, dtype=np.float32).reshape(len(texts))


def _load(model: str, device: str) -> Any:
    folder = Path(model).expanduser()
    local = folder.is_dir()
    if not local and (model[:1] in "./~" or not _HUB_NAME.fullmatch(model)):
        raise FootnoteError(
            f"There is no reranker folder {folder}. Set FOOTNOTE_RERANKER to an existing folder or a model's"
            " name, or leave it empty."
        )
    try:
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import CrossEncoder
    except ImportError as error:
        raise FootnoteError(
            f"The reranking library cannot be loaded: {error}. Install it: pip install sentence-transformers"
        ) from error
    try:
        with _quiet():
            loaded = CrossEncoder(
                str(folder) if local else model,
                device=device,
                local_files_only=local,  # a folder needs no network, so none is asked
                model_kwargs={"dtype": torch.float32},  # half precision is slower on a processor
            )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        remedy = (
            "Check that the folder holds a whole CrossEncoder"
            if local
            else "Check the name and the network, or download the model and give its folder"
        )
        raise FootnoteError(
            f"The reranker {model} cannot be loaded: {reason}. {remedy}, or leave FOOTNOTE_RERANKER empty."
        ) from error
    _check_that_it_reranks(loaded, model)
    loaded.max_seq_length = min(loaded.max_seq_length or MAX_TOKENS, MAX_TOKENS)
    loaded.eval()
    return loaded


def _check_that_it_reranks(loaded: Any, model: str) -> None:
    architecture = (getattr(loaded.config, "architectures", None) or [""])[0]
    if len(loaded) == 1 and not architecture.endswith(_READERS):
        raise FootnoteError(
            f"{model} is {architecture or 'of an unknown kind'}: no reranker, but perhaps an embedding model"
            " (FOOTNOTE_MODEL). Set FOOTNOTE_RERANKER to a CrossEncoder, or leave it empty."
        )
    if loaded.num_labels != 1:
        raise FootnoteError(
            f"The reranker {model} has {loaded.num_labels} labels, and nobody can tell which of them means"
            " that a text answers. Set FOOTNOTE_RERANKER to a CrossEncoder with one label, or leave it empty."
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither a progress bar nor the report of a model that is refused, in words, right after."""
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


def _fingerprint(model: Any) -> str:
    """Hash what was loaded rather than files: it holds for folders and for the hub alike."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    # Where it was loaded from, and by which library, does not change a score.
    ignored = ("_name_or_path", "transformers_version", "sentence_transformers")
    shape = {
        "config": {k: v for k, v in model.config.to_dict().items() if k not in ignored},
        "max_tokens": model.max_seq_length,
        "prompts": model.prompts,
        "default_prompt": model.default_prompt_name,
        "tokenizer": _tokenizer_text(model.tokenizer),
    }
    digest.update(json.dumps(shape, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _tokenizer_text(tokenizer: Any) -> str:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return json.dumps(tokenizer.get_vocab(), sort_keys=True)
    rules = json.loads(backend.to_str())
    # The last call's cut and padding, not the model's.
    rules.pop("truncation", None)
    rules.pop("padding", None)
    return json.dumps(rules, sort_keys=True)
