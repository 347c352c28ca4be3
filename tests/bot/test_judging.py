"""The reranker's say: it changes the order and the confidence, within bounds."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from bot import confidence
from bot.answer.answerer import Answerer, open_confidence, open_model
from bot.calibration import Calibration, models_of
from bot.excerpts import Excerpt, excerpts
from bot.judging import (
    FEATURES,
    LEAST_SPREAD,
    READER_LEAST_MARGIN,
    REREAD,
    Judge,
    combined,
    evidence,
    in_context,
    read,
    reread,
)
from bot.linear import LinearModel
from bot.types import Answer
from index.generation import Generation, LiveGeneration
from index.search import Findings, Searcher
from tests.fakes.encoder import HashingEncoder
from tests.fakes.reranker import WordReranker

QUESTION = "Where does the Aare rise?"
# Always sure enough for the reader to be asked.
HOPEFUL = LinearModel(9.0, dict.fromkeys(confidence.FEATURES, 0.0), confidence.FEATURES)


@pytest.fixture
def findings(generation: Generation, encoder: HashingEncoder) -> Findings:
    return Searcher(generation, encoder).find(QUESTION)


@pytest.fixture
def ranked(findings: Findings) -> list[Excerpt]:
    return excerpts(findings, QUESTION, open_model())


def scored(ranked: list[Excerpt], ours: list[float], theirs: list[float | None]) -> list[Excerpt]:
    pairs = zip(ranked, ours, theirs, strict=False)
    return [replace(excerpt, score=score, reranker=read) for excerpt, score, read in pairs]


def test_without_a_reranker_the_order_is_ours(findings: Findings, ranked: list[Excerpt]) -> None:
    judged = Judge(open_model(), open_confidence()).rank(findings, QUESTION)

    assert [e.text for e in judged] == [e.text for e in ranked]
    assert [e.score for e in judged] == [e.score for e in ranked]


def test_a_reranker_changes_the_order_and_the_confidence_sees_it(findings: Findings) -> None:
    plain, agreeing, objecting = (
        Judge(open_model(), open_confidence(), reranker)
        for reranker in (None, WordReranker({"It rises": 9.0}), WordReranker({"Bern lies": 9.0}))
    )

    first = [judge.rank(findings, QUESTION)[0].text for judge in (plain, agreeing, objecting)]
    sure = [judge.sure(findings, judge.rank(findings, QUESTION)) for judge in (objecting, plain, agreeing)]

    rises = "It rises in the glaciers of the Bernese Alps."
    assert first == [rises, rises, "Bern lies in a bend of the Aare."]
    assert sure[0] < sure[1] < sure[2]


def test_the_answer_quotes_what_the_reranker_prefers(
    generation: Generation, data: Path, sources: Path, encoder: HashingEncoder
) -> None:
    def first_quote(reranker: WordReranker | None) -> str:
        live = LiveGeneration(data, encoder)
        answer = Answerer(live, encoder, sources, balance=0.0, reranker=reranker).answer(QUESTION)
        assert isinstance(answer, Answer)
        return answer.quotes[0].text

    both = "The Aare is 288 kilometres long. It rises in the glaciers of the Bernese Alps."
    assert first_quote(None) == both
    assert first_quote(WordReranker({"Bern lies": 9.0})) == "Bern lies in a bend of the Aare."


def test_the_favourite_keeps_its_score_and_the_others_lose(ranked: list[Excerpt]) -> None:
    read = scored(ranked, [3.0, 2.0, 1.0], [0.0, 4.0, 2.0])

    # Of 0, 4 and 2 the standard deviation is the root of 8 / 3.
    lost = 2 / math.sqrt(8 / 3)
    assert [(e.text, pytest.approx(e.score)) for e in combined(read, 1.0)] == [
        (ranked[1].text, 2.0),
        (ranked[0].text, 3.0 - 2 * lost),
        (ranked[2].text, 1.0 - lost),
    ]
    assert [e.score for e in combined(read, 0.0)] == [3.0, 2.0, 1.0]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_the_scale_of_a_reranker_does_not_matter_unless_it_is_next_to_nothing(
    ranked: list[Excerpt], scale: float
) -> None:
    read = scored(ranked, [3.0, 2.9, 2.8], [0.0, 4.0 * scale, 2.0 * scale])

    order = [ranked.index(next(r for r in ranked if r.text == e.text)) for e in combined(read, 1.0)]
    assert order == ([0, 1, 2] if 2 * scale < LEAST_SPREAD else [1, 2, 0])


def test_what_was_not_read_again_stays_below_what_was(ranked: list[Excerpt]) -> None:
    read = scored(ranked, [3.0, 2.0, 2.0], [1.0, 0.0, None])

    assert [e.text for e in combined(read, 1.0)] == [e.text for e in ranked[:3]]
    assert [e.score for e in combined(read, 1.0)] == [3.0, 0.0, 0.0]


def test_no_excerpts_are_nothing_to_rank_or_to_be_sure_of(findings: Findings) -> None:
    reranker = WordReranker({"Aare": 1.0})
    nothing = replace(findings, hits=[], sentences=[])
    judge = Judge(open_model(), open_confidence(), reranker)

    assert judge.rank(nothing, QUESTION) == []
    assert judge.sure(nothing, []) == 0.0
    assert combined([], 1.0) == []


def test_only_the_best_are_read_each_behind_its_title_and_the_sentence_before(
    findings: Findings, ranked: list[Excerpt]
) -> None:
    reranker = WordReranker({"Aare": 1.0})
    read = reread(findings, [*ranked] * 3, reranker)

    assert len(reranker.read) == REREAD == sum(e.reranker is not None for e in read)
    assert {question for question, _ in reranker.read} == {QUESTION}
    contexts = {e.text: in_context(findings, e) for e in ranked}
    assert contexts["Bern lies in a bend of the Aare."] == "The river Aare. Bern lies in a bend of the Aare."
    assert contexts["Solothurn and Aarau lie further down the river."] == (
        "The river Aare. Bern lies in a bend of the Aare. Solothurn and Aarau lie further down the river."
    )


def test_a_follow_up_is_read_with_what_it_follows(generation: Generation, encoder: HashingEncoder) -> None:
    reranker = WordReranker({"Aare": 1.0})
    whole = "Where does the Aare rise? and Bern?"

    findings = Searcher(generation, encoder).find(whole, focus="and Bern?")
    Judge(open_model(), open_confidence(), reranker).rank(findings, "and Bern?")

    assert {question for question, _ in reranker.read} == {whole}


def test_the_evidence_holds_the_rerankers_own_scores(findings: Findings, ranked: list[Excerpt]) -> None:
    read = [*scored(ranked, [3.0, 2.0, 1.0], [-1.0, 7.0, None])]

    assert evidence(findings, ranked)[0, -2:].tolist() == [0.0, 0.0]
    assert evidence(findings, read)[0, -2:].tolist() == [-1.0, 7.0]
    # The time that was asked for may put one first that was not read: it is taken for the worst.
    assert evidence(findings, read[::-1])[0, -2:].tolist() == [-1.0, 7.0]
    assert FEATURES[-2:] == ("reranker: best", "reranker: highest")


def test_a_calibration_corrects_the_confidence_and_weighs_the_reranker(
    findings: Findings, encoder: HashingEncoder
) -> None:
    reranker = WordReranker({"Bern": 2.0})
    models = models_of(encoder, reranker)
    weights = {"reranker: best": 0.5, "question terms": 0.1}
    calibration = Calibration(models, 2.0, -1.0, weights, 3.0, 20, "2025-01-01T00:00:00+00:00", (0.4, 0.3))
    before = Judge(open_model(), open_confidence(), reranker)
    after = Judge(open_model(), open_confidence(), reranker, calibration)

    ranked = after.rank(findings, QUESTION)
    p, q = before.sure(findings, ranked), after.sure(findings, ranked)

    assert ranked[0].reranker == 2.0
    terms = len(findings.question_terms)
    assert math.log(q / (1 - q)) == pytest.approx(
        2 * math.log(p / (1 - p)) - 1 + 0.5 * 2.0 + 0.1 * terms, abs=1e-4
    )
    gaps = [judge.rank(findings, QUESTION) for judge in (before, after)]
    assert gaps[1][0].score - gaps[1][-1].score > gaps[0][0].score - gaps[0][-1].score


def test_the_reader_that_ships_reads_the_closest_and_moves_its_favourite_up(findings: Findings) -> None:
    english = replace(findings, weight=0.35)
    ranked = excerpts(english, QUESTION, open_model())
    bern = next(e for e in ranked if e.text.startswith("Bern lies"))
    others = [e for e in ranked if e is not bern]
    close = [
        replace(e, score=score)
        for e, score in zip([*others[:2], bern, others[2]], (5.0, 4.5, 4.2, 1.5), strict=True)
    ]
    reader = WordReranker({"Bern lies": 8.0})

    moved = read(english, close, reader, HOPEFUL)

    assert [text.split(" [SEP] ")[0] for _, text in reader.read] == [e.text for e in close[:3]]
    # The favourite keeps its score, the other two lose half of 8; the fourth was not read.
    assert [(e.text, e.score) for e in moved] == [
        (close[2].text, 4.2),
        (close[3].text, 1.5),
        (close[0].text, 1.0),
        (close[1].text, 0.5),
    ]


def test_a_sentence_that_several_articles_hold_is_read_once(findings: Findings) -> None:
    english = replace(findings, weight=0.35)
    best, other = excerpts(english, QUESTION, open_model())[:2]
    close = [replace(best, score=5.0), replace(best, score=4.9), replace(other, score=4.8)]
    reader = WordReranker({other.text: 2.0})

    moved = read(english, close, reader, HOPEFUL)

    assert len(reader.read) == 2
    assert [e.score for e in moved] == pytest.approx([4.8, 4.0, 3.9])
    assert read(english, close[:2], reader, HOPEFUL) == close[:2]
    assert len(reader.read) == 2, "what says the same needs no choice"


def test_the_reader_is_not_asked_where_the_best_stands_alone(findings: Findings) -> None:
    english = replace(findings, weight=0.35)
    ranked = excerpts(english, QUESTION, open_model())
    clear = [replace(e, score=score) for e, score in zip(ranked[:3], (9.0, 6.0, 5.0), strict=True)]
    reader = WordReranker({"Bern": 9.0})

    assert read(english, clear, reader, HOPEFUL) == clear
    assert reader.read == []


def test_the_reader_is_not_asked_in_a_language_that_the_model_does_not_know(findings: Findings) -> None:
    foreign = replace(findings, weight=0.05)
    ranked = excerpts(foreign, QUESTION, open_model())
    reader = WordReranker({"Bern": 9.0})

    assert read(foreign, ranked, reader, HOPEFUL) == ranked
    assert reader.read == []


def test_a_reranker_of_ones_own_takes_the_readers_place(findings: Findings) -> None:
    reader, reranker = WordReranker({}), WordReranker({"It rises": 9.0})
    Judge(open_model(), open_confidence(), reranker, reader=reader).rank(findings, QUESTION)
    assert (reader.read, bool(reranker.read)) == ([], True)


def test_the_reader_is_not_asked_where_nothing_would_be_shown_anyway(
    generation: Generation, encoder: HashingEncoder
) -> None:
    asked = "Which opera does Oslo rehearse tonight?"
    hopeless = replace(Searcher(generation, encoder).find(asked), weight=0.35)
    reader = WordReranker({"Bern": 9.0})
    judge = Judge(open_model(), open_confidence(), reader=reader)

    ranked = judge.rank(hopeless, asked)

    assert judge.sure(hopeless, ranked) < 1 / (1 + math.exp(-READER_LEAST_MARGIN))
    assert reader.read == []
