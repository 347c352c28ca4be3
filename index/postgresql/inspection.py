"""What is worth knowing of a database before something is amiss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from index.article import text_sha256
from index.postgresql.rows import article_of, paths_of, spans_of
from index.postgresql.server import SCHEMA, Sql, first
from index.postgresql.state import State, read_state
from index.postgresql.tables import (
    EXTENSIONS,
    LOCK,
    PLACE_BITS,
    VERSION,
    WORDS_INDEX,
    newer,
    number_of,
    vector_index,
    version_of,
)

if TYPE_CHECKING:
    from index.postgresql.store import PostgresStore

_ROWS_AT_ONCE = 1_000
OLDEST_SERVER = 17
"""The first version that pg_textsearch runs on."""
ADVISED = {"vector": (0, 8, 4), "pg_textsearch": (1, 0)}
"""Versions that mend those before: VACUUM might leave an index of vectors damaged; the first stable one."""
# A bot that looks questions up so far behind the primary answers from an older index for more than a moment.
MOST_BEHIND_BYTES = 16 << 20
# Of the rows.  Beyond, the indexes are mostly busy with what nobody sees.
MOST_UNSEEN = 0.5
_WHY = "docs/postgresql.md says why."
MOST_DEAD = 0.2


@dataclass(frozen=True, slots=True)
class Finding:
    state: Literal["ok", "note", "problem"]
    detail: str
    fix: str | None = None


def findings(store: PostgresStore) -> Iterator[Finding]:
    """Yield what there is to know of a database, and changes nothing; raise `FootnoteError` if it is away."""
    server = store.server
    with server.alone() as sql:
        version, preloaded = sql.execute(
            "SELECT current_setting('server_version'), current_setting('shared_preload_libraries')"
        ).fetchone() or ("", "")
        major = number_of(str(version).split()[0])[:1]
        if major < (OLDEST_SERVER,):
            yield Finding(
                "problem",
                f"{server.place} has PostgreSQL {version}, which pg_textsearch does not run on",
                f"Move to PostgreSQL {OLDEST_SERVER} or newer.",
            )
        else:
            yield Finding("ok", f"The index is in {server.place}, version {str(version).split()[0]}")
        if "pg_textsearch" not in str(preloaded):
            yield Finding(
                "problem",
                "The server does not load pg_textsearch when it starts.",
                "Add pg_textsearch to shared_preload_libraries in postgresql.conf, and restart the server.",
            )
        yield from _extensions(sql)
        number = version_of(sql)
        if number is None:
            yield Finding("note", "There are no tables for the index yet.", "Run `footnote store init`.")
            return
        if number != VERSION:
            yield Finding("problem", str(newer(server, number)))
            return
        yield from _rows(sql)
    if store.asked is not server:
        yield _replica(store)


def _extensions(sql: Sql) -> Iterator[Finding]:
    rows = sql.execute(
        "SELECT name, installed_version, default_version FROM pg_available_extensions WHERE name = ANY(%s)",
        [list(EXTENSIONS)],
    ).fetchall()
    known = {name: (made, offered) for name, made, offered in rows}
    for name, oldest in EXTENSIONS.items():
        made, offered = known.get(name, (None, None))
        if made is None:
            what = "is not installed on the server" if offered is None else "is not made in this database"
            fix = (
                "docs/postgresql.md says how to get it." if offered is None else "Run `footnote store init`."
            )
            yield Finding("problem" if offered is None else "note", f"The extension {name} {what}.", fix)
        elif number_of(made) < oldest:
            fix = f"Install a newer one, and run ALTER EXTENSION {name} UPDATE."
            yield Finding("problem", f"The extension {name} {made} is too old.", fix)
        elif number_of(made) < ADVISED[name]:
            wanted = ".".join(map(str, ADVISED[name]))
            yield Finding(
                "note", f"The extension {name} has version {made}; {wanted} or newer is advised.", _WHY
            )
        else:
            yield Finding("ok", f"The extension {name} has version {made}")


def _rows(sql: Sql) -> Iterator[Finding]:
    """Yield what the tables hold, and how much of it nobody sees."""
    row = sql.execute("SELECT ordinal FROM current_generation").fetchone()
    if row is None:
        yield Finding("note", "Nothing is indexed yet.", "Run `footnote build`, or `footnote store copy`.")
        return
    state = read_state(sql, row[0])
    (every, size) = sql.execute(
        "SELECT coalesce(sum(passages), 0), (SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c"
        f" WHERE c.relnamespace = '{SCHEMA}'::regnamespace AND c.relkind = 'r') FROM articles"
    ).fetchone() or (0, 0)
    held = f"{state.passages:,} passages in the current generation, {int(every):,} in all; {_size(int(size))}"
    if every and 1 - state.passages / int(every) > MOST_UNSEEN:
        fix = "Keep fewer (FOOTNOTE_KEEP_GENERATIONS); the next build deletes the others."
        yield Finding("note", f"Most rows are of other generations: {held}.", fix)
    else:
        yield Finding("ok", held)
    drafts = sql.execute("SELECT ordinal FROM generations WHERE state = 'draft'").fetchall()
    if drafts and first(sql, "SELECT pg_try_advisory_xact_lock(%s)", LOCK + 1):
        yield Finding("note", "A build was cut short.", "Run `footnote build`: it goes on where that was.")
    live, dead = sql.execute(
        "SELECT n_live_tup, n_dead_tup FROM pg_stat_user_tables WHERE relid = 'passages'::regclass"
    ).fetchone() or (0, 0)
    if dead > MOST_DEAD * (live + dead):
        yield Finding(
            "note",
            f"{dead:,} of {live + dead:,} rows of passages are dead, and the indexes still lead to them.",
            f"Run REINDEX INDEX CONCURRENTLY {SCHEMA}.{vector_index(state.model)}, and then VACUUM.",
        )
    for name in (WORDS_INDEX, vector_index(state.model)):
        if not first(sql, "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", name):
            fix = f"Run DROP INDEX IF EXISTS {SCHEMA}.{name}, change an article, and run `footnote build`."
            yield Finding("problem", f"The index {name} is missing or not whole: searches are slow.", fix)


def _replica(store: PostgresStore) -> Finding:
    place, primary = store.asked.place, store.server
    where = primary.read(lambda sql: first(sql, "SELECT pg_current_wal_lsn()::text"))
    behind = store.asked.read(
        lambda sql: first(
            sql,
            "SELECT CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(%s, pg_last_wal_replay_lsn()) END",
            where,
        )
    )
    if behind is None:
        fix = "Let FOOTNOTE_STORE_READ name a replica, or nothing."
        return Finding("note", f"Questions are looked up in {place}, which is no replica.", fix)
    amount = _size(max(0, int(str(behind).partition(".")[0])))
    if int(str(behind).partition(".")[0]) > MOST_BEHIND_BYTES:
        fix = "Look at its replication; until it has caught up, answers come from an older index."
        return Finding("problem", f"The replica {place} is {amount} behind.", fix)
    return Finding("ok", f"Questions are looked up in the replica {place}, which is {amount} behind")


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def flaw(sql: Sql, state: State) -> str | None:
    """Return what is wrong with a generation, all of which is read; None if all is well."""
    with (
        sql.transaction(),
        sql.cursor("articles") as articles,
        sql.cursor("passages", binary=True) as passages,
    ):
        lengths: dict[int, int] = {}
        counts: dict[int, int] = {}
        articles.itersize = passages.itersize = _ROWS_AT_ONCE
        articles.execute(f"SELECT article, id, text_sha256, passages, body FROM articles WHERE {state.seen}")
        for number, id, sha256, held, body in articles:
            article = article_of(body)
            if article.id != id or text_sha256(article.text) != sha256:
                return f"the text of {id} is not what was written"
            lengths[number], counts[number] = len(article.text), held
        found: Counter[int] = Counter()
        spoken = terms = 0
        passages.execute(
            "SELECT n, start, stop, length, above, spans, sentence_vectors, vec::vector::real[] FROM passages"
            f" WHERE {state.passage_seen} AND model = {state.model}"
        )
        for n, start, stop, length, above, raw, vectors, vector in passages:
            number = n >> PLACE_BITS
            found[number] += 1
            terms += length
            spans = spans_of(raw)
            spoken += len(spans)
            if not 0 <= start < stop <= lengths.get(number, -1):
                return "a passage lies outside its article"
            if (
                not len(spans)
                or spans.min() < start
                or spans.max() > stop
                or (np.diff(spans.ravel()) < 0).any()
            ):
                return "a sentence lies outside its passage"
            if len(paths_of(above)) != len(spans) + 1:
                return "what stands above a sentence is missing"
            numbers = np.concatenate([np.frombuffer(vectors, "<f2").astype(np.float32), vector])
            if len(numbers) != (len(spans) + 1) * state.recipe.dimension or not np.isfinite(numbers).all():
                return "a vector is no vector"
        if found != Counter(counts):
            return "its passages are not those of its articles"
        if (found.total(), spoken, terms) != (state.passages, state.sentences, state.terms):
            return "its parts do not belong together"
        (lacking,) = sql.execute(
            f"SELECT count(*) FROM passages p WHERE {state.passage_seen} AND NOT EXISTS"
            " (SELECT FROM words w WHERE w.n = p.n)"
        ).fetchone() or (0,)
        return f"{lacking} passages have no words to be found by" if lacking else None
