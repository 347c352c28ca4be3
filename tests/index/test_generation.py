import json
import logging
import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from index import generation as module
from index.build import build
from index.chunking import ChunkSettings
from index.generation import (
    CHECK_SECONDS,
    CURRENT,
    RETRY_SECONDS,
    Contents,
    DamagedGeneration,
    Generation,
    LiveGeneration,
    MissingGeneration,
    StaleGeneration,
    current_name,
    load_generation,
    make_current,
    prune,
    write_generation,
)
from index.tokens import terms
from tests.fakes.encoder import HashingEncoder

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


def contents(generation: Generation) -> Contents:
    return Contents(
        articles=generation.articles,
        passages=generation.passages,
        sentences=generation.sentences,
        vectors=generation.vectors,
        sentence_vectors=generation.sentence_vectors,
        keywords=generation.keywords,
        recipe=generation.manifest.recipe,
    )


def write(
    data: Path, generation: Generation, now: datetime = NOON, encoder: HashingEncoder | None = None
) -> str:
    written = write_generation(data, contents(generation), encoder or HashingEncoder(), ChunkSettings(), now)
    return written.id


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_is_loaded_is_what_was_saved(generation: Generation, data: Path) -> None:
    make_current(data, write(data, generation))
    loaded = load_generation(data)
    assert loaded.articles == generation.articles
    assert loaded.passages == generation.passages
    np.testing.assert_array_equal(loaded.sentences, generation.sentences)
    np.testing.assert_array_equal(loaded.sentence_offsets, generation.sentence_offsets)
    every = np.arange(len(generation.passages))
    np.testing.assert_array_equal(loaded.vectors.reconstruct(every), generation.vectors.reconstruct(every))
    found, saved = (g.sentence_vectors.rows(slice(None)) for g in (loaded, generation))
    np.testing.assert_array_equal(found, saved)
    question = terms("Where does the Aare rise?")
    np.testing.assert_array_equal(loaded.keywords.scores(question), generation.keywords.scores(question))


def test_passages_are_slices_of_their_articles_and_hold_their_sentences(generation: Generation) -> None:
    assert [(p.article.id, p.heading, p.text) for p in generation.passages] == [
        (
            "bread",
            "Why rye is different",
            "Rye flour holds little gluten. Sourdough keeps a rye loaf from becoming gummy.",
        ),
        (
            "notes/moon-landing",
            None,
            "Apollo 11 landed on the Moon in July 1969. Neil Armstrong left the module first.",
        ),
        (
            "river",
            None,
            "The Aare is 288 kilometres long. It rises in the glaciers of the Bernese Alps.\n\n"
            "## Towns on its banks\n\n"
            "Bern lies in a bend of the Aare. Solothurn and Aarau lie further down the river.",
        ),
    ]
    river = [
        generation.passages[2].article.text[start:end]
        for _, start, end in generation.sentences[generation.sentence_rows(2)].tolist()
    ]
    assert river == [
        "The Aare is 288 kilometres long.",
        "It rises in the glaciers of the Bernese Alps.",
        "Bern lies in a bend of the Aare.",
        "Solothurn and Aarau lie further down the river.",
    ]
    rows = [generation.sentence_rows(number) for number in range(3)]
    assert rows == [range(0, 2), range(2, 4), range(4, 8)]


def test_the_manifest_says_what_the_generation_is_made_of(generation: Generation, data: Path) -> None:
    name = write(data, generation)
    raw = json.loads((data / "generations" / name / "manifest.json").read_text("utf-8"))
    facts = ("format", "id", "created", "model", "dimension", "passages", "sentences")
    assert {fact: raw[fact] for fact in facts} == {
        "format": 1,
        "id": name,
        "created": "2026-01-02T12:00:00+00:00",
        "model": "hashing",
        "dimension": 64,
        "passages": 3,
        "sentences": 8,
    }
    assert raw["fingerprint"] == HashingEncoder().fingerprint
    assert raw["chunking"] == {"target_tokens": 200, "limit_tokens": 240}
    assert [(s["id"], s["file"], s["passages"]) for s in raw["sources"]] == [
        ("bread", "bread.md", 1),
        ("notes/moon-landing", "notes/moon-landing.txt", 1),
        ("river", "river.md", 1),
    ]
    assert [s["sha256"] for s in raw["sources"]] == [article.sha256 for article in generation.articles]
    folder = data / "generations" / name
    assert set(raw["files"]) == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {"manifest.json"}


def test_without_an_index_the_error_says_what_to_run(data: Path) -> None:
    with pytest.raises(MissingGeneration) as caught:
        load_generation(data)
    assert str(caught.value) == f"There is no index in {data} yet. Run `footnote build`."


def test_every_damaged_file_is_noticed_and_named(generation: Generation, data: Path) -> None:
    folder = data / "generations" / generation.id
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) == 13
    for path in files:
        whole = path.read_bytes()
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        for damaged in (flipped, whole[:-1], whole + b"\0", b""):
            path.write_bytes(damaged)
            with pytest.raises(DamagedGeneration) as caught:
                load_generation(data)
            assert str(caught.value).startswith(f"The index is damaged: {path}: ")
            assert str(caught.value).endswith(". Run `footnote build`.")
        path.unlink()
        with pytest.raises(DamagedGeneration, match="it is missing"):
            load_generation(data)
        path.write_bytes(whole)
    assert load_generation(data).id == generation.id


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b", ".new-x", "nothing", "\ufffd"])
def test_a_pointer_to_nowhere_is_damage(generation: Generation, data: Path, name: str) -> None:
    (data / CURRENT).write_text(name, "utf-8")
    with pytest.raises(DamagedGeneration, match="Run `footnote build`"):
        load_generation(data)


def test_an_index_of_another_model_is_refused(generation: Generation, data: Path) -> None:
    with pytest.raises(StaleGeneration) as caught:
        load_generation(data, HashingEncoder("other"))
    assert str(caught.value) == (
        f"The index in {data} was made by another model, or another version of it: hashing, not other. "
        "Run `footnote build`."
    )
    assert load_generation(data, HashingEncoder()).id == generation.id


def test_an_index_of_another_format_is_refused(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FORMAT_VERSION", 2)
    with pytest.raises(StaleGeneration, match=r"has format 1, .* reads format 2\. Run `footnote build`\."):
        load_generation(data)


def test_files_that_the_installed_libraries_cannot_read_are_damage(
    generation: Generation, data: Path
) -> None:
    class Unreadable:
        """Stands for an index file of a library's future version: whole, and not understood."""

        def save(self, path: Path) -> None:
            path.write_bytes(b"IxF9 of another age")

    with pytest.raises(DamagedGeneration, match="the installed libraries cannot read it"):
        strange = replace(contents(generation), vectors=Unreadable())  # type: ignore[arg-type]
        write_generation(data, strange, HashingEncoder(), ChunkSettings())


def test_a_write_that_fails_leaves_nothing_behind_and_the_current_one_alone(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_sync_tree", full)
    with pytest.raises(OSError, match="No space left"):
        write(data, generation)
    assert [path.name for path in (data / "generations").iterdir()] == [generation.id]
    assert load_generation(data).id == generation.id


def test_what_a_crashed_write_left_is_removed_by_the_next(generation: Generation, data: Path) -> None:
    leftover = data / "generations" / ".new-crashed"
    leftover.mkdir()
    (leftover / "half").write_bytes(b"x")
    write(data, generation)
    assert not leftover.exists()


def test_prune_keeps_the_newest_and_never_deletes_the_current_one(generation: Generation, data: Path) -> None:
    later = [write(data, generation, NOON + timedelta(days=400 + day)) for day in range(3)]
    # Older by its name than all the others, as after a step back of the clock.
    oldest = write(data, generation, NOON - timedelta(days=9))
    make_current(data, oldest)
    gone = prune(data)
    assert current_name(data) == oldest
    assert {path.name for path in (data / "generations").iterdir()} == {oldest, later[-1]}
    assert sorted(gone) == sorted([generation.id, *later[:-1]])


def test_a_reader_whose_generation_is_pruned_takes_the_next_one(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = write(data, generation)
    verify = module._verify

    def prune_in_between(path: Path, entry: module.FileEntry) -> None:
        if generation.id in path.parts and path.exists():
            make_current(data, newer)
            shutil.rmtree(data / "generations" / generation.id)
        verify(path, entry)

    monkeypatch.setattr(module, "_verify", prune_in_between)
    assert load_generation(data).id == newer


def test_a_live_generation_is_exchanged_when_a_new_one_is_current(generation: Generation, data: Path) -> None:
    clock = Clock()
    live = LiveGeneration(data, HashingEncoder(), clock)
    first = live.get()
    assert first.id == generation.id
    newer = write(data, generation)
    make_current(data, newer)
    assert live.get() is first
    clock.now += CHECK_SECONDS
    second = live.get()
    assert second.id == newer
    clock.now += CHECK_SECONDS
    assert live.get() is second


def test_a_live_generation_waits_for_the_first_build(sources: Path, data: Path) -> None:
    live = LiveGeneration(data, HashingEncoder(), Clock())
    for _ in range(2):
        with pytest.raises(MissingGeneration, match="Run `footnote build`"):
            live.get()
    report = build(sources, data, HashingEncoder())
    assert live.get().id == report.generation


def test_a_new_generation_that_cannot_be_loaded_leaves_the_old_one_in_use(
    generation: Generation, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    live = LiveGeneration(data, HashingEncoder(), clock)
    first = live.get()
    other = write(data, generation, NOON, HashingEncoder("other"))
    make_current(data, other)
    with caplog.at_level(logging.ERROR):
        for _ in range(5):
            clock.now += CHECK_SECONDS
            assert live.get() is first
    assert [record.message for record in caplog.records] == [
        f"Still answering from generation {first.id}: The index in {data} was made by another model, "
        "or another version of it: other, not hashing. Run `footnote build`."
    ]
    newest = write(data, generation, NOON + timedelta(seconds=1))
    make_current(data, newest)
    clock.now += CHECK_SECONDS
    assert live.get().id == newest


def test_an_index_that_was_repaired_in_place_is_used_after_a_while(
    generation: Generation, data: Path
) -> None:
    articles = data / "generations" / generation.id / "articles.jsonl"
    whole = articles.read_bytes()
    articles.write_bytes(whole[:-1])
    clock = Clock()
    live = LiveGeneration(data, HashingEncoder(), clock)
    with pytest.raises(DamagedGeneration):
        live.get()
    articles.write_bytes(whole)
    clock.now += RETRY_SECONDS - 1
    with pytest.raises(DamagedGeneration):
        live.get()
    clock.now += 1
    assert live.get().id == generation.id


def test_askers_go_on_with_the_old_generation_while_one_loads_the_new(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    live = LiveGeneration(data, HashingEncoder(), clock)
    first = live.get()
    newer = write(data, generation)
    make_current(data, newer)
    clock.now += CHECK_SECONDS
    loading, finish = threading.Event(), threading.Event()
    load = module.load_generation
    loads: list[Path] = []

    def slow(data: Path, encoder: HashingEncoder) -> Generation:
        loads.append(data)
        loading.set()
        assert finish.wait(10)
        return load(data, encoder)

    monkeypatch.setattr(module, "load_generation", slow)
    loader = threading.Thread(target=live.get)
    loader.start()
    assert loading.wait(10)
    clock.now += CHECK_SECONDS
    assert live.get() is first
    finish.set()
    loader.join(10)
    assert live.get().id == newer
    assert len(loads) == 1


def test_a_generation_in_use_survives_the_deletion_of_its_files(generation: Generation, data: Path) -> None:
    shutil.rmtree(data / "generations")
    assert generation.sentence_vectors.rows(slice(0, 8)).shape == (8, 64)
    assert generation.keywords.scores(terms("rye")).argmax() == 0
