"""Counters, gauges and histograms, and the text form in which Prometheus reads them.

https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4).  Knows nothing of what it
counts.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels, float]


class Metrics:
    """Thread-safe.  A name is given once, and its samples come in the order in which they were made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._families: dict[str, tuple[str, str, Callable[[], Iterable[Sample]]]] = {}

    def counter(self, name: str, help: str, label: str = "", values: Sequence[str] = ()) -> Counter:
        """`values` of the label are there from the start, at 0: a rate needs a beginning."""
        counter = Counter(self._lock, name, label, values)
        self._add(name, "counter", help, counter.samples)
        return counter

    def histogram(self, name: str, help: str, bounds: Sequence[float]) -> Histogram:
        histogram = Histogram(self._lock, name, bounds)
        self._add(name, "histogram", help, histogram.samples)
        return histogram

    def gauge(self, name: str, help: str, value: Callable[[], float | None], *, kind: str = "gauge") -> None:
        """`value` is asked each time; None leaves the sample out.

        `kind` is `counter` for what somebody else counts.
        """

        def samples() -> Iterator[Sample]:
            found = value()
            if found is not None:
                yield name, (), found

        self._add(name, kind, help, samples)

    def info(self, name: str, help: str, labels: Callable[[], Mapping[str, str]]) -> None:
        """A gauge of 1 that carries words in its labels; none while there are no labels."""

        def samples() -> Iterator[Sample]:
            found = labels()
            if found:
                yield name, tuple(found.items()), 1.0

        self._add(name, "gauge", help, samples)

    def text(self) -> str:
        """All of it as it is now."""
        return "".join(f"{line}\n" for line in self._lines())

    def _add(self, name: str, kind: str, help: str, samples: Callable[[], Iterable[Sample]]) -> None:
        if name in self._families:
            raise ValueError(f"there is a metric {name} already")
        self._families[name] = (kind, help, samples)

    def _lines(self) -> Iterator[str]:
        for name, (kind, help, samples) in self._families.items():
            found = list(samples())
            if found:
                yield f"# HELP {name} {_escaped(help, quotes=False)}"
                yield f"# TYPE {name} {kind}"
            for sample, labels, value in found:
                yield f"{sample}{_braced(labels)} {_number(value)}"


class Counter:
    def __init__(self, lock: threading.Lock, name: str, label: str, values: Sequence[str]) -> None:
        self._lock = lock
        self._name = name
        self._label = label
        self._counts: dict[str, int] = dict.fromkeys(values if label else [""], 0)

    def add(self, value: str = "") -> None:
        """Count one, of that value of the label."""
        with self._lock:
            self._counts[value] = self._counts.get(value, 0) + 1

    def samples(self) -> list[Sample]:
        with self._lock:
            counts = list(self._counts.items())
        return [
            (self._name, ((self._label, value),) if self._label else (), float(count))
            for value, count in counts
        ]


class Histogram:
    def __init__(self, lock: threading.Lock, name: str, bounds: Sequence[float]) -> None:
        self._lock = lock
        self._name = name
        self._bounds = sorted(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        with self._lock:
            self._counts[bisect_left(self._bounds, value)] += 1
            self._sum += value

    def samples(self) -> list[Sample]:
        with self._lock:
            counts, total = list(self._counts), self._sum
        below, buckets = 0, []
        for bound, count in zip([*self._bounds, float("inf")], counts, strict=True):
            below += count
            buckets.append((f"{self._name}_bucket", (("le", _number(bound)),), float(below)))
        return [*buckets, (f"{self._name}_sum", (), total), (f"{self._name}_count", (), float(below))]


def _braced(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}" if labels else ""


def _escaped(text: str, *, quotes: bool = True) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quotes else escaped


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value.is_integer() else repr(value)
