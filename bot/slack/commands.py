"""Slash commands: whatever command the workspace gave the app (`/ask`), its text is a question."""

from __future__ import annotations

import re

from slack_bolt import Ack, App, BoltContext

from bot.slack.desk import Desk
from bot.slack.incoming import Payload, from_command, team_of
from bot.slack.replies import InResponse


def register(app: App, desk: Desk) -> None:
    def ask(ack: Ack, command: Payload, context: BoltContext) -> None:
        ack()
        asked = from_command(command, team_of(context), context.bot_user_id)
        desk.take(asked, InResponse(str(command["response_url"])))

    app.command(re.compile("/.+"))(ask)
