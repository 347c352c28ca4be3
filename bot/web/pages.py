"""A request -> a page: who may see it, whether its form is ours, and with which headers it is sent."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import traceback
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote as percent_encode
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.text import (
    date_words,
    instead_line,
    looks,
    printable,
    safe_link,
    shortened,
    silence_line,
    told_lines,
)
from bot.web.access import Door, Visitor
from bot.web.links import article_path
from bot.words import ENGLISH
from index.types import FootnoteError

FOLDER = Path(__file__).parent
_log = logging.getLogger(__name__)
MAX_FORM_BYTES = 100_000
MAX_FIELDS, MAX_FILES = 100, 20
FORM_SECONDS = 120.0
"""For all of a form to come, files included."""
YEAR_SECONDS = 31_536_000

# Nothing from elsewhere, nothing in the page itself that is script or style, and no frame around it.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # A signed link must not reach the pages that an article links to.
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


class Needs(Enum):
    """The permission that is needed to see a page."""

    NOTHING = "nothing"
    ASKING = "asking"
    CURATING = "curating"


class Call:
    """One request, to one who may make it."""

    def __init__(self, pages: Pages, request: Request, visitor: Visitor, form: FormData) -> None:
        self.request = request
        self.visitor = visitor
        self.form = form
        self._pages = pages

    @property
    def base(self) -> str:
        return str(self.request.scope.get("root_path", ""))

    def field(self, name: str) -> str:
        """Return a field of the form, or nothing."""
        value = self.form.get(name)
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""

    def asked(self, name: str) -> str:
        """Return a parameter of the query, or an empty string."""
        return self.request.query_params.get(name, "")

    def page(self, template: str, status: int = 200, **shown: Any) -> Response:
        return self._pages.page(self, template, status, shown)

    def to(self, path: str) -> Response:
        """Go on there; a reload then repeats no form."""
        return RedirectResponse(f"{self.base}{path}", 303)


Handler = Callable[[Call], Response]


class Pages:
    """Makes routes of handlers.  Handlers run in threads, and may take their time."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._files = {path.name: _static(path) for path in (FOLDER / "static").iterdir()}
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            words=ENGLISH,
            told_lines=told_lines,
            instead_line=instead_line,
            silence_line=silence_line,
            safe_link=safe_link,
            article_path=article_path,
            looks=looks,
        )
        self._environment.filters.update(
            date=lambda published: date_words(published, ENGLISH) or ENGLISH.undated,
            line=shortened,
            printable=printable,
            percent_encode=lambda text: percent_encode(text, safe=""),
            count=lambda number: f"{number:,}",
            share=lambda number: f"{number:.0%}",
        )

    def knows(self, **helpers: Callable[..., Any]) -> None:
        """Give templates more functions to call."""
        self._environment.globals.update(helpers)

    def get(self, path: str, handler: Handler, needs: Needs = Needs.ASKING) -> Route:
        return Route(path, self._endpoint(handler, needs, 0), methods=["GET"])

    def post(
        self, path: str, handler: Handler, needs: Needs = Needs.ASKING, limit: int = MAX_FORM_BYTES
    ) -> Route:
        """`limit` is that of the whole form, in bytes."""
        return Route(path, self._endpoint(handler, needs, limit), methods=["POST"])

    def static(self) -> Route:
        async def endpoint(request: Request) -> Response:
            found = self._files.get(request.path_params["name"])
            if found is None:
                return PlainTextResponse("Not found", 404, _HEADERS)
            content, media_type, _ = found
            headers = {**_HEADERS, "Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"}
            return Response(content, 200, headers, media_type)

        return Route("/static/{name}", endpoint, methods=["GET"])

    def page(self, call: Call, template: str, status: int, shown: Mapping[str, Any]) -> Response:
        html = self._environment.get_template(template).render(
            base=call.base,
            path=call.request.url.path.removeprefix(call.base) or "/",
            visitor=call.visitor,
            token=self._door.form_token(call.visitor.session),
            file_mark={name: mark for name, (_, _, mark) in self._files.items()},
            takes_password=self._door.takes_password,
            **shown,
        )
        return HTMLResponse(html, status)

    def _endpoint(self, handler: Handler, needs: Needs, limit: int) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not self._door.knows_host(request):
                return PlainTextResponse("This page is for the machine that it runs on.", 400, _HEADERS)
            # It looks at a file, if rarely.
            visitor = await run_in_threadpool(self._door.visitor, request)
            if not _suffices(visitor, needs):
                response = self._turned_away(request, visitor)
            else:
                response = await self._handled(request, visitor, handler, limit)
            response.headers.update({**_HEADERS, **dict(response.headers)})
            self._door.remember(response, visitor)
            return response

        return endpoint

    async def _handled(self, request: Request, visitor: Visitor, handler: Handler, limit: int) -> Response:
        form = FormData()
        call = Call(self, request, visitor, form)
        if limit:
            length = request.headers.get("content-length", "")
            if not (length.isascii() and length.isdigit()) or int(length) > limit:
                return _problem(call, 413, "That is too much at once.", "Send less, or in several parts.")
            try:
                async with asyncio.timeout(FORM_SECONDS):
                    form = await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=limit)
            except (HTTPException, TimeoutError):
                return _problem(call, 400, "The form could not be read.", "Go back, and send it once more.")
            call = Call(self, request, visitor, form)
            if not self._door.is_ours(visitor, call.field("token")):
                said = "This form is from another session."
                return _problem(call, 403, said, "Go back, reload the page, and send it once more.")
        try:
            return await run_in_threadpool(_careful, handler, call)
        finally:
            await form.close()

    def _turned_away(self, request: Request, visitor: Visitor) -> Response:
        call = Call(self, request, visitor, FormData())
        path = request.url.path.removeprefix(call.base)
        if request.method == "GET":
            return call.to(f"/sign-in?{urlencode({'to': path})}")
        return _problem(call, 403, "You are not signed in.", "Sign in, and send it once more.")


def _careful(handler: Handler, call: Call) -> Response:
    try:
        return handler(call)
    except FootnoteError as error:
        # The message names files and commands: for those who look after them, and for nobody else.
        detail = str(error) if call.visitor.is_curator else ENGLISH.tell_setter_up
        return _problem(call, 503, ENGLISH.request_failed, detail)
    except Exception as error:
        # A bug: the person who waits is told so.  The log has its place, and no text that people wrote.
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("A page could not be made: %s\n%s", type(error).__name__, where)
        return _problem(call, 500, ENGLISH.broken, ENGLISH.broken_detail)


def _problem(call: Call, status: int, said: str, detail: str) -> Response:
    return call.page("problem.html", status, said=said, detail=detail)


def not_found(call: Call, said: str, detail: str = "") -> Response:
    return _problem(call, 404, said, detail)


def _suffices(visitor: Visitor, needs: Needs) -> bool:
    return {
        Needs.NOTHING: True,
        Needs.ASKING: visitor.may_ask,
        Needs.CURATING: visitor.is_curator,
    }[needs]


def _static(path: Path) -> tuple[bytes, str, str]:
    """Content, media type, and what of it stands in its address, so that a browser may keep it for ever."""
    content = path.read_bytes()
    kinds = MappingProxyType({".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"})
    return content, kinds[path.suffix], hashlib.sha256(content).hexdigest()[:12]
