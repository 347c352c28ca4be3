"""An article from App Home: a curator presses "Add" and fills in a link or a text, as if asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable

from slack_bolt import Ack, App, BoltContext
from slack_sdk.web import WebClient

from bot.library.rights import spoken
from bot.memory import MemoryAway, Place
from bot.slack import messages
from bot.slack.client import CALL_ERRORS, refusal, swift_client
from bot.slack.curating.curate import Curating
from bot.slack.incoming import Question, is_outsider, team_of, user_of
from bot.slack.log import trace
from bot.slack.lookups import Closed
from bot.slack.messages import Block, Words
from bot.slack.pointing import Payload
from bot.slack.requests import Pasted, Request, addresses_in
from index.types import FootnoteError

_log = logging.getLogger(__name__)


def register(app: App, curating: Curating, accept: Callable[[Question], None]) -> None:
    """`accept` takes a request."""
    adding = _Adding(curating, accept)
    app.action(messages.ADD)(adding.open)
    app.view(messages.ADD)(adding.submit)


class _Adding:
    def __init__(self, curating: Curating, accept: Callable[[Question], None]) -> None:
        self._curating = curating
        self._accept = accept

    def open(self, ack: Ack, body: Payload, client: WebClient) -> None:
        ack()
        words = self._curating.lookups.languages.words(user_of(body))
        try:
            view = self._modal(body, words)
            swift_client(client).views_open(trigger_id=str(body["trigger_id"]), view=view)
        except CALL_ERRORS as error:
            _log.warning("Slack refused a modal (%s)", refusal(error))
        except Exception as error:
            _log.error("A modal could not be opened\n%s", trace(error))

    def submit(self, ack: Ack, body: Payload, view: Payload, context: BoltContext) -> None:
        """Take the request before it is acknowledged: what cannot be taken stays on the screen."""
        user = user_of(body)
        words = self._curating.lookups.languages.words(user)
        if self._may_not(body):
            ack(response_action="update", view=messages.said_in(words.add, words.curators_only, words))
            return
        link, title, text, collection = (
            _written(view, name) for name in ("link", "title", "text", "collection")
        )
        urls = addresses_in(link)
        if link and urls is None:
            ack(response_action="errors", errors={"link": words.add_no_address})
            return
        if not urls and not text:
            ack(response_action="errors", errors={"link": words.add_what})
            return
        pasted = (Pasted(title, text),) if text else ()
        request = Request("add", urls or (), collection=collection or None, pasted=pasted)
        team = team_of(context)
        keys = (f"add:{team}:{view.get('id')}",)
        try:
            self._accept(Question("", Place(team, ""), keys, user=user, request=request))
        except MemoryAway:
            ack(response_action="errors", errors={"link": words.away})
            return
        ack()

    def _modal(self, body: Payload, words: Words) -> Block:
        if self._may_not(body):
            return messages.said_in(words.add, words.curators_only, words)
        sight = self._curating.lookups.access.at("")
        try:
            known = () if isinstance(sight, Closed) else self._curating.collections(sight.scope)
        except FootnoteError as error:
            _log.error("The collections are not known: %s", error)
            known = ()
        return messages.add_modal([(spoken(name), name or words.collection_at_top) for name in known], words)

    def _may_not(self, body: Payload) -> bool:
        return is_outsider(body) or not self._curating.trusts(user_of(body))


def _written(view: Payload, name: str) -> str:
    """Return what stands in a field, or the option that is chosen there."""
    values = (view.get("state") or {}).get("values") or {}
    field = (values.get(name) or {}).get(name) or {}
    chosen = (field.get("selected_option") or {}).get("value")
    return str(chosen or field.get("value") or "").strip()
