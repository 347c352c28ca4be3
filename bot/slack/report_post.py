"""The report in a channel: posted once, when somebody asks for it, within what the channel may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from bot.config import SlackSettings
from bot.library.rights import Rights
from bot.report import Day, Disliked, Report, UnansweredTopic
from bot.slack import messages
from bot.slack.client import CALL_ERRORS, check_bot_token, patient_client, posting_client, refusal
from bot.slack.lookups import Access, Closed
from bot.slack.messages import Line, Message, Words
from bot.types import Scope
from index.types import FootnoteError, collection_of

# By id: title, and address if there is one.
Articles = Mapping[str, tuple[str, str | None]]


def post_report(
    settings: SlackSettings,
    made: Report,
    channel: str,
    rights: Callable[[], Rights],
    articles: Articles = MappingProxyType({}),
) -> None:
    """Post a report in a channel; raise `FootnoteError` if that is not allowed, or Slack does not take it.

    Those of its articles that are not among `articles` are gone.
    """
    if settings.client_id:
        raise FootnoteError(
            "A report would tell one workspace what others ask, and SLACK_CLIENT_ID lets several install the"
            " app. Print it instead: footnote report"
        )
    client = patient_client(settings)
    check_bot_token(client)
    sight = Access(client, rights).at(channel)
    if isinstance(sight, Closed):
        raise FootnoteError(
            f"The report is not shown in {channel}, which is shared with another organisation, or not known"
            " to the bot. Name another channel by its id, or invite the bot."
        )
    try:
        _post(client, channel, report_for(made, sight.scope, articles))
    except CALL_ERRORS as error:
        raise FootnoteError(
            f"Slack did not take the report ({refusal(error)}). Invite the bot to {channel}, and try again."
        ) from error


def _post(client: WebClient, channel: str, message: Message) -> None:
    def send(**content: object) -> None:
        posting_client(client).chat_postMessage(
            channel=channel,
            unfurl_links=False,
            unfurl_media=False,
            **content,  # type: ignore[arg-type]
        )

    try:
        send(text=message.text, blocks=list(message.blocks))
    except SlackApiError as error:
        if "block" not in refusal(error):
            raise
        send(text=message.text)


def report_for(made: Report, scope: Scope, articles: Articles = MappingProxyType({})) -> Message:
    """Return what a channel may see of a report: words of people, and never whose they are."""
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
    if made.questions_before:
        counts += words.report_before.format(
            questions=f"{made.questions_before:,}", days=f"{len(made.days):,}"
        )
    a_day = words.report_days.format(numbers=" · ".join(_a_day(day, made, words) for day in made.days))
    verdicts = words.report_verdicts.format(good=f"{made.liked:,}", bad=f"{len(made.disliked):,}")
    asked = sum(matter.count for matter in made.in_vain)
    return messages.report_message(
        words.report_week.format(first=first, last=last),
        [" · ".join([counts, *facts]), a_day],
        [
            (verdicts, [_disliked(one, scope, articles, words) for one in made.disliked]),
            (words.report_in_vain.format(count=f"{asked:,}"), [_matter(one, words) for one in made.in_vain]),
        ],
        "" if made.keeps_questions else words.report_not_kept,
        words,
    )


def _a_day(day: Day, made: Report, words: Words) -> str:
    """Return the number of a day's questions, with its name if there is one day of that name."""
    if len(made.days) > len(words.weekdays):
        return f"{day.questions:,}"
    return f"{words.weekdays[date.fromisoformat(day.date).weekday()]} {day.questions:,}"


def _disliked(one: Disliked, scope: Scope, articles: Articles, words: Words) -> Line:
    reasons = {"wrong": words.wrong, "outdated": words.outdated, "not_asked": words.not_asked}
    quoted = [f"“{said}”" for said in (one.question, one.words) if said]
    reason = [reasons[one.reason]] if one.reason else []
    quotes = [quote for quote in one.quotes if scope is None or collection_of(quote.source_id) in scope]
    known = dict.fromkeys(articles[quote.source_id] for quote in quotes if quote.source_id in articles)
    gone = [] if known else [words.report_gone]
    return Line(", ".join([*quoted[:1], *reason, *quoted[1:], *gone]), tuple(known))


def _matter(matter: UnansweredTopic, words: Words) -> Line:
    told = f" ({words.report_told})" if matter.told else ""
    return Line(f"{matter.count}× {matter.questions[0]}{told}")
