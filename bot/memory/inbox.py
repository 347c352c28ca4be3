"""Questions from the moment that they are acknowledged until they have their one reply.

**Deliveries.**  Slack delivers at least once, and one message may arrive as two events.  A delivery
is claimed under all of its keys in one transaction, so it is answered once.

**Leases.**  Slack delivers nothing again that was acknowledged, so an unanswered question is kept
here.  Who holds a claim renews it while at work; a claim that was not renewed for `LEASE_SECONDS`
belongs to a bot that died, and whoever comes first takes it over under a new token.  `posting` says
whether that bot may have posted already, so that the next one looks in the thread before it does.

**Edits and deletions.**  What happens to a question that is being answered is noted on it, and
`finish` tells whoever answers it; what happens later finds the reply through `replies`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from bot.memory.database import Database, transaction
from bot.memory.limits import Over
from bot.memory.places import Place
from bot.memory.schema import claims, deliveries, put, replies

# Six renewals, one each `SlackSettings.round_seconds`; an asker waits no longer after a crash.
LEASE_SECONDS = 30.0
# 10, 20, 40 … s: some five minutes in which Slack, or the network, may come back.
MAX_TRIES = 6
FIRST_RETRY_SECONDS = 10.0
# Slack retries for an hour, and with delayed events for a day.
DELIVERIES_KEPT_SECONDS = 3 * 86_400.0
# A reply to what somebody asked yesterday would surprise more than it helps.
UNANSWERED_KEPT_SECONDS = 86_400.0
REPLIES_KEPT_SECONDS = 30 * 86_400.0

# Statements of every question are made once: to make one takes longer than to run it.
_HELD = select(claims).where(claims.c.token == bindparam("held"))
_UNDER_KEYS = select(claims).where(
    claims.c.id.in_(select(deliveries.c.claim).where(deliveries.c.key.in_(bindparam("keys", expanding=True))))
)
_KEYS_OF = select(deliveries.c.key).where(deliveries.c.claim.in_(bindparam("old", expanding=True)))
_BEGIN_POSTING = (
    update(claims)
    .where(claims.c.token == bindparam("held"), claims.c.done_at.is_(None))
    .values(leased_until=bindparam("until"), posting=True)
)
_CLOSE = (
    update(claims)
    .where(claims.c.id == bindparam("closed"))
    .values(body=None, revised=None, done_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class StoredQuestion:
    """A question as it is kept."""

    place: Place
    ts: str
    """The message; empty for a question that is none, as of a slash command."""
    body: str
    """All that is needed to answer it, in words of whoever keeps it here."""
    keys: tuple[str, ...] = ()
    """All that identify this delivery and its repetitions."""
    user: str = ""
    addresses: bool = False
    """The user speaks to the bot, which listens to that person from now on."""


@dataclass(frozen=True, slots=True)
class Replied:
    """Where the reply to a message is, and the answer that it shows; `answer_id` may be empty."""

    ts: str
    answer_id: str = ""
    prose: str = ""
    """The message below it that holds its prose, if there is one."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to answer one delivery, until it is finished or its time runs out."""

    token: str
    maybe_posted: bool = False
    """Whether somebody before may have posted the reply and not lived to say so."""
    shown: Replied | None = None
    """The reply that there is already: the question was edited."""
    over: Over | None = None
    """The question is one too many."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A question that was left behind, and is the caller's now."""

    lease: Lease
    body: str
    retracted: bool


@dataclass(frozen=True, slots=True)
class Revision:
    """What became of a question while it was being answered."""

    revised: str | None = None
    """Its new body, to be answered in the same reply."""
    retracted: bool = False
    """The reply has to go."""


class Inbox:
    """Thread-safe, and shared by several bots if they share a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @transaction
    def claim(self, keys: Sequence[str], question: StoredQuestion | None = None) -> Lease | None:
        """Claim a delivery under all its keys; None if another has answered or is answering."""
        with self._database.write() as sql:
            now = self._database.now(sql)
            before = _claims_under(sql, keys)
            taken = [row for row in before if row.done_at is not None or row.leased_until > now]
            if taken:
                # The same message under a new event id: that id is settled by the first claim too.
                _name(sql, min(taken, key=lambda row: row.done_at is None).id, keys)
                return None
            all_keys = dict.fromkeys(keys)
            if before:
                old = [row.id for row in before]
                all_keys |= dict.fromkeys(sql.scalars(_KEYS_OF, {"old": old}))
                sql.execute(delete(claims).where(claims.c.id.in_(old)))
            posting = any(row.posting for row in before)
            tries = max((row.tries + 1 for row in before if row.body is not None), default=0)
            lease = Lease(secrets.token_hex(8), posting)
            added = sql.execute(
                insert(claims),
                {
                    "token": lease.token,
                    "tries": tries,
                    "posting": posting,
                    "taken_at": now,
                    "due_at": now,
                    "leased_until": now + LEASE_SECONDS,
                    **({} if question is None else _kept(question)),
                },
            )
            assert added.inserted_primary_key is not None  # the column counts by itself
            claim = added.inserted_primary_key.id
            sql.execute(insert(deliveries), [{"key": key, "claim": claim} for key in all_keys])
        return lease

    @transaction
    def renew(self, leases: Iterable[Lease]) -> None:
        """Start leases anew, as far as nobody has taken them over."""
        with self._database.write() as sql:
            until = self._database.now(sql) + LEASE_SECONDS
            tokens = [lease.token for lease in leases]
            sql.execute(update(claims).where(claims.c.token.in_(tokens)).values(leased_until=until))

    @transaction
    def begin_posting(self, lease: Lease) -> bool:
        """Note that the reply is about to be posted; False if it is not to be posted (any more)."""
        with self._database.write() as sql:
            until = self._database.now(sql) + LEASE_SECONDS
            held = sql.execute(_BEGIN_POSTING, {"held": lease.token, "until": until}).rowcount
        return held > 0

    @transaction
    def finish(self, lease: Lease, replied: Replied | None = None) -> Revision:
        """Record that the asker has a reply, or is to have none: no redelivery will be answered again.

        If the question was edited meanwhile, the claim is still the caller's.
        """
        with self._database.write() as sql:
            now = self._database.now(sql)
            row = sql.execute(_HELD, {"held": lease.token}).one_or_none()
            if row is None:
                return Revision()
            if replied is not None and row.ts and not row.retracted:
                put(
                    sql,
                    replies,
                    {"team": row.team, "channel": row.channel, "question_ts": row.ts},
                    {
                        "reply_ts": f"{replied.ts} {replied.prose}".rstrip(),
                        "answer_id": replied.answer_id,
                        "posted_at": now,
                    },
                )
            same = update(claims).where(claims.c.id == row.id)
            if row.revised is not None and not row.retracted:
                sql.execute(
                    same.values(
                        body=row.revised, revised=None, posting=False, leased_until=now + LEASE_SECONDS
                    )
                )
                return Revision(revised=row.revised)
            _close(sql, row.id, now)
        return Revision(retracted=row.retracted)

    @transaction
    def release(self, lease: Lease, *, maybe_posted: bool = False) -> bool:
        """No reply got through: a redelivery may try at once, and `unfinished` gives it out later.

        False if it was tried often enough, and is given up.
        """
        with self._database.write() as sql:
            now = self._database.now(sql)
            row = sql.execute(_HELD, {"held": lease.token}).one_or_none()
            if row is None:
                return True
            if row.body is None:
                sql.execute(delete(claims).where(claims.c.id == row.id, claims.c.done_at.is_(None)))
                return True
            if row.tries + 1 >= MAX_TRIES:
                _close(sql, row.id, now)
                return False
            sql.execute(
                update(claims)
                .where(claims.c.id == row.id)
                .values(
                    posting=maybe_posted, due_at=now + FIRST_RETRY_SECONDS * 2**row.tries, leased_until=0.0
                )
            )
        return True

    @transaction
    def hand_over(self, leases: Iterable[Lease]) -> None:
        """Let another bot take these at once.  Who still works on one notices before it posts."""
        tokens = [lease.token for lease in leases]
        with self._database.write() as sql:
            sql.execute(
                update(claims)
                .where(claims.c.token.in_(tokens), claims.c.done_at.is_(None))
                .values(leased_until=0.0)
            )

    @transaction
    def hand_over_all(self) -> None:
        """Let all be taken at once: whoever held them is known to be dead."""
        with self._database.write() as sql:
            sql.execute(update(claims).where(claims.c.body.is_not(None)).values(leased_until=0.0))

    @transaction
    def unfinished(self, limit: int, team: str = "") -> list[Unfinished]:
        """Take over questions whose bot died, or whose reply did not get through; oldest first.

        With `team`, those of that workspace alone.
        """
        found = []
        with self._database.write() as sql:
            now = self._database.now(sql)
            rows = sql.execute(
                select(claims)
                .where(
                    claims.c.leased_until <= now,
                    claims.c.due_at <= now,
                    claims.c.body.is_not(None),
                    or_(claims.c.done_at.is_(None), claims.c.retracted),
                    claims.c.team == team if team else true(),
                )
                .order_by(claims.c.taken_at)
                .limit(limit)
            ).all()
            for row in rows:
                if row.tries >= MAX_TRIES:  # it ended every bot that took it
                    _close(sql, row.id, now)
                    continue
                shown = _reply(sql, Place(row.team, row.channel), row.ts)
                lease = Lease(secrets.token_hex(8), row.posting, shown)
                body = row.revised or row.body
                sql.execute(
                    update(claims)
                    .where(claims.c.id == row.id)
                    .values(
                        token=lease.token,
                        body=body,
                        revised=None,
                        tries=row.tries + 1,
                        leased_until=now + LEASE_SECONDS,
                    )
                )
                found.append(Unfinished(lease, body, row.retracted))
        return found

    @transaction
    def waiting(self) -> int:
        """Return how many questions have no reply yet."""
        with self._database.read() as sql:
            found = sql.scalar(select(func.count()).select_from(claims).where(claims.c.body.is_not(None)))
        return found or 0

    @transaction
    def reply(self, place: Place, ts: str) -> Replied | None:
        """Return the reply to the message `ts` of a channel."""
        with self._database.read() as sql:
            return _reply(sql, place, ts)

    @transaction
    def revise(self, question: StoredQuestion) -> Lease | None:
        """Note an edit.  A lease if the reply to it has to be made anew by the caller.

        None if whoever is answering the question will see to it, if this edit was seen before, or if
        the message has no reply; `known` tells the last from the others.
        """
        with self._database.write() as sql:
            if _under_way(sql, question.place, question.ts):
                edit = self.claim(question.keys)
                if edit is not None:
                    self.finish(edit)
                    sql.execute(
                        update(claims)
                        .where(*_of(question.place, question.ts), claims.c.body.is_not(None))
                        .values(revised=question.body)
                    )
                return None
            shown = _reply(sql, question.place, question.ts)
            lease = None if shown is None else self.claim(question.keys, question)
        return None if lease is None else Lease(lease.token, lease.maybe_posted, shown)

    @transaction
    def known(self, place: Place, ts: str) -> bool:
        """Return whether the message is being answered, or has a reply."""
        with self._database.read() as sql:
            return _under_way(sql, place, ts) or _reply(sql, place, ts) is not None

    @transaction
    def retract(self, place: Place, ts: str) -> Replied | None:
        """Note a deletion, and return the reply that has to go with it.

        If the question is still being answered, whoever does it learns of it.
        """
        with self._database.write() as sql:
            now = self._database.now(sql)
            replied = _reply(sql, place, ts)
            sql.execute(
                delete(replies).where(
                    replies.c.team == place.team,
                    replies.c.channel == place.channel,
                    replies.c.question_ts == ts,
                )
            )
            sql.execute(
                update(claims)
                .where(*_of(place, ts), claims.c.body.is_not(None))
                .values(retracted=True, done_at=func.coalesce(claims.c.done_at, now))
            )
        return replied

    def prune(self, sql: Connection, now: float, retention: float) -> None:
        # What waits has no lease that ends late: it is forgotten by when it was taken.
        sql.execute(delete(claims).where(claims.c.taken_at < now - DELIVERIES_KEPT_SECONDS))
        too_late = now - UNANSWERED_KEPT_SECONDS
        sql.execute(
            update(claims)
            .where(claims.c.taken_at < too_late, claims.c.body.is_not(None))
            .values(body=None, revised=None, done_at=func.coalesce(claims.c.done_at, now))
        )
        sql.execute(delete(replies).where(replies.c.posted_at < now - min(REPLIES_KEPT_SECONDS, retention)))


def _kept(question: StoredQuestion) -> dict[str, str]:
    place = question.place
    return {"team": place.team, "channel": place.channel, "ts": question.ts, "body": question.body}


def _claims_under(sql: Connection, keys: Sequence[str]) -> Sequence[Row[Any]]:
    return sql.execute(_UNDER_KEYS, {"keys": list(keys)}).all()


def _name(sql: Connection, claim: int, keys: Sequence[str]) -> None:
    """Let a claim be found under these keys too, as far as they are free."""
    known = set(sql.scalars(select(deliveries.c.key).where(deliveries.c.key.in_(keys))))
    rows = [{"key": key, "claim": claim} for key in keys if key not in known]
    if rows:
        sql.execute(insert(deliveries), rows)


def _close(sql: Connection, claim: int, now: float) -> None:
    sql.execute(_CLOSE, {"closed": claim, "now": now})


def _of(place: Place, ts: str) -> tuple[ColumnElement[bool], ...]:
    return claims.c.team == place.team, claims.c.channel == place.channel, claims.c.ts == ts


def _under_way(sql: Connection, place: Place, ts: str) -> bool:
    waiting = select(claims.c.id).where(
        *_of(place, ts), claims.c.body.is_not(None), claims.c.retracted.is_(False)
    )
    return sql.execute(waiting.limit(1)).first() is not None


def _reply(sql: Connection, place: Place, ts: str) -> Replied | None:
    if not ts:
        return None
    row = sql.execute(
        select(replies.c.reply_ts, replies.c.answer_id).where(
            replies.c.team == place.team, replies.c.channel == place.channel, replies.c.question_ts == ts
        )
    ).one_or_none()
    if row is None:
        return None
    ts, _, prose = row.reply_ts.partition(" ")
    return Replied(ts, row.answer_id, prose)
