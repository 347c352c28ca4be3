"""Where questions are taken: each delivery once, a reply to everybody, and no fault without a word.

Taking a question is quick and done by Bolt's listener threads: claim the delivery, find a place in
the queue.  Looking up and posting is done by the workers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.memory import Ending, EndingKind, Lease, Over, Place, Replied, State
from bot.slack import messages
from bot.slack.access import Access, Closed
from bot.slack.curating.curate import Curating, ProgressMessage, failed_message, taken_on_message
from bot.slack.faults import trace
from bot.slack.incoming import Asked, as_new, from_letter
from bot.slack.ledger import Ledger
from bot.slack.limits import Limits
from bot.slack.locales import Locales
from bot.slack.messages import Message, Words
from bot.slack.offers import Offers
from bot.slack.panel import Panel
from bot.slack.replies import NotSent, Outcome, Reply, Sent
from bot.slack.requests import Request
from bot.slack.workers import Workers
from bot.types import Answer, Answers, NoAnswer, Scope, Silence, Turn
from index.types import FootnoteError

_log = logging.getLogger(__name__)

# Questions taken over at once; the next round comes in seconds, and another process wants some too.
_TAKEN_OVER_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class _Said:
    """What is to be said to a question, and what is remembered of it once it was."""

    message: Message
    turn: Turn | None = None
    answer_id: str = ""
    ending: Ending | None = None
    """None for what was no question."""


class Dispatcher:
    def __init__(
        self,
        answers: Answers,
        state: State,
        workers: Workers,
        locales: Locales,
        panel: Panel,
        access: Access,
        reply_to: Callable[[Asked], Reply],
        curating: Curating | None,
        requests: Workers,
        asides: Workers,
        limits: Limits,
        ledger: Ledger,
        team: str = "",
    ) -> None:
        """`requests` runs those of curators, one after the other; `asides` says what is no answer.

        With `team`, only what was left behind in that workspace is taken over.
        """
        self._answers = answers
        self._offers = Offers(answers)
        self._state = state
        self._inbox = state.inbox
        self._workers = workers
        self._locales = locales
        self._panel = panel
        self._access = access
        self._curating = curating
        self._requests = requests
        self._asides = asides
        self._limits = limits
        self._ledger = ledger
        self._team = team
        self._reply_to = reply_to
        self._lock = threading.Lock()
        self._held: set[Lease] = set()

    def take(self, asked: Asked) -> None:
        """Claim the delivery and queue the question; a full queue is said, never kept silent."""
        claim: Lease | None = None
        try:
            claim = self._inbox.claim(asked.keys, asked.letter())
            if claim is None:
                self._ledger.repeated()
                return
            if asked.ts and not asked.only_if_certain:
                # Before the reply: the asker may go on while it is being looked up.
                self._state.threads.addressed(asked.place, asked.user)
            over = self._over(asked)
            if over is not None:
                self._hold_off(asked, claim, over)
            elif not self._queue(asked, claim):
                self._turn_away(asked, claim)
        except Exception as error:
            self._apologise(error, asked, claim)

    def edit(self, asked: Asked, *, spoken_to: bool) -> None:
        """Answer an edited question anew, in the same reply.

        A message that became a question to the bot only now (`spoken_to`) is taken as a new one.
        """
        try:
            claim = self._inbox.revise(asked.keys, asked.letter())
            if claim is not None:
                if not self._queue(asked, claim):
                    self._inbox.hand_over([claim])  # for the next round
                return
            if not spoken_to or self._inbox.known(asked.place, asked.ts):
                return
        except Exception as error:
            _log.error("An edited question could not be taken\n%s", trace(error))
            return
        self.take(as_new(asked))

    def retract(self, place: Place, ts: str) -> None:
        """Take the reply to a deleted question back, also one that is not posted yet."""
        try:
            replied = self._inbox.retract(place, ts)
            self._state.threads.forget(place, ts)
            self._state.log.forget(place, ts)
            if replied is None:
                return
            if replied.answer_id:
                self._state.shown.forget(replied.answer_id)
            reply = self._reply_to(Asked("", place, (), ts))
            if not self._workers.submit(lambda: reply.delete(replied.ts)):
                reply.delete(replied.ts)
        except Exception as error:
            _log.error("A reply could not be taken back\n%s", trace(error))

    def renew(self) -> None:
        """Keep what is being worked on from being taken over."""
        with self._lock:
            held = list(self._held)
        if held:
            self._inbox.renew(held)

    def take_over(self) -> None:
        """Answer what another process, or an earlier try, left behind."""
        for pending in self._inbox.abandoned(_TAKEN_OVER_AT_ONCE, self._team):
            asked = from_letter(pending.body)
            _log.info("Taking over a question that was left without a reply")
            if not self._queue(asked, pending.claim, retracted=pending.retracted):
                self._inbox.hand_over([pending.claim])

    def hand_over(self) -> None:
        """Leave what is not answered yet to another process, when this one ends."""
        with self._lock:
            held = list(self._held)
        self._inbox.hand_over(held)

    @property
    def held(self) -> int:
        """How many questions wait here or are being answered."""
        return len(self._held)

    def _queue(self, asked: Asked, claim: Lease, *, retracted: bool = False) -> bool:
        """False where there is no room."""
        reply = self._reply_to(asked)
        taken = time.monotonic()

        def job() -> None:
            if retracted:
                self._unsay(reply, claim)
            else:
                self._answer(asked, reply, claim, taken)

        workers = self._workers
        if self._curating is not None and not retracted and self._request(asked):
            # Answers need not wait for them.
            workers = self._requests if self._curating.trusts(asked.user) else workers
        with self._lock:
            self._held.add(claim)
        queued = workers.submit(job)
        if not queued:
            self._let_go(claim)
        return queued

    def _over(self, asked: Asked) -> Over | None:
        """Orders and requests are no questions, and what asks for silence has to be heard."""
        if asked.order is not None or self._request(asked):
            return None
        return self._limits.take(asked.place.team, asked.place.channel, asked.user)

    def _hold_off(self, asked: Asked, claim: Lease, over: Over) -> None:
        """A polite word the first time, and none for what comes after it; in private it disturbs nobody."""
        _log.info("A question was one too many for its %s", over.whose)
        words = self._locales.at_once(asked.user, asked.text)
        message = messages.limited_message(
            words, of_channel=over.whose == "channel", limit=over.limit, seconds=over.seconds
        )
        silent = asked.only_if_certain or not (over.first or asked.response_url)
        if silent or not self._say_aside(asked, claim, message, words):
            self._inbox.finish(claim)
            self._ledger.note(asked, Ending("turned_away", 0.0), 0.0)

    def _turn_away(self, asked: Asked, claim: Lease) -> None:
        _log.warning("The queue is full; a question was turned away")
        if asked.only_if_certain:
            self._inbox.finish(claim)
            self._ledger.note(asked, Ending("turned_away", 0.0), 0.0)
            return
        words = self._locales.at_once(asked.user, asked.text)
        if not self._say_aside(asked, claim, messages.busy_message(words), words):
            # There is not even time to say so: it is kept, and taken up when there is room again.
            self._inbox.release(claim)

    def _say_aside(self, asked: Asked, claim: Lease, message: Message, words: Words) -> bool:
        """Turn a question away without waiting for Slack; False where too many are being turned away."""
        reply = self._reply_to(asked)
        said = _Said(message, ending=Ending("turned_away", 0.0))

        def job() -> None:
            try:
                if self._inbox.begin_posting(claim):
                    self._record(claim, reply.post(message, words), asked, said, reply)
                else:
                    self._inbox.finish(claim)
            except Exception as error:
                self._apologise(error, asked, claim, reply)
            finally:
                self._let_go(claim)

        with self._lock:
            self._held.add(claim)
        queued = self._asides.submit(job)
        if not queued:
            self._let_go(claim)
        return queued

    def _answer(self, asked: Asked, reply: Reply, claim: Lease, taken: float) -> None:
        try:
            revised: Asked | None = asked
            while revised is not None:
                revised = self._answer_once(revised, reply, claim, taken)
                taken = time.monotonic()
        finally:
            self._let_go(claim)

    def _answer_once(self, asked: Asked, reply: Reply, claim: Lease, taken: float) -> Asked | None:
        """Reply to a question; return it as it reads now where it was edited meanwhile."""
        said: _Said | None = None
        try:
            shown = self._inbox.reply(asked.place, asked.ts)
            found = reply.find() if shown is None and claim.maybe_posted else None
            request = self._request(asked)
            if found is not None and request is None:
                return self._record(claim, Sent(found), asked, None, reply)
            words = self._locales.words(asked.user, asked.text)
            sight = self._access.at(asked.place.channel, outsider=asked.outsider, shared=asked.shared)
            if isinstance(sight, Closed):
                said = self._decline(asked, sight, words)
            elif request is not None and self._curating is not None:
                if self._curating.trusts(asked.user):
                    lasting = reply.lasting() if request.takes_long else reply
                    progress = ProgressMessage(lasting, shown.ts if shown else found, words)
                    return self._run(asked, request, sight.scope, shown, progress, reply, claim, words)
                said = _Said(self._curating.who_can(words))
            else:
                if not asked.only_if_certain and shown is None and asked.text and asked.order is None:
                    reply.thinking(words)
                said = self._say(asked, sight.scope, words)
            if not self._inbox.begin_posting(claim):
                # Deleted, or it waited so long that another process has taken it over.
                self._forget(said)
                reply.thought()
                self._inbox.finish(claim)
                return None
            outcome = self._put(said, shown, asked, reply, words)
            reply.thought()
        except Exception as error:
            self._apologise(error, asked, claim, reply)
            return None
        revised = self._record(claim, outcome, asked, said, reply, shown, taken)
        if asked.is_first_of_direct_conversation and isinstance(outcome, Sent):
            self._panel.name(asked.place, asked.text)
        return revised

    def _request(self, asked: Asked) -> Request | None:
        return self._curating.request(asked) if self._curating is not None else None

    def _run(
        self,
        asked: Asked,
        request: Request,
        scope: Scope,
        shown: Replied | None,
        progress: ProgressMessage,
        reply: Reply,
        claim: Lease,
        words: Words,
    ) -> Asked | None:
        """Run a curator's request, and tell of it in one message.

        A process that takes it over begins anew: what was added already is then there already.
        """
        if self._curating is None or not self._inbox.begin_posting(claim):
            self._inbox.finish(claim)
            return None
        try:
            if request.takes_long:
                progress.show(taken_on_message(words))
            outcome = progress.end(self._curating.carry_out(request, scope, words, progress.show))
        except FootnoteError as error:
            _log.error("A request could not be run: %s", error)
            outcome = progress.end(failed_message(error, words))
        except Exception as error:
            _log.error("A request could not be run\n%s", trace(error))
            outcome = progress.end(messages.broken_message(words))
        return self._record(claim, outcome, asked, None, reply, shown)

    def _decline(self, asked: Asked, closed: Closed, words: Words) -> _Said | None:
        """A word without content where nothing may be shown: once in a while to all, always to one."""
        if asked.only_if_certain:
            return None
        if not asked.response_url:
            claim = self._inbox.claim((f"declined:{asked.place.team}:{asked.place.channel}",))
            if claim is None:
                return None
            self._inbox.finish(claim)
        return _Said(messages.declined_message(words, unknown=closed is Closed.UNKNOWN))

    def _say(self, asked: Asked, scope: Scope, words: Words) -> _Said | None:
        """What to say; None for nothing, where nobody spoke to the bot."""
        if asked.order is not None:
            quiet = asked.order == "quiet"
            self._state.threads.set_quiet(asked.place, asked.user, quiet=quiet)
            return _Said(messages.order_message(words, quiet=quiet))
        if not asked.text:
            return _Said(
                messages.help_message(words, unread=asked.unread, offer=self._offers.greeting(scope))
            )
        try:
            conversation = self._state.threads.conversation(asked.place, before=asked.ts)
            result = self._answers.answer(asked.text, conversation, scope)
        except FootnoteError as error:
            # The message names files and commands: for whoever runs the bot, not for a channel.
            _log.error("No index to answer from: %s", error)
            if asked.only_if_certain:
                return None
            curators = self._curating.names() if self._curating is not None else ()
            message = messages.no_index_message(words, curators=curators)
            return _Said(message, ending=Ending("error", 0.0))
        if asked.only_if_certain and not (isinstance(result, Answer) and result.certain):
            return None
        return self._rendered(result, asked, words, scope)

    def _rendered(self, result: Answer | NoAnswer, asked: Asked, words: Words, scope: Scope) -> _Said:
        turn = Turn.of(asked.text, result)
        if isinstance(result, NoAnswer):
            missed = result.reason is Silence.NOT_IN_SOURCES
            miss_id = self._state.shown.remember_miss(asked.text, asked.place) if missed else None
            offer = self._offers.instead_of(result, scope)
            message = messages.no_answer_message(
                result, words, unread=asked.unread, miss_id=miss_id, offer=offer
            )
            return _Said(message, turn, ending=_ending(result, miss_id=miss_id))
        # Stored before it is posted: the buttons work from the first moment.
        private = bool(asked.response_url)
        answer_id = self._state.shown.remember(result, asked.place, asked.text if private else None)
        whole = result.certain and not result.unanswered
        miss_id = None if whole else self._state.shown.remember_miss(asked.text, asked.place)
        message = messages.answer_message(
            result, answer_id, words, unread=asked.unread, miss_id=miss_id, private=private
        )
        return _Said(message, turn, answer_id, _ending(result, answer_id, miss_id))

    def _put(
        self, said: _Said | None, shown: Replied | None, asked: Asked, reply: Reply, words: Words
    ) -> Outcome | None:
        """Post, or put in the place of what was `shown`; None where there was nothing to say."""
        if said is None:
            if shown is not None:
                self._inbox.retract(asked.place, asked.ts)
                reply.delete(shown.ts)
            return None
        return (
            reply.post(said.message, words) if shown is None else reply.update(shown.ts, said.message, words)
        )

    def _record(
        self,
        claim: Lease,
        outcome: Outcome | None,
        asked: Asked,
        said: _Said | None,
        reply: Reply,
        shown: Replied | None = None,
        taken: float | None = None,
    ) -> Asked | None:
        """What follows a post must not fail it: an apology below an answer would be a second reply.

        `taken` is when the question was, by the monotonic clock.
        """
        seconds = 0.0 if taken is None else time.monotonic() - taken
        self._ledger.sent(outcome)
        try:
            if isinstance(outcome, NotSent) and outcome is not NotSent.REFUSED:
                self._forget(said)
                if not self._inbox.release(claim, maybe_posted=outcome is NotSent.UNKNOWN):
                    _log.error("A question is given up: no reply got through to Slack")
                    self._ledger.note(asked, Ending("error", 0.0), seconds)
                return None
            replied = None
            if isinstance(outcome, Sent):
                replied = Replied(outcome.ts, said.answer_id if said else "")
                if said is not None and said.turn is not None and asked.place.thread:
                    self._state.threads.remember(said.turn, asked.place, asked.ts)
                if asked.only_if_certain:
                    # Whoever is answered may go on; whoever asked the bot was noted when asking, and
                    # somebody else may have spoken since.
                    self._state.threads.addressed(asked.place, asked.user)
            if shown is not None and shown.answer_id and outcome is not NotSent.REFUSED:
                self._state.shown.forget(shown.answer_id)
            sequel = self._inbox.finish(claim, replied)
            if sequel.retracted and replied is not None:
                self._forget(said)
                self._state.threads.forget(asked.place, asked.ts)
                reply.delete(replied.ts)
            elif said is not None and said.ending is not None and outcome is not None:
                refused = outcome is NotSent.REFUSED
                self._ledger.note(asked, Ending("error", 0.0) if refused else said.ending, seconds)
            return from_letter(sequel.revised) if sequel.revised is not None else None
        except Exception as error:
            _log.error("A reply was posted and not recorded; it may be given twice\n%s", trace(error))
            return None

    def _unsay(self, reply: Reply, claim: Lease) -> None:
        """The question was deleted and whoever answered it died: its reply may be there."""
        try:
            found = reply.find()
            if found is not None:
                reply.delete(found)
            self._inbox.finish(claim)
        except Exception as error:
            _log.error("A reply could not be taken back\n%s", trace(error))
        finally:
            self._let_go(claim)

    def _apologise(
        self, error: Exception, asked: Asked, claim: Lease | None, reply: Reply | None = None
    ) -> None:
        """Where everything is caught: the trace for the log, plain words for the asker.

        `reply` is the one that has shown that the question was heard.
        """
        _log.error("A question could not be answered\n%s", trace(error))
        try:
            if asked.only_if_certain:
                outcome: Outcome | None = None
            else:
                words = self._locales.at_once(asked.user, asked.text)
                reply = reply or self._reply_to(asked)
                shown = self._inbox.reply(asked.place, asked.ts)
                message = messages.broken_message(words)
                outcome = (
                    reply.post(message, words) if shown is None else reply.update(shown.ts, message, words)
                )
                reply.thought()
            if claim is not None:
                if isinstance(outcome, NotSent) and outcome is not NotSent.REFUSED:
                    self._inbox.release(claim)
                else:
                    self._inbox.finish(claim, Replied(outcome.ts) if isinstance(outcome, Sent) else None)
                    self._ledger.note(asked, Ending("error", 0.0), 0.0)
        except Exception as second:
            _log.error("The asker could not be told either\n%s", trace(second))

    def _forget(self, said: _Said | None) -> None:
        if said is not None and said.answer_id:
            self._state.shown.forget(said.answer_id)
        if said is not None and said.ending is not None and said.ending.miss_id is not None:
            self._state.shown.forget_miss(said.ending.miss_id)

    def _let_go(self, claim: Lease) -> None:
        with self._lock:
            self._held.discard(claim)


def _ending(
    result: Answer | NoAnswer, answer_id: str | None = None, miss_id: str | None = None
) -> Ending | None:
    """None for a greeting and its like, which ask nothing."""
    confidence, generation = result.confidence, result.generation
    if isinstance(result, Answer):
        kind: EndingKind = "answered" if result.certain else "uncertain"
        return Ending(kind, 0.0, confidence, generation, answer_id, miss_id)
    match result.reason:
        case Silence.GREETING | Silence.THANKS | Silence.EMPTY_QUESTION:
            return None
        case Silence.NO_ARTICLES:
            return Ending("error", 0.0, None, generation)
        case _:
            return Ending("none", 0.0, confidence, generation, None, miss_id)
