"""A bot under load and bad weather: `python -m tests.soak --questions 5000 --rate 20`.

A workspace on loopback asks questions at a steady rate, delivers some twice, loses acknowledgements,
breaks and refreshes connections, limits rates and fails; over HTTP it signs what it delivers.  The bot
runs in a process of its own, and may be killed on the way; or two over one PostgreSQL, one of which is
killed, and whose server is killed as well.  Judged are: one reply to every question, memory, and the time
from an event to its post where nothing was put in its way.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from bot.slack.client import PROSE_EVENT
from tests.fakes.answers import QUESTION
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Envelope, FakeSlack, Fault, Posted
from tests.postgres import PostgresServer, programs

ROOT = Path(__file__).parents[1]
SERVING = ROOT / "tests" / "bot" / "slack" / "serving.py"
GOLDEN = ROOT / "tests" / "golden" / "sources.jsonl"

CHANNELS, PEOPLE = 40, 200
DUPLICATED, UNACKNOWLEDGED, LIMITED, FAILED, BROKEN = 0.05, 0.02, 0.01, 0.01, 0.002
RETRY_AFTER_SECONDS = 1
WARM_UP = 0.25
"""Share of the time in which caches fill and libraries are loaded."""
MAX_MEMORY_CHANGE = 0.05
MAX_P95_SECONDS = 0.5
SAMPLE_SECONDS = 0.5

Mode = Literal["socket", "http"]
Bots = list["subprocess.Popen[bytes]"]
Start = Callable[[FakeSlack, Path], "subprocess.Popen[bytes]"]
Accident = Callable[[Bots, Callable[[], "subprocess.Popen[bytes]"]], None]
"""What happens to the bots on the way; it is given how another one is started."""


@dataclass
class Outcome:
    questions: int
    replies: Counter[tuple[str, str]]
    """By channel and thread of the question."""
    latencies: list[float]
    """Seconds from the first delivery to the post, of questions that met no fault; sorted."""
    memory: list[int]
    """Resident bytes of the first process, sampled steadily."""
    faults: Counter[str] = field(default_factory=Counter)
    prose: list[Posted] = field(default_factory=list)
    """What stands below replies."""

    @property
    def unanswered(self) -> int:
        return self.questions - len(self.replies)

    @property
    def doubled(self) -> int:
        return sum(count > 1 for count in self.replies.values())

    @property
    def p95(self) -> float:
        return self.latencies[int(0.95 * len(self.latencies))]

    @property
    def memory_change(self) -> float:
        """From the quarter after the warm-up to the last quarter."""
        after = self.memory[int(WARM_UP * len(self.memory)) :]
        third = max(1, len(after) // 3)
        first, last = sum(after[:third]) / third, sum(after[-third:]) / third
        return last / first - 1

    def __str__(self) -> str:
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        half = self.latencies[len(self.latencies) // 2]
        return (
            f"{self.questions:,} questions: {len(self.replies):,} answered, {self.unanswered} lost,"
            f" {self.doubled} answered twice\n"
            f"faults: {faults}\n"
            f"event to post, {len(self.latencies):,} undisturbed: median {half * 1_000:.0f} ms,"
            f" p95 {self.p95 * 1_000:.0f} ms, most {self.latencies[-1] * 1_000:.0f} ms\n"
            f"memory after the warm-up: {self.memory[-1] / 1e6:.0f} MB, {self.memory_change:+.1%}"
        )


def soak(
    questions: int,
    rate: float,
    *,
    start: Start | None = None,
    bots: int = 1,
    accidents: Mapping[float, Accident] = MappingProxyType({}),
    texts: Sequence[str] = (QUESTION,),
    broken: float = BROKEN,
    patience: float = 60.0,
    seed: int = 1,
) -> Outcome:
    """Ask, and wait until everything is answered, or nothing more was for `patience` seconds.

    Accidents happen when their share of the questions was asked.
    """
    dice = random.Random(seed)
    start = start or prepared()
    slack = FakeSlack()
    faults: Counter[str] = Counter()
    asked: dict[tuple[str, str], Envelope] = {}
    due = {int(share * questions): accident for share, accident in accidents.items()}
    with tempfile.TemporaryDirectory() as folder, _running() as running:

        def another() -> subprocess.Popen[bytes]:
            return start(slack, Path(folder))

        running += [another() for _ in range(bots)]
        memory = _memory_of(running[0].pid)
        began = time.monotonic()
        for number in range(questions):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            if number in due:
                due[number](running, another)
            _bad_weather(slack, dice, faults, broken)
            channel, person = f"C{dice.randrange(CHANNELS)}", f"U{dice.randrange(PEOPLE)}"
            event = slack.mention(dice.choice(texts), channel=channel, user=person)
            envelope = slack.envelopes[-1]
            asked[channel, event["ts"]] = envelope
            if dice.random() < DUPLICATED:
                faults["duplicated"] += 1
                slack.deliver("events_api", envelope.payload)
        deadline, answered = time.monotonic() + patience, 0
        while time.monotonic() < deadline and (answered < questions or _is_writing(slack)):
            time.sleep(0.1)
            before, answered = answered, len(_threads(slack))
            if answered > before:
                deadline = time.monotonic() + patience
        time.sleep(1.0)  # for what should not come
    slack.close()
    prose = [post for post in slack.posted if _is_prose(post)]
    return Outcome(questions, _threads(slack), _latencies(slack, asked), memory, faults, prose)


def killed_and_replaced(bots: Bots, another: Callable[[], subprocess.Popen[bytes]]) -> None:
    """The first bot is killed, and another takes its place."""
    bots[0].kill()
    bots[0].wait()
    bots[0] = another()


def killed(bots: Bots, another: Callable[[], subprocess.Popen[bytes]]) -> None:
    """The last bot is killed, and is missing from then on."""
    bots[-1].kill()


def outage(server: PostgresServer, seconds: float = 1.0) -> Accident:
    """The database's server is killed, and started again after some time."""

    def happen(bots: Bots, another: Callable[[], subprocess.Popen[bytes]]) -> None:
        server.kill()
        threading.Timer(seconds, server.start).start()

    return happen


def failover(primary: PostgresServer, standby: PostgresServer, seconds: float = 1.0) -> Accident:
    """The database's server is killed for good, and its standby takes over after some time."""
    primary.wait_for_standby()

    def happen(bots: Bots, another: Callable[[], subprocess.Popen[bytes]]) -> None:
        primary.kill()
        threading.Timer(seconds, standby.promote).start()

    return happen


def either(primary: PostgresServer, standby: PostgresServer) -> str:
    """The address of whichever can be written to."""
    return f"postgresql://footnote@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"


def prepared(delay: float = 0.0, lease: float = 30.0, mode: Mode = "socket", shared: str = "") -> Start:
    """A bot with prepared answers; it takes `delay` seconds to find one.

    What it remembers is in the database `shared`, if there is one.  A shorter `lease` makes all its rounds
    shorter: what a test waits for after a kill or a broken connection.
    """

    def start(slack: FakeSlack, folder: Path) -> subprocess.Popen[bytes]:
        port = _free_port(slack) if mode == "http" else 0
        state = shared or str(folder / "state.sqlite")
        command = [str(SERVING), slack.api_url, mode, state, str(delay), str(lease), str(port)]
        return _started(slack, command, {}, folder, port)

    return start


def real(data: Path, mode: Mode = "socket", shared: str = "") -> Start:
    """`footnote slack` itself, with the index in `data`; what it remembers as in `prepared`."""

    def start(slack: FakeSlack, folder: Path) -> subprocess.Popen[bytes]:
        port = _free_port(slack) if mode == "http" else 0
        environment = {
            "FOOTNOTE_SLACK_MODE": mode,
            "PORT": str(port or 3000),
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": slack.api_url,
            "FOOTNOTE_USER_LIMIT": "0",
            "FOOTNOTE_CHANNEL_LIMIT": "0",
            "FOOTNOTE_SOURCES": str(ROOT / "sources"),
            "FOOTNOTE_DATA": str(data),
            "FOOTNOTE_STATE": shared,
        }
        return _started(slack, ["-m", "bot", "slack"], environment, folder, port)

    return start


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--questions", type=int, default=5_000)
    parser.add_argument("--rate", type=float, default=20.0, help="questions a second (default: 20)")
    parser.add_argument("--kill", action="store_true", help="kill the bot in the middle")
    parser.add_argument("--http", action="store_true", help="signed requests instead of Socket Mode")
    parser.add_argument("--real", action="store_true", help="real answers, from the articles in sources/")
    parser.add_argument(
        "--postgresql",
        choices=("outages", "failover"),
        nargs="?",
        const="outages",
        help="two bots over one database, one of which is killed; its server is killed twice and comes back"
        " (outages), or is killed for good and its standby takes over (failover)",
    )
    given = parser.parse_args(argv)
    with ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory())
        mode: Mode = "http" if given.http else "socket"
        bots, shared = 1, ""
        accidents: dict[float, Accident] = {0.5: killed_and_replaced} if given.kill else {}
        if given.postgresql:
            server = PostgresServer(programs(), {"fsync": "on"})
            stack.callback(server.close)
            bots, shared = 2, server.url
            accidents = {0.25: outage(server), 0.5: killed, 0.75: outage(server)}
            if given.postgresql == "failover":
                standby = PostgresServer(programs(), {"fsync": "on"}, server)
                stack.callback(standby.close)
                shared, accidents = either(server, standby), {0.25: killed, 0.5: failover(server, standby)}
        start, texts = prepared(mode=mode, shared=shared), [QUESTION]
        if given.real:
            start, texts = real(Path(data), mode, shared), _golden_questions()
            built = [sys.executable, "-m", "bot", "build", "--sources", "sources", "--data", data]
            subprocess.run(built, cwd=ROOT, check=True)
        outcome = soak(given.questions, given.rate, start=start, bots=bots, accidents=accidents, texts=texts)
    print(outcome)
    # What waits for a server has no fault of its own, and a process that took another's place a warm-up.
    steady = not accidents
    bad = [
        name
        for name, holds in (
            ("every question is answered once", not outcome.unanswered and not outcome.doubled),
            (f"p95 within {MAX_P95_SECONDS} s", given.postgresql or outcome.p95 <= MAX_P95_SECONDS),
            (
                f"memory within {MAX_MEMORY_CHANGE:.0%}",
                not steady or abs(outcome.memory_change) <= MAX_MEMORY_CHANGE,
            ),
        )
        if not holds
    ]
    print("\n".join(f"NOT: {name}" for name in bad) or "all of it holds")
    return 1 if bad else 0


def _bad_weather(slack: FakeSlack, dice: random.Random, faults: Counter[str], broken: float) -> None:
    def comes(name: str, share: float) -> bool:
        it_does = dice.random() < share
        faults[name] += it_does
        return it_does

    if comes("unacknowledged", UNACKNOWLEDGED):
        slack.acks_to_lose += 1
    if comes("limited", LIMITED):
        slack.fail("chat.postMessage", Fault(status=429, retry_after=str(RETRY_AFTER_SECONDS)))
    if comes("failed", FAILED):
        slack.fail("chat.postMessage", dice.choice([Fault(status=503), Fault(lost=True), Fault(cut=True)]))
    if not slack.http_ports and comes("disconnected", broken):
        dice.choice([slack.refresh, slack.close_connections, slack.break_connections])()


def _threads(slack: FakeSlack) -> Counter[tuple[str, str]]:
    replies = (post for post in list(slack.posted) if not _is_prose(post))
    return Counter((post.channel, post.thread_ts or "") for post in replies)


def _is_prose(post: Posted) -> bool:
    return post.streaming or post.metadata.get("event_type") == PROSE_EVENT


def _is_writing(slack: FakeSlack) -> bool:
    return any(post.streaming for post in list(slack.posted))


def _latencies(slack: FakeSlack, asked: dict[tuple[str, str], Envelope]) -> list[float]:
    """Of those that met no fault: neither on the way to the bot nor on the way back."""
    found = []
    for post in slack.posted:
        if _is_prose(post):
            continue
        where = (post.channel, post.thread_ts or "")
        envelope = asked.get(where)
        if envelope is None or envelope.sent_at is None or where in slack.disturbed:
            continue
        if envelope.deliveries > 1 and not envelope.ack_lost:
            continue  # it went to a connection that was broken
        found.append(post.at - envelope.sent_at)
    return sorted(found)


@contextmanager
def _running() -> Iterator[Bots]:
    """Ends all that are in the list."""
    bots: Bots = []
    try:
        yield bots
    finally:
        for bot in bots:
            bot.terminate()
        for bot in bots:
            bot.wait(20)


def _memory_of(pid: int) -> list[int]:
    """The process's resident bytes, sampled until it ends."""
    samples: list[int] = []

    def sample() -> None:
        while True:
            try:
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:  # it has ended, or this is no Linux
                pages = 0
            if not pages and samples:
                return
            samples.append(pages * os.sysconf("SC_PAGE_SIZE") or 1)
            time.sleep(SAMPLE_SECONDS)

    threading.Thread(target=sample, daemon=True).start()
    return samples


def _free_port(slack: FakeSlack) -> int:
    """That of a process which was killed, else a new one."""
    for port in slack.http_ports:
        if not _is_open(port):
            return port
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _is_open(port: int) -> bool:
    with socket.socket() as visitor:
        return visitor.connect_ex(("127.0.0.1", port)) == 0


def _started(
    slack: FakeSlack, command: Sequence[str], environment: dict[str, str], folder: Path, port: int
) -> subprocess.Popen[bytes]:
    """With a `port`, it is listened on when this returns; else there is one connection more."""
    accepted = slack.accepted
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=log,
            stderr=log,
        )
    if not port:
        slack.wait(lambda: slack.accepted > accepted, 60)
        return process
    slack.wait(lambda: _is_open(port), 60)
    if port not in slack.http_ports:
        slack.http_ports.append(port)
    return process


def _golden_questions() -> list[str]:
    return [json.loads(line)["question"] for line in GOLDEN.read_text("utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    sys.exit(main())
