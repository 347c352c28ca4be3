"""Events: mentions and direct messages are questions; all others are acknowledged and left alone."""

from __future__ import annotations

import re

from slack_bolt import App, BoltContext
from slack_sdk.web import WebClient

from bot.slack.desk import Desk
from bot.slack.incoming import Payload, from_event, team_of
from bot.slack.replies import InThread


def register(app: App, desk: Desk) -> None:
    def question(body: Payload, context: BoltContext, client: WebClient) -> None:
        asked = from_event(body, team_of(context), context.bot_user_id)
        if asked is not None:
            desk.take(asked, InThread(client, asked.place))

    def message(body: Payload, context: BoltContext, client: WebClient) -> None:
        # In a channel the bot speaks when it is mentioned, and that comes as an event of its own.
        if body["event"].get("channel_type") == "im":
            question(body, context, client)

    def acknowledged() -> None:
        """Slack delivers an event that no listener matches again and again."""

    app.event("app_mention")(question)
    app.event("message")(message)
    app.event(re.compile(".+"))(acknowledged)
