"""What a button may show: a quote in its context, the text around it, more like it, and an answer again.

A button carries the id of a stored answer and nothing else, so a forged one can ask for no more
than what its channel has been shown, and what stands around that in the same article.  What a channel
may see is looked up again each time: what it was shown once may be out of its sight by now.
"""

from __future__ import annotations

from bot.memory import Place, ShownQuote, State
from bot.slack.access import Access, Closed
from bot.types import Answer, Answers, PassageView, Quote, Scope, Source


class Browsing:
    def __init__(self, answers: Answers, state: State, access: Access) -> None:
        self._answers = answers
        self._shown = state.shown
        self._access = access

    def passage(
        self, answer_id: str, number: int, place: Place, *, outsider: bool = False
    ) -> PassageView | ShownQuote | None:
        """What a "Show passage" button may show at `place`.

        None where the answer is unknown there; the `ShownQuote` alone where its article has changed,
        or may no longer be seen there.
        """
        sight = self._access.at(place.channel, outsider=outsider)
        shown = self._shown.quote(answer_id, number, place)
        if shown is None or isinstance(sight, Closed):
            return None
        return self._still(shown, sight.scope) or shown

    def others(self, answer_id: str, number: int, place: Place) -> tuple[int, ...]:
        """The numbers of the other quotes of an answer that was shown at `place`."""
        shown = self._shown.answer(answer_id, place)
        return tuple(n for n in range(1, len(shown.quotes) + 1) if n != number) if shown else ()

    def beside(
        self,
        answer_id: str,
        number: int,
        place: Place,
        start: int,
        end: int,
        *,
        later: bool,
        outsider: bool = False,
    ) -> PassageView | ShownQuote | None:
        """What stands before or after a part of the article that a quote is from."""
        sight = self._access.at(place.channel, outsider=outsider)
        shown = self.passage(answer_id, number, place, outsider=outsider)
        if not isinstance(shown, PassageView) or isinstance(sight, Closed):
            return shown
        view = self._answers.beside(shown.source_id, start, end, later=later, scope=sight.scope)
        # A step back may lead to the quote itself, which is then shown as one.
        if view is not None and view.start < shown.end and view.end > shown.start:
            return shown
        return view

    def related(
        self, answer_id: str, number: int, place: Place, *, outsider: bool = False
    ) -> Answer | ShownQuote | None:
        """Passages like a quote, with an answer id's worth of rights still to be given.

        None where the answer is unknown at `place`; the `ShownQuote` where there is nothing to show.
        """
        sight = self._access.at(place.channel, outsider=outsider)
        shown = self._shown.quote(answer_id, number, place)
        if shown is None or isinstance(sight, Closed):
            return None
        if self._still(shown, sight.scope) is None:
            return shown
        return self._answers.related(shown.source_id, shown.start, shown.end, sight.scope) or shown

    def again(self, answer_id: str, place: Place, *, outsider: bool = False) -> tuple[Answer, str] | None:
        """A private answer and its question, as they were shown; None where that cannot be done."""
        sight = self._access.at(place.channel, outsider=outsider)
        shown = self._shown.answer(answer_id, place)
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

    def _still(self, shown: ShownQuote, scope: Scope) -> PassageView | None:
        """The quote in its context; None where its article does not read as it did, or is out of sight."""
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
