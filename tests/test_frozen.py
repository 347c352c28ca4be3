"""What is found for some sixty questions is what was found when it was written down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.frozen import FILE, searches


def test_a_search_finds_what_was_written_down(data: Path) -> None:
    written = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    found = searches(data)
    assert len(found) == len(written)
    for now, before in zip(found, written, strict=True):
        assert _without_numbers(now) == _without_numbers(before)
        assert _numbers(now) == pytest.approx(_numbers(before), abs=1e-4)


def _without_numbers(told: Any) -> Any:
    """The same without the scores, which may differ in their last digits on another processor."""
    if isinstance(told, dict):
        return {name: _without_numbers(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_without_numbers(value) for value in told]
    return None if isinstance(told, float) else told


def _numbers(told: Any) -> list[float]:
    if isinstance(told, dict):
        return [number for value in told.values() for number in _numbers(value)]
    if isinstance(told, list):
        return [number for value in told for number in _numbers(value)]
    return [told] if isinstance(told, float) else []
