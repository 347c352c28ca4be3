"""The values that an asker gets: an answer with its quotes and sources, or an honest no."""

from __future__ import annotations

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
    """What stands above the quote in its article, outermost first: headings, a list's lead-in, the
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
        """Where in `seen.words` the very words that answer are."""
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
    """What the question names and the articles that fit do not, beside what they do name."""

    asked: str
    """In the asker's words: "ERR-1044", "version 10.4"."""
    named: str | None
    """The closest that an article names: "ERR-1042"; None if there is nothing like it."""


class About(Enum):
    """What an answer that is about the articles themselves, and quotes nothing, says."""

    COUNT = "count"
    """How many articles there are; `sources` are the newest."""
    COLLECTION = "collection"
    """What the articles are about; `sources` are the newest."""
    MENTIONING = "mentioning"
    """Which articles name what was asked for; `sources` are these."""
    FROM = "from"
    """Which articles are from an author, a publisher or a year; `sources` are these."""
    LATEST = "latest"
    """The newest articles, newest first."""
    AUTHOR = "author"
    PUBLISHED = "published"
    PUBLISHER = "publisher"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of the articles; `Answer.sources` says of which."""

    about: About
    count: int = 0
    """Of articles that it holds for, of which `sources` may show a few."""
    subject: str | None = None
    """What an article had to name, or whom it had to be from, in the asker's words."""
    values: tuple[str | None, ...] = ()
    """For AUTHOR, PUBLISHED, PUBLISHER and LINK: one for each source; None if it is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    quotes: tuple[Quote, ...]
    """Best first; one to three, or up to `bot.answer.selection.MAX_SEVERAL` if several things were asked for.
    Of a selection, in the order of the article.  None where `told` is the answer."""
    sources: tuple[Source, ...]
    """Every one is cited by a quote, or has a copy of one; in order of `citation`."""
    confidence: float
    """Calibrated probability that the quotes answer the question, 0..1."""
    certain: bool
    """False: shown as "the closest I found", not as an answer."""
    generation: str
    seconds: float
    text: str | None = None
    """Prose, where a language model wrote it."""
    unanswered: tuple[str, ...] = ()
    """Parts of the question that the sources do not answer, in the asker's words."""
    disagreement: bool = False
    """The first two quotes come from two articles that give different figures or dates."""
    selection: bool = False
    """The quotes are the sentences that say most about a topic or an article, not all that is said."""
    told: Told | None = None
    """The answer, where it is about the articles themselves."""
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
    """What was asked for and is not named, if that is why there is no answer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation, oldest first in a `Conversation`."""

    question: str
    answer: str
    """The quotes that were shown, joined by a space; empty where there was no answer."""

    @classmethod
    def of(cls, question: str, result: Answer | NoAnswer) -> Turn:
        """What remains of an exchange."""
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
    """Where `before` begins in the article; above 0 there is more to read before."""
    end: int = 0
    """Where `after` ends."""
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
    """What is indexed, for somebody who wonders what to ask."""

    generation: str
    built: str
    """UTC, ISO 8601."""
    articles: int
    passages: int
    collections: tuple[Collection, ...]
    """The largest first."""


class Answers(Protocol):
    """What the surfaces (Slack, terminal) need of the answering side.  Thread-safe.

    Whatever lies outside of a `scope` is, to who asks within it, as if it were not there.
    """

    def answer(
        self, question: str, conversation: Conversation = (), scope: Scope = None
    ) -> Answer | NoAnswer:
        """Raise `FootnoteError` where no index can be used."""
        ...

    def passage(self, source_id: str, start: int, end: int, scope: Scope = None) -> PassageView | None:
        """None where the article is gone or those offsets are no longer inside it."""
        ...

    def beside(
        self, source_id: str, start: int, end: int, *, later: bool, scope: Scope = None
    ) -> PassageView | None:
        """What stands before `start`, or after `end` where `later`; all of it is in `before`, with no quote.

        None where the article is gone or has nothing there.
        """
        ...

    def related(self, source_id: str, start: int, end: int, scope: Scope = None) -> Answer | None:
        """Passages close to that one, as quotes; never certain.  None where there are none."""
        ...

    def overview(self, scope: Scope = None) -> Overview:
        """Raise `FootnoteError` where no index can be used."""
        ...

    def examples(self, scope: Scope = None, of: str | None = None) -> tuple[str, ...]:
        """At most three questions, drawn from the articles, that are answered for certain.

        With `of`, an article's id, only such as are answered from that article.
        """
        ...
