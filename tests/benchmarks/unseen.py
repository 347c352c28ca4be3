"""Answers on sets that nothing was fitted on, through the product as it ships.

The few numbers that are fitted at all come, for each set, from all the others (`tests.benchmarks.fit`).

Each distinct passage of a set is an article of its own, and each question is about one of them.  Some
sets have *near misses*, whose passage looks right and does not answer.  Sampled by the hash of a
question's id: the same questions each time, and the first few of a larger sample.

The columns of the table: *n* answerable questions; *R@1*, the passage asked about is found first;
*right*, the first quote holds an accepted answer, in that passage (no answer counts as wrong);
*certain*, answered for certain; *r/w*, AUROC of the confidence of right against wrong first quotes.
Then *near* near misses; *near certain*, those answered for certain; *AUROC* of the confidence of
answerable against near misses; *near at 0.7*, near misses answered for certain at the balance at
which 0.7 of the answerable are.  *ECE* takes the confidence for the probability that the first quote
is right; for a near miss none is.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.types import Answer, Answers, NoAnswer
from index.encoders.any_model import SentenceTransformerEncoder
from index.encoders.packaged import lightest
from index.generation import Generation
from index.search import Searcher
from tests.benchmarks.answers import selqa
from tests.benchmarks.baselines import Plain, better
from tests.benchmarks.collection import Collection, RememberingEncoder, Text, collect
from tests.benchmarks.data import LANGUAGES, READING_SETS, BenchmarkData, ReadingQuestion, Xquad
from tests.benchmarks.figures import Figure, Group, Table, Tally, Target
from tests.benchmarks.metrics import auroc, calibration, calibration_error, mean
from tests.benchmarks.product import left_out_weights, open_answers
from tests.benchmarks.retrieval import TOLERANCE, article_rankings, paragraph_id, xquad_collection

NAMES = tuple(READING_SETS)
XQUAD = tuple(f"xquad.{language}" for language in LANGUAGES)
"""Known to `collections` as well, for comparison: these have a judgement of their own."""
QUESTIONS = 250
"""Of each set, and as many near misses if it has some: some ten minutes for all sets on two cores."""
PASSAGES = 500
"""Of each set at most, the questions about them taken from all: embedding them takes longest."""
# Search is most of what this one judges: one question a passage, in words that people searched with.
WHOLE = frozenset({"qed_nq.dev"})
# In these the gold is the sentences that the answer is concluded from, not the answer.
EVIDENCE = frozenset({"onestopqa.all", "selqa.test", "condaqa.test"})
UNTITLED = "Untitled"

ANSWERED = 0.7
"""The share of the answerable that are answered where near misses are counted."""
CALIBRATION_TARGET = 0.08
FIRST_QUOTE_TARGETS = {"qed_nq.dev": 0.75}
NEAR_MISS_TARGETS = {"squad2.dev": (0.82, 0.30)}
"""AUROC, and near misses answered for certain."""
SELQA_TARGETS = {"P@1": 0.88}
COLUMNS = (
    "set", "n", "R@1", "right", "certain", "r/w",
    "near", "near certain", "AUROC", f"near at {ANSWERED}", "ECE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a set."""

    id: str
    question: str
    article: str
    """The article that it was asked about, whether or not that answers it."""
    answers: tuple[tuple[int, int], ...]
    """Start and end in the article of each answer that is accepted; none for a near miss."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A set, built and ready to be asked."""

    name: str
    collection: Collection
    encoder: RememberingEncoder
    """Has embedded every question of `asked`."""
    asked: tuple[Asked, ...]

    @property
    def generation(self) -> Generation:
        return self.collection.generation


@dataclass(frozen=True, slots=True)
class Judged:
    """A question, and what came of it."""

    answerable: bool
    confidence: float
    certain: bool
    right: bool
    """Whether the first quote holds an accepted answer."""


def collections(
    data: Path | BenchmarkData,
    names: Sequence[str],
    questions: int | None,
    cache: Path,
    encoder: RememberingEncoder | None = None,
) -> Iterator[Unseen]:
    """Build the named sets of `NAMES` and `XQUAD`, one after the other, each kept below `cache`.

    `questions` of each that are answerable and as many near misses; None for all.  The encoder is
    the packaged one where none is given.
    """
    sets = data if isinstance(data, BenchmarkData) else BenchmarkData(data)
    encoder = encoder or RememberingEncoder(lightest(SentenceTransformerEncoder(None)), cache)
    for name in names:
        if name in XQUAD:
            xquad = sets.xquad(name.removeprefix("xquad."))
            collection, everything = xquad_collection(xquad, encoder, cache), _asked_of_xquad(xquad)
        else:
            texts, everything = _articles(sets.reading(name), None if name in WHOLE else PASSAGES)
            collection = collect(name, texts, encoder, cache)
        asked = sampled(everything, questions)
        encoder.learn(one.question for one in asked)
        yield Unseen(name, collection, encoder, asked)


def unseen(
    data: BenchmarkData,
    names: Sequence[str],
    questions: int,
    encoder: RememberingEncoder,
    cache: Path,
    say: Callable[[str], None],
) -> Group:
    """The named sets as the product answers them."""
    figures: list[Figure] = []
    rows: list[tuple[str, ...]] = []
    for name in names:
        say(f"unseen: {name}")
        (one,) = collections(data, [name], questions, cache, encoder)
        judged = judge(one, open_answers(one.collection, encoder, left_out_weights(name)))
        found = _found(one)
        rows.append((name, *_row(judged, found.ours)))
        # A run is long and may be stopped: what is known by then is not lost.
        say(", ".join(f"{column} {value}" for column, value in zip(COLUMNS, rows[-1], strict=True)))
        figures += [*_figures(name, judged), found]
        if name == "selqa.test":
            chosen = sorted(data.selqa_test(), key=lambda question: _draw(question.id))[:questions]
            figures += selqa("SelQA test", chosen, "all", SELQA_TARGETS, encoder, cache)
    return Group("Unseen", tuple(figures), (Table("Sets that nothing was fitted on", COLUMNS, tuple(rows)),))


def judge(one: Unseen, answers: Answers) -> list[Judged]:
    """Ask every question of a set; `answers` must answer from its collection."""
    return [
        Judged(
            answerable=bool(asked.answers),
            confidence=result.confidence,
            certain=isinstance(result, Answer) and result.certain,
            right=is_right(asked, result, one.name in EVIDENCE),
        )
        for asked, result in ((asked, answers.answer(asked.question)) for asked in one.asked)
    ]


def is_right(asked: Asked, result: Answer | NoAnswer, evidence: bool) -> bool:
    """Whether the first quote covers an accepted answer, or with `evidence`, mostly lies in it."""
    if not isinstance(result, Answer) or not result.quotes or result.quotes[0].source_id != asked.article:
        return False
    quote = result.quotes[0]
    for start, end in asked.answers:
        shared = min(end, quote.end) - max(start, quote.start)
        if shared == end - start or (evidence and shared * 2 >= quote.end - quote.start):
            return True
    return False


def sampled(asked: Sequence[Asked], count: int | None) -> tuple[Asked, ...]:
    """`count` of those that have an answer and as many near misses, in the order of a fixed draw."""
    drawn = sorted(asked, key=lambda one: _draw(one.id))
    answerable = [one for one in drawn if one.answers]
    return (*answerable[:count], *[one for one in drawn if not one.answers][:count])


def answered_at(answerable: Sequence[float], others: Sequence[float], share: float) -> float:
    """The share of `others` at or above the confidence that `share` of the answerable reach."""
    if not answerable or not others:
        return math.nan
    needed = sorted(answerable, reverse=True)[math.ceil(share * len(answerable)) - 1]
    return mean([confidence >= needed for confidence in others])


def _articles(questions: Sequence[ReadingQuestion], passages: int | None) -> tuple[list[Text], list[Asked]]:
    """The distinct passages as articles, at most so many of them, and the questions about these."""
    titles = {question.passage: question.title or UNTITLED for question in questions}
    chosen = list(titles) if passages is None else sorted(titles, key=_draw)[:passages]
    ids = {passage: f"a{number:04d}" for number, passage in enumerate(chosen)}
    return (
        [Text(id, titles[passage], passage) for passage, id in ids.items()],
        [
            Asked(question.id, question.text, ids[question.passage], question.answers)
            for question in questions
            if question.passage in ids
        ],
    )


def _asked_of_xquad(xquad: Xquad) -> list[Asked]:
    return [
        Asked(
            question.id,
            question.text,
            paragraph_id(question.paragraph),
            ((question.answer_start, question.answer_start + len(question.answer)),),
        )
        for question in xquad.questions
    ]


def _draw(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _row(judged: Sequence[Judged], found: float) -> tuple[str, ...]:
    good = [one for one in judged if one.answerable]
    bad = [one for one in judged if not one.answerable]
    sure, doubted = [one.confidence for one in good], [one.confidence for one in bad]
    right = [one.confidence for one in good if one.right]
    wrong = [one.confidence for one in good if not one.right]
    return (
        str(len(good)),
        _number(found),
        _number(mean([one.right for one in good])),
        _number(mean([one.certain for one in good])),
        _number(auroc(right, wrong)),
        str(len(bad)),
        _number(mean([one.certain for one in bad])),
        _number(auroc(sure, doubted)),
        _number(answered_at(sure, doubted, ANSWERED)),
        _number(_calibration_error(judged)),
    )


def _figures(name: str, judged: Sequence[Judged]) -> list[Figure]:
    good = [one for one in judged if one.answerable]
    bad = [one.confidence for one in judged if not one.answerable]
    sure = [one.confidence for one in good]
    figures = []
    if name in FIRST_QUOTE_TARGETS:
        right = mean([one.right for one in good])
        figures.append(
            Figure(f"{name} first quote right", right, len(good), target=Target(FIRST_QUOTE_TARGETS[name]))
        )
    if name in NEAR_MISS_TARGETS:
        separation, answered = NEAR_MISS_TARGETS[name]
        figures += [
            Figure(f"{name} AUROC", auroc(sure, bad), len(judged), target=Target(separation)),
            Figure(
                f"{name} near misses at {ANSWERED}",
                answered_at(sure, bad, ANSWERED),
                len(bad),
                target=Target(answered, at_most=True),
            ),
        ]
    error = _calibration_error(judged)
    return [
        *figures,
        Figure(f"{name} ECE", error, len(judged), target=Target(CALIBRATION_TARGET, at_most=True)),
    ]


def _found(one: Unseen) -> Figure:
    """Whether the article that a question is about is the first that is found."""
    searcher, plain = Searcher(one.generation, one.encoder), Plain(one.generation, one.encoder)
    tally = Tally()
    for asked in one.asked:
        for side, ranking in article_rankings(searcher, plain, asked.question, 1).items():
            tally.add(side, float(ranking[:1] == [asked.article]))
    means = tally.means()
    return tally.figure(f"{one.name} R@1", Target(better(means) - TOLERANCE))


def _calibration_error(judged: Sequence[Judged]) -> float:
    confidences, outcomes = [one.confidence for one in judged], [one.right for one in judged]
    return calibration_error(calibration(confidences, outcomes))


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
