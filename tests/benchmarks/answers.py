"""Answers: do the quoted sentences hold what was asked for, and are they there to the letter?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from bot.types import Answer, NoAnswer, Quote
from index.types import Article
from tests.benchmarks.baselines import Plain, best_passages
from tests.benchmarks.collection import Collection, RememberingEncoder, Text, collect, passages_of
from tests.benchmarks.data import (
    BenchmarkData,
    Chunking,
    SelqaQuestion,
    Split,
    Xquad,
    XquadQuestion,
    in_split,
)
from tests.benchmarks.figures import OURS, Figure, Group, Tally, Target
from tests.benchmarks.metrics import Range, average_precision, overlap
from tests.benchmarks.product import SentenceRanker, left_out_weights, open_answers
from tests.benchmarks.retrieval import (
    chunking_collection,
    paragraph_id,
    ranges,
    xquad_collection,
)

FIRST_QUOTE_TARGETS = {"en": 0.86, "zh": 0.75}
QUOTES_IOU_TARGET = 0.35
SELQA_TARGETS = {"P@1": 0.86, "MAP": 0.90}
CANDIDATE_GAP = "\n\n"
# Marks that would make a list item or a heading of a candidate sentence.
CANDIDATE_MARKS = "#>*+- "


def answers(
    data: BenchmarkData,
    split: Split,
    languages: Sequence[str],
    encoder: RememberingEncoder,
    cache: Path,
    say: Callable[[str], None],
) -> Group:
    """XQuAD in `languages` end to end, the quotes from the chunking corpora, and SelQA's sentences."""
    figures: list[Figure] = []
    quotes = QuoteCheck()
    for language in languages:
        say(f"answer: XQuAD {language}")
        xquad = data.xquad(language)
        figures += _xquad(xquad, xquad_collection(xquad, encoder, cache), split, encoder, quotes)
    say("answer: chunking corpora")
    chunking = data.chunking()
    figures += _chunking(chunking, chunking_collection(chunking, encoder, cache), split, encoder, quotes)
    say("answer: SelQA")
    figures += selqa("SelQA", data.selqa(), split, SELQA_TARGETS, encoder, cache)
    return Group("Answer", (*figures, quotes.figure()))


def holds(question: XquadQuestion, quote: Quote) -> bool:
    """Whether a quote holds the gold answer, and is from the paragraph that it was marked in."""
    return quote.source_id == paragraph_id(question.paragraph) and question.answer in quote.text


class QuoteCheck:
    """Compares every quote with the file that it is said to be from."""

    def __init__(self) -> None:
        self._exact: list[bool] = []

    def add(self, answer: Answer | NoAnswer, stored: Mapping[str, Article]) -> None:
        for quote in answer.quotes if isinstance(answer, Answer) else ():
            self._exact.append(stored[quote.source_id].text[quote.start : quote.end] == quote.text)

    def figure(self) -> Figure:
        tally = Tally()
        for exact in self._exact:
            tally.add(OURS, float(exact))
        return tally.figure(
            "Quotes that are in their file to the letter", Target(1.0), "every quote of this table"
        )


def _xquad(
    xquad: Xquad, whole: Collection, split: Split, encoder: RememberingEncoder, quotes: QuoteCheck
) -> list[Figure]:
    weights = left_out_weights(f"xquad.{xquad.language}")
    answerer, plain = open_answers(whole, encoder, weights), Plain(whole.generation, encoder)
    stored = whole.stored_articles()
    in_paragraph, anywhere, any_quote, answered = Tally(), Tally(), Tally(), Tally()
    questions = [question for question in xquad.questions if in_split(question.id, split)]
    encoder.learn(question.text for question in questions)
    for question in questions:
        result = answerer.answer(question.text)
        quotes.add(result, stored)
        shown = result.quotes if isinstance(result, Answer) else ()
        in_paragraph.add(OURS, float(any(holds(question, quote) for quote in shown[:1])))
        anywhere.add(OURS, float(any(question.answer in quote.text for quote in shown[:1])))
        any_quote.add(OURS, float(any(holds(question, quote) for quote in shown)))
        answered.add(OURS, float(bool(shown)))
        for side, (id, start, end) in plain.first_sentence(question.text).items():
            contained = question.answer in stored[id].text[start:end]
            in_paragraph.add(side, float(contained and id == paragraph_id(question.paragraph)))
            anywhere.add(side, float(contained))
    name = f"XQuAD {xquad.language}"
    target = FIRST_QUOTE_TARGETS.get(xquad.language)
    return [
        in_paragraph.figure(
            f"{name} first quote holds the answer",
            Target(target) if target else None,
            "from the paragraph of the gold answer; no answer counts as wrong",
        ),
        anywhere.figure(f"{name} first quote holds the answer's words", note="from any paragraph"),
        any_quote.figure(f"{name} a quote holds the answer", note="of one to three"),
        answered.figure(f"{name} answered at all", note="for certain, or as the closest found"),
    ]


def _chunking(
    chunking: Chunking, whole: Collection, split: Split, encoder: RememberingEncoder, quotes: QuoteCheck
) -> list[Figure]:
    answerer, plain = open_answers(whole, encoder), Plain(whole.generation, encoder)
    stored = whole.stored_articles()
    tallies = {measure: Tally() for measure in ("IoU", "recall", "precision")}
    questions = [question for question in chunking.questions if in_split(question.id, split)]
    encoder.learn(question.text for question in questions)
    for question in questions:
        result = answerer.answer(question.text)
        quotes.add(result, stored)
        found: dict[str, list[Range]] = {OURS: []}
        if isinstance(result, Answer):
            found[OURS] = [(quote.source_id, quote.start, quote.end) for quote in result.quotes]
        for side, scores in plain.passages(question.text).items():
            found[side] = ranges(passages_of(whole.generation)[row] for row in best_passages(scores, 1))
        gold = [(question.corpus, start, end) for start, end in question.ranges]
        for side, shown in found.items():
            covered = overlap(shown, gold)
            tallies["IoU"].add(side, covered.iou)
            tallies["recall"].add(side, covered.recall)
            tallies["precision"].add(side, covered.precision)
    return [
        tally.figure(
            f"Chunking corpora quotes {measure}",
            Target(QUOTES_IOU_TARGET) if measure == "IoU" else None,
            "baselines: the first passage; no answer counts as 0",
        )
        for measure, tally in tallies.items()
    ]


def selqa(
    name: str,
    questions: Sequence[SelqaQuestion],
    split: Split,
    targets: Mapping[str, float],
    encoder: RememberingEncoder,
    cache: Path,
) -> list[Figure]:
    """Whether the sentences of its section that answer each question are ranked first."""
    whole, spans = selqa_collection(questions, encoder, cache)
    weights = left_out_weights("selqa.test")
    ranker, plain = SentenceRanker(whole, encoder, weights), Plain(whole.generation, encoder)
    rows = _rows_by_article(whole)
    first, precision, rank = Tally(), Tally(), Tally()
    chosen = [number for number, question in enumerate(questions) if in_split(question.id, split)]
    encoder.learn(questions[number].text for number in chosen)
    for number in chosen:
        question, id = questions[number], selqa_id(number)
        scored = {OURS: ranker.scores(question.text, id)}
        starts = whole.generation.sentences[rows[id], 1].tolist()
        for side, scores in plain.sentences(question.text, rows[id]).items():
            scored[side] = dict(zip(starts, scores.tolist(), strict=True))
        for side, by_start in scored.items():
            relevant = relevant_in_order(by_start, spans[number], question.answers)
            first.add(side, float(relevant[0]))
            precision.add(side, average_precision(relevant))
            rank.add(side, 1 / (relevant.index(True) + 1))
    return [
        tally.figure(f"{name} {measure}", Target(targets[measure]) if measure in targets else None)
        for measure, tally in (("P@1", first), ("MAP", precision), ("MRR", rank))
    ]


def selqa_collection(
    questions: Sequence[SelqaQuestion], encoder: RememberingEncoder, cache: Path
) -> tuple[Collection, list[list[tuple[int, int]]]]:
    """Each question's candidates as an article of their own, and where each candidate stands in it."""
    texts, spans = [], []
    for number, question in enumerate(questions):
        body, places = _section(question)
        texts.append(Text(selqa_id(number), f"{question.article} - {question.section}", body))
        spans.append(places)
    return collect("selqa", texts, encoder, cache), spans


def selqa_id(number: int) -> str:
    """The article of the question with this number."""
    return f"s{number:04d}"


def _section(question: SelqaQuestion) -> tuple[str, list[tuple[int, int]]]:
    """The candidates as the text of an article, each a paragraph of its own, and where each stands."""
    body, places = "", []
    for candidate in question.candidates:
        if body:
            body += CANDIDATE_GAP
        start = len(body)
        body += candidate.lstrip(CANDIDATE_MARKS)
        places.append((start, len(body)))
    return body, places


def _rows_by_article(whole: Collection) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    rows: dict[str, list[int]] = {}
    for row, (number, _, _) in enumerate(whole.generation.sentences.tolist()):
        rows.setdefault(passages_of(whole.generation)[number].article.id, []).append(row)
    return {id: np.array(found, dtype=np.int64) for id, found in rows.items()}


def relevant_in_order(
    by_start: Mapping[int, float], places: Sequence[tuple[int, int]], answers: frozenset[int]
) -> list[bool]:
    """Whether each candidate is an answer, best candidate first.

    A candidate is as good as the best sentence that begins in it; one without any comes last.
    """
    scores = [
        max((score for at, score in by_start.items() if start <= at < end), default=float("-inf"))
        for start, end in places
    ]
    order = sorted(range(len(places)), key=lambda number: -scores[number])
    return [number in answers for number in order]
