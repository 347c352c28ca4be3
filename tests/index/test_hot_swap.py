"""Questions at full speed while builds swap the index under them; the benchmark takes the times."""

from __future__ import annotations

import time
from pathlib import Path

from index.build import build
from index.generations import FileStore
from tests.benchmarks.growth import Askers, write_version
from tests.fakes.encoder import HashingEncoder

SWAPS = 5


def test_no_question_fails_and_none_is_answered_by_two_generations(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    build(sources, data, encoder)
    live = FileStore(data, encoder, check_seconds=0.02)
    asked = Askers(live, encoder)
    asked.start()
    built = set()
    try:
        for number in range(SWAPS):
            write_version(sources, number)
            built.add(build(sources, data, encoder).generation)
            time.sleep(0.1)
    finally:
        failures = asked.stop()
    assert failures == []
    assert len(asked.taken) > 8 * SWAPS
    # The first was not built here, and one may be replaced before anybody has asked it.
    assert len(asked.generations & built) >= SWAPS / 2
    assert live.current().id in built
