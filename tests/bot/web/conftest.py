"""The page over a real library of small articles, with prepared answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.config import WebSettings
from bot.library.library import Library
from bot.library.rights import Rights
from bot.memory import Memory
from bot.types import Answers
from bot.web.app import Site, routes
from index.build import BuildOptions, build
from index.generations import FileStore
from index.types import BuildReport
from tests.fakes.answers import BANMA, PreparedAnswers
from tests.fakes.encoder import HashingEncoder

PASSWORD = "correct horse"
KEY = bytes(range(32))
BANMA_FILE = f"""\
---
title: Banma and its owners
publisher: Car Times
published: 2015-02-09
---
{BANMA}
"""


@dataclass
class Web:
    """What the page stands on, to be changed before it is opened."""

    sources: Path
    data: Path
    settings: WebSettings = field(default_factory=lambda: WebSettings(password=PASSWORD))
    answers: Any = field(default_factory=PreparedAnswers)
    rights: Rights = field(default_factory=Rights)
    questions_a_minute: int = 0
    keep_questions: bool = True

    def __post_init__(self) -> None:
        self.encoder = HashingEncoder()
        self.build()
        self.live = FileStore(self.data, self.encoder)
        self.state = Memory(self.data / "state.sqlite", keep_questions=self.keep_questions)

    def build(self, options: BuildOptions | None = None) -> BuildReport:
        return build(self.sources, self.data, self.encoder, *([options] if options else []))

    def site(self, answers: Answers | None = None) -> Site:
        def built(progress: Any) -> Any:
            report = self.build(BuildOptions(progress=progress))
            self.live.refresh()
            return report

        return Site(
            answers or self.answers,
            Library(self.sources, self.data, built),
            self.live,
            self.state,
            self.settings,
            KEY,
            lambda: self.rights,
            self.questions_a_minute,
        )

    def open(self, host: str = "127.0.0.1", base: str = "http://localhost:8765", **headers: str) -> Browser:
        app = Starlette(routes=routes(self.site()))
        client = TestClient(app, base_url=base, client=(host, 50_000), headers=headers)
        return Browser(client)

    def with_settings(self, **changed: Any) -> Web:
        self.settings = replace(self.settings, **changed)
        return self


class Browser:
    """A browser without script that fills in forms as they are."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.status = 0
        self.html = ""
        self.path = ""

    def get(self, path: str) -> str:
        return self._seen(self.client.get(path))

    def post(self, path: str, *, token: str | None = None, files: Any = None, **fields: str) -> str:
        if token is None:
            token = self.token()
        return self._seen(self.client.post(path, data={"token": token, **fields}, files=files))

    def ask(self, question: str) -> str:
        found = re.search(r'name="conversation" value="([^"]*)"', self.html)
        return self.post("/ask", question=question, conversation=found[1] if found else "")

    def sign_in(self, password: str = PASSWORD) -> str:
        return self.post("/sign-in", password=password, to="/library")

    def token(self) -> str:
        """The one in the forms of this page, else of another page of ours."""
        pattern = r'name="token" value="(\w+)"'
        found = re.search(pattern, self.html)
        if found is None:
            found = re.search(pattern, self.client.get("/sign-in").text)
        return found[1] if found else ""

    def shown(self) -> str:
        """The words of the page, as a person reads them."""
        without = re.sub(r"<(script|style)[^>]*>.*?</\1>|<[^>]*>", " ", self.html, flags=re.DOTALL)
        words = " ".join(without.split())
        for entity, letter in (("&#39;", "'"), ("&#34;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            words = words.replace(entity, letter)
        return words

    def _seen(self, response: Any) -> str:
        self.status, self.html = response.status_code, response.text
        self.path = str(response.url).split("localhost:8765", 1)[-1]
        return self.shown()


@pytest.fixture
def make_web(sources: Path, data: Path) -> Iterator[Callable[..., Web]]:
    (sources / "banma.md").write_text(BANMA_FILE, "utf-8")
    made: list[Web] = []

    def make(**changed: Any) -> Web:
        made.append(Web(sources, data, **changed))
        return made[-1]

    yield make
    for web in made:
        web.state.close()


@pytest.fixture
def web(make_web: Callable[..., Web]) -> Web:
    return make_web()


@pytest.fixture
def browser(web: Web) -> Browser:
    return web.open()


@pytest.fixture
def curator(browser: Browser) -> Browser:
    browser.sign_in()
    return browser
