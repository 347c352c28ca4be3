"""The index in PostgreSQL, beyond what holds of every store: what is proposed, killed, exchanged and away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psycopg
import pytest

from index.build import BuildOptions, build
from index.common_terms import smoothed_idf
from index.copying import copy
from index.generations import FileStore
from index.manifest import DamagedGeneration, StaleGeneration
from index.postgresql import inspection
from index.postgresql.inspection import findings
from index.postgresql.store import PostgresStore
from index.search import Searcher
from index.store import Store, StoreAway
from index.terms import terms
from index.types import Article, FootnoteError
from index.writer import digest
from tests.fakes.encoder import HashingEncoder
from tests.index.made import ENCODER, RECIPE, article, contents, count
from tests.index.test_store_contract import write
from tests.postgres import PostgresServer, programs

QUESTIONS = ("the river of c/7", "glacier copper violin", "moon bread of a/3", "engine harvest")
MANY = [article(f"{'abcd'[number % 4]}/{number}", 1 + number % 7) for number in range(120)]


@pytest.fixture
def store(index_database: str) -> Iterator[PostgresStore]:
    made = PostgresStore(index_database, grace=0.0).for_model(ENCODER)
    yield made
    made.close()


def alike(one: Store, other: Store, scopes: tuple[frozenset[str] | None, ...] = (None,)) -> None:
    """Both find the same passages, with the same scores."""
    for question in QUESTIONS:
        vector = ENCODER.encode_questions([question])[0]
        for scope in scopes:
            found = []
            for store in (one, other):
                snapshot = store.current()
                weights = snapshot.weights(terms(question))
                some = snapshot.find(vector, weights, 1_000, scope)
                read = snapshot.read(some.keys.tolist(), vector)
                places = [
                    (a.passage.article.id, a.passage.start, a.passage.end, a.passage.path) for a in read
                ]
                scores = zip(some.cosine.tolist(), some.bm25.tolist(), strict=True)
                spoken = [(a.spans.tolist(), list(a.contexts)) for a in read]
                cosines = np.concatenate([a.cosines for a in read])
                found.append(
                    (dict(zip(places, zip(scores, spoken, strict=True), strict=True)), weights, cosines)
                )
            (left, weights, cosines), (right, same_weights, same_cosines) = found
            assert left.keys() == right.keys()
            assert weights == pytest.approx(same_weights)
            np.testing.assert_allclose(np.sort(cosines), np.sort(same_cosines), atol=1e-5)
            for place, (scores, spoken) in left.items():
                assert scores == pytest.approx(right[place][0], abs=1e-4)
                assert spoken == right[place][1]
            np.testing.assert_allclose(one.current().background, other.current().background, atol=1e-6)


def fetch(address: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(address, autocommit=True) as sql:
        return sql.execute(query).fetchall()  # type: ignore[call-overload]


def told(address: str, statement: str) -> None:
    with psycopg.connect(address, autocommit=True) as sql:
        sql.execute(statement)  # type: ignore[call-overload]


def wait_for(ready: Callable[[], bool]) -> None:
    for _ in range(400):
        if ready():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize(
    ("indexed", "looked_at"),
    [
        pytest.param(10_000, 10_000, id="looked at in full"),
        pytest.param(20, 20, id="an index of each"),
        pytest.param(10_000, 20, id="too many small ones"),
    ],
)
def test_nothing_of_a_hidden_collection_is_found_or_changes_what_is(
    store: PostgresStore,
    index_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    indexed: int,
    looked_at: int,
) -> None:
    monkeypatch.setattr("index.postgresql.tables.INDEXED_PASSAGES", indexed)
    monkeypatch.setattr("index.postgresql.snapshot.INDEXED_PASSAGES", looked_at)
    files = FileStore(tmp_path / "data", ENCODER, check_seconds=0)
    for one in (files, store):
        write(one, MANY)
    indexes = [str(name) for (name,) in fetch(index_database, "SELECT indexname FROM pg_indexes")]
    assert sum(name.startswith("passages_m1_c") for name in indexes) == (4 if indexed == 20 else 0)
    scopes = [frozenset(names) for names in ("a", "bd", "abc", "abcd", "", ["none"])]
    for scope in scopes:
        snapshot = store.current()
        for question in QUESTIONS:
            vector = ENCODER.encode_questions([question])[0]
            found = snapshot.find(vector, snapshot.weights(terms(question)), 20, scope)
            read = snapshot.read(found.keys.tolist(), vector)
            assert {one.passage.article.collection for one in read} <= scope
            assert bool(read) == bool(scope & set("abcd"))
    alike(files, store, (*scopes[:4], None))


def test_rows_of_other_generations_do_not_crowd_out_those_of_this_one(
    store: PostgresStore, tmp_path: Path
) -> None:
    files = FileStore(tmp_path / "data", ENCODER, check_seconds=0)
    write(files, MANY)
    write(store, MANY)
    held = store.current()
    vector = ENCODER.encode_questions([QUESTIONS[0]])[0]
    with store.draft(3, 5) as draft:
        # Four times as many rows that nobody sees, each as near to the question as any.
        more = [article(f"{one.id}x{n}", 1 + int(one.id[2:]) % 7) for one in MANY for n in range(4)]
        draft.begin(RECIPE, [one.id for one in MANY], count([contents(one) for one in more]))
        draft.add(contents(*more))
        found = held.find(vector, held.weights(terms(QUESTIONS[0])), 40, None)
        same = files.current().find(vector, files.current().weights(terms(QUESTIONS[0])), 40, None)
        for theirs, ours in ((same.bm25, found.bm25), (same.cosine, found.cosine)):
            np.testing.assert_allclose(np.sort(ours)[-40:], np.sort(theirs)[-40:], atol=1e-4)


def test_an_index_is_copied_there_and_back_without_the_model(store: PostgresStore, tmp_path: Path) -> None:
    files, back = (FileStore(tmp_path / name, check_seconds=0) for name in ("data", "back"))
    write(files, MANY, stale={"a/0": "is torn."})
    assert copy(files, store).passages == files.manifest().passages
    assert copy(store, back).sources == store.manifest().sources == files.manifest().sources
    alike(files, store)
    one, other = files.current(), back.current()
    assert (one.paths, one.manifest.recipe) == (other.paths, other.manifest.recipe)
    for name in ("passages", "sentences", "contexts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for kept, copied in zip(one.digests, other.digests, strict=True):
        np.testing.assert_array_equal(kept, copied)
    every = np.arange(one.manifest.passages)
    np.testing.assert_array_equal(one.vectors.reconstruct(every), other.vectors.reconstruct(every))
    assert back.check(back.name()) == back.manifest()
    assert store.check(store.name()) == store.manifest()


def test_readers_see_one_generation_while_fifty_are_exchanged(store: PostgresStore) -> None:
    def release(number: int) -> list[Article]:
        return [replace(article(name, 3, number), title=f"Release {number}") for name in ("a", "b", "c/d")]

    # Whatever a question began with stays for it, as it does in use.
    patient = PostgresStore(store.address, grace=5.0)
    titles = {write(patient, release(0)): "Release 0"}
    over = threading.Event()

    def read() -> list[tuple[str, int, set[str]]]:
        seen = []
        while not over.wait(0.01):
            snapshot = patient.current()
            hits = Searcher(snapshot, ENCODER).search("where is the river of a 0?", 9)
            seen.append((snapshot.id, len(hits), {hit.passage.article.title for hit in hits}))
        return seen

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read) for _ in range(3)]
        try:
            for number in range(1, 51):
                titles[write(patient, release(number))] = f"Release {number}"
                if number % 10 == 5:
                    newest = patient.name()
                    patient.roll_back()
                    patient.roll_back(newest)
        finally:
            over.set()
    seen = [one for reader in readers for one in reader.result()]
    assert len({id for id, *_ in seen}) > 20
    assert [one for one in seen if one[1:] != (9, {titles[one[0]]})] == []
    patient.close()


def test_what_is_removed_is_answered_from_until_the_exchange_and_not_after(store: PostgresStore) -> None:
    write(store, [article("a", 3), article("b", 3)])
    held = Searcher(store.current(), ENCODER)
    with store.draft(1, 5) as draft:
        draft.begin(RECIPE, ["a"], 0)
        made = draft.finish({})
        assert {hit.passage.article.id for hit in held.search("river of b", 9)} == {"a", "b"}
        assert {hit.passage.article.id for hit in Searcher(made, ENCODER).search("river of b", 9)} == {"a"}
        draft.commit()
    assert {hit.passage.article.id for hit in Searcher(store.current(), ENCODER).search("b", 9)} == {"a"}
    assert store.current().weights(["b"])["b"] == smoothed_idf("b", 0, 3)


def test_rows_go_when_no_generation_has_them_that_is_kept_or_was_asked_a_moment_ago(
    store: PostgresStore, index_database: str
) -> None:
    patient = PostgresStore(index_database, grace=60.0).for_model(ENCODER)
    for number in range(4):
        with patient.draft(2, 5) as draft:
            draft.begin(RECIPE, (), 9)
            draft.add(contents(article("a", 3, number)))
            draft.finish({})
            draft.commit()
    assert len(patient.kept()) == 2
    assert fetch(index_database, "SELECT count(*) FROM footnote.articles") == [(4,)]
    with store.draft(2, 5):
        pass
    assert fetch(index_database, "SELECT count(*) FROM footnote.articles") == [(2,)]
    for table in ("passages", "words"):
        assert fetch(index_database, f"SELECT count(*) FROM footnote.{table}") == [(6,)]
    # The sums of terms are those of the articles that are left.
    for searched in (store.current(), store.roll_back() and store.current()):
        held = [
            terms(f"{one.title} {line}") for one in searched.articles() for line in one.text.split("\n\n")
        ]
        for term in ("river", "bread", "moon", "harvest", "engine"):
            assert searched.weights([term])[term] == smoothed_idf(term, sum(term in some for some in held), 3)
    patient.close()


def test_whoever_holds_a_generation_for_too_long_is_told_to_ask_again(store: PostgresStore) -> None:
    write(store, [article("a", 3)])
    held = store.current()
    vector = ENCODER.encode_questions(["river"])[0]
    keys = held.passages_of(["a"]).tolist()
    articles = held.articles()
    for number in range(3):
        write(store, [article("b", 3, number)])
    for read in (lambda: held.read(keys, vector), lambda: list(articles)):
        with pytest.raises(StoreAway, match="Ask again"):
            read()


def test_what_was_gone_back_from_is_taken_out_by_the_next_build_and_not_made_again(
    store: PostgresStore, index_database: str
) -> None:
    first = write(store, [article("a", 3), article("b", 2)])
    second = write(store, [article("c", 4)], keep=["a"])
    store.roll_back()
    with pytest.raises(FootnoteError, match="refused"), store.draft(3, 5) as draft:
        draft.begin(RECIPE, ["a", "b"], 0)
        draft.finish({})
        raise FootnoteError("refused")
    assert (store.name(), store.left(), store.kept()) == (first, second, [first])
    with store.draft(3, 5) as draft:
        assert draft.left is not None and {entry.id for entry in draft.left.sources} == {"a", "c"}
        assert draft.last is not None and {entry.id for entry in draft.last.sources} == {"a", "b"}
    third = write(store, [article("d", 2)], keep=["a", "b"])
    assert (store.name(), store.left(), store.kept()) == (third, None, [third, first])
    assert [one.id for one in store.current().articles()] == ["a", "b", "d"]
    assert store.check(third).passages == 7
    assert fetch(index_database, "SELECT count(*) FROM footnote.passages") == [(7,)]


def test_the_next_build_waits_for_whoever_asks_the_generation_that_was_gone_back_from(
    index_database: str,
) -> None:
    store = PostgresStore(index_database, grace=1.0).for_model(ENCODER)
    write(store, [article("a", 3)])
    write(store, [article("b", 3)])
    held = Searcher(store.current(), ENCODER)
    store.roll_back()
    began = time.monotonic()
    with store.draft(3, 5) as draft:
        assert [hit.passage.article.id for hit in held.search("b", 3)] == ["b"] * 3
        draft.begin(RECIPE, ["a"], 0)
        assert time.monotonic() - began > 0.5
    store.close()


SLOW_BUILD = """
import sys, time
from pathlib import Path
from urllib.parse import urlsplit
from index.common_terms import smoothed_idf
from index.build import BuildOptions, build
from index.copying import copy
from index.postgresql import inspection
from index.postgresql.inspection import findings
from index.postgresql.store import PostgresStore
from tests.fakes.encoder import HashingEncoder

class Slow(HashingEncoder):
    def encode_documents(self, texts):
        time.sleep(0.02 * (len(texts) > 3))
        return super().encode_documents(texts)

import index.build
index.build.BATCH_PASSAGES = 20
print("begun", flush=True)
build(Path(sys.argv[1]), Path(sys.argv[2]), Slow(), BuildOptions(store=PostgresStore(sys.argv[3])))
"""


def test_a_build_that_is_killed_is_gone_on_with(index_database: str, tmp_path: Path) -> None:
    encoder = HashingEncoder()
    sources = tmp_path / "sources"
    sources.mkdir()
    for number in range(60):
        lines = [f"Article {number} has the line {line} of {number * line}." for line in range(40)]
        (sources / f"{number:02}.md").write_text("\n\n".join(lines), "utf-8")
    store = PostgresStore(index_database).for_model(encoder)
    script = tmp_path / "slow.py"
    script.write_text(textwrap.dedent(SLOW_BUILD), "utf-8")
    command = [sys.executable, str(script), str(sources), str(tmp_path / "data"), index_database]
    builder = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}, stdout=subprocess.PIPE
    )

    def written() -> int:
        try:
            return int(str(fetch(index_database, "SELECT count(*) FROM footnote.articles")[0][0]))
        except psycopg.Error:
            return 0

    wait_for(lambda: written() >= 20)
    os.kill(builder.pid, signal.SIGKILL)
    builder.wait()
    before = written()
    assert store.kept() == [] and before < 60
    report = build(sources, tmp_path / "data", encoder, BuildOptions(store=store))
    files = FileStore(tmp_path / "files", check_seconds=0)
    every = HashingEncoder()
    build(sources, tmp_path / "files", every)
    assert len(encoder.encoded) <= len(every.encoded) * (60 - before + 1) / 60
    assert len(report.added) == 60
    assert [one.id for one in store.current().articles()] == [one.id for one in files.current().articles()]
    assert store.check(store.name()).passages == files.manifest().passages
    weights = [one.current().weights(["line", "59", "40"]) for one in (store, files)]
    assert weights[0] == pytest.approx(weights[1])
    np.testing.assert_allclose(store.current().background, files.current().background, atol=1e-6)
    store.close()


def test_a_second_builder_waits_for_the_first_on_whichever_machine(index_database: str) -> None:
    stores = [PostgresStore(index_database).for_model(ENCODER) for _ in range(2)]
    write(stores[0], [article("a", 2)])
    order: list[str] = []

    def second() -> None:
        with stores[1].draft(3, 20) as draft:
            order.append("second began")
            assert draft.last is not None and {entry.id for entry in draft.last.sources} == {"a", "b"}

    waiting = threading.Thread(target=second)
    with stores[0].draft(3, 5) as draft:
        draft.begin(RECIPE, ["a"], 2)
        draft.add(contents(article("b", 2)))
        waiting.start()
        draft.finish({})
        time.sleep(0.5)
        draft.commit()
        order.append("first is done")
    waiting.join()
    assert order == ["first is done", "second began"]
    for store in stores:
        store.close()


def test_a_server_that_comes_back_is_waited_for_and_one_that_stays_away_is_reported(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    store = PostgresStore(request.getfixturevalue("index_database")).for_model(ENCODER)
    write(store, [article("a", 3)])
    searcher = Searcher(store.current(), ENCODER)
    held = [threading.Thread(target=searcher.search, args=("river",)) for _ in range(6)]
    for one in held:
        one.start()
    for one in held:
        one.join()
    monkeypatch.setattr("index.postgresql.server.RETRY_SECONDS", 30.0)  # a busy machine takes long
    postgres_server.kill()
    again = threading.Timer(0.7, postgres_server.start)
    again.start()
    assert store.current().id == searcher.snapshot.id
    assert searcher.search("river", 3)
    again.join()
    monkeypatch.setattr("index.postgresql.server.RETRY_SECONDS", 0.2)
    postgres_server.kill()
    try:
        for ask in (store.current, store.manifest, lambda: searcher.search("moon")):
            with pytest.raises(StoreAway, match=r"The index cannot be reached.* at 127\.0\.0\.1:"):
                ask()
        with pytest.raises(StoreAway, match="FOOTNOTE_STORE"), store.draft(3, 5):
            pass
    finally:
        postgres_server.start()
    assert searcher.search("moon", 3)
    store.close()


def test_questions_are_looked_up_in_a_replica_which_sees_an_exchange_as_one(
    postgres_server: PostgresServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    address = request.getfixturevalue("index_database")
    write(PostgresStore(address), MANY)
    replica = PostgresServer(programs(), primary=postgres_server)
    try:
        there = urlsplit(replica.url)._replace(path=urlsplit(address).path).geturl()
        store = PostgresStore(address, there).for_model(ENCODER)
        files = FileStore(tmp_path / "data", ENCODER, check_seconds=0)
        write(files, MANY)
        alike(files, store)
        for number in range(5):
            made = write(store, [article("a", 3, number)])
            store.refresh()
            assert store.current().id == made
            assert [one.title for one in store.current().articles()] == ["On a"]
        assert any("which is 0.0 MB behind" in one.detail for one in findings(store))
        without = PostgresStore("postgresql://footnote@127.0.0.1:1/none", there).for_model(ENCODER)
        assert Searcher(without.current(), ENCODER).search("river", 3)
        without.close()
        with pytest.raises(StoreAway), PostgresStore(there).draft(3, 5):
            pass
        store.close()
    finally:
        replica.close()


def test_a_build_that_loses_its_connection_says_so_and_leaves_the_index_alone(
    store: PostgresStore, index_database: str
) -> None:
    first = write(store, [article("a", 3)])
    with pytest.raises(StoreAway, match="cannot be reached"), store.draft(3, 5) as draft:
        draft.begin(RECIPE, ["a"], 2)
        told(
            index_database,
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted",
        )
        draft.add(contents(article("b", 2)))
    assert store.name() == first
    assert write(store, [article("b", 2)], keep=["a"]) == store.name()


def test_another_models_index_is_refused_and_built_beside_the_one_in_use(
    store: PostgresStore, index_database: str
) -> None:
    write(store, [article("a", 3)])
    held = store.current()
    other = HashingEncoder("other", 32)
    with pytest.raises(StaleGeneration, match=r"made by another model.*footnote build"):
        PostgresStore(index_database).for_model(other).current()
    recipe = replace(RECIPE, model=other.name, fingerprint=other.fingerprint, dimension=32)
    given = contents(article("a", 3))
    texts = [passage.text for passage in given.passages]
    anew = replace(
        given,
        vectors=other.encode_documents(texts),
        sentence_vectors=other.encode_documents([text for text in texts for _ in range(1)] * 9)[
            : len(given.sentences)
        ],
    )
    theirs = PostgresStore(index_database, grace=0.0).for_model(other)
    with theirs.draft(1, 5) as draft:
        draft.begin(recipe, (), len(given.sentences))
        assert draft.vectors([digest(texts[0])]) == {}
        draft.add(anew)
        assert Searcher(held, ENCODER).search("river", 3)
        draft.finish({})
        draft.commit()
    assert len(Searcher(theirs.current(), other).search("river", 9)) == 3
    indexes = {str(name) for (name,) in fetch(index_database, "SELECT indexname FROM pg_indexes")}
    assert "passages_m2" in indexes and "passages_m1" not in indexes
    theirs.close()


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("UPDATE footnote.passages SET spans = spans || spans", "outside its passage"),
        ("DELETE FROM footnote.passages WHERE n & 1048575 = 1", "passages are not those"),
        ("DELETE FROM footnote.words WHERE n & 1048575 = 1", "no words"),
        ("UPDATE footnote.articles SET body = replace(body, 'The', 'No')", "not what was written"),
        ("UPDATE footnote.generations SET terms = 1", "do not belong together"),
    ],
)
def test_what_is_not_as_it_was_written_is_found_by_a_check(
    store: PostgresStore, index_database: str, damage: str, found: str
) -> None:
    name = write(store, [article("a", 3)])
    told(index_database, damage)
    with pytest.raises(DamagedGeneration, match=found):
        store.check(name)


def test_versions_that_will_not_do_are_told_with_what_to_do(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, [article("a", 3)])
    told = {one.detail: one.fix for one in findings(store) if one.state == "problem"}
    assert told == {}
    monkeypatch.setattr(inspection, "OLDEST_SERVER", 99)
    monkeypatch.setattr(
        inspection, "EXTENSIONS", {"vector": (9, 0), "pg_textsearch": (0, 6), "no_such": (1, 0)}
    )
    monkeypatch.setattr(inspection, "ADVISED", {"pg_textsearch": (9, 1)})
    told = {one.detail: one.fix for one in findings(store) if one.state != "ok"}
    assert any("which pg_textsearch does not run on" in one for one in told)
    assert told["The extension no_such is not installed on the server."] == (
        "docs/postgresql.md says how to get it."
    )
    assert any(one.startswith("The extension vector") and one.endswith("is too old.") for one in told)
    assert any("9.1 or newer is advised" in one for one in told)


def test_tables_of_a_newer_version_are_left_alone(store: PostgresStore, index_database: str) -> None:
    write(store, [article("a", 3)])
    told(index_database, "UPDATE footnote.version SET number = 99")
    for ask in (store.current, store.manifest, lambda: write(store, [])):
        with pytest.raises(FootnoteError, match="newer Footnote"):
            ask()


def test_an_address_that_is_none_is_not_shown() -> None:
    with pytest.raises(FootnoteError, match="FOOTNOTE_STORE is no address") as refused:
        PostgresStore("postgresql://me:secret@[half")
    assert "secret" not in str(refused.value)
