"""A conversation on the page: the same answers as in Slack."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.types import About, Instead, Nearest, Silence, Told
from bot.web.conversations import IDLE_SECONDS, MAX_KEPT, Conversations, Exchange
from index.types import FootnoteError
from tests.bot.web.conftest import Browser, Web
from tests.fakes.answers import BANMA_QUOTE, QUESTION, banma_answer, nothing


def test_the_start_says_what_is_there_and_what_to_try(browser: Browser) -> None:
    shown = browser.get("/")

    assert "from 2 articles" in shown
    assert QUESTION in shown


def test_an_answer_has_its_quote_path_source_date_and_passage(web: Web, browser: Browser) -> None:
    answer = banma_answer()
    quote = replace(answer.quotes[0], path=("Owners", "In 2015"), answer=(27, 43))
    web.answers.prepared[QUESTION] = replace(answer, quotes=(quote, *answer.quotes[1:]))
    browser.get("/")
    shown = browser.ask(QUESTION)

    assert browser.path.startswith("/conversations/")
    assert "Alibaba and SAIC each hold half of Banma." in shown
    assert "<strong>Alibaba and SAIC</strong>" in browser.html
    assert "Owners › In 2015" in shown
    assert "Car Times, 9 February 2015" in shown
    # The passage is there without script.
    assert f"Banma was founded in 2015. <mark>{BANMA_QUOTE}</mark> It makes software" in browser.html


def test_a_follow_up_goes_on_from_what_was_said(web: Web, browser: Browser) -> None:
    browser.get("/")
    browser.ask(QUESTION)
    shown = browser.ask("and when was that?")

    assert QUESTION in shown and "and when was that?" in shown
    _, conversation = web.answers.asked[-1]
    assert [turn.question for turn in conversation] == [QUESTION]
    assert BANMA_QUOTE in conversation[0].answer


def test_a_reload_asks_nothing_again(web: Web, browser: Browser) -> None:
    browser.get("/")
    browser.ask(QUESTION)
    browser.get(browser.path)

    assert len(web.answers.asked) == 1
    assert BANMA_QUOTE in browser.shown()


def test_not_sure_is_said_as_in_slack(web: Web, browser: Browser) -> None:
    web.answers.prepared[QUESTION] = replace(
        banma_answer(certain=False), instead=Instead("ERR-1044", "ERR-1042")
    )
    browser.get("/")

    assert "Not sure: this is the closest I have. The articles name ERR-1042, not ERR-1044." in browser.ask(
        QUESTION
    )


def test_not_in_the_articles_is_said_with_the_nearest(web: Web, browser: Browser) -> None:
    near = (Nearest("banma", "Banma and its owners", None),)
    web.answers.prepared["Who?"] = replace(nothing("Who?"), nearest=near)
    browser.get("/")
    shown = browser.ask("Who?")

    assert "I found no answer in the articles." in shown
    assert "These come closest, but do not say: Banma and its owners" in shown


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Silence.TOO_LONG, "longer than the 2,000 characters"),
        (Silence.GREETING, "Ask me a question"),
        (Silence.THANKS, "You are welcome"),
        (Silence.NOTHING_MORE, "all the articles say"),
        (Silence.NOTHING_BEFORE, "no earlier answer"),
        (Silence.NO_ARTICLES, "no articles to search yet"),
    ],
)
def test_every_silence_has_its_words(web: Web, browser: Browser, reason: Silence, words: str) -> None:
    web.answers.prepared["x"] = nothing("x", reason)
    browser.get("/")

    assert words in browser.ask("x")


def test_without_an_index_the_page_says_so_and_names_no_file(web: Web, browser: Browser) -> None:
    web.answers.indexed = FootnoteError("/secret/data has no index.")
    web.answers.prepared["x"] = FootnoteError("/secret/data has no index.")
    shown = browser.get("/") + browser.ask("x")

    assert "cannot read my articles" in shown
    assert "/secret" not in shown


def test_a_quote_looks_as_its_article_shows_it(web: Web, browser: Browser) -> None:
    answer = banma_answer()
    text = "Half of *Banma*, says `SAIC`, is [theirs](https://example.org/a)."
    quote = replace(answer.quotes[0], text=text, start=0, end=len(text), answer=(0, 4))
    web.answers.prepared[QUESTION] = replace(answer, quotes=(quote,))
    browser.get("/")
    browser.ask(QUESTION)

    assert (
        "<p><strong>Half</strong> of <em>Banma</em>, says <code>SAIC</code>, is"
        ' <a href="https://example.org/a" rel="noopener noreferrer nofollow">theirs</a>. '
    ) in browser.html


def test_another_article_that_says_the_same_is_cited_beside(web: Web, browser: Browser) -> None:
    answer = banma_answer()
    copy = replace(answer.sources[0], citation=2, id="river", title="The river Aare")
    quote = replace(answer.quotes[0], copies=(2,))
    web.answers.prepared[QUESTION] = replace(answer, quotes=(quote,), sources=(answer.sources[0], copy))
    browser.get("/")
    shown = browser.ask(QUESTION)

    assert "[1]" in shown and "[2]" in shown and "The river Aare, which says the same" in shown


def test_what_is_told_of_the_articles_lists_them(web: Web, browser: Browser) -> None:
    told = Told(About.COUNT, count=1)
    web.answers.prepared["How many?"] = replace(banma_answer(), quotes=(), told=told)
    browser.get("/")
    shown = browser.ask("How many?")

    assert "I know one article:" in shown
    assert "Banma and its owners" in shown


def test_a_bug_is_said_and_the_log_has_none_of_the_words(
    web: Web, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    web.answers.prepared["my secret"] = ValueError("my secret")
    browser.get("/")

    assert "Something went wrong on my side" in browser.ask("my secret")
    assert browser.status == 500
    assert "ValueError" in caplog.text and "my secret" not in caplog.text


def test_a_conversation_is_its_browsers_alone(web: Web, browser: Browser) -> None:
    browser.get("/")
    browser.ask(QUESTION)
    other = web.open()
    other.get(browser.path)

    assert other.status == 404
    assert "Banma" not in other.shown()


def test_a_changed_article_is_not_shown_as_what_was_quoted(web: Web, browser: Browser) -> None:
    browser.get("/")
    browser.ask(QUESTION)
    web.answers.articles["banma"] = "Banma was sold." + " " * 80

    assert "The article has changed since this answer" in browser.get(browser.path)


def test_what_is_asked_counts_in_the_report_and_is_judged(web: Web, browser: Browser) -> None:
    browser.get("/")
    browser.ask(QUESTION)
    conversation = browser.path.split("/")[-1].split("#")[0]
    browser.post("/verdict", conversation=conversation, number="1", verdict="down")
    shown = browser.post(
        "/verdict", conversation=conversation, number="1", verdict="down", reason="outdated", words="2020!"
    )
    (judged,) = web.state.shown.verdicts(0)

    assert "Thank you, noted." in shown
    assert (judged.verdict, judged.reason, judged.words) == ("down", "outdated", "2020!")
    assert [ending.kind for ending in web.state.log.since(0)] == ["answered"]


def test_a_question_in_vain_is_passed_on(web: Web, browser: Browser) -> None:
    browser.get("/")
    browser.ask("Who is it?")
    conversation = browser.path.split("/")[-1].split("#")[0]
    shown = browser.post("/tell", conversation=conversation, number="1")

    assert "Noted for the people who look after the articles" in shown
    assert web.state.shown.told() == ["Who is it?"]


def test_more_questions_than_allowed_are_turned_away(web: Web) -> None:
    web.questions_a_minute = 2
    browser = web.open()
    browser.get("/")
    for _ in range(2):
        browser.ask(QUESTION)

    assert "That was more than 2 questions from you in a minute" in browser.ask(QUESTION)
    assert len(web.answers.asked) == 2


def test_what_is_quoted_is_text(web: Web, browser: Browser) -> None:
    answer = banma_answer()
    evil = '<img src=x onerror="alert(1)"> & "more"'
    quote = replace(answer.quotes[0], text=evil, path=("<b>path</b>",))
    source = replace(answer.sources[0], title="<script>alert(1)</script>", publisher="<i>x</i>")
    web.answers.prepared[evil] = replace(answer, quotes=(quote,), sources=(source,))
    browser.get("/")
    browser.ask(evil)

    assert "<img" not in browser.html and "<script>alert" not in browser.html
    assert "<i>" not in browser.html and "<b>" not in browser.html
    assert "&lt;img src=x" in browser.html


class TestConversations:
    def test_are_forgotten_after_a_while(self) -> None:
        now = [0.0]
        kept = Conversations(lambda: now[0])
        id = kept.add("", "me", Exchange(1, "x", nothing("x")))
        now[0] = IDLE_SECONDS - 1
        assert kept.of(id, "me") is not None
        now[0] += IDLE_SECONDS + 1
        assert kept.of(id, "me") is None

    def test_the_longest_unused_gives_way(self) -> None:
        kept = Conversations(lambda: 0.0)
        ids = [kept.add("", "me", Exchange(1, "x", nothing("x"))) for _ in range(MAX_KEPT + 2)]

        assert kept.of(ids[0], "me") is None
        assert kept.of(ids[-1], "me") is not None
