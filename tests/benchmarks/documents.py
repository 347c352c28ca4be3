"""Asks about made-up FAQs and tables in every format, taken in as people add them, and counts what is right.

    python -m tests.benchmarks.documents [--only NAME …] [--show]

An answer is right if one of its quotes, as it is shown, holds all words that are wanted.  Each document is
added beside the articles that ship.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from openpyxl import Workbook

from bot.types import Answer, Answers
from index.build import build
from index.encoders.any_model import SentenceTransformerEncoder
from index.encoders.packaged import lightest
from index.ingest.add import Intake
from index.ingest.given import Document
from index.types import Encoder
from tests.benchmarks.product import open_index
from tests.fakes.documents import docx, paragraph, pdf

SOURCES = Path(__file__).parents[2] / "sources"

TOWNS = (
    "Arvo Brix Calder Dunmere Eskel Farrow Galt Hollin Ister Jarrow Kestrel Lorne Marrick Nessa Orrin Pell"
    " Quill Rask Selby Tarn Ulver Vann Wick Yarrow Zell Ambrose Birk Corvin Dexter Elmet"
).split()
FIRST = "Ada Boris Cara Dilek Emil Fenja Goran Hanna Ivo Jana Kofi Lena Milo Nora Oskar".split()
LAST = "Amsel Berger Castro Dahl Eriksen Frey Gruber Holm Ito Jansen Kovac Lund Moreau Nowak Okafor".split()
FUELS = "diesel petrol electric hydrogen biogas".split()
HEADS = ("Depot", "Trucks", "Manager", "Extension", "Opened", "Fuel")
INTRODUCTION = "This list is kept by the office for transport and is looked through once a year by all teams."


@dataclass(frozen=True, slots=True)
class Asked:
    question: str
    words: tuple[str, ...]
    """All of them stand in one quote of a right answer."""


@dataclass(frozen=True, slots=True)
class Made:
    """A document, and what is asked about it."""

    name: str
    file: str
    data: bytes
    asked: tuple[Asked, ...]


def rows() -> list[tuple[str, ...]]:
    return [
        (
            town,
            str(7 + 3 * n),
            f"{FIRST[n % 15]} {LAST[(n * 7 + n // 15) % 15]}",
            str(4011 + 37 * n),
            str(1961 + 2 * n),
            FUELS[n % 5],
        )
        for n, town in enumerate(TOWNS)
    ]


def cell_questions() -> tuple[Asked, ...]:
    """One or two for each row, over all columns."""
    told: list[Asked] = []
    for n, (town, trucks, manager, extension, opened, fuel) in enumerate(rows()):
        forms = (
            (f"How many trucks does the {town} depot have?", trucks),
            (f"Who is the manager of {town}?", manager),
            (f"What is the extension of the depot in {town}?", extension),
            (f"When was the {town} depot opened?", opened),
            (f"Which fuel is used in {town}?", fuel),
        )
        for place in (n, n + 2):
            question, value = forms[place % 5]
            told.append(Asked(question, (town, value)))
        if n % 5 == 0:
            told.append(Asked(f"Which depot does {manager} manage?", (town, manager)))
    return tuple(told)


_KINDS = (
    (
        ("Can I bring my {} to work?", "Yes, but only on {}.", "No, {} forbids it."),
        "bicycle: Fridays, dog: the insurance, kettle: Mondays, child: the landlord, own laptop: open days,"
        " guitar: the choir, heater: cold days, scooter: the porter, lamp: weekends, lunch: the kitchen",
    ),
    (
        ("How do I order a new {}?", "Write to {}.", "Ask {} at the front desk."),
        "badge: badges@lindholm.example, chair: Rita, phone: the exchange, screen: Ines, keyboard: the depot,"
        " parking permit: Mr Oduya, locker key: room 7, uniform: the tailor, travel card: Bente, bed: Ada",
    ),
    (
        ("Where is the {} kept?", "In {}, behind the door.", "It stands in {}."),
        "stapler: cupboard 4, first aid box: room 12, spare key: the safe, projector: the cellar,"
        " flag: the attic, ladder: hall B, drill: workshop 3, bell: the lobby, ice machine: the canteen,"
        " archive: the annex",
    ),
    (
        ("Who looks after the {}?", "{} does, from Monday to Thursday.", "That is {}."),
        "garden: Malin, web page: Pavel, coffee machine: Aiko, rota: Jonas, minibus: Sol, library: Edda,"
        " server room: Youssef, choir: Carla, aquarium: Henk, lift: Olga",
    ),
    (
        ("What happens if the {} is lost?", "You pay {} euros.", "Tell {} within a day."),
        "laptop: 900, swipe card: the guard, car key: 210, tool box: the foreman, visitor pass: 15,"
        " helmet: the warden, voucher: 10, receipt: accounting, contract: 35, token: the caretaker",
    ),
)
FAQ = tuple(
    (question.format(thing), answers[n % 2].format(word))
    for (question, *answers), pairs in _KINDS
    for n, pair in enumerate(pairs.split(", "))
    for thing, word in [pair.split(": ")]
)


def faq_questions() -> tuple[Asked, ...]:
    return tuple(Asked(question, (answer,)) for question, answer in FAQ)


def documents() -> Iterator[Made]:
    headed = "\n\n".join(f"## {question}\n\n{answer}" for question, answer in FAQ)
    bold = "\n\n".join(f"**{question}**\n{answer}" for question, answer in FAQ)
    details = "".join(f"<details><summary>{q}</summary><p>{a}</p></details>" for q, a in FAQ)
    word = "".join(paragraph(q, "Heading2") + paragraph(a) for q, a in FAQ)
    asked = faq_questions()
    yield Made("faq md", "faq.md", f"# Questions of new staff\n\n{headed}\n".encode(), asked)
    yield Made("faq md bold", "faq-bold.md", f"# Questions of new staff\n\n{bold}\n".encode(), asked)
    yield Made("faq html", "faq.html", _page("Questions of new staff", details), asked)
    yield Made("faq docx", "faq.docx", docx(paragraph("Questions of new staff", "Title") + word), asked)
    plain = "\n\n".join(f"{q}\n{a}" for q, a in FAQ)
    yield Made("faq txt", "faq.txt", f"Questions of new staff\n\n{plain}\n".encode(), asked)
    cells = cell_questions()
    lines = [HEADS, tuple("---" for _ in HEADS), *rows()]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    yield Made("table md", "depots.md", f"# Depots\n\n{INTRODUCTION}\n\n{table}\n".encode(), cells)
    yield Made("table html", "depots.html", _page("Depots", f"<p>{INTRODUCTION}</p>{_html_table()}"), cells)
    yield Made("table docx", "depots.docx", docx(paragraph("Depots", "Title") + _word_table()), cells)
    yield Made("table xlsx", "depots.xlsx", _workbook(), cells)
    csv = "\n".join(",".join(line) for line in (HEADS, *rows()))
    yield Made("table csv", "depots.csv", csv.encode(), cells)
    yield Made("table pdf", "depots.pdf", _pdf_table(), cells)


def _page(title: str, body: str) -> bytes:
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>".encode()


def _html_table() -> str:
    head = "".join(f"<th>{head}</th>" for head in HEADS)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows())
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _word_table() -> str:
    def row(cells: Sequence[str]) -> str:
        return f"<w:tr>{''.join(f'<w:tc>{paragraph(cell)}</w:tc>' for cell in cells)}</w:tr>"

    grid = "<w:tblGrid>" + "<w:gridCol/>" * len(HEADS) + "</w:tblGrid>"
    return f"{paragraph(INTRODUCTION)}<w:tbl>{grid}{''.join(map(row, (HEADS, *rows())))}</w:tbl>"


def _workbook() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Depots"
    for line in (HEADS, *rows()):
        sheet.append([int(cell) if cell.isdecimal() else cell for cell in line])
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def _pdf_table() -> bytes:
    lines: list[tuple[str, float, float, float]] = [("Depots", 18, 780, 72), (INTRODUCTION, 11, 750, 72)]
    for n, row in enumerate((HEADS, *rows())):
        lines += [(cell, 11, 720 - 16 * n, 72 + 78 * place) for place, cell in enumerate(row)]
    return pdf([lines], {"Title": "Depots"})


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.documents", description=__doc__)
    parser.add_argument(
        "--only", nargs="*", metavar="NAME", help='such as "table pdf", or "table" for all tables'
    )
    parser.add_argument("--show", action="store_true", help="print what is answered wrongly")
    arguments = parser.parse_args(argv)
    wanted = [
        m for m in documents() if not arguments.only or any(m.name.startswith(o) for o in arguments.only)
    ]
    print(f"{'document':<14} right  certain and wrong")
    for made in wanted:
        with tempfile.TemporaryDirectory() as work:
            answers = answers_about(made, Path(work))
            right, wrong = share(made, answers, print if arguments.show else _silent)
        print(f"{made.name:<14} {right:>5.0%}  {wrong:.0%}", flush=True)
    return 0


def answers_about(made: Made, work: Path) -> Answers:
    """Answer from a document that was added to the articles that ship."""
    sources, data = work / "sources", work / "data"
    shutil.copytree(SOURCES, sources)
    with Intake(sources, data) as intake:
        intake.add(Document(made.file, made.data))
    encoder = _encoder()
    build(sources, data, encoder)
    return open_index(data, sources, encoder)


def share(made: Made, answers: Answers, told: Callable[[str], None]) -> tuple[float, float]:
    """The shares of questions that are answered rightly, and wrongly for certain."""
    right = wrong = 0
    for asked in made.asked:
        result = answers.answer(asked.question)
        quotes = [quote.seen.words for quote in result.quotes] if isinstance(result, Answer) else []
        if any(all(word in quote for word in asked.words) for quote in quotes):
            right += 1
            continue
        certain = isinstance(result, Answer) and result.certain
        wrong += certain
        told(f"  {'certain' if certain else 'unsure'} {result.confidence:.2f} {asked.question} -> {quotes}")
    return right / len(made.asked), wrong / len(made.asked)


def _silent(_: str) -> None:
    pass


@cache
def _encoder() -> Encoder:
    return lightest(SentenceTransformerEncoder(None))


if __name__ == "__main__":
    sys.exit(main())
