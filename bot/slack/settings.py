"""What the Slack side must be told.  Reads nothing itself: the command line fills it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SLACK_API = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class SlackSettings:
    # Tokens stay out of `repr`, so out of logs and tracebacks too.
    bot_token: str = field(repr=False)
    """`xoxb-…`"""
    app_token: str = field(default="", repr=False)
    """`xapp-…` with `connections:write`; Socket Mode only."""
    signing_secret: str = field(default="", repr=False)
    """HTTP mode only."""
    mode: Literal["socket", "http"] = "socket"
    api_url: str = SLACK_API
    host: str = "0.0.0.0"
    """HTTP mode: the address to listen on."""
    port: int = 3000
    """HTTP mode; 0 takes any free port."""
    workers: int = 4
    """Questions looked up and posted at the same time."""
    queue_size: int = 100
    """Questions that may wait; beyond it the bot says that it is busy."""
    ping_seconds: float = 5.0
    """Socket Mode: how often the connection is probed."""
    drain_seconds: float = 8.0
    """Time for the questions under way when stopping; a container is killed after 10 s."""
