"""What is looked at without asking: the text around a passage, what is indexed, questions that work."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer.answerer import Answerer
from bot.answer.examples import MAX_EXAMPLE_CHARS, candidates
from bot.answer.passages import STRETCH_CHARS, overview_of, stretch_after, stretch_before
from bot.types import Answer
from index.generation import Generation
from index.generations import FileStore
from index.types import Article
from tests.fakes.encoder import HashingEncoder

texts = st.text(st.sampled_from("ab \n。"), max_size=6_000)


@given(texts, st.integers(0, 6_000))
def test_going_on_reads_the_whole_text_in_order_and_ends(text: str, start: int) -> None:
    position, read = min(start, len(text)), ""
    while (span := stretch_after(text, position)) is not None:
        assert position <= span[0] < span[1] <= span[0] + STRETCH_CHARS
        read += text[slice(*span)]
        position = span[1]
    assert read.split() == text[min(start, len(text)) :].split() or without_space(read) == without_space(
        text[min(start, len(text)) :]
    )


@given(texts, st.integers(0, 6_000))
def test_going_back_reads_all_that_was_before(text: str, end: int) -> None:
    position, read = min(end, len(text)), ""
    while (span := stretch_before(text, position)) is not None:
        assert span[0] < span[1] <= position
        assert span[1] - span[0] <= STRETCH_CHARS
        read = text[slice(*span)] + read
        position = span[0]
    assert without_space(read) == without_space(text[: min(end, len(text))])


def without_space(text: str) -> str:
    return "".join(text.split())


def test_a_stretch_ends_with_a_paragraph_where_one_is_near() -> None:
    text = "x" * 500 + "\n\n" + "y" * 500 + "\n\n" + "z" * 500
    assert stretch_after(text, 0) == (0, 1_002)
    assert stretch_before(text, len(text)) == (502, len(text))


def test_an_overview_counts_by_folder_and_lists_the_newest(generation: Generation) -> None:
    shown = overview_of(generation)
    assert (shown.articles, shown.generation) == (3, generation.id)
    assert [(c.name, c.articles) for c in shown.collections] == [("", 2), ("notes", 1)]
    assert [listed.title for listed in shown.collections[0].newest] == ["Baking with rye", "The river Aare"]


class TestAnswerer:
    @pytest.fixture
    def answerer(
        self, generation: Generation, data: Path, sources: Path, encoder: HashingEncoder
    ) -> Answerer:
        return Answerer(FileStore(data, encoder), encoder, sources, balance=0.0)

    def test_what_stands_beside_a_passage_is_its_text(
        self, answerer: Answerer, generation: Generation
    ) -> None:
        river = next(article for article in generation.articles() if article.id == "river")
        at = river.text.index("Bern lies")
        before = answerer.beside("river", at, at, later=False)
        after = answerer.beside("river", at, at + 9, later=True)
        assert before is not None and after is not None
        assert before.before == river.text[before.start : before.end] == river.text[:at].rstrip()
        assert after.before == river.text[after.start : after.end] == river.text[at + 9 :].strip()
        assert after.article_end == len(river.text)
        assert (before.quote, before.after) == ("", "")

    @pytest.mark.parametrize("span", [(-1, 5), (5, 4), (0, 10**6)])
    def test_offsets_outside_of_the_article_show_nothing(
        self, answerer: Answerer, span: tuple[int, int]
    ) -> None:
        assert answerer.beside("river", *span, later=True) is None
        assert answerer.beside("gone", 0, 1, later=True) is None
        assert answerer.related("gone", 0, 1) is None
        assert answerer.related("river", *span) is None

    def test_a_passage_says_where_it_stands(self, answerer: Answerer, generation: Generation) -> None:
        river = next(article for article in generation.articles() if article.id == "river")
        at = river.text.index("Bern lies")
        view = answerer.passage("river", at, at + 4)
        assert view is not None
        assert river.text[view.start : view.end] == view.before + view.quote + view.after
        assert view.article_end == len(river.text)

    def test_what_is_related_is_quoted_from_other_articles(
        self, answerer: Answerer, generation: Generation
    ) -> None:
        river = next(article for article in generation.articles() if article.id == "river")
        found = answerer.related("river", 0, 30)
        assert isinstance(found, Answer)
        assert not found.certain
        assert "river" not in {quote.source_id for quote in found.quotes}
        texts = {article.id: article.text for article in generation.articles()}
        assert all(texts[q.source_id][q.start : q.end] == q.text for q in found.quotes)
        assert len({quote.source_id for quote in found.quotes}) == len(found.quotes)
        assert river.text[:30]

    def test_examples_are_answered_for_certain_from_their_article_and_drawn_once(
        self, answerer: Answerer, generation: Generation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn = dict(candidates(generation.articles()))
        examples = answerer.examples()
        for question in examples:
            answer = answerer.answer(question)
            assert isinstance(answer, Answer)
            assert answer.certain
            assert answer.quotes[0].source_id == drawn[question]
        monkeypatch.setattr(Answerer, "answer", None)
        assert answerer.examples() == examples


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Banma was founded in 2015. It is in China.", "When was Banma founded?"),
        ("The Aare rises in the Alps. Alibaba plans to move its team.", "What does Alibaba plan?"),
        ("Swiss Waters is a publisher of maps.", "What is Swiss Waters?"),
        ("# Who owns Banma?\n\nAlibaba does.", "Who owns Banma?"),
        ("斑马网络成立于2015年。", "斑马网络是什么时候成立的？"),
        ("It is a river. They plan to go.", None),
    ],
)
def test_questions_are_drawn_from_what_articles_say(text: str, asked: str | None) -> None:
    questions = [question for question, _ in candidates([article("a", text)])]
    assert questions[:1] == ([asked] if asked else [])


def test_articles_take_turns_the_newest_first() -> None:
    old = article("old", "Aare is a river. Bern is a town.", published="2010")
    new = article("new", "Rye is a grain. Oat is a grain.", published="2020-01-01")
    assert [source for _, source in candidates([old, new])] == ["new", "old", "new", "old"]


def test_what_would_be_too_long_to_press_is_not_offered() -> None:
    title = "Why " + "so " * MAX_EXAMPLE_CHARS + "long?"
    assert list(candidates([article("a", "Nothing.", title=title)])) == []


def article(name: str, text: str, *, title: str = "A title", published: str | None = None) -> Article:
    return Article(name, f"{name}.md", text, title, None, None, published, None, None, "0" * 64)
