"""Puts the concrete parts together: the one place that builds an encoder, an index and a Slack app.

Everything is built, and Slack's library imported, when it is asked for: a model takes seconds to
load, which `doctor` and `manifest` need not spend.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from bot.answer.answerer import Answerer, AnswerOptions
from bot.answer.ranking import Correction
from bot.answer.scoped_search import View
from bot.config import NO_READER, LlmSettings, Settings
from bot.library import rights
from bot.library.library import Library
from bot.library.rights import LiveRights
from bot.library.store import open_store
from bot.memory import Kept, Memory, alone, open_kept
from bot.quality.acceptance import DEFAULT_FILE, canaries
from bot.quality.calibration import READER_FILE, load_calibration, models_of
from bot.quality.fitting import Observer
from bot.report import Report
from bot.slack import health
from bot.types import Answers, Scope
from index.build import Acceptance, BuildOptions, Embed, Progress, build
from index.encoders.any_model import SentenceTransformerEncoder, default_model_folder
from index.encoders.packaged import lightest
from index.encoders.reader import AnyReader, ShippedReader
from index.ingest.add import IntakeOptions
from index.search import Searcher
from index.store import Current, Pinned, Snapshot, Store
from index.types import Article, BuildReport, Encoder, FootnoteError, Hit, Reader
from index.workers import ray_workers

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from bot.web.server import WebServer

STATE_FILE = "state.sqlite"

Search = Callable[[str, int], Sequence[Hit]]


def open_memory(settings: Settings) -> Memory:
    """Open the bot's memory for reading: nothing is pruned.

    Raise `FootnoteError` if there is none yet.
    """
    where = _where_state_is(settings)
    if isinstance(where, Path) and not where.is_file():
        raise FootnoteError(
            f"{where} does not exist: no question was asked in Slack yet. Run `footnote slack`."
        )
    return Memory(where, prune=False, keep_questions=settings.slack.keep_questions)


def open_page(settings: Settings) -> WebServer:
    """Open the page in the browser; raise `FootnoteError` if no index can be used or its port is taken."""
    from bot.web.server import WebServer, listen

    listening = listen(settings.web.host, settings.web.port, "FOOTNOTE_WEB_PORT")
    state = _state(settings)
    threading.Thread(target=state.keep_pruned, name="prune", daemon=True).start()
    return WebServer(_page_routes(settings, open_answers(settings), state), listening)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that commands are made of; tests give their own."""

    build: Callable[[Settings, Progress], BuildReport]
    search: Callable[[Settings, Scope], Search]
    answers: Callable[[Settings], Answers]
    articles: Callable[[Settings], Sequence[Article]]
    slack: Callable[[Settings], None]
    """Serve until a signal comes."""
    ask_slack: Callable[[Settings], None]
    """Raise `FootnoteError` unless Slack accepts the configured secrets."""
    reader: Callable[[Settings], Reader | None]
    observer: Callable[[Settings], Observer]
    post_report: Callable[[Settings, Report, str], None]
    """Raise `FootnoteError` if the channel may not see it, or Slack does not take it."""
    memory: Callable[[Settings], Memory] = open_memory
    page: Callable[[Settings], WebServer] = open_page


def build_index(settings: Settings, progress: Progress) -> BuildReport:
    """Bring the saved index up to date."""
    with _workers(settings) as embed:
        options = BuildOptions(
            progress=progress,
            keep=settings.keep_generations,
            accept=_canaries(settings),
            store=open_store(settings),
            embed=embed,
            shared=settings.store is not None and not settings.remove_missing,
        )
        return build(settings.sources, settings.data, _encoder(settings.model), options)


def open_search(settings: Settings, scope: Scope = None) -> Search:
    """Return a search; raise `FootnoteError` if there is no usable index."""
    searcher = Searcher(_live(settings).current(), _encoder(settings.model))
    return View(searcher, scope).search


def open_answers(settings: Settings, *, at_once: bool = True) -> Answers:
    """Open the answering side; raise `FootnoteError` if there is no usable index.

    If a language model is set, answers come with its prose `at_once`, or it is to be asked for.
    """
    live = _live(settings)
    live.current()
    answers = _answerer(settings, live)
    written = answers if settings.llm is None else _written(answers, settings.llm, at_once=at_once)
    return written if settings.web.url is None else _linked(written, settings)


def open_library(settings: Settings) -> Library:
    """Open the articles for curators in Slack; changes are answered from as soon as they are reported."""

    def built(progress: Progress) -> BuildReport:
        report = build_index(settings, progress)
        _live(settings).refresh()
        return report

    store = open_store(settings)
    library = Library(settings.sources, settings.data, built, IntakeOptions(settings.allow_hosts), store)
    library.keep_removed_days = settings.slack.retention_days
    return library


def open_rights(settings: Settings) -> LiveRights:
    """Raise `FootnoteError` if the file that says which channel sees what is not understood."""
    return LiveRights(
        settings.slack.channels or settings.data / rights.DEFAULT_FILE,
        lambda: rights.known_collections(settings.sources, open_store(settings)),
        may_be_missing=settings.slack.channels is None,
    )


def open_reader(settings: Settings) -> Reader | None:
    """Return what reads passages; None if nothing is to be read.

    Raise `FootnoteError` if the one that is set, or the one that ships, cannot be used.
    """
    return None if settings.reader == NO_READER else _reader(settings.reader)


def open_observer(settings: Settings) -> Observer:
    """Raise `FootnoteError` if there is no usable index."""
    live, encoder = _live(settings), _encoder(settings.model)
    return Observer(Searcher(live.current(), encoder), encoder, open_reader(settings))


def indexed_articles(settings: Settings) -> Sequence[Article]:
    """Return the articles that answers come from."""
    return _live(settings).current().articles()


def serve_slack(settings: Settings) -> None:
    """Answer in Slack until SIGTERM or SIGINT; raise `FootnoteError` if Slack refuses at the start."""
    from bot.slack.app import SlackParts
    from bot.slack.http_mode import run_http
    from bot.slack.run import stop_on_signals
    from bot.slack.socket_mode import run_socket_mode
    from bot.web.server import WebServer, listen

    stop = stop_on_signals()
    serve = run_socket_mode if settings.slack.mode == "socket" else run_http
    answers = open_answers(settings, at_once=False)
    _encoder(settings.model).encode_questions(["Ready?"])  # the first to ask need not wait for the model
    with alone(settings.data) if settings.state is None else nullcontext():
        state = _state(settings)
        if settings.state is None:
            state.inbox.hand_over_all()  # the process that held them before is gone
        slack, page = settings.slack, None
        try:
            if settings.web.beside_slack:
                on_page = answers if settings.llm is None else open_answers(settings)
                routes = tuple(_page_routes(settings, on_page, state))
                if settings.slack.mode == "http":
                    slack = replace(slack, beside=routes)
                else:
                    page = WebServer(
                        routes, listen(settings.web.host, settings.web.port, "FOOTNOTE_WEB_PORT")
                    )
            parts = SlackParts(answers, state, open_rights(settings).get, open_library(settings))
            serve(slack, parts, stop, lambda up: health.beat(settings.data, up))
        finally:
            if page is not None:
                page.close()
            state.close()
            health.stop(settings.data)


def ask_slack(settings: Settings) -> None:
    """Raise `FootnoteError` unless Slack accepts the configured secrets."""
    from bot.slack.client import check_tokens

    check_tokens(settings.slack)


def post_report(settings: Settings, made: Report, channel: str) -> None:
    """Post a report in a Slack channel; raise `FootnoteError` if that is not possible."""
    from bot.slack import report_post

    try:
        articles = {one.id: (one.title, one.url) for one in indexed_articles(settings)}
    except FootnoteError:  # no index: the report says so of each article
        articles = {}
    report_post.post_report(settings.slack, made, channel, open_rights(settings).get, articles)


REAL_PARTS = Parts(
    build_index,
    open_search,
    open_answers,
    indexed_articles,
    serve_slack,
    ask_slack,
    open_reader,
    open_observer,
    post_report,
)


def _canaries(settings: Settings) -> Acceptance | None:
    """Return a check of new indexes; None if there are no questions for it."""
    file = settings.canaries or settings.data / DEFAULT_FILE
    if settings.canaries is None and not file.exists():
        return None

    def opened(snapshot: Snapshot) -> tuple[Search, Answers]:
        answers = _answerer(settings, Pinned(snapshot))
        return Searcher(snapshot, _encoder(settings.model)).search, answers

    return canaries(file, settings.canaries_fail_under, opened)


def _workers(settings: Settings) -> AbstractContextManager[Embed | None]:
    """Return what embeds elsewhere; None if texts are embedded here."""
    if settings.workers is None:
        return nullcontext()
    fingerprint = _encoder(settings.model).fingerprint
    return ray_workers(settings.workers, partial(worker_encoder, settings.model), fingerprint)


def _answerer(settings: Settings, store: Current) -> Answerer:
    encoder, reader = _encoder(settings.model), open_reader(settings)
    kept = load_calibration(_kept(settings), models_of(encoder, reader))
    return Answerer(
        store,
        encoder,
        settings.sources,
        settings.balance,
        AnswerOptions(reader, None if kept is None else Correction(kept.scale, kept.offset)),
    )


def _kept(settings: Settings) -> Kept:
    return open_kept(settings.data, settings.state)


def _where_state_is(settings: Settings) -> Path | str:
    return settings.state or settings.data / STATE_FILE


def _state(settings: Settings) -> Memory:
    return Memory(
        _where_state_is(settings),
        retention_days=settings.slack.retention_days,
        keep_questions=settings.slack.keep_questions,
    )


def _page_routes(settings: Settings, answers: Answers, state: Memory) -> Sequence[BaseRoute]:
    from bot.web.app import Site, routes
    from bot.web.links import load_key

    site = Site(
        answers,
        open_library(settings),
        _live(settings),
        state,
        settings.web,
        load_key(state.kept),
        open_rights(settings).get,
        settings.slack.user_limit,
    )
    return routes(site)


def _linked(answers: Answers, settings: Settings) -> Answers:
    from bot.web.links import LinkedAnswers, Links, load_key

    links = Links(settings.web.address, load_key(_kept(settings)), settings.web.link_days)
    return LinkedAnswers(answers, links)


def _written(answers: Answers, llm: LlmSettings, *, at_once: bool) -> Answers:
    from bot.answer.llm import LanguageModel
    from bot.answer.prose import WrittenAnswers

    writer = LanguageModel(llm.url, llm.model, llm.key, llm.timeout)
    return WrittenAnswers(answers, writer, at_once=at_once)


def _live(settings: Settings) -> Store:
    return _opened(settings.data, settings.store, settings.store_read, settings.model)


@lru_cache(maxsize=1)
def _opened(data: Path, store: str | None, store_read: str | None, model: str | None) -> Store:
    where = Settings(data=data, store=store, store_read=store_read)
    open_store(where).manifest()  # before the model: that there is no index should be known at once
    return open_store(where, _encoder(model))


@lru_cache(maxsize=1)
def _encoder(model: str | None) -> Encoder:
    """Return the encoder, made once a process: `footnote run` builds and then answers."""
    return lightest(SentenceTransformerEncoder(model))


@lru_cache(maxsize=1)
def worker_encoder(model: str | None) -> Encoder:
    """Return the encoder of a process that has one core to itself."""
    return lightest(SentenceTransformerEncoder(model), threads=1)


@lru_cache(maxsize=1)
def _reader(model: str | None) -> Reader:
    """Return the reader; the one that ships has its own embeddings, and works beside any embedding model."""
    if model is not None:
        return AnyReader(model)
    with as_file(files("bot").joinpath("models", READER_FILE)) as weights:
        return ShippedReader.load(default_model_folder(), weights)
