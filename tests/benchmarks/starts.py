"""How long it takes until what somebody starts is of use: commands, an answer, the bot in Slack.

    python -m tests.benchmarks.starts

Each start is a process of its own, with the bytecode of its modules on disk as an installation leaves it.
Slack is the one of the tests, on this machine.  The time is that of a clock; on a busy machine the
processor time beside it says more.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from index.build import build
from index.encoders.any_model import SentenceTransformerEncoder
from index.encoders.packaged import lightest
from index.types import Encoder
from tests.benchmarks.figures import Figure, Target, Unit
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, FakeSlack

ROOT = Path(__file__).parents[2]
OWN_SOURCES = ROOT / "sources"
QUESTION = "Who holds what share of Banma?"
STARTS = 3
LOOKS_TARGET_S, ANSWER_TARGET_S, SLACK_TARGET_S = 0.3, 2.0, 5.0
PATIENCE_S = 60.0

PLAIN = "plain"
PLAIN_START = """
from index.encoders.any_model import SentenceTransformerEncoder
SentenceTransformerEncoder().encode_questions(["What is asked?"])
"""


def starts(encoder: Encoder, folder: Path) -> list[Figure]:
    """Figures of an index of the articles that ship, which is made in `folder`."""
    data = folder / "own"
    build(OWN_SOURCES, data, encoder)
    environment = _as_installed(folder)
    places = ["--sources", str(OWN_SOURCES), "--data", str(data)]
    looks = [
        _figure(f"footnote {' '.join(typed)}", _times(["-m", "bot", *typed, *more], environment))
        for typed, more in ((["--help"], []), (["list"], places), (["doctor"], places))
    ]
    answer = _times(["-m", "bot", "ask", QUESTION, *places], environment)
    plain = _times(["-c", PLAIN_START], environment)
    connected, answered = _slack(data, environment)
    return [
        *looks,
        Figure(
            "start-up: a cold process to its first answer",
            answer.seconds,
            STARTS,
            {PLAIN: plain.seconds},
            Target(ANSWER_TARGET_S, at_most=True),
            Unit.SECONDS,
            f"{answer.work}; plain: a process that loads the model and embeds the question",
        ),
        _figure("the bot in Slack, connected", connected, SLACK_TARGET_S),
        _figure("the bot in Slack, to its first answer", answered, SLACK_TARGET_S),
    ]


@dataclass(frozen=True, slots=True)
class _Times:
    seconds: float
    """Median by the clock."""
    worked: float
    """Least of the processor's time."""

    @property
    def work(self) -> str:
        return f"{self.worked:.2f} s of processor time"


def _figure(name: str, times: _Times, target: float = LOOKS_TARGET_S) -> Figure:
    reach = Target(target, at_most=True)
    return Figure(f"start-up: {name}", times.seconds, STARTS, {}, reach, Unit.SECONDS, times.work)


def _as_installed(folder: Path) -> dict[str, str]:
    """Compiling Footnote's modules anew takes a tenth of a second, which only a developer waits for."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def _times(arguments: list[str], environment: Mapping[str, str]) -> _Times:
    def run() -> None:
        command = [sys.executable, *arguments]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)

    run()  # so that bytecode is written, and files are in memory
    seconds, worked = [], []
    for _ in range(STARTS):
        began, before = time.perf_counter(), _children_worked()
        run()
        seconds.append(time.perf_counter() - began)
        worked.append(_children_worked() - before)
    return _Times(median(seconds), min(worked))


def _slack(data: Path, environment: Mapping[str, str]) -> tuple[_Times, _Times]:
    """Until Socket Mode is open, and until the answer to what is asked in that moment is posted."""
    connected: list[tuple[float, float]] = []
    answered: list[tuple[float, float]] = []
    slack = FakeSlack()
    try:
        for _ in range(STARTS):
            process, clock = _started(slack, data, environment)
            try:
                slack.wait(lambda: slack.connected == 1, PATIENCE_S)
                connected.append(clock())
                slack.reply(slack.mention(QUESTION), PATIENCE_S)
                answered.append(clock())
            finally:
                process.terminate()
                process.wait()
            slack.wait(lambda: slack.connected == 0, PATIENCE_S)
    finally:
        slack.close()
    return _both(connected), _both(answered)


def _started(
    slack: FakeSlack, data: Path, environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], Callable[[], tuple[float, float]]]:
    """`footnote slack`, and a clock of the seconds since, and of those in which it worked."""
    own = {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_URL": slack.api_url,
        "FOOTNOTE_SOURCES": str(OWN_SOURCES),
        "FOOTNOTE_DATA": str(data),
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "slack"],
        cwd=ROOT,
        env={**environment, **own},
        stderr=subprocess.DEVNULL,
    )
    return process, lambda: (time.perf_counter() - began, _worked(process.pid))


def _both(times: list[tuple[float, float]]) -> _Times:
    return _Times(median(seconds for seconds, _ in times), min(worked for _, worked in times))


def _children_worked() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _worked(process: int) -> float:
    """Seconds of the processor, of a process that is still running; as Linux has them in /proc."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="footnote-starts-") as folder:
        for figure in starts(lightest(SentenceTransformerEncoder()), Path(folder)):
            reach = "" if figure.target is None else f"  (at most {figure.target.value:g} s)"
            print(f"{figure.name:<50} {figure.ours:6.2f} s{reach}; {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
