"""Extraction: how much of an article is taken out of its page, and how much else comes along.

Token F1 of the text that `index.ingest` stores against the text that a person marked, page by page,
beside trafilatura with its own defaults, jusText, all the text of the page, and readability where
it is installed (`pip install readability-lxml`).
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping

from index.ingest.document import Unreadable
from index.ingest.readers.web_page import page_draft
from tests.benchmarks.data import BenchmarkData, Split, in_split
from tests.benchmarks.figures import OURS, Figure, Group, Tally, Unit

Extractor = Callable[[str], str]


def extraction(data: BenchmarkData, split: Split, say: Callable[[str], None]) -> Group:
    """Precision, recall and F1 of the words, and pages a second."""
    pages = [page for page in data.extraction() if in_split(page.id, split)]
    precision, recall, f1 = Tally(), Tally(), Tally()
    seconds: dict[str, float] = {}
    for side, extract in _sides().items():
        say(f"extraction: {side}")
        started = time.perf_counter()
        texts = [extract(page.html) for page in pages]
        seconds[side] = time.perf_counter() - started
        for page, text in zip(pages, texts, strict=True):
            for tally, value in zip((precision, recall, f1), token_scores(text, page.text), strict=True):
                tally.add(side, value)
    rates = {side: len(pages) / spent for side, spent in seconds.items()}
    ours = rates.pop(OURS)
    return Group(
        "Extraction",
        (
            f1.figure("Token F1 against the marked text"),
            precision.figure("Token precision"),
            recall.figure("Token recall"),
            Figure("Pages read in a second", ours, len(pages), rates, unit=Unit.PER_SECOND),
        ),
    )


def token_scores(found: str, marked: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of words, each counted as often as it occurs."""
    one, other = Counter(re.findall(r"\w+", found)), Counter(re.findall(r"\w+", marked))
    shared = (one & other).total()
    precision, recall = shared / max(1, one.total()), shared / max(1, other.total())
    return precision, recall, 2 * precision * recall / (precision + recall) if shared else 0.0


def _sides() -> Mapping[str, Extractor]:
    import justext
    import trafilatura
    from lxml import html as parser

    def words(page: str) -> str:
        root = parser.document_fromstring(page.encode(), parser=parser.HTMLParser(encoding="utf-8"))
        for element in root.xpath("//script|//style|//noscript"):
            element.drop_tree()
        return str(root.text_content())

    def paragraphs(page: str) -> str:
        try:
            found = justext.justext(page, justext.get_stoplist("English"))
        except justext.JustextError:
            return ""
        return "\n".join(paragraph.text for paragraph in found if not paragraph.is_boilerplate)

    sides: dict[str, Extractor] = {
        OURS: _ours,
        "trafilatura": lambda page: trafilatura.extract(page) or "",
        "jusText": paragraphs,
        "whole page": words,
    }
    try:
        from readability import Document
    except ImportError:
        return sides
    return {**sides, "readability": lambda page: words(Document(page).summary() or "<p></p>")}


def _ours(page: str) -> str:
    try:
        return page_draft(page).text
    except Unreadable:
        return ""
