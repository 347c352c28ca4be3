"""What a benchmark comes to: figures with their baselines and targets, in groups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.benchmarks.metrics import mean

OURS = "ours"


class Unit(Enum):
    SHARE = "share"
    """0..1."""
    MILLISECONDS = "ms"
    SECONDS = "s"
    PER_SECOND = "/s"
    MEGABYTES = "MB"
    TIMES = "×"


@dataclass(frozen=True, slots=True)
class Target:
    value: float
    at_most: bool = False

    def reached_by(self, value: float) -> bool:
        return value <= self.value if self.at_most else value >= self.value


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    ours: float
    count: int
    """Of questions, or of whatever the mean was taken over."""
    plain: Mapping[str, float] = field(default_factory=dict)
    """Baseline -> its figure."""
    target: Target | None = None
    unit: Unit = Unit.SHARE
    note: str = ""

    @property
    def reached(self) -> bool | None:
        return self.target.reached_by(self.ours) if self.target else None


@dataclass(frozen=True, slots=True)
class Table:
    """What no single figure can say."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run."""

    about: Mapping[str, str]
    """What it was run on and with: commit, split, machine."""
    groups: tuple[Group, ...]


class Tally:
    """The values of one measure, question by question: ours and those of the baselines."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}

    def add(self, side: str, value: float) -> None:
        self._values.setdefault(side, []).append(value)

    def means(self) -> dict[str, float]:
        return {side: mean(values) for side, values in self._values.items()}

    def figure(self, name: str, target: Target | None = None, note: str = "") -> Figure:
        means = self.means()
        ours = means.pop(OURS, math.nan)
        return Figure(name, ours, len(self._values.get(OURS, ())), means, target, note=note)
