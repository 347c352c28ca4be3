"""The tables, the same on every database.  Times are seconds since 1970, by the clock of the database."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Insert,
    Integer,
    MetaData,
    Table,
    Text,
    Update,
    bindparam,
    insert,
    update,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

VERSION = 1

metadata = MetaData()


class PlainText(TypeDecorator[str]):
    """Text that is compared byte by byte, as the times of Slack's messages have to be.

    It loses the null characters, which PostgreSQL cannot hold and nobody can see.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text(collation="C" if dialect.name == "postgresql" else None))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.replace("\0", "")


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, PlainText, nullable=False, **options)


def _time(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=False)


version = Table("version", metadata, Column("number", Integer, primary_key=True, autoincrement=False))

claims = Table(
    "claims",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("token", unique=True),
    _text("team", default=""),
    _text("channel", default=""),
    _text("ts", default=""),
    # None as soon as the question has its reply, or if there is none to answer.
    Column("body", PlainText),
    Column("revised", PlainText),
    _flag("retracted"),
    _flag("posting"),
    Column("tries", Integer, nullable=False, default=0),
    _time("taken_at"),
    _time("due_at"),
    _time("leased_until"),
    Column("done_at", Double),
    Index("claims_by_message", "team", "channel", "ts"),
    Index("claims_by_lease", "leased_until"),
)
deliveries = Table(
    "deliveries",
    metadata,
    _text("key", primary_key=True),
    Column("claim", Integer, ForeignKey("claims.id", ondelete="CASCADE"), nullable=False, index=True),
)
replies = Table(
    "replies",
    metadata,
    _text("team", primary_key=True),
    _text("channel", primary_key=True),
    _text("question_ts", primary_key=True),
    # Of the reply, and behind a space of the message with its prose.
    _text("reply_ts"),
    _text("answer_id"),
    _time("posted_at"),
)
turns = Table(
    "turns",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("team"),
    _text("channel"),
    _text("thread"),
    _text("ts"),
    _text("question"),
    _text("answer"),
    _time("said_at"),
    Index("turns_by_thread", "team", "channel", "thread"),
)
threads = Table(
    "threads",
    metadata,
    _text("team", primary_key=True),
    _text("channel", primary_key=True),
    _text("thread", primary_key=True),
    _text("asker"),
    _flag("listening"),
    _flag("quiet"),
    _time("addressed_at"),
)
answers = Table(
    "answers",
    metadata,
    _text("id", primary_key=True),
    _text("team"),
    _text("channel"),
    _text("thread"),
    _text("generation"),
    Column("confidence", Double, nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("question", PlainText),
    Column("details", JSON(none_as_null=True)),
    _time("shown_at"),
)
quotes = Table(
    "quotes",
    metadata,
    Column("answer_id", PlainText, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("source_id"),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    _text("sha256"),
)
feedback = Table(
    "feedback",
    metadata,
    _text("answer_id", primary_key=True),
    _text("user", primary_key=True),
    Column("verdict", PlainText, CheckConstraint("verdict IN ('up', 'down')"), nullable=False),
    Column("reason", PlainText),
    Column("words", PlainText),
    Column("given_at", Double, nullable=False, index=True),
)
misses = Table(
    "misses",
    metadata,
    _text("id", primary_key=True),
    _text("team"),
    _text("channel"),
    _text("question"),
    _time("asked_at"),
    Column("told_at", Double),
    Column("told_by", PlainText),
)
endings = Table(
    "endings",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("team"),
    _text("channel"),
    _text("ts"),
    Column("asked_at", Double, nullable=False, index=True),
    Column(
        "kind",
        PlainText,
        CheckConstraint("kind IN ('answered', 'uncertain', 'none', 'error', 'turned_away')"),
        nullable=False,
    ),
    Column("seconds", Double, nullable=False),
    Column("confidence", Double),
    Column("generation", PlainText),
    Column("answer_id", PlainText, index=True),
    Column("miss_id", PlainText),
    Column("question", PlainText),
    Index("endings_by_message", "team", "channel", "ts"),
)
windows = Table(
    "windows",
    metadata,
    _text("team", primary_key=True),
    _text("whose", primary_key=True),
    _text("name", primary_key=True),
    Column("taken", JSON, nullable=False),
    _flag("warned"),
    Column("last", Double, nullable=False, index=True),
)


def put(sql: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Change the row with this key, or add it.  Writers come one after the other, so neither gets between."""
    change, add = _change_and_add(table, tuple(key), tuple(values))
    given = {f"key_{name}": value for name, value in key.items()}
    if not sql.execute(change, given | {f"new_{name}": value for name, value in values.items()}).rowcount:
        sql.execute(add, {**key, **values})


@lru_cache
def _change_and_add(table: Table, key: tuple[str, ...], values: tuple[str, ...]) -> tuple[Update, Insert]:
    """Statements are made once: to make one takes longer than to run it."""
    same = [table.c[name] == bindparam(f"key_{name}") for name in key]
    changed = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in values}
    return update(table).where(*same).values(changed), insert(table)
