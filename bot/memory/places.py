"""Where in Slack something was said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """`thread` is empty if there is none, as for a slash command."""

    team: str
    channel: str
    thread: str = ""
