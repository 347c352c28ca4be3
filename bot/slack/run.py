"""The main thread's loop: waits for the signal, and looks after things, while other threads answer."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from bot.memory import Memory
from bot.slack.health import Pulse
from bot.slack.log import trace

_log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
_PRUNE_SECONDS = 3_600.0


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; to be called in the main thread."""
    stop = threading.Event()

    def set_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, set_stop)
    signal.signal(signal.SIGINT, set_stop)
    return stop


def wait_for_stop(
    stop: threading.Event,
    state: Memory,
    is_connected: Callable[[], bool],
    beat: Callable[[bool], None],
    pulse: Pulse,
) -> None:
    """Show every few seconds that the bot is alive, until `stop` is set."""
    connected, next_prune = True, time.monotonic() + _PRUNE_SECONDS
    while True:
        was_connected, connected = connected, is_connected()
        if connected != was_connected:
            _log.warning("The connection to Slack is %s", "back" if connected else "lost; connecting again")
        beat(connected)
        pulse.beat()
        if time.monotonic() >= next_prune:
            next_prune = time.monotonic() + _PRUNE_SECONDS
            _prune(state)
        if stop.wait(BEAT_SECONDS):
            return


def _prune(state: Memory) -> None:
    try:
        state.prune()
    except Exception as error:
        _log.error("Old entries of the bot's memory could not be removed\n%s", trace(error))
