"""What the Slack side must be told.  Reads nothing itself: the command line fills it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
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
    ping_seconds: float = 2.0
    """Socket Mode: how often the connection is probed; a dead one is given up after four or five times."""
    drain_seconds: float = 8.0
    """Time for the questions under way when stopping; a container is killed after 10 s."""
    round_seconds: float = 5.0
    """How often claims are renewed and questions that were left behind are looked for."""
    allow_bots: frozenset[str] = frozenset()
    """Bots that are answered as people are, by bot, app or user id."""
    answer_channels: frozenset[str] = frozenset()
    """Channels where every post that is a question is answered, if only for certain."""
    shared_channels: bool = False
    """Whether channels that are shared with other organisations, and their people, are answered."""
    user_limit: int = 20
    """Questions a minute that are taken from one person; 0 for any number."""
    channel_limit: int = 60
    """Questions a minute that are taken in one channel: Slack takes about one message a second there."""
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    """Where figures and health are told; None for nowhere, 0 for any free port."""
    report_channel: str = ""
    """Where the weekly report is posted; empty for nowhere."""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    """HTTP mode: with these, workspaces install the app by themselves, and `bot_token` is not used."""
    install_teams: frozenset[str] = frozenset()
    """Workspaces that may, by id; `any` for all."""
    installations: Path | None = None
    """HTTP mode: the folder of their tokens."""
    curators: frozenset[str] = frozenset()
    """Who may change the articles, by user or user group id."""
