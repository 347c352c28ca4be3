"""Running the bot over HTTP: Slack posts its deliveries, signed, to `/slack/events`.

Behind a proxy that terminates TLS.  The server is the standard library's with a thread for each
connection, which suits a handler that only queues; Bolt's own `App.start` is for development.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType

from slack_bolt import BoltRequest, BoltResponse

from bot.library.library import Library
from bot.library.rights import Rights, everything
from bot.memory import State
from bot.slack.app import SlackApp
from bot.slack.client import require_signing_secret
from bot.slack.faults import trace
from bot.slack.health import Pulse
from bot.slack.installing import INSTALL_PATH, REDIRECT_PATH, Page
from bot.slack.monitor import open_monitor
from bot.slack.run import wait_for_stop
from bot.slack.settings import SlackSettings
from bot.slack.workspaces import Workspaces
from bot.types import Answers
from index.types import FootnoteError

_log = logging.getLogger(__name__)

EVENTS_PATH = "/slack/events"
HEALTH_PATH = "/healthz"
# Slack's deliveries are a few kilobytes; nobody else has business here.
MAX_BODY_BYTES = 1_000_000
# A client that sends nothing may not hold a thread for longer.
SOCKET_TIMEOUT_SECONDS = 10


class HttpBot:
    """A running bot; `close` it."""

    def __init__(
        self,
        settings: SlackSettings,
        answers: Answers,
        state: State,
        rights: Callable[[], Rights] = everything,
        library: Library | None = None,
    ) -> None:
        """Raise `FootnoteError` where the token or the signing secret is missing or refused."""
        require_signing_secret(settings)
        self._settings = settings
        app_of = Workspaces if settings.client_id else SlackApp
        self._app: SlackApp | Workspaces = app_of(settings, answers, state, rights, library)
        self.pulse = Pulse()
        pools = self._app.pools
        self.monitor = open_monitor(settings, pools, answers, state, self.is_connected, self.pulse)
        self._server = _listening(settings, self._app)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def is_connected(self) -> bool:
        return self._thread.is_alive()

    def do_chores(self) -> None:
        self._app.do_chores()

    def close(self) -> bool:
        """Take no more deliveries, finish those taken; False where there was no time for all."""
        deadline = time.monotonic() + self._settings.drain_seconds
        self._server.shutdown()
        self._server.server_close()
        finished = self._app.drain(deadline)
        if self.monitor is not None:
            self.monitor.close()
        return finished


def run_http(
    settings: SlackSettings,
    answers: Answers,
    state: State,
    stop: threading.Event,
    beat: Callable[[bool], None] = lambda serving: None,
    rights: Callable[[], Rights] = everything,
    library: Library | None = None,
) -> None:
    """Answer until `stop` is set.  `GET /healthz` is answered with 200 while the bot serves."""
    bot = HttpBot(settings, answers, state, rights, library)
    try:
        _log.info("Listening for Slack on port %d, path %s", bot.port, EVENTS_PATH)
        wait_for_stop(stop, state, bot.is_connected, beat, bot.pulse, bot.do_chores)
    finally:
        if not bot.close():
            _log.warning("Stopped before every question was answered")


def _listening(settings: SlackSettings, app: SlackApp | Workspaces) -> _Server:
    try:
        return _Server((settings.host, settings.port), app)
    except OSError as error:
        raise FootnoteError(
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror or error})."
            " Choose another port, or stop what uses this one."
        ) from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Slack sends bursts; the default of five pending connections would refuse some.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], app: SlackApp | Workspaces) -> None:
        self.app = app
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = SOCKET_TIMEOUT_SECONDS

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        app = self.server.app
        if path == HEALTH_PATH:
            self._send(200, "ok")
        elif path == INSTALL_PATH and isinstance(app, Workspaces):
            self._show(app.begin())
        elif path == REDIRECT_PATH and isinstance(app, Workspaces):
            self._show(app.finish(query, self.headers.get("Cookie", "")))
        else:
            self._send(404, "not found")

    def do_POST(self) -> None:
        if self.path.partition("?")[0] != EVENTS_PATH:
            return self._send(404, "not found")
        if not self.headers.get("X-Slack-Request-Timestamp", "0").isdecimal():
            # The verifier of the library would fail on it, with a traceback for each such stranger.
            return self._send(401, "invalid request")
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            return self._send(413, "too large")
        try:
            body = self.rfile.read(int(length)).decode("utf-8")
        except UnicodeDecodeError:
            return self._send(400, "not UTF-8")
        response = self._dispatch(body)
        content_type = response.first_headers().get("content-type", "text/plain;charset=utf-8")
        self._send(response.status, response.body or "", content_type)

    def _show(self, page: Page) -> None:
        self._send(page.status, page.text, headers=page.headers)

    def _dispatch(self, body: str) -> BoltResponse:
        try:
            headers: dict[str, str | Sequence[str]] = dict(self.headers.items())
            return self.server.app.dispatch(BoltRequest(body=body, headers=headers))
        except Exception as error:
            # A body that is no JSON fails before its signature is looked at.
            _log.warning("A request could not be read\n%s", trace(error))
            return BoltResponse(status=400, body="")

    def _send(
        self,
        status: int,
        body: str,
        content_type: str = "text/plain;charset=utf-8",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        if status >= 400:
            # The body may be unread, and would be taken for the next request.
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        return "footnote"

    def log_message(self, format: str, *args: object) -> None:
        """Request lines are noise, and from strangers: they stay out of the log."""
