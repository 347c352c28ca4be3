"""The values that travel through the index, from a file on disk to a ranked passage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from index.reasons import Reason

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]
    """Shape `(rows, dimension)`; a single one has shape `(dimension,)`."""
    Scores = npt.NDArray[np.float32]
    Halves = npt.NDArray[np.float16]
    Rows = npt.NDArray[np.int64]
    Table = npt.NDArray[np.int32]
    Mask = npt.NDArray[np.bool_]
    Bits = npt.NDArray[np.uint8]
    Keys = npt.NDArray[np.uint64]
else:
    # Everything knows these types, and importing NumPy takes longer than many a command.
    Vectors = Scores = Halves = Rows = Table = Mask = Bits = Keys = Any


Scope = frozenset[str] | None
"""The collections that may be seen; None for all."""


class FootnoteError(Exception):
    """An expected failure.  Its message says what is wrong, in which place, and what to do."""


def collection_of(file: str) -> str:
    """Return the collection of a path below the sources folder: its first folder, or an empty string."""
    first, slash, _ = file.partition("/")
    return first if slash else ""


@dataclass(frozen=True, slots=True)
class Article:
    """One source: its text as stored, and what is known about it."""

    id: str
    """Path below the sources folder without suffix, with forward slashes: `cars/banma`."""
    file: str
    """Path below the sources folder with suffix: `cars/banma.md`."""
    text: str
    """The body: what follows the front matter.  All offsets count characters of this."""
    title: str
    publisher: str | None
    author: str | None
    published: str | None
    """ISO date, possibly partial: `2015-02-09`, `2015-02` or `2015`."""
    language: str | None
    url: str | None
    sha256: str
    """Of the bytes of the file, front matter included."""
    also: tuple[str, ...] = ()
    """Who else published the same text, as `TechNode, https://…`: copies that were not kept."""

    @property
    def collection(self) -> str:
        """The first folder of its path; empty if it lies in none."""
        return collection_of(self.file)


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole units of one article: `article.text[start:end] == text`."""

    article: Article
    start: int
    end: int
    path: tuple[str, ...]
    """The headings above its first unit, outermost first, without the article's title."""

    @property
    def heading(self) -> str | None:
        """The nearest heading above it; None at the top of an article."""
        return self.path[-1] if self.path else None

    @property
    def text(self) -> str:
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """Sizes in tokens of the embedding model."""

    target_tokens: int = 200
    """See RESULTS.md, "Constants"."""
    limit_tokens: int = 240
    """No passage of several sentences is longer; leaves room for a title in a 256-token input."""

    def __post_init__(self) -> None:
        if not 0 < self.target_tokens <= self.limit_tokens:
            raise ValueError(f"need 0 < target_tokens <= limit_tokens, not {self}")


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question.  `score` orders hits of one question and no others."""

    passage: Passage
    key: int
    """The passage's key in its snapshot."""
    score: float
    cosine: float
    """Cosine of question and passage, an absolute scale."""
    lexical: float
    """BM25 of the passage, an absolute scale that depends on the collection."""


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """A file that could not be read, and why."""

    file: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The result of a build, as article ids.

    `failed` holds the files that could not be read; if the last index had an article of one, it
    stays as it was, and the reason says so.
    """

    generation: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    failed: tuple[SourceFailure, ...]
    warnings: tuple[str, ...]
    passages: int
    sentences: int
    seconds: float
    rebuilt_because: str | None
    """Why all articles were worked on again, vectors included or not; None if they were not."""


class Encoder(Protocol):
    """An embedding model, as far as the index needs it."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text might get another vector."""
        ...

    @property
    def dimension(self) -> int: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, float32, shape `(len(texts), dimension)`."""
        ...

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        """Return unit vectors, float32, shape `(len(questions), dimension)`."""
        ...


@dataclass(frozen=True, slots=True)
class ReadSpan:
    """The span `[start:end]` of a text that answers best; `score` is its log-odds against no answer."""

    start: int
    end: int
    score: float


class Reading(Protocol):
    """One text as a reader has read it."""

    def best(self, start: int, end: int) -> ReadSpan:
        """Return the best span inside `text[start:end]`."""
        ...


class Reader(Protocol):
    """A model that reads a question and a text together, and finds the answer in it, or none."""

    @property
    def english_only(self) -> bool:
        """Whether it is of no use in other languages."""
        ...

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same question and text might be read otherwise."""
        ...

    def read(self, question: str, texts: Sequence[tuple[str, str]]) -> Sequence[Reading]:
        """Read each `(lead, text)`: the lead says what stands above the text, and is no part of it."""
        ...
