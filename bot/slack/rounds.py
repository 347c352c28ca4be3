"""A thread that makes its rounds: renews the claims of questions under way, and takes over what was left."""

from __future__ import annotations

import logging
import threading

from bot.slack.dispatch import Dispatcher
from bot.slack.faults import trace

_log = logging.getLogger(__name__)


class Rounds:
    def __init__(self, dispatcher: Dispatcher, seconds: float) -> None:
        self._dispatcher = dispatcher
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go, name="footnote-rounds", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()

    def _go(self) -> None:
        while True:
            try:
                self._dispatcher.renew()
                self._dispatcher.take_over()
            except Exception as error:
                _log.error("Questions that were left behind could not be looked for\n%s", trace(error))
            if self._stop.wait(self._seconds):
                return
