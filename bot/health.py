"""A sign of life: the bot in Slack touches a file while it is connected; how old it is, anybody can see.

A process of its own asks (`python -m bot.health DATA`), often and cheaply: a container's health check.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path

HEARTBEAT_FILE = "slack.alive"
SILENT_SECONDS = 60.0
"""A connection that Slack closes is back within seconds; the bot beats every five."""


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
    """Seconds since the bot was last seen connected; None where none runs."""
    try:
        return max(0.0, time.time() - (data / HEARTBEAT_FILE).stat().st_mtime)
    except OSError:
        return None


def main(data: Path) -> int:
    """Exit code 0 where the bot is connected, else 1, with one line that says what is known."""
    seconds = last_beat_seconds(data)
    if seconds is None:
        print("not connected to Slack")
        return 1
    print(f"connected to Slack {seconds:.0f} s ago")
    return 0 if seconds <= SILENT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
