"""The values that an asker gets: an answer with its quotes and sources, or an honest no."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Source:
    """A cited article.  `citation` numbers run 1..n without gaps within one answer."""

    citation: int
    id: str
    title: str
    publisher: str | None
    author: str | None
    published: str | None
    url: str | None
    link: str | None
    """`url` with a text fragment that opens it at the first quote; None without a `url`."""
    file: str
    """Absolute path of the stored article."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim slice of an article's body: `article.text[start:end] == text`."""

    text: str
    citation: int
    source_id: str
    start: int
    end: int
    link: str | None
    """The article's URL opened at this very quote; None where the article has no URL."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """An article that comes near the question and does not answer it."""

    id: str
    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    quotes: tuple[Quote, ...]
    """One to three, best first."""
    sources: tuple[Source, ...]
    """Every one is cited by a quote; in order of `citation`."""
    confidence: float
    """Calibrated probability that the quotes answer the question, 0..1."""
    certain: bool
    """False: shown as "the closest I found", not as an answer."""
    generation: str
    seconds: float
    text: str | None = None
    """Prose, where a language model wrote it."""


MAX_QUESTION_CHARS = 2_000
"""Some 400 words.  The embedding model reads no more than half of that."""


class Silence(Enum):
    """Why there is no answer."""

    NOT_IN_SOURCES = "not in sources"
    EMPTY_QUESTION = "empty question"
    GREETING = "greeting"
    THANKS = "thanks"
    TOO_LONG = "question too long"
    NO_ARTICLES = "no articles"


@dataclass(frozen=True, slots=True)
class NoAnswer:
    question: str
    reason: Silence
    nearest: tuple[Nearest, ...]
    """At most three, best first.  Not an answer."""
    confidence: float
    generation: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation, oldest first in a `Conversation`."""

    question: str
    answer: str
    """The quotes that were shown, joined by a space; empty where there was no answer."""


Conversation = tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class PassageView:
    """A quote in its context, for the person who checks it: `before + quote + after` is verbatim."""

    source_id: str
    title: str
    publisher: str | None
    published: str | None
    url: str | None
    link: str | None
    before: str
    quote: str
    after: str


class Answers(Protocol):
    """What the surfaces (Slack, terminal) need of the answering side.  Thread-safe."""

    def answer(self, question: str, conversation: Conversation = ()) -> Answer | NoAnswer:
        """Raise `FootnoteError` where no index can be used."""
        ...

    def passage(self, source_id: str, start: int, end: int) -> PassageView | None:
        """None where the article is gone or those offsets are no longer inside it."""
        ...
