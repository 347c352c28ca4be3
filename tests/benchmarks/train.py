"""Train the two models of `bot/models/` on the tune split: which sentence, and how sure.

    python -m tests.benchmarks.train --data DIR

*Excerpts*: logistic regression on the difference of two sentences of one question, of which one
answers it (RankNet without a hidden layer; Burges et al. 2005).  *Confidence*: logistic regression
on searches whose gold paragraph is in the index, and on the same with it shut out (hard), and
with the other half of all articles alone (easy).  No question of the report split is looked at.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import bot
from bot import confidence, excerpts
from bot.answer.answerer import open_confidence
from bot.answer.selection import MAX_QUOTES
from bot.config import settings_from
from bot.excerpts import Excerpt
from bot.judging import Judge
from bot.linear import LinearModel, Matrix
from bot.wiring import open_reader
from index.embedding import SentenceTransformerEncoder
from index.generation import Contents, Generation, in_memory
from index.search import Findings, Mask, Searcher, Sentence
from index.types import Article
from index.vectors import SentenceVectors, VectorIndex
from tests.benchmarks.answers import selqa_collection, selqa_id
from tests.benchmarks.collection import Collection, RememberingEncoder
from tests.benchmarks.data import BenchmarkData, Xquad, XquadQuestion, in_split
from tests.benchmarks.retrieval import chunking_collection, paragraph_id, xquad_collection

MODELS = Path(bot.__file__).parent / "models"
# Sentences of one question that a right one is compared with; more add nothing.
COMPARED = 30
RIGHT_ONES = 3
# Penalties on the squared weights of standardised features, as a share of the number of rows.
EXCERPT_PENALTY = 5e-4
CONFIDENCE_PENALTY = 1e-3
# Chinese teaches the ranking what to do when cosines say nothing; a part of it is enough.
CHINESE_SHARE = 0.35
# Of a small collection.
FEW_ARTICLES = 3


@dataclass(frozen=True, slots=True)
class Search:
    """A collection, and the tune questions that are put to it."""

    xquad: Xquad
    searcher: Searcher
    asked: Sequence[XquadQuestion]

    @property
    def articles(self) -> np.ndarray:
        """The article of each passage."""
        return _article_of_passage(self.searcher)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was searched for, and which sentences answer it."""

    question: str
    findings: Findings
    answers: Callable[[Sentence, Article], bool]


@dataclass(frozen=True, slots=True)
class Example:
    """One question's candidates: features, and which of them answer it."""

    matrix: Matrix
    right: np.ndarray


def main(argv: Sequence[str] | None = None) -> int:
    """Write `excerpts.json` and `confidence.json`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "footnote-benchmarks")
    options = parser.parse_args(argv)
    data = BenchmarkData(options.data)
    encoder = RememberingEncoder(SentenceTransformerEncoder(), options.cache)

    examples: list[Example] = []
    searches: list[Search] = []
    for language in ("en", "zh"):
        xquad = data.xquad(language)
        share = 1.0 if language == "en" else CHINESE_SHARE
        tune = [q for q in xquad.questions if in_split(q.id, "tune")]
        encoder.learn(q.text for q in tune)
        whole = xquad_collection(xquad, encoder, options.cache).generation
        searches.append(Search(xquad, Searcher(whole, encoder), tune[: round(share * len(tune))]))
        searches += _small(xquad, whole, tune, encoder, share)
    for search in searches:
        examples += map(_example, asked_of_xquad(search))
    examples += map(_example, asked_of_selqa(data, encoder, options.cache))
    examples += map(_example, asked_of_chunking(data, encoder, options.cache))
    ranker = _train_excerpts(examples)
    _save("excerpts", 0.0, ranker, excerpts.FEATURES)

    judge = Judge(
        LinearModel.load("excerpts", excerpts.FEATURES),
        open_confidence(),
        reader=open_reader(settings_from({})),
    )
    rows, answerable = [], []
    for search in searches:
        for row, yes in _confidence_rows(search, judge):
            rows.append(row)
            answerable.append(yes)
    weights = _regress(
        np.vstack([*rows]), np.array(answerable, np.float32), CONFIDENCE_PENALTY, intercept=True
    )
    _save("confidence", float(weights[-1]), weights[:-1], confidence.FEATURES)
    print(f"{len(examples)} questions ranked, {len(rows)} searches judged; written to {MODELS}")
    return 0


def _searcher(collection: Collection, encoder: RememberingEncoder) -> Searcher:
    return Searcher(collection.generation, encoder)


def _example(asked: Asked) -> Example:
    findings = asked.findings
    chosen = excerpts.candidates(findings)
    matrix, _ = excerpts.features(findings, asked.question, chosen)
    sentences = [findings.sentences[i] for i in chosen]
    right = [asked.answers(s, findings.hits[s.place].passage.article) for s in sentences]
    return Example(matrix, np.array(right, bool))


def _small(
    xquad: Xquad, whole: Generation, tune: Sequence[XquadQuestion], encoder: RememberingEncoder, share: float
) -> Iterator[Search]:
    """Collections of a few articles, where words are rare that are common in larger ones.

    Each is asked its own questions and as many of the next one's, which it cannot answer.
    """
    title_of = {p.number: p.title for p in xquad.paragraphs}
    titles = list(dict.fromkeys(title_of.values()))
    groups = [titles[i : i + FEW_ARTICLES] for i in range(0, len(titles), FEW_ARTICLES)]
    groups = groups[: round(share * len(groups))]
    for group, other in zip(groups, [*groups[1:], groups[0]], strict=True):
        ids = {paragraph_id(p.number) for p in xquad.paragraphs if p.title in group}
        asked = [q for q in tune if title_of[q.paragraph] in [*group, *other]]
        yield Search(xquad, Searcher(subset(whole, ids), encoder), asked)


def subset(whole: Generation, articles: Container[str]) -> Generation:
    """The generation that a build of some of the articles alone would have made, in memory."""
    rows = [n for n, passage in enumerate(whole.passages) if passage.article.id in articles]
    passages = tuple(whole.passages[n] for n in rows)
    sentence_rows = [list(whole.sentence_rows(n)) for n in rows]
    flat = np.array([row for group in sentence_rows for row in group], dtype=np.int64)
    sentences = whole.sentences[flat].copy()
    sentences[:, 0] = np.repeat(np.arange(len(rows)), [len(group) for group in sentence_rows])
    contents = Contents(
        articles=tuple(a for a in whole.articles if a.id in articles),
        passages=passages,
        sentences=sentences,
        contexts=[context for n in rows for context in whole.passages.contexts(n)],
        vectors=VectorIndex.build(whole.vectors.reconstruct(np.array(rows))),
        sentence_vectors=SentenceVectors.build(whole.sentence_vectors.rows(flat)),
    )
    return in_memory(whole.manifest, contents)


def asked_of_xquad(search: Search) -> Iterator[Asked]:
    """The questions whose paragraph is in the collection."""
    for q in search.asked:
        gold, at = paragraph_id(q.paragraph), q.answer_start
        if gold in search.articles:
            yield Asked(
                q.text,
                search.searcher.find(q.text),
                lambda s, article, gold=gold, at=at: article.id == gold and s.start <= at < s.end,
            )


def asked_of_selqa(
    data: BenchmarkData, encoder: RememberingEncoder, cache: Path, split: str = "tune"
) -> Iterator[Asked]:
    """Each question, within its own section."""
    questions = data.selqa()
    collection, spans = selqa_collection(questions, encoder, cache)
    searcher = _searcher(collection, encoder)
    articles = _article_of_passage(searcher)
    for number, q in enumerate(questions):
        if in_split(q.id, split):
            right = [spans[number][i] for i in q.answers]
            yield Asked(
                q.text,
                searcher.find(q.text, allowed=articles == selqa_id(number)),
                lambda s, article, right=right: any(start <= s.start < end for start, end in right),
            )


def asked_of_chunking(
    data: BenchmarkData, encoder: RememberingEncoder, cache: Path, split: str = "tune"
) -> Iterator[Asked]:
    """A sentence answers where half of it lies in a gold range."""
    chunking = data.chunking()
    searcher = _searcher(chunking_collection(chunking, encoder, cache), encoder)
    for q in chunking.questions:
        if in_split(q.id, split):
            yield Asked(
                q.text,
                searcher.find(q.text),
                lambda s, article, q=q: (
                    article.id == q.corpus
                    and 2 * sum(max(0, min(b, s.end) - max(a, s.start)) for a, b in q.ranges)
                    >= s.end - s.start
                ),
            )


def _confidence_rows(search: Search, judge: Judge) -> Iterator[tuple[Matrix, bool]]:
    articles = search.articles
    title_of = {paragraph_id(p.number): p.title for p in search.xquad.paragraphs}
    titles = list(dict.fromkeys(title_of[article] for article in articles))
    half = np.array([titles.index(title_of[article]) % 2 for article in articles])
    for q in search.asked:
        gold = paragraph_id(q.paragraph)
        cases: list[tuple[Mask | None, bool]] = [(None, False)]  # asked of other articles
        if gold in articles:
            cases = [(None, True), (articles != gold, False)]
            if len(titles) > FEW_ARTICLES:
                own = titles.index(title_of[gold]) % 2
                cases += [(half == own, True), (half != own, False)]
        for allowed, answerable in cases:
            findings = search.searcher.find(q.text, allowed=allowed)
            ranked = judge.rank(findings, q.text)
            if ranked:
                yield confidence.features(findings, ranked), answerable and _answered(findings, ranked, q)


def _answered(findings: Findings, ranked: Sequence[Excerpt], q: XquadQuestion) -> bool:
    """Whether one of the sentences that may be quoted holds the gold answer."""
    return any(
        findings.hits[e.sentence.place].passage.article.id == paragraph_id(q.paragraph)
        and e.sentence.start <= q.answer_start < e.sentence.end
        for e in ranked[:MAX_QUOTES]
    )


def _article_of_passage(searcher: Searcher) -> np.ndarray:
    return np.array([passage.article.id for passage in searcher.generation.passages])


def _train_excerpts(examples: Sequence[Example]) -> np.ndarray:
    random = np.random.default_rng(0)
    rows: list[np.ndarray] = []
    for example in examples:
        wrong = np.flatnonzero(~example.right)
        for right in np.flatnonzero(example.right)[:RIGHT_ONES]:
            for other in random.permutation(wrong)[:COMPARED]:
                rows.append(example.matrix[right] - example.matrix[other])
    better = np.array(rows, np.float32)
    both = np.vstack([better, -better])
    return _regress(
        both, np.repeat([1.0, 0.0], len(better)).astype(np.float32), EXCERPT_PENALTY, intercept=False
    )


def _regress(rows: np.ndarray, yes: np.ndarray, penalty: float, *, intercept: bool) -> np.ndarray:
    """Penalised logistic regression; weights for the features as they are, the intercept last."""
    scale = np.maximum(rows.std(axis=0), 1e-6)
    x = torch.tensor(rows / scale, dtype=torch.float64)
    y = torch.tensor(yes, dtype=torch.float64)
    weights = torch.zeros(rows.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(1, dtype=torch.float64, requires_grad=intercept)
    parameters = [weights, bias] if intercept else [weights]
    optimiser = torch.optim.LBFGS(parameters, max_iter=500, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(x @ weights + bias, y)
        value = value + penalty * weights.square().sum()
        value.backward()  # type: ignore[no-untyped-call]  # torch's own stub lacks it
        return value

    optimiser.step(loss)  # type: ignore[arg-type]  # a closure that returns a tensor is what it wants
    return np.append(weights.detach().numpy() / scale, bias.detach().numpy())[: len(weights) + intercept]


def _save(name: str, intercept: float, weights: np.ndarray, features: Sequence[str]) -> None:
    MODELS.mkdir(exist_ok=True)
    saved = {
        "intercept": round(intercept, 5),
        "weights": {feature: round(float(w), 5) for feature, w in zip(features, weights, strict=True)},
    }
    (MODELS / f"{name}.json").write_text(json.dumps(saved, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
