"""A workspace installs the app by itself: Slack's OAuth flow, from the first page to the kept token.

https://docs.slack.dev/authentication/installing-with-oauth.  The state is checked twice: it has to be one
that was given out, and to come from the browser that it was given to.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode

from slack_sdk.web import WebClient

from bot.slack.client import CALL_ERRORS, library_log, refusal
from bot.slack.installations import STATE_SECONDS, Installation, Installations
from bot.slack.messages import words_for
from bot.slack.settings import SlackSettings

INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
ANY_TEAM = "any"
SCOPES = (
    *("app_mentions:read", "channels:history", "channels:read", "chat:write"),
    *("commands", "files:read", "groups:history", "groups:read", "im:history", "im:read", "mpim:history"),
    *("mpim:read", "reactions:write", "usergroups:read", "users:read"),
)
AUTHORIZE_URL = "https://slack.com/oauth/v2/authorize"
COOKIE = "footnote_install"
_TIMEOUT_SECONDS = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to a browser."""

    status: int
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Installing:
    def __init__(self, settings: SlackSettings, installations: Installations) -> None:
        self._client_id = settings.client_id
        self._client_secret = settings.client_secret
        self._teams: Collection[str] = settings.install_teams
        self._installations = installations
        self._client = WebClient(base_url=settings.api_url, timeout=_TIMEOUT_SECONDS, logger=library_log)

    def begin(self) -> Page:
        """Send the browser to Slack, with a state that it has to bring back."""
        state = self._installations.issue_state()
        query = {"client_id": self._client_id, "scope": ",".join(SCOPES), "state": state}
        # Lax: the browser comes back from Slack by a link, and is to bring the cookie then.
        cookie = f"{COOKIE}={state}; Path=/slack; Max-Age={STATE_SECONDS}; Secure; HttpOnly; SameSite=Lax"
        location = f"{AUTHORIZE_URL}?{urlencode(query)}"
        return Page(302, headers={"Location": location, "Set-Cookie": cookie, "Cache-Control": "no-store"})

    def finish(self, query: str, cookies: str) -> tuple[Page, str | None]:
        """Take the browser back from Slack; the workspace that is installed now, or None."""
        given = {name: values[0] for name, values in parse_qs(query).items()}
        reason, installation = "", None
        if not self._is_own(given.get("state", ""), cookies):
            reason = "state"
        elif "code" not in given:
            reason = "access_denied"
        else:
            installation, reason = self._exchange(given["code"])
        words = words_for(None)
        headers = {
            "Set-Cookie": f"{COOKIE}=; Path=/slack; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
        }
        if installation is None:
            _log.warning("An installation was refused (%s)", reason)
            said = words.not_installed.format(reason=reason, path=INSTALL_PATH)
            return Page(400, said, headers), None
        self._installations.save(installation)
        _log.info("Workspace %s has installed the app", installation.team)
        return Page(200, words.installed, headers), installation.team

    def _is_own(self, state: str, cookies: str) -> bool:
        try:
            cookie = SimpleCookie(cookies).get(COOKIE)
        except CookieError:
            return False
        # The cookie first: whoever guesses at states cannot use one up that is somebody else's.
        same = cookie is not None and hmac.compare_digest(cookie.value.encode(), state.encode())
        return same and self._installations.consume_state(state)

    def _exchange(self, code: str) -> tuple[Installation | None, str]:
        """The installation, or why there is none."""
        try:
            answer = self._client.oauth_v2_access(
                client_id=self._client_id, client_secret=self._client_secret, code=code
            )
        except CALL_ERRORS as error:
            return None, refusal(error)
        team = str((answer.get("team") or {}).get("id") or "")
        token, user = str(answer.get("access_token") or ""), str(answer.get("bot_user_id") or "")
        if answer.get("is_enterprise_install") or not team:
            return None, "org_install"  # one workspace at a time: its channels say what may be seen
        if not token.startswith("xoxb-"):
            return None, "no_bot_token"
        if ANY_TEAM not in self._teams and team not in self._teams:
            self._revoke(token)
            return None, "workspace_not_allowed"
        return Installation(team, user, token), ""

    def _revoke(self, token: str) -> None:
        """A token that is not to be kept is not to stay good either."""
        try:
            self._client.auth_revoke(token=token)
        except CALL_ERRORS as error:
            _log.warning("A token that is not kept could not be revoked (%s)", refusal(error))
