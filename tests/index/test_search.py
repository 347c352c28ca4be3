"""Search over a small generation: order, filters, and the evidence of sentences."""

from __future__ import annotations

import numpy as np
import pytest

from index.build import build
from index.generation import Generation
from index.generations import load_generation
from index.search import READ_CLOSELY, Searcher
from tests.fakes.encoder import HashingEncoder


@pytest.fixture
def searcher(generation: Generation, encoder: HashingEncoder) -> Searcher:
    return Searcher(generation, encoder)


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("How long is the Aare?", "river"),
        ("Why does rye hold little gluten?", "bread"),
        ("Who left the module first on the Moon?", "notes/moon-landing"),
    ],
)
def test_the_article_that_answers_comes_first(searcher: Searcher, question: str, article: str) -> None:
    hits = searcher.search(question, 3)
    assert hits[0].passage.article.id == article
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


def test_cosine_and_bm25_of_a_hit_are_those_of_its_passage(
    searcher: Searcher, generation: Generation, encoder: HashingEncoder
) -> None:
    findings = searcher.find("Where does the Aare rise?")
    asked = encoder.encode_questions([findings.question])[0]
    bm25 = generation.keywords.scores(findings.question_terms)
    for hit in findings.hits:
        vector = generation.vectors.reconstruct(np.array([hit.key]))[0]
        assert hit.cosine == pytest.approx(float(vector @ asked), abs=1e-6)
        assert hit.lexical == pytest.approx(float(bm25[hit.key]), abs=1e-6)


def test_coverage_is_the_share_of_the_questions_weight_that_a_sentence_holds(searcher: Searcher) -> None:
    findings = searcher.find("Aare glaciers")
    by_text = {
        findings.hits[s.place].passage.article.text[s.start : s.end]: s.coverage for s in findings.sentences
    }
    idf = findings.idf
    whole = sum(idf.values())
    rises = by_text["It rises in the glaciers of the Bernese Alps."]
    assert rises == pytest.approx((idf["glacier"] + idf["^glac"]) / whole)
    assert by_text["Rye flour holds little gluten."] == 0.0


def test_a_passage_outside_of_the_scope_is_never_found(searcher: Searcher) -> None:
    findings = searcher.find("How long is the Aare?", scope=frozenset({"notes"}))
    assert {h.passage.article.id for h in findings.hits} == {"notes/moon-landing"}


def test_a_scope_of_nothing_finds_nothing(searcher: Searcher) -> None:
    findings = searcher.find("Aare", scope=frozenset())
    assert findings.hits == []
    assert findings.sentences == []


def test_a_large_k_returns_every_passage_in_order_of_score(
    tmp_path_factory: pytest.TempPathFactory, encoder: HashingEncoder
) -> None:
    folder = tmp_path_factory.mktemp("many")
    for i in range(READ_CLOSELY * 5):
        (folder / f"a{i}.md").write_text(f"Article {i} tells of the subject number {i % 7}.", "utf-8")
    data = folder / "data"
    build(folder, data, encoder)
    searcher = Searcher(load_generation(data, encoder), encoder)
    hits = searcher.search("subject number 3", 1_000)
    assert len({h.key for h in hits}) == len(hits) == READ_CLOSELY * 5
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert len(searcher.search("subject number 3", 4)) == 4
