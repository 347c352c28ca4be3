"""Who is at the page, and what they may do there: sessions, signing in, and forms that are ours.

Three kinds of people: those who look after the articles, who gave the password or whom a proxy names;
those who may ask; and those with a signed link to one article.  On a page that is served to this
machine alone, everybody may ask.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from bot.config import WebSettings, is_loopback
from bot.library.rights import Rights
from bot.types import Scope

SESSION_COOKIE = "footnote"
SIGNED_IN_COOKIE = "footnote-in"
SIGNED_IN_SECONDS = 12 * 3_600
SESSION_SECONDS = 30 * 86_400
MAX_WRONG_PASSWORDS = 10
"""From one address in ten minutes: nobody guesses eight characters at that pace."""
MAX_ADDRESSES = 10_000
WRONG_PASSWORD_SECONDS = 600.0
_SESSION_CHARS = 22


@dataclass(frozen=True, slots=True)
class Visitor:
    session: str
    """Names a browser, and nobody."""
    is_new: bool
    may_ask: bool
    is_curator: bool
    scope: Scope
    name: str = ""
    """As a proxy gives it."""


class Door:
    """Thread-safe."""

    def __init__(
        self,
        settings: WebSettings,
        key: bytes,
        rights: Callable[[], Rights],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._key = key
        self._rights = rights
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def takes_password(self) -> bool:
        return self._settings.password is not None

    def knows_host(self, request: Request) -> bool:
        """Return False for a name that another site made lead here, to read the page from there."""
        if not self._settings.is_local:
            return True  # behind a proxy, or in a network whose names are not known here
        try:
            return is_loopback(request.url.hostname or "")
        except ValueError:  # brackets that do not match
            return False

    def visitor(self, request: Request) -> Visitor:
        session = request.cookies.get(SESSION_COOKIE, "")
        is_new = len(session) != _SESSION_CHARS or not session.isascii()
        if is_new:
            session = secrets.token_urlsafe(16)
        name = self._named(request)
        is_curator = name in self._settings.curators if name else False
        is_curator = is_curator or self._is_signed_in(request, session)
        may_ask = is_curator or bool(name) or self._settings.is_local or self._settings.open
        scope = None if is_curator or self._settings.is_local else self._rights().direct
        return Visitor(session, is_new, may_ask, is_curator, scope, name)

    def sign_in(self, password: str, request: Request) -> bool:
        """Return whether that is the password; False for any, after too many wrong ones."""
        expected, address = self._settings.password, request.client.host if request.client else ""
        if expected is None:
            return False
        with self._lock:
            now = self._clock()
            wrong = self._wrong.setdefault(address, deque())
            self._wrong.move_to_end(address)
            if len(self._wrong) > MAX_ADDRESSES:
                self._wrong.popitem(last=False)
            while wrong and wrong[0] < now - WRONG_PASSWORD_SECONDS:
                wrong.popleft()
            if len(wrong) >= MAX_WRONG_PASSWORDS:
                return False
            right = hmac.compare_digest(expected.encode(), password.encode("utf-8", "replace"))
            if not right:
                wrong.append(now)
            return right

    def remember(self, response: Response, visitor: Visitor) -> None:
        """Give a browser that has none the cookie of its session."""
        if visitor.is_new:
            self._set(response, SESSION_COOKIE, visitor.session, SESSION_SECONDS)

    def remember_signed_in(self, response: Response, visitor: Visitor) -> None:
        until = int(self._clock()) + SIGNED_IN_SECONDS
        value = f"{until}.{self._ticket(visitor.session, until)}"
        self._set(response, SIGNED_IN_COOKIE, value, SIGNED_IN_SECONDS)

    def sign_out(self, response: Response) -> None:
        self._set(response, SIGNED_IN_COOKIE, "", 0)

    def form_token(self, session: str) -> str:
        """Return the token that forms of this session carry, and that other sites cannot know."""
        return self._sign(f"form\n{session}")

    def is_ours(self, visitor: Visitor, token: str) -> bool:
        return hmac.compare_digest(
            self.form_token(visitor.session).encode(), token.encode("utf-8", "replace")
        )

    def _named(self, request: Request) -> str:
        header, client = self._settings.user_header, request.client
        if not header or client is None or client.host not in self._settings.proxies:
            return ""
        names = request.headers.getlist(header)
        # Twice: one of them is not the proxy's.
        return names[0].strip() if len(names) == 1 else ""

    def _is_signed_in(self, request: Request, session: str) -> bool:
        until, _, ticket = request.cookies.get(SIGNED_IN_COOKIE, "").partition(".")
        if not (until.isascii() and until.isdigit() and len(until) < 12) or self._settings.password is None:
            return False
        genuine = hmac.compare_digest(self._ticket(session, int(until)).encode(), ticket.encode())
        return genuine and self._clock() < int(until)

    def _ticket(self, session: str, until: int) -> str:
        # With the password: changing it signs everybody out.
        return self._sign(f"in\n{session}\n{until}\n{self._settings.password}")

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            httponly=True,
            samesite="lax",
            secure=(self._settings.url or "").startswith("https://"),
        )
