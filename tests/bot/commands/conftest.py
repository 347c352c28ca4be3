"""The bench, with an index and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.commands.bench import Bench


@pytest.fixture
def bench(
    sources: Path, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Bench:
    return Bench(sources, data, capsys, monkeypatch)


@pytest.fixture
def built(bench: Bench) -> Bench:
    bench("build")
    return bench
