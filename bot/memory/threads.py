"""Threads: what was said in them, for follow-ups, and whom the bot is talking with."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, insert, select, update

from bot.memory.database import Database, transaction
from bot.memory.places import Place
from bot.memory.schema import put, threads, turns
from bot.types import Conversation, Turn

TURNS_KEPT_SECONDS = 7 * 86_400.0
# A follow-up leans on the last question or two; more would only pull the search away.
TURNS_REMEMBERED = 4
# Long enough to read the sources and come back, too short to answer tomorrow's remark to a colleague.
FOLLOW_UP_SECONDS = 30 * 60.0
# Somebody who types below an answer goes on; somebody who comes back after lunch begins anew.
DIRECT_SECONDS = 15 * 60.0


class Threads:
    """Thread-safe, and shared as the inbox is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @transaction
    def remember(self, turn: Turn, place: Place, ts: str = "") -> None:
        """Keep what was said; an edited question (the same `ts`) takes the place of what it was."""
        said = {"question": turn.question, "answer": turn.answer}
        with self._database.write() as sql:
            same = update(turns).where(*_within(turns, place), turns.c.ts == ts, turns.c.ts != "")
            if not sql.execute(same.values(**said)).rowcount:
                sql.execute(
                    insert(turns).values(**_key(place), ts=ts, said_at=self._database.now(sql), **said)
                )

    @transaction
    def forget(self, place: Place, ts: str) -> None:
        """Forget a turn whose question was deleted."""
        with self._database.write() as sql:
            sql.execute(
                delete(turns).where(
                    turns.c.team == place.team,
                    turns.c.channel == place.channel,
                    turns.c.ts == ts,
                    turns.c.ts != "",
                )
            )

    @transaction
    def conversation(self, place: Place, before: str = "", *, whole_channel: bool = False) -> Conversation:
        """Return the last turns of a thread, oldest first; empty if `place` has no thread.

        With `before`, a message's `ts`, only what was asked earlier than that message.  `whole_channel` is
        for a message of a direct conversation that stands in no thread: it goes on from what was said in
        the last minutes, wherever that was.
        """
        if not place.thread:
            return ()
        with self._database.read() as sql:
            if whole_channel:
                recent = turns.c.said_at >= self._database.now(sql) - DIRECT_SECONDS
                here = [turns.c.team == place.team, turns.c.channel == place.channel, recent]
            else:
                here = _within(turns, place)
            if before:
                here.append(turns.c.ts < before)
            said = select(turns.c.question, turns.c.answer).where(*here)
            newest = said.order_by(turns.c.said_at.desc(), turns.c.id.desc()).limit(TURNS_REMEMBERED)
            rows = sql.execute(newest).all()
        return tuple(Turn(row.question, row.answer) for row in reversed(rows))

    @transaction
    def addressed(self, place: Place, user: str) -> None:
        """`user` speaks to the bot, which listens to that person from now on."""
        with self._database.write() as sql:
            now = self._database.now(sql)
            put(sql, threads, _key(place), {"asker": user, "listening": True, "addressed_at": now})

    @transaction
    def overheard(self, place: Place, user: str, *, to_others: bool) -> bool:
        """Return whether a message without a mention is still said to the bot.

        It is if the one who asked last goes on, soon, and to nobody else.  Anything else means
        that people talk with each other, and the bot listens no more until it is addressed again.
        """
        with self._database.write() as sql:
            now = self._database.now(sql)
            found = _state(sql, place)
            if found is None:
                return False
            goes_on = bool(
                found.listening
                and not found.quiet
                and user == found.asker
                and not to_others
                and now - found.addressed_at <= FOLLOW_UP_SECONDS
            )
            changed = {"listening": goes_on or (found.listening and found.quiet)}
            if goes_on:
                changed["addressed_at"] = now
            put(sql, threads, _key(place), changed)
        return goes_on

    @transaction
    def knows(self, place: Place) -> bool:
        """Return whether the bot was ever addressed in the thread."""
        with self._database.read() as sql:
            return _state(sql, place) is not None

    @transaction
    def is_quiet(self, place: Place) -> bool:
        with self._database.read() as sql:
            found = _state(sql, place)
        return found is not None and found.quiet

    @transaction
    def set_quiet(self, place: Place, user: str, *, quiet: bool) -> None:
        with self._database.write() as sql:
            self.addressed(place, user)
            put(sql, threads, _key(place), {"quiet": quiet})

    def prune(self, sql: Connection, now: float, retention: float) -> None:
        oldest = now - min(TURNS_KEPT_SECONDS, retention)
        sql.execute(delete(turns).where(turns.c.said_at < oldest))
        sql.execute(delete(threads).where(threads.c.addressed_at < oldest, threads.c.quiet.is_(False)))


def _key(place: Place) -> dict[str, str]:
    return {"team": place.team, "channel": place.channel, "thread": place.thread}


def _within(table: Table, place: Place) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in _key(place).items()]


def _state(sql: Connection, place: Place) -> Row[str, bool, bool, float] | None:
    columns = (threads.c.asker, threads.c.listening, threads.c.quiet, threads.c.addressed_at)
    return sql.execute(select(*columns).where(*_within(threads, place))).one_or_none()
