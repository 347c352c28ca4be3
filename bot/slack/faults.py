"""Faults for the log: where it happened, never what was asked."""

from __future__ import annotations

import traceback


def trace(error: BaseException) -> str:
    """The traceback of an error and of its causes, with types and without messages.

    A message may repeat what the code was working on: the question, an article, a header with a
    token.  Files, lines and types are enough to find the fault.
    """
    parts: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        parts.append("".join(traceback.format_tb(cause.__traceback__)) + type(cause).__qualname__)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\ncaused by\n".join(parts)
