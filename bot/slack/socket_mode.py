"""Running the bot over Socket Mode: Slack's deliveries come through a WebSocket that the bot opens."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.config import SlackSettings
from bot.slack.app import SlackApp, SlackParts
from bot.slack.client import library_log, require_app_token, with_app_token
from bot.slack.log import trace
from bot.slack.monitor import Monitor
from bot.slack.run import wait_for_stop
from index.types import FootnoteError

_log = logging.getLogger(__name__)


class SocketModeBot:
    """A running bot; `close` it."""

    def __init__(self, settings: SlackSettings, parts: SlackParts) -> None:
        """Raise `FootnoteError` if Slack refuses a token or cannot be reached."""
        require_app_token(settings)
        self._settings = settings
        self._app = SlackApp(settings, parts)
        self.monitor = Monitor(self._app.pools, parts.answers, parts.memory, self.is_connected)
        # The built-in client notices a dead socket when pongs stay away for four intervals, and
        # connects anew; its default of 10 s would leave a channel unanswered for most of a minute.
        self._handler = SocketModeHandler(
            self._app.bolt,
            settings.app_token,
            logger=library_log,
            ping_interval=settings.ping_seconds,
        )
        try:
            self.monitor.serve(settings)
            with_app_token(settings, self._handler.connect)
        except FootnoteError:
            self.close()
            raise

    def is_connected(self) -> bool:
        return bool(self._handler.client.is_connected())

    def close(self) -> bool:
        """Take no more deliveries, finish those taken; return False if there was no time for all.

        Slack sends deliveries that were not acknowledged again, to the next process.
        """
        deadline = time.monotonic() + self._settings.drain_seconds
        # The client may wait for ever for a thread of its own, if it is closed in the moment in which
        # a connection begins to be read; what was taken is to be answered all the same.
        closing = threading.Thread(target=self._disconnect, name="footnote-closing", daemon=True)
        closing.start()
        closing.join(self._settings.drain_seconds / 2)
        finished = self._app.drain(deadline)
        self.monitor.close()
        return finished

    def _disconnect(self) -> None:
        try:
            self._handler.close()  # type: ignore[no-untyped-call]  # Bolt's adapters are untyped
        except Exception as error:
            # Its own threads may close the socket in the same moment.
            _log.debug("The connection to Slack was closed by somebody else\n%s", trace(error))


def run_socket_mode(
    settings: SlackSettings,
    parts: SlackParts,
    stop: threading.Event,
    beat: Callable[[bool], None] = lambda connected: None,
) -> None:
    """Answer until `stop` is set.  `beat` is told every few seconds whether Slack is connected.

    Raise `FootnoteError` if Slack refuses a token or cannot be reached at the start; later the
    connection is made anew by itself.
    """
    bot = SocketModeBot(settings, parts)
    try:
        _log.info("Connected to Slack over Socket Mode")
        wait_for_stop(stop, parts.memory, bot.is_connected, beat, bot.monitor.pulse)
    finally:
        if not bot.close():
            _log.warning("Stopped before every question was answered")
