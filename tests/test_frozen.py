"""What comes out is what came out when it was written down; `python -m tests.frozen` writes it anew."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.frozen import line, outputs, path


@pytest.mark.parametrize("file", outputs())
def test_what_comes_out_is_what_was_written_down(file: str) -> None:
    written = dict(json.loads(one) for one in path(file).read_text("utf-8").splitlines())
    # Through JSON, so that a tuple is the list that was written down.
    found = dict(json.loads(line(name, told)) for name, told in outputs()[file]())
    assert list(found) == list(written)
    assert {name: told for name, told in found.items() if not _same(told, written[name])} == {}


def _same(now: Any, before: Any) -> bool:
    """Whether two are alike but for the last digits of numbers, which may differ on another processor."""
    if isinstance(now, dict) and isinstance(before, dict):
        return now.keys() == before.keys() and all(_same(now[name], before[name]) for name in now)
    if isinstance(now, list) and isinstance(before, list):
        return len(now) == len(before) and all(map(_same, now, before))
    if isinstance(now, float) and isinstance(before, float):
        return now == pytest.approx(before, abs=1e-3)
    return bool(now == before)
