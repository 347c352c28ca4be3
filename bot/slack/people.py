"""Questions for people: asked in the thread once, closed when answered, kept as articles by curators."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk.web import WebClient

from bot.memory import Memory, Place
from bot.slack import messages
from bot.slack.client import ASIDE_EVENT, CALL_ERRORS, posting_client, refusal, swift_client
from bot.slack.curating.curate import Curating, PersonsAnswer, failed_message
from bot.slack.incoming import decode, is_outsider, place_pressed, team_of, user_of
from bot.slack.log import trace
from bot.slack.lookups import Closed, Lookups
from bot.slack.messages import Words
from bot.slack.pointing import Payload
from bot.slack.replies import InResponse
from index.types import FootnoteError

_log = logging.getLogger(__name__)

# Which question it is, and who asked it; behind it, which message answers it.
_TOKEN = re.compile(r"([\w-]{1,64}):(\w{1,32})(?::(\d+\.\d+))?")
_MESSAGES_READ = 100


@dataclass(frozen=True, slots=True)
class _Pressed:
    """The person who pressed a button, and the place."""

    value: str
    user: str
    place: Place
    """With the thread that the button is in; none if only one person sees it."""
    ts: str
    reply: InResponse
    words: Words


def register(app: App, memory: Memory, lookups: Lookups, curating: Curating | None) -> None:
    """Without `curating` there is nobody to ask."""
    people = _People(memory, lookups, curating)
    app.action(messages.ASK_PERSON)(people.ask)
    app.action(messages.ANSWERED)(people.answered)
    app.action(messages.KEEP_AS_ARTICLE)(people.keep)


class _People:
    def __init__(self, memory: Memory, lookups: Lookups, curating: Curating | None) -> None:
        self._shown = memory.shown
        self._inbox = memory.inbox
        self._lookups = lookups
        self._curating = curating

    def ask(self, ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient) -> None:
        """Ask the curators in the thread, once; if that cannot be, note the question for them."""
        ack()
        pressed = self._pressed(body, action, context)
        try:
            said = self._ask(pressed, client)
        except Exception as error:
            _log.error("A question could not be passed on\n%s", trace(error))
            said = pressed.words.curators_withheld
        if said:
            pressed.reply.say(said)

    def _ask(self, pressed: _Pressed, client: WebClient) -> str:
        """Return the reply to the one who pressed; nothing if the thread shows it."""
        miss_id, words, place = pressed.value, pressed.words, pressed.place
        question = self._shown.missed(miss_id, place)
        if question is None or not self._shown.tell_curators(miss_id, pressed.user, place):
            return words.curators_withheld
        people = self._lookups.curators.people() if self._curating else ()
        if not people or not place.thread:
            return words.curators_told
        claim = self._inbox.claim((f"person:{miss_id}",))
        if claim is None:
            return words.person_asked_before
        message = messages.person_message(question, people, f"{miss_id}:{pressed.user}", words)
        try:
            posting_client(client).chat_postMessage(
                channel=place.channel,
                thread_ts=place.thread,
                text=message.text,
                blocks=list(message.blocks),
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": ASIDE_EVENT, "event_payload": {}},
            )
        except CALL_ERRORS as error:
            _log.warning("Slack refused a question to a person (%s)", refusal(error))
            self._inbox.release(claim)
            return words.curators_told
        self._inbox.finish(claim)
        return ""

    def answered(
        self, ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient
    ) -> None:
        """Close a question with what somebody wrote below it."""
        ack()
        pressed = self._pressed(body, action, context)
        try:
            if not self._close(pressed, client):
                pressed.reply.say(pressed.words.nobody_answered)
        except CALL_ERRORS as error:
            _log.warning("Slack did not show an answer (%s)", refusal(error))
            pressed.reply.say(pressed.words.nobody_answered)
        except Exception as error:
            _log.error("A question could not be closed\n%s", trace(error))
            pressed.reply.say(pressed.words.curators_withheld)

    def _close(self, pressed: _Pressed, client: WebClient) -> bool:
        """False if nobody has answered yet."""
        found = _TOKEN.fullmatch(pressed.value)
        question = self._shown.missed(found[1], pressed.place) if found else None
        if found is None or question is None:
            pressed.reply.say(pressed.words.curators_withheld)
            return True
        answer = _answer_in(_read(client, pressed.place, pressed.ts), pressed.ts, asker=found[2])
        if answer is None:
            return False
        text, name = decode(str(answer["text"]), None), self._name(str(answer["user"]))
        token = f"{found[1]}:{found[2]}:{answer['ts']}"
        message = messages.person_answered_message(question, text, name, token, pressed.words)
        pressed.reply.update("", message, pressed.words)
        return True

    def keep(self, ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient) -> None:
        """Make an article of a question and what a person answered, for a curator."""
        ack()
        pressed = self._pressed(body, action, context)
        words, curating = pressed.words, self._curating
        sight = self._lookups.access.at(pressed.place.channel, outsider=is_outsider(body))
        if isinstance(sight, Closed):
            pressed.reply.post(messages.declined_message(words, unknown=sight is Closed.UNKNOWN), words)
            return
        if curating is None or not curating.trusts(pressed.user):
            pressed.reply.say(words.curators_only if curating is None else curating.who_can(words).text)
            return
        claim = self._inbox.claim((f"keep:{pressed.value}",))
        if claim is None:
            pressed.reply.say(words.kept_before)
            return
        scope = sight.scope

        def job() -> None:
            kept = False
            try:
                answer = self._answer_of(pressed, client)
                if answer is None:
                    pressed.reply.say(words.answer_gone)
                else:
                    pressed.reply.update("", curating.keep(answer, scope, words), words)
                    kept = True
            except FootnoteError as error:
                _log.error("An answer could not be kept: %s", error)
                pressed.reply.post(failed_message(error, words), words)
            except Exception as error:
                _log.error("An answer could not be kept\n%s", trace(error))
                pressed.reply.post(messages.broken_message(words), words)
            finally:
                if kept:
                    self._inbox.finish(claim)
                else:
                    self._inbox.release(claim)

        if not curating.requests.submit(job):
            self._inbox.release(claim)
            pressed.reply.post(messages.busy_message(words), words)

    def _answer_of(self, pressed: _Pressed, client: WebClient) -> PersonsAnswer | None:
        """Return the question and what was answered; None if one of them is gone."""
        found = _TOKEN.fullmatch(pressed.value)
        question = self._shown.missed(found[1], pressed.place) if found else None
        if found is None or question is None:
            return None
        for message in _read(client, pressed.place, found[3] or ""):
            if message.get("ts") == found[3]:
                text = decode(str(message.get("text") or ""), None)
                when = datetime.fromtimestamp(float(found[3]), UTC).date().isoformat()
                return PersonsAnswer(question, text, self._name(str(message.get("user") or "")), when)
        return None

    def _name(self, user: str) -> str:
        return self._lookups.curators.name(user) or user

    def _pressed(self, body: Payload, action: Payload, context: BoltContext) -> _Pressed:
        message = body.get("message") or {}
        user = user_of(body)
        ts = str(message.get("ts") or "")
        thread = str(message.get("thread_ts") or ts)
        return _Pressed(
            str(action.get("value") or ""),
            user,
            replace(place_pressed(body, team_of(context)), thread=thread),
            ts,
            InResponse(str(body.get("response_url") or ""), thread),
            self._lookups.languages.words(user),
        )


def _read(client: WebClient, place: Place, oldest: str) -> list[Mapping[str, Any]]:
    """Return the messages of the thread from `oldest` on, as far as they are of interest."""
    answer = swift_client(client).conversations_replies(
        channel=place.channel, ts=place.thread, oldest=oldest, inclusive=True, limit=_MESSAGES_READ
    )
    return list(answer.get("messages") or ())


def _answer_in(thread: Sequence[Mapping[str, Any]], after: str, asker: str) -> Mapping[str, Any] | None:
    """Return the last message below `after` that a person wrote, rather not the one who asked."""
    below = [
        message
        for message in thread
        if str(message.get("ts")) > after
        and message.get("user")
        and not message.get("bot_id")
        and not message.get("subtype")
        and decode(str(message.get("text") or ""), None)
    ]
    of_others = [message for message in below if message["user"] != asker]
    return next(reversed(of_others or below), None)
