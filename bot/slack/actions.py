"""Buttons: "Show passage" opens a modal, and 👍/👎 are kept with their user.

A button carries the id of a stored answer and nothing else, so a forged one can ask for no more
than what its channel has been shown.
"""

from __future__ import annotations

import logging
import re
from typing import get_args

from slack_bolt import Ack, App, BoltContext
from slack_sdk.web import WebClient

from bot import messages
from bot.messages import Block, words
from bot.slack.clients import CALL_ERRORS, refusal, swift_client
from bot.slack.desk import Desk
from bot.slack.faults import trace
from bot.slack.incoming import Payload, team_of
from bot.slack.replies import InResponse
from bot.state import Place, Verdict
from bot.types import PassageView

_log = logging.getLogger(__name__)

_PASSAGE_VALUE = re.compile(r"([\w-]{1,64}):(\d{1,3})")
_FEEDBACK_VALUE = re.compile(rf"([\w-]{{1,64}}):({'|'.join(get_args(Verdict))})")


def register(app: App, desk: Desk) -> None:
    def show_passage(
        ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient
    ) -> None:
        ack()
        view = _passage_modal(desk, str(action.get("value")), _place(body, context))
        try:
            swift_client(client).views_open(trigger_id=body["trigger_id"], view=view)
        except CALL_ERRORS as error:
            _log.warning("Slack refused a modal (%s)", refusal(error))
            _tell(body, words.PASSAGE_TOO_LATE)

    def feedback(ack: Ack, body: Payload, action: Payload, context: BoltContext) -> None:
        ack()
        noted = _note(desk, str(action.get("value")), str(body["user"]["id"]), _place(body, context))
        _tell(body, words.FEEDBACK_THANKS if noted else words.FEEDBACK_WITHHELD)

    def acknowledged(ack: Ack) -> None:
        """A link, or a button of an older version: without an answer Slack shows a warning sign."""
        ack()

    app.action(messages.SHOW_PASSAGE)(show_passage)
    app.action(messages.FEEDBACK)(feedback)
    app.action(re.compile(".*"))(acknowledged)


def _passage_modal(desk: Desk, value: str, place: Place) -> Block:
    match = _PASSAGE_VALUE.fullmatch(value)
    if match is None:
        return messages.withheld_modal()
    try:
        found = desk.passage(match[1], int(match[2]), place)
    except Exception as error:
        _log.error("A passage could not be shown\n%s", trace(error))
        return messages.withheld_modal()
    if found is None:
        return messages.withheld_modal()
    return messages.passage_modal(found) if isinstance(found, PassageView) else messages.changed_modal()


def _note(desk: Desk, value: str, user: str, place: Place) -> bool:
    match = _FEEDBACK_VALUE.fullmatch(value)
    if match is None:
        return False
    verdict: Verdict = "up" if match[2] == "up" else "down"
    try:
        return desk.note_feedback(match[1], verdict, user, place)
    except Exception as error:
        _log.error("Feedback could not be kept\n%s", trace(error))
        return False


def _place(body: Payload, context: BoltContext) -> Place:
    # A button in a modal or in App Home has no channel, and then belongs to no answer.
    return Place(team_of(context), str((body.get("channel") or {}).get("id") or ""))


def _tell(body: Payload, said: str) -> None:
    if body.get("response_url"):
        InResponse(str(body["response_url"])).say(said, thread=(body.get("message") or {}).get("thread_ts"))
