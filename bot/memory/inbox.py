"""Questions from the moment that they are acknowledged until they have their one reply.

**Deliveries.**  Slack delivers at least once, and one message may arrive as two events.  A delivery
is claimed under all of its keys in one transaction, so one process answers it.

**The inbox.**  Slack delivers nothing again that was acknowledged, so an unanswered question is kept
here.  Who holds a claim renews it while at work; a claim that was not renewed for `LEASE_SECONDS`
belongs to a process that died, and whoever comes first takes it over.  `posting` says whether that
process may have posted already, so that the next one looks in the thread before it does.

**Edits and deletions.**  What happens to a question that is being answered is noted on it, and
`finish` tells whoever answers it; what happens later finds the reply through `replies`.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.memory.places import Place
from bot.memory.schema import Database

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


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to answer one delivery, until it is finished or its lease runs out."""

    token: str
    maybe_posted: bool = False
    """Whether somebody before may have posted the reply and not lived to say so."""


@dataclass(frozen=True, slots=True)
class StoredQuestion:
    """A question as it is kept.  `ts` is empty for one that is no message, as of a slash command."""

    place: Place
    ts: str
    body: str
    """All that is needed to answer it, in words of whoever keeps it here."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that was left behind, and is the caller's now."""

    claim: Lease
    body: str
    retracted: bool


@dataclass(frozen=True, slots=True)
class Replied:
    """Where the reply to a message is, and the answer that it shows; `answer_id` may be empty."""

    ts: str
    answer_id: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """What became of a question while it was being answered."""

    revised: str | None = None
    """Its new body, to be answered in the same reply."""
    retracted: bool = False
    """The reply has to go."""


class Inbox:
    """Thread-safe, and shared by processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, keys: Sequence[str], letter: StoredQuestion | None = None) -> Lease | None:
        """Claim a delivery under all its keys; None where another has answered or is answering."""
        with self._database.transaction() as sql:
            return self._claim(sql, keys, letter)

    def renew(self, claims: Iterable[Lease]) -> None:
        """Start leases anew, as far as nobody has taken them over."""
        now = self._database.clock()
        with self._database.transaction() as sql:
            sql.executemany(
                "UPDATE deliveries SET claimed_at = ? WHERE claim = ?",
                [(now, claim.token) for claim in claims],
            )

    def begin_posting(self, claim: Lease) -> bool:
        """Note that the reply is about to be posted; False where it is not to be posted (any more)."""
        with self._database.transaction() as sql:
            held = sql.execute(
                "UPDATE deliveries SET claimed_at = ? WHERE claim = ? AND done_at IS NULL",
                (self._database.clock(), claim.token),
            ).rowcount
            if held:
                sql.execute("UPDATE inbox SET posting = 1 WHERE claim = ?", (claim.token,))
        return held > 0

    def finish(self, claim: Lease, replied: Replied | None = None) -> Revision:
        """The asker has a reply, or is to have none: no redelivery will be answered again.

        Where the question was edited meanwhile, the claim is still the caller's.
        """
        now = self._database.clock()
        with self._database.transaction() as sql:
            row = sql.execute(
                "SELECT team, channel, ts, revised, retracted FROM inbox WHERE claim = ?", (claim.token,)
            ).fetchone()
            team, channel, ts, revised, retracted = row or ("", "", "", None, 0)
            if replied is not None and ts and not retracted:
                sql.execute(
                    "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?)",
                    (team, channel, ts, replied.ts, replied.answer_id, now),
                )
            if revised is not None and not retracted:
                sql.execute(
                    "UPDATE inbox SET body = revised, revised = NULL, posting = 0 WHERE claim = ?",
                    (claim.token,),
                )
                sql.execute("UPDATE deliveries SET claimed_at = ? WHERE claim = ?", (now, claim.token))
                return Revision(revised=revised)
            sql.execute("DELETE FROM inbox WHERE claim = ?", (claim.token,))
            sql.execute("UPDATE deliveries SET done_at = ? WHERE claim = ?", (now, claim.token))
        return Revision(retracted=bool(retracted))

    def release(self, claim: Lease, *, maybe_posted: bool = False) -> bool:
        """No reply got through: a redelivery may try at once, and `abandoned` gives it out later.

        False where it was tried often enough, and is given up.
        """
        now = self._database.clock()
        with self._database.transaction() as sql:
            row = sql.execute("SELECT tries FROM inbox WHERE claim = ?", (claim.token,)).fetchone()
            tries = row[0] if row else 0
            given_up = tries + 1 >= MAX_TRIES
            if row is None:
                sql.execute("DELETE FROM deliveries WHERE claim = ? AND done_at IS NULL", (claim.token,))
            elif given_up:
                sql.execute("DELETE FROM inbox WHERE claim = ?", (claim.token,))
                sql.execute("UPDATE deliveries SET done_at = ? WHERE claim = ?", (now, claim.token))
            else:
                sql.execute(
                    "UPDATE inbox SET posting = ?, due_at = ? WHERE claim = ?",
                    (maybe_posted, now + FIRST_RETRY_SECONDS * 2**tries, claim.token),
                )
                sql.execute(
                    "UPDATE deliveries SET claimed_at = 0 WHERE claim = ? AND done_at IS NULL",
                    (claim.token,),
                )
        return not given_up

    def hand_over(self, claims: Iterable[Lease]) -> None:
        """Let another process take these at once.  Who still works on one notices before it posts."""
        with self._database.transaction() as sql:
            sql.executemany(
                "UPDATE deliveries SET claimed_at = 0 WHERE claim = ? AND done_at IS NULL",
                [(claim.token,) for claim in claims],
            )

    def abandoned(self, limit: int, team: str = "") -> list[Pending]:
        """Take over questions whose process died, or whose reply did not get through; oldest first.

        With `team`, those of that workspace alone.
        """
        now = self._database.clock()
        with self._database.transaction() as sql:
            rows = sql.execute(
                "SELECT DISTINCT inbox.claim, body, revised, retracted, posting, tries FROM inbox"
                " JOIN deliveries ON deliveries.claim = inbox.claim"
                " WHERE claimed_at <= ? AND due_at <= ? AND (done_at IS NULL OR retracted)"
                " AND (? = '' OR team = ?) ORDER BY taken_at LIMIT ?",
                (now - LEASE_SECONDS, now, team, team, limit),
            ).fetchall()
            pending = []
            for old, body, revised, retracted, posting, tries in rows:
                if tries >= MAX_TRIES:  # it ended every process that took it
                    sql.execute("DELETE FROM inbox WHERE claim = ?", (old,))
                    sql.execute("UPDATE deliveries SET done_at = ? WHERE claim = ?", (now, old))
                    continue
                claim = Lease(secrets.token_hex(8), bool(posting))
                sql.execute(
                    "UPDATE inbox SET claim = ?, body = ?, revised = NULL, tries = tries + 1 WHERE claim = ?",
                    (claim.token, revised or body, old),
                )
                sql.execute(
                    "UPDATE deliveries SET claim = ?, claimed_at = ? WHERE claim = ?", (claim.token, now, old)
                )
                pending.append(Pending(claim, revised or body, bool(retracted)))
        return pending

    def waiting(self) -> int:
        """How many questions have no reply yet."""
        with self._database.transaction() as sql:
            return int(sql.execute("SELECT count(*) FROM inbox").fetchone()[0])

    def reply(self, place: Place, ts: str) -> Replied | None:
        """The reply to the message `ts` of a channel."""
        if not ts:
            return None
        with self._database.transaction() as sql:
            return self._reply(sql, place, ts)

    def revise(self, keys: Sequence[str], letter: StoredQuestion) -> Lease | None:
        """Note an edit.  A claim where the reply to it has to be made anew by the caller.

        None where whoever is answering the question will see to it, where this edit was seen before,
        or where the message has no reply; `known` tells the last from the others.
        """
        with self._database.transaction() as sql:
            place = letter.place
            if self._under_way(sql, place, letter.ts):
                if self._claim(sql, keys, None, done=True) is not None:
                    sql.execute(
                        "UPDATE inbox SET revised = ? WHERE team = ? AND channel = ? AND ts = ?",
                        (letter.body, place.team, place.channel, letter.ts),
                    )
                return None
            if self._reply(sql, place, letter.ts) is None:
                return None
            return self._claim(sql, keys, letter)

    def known(self, place: Place, ts: str) -> bool:
        """Whether the message is being answered, or has a reply."""
        with self._database.transaction() as sql:
            return self._under_way(sql, place, ts) or self._reply(sql, place, ts) is not None

    def retract(self, place: Place, ts: str) -> Replied | None:
        """Note a deletion, and return the reply that has to go with it.

        Where the question is still being answered, whoever does it learns of it.
        """
        now = self._database.clock()
        where = (place.team, place.channel, ts)
        with self._database.transaction() as sql:
            replied = self._reply(sql, place, ts)
            sql.execute("DELETE FROM replies WHERE team = ? AND channel = ? AND question_ts = ?", where)
            sql.execute(
                "UPDATE deliveries SET done_at = ? WHERE done_at IS NULL AND claim IN"
                " (SELECT claim FROM inbox WHERE team = ? AND channel = ? AND ts = ?)",
                (now, *where),
            )
            sql.execute("UPDATE inbox SET retracted = 1 WHERE team = ? AND channel = ? AND ts = ?", where)
        return replied

    def prune(self, sql: sqlite3.Connection, now: float, retention: float) -> None:
        sql.execute(
            "DELETE FROM deliveries WHERE claimed_at < ? AND claimed_at > 0", (now - DELIVERIES_KEPT_SECONDS,)
        )
        sql.execute("DELETE FROM inbox WHERE taken_at < ?", (now - UNANSWERED_KEPT_SECONDS,))
        sql.execute("DELETE FROM deliveries WHERE claimed_at = 0 AND claim NOT IN (SELECT claim FROM inbox)")
        sql.execute("DELETE FROM replies WHERE posted_at < ?", (now - min(REPLIES_KEPT_SECONDS, retention),))

    def _claim(
        self,
        sql: sqlite3.Connection,
        keys: Sequence[str],
        letter: StoredQuestion | None,
        *,
        done: bool = False,
    ) -> Lease | None:
        now = self._database.clock()
        marks = ", ".join("?" * len(keys))
        taken = sql.execute(
            f"SELECT 1 FROM deliveries WHERE key IN ({marks})"
            " AND (done_at IS NOT NULL OR claimed_at > ?) LIMIT 1",
            (*keys, now - LEASE_SECONDS),
        ).fetchone()
        if taken:
            # The same message under a new event id: that id is settled by the first claim too.
            sql.executemany(
                "INSERT OR IGNORE INTO deliveries SELECT ?, claim, claimed_at, done_at FROM deliveries"
                f" WHERE key IN ({marks}) ORDER BY done_at IS NULL, claimed_at DESC LIMIT 1",
                [(key, *keys) for key in keys],
            )
            return None
        before = sql.execute(
            f"SELECT claim, posting, tries FROM inbox WHERE claim IN"
            f" (SELECT claim FROM deliveries WHERE key IN ({marks}))",
            keys,
        ).fetchall()
        sql.executemany("DELETE FROM inbox WHERE claim = ?", [(claim,) for claim, _, _ in before])
        posting, tries = any(row[1] for row in before), max((row[2] + 1 for row in before), default=0)
        claim = Lease(secrets.token_hex(8), posting)
        sql.executemany(
            "INSERT INTO deliveries VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE"
            " SET claim = excluded.claim, claimed_at = excluded.claimed_at, done_at = excluded.done_at",
            [(key, claim.token, now, now if done else None) for key in keys],
        )
        if letter is not None:
            place = letter.place
            sql.execute(
                "INSERT INTO inbox (claim, team, channel, ts, body, posting, tries, taken_at, due_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (claim.token, place.team, place.channel, letter.ts, letter.body, posting, tries, now, now),
            )
        return claim

    def _under_way(self, sql: sqlite3.Connection, place: Place, ts: str) -> bool:
        return bool(
            sql.execute(
                "SELECT 1 FROM inbox WHERE team = ? AND channel = ? AND ts = ? AND NOT retracted",
                (place.team, place.channel, ts),
            ).fetchone()
        )

    def _reply(self, sql: sqlite3.Connection, place: Place, ts: str) -> Replied | None:
        row = sql.execute(
            "SELECT reply_ts, answer_id FROM replies WHERE team = ? AND channel = ? AND question_ts = ?",
            (place.team, place.channel, ts),
        ).fetchone()
        return Replied(*row) if row else None
