"""`/metrics`, `/healthz` and `/readyz`, for the people who run the bot.

Nothing there is secret, and nothing is for strangers: they are served on a port of their own, to this
machine alone unless a setting says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.config import SlackSettings
from bot.memory import Memory
from bot.slack.figures import IndexInUse
from bot.slack.health import Condition, Pulse
from bot.slack.pools import Pools
from bot.types import Answers
from bot.web.server import WebServer, listen


class Monitor:
    """The server of a running bot's metrics and health; `close` it."""

    def __init__(
        self, pools: Pools, answers: Answers, state: Memory, is_connected: Callable[[], bool]
    ) -> None:
        self.pulse = Pulse()
        self.server: WebServer | None = None
        """None unless it was asked to serve."""
        self._pools = pools
        self._index = IndexInUse(answers)
        self._is_connected = is_connected
        pools.figures.watch(
            self._index,
            connected=is_connected,
            queued=lambda: pools.workers.held,
            room=pools.room,
            unanswered=state.inbox.waiting,
        )

    def serve(self, settings: SlackSettings) -> None:
        """Serve if a port is set; raise `FootnoteError` if it cannot be listened on."""
        if settings.metrics_port is None:
            return
        listening = listen(settings.metrics_host, settings.metrics_port, "FOOTNOTE_METRICS_PORT")
        routes = [Route("/metrics", self._metrics), Route("/readyz", self._ready), self.health]
        self.server = WebServer(routes, listening)

    @property
    def health(self) -> Route:
        """Whether a restart would help; this alone may be told to anybody."""
        return Route("/healthz", self._health)

    def close(self) -> None:
        if self.server is not None:
            self.server.close()

    def _condition(self) -> Condition:
        found = self._index.overview()
        return Condition(
            alive=self.pulse.beats,
            connected=self._is_connected(),
            generation=found.generation if found else None,
            queued=self._pools.workers.held,
            room=self._pools.room,
        )

    def _metrics(self, request: Request) -> Response:
        return Response(generate_latest(self._pools.figures.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    def _health(self, request: Request) -> Response:
        alive = self.pulse.beats
        return PlainTextResponse("ok\n" if alive else "not responding\n", 200 if alive else 503)

    def _ready(self, request: Request) -> Response:
        condition = self._condition()
        return JSONResponse(condition.as_json(), 200 if condition.ready else 503)
