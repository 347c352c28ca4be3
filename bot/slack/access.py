"""What may be seen where: no content for outsiders, and in each channel its own collections alone.

Slack says with every event whether its channel is shared with another organisation.  For commands
and buttons it has to be asked, which is remembered for a while.  Where it does not tell, nothing is
shown: an answer that is missing can be asked for elsewhere, and one that leaked cannot be taken back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from slack_sdk.web import WebClient

from bot.library.rights import Rights
from bot.slack.client import CALL_ERRORS, refusal, swift_client
from bot.types import Scope

# A channel is rarely shared, and the next event of it tells at once.
KNOWN_SECONDS = 300.0
# Soon enough for somebody who has just invited the bot, without a call for each press of a button.
UNKNOWN_SECONDS = 10.0
MAX_REMEMBERED = 10_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Open:
    """What is in scope may be shown here."""

    scope: Scope


class Closed(Enum):
    """Why nothing may be shown here."""

    SHARED = "shared"
    """With another organisation."""
    OUTSIDER = "outsider"
    """Asked by somebody of another organisation."""
    UNKNOWN = "unknown"
    """Slack does not tell."""


class Access:
    """Thread-safe.  Needs `channels:read`, `groups:read`, `im:read` and `mpim:read`."""

    def __init__(
        self,
        client: WebClient,
        rights: Callable[[], Rights],
        *,
        shared_channels: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = swift_client(client)
        self._rights = rights
        self._shared_channels = shared_channels
        self._clock = clock
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, tuple[bool | None, float]] = OrderedDict()

    def at(self, channel: str, *, outsider: bool = False, shared: bool | None = None) -> Open | Closed:
        """In a channel, for somebody; empty is App Home, which only the app's own people can open.

        `shared` is what an event said of its channel; None where there was none that says it.
        """
        if shared is not None:
            self._remember(channel, shared, KNOWN_SECONDS)
        if not self._shared_channels:
            if outsider:
                return Closed.OUTSIDER
            known = self._is_shared(channel) if channel else False
            if known is not False:
                return Closed.UNKNOWN if known is None else Closed.SHARED
        return Open(self._rights().of(channel))

    def _is_shared(self, channel: str) -> bool | None:
        with self._lock:
            shared, until = self._remembered.get(channel, (None, 0.0))
        if self._clock() < until:
            return shared
        shared = self._ask(channel)
        self._remember(channel, shared, UNKNOWN_SECONDS if shared is None else KNOWN_SECONDS)
        return shared

    def _ask(self, channel: str) -> bool | None:
        try:
            found = self._client.conversations_info(channel=channel).get("channel")
        except CALL_ERRORS as error:
            _log.warning(
                "Slack does not tell whether a channel is shared (%s): nothing is shown there", refusal(error)
            )
            return None
        # Channels that only workspaces of the same organisation share are `is_org_shared`.
        return bool(found.get("is_ext_shared")) if isinstance(found, dict) else None

    def _remember(self, channel: str, shared: bool | None, seconds: float) -> None:
        with self._lock:
            self._remembered[channel] = (shared, self._clock() + seconds)
            self._remembered.move_to_end(channel)
            while len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
