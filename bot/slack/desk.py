"""Where questions are taken: each delivery once, a reply to everybody, and no fault without a word.

Taking a question is quick and done by Bolt's listener threads: claim the delivery, find a place in
the queue.  Looking up and posting is done by the workers.
"""

from __future__ import annotations

import logging
import time

from bot import messages
from bot.messages import Message
from bot.slack.faults import trace
from bot.slack.incoming import Asked
from bot.slack.replies import Reply
from bot.slack.workers import Workers
from bot.state import Claim, Place, ShownQuote, State, Verdict
from bot.types import Answer, Answers, NoAnswer, PassageView, Turn
from index.types import FootnoteError

_log = logging.getLogger(__name__)


class Desk:
    def __init__(self, answers: Answers, state: State, workers: Workers) -> None:
        self._answers = answers
        self._state = state
        self._workers = workers

    def take(self, asked: Asked, reply: Reply) -> None:
        """Claim the delivery and queue the question; a full queue is said, never kept silent."""
        claim: Claim | None = None
        try:
            claim = self._state.claim(asked.keys)
            if claim is None:
                return
            mine = claim
            if self._workers.submit(lambda: self._answer(asked, reply, mine)):
                return
            _log.warning("The queue is full; a question was turned away")
            self._record(claim, reply.post(messages.busy_message()), None, asked.place)
        except Exception as error:
            self._apologise(error, reply, claim)

    def passage(self, answer_id: str, number: int, place: Place) -> PassageView | ShownQuote | None:
        """What a "Show passage" button may show at `place`.

        None where the answer is unknown there; the `ShownQuote` alone where its article has changed.
        """
        shown = self._state.quote(answer_id, number, place)
        if shown is None:
            return None
        view = self._answers.passage(shown.source_id, shown.start, shown.end)
        return view if view is not None and shown.still_reads(view.quote) else shown

    def note_feedback(self, answer_id: str, verdict: Verdict, user: str, place: Place) -> bool:
        """False where the answer is unknown at `place`."""
        return self._state.record_feedback(answer_id, verdict, user, place)

    def _answer(self, asked: Asked, reply: Reply, claim: Claim) -> None:
        started = time.monotonic()
        try:
            if not self._state.renew(claim):
                return  # it waited so long that another process has taken it over
            message, turn = self._reply_to(asked, reply)
            posted = reply.post(message)
        except Exception as error:
            self._apologise(error, reply, claim)
            return
        _log.info("Replied in %.0f ms", 1_000 * (time.monotonic() - started))
        self._record(claim, posted, turn, asked.place)

    def _reply_to(self, asked: Asked, reply: Reply) -> tuple[Message, Turn | None]:
        unread = asked.has_attachment
        if not asked.text:
            return messages.help_message(unread_attachment=unread), None
        reply.thinking()
        try:
            result = self._answers.answer(asked.text, self._state.conversation(asked.place))
        except FootnoteError as error:
            # The message names files and commands: for whoever runs the bot, not for a channel.
            _log.error("No index to answer from: %s", error)
            return messages.no_index_message(), None
        return self._rendered(result, asked, unread), _turn(asked.text, result)

    def _rendered(self, result: Answer | NoAnswer, asked: Asked, unread: bool) -> Message:
        if isinstance(result, NoAnswer):
            return messages.no_answer_message(result, unread_attachment=unread)
        # Stored before it is posted: the buttons work from the first moment.
        answer_id = self._state.remember_answer(result, asked.place)
        return messages.answer_message(result, answer_id, unread_attachment=unread)

    def _record(self, claim: Claim, posted: bool, turn: Turn | None, place: Place) -> None:
        """What follows a post must not fail it: an apology below an answer would be a second reply."""
        try:
            self._settle(claim, posted)
            if posted and turn and place.thread:
                self._state.remember_turn(turn, place)
        except Exception as error:
            _log.error("A reply was posted and not recorded; it may be given twice\n%s", trace(error))

    def _settle(self, claim: Claim, posted: bool) -> None:
        if posted:
            self._state.finish(claim)
        else:
            self._state.release(claim)

    def _apologise(self, error: Exception, reply: Reply, claim: Claim | None) -> None:
        """Where everything is caught: the trace for the log, plain words for the asker."""
        _log.error("A question could not be answered\n%s", trace(error))
        try:
            posted = reply.post(messages.broken_message())
            if claim is not None:
                self._settle(claim, posted)
        except Exception as second:
            _log.error("The asker could not be told either\n%s", trace(second))


def _turn(question: str, result: Answer | NoAnswer) -> Turn:
    quotes = result.quotes if isinstance(result, Answer) else ()
    return Turn(question, " ".join(quote.text for quote in quotes))
