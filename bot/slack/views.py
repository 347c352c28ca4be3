"""Modals that come back: the reason for a 👎; all others are only acknowledged."""

from __future__ import annotations

import logging
import re
from typing import get_args

from slack_bolt import Ack, App, BoltContext

from bot.memory import Reason, State
from bot.slack import messages
from bot.slack.actions import place_of
from bot.slack.faults import trace
from bot.slack.incoming import Payload, team_of
from bot.slack.locales import Locales

_log = logging.getLogger(__name__)


def register(app: App, state: State, locales: Locales) -> None:
    def why(ack: Ack, body: Payload, view: Payload, context: BoltContext) -> None:
        user = str(body["user"]["id"])
        words = locales.words(user)
        kept = _keep(state, view, user, team_of(context))
        said = words.feedback_thanks if kept else words.feedback_withheld
        ack(response_action="update", view=messages.said_in(words.why, said, words))

    def acknowledged(ack: Ack) -> None:
        """One of an older version of the app, left open on somebody's screen."""
        ack()

    app.view(messages.WHY)(why)
    app.view(re.compile(".*"))(acknowledged)
    app.view_closed(re.compile(".*"))(acknowledged)


def _keep(state: State, view: Payload, user: str, team: str) -> bool:
    found = place_of(str(view.get("private_metadata") or ""), team)
    if found is None:
        return False
    answer_id, place = found
    reason = _chosen(view)
    if reason is None:
        return False
    try:
        return state.shown.record_reason(answer_id, reason, _written(view), user, place)
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
