"""A question -> a cited answer, or an honest no.  Knows nothing of Slack or any other place that shows it."""

from __future__ import annotations

import datetime
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from threading import Lock

from bot.answer.catalog import asked_about, catalog_answer, last_cited
from bot.answer.citations import cite, cite_whole, link_to
from bot.answer.conversation import Request, last_question, leans, request_about, small_talk
from bot.answer.examples import candidates
from bot.answer.find import Found, Means, find_answer
from bot.answer.key_sentences import (
    MAX_KEY_SENTENCES,
    Given,
    key_sentences_of,
    sentences_about,
    summary_of,
    topic_of,
)
from bot.answer.passages import overview_of, stretch_after, stretch_before
from bot.answer.question import compared, spelt_out
from bot.answer.ranking import Correction, Judge, Weights, rank
from bot.answer.scoped_search import View
from bot.answer.selection import Span, same
from bot.answer.turns import Turns
from bot.types import (
    MAX_QUESTION_CHARS,
    Answer,
    Conversation,
    Instead,
    Nearest,
    NoAnswer,
    Overview,
    PassageView,
    Silence,
)
from index.search import Searcher
from index.store import Current
from index.types import Article, Encoder, Reader, Scope

# At the default balance of 0.5 an answer is shown as one from a probability of 0.5 on, and as "the
# closest I found" down to this share of it: a guess that is right one time in eight is worth a look,
# labelled as what it is.
UNCERTAIN_SHARE = 0.25
MAX_NEAREST = 2
CONTEXT_CHARS = 600
MAX_OF_A_SIDE = 2
"""Sentences about each of two things that are compared."""
MAX_RELATED = 3
MAX_EXAMPLES = 3
THE_LINK = "link to it"
# "Link?", "which date?": so few words may be about the article that was cited last.
MOST_WORDS_ABOUT_IT = 6
MAX_EXAMPLES_OF_ONE = 2
# Once an index, while somebody waits for a page to open.  See RESULTS.md, "Constants".
MAX_EXAMPLES_TRIED = 40
# Channels with the same collections share one.
MAX_SCOPES_KEPT = 64
MAX_EXAMPLES_KEPT = 1_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How a question is answered, beyond a search."""

    reader: Reader | None = None
    """What reads the best passages once more."""
    calibration: Correction | None = None
    """It must be the one for this reader."""
    weights: Weights | None = None
    """Those that ship if None."""
    today: Callable[[], datetime.date] = datetime.date.today


class Answerer:
    """Answers from the current generation of an index.  Thread-safe.

    `balance` is the probability that an answer must reach to be shown as one: 0 answers whenever
    there is anything, 1 only when sure.
    """

    def __init__(
        self,
        store: Current,
        encoder: Encoder,
        sources_folder: Path,
        balance: float = 0.5,
        options: AnswerOptions = AnswerOptions(),
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._sources_folder = sources_folder
        self._balance = balance
        self._today = options.today
        self._judge = Judge(options.reader, options.calibration, options.weights)
        self._searcher: Searcher | None = None
        self._views: dict[Scope, View] = {}
        self._examples: dict[tuple[Scope, str | None], tuple[str, tuple[str, ...]]] = {}
        self._lock = Lock()
        # More at once than there are cores only interrupt each other.  See RESULTS.md, "Constants".
        self._turns = Turns(os.cpu_count() or 1)

    def answer(
        self, question: str, conversation: Conversation = (), scope: Scope = None
    ) -> Answer | NoAnswer:
        """Answer from the collections in `scope`; raise `FootnoteError` if no index can be used."""
        with self._turns:
            return self._answer(question, conversation, scope)

    def _answer(self, question: str, conversation: Conversation, scope: Scope) -> Answer | NoAnswer:
        began = time.perf_counter()
        view = self._view(scope)
        asked = _clean(question)

        def none(
            reason: Silence,
            nearest: Sequence[Article] = (),
            sure: float = 0.0,
            instead: Instead | None = None,
        ) -> NoAnswer:
            near = tuple(Nearest(a.id, a.title, a.url, a.published) for a in nearest[:MAX_NEAREST])
            return NoAnswer(question, reason, near, sure, view.snapshot.id, _since(began), instead)

        silence = _silence(asked)
        if silence is not None:
            return none(silence)
        if not view.snapshot.manifest.passages:
            return none(Silence.NO_ARTICLES)
        request = request_about(asked)
        if request is Request.SOURCE and conversation and not conversation[-1].answer:
            # What was told of an article has no quote; its source is the article.
            request, asked = None, THE_LINK
        if request is None:
            last = _last(asked, conversation, view)
            about = asked_about(asked, view.articles(), last)
            if about is not None:
                told, listed = catalog_answer(about, view.articles())
                sources = cite_whole(listed, self._sources_folder)
                generation = view.snapshot.id
                return Answer(question, (), sources, 1.0, True, generation, _since(began), told=told)
            found = self._select(view, asked, last) or self._find(view, asked, conversation)
            if found.sure < self._balance or found.instead is not None:
                found = _both_sides(view, asked) or found
        else:
            place = last_question(conversation)
            if place is None:
                return none(Silence.NOTHING_BEFORE)
            shown = [turn.answer for turn in conversation[place:] if turn.answer]
            found = self._find_again(view, request, conversation[: place + 1], shown)
            if request is Request.MORE and shown and not found.spans:
                return none(Silence.NOTHING_MORE)
        spans = _verified(found.spans)
        # Another thing than what was asked for has to fit well to be shown, a slip of the pen less so.
        strange = found.instead is not None and found.instead.named is None
        enough = self._balance * (1 if strange else UNCERTAIN_SHARE)
        if not spans or found.sure < enough:
            return none(Silence.NOT_IN_SOURCES, found.nearest, found.sure, found.instead)
        certain = found.sure >= self._balance and found.instead is None
        if not certain:
            # Words in bold would say that they answer.
            spans = [replace(span, answer=None) for span in spans]
        quotes, sources = cite(spans, self._sources_folder)
        return Answer(
            question,
            quotes,
            sources,
            confidence=found.sure,
            certain=certain,
            generation=view.snapshot.id,
            seconds=_since(began),
            unanswered=found.unanswered,
            disagreement=found.disagreement,
            selection=found.selection,
            instead=found.instead,
        )

    def _select(self, view: View, asked: str, last: Article | None) -> Found | None:
        """Return the sentences that say most of an article or topic; None if that is not asked for."""
        summarised = summary_of(asked, view.articles(), last)
        if summarised is not None:
            held = [(article, *view.snapshot.sentences_of(article.id)) for article in summarised]
            spans = [Span(article, *span) for article, span in key_sentences_of(held)]
        else:
            topic = topic_of(asked)
            if topic is None:
                return None
            spans = _about(view, topic, MAX_KEY_SENTENCES)
        return Found(tuple(spans), 1.0, (), selection=True) if spans else None

    def _find(self, view: View, asked: str, conversation: Conversation, shown: Sequence[str] = ()) -> Found:
        means = Means(view, self._judge, self._today())
        enough = self._balance * UNCERTAIN_SHARE
        return find_answer(means, spelt_out(asked), conversation, enough, shown)

    def _find_again(
        self, view: View, request: Request, conversation: Conversation, shown: Sequence[str]
    ) -> Found:
        """Answer "more", "explain" or "source?" about the last question of `conversation`."""
        asked = _clean(conversation[-1].question)
        if request is Request.MORE:
            return self._find(view, asked, conversation[:-1], shown)
        found = self._find(view, asked, conversation[:-1])
        return _in_context(found) if request is Request.EXPLAIN else found

    def passage(self, source_id: str, start: int, end: int, scope: Scope = None) -> PassageView | None:
        """Return the quote `[start:end]` in its context; None if the article is gone or now shorter."""
        article = self._view(scope).article(source_id)
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
            start=first,
            end=last,
            article_end=len(article.text),
        )

    def beside(
        self, source_id: str, start: int, end: int, *, later: bool, scope: Scope = None
    ) -> PassageView | None:
        """Return the text before `start`, or after `end`, in the field `before`; None if there is none."""
        article = self._view(scope).article(source_id)
        if article is None or not 0 <= start <= end <= len(article.text):
            return None
        span = stretch_after(article.text, end) if later else stretch_before(article.text, start)
        if span is None:
            return None
        return PassageView(
            source_id=article.id,
            title=article.title,
            publisher=article.publisher,
            published=article.published,
            url=article.url,
            link=article.url,
            before=article.text[slice(*span)],
            quote="",
            after="",
            start=span[0],
            end=span[1],
            article_end=len(article.text),
        )

    def related(self, source_id: str, start: int, end: int, scope: Scope = None) -> Answer | None:
        """Return the sentences closest to `[start:end]` in other articles, one each; never certain."""
        began = time.perf_counter()
        view = self._view(scope)
        article = view.article(source_id)
        if article is None or not 0 <= start < end <= len(article.text):
            return None
        text = _clean(article.text[start:end])[:MAX_QUESTION_CHARS]
        findings = view.find(text)
        spans: list[Span] = []
        for candidate in rank(findings, text, None):
            held = candidate.article
            if held.id != source_id and all(held is not span.article for span in spans):
                spans.append(Span(held, candidate.sentence.start, candidate.sentence.end))
        spans = _verified(spans[:MAX_RELATED])
        if not spans:
            return None
        quotes, sources = cite(spans, self._sources_folder)
        return Answer("", quotes, sources, 0.0, False, view.snapshot.id, _since(began))

    def overview(self, scope: Scope = None) -> Overview:
        """Return what is indexed; raise `FootnoteError` if no index can be used."""
        return overview_of(self._view(scope).snapshot, scope)

    def examples(self, scope: Scope = None, of: str | None = None) -> tuple[str, ...]:
        """Return at most three questions, each answered for certain from the article it was drawn from."""
        view = self._view(scope)
        found = self._examples.get((scope, of))
        if found is None or found[0] != view.snapshot.id:
            article = view.article(of) if of is not None else None
            articles = view.articles() if of is None else [article] if article else []
            found = (view.snapshot.id, tuple(self._verified_examples(articles, scope)))
            if len(self._examples) >= MAX_EXAMPLES_KEPT:
                self._examples.clear()
            self._examples[scope, of] = found
        return found[1]

    def prose(self, answer: Answer) -> Iterator[str]:
        """Yield nothing: it only quotes."""
        return iter(())

    def _verified_examples(self, articles: Sequence[Article], scope: Scope) -> Iterator[str]:
        of: Counter[str] = Counter()
        for question, source_id in islice(candidates(articles), MAX_EXAMPLES_TRIED):
            if of[source_id] == MAX_EXAMPLES_OF_ONE:
                continue
            answer = self.answer(question, scope=scope)
            if isinstance(answer, Answer) and answer.certain and answer.quotes[0].source_id == source_id:
                of[source_id] += 1
                yield question
            if of.total() == MAX_EXAMPLES:
                return

    def _view(self, scope: Scope) -> View:
        """Return the part of the current generation that is in `scope`."""
        snapshot = self._store.current()
        with self._lock:
            if self._searcher is None or self._searcher.snapshot.id != snapshot.id:
                self._searcher = Searcher(snapshot, self._encoder)
                self._views.clear()
            if scope not in self._views:
                if len(self._views) >= MAX_SCOPES_KEPT:
                    self._views.clear()
                self._views[scope] = View(self._searcher, scope)
            return self._views[scope]


def _clean(question: str) -> str:
    return " ".join(question.replace("\0", " ").split())


def _last(asked: str, conversation: Conversation, view: View) -> Article | None:
    """Return the article that "it" may mean; None if the message is unlikely to speak of one."""
    may = conversation and (leans(asked) or len(asked.split()) <= MOST_WORDS_ABOUT_IT)
    return last_cited(conversation, view.articles()) if may else None


def _silence(asked: str) -> Silence | None:
    """Return the reason why a message is not searched for; None if it is."""
    if not any(c.isalnum() for c in asked):
        return Silence.EMPTY_QUESTION
    courtesy = small_talk(asked)
    if courtesy is not None:
        return courtesy
    return Silence.TOO_LONG if len(asked) > MAX_QUESTION_CHARS else None


def _about(view: View, topic: str, count: int) -> list[Span]:
    """Return at most `count` sentences that say most about a topic."""
    given = [
        Given(c.article, c.sentence.start, c.sentence.end, c.relevance)
        for c in rank(view.find(topic), topic, None)
    ]
    return [Span(one.article, one.start, one.end) for one in sentences_about(topic, given, count=count)]


def _both_sides(view: View, asked: str) -> Found | None:
    """Return what is said of each of two things that are compared; None if not both are known.

    No sentence need compare them for somebody to see how they differ.
    """
    sides = compared(asked) or ()
    told = [[replace(span, part=side) for span in _about(view, side, MAX_OF_A_SIDE)] for side in sides]
    if not told or not all(told):
        return None
    first, second = told
    second = [span for span in second if not any(same(span, other) for other in first)]
    return Found((*first, *second), 1.0, (), selection=True) if second else None


def _in_context(found: Found) -> Found:
    """Return the same answer with each quote widened to its paragraphs."""
    spans: list[Span] = []
    for span in found.spans:
        first, last = _context(span.article.text, span.start, span.end)
        text = span.article.text[first:last]
        wide = Span(span.article, first + len(text) - len(text.lstrip()), first + len(text.rstrip()))
        if not any(same(wide, other) for other in spans):
            spans.append(wide)
    return replace(found, spans=tuple(spans))


def _verified(spans: Sequence[Span]) -> list[Span]:
    """Return the spans that lie inside their article and hold words."""
    good = [
        s
        for s in spans
        if 0 <= s.start < s.end <= len(s.article.text) and s.article.text[s.start : s.end].strip()
    ]
    if len(good) < len(spans):
        _log.error("%d quotes were not inside their article and are not shown", len(spans) - len(good))
    return good


def _context(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the paragraphs around a quote as offsets, cut at a space if they are long."""
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
