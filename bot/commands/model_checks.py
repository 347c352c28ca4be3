"""Whether the reranker can be used, and whether the confidence was fitted to the models in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.calibration import Models, all_calibrations, load_calibration, shipped
from bot.commands.checks import Check
from bot.config import Settings
from index.embedding import DEFAULT_MODEL
from index.manifests import current_manifest
from index.types import FootnoteError, Reranker

CALIBRATE = "Write questions down as for `footnote eval`, and run `footnote calibrate FILE`."


def model_checks(settings: Settings, open_reranker: Callable[[Settings], Reranker | None]) -> Iterator[Check]:
    """Loads the reranker, where one is set: nothing less tells whether it can be used."""
    reranker: Reranker | None = None
    try:
        if settings.reranker is not None:  # else nothing needs to be imported to open none
            reranker = open_reranker(settings)
    except FootnoteError as error:
        yield Check("reranker", "problem", str(error))
        return
    if reranker is not None:
        yield Check("reranker", "ok", f"{reranker.name} reads the best sentences again")
    try:
        manifest = current_manifest(settings.data)
    except FootnoteError:
        return  # reported as what it is, and without an index no model is in use
    yield _certainty(
        settings,
        Models(
            manifest.model,
            manifest.fingerprint,
            None if reranker is None else reranker.name,
            None if reranker is None else reranker.fingerprint,
            shipped(),
        ),
    )


def _certainty(settings: Settings, models: Models) -> Check:
    try:
        calibration = load_calibration(settings.data, models)
    except FootnoteError as error:
        return Check("certainty", "problem", str(error))
    if calibration is not None:
        before, after = calibration.log_loss
        learnt = f"calibrated on {calibration.created[:10]} with {calibration.questions} questions"
        return Check("certainty", "ok", f"{learnt}; log loss {before:.3f} before, {after:.3f} after")
    others = dict.fromkeys(str(other.models) for other in all_calibrations(settings.data))
    names = ", ".join("an earlier version" if name == str(models) else name for name in others)
    if models.encoder == DEFAULT_MODEL and models.reranker is None:
        also = f"; calibrated is {names}" if names else ""
        return Check("certainty", "ok", f"as shipped, for the model that ships{also}")
    but = f", but for {names}" if names else ""
    return Check("certainty", "note", f"not calibrated for {models}{but}", CALIBRATE)
