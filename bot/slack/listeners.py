"""Slack's deliveries: messages, edits, deletions, commands, shortcuts, and modals that come back."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from concurrent.futures import Executor
from typing import get_args

from slack_bolt import Ack, App, BoltContext, BoltResponse

from bot.config import SlackSettings
from bot.memory import Memory, MemoryAway, Place, Reason
from bot.slack import messages
from bot.slack.buttons import place_of
from bot.slack.dispatch import Dispatcher
from bot.slack.incoming import (
    Here,
    Question,
    from_command,
    from_edit,
    from_event,
    from_shortcut,
    is_question,
    is_to_others,
    is_welcome,
    mentions_bot,
    takes_token_away,
    team_of,
)
from bot.slack.log import trace
from bot.slack.lookups import Languages
from bot.slack.pointing import Payload, shares

FIND_SOURCES = "find_sources"

_log = logging.getLogger(__name__)

HereOf = Callable[[BoltContext], Here]


def register_events(app: App, listener: Listener, here: HereOf, threads: Executor) -> None:
    def taking(hear: Callable[[Payload, Here], None]) -> Callable[..., BoltResponse | None]:
        """Hear an event before Bolt acknowledges it: what cannot be written down, Slack delivers again."""

        def take(body: Payload, context: BoltContext, next: Callable[[], None]) -> BoltResponse | None:
            try:
                heard = threads.submit(hear, body, here(context))
            except RuntimeError:  # the bot is ending; the next one gets it
                return BoltResponse(status=503)
            try:
                heard.result()
            except MemoryAway as error:
                _log.error("A delivery is not acknowledged: %s", error)
                return BoltResponse(status=503)
            except Exception as error:
                _log.error("An event could not be heard\n%s", trace(error))
            next()
            return None

        return take

    def taken_away(event: Payload) -> None:
        if takes_token_away(event):
            _log.warning(
                "Slack has taken the app's token away: nothing can be answered until it is installed again"
            )

    def acknowledged() -> None:
        """Slack delivers an event that no listener matches again and again."""

    app.event("app_mention", middleware=[taking(listener.mention)])(acknowledged)
    app.event("message", middleware=[taking(listener.message)])(acknowledged)
    app.event(re.compile("app_uninstalled|tokens_revoked"))(taken_away)
    app.event(re.compile(".+"))(acknowledged)


def register_commands(app: App, dispatcher: Dispatcher, here: HereOf) -> None:
    def ask(ack: Ack, command: Payload, context: BoltContext) -> None:
        """Whatever command the workspace gave the app (`/ask`), its text is the question."""
        ack()
        dispatcher.accept(from_command(command, here(context)))

    def find_sources(ack: Ack, shortcut: Payload, context: BoltContext) -> None:
        ack()
        dispatcher.accept(from_shortcut(shortcut, here(context)))

    def acknowledged(ack: Ack) -> None:
        """Acknowledge a shortcut of an older version of the app."""
        ack()

    app.command(re.compile("/.+"))(ask)
    app.shortcut({"callback_id": FIND_SOURCES, "type": "message_action"})(find_sources)
    app.shortcut(re.compile(".*"))(acknowledged)


def register_modals(app: App, memory: Memory, languages: Languages) -> None:
    """The reason for a 👎; all others are only acknowledged."""

    def why(ack: Ack, body: Payload, view: Payload, context: BoltContext) -> None:
        user = str(body["user"]["id"])
        words = languages.words(user)
        kept = _keep_reason(memory, view, user, team_of(context))
        said = words.feedback_thanks if kept else words.feedback_withheld
        ack(response_action="update", view=messages.said_in(words.why, said, words))

    def acknowledged(ack: Ack) -> None:
        """One of an older version of the app, left open on somebody's screen."""
        ack()

    app.view(messages.WHY)(why)
    app.view(re.compile(".*"))(acknowledged)
    app.view_closed(re.compile(".*"))(acknowledged)


class Listener:
    """Hears everything that is said in the bot's channels, and speaks when it is spoken to."""

    def __init__(self, dispatcher: Dispatcher, memory: Memory, settings: SlackSettings) -> None:
        self._dispatcher = dispatcher
        self._threads = memory.threads
        self._settings = settings

    def mention(self, body: Payload, here: Here) -> None:
        if is_welcome(body["event"], self._settings.allow_bots):
            self._dispatcher.accept(from_event(body, here))

    def message(self, body: Payload, here: Here) -> None:
        event = body["event"]
        match event.get("subtype"):
            case "message_changed":
                self._changed(body, here)
            case "message_deleted":
                self._deleted(event, here.team, str(event.get("deleted_ts") or ""))
            case _ if is_welcome(event, self._settings.allow_bots):
                question = from_event(body, here)
                if self._is_spoken_to(event, question, here):
                    self._dispatcher.accept(question)
                elif self._goes_on(event, question, here) or self._answers_everything(event, question):
                    self._dispatcher.accept(question.overheard())

    def _is_spoken_to(self, event: Payload, question: Question, here: Here) -> bool:
        markup = str(event.get("text") or "")
        if mentions_bot(markup, here.bot_user):
            return True
        in_thread = bool(event.get("thread_ts"))
        if question.order is not None and in_thread and self._threads.knows(question.place):
            return True
        direct = event.get("channel_type") == "im"
        return direct and not (in_thread and self._threads.is_quiet(question.place))

    def _goes_on(self, event: Payload, question: Question, here: Here) -> bool:
        """Return whether it belongs to a conversation with the bot, without a mention."""
        if not event.get("thread_ts") or event.get("bot_id") or event.get("channel_type") == "im":
            return False
        to_others = is_to_others(str(event.get("text") or ""), here.bot_user)
        follows = self._threads.overheard(question.place, question.user, to_others=to_others)
        # "Thanks all, I will ask Bob" is said to the bot's thread, and asks it nothing.
        return follows and is_question(question.text)

    def _answers_everything(self, event: Payload, question: Question) -> bool:
        return (
            question.place.channel in self._settings.answer_channels
            and not event.get("thread_ts")
            and not is_to_others(str(event.get("text") or ""), None)
            and is_question(question.text)
        )

    def _changed(self, body: Payload, here: Here) -> None:
        event = body["event"]
        message = event.get("message") or {}
        if message.get("subtype") == "tombstone":
            # A question with replies below it leaves one of these when it is deleted.
            self._deleted(event, here.team, str(message.get("ts") or ""))
            return
        previous = event.get("previous_message") or {}
        before, markup = str(previous.get("text") or ""), str(message.get("text") or "")
        # A preview that Slack adds is a change of the message as well, and not one of its words, unless it
        # shows a message that it links to.
        shown = shares(message) and not shares(previous)
        if (markup == before and not shown) or not is_welcome(message, self._settings.allow_bots):
            return
        question = from_edit(body, here)
        if not mentions_bot(markup, here.bot_user) and event.get("channel_type") != "im":
            question = question.overheard()
        new = mentions_bot(markup, here.bot_user) and not mentions_bot(before, here.bot_user)
        self._dispatcher.edit(question, spoken_to=new)

    def _deleted(self, event: Payload, team: str, ts: str) -> None:
        if ts:
            thread = str((event.get("previous_message") or {}).get("thread_ts") or ts)
            self._dispatcher.retract(Place(team, str(event["channel"]), thread), ts)


def _keep_reason(memory: Memory, view: Payload, user: str, team: str) -> bool:
    found = place_of(str(view.get("private_metadata") or ""), team)
    reason = _chosen(view)
    if found is None or reason is None:
        return False
    answer_id, place = found
    try:
        return memory.shown.record_reason(answer_id, reason, _written(view), user, place)
    except Exception as error:
        _log.error("The reason for a verdict could not be kept\n%s", trace(error))
        return False


def _chosen(view: Payload) -> Reason | None:
    option = (_field(view, "reason") or {}).get("selected_option") or {}
    return next((reason for reason in get_args(Reason) if reason == option.get("value")), None)


def _written(view: Payload) -> str:
    return str((_field(view, "words") or {}).get("value") or "").strip()[: messages.MAX_REASON_CHARS]


def _field(view: Payload, name: str) -> Payload | None:
    values = (view.get("state") or {}).get("values") or {}
    return (values.get(name) or {}).get(name)
