"""Retrieval: does `Searcher.search` bring the right passage, and how much else with it?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from index.search import Searcher
from index.types import Passage
from tests.benchmarks.baselines import Plain, best_articles, best_passages, better
from tests.benchmarks.collection import Collection, RememberingEncoder, Text, collect, passages_of
from tests.benchmarks.data import BenchmarkData, Chunking, Cranfield, Split, Xquad, in_split
from tests.benchmarks.figures import OURS, Figure, Group, Tally, Target
from tests.benchmarks.metrics import Range, ndcg, overlap, reciprocal_rank

PASSAGES = 10
DEPTHS = (1, 3, 5, 10)
# Passages that are looked at for ten documents: Cranfield's longest abstracts take three.
CRANFIELD_PASSAGES = 30

# In every language: lose next to nothing against either side by itself.
TOLERANCE = 0.005
XQUAD_TARGETS = {("en", "R@1"): 0.96, ("en", "MRR@10"): 0.975, ("zh", "R@1"): 0.92}
CHUNKING_TARGETS = {("recall", 5): 0.92}


def retrieval(
    data: BenchmarkData,
    split: Split,
    languages: Sequence[str],
    encoder: RememberingEncoder,
    cache: Path,
    say: Callable[[str], None],
) -> Group:
    """XQuAD in `languages`, the chunking corpora, and Cranfield."""
    figures: list[Figure] = []
    for language in languages:
        say(f"retrieval: XQuAD {language}")
        xquad = data.xquad(language)
        figures += _xquad(xquad, xquad_collection(xquad, encoder, cache), split, encoder)
    say("retrieval: chunking corpora")
    chunking = data.chunking()
    figures += _chunking(chunking, chunking_collection(chunking, encoder, cache), split, encoder)
    say("retrieval: Cranfield")
    cranfield = data.cranfield()
    figures += _cranfield(cranfield, _cranfield_collection(cranfield, encoder, cache), split, encoder)
    return Group("Retrieval", tuple(figures))


def xquad_collection(xquad: Xquad, encoder: RememberingEncoder, cache: Path) -> Collection:
    """One article a paragraph, with the title that it has in the set."""
    texts = [Text(paragraph_id(p.number), p.title, p.text) for p in xquad.paragraphs]
    return collect(f"xquad-{xquad.language}", texts, encoder, cache)


def paragraph_id(number: int) -> str:
    return f"p{number:04d}"


def chunking_collection(chunking: Chunking, encoder: RememberingEncoder, cache: Path) -> Collection:
    """One article a corpus."""
    texts = [Text(name, name.replace("_", " "), text) for name, text in chunking.corpora.items()]
    return collect("chunking", texts, encoder, cache)


def ranges(passages: Iterable[Passage]) -> list[Range]:
    return [(passage.article.id, passage.start, passage.end) for passage in passages]


def _xquad(xquad: Xquad, whole: Collection, split: Split, encoder: RememberingEncoder) -> list[Figure]:
    searcher, plain = Searcher(whole.generation, encoder), Plain(whole.generation, encoder)
    first, rank = Tally(), Tally()
    questions = [question for question in xquad.questions if in_split(question.id, split)]
    encoder.learn(question.text for question in questions)
    for question in questions:
        wanted = paragraph_id(question.paragraph)
        for side, ranking in article_rankings(searcher, plain, question.text, PASSAGES).items():
            first.add(side, float(ranking[:1] == [wanted]))
            rank.add(side, reciprocal_rank(ranking, wanted))
    return [
        tally.figure(
            f"XQuAD {xquad.language} {measure}", _xquad_target(xquad.language, measure, tally.means())
        )
        for measure, tally in (("R@1", first), ("MRR@10", rank))
    ]


def _xquad_target(language: str, measure: str, means: Mapping[str, float]) -> Target | None:
    fixed = XQUAD_TARGETS.get((language, measure))
    if fixed is not None:
        return Target(fixed)
    return Target(better(means) - TOLERANCE) if means and measure == "R@1" else None


def _chunking(
    chunking: Chunking, whole: Collection, split: Split, encoder: RememberingEncoder
) -> list[Figure]:
    searcher, plain = Searcher(whole.generation, encoder), Plain(whole.generation, encoder)
    tallies = {(measure, k): Tally() for k in DEPTHS for measure in ("recall", "precision", "IoU")}
    questions = [question for question in chunking.questions if in_split(question.id, split)]
    encoder.learn(question.text for question in questions)
    for question in questions:
        gold = [(question.corpus, start, end) for start, end in question.ranges]
        for side, passages in _passage_rankings(searcher, plain, question.text, max(DEPTHS)).items():
            for k in DEPTHS:
                found = overlap(ranges(passages[:k]), gold)
                tallies["recall", k].add(side, found.recall)
                tallies["precision", k].add(side, found.precision)
                tallies["IoU", k].add(side, found.iou)
    return [
        tally.figure(f"Chunking corpora {measure}@{k}", _target(CHUNKING_TARGETS.get((measure, k))))
        for (measure, k), tally in tallies.items()
    ]


def _cranfield_collection(cranfield: Cranfield, encoder: RememberingEncoder, cache: Path) -> Collection:
    texts = [Text(f"c{document.id}", document.title, document.text) for document in cranfield.documents]
    return collect("cranfield", texts, encoder, cache)


def _cranfield(
    cranfield: Cranfield, whole: Collection, split: Split, encoder: RememberingEncoder
) -> list[Figure]:
    searcher, plain = Searcher(whole.generation, encoder), Plain(whole.generation, encoder)
    tally = Tally()
    questions = [question for question in cranfield.questions if in_split(question.id, split)]
    encoder.learn(question.text for question in questions)
    for question in questions:
        gains = {f"c{id}": gain for id, gain in question.gains.items()}
        for side, ranking in article_rankings(searcher, plain, question.text, CRANFIELD_PASSAGES).items():
            tally.add(side, ndcg(ranking, gains, 10))
    return [tally.figure("Cranfield nDCG@10", note="the paper that a question comes from counts as relevant")]


def article_rankings(searcher: Searcher, plain: Plain, question: str, k: int) -> dict[str, list[str]]:
    """The articles of each side's best `k` passages, each once, best first."""
    rankings = {OURS: list(dict.fromkeys(hit.passage.article.id for hit in searcher.search(question, k)))}
    for side, scores in plain.passages(question).items():
        rankings[side] = best_articles(plain.generation, scores, k)
    return rankings


def _passage_rankings(searcher: Searcher, plain: Plain, question: str, k: int) -> dict[str, list[Passage]]:
    rankings = {OURS: [hit.passage for hit in searcher.search(question, k)]}
    for side, scores in plain.passages(question).items():
        rankings[side] = [passages_of(plain.generation)[row] for row in best_passages(scores, k)]
    return rankings


def _target(value: float | None) -> Target | None:
    return None if value is None else Target(value)
