"""When the bot speaks: to whom it was asked by, and never into other people's talk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.slack.incoming import is_question, is_to_others, mentions_bot, order_in, without_emoji
from bot.types import NoAnswer, Silence
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers, banma_answer
from tests.fakes.slack import BOT_USER, FakeSlack, Posted

Answered = Callable[[], tuple[dict[str, Any], Posted]]


@pytest.fixture
def asked(slack: FakeSlack, start: StartBot, mode: str, answers: PreparedAnswers) -> Answered:
    """Ada has asked in a channel and was answered."""

    for follow_up in ("And since when?", "And before that?"):
        answers.prepared[follow_up] = banma_answer()

    def ask() -> tuple[dict[str, Any], Posted]:
        start(mode=mode)
        event = slack.mention(QUESTION)
        reply = slack.reply(event)
        slack.settle(0.05)
        return event, reply

    return ask


def test_the_asker_goes_on_without_a_mention(
    slack: FakeSlack, asked: Answered, answers: PreparedAnswers
) -> None:
    event, _ = asked()
    slack.say("And since when?", thread_ts=event["ts"])
    slack.wait(lambda: len(slack.replies(event)) == 2)
    assert answers.asked[1][0] == "And since when?"
    assert [turn.question for turn in answers.asked[1][1]] == [QUESTION]


@pytest.mark.parametrize(
    "said",
    [
        {"text": "Why do you ask?", "user": "U0BOB"},
        {"text": "<@U0BOB> what do you think?"},
        {"text": "<!here> who knows more?"},
        {"text": "Thanks, I will tell Bob."},
        {"text": "Which one?", "bot_id": "B9"},
    ],
    ids=["somebody else", "to somebody else", "to everybody", "no question", "a bot"],
)
def test_what_is_not_said_to_the_bot_gets_no_reply(
    slack: FakeSlack, asked: Answered, said: dict[str, str]
) -> None:
    event, _ = asked()
    slack.say(**said, thread_ts=event["ts"])  # type: ignore[arg-type]
    slack.settle(0.1)
    assert len(slack.posted) == 1


def test_it_stays_out_once_people_talk_with_each_other_and_comes_back_when_mentioned(
    slack: FakeSlack, asked: Answered
) -> None:
    event, _ = asked()
    slack.say("I doubt that.", user="U0BOB", thread_ts=event["ts"])
    slack.settle(0.05)
    slack.say("Why do you?", thread_ts=event["ts"])
    slack.settle(0.1)
    assert len(slack.posted) == 1, "Ada asks Bob"
    slack.mention("And since when?", thread_ts=event["ts"])
    slack.wait(lambda: len(slack.posted) == 2)
    slack.settle(0.05)
    slack.say("And before that?", thread_ts=event["ts"])
    slack.wait(lambda: len(slack.posted) == 3)


def test_a_thread_that_the_bot_is_not_in_is_left_alone(slack: FakeSlack, start: StartBot, mode: str) -> None:
    start(mode=mode)
    first = slack.say("Lunch?")
    slack.say("Where?", thread_ts=first["ts"])
    slack.say("quiet", thread_ts=first["ts"])
    slack.settle(0.1)
    assert slack.posted == []


@pytest.mark.parametrize(
    ("quiet", "resume", "heard"),
    [("quiet", "Resume.", "I stay out of this thread."), ("安静", "回来", "I stay out of this thread.")],
)
def test_quiet_and_resume_are_heard_in_the_thread(
    slack: FakeSlack, asked: Answered, quiet: str, resume: str, heard: str
) -> None:
    event, _ = asked()
    slack.say(quiet, thread_ts=event["ts"])
    slack.wait(lambda: len(slack.posted) == 2)
    assert heard in slack.posted[1].shown()
    slack.settle(0.05)
    slack.say("And since when?", thread_ts=event["ts"])
    slack.settle(0.1)
    assert len(slack.posted) == 2
    slack.mention(QUESTION, thread_ts=event["ts"])
    slack.wait(lambda: len(slack.posted) == 3)
    assert BANMA_QUOTE in slack.posted[2].shown(), "who mentions it is answered all the same"
    slack.settle(0.05)
    slack.say(resume, thread_ts=event["ts"])
    slack.wait(lambda: len(slack.posted) == 4)
    assert "I follow this thread again." in slack.posted[3].shown()
    slack.settle(0.05)
    slack.say("And since when?", thread_ts=event["ts"])
    slack.wait(lambda: len(slack.posted) == 5)


def test_a_direct_conversation_can_be_quiet_too(slack: FakeSlack, start: StartBot) -> None:
    start()
    first = slack.direct_message(QUESTION)
    slack.reply(first)
    slack.settle(0.05)
    slack.direct_message("quiet", thread_ts=first["ts"])
    slack.wait(lambda: len(slack.posted) == 2)
    slack.settle(0.05)
    slack.direct_message("So be it.", thread_ts=first["ts"])
    slack.settle(0.1)
    assert len(slack.posted) == 2


def test_bots_are_answered_where_they_are_allowed_and_only_when_they_ask(
    slack: FakeSlack, start: StartBot, mode: str
) -> None:
    start(mode=mode, allow_bots=frozenset({"B0GOOD"}))
    known = slack.mention(QUESTION, user="U0GOOD", bot_id="B0GOOD")
    slack.mention(QUESTION, user="U0EVIL", bot_id="B0EVIL")
    assert BANMA_QUOTE in slack.reply(known).shown()
    slack.settle(0.05)
    slack.say("And why?", user="U0GOOD", bot_id="B0GOOD", thread_ts=known["ts"])
    slack.settle(0.1)
    assert len(slack.posted) == 1, "two bots that go on without a mention would never end"


@pytest.mark.parametrize("certain", [True, False])
def test_a_channel_that_is_to_be_answered_gets_what_is_certain_and_nothing_else(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str, certain: bool
) -> None:
    start(mode=mode, answer_channels=frozenset({"C0HELP"}))
    answers.prepared[QUESTION] = banma_answer(certain=certain)
    event = slack.say(QUESTION, channel="C0HELP")
    slack.say("What about Zoe?", channel="C0HELP")
    slack.say("Good morning, all.", channel="C0HELP")
    slack.say(f"<@U0BOB> {QUESTION}", channel="C0HELP")
    slack.say(QUESTION, channel="C0OTHER")
    slack.wait(lambda: len(answers.asked) == 2)
    slack.settle(0.1)
    assert sorted(question for question, _ in answers.asked) == ["What about Zoe?", QUESTION]
    assert slack.statuses == [], "nobody spoke to it, so nothing is shown before it has something to say"
    assert [reply.thread_ts for reply in slack.posted] == ([event["ts"]] if certain else [])


def test_in_such_a_channel_a_fault_is_kept_for_the_log(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, caplog: pytest.LogCaptureFixture
) -> None:
    start(answer_channels=frozenset({"C0HELP"}))
    answers.prepared[QUESTION] = ValueError("no")
    slack.say(QUESTION, channel="C0HELP")
    slack.wait(lambda: "A question could not be answered" in caplog.text)
    slack.settle(0.1)
    assert slack.posted == []


def test_a_mention_in_such_a_channel_is_answered_whatever_comes_of_it(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers
) -> None:
    start(answer_channels=frozenset({"C0HELP"}))
    answers.prepared["Who is Zoe?"] = NoAnswer("Who is Zoe?", Silence.NOT_IN_SOURCES, (), 0.1, "g1", 0.01)
    event = slack.mention("Who is Zoe?", channel="C0HELP")
    slack.event(event | {"type": "message", "channel_type": "channel"})
    assert "I found no answer" in slack.reply(event).shown()
    slack.settle(0.1)
    assert len(slack.posted) == 1


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Who owns Banma?", True),
        ("who owns banma", True),
        ("and since when", True),
        ("more", True),
        ("explain that", True),
        ("source?", True),
        ("继续", True),
        ("ok, so what about Baidu", True),
        ("tell me about Banma", True),
        ("斑马是谁的", True),
        ("阿里巴巴持有多少股份", True),
        ("I will ask Bob.", False),
        ("Whoever did that was right.", False),
        ("thanks", False),
        ("island life", False),
        ("明天见", False),
        ("", False),
    ],
)
def test_a_question_is_recognised(text: str, asks: bool) -> None:
    assert is_question(text) is asks


def test_whom_a_message_names() -> None:
    assert mentions_bot(f"hey <@{BOT_USER}> who?", BOT_USER)
    assert mentions_bot(f"<@{BOT_USER}|footnote> who?", BOT_USER)
    assert not mentions_bot("<@U0BOB> who?", BOT_USER)
    assert is_to_others(f"<@{BOT_USER}> ask <@U0BOB>", BOT_USER)
    assert is_to_others("<!subteam^S1|team> who?", BOT_USER)
    assert not is_to_others(f"<@{BOT_USER}> <#C1|cars> who?", BOT_USER)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("quiet", "quiet"),
        ("Quiet!", "quiet"),
        ("resume", "resume"),
        ("why so quiet?", None),
        ("请安静。", "quiet"),
    ],
)
def test_an_order_is_the_whole_message(text: str, order: str | None) -> None:
    assert order_in(text) == order


def emoji_blocks(*parts: str) -> list[dict[str, Any]]:
    """A message as Slack's composer makes it: emoji are elements, written `:name:`."""
    elements = [
        {"type": "emoji", "name": part.strip(":")} if part.startswith(":") else {"type": "text", "text": part}
        for part in parts
    ]
    return [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]},
    ]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (["thanks ", ":pray:"], "thanks"),
        ([":+1:"], "thanks"),
        (["hi ", ":wave:"], "hi"),
        ([":wave:"], "hi"),
        (["perfect ", ":white_check_mark:"], "perfect"),
        ([":one:"], "thanks"),
        (["who owns Banma", ":thinking_face:", "?"], "who owns Banma ?"),
        (["at 10:30:15"], "at 10:30:15"),
        (["see a:b:c"], "see a:b:c"),
    ],
)
def test_emoji_are_no_words_in_text_and_as_elements(parts: list[str], said: str) -> None:
    assert without_emoji("".join(parts), emoji_blocks(*parts)) == said
    if "Banma" not in parts[0]:  # without blocks, one within a word may be anything
        assert without_emoji("".join(parts)) == said


@pytest.mark.parametrize("text", [":+1:", "thanks :pray:", "ok :+1:", "hi :wave:", ":one:"])
def test_what_is_said_with_emoji_reaches_answering_as_what_it_means(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str, text: str
) -> None:
    start(mode=mode)
    slack.mention(text)
    slack.wait(lambda: len(answers.asked) == 1)
    assert answers.asked[0][0] in ("thanks", "ok", "hi")


@pytest.mark.parametrize("text", ["no", "ok", "?", "Yes!", ":+1:", "hm, really :thinking_face:"])
def test_a_bare_word_in_its_thread_gets_nothing(slack: FakeSlack, asked: Answered, text: str) -> None:
    event, _ = asked()
    slack.say(text, thread_ts=event["ts"])
    slack.settle(0.1)
    assert len(slack.posted) == 1


@pytest.mark.parametrize("text", ["no", "?"])
def test_a_bare_word_to_the_bot_gets_help(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, text: str
) -> None:
    start()
    assert "Ask me a question" in slack.reply(slack.mention(text)).shown()
    assert answers.asked == []


def test_an_unmentioned_line_in_its_thread_is_answered_for_certain_or_not_at_all(
    slack: FakeSlack, asked: Answered, answers: PreparedAnswers
) -> None:
    event, _ = asked()
    answers.prepared["Are you sure?"] = NoAnswer("", Silence.NOT_IN_SOURCES, (), 0.1, "g", 0.0)
    answers.prepared["Could that be?"] = banma_answer(certain=False)
    for text in ("Are you sure?", "Could that be?"):
        slack.say(text, thread_ts=event["ts"])
        slack.settle(0.1)
    assert len(slack.posted) == 1
    slack.say("And since when?", thread_ts=event["ts"])
    slack.wait(lambda: len(slack.replies(event)) == 2)


def test_what_is_typed_below_an_answer_in_a_direct_conversation_goes_on_from_it(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, mode: str
) -> None:
    start(mode=mode)
    slack.reply(slack.direct_message(QUESTION))
    slack.settle(0.05)
    slack.reply(slack.direct_message("And since when?"))
    assert [turn.question for turn in answers.asked[1][1]] == [QUESTION]
    slack.settle(0.05)
    other = slack.direct_message("And since when?", channel="D0BOB", user="U0BOB")
    slack.reply(other)
    assert answers.asked[2][1] == ()
