"""Who may change the articles: people by id, and the members of user groups, who are remembered."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection

from slack_sdk.web import WebClient

from bot.slack.client import CALL_ERRORS, refusal, swift_client

# Whoever leaves a group may change articles for so long.
KNOWN_SECONDS = 300.0
# While Slack does not answer, the members it named last stay for so long.
TRUSTED_SECONDS = 3_600.0
RETRY_SECONDS = 30.0
NAMES_SHOWN = 5

_log = logging.getLogger(__name__)


class Curators:
    """Thread-safe.  `named` are ids of users and user groups; groups need `usergroups:read`."""

    def __init__(
        self, client: WebClient, named: Collection[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = swift_client(client)
        self._users = frozenset(one for one in named if not one.startswith("S"))
        self._groups = tuple(sorted(set(named) - self._users))
        self._clock = clock
        self._lock = threading.Lock()
        self._members: dict[str, frozenset[str]] = {}
        self._learnt: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._users or self._groups)

    def __contains__(self, user: str) -> bool:
        return user in self._users or any(user in self._group(group) for group in self._groups)

    def people(self) -> tuple[str, ...]:
        """Whom to mention, by id: the groups, or the people if there are none."""
        return self._groups or tuple(sorted(self._users))[:NAMES_SHOWN]

    def names(self) -> tuple[str, ...]:
        """A few of them, as people know them."""
        ids = [*sorted(self._users), *(user for group in self._groups for user in sorted(self._group(group)))]
        names = (self.name(user) for user in list(dict.fromkeys(ids))[:NAMES_SHOWN])
        return tuple(name for name in names if name)

    def _group(self, group: str) -> frozenset[str]:
        now = self._clock()
        with self._lock:
            if now < self._due.get(group, 0.0):
                return self._members[group]
        members = self._ask(group)
        with self._lock:
            if members is not None:
                self._members[group], self._learnt[group] = members, now
            elif now - self._learnt.get(group, float("-inf")) > TRUSTED_SECONDS:
                self._members[group] = frozenset()
            self._due[group] = now + (RETRY_SECONDS if members is None else KNOWN_SECONDS)
            return self._members[group]

    def _ask(self, group: str) -> frozenset[str] | None:
        try:
            users = self._client.usergroups_users_list(usergroup=group).get("users")
        except CALL_ERRORS as error:
            _log.warning("Slack does not tell who is in user group %s (%s)", group, refusal(error))
            return None
        return frozenset(map(str, users)) if isinstance(users, list) else None

    def name(self, user: str) -> str:
        """As people know somebody; empty if Slack does not tell."""
        try:
            found = self._client.users_info(user=user).get("user") or {}
        except CALL_ERRORS as error:
            _log.debug("Slack did not tell a person's name (%s)", refusal(error))
            return ""
        profile = found.get("profile") or {}
        return str(profile.get("display_name") or profile.get("real_name") or found.get("real_name") or "")
