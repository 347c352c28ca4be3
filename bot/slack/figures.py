"""Metrics of the bot in Slack, and their names.  No label holds what anybody wrote."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.memory import EndingKind, Verdict
from bot.slack.replies import NotSent, Outcome
from bot.types import Answers, Overview
from index.types import FootnoteError

# From a cached answer to the patience of an asker; a reply is expected within a second.
_SECONDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0)
# An overview of a large index takes a tenth of a second, and is asked for by every probe.
_LOOK_SECONDS = 5.0

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, with nothing in it but when the bot started


class Figures:
    """Thread-safe."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._questions = self._counter(
            "footnote_questions", "Questions by how they ended.", "outcome", get_args(EndingKind)
        )
        self._seconds = Histogram(
            "footnote_reply_seconds",
            "From taking a question to the end of posting its reply.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._repeated = Counter(
            "footnote_deliveries_repeated",
            "Deliveries of questions that were taken before.",
            registry=self.registry,
        )
        self._unsent = self._counter(
            "footnote_replies_not_sent",
            "Replies that did not get through, by what is known of it.",
            "why",
            [why.value for why in NotSent],
        )
        self._feedback = self._counter(
            "footnote_feedback", "Verdicts on answers.", "verdict", get_args(Verdict)
        )

    def ended(self, kind: EndingKind, seconds: float) -> None:
        self._questions.labels(kind).inc()
        if kind != "turned_away":
            self._seconds.observe(seconds)

    def repeated(self) -> None:
        self._repeated.inc()

    def sent(self, outcome: Outcome | None) -> None:
        if isinstance(outcome, NotSent):
            self._unsent.labels(outcome.value).inc()

    def judged(self, verdict: Verdict) -> None:
        self._feedback.labels(verdict).inc()

    def watch(
        self,
        index: IndexInUse,
        *,
        connected: Callable[[], bool],
        queued: Callable[[], int],
        room: int,
        unanswered: Callable[[], int],
    ) -> None:
        """The metrics that are looked up whenever they are read."""
        for name, help, value in [
            ("connected", "1 while Slack is connected.", connected),
            ("queue_length", "Questions that wait or are being answered.", queued),
            ("queue_capacity", "Beyond it the bot is busy.", lambda: room),
            (
                "unanswered",
                "Questions without a reply yet, of all processes that share the memory.",
                unanswered,
            ),
        ]:
            Gauge(f"footnote_{name}", help, registry=self.registry).set_function(value)
        self.registry.register(index)
        ProcessCollector(registry=self.registry)

    def _counter(self, name: str, help: str, label: str, values: Iterable[str]) -> Counter:
        """Make a counter whose labels are all there from the start, at 0: a rate needs a beginning."""
        counter = Counter(name, help, [label], registry=self.registry)
        for value in values:
            counter.labels(value)
        return counter


class IndexInUse(Collector):
    """The index that answers come from, looked at no more often than it matters."""

    def __init__(self, answers: Answers, clock: Callable[[], float] = time.monotonic) -> None:
        self._answers = answers
        self._clock = clock
        self._found: Overview | None = None
        self._until = 0.0

    def overview(self) -> Overview | None:
        """Return the current overview; None if no index can be used."""
        if self._clock() >= self._until:
            try:
                self._found = self._answers.overview()
            except FootnoteError:
                self._found = None
            self._until = self._clock() + _LOOK_SECONDS
        return self._found

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield what is told of it; nothing if no index can be used."""
        found = self.overview()
        if found is None:
            return
        info = GaugeMetricFamily("footnote_index_info", "The index in use.", labels=["generation"])
        info.add_metric([found.generation], 1)
        yield info
        yield GaugeMetricFamily("footnote_index_articles", "Articles in it.", found.articles)
        name, help = "footnote_index_built_timestamp_seconds", "When it was built."
        yield GaugeMetricFamily(name, help, datetime.fromisoformat(found.built).timestamp())
