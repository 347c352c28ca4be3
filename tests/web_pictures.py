"""Pictures of the page in the browser, for the README and for eyes: `python -m tests.web_pictures`.

Real answers from the articles that come with Footnote, and a week of questions that is made up.  Needs
Chromium (`apt install chromium`), and fonts with emoji.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bot.config import keep_arithmetic_to_one_thread, settings_from
from bot.memory import Ending, EndingKind, Memory, Place
from bot.wiring import STATE_FILE, build_index, open_page
from index.types import FootnoteError

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs"
PASSWORD = "for the pictures"
QUESTION = "Who holds what share of Banma?"
IN_VAIN = ("Who is the CEO of Banma?", "Who is the CEO of SAIC?", "How many people work at Meizu?")
DESK, PHONE = {"width": 1000, "height": 760}, {"width": 390, "height": 760}


def main() -> int:
    keep_arithmetic_to_one_thread()
    with tempfile.TemporaryDirectory() as folder:
        try:
            draw(Path(folder))
        except FootnoteError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


def draw(folder: Path) -> None:
    """Write the pictures; raise `FootnoteError` if there is no browser."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise FootnoteError("Chromium is missing. Install it: apt install chromium.")
    shutil.copytree(ROOT / "sources", folder / "sources")
    (folder / "sources" / "minutes.md").write_text("---\ntitle: Minutes of the board\n---\n", "utf-8")
    settings = settings_from(
        {
            "FOOTNOTE_SOURCES": str(folder / "sources"),
            "FOOTNOTE_DATA": str(folder / "data"),
            "FOOTNOTE_WEB_PASSWORD": PASSWORD,
            "FOOTNOTE_WEB_PORT": "8799",
            "FOOTNOTE_KEEP_QUESTIONS": "yes",
        }
    )
    build_index(settings, lambda stage, done, total: None)
    make_up_a_week(settings.data / STATE_FILE)
    server = open_page(settings)
    base = f"http://127.0.0.1:{server.port}"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = opened(browser, DESK, "light")
            page.goto(base)
            shoot(page, "web-start.png")
            ask(page, QUESTION, 1)
            page.click("#answer-1 summary")
            page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
            shoot(page, "web-answer.png")
            page.click("#answer-1 .cite")
            shoot(page, "web-article.png")
            page.goto(f"{base}/library/report")
            page.fill("#password", PASSWORD)
            page.click("button.main")
            page.wait_for_selector(".chart")
            page.goto(f"{base}/library/report")
            shoot(page, "web-report.png", full=True)
            page.goto(f"{base}/library")
            shoot(page, "web-library.png")
            page = opened(browser, PHONE, "dark")
            page.goto(base)
            ask(page, IN_VAIN[1], 1)
            ask(page, QUESTION, 2)
            page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
            shoot(page, "web-phone-dark.png")
            browser.close()
    finally:
        server.close()


def opened(browser: Any, viewport: dict[str, int], scheme: str) -> Any:
    return browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce").new_page()


def ask(page: Any, question: str, number: int) -> None:
    page.fill("#question", question)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#answer-{number}:not(.waiting) :is(blockquote, .note)")


def shoot(page: Any, name: str, *, full: bool = False) -> None:
    page.screenshot(path=str(FOLDER / name), full_page=full)


def make_up_a_week(path: Path) -> None:
    """Questions of seven days, the last of which is today."""
    path.parent.mkdir(parents=True, exist_ok=True)
    now = [0.0]
    state = Memory(path, lambda: now[0], keep_questions=True, prune=False)
    kinds: tuple[EndingKind, ...] = ("answered", "answered", "answered", "answered", "uncertain", "none")
    chance = random.Random(5)
    place = Place("T1", "C1")
    for day, count in enumerate((31, 38, 9, 6, 42, 35, 27)):
        for _ in range(count):
            now[0] = time.time() - (6 - day) * 86_400
            kind = chance.choice(kinds)
            question = chance.choice(IN_VAIN) if kind == "none" else QUESTION
            miss = state.shown.remember_miss(question, place) if kind == "none" else None
            state.log.note(Ending(kind, chance.uniform(0.2, 0.9), 0.8, "g", None, miss), place, "", question)
    state.close()


if __name__ == "__main__":
    sys.exit(main())
