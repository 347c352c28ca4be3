"""The routes of the page: to ask, to read, and to look after the articles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from bot.config import WebSettings
from bot.library.library import Library
from bot.library.rights import Rights, everything
from bot.memory import Memory
from bot.types import Answers
from bot.web.access import Door
from bot.web.asking import Asking, kind_of
from bot.web.curating import Curating
from bot.web.links import Links
from bot.web.pages import Call, Needs, Pages
from bot.web.reading import Reading
from index.store import Current


@dataclass(frozen=True, slots=True)
class Site:
    """The parts that the page is made of."""

    answers: Answers
    library: Library
    index: Current
    """The index of the articles that can be asked."""
    state: Memory
    settings: WebSettings
    key: bytes
    """The secret that links and forms are signed with."""
    rights: Callable[[], Rights] = everything
    questions_a_minute: int = 0
    """Of one person; 0 for any number."""


def routes(site: Site) -> list[BaseRoute]:
    """Return the page, to be served by itself or beside other routes.

    If the address that people reach it at has a path, all of it is below that path.
    """
    door = Door(site.settings, site.key, site.rights)
    pages = Pages(door)
    pages.knows(kind_of=kind_of)
    links = Links(site.settings.address, site.key, site.settings.link_days)
    asking = Asking(pages, site.answers, site.state, site.questions_a_minute)
    reading = Reading(pages, site.index, links)
    curating = Curating(pages, site.library, site.answers, site.state, site.index)
    signing = _SigningIn(pages, door)
    all_routes = [*asking.routes(), *reading.routes(), *curating.routes(), *signing.routes(), pages.static()]
    folder = urlsplit(site.settings.url or "").path
    return [Mount(folder, routes=all_routes)] if folder else all_routes


class _SigningIn:
    def __init__(self, pages: Pages, door: Door) -> None:
        self._pages = pages
        self._door = door

    def routes(self) -> Sequence[BaseRoute]:
        return [
            self._pages.get("/sign-in", self._form, Needs.NOTHING),
            self._pages.post("/sign-in", self._sign_in, Needs.NOTHING),
            self._pages.post("/sign-out", self._sign_out, Needs.NOTHING),
        ]

    def _form(self, call: Call) -> Response:
        return call.page("sign_in.html", to=_inside(call.asked("to")), wrong=False)

    def _sign_in(self, call: Call) -> Response:
        to = _inside(call.field("to"))
        if not self._door.sign_in(call.field("password"), call.request):
            return call.page("sign_in.html", 403, to=to, wrong=True)
        response = call.to(to)
        self._door.remember_signed_in(response, call.visitor)
        return response

    def _sign_out(self, call: Call) -> Response:
        response = call.to("/")
        self._door.sign_out(response)
        return response


def _inside(path: str) -> str:
    """Return a path of the page to go on to, whatever the address says."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\", "/sign-"))
    return path if inside and path.isprintable() and "\\" not in path else "/library"
