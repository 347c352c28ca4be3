"""What is counted of the bot in Slack, and under which names.  No label holds what anybody wrote."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import get_args

from bot.memory import EndingKind, Verdict
from bot.slack.metrics import Metrics
from bot.slack.replies import NotSent, Outcome
from bot.types import Answers, Overview
from index.types import FootnoteError

# From a cached answer to the patience of an asker; a reply is expected within a second.
_SECONDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0)
# An overview of a large index takes a tenth of a second, and is asked for by every probe.
_LOOK_SECONDS = 5.0
_STATUS = Path("/proc/self/status")


class Figures:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self._questions = self.metrics.counter(
            "footnote_questions_total",
            "Questions by how they ended.",
            "outcome",
            get_args(EndingKind),
        )
        self._seconds = self.metrics.histogram(
            "footnote_reply_seconds", "From taking a question to the end of posting its reply.", _SECONDS
        )
        self._repeated = self.metrics.counter(
            "footnote_deliveries_repeated_total", "Deliveries of questions that were taken before."
        )
        self._unsent = self.metrics.counter(
            "footnote_replies_not_sent_total",
            "Replies that did not get through, by what is known of it.",
            "why",
            [why.value for why in NotSent],
        )
        self._feedback = self.metrics.counter(
            "footnote_feedback_total", "Verdicts on answers.", "verdict", get_args(Verdict)
        )

    def ended(self, kind: EndingKind, seconds: float) -> None:
        self._questions.add(kind)
        if kind != "turned_away":
            self._seconds.observe(seconds)

    def repeated(self) -> None:
        self._repeated.add()

    def sent(self, outcome: Outcome | None) -> None:
        if isinstance(outcome, NotSent):
            self._unsent.add(outcome.value)

    def judged(self, verdict: Verdict) -> None:
        self._feedback.add(verdict)

    def watch(
        self,
        index: IndexInUse,
        *,
        connected: Callable[[], bool],
        queued: Callable[[], int],
        room: int,
        unanswered: Callable[[], int],
    ) -> None:
        """What is looked up whenever somebody reads the figures."""
        metrics = self.metrics
        metrics.gauge("footnote_connected", "1 while Slack is connected.", lambda: float(connected()))
        metrics.gauge(
            "footnote_queue_length", "Questions that wait or are being answered.", lambda: float(queued())
        )
        metrics.gauge("footnote_queue_capacity", "Beyond it the bot is busy.", lambda: float(room))
        metrics.gauge(
            "footnote_unanswered",
            "Questions without a reply yet, of all processes that share the memory.",
            lambda: float(unanswered()),
        )
        metrics.info("footnote_index_info", "The index in use.", index.labels)
        metrics.gauge("footnote_index_articles", "Articles in it.", index.articles)
        metrics.gauge("footnote_index_built_timestamp_seconds", "When it was built.", index.built)
        metrics.gauge("process_resident_memory_bytes", "Resident memory.", resident_bytes)
        metrics.gauge("process_cpu_seconds_total", "Processor time.", time.process_time, kind="counter")
        started = time.time()
        metrics.gauge("process_start_time_seconds", "When the bot started.", lambda: started)


def resident_bytes() -> float:
    """Resident memory of this process; where the system tells only its peak, that."""
    try:
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmRSS:"))
        return 1024.0 * int(line.split()[1])
    except (OSError, StopIteration, ValueError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak if sys.platform == "darwin" else 1024 * peak)


class IndexInUse:
    """The index that answers come from, looked at no more often than it matters."""

    def __init__(self, answers: Answers, clock: Callable[[], float] = time.monotonic) -> None:
        self._answers = answers
        self._clock = clock
        self._found: Overview | None = None
        self._until = 0.0

    def overview(self) -> Overview | None:
        """None where no index can be used."""
        if self._clock() >= self._until:
            try:
                self._found = self._answers.overview()
            except FootnoteError:
                self._found = None
            self._until = self._clock() + _LOOK_SECONDS
        return self._found

    def labels(self) -> dict[str, str]:
        found = self.overview()
        return {"generation": found.generation} if found else {}

    def articles(self) -> float | None:
        found = self.overview()
        return float(found.articles) if found else None

    def built(self) -> float | None:
        found = self.overview()
        try:
            return datetime.fromisoformat(found.built).timestamp() if found else None
        except ValueError:
            return None
