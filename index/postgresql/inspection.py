"""What is worth knowing of a database before something is amiss."""

from __future__ import annotations

from collections import Counter

import numpy as np

from index.article import text_sha256
from index.postgresql.rows import article_of, paths_of, spans_of
from index.postgresql.server import Sql
from index.postgresql.snapshot import State
from index.postgresql.tables import PLACE_BITS

_ROWS_AT_ONCE = 1_000


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
            f" WHERE {state.seen} AND model = {state.model}"
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
            f"SELECT count(*) FROM passages p WHERE {state.seen} AND NOT EXISTS"
            " (SELECT FROM words w WHERE w.n = p.n)"
        ).fetchone() or (0,)
        return f"{lacking} passages have no words to be found by" if lacking else None
