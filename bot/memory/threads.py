"""Threads: what was said in them, for follow-ups, and whom the bot is talking with."""

from __future__ import annotations

import sqlite3

from bot.memory.places import Place
from bot.memory.schema import Database
from bot.types import Conversation, Turn

TURNS_KEPT_SECONDS = 7 * 86_400.0
# A follow-up leans on the last question or two; more would only pull the search away.
TURNS_REMEMBERED = 4
# Long enough to read the sources and come back, too short to answer tomorrow's remark to a colleague.
FOLLOW_UP_SECONDS = 30 * 60.0


class Threads:
    """Thread-safe, and shared by processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, turn: Turn, place: Place, ts: str = "") -> None:
        """Keep what was said; an edited question (the same `ts`) takes the place of what it was."""
        where = (place.team, place.channel, place.thread)
        with self._database.transaction() as sql:
            changed = sql.execute(
                "UPDATE turns SET question = ?, answer = ?"
                " WHERE team = ? AND channel = ? AND thread = ? AND ts = ? AND ts != ''",
                (turn.question, turn.answer, *where, ts),
            ).rowcount
            if not changed:
                sql.execute(
                    "INSERT INTO turns (team, channel, thread, said_at, question, answer, ts)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*where, self._database.clock(), turn.question, turn.answer, ts),
                )

    def forget(self, place: Place, ts: str) -> None:
        """Forget a turn whose question was deleted."""
        with self._database.transaction() as sql:
            sql.execute(
                "DELETE FROM turns WHERE team = ? AND channel = ? AND ts = ? AND ts != ''",
                (place.team, place.channel, ts),
            )

    def conversation(self, place: Place, before: str = "") -> Conversation:
        """The last turns of a thread, oldest first; empty where `place` has no thread.

        With `before`, a message's `ts`, only what was asked earlier than that message.
        """
        if not place.thread:
            return ()
        with self._database.transaction() as sql:
            rows = sql.execute(
                "SELECT question, answer FROM turns WHERE team = ? AND channel = ? AND thread = ?"
                " AND (? = '' OR ts < ?) ORDER BY said_at DESC, rowid DESC LIMIT ?",
                (place.team, place.channel, place.thread, before, before, TURNS_REMEMBERED),
            ).fetchall()
        return tuple(Turn(question, answer) for question, answer in reversed(rows))

    def addressed(self, place: Place, user: str) -> None:
        """`user` speaks to the bot, which listens to that person from now on."""
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT INTO threads (team, channel, thread, asker, listening, addressed_at)"
                " VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT (team, channel, thread) DO UPDATE"
                " SET asker = excluded.asker, listening = 1, addressed_at = excluded.addressed_at",
                (place.team, place.channel, place.thread, user, self._database.clock()),
            )

    def overheard(self, place: Place, user: str, *, to_others: bool) -> bool:
        """Whether a message without a mention is still said to the bot.

        It is where the one who asked last goes on, soon, and to nobody else.  Anything else means
        that people talk with each other, and the bot listens no more until it is addressed again.
        """
        where = (place.team, place.channel, place.thread)
        now = self._database.clock()
        with self._database.transaction() as sql:
            row = sql.execute(
                "SELECT asker, listening, quiet, addressed_at FROM threads"
                " WHERE team = ? AND channel = ? AND thread = ?",
                where,
            ).fetchone()
            if row is None:
                return False
            asker, listening, quiet, addressed_at = row
            goes_on = bool(
                listening
                and not quiet
                and user == asker
                and not to_others
                and now - addressed_at <= FOLLOW_UP_SECONDS
            )
            sql.execute(
                "UPDATE threads SET listening = ?, addressed_at = ?"
                " WHERE team = ? AND channel = ? AND thread = ?",
                (goes_on or bool(listening and quiet), now if goes_on else addressed_at, *where),
            )
        return goes_on

    def knows(self, place: Place) -> bool:
        """Whether the bot was ever addressed in the thread."""
        return self._state(place) is not None

    def is_quiet(self, place: Place) -> bool:
        return bool(self._state(place))

    def set_quiet(self, place: Place, user: str, *, quiet: bool) -> None:
        self.addressed(place, user)
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE threads SET quiet = ? WHERE team = ? AND channel = ? AND thread = ?",
                (quiet, place.team, place.channel, place.thread),
            )

    def prune(self, sql: sqlite3.Connection, now: float, retention: float) -> None:
        oldest = now - min(TURNS_KEPT_SECONDS, retention)
        sql.execute("DELETE FROM turns WHERE said_at < ?", (oldest,))
        sql.execute("DELETE FROM threads WHERE addressed_at < ? AND NOT quiet", (oldest,))

    def _state(self, place: Place) -> bool | None:
        with self._database.transaction() as sql:
            row = sql.execute(
                "SELECT quiet FROM threads WHERE team = ? AND channel = ? AND thread = ?",
                (place.team, place.channel, place.thread),
            ).fetchone()
        return bool(row[0]) if row else None
