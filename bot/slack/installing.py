"""A workspace installs the app by itself: Bolt's OAuth flow, with its stores in the bot's memory.

https://docs.slack.dev/authentication/installing-with-oauth.  Bolt checks that a state was given out, and
that it comes back once, from the browser that it was given to.  Here is who may install, and what is kept:
the bot's token of each workspace.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from uuid import UUID, uuid4

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.error import BoltError
from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.callback_options import CallbackOptions, FailureArgs, SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk.oauth.installation_store import Bot, Installation, InstallationStore
from slack_sdk.oauth.state_store import OAuthStateStore
from slack_sdk.web import WebClient

from bot.config import ANY_TEAM, SlackSettings
from bot.memory import Kept
from bot.slack.client import CALL_ERRORS, library_log, refusal
from bot.slack.messages import words_for
from index.types import FootnoteError

INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
SCOPES = (
    *("app_mentions:read", "channels:history", "channels:read", "chat:write"),
    *("commands", "files:read", "groups:history", "groups:read", "im:history", "im:read", "mpim:history"),
    *("mpim:read", "reactions:write", "usergroups:read", "users:read"),
)
COOKIE = "footnote_install"
# Long enough to read what is asked for, log in, and ask an administrator.
STATE_SECONDS = 600
_TIMEOUT_SECONDS = 10
_TEAM = re.compile(r"T[A-Z0-9]{2,20}")
# What is kept, as Bolt's own store of files names it.
_NAME = "installations/none-{}/bot-latest"
_STATE = "installations/states/{}"

_log = logging.getLogger(__name__)


class Installations(InstallationStore):
    """The tokens of workspaces, shared by processes."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def save_bot(self, bot: Bot) -> None:
        self._kept.put(_NAME.format(bot.team_id), json.dumps(bot.__dict__))

    def token(self, team: str) -> str | None:
        """Return the bot token of a workspace; None if it has not installed the app.

        Raise `FootnoteError` if what is kept of it cannot be read, and `MemoryAway`.
        """
        if not _TEAM.fullmatch(team):
            return None  # it becomes part of a path
        name = _NAME.format(team)
        try:
            kept = self._kept.get(name)
            return None if kept is None else Bot(**json.loads(kept)).bot_token
        except (OSError, ValueError, TypeError) as error:
            raise FootnoteError(
                f"The token of workspace {team} in {self._kept.place(name)} cannot be read"
                f" ({type(error).__name__}). Install the app in that workspace again."
            ) from error

    def forget(self, team: str) -> None:
        if _TEAM.fullmatch(team):
            self._kept.forget(_NAME.format(team))

    def teams(self) -> list[str]:
        """Return every workspace that installed the app, in order."""
        before, after = _NAME.split("{}")
        return [name[len(before) : -len(after)] for name in self._kept.names(_NAME.format("*"))]


class States(OAuthStateStore):
    """The states that browsers are to bring back, to whichever bot: kept until they are too old."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    @property
    def logger(self) -> logging.Logger:
        return library_log

    def issue(self, *args: object, **kwargs: object) -> str:
        self._kept.forget(_STATE.format("*"), STATE_SECONDS)
        state = str(uuid4())
        self._kept.put(_STATE.format(state), state)
        return state

    def consume(self, state: str) -> bool:
        """Return whether we made it, it is not too old, and it comes back for the first time."""
        try:
            known = str(UUID(state)) == state  # it becomes part of a path
        except ValueError:
            return False
        return known and self._kept.take(_STATE.format(state), STATE_SECONDS) is not None


class Installing(OAuthFlow):
    """The pages that a browser sees; `installed` is told of each workspace whose token was kept."""

    def __init__(
        self,
        settings: SlackSettings,
        kept: Kept,
        installations: Installations,
        installed: Callable[[str], None],
    ) -> None:
        self._teams = settings.install_teams
        self._installations = installations
        self._installed = installed
        super().__init__(
            client=WebClient(base_url=settings.api_url, timeout=_TIMEOUT_SECONDS, logger=library_log),
            logger=library_log,
            settings=OAuthSettings(
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                scopes=SCOPES,
                user_scopes=(),
                install_page_rendering_enabled=False,
                installation_store=installations,
                state_store=States(kept),
                state_cookie_name=COOKIE,
                state_expiration_seconds=STATE_SECONDS,
                callback_options=CallbackOptions(success=self._accepted, failure=self._refused),
            ),
        )

    def handle_installation(self, request: BoltRequest) -> BoltResponse:
        """Send the browser to Slack, with a state that it has to bring back."""
        response = super().handle_installation(request)
        response.headers["cache-control"] = ["no-store"]
        return response

    def run_installation(self, code: str) -> Installation | None:
        """Return what Slack gives for the code; None if it refuses or cannot be reached."""
        try:
            return super().run_installation(code)
        except CALL_ERRORS as error:
            _log.warning("Slack could not be asked for a token (%s)", refusal(error))
            return None

    def store_installation(self, request: BoltRequest, installation: Installation) -> None:
        """Keep the token of a workspace that may install the app; raise `BoltError` with why it may not."""
        team, token = installation.team_id or "", installation.bot_token or ""
        if installation.is_enterprise_install or not _TEAM.fullmatch(team):
            raise BoltError("org_install")  # one workspace at a time: its channels say what may be seen
        if not token.startswith("xoxb-"):
            raise BoltError("no_bot_token")
        if ANY_TEAM not in self._teams and team not in self._teams:
            self._revoke(token)
            raise BoltError("workspace_not_allowed")
        self._installations.save_bot(
            Bot(
                team_id=team,
                bot_token=token,
                bot_id=installation.bot_id or "",
                bot_user_id=installation.bot_user_id or "",
                installed_at=installation.installed_at,
            )
        )

    def _accepted(self, done: SuccessArgs) -> BoltResponse:
        team = str(done.installation.team_id)
        _log.info("Workspace %s has installed the app", team)
        self._installed(team)
        return self._page(200, words_for(None).installed)

    def _refused(self, failed: FailureArgs) -> BoltResponse:
        reason = str(failed.error or failed.reason)
        _log.warning("An installation was refused (%s)", reason)
        return self._page(400, words_for(None).not_installed.format(reason=reason, path=INSTALL_PATH))

    def _page(self, status: int, text: str) -> BoltResponse:
        headers = {
            "Content-Type": "text/plain;charset=utf-8",  # the reason may be anybody's words
            "Set-Cookie": self.settings.state_utils.build_set_cookie_for_deletion(),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
        }
        return BoltResponse(status=status, body=text, headers=dict(headers))

    def _revoke(self, token: str) -> None:
        """Revoke a token that is not kept."""
        try:
            self.client.auth_revoke(token=token)
        except CALL_ERRORS as error:
            _log.warning("A token that is not kept could not be revoked (%s)", refusal(error))
