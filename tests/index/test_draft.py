"""Changes to an index of several segments: what is written anew, and that nothing is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import draft as module
from index.chunking import ChunkSettings, chunk, context_text
from index.draft import GenerationDraft
from index.generation import Contents, Generation, compose, in_memory, new_manifest
from index.search import Searcher
from index.segments import Segment, open_segment
from index.types import Article
from index.vectors import SentenceVectors, VectorIndex
from tests.fakes.encoder import HashingEncoder

ENCODER = HashingEncoder(dimension=16)
SIZES = ChunkSettings(4, 6)
WORDS = "river bread moon engine glacier harvest copper violin".split()


def article(name: str, passages: int, version: int = 0) -> Article:
    lines = [f"The {WORDS[(n + version + len(name)) % 8]} of {name} {n}." for n in range(passages)]
    text = "\n\n".join(lines)
    return Article(name, f"{name}.md", text, f"On {name}", None, None, None, None, None, f"{name} {version}")


def contents(*articles: Article) -> Contents:
    passages, tables = [], []
    for one in articles:
        chunks = chunk(one, ENCODER.count_tokens, SIZES)
        tables.append(chunks.sentences + np.array([len(passages), 0, 0], np.int32))
        passages += chunks.passages
    sentences = np.concatenate(tables)
    texts = [passages[number].article.text[start:end] for number, start, end in sentences.tolist()]
    return Contents(
        articles=articles,
        passages=passages,
        sentences=sentences,
        contexts=[()] * len(sentences),
        vectors=VectorIndex.build(ENCODER.encode_documents([context_text(p) for p in passages])),
        sentence_vectors=SentenceVectors.build(ENCODER.encode_documents(texts)),
    )


def generation(segments: list[Segment]) -> Generation:
    return compose(new_manifest(segments, ENCODER, SIZES, "r"), segments)


def sizes(segments: list[Segment]) -> list[int]:
    return [len(segment) for segment in segments]


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT_PASSAGES", 16)
    monkeypatch.setattr(module, "SMALL_PASSAGES", 2)


def test_articles_fill_segments_of_about_one_size(tmp_path: Path) -> None:
    draft = GenerationDraft(tmp_path)
    for number in range(17):
        draft.add(contents(article(f"a{number:02}", 3)))
    segments = draft.finish()
    assert sizes(segments) == [18, 18, 15]
    assert [source.id for segment in segments for source in segment.sources] == [
        f"a{n:02}" for n in range(17)
    ]


def test_an_article_longer_than_a_segment_stays_in_one(tmp_path: Path) -> None:
    draft = GenerationDraft(tmp_path)
    draft.add(contents(article("short", 2), article("long", 60), article("other", 2)))
    segments = draft.finish()
    assert [[source.id for source in segment.sources] for segment in segments] == [
        ["short"], ["long"], ["other"],
    ]  # fmt: skip
    assert sum(sizes(segments)) == 64


def test_adding_one_article_leaves_large_segments_alone(tmp_path: Path) -> None:
    draft = GenerationDraft(tmp_path)
    draft.add(contents(*(article(f"a{n}", 4) for n in range(4))))
    (full,) = draft.finish()
    more = GenerationDraft(tmp_path, [full])
    more.add(contents(article("new", 1)))
    segments = more.finish()
    assert segments[0] is full
    assert sizes(segments) == [16, 1]


def test_small_segments_grow_together(tmp_path: Path) -> None:
    segments: list[Segment] = []
    most = 0
    for number in range(64):
        draft = GenerationDraft(tmp_path, segments)
        draft.add(contents(article(f"a{number}", 1)))
        segments = draft.finish()
        most = max(most, len(segments))
    assert sum(sizes(segments)) == 64
    # Full ones, and one of each power of two below.
    assert most <= 4 + 5


def test_removing_writes_only_the_segments_that_had_it(tmp_path: Path) -> None:
    draft = GenerationDraft(tmp_path)
    for number in range(12):
        draft.add(contents(article(f"a{number:02}", 4)))
    first, second, third = draft.finish()
    less = GenerationDraft(tmp_path, [first, second, third])
    less.remove(["a05", "nobody"])
    segments = less.finish()
    assert segments[:2] == [first, third]
    assert [source.id for source in segments[2].sources] == ["a04", "a06", "a07"]
    assert not any(
        b"a05" in path.read_bytes() for path in (tmp_path / "segments" / segments[2].name).rglob("*.*")
    )


def test_removing_all_leaves_no_segment(tmp_path: Path) -> None:
    draft = GenerationDraft(tmp_path)
    draft.add(contents(article("a", 2), article("b", 2)))
    less = GenerationDraft(tmp_path, draft.finish())
    less.remove(["a", "b"])
    assert less.finish() == []


changes = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1, 5), max_size=4),
        st.sets(st.sampled_from("abcdefghij"), max_size=3),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes)
def test_after_any_changes_everything_is_found_as_in_an_index_made_at_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[dict[str, int], set[str]]]
) -> None:
    data = tmp_path_factory.mktemp("data")
    segments: list[Segment] = []
    there: dict[str, Article] = {}
    for number, (added, removed) in enumerate(steps):
        draft = GenerationDraft(data, segments)
        draft.remove(removed | added.keys())
        there = {id: one for id, one in there.items() if id not in removed}
        fresh = [article(id, passages, number) for id, passages in added.items()]
        there.update({one.id: one for one in fresh})
        for one in fresh:
            draft.add(contents(one))
        segments = [open_segment(data, segment.name) for segment in draft.finish()]
    grown = generation(segments)
    assert {one.id: one for one in grown.articles} == there
    assert len(grown.numbers) == len(grown.articles)
    if not there:
        return
    once = in_memory(grown.manifest, contents(*(there[id] for id in sorted(there))))
    for question in ("Where is the river of a 0?", "glacier copper", "What of b?"):
        for allowed_ids in (None, {"a", "b", "c"}):
            found, expected = (asked(index, question, allowed_ids) for index in (grown, once))
            assert found.keys() == expected.keys()
            for place, scores in found.items():
                assert scores == pytest.approx(expected[place], abs=1e-6)


def asked(
    index: Generation, question: str, allowed_ids: set[str] | None
) -> dict[tuple[str, int], tuple[float, ...]]:
    """What a question finds, by article and start: scores, and what its sentences say for it."""
    allowed = None
    if allowed_ids is not None:
        allowed = np.array([passage.article.id in allowed_ids for passage in index.passages])
    findings = Searcher(index, ENCODER).find(question, 1_000, allowed)
    found: dict[tuple[str, int], tuple[float, ...]] = {}
    for place, hit in enumerate(findings.hits):
        sentences = sorted((s.cosine, s.coverage) for s in findings.sentences if s.place == place)
        # Beyond those that are read closely, a score is cut at that of the last of these, whose place
        # among equals is chance.
        flat = [value for pair in sentences for value in pair]
        key = (hit.passage.article.id, hit.passage.start)
        found[key] = (
            hit.cosine,
            hit.lexical,
            findings.background,
            *(flat if len(findings.hits) <= 16 else ()),
        )
    return found


def test_the_same_contents_are_written_once_and_what_is_in_use_is_never_touched(tmp_path: Path) -> None:
    draft = GenerationDraft(tmp_path)
    draft.add(contents(article("a", 3)))
    (first,) = draft.finish()
    folder = tmp_path / "segments" / first.name
    state = folder.stat().st_ino
    again = GenerationDraft(tmp_path)
    again.add(contents(article("a", 3)))
    assert [segment.name for segment in again.finish()] == [first.name]
    assert folder.stat().st_ino == state
    (folder / "passages.npy").unlink()
    mended = GenerationDraft(tmp_path)
    mended.add(contents(article("a", 3)))
    assert [segment.name for segment in mended.finish()] == [first.name]
    assert len(open_segment(tmp_path, first.name)) == 3
    assert [path.name for path in (tmp_path / "segments").iterdir()] == [first.name]
