"""The bot's memory as one thing: the inbox, the threads, the answers shown, how questions ended, limits."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from bot.memory.answers import PostedAnswers
from bot.memory.inbox import Inbox
from bot.memory.limits import Limits
from bot.memory.log import Log
from bot.memory.schema import Database
from bot.memory.threads import Threads

PRUNE_SECONDS = 3_600.0
RETENTION_DAYS = 90
"""A quarter: long enough to see whether last month's new articles helped."""


class State:
    """Thread-safe, and shared by processes.  `clock` returns seconds since 1970.

    `keep_questions` lets the words of questions stay as long as everything else.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.time,
        *,
        retention_days: int = RETENTION_DAYS,
        keep_questions: bool = False,
        prune: bool = True,
    ) -> None:
        """Raise `FootnoteError` where the file cannot be used."""
        self._database = Database(path, clock)
        self.inbox = Inbox(self._database)
        self.threads = Threads(self._database)
        self.shown = PostedAnswers(self._database)
        self.log = Log(self._database, keep_questions=keep_questions)
        self.limits = Limits(self._database)
        self._retention_seconds = retention_days * 86_400.0
        if prune:
            self.prune()

    def prune(self) -> None:
        """Forget what is past its time; nothing that people did or said outlives the retention."""
        now = self._database.clock()
        with self._database.transaction() as sql:
            for part in (self.inbox, self.threads, self.shown, self.log, self.limits):
                part.prune(sql, now, self._retention_seconds)
        self._database.checkpoint()

    def keep_pruned(self) -> None:
        """Prune every hour, for as long as the program runs; one that fails is made up for by the next."""
        while True:
            time.sleep(PRUNE_SECONDS)
            with contextlib.suppress(sqlite3.Error):
                self.prune()

    def close(self) -> None:
        self._database.close()
