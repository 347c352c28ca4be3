"""`/metrics`, `/healthz` and `/readyz` on a port of their own, for whoever runs the bot.

Nothing on it is secret, and nothing on it is for strangers: it listens to this machine alone unless
a setting says otherwise.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bot.memory import State
from bot.slack.figures import IndexInUse
from bot.slack.health import Condition, Pulse
from bot.slack.metrics import CONTENT_TYPE, Metrics
from bot.slack.pools import Pools
from bot.slack.settings import SlackSettings
from bot.types import Answers
from index.types import FootnoteError

_TIMEOUT_SECONDS = 5


def open_monitor(
    settings: SlackSettings,
    pools: Pools,
    answers: Answers,
    state: State,
    is_connected: Callable[[], bool],
    pulse: Pulse,
) -> Monitor | None:
    """None where no port is set; raise `FootnoteError` where it cannot be listened on."""
    if settings.metrics_port is None:
        return None
    index = IndexInUse(answers)
    pools.figures.watch(
        index,
        connected=is_connected,
        queued=lambda: pools.workers.held,
        room=pools.room,
        unanswered=state.inbox.waiting,
    )

    def condition() -> Condition:
        found = index.overview()
        return Condition(
            alive=pulse.beats,
            connected=is_connected(),
            generation=found.generation if found else None,
            queued=pools.workers.held,
            room=pools.room,
        )

    return Monitor(settings.metrics_host, settings.metrics_port, pools.figures.metrics, condition)


class Monitor:
    """A running server; `close` it."""

    def __init__(self, host: str, port: int, metrics: Metrics, condition: Callable[[], Condition]) -> None:
        try:
            self._server = _Server((host, port), metrics, condition)
        except OSError as error:
            raise FootnoteError(
                f"Cannot listen on {host}:{port} for metrics ({error.strerror or error})."
                " Choose another FOOTNOTE_METRICS_PORT, or stop what uses this one."
            ) from error
        threading.Thread(target=self._server.serve_forever, name="footnote-monitor", daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], metrics: Metrics, condition: Callable[[], Condition]
    ) -> None:
        self.metrics = metrics
        self.condition = condition
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _TIMEOUT_SECONDS

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/metrics":
                self._send(200, self.server.metrics.text(), CONTENT_TYPE)
            case "/healthz":
                condition = self.server.condition()
                self._send(*((200, "ok\n") if condition.alive else (503, "not responding\n")))
            case "/readyz":
                condition = self.server.condition()
                body = json.dumps(condition.as_json()) + "\n"
                self._send(200 if condition.ready else 503, body, "application/json")
            case _:
                self._send(404, "not found\n")

    def _send(self, status: int, body: str, content_type: str = "text/plain;charset=utf-8") -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        return "footnote"

    def log_message(self, format: str, *args: object) -> None:
        """A probe every few seconds is no news."""
