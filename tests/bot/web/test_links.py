"""Signed addresses of articles, and answers that cite them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.memory import KeptFiles
from bot.slack.messages import answer_message
from bot.types import Answer
from bot.web.links import DAY_SECONDS, KEY_FILE, LinkedAnswers, Links, load_key
from index.types import FootnoteError
from tests.bot.web.conftest import KEY
from tests.fakes.answers import BANMA_QUOTE, BANMA_URL, QUESTION, PreparedAnswers, answer_quoting

BASE = "https://footnote.example.org"


def until_and_key(link: str) -> tuple[str, str]:
    fields = dict(part.split("=") for part in link.partition("#")[0].partition("?")[2].split("&"))
    return fields["until"], fields["key"]


def test_a_link_opens_its_article_and_no_other() -> None:
    links = Links(BASE, KEY, 30)
    until, key = until_and_key(links.to("notes/moon landing", (3, 9, "Apollo")))

    assert links.opens("notes/moon landing", until, key)
    assert not links.opens("notes/other", until, key)
    assert not links.opens("notes/moon landing", str(int(until) + DAY_SECONDS), key)
    assert not links.opens("notes/moon landing", until, key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert not Links(BASE, KEY[::-1], 30).opens("notes/moon landing", until, key)


@pytest.mark.parametrize(("until", "key"), [("", ""), ("x", "y"), ("9" * 20, "é"), ("-1", ""), ("٣", "")])
def test_what_is_no_signature_opens_nothing(until: str, key: str) -> None:
    assert not Links(BASE, KEY, 30).opens("banma", until, key)


def test_a_link_ends_after_its_days() -> None:
    now = [1_000_000_000.0]
    links = Links(BASE, KEY, 2, lambda: now[0])
    until, key = until_and_key(links.to("banma"))

    now[0] += 2 * DAY_SECONDS
    assert links.opens("banma", until, key)
    now[0] += DAY_SECONDS
    assert not links.opens("banma", until, key)


def linked_answer() -> Answer:
    """Of an article that has no address of its own."""
    answers = PreparedAnswers()
    prepared = answer_quoting("It is so.")
    answers.prepared["A question?"] = replace(
        prepared,
        quotes=tuple(replace(quote, link=None) for quote in prepared.quotes),
        sources=tuple(replace(source, url=None, link=None) for source in prepared.sources),
    )
    found = LinkedAnswers(answers, Links(BASE, KEY, 30)).answer("A question?")
    assert isinstance(found, Answer)
    return found


def test_an_article_without_an_address_is_cited_by_a_link_to_the_page() -> None:
    found = linked_answer()

    assert found.sources[0].url is None
    link = found.sources[0].link or ""
    assert link.startswith(f"{BASE}/articles/") and "quote=" in link and link.endswith("#quote")
    assert found.quotes[0].link == link


def test_slack_shows_the_link() -> None:
    found = linked_answer()

    message = json.dumps(answer_message(found, "id").blocks)
    assert message.count(f"{BASE}/articles/") == 1


def test_an_article_with_an_address_keeps_it() -> None:
    answers = PreparedAnswers()
    found = LinkedAnswers(answers, Links(BASE, KEY, 30)).answer(QUESTION)

    assert found == answers.answer(QUESTION)
    view = LinkedAnswers(answers, Links(BASE, KEY, 30)).passage("banma", 27, 27 + len(BANMA_QUOTE))
    assert view is not None and (view.link or "").startswith(BANMA_URL)


def test_the_secret_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    key = load_key(KeptFiles(tmp_path / "data"))

    assert load_key(KeptFiles(tmp_path / "data")) == key and len(key) == 32
    assert (tmp_path / "data" / KEY_FILE).stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "data").iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("written", ["", "abcd", "no secret"])
def test_a_damaged_secret_is_said(tmp_path: Path, written: str) -> None:
    (tmp_path / KEY_FILE).write_text(written)

    with pytest.raises(FootnoteError, match="Delete it"):
        load_key(KeptFiles(tmp_path))
