"""Many workspaces in one process: an app for each that installed it, with one pools for all of them.

A delivery goes to the app of the workspace that it names, which then checks its signature; if no
workspace is named, or it is not known, the signature is checked here.

Another bot may be the one that a workspace installs the app with, or takes it away from: the token is
looked up with each delivery, and now and then those of all, since another bot's questions may be left.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace

from slack_bolt import BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier

from bot.config import SlackSettings
from bot.memory import MemoryAway
from bot.slack.app import SlackApp, SlackParts
from bot.slack.incoming import takes_token_away
from bot.slack.installing import Installations, Installing
from bot.slack.pools import Pools
from index.types import FootnoteError

_log = logging.getLogger(__name__)

# A bot makes a round every five seconds.
LOOKS_EVERY_ROUNDS = 6


class Workspaces:
    """Thread-safe."""

    def __init__(self, settings: SlackSettings, parts: SlackParts) -> None:
        """Raise `FootnoteError` if the tokens cannot be read."""
        self.pools = Pools(settings, parts.memory)
        self._settings = settings
        self._parts = parts
        kept = parts.memory.kept
        self._installations = Installations(kept)
        self._installing = Installing(settings, kept, self._installations, self._installed)
        self._verifier = SignatureVerifier(settings.signing_secret)
        self._lock = threading.Lock()
        self._apps: dict[str, tuple[str, SlackApp | None]] = {}
        """By workspace: the token, and the app that uses it; None if Slack refused the token."""
        self._stop = threading.Event()
        # At once, and not with their first delivery: they may have left questions behind.
        self._look_at_all()
        rounds = LOOKS_EVERY_ROUNDS * settings.round_seconds
        threading.Thread(target=self._look_again, args=[rounds], name="workspaces", daemon=True).start()

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
        self._stop.set()
        finished = self.pools.close(deadline)
        for team in list(self._apps):
            self._drop(team)
        return finished

    def _look_at_all(self) -> None:
        for team in self._installations.teams():
            self._app(team, again=False)

    def _look_again(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                self._look_at_all()
            except MemoryAway as error:
                _log.warning("%s", error)

    def _app(self, team: str, *, again: bool = True) -> SlackApp | None:
        """Return None if the workspace has not installed the app, or its token is no longer good.

        `again` asks Slack once more about a token that it has refused.
        """
        try:
            token = self._installations.token(team)
        except MemoryAway:
            raise
        except FootnoteError as error:
            _log.error("Workspace %s cannot be served: %s", team, error)
            return None
        with self._lock:
            used, app = self._apps.get(team, ("", None))
            if token == used and (app is not None or not again):
                return app
            self._apps.pop(team, None)
            if app is not None:
                app.leave()
            if token is None:
                return None
            try:
                settings = replace(self._settings, bot_token=token)
                app = SlackApp(settings, self._parts, self.pools, team)
            except FootnoteError as error:
                _log.error("Workspace %s cannot be served: %s", team, error)
                app = None
            self._apps[team] = token, app
            return app

    def _installed(self, team: str) -> None:
        self._drop(team)  # the token may be the same, and good again
        self._app(team)

    def _drop(self, team: str) -> None:
        with self._lock:
            _, app = self._apps.pop(team, ("", None))
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
