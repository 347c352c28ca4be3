"""The report of the week in a channel: once, whoever is running, and whatever was stopped meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from bot.memory import State
from bot.report import Day, Disliked, Reference, Report, UnansweredTopic, report
from bot.slack import messages
from bot.slack.access import Access, Closed
from bot.slack.client import CALL_ERRORS, posting_client, refusal, swift_client
from bot.slack.faults import trace
from bot.slack.messages import Message, Words
from bot.types import Scope
from index.types import collection_of

CHORE = "weekly_report"
METADATA_EVENT = "footnote_report"
# Monday morning in Europe, the middle of the day in Asia; the week before is over everywhere.
DUE_HOUR_UTC = 8
_MESSAGES_READ = 200

_log = logging.getLogger(__name__)


class Weekly:
    def __init__(
        self,
        client: WebClient,
        channel: str,
        state: State,
        access: Access,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._channel = channel
        self._state = state
        self._access = access
        self._now = now

    def post_if_due(self) -> None:
        """Post the report of the last whole week, unless that is done.  Never fails."""
        try:
            self._post_if_due()
        except Exception as error:
            _log.error("The report of the week could not be made\n%s", trace(error))

    def _post_if_due(self) -> None:
        monday = (self._now() - timedelta(hours=DUE_HOUR_UTC)).date()
        monday -= timedelta(days=monday.weekday())
        year, week, _ = (monday - timedelta(days=1)).isocalendar()
        period = f"{year}-W{week:02}"
        chore = self._state.chores.take(CHORE, period)
        if chore is None:
            return
        made = report(self._state, monday - timedelta(days=1), 7)
        before = report(self._state, monday - timedelta(days=8), 7)
        sight = self._access.at(self._channel)
        if isinstance(sight, Closed):
            _log.warning("The report of the week is not shown: its channel is shared, or not known")
            return
        try:
            if made.questions and (chore.first or not self._is_there(period)):
                self._post(weekly_message(made, sight.scope, before), period)
        except CALL_ERRORS as error:
            # It stays taken for a while, and whoever takes it then looks whether it is there.
            _log.warning("Slack did not take the report of the week (%s)", refusal(error))
            return
        self._state.chores.done(chore)

    def _is_there(self, period: str) -> bool:
        """Whether somebody posted it and did not live to say so."""
        answer = swift_client(self._client).conversations_history(
            channel=self._channel, limit=_MESSAGES_READ, include_all_metadata=True
        )
        for message in answer.get("messages") or ():
            metadata = message.get("metadata") or {}
            told = (metadata.get("event_payload") or {}).get("period")
            if metadata.get("event_type") == METADATA_EVENT and told == period:
                return True
        return False

    def _post(self, message: Message, period: str) -> None:
        def send(**content: object) -> None:
            posting_client(self._client).chat_postMessage(
                channel=self._channel,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": METADATA_EVENT, "event_payload": {"period": period}},
                **content,  # type: ignore[arg-type]
            )

        try:
            send(text=message.text, blocks=list(message.blocks))
        except SlackApiError as error:
            if "block" not in refusal(error):
                raise
            send(text=message.text)


def weekly_message(made: Report, scope: Scope, before: Report | None = None) -> Message:
    """What a channel may see of a report; `before` is that of the week before.

    The words of people are shown; whose they are is not known.
    """
    questions = " ".join(question for matter in made.in_vain for question in matter.questions)
    words = messages.words_for(None, questions)
    first, last = (messages.full_date(day.date, words) for day in (made.days[0], made.days[-1]))
    shares = [
        (words.report_answered, "answered"),
        (words.report_uncertain, "uncertain"),
        (words.report_none, "none"),
        (words.report_error, "error"),
        (words.report_turned_away, "turned_away"),
    ]
    facts = [name.format(share=f"{share:.0%}") for name, kind in shares if (share := made.share(kind))]
    counts = words.report_counts.format(questions=f"{made.questions:,}")
    if before is not None:
        counts += words.report_before.format(questions=f"{before.questions:,}")
    a_day = words.report_days.format(numbers=words.comma.join(_day(day, words) for day in made.days))
    verdicts = words.report_verdicts.format(good=f"{made.liked:,}", bad=f"{len(made.disliked):,}")
    asked = sum(matter.count for matter in made.in_vain)
    return messages.report_message(
        words.report_week.format(first=first, last=last),
        [" · ".join([counts, *facts]), a_day],
        [
            (verdicts, [_disliked(one, scope, words) for one in made.disliked]),
            (words.report_in_vain.format(count=f"{asked:,}"), [_matter(one, words) for one in made.in_vain]),
        ],
        "" if made.keeps_questions else words.report_not_kept,
        words,
    )


def _day(day: Day, words: Words) -> str:
    return f"{words.weekdays[date.fromisoformat(day.date).weekday()]} {day.questions:,}"


def _disliked(one: Disliked, scope: Scope, words: Words) -> str:
    reasons = {"wrong": words.wrong, "outdated": words.outdated, "not_asked": words.not_asked}
    quoted = [f"“{said}”" for said in (one.question, one.words) if said]
    reason = [reasons[one.reason]] if one.reason else []
    return ", ".join([*quoted[:1], *reason, *quoted[1:], *_places(one.quotes, scope, words)])


def _places(quotes: Sequence[Reference], scope: Scope, words: Words) -> list[str]:
    """Where the quotes stand, as far as the channel may see that."""
    seen = [quote for quote in quotes if scope is None or collection_of(quote.source_id) in scope]
    return ["; ".join(dict.fromkeys(quote.source_id for quote in seen)) or words.report_gone]


def _matter(matter: UnansweredTopic, words: Words) -> str:
    told = f" ({words.report_told})" if matter.told else ""
    return f"{matter.count}× {matter.questions[0]}{told}"
