"""Signs of life of a bot, and their meaning.

The bot in Slack touches a file while it is connected, and how old that is, anybody can see: a process
of its own asks (`python -m bot.slack.health DATA`), often and cheaply, a container's health check.  Who asks
over the network is told the `Condition`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HEARTBEAT_FILE = "slack.alive"
SILENT_SECONDS = 60.0
"""A connection that Slack closes is back within seconds; the bot beats every five."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the bot in Slack is."""

    alive: bool
    """Whether its main thread makes its rounds; a restart would help if it does not."""
    connected: bool
    generation: str | None
    """The index in use; None if none can be used."""
    queued: int
    room: int
    """How many questions may be under way and wait."""

    @property
    def ready(self) -> bool:
        """Whether a question that came now would be looked up."""
        return self.alive and self.connected and self.generation is not None and self.queued < self.room

    def as_json(self) -> dict[str, object]:
        return {
            "ready": self.ready,
            "connected": self.connected,
            "index": self.generation,
            "queue": {"length": self.queued, "capacity": self.room},
        }


class Pulse:
    """Whether the main thread still makes its rounds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()

    def beat(self) -> None:
        self._last = self._clock()

    @property
    def beats(self) -> bool:
        return self._clock() - self._last <= SILENT_SECONDS


def beat(data: Path, connected: bool) -> None:
    """Note that the bot is connected now."""
    # A full disk must not end a bot that answers; that the file grows old is the sign.
    with suppress(OSError):
        if connected:
            (data / HEARTBEAT_FILE).touch()


def stop(data: Path) -> None:
    """Note that the bot ended as it should."""
    with suppress(OSError):
        (data / HEARTBEAT_FILE).unlink(missing_ok=True)


def last_beat_seconds(data: Path) -> float | None:
    """Return the seconds since the bot was last seen connected; None if none runs."""
    try:
        return max(0.0, time.time() - (data / HEARTBEAT_FILE).stat().st_mtime)
    except OSError:
        return None


def main(data: Path) -> int:
    """Return exit code 0 if the bot is connected, else 1, with one line that says what is known."""
    seconds = last_beat_seconds(data)
    if seconds is None:
        print("not connected to Slack")
        return 1
    print(f"connected to Slack {seconds:.0f} s ago")
    return 0 if seconds <= SILENT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
