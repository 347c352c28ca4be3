"""Many workspaces in one process: an app for each that installed it, with one pools for all of them.

A delivery goes to the app of the workspace that it names, which then checks its signature; if no
workspace is named, or it is not known, the signature is checked here.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace

from slack_bolt import BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier

from bot.config import SlackSettings
from bot.slack.app import SlackApp, SlackParts
from bot.slack.incoming import takes_token_away
from bot.slack.installing import Installations, Installing
from bot.slack.pools import Pools
from index.types import FootnoteError

_log = logging.getLogger(__name__)


class Workspaces:
    """Thread-safe."""

    def __init__(self, settings: SlackSettings, parts: SlackParts) -> None:
        """Raise `FootnoteError` if the folder of tokens cannot be used."""
        if settings.installations is None:
            raise FootnoteError("There is no folder for the tokens of workspaces.")
        self.pools = Pools(settings, parts.memory)
        self._settings = settings
        self._parts = parts
        self._installations = Installations(settings.installations)
        self._installing = Installing(settings, self._installations, self._installed)
        self._verifier = SignatureVerifier(settings.signing_secret)
        self._lock = threading.Lock()
        self._apps: dict[str, SlackApp] = {}
        # At once, and not with their first delivery: they may have left questions behind.
        for team in self._installations.teams():
            self._app(team)

    def begin(self, request: BoltRequest) -> BoltResponse:
        """Send a browser to Slack, to install the app."""
        return self._installing.handle_installation(request)

    def finish(self, request: BoltRequest) -> BoltResponse:
        """Take a browser back from Slack."""
        return self._installing.handle_callback(request)

    def dispatch(self, request: BoltRequest) -> BoltResponse:
        team = request.context.team_id or ""
        app = self._app(team) if team else None
        if app is None:
            return self._answer_stranger(request)
        response = app.bolt.dispatch(request)
        if response.status == 200 and takes_token_away(request.body.get("event") or {}):
            _log.info("The token of workspace %s is forgotten", team)
            self._drop(team)
            self._installations.forget(team)
        return response

    def drain(self, deadline: float) -> bool:
        finished = self.pools.close(deadline)
        for app in list(self._apps.values()):
            app.leave()
        return finished

    def _app(self, team: str) -> SlackApp | None:
        """Return None if the workspace has not installed the app, or its token is no longer good."""
        app = self._apps.get(team)
        if app is not None:
            return app
        with self._lock:
            if team not in self._apps:
                try:
                    token = self._installations.token(team)
                    if token is None:
                        return None
                    settings = replace(self._settings, bot_token=token)
                    self._apps[team] = SlackApp(settings, self._parts, self.pools, team)
                except FootnoteError as error:
                    _log.error("Workspace %s cannot be served: %s", team, error)
                    return None
            return self._apps[team]

    def _installed(self, team: str) -> None:
        self._drop(team)  # the token is a new one
        self._app(team)

    def _drop(self, team: str) -> None:
        with self._lock:
            app = self._apps.pop(team, None)
        if app is not None:
            app.leave()

    def _answer_stranger(self, request: BoltRequest) -> BoltResponse:
        timestamp, signature = (
            (request.headers.get(name) or [""])[0]
            for name in ("x-slack-request-timestamp", "x-slack-signature")
        )
        if not self._verifier.is_valid(request.raw_body, timestamp, signature):
            return BoltResponse(status=401, body="")
        if request.body.get("type") == "url_verification":
            return BoltResponse(status=200, body=json.dumps({"challenge": request.body.get("challenge")}))
        # Acknowledged: Slack would deliver it again and again, and nobody here can answer it.
        _log.warning("A delivery from a workspace that has not installed the app")
        return BoltResponse(status=200, body="")
