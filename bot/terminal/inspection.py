"""The state of the saved index, and whether the articles have changed since it was built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from index.folder import Reading, known_files, read_sources
from index.manifest import Manifest
from index.store import Store
from index.types import FootnoteError

# Comparing reads every article: 2,000 take about a tenth of a second.  Beyond that, asking a question
# would wait for a hint; `footnote doctor` compares them all.
HINT_ARTICLES = 2000


@dataclass(frozen=True, slots=True)
class Drift:
    """The differences between the sources folder and the index, as article ids."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __str__(self) -> str:
        counts = (("added", self.added), ("changed", self.changed), ("removed", self.removed))
        return ", ".join(f"{len(ids)} {word}" for word, ids in counts if ids)


def drift(reading: Reading, manifest: Manifest) -> Drift:
    """Compare by content.  A file that fails now is not removed: its last good version stays."""
    built = {entry.id: entry.sha256 for entry in manifest.sources}
    found = {id: built[id] for id in reading.unchanged}
    found |= {article.id: article.sha256 for article in reading.articles}
    failing = {failure.file for failure in reading.failures}
    kept = {entry.id for entry in manifest.sources if entry.file in failing}
    return Drift(
        added=tuple(id for id in found if id not in built),
        changed=tuple(id for id in found if id in built and built[id] != found[id]),
        removed=tuple(id for id in built if id not in found and id not in kept),
    )


def drift_hint(sources: Path, store: Store) -> str | None:
    """Return one line if the index is behind its articles; None if it is not, or comparing would be slow."""
    try:
        manifest = store.manifest()
        if len(manifest.sources) > HINT_ARTICLES:
            return None
        found = drift(read_sources(sources, known_files(manifest.sources)), manifest)
    except FootnoteError:
        return None  # a hint is not the place to report it, and an index without its articles can be asked
    return (
        f"The articles have changed since the index was built ({found}). Run `footnote build`."
        if str(found)
        else None
    )
