import errno
import fcntl
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from index import build as module
from index import folder, keywords
from index.build import BuildOptions, build
from index.chunking import ChunkSettings, context_text
from index.generation import Generation
from index.generations import FileStore, load_generation
from index.manifest import current_manifest
from index.terms import terms
from index.types import Article, BuildReport, FootnoteError, Passage, Scores
from index.vectors import VectorIndex
from tests.fakes.encoder import HashingEncoder

ALL = ("bread", "notes/moon-landing", "river")


def outcome(report: BuildReport) -> dict[str, tuple[str, ...]]:
    """What happened to which article, without the empty lists."""
    kinds = {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "failed": tuple(failure.file for failure in report.failed),
    }
    return {kind: names for kind, names in kinds.items() if names}


def assert_like_a_fresh_build(sources: Path, data: Path, elsewhere: Path) -> None:
    """An incremental build must give what a build from nothing gives, but for the order of the articles."""
    build(sources, elsewhere, HashingEncoder())
    found, fresh = load_generation(data), load_generation(elsewhere)
    assert {article.id: article for article in found.articles()} == {a.id: a for a in fresh.articles()}
    assert sorted(map(repr, every(found))) == sorted(map(repr, every(fresh)))
    assert known_of(found) == known_of(fresh)
    question = terms("How long is the river, and what does number 4 of the notes say?")
    assert by_passage(found, found.keywords.scores(question)) == by_passage(
        fresh, fresh.keywords.scores(question)
    )


def every(generation: Generation) -> list[Passage]:
    return [generation.passage(key) for key in range(len(generation.passages))]


def known_of(generation: Generation) -> dict[tuple[str, int], tuple[bytes, list[tuple[int, int, bytes]]]]:
    """Article and start of each passage -> its vector, and its sentences with theirs, to the last bit."""
    found = {}
    for number, passage in enumerate(every(generation)):
        vector = generation.vectors.reconstruct(np.array([number])).tobytes()
        sentences = [
            (
                *generation.sentences[row, 1:].tolist(),
                generation.sentence_vectors.rows(slice(row, row + 1)).tobytes(),
            )
            for row in range(*generation.offsets[number : number + 2].tolist())
        ]
        found[passage.article.id, passage.start] = (vector, sentences)
    return found


def by_passage(generation: Generation, scores: Scores) -> dict[tuple[str, int], float]:
    return {
        (passage.article.id, passage.start): score
        for passage, score in zip(every(generation), scores.tolist(), strict=True)
    }


def loaded_article(data: Path, id: str) -> Article:
    article = load_generation(data).article(id)
    assert article is not None
    return article


def test_a_first_build_adds_everything(sources: Path, data: Path, encoder: HashingEncoder) -> None:
    report = build(sources, data, encoder)
    assert outcome(report) == {"added": ALL}
    assert (report.passages, report.sentences, report.rebuilt_because) == (3, 8, None)
    assert report.generation == load_generation(data, encoder).id
    assert report.seconds > 0


def test_passages_are_embedded_in_context_and_sentences_bare(
    generation: Generation, encoder: HashingEncoder
) -> None:
    passages = encoder.encode_documents([context_text(passage) for passage in every(generation)])
    np.testing.assert_allclose(generation.vectors.reconstruct(np.arange(3)), passages, atol=1e-3)
    bare = [
        generation.passage(number).article.text[start:end]
        for number, start, end in generation.sentences.tolist()
    ]
    np.testing.assert_allclose(
        generation.sentence_vectors.rows(slice(None)), encoder.encode_documents(bare), atol=1e-3
    )


def test_nothing_new_makes_no_new_generation_and_embeds_nothing(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    first = build(sources, data, encoder)
    encoder.encoded.clear()
    second = build(sources, data, encoder)
    assert outcome(second) == {"unchanged": ALL}
    assert (second.generation, second.passages, second.sentences) == (first.generation, 3, 8)
    assert encoder.encoded == []
    assert len(list((data / "generations").iterdir())) == 1


def test_added_changed_removed_and_unchanged_articles_are_told_apart(
    sources: Path, data: Path, encoder: HashingEncoder, tmp_path: Path
) -> None:
    build(sources, data, encoder)
    (sources / "bread.md").unlink()
    (sources / "cheese.md").write_text("Gruyère ripens for months.", "utf-8")
    river = sources / "river.md"
    river.write_text(river.read_text("utf-8").replace("288", "291"), "utf-8")
    encoder.encoded.clear()
    report = build(sources, data, encoder)
    assert outcome(report) == {
        "added": ("cheese",),
        "changed": ("river",),
        "removed": ("bread",),
        "unchanged": ("notes/moon-landing",),
    }
    assert encoder.encoded == [
        "Cheese. Gruyère ripens for months.",
        f"The river Aare. {loaded_article(data, 'river').text.strip()}",
        "Gruyère ripens for months.",
        "The Aare is 291 kilometres long.",
    ]
    assert_like_a_fresh_build(sources, data, tmp_path / "fresh")


def test_many_edits_leave_the_index_as_a_fresh_build_makes_it(
    sources: Path, data: Path, encoder: HashingEncoder, tmp_path: Path
) -> None:
    build(sources, data, encoder)
    for step in range(6):
        (sources / f"more-{step % 3}.md").write_text(f"Number {step} of the notes. The same again.", "utf-8")
        if step == 4:
            (sources / "more-0.md").rename(sources / "notes" / "moved.md")
        build(sources, data, encoder)
    assert_like_a_fresh_build(sources, data, tmp_path / "fresh")


def test_a_renamed_file_and_new_front_matter_embed_nothing_but_what_reads_differently(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    (sources / "river.md").rename(sources / "aare.md")
    bread = sources / "bread.md"
    bread.write_text(bread.read_text("utf-8").replace('"2020"', '"2021"'), "utf-8")
    encoder.encoded.clear()
    report = build(sources, data, encoder)
    assert outcome(report) == {
        "added": ("aare",),
        "changed": ("bread",),
        "removed": ("river",),
        "unchanged": ("notes/moon-landing",),
    }
    assert encoder.encoded == []
    assert loaded_article(data, "bread").published == "2021"


def test_another_model_embeds_everything_anew_and_says_why(sources: Path, data: Path) -> None:
    build(sources, data, HashingEncoder("old"))
    encoder = HashingEncoder("new", dimension=32)
    report = build(sources, data, encoder)
    assert outcome(report) == {"unchanged": ALL}
    assert report.rebuilt_because == "The model changed: old before, new now."
    assert len(encoder.encoded) == 3 + 8
    assert load_generation(data, encoder).manifest.recipe.dimension == 32


def test_another_passage_size_splits_anew_and_keeps_the_sentences_vectors(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    encoder.encoded.clear()
    sizes = ChunkSettings(target_tokens=8, limit_tokens=10)
    report = build(sources, data, encoder, BuildOptions(chunking=sizes))
    generation = load_generation(data)
    assert report.rebuilt_because == "The size of the passages changed."
    assert generation.manifest.recipe.chunking == sizes
    assert len(generation.passages) == 8
    assert encoder.encoded == [context_text(generation.passage(key)) for key in range(8)]


def test_other_splitting_code_splits_anew(
    sources: Path, data: Path, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(sources, data, encoder)
    encoder.encoded.clear()
    monkeypatch.setattr(module, "_code", lambda: "of another version")
    report = build(sources, data, encoder)
    assert report.generation != first.generation
    assert report.rebuilt_because == "This version of Footnote splits articles in another way."
    assert encoder.encoded == []
    assert outcome(build(sources, data, encoder)) == {"unchanged": ALL}


def test_a_generation_with_a_torn_file_is_made_anew_from_the_sources(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    (path,) = data.glob("generations/*/vectors.faiss")
    path.write_bytes(path.read_bytes()[:-1])
    report = build(sources, data, encoder)
    assert outcome(report) == {"added": ALL}
    assert report.rebuilt_because is not None
    assert report.rebuilt_because.startswith(f"The index is damaged: {path}: it has ")
    assert load_generation(data, encoder).id == report.generation
    assert build(sources, data, encoder).rebuilt_because is None


def test_a_generation_that_the_installed_libraries_cannot_read_is_made_anew(
    sources: Path, data: Path, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = build(sources, data, encoder).generation
    load = VectorIndex.load

    def refuse(path: Path) -> VectorIndex:
        if path.parent.name == old:
            raise RuntimeError("Index type not recognized")
        return load(path)

    monkeypatch.setattr(VectorIndex, "load", refuse)
    (sources / "cheese.md").write_text("Gruyère ripens for months.", "utf-8")
    report = build(sources, data, encoder)
    assert "the installed libraries cannot read it" in str(report.rebuilt_because)
    assert (report.passages, load_generation(data, encoder).id) == (4, report.generation)


def test_damage_is_not_copied_into_the_next_generation(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    (damaged,) = data.glob("generations/*/articles.jsonl")
    damaged.write_bytes(damaged.read_bytes().replace(b"Rye", b"Oat"))
    (sources / "cheese.md").write_text("Gruyère ripens for months.", "utf-8")
    report = build(sources, data, encoder)
    assert report.rebuilt_because == f"The index is damaged: {damaged}: its checksum is wrong."
    assert "Rye flour" in loaded_article(data, "bread").text
    assert FileStore(data).check(report.generation).passages == 4


def test_after_damage_the_generation_before_spares_most_of_the_work(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    (sources / "cheese.md").write_text("Gruyère ripens for months.", "utf-8")
    broken = build(sources, data, encoder).generation
    path = data / "generations" / broken / "sentence_vectors.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    (sources / "bread.md").unlink()
    encoder.encoded.clear()
    report = build(sources, data, encoder)
    assert (report.added, report.removed) == (("cheese",), ("bread",))
    assert encoder.encoded == ["Cheese. Gruyère ripens for months.", "Gruyère ripens for months."]


def test_a_damaged_manifest_is_rescued_by_the_generation_before(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    (sources / "cheese.md").write_text("Gruyère ripens for months.", "utf-8")
    broken = build(sources, data, encoder).generation
    (data / "generations" / broken / "manifest.json").write_text("{", "utf-8")
    encoder.encoded.clear()
    report = build(sources, data, encoder)
    assert outcome(report) == {"added": ("cheese",), "unchanged": ALL}
    assert encoder.encoded == ["Cheese. Gruyère ripens for months.", "Gruyère ripens for months."]
    assert report.generation == load_generation(data, encoder).id != broken


def test_an_index_of_an_older_format_is_rebuilt_with_a_reason(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    old = data / "generations" / "20250101-000000-abcdef01"
    old.mkdir(parents=True)
    (old / "manifest.json").write_text('{"format": 1, "id": "20250101-000000-abcdef01"}', "utf-8")
    (data / "CURRENT").write_text("20250101-000000-abcdef01\n", "utf-8")
    report = build(sources, data, encoder)
    assert outcome(report) == {"added": ALL}
    assert report.rebuilt_because == "The index was made by another version of Footnote."
    assert not old.exists()


def test_unchanged_files_are_not_parsed_again(
    sources: Path, data: Path, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(sources, data, encoder)
    parsed: list[str] = []
    parse = folder.parse_article
    monkeypatch.setattr(
        folder, "parse_article", lambda id, file, *rest: (parsed.append(file), parse(id, file, *rest))[1]
    )
    build(sources, data, encoder)
    assert parsed == []
    (sources / "bread.md").write_text("Rye is a grain.", "utf-8")
    build(sources, data, encoder)
    assert parsed == ["bread.md"]


def test_twins_are_told_although_neither_is_parsed_again(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    (sources / "copy.md").write_bytes((sources / "river.md").read_bytes())
    first = build(sources, data, encoder).warnings
    assert first == ("river.md has the same text as copy.md. Delete one of them.",)
    assert build(sources, data, encoder).warnings == first


def test_an_article_that_is_stale_is_marked_until_its_file_is_good_again(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    river = sources / "river.md"
    good = river.read_bytes()
    river.write_bytes(b"\xff")
    build(sources, data, encoder)
    marks = {entry.id: entry.stale for entry in current_manifest(data).sources}
    assert marks.pop("river") == (
        "is not UTF-8: byte 0xFF at offset 0. Convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"
    )
    assert marks == {"bread": None, "notes/moon-landing": None}
    assert outcome(build(sources, data, encoder))["failed"] == ("river.md",)
    river.write_bytes(good)
    assert outcome(build(sources, data, encoder)) == {"unchanged": ALL}
    assert {entry.stale for entry in current_manifest(data).sources} == {None}


def test_what_is_refused_does_not_become_current_and_leaves_nothing(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    def refuse(generation: Generation) -> None:
        assert generation.article("cheese") is not None
        raise FootnoteError("The canaries are silent.")

    first = build(sources, data, encoder)
    before = sorted(data.rglob("*"))
    (sources / "cheese.md").write_text("Gruyère ripens for months.", "utf-8")
    with pytest.raises(FootnoteError, match="canaries"):
        build(sources, data, encoder, BuildOptions(accept=refuse))
    assert load_generation(data).id == first.generation
    assert sorted(data.rglob("*")) == before


def test_a_shared_index_does_not_lose_most_of_its_articles_to_a_folder_that_has_others(
    sources: Path, data: Path, encoder: HashingEncoder, tmp_path: Path
) -> None:
    for number in range(30):
        (sources / f"{number}.md").write_text(f"Bridge number {number} crosses the river.", "utf-8")
    first = build(sources, data, encoder, BuildOptions(shared=True))
    other = tmp_path / "other"
    other.mkdir()
    (other / "own.md").write_text("A ferry crosses the lake.", "utf-8")

    with pytest.raises(FootnoteError, match=r"Nothing was built: \d+ of the \d+ .* --remove-missing"):
        build(other, data, encoder, BuildOptions(shared=True))
    assert current_manifest(data).id == first.generation

    (sources / "0.md").unlink()
    assert build(sources, data, encoder, BuildOptions(shared=True)).removed == ("0",)
    assert len(build(other, data, encoder).removed) > 29, "a machine's own index is what its folder is"


def test_a_removed_article_leaves_the_disk_when_no_generation_is_kept_that_had_it(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    (sources / "secret.md").write_text("The xylophone is in the cellar.", "utf-8")
    build(sources, data, encoder)
    (sources / "secret.md").unlink()
    build(sources, data, encoder)
    generation = load_generation(data)
    assert generation.article("secret") is None
    assert generation.keywords.passages_with("xylophon") == 0
    assert not any("xylophone" in passage.text for passage in every(generation))
    assert any(b"xylophon" in path.read_bytes() for path in data.rglob("*") if path.is_file())
    build(sources, data, encoder, BuildOptions(keep=1))
    assert not any(b"xylophon" in path.read_bytes() for path in data.rglob("*") if path.is_file())


def test_a_file_that_fails_now_keeps_its_last_good_version(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    river, bread = sources / "river.md", sources / "bread.md"
    river.write_bytes(b"\xff")
    bread.write_text("# Only a heading\n", "utf-8")
    report = build(sources, data, encoder)
    assert outcome(report) == {"unchanged": ("notes/moon-landing",), "failed": ("river.md", "bread.md")}
    assert all(str(f.reason).endswith(" Until then its last good version stays.") for f in report.failed)
    assert sorted(article.id for article in load_generation(data).articles()) == list(ALL)
    river.unlink()
    assert outcome(build(sources, data, encoder)) == {
        "unchanged": ("notes/moon-landing",),
        "removed": ("river",),
        "failed": ("bread.md",),
    }


def test_a_last_good_version_survives_a_change_of_the_model(sources: Path, data: Path) -> None:
    build(sources, data, HashingEncoder("old"))
    (sources / "river.md").write_bytes(b"\xff")
    build(sources, data, HashingEncoder("new"))
    assert [article.id for article in load_generation(data, HashingEncoder("new")).articles()] == list(ALL)


def test_a_bad_file_that_was_never_good_is_left_out(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    (sources / "bad.md").write_bytes(b"\xff")
    (sources / "marks.md").write_text("# Heading\n\n---\n", "utf-8")
    report = build(sources, data, encoder)
    assert outcome(report) == {"added": ALL, "failed": ("bad.md", "marks.md")}
    assert str(report.failed[1].reason) == (
        "holds no sentence, only headings and marks. Write some text, or delete the file."
    )


def test_without_one_readable_article_the_build_fails_and_the_index_stays(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    first = build(sources, data, encoder)
    for path in list(sources.rglob("*.*")):
        path.write_bytes(b"")
    with pytest.raises(FootnoteError) as caught:
        build(sources, data, encoder)
    assert str(caught.value).startswith(f"No article in {sources} can be used:\n  bread.md: is empty: ")
    for path in list(sources.rglob("*.*")):
        path.unlink()
    with pytest.raises(FootnoteError, match=r"^There are no articles in .*sources\. Put \.md or \.txt files"):
        build(sources, data, encoder)
    assert load_generation(data).id == first.generation


def test_progress_reaches_the_end_of_each_stage(sources: Path, data: Path, encoder: HashingEncoder) -> None:
    steps: list[tuple[str, int, int]] = []
    build(sources, data, encoder, BuildOptions(progress=lambda *step: steps.append(step)))
    assert steps == [
        ("Reading", 0, 1),
        ("Reading", 1, 1),
        ("Splitting", 0, 3),
        ("Splitting", 1, 3),
        ("Splitting", 2, 3),
        ("Splitting", 3, 3),
        ("Embedding", 0, 11),
        ("Embedding", 11, 11),
        ("Saving", 0, 1),
        ("Saving", 1, 1),
    ]


def test_a_second_build_says_who_holds_the_lock(sources: Path, data: Path, encoder: HashingEncoder) -> None:
    build(sources, data, encoder)
    with (data / "build.lock").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(FootnoteError) as caught:
            build(sources, data, encoder, BuildOptions(lock_seconds=0.1))
    assert str(caught.value) == (
        f"Another build is writing to {data} (process {os.getpid()}). Wait for it, or stop it."
    )
    build(sources, data, encoder, BuildOptions(lock_seconds=0.1))


def test_builds_at_the_same_time_wait_for_each_other(sources: Path, data: Path) -> None:
    reports: list[BuildReport] = []
    threads = [
        threading.Thread(target=lambda: reports.append(build(sources, data, HashingEncoder())))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({report.generation for report in reports}) == 1
    assert sorted(len(report.added) for report in reports) == [0, 0, 0, 3]


def test_only_two_generations_are_kept(sources: Path, data: Path, encoder: HashingEncoder) -> None:
    names = []
    for number in range(4):
        (sources / "river.md").write_text(f"Version {number}.", "utf-8")
        names.append(build(sources, data, encoder).generation)
    left = {path.name for path in (data / "generations").iterdir()}
    assert names[-1] in left
    assert len(left) == 2


def test_a_full_disk_leaves_the_current_index_alone(
    sources: Path, data: Path, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    first = build(sources, data, encoder)
    before = sorted(data.rglob("*"))
    (sources / "river.md").write_text("Other text.", "utf-8")
    monkeypatch.setattr(keywords.Postings, "save", full)
    with pytest.raises(FootnoteError, match=r"^The index cannot be written: .*: No space left on device\."):
        build(sources, data, encoder)
    assert load_generation(data).id == first.generation
    assert sorted(data.rglob("*")) == before


def test_a_folder_that_cannot_be_written_is_an_error_that_says_what_to_do(
    sources: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(FootnoteError) as caught:
        build(sources, tmp_path / "file" / "data", HashingEncoder())
    assert str(caught.value) == (
        f"The index cannot be written: {tmp_path}/file/data: Not a directory. Check free space and "
        "permissions, or name another folder with --data."
    )
