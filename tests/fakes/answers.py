"""An answering side with a handful of articles and prepared answers, for tests of what is around it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bot.types import (
    Answer,
    Conversation,
    NoAnswer,
    PassageView,
    Quote,
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
        self.gate = threading.Event()
        self.gate.set()

    def answer(self, question: str, conversation: Conversation = ()) -> Answer | NoAnswer:
        self.asked.append((question, conversation))
        self.gate.wait(10)
        found = self.prepared.get(question)
        if isinstance(found, Exception):
            raise found
        if callable(found):
            return found()
        return found or nothing(question)

    def passage(self, source_id: str, start: int, end: int) -> PassageView | None:
        text = self.articles.get(source_id)
        if text is None or not 0 <= start < end <= len(text):
            return None
        return PassageView(
            source_id=source_id,
            title="Banma and its owners",
            publisher="Car Times",
            published="2015-02-09",
            url=BANMA_URL,
            link=f"{BANMA_URL}#:~:text=Alibaba%20and%20SAIC",
            before=text[:start],
            quote=text[start:end],
            after=text[end:],
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
