"""Over an index in files and over the same one in PostgreSQL, the same questions have the same answers."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.answer.answerer import Answerer
from bot.types import Answer, NoAnswer
from index.build import BuildOptions, build
from index.copying import copy
from index.generations import FileStore
from index.postgresql.store import PostgresStore
from index.search import Searcher
from index.store import Store
from index.types import ChunkSettings
from tests.fakes.encoder import HashingEncoder
from tests.postgres import emptied

ROOT = Path(__file__).parents[3]
QUESTIONS = 300
# Of text on software, so that there are several times as many passages as either side proposes.
SMALL = BuildOptions(chunking=ChunkSettings(30, 45))


@dataclass(frozen=True)
class Both:
    encoder: HashingEncoder
    sources: Path
    stores: tuple[Store, Store]
    questions: Sequence[str]


@pytest.fixture(scope="module")
def both(_database_of_indexes: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The articles and the pages of this repository, in files, and copied from there."""
    folder = tmp_path_factory.mktemp("agree")
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "tests" / "benchmarks" / "RESULTS.md"]
    for place, files in {"firms": ROOT.glob("sources/*.md"), "pages": pages}.items():
        (folder / "sources" / place).mkdir(parents=True)
        for file in files:
            shutil.copy(file, folder / "sources" / place / file.name)
    encoder = HashingEncoder(dimension=128)
    build(folder / "sources", folder / "data", encoder, SMALL)
    files = FileStore(folder / "data", encoder, check_seconds=0)
    database = PostgresStore(emptied(_database_of_indexes)).for_model(encoder)
    copy(files, database)
    yield Both(encoder, folder / "sources", (files, database), _questions(files))
    database.close()


def _questions(store: Store) -> list[str]:
    """The golden ones, and words of each so many sentences, not all of them and in another order."""
    golden = [
        json.loads(line)["question"]
        for line in (ROOT / "tests" / "golden" / "sources.jsonl").read_text("utf-8").splitlines()
    ]
    chance = random.Random(7)
    texts = [passage.text for some in store.current().contents() for passage in some.passages]
    drawn = []
    while len(golden) + len(drawn) < QUESTIONS:
        words = chance.choice(texts).split()
        some = chance.sample(words, min(len(words), chance.randint(2, 7)))
        drawn.append(f"{chance.choice(('What is', 'Who', 'How many', 'Which'))} {' '.join(some)}?")
    return golden + drawn


def test_the_answers_have_the_same_status_and_the_same_first_quote(both: Both) -> None:
    answerers = [Answerer(store, both.encoder, both.sources, 0.5) for store in both.stores]
    told = [[_told(answerer.answer(question)) for question in both.questions] for answerer in answerers]
    same = sum(one == other for one, other in zip(*told, strict=True))
    assert same >= 0.99 * len(both.questions)
    assert len({one[0] for one in told[0]}) > 1


def _told(result: Answer | NoAnswer) -> tuple[str, str]:
    if isinstance(result, Answer):
        return ("certain" if result.certain else "uncertain"), result.quotes[0].text if result.quotes else ""
    return result.reason.value, ""


@pytest.mark.parametrize("scope", [None, frozenset({"pages"})])
def test_the_ten_best_passages_are_the_same_with_the_same_scores(
    both: Both, scope: frozenset[str] | None
) -> None:
    assert both.stores[0].manifest().passages > 600
    searchers = [Searcher(store.current(), both.encoder) for store in both.stores]
    same = 0
    for question in both.questions:
        tens = []
        for searcher in searchers:
            found = searcher.find(question, 10, scope).hits[:10]
            tens.append({(one.passage.article.id, one.passage.start): one for one in found})
        same += tens[0].keys() == tens[1].keys()
        for place in tens[0].keys() & tens[1].keys():
            one, other = tens[0][place], tens[1][place]
            assert (one.score, one.cosine, one.lexical) == pytest.approx(
                (other.score, other.cosine, other.lexical), abs=1e-4
            )
    assert same >= 0.98 * len(both.questions)
