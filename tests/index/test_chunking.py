import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.chunking import MAX_CHARS_PER_TOKEN, ChunkSettings, chunk, context_text
from index.types import Article, Passage
from index.units import Kind, units_of

SETTINGS = ChunkSettings(target_tokens=20, limit_tokens=24)


def article(text: str, title: str = "Title") -> Article:
    return Article("a", "a.md", text, title, None, None, None, None, None, "")


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def sentence(n: int, word: str = "word") -> str:
    """A sentence of `n` words, short enough that a word is a token."""
    return " ".join(["Start", *[word] * (n - 2), "end."])


def sizes(text: str) -> list[int]:
    return words([passage.text for passage in chunk(article(text), words, SETTINGS).passages])


MARKDOWN = st.lists(
    st.one_of(
        st.integers(2, 40).map(sentence),
        st.sampled_from(
            ["\n\n", "\n", " ", "# A heading\n\n", "\n\n## Another. Of two\n", "- an item\n", "| a | b |\n"]
        ),
        st.text(st.sampled_from("ab .!?\n#-*|>水。ก"), max_size=30),
    ),
    max_size=40,
).map("".join)
SIZES = st.builds(
    lambda target, more: ChunkSettings(target, target + more), st.integers(1, 60), st.integers(0, 30)
)


@given(MARKDOWN, SIZES)
@settings(max_examples=300)
def test_every_sentence_is_in_exactly_one_passage_in_order(text: str, sizes: ChunkSettings) -> None:
    source = article(text)
    chunks = chunk(source, words, sizes)
    prose = [(unit.start, unit.end) for unit in units_of(source) if unit.kind is not Kind.INTRODUCES]
    assert [(unit.start, unit.end) for unit in chunks.units] == prose
    assert [(start, end) for _, start, end in chunks.sentences.tolist()] == prose
    numbers = chunks.sentences[:, 0].tolist()
    assert numbers == sorted(numbers)
    assert sorted(set(numbers)) == list(range(len(chunks.passages)))


@given(MARKDOWN, SIZES)
@settings(max_examples=300)
def test_a_passage_is_the_slice_from_its_first_to_its_last_sentence(text: str, sizes: ChunkSettings) -> None:
    source = article(text)
    chunks = chunk(source, words, sizes)
    for number, passage in enumerate(chunks.passages):
        own = chunks.sentences[chunks.sentences[:, 0] == number]
        assert (passage.start, passage.end) == (own[0, 1], own[-1, 2])
        assert passage.text == text[passage.start : passage.end]
        assert passage.article is source
    ends = [0, *(passage.end for passage in chunks.passages)]
    assert all(passage.start >= end for passage, end in zip(chunks.passages, ends, strict=False))


@given(MARKDOWN, SIZES)
@settings(max_examples=300)
def test_only_a_single_sentence_exceeds_the_limit(text: str, sizes: ChunkSettings) -> None:
    source = article(text)
    chunks = chunk(source, words, sizes)
    for number, passage in enumerate(chunks.passages):
        inside = [
            text[unit.start : unit.end]
            for unit in units_of(source)
            if passage.start <= unit.start and unit.end <= passage.end
        ]
        tokens = sum(max(len(t.split()), math.ceil(len(t) / MAX_CHARS_PER_TOKEN)) for t in inside)
        assert tokens <= sizes.limit_tokens or (chunks.sentences[:, 0] == number).sum() == 1


def test_a_section_is_shared_out_evenly_instead_of_leaving_a_scrap() -> None:
    # 28 words: filling up to 20 would leave 8.
    assert sizes(" ".join([sentence(4)] * 7)) in ([12, 16], [16, 12])
    assert sizes(" ".join([sentence(4)] * 5)) == [20]
    assert sizes(" ".join([sentence(4)] * 10)) == [20, 20]


def test_a_heading_starts_a_passage_and_is_its_context() -> None:
    first, second = sentence(15), f"{sentence(16)} {sentence(15)}"
    text = f"{sentence(18)}\n\n## First *part* ##\n\n{first}\n\n# Second\n\n{second}\n"
    passages = chunk(article(text), words, SETTINGS).passages
    assert [(passage.heading, len(passage.text.split())) for passage in passages] == [
        (None, 18),
        ("First part", 15),
        ("Second", 16),
        ("Second", 15),
    ]


def test_sections_too_short_to_stand_alone_share_a_passage_with_the_headings_between() -> None:
    text = f"# One\n\n{sentence(5)}\n\n# Two\n\n{sentence(5)}\n\n# Three\n\n{sentence(19)}"
    first, second = chunk(article(text), words, SETTINGS).passages
    assert (first.heading, first.text) == ("One", f"{sentence(5)}\n\n# Two\n\n{sentence(5)}")
    assert (second.heading, second.text) == ("Three", sentence(19))


def test_sections_of_half_the_target_stand_alone() -> None:
    text = f"# One\n\n{sentence(10)}\n\n# Two\n\n{sentence(10)}"
    passages = chunk(article(text), words, SETTINGS).passages
    assert [(passage.heading, passage.text) for passage in passages] == [
        ("One", sentence(10)),
        ("Two", sentence(10)),
    ]


@pytest.mark.parametrize(("gaps", "expected"), [(("\n\n", " "), [10, 20]), ((" ", "\n\n"), [20, 10])])
def test_of_two_breaks_as_good_the_end_of_a_paragraph_wins(
    gaps: tuple[str, str], expected: list[int]
) -> None:
    assert sizes(f"{sentence(10)}{gaps[0]}{sentence(10)}{gaps[1]}{sentence(10)}") == expected


def test_a_heading_of_two_sentences_is_one_heading_and_never_quoted() -> None:
    chunks = chunk(article("## What is it? A guide.\n\nIt is a bird."), words, SETTINGS)
    assert [passage.heading for passage in chunks.passages] == ["What is it? A guide."]
    assert chunks.sentences.tolist() == [[0, 25, 38]]


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("# C and C#", "C and C#"),
        ("= = Plants = =", "Plants"),
        ("###   Two   words  ##", "Two words"),
        ("=Plain=", "Plain"),
    ],
)
def test_heading_marks_are_not_part_of_the_heading(line: str, heading: str) -> None:
    assert chunk(article(f"{line}\n\nText."), words, SETTINGS).passages[0].heading == heading


@pytest.mark.parametrize("text", ["", "\n\n", "# Only a title", "---\n\n***"])
def test_a_text_without_sentences_has_no_passages(text: str) -> None:
    chunks = chunk(article(text), words, SETTINGS)
    assert (chunks.passages, chunks.sentences.shape) == ((), (0, 3))


def test_a_script_that_the_tokenizer_does_not_know_still_fills_passages() -> None:
    def one_unknown_token_each(texts: Sequence[str]) -> list[int]:
        return [1] * len(texts)

    text = "\n\n".join(["ก" * 80] * 20)
    passages = chunk(article(text), one_unknown_token_each, SETTINGS).passages
    assert [len(passage.text) for passage in passages] == [162] * 10


def test_tokens_are_counted_in_one_call() -> None:
    calls: list[int] = []

    def counting(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return words(texts)

    chunk(article(" ".join([sentence(4)] * 50)), counting, SETTINGS)
    assert calls == [50]


@pytest.mark.parametrize(
    ("title", "path", "expected"),
    [
        ("Rye", ("Bread", "Why"), "Rye. Bread. Why. Text."),
        ("Rye", (), "Rye. Text."),
        ("What is rye?", ("It's bread!",), "What is rye? It's bread! Text."),
    ],
)
def test_title_and_path_stand_in_front_of_the_searched_text(
    title: str, path: tuple[str, ...], expected: str
) -> None:
    assert context_text(Passage(article("Text.", title), 0, 5, path)) == expected


def test_a_heading_that_repeats_the_title_stands_in_front_once() -> None:
    (passage,) = chunk(article("# RYE\n\nText.", "Rye"), words, SETTINGS).passages
    assert context_text(passage) == "Rye. Text."


def test_a_table_stays_in_one_piece_with_its_head_where_it_fits_and_carries_it_where_it_is_torn() -> None:
    head = "| Plan | Seats |\n|---|---|\n"
    rows = "".join(f"| Plan{n} | {n} |\n" for n in range(3))
    table = f"{sentence(14)}\n\n## Plans\n\n{head}{rows}"
    passages = chunk(article(table), words, SETTINGS).passages
    assert [passage.path for passage in passages] == [(), ("Plans", "Plan · Seats")]
    assert passages[1].text == rows.strip()

    torn = chunk(article(head + rows * 4), words, SETTINGS).passages
    assert len(torn) > 1
    assert {passage.path for passage in torn} == {("Plan · Seats",)}


@pytest.mark.parametrize(("target", "limit"), [(0, 10), (20, 10), (-1, 10)])
def test_impossible_sizes_are_refused(target: int, limit: int) -> None:
    with pytest.raises(ValueError, match="target_tokens"):
        ChunkSettings(target, limit)
