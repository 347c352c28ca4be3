"""Slash commands and the message shortcut: a question, and an answer that only the asker sees."""

from __future__ import annotations

import re

from slack_bolt import Ack, App, BoltContext

from bot.slack.dispatch import Dispatcher
from bot.slack.incoming import Payload, from_command, from_shortcut, team_of

FIND_SOURCES = "find_sources"


def register(app: App, dispatcher: Dispatcher) -> None:
    def ask(ack: Ack, command: Payload, context: BoltContext) -> None:
        """Whatever command the workspace gave the app (`/ask`), its text is the question."""
        ack()
        dispatcher.take(from_command(command, team_of(context), context.bot_user_id))

    def find_sources(ack: Ack, shortcut: Payload, context: BoltContext) -> None:
        ack()
        dispatcher.take(from_shortcut(shortcut, team_of(context), context.bot_user_id))

    def acknowledged(ack: Ack) -> None:
        """A shortcut of an older version of the app."""
        ack()

    app.command(re.compile("/.+"))(ask)
    app.shortcut({"callback_id": FIND_SOURCES, "type": "message_action"})(find_sources)
    app.shortcut(re.compile(".*"))(acknowledged)
