"""Buttons that lead on: questions that the articles answer, for somebody who has nothing to go on from."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from slack_bolt import Ack, App, BoltContext
from slack_sdk.web import WebClient

from bot.memory import Place
from bot.slack import messages
from bot.slack.client import ASIDE_EVENT, CALL_ERRORS, posting_client, refusal
from bot.slack.incoming import Question, from_button, is_outsider, team_of, user_of
from bot.slack.log import trace
from bot.slack.messages import Offer
from bot.slack.pointing import Payload
from bot.types import MAX_QUESTION_CHARS, Answers, NoAnswer, Scope, Silence

_log = logging.getLogger(__name__)

QUESTIONS_OF_A_GREETING = 2


class Offers:
    """Thread-safe.  Never fails: without an offer, a reply says what it has to say."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def greeting(self, scope: Scope) -> Offer:
        """Return what a greeting offers: questions to try, the number of articles and the newest date."""
        try:
            overview = self._answers.overview(scope)
            dates = (listed.published for one in overview.collections for listed in one.newest)
            questions = self._answers.examples(scope)[:QUESTIONS_OF_A_GREETING]
            return Offer(questions, overview.articles, max(filter(None, dates), default=None))
        except Exception as error:
            _log.error("Nothing could be offered\n%s", trace(error))
            return Offer()

    def instead_of(self, result: NoAnswer, scope: Scope) -> Offer:
        """After an honest no: a question to the article that comes nearest, or to any."""
        if result.reason in (Silence.GREETING, Silence.EMPTY_QUESTION):
            return self.greeting(scope)
        if result.reason is not Silence.NOT_IN_SOURCES:
            return Offer()
        try:
            nearest = (self._answers.examples(scope, near.id) for near in result.nearest[:1])
            questions = next(filter(None, nearest), None) or self._answers.examples(scope)
            return Offer(tuple(question for question in questions if question != result.question)[:1])
        except Exception as error:
            _log.error("Nothing could be offered\n%s", trace(error))
            return Offer()


def register(app: App, accept: Callable[[Question], None]) -> None:
    """`accept` takes a question."""

    def ask_this(ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient) -> None:
        ack()
        question, team = str(action.get("value") or "")[:MAX_QUESTION_CHARS], team_of(context)
        if not body.get("message") and (body.get("channel") or {}).get("id"):
            # Only one person sees this message, so only that person sees the answer.
            accept(from_button(body, question, team))
            return
        try:
            accept(_asked_below(client, body, question, team))
        except CALL_ERRORS as error:
            _log.warning("Slack refused the question of a button (%s)", refusal(error))

    app.action(re.compile(rf"{messages.ASK_THIS}_\d"))(ask_this)


def _asked_below(client: WebClient, body: Payload, question: str, team: str) -> Question:
    """Post the question to be answered, at its button, or from App Home in the direct conversation."""
    message, user = body.get("message") or {}, user_of(body)
    channel = str((body.get("channel") or {}).get("id") or user)
    thread = str(message.get("thread_ts") or message.get("ts") or "")
    shown = messages.asked_message(question)
    posted = posting_client(client).chat_postMessage(
        channel=channel,
        text=shown.text,
        blocks=list(shown.blocks),
        thread_ts=thread or None,
        unfurl_links=False,
        unfurl_media=False,
        metadata={"event_type": ASIDE_EVENT, "event_payload": {}},
    )
    ts = str(posted["ts"])
    return Question(
        text=question,
        place=Place(team, str(posted["channel"]), thread or ts),
        keys=(f"button:{team}:{body['trigger_id']}",),
        ts=ts,
        user=user,
        outsider=is_outsider(body),
    )
