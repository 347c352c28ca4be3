"""An index copied from one store into another, from the vectors that it has: no model is needed."""

from __future__ import annotations

from index.generations import KEPT_GENERATIONS, LOCK_SECONDS
from index.manifest import Manifest
from index.store import Store
from index.types import FootnoteError


def copy(source: Store, target: Store, keep: int = KEPT_GENERATIONS) -> Manifest:
    """Make the current generation of `source` the current one of `target`, in place of what is there.

    Raise `FootnoteError` if there is none, or it cannot be written.
    """
    snapshot = source.current()
    made = snapshot.manifest
    if not made.sources:
        raise FootnoteError("There is no article in the index to copy. Run `footnote build` first.")
    stale = {entry.id: entry.stale for entry in made.sources if entry.stale is not None}
    with target.draft(keep, LOCK_SECONDS) as draft:
        draft.begin(made.recipe, (), made.sentences)
        for contents in snapshot.contents():
            draft.add(contents)
        copied = draft.finish(stale).manifest
        draft.commit()
    return copied
