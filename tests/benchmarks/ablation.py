"""What each choice in the retrieval is worth: make one otherwise, measure again, put it back.

Meant for the tune split: a choice that was made by looking at the report split would make the
figures on it worthless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from index import common_terms, ranking, search, terms
from index.chunking import ChunkSettings, context_text
from index.generation import Generation
from index.keywords import count_terms
from index.search import Searcher
from index.types import Encoder
from index.vectors import VectorIndex
from tests.benchmarks.collection import Collection, RememberingEncoder, passages_of, rebuilt
from tests.benchmarks.data import BenchmarkData, Chunking, Split, Xquad, in_split
from tests.benchmarks.figures import Group, Table
from tests.benchmarks.metrics import mean, overlap
from tests.benchmarks.retrieval import chunking_collection, paragraph_id, ranges, xquad_collection

DEPTH = 5
NEVER = 10_000
"""More characters than a word has."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The retrieval with one choice made otherwise."""

    name: str
    changes: tuple[tuple[ModuleType, str, object], ...] = ()
    """`(module, constant, value)`."""
    reindexed: Callable[[Generation, Encoder], Generation] | None = None
    """Makes of the shipped index what it would be; None where the choice is not in the index."""
    chunking: ChunkSettings | None = None
    """Other sizes of passages, for which the index is built anew."""


def ablation(
    data: BenchmarkData,
    split: Split,
    languages: Sequence[str],
    encoder: RememberingEncoder,
    cache: Path,
    say: Callable[[str], None],
) -> Group:
    """A table of every variant: R@1 in each language, and recall on the chunking corpora."""
    xquads = [data.xquad(language) for language in languages]
    chunks = data.chunking()
    collections = [xquad_collection(xquad, encoder, cache) for xquad in xquads]
    corpora = chunking_collection(chunks, encoder, cache)
    rows = []
    for variant in VARIANTS:
        say(f"ablation: {variant.name}")
        with changed(variant.changes):
            firsts = [
                _first(xquad, _index(collection, variant, encoder), split, encoder)
                for xquad, collection in zip(xquads, collections, strict=True)
            ]
            recall = _recall(chunks, _index(corpora, variant, encoder), split, encoder)
        rows.append((variant.name, *(f"{value:.3f}" for value in (*firsts, mean(firsts), recall))))
    columns = (
        "choice",
        *(f"{language} R@1" for language in languages),
        "mean R@1",
        f"chunking recall@{DEPTH}",
    )
    return Group("Ablation", (), (Table("Retrieval", columns, tuple(rows)),))


def _lexical_again(generation: Generation, _: Encoder) -> Generation:
    texts = (context_text(passage) for passage in passages_of(generation))
    return replace(generation, postings=count_terms(texts))


def _without_titles(generation: Generation, encoder: Encoder) -> Generation:
    texts = [passage.text for passage in passages_of(generation)]
    vectors = VectorIndex.build(encoder.encode_documents(texts))
    return replace(generation, vectors=vectors, postings=count_terms(texts))


def _constant(name: str, module: ModuleType, constant: str, values: Sequence[object]) -> Iterator[Variant]:
    for value in values:
        yield Variant(f"{name} {value}", ((module, constant, value),))


VARIANTS = (
    Variant("as shipped"),
    *_constant("dense weight", ranking, "DENSE_WEIGHT", (0.15, 0.25, 0.5, 0.7)),
    Variant(
        "the same dense weight in every language", ((ranking, "DENSE_WEIGHT_BLIND", ranking.DENSE_WEIGHT),)
    ),
    *_constant("sentences' share of the dense side", ranking, "SENTENCE_SHARE_DENSE", (0.0, 1.0)),
    *_constant("sentences' share of the lexical side", ranking, "SENTENCE_SHARE_LEXICAL", (0.0, 0.6)),
    *_constant("neighbour's share", ranking, "NEIGHBOUR_SHARE", (0.0, 0.4)),
    *_constant("passages read closely", search, "READ_CLOSELY", (10, 100)),
    *_constant("prior of common words, in passages", common_terms, "PRIOR_PASSAGES", (0, 1_000)),
    Variant("stems without prefixes", ((terms, "PREFIX_CHARS", NEVER),), _lexical_again),
    Variant("passages without title and heading", reindexed=_without_titles),
    *(Variant(f"passages of {n} tokens", chunking=ChunkSettings(n, n * 6 // 5)) for n in (64, 100, 400)),
)


@contextmanager
def changed(changes: Sequence[tuple[ModuleType, str, object]]) -> Iterator[None]:
    """Set constants, and put them back.  What was remembered under other ones is forgotten."""
    with ExitStack() as undo:
        for module, constant, value in changes:
            undo.callback(_set, module, constant, getattr(module, constant))
            _set(module, constant, value)
        yield


def _set(module: ModuleType, constant: str, value: object) -> None:
    setattr(module, constant, value)
    for member in vars(module).values():
        if hasattr(member, "cache_clear"):
            member.cache_clear()


def _index(collection: Collection, variant: Variant, encoder: Encoder) -> Generation:
    if variant.chunking:
        size = f"{variant.chunking.target_tokens}-tokens"
        return rebuilt(collection, variant.chunking, size, encoder).generation
    if variant.reindexed:
        return variant.reindexed(collection.generation, encoder)
    return collection.generation


def _first(xquad: Xquad, generation: Generation, split: Split, encoder: RememberingEncoder) -> float:
    searcher = Searcher(generation, encoder)
    questions = [question for question in xquad.questions if in_split(question.id, split)]
    encoder.learn(question.text for question in questions)
    return mean(
        [
            searcher.search(question.text)[0].passage.article.id == paragraph_id(question.paragraph)
            for question in questions
        ]
    )


def _recall(chunks: Chunking, generation: Generation, split: Split, encoder: RememberingEncoder) -> float:
    searcher = Searcher(generation, encoder)
    questions = [question for question in chunks.questions if in_split(question.id, split)]
    encoder.learn(question.text for question in questions)
    recalls = []
    for question in questions:
        found = ranges(hit.passage for hit in searcher.search(question.text)[:DEPTH])
        gold = [(question.corpus, start, end) for start, end in question.ranges]
        recalls.append(overlap(found, gold).recall)
    return mean(recalls)
