import json
import logging
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
from index import manifests, segments
from index.build import build
from index.chunking import ChunkSettings
from index.generation import (
    RETRY_SECONDS,
    Generation,
    LiveGeneration,
    load_generation,
    make_current,
    new_manifest,
    prune,
    verify,
    write_generation,
)
from index.manifests import (
    CURRENT,
    DamagedGeneration,
    MissingGeneration,
    SegmentManifest,
    StaleGeneration,
    current_name,
    held_back,
    kept_generations,
    read_segment_manifest,
)
from index.segments import SavedSegment, Segment, trusted_segment
from index.terms import terms
from index.types import Encoder
from index.vectors import VectorIndex
from tests.fakes.encoder import HashingEncoder

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def write(
    data: Path, generation: Generation, now: datetime = NOON, encoder: HashingEncoder | None = None
) -> str:
    """Save the same segments as another generation."""
    manifest = new_manifest(generation.segments, encoder or HashingEncoder(), ChunkSettings(), "r", now=now)
    write_generation(data, manifest)
    return manifest.id


def live_generation(data: Path, clock: Clock | None = None) -> LiveGeneration:
    """One that looks for a new generation only when the test says so."""
    return LiveGeneration(data, HashingEncoder(), clock or Clock(), check_seconds=0)


def changed(segment: Segment, field: str, change: Any) -> Segment:
    """A segment with one of its tables changed; `field` may lead into the postings."""
    if field.startswith("postings."):
        name = field.removeprefix("postings.")
        table = np.array(getattr(segment.postings, name))
        change(table)
        return replace(segment, postings=replace(segment.postings, **{name: table}))
    if field in ("places", "sentences"):
        table = np.array(getattr(segment, field))
        change(table)
        return replace(segment, **{field: table})
    return replace(segment, **{field: change(getattr(segment, field))})


def put(row: int, column: int | None, value: int) -> Callable[[Any], None]:
    def change(table: Any) -> None:
        table[row if column is None else (row, column)] = value

    return change


FLAWS: list[tuple[str, Any, str]] = [
    ("places", put(0, 2, 10_000), "a passage lies outside its article"),
    ("places", put(2, 1, -1), "a passage lies outside its article"),
    ("places", put(0, 0, 1), "its passages are not those of its articles"),
    ("places", put(0, 3, 7), "what stands above a sentence is missing"),
    ("sentences", put(7, 2, 10_000), "a sentence lies outside its passage"),
    ("sentences", put(1, 1, 0), "a sentence lies outside its passage"),
    ("sentences", put(2, 0, 0), "a sentence lies outside its passage"),
    ("vectors", lambda vectors: VectorIndex.joined([vectors, vectors]), "its parts do not belong together"),
    ("sentence_vectors", lambda vectors: vectors.cut(0, 7), "its parts do not belong together"),
    ("sources", lambda sources: sources[:2], "its articles are not those of its manifest"),
    ("sources", lambda sources: (sources[0], *sources[:2]), "its article bread is another one"),
    ("postings.posting_rows", put(0, None, 3), "its terms do not belong together"),
    ("postings.posting_counts", put(0, None, 9), "its terms do not belong together"),
    ("postings.posting_starts", put(1, None, 0), "its terms do not belong together"),
    ("postings.lengths", put(0, None, 1), "its terms do not belong together"),
]


def test_what_is_loaded_is_what_was_saved(generation: Generation, data: Path) -> None:
    make_current(data, write(data, generation))
    loaded = load_generation(data)
    assert list(loaded.articles) == list(generation.articles)
    assert list(loaded.passages) == list(generation.passages)
    np.testing.assert_array_equal(loaded.sentences, generation.sentences)
    np.testing.assert_array_equal(loaded.sentence_offsets, generation.sentence_offsets)
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
    assert article is generation.articles[2]
    assert generation.article("nothing") is None


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
    facts = ("format", "id", "created", "before", "model", "dimension", "stale", "passages", "sentences")
    assert {fact: raw[fact] for fact in facts} == {
        "format": 3,
        "id": name,
        "created": "2026-01-02T12:00:00.000000+00:00",
        "before": None,
        "model": "hashing",
        "dimension": 64,
        "stale": {},
        "passages": 3,
        "sentences": 8,
    }
    assert raw["fingerprint"] == HashingEncoder().fingerprint
    assert raw["chunking"] == {"target_tokens": 200, "limit_tokens": 240}
    (segment,) = raw["segments"]
    assert [path.name for path in (data / "segments").iterdir()] == [segment]
    sources = manifests.read_manifest(data / "generations" / name).sources
    assert [(s.id, s.file, s.passages, s.title, s.published) for s in sources] == [
        ("bread", "bread.md", 1, "Baking with rye", "2020"),
        ("notes/moon-landing", "notes/moon-landing.txt", 1, "Moon landing", None),
        ("river", "river.md", 1, "The river Aare", "2015-02-09"),
    ]
    assert [s.sha256 for s in sources] == [article.sha256 for article in generation.articles]


def test_without_an_index_the_error_says_what_to_run(data: Path) -> None:
    with pytest.raises(MissingGeneration) as caught:
        load_generation(data)
    assert str(caught.value) == f"There is no index in {data} yet. Run `footnote build`."


def test_every_damaged_file_is_noticed_and_named(generation: Generation, data: Path) -> None:
    places = [data / "generations" / generation.id, data / "segments" / generation.segments[0].name]
    files = sorted(path for place in places for path in place.rglob("*") if path.is_file())
    files = [path for path in files if path.name != "trusted.json"]
    assert len(files) == 18
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


def test_damage_is_noticed_by_those_who_trust_what_they_verified_before(
    generation: Generation, data: Path
) -> None:
    name = generation.segments[0].name
    time.sleep(3 * manifests.TICK_NS / 1e9)
    trusting(data, name)
    files = sorted(path for path in (data / "segments" / name).rglob("*") if path.is_file())
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        if path.name != "trusted.json":
            with pytest.raises(DamagedGeneration):
                trusting(data, name)
            with pytest.raises(DamagedGeneration):
                manifests.trusted_manifest(data)
        path.write_bytes(whole)
        trusting(data, name)
        assert manifests.trusted_manifest(data).id == generation.id


def test_files_that_were_verified_are_not_read_whole_again(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = generation.segments[0].name
    time.sleep(3 * manifests.TICK_NS / 1e9)
    trusting(data, name)
    monkeypatch.setattr(manifests, "sha256_of", lambda path: pytest.fail(f"{path} was read"))
    found = trusting(data, name)
    assert isinstance(found, SavedSegment)  # which is not even opened, until it is asked for
    assert (found.name, found.sources) == (name, generation.manifest.sources)
    assert (len(found), found.sentence_count) == (len(generation.passages), len(generation.sentences))
    assert found.open().passage(0) == generation.passages[0]
    assert manifests.trusted_manifest(data) == generation.manifest


def test_a_segment_that_cannot_be_opened_is_not_trusted_again(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are whole, but the libraries that are installed now cannot read them."""
    name = generation.segments[0].name
    time.sleep(3 * manifests.TICK_NS / 1e9)
    trusting(data, name)
    assert isinstance(trusting(data, name), SavedSegment)

    def refuse(path: Path) -> VectorIndex:
        raise RuntimeError("unknown index type")

    monkeypatch.setattr(VectorIndex, "load", refuse)
    with pytest.raises(DamagedGeneration, match="the installed libraries cannot read it"):
        load_generation(data)
    with pytest.raises(DamagedGeneration, match="the installed libraries cannot read it"):
        trusting(data, name)  # so that a build makes it anew


def trusting(data: Path, name: str) -> Segment | SavedSegment:
    """Open a segment as a build does."""
    return trusted_segment(data, read_segment_manifest(data / "segments" / name, name))


@pytest.mark.parametrize("pointer", ["{}\nx/y\n", "{}\na\nb\n"])
def test_a_torn_pointer_is_damage(generation: Generation, data: Path, pointer: str) -> None:
    (data / CURRENT).write_text(pointer.format(generation.id), "utf-8")
    with pytest.raises(DamagedGeneration, match="it names no generation"):
        load_generation(data)


def test_verification_finds_contents_that_do_not_belong_together(generation: Generation, data: Path) -> None:
    (segment,) = generation.segments
    assert segments.flaw(segment) is None
    for field, change, complaint in FLAWS:
        assert segments.flaw(changed(segment, field, change)) == complaint


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
    monkeypatch.setattr(manifests, "FORMAT_VERSION", 4)
    with pytest.raises(StaleGeneration, match=r"has format 3, .* reads format 4\. Run `footnote build`\."):
        load_generation(data)


def test_files_that_the_installed_libraries_cannot_read_are_damage(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise RuntimeError("Index type 0x39467849 not recognized")

    monkeypatch.setattr(segments.VectorIndex, "load", refuse)
    with pytest.raises(DamagedGeneration, match="the installed libraries cannot read it"):
        load_generation(data)


def test_a_write_that_fails_leaves_nothing_behind_and_the_current_one_alone(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "sync_tree", full)
    with pytest.raises(OSError, match="No space left"):
        write(data, generation)
    assert [path.name for path in (data / "generations").iterdir()] == [generation.id]
    assert load_generation(data).id == generation.id


def test_what_crashed_writers_and_deleters_left_is_removed_by_prune(
    generation: Generation, data: Path
) -> None:
    leftovers = [
        data / place / name
        for place in ("generations", "segments")
        for name in (".new-a", ".old-b", "orphan")
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


def test_verify_reads_every_file_of_a_generation(generation: Generation, data: Path) -> None:
    assert verify(data, generation.id).id == generation.id
    path = data / "segments" / generation.segments[0].name / "sentence_vectors.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DamagedGeneration, match="its checksum is wrong"):
        verify(data, generation.id)


def test_a_reader_whose_generation_is_pruned_takes_the_next_one(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = write(data, generation)
    open_segment = module.open_segment

    def prune_in_between(data: Path, name: str, manifest: SegmentManifest) -> Segment:
        if current_name(data) == generation.id:
            make_current(data, newer)
            shutil.rmtree(data / "generations" / generation.id)
            raise manifests.damaged(data / name, "it is missing")
        return open_segment(data, name, manifest)

    monkeypatch.setattr(module, "open_segment", prune_in_between)
    assert load_generation(data).id == newer


def test_a_live_generation_is_exchanged_when_a_new_one_is_current(generation: Generation, data: Path) -> None:
    live = live_generation(data)
    first = live.get()
    assert first.id == generation.id
    newer = write(data, generation)
    make_current(data, newer)
    assert live.get() is first
    live.refresh()
    second = live.get()
    assert second.id == newer
    live.refresh()
    assert live.get() is second


def test_only_segments_that_are_new_are_read(
    generation: Generation, sources: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.draft.SMALL_PASSAGES", 0)
    live = live_generation(data)
    (before,) = live.get().segments
    (sources / "cheese.md").write_text("Gruyère ripens for months.", "utf-8")
    build(sources, data, HashingEncoder())
    read: list[str] = []
    open_segment = module.open_segment
    monkeypatch.setattr(
        module, "open_segment", lambda data, name, _: (read.append(name), open_segment(data, name))[1]
    )
    live.refresh()
    first, second = live.get().segments
    assert first is before
    assert read == [second.name]


def test_a_running_bot_notices_a_new_generation_within_two_seconds_and_without_being_asked(
    generation: Generation, data: Path
) -> None:
    live = LiveGeneration(data, HashingEncoder())
    live.get()
    newer = write(data, generation)
    make_current(data, newer)
    deadline = time.monotonic() + 2
    while live.get().id != newer:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nobody_looks_any_more_for_a_live_generation_that_nobody_holds(
    data: Path, generation: Generation
) -> None:
    live = LiveGeneration(data, HashingEncoder(), check_seconds=0.01)
    live.get()
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
            live.get()
    report = build(sources, data, HashingEncoder())
    assert live.get().id == report.generation


def test_a_new_generation_that_cannot_be_loaded_leaves_the_old_one_in_use(
    generation: Generation, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = live_generation(data)
    first = live.get()
    other = write(data, generation, NOON, HashingEncoder("other"))
    make_current(data, other)
    with caplog.at_level(logging.ERROR):
        for _ in range(5):
            live.refresh()
            assert live.get() is first
    assert [record.message for record in caplog.records] == [
        f"Still answering from generation {first.id}: The index in {data} was made by another model, "
        "or another version of it: other, not hashing. Run `footnote build`."
    ]
    newest = write(data, generation, NOON + timedelta(seconds=1))
    make_current(data, newest)
    live.refresh()
    assert live.get().id == newest


def test_an_index_that_was_repaired_in_place_is_used_after_a_while(
    generation: Generation, data: Path
) -> None:
    articles = data / "segments" / generation.segments[0].name / "articles.jsonl"
    whole = articles.read_bytes()
    articles.write_bytes(whole[:-1])
    clock = Clock()
    live = live_generation(data, clock)
    with pytest.raises(DamagedGeneration):
        live.get()
    articles.write_bytes(whole)
    clock.now += RETRY_SECONDS - 1
    with pytest.raises(DamagedGeneration):
        live.get()
    clock.now += 1
    assert live.get().id == generation.id


def test_askers_go_on_with_the_old_generation_while_the_new_one_is_loaded(
    generation: Generation, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = live_generation(data)
    first = live.get()
    newer = write(data, generation)
    make_current(data, newer)
    loading, finish = threading.Event(), threading.Event()
    load = module.load_generation

    def slow(data: Path, encoder: Encoder | None, loaded: Generation | None) -> Generation:
        loading.set()
        assert finish.wait(10)
        return load(data, encoder, loaded)

    monkeypatch.setattr(module, "load_generation", slow)
    loader = threading.Thread(target=live.refresh)
    loader.start()
    assert loading.wait(10)
    assert live.get() is first
    finish.set()
    loader.join(10)
    assert live.get().id == newer


def test_a_generation_in_use_survives_the_deletion_of_its_files(generation: Generation, data: Path) -> None:
    shutil.rmtree(data)
    assert generation.sentence_vectors.rows(slice(0, 8)).shape == (8, 64)
    assert generation.keywords.scores(terms("rye")).argmax() == 0


def test_the_manifest_says_in_which_precisions_its_vectors_were_worked_out(
    generation: Generation, data: Path
) -> None:
    manifest = module.new_manifest(
        generation.segments, HashingEncoder(), ChunkSettings(), "r", precisions={"int8", "float32"}
    )
    write_generation(data, manifest)
    saved = data / "generations" / manifest.id / "manifest.json"
    assert json.loads(saved.read_text("utf-8"))["precisions"] == ["float32", "int8"]
    assert manifests.read_manifest(saved.parent).precisions == ("float32", "int8")
