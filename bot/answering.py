"""A question -> a cited answer, or an honest no.  Knows nothing of where it is shown."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

from bot import confidence as confidence_
from bot import excerpts as excerpts_
from bot.citations import cite, link_to
from bot.confidence import confidence
from bot.conversation import small_talk, standalone
from bot.excerpts import Excerpt, excerpts
from bot.linear import LinearModel
from bot.types import MAX_QUESTION_CHARS, Answer, Conversation, Nearest, NoAnswer, PassageView, Silence
from index.generation import LiveGeneration
from index.search import Findings, Searcher
from index.types import Article, Encoder

MAX_QUOTES = 3
# A further sentence is quoted where its score is so close to the best.  0.3 to 1 are equal on the
# chunking corpora (IoU .39); at 1 an answer has 1.3 quotes on average.
CLOSE_SCORE = 1.0
# At the default balance of 0.5 an answer is shown as one from a probability of 0.5 on, and as "the
# closest I found" down to this share of it: a guess that is right one time in five is worth a look,
# labelled as what it is.
UNCERTAIN_SHARE = 0.4
MAX_NEAREST = 3
# A quote whose first word points back is quoted with the sentence before, up to this length.
MAX_JOINED_CHARS = 500
CONTEXT_CHARS = 600

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Span:
    article: Article
    start: int
    end: int


class Answerer:
    """Answers from the current generation of an index.  Thread-safe.

    `balance` is the probability that an answer must reach to be shown as one: 0 answers whenever
    there is anything, 1 only when sure.
    """

    def __init__(
        self, live: LiveGeneration, encoder: Encoder, sources_folder: Path, balance: float = 0.5
    ) -> None:
        self._live = live
        self._encoder = encoder
        self._sources_folder = sources_folder
        self._balance = balance
        self._searcher: Searcher | None = None
        self._lock = Lock()

    def answer(self, question: str, conversation: Conversation = ()) -> Answer | NoAnswer:
        """Raise `FootnoteError` where no index can be used."""
        began = time.perf_counter()
        searcher = self._current()
        generation = searcher.generation
        asked = " ".join(question.replace("\0", " ").split())
        if not any(c.isalnum() for c in asked):
            return NoAnswer(question, Silence.EMPTY_QUESTION, (), 0.0, generation.id, _since(began))
        courtesy = small_talk(asked)
        if courtesy is not None:
            return NoAnswer(question, courtesy, (), 0.0, generation.id, _since(began))
        if len(asked) > MAX_QUESTION_CHARS:
            return NoAnswer(question, Silence.TOO_LONG, (), 0.0, generation.id, _since(began))
        if not generation.passages:
            return NoAnswer(question, Silence.NO_ARTICLES, (), 0.0, generation.id, _since(began))

        whole = standalone(asked, conversation)
        findings = searcher.find(whole, focus=None if whole == asked else asked)
        ranked = excerpts(findings, asked, open_model())
        sure = confidence(findings, ranked, _open_confidence())
        spans = _verified(_choose(findings, ranked))
        if not spans or sure < self._balance * UNCERTAIN_SHARE:
            nearest = _nearest(findings)
            return NoAnswer(question, Silence.NOT_IN_SOURCES, nearest, sure, generation.id, _since(began))
        quotes, sources = cite([(s.article, s.start, s.end) for s in spans], self._sources_folder)
        return Answer(question, quotes, sources, sure, sure >= self._balance, generation.id, _since(began))

    def passage(self, source_id: str, start: int, end: int) -> PassageView | None:
        """None where the article is gone or those offsets are no longer inside it."""
        generation = self._current().generation
        article = next((a for a in generation.articles if a.id == source_id), None)
        if article is None or not 0 <= start < end <= len(article.text):
            return None
        first, last = _context(article.text, start, end)
        return PassageView(
            source_id=article.id,
            title=article.title,
            publisher=article.publisher,
            published=article.published,
            url=article.url,
            link=link_to(article, start, end),
            before=article.text[first:start],
            quote=article.text[start:end],
            after=article.text[end:last],
        )

    def _current(self) -> Searcher:
        generation = self._live.get()
        with self._lock:
            if self._searcher is None or self._searcher.generation is not generation:
                self._searcher = Searcher(generation, self._encoder)
            return self._searcher


@cache
def open_model() -> LinearModel:
    """The model that ranks excerpts, as shipped."""
    return LinearModel.load("excerpts", excerpts_.FEATURES)


@cache
def _open_confidence() -> LinearModel:
    return LinearModel.load("confidence", confidence_.FEATURES)


def _choose(findings: Findings, ranked: Sequence[Excerpt]) -> list[_Span]:
    """The best sentence and those close to it, without repeats, at most `MAX_QUOTES` sentences."""
    spans: list[_Span] = []
    sentences = 0
    for excerpt in ranked:
        if spans and excerpt.score < ranked[0].score - CLOSE_SCORE:
            break
        article = findings.hits[excerpt.sentence.place].passage.article
        start, joined = excerpt.sentence.start, 1
        before = _sentence_before(findings, excerpt)
        if before is not None and sentences + 2 <= MAX_QUOTES:
            start, joined = before, 2
        span = _Span(article, start, excerpt.sentence.end)
        if sentences + joined > MAX_QUOTES:
            break
        if any(_same(span, other) for other in spans):
            continue
        spans.append(span)
        sentences += joined
    return spans


def _sentence_before(findings: Findings, excerpt: Excerpt) -> int | None:
    """Where the sentence before begins, if the excerpt would not stand alone without it."""
    if not excerpt.found.pronoun_start:
        return None
    place = findings.sentences.index(excerpt.sentence)
    if place == 0:
        return None
    before = findings.sentences[place - 1]
    text = findings.hits[excerpt.sentence.place].passage.article.text
    adjacent = (
        before.place == excerpt.sentence.place and "\n" not in text[before.end : excerpt.sentence.start]
    )
    return before.start if adjacent and excerpt.sentence.end - before.start <= MAX_JOINED_CHARS else None


def _same(span: _Span, other: _Span) -> bool:
    if span.article is other.article and span.start < other.end and other.start < span.end:
        return True
    return _words(span) == _words(other)


def _words(span: _Span) -> list[str]:
    return "".join(
        c if c.isalnum() else " " for c in span.article.text[span.start : span.end].casefold()
    ).split()


def _verified(spans: Sequence[_Span]) -> list[_Span]:
    """Only spans that lie inside their article and hold words; the promise of every quote."""
    good = [
        s
        for s in spans
        if 0 <= s.start < s.end <= len(s.article.text) and s.article.text[s.start : s.end].strip()
    ]
    if len(good) < len(spans):
        _log.error("%d quotes were not inside their article and are not shown", len(spans) - len(good))
    return good


def _nearest(findings: Findings) -> tuple[Nearest, ...]:
    articles = dict.fromkeys(hit.passage.article for hit in findings.hits if hit.score > 0)
    return tuple(Nearest(a.id, a.title, a.url) for a in list(articles)[:MAX_NEAREST])


def _context(text: str, start: int, end: int) -> tuple[int, int]:
    """The paragraphs around a quote, cut at a space where they are long."""
    first = text.rfind("\n\n", 0, start)
    first = first + 2 if first >= 0 else 0
    last = text.find("\n\n", end)
    last = last if last >= 0 else len(text)
    if start - first > CONTEXT_CHARS:
        space = text.find(" ", start - CONTEXT_CHARS, start)
        first = space + 1 if space >= 0 else start - CONTEXT_CHARS
    if last - end > CONTEXT_CHARS:
        space = text.rfind(" ", end, end + CONTEXT_CHARS)
        last = space if space >= 0 else end + CONTEXT_CHARS
    return first, last


def _since(began: float) -> float:
    return time.perf_counter() - began
