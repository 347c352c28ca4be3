"""A question's way: accepted once, answered, recorded; a reply to everybody, and no fault without a word.

Accepting is quick and done by Bolt's listener threads: claim the delivery, find a place in the queue.
Looking up and posting is done by the workers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import takewhile

from bot.memory import Ended, Ending, Lease, Memory, MemoryAway, Over, Place, Replied, Revision
from bot.slack import messages
from bot.slack.curating.curate import ProgressMessage
from bot.slack.home import Panel
from bot.slack.incoming import Question, as_new, restored
from bot.slack.log import trace
from bot.slack.lookups import Open
from bot.slack.messages import Message, Words
from bot.slack.pools import Pools, Workers
from bot.slack.replies import NotSent, Outcome, Reply, Sent
from bot.slack.responder import Responder, Said
from bot.slack.streams import Reader

_log = logging.getLogger(__name__)

# Questions taken over at once; the next round comes in seconds, and another bot wants some too.
_TAKEN_OVER_AT_ONCE = 50


@dataclass(slots=True)
class _Work:
    """A question under way."""

    question: Question
    lease: Lease
    reply: Reply
    taken: float = field(default_factory=time.monotonic)
    posted: float | None = None
    """When the reply stood there; prose may follow."""


class Dispatcher:
    """Thread-safe."""

    def __init__(
        self,
        memory: Memory,
        responder: Responder,
        pools: Pools,
        reply_to: Callable[[Question], Reply],
        panel: Panel,
    ) -> None:
        self._memory = memory
        self._responder = responder
        self._pools = pools
        self._record = pools.record
        self._reply_to = reply_to
        self._panel = panel
        self._lock = threading.Lock()
        self._held: dict[str, Lease] = {}

    def accept(self, question: Question) -> None:
        """Claim the delivery and queue the question; a full queue is said, never kept silent.

        Raise `MemoryAway` if it could not be written down and Slack will deliver it again.
        """
        lease: Lease | None = None
        try:
            limits = self._pools.limits if question.is_asked else None
            lease = self._memory.accept(question.stored(), limits)
            if lease is None:
                self._record.figures.repeated()
            elif lease.over is not None:
                self._hold_off(self._work(question, lease), lease.over)
            else:
                work = self._work(question, lease)
                if not self._queue(work):
                    self._turn_away(work)
        except MemoryAway as error:
            if lease is not None:
                _leave_for_later(error)
            elif question.response_url:  # a command, or a button: it comes once
                self._apologise(error, question, None)
            else:
                raise
        except Exception as error:
            self._apologise(error, question, lease)

    def edit(self, question: Question, *, spoken_to: bool) -> None:
        """Answer an edited question anew, in the same reply.

        A message that became a question to the bot only now (`spoken_to`) is accepted as a new one.
        Raise `MemoryAway` as `accept` does.
        """
        try:
            lease = self._memory.inbox.revise(question.stored())
            if lease is not None:
                if not self._queue(self._work(question, lease)):
                    self._memory.inbox.hand_over([lease])  # for the next round
                return
            if not spoken_to or self._memory.inbox.known(question.place, question.ts):
                return
        except MemoryAway:
            raise
        except Exception as error:
            _log.error("An edited question could not be taken\n%s", trace(error))
            return
        self.accept(as_new(question))

    def retract(self, place: Place, ts: str) -> None:
        """Take the reply to a deleted question back, also one that is not posted yet.

        Raise `MemoryAway` if it could not be written down.
        """
        try:
            replied = self._memory.retract(place, ts)
            if replied is None:
                return
            reply = self._reply_to(Question("", place, ts=ts))
            if not self._pools.workers.submit(lambda: _take_back(reply, replied)):
                _take_back(reply, replied)
        except MemoryAway:
            raise
        except Exception as error:
            _log.error("A reply could not be taken back\n%s", trace(error))

    def renew(self) -> None:
        """Keep what is being worked on from being taken over."""
        with self._lock:
            held = list(self._held.values())
        if held:
            self._memory.inbox.renew(held)

    def take_over(self, team: str = "") -> None:
        """Answer what another bot, or an earlier try, left behind; with `team`, in that workspace alone."""
        for left in self._memory.inbox.unfinished(_TAKEN_OVER_AT_ONCE, team):
            _log.info("Taking over a question that was left without a reply")
            work = self._work(restored(left.body), left.lease)
            if left.retracted:
                taken = self._start(self._pools.workers, work, self._unsay)
            else:
                taken = self._queue(work)
            if not taken:
                self._memory.inbox.hand_over([left.lease])

    def hand_over(self) -> None:
        """Leave what is not answered yet to another bot, when this one ends."""
        with self._lock:
            held = list(self._held.values())
        self._memory.inbox.hand_over(held)

    def _work(self, question: Question, lease: Lease) -> _Work:
        return _Work(question, lease, self._reply_to(question))

    def _queue(self, work: _Work) -> bool:
        """Queue the work; return False if there is no room."""
        question, pools = work.question, self._pools
        # Answers need not wait for what curators ask for.
        curated = question.request is not None and self._responder.trusts(question.user)
        return self._start(pools.requests if curated else pools.workers, work, self._answer)

    def _start(self, pool: Workers, work: _Work, job: Callable[[_Work], None]) -> bool:
        def run() -> None:
            try:
                job(work)
            except MemoryAway as error:
                _leave_for_later(error)
                work.reply.thought()
            except Exception as error:
                self._apologise(error, work.question, work.lease, work.reply)
            finally:
                self._let_go(work)

        with self._lock:
            self._held[work.lease.token] = work.lease
        queued = pool.submit(run)
        if not queued:
            self._let_go(work)
        return queued

    def _let_go(self, work: _Work) -> None:
        with self._lock:
            self._held.pop(work.lease.token, None)

    def _hold_off(self, work: _Work, over: Over) -> None:
        """Say once a minute that the limit is reached; say it always in private."""
        question = work.question
        _log.info("A question was one too many for its %s", over.whose)
        message = messages.limited_message(
            self._responder.words_at_once(question),
            of_channel=over.whose == "channel",
            limit=over.limit,
            seconds=over.seconds,
        )
        silent = not question.addressed or not (over.first or question.response_url)
        if silent or not self._say_aside(work, message):
            self._record.ended(work.lease, _ended(work, Said(ending=Ending("turned_away", 0.0))))

    def _turn_away(self, work: _Work) -> None:
        _log.warning("The queue is full; a question was turned away")
        if not work.question.addressed:
            self._record.ended(work.lease, _ended(work, Said(ending=Ending("turned_away", 0.0))))
        elif not self._say_aside(work, messages.busy_message(self._responder.words_at_once(work.question))):
            # There is not even time to say so: it is kept, and taken up when there is room again.
            self._memory.inbox.release(work.lease)

    def _say_aside(self, work: _Work, message: Message) -> bool:
        """Turn a question away without waiting for Slack; False if too many are being turned away."""
        said = Said(message, ending=Ending("turned_away", 0.0))

        def job(work: _Work) -> None:
            self._post(work, said, self._responder.words_at_once(work.question))

        return self._start(self._pools.asides, work, job)

    def _answer(self, work: _Work) -> None:
        """Answer a question, and again as it reads if it was edited meanwhile."""
        while (revised := self._answer_once(work).revised) is not None:
            work.question, work.taken, work.posted = restored(revised), time.monotonic(), None

    def _answer_once(self, work: _Work) -> Revision:
        question, lease, reply, responder = work.question, work.lease, work.reply, self._responder
        found = reply.find() if lease.shown is None and lease.maybe_posted else None
        if found is not None and found.whole and question.request is None:
            return self._close(work, Said(), Sent(found.ts), found.prose)
        if found is not None and question.request is None:
            # Whoever wrote the prose died: it is written anew, as after an edit.
            work.lease = lease = replace(lease, shown=Replied(found.ts, prose=found.prose))
        if lease.shown is None and responder.shows_thinking(question):
            reply.thinking(responder.words_at_once(question))
        words, access = responder.words(question), responder.access(question)
        if question.request is not None and isinstance(access, Open) and responder.trusts(question.user):
            return self._carry_out(work, access, words, found.ts if found else None)
        revision = self._post(work, responder.say(question, access, words), words)
        if question.is_first_of_direct_conversation:
            self._panel.name(question.place, question.text)
        return revision

    def _carry_out(self, work: _Work, access: Open, words: Words, found: str | None) -> Revision:
        """Run a curator's request, and tell of it in one message; `found` is one that is there already."""
        request, lease = work.question.request, work.lease
        if request is None or not self._memory.begin_posting(lease, work.question.place):
            return self._memory.inbox.finish(lease)
        reply = work.reply.lasting() if request.takes_long else work.reply
        progress = ProgressMessage(reply, lease.shown.ts if lease.shown else found, words)
        message = self._responder.carry_out(request, access.scope, words, progress.show)
        return self._close(work, Said(), progress.end(message))

    def _post(self, work: _Work, said: Said, words: Words) -> Revision:
        """Post, or put in the place of what is shown, unless the question was deleted meanwhile."""
        question, lease, reply = work.question, work.lease, work.reply
        if not self._memory.begin_posting(lease, question.place, said.shown):
            reply.thought()
            return self._memory.inbox.finish(lease)
        outcome: Outcome | None = None
        if said.message is None:
            if lease.shown is not None:
                self._memory.retract(question.place, question.ts)
                _take_back(reply, lease.shown)
        elif lease.shown is None:
            outcome = reply.post(said.message, words)
        else:
            outcome = reply.update(lease.shown.ts, said.message, words)
            if lease.shown.prose and isinstance(outcome, Sent):
                reply.unwrite(lease.shown.prose)
        reply.thought()
        work.posted = time.monotonic()
        return self._close(work, said, outcome, self._write(work, said, outcome, words))

    def _write(self, work: _Work, said: Said, outcome: Outcome | None, words: Words) -> str:
        """Let prose follow, if somebody writes any; return the `ts` of its message, and never raise."""
        prose, question = said.prose, work.question
        if prose is None or not isinstance(outcome, Sent):
            return ""
        try:
            reader = Reader(question.user, question.place.team)
            wanted = takewhile(lambda _: self._is_still_wanted(work), prose.sentences)
            written = work.reply.write(wanted, reader, words)
            if written.text and not written.ts:
                work.reply.update(outcome.ts, prose.within(written.text), words)
            return written.ts
        except Exception as error:
            _log.error("The prose to an answer could not be shown\n%s", trace(error))
            return ""

    def _is_still_wanted(self, work: _Work) -> bool:
        """Return whether the question is neither deleted nor taken over."""
        try:
            return self._memory.begin_posting(work.lease, work.question.place)
        except MemoryAway:
            return True

    def _close(self, work: _Work, said: Said, outcome: Outcome | None, prose: str = "") -> Revision:
        """Record a post, and never raise: an apology below an answer would be a second reply."""
        self._record.figures.sent(outcome)
        memory, lease = self._memory, work.lease
        try:
            if isinstance(outcome, NotSent) and outcome is not NotSent.REFUSED:
                if not memory.not_posted(lease, said.shown, maybe=outcome is NotSent.UNKNOWN):
                    _log.error("A question is given up: no reply got through to Slack")
                    self._record.given_up(_ended(work, Said(ending=Ending("error", 0.0))))
                return Revision()
            if outcome is NotSent.REFUSED:
                lease = replace(lease, shown=None)  # what is shown stays as it is
                said = Said(ending=said.ending and Ending("error", 0.0))
            replied = None
            if isinstance(outcome, Sent):
                replied = Replied(outcome.ts, said.shown.answer_id if said.shown else "", prose)
            revision = self._record.ended(lease, _ended(work, said, replied))
            if revision.retracted and replied is not None:
                memory.forget(said.shown)
                _take_back(work.reply, replied)
            work.lease = replace(work.lease, maybe_posted=False, shown=replied or lease.shown)
            return revision
        except Exception as error:
            _log.error("A reply was posted and not recorded; it may be given twice\n%s", trace(error))
            return Revision()

    def _unsay(self, work: _Work) -> None:
        """Find a reply to a question that was deleted while its process died, and take it back."""
        try:
            found = work.reply.find()
            if found is not None:
                _take_back(work.reply, Replied(found.ts, prose=found.prose))
            self._memory.inbox.finish(work.lease)
        except Exception as error:
            _log.error("A reply could not be taken back\n%s", trace(error))

    def _apologise(
        self, error: Exception, question: Question, lease: Lease | None, reply: Reply | None = None
    ) -> None:
        """Catch everything: the trace goes to the log, plain words to the asker.

        `reply` is the one that has shown that the question was heard.
        """
        _log.error("A question could not be answered\n%s", trace(error))
        try:
            reply, outcome = reply or self._reply_to(question), None
            shown = None if lease is None else lease.shown
            if question.addressed:
                words = self._responder.words_at_once(question)
                away = isinstance(error, MemoryAway)
                message = messages.away_message(words) if away else messages.broken_message(words)
                outcome = (
                    reply.post(message, words) if shown is None else reply.update(shown.ts, message, words)
                )
                if shown is not None and shown.prose:
                    reply.unwrite(shown.prose)
                reply.thought()
            if lease is not None:
                self._close(_Work(question, lease, reply), Said(ending=Ending("error", 0.0)), outcome)
        except Exception as second:
            _log.error("The asker could not be told either\n%s", trace(second))


class Rounds:
    """A thread that renews the claims of questions under way, and takes over what was left behind."""

    def __init__(self, dispatcher: Dispatcher, seconds: float, team: str = "") -> None:
        self._dispatcher = dispatcher
        self._seconds = seconds
        self._team = team
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go, name="footnote-rounds", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()

    def _go(self) -> None:
        while True:
            try:
                self._dispatcher.renew()
                self._dispatcher.take_over(self._team)
            except Exception as error:
                _log.error("Questions that were left behind could not be looked for\n%s", trace(error))
            if self._stop.wait(self._seconds):
                return


def _take_back(reply: Reply, replied: Replied) -> None:
    reply.delete(replied.ts)
    if replied.prose:
        reply.unwrite(replied.prose)


def _leave_for_later(error: MemoryAway) -> None:
    """Its claim is written down and runs out: whoever comes first then answers it, once."""
    _log.error("A question is left for later: %s", error)


def _ended(work: _Work, said: Said, replied: Replied | None = None) -> Ended:
    question, ending = work.question, said.ending
    if ending is not None and ending.kind != "turned_away":
        ending = replace(ending, seconds=(work.posted or time.monotonic()) - work.taken)
    # The person who is answered may go on; the one who asked was noted when asking, and somebody else may
    # have spoken since.
    listen_to = "" if question.addressed else question.user
    asked = said.asked or question.text
    return Ended(asked, question.place, question.ts, replied, said.turn, ending, listen_to)
