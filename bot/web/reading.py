"""Read: the articles as pages, opened at a quoted sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.types import Scope
from bot.web.links import Links, text_mark
from bot.web.markdown import render
from bot.web.pages import Call, Needs, Pages, not_found
from index.store import Current
from index.types import Article

ARTICLES_A_PAGE = 50
_SPAN = re.compile(r"(\d{1,9})-(\d{1,9})")

_rendered = lru_cache(maxsize=16)(render)


class Reading:
    """Thread-safe."""

    def __init__(self, pages: Pages, index: Current, links: Links) -> None:
        self._pages = pages
        self._index = index
        self._links = links

    def routes(self) -> Sequence[BaseRoute]:
        # A signed link is its own permission, which is looked at there.
        return [
            self._pages.get("/articles", self._list),
            self._pages.get("/articles/{id:path}", self._read, Needs.NOTHING),
        ]

    def _list(self, call: Call) -> Response:
        wanted, collection = call.asked("find").strip()[:200], call.asked("collection")
        seen = self._index.current().articles(call.visitor.scope)
        collections = sorted({one.collection for one in seen})
        found = [
            one
            for one in seen
            if all(
                part in f"{one.title}\n{one.publisher or ''}\n{one.id}".casefold()
                for part in wanted.casefold().split()
            )
            and (not collection or one.collection == collection)
        ]
        found.sort(key=lambda one: (one.published or "", one.id), reverse=True)
        number, count = page_number(call.asked("page"), len(found))
        first = (number - 1) * ARTICLES_A_PAGE
        return call.page(
            "articles.html",
            articles=found[first : first + ARTICLES_A_PAGE],
            total=len(found),
            find=wanted,
            collection=collection,
            collections=collections,
            number=number,
            count=count,
        )

    def _read(self, call: Call) -> Response:
        id = call.request.path_params["id"]
        signed = self._links.opens(id, call.asked("until"), call.asked("key"))
        if not (signed or call.visitor.may_ask):
            said = "This link is no longer valid." if call.asked("key") else "You are not signed in."
            return call.page("problem.html", 403, said=said, detail="Sign in, or ask for a new one.")
        article = self._index.current().article(id)
        if article is None or not (signed or _within(article, call.visitor.scope)):
            return not_found(call, "There is no such article.", "It was removed, or never there.")
        quote, has_changed = self._quote(article, call)
        page = _rendered(article.text, article.title, quote)
        return call.page(
            "article.html",
            article=article,
            body=page.html,
            headings=page.headings,
            is_marked=page.marked,
            has_changed=has_changed or (quote is not None and not page.marked),
        )

    def _quote(self, article: Article, call: Call) -> tuple[tuple[int, int] | None, bool]:
        """Return the span to mark, and whether other words stand there than were quoted."""
        span = _SPAN.fullmatch(call.asked("quote"))
        if span is None:
            return None, False
        start, end = int(span[1]), int(span[2])
        if not start < end <= len(article.text):
            return None, True
        expected = call.asked("is")
        if expected and text_mark(article.text[start:end]) != expected:
            return None, True
        return (start, end), False


def page_number(written: str, total: int) -> tuple[int, int]:
    """Return the number of the page of a list that is asked for, and how many pages there are."""
    count = max(1, -(-total // ARTICLES_A_PAGE))
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 9 else 1
    return min(max(number, 1), count), count


def _within(article: Article, scope: Scope) -> bool:
    return scope is None or article.collection in scope
