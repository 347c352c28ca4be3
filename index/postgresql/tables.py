"""The tables and their indexes, made when they are missing.

An article is seen by generation `g` if `born <= g and died > g`, and its passages with it: those are never
changed, so that an exchange touches no index of theirs.  Generations are numbered in the order in which
they were begun, and each begins with what the current one has, so they are a line: what somebody went back
from is taken out before the line goes on.

Indexes of vectors are made when there are vectors: filling one row by row takes ten times as long.
"""

from __future__ import annotations

from index.postgresql.server import SCHEMA, NotInstalled, Server, Sql
from index.types import FootnoteError

VERSION = 1
LOCK = 0x466F6F7449
"""Of whoever makes tables; `LOCK + 1` of whoever builds."""
ALIVE = 2_147_483_647
"""`died` of a row that no generation has lost: a number that no build reaches."""
PLACE_BITS = 20
"""A passage has the number `article << PLACE_BITS | place`, so that its neighbours are one away."""
INDEXED_PASSAGES = 50_000
"""A collection of more has an index of its own; a smaller one is looked at in full."""
EXTENSIONS = {"vector": (0, 8), "pg_textsearch": (0, 6)}
"""The oldest versions that will do."""

_MAKE = f"""
CREATE TABLE version (number int NOT NULL);
CREATE TABLE models (
    model int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint text NOT NULL UNIQUE,
    dimension int NOT NULL
);
CREATE TABLE collections (
    collection int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);
CREATE TABLE generations (
    ordinal int PRIMARY KEY,
    id text NOT NULL UNIQUE,
    state text NOT NULL,               -- draft, ready, retired (its rows may go) or undone (they have gone)
    base int,                          -- the generation that it began with
    before text,
    created text NOT NULL,
    recipe jsonb NOT NULL,
    model int NOT NULL REFERENCES models,
    passages bigint NOT NULL DEFAULT 0,
    sentences bigint NOT NULL DEFAULT 0,
    terms bigint NOT NULL DEFAULT 0,   -- of all passages, repeats included
    sizes jsonb NOT NULL DEFAULT '{{}}', -- passages of each collection, by its number
    background bytea NOT NULL DEFAULT '',
    stale jsonb NOT NULL DEFAULT '{{}}',
    undone jsonb,                      -- the articles of one that was undone
    left_at timestamptz                -- when another one became the current one
);
CREATE TABLE current_generation (
    one bool PRIMARY KEY DEFAULT true CHECK (one),
    ordinal int NOT NULL REFERENCES generations,
    instead_of text                    -- what somebody went back from
);
CREATE SEQUENCE article_numbers;
CREATE TABLE articles (
    article bigint PRIMARY KEY,
    id text NOT NULL,
    file text COLLATE "C" NOT NULL,
    collection int NOT NULL REFERENCES collections,
    model int NOT NULL REFERENCES models,
    born int NOT NULL,
    died int NOT NULL DEFAULT {ALIVE},
    sha256 text NOT NULL,
    text_sha256 text NOT NULL,
    title text COLLATE "C" NOT NULL,
    published text COLLATE "C",
    body text NOT NULL,
    passages int NOT NULL,
    sentences int NOT NULL,
    terms bigint NOT NULL
);
CREATE INDEX articles_id ON articles (id, born);
CREATE INDEX articles_file ON articles (file);
CREATE INDEX articles_collection ON articles (collection);
CREATE INDEX articles_born ON articles (born);
CREATE INDEX articles_died ON articles (died) WHERE died < {ALIVE};
CREATE TABLE passages (
    n bigint PRIMARY KEY,
    collection int NOT NULL,
    model int NOT NULL,
    start int NOT NULL,
    stop int NOT NULL,
    length int NOT NULL,               -- terms, repeats included
    chance bigint NOT NULL,            -- the same in every index, and by chance: the sample of the background
    vec halfvec NOT NULL,
    terms bytea NOT NULL,              -- uint64, ascending
    counts bytea NOT NULL,             -- uint16
    above text NOT NULL,               -- JSON: the distinct paths, and that of the passage and its sentences
    spans bytea NOT NULL,              -- int32, start and end of each sentence
    sentence_vectors bytea NOT NULL,   -- float16
    digests bigint[] NOT NULL,         -- first halves: of the passage's text, and of its sentences'
    digest_ends bigint[] NOT NULL      -- and second ones
) WITH (toast_tuple_target = 4096);
-- Compressing vectors takes time and saves nothing.  Those of sentences are read of a few passages, and lie
-- aside; what hundreds are scored by lies in the row, since each look aside takes as long as the row.
ALTER TABLE passages ALTER sentence_vectors SET STORAGE EXTERNAL;
ALTER TABLE passages ALTER vec SET STORAGE PLAIN;
ALTER TABLE passages ALTER terms SET STORAGE MAIN;
ALTER TABLE passages ALTER counts SET STORAGE MAIN;
CREATE INDEX passages_chance ON passages (chance);
CREATE INDEX passages_digests ON passages USING gin (digests);
CREATE TABLE words (n bigint PRIMARY KEY, words text NOT NULL);
CREATE TABLE held (
    term bigint,
    ordinal int,
    change int NOT NULL,               -- passages more, or fewer, that hold the term since the one before
    PRIMARY KEY (term, ordinal)
);
"""
WORDS_INDEX = "words_bm25"
_INDEX_WORDS = (
    f"CREATE INDEX IF NOT EXISTS {WORDS_INDEX} ON words USING bm25 (words)"
    " WITH (text_config = 'simple', k1 = 1.2, b = 0.75)"
)


def seen(ordinal: int) -> str:
    """Return the condition under which a generation sees an article."""
    return f"born <= {ordinal} AND died > {ordinal}"


def passage_seen(ordinal: int) -> str:
    """Return the condition under which a generation sees the passage `n`.

    It is worked out row by row, and so leaves the order of an index as it is.
    """
    return f"(SELECT {seen(ordinal)} FROM articles WHERE article = n >> {PLACE_BITS})"


def make_tables(sql: Sql, server: Server) -> None:
    """Make what is missing; raise `FootnoteError` if it cannot be made, or was made by a newer Footnote."""
    if (number := version_of(sql)) is None:
        with sql.transaction():
            sql.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])  # two may begin at once
            if version_of(sql) is None:
                sql.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                for extension, oldest in EXTENSIONS.items():
                    _extend(sql, server, extension, oldest)
                sql.execute(_MAKE)
                sql.execute("INSERT INTO version VALUES (%s)", [VERSION])
    elif number > VERSION:
        raise newer(server, number)


def version_of(sql: Sql) -> int | None:
    """Return of which version the tables are; None if there are none."""
    there = sql.execute(f"SELECT to_regclass('{SCHEMA}.version')").fetchone()
    if there is None or there[0] is None:
        return None
    row = sql.execute(f"SELECT number FROM {SCHEMA}.version").fetchone()
    return int(row[0]) if row else None


def newer(server: Server, number: int) -> FootnoteError:
    return FootnoteError(
        f"The index in {server.place} was made by a newer Footnote (version {number}; this one knows"
        f" {VERSION}). Upgrade Footnote, or name another database in {server.variable}."
    )


def vector_index(model: int, collection: int | str | None = None) -> str:
    """Return the name of the index of vectors, of all passages or of one collection's."""
    return f"passages_m{model}" + ("" if collection is None else f"_c{collection}")


def make_indexes(sql: Sql, model: int, dimension: int) -> None:
    """Make the indexes that proposals need, for as many collections as are large by now."""
    sql.execute(_INDEX_WORDS)
    large: list[tuple[int]] = sql.execute(
        "SELECT collection FROM articles WHERE model = %s GROUP BY 1 HAVING sum(passages) > %s",
        [model, INDEXED_PASSAGES],
    ).fetchall()
    for name, chosen in [
        (vector_index(model), f"model = {model}"),
        *((vector_index(model, c), f"model = {model} AND collection = {c}") for (c,) in large),
    ]:
        sql.execute(
            f"CREATE INDEX IF NOT EXISTS {name} ON passages"
            f" USING hnsw ((vec::halfvec({dimension})) halfvec_ip_ops) WITH (m = 24, ef_construction = 200)"
            f" WHERE {chosen}"
        )


def indexed_collections(sql: Sql, model: int) -> frozenset[int]:
    """Return the collections that have an index of their own."""
    prefix = vector_index(model, "")
    found = sql.execute(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'passages'::regclass AND indisvalid"
    ).fetchall()
    names = (str(name).rpartition(".")[2] for (name,) in found)
    return frozenset(int(name.removeprefix(prefix)) for name in names if name.startswith(prefix))


def drop_indexes(sql: Sql) -> None:
    """Drop the indexes of vectors whose models have no passages any more, and forget these models."""
    unused = sql.execute(
        "SELECT model FROM models m WHERE NOT EXISTS (SELECT FROM articles a WHERE a.model = m.model)"
        " AND NOT EXISTS (SELECT FROM generations g WHERE g.model = m.model)"
    ).fetchall()
    for (model,) in unused:
        for (name,) in sql.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'passages'::regclass"
        ).fetchall():
            if str(name).rpartition(".")[2].split("_c")[0] == vector_index(model):
                # It waits for whoever reads, and nobody waits for it.
                sql.execute(f"DROP INDEX CONCURRENTLY {name}")
        sql.execute("DELETE FROM models WHERE model = %s", [model])


def _extend(sql: Sql, server: Server, extension: str, oldest: tuple[int, int]) -> None:
    try:
        sql.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA public")
    except NotInstalled as error:
        raise FootnoteError(
            f"The index cannot be kept in {server.place}: the extension {extension} is not installed on the"
            " server. docs/postgresql.md says how to get it."
        ) from error
    (found,) = sql.execute(
        "SELECT extversion FROM pg_extension WHERE extname = %s", [extension]
    ).fetchone() or ("",)
    if number_of(str(found)) < oldest:
        wanted = ".".join(map(str, oldest))
        raise FootnoteError(
            f"The index cannot be kept in {server.place}: the extension {extension} has version {found},"
            f" and {wanted} is needed. Install it, and run ALTER EXTENSION {extension} UPDATE."
        )


def number_of(version: str) -> tuple[int, ...]:
    """Return what a version is compared by: 0.8.2 -> (0, 8, 2)."""
    digits = (part for part in version.replace("-", ".").split("."))
    return tuple(int(part) for part in digits if part.isdigit())
