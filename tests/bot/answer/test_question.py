"""How questions are put: parts, lists, comparisons."""

from __future__ import annotations

import pytest

from bot.answer.question import asks_for_articles, asks_for_several, compared, parts


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who owns Banma and when was it founded?", ("Who owns Banma", "when was it founded?")),
        ("Who owns Banma? When was it founded?", ("Who owns Banma?", "When was it founded?")),
        ("Which carmakers joined, and why?", ("Which carmakers joined", "why?")),
        (
            "When and where was the alliance announced?",
            ("When was the alliance announced?", "where was the alliance announced?"),
        ),
        (
            "How much did Banma raise, from whom was it and in which year did it come?",
            ("How much did Banma raise, from whom was it", "in which year did it come?"),
        ),
        ("谁拥有斑马，什么时候成立？", ("谁拥有斑马", "什么时候成立？")),
    ],
)
def test_a_question_with_two_parts_is_taken_apart(question: str, expected: tuple[str, ...]) -> None:
    assert parts(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "When imperialism impacts social norms of a state, what is it called?",
        "Which player got a penalty, which gave the Broncos a new set of downs?",
        "Who are Alibaba and Meizu?",
        "What happened between when it rained and when it snowed?",
        "Tell me about Banma and what it does",
        "Which is better: salt and pepper or who cares",
        "Banma?",
        "",
        "Who? What? When? Where?",
    ],
)
def test_a_question_that_is_one_stays_whole(question: str) -> None:
    assert parts(question) == (question,)


@pytest.mark.parametrize(
    "question",
    [
        "Which carmakers joined the alliance?",
        "Which brands belong to HIMA?",
        "What are the five brands?",
        "Who are Huawei's partners?",
        "list all partners of Tencent",
        "Who else invested in Banma?",
        "What kinds of services do they share?",
        "华为有哪些合作伙伴？",
    ],
)
def test_a_question_for_a_list_is_seen(question: str) -> None:
    assert asks_for_several(question)


@pytest.mark.parametrize(
    "question",
    [
        "Which carmaker is the largest in China?",
        "What does Banma sell?",
        "What was Banma's revenue?",
        "In which process is it used?",
        "Who was the CEO of Meizu?",
        "How many brands belong to HIMA?",
    ],
)
def test_a_question_for_one_thing_is_no_list(question: str) -> None:
    assert not asks_for_several(question)


def test_each_article_is_heard_where_the_question_asks_for_that() -> None:
    assert asks_for_articles("Which articles mention Xiaomi?")
    assert asks_for_articles("What do the sources say about data sharing?")
    assert not asks_for_articles("What was the source of the money?")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the difference between AliOS and Aliyun OS?", ("AliOS", "Aliyun OS")),
        ("Compare Tencent with Baidu", ("Tencent", "Baidu")),
        ("How does AliOS differ from Android?", ("AliOS", "Android")),
        ("AliOS vs. HarmonyOS", ("AliOS", "HarmonyOS")),
        ("阿里巴巴和华为有什么区别？", ("阿里巴巴", "华为")),
        ("How do Alibaba and SAIC work together?", None),
        ("Who owns Banma?", None),
    ],
)
def test_what_is_compared_is_named(question: str, expected: tuple[str, str] | None) -> None:
    assert compared(question) == expected
