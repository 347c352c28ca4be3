"""Runs curators' requests in Slack, one after the other beside the answers, and posts their progress."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slack_bolt import Ack, App, BoltContext

from bot.library.library import Document, Library, Refused
from bot.library.outcomes import failure_lines, outcome_lines, place_of, round_lines, within
from bot.library.reasons import reason_in
from bot.library.rights import IN_NO_FOLDER, collection_named
from bot.memory import Memory
from bot.slack import messages, replies
from bot.slack.curating.downloads import MAX_BYTES, Downloads, NotFetched
from bot.slack.incoming import is_outsider, place_pressed, team_of, thread_shown, user_of
from bot.slack.log import trace
from bot.slack.lookups import Closed, Lookups
from bot.slack.messages import Message, Words
from bot.slack.pointing import Payload
from bot.slack.pools import Workers
from bot.slack.replies import InResponse, Reply, Sent
from bot.slack.requests import File, Request
from bot.text import head
from bot.types import Answers, Scope
from index.types import BuildReport, FootnoteError

_log = logging.getLogger(__name__)

# Somebody reads along; Slack takes 50 edits a minute.
EDIT_SECONDS = 2.0
# A response address takes five messages in all.
EDITS_OF_A_RESPONSE = 3
_MAX_TITLE_CHARS = 200

_AT_WORK, _DONE, _PARTLY, _QUESTION = "hammer_and_wrench", "white_check_mark", "warning", "grey_question"

Show = Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class PersonsAnswer:
    """A person's answer to a question that the articles did not answer."""

    question: str
    answer: str
    by: str
    """A name, as people know it."""
    on: str
    """A date, YYYY-MM-DD."""

    def as_document(self) -> Document:
        """Return an article, with the question as its title and above the answer."""
        question = " ".join(self.question.split())
        facts = {
            "title": question[:_MAX_TITLE_CHARS],
            "author": self.by,
            "publisher": "Slack",
            "date": self.on,
        }
        return _document(facts, f"## {question}\n\n{self.answer.strip()}\n")


def _document(facts: Mapping[str, str], text: str) -> Document:
    """Return an article with these facts in front, named after its title."""
    front = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in facts.items())
    title = facts["title"].casefold()
    name = "".join(c if c.isalnum() else "-" for c in title)[:60].strip("-") or "article"
    return Document(f"{name}.md", f"---\n{front}---\n{text}".encode("utf-8", "replace"), "text/markdown")


class Curating:
    """Thread-safe as far as `library` is used by one worker."""

    def __init__(
        self,
        library: Library,
        answers: Answers,
        lookups: Lookups,
        downloads: Downloads,
        requests: Workers,
    ) -> None:
        """`requests` does what is asked for, one after the other."""
        self._library = library
        self._answers = answers
        self._curators = lookups.curators
        self._downloads = downloads
        self.lookups = lookups
        self.requests = requests

    def trusts(self, user: str) -> bool:
        return user in self._curators

    def keep(self, given: PersonsAnswer, scope: Scope, words: Words) -> Message:
        """Add a person's answer as an article; raise `FootnoteError` if that cannot be done."""
        known = self._library.collections(scope)
        collection = "" if scope is None or "" in known else known[0] if known else ""
        (outcome,) = self._library.add([given.as_document()], collection)
        if isinstance(outcome, Refused):
            return messages.curated_message(
                _PARTLY, words.add_nothing, list(outcome_lines(outcome, words)), words
            )
        self._build(words, lambda _: None)
        lines = [words.was_added.format(title=given.question, place=place_of(outcome.id))]
        buttons = messages.question_buttons([given.question])
        return messages.curated_message(_DONE, words.kept_as_article, lines, words, buttons)

    def collections(self, scope: Scope) -> tuple[str, ...]:
        """Return where an article may be added; raise `FootnoteError` if that is not known."""
        return self._library.collections(scope)

    def who_can(self, words: Words) -> Message:
        if not self._curators:
            return messages.curated_message("lock", words.curators_only, [words.curators_none], words)
        names = self._curators.names()
        lines = [words.curators_are.format(names=words.comma.join(names))] if names else []
        return messages.curated_message("lock", words.curators_only, lines, words)

    def troubles(self, scope: Scope) -> tuple[messages.Trouble, ...]:
        """Return the files in scope that cannot be read; raise `FootnoteError` if there is no folder of them.

        Reads them all, which takes two seconds for ten thousand.
        """
        return tuple(
            messages.Trouble(one.file, one.reason, kept=one.state == "stale")
            for one in self._library.inventory(scope)
            if one.reason
        )

    def carry_out(self, request: Request, scope: Scope, words: Words, show: Show) -> Message:
        """Do it, and return the text to post; raise `FootnoteError` if it cannot be done."""
        match request.kind:
            case "add":
                return self._add(request, scope, words, show)
            case "follow":
                return self._follow(request, scope, words, show)
            case "remove":
                return self._ask_before_removing(request.name, scope, words)
            case "rebuild":
                return _rebuilt(self._build(words, show), scope, words)
            case "status":
                return self._status(scope, words)

    def remove(self, id: str, scope: Scope, words: Words, show: Show) -> Message:
        """Remove an article, after the question whether to."""
        removed = self._library.remove(id, scope)
        if removed is None:
            return messages.curated_message(_QUESTION, words.remove_unknown.format(name=id), words=words)
        self._build(words, show)
        said = words.was_removed.format(title=removed.title or removed.id, id=removed.id)
        return messages.curated_message(_DONE, said, words=words)

    def _add(self, request: Request, scope: Scope, words: Words, show: Show) -> Message:
        collection = self._collection(request, scope, words)
        if isinstance(collection, Message):
            return collection
        lost: list[str] = []
        outcomes = self._library.add(self._sources(request, words, show, lost), collection)
        kept = [outcome for outcome in outcomes if not isinstance(outcome, Refused)]
        lines = [*(line for outcome in outcomes for line in outcome_lines(outcome, words)), *lost]
        if not kept:
            return messages.curated_message(_PARTLY, words.add_nothing, lines, words)
        try:
            report = self._build(words, show)
        except FootnoteError as error:
            _log.error("Articles were added and the index was not brought up to date: %s", error)
            return messages.curated_message(_PARTLY, words.add_partly, [*lines, str(error)], words)
        files = {outcome.file for outcome in kept}
        lines += failure_lines(report, scope, words, only=files)
        whole = len(lines) == len(kept)
        question = next(
            (found for outcome in kept for found in self._answers.examples(scope, outcome.id)), None
        )
        sign, said = (_DONE, words.add_done) if whole else (_PARTLY, words.add_partly)
        buttons = messages.question_buttons([question] if question else [])
        return messages.curated_message(sign, said, lines, words, buttons)

    def _follow(self, request: Request, scope: Scope, words: Words, show: Show) -> Message:
        collection = self._collection(request, scope, words)
        if isinstance(collection, Message):
            return collection

        def on_page(url: str, number: int, count: int) -> None:
            said = words.fetching.format(number=number, count=count, name=url)
            show(messages.curated_message(_AT_WORK, said, words=words))

        rounds = [self._library.follow(url, collection, on_page) for url in request.urls]
        lines = [line for one in rounds for line in round_lines(one, words)]
        if any(one.changed for one in rounds):
            report = self._build(words, show)
            kept = (outcome for one in rounds for outcome in one.outcomes if not isinstance(outcome, Refused))
            lines += failure_lines(report, scope, words, only={outcome.file for outcome in kept})
        if all(one.problem for one in rounds):
            return messages.curated_message(_PARTLY, words.follow_nothing, lines, words)
        return messages.curated_message(_DONE, words.follow_done, lines, words)

    def _collection(self, request: Request, scope: Scope, words: Words) -> str | Message:
        """Return the collection to add to: the one named, or the only one visible; else a question."""
        known = self._library.collections(scope)
        names = words.comma.join(name or words.collection_at_top for name in known)
        if request.collection is not None:
            if collection_named(request.collection) in known:
                return collection_named(request.collection)
            said = words.collection_unknown.format(name=request.collection, names=names)
            return messages.curated_message(_QUESTION, said, words=words)
        if scope is None or "" in known:
            return ""
        if len(known) == 1:
            return known[0]
        example = known[0] if known else IN_NO_FOLDER
        said = words.collection_which.format(name=example, names=names)
        return messages.curated_message(_QUESTION, said, words=words)

    def _sources(
        self, request: Request, words: Words, show: Show, lost: list[str]
    ) -> Iterator[str | Document]:
        """Yield file after file, so that only one is in memory; `lost` gets those that did not come."""
        for pasted in request.pasted:
            title = pasted.title or head(pasted.text, _MAX_TITLE_CHARS // 2)
            yield _document({"title": " ".join(title.split())[:_MAX_TITLE_CHARS]}, f"{pasted.text}\n")
        sources: list[str | File] = [*request.urls, *request.files]
        for number, source in enumerate(sources, start=1):
            name = source.name if isinstance(source, File) else source
            said = words.fetching.format(number=number, count=len(sources), name=name)
            show(messages.curated_message(_AT_WORK, said, words=words))
            if not isinstance(source, File):
                yield source
                continue
            raw = self._downloads.fetch(source)
            if isinstance(raw, NotFetched):
                lost.append(_lost(source, raw, words))
            else:
                yield Document(source.name, raw, source.content_type)

    def _build(self, words: Words, show: Show) -> BuildReport:
        def on_progress(stage: str, done: int, total: int) -> None:
            if stage != "Embedding" or not total:  # the others are done in no time
                return
            percent = 100 * done // total
            said = words.building_share.format(percent=percent)
            show(messages.curated_message(_AT_WORK, said, words=words))

        show(messages.curated_message(_AT_WORK, words.building, words=words))
        return self._library.rebuild(on_progress)

    def _ask_before_removing(self, name: str, scope: Scope, words: Words) -> Message:
        looked = self._library.look_up(name, scope)
        if looked.found is None:
            near = words.comma.join(looked.near)
            lines = [words.remove_near.format(names=near)] if looked.near else []
            said, buttons = words.remove_unknown.format(name=name), messages.which_buttons(looked.near)
            return messages.curated_message(_QUESTION, said, lines, words, buttons)
        found = looked.found
        said = words.remove_question.format(title=found.title or found.id, id=found.id)
        buttons = messages.removal_buttons(found.id, words)
        detail = words.remove_detail.format(days=self._library.keep_removed_days)
        return messages.curated_message(_QUESTION, said, [detail], words, buttons)

    def _status(self, scope: Scope, words: Words) -> Message:
        listed = self._library.inventory(scope)
        counts = words.status_counts.format(
            articles=f"{sum(1 for one in listed if one.passages):,}",
            passages=f"{sum(one.passages for one in listed):,}",
            waiting=max(0, self.requests.held - 1),  # this one is at work itself
        )
        failed = [
            words.status_failed.format(file=one.file, reason=reason_in(words, one.reason))
            for one in listed
            if one.reason
        ]
        behind = [
            words.status_new.format(id=one.id) for one in listed if one.state in ("new", "changed", "removed")
        ]
        return messages.curated_message("books", words.status, [counts, *failed, *behind], words)


class ProgressMessage:
    """One message of the bot that says how far a request is, and at last what came of it."""

    def __init__(self, reply: Reply, ts: str | None, words: Words) -> None:
        """`ts` is the message that there is already; empty for the one whose button was pressed."""
        self._reply = reply
        self._ts = ts
        self._words = words
        self._left = EDITS_OF_A_RESPONSE if isinstance(reply, InResponse) else None
        self._next = 0.0

    def show(self, message: Message) -> None:
        """Show progress, by best effort and no more often than is read."""
        now = time.monotonic()
        if now < self._next or self._left == 0:
            return
        self._next = now + EDIT_SECONDS
        if self._left is not None:
            self._left -= 1
        self.end(message)

    def end(self, message: Message) -> replies.Outcome:
        if self._ts is not None:
            return self._reply.update(self._ts, message, self._words)
        outcome = self._reply.post(message, self._words)
        if isinstance(outcome, Sent) and outcome.ts:
            self._ts = outcome.ts
        return outcome


def register(app: App, curating: Curating, memory: Memory) -> None:
    """Add the buttons below messages to curators."""
    buttons = _Buttons(curating, memory)
    app.action(messages.REMOVE)(buttons.remove)
    app.action(messages.KEEP)(buttons.keep)
    app.action(re.compile(rf"{messages.WHICH}_\d"))(buttons.which)


class _Buttons:
    """A value says no more than could be typed, and the person who presses is checked as if it had been."""

    def __init__(self, curating: Curating, memory: Memory) -> None:
        self._curating = curating
        self._inbox = memory.inbox

    def remove(self, ack: Ack, body: Payload, action: Payload, context: BoltContext) -> None:
        ack()
        words, reply = self._words(body), InResponse(str(body["response_url"]), thread_shown(body))
        scope = self._allowed(body, context, words, reply)
        if isinstance(scope, Closed):
            return
        id, place = str(action.get("value") or ""), place_pressed(body, team_of(context))
        message = str((body.get("container") or {}).get("message_ts") or "")
        claim = self._inbox.claim((f"remove:{place.team}:{place.channel}:{message}:{id}",))
        if claim is None:  # pressed twice
            return

        def job() -> None:
            progress = ProgressMessage(reply, "", words)
            try:
                progress.end(self._curating.remove(id, scope, words, progress.show))
            except FootnoteError as error:
                _log.error("An article could not be removed: %s", error)
                progress.end(failed_message(error, words))
            except Exception as error:
                _log.error("An article could not be removed\n%s", trace(error))
                progress.end(messages.broken_message(words))
            finally:
                self._inbox.finish(claim)

        if not self._curating.requests.submit(job):
            self._inbox.release(claim)
            reply.post(messages.busy_message(words), words)

    def keep(self, ack: Ack, body: Payload, action: Payload, context: BoltContext) -> None:
        ack()
        words, reply = self._words(body), InResponse(str(body["response_url"]), thread_shown(body))
        if not isinstance(self._allowed(body, context, words, reply), Closed):
            said = words.kept.format(id=str(action.get("value") or ""))
            reply.update("", messages.curated_message(_DONE, said, words=words), words)

    def which(self, ack: Ack, body: Payload, action: Payload, context: BoltContext) -> None:
        """Ask whether to remove the article that was chosen."""
        ack()
        words, reply = self._words(body), InResponse(str(body["response_url"]), thread_shown(body))
        scope = self._allowed(body, context, words, reply)
        if isinstance(scope, Closed):
            return
        request = Request("remove", name=str(action.get("value") or ""))
        try:
            reply.update("", self._curating.carry_out(request, scope, words, lambda _: None), words)
        except FootnoteError as error:
            _log.error("An article could not be looked up: %s", error)
            reply.post(failed_message(error, words), words)

    def _allowed(
        self, body: Payload, context: BoltContext, words: Words, reply: InResponse
    ) -> Scope | Closed:
        """Return the scope that may be changed; if there is none, tell the person and return `Closed`."""
        place = place_pressed(body, team_of(context))
        sight = self._curating.lookups.access.at(place.channel, outsider=is_outsider(body))
        if isinstance(sight, Closed):
            reply.post(messages.declined_message(words, unknown=sight is Closed.UNKNOWN), words)
            return sight
        if not self._curating.trusts(user_of(body)):
            reply.post(self._curating.who_can(words), words)
            return Closed.OUTSIDER
        return sight.scope

    def _words(self, body: Payload) -> Words:
        return self._curating.lookups.languages.words(user_of(body))


def failed_message(error: FootnoteError, words: Words) -> Message:
    """Tell an expected failure in its own words, which are for those who look after the articles."""
    return messages.curated_message(_PARTLY, words.request_failed, str(error).split("\n"), words)


def taken_on_message(words: Words) -> Message:
    return messages.curated_message(_AT_WORK, words.taken_on, words=words)


def _rebuilt(report: BuildReport, scope: Scope, words: Words) -> Message:
    failures = failure_lines(report, scope, words)

    def count(ids: Sequence[str]) -> str:
        return f"{sum(1 for id in ids if within(id, scope)):,}"

    counts = words.rebuilt_counts.format(
        added=count(report.added),
        changed=count(report.changed),
        removed=count(report.removed),
        failed=f"{len(failures):,}",
    )
    return messages.curated_message(_PARTLY if failures else _DONE, words.rebuilt, [counts, *failures], words)


def _lost(file: File, why: NotFetched, words: Words) -> str:
    said = {
        NotFetched.ELSEWHERE: words.not_fetched_elsewhere,
        NotFetched.NOT_ALLOWED: words.not_fetched_not_allowed,
        NotFetched.TOO_LARGE: words.not_fetched_too_large,
        NotFetched.FAILED: words.not_fetched_failed,
    }[why]
    values = {"name": file.name, "megabytes": f"{MAX_BYTES / 1e6:.0f}"}
    return said.format(**values)
