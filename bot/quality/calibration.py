"""A calibration: what makes the confidence fit the models in use, and how it is kept.

Fits nothing; that is done in `bot.quality.fitting`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from math import isfinite
from typing import TYPE_CHECKING, Any

from index.types import Encoder, FootnoteError, Reader

if TYPE_CHECKING:
    from bot.memory import Kept

VERSION = 2
"""Of what is kept.  Another version is not read."""
READER_FILE = "reader.safetensors"
"""The weights of the reader that ships, beside the other models."""


@dataclass(frozen=True, slots=True)
class Models:
    """The models that a calibration was made with, and holds for."""

    encoder: str
    encoder_fingerprint: str
    reader: str | None
    """None if nothing is read; its fingerprint likewise."""
    reader_fingerprint: str | None
    shipped: str
    """Fingerprint of the weights that come with Footnote, whose log-odds it corrects."""

    @property
    def key(self) -> str:
        """Changes whenever the calibration would be another one."""
        parts = (self.encoder_fingerprint, self.reader_fingerprint, self.shipped)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def __str__(self) -> str:
        return f"{self.encoder} with {self.reader or 'no reader'}"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A correction of log-odds, `scale * log-odds + offset`, and its origin."""

    models: Models
    scale: float
    offset: float
    questions: int
    """Answerable ones that it was fitted to."""
    created: str
    """ISO time."""
    log_loss: tuple[float, float]
    """Without and with it, in nats, on questions that it was not fitted to."""


def models_of(encoder: Encoder, reader: Reader | None) -> Models:
    """Return the models in use, as a calibration knows them."""
    return Models(
        encoder.name,
        encoder.fingerprint,
        None if reader is None else reader.name,
        None if reader is None else reader.fingerprint,
        shipped(),
    )


@cache
def shipped() -> str:
    """Return the fingerprint of the weights that come with Footnote."""
    return hashlib.sha256(_model("weights.json").read_bytes()).hexdigest()


def shipped_reader() -> tuple[str, str]:
    """Return name and fingerprint of the reader that ships, which is checked but not loaded.

    Raise `FootnoteError` if its file is missing or damaged.
    """
    from safetensors import SafetensorError, deserialize

    weights = _model(READER_FILE)
    try:
        raw = weights.read_bytes()
        deserialize(raw)  # type: ignore[no-untyped-call]
    except (OSError, SafetensorError) as error:
        raise FootnoteError(f"The reader {weights} cannot be read: {error}. Reinstall Footnote.") from error
    return "the reader that ships", hashlib.sha256(raw).hexdigest()


def name_of(models: Models) -> str:
    """Return what the calibration for these models is kept under, if there is one."""
    return f"calibration-{models.key}.json"


def load_calibration(kept: Kept, models: Models) -> Calibration | None:
    """Return the calibration for exactly these models; None if there is none.

    Raise `FootnoteError` if it cannot be used.
    """
    name = name_of(models)
    try:
        text = kept.get(name)
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(kept.place(name), str(error)) from error
    if text is None:
        return None
    found = _parsed(text, kept.place(name))
    if found.models.key != models.key:
        raise _unusable(kept.place(name), "it is for other models than its name says")
    return found


def all_calibrations(kept: Kept) -> list[Calibration]:
    """Return those for whatever models, the newest first; without those that cannot be read."""
    found = []
    for name in kept.names("calibration-*.json"):
        try:
            found.append(_parsed(kept.get(name) or "", name))
        except (FootnoteError, OSError, UnicodeDecodeError):
            continue  # it is reported if its models are the ones in use
    return sorted(found, key=lambda calibration: calibration.created, reverse=True)


def save_calibration(kept: Kept, calibration: Calibration) -> str:
    """Keep it whole or not at all, in place of an older one for the same models; return where, for people."""
    name = name_of(calibration.models)
    text = json.dumps({"version": VERSION, **asdict(calibration)}, indent=1, ensure_ascii=False)
    kept.put(name, f"{text}\n")
    return kept.place(name)


def _model(file: str) -> Traversable:
    return files("bot").joinpath("models", file)


def _parsed(text: str, place: str) -> Calibration:
    try:
        raw: dict[str, Any] = json.loads(text)
        version = raw.pop("version")
        if version != VERSION:
            raise _unusable(place, f"it was written by another version of Footnote ({version!r})")
        without, with_it = raw.pop("log_loss")
        losses = (float(without), float(with_it))
        found = Calibration(models=Models(**raw.pop("models")), log_loss=losses, **raw)
        if not (isfinite(found.scale) and isfinite(found.offset)):
            raise ValueError("scale or offset is no number")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unusable(place, f"it is damaged ({error})") from error
    return found


def _unusable(place: str, reason: str) -> FootnoteError:
    return FootnoteError(
        f"The calibration {place} cannot be used: {reason}. Run `footnote calibrate` again, or remove it."
    )
