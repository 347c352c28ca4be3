"""Ask: a conversation on the page, with the same answers as in Slack."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.memory import Ending, EndingKind, Limits, Memory, Place, Reason
from bot.types import MAX_QUESTION_CHARS, Answer, Answers, NoAnswer, PassageView, Scope, Silence
from bot.web.conversations import Conversations, Exchange, Notice, turns
from bot.web.pages import Call, Pages, not_found
from bot.words import ENGLISH
from index.types import FootnoteError

TEAM = "web"
"""The name under which the memory keeps questions asked on the page, beside Slack's workspaces."""
MAX_REASON_CHARS = 2_000
# Longer than a question may be, so that one too long is answered with words and not with an error.
MAX_FIELD_CHARS = 4 * MAX_QUESTION_CHARS


@dataclass(frozen=True, slots=True)
class Shown:
    """An exchange with the passages around its quotes, as they stand now."""

    exchange: Exchange
    passages: tuple[PassageView | None, ...]
    """None if the article has changed or gone since."""


class Asking:
    """Thread-safe."""

    def __init__(self, pages: Pages, answers: Answers, state: Memory, questions_a_minute: int) -> None:
        self._pages = pages
        self._answers = answers
        self._state = state
        self._limit = questions_a_minute
        self._conversations = Conversations()

    def routes(self) -> Sequence[BaseRoute]:
        get, post = self._pages.get, self._pages.post
        return [
            get("/", self._start),
            get("/conversations/{id}", self._conversation),
            post("/ask", self._ask),
            post("/verdict", self._judge),
            post("/tell", self._tell),
        ]

    def _start(self, call: Call) -> Response:
        scope = call.visitor.scope
        try:
            overview, examples = self._answers.overview(scope), self._answers.examples(scope)
        except FootnoteError:
            overview, examples = None, ()
        return call.page("ask.html", overview=overview, examples=examples, id="", exchanges=())

    def _conversation(self, call: Call) -> Response:
        id = call.request.path_params["id"]
        exchanges = self._conversations.of(id, call.visitor.session)
        if exchanges is None:
            return not_found(
                call, "This conversation is over.", "It was forgotten, or begun in another browser."
            )
        shown = tuple(self._shown(one, call.visitor.scope) for one in exchanges)
        return call.page("ask.html", overview=None, examples=(), id=id, exchanges=shown)

    def _ask(self, call: Call) -> Response:
        id, session = call.field("conversation"), call.visitor.session
        before = self._conversations.of(id, session) or ()
        question = call.field("question")[:MAX_FIELD_CHARS].strip()
        number = before[-1].number + 1 if before else 1
        exchange = self._answered(number, question, before, call)
        id = self._conversations.add(id, session, exchange)
        return call.to(f"/conversations/{id}#answer-{number}")

    def _answered(self, number: int, question: str, before: tuple[Exchange, ...], call: Call) -> Exchange:
        place = Place(TEAM, "page")
        began = time.monotonic()
        over = self._state.takings.take(Place(TEAM, ""), call.visitor.session, Limits(self._limit))
        if over is not None:
            self._note(Ending("turned_away", 0.0), place, question)
            said = ENGLISH.limited_user.format(limit=f"{over.limit:,}")
            return Exchange(
                number, question, Notice(said, ENGLISH.limited_detail.format(seconds=over.seconds))
            )
        try:
            result = self._answers.answer(question, turns(before), call.visitor.scope)
        except FootnoteError:
            self._note(Ending("error", time.monotonic() - began), place, question)
            return Exchange(number, question, Notice(ENGLISH.no_index, ENGLISH.tell_setter_up))
        exchange = Exchange(number, question, result)
        seconds = time.monotonic() - began
        if isinstance(result, Answer):
            answer_id = self._state.shown.remember(result, place)
            kind: EndingKind = "answered" if result.certain else "uncertain"
            ending = Ending(kind, seconds, result.confidence, result.generation, answer_id)
            exchange = replace(exchange, answer_id=answer_id)
        elif result.reason is Silence.NOT_IN_SOURCES:
            miss_id = self._state.shown.remember_miss(question, place)
            ending = Ending("none", seconds, result.confidence, result.generation, miss_id=miss_id)
            exchange = replace(exchange, miss_id=miss_id)
        else:
            return exchange
        self._note(ending, place, question)
        return exchange

    def _note(self, ending: Ending, place: Place, question: str) -> None:
        self._state.log.note(ending, place, "", question)

    def _judge(self, call: Call) -> Response:
        exchange = self._exchange(call)
        verdict, reason = call.field("verdict"), call.field("reason")
        if exchange is None or exchange.answer_id is None or verdict not in ("up", "down"):
            return not_found(call, ENGLISH.feedback_withheld)
        shown, id = self._state.shown, exchange.answer_id
        place, session = Place(TEAM, "page"), call.visitor.session
        if verdict == "up":
            shown.record_feedback(id, "up", session, place)
            return self._back(call, replace(exchange, verdict="up"))
        shown.record_feedback(id, "down", session, place)
        for known in get_args(Reason):
            if known == reason:
                said = call.field("words").strip()[:MAX_REASON_CHARS]
                shown.record_reason(id, known, said, session, place)
        return self._back(call, replace(exchange, verdict="down"))

    def _tell(self, call: Call) -> Response:
        exchange = self._exchange(call)
        if exchange is None or exchange.miss_id is None:
            return not_found(call, ENGLISH.curators_withheld)
        if not self._state.shown.tell_curators(exchange.miss_id, call.visitor.session, Place(TEAM, "page")):
            return not_found(call, ENGLISH.curators_withheld)
        return self._back(call, replace(exchange, told=True))

    def _exchange(self, call: Call) -> Exchange | None:
        exchanges = self._conversations.of(call.field("conversation"), call.visitor.session) or ()
        return next((one for one in exchanges if str(one.number) == call.field("number")), None)

    def _back(self, call: Call, exchange: Exchange) -> Response:
        id = call.field("conversation")
        self._conversations.put(id, call.visitor.session, exchange)
        return call.to(f"/conversations/{id}#answer-{exchange.number}")

    def _shown(self, exchange: Exchange, scope: Scope) -> Shown:
        result = exchange.result
        if not isinstance(result, Answer):
            return Shown(exchange, ())
        views = (
            self._answers.passage(quote.source_id, quote.start, quote.end, scope) for quote in result.quotes
        )
        passages = tuple(
            view if view is not None and view.quote == quote.text else None
            for view, quote in zip(views, result.quotes, strict=True)
        )
        return Shown(exchange, passages)


def kind_of(result: Answer | NoAnswer | Notice) -> str:
    """Return the way an exchange ended, as the page shows it."""
    if isinstance(result, Answer):
        return "answer" if result.certain else "uncertain"
    return "none" if isinstance(result, NoAnswer) else "notice"
