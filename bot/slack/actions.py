"""Buttons: each is acknowledged at once, and shows no more than its channel has been shown."""

from __future__ import annotations

import logging
import re
from typing import get_args

from slack_bolt import Ack, App, BoltContext
from slack_sdk.web import WebClient

from bot.memory import Place, State, Verdict
from bot.slack import messages
from bot.slack.browsing import Browsing
from bot.slack.client import CALL_ERRORS, refusal, swift_client
from bot.slack.faults import trace
from bot.slack.figures import Figures
from bot.slack.incoming import Payload, is_outsider, team_of
from bot.slack.locales import Locales
from bot.slack.messages import Block, Words
from bot.slack.replies import InResponse, Sent
from bot.types import Answer, PassageView

_log = logging.getLogger(__name__)

_ID = r"([\w-]{1,64})"
_QUOTE_VALUE = re.compile(rf"{_ID}:(\d{{1,3}})")
_FEEDBACK_VALUE = re.compile(rf"{_ID}:({'|'.join(get_args(Verdict))})")
_STEP_VALUE = re.compile(r"(before|after):(\d{1,9}):(\d{1,9})")
_QUOTE_STEP_VALUE = re.compile(r"quote:(\d{1,3})")
_TOKEN = re.compile(rf"{_ID}:(\d{{1,3}}):(\w{{1,64}})")


def register(app: App, browsing: Browsing, state: State, locales: Locales, figures: Figures) -> None:
    buttons = _Buttons(browsing, state, locales, figures)
    app.action(messages.SHOW_PASSAGE)(buttons.show_passage)
    app.action(re.compile(rf"{messages.STEP}_(?:before|after|quote_\d{{1,3}})"))(buttons.step)
    app.action(messages.MORE)(buttons.more)
    app.action(messages.SHARE)(buttons.share)
    app.action(messages.FEEDBACK)(buttons.feedback)
    app.action(re.compile(".*"))(buttons.acknowledged)


class _Buttons:
    def __init__(self, browsing: Browsing, state: State, locales: Locales, figures: Figures) -> None:
        self._browsing = browsing
        self._figures = figures
        self._state = state
        self._locales = locales

    def show_passage(
        self, ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient
    ) -> None:
        ack()
        words = self._words(body)
        view = self._passage_modal(str(action.get("value")), _place(body, context), body, words)
        self._open(client, body, view, words)

    def step(self, ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient) -> None:
        """Previous or next, or another quote, in the modal that is open."""
        ack()
        view = body.get("view") or {}
        words = self._words(body)
        token = str(view.get("private_metadata") or "")
        shown = self._step_modal(token, str(action.get("value")), team_of(context), body, words)
        try:
            swift_client(client).views_update(view_id=str(view.get("id")), hash=view.get("hash"), view=shown)
        except CALL_ERRORS as error:
            _log.warning("Slack refused to change a modal (%s)", refusal(error))

    def more(self, ack: Ack, body: Payload, action: Payload, context: BoltContext) -> None:
        ack()
        words, place = self._words(body), _place(body, context)
        match = _QUOTE_VALUE.fullmatch(str(action.get("value")))
        try:
            outsider = is_outsider(body)
            found = (
                self._browsing.related(match[1], int(match[2]), place, outsider=outsider) if match else None
            )
            if isinstance(found, Answer):
                answer_id = self._state.shown.remember(found, place)
                _in_response(body).post(messages.more_message(found, answer_id, words), words)
                return
        except Exception as error:
            _log.error("Related passages could not be shown\n%s", trace(error))
            found = None
        _tell(body, words.more_withheld if found is None else words.no_more)

    def share(self, ack: Ack, body: Payload, action: Payload, context: BoltContext) -> None:
        """Post a private answer for everybody, once."""
        ack()
        words, place = self._words(body), _place(body, context)
        _tell(body, self._share(str(action.get("value")), place, body, words))

    def feedback(
        self, ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient
    ) -> None:
        """👍 is thanked for; 👎 is kept, and asked about."""
        ack()
        words, place = self._words(body), _place(body, context)
        match = _FEEDBACK_VALUE.fullmatch(str(action.get("value")))
        verdict: Verdict = "down" if match and match[2] == "down" else "up"
        if match is None or not self._note(match[1], verdict, str(body["user"]["id"]), place):
            _tell(body, words.feedback_withheld)
        elif verdict == "up":
            _tell(body, words.feedback_thanks)
        else:
            token = _token(match[1], 0, place)
            if not self._try_open(client, body, messages.feedback_modal(token, words)):
                _tell(body, words.feedback_thanks)

    def acknowledged(self, ack: Ack) -> None:
        """A link, or a button of an older version: without an answer Slack shows a warning sign."""
        ack()

    def _passage_modal(self, value: str, place: Place, body: Payload, words: Words) -> Block:
        match = _QUOTE_VALUE.fullmatch(value)
        if match is None:
            return messages.withheld_modal(words)
        number = int(match[2])
        try:
            found = self._browsing.passage(match[1], number, place, outsider=is_outsider(body))
        except Exception as error:
            _log.error("A passage could not be shown\n%s", trace(error))
            return messages.withheld_modal(words)
        if isinstance(found, PassageView):
            others = self._browsing.others(match[1], number, place)
            return messages.passage_modal(found, words, token=_token(match[1], number, place), others=others)
        return messages.withheld_modal(words) if found is None else messages.changed_modal(words)

    def _step_modal(self, token: str, value: str, team: str, body: Payload, words: Words) -> Block:
        # The modal has no channel, so its metadata, which only Slack and this app write, names it.
        belongs, step = _TOKEN.fullmatch(token), _STEP_VALUE.fullmatch(value)
        other = _QUOTE_STEP_VALUE.fullmatch(value)
        if belongs is not None and other is not None:
            return self._passage_modal(f"{belongs[1]}:{other[1]}", Place(team, belongs[3]), body, words)
        if belongs is None or step is None:
            return messages.withheld_modal(words)
        answer_id, number, place = belongs[1], int(belongs[2]), Place(team, belongs[3])
        start, end, later = int(step[2]), int(step[3]), step[1] == "after"
        try:
            outsider = is_outsider(body)
            found = self._browsing.beside(
                answer_id, number, place, start, end, later=later, outsider=outsider
            )
        except Exception as error:
            _log.error("A passage could not be shown\n%s", trace(error))
            return messages.withheld_modal(words)
        if not isinstance(found, PassageView):
            return messages.withheld_modal(words) if found is None else messages.changed_modal(words)
        modal = messages.passage_modal if found.quote else messages.stretch_modal
        return modal(found, words, token=token)

    def _share(self, answer_id: str, place: Place, body: Payload, words: Words) -> str:
        try:
            found = self._browsing.again(answer_id, place, outsider=is_outsider(body))
            if found is None:
                return words.share_withheld
            claim = self._state.inbox.claim((f"share:{answer_id}",))
            if claim is None:
                return words.shared_before
            answer, question = found
            message = messages.answer_message(answer, answer_id, words, asked=question)
            if isinstance(_in_response(body).share(message, words), Sent):
                self._state.inbox.finish(claim)
                return words.shared
            self._state.inbox.release(claim)
        except Exception as error:
            _log.error("An answer could not be shared\n%s", trace(error))
        return words.share_withheld

    def _note(self, answer_id: str, verdict: Verdict, user: str, place: Place) -> bool:
        try:
            kept = self._state.shown.record_feedback(answer_id, verdict, user, place)
            if kept:
                self._figures.judged(verdict)
            return kept
        except Exception as error:
            _log.error("Feedback could not be kept\n%s", trace(error))
            return False

    def _open(self, client: WebClient, body: Payload, view: Block, words: Words) -> None:
        if not self._try_open(client, body, view):
            _tell(body, words.too_late)

    def _try_open(self, client: WebClient, body: Payload, view: Block) -> bool:
        try:
            swift_client(client).views_open(trigger_id=body["trigger_id"], view=view)
            return True
        except CALL_ERRORS as error:
            _log.warning("Slack refused a modal (%s)", refusal(error))
            return False

    def _words(self, body: Payload) -> Words:
        return self._locales.words(str((body.get("user") or {}).get("id") or ""))


def place_of(token: str, team: str) -> tuple[str, Place] | None:
    """The answer and the place that a modal's metadata names; None where it is no such metadata."""
    belongs = _TOKEN.fullmatch(token)
    return (belongs[1], Place(team, belongs[3])) if belongs else None


def _token(answer_id: str, number: int, place: Place) -> str:
    return f"{answer_id}:{number}:{place.channel}"


def _place(body: Payload, context: BoltContext) -> Place:
    # A button in a modal or in App Home has no channel, and then belongs to no answer.
    return Place(team_of(context), str((body.get("channel") or {}).get("id") or ""))


def _in_response(body: Payload) -> InResponse:
    # What only one person sees comes without its message.
    shown = (body.get("message") or {}).get("thread_ts") or (body.get("container") or {}).get("thread_ts")
    return InResponse(str(body["response_url"]), str(shown or ""))


def _tell(body: Payload, said: str) -> None:
    if body.get("response_url"):
        _in_response(body).say(said)
