"""The bench, with an index and without."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.terminal.bench import Bench


@pytest.fixture
def bench(
    sources: Path, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    # `footnote slack` logs to the standard error of its time, which is gone when the test is over.
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in ("bot", "index")}
    yield Bench(sources, data, capsys, monkeypatch)
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def built(bench: Bench) -> Bench:
    bench("build")
    return bench
