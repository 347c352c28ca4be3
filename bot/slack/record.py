"""Records how a question ended, in the memory, the metrics and the log.

The log gets numbers and names of outcomes, never what was asked.
"""

from __future__ import annotations

import logging

from bot.memory import Ended, Ending, Lease, Memory, Revision
from bot.slack.figures import Figures

_log = logging.getLogger(__name__)


class Record:
    """Thread-safe."""

    def __init__(self, memory: Memory, figures: Figures) -> None:
        self._memory = memory
        self.figures = figures

    def ended(self, lease: Lease, ended: Ended) -> Revision:
        """Record that a question has its reply, or is to have none."""
        revision = self._memory.record(lease, ended)
        if ended.ending is not None and not revision.retracted:
            self._count(ended.ending)
        return revision

    def given_up(self, ended: Ended) -> None:
        """Record that no reply got through, for so long that none would help."""
        if ended.ending is not None:
            self._memory.log.note(ended.ending, ended.place, ended.ts, ended.question)
            self._count(ended.ending)

    def _count(self, ending: Ending) -> None:
        self.figures.ended(ending.kind, ending.seconds)
        _log.info(
            "A question ended: %s after %.0f ms",
            ending.kind,
            1_000 * ending.seconds,
            extra={
                "outcome": ending.kind,
                "ms": round(1_000 * ending.seconds),
                "confidence": ending.confidence,
                "generation": ending.generation,
            },
        )
