"""An FAQ and a table are the same units whatever format they come in, each with what stands above it."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.article import parse_article
from index.ingest.add import Intake
from index.ingest.given import Document
from index.ingest.outcomes import Added
from index.rendering import shown
from index.types import Article
from index.units import Kind, units_of
from tests.benchmarks.documents import FAQ, HEADS, Made, documents, rows


def taken_in(made: Made, folder: Path) -> Article:
    with Intake(folder / "sources", folder / "data") as intake:
        outcome = intake.add(Document(made.file, made.data))
    assert isinstance(outcome, Added)
    return parse_article(outcome.id, outcome.file, (folder / "sources" / outcome.file).read_bytes(), [])


@pytest.mark.parametrize("made", [m for m in documents() if m.name.startswith("table")], ids=lambda m: m.name)
def test_every_row_of_a_table_is_a_unit_with_its_heads(made: Made, tmp_path: Path) -> None:
    page = taken_in(made, tmp_path)
    told = [shown(unit, page.text) for unit in units_of(page) if unit.kind is Kind.ROW]

    assert told == [
        " · ".join(f"{head}: {cell}" for head, cell in zip(HEADS, row, strict=True)) for row in rows()
    ]


@pytest.mark.parametrize("made", [m for m in documents() if m.name.startswith("faq")], ids=lambda m: m.name)
def test_every_answer_of_an_faq_stands_below_its_question(made: Made, tmp_path: Path) -> None:
    page = taken_in(made, tmp_path)
    told = [
        (unit.path[-1], shown(unit, page.text))
        for unit in units_of(page)
        if unit.kind is not Kind.INTRODUCES and unit.path
    ]

    assert told == list(FAQ)
