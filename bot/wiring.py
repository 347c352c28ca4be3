"""Where the concrete parts meet: the one place that builds an encoder, an index and a Slack app.

Everything is built, and Slack's library imported, when it is asked for: a model takes seconds to
load, which `doctor` and `manifest` need not spend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bot import health
from bot.answering import Answerer
from bot.config import LlmSettings, Settings
from bot.state import State
from bot.types import Answers
from index.build import Progress, build
from index.embedding import SentenceTransformerEncoder
from index.generation import LiveGeneration, current_name
from index.search import Searcher
from index.types import Article, BuildReport, Encoder, Hit

if TYPE_CHECKING:
    from bot.slack import SlackSettings

STATE_FILE = "state.sqlite"

Search = Callable[[str, int], Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the commands are made of; tests give their own."""

    build: Callable[[Settings, Progress], BuildReport]
    search: Callable[[Settings], Search]
    answers: Callable[[Settings], Answers]
    articles: Callable[[Settings], Sequence[Article]]
    slack: Callable[[Settings], None]
    """Serve until a signal comes."""
    ask_slack: Callable[[Settings], None]
    """Raise `FootnoteError` unless Slack accepts the configured secrets."""


def build_index(settings: Settings, progress: Progress) -> BuildReport:
    """Bring the saved index up to date."""
    return build(settings.sources, settings.data, _encoder(settings.model), progress=progress)


def open_search(settings: Settings) -> Search:
    """Raise `FootnoteError` where there is no usable index."""
    return Searcher(_live(settings.data, settings.model).get(), _encoder(settings.model)).search


def open_answers(settings: Settings) -> Answers:
    """Raise `FootnoteError` where there is no usable index."""
    live = _live(settings.data, settings.model)
    live.get()
    answers = Answerer(live, _encoder(settings.model), settings.sources, settings.balance)
    return answers if settings.llm is None else _written(answers, settings.llm)


def indexed_articles(settings: Settings) -> Sequence[Article]:
    """The articles that answers come from."""
    return _live(settings.data, settings.model).get().articles


def serve_slack(settings: Settings) -> None:
    """Answer in Slack until SIGTERM or SIGINT; raise `FootnoteError` where Slack refuses at the start."""
    from bot.slack import run_http, run_socket_mode, stop_on_signals

    stop = stop_on_signals()
    serve = run_socket_mode if settings.slack_mode == "socket" else run_http
    answers = open_answers(settings)
    state = State(settings.data / STATE_FILE)
    try:
        serve(_slack_settings(settings), answers, state, stop, lambda up: health.beat(settings.data, up))
    finally:
        state.close()
        health.stop(settings.data)


def ask_slack(settings: Settings) -> None:
    """Raise `FootnoteError` unless Slack accepts the configured secrets."""
    from bot.slack import check_tokens

    check_tokens(_slack_settings(settings))


REAL_PARTS = Parts(build_index, open_search, open_answers, indexed_articles, serve_slack, ask_slack)


def _slack_settings(settings: Settings) -> SlackSettings:
    from bot.slack import SlackSettings

    return SlackSettings(
        bot_token=settings.slack_bot_token or "",
        app_token=settings.slack_app_token or "",
        signing_secret=settings.slack_signing_secret or "",
        mode=settings.slack_mode,
        api_url=settings.slack_api_url,
        port=settings.port,
    )


def _written(answers: Answers, llm: LlmSettings) -> Answers:
    from bot.llm import LanguageModel
    from bot.prose import WrittenAnswers

    return WrittenAnswers(answers, LanguageModel(llm.url, llm.model, llm.key, llm.timeout))


@lru_cache(maxsize=1)
def _live(data: Path, model: str | None) -> LiveGeneration:
    current_name(data)  # before the model: that there is no index should be known at once
    return LiveGeneration(data, _encoder(model))


@lru_cache(maxsize=1)
def _encoder(model: str | None) -> Encoder:
    """Once a process: `footnote run` builds and then answers."""
    return SentenceTransformerEncoder(model)
