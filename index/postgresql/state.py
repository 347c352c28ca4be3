"""A generation's own row, and the articles that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.manifest import Manifest, MissingGeneration, Recipe, SourceEntry, with_reasons
from index.postgresql.server import Sql
from index.postgresql.tables import passage_seen, seen
from index.types import ChunkSettings, Vectors

_STATE = "ordinal, id, created, before, recipe, model, passages, sentences, terms, sizes, background, stale"


@dataclass(frozen=True)
class State:
    """A generation's own row."""

    ordinal: int
    id: str
    created: str
    before: str | None
    recipe: Recipe
    model: int
    passages: int
    sentences: int
    terms: int
    sizes: Mapping[int, int]
    """Passages by collection."""
    background: Vectors
    stale: Mapping[str, str]

    @property
    def seen(self) -> str:
        """The condition under which it sees an article."""
        return seen(self.ordinal)

    @property
    def passage_seen(self) -> str:
        """The condition under which it sees the passage `n`."""
        return passage_seen(self.ordinal)


def read_state(sql: Sql, ordinal: int) -> State:
    row = sql.execute(
        f"SELECT {_STATE} FROM generations WHERE ordinal = %s", [ordinal], binary=True
    ).fetchone()
    if row is None:
        raise MissingGeneration("The generation is gone. Ask again.")
    named = dict(zip(_STATE.split(", "), row, strict=True))
    named["recipe"] = recipe_of(named["recipe"])
    named["sizes"] = {int(collection): size for collection, size in named["sizes"].items()}
    named["background"] = np.frombuffer(named["background"], "<f4").astype(np.float32)
    return State(**named)


def recipe_of(raw: Mapping[str, Any]) -> Recipe:
    return Recipe(**{**raw, "chunking": ChunkSettings(**raw["chunking"])})


def read_manifest(sql: Sql, state: State) -> Manifest:
    """Return what a generation is made of."""
    rows = sql.execute(
        "SELECT id, file, sha256, passages, title, published, text_sha256 FROM articles"
        f" WHERE {state.seen} ORDER BY article"
    )
    sources = with_reasons((SourceEntry(*row) for row in rows), state.stale)
    return Manifest(
        state.id, state.created, state.before, state.recipe, state.passages, state.sentences, sources, {}
    )
