"""A generation's folder: what is saved is loaded, damage is noticed, and readers are never cut off."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index import generation as module
from index import generations, manifest, writer
from index.build import build
from index.check import flaw
from index.files import write_whole
from index.generation import Generation
from index.generations import RETRY_SECONDS, FileStore, load_generation, make_current, prune
from index.manifest import (
    CURRENT,
    DamagedGeneration,
    MissingGeneration,
    StaleGeneration,
    current_name,
    held_back,
    kept_generations,
    manifest_json,
    read_manifest,
)
from index.terms import terms
from index.types import Encoder, FootnoteError
from index.vectors import SentenceVectors, VectorIndex
from tests.fakes.encoder import HashingEncoder

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def folder(data: Path, generation: Generation) -> Path:
    return data / "generations" / generation.id


def write(
    data: Path, generation: Generation, now: datetime = NOON, encoder: HashingEncoder | None = None
) -> str:
    """Save the same contents as another generation."""
    name = f"{now:%Y%m%d-%H%M%S}-{os.urandom(4).hex()}"
    made = replace(generation.manifest, id=name, created=now.isoformat(timespec="microseconds"))
    if encoder is not None:
        recipe = replace(made.recipe, model=encoder.name, fingerprint=encoder.fingerprint)
        made = replace(made, recipe=recipe)
    shutil.copytree(folder(data, generation), data / "generations" / name)
    write_whole(data / "generations" / name / "manifest.json", manifest_json(made))
    return name


def live_generation(data: Path, clock: Clock | None = None) -> FileStore:
    """One that looks for a new generation only when the test says so."""
    return FileStore(data, HashingEncoder(), clock or Clock(), check_seconds=0)


def changed(generation: Generation, field: str, change: Any) -> Generation:
    """The same with one of its tables changed; `field` may lead into the postings or the manifest."""
    part, _, name = field.rpartition(".")
    owner = getattr(generation, part) if part else generation
    value = getattr(owner, name)
    if isinstance(value, np.ndarray):
        value = np.array(value)
        change(value)
    else:
        value = change(value)
    other = replace(owner, **{name: value})
    return replace(generation, **{part: other}) if part else other


def put(row: int, column: int | None, value: int) -> Callable[[Any], None]:
    def change(table: Any) -> None:
        table[row if column is None else (row, column)] = value

    return change


FLAWS: list[tuple[str, Any, str]] = [
    ("passages", put(0, 2, 10_000), "a passage lies outside its article"),
    ("passages", put(2, 1, -1), "a passage lies outside its article"),
    ("passages", put(0, 0, 1), "its passages are not those of its articles"),
    ("passages", put(0, 3, 7), "what stands above a sentence is missing"),
    ("sentences", put(7, 2, 10_000), "a sentence lies outside its passage"),
    ("sentences", put(1, 1, 0), "a sentence lies outside its passage"),
    ("sentences", put(2, 0, 0), "a sentence lies outside its passage"),
    ("vectors", lambda _: VectorIndex(64), "its parts do not belong together"),
    (
        "sentence_vectors",
        lambda held: SentenceVectors.build(held.rows(slice(0, 7))),
        "its parts do not belong together",
    ),
    ("digests", lambda digests: digests[::-1], "its parts do not belong together"),
    ("manifest.passages", lambda _: 4, "its parts do not belong together"),
    ("manifest.sources", lambda sources: sources[:2], "its articles are not those of its manifest"),
    ("manifest.sources", lambda sources: sources[::-1], "its article river is another one"),
    ("manifest.sources", lambda s: (s[0], s[0], s[2]), "its articles are not those of its manifest"),
    ("postings.rows", put(0, None, 3), "its terms do not belong together"),
    ("postings.counts", put(0, None, 9), "its terms do not belong together"),
    ("postings.starts", put(1, None, 0), "its terms do not belong together"),
    ("postings.lengths", put(0, None, 1), "its terms do not belong together"),
]


def test_a_search_in_what_is_loaded_is_one_in_what_was_saved(generation: Generation, data: Path) -> None:
    make_current(data, write(data, generation))
    loaded = load_generation(data)
    assert list(loaded.articles()) == list(generation.articles())
    for name in ("passages", "sentences", "contexts", "offsets"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(generation, name))
    every = np.arange(len(generation.passages))
    np.testing.assert_array_equal(loaded.vectors.reconstruct(every), generation.vectors.reconstruct(every))
    found, saved = (g.sentence_vectors.rows(slice(None)) for g in (loaded, generation))
    np.testing.assert_array_equal(found, saved)
    question = terms("Where does the Aare rise?")
    np.testing.assert_array_equal(loaded.keywords.scores(question), generation.keywords.scores(question))


def test_an_article_is_found_by_its_id(generation: Generation) -> None:
    article = generation.article("river")
    assert article is not None
    assert article.title == "The river Aare"
    assert article is generation.articles()[2]
    assert generation.article("nothing") is None


def test_passages_are_slices_of_their_articles_and_hold_their_sentences(generation: Generation) -> None:
    assert [(p.article.id, p.heading, p.text) for p in map(generation.passage, range(3))] == [
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
        generation.passage(2).article.text[start:end] for _, start, end in generation.sentences[4:8].tolist()
    ]
    assert river == [
        "The Aare is 288 kilometres long.",
        "It rises in the glaciers of the Bernese Alps.",
        "Bern lies in a bend of the Aare.",
        "Solothurn and Aarau lie further down the river.",
    ]
    assert generation.offsets.tolist() == [0, 2, 4, 8]


def test_the_manifest_says_what_the_generation_is_made_of(generation: Generation, data: Path) -> None:
    raw = json.loads((folder(data, generation) / "manifest.json").read_text("utf-8"))
    facts = ("format", "id", "before", "passages", "sentences")
    assert {fact: raw[fact] for fact in facts} == {
        "format": 4,
        "id": generation.id,
        "before": None,
        "passages": 3,
        "sentences": 8,
    }
    assert raw["recipe"]["model"] == "hashing"
    assert raw["recipe"]["dimension"] == 64
    assert raw["recipe"]["fingerprint"] == HashingEncoder().fingerprint
    assert raw["recipe"]["chunking"] == {"target_tokens": 200, "limit_tokens": 240}
    assert {*raw["files"], "manifest.json"} == {path.name for path in folder(data, generation).iterdir()}
    sources = read_manifest(folder(data, generation)).sources
    assert [(s.id, s.file, s.passages, s.title, s.published) for s in sources] == [
        ("bread", "bread.md", 1, "Baking with rye", "2020"),
        ("notes/moon-landing", "notes/moon-landing.txt", 1, "Moon landing", None),
        ("river", "river.md", 1, "The river Aare", "2015-02-09"),
    ]
    assert [s.sha256 for s in sources] == [article.sha256 for article in generation.articles()]


def test_without_an_index_the_error_says_what_to_run(data: Path) -> None:
    with pytest.raises(MissingGeneration) as caught:
        load_generation(data)
    assert str(caught.value) == f"There is no index in {data} yet. Run `footnote build`."


def test_a_file_of_another_size_is_noticed_at_once_and_another_bit_by_a_check(
    generation: Generation, data: Path
) -> None:
    files = sorted(folder(data, generation).iterdir())
    assert len(files) == 16
    for path in files:
        whole = path.read_bytes()
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        for damaged in (whole[:-1], whole + b"\0", b""):
            path.write_bytes(damaged)
            for look in (load_generation, lambda data: FileStore(data).manifest()):
                with pytest.raises(DamagedGeneration) as caught:
                    look(data)
                assert str(caught.value).startswith(f"The index is damaged: {path}: ")
                assert str(caught.value).endswith(". Run `footnote build`.")
        path.write_bytes(flipped)
        with pytest.raises(DamagedGeneration) as caught:
            FileStore(data).check(generation.id)
        assert str(caught.value).startswith(f"The index is damaged: {path}: ")
        path.unlink()
        with pytest.raises(DamagedGeneration, match="it is missing"):
            load_generation(data)
        path.write_bytes(whole)
    assert load_generation(data).id == FileStore(data).check(generation.id).id == generation.id


@pytest.mark.parametrize("pointer", ["{}\nx/y\n", "{}\na\nb\n"])
def test_a_torn_pointer_is_damage(generation: Generation, data: Path, pointer: str) -> None:
    (data / CURRENT).write_text(pointer.format(generation.id), "utf-8")
    with pytest.raises(DamagedGeneration, match="it names no generation"):
        load_generation(data)


@pytest.mark.parametrize(("field", "change", "complaint"), FLAWS)
def test_a_check_finds_contents_that_do_not_belong_together(
    generation: Generation, field: str, change: Any, complaint: str
) -> None:
    assert flaw(generation) is None
    assert flaw(changed(generation, field, change)) == complaint


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
    monkeypatch.setattr(manifest, "FORMAT_VERSION", 5)
    with pytest.raises(StaleGeneration, match=r"has format 4, .* reads format 5\. Run `footnote build`\."):
        load_generation(data)


def test_files_that_the_installed_libraries_cannot_read_are_damage(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise RuntimeError("Index type 0x39467849 not recognized")

    monkeypatch.setattr(VectorIndex, "load", refuse)
    with pytest.raises(DamagedGeneration, match="the installed libraries cannot read it"):
        load_generation(data)


def test_a_write_that_fails_leaves_nothing_behind_and_the_current_one_alone(
    generation: Generation, sources: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    (sources / "cheese.md").write_text("Gruyère ripens for months.", "utf-8")
    monkeypatch.setattr(writer, "sync", full)
    with pytest.raises(FootnoteError, match="No space left"):
        build(sources, data, HashingEncoder())
    assert [path.name for path in (data / "generations").iterdir()] == [generation.id]
    assert load_generation(data).id == generation.id


def test_what_crashed_writers_and_deleters_left_is_removed_by_prune(
    generation: Generation, data: Path
) -> None:
    leftovers = [
        *(data / "generations" / name for name in (".new-a", ".old-b", "orphan")),
        data / "segments",  # of an earlier format
    ]
    for leftover in leftovers:
        leftover.mkdir()
        (leftover / "half").write_bytes(b"x")
    prune(data)
    assert [leftover for leftover in leftovers if leftover.exists()] == []
    assert load_generation(data).id == generation.id


def test_prune_keeps_the_newest_and_never_deletes_the_current_one(generation: Generation, data: Path) -> None:
    later = [write(data, generation, NOON + timedelta(days=400 + day)) for day in range(3)]
    # Older by its name than all the others, as after a step back of the clock.
    oldest = write(data, generation, NOON - timedelta(days=9))
    make_current(data, oldest)
    gone = prune(data)
    assert current_name(data) == oldest
    assert {path.name for path in (data / "generations").iterdir()} == {oldest, later[-1]}
    assert sorted(gone) == sorted([generation.id, *later[:-1]])
    assert load_generation(data).id == oldest


def test_generations_are_listed_newest_first_whatever_their_names(generation: Generation, data: Path) -> None:
    second = NOON + timedelta(microseconds=1)
    names = [write(data, generation, now) for now in (second, NOON, second + timedelta(microseconds=1))]
    (data / "generations" / "20990101-000000-broken00").mkdir()
    assert kept_generations(data) == [generation.id, names[2], names[0], names[1]]


def test_the_pointer_remembers_what_was_gone_back_from(generation: Generation, data: Path) -> None:
    assert held_back(data) is None
    make_current(data, generation.id, instead_of="20260102-120000-abcdef01")
    assert (current_name(data), held_back(data)) == (generation.id, "20260102-120000-abcdef01")
    make_current(data, generation.id)
    assert held_back(data) is None


def test_a_reader_whose_generation_is_pruned_takes_the_next_one(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = write(data, generation)
    opened = module.open_generation

    def prune_in_between(place: Path) -> Generation:
        if current_name(data) == generation.id:
            make_current(data, newer)
            shutil.rmtree(place)
        return opened(place)

    monkeypatch.setattr(module, "open_generation", prune_in_between)
    assert load_generation(data).id == newer


def test_a_live_generation_is_exchanged_when_a_new_one_is_current(generation: Generation, data: Path) -> None:
    live = live_generation(data)
    first = live.current()
    assert first.id == generation.id
    newer = write(data, generation)
    make_current(data, newer)
    assert live.current() is first
    live.refresh()
    second = live.current()
    assert second.id == newer
    live.refresh()
    assert live.current() is second


def test_a_running_bot_notices_a_new_generation_within_two_seconds_and_without_being_asked(
    generation: Generation, data: Path
) -> None:
    live = FileStore(data, HashingEncoder())
    live.current()
    newer = write(data, generation)
    make_current(data, newer)
    deadline = time.monotonic() + 2
    while live.current().id != newer:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nobody_looks_any_more_for_a_live_generation_that_nobody_holds(
    data: Path, generation: Generation
) -> None:
    live = FileStore(data, HashingEncoder(), check_seconds=0.01)
    live.current()
    watcher = live._watcher
    assert watcher is not None
    assert watcher.is_alive()
    del live
    watcher.join(5)
    assert not watcher.is_alive()


def test_a_live_generation_waits_for_the_first_build(sources: Path, data: Path) -> None:
    live = live_generation(data)
    for _ in range(2):
        with pytest.raises(MissingGeneration, match="Run `footnote build`"):
            live.current()
    report = build(sources, data, HashingEncoder())
    assert live.current().id == report.generation


def test_a_new_generation_that_cannot_be_loaded_leaves_the_old_one_in_use(
    generation: Generation, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = live_generation(data)
    first = live.current()
    other = write(data, generation, NOON, HashingEncoder("other"))
    make_current(data, other)
    with caplog.at_level(logging.ERROR):
        for _ in range(5):
            live.refresh()
            assert live.current() is first
    assert [record.message for record in caplog.records] == [
        f"Still answering from generation {first.id}: The index in {data} was made by another model, "
        "or another version of it: other, not hashing. Run `footnote build`."
    ]
    newest = write(data, generation, NOON + timedelta(seconds=1))
    make_current(data, newest)
    live.refresh()
    assert live.current().id == newest


def test_an_index_that_was_repaired_in_place_is_used_after_a_while(
    generation: Generation, data: Path
) -> None:
    articles = folder(data, generation) / "articles.jsonl"
    whole = articles.read_bytes()
    articles.write_bytes(whole[:-1])
    clock = Clock()
    live = live_generation(data, clock)
    with pytest.raises(DamagedGeneration):
        live.current()
    articles.write_bytes(whole)
    clock.now += RETRY_SECONDS - 1
    with pytest.raises(DamagedGeneration):
        live.current()
    clock.now += 1
    assert live.current().id == generation.id


def test_askers_go_on_with_the_old_generation_while_the_new_one_is_loaded(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = live_generation(data)
    first = live.current()
    newer = write(data, generation)
    make_current(data, newer)
    loading, finish = threading.Event(), threading.Event()
    load = generations.load_generation

    def slow(data: Path, encoder: Encoder | None) -> Generation:
        loading.set()
        assert finish.wait(10)
        return load(data, encoder)

    monkeypatch.setattr(generations, "load_generation", slow)
    loader = threading.Thread(target=live.refresh)
    loader.start()
    assert loading.wait(10)
    assert live.current() is first
    finish.set()
    loader.join(10)
    assert live.current().id == newer


def test_a_generation_in_use_survives_the_deletion_of_its_files(generation: Generation, data: Path) -> None:
    shutil.rmtree(data)
    assert generation.sentence_vectors.rows(slice(0, 8)).shape == (8, 64)
    assert generation.keywords.scores(terms("rye")).argmax() == 0
