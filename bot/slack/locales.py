"""The language that each person uses Slack in: asked for once, and remembered for a while."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from bot.slack.client import CALL_ERRORS, library_log, refusal
from bot.slack.messages import Words, words_for

_log = logging.getLogger(__name__)

# Somebody waits for the answer meanwhile; a language that is guessed is not worth a second.
TIMEOUT_SECONDS = 1
KNOWN_SECONDS = 6 * 3_600.0
UNKNOWN_SECONDS = 300.0
MAX_REMEMBERED = 5_000


class Locales:
    """Thread-safe.  Needs `users:read`; without it the question's own language is taken."""

    def __init__(self, client: WebClient) -> None:
        self._client = WebClient(
            token=client.token,
            base_url=client.base_url,
            timeout=TIMEOUT_SECONDS,
            retry_handlers=[],
            logger=library_log,
        )
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, tuple[str | None, float]] = OrderedDict()

    def words(self, user: str, text: str = "") -> Words:
        """The language of a person; where Slack does not tell, of what the person wrote."""
        return words_for(self._locale(user) if user else None, text)

    def at_once(self, user: str, text: str) -> Words:
        """The same without asking Slack, for when there is no time to."""
        return words_for(self._known(user)[0], text)

    def _known(self, user: str) -> tuple[str | None, float]:
        """The language, and until when that is good."""
        with self._lock:
            return self._remembered.get(user, (None, 0.0))

    def _locale(self, user: str) -> str | None:
        now = time.monotonic()
        locale, until = self._known(user)
        if now < until:
            return locale
        locale = self._ask(user)
        with self._lock:
            self._remembered[user] = (locale, now + (KNOWN_SECONDS if locale else UNKNOWN_SECONDS))
            self._remembered.move_to_end(user)
            while len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return locale

    def _ask(self, user: str) -> str | None:
        try:
            answer = self._client.users_info(user=user, include_locale=True)
        except (SlackApiError, *CALL_ERRORS) as error:
            _log.debug("Slack did not tell a person's language (%s)", refusal(error))
            return None
        found = (answer.get("user") or {}).get("locale")
        return found if isinstance(found, str) else None
