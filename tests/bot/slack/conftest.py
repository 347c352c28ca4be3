"""A running bot against a fake Slack: the real Bolt app, the real clients, the real memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import SlackSettings
from bot.library.library import Library
from bot.library.rights import Rights, everything
from bot.memory import Memory
from bot.slack.app import SlackParts
from bot.slack.http_mode import HttpBot
from bot.slack.socket_mode import SocketModeBot
from bot.types import Answers
from tests.fakes.answers import PreparedAnswers
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack

Bot = SocketModeBot | HttpBot
StartBot = Callable[..., Bot]


@pytest.fixture(scope="session")
def farewells() -> Iterator[ThreadPoolExecutor]:
    """Closing a Socket Mode client takes a second of waiting for its threads: done behind the tests."""
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def slack(farewells: ThreadPoolExecutor) -> Iterator[FakeSlack]:
    workspace = FakeSlack()
    yield workspace
    farewells.submit(workspace.close)


@pytest.fixture
def answers() -> PreparedAnswers:
    return PreparedAnswers()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Memory]:
    memory = Memory(tmp_path / "state.sqlite")
    yield memory


@pytest.fixture
def settings(slack: FakeSlack) -> SlackSettings:
    return SlackSettings(
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        signing_secret=SIGNING_SECRET,
        api_url=slack.api_url,
        host="127.0.0.1",
        port=0,
        workers=2,
        ping_seconds=0.3,
    )


@pytest.fixture
def start(
    slack: FakeSlack,
    answers: PreparedAnswers,
    state: Memory,
    settings: SlackSettings,
    farewells: ThreadPoolExecutor,
) -> Iterator[StartBot]:
    """Start a bot, with other parts where a test needs them; it is stopped afterwards."""
    bots: list[Bot] = []

    def start_bot(
        *,
        answers: Answers = answers,
        state: Memory = state,
        rights: Callable[[], Rights] = everything,
        library: Library | None = None,
        **changed: object,
    ) -> Bot:
        chosen = replace(settings, **changed)  # type: ignore[arg-type]
        accepted = slack.accepted
        parts = SlackParts(answers, state, rights, library)
        bot = (SocketModeBot if chosen.mode == "socket" else HttpBot)(chosen, parts)
        bots.append(bot)
        if isinstance(bot, HttpBot):
            slack.http_ports.append(bot.port)
        else:
            slack.wait(lambda: slack.accepted > accepted)
        return bot

    yield start_bot
    answers.gate.set()
    for bot in bots:
        farewells.submit(bot.close)


@pytest.fixture
def bot(start: StartBot) -> Bot:
    return start()


@pytest.fixture(params=["socket", "http"])
def mode(request: pytest.FixtureRequest) -> str:
    """Over both ways in which Slack delivers."""
    return str(request.param)
