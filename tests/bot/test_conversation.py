"""Follow-ups take the last question along; everything else is searched as it was put."""

from __future__ import annotations

import pytest

from bot.conversation import small_talk, standalone
from bot.types import Silence, Turn

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


def test_thanks_in_between_do_not_become_the_subject() -> None:
    talk = (*TALK, Turn("thanks!", ""))
    assert standalone("and Baidu?", talk) == "When was Banma founded? and Baidu?"


def test_the_first_question_of_a_conversation_stands_alone() -> None:
    assert standalone("why?", ()) == "why?"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("hi", Silence.GREETING),
        ("Good morning!", Silence.GREETING),
        ("help", Silence.GREETING),
        ("你好", Silence.GREETING),
        ("thanks 🙏", Silence.THANKS),
        ("Great, thank you very much!", Silence.THANKS),
        ("ok", Silence.THANKS),
        ("hi, who owns Banma?", None),
        ("thanks to whom did Banma grow?", None),
        ("who helped Banma?", None),
        ("nice", Silence.THANKS),
        ("is Nice a city?", None),
    ],
)
def test_courtesy_is_met_without_a_search(message: str, reason: Silence | None) -> None:
    assert small_talk(message) is reason
