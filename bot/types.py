"""The values that an asker gets: an answer with its quotes and sources, or an honest no."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from index.rendering import Shown, shown_text
from index.types import Scope as Scope


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
    also: tuple[str, ...] = ()
    """Who else published the same text, as `TechNode, https://…`."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim slice of an article's body: `article.text[start:end] == text`."""

    text: str
    citation: int
    source_id: str
    start: int
    end: int
    link: str | None
    """The article's URL opened at this very quote; None if the article has no URL."""
    answer: tuple[int, int] | None = None
    """Start and end of the very words that answer, offsets into the article's body, inside the quote.
    None if no part of the quote is the answer by itself."""
    path: tuple[str, ...] = ()
    """The headings above the quote in its article, outermost first, with a list's lead-in and the
    question of an FAQ.  Without the article's title."""
    part: str | None = None
    """The part of the question that this quote answers, in the asker's words; None if it has one part."""
    shown: Shown | None = None
    """The quote as a reader sees it: no marks, a table row with its heads, steps with their numbers.
    None if that is the text without its marks."""
    copies: tuple[int, ...] = ()
    """The citations of other articles that have the same sentence to the letter."""

    @property
    def seen(self) -> Shown:
        """The quote as a reader sees it."""
        return self.shown or shown_text(self.text, self.start)

    @property
    def answer_seen(self) -> tuple[int, int] | None:
        """The range in `seen.words` of the very words that answer."""
        return self.seen.where(*self.answer) if self.answer else None


@dataclass(frozen=True, slots=True)
class Nearest:
    """An article that comes near the question and does not answer it."""

    id: str
    title: str
    url: str | None
    published: str | None = None


@dataclass(frozen=True, slots=True)
class Instead:
    """A name of the question that the fitting articles do not hold, and the closest one that they do."""

    asked: str
    """In the asker's words: "ERR-1044", "version 10.4"."""
    named: str | None
    """The closest that an article names: "ERR-1042"; None if there is nothing like it."""


class About(Enum):
    """The subject of an answer that is about the articles themselves, and quotes nothing."""

    COUNT = "count"
    """How many articles there are; `sources` are the newest."""
    COLLECTION = "collection"
    """The subjects of the articles; `sources` are the newest."""
    MENTIONING = "mentioning"
    """Which articles name what was asked for; `sources` are these."""
    FROM = "from"
    """Which articles are from an author, a publisher or a year; `sources` are these."""
    LATEST = "latest"
    """The newest articles, newest first."""
    OLDEST = "oldest"
    TITLE = "title"
    AUTHOR = "author"
    PUBLISHED = "published"
    PUBLISHER = "publisher"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Told:
    """Facts about the articles; `Answer.sources` says of which."""

    about: About
    count: int = 0
    """Of articles that it holds for, of which `sources` may show a few."""
    subject: str | None = None
    """The name that an article had to hold, or its origin, in the asker's words."""
    values: tuple[str | None, ...] = ()
    """For AUTHOR, PUBLISHED, PUBLISHER and LINK: one for each source; None if it is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    quotes: tuple[Quote, ...]
    """Best first; one to three, or up to `bot.answer.selection.MAX_SEVERAL` if several things were asked for.
    Of a selection, in the order of the article.  Empty if `told` is the answer."""
    sources: tuple[Source, ...]
    """Every one is cited by a quote, or has a copy of one; in order of `citation`."""
    confidence: float
    """Calibrated probability that the quotes answer the question, 0..1."""
    certain: bool
    """False: shown as "the closest I found", not as an answer."""
    generation: str
    seconds: float
    text: str | None = None
    """Prose, if a language model wrote it."""
    unanswered: tuple[str, ...] = ()
    """Parts of the question that the sources do not answer, in the asker's words."""
    disagreement: bool = False
    """The first two quotes come from two articles that give different figures or dates."""
    selection: bool = False
    """The quotes are the sentences that say most about a topic or an article, not all that is said."""
    told: Told | None = None
    """The answer, if it is about the articles themselves."""
    instead: Instead | None = None
    """Why the answer is not certain, if it is known: something that was asked for is not named."""


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
    NOTHING_BEFORE = "nothing asked before"
    """"More", "explain" or "source?" without an answer that it could be about."""
    NOTHING_MORE = "nothing more"
    """All that the sources say to the question before was shown already."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    question: str
    reason: Silence
    nearest: tuple[Nearest, ...]
    """At most two, best first.  Not an answer."""
    confidence: float
    generation: str
    seconds: float
    instead: Instead | None = None
    """A name that was asked for and no article holds, if that is why there is no answer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation, oldest first in a `Conversation`."""

    question: str
    answer: str
    """The quotes that were shown, joined by a space; empty if there was no answer."""

    @classmethod
    def of(cls, question: str, result: Answer | NoAnswer) -> Turn:
        """Return the part of an exchange that is remembered."""
        quotes = result.quotes if isinstance(result, Answer) else ()
        return cls(question, " ".join(quote.text for quote in quotes))


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
    start: int = 0
    """Offset of `before` in the article; above 0 there is more to read before."""
    end: int = 0
    """Offset of the end of `after`."""
    article_end: int = 0
    """Length of the article; above `end` there is more to read after."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An article in a list."""

    title: str
    publisher: str | None
    published: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Collection:
    """The articles of one folder below the sources; `name` is empty for those in none."""

    name: str
    articles: int
    newest: tuple[Listed, ...]
    """A few, newest first."""


@dataclass(frozen=True, slots=True)
class Overview:
    """An overview of the index, for somebody who wonders what to ask."""

    generation: str
    built: str
    """UTC, ISO 8601."""
    articles: int
    passages: int
    collections: tuple[Collection, ...]
    """The largest first."""


class Answers(Protocol):
    """The answering side, as Slack, the page and the terminal see it.  Thread-safe.

    Articles outside of a `scope` do not exist for those who ask within it.
    """

    def answer(
        self, question: str, conversation: Conversation = (), scope: Scope = None
    ) -> Answer | NoAnswer:
        """Answer a question; raise `FootnoteError` if no index can be used."""
        ...

    def passage(self, source_id: str, start: int, end: int, scope: Scope = None) -> PassageView | None:
        """Return the quote in its context; None if the article is gone or has become shorter."""
        ...

    def beside(
        self, source_id: str, start: int, end: int, *, later: bool, scope: Scope = None
    ) -> PassageView | None:
        """Return the text before `start`, or after `end` if `later`, in the field `before`, with no quote.

        Return None if the article is gone or has nothing there.
        """
        ...

    def related(self, source_id: str, start: int, end: int, scope: Scope = None) -> Answer | None:
        """Return passages close to that one, as quotes; never certain.  None if there are none."""
        ...

    def overview(self, scope: Scope = None) -> Overview:
        """Return an overview of the index; raise `FootnoteError` if no index can be used."""
        ...

    def examples(self, scope: Scope = None, of: str | None = None) -> tuple[str, ...]:
        """Return at most three questions, drawn from the articles, that are answered for certain.

        With `of`, an article's id, only those that are answered from that article.
        """
        ...

    def prose(self, answer: Answer) -> Iterator[str]:
        """Yield what a language model writes of an answer that came without, sentence by checked sentence.

        Yield nothing without a language model.
        """
        ...
