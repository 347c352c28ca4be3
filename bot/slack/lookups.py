"""Facts that have to be asked of Slack before a reply, remembered for a while.

Languages: in which each person uses Slack.

Access: no content for outsiders, and in each channel its own collections alone.  Slack says with every
event whether its channel is shared with another organisation; for commands and buttons it has to be
asked.  If it does not tell, nothing is shown: an answer that is missing can be asked for elsewhere, and
one that leaked cannot be taken back.

The message above: what somebody means who calls the bot below another one's question.

Curators: who may change the articles, people by id and the members of user groups.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from slack_sdk.web import WebClient

from bot.library.rights import Rights
from bot.memory import Place
from bot.slack.client import (
    CALL_ERRORS,
    METADATA_EVENT,
    PROSE_EVENT,
    library_log,
    refusal,
    swift_client,
)
from bot.slack.incoming import author_of, decode, is_question, without_emoji
from bot.slack.messages import Words, words_for
from bot.slack.pointing import Meant, Payload, forwarded, markup_of, points
from bot.types import Scope

MAX_REMEMBERED = 10_000
# Somebody waits for the answer meanwhile; a language that is guessed is not worth a second.
LANGUAGE_TIMEOUT_SECONDS = 1
LANGUAGE_KNOWN_SECONDS, LANGUAGE_UNKNOWN_SECONDS = 6 * 3_600.0, 300.0
# A channel is rarely shared, and the next event of it tells at once; one that is not known is asked for
# again soon enough for somebody who has just invited the bot, without a call for each press of a button.
CHANNEL_KNOWN_SECONDS, CHANNEL_UNKNOWN_SECONDS = 300.0, 10.0
# People who leave a group may change articles for so long.
GROUP_KNOWN_SECONDS, GROUP_UNKNOWN_SECONDS = 300.0, 30.0
# While Slack does not answer, the members it named last stay for so long.
TRUSTED_SECONDS = 3_600.0
NAMES_SHOWN = 5
# What was asked in a channel so long ago is not what somebody means who only mentions the bot.
ABOVE_SECONDS = 600.0
_MESSAGES_READ = 200

_log = logging.getLogger(__name__)

Clock = Callable[[], float]
Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """Facts asked of Slack, by name; None for those it did not tell.  Thread-safe."""

    def __init__(self, known: float, unknown: float, clock: Clock = time.monotonic) -> None:
        """`known` and `unknown` are seconds for which an answer, and the lack of one, is good."""
        self._seconds = known, unknown
        self._clock = clock
        self._lock = threading.Lock()
        self._found: OrderedDict[str, tuple[Value | None, float]] = OrderedDict()

    def get(self, name: str, ask: Callable[[str], Value | None]) -> Value | None:
        with self._lock:
            found, until = self._found.get(name, (None, 0.0))
        if self._clock() < until:
            return found
        found = ask(name)
        self.put(name, found)
        return found

    def known(self, name: str) -> Value | None:
        """Return the value without asking, whatever its age."""
        with self._lock:
            return self._found.get(name, (None, 0.0))[0]

    def put(self, name: str, found: Value | None) -> None:
        known, unknown = self._seconds
        with self._lock:
            self._found[name] = found, self._clock() + (unknown if found is None else known)
            self._found.move_to_end(name)
            while len(self._found) > MAX_REMEMBERED:
                self._found.popitem(last=False)


class Languages:
    """Thread-safe.  Needs `users:read`; without it the question's own language is taken."""

    def __init__(self, client: WebClient) -> None:
        self._client = WebClient(
            token=client.token,
            base_url=client.base_url,
            timeout=LANGUAGE_TIMEOUT_SECONDS,
            retry_handlers=[],
            logger=library_log,
        )
        self._locales = Remembered[str](LANGUAGE_KNOWN_SECONDS, LANGUAGE_UNKNOWN_SECONDS)

    def words(self, user: str, text: str = "") -> Words:
        """Return the language of a person; if Slack does not tell, of what the person wrote."""
        return words_for(self._locales.get(user, self._ask) if user else None, text)

    def at_once(self, user: str, text: str) -> Words:
        """Return the same without asking Slack, if there is no time to."""
        return words_for(self._locales.known(user), text)

    def _ask(self, user: str) -> str | None:
        try:
            answer = self._client.users_info(user=user, include_locale=True)
        except CALL_ERRORS as error:
            _log.debug("Slack did not tell a person's language (%s)", refusal(error))
            return None
        found = (answer.get("user") or {}).get("locale")
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class Open:
    """Articles in scope may be shown here."""

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
        clock: Clock = time.monotonic,
    ) -> None:
        self._client = swift_client(client)
        self._rights = rights
        self._shared_channels = shared_channels
        self._shared = Remembered[bool](CHANNEL_KNOWN_SECONDS, CHANNEL_UNKNOWN_SECONDS, clock)

    def at(self, channel: str, *, outsider: bool = False, shared: bool | None = None) -> Open | Closed:
        """Return the sight of somebody in a channel; empty is App Home, which only the app's people can open.

        `shared` is what an event said of its channel; None if there was none that says it.
        """
        if shared is not None:
            self._shared.put(channel, shared)
        if not self._shared_channels:
            if outsider:
                return Closed.OUTSIDER
            known = self._shared.get(channel, self._ask) if channel else False
            if known is not False:
                return Closed.UNKNOWN if known is None else Closed.SHARED
        return Open(self._rights().of(channel))

    def surely_closed(self, *, outsider: bool, shared: bool | None) -> bool:
        """Return whether nothing may be shown, as far as an event itself tells."""
        return not self._shared_channels and (outsider or bool(shared))

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


class NotReadable(Exception):
    """Slack does not show the messages of a channel."""


class MessagesAbove:
    """Thread-safe.  Needs `channels:history` and its like, and to be in the channel."""

    def __init__(self, client: WebClient) -> None:
        self._client = swift_client(client)

    def find(self, place: Place, ts: str) -> Meant | None:
        """Return the question above the message `ts`; None if there is none that the bot has not answered.

        Raise `NotReadable` if Slack does not show what stands there.
        """
        said = [meant for message in self._above(place, ts) if (meant := _meant_by(message)).text]
        # Whoever forwards a message without a word asks about it.
        asking = [meant for meant in said if meant.name or is_question(meant.text)]
        if not asking and place.thread == ts:
            return None  # in a channel, what was said before may be of anything
        return (asking or said)[-1] if said else None

    def name(self, meant: Meant) -> str:
        """Return the author of a message; empty if Slack does not tell."""
        return meant.name or (display_name(self._client, meant.author) if meant.author else "")

    def _above(self, place: Place, ts: str) -> list[Payload]:
        """Return messages of people since the last reply of the bot, oldest first."""
        channel = place.channel
        try:
            if place.thread != ts:
                found = self._client.conversations_replies(
                    channel=channel,
                    ts=place.thread,
                    latest=ts,
                    limit=_MESSAGES_READ,
                    include_all_metadata=True,
                )
            else:
                oldest = f"{float(ts) - ABOVE_SECONDS:.6f}"
                found = self._client.conversations_history(
                    channel=channel, latest=ts, oldest=oldest, limit=1, include_all_metadata=True
                )
        except CALL_ERRORS as error:
            _log.warning("Slack does not show what stands above a message (%s)", refusal(error))
            raise NotReadable from error
        before = [message for message in found.get("messages") or () if str(message.get("ts")) < ts]
        before.sort(key=lambda message: str(message.get("ts")))
        for place_of, message in reversed(list(enumerate(before))):
            if (message.get("metadata") or {}).get("event_type") in (METADATA_EVENT, PROSE_EVENT):
                return before[place_of + 1 :]
        return before


def _meant_by(message: Payload) -> Meant:
    """Return what a message says, or the one that it forwards if it asks nothing itself."""
    text = decode(without_emoji(markup_of(message)), None)
    if (found := forwarded(message)) is not None and points(text):
        said, author, name = found
        return Meant(decode(without_emoji(said), None), author, name or author)
    return Meant(text, author_of(message))


class Curators:
    """Thread-safe.  `named` are ids of users and user groups; groups need `usergroups:read`."""

    def __init__(self, client: WebClient, named: Collection[str], clock: Clock = time.monotonic) -> None:
        self._client = swift_client(client)
        self._users = frozenset(one for one in named if not one.startswith("S"))
        self._groups = tuple(sorted(set(named) - self._users))
        self._members = Remembered[frozenset[str]](GROUP_KNOWN_SECONDS, GROUP_UNKNOWN_SECONDS, clock)
        self._last = Remembered[frozenset[str]](TRUSTED_SECONDS, 0.0, clock)

    def __bool__(self) -> bool:
        return bool(self._users or self._groups)

    def __contains__(self, user: str) -> bool:
        return user in self._users or any(user in self._group(group) for group in self._groups)

    def people(self) -> tuple[str, ...]:
        """Whom to mention, by id: the groups, or the people if there are none."""
        return self._groups or tuple(sorted(self._users))[:NAMES_SHOWN]

    def name(self, user: str) -> str:
        """As people know somebody; empty if Slack does not tell."""
        return display_name(self._client, user)

    def names(self) -> tuple[str, ...]:
        """Return the names of a few curators, as people know them."""
        ids = [*sorted(self._users), *(user for group in self._groups for user in sorted(self._group(group)))]
        names = (display_name(self._client, user) for user in list(dict.fromkeys(ids))[:NAMES_SHOWN])
        return tuple(name for name in names if name)

    def _group(self, group: str) -> frozenset[str]:
        members = self._members.get(group, self._ask)
        if members is None:
            return self._last.get(group, lambda _: None) or frozenset()
        return members

    def _ask(self, group: str) -> frozenset[str] | None:
        try:
            users = self._client.usergroups_users_list(usergroup=group).get("users")
        except CALL_ERRORS as error:
            _log.warning("Slack does not tell who is in user group %s (%s)", group, refusal(error))
            return None
        if not isinstance(users, list):
            return None
        self._last.put(group, frozenset(map(str, users)))
        return frozenset(map(str, users))


def display_name(client: WebClient, user: str) -> str:
    """Return a person as people know them; empty if Slack does not tell."""
    try:
        found = client.users_info(user=user).get("user") or {}
    except CALL_ERRORS as error:
        _log.debug("Slack did not tell a person's name (%s)", refusal(error))
        return ""
    profile = found.get("profile") or {}
    return str(profile.get("display_name") or profile.get("real_name") or found.get("real_name") or "")


@dataclass(frozen=True, slots=True)
class Lookups:
    """Facts about one workspace."""

    languages: Languages
    access: Access
    curators: Curators
    above: MessagesAbove
