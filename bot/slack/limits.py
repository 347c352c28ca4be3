"""How many questions a minute are taken from one person, and in one channel."""

from __future__ import annotations

from bot.memory import Limit, Over, State


class Limits:
    """Thread-safe, and for all processes that share the memory.  A limit of 0 is none."""

    def __init__(self, user: int, channel: int, state: State) -> None:
        self._user = user
        self._channel = channel
        self._limits = state.limits

    def take(self, team: str, channel: str, user: str) -> Over | None:
        """Count a question; None where it is within both limits, else it counts for neither."""
        both = (Limit("user", user, self._user), Limit("channel", channel, self._channel))
        limits = [limit for limit in both if limit.count and limit.name]
        return self._limits.take(team, limits) if limits else None
