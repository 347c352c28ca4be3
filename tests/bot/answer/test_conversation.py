"""Follow-ups take the last question along; everything else is searched as it was put."""

from __future__ import annotations

import pytest

from bot.answer.conversation import Request, forms, last_question, request_about, small_talk
from bot.types import Silence, Turn

TALK = (Turn("Who founded Banma?", "Alibaba and SAIC did."), Turn("When was Banma founded?", "In 2015."))


@pytest.mark.parametrize(
    "follow_up",
    [
        "why?",
        "How many cars did it reach?",
        "who led them?",
        "那腾讯呢？",
        "腾讯呢？",
        "它是什么时候成立的？",
        "why is that?",
        "how come?",
        "who said that?",
        "is that true?",
        "and in 2018?",
    ],
)
def test_a_follow_up_takes_the_last_question_along(follow_up: str) -> None:
    assert f"When was Banma founded? {follow_up}" in texts(follow_up)


@pytest.mark.parametrize(
    "question",
    [
        "How much did Alibaba pay for Meizu?",
        "Which brands belong to HIMA?",
        "Why did Acer cancel its phone with Aliyun OS in 2012?",
        "Does Huawei say that it will build charging stations with the five brands this year?",
        "Why are cars connected to the internet?",
        "What is the name of the platform that carmakers use?",
        "Are there laws against sharing data?",
        "How does one update a car?",
        "加那利群岛在哪个大陆沿岸？",
        "还款期限是多久？",
        "胡格诺派如何在新世界发展他们的宗教信仰？",
    ],
)
def test_a_new_topic_is_tried_as_it_was_put_first(question: str) -> None:
    assert texts(question)[0] == question


def test_a_follow_up_to_a_follow_up_finds_the_subject() -> None:
    talk = (*TALK, Turn("why?", "Because."), Turn("and when?", ""))
    assert "When was Banma founded? who said that?" in texts("who said that?", talk)
    talk = (*TALK, Turn("and Baidu?", "It has a platform."))
    assert texts("when did it start?", talk)[0] == "when did Baidu start?"


def test_thanks_in_between_do_not_become_the_subject() -> None:
    talk = (*TALK, Turn("thanks!", ""))
    assert texts("and Baidu?", talk)[0] == "When was Baidu founded?"


def test_the_first_question_of_a_conversation_stands_alone() -> None:
    assert texts("why?", ()) == ["why?"]


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("When was it founded?", "When was Banma founded?"),
        ("who founded it?", "who founded Banma?"),
        ("and its CEO?", "and Banma's CEO?"),
    ],
)
def test_a_pronoun_stands_for_what_was_spoken_of(question: str, meant: str) -> None:
    (likeliest, *_) = forms(question, (Turn("Who holds what share of Banma?", "SAIC does."),))

    assert (likeliest.text, likeliest.points_back) == (meant, True)


@pytest.mark.parametrize(("asked", "name"), [("and Baidu?", "Baidu"), ("what about Tencent?", "Tencent")])
def test_the_question_before_is_asked_of_another_name(asked: str, name: str) -> None:
    assert texts(asked)[0] == f"When was {name} founded?"


def test_each_of_two_names_may_be_meant() -> None:
    talk = (Turn("How much did Alibaba invest in Meizu?", "$590 million."),)

    assert texts("Who leads it?", talk)[:2] == ["Who leads Meizu?", "Who leads Alibaba?"]


def test_a_question_without_a_name_is_also_tried_behind_the_one_before() -> None:
    assert texts("how many cars so far") == [
        "how many cars so far", "When was Banma founded? how many cars so far",
    ]  # fmt: skip


def texts(question: str, talk: tuple[Turn, ...] = TALK) -> list[str]:
    return [form.text for form in forms(question, talk)]


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


@pytest.mark.parametrize(
    ("message", "request_"),
    [
        ("more", Request.MORE),
        ("tell me more please", Request.MORE),
        ("anything else?", Request.MORE),
        ("explain", Request.EXPLAIN),
        ("can you explain that?", Request.EXPLAIN),
        ("什么意思？", Request.EXPLAIN),
        ("source?", Request.SOURCE),
        ("and the sources?", Request.SOURCE),
        ("where does this come from?", Request.SOURCE),
        ("Says who?", Request.SOURCE),
        ("来源", Request.SOURCE),
        ("explain how AliOS works", None),
        ("more cars than in 2018?", None),
        ("What is the source of the money?", None),
        ("who says that Banma is closed?", None),
    ],
)
def test_a_word_or_two_about_the_answer_is_a_request(message: str, request_: Request | None) -> None:
    assert request_about(message) is request_


def test_a_request_is_about_the_last_question() -> None:
    talk = (Turn("Who owns Banma?", "…"), Turn("thanks", ""), Turn("more", "…"))
    assert last_question(talk) == 0
    assert last_question((Turn("hi", ""), Turn("source?", ""))) is None


def test_requests_in_between_do_not_become_the_subject() -> None:
    talk = (*TALK, Turn("more", "…"), Turn("source?", "…"))
    assert texts("and Baidu?", talk)[0] == "When was Baidu founded?"


def test_he_is_whom_the_answer_names_if_the_question_does_not() -> None:
    before = (Turn("Who is the CTO of the group?", "Jian Wang, the CTO of Alibaba Group, said so."),)
    texts = [form.text for form in forms("what did he say?", before)]
    assert texts[0] == "what did Jian Wang say?"
    assert "what did it say?" not in texts
    named = [form.text for form in forms("what does it do?", before)]
    assert not any("Jian Wang" in text for text in named), "a thing is no person"
