"""Lists, tables, records and copies: what is quoted of them, and with what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.answer.answerer import Answerer, AnswerOptions
from bot.answer.find import mended
from bot.answer.kin import names_another
from bot.answer.question import asks_for_steps, holds_identifier, identifiers, step_asked
from bot.answer.selection import Span
from bot.types import Answer, Instead, NoAnswer
from index.article import parse_article
from index.build import build
from index.generations import FileStore
from index.search import Searcher
from tests.fakes.encoder import HashingEncoder
from tests.fakes.reader import WordReader

Ask = Callable[[str], Answer | NoAnswer]

ARTICLES = {
    "kiln": (
        "# Lighting the kiln\n\nTo light the kiln:\n\n1. Open the kiln damper\n2. Turn the kiln tap\n"
        "3. Hold the kiln lighter to the ring\n\nThe kiln is hot after an hour.\n"
    ),
    "rooms": (
        "# Rooms\n\n| Room | Seats | Phone |\n|---|---|---|\n| Heron | 12 | 551 |\n| Osprey | 40 | 552 |\n"
        "| Kestrel | 8 | 553 |\n"
    ),
    "machines": (
        "# Cards\n\n## Press M-17\n\nOil pressure: 4.2 bar\n\n## Press M-18\n\nOil pressure: 5.1 bar\n"
    ),
    "offices": (
        "# Offices\n\nPhone of the offices:\n\n- Turku: 551 017\n- Malmo: 551 020\n  - Night desk: 551 099\n"
        "- Bergen: 551 033\n"
    ),
    "faults": "# Faults\n\nTX-101 means that the belt has slipped. TX-102 means that the belt is torn.\n",
    "leave": "# Leave\n\nStudy leave lasts 9 days and moving leave lasts 2 days. Ask your lead.\n",
    "releases": (
        "# Releases\n\nVersion 3.1.4 was released on 2 May 2021 and brought the map. Version 3.2.0 was"
        " released on 6 June 2021 and brought the clock. Version 2.9.0 was released on 1 April 2018.\n"
    ),
    "harbour": "# Harbour\n\nTorvald Aas, the pilot of Norrvik, said that the harbour is deep.\n",
    "airfield": "# Airfield\n\nThe airfield lost its pilot and its guard in spring.\n",
    "notice": "# Notice\n\nThe lake path is closed from May until the end of August. Take the road.\n",
    "letter": "# Letter\n\nDear all. The lake path is closed from May until the end of August.\n",
}


@pytest.fixture
def ask(tmp_path: Path, data: Path, encoder: HashingEncoder) -> Ask:
    sources = tmp_path / "structured"
    sources.mkdir()
    for name, text in ARTICLES.items():
        (sources / f"{name}.md").write_text(text, "utf-8")
    build(sources, data, encoder)
    return Answerer(FileStore(data, encoder), encoder, sources, balance=0.0).answer


def shown(result: Answer | NoAnswer) -> list[str]:
    assert isinstance(result, Answer)
    return [quote.seen.words for quote in result.quotes]


def test_steps_are_quoted_in_their_order_as_one_slice_of_the_article(ask: Ask) -> None:
    result = ask("How do I light the kiln?")
    assert shown(result) == [
        "1. Open the kiln damper\n2. Turn the kiln tap\n3. Hold the kiln lighter to the ring"
    ]
    assert isinstance(result, Answer)
    quote = result.quotes[0]
    assert ARTICLES["kiln"][quote.start : quote.end] == quote.text
    assert quote.path == ("To light the kiln",)


def test_a_single_step_that_is_asked_for_is_quoted_alone(ask: Ask) -> None:
    assert shown(ask("What is the second step to light the kiln?")) == ["Turn the kiln tap"]
    assert shown(ask("What is the last step to light the kiln?")) == ["Hold the kiln lighter to the ring"]


def test_of_a_table_the_row_is_quoted_that_names_what_was_asked(ask: Ask) -> None:
    result = ask("How many seats does the room Osprey have?")
    assert shown(result)[0] == "Room: Osprey · Seats: 40 · Phone: 552"
    assert isinstance(result, Answer)
    assert result.quotes[0].text == "| Osprey | 40 | 552 |"


def test_of_lines_with_a_label_the_one_is_quoted_that_has_the_label_asked_for(ask: Ask) -> None:
    assert shown(ask("What is the phone number of the Malmo office?"))[0] == "Malmo: 551 020"
    assert shown(ask("What is the phone number of the Bergen office?"))[0] == "Bergen: 551 033"


def test_a_record_is_known_by_the_code_in_its_heading(ask: Ask) -> None:
    result = ask("What is the oil pressure of press M-18?")
    assert shown(result)[0] == "Oil pressure: 5.1 bar"
    assert isinstance(result, Answer) and result.instead is None


def test_a_neighbouring_code_is_not_quoted_first(ask: Ask) -> None:
    assert shown(ask("What does TX-102 mean?"))[0] == "TX-102 means that the belt is torn."
    both = shown(ask("What is the difference between TX-101 and TX-102?"))
    assert {quote[:6] for quote in both} == {"TX-101", "TX-102"}


def test_a_code_that_no_article_has_is_not_answered_for_certain(ask: Ask) -> None:
    result = ask("What does TX-109 mean?")
    assert isinstance(result, Answer)
    assert (result.certain, result.instead) == (False, Instead("TX-109", "TX-101"))


def test_a_sentence_of_several_articles_is_cited_with_all_of_them(ask: Ask) -> None:
    result = ask("Until when is the lake path closed?")
    assert isinstance(result, Answer)
    first = result.quotes[0]
    assert (first.citation, first.copies) == (1, (2,))
    assert {source.id for source in result.sources} == {"notice", "letter"}
    assert len({quote.text for quote in result.quotes}) == len(result.quotes)


BESIDE = """# Offices

| Town | Desks | Lead |
|---|---|---|
| Turku | 14 | Aino Salo |
| Bergen | 31 | Odd Lie |
| Hall4 | 7 | Una Ros |
| Hall5 | 9 | Kai Bo |

## Repair times

- Bikes: 2 days
- Prams: 5 days
  - Wheels: 9 days

## Malmo

The canteen opens at nine. It closes at two.

## Lund

The canteen opens at ten.

## Guards

The guard of Umea has a dog. The guard of Visby has a horse.

Olle Berg looks after the boats. His deputy is Pia Ek.
"""


@pytest.mark.parametrize(
    ("quoted", "question", "lacking"),
    [
        ("| Turku | 14 | Aino Salo |", "How many desks does Bergen have?", "Bergen"),
        ("| Bergen | 31 | Odd Lie |", "How many desks does Bergen have?", None),
        ("| Bergen | 31 | Odd Lie |", "Who is Bergen's lead?", None),
        ("| Hall4 | 7 | Una Ros |", "How many desks are in Hall5?", "Hall5"),
        ("Wheels: 9 days", "How long does it take to repair bikes?", "bikes"),
        ("Bikes: 2 days", "How long does it take to repair bikes?", None),
        ("The canteen opens at nine.", "When does the canteen in Lund open?", "Lund"),
        ("The canteen opens at ten.", "When does the canteen in Lund open?", None),
        ("The guard of Umea has a dog.", "Which animal does the guard of Visby have?", "Visby"),
        ("His deputy is Pia Ek.", "Who is the deputy of Olle Berg?", None),
        ("The canteen opens at ten.", "When does the canteen open in winter?", None),
    ],
)
def test_what_a_unit_beside_the_quoted_one_names_is_missed_in_the_quote(
    quoted: str, question: str, lacking: str | None
) -> None:
    article = parse_article("offices", "offices.md", BESIDE.encode())
    start = article.text.index(quoted)
    assert names_another([Span(article, start, start + len(quoted))], question) == lacking


def test_a_name_is_no_slip_for_another_word(tmp_path: Path, data: Path, encoder: HashingEncoder) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "leave.md").write_text("# Leave\n\nStudy leave is seen as work. Ask Marit.\n", "utf-8")
    build(tmp_path / "s", data, encoder)
    search = Searcher(FileStore(data, encoder).current(), encoder)
    question = "How long is study leave in Sweden?"
    assert mended(question, search.find(question)) == (question, None)
    assert mended("Is Merit asked?", search.find("Is Merit asked?")) == (
        "Is Marit asked?",
        Instead("Merit", "Marit"),
    )


def test_a_place_that_no_article_names_makes_an_answer_uncertain(ask: Ask) -> None:
    result = ask("How long is study leave in Spain?")
    assert isinstance(result, Answer)
    assert (result.certain, result.instead) == (False, Instead("Spain", None))


def test_whose_role_is_asked_for_counts_where_several_have_one(ask: Ask) -> None:
    result = ask("Who is the pilot?")
    assert isinstance(result, Answer)
    assert (result.certain, result.instead) == (False, Instead("pilot", "pilot of Norrvik"))
    named = ask("Who is the pilot of Norrvik?")
    assert isinstance(named, Answer) and named.certain


def test_all_of_several_are_quoted_if_the_reader_finds_no_words_of_an_answer_in_any(
    ask: Ask, tmp_path: Path, data: Path, encoder: HashingEncoder
) -> None:
    read = Answerer(
        FileStore(data, encoder), encoder, tmp_path / "structured", 0.0, AnswerOptions(WordReader({}))
    ).answer
    for asked in (ask, read):
        quotes = " ".join(shown(asked("Which versions were released in 2021?")))
        assert ("3.1.4" in quotes, "3.2.0" in quotes) == (True, True)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("what is 0x80070005", ("0x80070005",)),
        ("err1043?", ("err1043",)),
        ("Is ISO 9001 needed?", ("ISO 9001",)),
        ("after the IPO 2014", ()),
        ("in 2015, 40 men", ()),
    ],
)
def test_codes_without_capitals_and_with_a_blank_are_codes_and_years_are_not(
    question: str, found: tuple[str, ...]
) -> None:
    assert identifiers(question) == found


def test_a_version_is_the_same_with_and_without_its_letter() -> None:
    assert holds_identifier("Version 3.4.1 came in May.", "v3.4.1")
    assert holds_identifier("Since v3.4.1 it works.", "3.4.1")
    assert not holds_identifier("Since 13.4.1 it works.", "3.4.1")


@pytest.mark.parametrize(
    "question", ["How do I reset it?", "how to reset", "What are the steps?", "How is the lamp replaced?"]
)
def test_what_is_done_one_after_the_other_is_asked_for_in_many_ways(question: str) -> None:
    assert asks_for_steps(question)


@pytest.mark.parametrize("question", ["How does the relay work?", "Who reset it?"])
def test_other_questions_ask_for_no_steps(question: str) -> None:
    assert not asks_for_steps(question)


def test_the_number_of_a_step_is_understood_in_words_and_digits() -> None:
    assert [step_asked(q) for q in ("the fourth step?", "step 3 of it", "the 2nd step", "final step")] == [
        4, 3, 2, -1,
    ]  # fmt: skip
