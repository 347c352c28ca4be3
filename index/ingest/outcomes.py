"""What came of a document or an address that was to be added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from index.ingest.document import LeftOut
from index.reasons import Reason


@dataclass(frozen=True, slots=True)
class Added:
    """The document is an article now."""

    source: str
    id: str
    file: str
    title: str
    change: Literal["added", "replaced", "unchanged"]
    """`replaced`: an earlier version of the same document was there; `unchanged`: this very one was."""
    left_out: tuple[LeftOut, ...] = ()
    """Text of the document that the article does not hold."""
    warnings: tuple[Reason, ...] = ()
    sibling: str | None = None
    """The id of another article with the same title or name but for a year or version, which stays."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The text of an article that is there, of another publisher: not kept, but named beside it as `copy`."""

    source: str
    id: str
    file: str
    title: str
    copy: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed."""

    source: str
    reason: Reason


Outcome = Added | Merged | Refused
