"""Events: what is said to the bot is a question, edited and deleted ones too; the rest is left alone."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

from slack_bolt import App, BoltContext

from bot.config import SlackSettings
from bot.memory import Place, State
from bot.slack.dispatch import Dispatcher
from bot.slack.incoming import (
    Asked,
    Payload,
    author_of,
    from_edit,
    from_event,
    is_welcome,
    takes_token_away,
    team_of,
)
from bot.slack.manners import is_question, is_to_others, mentions_bot

_log = logging.getLogger(__name__)


def register(app: App, dispatcher: Dispatcher, state: State, settings: SlackSettings) -> None:
    listener = _Listener(dispatcher, state, settings)

    def mention(body: Payload, context: BoltContext) -> None:
        if is_welcome(body["event"], settings.allow_bots):
            dispatcher.take(from_event(body, team_of(context), context.bot_user_id))

    def message(body: Payload, context: BoltContext) -> None:
        listener.hear(body, team_of(context), context.bot_user_id)

    def taken_away(event: Payload) -> None:
        if takes_token_away(event):
            _log.warning(
                "Slack has taken the app's token away: nothing can be answered until it is installed again"
            )

    def acknowledged() -> None:
        """Slack delivers an event that no listener matches again and again."""

    app.event("app_mention")(mention)
    app.event("message")(message)
    app.event(re.compile("app_uninstalled|tokens_revoked"))(taken_away)
    app.event(re.compile(".+"))(acknowledged)


class _Listener:
    """Hears everything that is said where the bot is, and speaks when it is spoken to."""

    def __init__(self, dispatcher: Dispatcher, state: State, settings: SlackSettings) -> None:
        self._dispatcher = dispatcher
        self._threads = state.threads
        self._settings = settings

    def hear(self, body: Payload, team: str, bot_user_id: str | None) -> None:
        event = body["event"]
        match event.get("subtype"):
            case "message_changed":
                self._hear_change(body, team, bot_user_id)
            case "message_deleted":
                self._hear_deletion(event, team, str(event.get("deleted_ts") or ""))
            case _ if is_welcome(event, self._settings.allow_bots):
                self._hear_message(body, team, bot_user_id)

    def _hear_message(self, body: Payload, team: str, bot_user_id: str | None) -> None:
        event = body["event"]
        asked = from_event(body, team, bot_user_id)
        markup = str(event.get("text") or "")
        if self._is_spoken_to(event, asked, markup, bot_user_id):
            self._dispatcher.take(asked)
        elif self._answers_everything(event, asked, markup):
            self._dispatcher.take(_if_certain(asked))

    def _is_spoken_to(self, event: Payload, asked: Asked, markup: str, bot_user_id: str | None) -> bool:
        if mentions_bot(markup, bot_user_id):
            return True
        in_thread = bool(event.get("thread_ts"))
        if asked.order is not None and in_thread and self._threads.knows(asked.place):
            return True
        if event.get("channel_type") == "im":
            return not (in_thread and self._threads.is_quiet(asked.place))
        if not in_thread or event.get("bot_id"):
            return False
        to_others = is_to_others(markup, bot_user_id)
        follows = self._threads.overheard(asked.place, author_of(event), to_others=to_others)
        # "Thanks all, I will ask Bob" is said to the bot's thread, and asks it nothing.
        return follows and is_question(asked.text)

    def _answers_everything(self, event: Payload, asked: Asked, markup: str) -> bool:
        return (
            asked.place.channel in self._settings.answer_channels
            and not event.get("thread_ts")
            and not is_to_others(markup, None)
            and is_question(asked.text)
        )

    def _hear_change(self, body: Payload, team: str, bot_user_id: str | None) -> None:
        event = body["event"]
        message = event.get("message") or {}
        if message.get("subtype") == "tombstone":
            # A question with replies below it leaves one of these when it is deleted.
            self._hear_deletion(event, team, str(message.get("ts") or ""))
            return
        before = str((event.get("previous_message") or {}).get("text") or "")
        markup = str(message.get("text") or "")
        # A preview that Slack adds is a change of the message as well, and not one of its words.
        if markup == before or not is_welcome(message, self._settings.allow_bots):
            return
        asked = from_edit(body, team, bot_user_id)
        is_post = asked.place.channel in self._settings.answer_channels and asked.place.thread == asked.ts
        if is_post and not mentions_bot(markup, bot_user_id):
            asked = _if_certain(asked)
        new = mentions_bot(markup, bot_user_id) and not mentions_bot(before, bot_user_id)
        self._dispatcher.edit(asked, spoken_to=new)

    def _hear_deletion(self, event: Payload, team: str, ts: str) -> None:
        if ts:
            place = Place(team, str(event["channel"]), _thread_of(event, ts))
            self._dispatcher.retract(place, ts)


def _thread_of(event: Payload, ts: str) -> str:
    return str((event.get("previous_message") or {}).get("thread_ts") or ts)


def _if_certain(asked: Asked) -> Asked:
    return replace(asked, only_if_certain=True)
