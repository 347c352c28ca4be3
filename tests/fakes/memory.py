"""What a bot remembers after a few questions."""

from __future__ import annotations

from pathlib import Path

from bot.memory import Ending, Memory, Place
from tests.fakes.answers import banma_answer

HERE = Place("T1", "C1", "1.0")


def remember_three(data: Path) -> Memory:
    """Three questions of today, one in vain; one 👍, one 👎."""
    state = Memory(data / "state.sqlite", keep_questions=True)
    answer_id = state.shown.remember(banma_answer(), HERE)
    state.log.note(Ending("answered", 0.2, 0.9, answer_id=answer_id), HERE, "1.0", "Who owns Banma?")
    state.shown.record_feedback(answer_id, "up", "U1", HERE)
    state.shown.record_reason(answer_id, "not_asked", '=HYPERLINK("x"), "quoted"\nnew', "U2", HERE)
    for number, question in enumerate(("Who is the CEO?", "who's the CEO"), start=2):
        miss = state.shown.remember_miss(question, HERE)
        state.log.note(Ending("none", 0.1, miss_id=miss), HERE, f"{number}.0", question)
    state.shown.tell_curators(miss, "U2", HERE)
    return state
