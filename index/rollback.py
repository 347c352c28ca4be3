"""Going back to a generation that was kept."""

from __future__ import annotations

from pathlib import Path

from index.build import LOCK_SECONDS, writing
from index.generation import make_current, verify
from index.manifests import GENERATIONS, Manifest, checked, current_name, held_back, kept_generations
from index.types import FootnoteError


def roll_back(data: Path, name: str | None = None, lock_seconds: float = LOCK_SECONDS) -> Manifest:
    """Make a kept generation the current one, the one before where none is named; return its manifest.

    It is read bit by bit first.  A build of the very articles that were gone back from leaves it in
    place; once they change, builds go on as ever.  Raise `FootnoteError` where there is none to go to.
    """
    with writing(data, lock_seconds):
        current, kept = current_name(data), kept_generations(data)
        target = name or _before(data, current, kept)
        if target == current:
            raise FootnoteError(f"The index is at {current} already. Kept are: {_listed(kept)}.")
        if target not in kept:
            raise FootnoteError(f"There is no generation {target} to go to. Kept are: {_listed(kept)}.")
        manifest = verify(data, target).manifest
        # What the articles are still like, also where somebody goes back step by step.
        left = held_back(data) or current
        ahead = left in kept and kept.index(left) < kept.index(target)
        make_current(data, target, instead_of=left if ahead else None)
        return manifest


def _before(data: Path, current: str, kept: list[str]) -> str:
    before: str | None = checked(data / GENERATIONS / current)["before"] if current in kept else None
    if before in kept:
        return before
    older = kept[kept.index(current) + 1 :] if current in kept else kept
    if not older:
        raise FootnoteError(
            "There is no generation before the current one. FOOTNOTE_KEEP_GENERATIONS says how many are kept."
        )
    return older[0]


def _listed(names: list[str]) -> str:
    return ", ".join(names)
