"""Footnote in Slack: the only place that knows slack_bolt and slack_sdk."""

from bot.slack.clients import check_tokens
from bot.slack.http_mode import HttpBot, run_http
from bot.slack.settings import SlackSettings
from bot.slack.socket_mode import SocketModeBot, run_socket_mode
from bot.slack.waiting import stop_on_signals

__all__ = [
    "HttpBot",
    "SlackSettings",
    "SocketModeBot",
    "check_tokens",
    "run_http",
    "run_socket_mode",
    "stop_on_signals",
]
