"""Whether the reader can be used, and whether the confidence was fitted to the models in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.config import NO_READER, Settings
from bot.library.store import open_store
from bot.memory import Kept
from bot.quality.calibration import Models, all_calibrations, load_calibration, shipped, shipped_reader
from bot.terminal.checks import Check
from index.encoders.any_model import DEFAULT_MODEL
from index.types import FootnoteError, Reader

CALIBRATE = "Write questions down as for `footnote eval`, and run `footnote calibrate FILE`."


def model_checks(
    settings: Settings, open_reader: Callable[[Settings], Reader | None], kept: Kept | None
) -> Iterator[Check]:
    """Load the reader, unless it is the one that ships: nothing less tells whether it can be used.

    Calibrations are in `kept`; None if they cannot be asked for, which is reported elsewhere.
    """
    name: str | None = None
    fingerprint: str | None = None
    try:
        if settings.reader is None:
            name, fingerprint = shipped_reader()
        elif (reader := open_reader(settings)) is not None:
            name, fingerprint = reader.name, reader.fingerprint
    except FootnoteError as error:
        yield Check("reader", "problem", str(error))
        return
    if name is None:
        why = f"FOOTNOTE_READER is {NO_READER}: nothing reads what is found, and fewer answers are right"
        yield Check("reader", "note", why, "Leave FOOTNOTE_READER empty for the reader that ships.")
    else:
        yield Check("reader", "ok", f"{name} reads the best of what is found")
    try:
        manifest = open_store(settings).manifest()
    except FootnoteError:
        return  # reported as what it is, and without an index no model is in use
    models = Models(manifest.model, manifest.fingerprint, name, fingerprint, shipped())
    if kept is not None:
        yield _certainty(settings, models, kept)


def _certainty(settings: Settings, models: Models, kept: Kept) -> Check:
    try:
        calibration = load_calibration(kept, models)
    except FootnoteError as error:
        return Check("certainty", "problem", str(error))
    if calibration is not None:
        before, after = calibration.log_loss
        learnt = f"calibrated on {calibration.created[:10]} with {calibration.questions} questions"
        return Check("certainty", "ok", f"{learnt}; log loss {before:.3f} before, {after:.3f} after")
    others = dict.fromkeys(str(other.models) for other in all_calibrations(kept))
    names = ", ".join("an earlier version" if name == str(models) else name for name in others)
    if models.encoder == DEFAULT_MODEL and settings.reader is None:
        also = f"; calibrated is {names}" if names else ""
        return Check("certainty", "ok", f"as shipped, for the models that ship{also}")
    but = f", but for {names}" if names else ""
    return Check("certainty", "note", f"not calibrated for {models}{but}", CALIBRATE)
