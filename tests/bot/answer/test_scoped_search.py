"""What lies outside of a scope is as if it were not there, whatever is asked and however."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answer.answerer import Answerer
from bot.answer.scoped_search import View
from bot.types import Answer, NoAnswer, Silence, Turn
from index.build import build
from index.generations import FileStore, load_generation
from index.search import Searcher
from tests.fakes.encoder import HashingEncoder

# Stands in every field of every article that may not be seen.
SECRET = "Zanzibar"
OPEN = frozenset({"", "cars"})
QUESTION = "How much does the Zebra cost?"


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    sources, data = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("data")
    encoder = HashingEncoder()
    for file, title, text in [
        ("note.md", "A note", "The Zebra is a car. Otters build the Zebra in Basel."),
        ("cars/zebra.md", "The Zebra", "The Zebra costs 20,000 francs. Zebra was launched in 2015."),
        (
            "board/plan.md",
            f"Plan {SECRET}",
            f"The Zebra will cost 90,000 francs in {SECRET}. {SECRET} is the market of 2030. "
            f"{SECRET} was founded in 1964. Does the Zebra go to {SECRET}?\n\n## What does {SECRET} cost?\n\n"
            f"The board of {SECRET} meets on Monday. Otters build the {SECRET} in secret.",
        ),
        ("board/deep/zebra.md", f"Deep {SECRET}", f"The Zebra of {SECRET} costs nothing in {SECRET}."),
    ]:
        path = sources / file
        path.parent.mkdir(parents=True, exist_ok=True)
        front = (
            f"---\ntitle: {title!r}\nauthor: {title!r}\npublisher: {title!r}\n"
            f"url: https://example.org/{title.replace(' ', '')}\n---\n"
        )
        path.write_text(front + text, "utf-8")
    build(sources, data, encoder)
    return Answerer(FileStore(data, encoder), encoder, sources, balance=0.0)


def test_without_a_scope_the_secret_is_found(answerer: Answerer) -> None:
    assert SECRET in repr(answerer.answer(f"What is the market of 2030? {SECRET}?"))
    assert SECRET in repr(answerer.overview())
    assert SECRET in repr(answerer.examples())


QUESTIONS = [
    QUESTION,
    f"What does {SECRET} cost?",
    f"{SECRET} was founded in 1964.",
    "When does the board meet, and who builds the Zebra?",
    f"The board of {SECRET} meets on Monday.",
    "Which articles mention the Zebra?",
    "Compare the Zebra and the board",
    "What is the latest on the Zebra?",
]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    "scope", [OPEN, frozenset({"cars"}), frozenset({""}), frozenset(), frozenset({"deep"})]
)
def test_an_answer_and_its_nearest_articles_are_from_the_scope(
    answerer: Answerer, question: str, scope: frozenset[str]
) -> None:
    result = answerer.answer(question, (), scope)
    named = None if result.instead is None else result.instead.named
    assert SECRET not in f"{named} {replace(result, instead=None)}".replace(question, "")
    if isinstance(result, Answer):
        assert {_collection(source.id) for source in result.sources} <= scope
        assert result.unanswered == () or SECRET not in repr(result.quotes)


def test_follow_ups_stay_in_the_scope_though_more_was_seen_before(answerer: Answerer) -> None:
    before = (Turn(f"What does {SECRET} cost?", f"The Zebra will cost 90,000 francs in {SECRET}."),)
    for request in ("more", "explain", "source?", "and why?", "when was that?"):
        result = answerer.answer(request, before, OPEN)
        seen = result.quotes if isinstance(result, Answer) else result.nearest
        assert SECRET not in repr(seen), request


def test_an_empty_scope_has_no_answer_and_comes_near_none(answerer: Answerer) -> None:
    result = answerer.answer(QUESTION, (), frozenset())
    assert isinstance(result, NoAnswer)
    assert (result.reason, result.nearest) == (Silence.NOT_IN_SOURCES, ())
    assert answerer.overview(frozenset()).articles == 0
    assert answerer.examples(frozenset()) == ()


def test_a_hidden_article_is_an_unknown_one(answerer: Answerer) -> None:
    assert answerer.passage("board/plan", 0, 10) is not None
    for id, scope in [("board/plan", OPEN), ("board/deep/zebra", OPEN), ("cars/zebra", frozenset({""}))]:
        assert answerer.passage(id, 0, 10, scope) is None
        assert answerer.beside(id, 0, 10, later=True, scope=scope) is None
        assert answerer.beside(id, 10, 20, later=False, scope=scope) is None
        assert answerer.related(id, 0, 10, scope) is None
        assert answerer.examples(scope, of=id) == ()


def test_related_passages_are_from_the_scope(answerer: Answerer) -> None:
    everything = answerer.related("cars/zebra", 0, 30)
    assert everything is not None
    assert SECRET in repr(everything)
    seen = answerer.related("cars/zebra", 0, 30, OPEN)
    assert seen is not None
    assert [source.id for source in seen.sources] == ["note"]


def test_the_overview_counts_what_is_in_the_scope(answerer: Answerer) -> None:
    seen = answerer.overview(OPEN)
    assert [collection.name for collection in seen.collections] == ["", "cars"]
    assert (seen.articles, seen.passages) == (2, 2)
    assert SECRET not in repr(seen)


def test_examples_are_drawn_from_the_scope_and_answered_in_it(answerer: Answerer) -> None:
    examples = answerer.examples(OPEN)
    assert "When was Zebra launched?" in examples
    for example in examples:
        result = answerer.answer(example, (), OPEN)
        assert isinstance(result, Answer)
        assert SECRET not in example
    assert answerer.examples(OPEN, of="cars/zebra") == ("When was Zebra launched?",)


@settings(max_examples=60)
@given(
    words=st.lists(
        st.sampled_from(f"{SECRET} Zebra board cost 2030 who when more and ? Basel".split()), max_size=9
    ),
    scope=st.frozensets(st.sampled_from(["", "cars", "deep", "plan"])),
)
def test_no_words_bring_a_hidden_passage_to_light(
    answerer: Answerer, words: list[str], scope: frozenset[str]
) -> None:
    question = " ".join(words)
    result = answerer.answer(question, (Turn(f"And {SECRET}?", ""),), scope)
    shown = (result.quotes, result.sources) if isinstance(result, Answer) else result.nearest
    assert SECRET not in repr(shown)


def test_the_scope_is_that_of_the_folders(sources: Path, data: Path, encoder: HashingEncoder) -> None:
    build(sources, data, encoder)
    generation = load_generation(data, encoder)
    view = View(Searcher(generation, encoder), frozenset({"notes"}))
    inside = generation.passages_of(article.id for article in generation.articles(frozenset({"notes"})))
    assert 0 < len(inside) < len(generation.passages)
    found = {hit.key for hit in view.find("river bread moon landing").hits}
    assert found == set(inside.tolist())


def _collection(id: str) -> str:
    return id.partition("/")[0] if "/" in id else ""
