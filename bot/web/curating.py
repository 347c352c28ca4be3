"""Look after: what is indexed and what is not, the articles changed, and what people asked in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.library.library import Document, Library, Listed, Refused
from bot.library.outcomes import failure_lines, outcome_lines, round_lines
from bot.memory import Memory, ShownQuote
from bot.report import Disliked, Report, report
from bot.types import Answers
from bot.web.jobs import Jobs, Told
from bot.web.pages import Call, Needs, Pages, not_found
from bot.web.reading import ARTICLES_A_PAGE, page_number
from bot.web.week import KINDS, chart, counts, day_words
from bot.words import ENGLISH
from index.ingest.list import MEANINGS
from index.store import Current
from index.types import BuildReport, FootnoteError

MAX_UPLOAD_BYTES = 60_000_000
MAX_LINKS = 20
MAX_REPORT_DAYS = 365
_TROUBLED = ("failed", "stale")

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One 👎 with the words of its quotes."""

    about: Disliked
    quotes: tuple[tuple[ShownQuote, str | None], ...]
    """None if the article has changed or gone since."""


class Curating:
    """Thread-safe."""

    def __init__(
        self,
        pages: Pages,
        library: Library,
        answers: Answers,
        state: Memory,
        index: Current,
    ) -> None:
        self._pages = pages
        self._library = library
        self._answers = answers
        self._state = state
        self._index = index
        self._jobs = Jobs(ENGLISH.request_failed, (ENGLISH.broken_detail,))

    def routes(self) -> Sequence[BaseRoute]:
        def get(path: str, handler: Callable[[Call], Response]) -> BaseRoute:
            return self._pages.get(path, handler, Needs.CURATING)

        def post(path: str, handler: Callable[[Call], Response]) -> BaseRoute:
            return self._pages.post(path, handler, Needs.CURATING)

        return [
            get("/library", self._list),
            get("/library/add", self._add_form),
            self._pages.post("/library/add", self._add, Needs.CURATING, MAX_UPLOAD_BYTES),
            get("/library/remove", self._ask_before_removing),
            post("/library/remove", self._remove),
            get("/library/follow", self._follow_form),
            post("/library/follow", self._follow),
            post("/library/unfollow", self._unfollow),
            post("/library/rebuild", self._rebuild),
            get("/library/jobs/{id}", self._job),
            get("/library/report", self._report),
        ]

    def close(self) -> None:
        self._jobs.close()

    def _list(self, call: Call) -> Response:
        listed = self._library.inventory(None)
        state, wanted = call.asked("state"), call.asked("find").strip()[:200]
        found = [
            one
            for one in listed
            if (not state or one.state == state)
            and wanted.casefold() in f"{one.title}\n{one.file}".casefold()
        ]
        # What needs a person comes first.
        found.sort(key=lambda one: (one.state not in _TROUBLED, one.state == "indexed", one.file))
        number, count = page_number(call.asked("page"), len(found))
        first = (number - 1) * ARTICLES_A_PAGE
        return call.page(
            "library.html",
            listed=found[first : first + ARTICLES_A_PAGE],
            total=len(found),
            states=Counter(one.state for one in listed),
            passages=sum(one.passages for one in listed),
            meanings=MEANINGS,
            state=state,
            find=wanted,
            number=number,
            count=count,
            jobs=self._jobs.recent()[:5],
        )

    def _add_form(self, call: Call) -> Response:
        return call.page("add.html", collections=self._library.collections(None), problem="")

    def _add(self, call: Call) -> Response:
        collection = call.field("collection")
        links = call.field("links").split()
        given: list[str | Document] = list(links[:MAX_LINKS])
        for upload in call.form.getlist("files"):
            if isinstance(upload, UploadFile) and upload.filename:
                given.append(Document(upload.filename, upload.file.read(), upload.content_type))
        text, title = call.field("text"), " ".join(call.field("title").split())[:200]
        if text.strip():
            given.append(Document(f"{title or 'pasted text'}.md", _titled(text, title).encode()))
        problem = ""
        if not given:
            problem = "Give an address, a file or a text."
        elif len(links) > MAX_LINKS:
            problem = f"Those are more than {MAX_LINKS} addresses. Add them in several turns."
        elif collection not in self._library.collections(None):
            problem = "There is no such collection."
        if problem:
            shown = self._library.collections(None)
            return call.page("add.html", 422, collections=shown, problem=problem)
        names = [one if isinstance(one, str) else one.name for one in given]
        what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        return self._begin(call, f"Add {what}", lambda step: self._added(given, collection, step))

    def _added(self, given: Sequence[str | Document], collection: str, step: Step) -> Told:
        def each() -> Iterable[str | Document]:
            for number, one in enumerate(given, start=1):
                name = one if isinstance(one, str) else one.name
                step(ENGLISH.fetching.format(number=number, count=len(given), name=name))
                yield one

        outcomes = self._library.add(each(), collection)
        kept = [outcome for outcome in outcomes if not isinstance(outcome, Refused)]
        lines = [line for outcome in outcomes for line in outcome_lines(outcome, ENGLISH)]
        if not kept:
            return Told(False, ENGLISH.add_nothing, tuple(lines))
        try:
            built = self._built(step)
        except FootnoteError as error:
            return Told(False, ENGLISH.add_partly, (*lines, str(error)))
        lines += failure_lines(built, None, ENGLISH, only={outcome.file for outcome in kept})
        whole = len(lines) == len(kept)
        question = next((found for one in kept for found in self._answers.examples(None, one.id)), None)
        return Told(whole, ENGLISH.add_done if whole else ENGLISH.add_partly, tuple(lines), question)

    def _ask_before_removing(self, call: Call) -> Response:
        found = self._found(call.asked("id"))
        if found is None:
            return not_found(call, ENGLISH.remove_unknown.format(name=call.asked("id")[:200]))
        detail = ENGLISH.remove_detail.format(days=self._library.keep_removed_days)
        return call.page("remove.html", one=found, detail=detail)

    def _remove(self, call: Call) -> Response:
        found = self._found(call.field("id"))
        if found is None:
            return not_found(call, ENGLISH.remove_unknown.format(name=call.field("id")[:200]))
        return self._begin(
            call, f"Remove {found.title or found.id}", lambda step: self._removed(found.id, step)
        )

    def _removed(self, id: str, step: Step) -> Told:
        removed = self._library.remove(id, None)
        if removed is None:
            return Told(False, ENGLISH.remove_unknown.format(name=id))
        self._built(step)
        return Told(True, ENGLISH.was_removed.format(title=removed.title or removed.id, id=removed.id))

    def _found(self, id: str) -> Listed | None:
        found = self._library.look_up(id, None).found
        return found if found is not None and found.id == id else None

    def _follow_form(self, call: Call) -> Response:
        return call.page(
            "follow.html", followed=self._library.followed(), collections=self._library.collections(None)
        )

    def _follow(self, call: Call) -> Response:
        url, collection = call.field("url").strip(), call.field("collection")
        if not url or collection not in self._library.collections(None):
            return call.to("/library/follow")
        return self._begin(call, f"Follow {url}", lambda step: self._followed(url, collection, step))

    def _followed(self, url: str, collection: str, step: Step) -> Told:
        def on_page(page: str, number: int, count: int) -> None:
            step(ENGLISH.fetching.format(number=number, count=count, name=page))

        one = self._library.follow(url, collection, on_page)
        lines = list(round_lines(one, ENGLISH))
        if one.changed:
            kept = {outcome.file for outcome in one.outcomes if not isinstance(outcome, Refused)}
            lines += failure_lines(self._built(step), None, ENGLISH, only=kept)
        said = ENGLISH.follow_nothing if one.problem else ENGLISH.follow_done
        return Told(not one.problem, said, tuple(lines))

    def _unfollow(self, call: Call) -> Response:
        self._library.stop_following(call.field("url"))
        return call.to("/library/follow")

    def _rebuild(self, call: Call) -> Response:
        return self._begin(call, "Bring the index up to date", self._rebuilt)

    def _rebuilt(self, step: Step) -> Told:
        built = self._built(step)
        failures = failure_lines(built, None, ENGLISH)
        said = ENGLISH.rebuilt_counts.format(
            added=f"{len(built.added):,}",
            changed=f"{len(built.changed):,}",
            removed=f"{len(built.removed):,}",
            failed=f"{len(failures):,}",
        )
        return Told(not failures, ENGLISH.rebuilt, (said, *failures))

    def _built(self, step: Step) -> BuildReport:
        def on_progress(stage: str, done: int, total: int) -> None:
            if stage == "Embedding" and total:  # the others are done in no time
                step(ENGLISH.building_share.format(percent=100 * done // total))

        step(ENGLISH.building)
        return self._library.rebuild(on_progress)

    def _begin(self, call: Call, title: str, work: Callable[[Step], Told]) -> Response:
        job = self._jobs.begin(title, work)
        if job is None:
            said = "Too much is being done already."
            return call.page("problem.html", 503, said=said, detail="Wait until some of it is done.")
        return call.to(f"/library/jobs/{job.id}")

    def _job(self, call: Call) -> Response:
        job = self._jobs.get(call.request.path_params["id"])
        if job is None:
            return not_found(
                call, "What came of it is no longer known.", "The list of articles shows how it is."
            )
        return call.page("job.html", job=job, told=job.told)

    def _report(self, call: Call) -> Response:
        written = call.asked("days")
        asked = int(written) if written.isascii() and written.isdigit() and len(written) < 4 else 7
        days = min(max(asked, 1), MAX_REPORT_DAYS)
        found = report(self._state, datetime.now(UTC).date(), days)
        return call.page(
            "report.html",
            report=found,
            days=days,
            chart=chart(found),
            kinds=KINDS,
            table=[(day_words(day.date), counts(day)) for day in found.days],
            complaints=self._complaints(found),
        )

    def _complaints(self, found: Report) -> list[Complaint]:
        """Return the complaints, newest first."""
        since = datetime.fromisoformat(found.days[0].date).replace(tzinfo=UTC).timestamp()
        # The report leaves out by which hash it is noticed that an article has changed.
        bad = [judged for judged in self._state.shown.verdicts(since) if judged.verdict == "down"]
        complaints = [
            Complaint(one, tuple((quote, self._words_at(quote)) for quote in judged.quotes))
            for one, judged in zip(found.disliked, bad, strict=False)
        ]
        return complaints[::-1]

    def _words_at(self, quote: ShownQuote) -> str | None:
        article = self._index.current().article(quote.source_id)
        text = article.text[quote.start : quote.end] if article is not None else ""
        return text if quote.still_reads(text) else None


def _titled(text: str, title: str) -> str:
    """Return a pasted text with its title above it, unless it has front matter or a heading of its own."""
    begun = text.lstrip()
    return text if not title or begun.startswith(("---", "# ")) else f"# {title}\n\n{text}"
