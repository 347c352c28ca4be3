"""Which sentence is quoted follows what the reader finds, and what adds nothing is no answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.answer.answerer import Answerer, AnswerOptions
from bot.answer.ranking import Correction
from bot.answer.windows import WINDOW_CHARS, WINDOWS
from bot.types import Answer, Instead, NoAnswer, Turn
from index.build import build
from index.generations import FileStore
from tests.fakes.encoder import HashingEncoder
from tests.fakes.reader import WordReader


def finds(*words: str, english_only: bool = False) -> WordReader:
    """A reader that finds these words, and is sure of it, and finds nothing else."""
    return WordReader(dict.fromkeys(words, 8.0), nothing=-8.0, english_only=english_only)


Ask = Callable[..., Answer | NoAnswer]


@pytest.fixture
def ask(tmp_path: Path, data: Path, encoder: HashingEncoder) -> Ask:
    """Ask of one article with that text; the balance is that of the product."""

    def asked(
        text: str, question: str, reader: WordReader, title: str = "Zebra Motors", balance: float = 0.5
    ) -> Answer | NoAnswer:
        sources = tmp_path / "sources"
        sources.mkdir(exist_ok=True)
        (sources / "one.md").write_text(f'---\ntitle: "{title}"\n---\n{text}\n', "utf-8")
        build(sources, data, encoder)
        live = FileStore(data, encoder)
        return Answerer(live, encoder, sources, balance, AnswerOptions(reader)).answer(question)

    return asked


def answer(result: Answer | NoAnswer) -> Answer:
    assert isinstance(result, Answer)
    return result


def test_the_sentence_in_which_the_reader_finds_the_answer_is_quoted(ask: Ask) -> None:
    text = "The plant of Zebra Motors was opened for visitors. Ada Stripe started the firm in 2015."

    found = answer(ask(text, "Who opened the plant of Zebra Motors?", finds("Ada Stripe")))

    assert found.quotes[0].text == "Ada Stripe started the firm in 2015."


def test_the_very_words_that_answer_stand_inside_the_quote(ask: Ask) -> None:
    text = "Much is said of the founders. Ada Stripe started Zebra Motors in 2015."

    quote = answer(ask(text, "When did Zebra Motors start?", finds("2015"))).quotes[0]

    assert quote.answer is not None
    start, end = quote.answer
    assert quote.start <= start < end <= quote.end
    assert text[start:end] == "2015"


def test_what_the_reader_does_not_find_is_not_answered_for_certain(ask: Ask) -> None:
    result = ask("Ada Stripe left Zebra Motors in 2015.", "Why did Ada Stripe leave Zebra Motors?", finds())

    assert isinstance(result, NoAnswer) or not result.certain


def test_a_question_is_no_answer_though_it_shares_all_words(ask: Ask) -> None:
    text = "So who founded Zebra Motors? Ada Stripe did, in a barn."

    found = answer(ask(text, "Who founded Zebra Motors?", finds("Zebra Motors", "Ada Stripe")))

    assert "Ada Stripe did, in a barn." in found.quotes[0].text
    assert not found.quotes[0].text.startswith("So who")


def test_a_sentence_that_adds_nothing_decides_a_question_and_answers_no_other(ask: Ask) -> None:
    text = "Zebra Motors sells engines. Buyers like engines of all kinds."

    sells = ask(text, "What engines sells Zebra Motors?", finds("engines"), balance=0.0)
    decided = ask(text, "Does Zebra Motors sell engines?", finds("engines"), balance=0.0)

    assert [quote.text for quote in answer(sells).quotes] == ["Buyers like engines of all kinds."]
    assert answer(decided).quotes[0].text == "Zebra Motors sells engines."


def test_the_reader_reads_a_few_windows_each_under_its_title(ask: Ask) -> None:
    reader = finds()
    sentences = (
        f"Car number {n} of Zebra Motors has an engine of a kind that nobody else builds." for n in range(200)
    )

    ask(" ".join(sentences), "Which engine has car number 7?", reader)

    assert 0 < len(reader.leads) <= WINDOWS
    assert all(lead.startswith("Zebra Motors.") for lead in reader.leads)
    assert all(len(text) <= WINDOW_CHARS for _, text in reader.asked)


def test_a_reader_of_english_is_not_asked_in_a_language_that_the_model_does_not_know(ask: Ask) -> None:
    reader = finds("2015", english_only=True)

    ask("斑马公司成立于2015年。公司在上海。", "斑马公司是什么时候成立的？", reader, title="斑马")

    assert reader.asked == []


@pytest.mark.parametrize(
    ("question", "instead"),
    [
        ("What does ERR-1044 mean?", Instead("ERR-1044", "ERR-1042")),
        ("What was mended in version 10.4?", Instead("10.4", "2.10.4")),
    ],
)
def test_another_code_or_version_is_not_the_one_that_was_asked_for(
    ask: Ask, question: str, instead: Instead
) -> None:
    text = "ERR-1042 means that the pump is dry. Version 2.10.4 mended the pump."

    result = ask(text, question, finds("the pump is dry", "the pump"))

    assert result.instead == instead
    assert isinstance(result, NoAnswer) or not result.certain


def test_the_code_that_was_asked_for_is_answered_for_certain(ask: Ask) -> None:
    text = "ERR-1042 means that the pump is dry. Version 2.10.4 mended the pump."

    result = answer(ask(text, "What does err 1042 mean?", finds("that the pump is dry")))

    assert (result.certain, result.instead) == (True, None)


def test_a_name_that_no_article_has_is_not_answered_for_certain(ask: Ask) -> None:
    text = "The chief of Zebra Motors is Ada Stripe."

    result = ask(text, "Who is the chief of Okapi Cars?", finds("Ada Stripe"))

    assert result.instead == Instead("Okapi", None)
    assert isinstance(result, NoAnswer) or not result.certain


def test_yes_or_no_is_said_of_the_very_name(ask: Ask) -> None:
    other = "Grass grows between the sheds all summer, and nobody counts the rabbits there. " * 40
    text = f"The Okapi team plans a new engine.\n\n## Sheds\n\n{other}\n\n## Cockpit\n\nIt has OkapiDrive.\n"
    reader = finds("plans a new engine")

    elsewhere = ask(text, "Does the Okapi team plan OkapiDrive?", reader)
    there = ask(text, "Does the Okapi team plan a new engine?", reader)

    assert elsewhere.instead == Instead("OkapiDrive", None)
    assert there.instead is None


def test_a_correction_moves_the_confidence_and_no_quote(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    live, reader = FileStore(data, encoder), finds("288 kilometres")

    plain, corrected = (
        answer(
            Answerer(live, encoder, sources, 0.0, AnswerOptions(reader, correction)).answer(
                "How long is the Aare?"
            )
        )
        for correction in (None, Correction(1.0, -1.0))
    )

    assert corrected.confidence < plain.confidence
    assert corrected.quotes == plain.quotes


def test_what_the_reader_finds_unlikely_is_not_for_certain(ask: Ask) -> None:
    text = "Zebra Motors has a founder. Ada Stripe started Zebra Motors in 2015."
    question = "Who started Zebra Motors?"

    found = answer(ask(text, question, WordReader({"Ada Stripe": 3.0}, nothing=-8.0)))
    doubted = answer(ask(text, question, WordReader({"Ada Stripe": -0.5}, nothing=-8.0)))

    assert found.certain
    assert not doubted.certain
    assert doubted.quotes[0].answer is None


def test_a_year_that_the_quoted_passage_does_not_have_is_no_certain_answer(ask: Ask) -> None:
    text = "Ada Stripe led Zebra Motors in 2015 and sold 40 cars."
    reader = finds("40 cars", "Ada Stripe")

    assert answer(ask(text, "How many cars did Zebra Motors sell in 2015?", reader)).certain
    other = ask(text, "How many cars did Zebra Motors sell in 2016?", reader)

    assert isinstance(other, NoAnswer) or not other.certain
    assert other.instead == Instead("2016", None)


def test_a_long_form_is_read_as_the_short_form_that_the_article_has(ask: Ask) -> None:
    reader = WordReader({}, {"Who is the CTO of Zebra Motors?": {"Ada Stripe": 8.0}}, nothing=-8.0)

    found = answer(
        ask(
            "Ada Stripe, the CTO of Zebra Motors, spoke.",
            "Who is the chief technology officer of Zebra Motors?",
            reader,
        )
    )

    assert found.certain


def test_a_follow_up_is_read_as_it_was_put_behind_the_question_before(
    tmp_path: Path, data: Path, encoder: HashingEncoder
) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "one.md").write_text("Ada Stripe left Zebra Motors. Bo Hoof took the place.", "utf-8")
    build(sources, data, encoder)
    reader = finds("Bo Hoof")
    asked = "who came then?"

    Answerer(FileStore(data, encoder), encoder, sources, 0.5, AnswerOptions(reader)).answer(
        asked, (Turn("Who left Zebra Motors?", "Ada Stripe left Zebra Motors."),)
    )

    read = [lead for (question, _), lead in zip(reader.asked, reader.leads, strict=True) if question == asked]
    assert any(lead.startswith("Who left Zebra Motors?") for lead in read)


@pytest.mark.parametrize(
    ("found", "whole"), [("31.5", "31.5%"), ("590 million", "$590 million"), ("Strip", "Stripe")]
)
def test_the_words_of_the_answer_are_whole(ask: Ask, found: str, whole: str) -> None:
    text = "For $590 million Ada Stripe bought 31.5% of Zebra Motors."

    quote = answer(ask(text, "What share of Zebra Motors did Ada Stripe buy?", finds(found))).quotes[0]

    assert quote.answer is not None
    assert text[quote.answer[0] - quote.start : quote.answer[1] - quote.start] == whole


def test_what_it_did_in_another_article_is_not_certain(
    tmp_path: Path, data: Path, encoder: HashingEncoder
) -> None:
    sources = tmp_path / "two"
    sources.mkdir()
    (sources / "zebra.md").write_text(
        "Zebra Motors paid Ada Stripe 40 crowns for a share of Otter Cars.", "utf-8"
    )
    (sources / "heron.md").write_text("Zebra Motors got a share of 31 percent of Heron Trucks.", "utf-8")
    build(sources, data, encoder)
    options = AnswerOptions(finds("40 crowns", "31 percent"))
    answerer = Answerer(FileStore(data, encoder), encoder, sources, 0.5, options)
    asked = "How much did Ada Stripe get from Zebra Motors?"
    paid = Turn.of(asked, answerer.answer(asked))
    assert "40 crowns" in paid.answer

    by_itself = answer(
        answerer.answer("Of how many percent is the share that Zebra Motors got of Heron Trucks?")
    )
    followed = answerer.answer("of how many percent was the share that it got?", (paid,))

    assert by_itself.certain and "31 percent" in by_itself.quotes[0].text
    assert "31 percent" in answer(followed).quotes[0].text and not followed.certain
