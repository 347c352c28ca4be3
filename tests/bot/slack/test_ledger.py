"""What is written down of each question once it has ended: in the memory, in the figures, in the log."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest

from bot.memory import Memory
from bot.slack.log import JsonLines, PlainLines, start_log
from bot.types import NoAnswer, Silence
from index.types import FootnoteError
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import QUESTION, PreparedAnswers, banma_answer
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack, Fault

SECRET = "Who hid the zanzibar ledger?"


def ended(state: Memory, slack: FakeSlack, count: int = 1) -> list[str]:
    slack.wait(lambda: len(state.log.since(0)) >= count)
    slack.settle()
    return [ending.kind for ending in state.log.since(0)]


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (banma_answer(), "answered"),
        (banma_answer(certain=False), "uncertain"),
        (None, "none"),
        (FootnoteError("No index."), "error"),
        (ZeroDivisionError(), "error"),
        (NoAnswer("?", Silence.NO_ARTICLES, (), 0.0, "g1", 0.0), "error"),
    ],
)
def test_each_question_is_noted_with_how_it_ended(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, state: Memory, found: object, kind: str
) -> None:
    if found is not None:
        answers.prepared[SECRET] = found  # type: ignore[assignment]
    start()
    slack.reply(slack.mention(SECRET))
    assert ended(state, slack) == [kind]
    (ending,) = state.log.since(0)
    assert 0 <= ending.seconds < 5


@pytest.mark.parametrize("said", ["", "quiet", "hello"])
def test_what_is_no_question_is_not_counted(
    slack: FakeSlack, start: StartBot, answers: PreparedAnswers, state: Memory, said: str
) -> None:
    answers.prepared["hello"] = NoAnswer("hello", Silence.GREETING, (), 0.0, "g1", 0.0)
    start()
    slack.reply(slack.mention(said))
    slack.settle()
    assert state.log.since(0) == []


def test_a_repeated_edited_or_deleted_question_counts_once(
    slack: FakeSlack, start: StartBot, state: Memory
) -> None:
    start()
    event = slack.mention(SECRET)
    slack.reply(event)
    slack.deliver("events_api", slack.envelopes[0].payload)
    slack.edit(event, QUESTION)
    slack.wait(lambda: slack.replies(event)[0].edits == 1)
    assert ended(state, slack) == ["answered"]
    slack.remove(event)
    slack.wait(lambda: not slack.replies(event))
    assert ended(state, slack) == ["answered"]


def test_a_question_that_is_turned_away_counts_as_that(
    slack: FakeSlack, start: StartBot, state: Memory
) -> None:
    start(user_limit=1)
    for _ in range(3):
        slack.mention(QUESTION)
        slack.settle(0.05)
    assert sorted(ended(state, slack, 3)) == ["answered", "turned_away", "turned_away"]


def test_a_reply_that_slack_refuses_for_good_counts_as_an_error(
    slack: FakeSlack, start: StartBot, state: Memory
) -> None:
    start()
    slack.fail("chat.postMessage", Fault("channel_not_found"))
    slack.mention(QUESTION)
    assert ended(state, slack) == ["error"]


def test_a_question_that_slack_took_only_at_the_second_try_is_noted_once(
    slack: FakeSlack, start: StartBot, state: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.memory.inbox.FIRST_RETRY_SECONDS", 0.1)
    start(round_seconds=0.1)
    slack.fail("chat.postMessage", *[Fault("ratelimited")])
    slack.reply(slack.mention(SECRET))
    assert ended(state, slack) == ["none"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_neither_questions_nor_tokens_are_logged_whatever_happens(
    slack: FakeSlack,
    start: StartBot,
    answers: PreparedAnswers,
    state: Memory,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    stream = io.StringIO()
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    level = logging.getLogger("bot").level
    try:
        start_log("DEBUG", form, stream)  # type: ignore[arg-type]
        answers.prepared["zanzibar broken"] = ValueError("zanzibar broken")
        answers.prepared["zanzibar without index"] = FootnoteError("No index.")
        bot = start(workers=1, queue_size=1, user_limit=4)
        for fault in (
            Fault("invalid_blocks"),
            Fault("channel_not_found"),
            Fault(lost=True),
            Fault(status=503),
        ):
            slack.fail("chat.postMessage", fault)
            slack.mention(SECRET, user=f"U{fault.status}{fault.error}{fault.lost}")
            slack.settle(0.1)
        for text in ("zanzibar broken", "zanzibar without index", "zanzibar 1", "zanzibar 2", "zanzibar 3"):
            event = slack.mention(text)
            slack.edit(event, f"{text} again")
        slack.command("zanzibar in private")
        slack.deliver("events_api", {"type": "event_callback", "event": {"type": "zanzibar", "text": SECRET}})
        slack.wait(lambda: len(state.log.since(0)) >= 8)
        logging.getLogger("bot.some").error("It failed with %s", BOT_TOKEN, exc_info=_error())
        bot.close()
    finally:
        root.handlers[:] = before
        logging.getLogger("bot").setLevel(level)
    logged = stream.getvalue()
    assert "A question ended: none" in logged
    for secret in ("zanzibar", "Zanzibar", BOT_TOKEN, APP_TOKEN, SIGNING_SECRET):
        assert secret not in logged
    if form == "json":
        records = [json.loads(line) for line in logged.splitlines()]
        assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, records))
        (end, *_) = [one for one in records if one.get("outcome") == "none"]
        assert end["ms"] >= 0 and end["generation"] == "g1" and end["level"] == "INFO"


def _error() -> ValueError:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        return error


def test_a_record_is_one_line_of_json_whatever_is_in_it() -> None:
    record = logging.LogRecord("bot.x", logging.WARNING, "f.py", 1, "two\nlines “%s”", ("值",), None)
    record.ms = 12
    record.odd = object()
    told = json.loads(JsonLines().format(record))
    assert "\n" not in JsonLines().format(record)
    assert (told["message"], told["level"], told["logger"]) == ("two\nlines “值”", "WARNING", "bot.x")
    assert (told["ms"], told["odd"]) == (12, "object")
    assert told["time"].endswith("+00:00")


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-123-abc",
        "xoxp-1-2-3-abcdef",
        "xapp-1-A0-1-deadbeef",
        "xoxe.xoxb-1-Mi0yLTEx",
        "xoxe-1-My0xLTEx",
        "https://hooks.slack.com/commands/T1/2/abc",
    ],
)
@pytest.mark.parametrize("form", [JsonLines, PlainLines])
def test_a_token_is_taken_out_of_any_line(secret: str, form: type[logging.Formatter]) -> None:
    record = logging.LogRecord("bot", logging.INFO, "f.py", 1, "with (%s), then %s", (secret, secret), None)
    assert form().format(record).count("with ([hidden]), then [hidden]") == 1
    assert secret[5:] not in form().format(record)
    if form is JsonLines:
        assert json.loads(form().format(record))["message"] == "with ([hidden]), then [hidden]"


def test_an_error_is_told_by_where_it_happened_and_not_by_its_message() -> None:
    record = logging.LogRecord("bot", logging.ERROR, "f.py", 1, "failed", (), None)
    error = _error()
    record.exc_info = (type(error), error, error.__traceback__)
    for form in (JsonLines(), PlainLines()):
        assert "ValueError" in form.format(record)
        assert "test_ledger.py" in form.format(record)
        assert "zanzibar" not in form.format(record)


def test_what_people_say_stays_out_of_the_memory_unless_it_is_wanted(
    slack: FakeSlack, start: StartBot, state: Memory
) -> None:
    start()
    slack.reply(slack.mention(SECRET))
    ended(state, slack)
    assert state.log.in_vain(0) == []


def test_with_the_setting_what_was_asked_in_vain_is_kept(
    slack: FakeSlack, start: StartBot, tmp_path: Path
) -> None:
    keeping = Memory(tmp_path / "keeping.sqlite", keep_questions=True)
    start(state=keeping)
    slack.reply(slack.mention(SECRET))
    slack.wait(lambda: bool(keeping.log.in_vain(0)))
    assert [one.question for one in keeping.log.in_vain(0)] == [SECRET]
