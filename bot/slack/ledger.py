"""What is written down of each question once it has ended: in the memory, in the figures, in the log.

The log gets numbers and names of outcomes, never what was asked.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.memory import Ending, State
from bot.slack.faults import trace
from bot.slack.figures import Figures
from bot.slack.incoming import Asked
from bot.slack.replies import Outcome

_log = logging.getLogger(__name__)


class Ledger:
    def __init__(self, state: State, figures: Figures) -> None:
        self._log = state.log
        self._figures = figures

    def repeated(self) -> None:
        """A question was delivered again."""
        self._figures.repeated()

    def sent(self, outcome: Outcome | None) -> None:
        """Whether a reply got through; None where there was none to send."""
        self._figures.sent(outcome)

    def note(self, asked: Asked, ending: Ending, seconds: float) -> None:
        """Never fails: a question that was answered is answered, written down or not."""
        ending = replace(ending, seconds=seconds)
        self._figures.ended(ending.kind, seconds)
        _log.info(
            "A question ended: %s after %.0f ms",
            ending.kind,
            1_000 * seconds,
            extra={
                "outcome": ending.kind,
                "ms": round(1_000 * seconds),
                "confidence": ending.confidence,
                "generation": ending.generation,
            },
        )
        try:
            self._log.note(ending, asked.place, asked.ts, asked.text)
        except Exception as error:
            _log.error("How a question ended could not be kept\n%s", trace(error))
