"""Modals that come back: the passage modal has nothing to submit, so all are only acknowledged."""

from __future__ import annotations

import re

from slack_bolt import Ack, App

from bot.slack.desk import Desk


def register(app: App, desk: Desk) -> None:
    def acknowledged(ack: Ack) -> None:
        """One of an older version of the app, left open on somebody's screen."""
        ack()

    app.view(re.compile(".*"))(acknowledged)
    app.view_closed(re.compile(".*"))(acknowledged)
