"""A question, an order or a request -> the reply to it.  Posts nothing and stores nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bot.memory import Ending, EndingKind, Memory, Shown, new_id
from bot.slack import messages
from bot.slack.curating.curate import Curating, Show, failed_message, taken_on_message
from bot.slack.incoming import Question, within_limit
from bot.slack.log import trace
from bot.slack.lookups import Closed, Lookups, NotReadable, Open
from bot.slack.messages import Message, Offer, Words
from bot.slack.messages.blocks import note
from bot.slack.offers import Offers
from bot.slack.requests import Request
from bot.text import escape, head
from bot.types import Answer, Answers, NoAnswer, Scope, Silence, Turn
from index.types import FootnoteError

_log = logging.getLogger(__name__)

# So much of the message that was meant is shown, to tell it from others.
MEANT_CHARS = 150


@dataclass(frozen=True, slots=True)
class Said:
    """A reply, and the facts to remember once it is posted."""

    message: Message | None = None
    """None for nothing."""
    turn: Turn | None = None
    ending: Ending | None = None
    """None for what was no question."""
    shown: Shown | None = None
    asked: str = ""
    """The question that was answered, if it is not the one that was delivered."""
    prose: Prose | None = None
    """What follows below."""


@dataclass(frozen=True, slots=True)
class Prose:
    """What a language model writes of an answer, if there is one."""

    sentences: Iterator[str]
    """Asked for one after the other; none at all is ordinary."""
    within: Callable[[str], Message]
    """The reply with all of it, for when it cannot stand by itself."""


class Responder:
    """Thread-safe."""

    def __init__(
        self, answers: Answers, memory: Memory, lookups: Lookups, curating: Curating | None = None
    ) -> None:
        self._answers = answers
        self._memory = memory
        self._lookups = lookups
        self._curating = curating
        self._offers = Offers(answers)

    def words_at_once(self, question: Question) -> Words:
        """Return the words of a language without asking Slack for that of the asker."""
        return self._lookups.languages.at_once(question.user, question.text)

    def words(self, question: Question) -> Words:
        return self._lookups.languages.words(question.user, question.text)

    def access(self, question: Question) -> Open | Closed:
        return self._lookups.access.at(
            question.place.channel, outsider=question.outsider, shared=question.shared
        )

    def shows_thinking(self, question: Question) -> bool:
        """Return whether somebody waits for an answer that takes a moment, as far as an event tells."""
        closed = self._lookups.access.surely_closed(outsider=question.outsider, shared=question.shared)
        asked = question.text or question.pointing
        return bool(question.addressed and question.is_asked and asked and not closed)

    def trusts(self, user: str) -> bool:
        """Return whether the asker is a curator."""
        return self._curating is not None and self._curating.trusts(user)

    def say(self, question: Question, access: Open | Closed, words: Words) -> Said:
        if isinstance(access, Closed):
            return self._decline(question, access, words)
        if question.request is not None and self._curating is not None:
            return Said(self._curating.who_can(words))
        if question.order is not None:
            quiet = question.order == "quiet"
            self._memory.threads.set_quiet(question.place, question.user, quiet=quiet)
            return Said(messages.order_message(words, quiet=quiet))
        if question.pointing and question.addressed:
            return self._answer_meant(question, access.scope, words)
        if not question.text:
            return Said(self._help(question, access.scope, words))
        return self._answer(question, access.scope, words)

    def carry_out(self, request: Request, scope: Scope, words: Words, show: Show) -> Message:
        """Run a curator's request, and return what is to be said of it.  Never raises.

        A bot that takes it over begins anew: what was added already is then there already.
        """
        try:
            if self._curating is None:
                raise FootnoteError("Articles cannot be changed from Slack here.")
            if request.takes_long:
                show(taken_on_message(words))
            return self._curating.carry_out(request, scope, words, show)
        except FootnoteError as error:
            _log.error("A request could not be run: %s", error)
            return failed_message(error, words)
        except Exception as error:
            _log.error("A request could not be run\n%s", trace(error))
            return messages.broken_message(words)

    def _decline(self, question: Question, closed: Closed, words: Words) -> Said:
        """Say without content that nothing may be shown: in channels now and then, in private always."""
        if not question.addressed:
            return Said()
        if not question.response_url:
            inbox, place = self._memory.inbox, question.place
            lease = inbox.claim((f"declined:{place.team}:{place.channel}",))
            if lease is None:
                return Said()
            inbox.finish(lease)
        return Said(messages.declined_message(words, unknown=closed is Closed.UNKNOWN))

    def _answer_meant(self, question: Question, scope: Scope, words: Words) -> Said:
        """Answer the question that somebody calls the bot to, and say whose it is."""
        above = self._lookups.above
        try:
            meant = question.meant or above.find(question.place, question.ts)
        except NotReadable:
            said = messages.help_message(words, unread=question.unread)
            return Said(_noted(said, words.unreadable_above))
        if meant is None:
            if question.text and self._memory.threads.conversation(question.place, before=question.ts):
                return self._answer(question, scope, words)
            return Said(self._help(question, scope, words))
        text, unread = within_limit(meant.text)
        question = replace(question, text=text, unread=(*question.unread, *unread))
        said_of = self._answer(question, scope, words)
        shown, name = head(meant.text, MEANT_CHARS), above.name(meant)
        whose = (words.meant if name else words.meant_unnamed).format(name=name, question=shown)
        message, prose = said_of.message and _noted(said_of.message, whose), said_of.prose
        if prose is not None:
            within = prose.within
            prose = replace(prose, within=lambda text: _noted(within(text), whose))
        return replace(said_of, message=message, asked=meant.text, prose=prose)

    def _answer(self, question: Question, scope: Scope, words: Words) -> Said:
        try:
            conversation = self._memory.threads.conversation(
                question.place, before=question.ts, whole_channel=question.is_first_of_direct_conversation
            )
            result = self._answers.answer(question.text, conversation, scope)
        except FootnoteError as error:
            # The message names files and commands: for the people who run the bot, not for a channel.
            _log.error("No index to answer from: %s", error)
            if not question.addressed:
                return Said()
            message = messages.no_index_message(words, curators=self._lookups.curators.names())
            return Said(message, ending=Ending("error", 0.0))
        if not question.addressed and not (isinstance(result, Answer) and result.certain):
            return Said()
        if isinstance(result, NoAnswer):
            return self._said_of_none(question, result, words, self._offers.instead_of(result, scope))
        sentences = self._answers.prose(result)
        if question.response_url:  # what only one person sees comes whole
            return self._said(question, replace(result, text=" ".join(sentences) or result.text), words)
        return self._said(question, result, words, sentences)

    def _help(self, question: Question, scope: Scope, words: Words) -> Message:
        return messages.help_message(words, unread=question.unread, offer=self._offers.greeting(scope))

    def _said(
        self, question: Question, answer: Answer, words: Words, sentences: Iterator[str] | None = None
    ) -> Said:
        private = bool(question.response_url)
        whole = answer.certain and not answer.unanswered
        answer_id, miss_id = new_id(), "" if whole else self._miss_id()
        extras = messages.Extras(question.unread, miss_id or None, private)
        message = messages.answer_message(answer, answer_id, words, extras)

        def within(text: str) -> Message:
            return messages.answer_message(replace(answer, text=text), answer_id, words, extras)

        kind: EndingKind = "answered" if answer.certain else "uncertain"
        ending = Ending(kind, 0.0, answer.confidence, answer.generation, answer_id, miss_id or None)
        shown = Shown(answer, answer_id, question.text if private else None, question.text, miss_id)
        prose = None if sentences is None else Prose(sentences, within)
        return Said(message, Turn.of(question.text, answer), ending, shown, prose=prose)

    def _said_of_none(self, question: Question, result: NoAnswer, words: Words, offer: Offer) -> Said:
        missed = result.reason is Silence.NOT_IN_SOURCES
        miss_id = self._miss_id() if missed else ""
        extras = messages.Extras(question.unread, miss_id or None, bool(question.response_url))
        message = messages.no_answer_message(result, words, extras, offer)
        match result.reason:
            case Silence.GREETING | Silence.THANKS | Silence.EMPTY_QUESTION:
                ending = None  # they ask nothing
            case Silence.NO_ARTICLES:
                ending = Ending("error", 0.0, None, result.generation)
            case _:
                # The report lists what was missed, whether somebody can be asked or not.
                mark = (miss_id or new_id()) if missed else None
                ending = Ending("none", 0.0, result.confidence, result.generation, None, mark)
        shown = Shown(miss=question.text, miss_id=miss_id) if miss_id else None
        return Said(message, Turn.of(question.text, result), ending, shown)

    def _miss_id(self) -> str:
        """Return an id for a question that may be passed on; empty if there is nobody to ask."""
        return new_id() if self._curating is not None and self._lookups.curators else ""


def _noted(message: Message, said: str) -> Message:
    """Return a message below a line of small print."""
    return Message((note(said), *message.blocks), f"{message.text}\n{escape(said)}")
