"""A report's days -> a picture: how many questions a day, and how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.report import Day, Report
from bot.words import ENGLISH

WIDTH, HEIGHT = 640, 220
"""In the picture's own units."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 8, 12, 30
_MAX_BAR = 56
# More dates than this would run into each other.
_MAX_LABELS = 10
# In the order in which they stand on each other, from below.
KINDS = (
    ("answered", "answered"),
    ("uncertain", "closest found"),
    ("none", "no answer"),
    ("other", "errors and turned away"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    days: tuple[Label, ...]
    lines: tuple[Label, ...]
    """Of the grid: how high each count stands."""
    summary: str
    """The picture in words."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT


def chart(report: Report) -> Chart:
    most = _ceiling(max((day.questions for day in report.days), default=0))
    room = (WIDTH - _LEFT - _RIGHT) / max(1, len(report.days))
    width = min(_MAX_BAR, room * 0.6)
    scale = (HEIGHT - _TOP - _BOTTOM) / most
    bars: list[Bar] = []
    for number, day in enumerate(report.days):
        x, y = _LEFT + room * (number + 0.5) - width / 2, float(HEIGHT - _BOTTOM)
        for (kind, _), count in zip(KINDS, counts(day), strict=True):
            if count:
                y -= count * scale
                bars.append(Bar(kind, round(x, 1), round(y, 1), round(width, 1), round(count * scale, 1)))
    step = -(-len(report.days) // _MAX_LABELS)
    days = tuple(
        Label(round(_LEFT + room * (number + 0.5), 1), HEIGHT - 8, day_words(day.date))
        for number, day in enumerate(report.days)
        if number % step == 0
    )
    grid = tuple(
        Label(_LEFT - 8, round(HEIGHT - _BOTTOM - count * scale, 1), f"{count:,}")
        for count in (0, most // 2, most)
    )
    share = (
        f"{report.answered_share:.0%} answered for certain" if report.answered_share is not None else "none"
    )
    return Chart(
        tuple(bars), days, grid, f"{report.questions:,} questions in {len(report.days)} days, {share}"
    )


def counts(day: Day) -> Sequence[int]:
    """In the order of `KINDS`."""
    return day.answered, day.uncertain, day.none, day.error + day.turned_away


def day_words(iso: str) -> str:
    """`2026-11-23` → `23 Nov`."""
    day = date.fromisoformat(iso)
    return f"{day.day} {ENGLISH.months[day.month - 1][:3]}"


def _ceiling(most: int) -> int:
    """Return an even number at which a scale ends well."""
    for step in (2, 4, 6, 8, 10):
        if most <= step:
            return step
    power: int = 10 ** (len(str(most)) - 1)
    return next(power * step for step in (1, 2, 4, 6, 8, 10) if most <= power * step)
