"""Who may do what on the page, and whose forms are taken."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.config import WebSettings
from bot.library.rights import Rights
from bot.web.links import Links
from tests.bot.web.conftest import KEY, PASSWORD, Browser, Web
from tests.fakes.answers import QUESTION

PUBLIC = {"host": "0.0.0.0", "url": "https://footnote.example.org"}
CURATING = [
    "/library",
    "/library/add",
    "/library/remove?id=banma",
    "/library/follow",
    "/library/jobs/x",
    "/library/report",
]


@pytest.mark.parametrize("path", CURATING)
def test_looking_after_needs_signing_in_on_this_machine_too(browser: Browser, path: str) -> None:
    shown = browser.get(path)

    assert browser.path.startswith("/sign-in")
    assert "Password" in shown and "banma" not in shown


@pytest.mark.parametrize("path", ["/library/add", "/library/remove", "/library/follow", "/library/rebuild"])
def test_nothing_is_changed_by_who_is_not_signed_in(web: Web, browser: Browser, path: str) -> None:
    browser.post(path, id="banma", text="A text.", url="https://example.org/feed", collection="")

    assert browser.status == 403
    assert (web.sources / "banma.md").is_file()


def test_the_password_opens_what_is_looked_after_and_signing_out_closes_it(browser: Browser) -> None:
    assert "What is there" in browser.sign_in()
    assert browser.path == "/library"

    browser.post("/sign-out")
    browser.get("/library")
    assert browser.path.startswith("/sign-in")


def test_guessing_ends_after_ten_wrong_passwords_from_one_address(browser: Browser) -> None:
    for number in range(10):
        browser.sign_in(f"wrong {number}")
        assert browser.status == 403

    browser.sign_in(PASSWORD)
    assert browser.status == 403


def test_without_a_password_nobody_signs_in(make_web: Callable[..., Web]) -> None:
    browser = make_web(settings=WebSettings()).open()

    assert "FOOTNOTE_WEB_PASSWORD" in browser.get("/library")
    browser.post("/sign-in", password="", to="/library")
    assert browser.status == 403


@pytest.mark.parametrize(
    "to", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1", ""]
)
def test_signing_in_leads_nowhere_else(browser: Browser, to: str) -> None:
    browser.get("/sign-in")
    browser.post("/sign-in", password=PASSWORD, to=to)

    assert browser.path == "/library"


@pytest.mark.parametrize("token", ["", "0" * 32, "é"])
def test_a_form_from_elsewhere_is_refused(web: Web, token: str) -> None:
    browser = web.open()
    browser.get("/")
    browser.post("/ask", token=token, question=QUESTION)

    assert browser.status == 403
    assert web.answers.asked == []


def test_a_form_of_another_session_is_refused(web: Web) -> None:
    mine, other = web.open(), web.open()
    mine.get("/")
    other.get("/")
    mine.post("/ask", token=other.token(), question=QUESTION)

    assert mine.status == 403


def test_another_name_that_leads_to_this_machine_is_refused(web: Web) -> None:
    browser = web.open(base="http://evil.example:8765")

    assert "for the machine that it runs on" in browser.get("/")
    assert browser.status == 400


def test_elsewhere_asking_needs_signing_in_unless_it_is_open(make_web: Callable[..., Web]) -> None:
    web = make_web(settings=WebSettings(password=PASSWORD, **PUBLIC))
    browser = web.open(host="203.0.113.9")
    browser.get("/")
    assert browser.path.startswith("/sign-in")
    browser.get("/articles/banma")
    assert browser.status == 403

    browser = web.with_settings(open=True).open(host="203.0.113.9")
    assert "What would you like to know?" in browser.get("/")


def test_a_signed_link_opens_its_article_without_signing_in(make_web: Callable[..., Web]) -> None:
    web = make_web(settings=WebSettings(**PUBLIC))
    link = Links("", KEY, 30).to("banma", (0, 26, "Banma was founded in 2015."))
    browser = web.open(host="203.0.113.9")

    assert "Banma was founded in 2015." in browser.get(link)
    browser.get(link.replace("/banma", "/river"))
    assert browser.status == 403


def test_who_is_not_signed_in_sees_what_a_direct_message_shows(make_web: Callable[..., Web]) -> None:
    web = make_web(settings=WebSettings(password=PASSWORD, open=True, **PUBLIC))
    web.rights = Rights(default=frozenset(), direct=frozenset({"notes"}))
    browser = web.open(host="203.0.113.9", base="https://localhost:8765")
    browser.get("/")
    browser.ask(QUESTION)

    assert web.answers.scopes == [frozenset({"notes"})]
    assert "Banma" not in browser.get("/articles")
    browser.get("/articles/banma")
    assert browser.status == 404
    assert "Apollo" in browser.get("/articles/notes/moon-landing")


class TestProxy:
    SETTINGS = WebSettings(user_header="X-Forwarded-User", curators=frozenset({"ada"}), **PUBLIC)

    def test_whom_it_names_may_ask_and_a_curator_may_look_after(self, make_web: Callable[..., Web]) -> None:
        web = make_web(settings=self.SETTINGS)

        ada, ben = (web.open(**{"X-Forwarded-User": name}) for name in ("ada", "ben"))
        assert "What is there" in ada.get("/library")
        assert "What would you like to know?" in ben.get("/")
        ben.get("/library")
        assert ben.path.startswith("/sign-in") or "Sign in" in ben.shown()

    def test_from_anywhere_else_the_header_says_nothing(self, make_web: Callable[..., Web]) -> None:
        browser = make_web(settings=self.SETTINGS).open(host="203.0.113.9", **{"X-Forwarded-User": "ada"})

        assert "Sign in" in browser.get("/library")


def test_every_page_says_that_nothing_from_elsewhere_belongs_to_it(web: Web) -> None:
    client = web.open().client
    for path in (
        "/",
        "/articles",
        "/articles/banma",
        "/nothing",
        "/static/page.css",
        "/sign-in",
        "/articles/no",
    ):
        headers = client.get(path).headers
        if path != "/nothing":
            assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"


def test_a_form_that_is_too_large_is_not_read(browser: Browser) -> None:
    browser.get("/")
    browser.post("/ask", question="x" * 200_000)

    assert browser.status == 413
