"""A calibration: what makes the confidence fit the models in use, and where it is kept.

Fits nothing; that is done in `bot.fitting`.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.types import Encoder, FootnoteError, Reranker

if TYPE_CHECKING:
    from bot.linear import Matrix, Scores

VERSION = 1
"""Of the file.  A file of another version is not read."""


@dataclass(frozen=True, slots=True)
class Models:
    """What a calibration was made with, and holds for."""

    encoder: str
    encoder_fingerprint: str
    reranker: str | None
    """None where there was none; its fingerprint likewise."""
    reranker_fingerprint: str | None
    shipped: str
    """Fingerprint of the ranking and the confidence that come with Footnote, which it corrects."""

    @property
    def key(self) -> str:
        """Changes whenever the calibration would be another one."""
        parts = (self.encoder_fingerprint, self.reranker_fingerprint, self.shipped)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def __str__(self) -> str:
        return self.encoder if self.reranker is None else f"{self.encoder} with {self.reranker}"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A correction of the log-odds that the confidence which ships gives."""

    models: Models
    scale: float
    offset: float
    weights: Mapping[str, float]
    """Of single features, on top; empty where questions were too few to learn any."""
    reranker_weight: float
    """Of the reranker's standardised score in the order of the excerpts."""
    questions: int
    """Answerable ones that it was fitted to."""
    created: str
    """ISO time."""
    log_loss: tuple[float, float]
    """Without and with it, on questions that it was not fitted to."""

    def margins(self, shipped: Scores, rows: Matrix, features: Sequence[str]) -> Scores:
        """Corrected log-odds, shape `(rows,)`, of rows of `features`."""
        import numpy as np  # here: `footnote doctor` only asks whether there is a calibration

        weights = np.array([self.weights.get(name, 0.0) for name in features], np.float32)
        return np.asarray(self.scale * shipped + self.offset + rows @ weights, np.float32)


def models_of(encoder: Encoder, reranker: Reranker | None) -> Models:
    """The models in use, as a calibration knows them."""
    return Models(
        encoder.name,
        encoder.fingerprint,
        None if reranker is None else reranker.name,
        None if reranker is None else reranker.fingerprint,
        shipped(),
    )


@cache
def shipped() -> str:
    """Fingerprint of `bot/models/`."""
    digest = hashlib.sha256()
    for name in ("excerpts.json", "confidence.json", "reader.safetensors"):
        digest.update(files("bot").joinpath("models", name).read_bytes())
    return digest.hexdigest()


def path_of(data: Path, models: Models) -> Path:
    """Where the calibration for these models is kept, if there is one."""
    return data / f"calibration-{models.key}.json"


def load_calibration(data: Path, models: Models) -> Calibration | None:
    """The calibration for exactly these models; None where there is none."""
    path = path_of(data, models)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, str(error)) from error
    found = _parsed(text, path)
    if found.models.key != models.key:
        raise _unusable(path, "it is for other models than its name says")
    return found


def all_calibrations(data: Path) -> list[Calibration]:
    """Those for whatever models, the newest first; without those that cannot be read."""
    found = []
    for path in data.glob("calibration-*.json"):
        try:
            found.append(_parsed(path.read_text("utf-8"), path))
        except (FootnoteError, OSError, UnicodeDecodeError):
            continue  # it is reported where its models are the ones in use
    return sorted(found, key=lambda calibration: calibration.created, reverse=True)


def save_calibration(data: Path, calibration: Calibration) -> Path:
    """Write whole or not at all, in place of an older one for the same models."""
    path = path_of(data, calibration.models)
    text = json.dumps({"version": VERSION, **asdict(calibration)}, indent=1, ensure_ascii=False)
    handle, name = tempfile.mkstemp(dir=data, prefix=f".{path.name}-")
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    return path


def _parsed(text: str, path: Path) -> Calibration:
    try:
        raw: dict[str, Any] = json.loads(text)
        version = raw.pop("version")
        if version != VERSION:
            raise _unusable(path, f"it was written by another version of Footnote ({version!r})")
        without, with_it = raw.pop("log_loss")
        found = Calibration(
            models=Models(**raw.pop("models")),
            weights={str(name): float(weight) for name, weight in raw.pop("weights").items()},
            log_loss=(float(without), float(with_it)),
            **raw,
        )
        numbers = (found.scale, found.offset, found.reranker_weight, *found.weights.values())
        if not all(map(isfinite, numbers)):
            raise ValueError("a weight is no number")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unusable(path, f"it is damaged ({error})") from error
    return found


def _unusable(path: Path, reason: str) -> FootnoteError:
    return FootnoteError(
        f"The calibration {path} cannot be used: {reason}."
        " Run `footnote calibrate` again, or remove the file."
    )
