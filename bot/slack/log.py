"""The bot's log: as lines for a person or as JSON for a machine, and neither holds a token or a question.

Lines logged on purpose never hold either.  This is for the rest: a token is taken out wherever it
comes from, and an error is logged with its place in the code, without its message.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import IO, Literal


def trace(error: BaseException) -> str:
    """Return the traceback of an error and of its causes, with types and without messages.

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


# Bot, user, app-level and refresh tokens; response addresses, which work as one.
_SECRETS = re.compile(r"\b(?:xox[a-z]|xapp|xoxe)[.-][\w.-]{6,}|https://hooks\.slack\.com/[\w/-]+")
_HIDDEN = "[hidden]"
# What a record has by itself; anything else was given with it as a field of its own.
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def start_log(level: str, form: Literal["text", "json"], stream: IO[str] | None = None) -> None:
    """Log to standard error.  Libraries stay at WARNING: some of them log whole requests below that."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else PlainLines())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    for package in ("bot", "index"):
        logging.getLogger(package).setLevel(level)


class _Discreet(logging.Formatter):
    def formatException(self, ei: object) -> str:
        """Return the place of an error in the code: its message may repeat the text that was worked on."""
        error = ei[1] if isinstance(ei, tuple) else None
        return trace(error) if isinstance(error, BaseException) else ""


class PlainLines(_Discreet):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return _SECRETS.sub(_HIDDEN, super().format(record))


class JsonLines(_Discreet):
    """One object a record and line: `time`, `level`, `logger`, `message`, and the fields given with it."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: value for name, value in vars(record).items() if name not in _ORDINARY}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        line = json.dumps(told, ensure_ascii=False, default=lambda value: type(value).__name__)
        return _SECRETS.sub(_HIDDEN, line)
