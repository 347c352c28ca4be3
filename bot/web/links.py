"""Addresses of articles on the page: signed, so that they open without signing in, and only for a while."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote as percent_encode

from bot.memory import Kept
from bot.types import Answer, Answers, Conversation, NoAnswer, Overview, PassageView, Scope
from bot.web.markdown import QUOTE_ID
from index.types import FootnoteError

KEY_FILE = "web.key"
"""What the secret is kept under."""
DAY_SECONDS = 86_400
_KEY_BYTES = 32


def load_key(kept: Kept) -> bytes:
    """Return the secret that links and forms are signed with, made when it is first needed.

    It is the same for all bots.  Raise `FootnoteError` if it can neither be read nor be made.
    """
    place = kept.place(KEY_FILE)
    try:
        key = bytes.fromhex(kept.first(KEY_FILE, secrets.token_hex(_KEY_BYTES)).strip())
    except (OSError, ValueError) as error:
        raise FootnoteError(f"{place} cannot be used: {error}. Delete it, and a new one is made.") from error
    if len(key) < _KEY_BYTES:
        raise FootnoteError(f"{place} is too short to be a secret. Delete it, and a new one is made.")
    return key


def text_mark(text: str) -> str:
    """Return a short checksum, by which it is noticed that the words at a quote's place have changed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def article_path(id: str, quote: tuple[int, int, str] | None = None) -> str:
    """Return an article's path below the page's address.  `quote` is start, end and the quoted words."""
    path = f"/articles/{percent_encode(id)}"
    if quote is None:
        return path
    start, end, text = quote
    return f"{path}?quote={start}-{end}&is={text_mark(text)}#{QUOTE_ID}"


class Links:
    """Signed addresses, below one base address."""

    def __init__(self, base: str, key: bytes, days: int, clock: Callable[[], float] = time.time) -> None:
        self._base = base
        self._key = key
        self._days = days
        self._clock = clock

    def to(self, id: str, quote: tuple[int, int, str] | None = None) -> str:
        """Return the address of an article, open to anybody who has it until its days are over."""
        # Whole days: an answer that is given twice a day has the same links.
        until = (int(self._clock()) // DAY_SECONDS + self._days + 1) * DAY_SECONDS
        path, _, fragment = article_path(id, quote).partition("#")
        signed = f"{path}{'&' if '?' in path else '?'}until={until}&key={self._signature(id, until)}"
        return f"{self._base}{signed}" + (f"#{fragment}" if fragment else "")

    def opens(self, id: str, until: str, signature: str) -> bool:
        """Return whether this link was made for this article, and its time is not over."""
        if not (until.isascii() and until.isdigit() and len(until) < 12):
            return False
        genuine = hmac.compare_digest(self._signature(id, int(until)).encode(), signature.encode())
        return genuine and self._clock() < int(until)

    def _signature(self, id: str, until: int) -> str:
        return hmac.new(self._key, f"read\n{until}\n{id}".encode(), hashlib.sha256).hexdigest()[:32]


class LinkedAnswers:
    """Answers in which articles without an address of their own are cited by one on the page."""

    def __init__(self, answers: Answers, links: Links) -> None:
        self._answers = answers
        self._links = links

    def answer(
        self, question: str, conversation: Conversation = (), scope: Scope = None
    ) -> Answer | NoAnswer:
        found = self._answers.answer(question, conversation, scope)
        return self._linked(found) if isinstance(found, Answer) else found

    def passage(self, source_id: str, start: int, end: int, scope: Scope = None) -> PassageView | None:
        return self._linked_view(self._answers.passage(source_id, start, end, scope))

    def beside(
        self, source_id: str, start: int, end: int, *, later: bool, scope: Scope = None
    ) -> PassageView | None:
        return self._linked_view(self._answers.beside(source_id, start, end, later=later, scope=scope))

    def related(self, source_id: str, start: int, end: int, scope: Scope = None) -> Answer | None:
        found = self._answers.related(source_id, start, end, scope)
        return self._linked(found) if found is not None else None

    def overview(self, scope: Scope = None) -> Overview:
        return self._answers.overview(scope)

    def examples(self, scope: Scope = None, of: str | None = None) -> tuple[str, ...]:
        return self._answers.examples(scope, of)

    def prose(self, answer: Answer) -> Iterator[str]:
        return self._answers.prose(answer)

    def _linked(self, answer: Answer) -> Answer:
        quotes = tuple(
            quote
            if quote.link
            else replace(quote, link=self._links.to(quote.source_id, (quote.start, quote.end, quote.text)))
            for quote in answer.quotes
        )
        first = {quote.source_id: quote.link for quote in reversed(quotes)}
        sources = tuple(
            source
            if source.link or source.url
            else replace(source, link=first.get(source.id) or self._links.to(source.id))
            for source in answer.sources
        )
        return replace(answer, quotes=quotes, sources=sources)

    def _linked_view(self, view: PassageView | None) -> PassageView | None:
        if view is None or view.link or view.url:
            return view
        first = view.start + len(view.before)
        quote = (first, first + len(view.quote), view.quote) if view.quote else None
        return replace(view, link=self._links.to(view.source_id, quote))
