"""What asks for a topic or a summary, and which sentences are chosen for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.answer.key_sentences import (
    Given,
    key_sentences,
    key_sentences_of,
    sentences_about,
    summary_of,
    topic_of,
)
from index.article import parse_article
from index.generation import Generation
from index.types import Article
from index.units import Kind, units

SOURCES = Path(__file__).parents[3] / "sources"
ARTICLES = [parse_article(path.stem, path.name, path.read_bytes()) for path in sorted(SOURCES.glob("*.md"))]
BANMA, MEIZU, HIMA = ARTICLES


def article(text: str, title: str = "Rye") -> Article:
    return parse_article("a", "a.md", f"---\ntitle: {title}\n---\n{text}".encode())


def chosen(text: str, count: int | None = None, title: str = "Rye") -> list[str]:
    a = article(text, title)
    return [a.text[start:end] for start, end in key_sentences(a, quotable(a.text), count=count)]


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Tell me about Banma", "Banma"),
        ("can you tell me something about the HIMA alliance?", "the HIMA alliance"),
        ("What do the articles say about charging?", "charging"),
        ("what do you know about Banma?", "Banma"),
        ("what is known about Aliyun OS", "Aliyun OS"),
        ("anything on SAIC?", "SAIC"),
        ("what's the latest on HIMA?", "HIMA"),
        ("summarise what the articles say about Banma", "Banma"),
        ("I'd like to know more about Banma", "Banma"),
        ("summarise the dispute with Google", "the dispute with Google"),
        ("Banma", "Banma"),
        ("charging?", "charging"),
        ("charging stations", "charging stations"),
        ("Made in China 2025", "Made in China 2025"),
        ("ERR-1044", "ERR-1044"),
        ("介绍一下Banma", "Banma"),
        ("文章里关于充电说了什么？", "充电"),
        ("充电", "充电"),
    ],
)
def test_a_topic_is_what_is_to_be_heard_about(question: str, topic: str) -> None:
    assert topic_of(question) == topic


@pytest.mark.parametrize(
    "question",
    [
        "Who owns Banma?",
        "who owns Banma",
        "What do the articles say about why Alibaba wants Banma?",
        "tell me about how it works",
        "tell me about it",
        "tell me more",
        "What does TechNode say about Banma?",
        "Banma founding year",
        "tell me about " + "the history of the joint venture and " * 9,
        "really?",
        "thanks",
        "go on",
        "summary",
        "充电呢？",
        "谁拥有斑马",
        "",
    ],
)
def test_a_question_and_a_word_in_passing_are_no_topic(question: str) -> None:
    assert topic_of(question) is None


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("summarise the article about Meizu", [MEIZU]),
        ("Can you summarize the HIMA article, please?", [HIMA]),
        ("tl;dr of the TechNode story", [BANMA]),
        ("key points of the Banma article", [BANMA]),
        ("What is the Meizu article about?", [MEIZU]),
        ("what is the latest article about?", [HIMA]),
        ("what does TechNode say?", [BANMA]),
        ("tell me what the Meizu article says", [MEIZU]),
        ("What is new?", [HIMA, BANMA, MEIZU]),
        ("summarize the latest articles", [HIMA, BANMA, MEIZU]),
        ("总结一下Meizu的文章", [MEIZU]),
        ("有什么新闻？", [HIMA, BANMA, MEIZU]),
    ],
)
def test_a_summary_is_of_the_articles_that_are_named(question: str, meant: list[Article]) -> None:
    assert summary_of(question, ARTICLES) == tuple(meant)


@pytest.mark.parametrize(
    "question", ["tl;dr", "summarise this article", "what does the article say?", "summary?"]
)
def test_without_a_name_the_article_that_was_cited_last_is_summarised(question: str) -> None:
    assert summary_of(question, ARTICLES, MEIZU) == (MEIZU,)
    assert summary_of(question, ARTICLES) is None


@pytest.mark.parametrize(
    "question",
    [
        "summarise the dispute with Google",
        "what does Alibaba say?",
        "what did he say?",
        "what is Banma about?",
        "",
    ],
)
def test_no_article_is_summarised_where_none_is_meant(question: str) -> None:
    assert summary_of(question, ARTICLES, MEIZU) is None


@pytest.mark.parametrize("source", ARTICLES)
def test_three_to_five_whole_sentences_say_what_an_article_is_about(source: Article) -> None:
    spans = [span for span in quotable(source.text) if not source.text[slice(*span)].startswith("#")]
    found = key_sentences(source, spans)
    assert 3 <= len(found) <= 5
    assert set(found) <= set(spans)
    assert found == sorted(found), "in the article's order"
    assert found[0] in spans[:2]
    assert "Jill Shen, the author" not in " ".join(source.text[slice(*span)] for span in found)


def test_what_does_not_stand_alone_is_no_key_sentence() -> None:
    sure = "Rye bread keeps for a week in a linen bag."
    text = f"""\
Is rye bread better than bread of wheat flour?

It holds more water than any wheat bread does.

"Nobody needs more gluten than rye bread already has."

The five best kinds of rye bread are these:

| rye bread of the village baker | three days in the bag |

Rye.

{sure}

## About the author

Ada Oven writes about rye bread and all other bread.
"""
    assert chosen(text, 5) == [sure]


def test_what_was_said_is_not_said_again() -> None:
    text = (
        "The city council opens a new bridge over the river Aare. "
        "The city council opens the new bridge over the river Aare. "
        "Cyclists may cross the river without any toll from Monday on."
    )
    assert chosen(text, 3, "A bridge over the Aare") == [
        "The city council opens a new bridge over the river Aare.",
        "Cyclists may cross the river without any toll from Monday on.",
    ]


def test_an_article_without_a_sentence_has_no_key_sentences() -> None:
    assert key_sentences(article("Rye"), []) == []
    assert chosen("Rye?\n\n- flour\n- salt") == []


def test_several_articles_share_five_sentences() -> None:
    taken = key_sentences_of([(a, quotable(a.text), None) for a in (HIMA, BANMA, MEIZU)])
    assert [a.id for a, _ in taken] == [HIMA.id] * 2 + [BANMA.id] * 2 + [MEIZU.id]


def test_the_sentences_of_an_article_come_with_their_vectors(generation: Generation) -> None:
    for source in generation.articles():
        spans, vectors = generation.sentences_of(source.id)
        assert len(spans) == len(vectors) > 0
        assert spans == [span for span in quotable(source.text) if span in spans], "in order"
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=0.01)
        assert set(key_sentences(source, spans, vectors)) <= set(spans)


def quotable(text: str) -> list[tuple[int, int]]:
    return [(unit.start, unit.end) for unit in units(text) if unit.kind is not Kind.INTRODUCES]


def given_of(source: Article, *, relevance: float = 1.0) -> list[Given]:
    return [Given(source, *span, relevance) for span in quotable(source.text)]


def test_a_topic_has_the_sentences_that_name_it_article_by_article_in_their_order() -> None:
    given = [*given_of(HIMA, relevance=0.5), *given_of(BANMA)]
    found = sentences_about("SAIC", given)
    assert 2 <= len(found) <= 5
    assert all("SAIC" in sentence.text for sentence in found)
    assert [sentence.article.id for sentence in found] == sorted(
        (sentence.article.id for sentence in found), key=[BANMA.id, HIMA.id].index
    )
    of_banma = [sentence.start for sentence in found if sentence.article is BANMA]
    assert of_banma == sorted(of_banma)


def test_a_topic_that_only_the_heading_names_counts_less() -> None:
    a = article(
        "Stations of all five brands stand in eighty cities.\n\nCharging takes ten minutes at every station."
    )
    below, named = (Given(a, *span, 1.0, ("Charging",)) for span in quotable(a.text))
    assert sentences_about("charging", [below, named], count=1) == [named]
    assert sentences_about("charging", [below, named]) == [below, named]


def test_a_topic_leaves_out_what_hardly_fits_it() -> None:
    a = article(
        "Charging takes ten minutes at every station.\n\nParking and charging are both forbidden at night."
    )
    good, poor = (Given(a, *span, r) for span, r in zip(quotable(a.text), (1.0, 0.1), strict=True))
    assert sentences_about("charging", [good, poor]) == [good]


def test_there_is_nothing_about_a_topic_that_no_sentence_names() -> None:
    assert sentences_about("ERR-1044", given_of(BANMA)) == []
    assert sentences_about("Banma", []) == []
