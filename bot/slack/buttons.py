"""Buttons: each is acknowledged at once, and shows no more than its channel has been shown.

A button carries the id of a stored answer and nothing else, so a forged one can ask for no more
than what its channel has been shown, and what stands around that in the same article.  What a channel
may see is looked up again each time: what it was shown once may be out of its sight by now.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import get_args

from slack_bolt import Ack, App, BoltContext
from slack_sdk.web import WebClient

from bot.memory import Memory, Place, ShownQuote, Verdict
from bot.slack import messages
from bot.slack.client import CALL_ERRORS, refusal, swift_client
from bot.slack.figures import Figures
from bot.slack.incoming import is_outsider, place_pressed, team_of, thread_shown, user_of
from bot.slack.log import trace
from bot.slack.lookups import Access, Closed, Languages, Open
from bot.slack.messages import Block, Words
from bot.slack.pointing import Payload
from bot.slack.replies import InResponse, Sent
from bot.types import Answer, Answers, PassageView, Quote, Scope, Source


@dataclass(frozen=True, slots=True)
class Button:
    """A pressed button's own value, and the place where it was pressed."""

    answer_id: str
    place: Place
    number: int = 0
    """Of the quote, from 1; 0 for a button of the whole answer."""
    outsider: bool = False


class Browsing:
    """Looks up content for buttons: a quote in context, the text around it, similar quotes, an old answer."""

    def __init__(self, answers: Answers, memory: Memory, access: Access) -> None:
        self._answers = answers
        self._shown = memory.shown
        self._access = access

    def passage(self, button: Button) -> PassageView | ShownQuote | None:
        """Return the content of a "Show passage" button at `place`.

        None if the answer is unknown there; the `ShownQuote` alone if its article has changed,
        or may no longer be seen there.
        """
        sight = self._sight(button)
        shown = self._shown.quote(button.answer_id, button.number, button.place)
        if shown is None or isinstance(sight, Closed):
            return None
        return self._still(shown, sight.scope) or shown

    def others(self, button: Button) -> tuple[int, ...]:
        """Return the numbers of the other quotes of the answer."""
        shown = self._shown.answer(button.answer_id, button.place)
        return tuple(n for n in range(1, len(shown.quotes) + 1) if n != button.number) if shown else ()

    def beside(self, button: Button, start: int, end: int, *, later: bool) -> PassageView | ShownQuote | None:
        """Return the text before or after a part of the article that a quote is from."""
        sight = self._sight(button)
        shown = self.passage(button)
        if not isinstance(shown, PassageView) or isinstance(sight, Closed):
            return shown
        view = self._answers.beside(shown.source_id, start, end, later=later, scope=sight.scope)
        # A step back may lead to the quote itself, which is then shown as one.
        if view is not None and view.start < shown.end and view.end > shown.start:
            return shown
        return view

    def related(self, button: Button) -> Answer | ShownQuote | None:
        """Return passages like a quote, with an id for the answer, whose rights are still to be given.

        None if the answer is unknown at `place`; the `ShownQuote` if there is nothing to show.
        """
        sight = self._sight(button)
        shown = self._shown.quote(button.answer_id, button.number, button.place)
        if shown is None or isinstance(sight, Closed):
            return None
        if self._still(shown, sight.scope) is None:
            return shown
        return self._answers.related(shown.source_id, shown.start, shown.end, sight.scope) or shown

    def again(self, button: Button) -> tuple[Answer, str] | None:
        """Return a private answer and its question, as they were shown; None if that cannot be done."""
        sight = self._sight(button)
        shown = self._shown.answer(button.answer_id, button.place)
        if shown is None or shown.question is None or not shown.quotes or isinstance(sight, Closed):
            return None
        views = [self._still(quote, sight.scope) for quote in shown.quotes]
        quotes: list[Quote] = []
        sources: dict[str, Source] = {}
        for quote, view in zip(shown.quotes, views, strict=True):
            if view is None:  # a part of an answer is not the answer that was seen
                return None
            if view.source_id not in sources:
                sources[view.source_id] = _source(view, len(sources) + 1)
            citation = sources[view.source_id].citation
            quotes.append(
                Quote(
                    view.quote,
                    citation,
                    view.source_id,
                    quote.start,
                    quote.end,
                    view.link,
                    quote.answer,
                    quote.path,
                    quote.part,
                )
            )
        answer = Answer(
            question=shown.question,
            quotes=tuple(quotes),
            sources=tuple(sources.values()),
            confidence=shown.confidence,
            certain=shown.certain,
            generation=shown.generation,
            seconds=0.0,
            unanswered=shown.unanswered,
            disagreement=shown.disagreement,
            selection=shown.selection,
            instead=shown.instead,
        )
        return answer, shown.question

    def _sight(self, button: Button) -> Open | Closed:
        return self._access.at(button.place.channel, outsider=button.outsider)

    def _still(self, shown: ShownQuote, scope: Scope) -> PassageView | None:
        """Return the quote in its context; None if its article has changed or is out of sight."""
        view = self._answers.passage(shown.source_id, shown.start, shown.end, scope)
        return view if view is not None and shown.still_reads(view.quote) else None


def _source(view: PassageView, citation: int) -> Source:
    return Source(
        citation=citation,
        id=view.source_id,
        title=view.title,
        publisher=view.publisher,
        author=None,
        published=view.published,
        url=view.url,
        link=view.link,
        file="",
    )


_log = logging.getLogger(__name__)

_ID = r"([\w-]{1,64})"
_QUOTE_VALUE = re.compile(rf"{_ID}:(\d{{1,3}})")
_FEEDBACK_VALUE = re.compile(rf"{_ID}:({'|'.join(get_args(Verdict))})")
_STEP_VALUE = re.compile(r"(before|after):(\d{1,9}):(\d{1,9})")
_QUOTE_STEP_VALUE = re.compile(r"quote:(\d{1,3})")
_TOKEN = re.compile(rf"{_ID}:(\d{{1,3}}):(\w{{1,64}})")


def register(app: App, browsing: Browsing, memory: Memory, languages: Languages, figures: Figures) -> None:
    buttons = _Buttons(browsing, memory, languages, figures)
    app.action(messages.SHOW_PASSAGE)(buttons.show_passage)
    app.action(re.compile(rf"{messages.STEP}_(?:before|after|quote_\d{{1,3}})"))(buttons.step)
    app.action(messages.MORE)(buttons.more)
    app.action(messages.SHARE)(buttons.share)
    app.action(messages.FEEDBACK)(buttons.feedback)
    app.action(re.compile(".*"))(buttons.acknowledged)


class _Buttons:
    def __init__(self, browsing: Browsing, memory: Memory, languages: Languages, figures: Figures) -> None:
        self._browsing = browsing
        self._figures = figures
        self._memory = memory
        self._languages = languages

    def show_passage(
        self, ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient
    ) -> None:
        ack()
        words = self._words(body)
        view = self._passage_modal(
            str(action.get("value")), place_pressed(body, team_of(context)), body, words
        )
        self._open(client, body, view, words)

    def step(self, ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient) -> None:
        """Turn the open modal to the previous or next text, or to another quote."""
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
        words, place = self._words(body), place_pressed(body, team_of(context))
        match = _QUOTE_VALUE.fullmatch(str(action.get("value")))
        try:
            button = Button(match[1], place, int(match[2]), is_outsider(body)) if match else None
            found = self._browsing.related(button) if button else None
            if isinstance(found, Answer):
                answer_id = self._memory.shown.remember(found, place)
                response_of(body).post(messages.more_message(found, answer_id, words), words)
                return
        except Exception as error:
            _log.error("Related passages could not be shown\n%s", trace(error))
            found = None
        _tell(body, words.more_withheld if found is None else words.no_more)

    def share(self, ack: Ack, body: Payload, action: Payload, context: BoltContext) -> None:
        """Post a private answer for everybody, once."""
        ack()
        words, place = self._words(body), place_pressed(body, team_of(context))
        _tell(body, self._share(str(action.get("value")), place, body, words))

    def feedback(
        self, ack: Ack, body: Payload, action: Payload, context: BoltContext, client: WebClient
    ) -> None:
        """Thank for 👍; keep 👎, and ask what was wrong."""
        ack()
        words, place = self._words(body), place_pressed(body, team_of(context))
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
        """Acknowledge a link, or a button of an older version: otherwise Slack shows a warning sign."""
        ack()

    def _passage_modal(self, value: str, place: Place, body: Payload, words: Words) -> Block:
        match = _QUOTE_VALUE.fullmatch(value)
        if match is None:
            return messages.withheld_modal(words)
        number = int(match[2])
        button = Button(match[1], place, number, is_outsider(body))
        try:
            found, others = self._browsing.passage(button), self._browsing.others(button)
        except Exception as error:
            _log.error("A passage could not be shown\n%s", trace(error))
            return messages.withheld_modal(words)
        if isinstance(found, PassageView):
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
        button = Button(belongs[1], Place(team, belongs[3]), int(belongs[2]), is_outsider(body))
        try:
            later = step[1] == "after"
            found = self._browsing.beside(button, int(step[2]), int(step[3]), later=later)
        except Exception as error:
            _log.error("A passage could not be shown\n%s", trace(error))
            return messages.withheld_modal(words)
        if not isinstance(found, PassageView):
            return messages.withheld_modal(words) if found is None else messages.changed_modal(words)
        modal = messages.passage_modal if found.quote else messages.stretch_modal
        return modal(found, words, token=token)

    def _share(self, answer_id: str, place: Place, body: Payload, words: Words) -> str:
        try:
            found = self._browsing.again(Button(answer_id, place, outsider=is_outsider(body)))
            if found is None:
                return words.share_withheld
            claim = self._memory.inbox.claim((f"share:{answer_id}",))
            if claim is None:
                return words.shared_before
            answer, question = found
            message = messages.answer_message(answer, answer_id, words, asked=question)
            if isinstance(response_of(body).share(message, words), Sent):
                self._memory.inbox.finish(claim)
                return words.shared
            self._memory.inbox.release(claim)
        except Exception as error:
            _log.error("An answer could not be shared\n%s", trace(error))
        return words.share_withheld

    def _note(self, answer_id: str, verdict: Verdict, user: str, place: Place) -> bool:
        try:
            kept = self._memory.shown.record_feedback(answer_id, verdict, user, place)
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
        return self._languages.words(user_of(body))


def place_of(token: str, team: str) -> tuple[str, Place] | None:
    """Return the answer and the place that a modal's metadata names; None if it is no such metadata."""
    belongs = _TOKEN.fullmatch(token)
    return (belongs[1], Place(team, belongs[3])) if belongs else None


def _token(answer_id: str, number: int, place: Place) -> str:
    return f"{answer_id}:{number}:{place.channel}"


def response_of(body: Payload) -> InResponse:
    """Return the way to reply to the person who pressed a button."""
    return InResponse(str(body["response_url"]), thread_shown(body))


def _tell(body: Payload, said: str) -> None:
    if body.get("response_url"):
        response_of(body).say(said)
