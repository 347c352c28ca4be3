"""Running the bot over HTTP: Slack posts its deliveries, signed, to `/slack/events`.

Behind a proxy that terminates TLS.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Awaitable, Callable

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.config import SlackSettings
from bot.memory import MemoryAway
from bot.slack.app import SlackApp, SlackParts
from bot.slack.client import require_signing_secret
from bot.slack.installing import INSTALL_PATH, REDIRECT_PATH
from bot.slack.log import trace
from bot.slack.monitor import Monitor
from bot.slack.run import wait_for_stop
from bot.slack.workspaces import Workspaces
from bot.web.server import WebServer, listen, read_body
from index.types import FootnoteError

_log = logging.getLogger(__name__)

EVENTS_PATH = "/slack/events"
# Slack's deliveries are a few kilobytes; nobody else has business here.
MAX_BODY_BYTES = 1_000_000


class HttpBot:
    """A running bot; `close` it."""

    def __init__(self, settings: SlackSettings, parts: SlackParts) -> None:
        """Raise `FootnoteError` if the token or the signing secret is missing or refused."""
        require_signing_secret(settings)
        self._settings = settings
        app_of = Workspaces if settings.client_id else SlackApp
        self._app: SlackApp | Workspaces = app_of(settings, parts)
        self.monitor = Monitor(self._app.pools, parts.answers, parts.memory, self.is_connected)
        listening = listen(settings.host, settings.port, "PORT")
        self._server = WebServer([*_routes(self._app), self.monitor.health, *settings.beside], listening)
        try:
            self.monitor.serve(settings)
        except FootnoteError:
            self.close()
            raise

    @property
    def port(self) -> int:
        return self._server.port

    def is_connected(self) -> bool:
        return self._server.is_alive()

    def close(self) -> bool:
        """Take no more deliveries, finish those taken; False if there was no time for all."""
        deadline = time.monotonic() + self._settings.drain_seconds
        self._server.close()
        finished = self._app.drain(deadline)
        self.monitor.close()
        return finished


def run_http(
    settings: SlackSettings,
    parts: SlackParts,
    stop: threading.Event,
    beat: Callable[[bool], None] = lambda serving: None,
) -> None:
    """Answer until `stop` is set.  `GET /healthz` is answered with 200 while the bot serves."""
    bot = HttpBot(settings, parts)
    try:
        _log.info("Listening for Slack on port %d, path %s", bot.port, EVENTS_PATH)
        wait_for_stop(stop, parts.memory, bot.is_connected, beat, bot.monitor.pulse)
    finally:
        if not bot.close():
            _log.warning("Stopped before every question was answered")


def _routes(app: SlackApp | Workspaces) -> list[Route]:
    routes = [Route(EVENTS_PATH, _endpoint(app.dispatch), methods=["POST"])]
    if isinstance(app, Workspaces):
        routes += [Route(INSTALL_PATH, _endpoint(app.begin)), Route(REDIRECT_PATH, _endpoint(app.finish))]
    return routes


def _endpoint(answer: Callable[[BoltRequest], BoltResponse]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not request.headers.get("X-Slack-Request-Timestamp", "0").isdecimal():
            # The verifier of the library would fail on it, with a traceback for each of them.
            return Response(status_code=401)
        body = await read_body(request, MAX_BODY_BYTES)
        try:
            # In a thread: Bolt waits until a listener has acknowledged the delivery.
            response = await run_in_threadpool(answer, to_bolt_request(request, body))
        except UnicodeDecodeError:
            return Response(status_code=400)
        except MemoryAway as error:
            _log.error("A request is not answered: %s", error)
            return Response(status_code=503)  # Slack delivers it again
        except Exception as error:
            # A body that is no JSON fails before its signature is looked at.
            _log.warning("A request could not be read\n%s", trace(error))
            return Response(status_code=400)
        return to_starlette_response(response)

    return endpoint
