"""An answering side with a handful of articles and prepared answers, for tests of what is around it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from bot.types import (
    Answer,
    Collection,
    Conversation,
    Listed,
    NoAnswer,
    Overview,
    PassageView,
    Quote,
    Scope,
    Silence,
    Source,
)

BANMA = "Banma was founded in 2015. Alibaba and SAIC each hold half of Banma. It makes software for cars."
BANMA_QUOTE = "Alibaba and SAIC each hold half of Banma."
BANMA_URL = "https://example.com/banma"
QUESTION = "Who holds what share of Banma?"


class PreparedAnswers:
    """Answers about one article; anything else gets what was prepared, or an honest no.

    Thread-safe as the protocol asks.  `gate` holds every answer back until it is set.
    """

    def __init__(self) -> None:
        self.articles = {"banma": BANMA}
        self.prepared: dict[str, Answer | NoAnswer | Exception | Callable[[], Answer | NoAnswer]] = {
            QUESTION: banma_answer()
        }
        self.asked: list[tuple[str, Conversation]] = []
        self.scopes: list[Scope] = []
        """Of what was asked, in the same order."""
        self.context = 10_000
        """Characters shown on each side of a quote."""
        self.close_to_it: Answer | None = None
        self.indexed: Overview | Exception = overview()
        self.written: Callable[[Answer], Iterator[str]] = lambda answer: iter(())
        """What a language model makes of an answer."""
        self.gate = threading.Event()
        self.gate.set()

    def answer(
        self, question: str, conversation: Conversation = (), scope: Scope = None
    ) -> Answer | NoAnswer:
        self.asked.append((question, conversation))
        self.scopes.append(scope)
        self.gate.wait(10)
        found = self.prepared.get(question)
        if isinstance(found, Exception):
            raise found
        if callable(found):
            return found()
        return found or nothing(question)

    def passage(self, source_id: str, start: int, end: int, scope: Scope = None) -> PassageView | None:
        text = self.articles.get(source_id)
        if text is None or not 0 <= start < end <= len(text):
            return None
        first, last = max(0, start - self.context), min(len(text), end + self.context)
        return replace(
            BANMA_VIEW,
            source_id=source_id,
            before=text[first:start],
            quote=text[start:end],
            after=text[end:last],
            start=first,
            end=last,
            article_end=len(text),
        )

    def beside(
        self, source_id: str, start: int, end: int, *, later: bool, scope: Scope = None
    ) -> PassageView | None:
        text = self.articles.get(source_id)
        if text is None:
            return None
        first, last = (end, end + self.context) if later else (max(0, start - self.context), start)
        if not text[first:last]:
            return None
        return replace(
            BANMA_VIEW,
            source_id=source_id,
            before=text[first:last],
            quote="",
            after="",
            start=first,
            end=min(last, len(text)),
            article_end=len(text),
        )

    def related(self, source_id: str, start: int, end: int, scope: Scope = None) -> Answer | None:
        return self.close_to_it

    def overview(self, scope: Scope = None) -> Overview:
        if isinstance(self.indexed, Exception):
            raise self.indexed
        return self.indexed

    def examples(self, scope: Scope = None, of: str | None = None) -> tuple[str, ...]:
        return (QUESTION, "What is Banma?")

    def prose(self, answer: Answer) -> Iterator[str]:
        return self.written(answer)


BANMA_VIEW = PassageView(
    source_id="banma",
    title="Banma and its owners",
    publisher="Car Times",
    published="2015-02-09",
    url=BANMA_URL,
    link=f"{BANMA_URL}#:~:text=Alibaba%20and%20SAIC",
    before="",
    quote="",
    after="",
)


def overview(articles: int = 2) -> Overview:
    """Two collections, built on 1 May 2026."""
    cars = (Listed("Banma and its owners", "Car Times", "2015-02-09", BANMA_URL),)
    return Overview(
        generation="g1",
        built="2026-05-01T12:00:00+00:00",
        articles=articles,
        passages=7,
        collections=(
            Collection("cars", articles - 1, cars),
            Collection("", 1, (Listed("A note", None, None, None),)),
        ),
    )


def banma_answer(*, certain: bool = True) -> Answer:
    start = BANMA.index(BANMA_QUOTE)
    link = f"{BANMA_URL}#:~:text=Alibaba%20and%20SAIC"
    return Answer(
        question=QUESTION,
        quotes=(Quote(BANMA_QUOTE, 1, "banma", start, start + len(BANMA_QUOTE), link),),
        sources=(
            Source(
                1,
                "banma",
                "Banma and its owners",
                "Car Times",
                None,
                "2015-02-09",
                BANMA_URL,
                link,
                "/a/b.md",
            ),
        ),
        confidence=0.9 if certain else 0.3,
        certain=certain,
        generation="g1",
        seconds=0.01,
    )


def answer_quoting(*quotes: str, title: str = "A title", publisher: str | None = "A paper") -> Answer:
    """An answer of these quotes, each from an article of its own that is nothing but the quote."""
    return Answer(
        question="?",
        quotes=tuple(
            Quote(text, number, f"a{number}", 0, len(text), f"https://example.com/{number}#:~:text=q")
            for number, text in enumerate(quotes, start=1)
        ),
        sources=tuple(
            Source(
                number,
                f"a{number}",
                title,
                publisher,
                None,
                "2020-01",
                f"https://example.com/{number}",
                f"https://example.com/{number}#:~:text=q",
                f"/a/{number}.md",
            )
            for number in range(1, len(quotes) + 1)
        ),
        confidence=0.8,
        certain=True,
        generation="g1",
        seconds=0.01,
    )


def nothing(question: str, reason: Silence = Silence.NOT_IN_SOURCES) -> NoAnswer:
    return NoAnswer(question, reason, nearest=(), confidence=0.05, generation="g1", seconds=0.01)
