"""What a search finds, written down, so that work on how the index is kept shows that nothing changed.

    python -m tests.frozen        write `searches.jsonl` anew, after a change that was meant

The index is one of `sources/` by the encoder of the tests, so that it moves neither with the weights of
the packaged model nor with those that choose an answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from index.build import build
from index.generations import load_generation
from index.search import Findings, Searcher
from tests.fakes.encoder import HashingEncoder

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "sources"
FILE = HERE / "searches.jsonl"
QUESTIONS = 60
HITS = 20
SENTENCES = 5


def questions() -> list[str]:
    """Some of the golden questions, as they are worded."""
    lines = (HERE.parent / "golden" / "sources.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines[:QUESTIONS]]


def searches(data: Path) -> list[dict[str, Any]]:
    """What is found for each question in an index that is built in `data`."""
    encoder = HashingEncoder()
    build(SOURCES, data, encoder)
    searcher = Searcher(load_generation(data, encoder), encoder)
    return [_told(searcher.find(question, HITS)) for question in questions()]


def _told(findings: Findings) -> dict[str, Any]:
    best = sorted(findings.sentences, key=lambda one: (-one.coverage, -one.cosine))[:SENTENCES]
    return {
        "question": findings.question,
        "idf": {term: round(weight, 5) for term, weight in findings.idf.items()},
        "background": round(findings.background, 5),
        "hits": [
            [
                *(hit.passage.article.id, hit.passage.start, hit.passage.end),
                *(round(score, 5) for score in (hit.score, hit.cosine, hit.lexical)),
            ]
            for hit in findings.hits
        ],
        "sentences": [
            [one.place, one.start, one.end, round(one.cosine, 5), round(one.coverage, 5)] for one in best
        ],
    }
