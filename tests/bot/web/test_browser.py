"""The page in a real browser: what people see, reach with the keyboard, and wait for.

Needs Chromium (`apt install chromium`), which continuous integration installs if it can; without it these
tests say so and are skipped.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bot.config import WebSettings
from bot.web.app import routes
from bot.web.links import article_path
from bot.web.server import WebServer, listen
from tests.bot.web.conftest import PASSWORD, Web
from tests.fakes.answers import BANMA, BANMA_QUOTE, QUESTION, banma_answer

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
ASKERS = 20
WORDS = 50_000
HOSTILE = """\
---
title: "<img src=x onerror=document.title='broken'> title"
publisher: "<script>document.title='broken'</script>"
---
# <script>document.title='broken'</script>

Text <img src=x onerror="document.title='broken'"> and <script>document.title='broken'</script> and
[a link](javascript:document.title='broken') and <svg/onload=document.title='broken'>.

<iframe srcdoc="<script>parent.document.title='broken'</script>"></iframe>

<style>main { display: none }</style>

<form action="https://evil.example"><input name="token"><button>Sign in</button></form>

![pixel](https://evil.example/pixel.png)

| <b onclick=document.title='broken'>A</b> | B |
|---|---|
| </table></main> | `<script>` |
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing: apt install chromium")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def served(web: Web) -> Iterator[str]:
    """The page at an address of its own."""
    server = WebServer(routes(web.site()), listen("127.0.0.1", 0, "FOOTNOTE_WEB_PORT"))
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.close()


@pytest.fixture
def address(web: Web) -> Iterator[str]:
    with served(web) as base:
        yield base


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page; one that meets an error of script or of its policy fails the test."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def opened(viewport: dict[str, int] = DESK, **options: Any) -> Any:
        context = chromium.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [trouble for trouble in troubles if "status of 4" not in trouble] == []


def ask(page: Any, question: str, number: int) -> None:
    page.fill("#question", question)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#answer-{number}:not(.waiting) :is(blockquote, .note)")


def in_sight(page: Any, selector: str) -> bool:
    found: bool = page.evaluate(
        "selector => { const box = document.querySelector(selector).getBoundingClientRect();"
        " return box.top >= 0 && box.bottom <= innerHeight }",
        selector,
    )
    return found


def test_a_question_and_a_follow_up_are_answered_in_one_page(
    web: Web, address: str, open_page: Callable[..., Any]
) -> None:
    page = open_page()
    page.goto(address)
    ask(page, QUESTION, 1)
    assert BANMA_QUOTE in page.inner_text("#answer-1 blockquote")
    ask(page, "and when was that?", 2)

    assert page.locator(".turn").count() == 2
    assert [len(conversation) for _, conversation in web.answers.asked] == [0, 1]
    assert page.evaluate("document.activeElement.id") == "question"
    page.reload()
    assert page.locator(".turn").count() == 2
    assert len(web.answers.asked) == 2


def test_the_passage_unfolds_in_place(address: str, open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.goto(address)
    ask(page, QUESTION, 1)
    assert not page.is_visible(".passage")
    page.click("summary:has-text('Show passage')")

    assert page.inner_text(".passage") == BANMA
    assert page.inner_text(".passage mark") == BANMA_QUOTE


def test_an_example_is_asked_with_one_click(address: str, open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.goto(address)
    page.click(f".examples button:has-text('{QUESTION}')")
    page.wait_for_selector("#answer-1 blockquote")

    assert BANMA_QUOTE in page.inner_text("#answer-1")


class TestCitation:
    @pytest.fixture
    def long(self, web: Web) -> str:
        """An article in which the quoted sentence stands far below."""
        filler = "\n\n".join(f"Paragraph {number} says nothing of it." for number in range(400))
        (web.sources / "long.md").write_text(
            f"---\ntitle: Long\n---\n{filler}\n\n{BANMA_QUOTE}\n\n{filler}\n"
        )
        web.build()
        web.live.refresh()
        start = len(filler) + 2
        return article_path("long", (start, start + len(BANMA_QUOTE), BANMA_QUOTE))

    @pytest.mark.parametrize("script", [True, False])
    @pytest.mark.parametrize("fragment", [True, False])
    def test_opens_at_its_sentence(
        self, address: str, long: str, open_page: Callable[..., Any], script: bool, fragment: bool
    ) -> None:
        page = open_page(java_script_enabled=script)
        page.goto(address + (long if fragment else long.partition("#")[0]))

        mark = page.locator("mark")
        assert mark.inner_text() == BANMA_QUOTE
        box = mark.bounding_box()
        assert box is not None and 0 <= box["y"] <= DESK["height"] - box["height"]

    def test_a_text_fragment_opens_it_too(
        self, address: str, long: str, open_page: Callable[..., Any]
    ) -> None:
        page = open_page()
        page.goto(f"{address}/articles/long#:~:text=each%20hold%20half%20of%20Banma")
        page.wait_for_function("scrollY > 1000")

    def test_is_reached_from_its_answer(self, address: str, open_page: Callable[..., Any]) -> None:
        page = open_page()
        page.goto(address)
        ask(page, QUESTION, 1)
        page.click("#answer-1 .cite")

        assert page.inner_text("mark") == BANMA_QUOTE
        assert in_sight(page, "mark")


def test_without_script_all_of_it_works(web: Web, address: str, open_page: Callable[..., Any]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(address)
    page.fill("#question", QUESTION)
    page.click("form.ask button.main")
    assert BANMA_QUOTE in page.inner_text("#answer-1 blockquote")
    page.fill("#question", "and when?")
    page.click("form.ask:not(.examples) button.main")
    assert page.locator(".turn").count() == 2
    page.click("#answer-1 summary")
    assert page.inner_text("#answer-1 .passage") == BANMA

    page.goto(f"{address}/library/add")
    page.fill("#password", PASSWORD)
    page.click("button.main")
    page.fill("#title", "The Rhine")
    page.fill("#text", "The Rhine flows through Basel.")
    page.click("button.main")
    for _ in range(100):
        if "Done." in page.inner_text("main"):
            break
        time.sleep(0.1)
        page.reload()
    assert "Added “The Rhine”" in page.inner_text("main")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_too_wide(
    web: Web, address: str, open_page: Callable[..., Any], scheme: str
) -> None:
    wide = "| A | B | C |\n|---|---|---|\n| " + " | ".join(["a long cell with words"] * 3) + " |\n"
    (web.sources / "wide.md").write_text(f"{wide}\n`{'x' * 300}`\n\nhttps://example.org/{'y' * 300}\n")
    web.build()
    web.live.refresh()
    page = open_page(PHONE, color_scheme=scheme)
    page.goto(address)
    ask(page, QUESTION, 1)
    for path in ("", "/articles", "/articles/wide", "/sign-in"):
        if path:
            page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    sign_in(page, address)
    for path in ("/library", "/library/add", "/library/follow", "/library/report"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


def test_the_keyboard_alone_reaches_everything(address: str, open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.goto(address)
    assert page.evaluate("document.activeElement.id") == "question"
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer-1 blockquote")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.goto(page.url.split("#")[0])
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.className + document.activeElement.tagName"))
        if page.evaluate("document.activeElement.matches('summary')"):
            page.keyboard.press("Enter")
            break
    assert page.is_visible(".passage")
    assert any(one.startswith("cite") for one in reached)
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "what has the focus is seen"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("mark#quote")
    page.keyboard.press("Escape")
    page.goto(address + "/articles")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_rules_of_accessibility_find_no_fault(
    web: Web, address: str, open_page: Callable[..., Any], scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    web.answers.prepared["unsure"] = banma_answer(certain=False)
    # The tool adds its own script, which the page's policy refuses.
    page = open_page(color_scheme=scheme, bypass_csp=True)
    faults: list[str] = []

    def look(what: str) -> None:
        options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}
        for fault in Axe().run(page, options=options).response["violations"]:
            targets = [node["target"] for node in fault["nodes"]][:3]
            faults.append(f"{what}: {fault['impact']} {fault['id']} {targets}")

    page.goto(address)
    look("start")
    ask(page, QUESTION, 1)
    ask(page, "unsure", 2)
    ask(page, "Who is it?", 3)
    page.click("#answer-1 summary")
    page.click("#answer-1 button[value=down]")
    page.wait_for_selector("fieldset")
    look("conversation")
    start = BANMA.index(BANMA_QUOTE)
    for path in (
        *("/articles", article_path("banma", (start, start + 20, BANMA[start : start + 20]))),
        *("/articles/river", "/articles/banma?quote=1-2&is=0", "/articles/none", "/sign-in"),
    ):
        page.goto(address + path)
        look(path)
    sign_in(page, address)
    (web.sources / "empty.md").write_text("")
    for path in (
        "/library",
        "/library/add",
        "/library/remove?id=banma",
        "/library/follow",
        "/library/report",
    ):
        page.goto(address + path)
        look(path)
    assert faults == []


def test_an_article_full_of_markup_and_scripts_is_inert(
    web: Web, address: str, open_page: Callable[..., Any]
) -> None:
    (web.sources / "hostile.md").write_text(HOSTILE, "utf-8")
    web.build()
    web.live.refresh()
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/articles/hostile")
    page.wait_for_timeout(300)

    assert "broken" not in page.title().split("title")[0]
    assert page.is_visible("main")
    assert (
        page.locator("main :is(script, img, iframe, style, form, svg, input, button, [onclick])").count() == 0
    )
    assert page.locator("main a[href^='javascript' i]").count() == 0
    assert [url for url in asked if not url.startswith(address)] == []
    page.goto(f"{address}/articles")
    assert "<img src=x onerror" in page.inner_text("main")


def test_a_page_of_fifty_thousand_words_opens_within_a_second(
    web: Web, address: str, open_page: Callable[..., Any]
) -> None:
    sentence = "The fox of number {} jumps over the lazy dog and goes on to the river. "
    linked = "It is **quick**, as [Bern](https://example.org) says. "
    paragraphs = (f"## Part {n}\n\n{linked}{sentence.format(n) * 20}" for n in range(WORDS // 300))
    text = "\n\n".join(paragraphs)
    (web.sources / "book.md").write_text(f"---\ntitle: A book\n---\n{text}\n", "utf-8")
    assert len(text.split()) >= WORDS
    web.build()
    web.live.refresh()
    page = open_page()
    page.goto(f"{address}/articles/river")  # the style sheet is there, as for whoever came by an answer
    place = len(text) // 2
    taken = []
    for number in range(3):
        began = time.perf_counter()
        page.goto(f"{address}/articles/book?quote={place + number}-{place + 80}#quote")
        page.wait_for_selector("mark")
        taken.append(time.perf_counter() - began)

    assert in_sight(page, "mark#quote")
    assert min(taken) < 1.0


def test_twenty_people_are_answered_at_once(make_web: Callable[..., Web]) -> None:
    import http.client
    import re
    from urllib.parse import urlencode

    web = make_web(settings=WebSettings(password=PASSWORD))
    barrier = threading.Barrier(ASKERS)
    seconds: list[float] = []

    def person(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/")
        response = connection.getresponse()
        html = response.read().decode()
        cookie = (response.getheader("Set-Cookie") or "").partition(";")[0]
        token = (re.search(r'name="token" value="(\w+)"', html) or [""])[1]
        barrier.wait(30)
        began = time.perf_counter()
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/ask", urlencode({"token": token, "question": QUESTION}), headers)
        response = connection.getresponse()
        response.read()
        path = (response.getheader("Location") or "").partition("#")[0]
        connection.request("GET", path, headers={"Cookie": cookie})
        if BANMA_QUOTE in connection.getresponse().read().decode():
            seconds.append(time.perf_counter() - began)

    with served(web) as base:
        people = [
            threading.Thread(target=person, args=(int(base.rpartition(":")[2]),)) for _ in range(ASKERS)
        ]
        for one in people:
            one.start()
        for one in people:
            one.join()

    assert len(seconds) == ASKERS
    # The page adds little to what an answer takes: the prepared ones take no time.
    assert sorted(seconds)[ASKERS // 2] < 1.5


def sign_in(page: Any, address: str) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("#password", PASSWORD)
    page.click("button.main")
    page.wait_for_selector(".tabs")
