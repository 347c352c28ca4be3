"""Commands over a real index of small articles, with prepared answers and no Slack."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.answer.scoped_search import View
from bot.config import NO_READER, Settings
from bot.quality.fitting import Observer
from bot.report import Report
from bot.terminal import main
from bot.types import Answer, NoAnswer, Scope
from bot.wiring import Parts
from index.build import BuildOptions, Progress, build
from index.generations import load_generation
from index.search import Searcher
from index.types import Article, BuildReport, FootnoteError, Hit, Reader
from tests.fakes.answers import PreparedAnswers
from tests.fakes.encoder import HashingEncoder
from tests.fakes.reader import WordReader

ROOT = Path(__file__).parents[3]
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-0123456789", "SLACK_APP_TOKEN": "xapp-0123456789"}


@dataclass
class FakePage:
    """A page that serves nobody."""

    settings: Settings
    is_open: bool = True

    def close(self) -> None:
        self.is_open = False


@dataclass
class Bench:
    """Commands over a real index of small articles, with prepared answers and no Slack."""

    sources: Path
    data: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    answers: PreparedAnswers = field(default_factory=PreparedAnswers)
    environment: dict[str, str] = field(default_factory=dict)
    encoder: HashingEncoder = field(default_factory=HashingEncoder)
    served: list[Settings] = field(default_factory=list)
    pages: list[FakePage] = field(default_factory=list)
    page_refusal: FootnoteError | None = None
    posted: list[tuple[Report, str]] = field(default_factory=list)
    refusal: FootnoteError | None = None
    workers: str | None = None
    reader: Reader | FootnoteError = field(default_factory=lambda: WordReader({}))

    def __call__(self, *argv: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """Return the exit code, and what came out on standard output and standard error."""
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "ascii"))
        code = self.main(*argv)
        out, err = self.capsys.readouterr()
        return code, out, err

    def main(self, *argv: str) -> int:
        folders = {"FOOTNOTE_SOURCES": str(self.sources), "FOOTNOTE_DATA": str(self.data)}
        return main(argv, self.parts(), {**folders, **self.environment})

    def parts(self) -> Parts:
        return Parts(
            self._build,
            self._search,
            self._answers,
            self._articles,
            self._slack,
            self._ask_slack,
            self._reader,
            self._observer,
            self._post_report,
            page=self._page,
        )

    def _build(self, settings: Settings, progress: Progress) -> BuildReport:
        self.workers = settings.workers
        return build(settings.sources, settings.data, self.encoder, BuildOptions(progress=progress))

    def _search(self, settings: Settings, scope: Scope) -> Callable[[str, int], Sequence[Hit]]:
        return View(Searcher(load_generation(settings.data, self.encoder), self.encoder), scope).search

    def _answers(self, settings: Settings) -> PreparedAnswers:
        load_generation(settings.data, self.encoder)
        return self.answers

    def _articles(self, settings: Settings) -> Sequence[Article]:
        return load_generation(settings.data, self.encoder).articles()

    def _slack(self, settings: Settings) -> None:
        self.served.append(settings)

    def _reader(self, settings: Settings) -> Reader | None:
        if isinstance(self.reader, FootnoteError):
            raise self.reader
        return None if settings.reader == NO_READER else self.reader

    def _observer(self, settings: Settings) -> Observer:
        searcher = Searcher(load_generation(settings.data, self.encoder), self.encoder)
        return Observer(searcher, self.encoder, self._reader(settings))

    def _page(self, settings: Settings) -> Any:
        page = FakePage(settings)
        self.pages.append(page)
        if self.page_refusal:
            raise self.page_refusal
        return page

    def _post_report(self, settings: Settings, made: Report, channel: str) -> None:
        self.posted.append((made, channel))

    def _ask_slack(self, settings: Settings) -> None:
        if self.refusal:
            raise self.refusal


def process(
    *argv: str, folder: Path, environment: Mapping[str, str] | None = None, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, in a folder where no `.env` of a developer lies."""
    return subprocess.run(
        [sys.executable, *argv], cwd=folder, env=python_environment(environment or {}), encoding="utf-8",
        stdout=stdout, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip


def python_environment(added: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **added}


def raiser(error: BaseException) -> Callable[[], Answer | NoAnswer]:
    def fail() -> Answer | NoAnswer:
        raise error

    return fail
