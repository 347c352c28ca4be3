"""A bot in a process of its own, for tests that end processes.

`serving.py API MODE STATE DELAY [LEASE [PORT]]`; STATE is a file, or a database that is shared.  With
`PROSE` in the environment, two sentences follow an answer, the second so many seconds after the first.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

from bot.config import SlackSettings
from bot.memory import Memory, alone, inbox
from bot.slack.app import SlackParts
from bot.slack.http_mode import run_http
from bot.slack.run import stop_on_signals
from bot.slack.socket_mode import run_socket_mode
from bot.types import Answer
from tests.fakes.answers import QUESTION, PreparedAnswers, banma_answer
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET


def main(api_url: str, mode: str, state: str, delay: str, lease: str = "30", port: str = "0") -> None:
    logging.basicConfig(level=logging.INFO)
    inbox.LEASE_SECONDS = float(lease)
    stop = stop_on_signals()

    def slowly() -> Answer:
        time.sleep(float(delay))
        return banma_answer()

    def two_sentences(answer: Answer) -> Iterator[str]:
        yield "Alibaba holds half of Banma [1]."
        time.sleep(float(os.environ["PROSE"]))
        yield "SAIC holds half of Banma [1]."

    answers = PreparedAnswers()
    if "PROSE" in os.environ:
        answers.written = two_sentences
    answers.asked, answers.scopes = deque(maxlen=9), deque(maxlen=9)  # type: ignore[assignment]
    answers.prepared[QUESTION] = slowly
    settings = SlackSettings(
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        signing_secret=SIGNING_SECRET,
        api_url=api_url,
        host="127.0.0.1",
        port=int(port),
        user_limit=0,
        channel_limit=0,
        round_seconds=float(lease) / 6,
        ping_seconds=float(lease) / 15,
    )
    run = run_socket_mode if mode == "socket" else run_http
    shared = "://" in state
    with nullcontext() if shared else alone(Path(state).parent):
        memory = Memory(state if shared else Path(state))
        if not shared:
            memory.inbox.hand_over_all()
        run(settings, SlackParts(answers, memory), stop, lambda up: print("up" if up else "down", flush=True))
    print("stopped", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
