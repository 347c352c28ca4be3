"""A running server of routes, on a thread of its own; bodies read within limits.

Each part of Footnote brings its routes (`starlette.routing.Route`), and the caller says on which
port: `WebServer(routes, listen(host, port, "PORT"))`.  A route that may wait for a disk or a lock is an
ordinary function, which Starlette calls in a thread; an `async` one hands such work to
`run_in_threadpool`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from index.types import FootnoteError

# Deliveries come in bursts; those that cannot be taken at once wait here instead of being refused.
_WAITING_CONNECTIONS = 128
# A client that connects and sends nothing, or a byte at a time, is not waited for longer.
SILENT_SECONDS = 10
_START_SECONDS = 10


def listen(host: str, port: int, variable: str) -> socket.socket:
    """Return a listening socket; 0 takes any free port.

    Raise `FootnoteError`, which names the `variable` that sets the port, if that is not possible.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_WAITING_CONNECTIONS)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise FootnoteError(
            f"Cannot listen on {host}:{port} ({reason})."
            f" Choose another {variable}, or stop what uses this one."
        ) from error


async def read_body(request: Request, most: int) -> bytes:
    """Return the body of a request; raise `HTTPException` if it has more than `most` bytes or is too slow."""
    if int(request.headers.get("Content-Length", "0")) > most:
        raise HTTPException(413, "too large")
    body = bytearray()
    try:
        async with asyncio.timeout(SILENT_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise HTTPException(413, "too large")
    except TimeoutError:
        raise HTTPException(408, "too slow") from None
    return bytes(body)


class WebServer:
    """A running server; `close` it.  It listens from the start, before it is first asked."""

    def __init__(self, routes: Sequence[BaseRoute], listening: socket.socket, stop_seconds: int = 3) -> None:
        """Requests under way get `stop_seconds` when the server is closed."""
        self.address: tuple[str, int] = listening.getsockname()[:2]
        config = Config(
            Starlette(routes=list(routes)),
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            backlog=_WAITING_CONNECTIONS,
            timeout_graceful_shutdown=stop_seconds,
            proxy_headers=False,
            server_header=False,
            # Request lines are noise, and from strangers; tracebacks may hold what people wrote.
            access_log=False,
            log_config=None,
            log_level=logging.CRITICAL,
        )
        self._server = Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="footnote-web", daemon=True
        )
        self._thread.start()
        # One that is told to stop while it starts would leave its port open.
        until = time.monotonic() + _START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)

    @property
    def port(self) -> int:
        return self.address[1]

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """Take no more connections, and finish the requests under way."""
        self._server.should_exit = True
        self._thread.join()


class _Protocol(H11Protocol):
    """uvicorn's own, which waits for the first request of a connection for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(SILENT_SECONDS, self._close_unless_asked)

    def _close_unless_asked(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()
