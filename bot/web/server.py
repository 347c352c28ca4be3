"""Serves the page by itself: until a signal comes, or beside what else the program does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Sequence
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from bot.config import WebSettings
from index.types import FootnoteError

STOP_SECONDS = 5
MAX_CONNECTIONS = 200


class Server:
    """One address.  Raise `FootnoteError` if it is taken."""

    def __init__(self, settings: WebSettings, routes: Sequence[BaseRoute]) -> None:
        self._socket = _bound(settings)
        self._server = uvicorn.Server(
            uvicorn.Config(
                Starlette(routes=routes, exception_handlers={404: _nothing_here}),
                log_level="warning",
                access_log=False,  # addresses of articles, and who reads them, are nobody's business
                server_header=False,
                proxy_headers=False,  # who calls is decided by the connection
                root_path=urlsplit(settings.url or "").path,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=STOP_SECONDS,
                lifespan="off",
                ws="none",
            )
        )
        self._thread: threading.Thread | None = None
        self.port: int = self._socket.getsockname()[1]

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        with contextlib.suppress(KeyboardInterrupt):
            self._server.run([self._socket])

    def start(self) -> None:
        """Serve in a thread of its own; signals are left to the program."""
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="web", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End what was started, when what is being answered is answered."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(2 * STOP_SECONDS)
        self._socket.close()


def _bound(settings: WebSettings) -> socket.socket:
    try:
        infos = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = infos[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise FootnoteError(
            f"The page cannot be served at {settings.host}, port {settings.port}: {error.strerror or error}."
            " Set FOOTNOTE_WEB_PORT to a free port, or FOOTNOTE_WEB_HOST to an address of this machine."
        ) from error
    return bound


async def _nothing_here(request: Request, error: Exception) -> Response:
    return PlainTextResponse("There is no such page.", 404)
