"""Follow-ups take the last question along; everything else is searched as it was put."""

from __future__ import annotations

import pytest

from bot.conversation import standalone
from bot.types import Turn

TALK = (Turn("Who founded Banma?", "Alibaba and SAIC did."), Turn("When was Banma founded?", "In 2015."))


@pytest.mark.parametrize(
    "follow_up",
    [
        "and Baidu?",
        "why?",
        "How many cars did it reach?",
        "what about Tencent?",
        "who led them?",
        "那腾讯呢？",
    ],
)
def test_a_follow_up_takes_the_last_question_along(follow_up: str) -> None:
    assert standalone(follow_up, TALK) == f"When was Banma founded? {follow_up}"


@pytest.mark.parametrize(
    "question",
    [
        "How much did Alibaba pay for Meizu?",
        "Which brands belong to HIMA?",
        "Why did Acer cancel its phone with Aliyun OS in 2012?",
        "Does Huawei say that it will build charging stations with the five brands this year?",
    ],
)
def test_a_new_topic_is_searched_alone(question: str) -> None:
    assert standalone(question, TALK) == question


def test_a_follow_up_to_a_follow_up_finds_the_subject() -> None:
    talk = (*TALK, Turn("why?", "Because."), Turn("and when?", ""))
    assert standalone("who said that?", talk) == "When was Banma founded? who said that?"
    talk = (*TALK, Turn("and Baidu?", "It has a platform."))
    assert standalone("when did it start?", talk) == "and Baidu? when did it start?"


def test_the_first_question_of_a_conversation_stands_alone() -> None:
    assert standalone("why?", ()) == "why?"
