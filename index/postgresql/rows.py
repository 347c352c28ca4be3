"""What is known of a passage -> a row of the tables, and back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from index.chunking import context_text
from index.generation import by_chance, owner_key
from index.keywords import K1, MAX_COUNT, B, key_of
from index.postgresql.tables import PLACE_BITS
from index.terms import terms
from index.types import Article, FootnoteError, Keys, Rows, Scores, Table
from index.vectors import halves
from index.writer import Contents

PLACES = 1 << PLACE_BITS
PASSAGE_COLUMNS = (
    "n int8, collection int4, model int4, start int4, stop int4, length int4, chance int8,"
    " vec halfvec, terms bytea, counts bytea, above text, spans bytea, sentence_vectors bytea,"
    " digests int8[], digest_ends int8[]"
)
WORD_COLUMNS = "n int8, words text"
ARTICLE_COLUMNS = (
    "article int8, id text, file text, collection int4, model int4, born int4, sha256 text, text_sha256 text,"
    " title text, published text, body text, passages int4, sentences int4, terms int8"
)
# A token of letters is one word of the text search, which digits among them or alone may not be.
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TOKEN_LETTERS = 9


@dataclass(frozen=True, slots=True)
class Home:
    """What all rows of one article have in common."""

    article: int
    collection: int
    model: int
    born: int


@dataclass(frozen=True, slots=True)
class ArticleRows:
    """The rows of one article's passages, and what they come to."""

    passages: list[tuple[Any, ...]]
    words: list[tuple[int, str]]
    terms: int
    sentences: int


@lru_cache(maxsize=200_000)
def term_key(term: str) -> int:
    """Return the key of a term as the database has it: signed."""
    return int(np.int64(key_of(term).astype(np.int64)))


@lru_cache(maxsize=200_000)
def token(term: str) -> str:
    """Return the word that stands for a term: by it passages are proposed, and nothing is scored.

    Two terms of a million may share theirs: 26^9 are there.
    """
    rest, letters = int(key_of(term)), []
    for _ in range(_TOKEN_LETTERS):
        rest, letter = divmod(rest, len(_LETTERS))
        letters.append(_LETTERS[letter])
    return "".join(letters)


def scoped(word: str, collection: int) -> str:
    """Return the word that stands for a term in one collection."""
    return f"{word}{collection}"


def article_rows(contents: Contents, homes: Sequence[Home]) -> Iterator[ArticleRows]:
    """Yield the rows of each article, which has the home of the same place."""
    owner_of = {article.id: at for at, article in enumerate(contents.articles)}
    owners = np.array([owner_of[passage.article.id] for passage in contents.passages], np.int64)
    starts = np.array([passage.start for passage in contents.passages], np.int32)
    keys = np.array([owner_key(one.id, one.sha256) for one in contents.articles], np.uint64)
    # Moved to signed numbers of the same order.
    chances = _signed(by_chance(keys[owners], starts) ^ np.uint64(1 << 63))
    firsts = np.searchsorted(contents.sentences[:, 0], np.arange(len(owners) + 1))
    vectors, spoken = halves(contents.vectors), halves(contents.sentence_vectors)
    own = contents.digests
    ends = np.searchsorted(owners, np.arange(len(homes) + 1))
    for at, home in enumerate(homes):
        passages: list[tuple[Any, ...]] = []
        words: list[tuple[int, str]] = []
        total = 0
        if ends[at + 1] - ends[at] >= PLACES:
            raise FootnoteError(
                f"{contents.articles[at].file} has more than {PLACES:,} passages. Split it into several."
            )
        for place, number in enumerate(range(int(ends[at]), int(ends[at + 1]))):
            passage = contents.passages[number]
            rows = slice(int(firsts[number]), int(firsts[number + 1]))
            held = Counter(terms(context_text(passage)))
            length, n = held.total(), (home.article << PLACE_BITS) + place
            total += length
            ordered = sorted((int(key_of(term)), count) for term, count in held.items())
            digests = np.concatenate([own[0][number : number + 1], own[1][rows]])
            passages.append(
                (
                    *(n, home.collection, home.model, passage.start, passage.end, length),
                    int(chances[number]),
                    vectors[number],
                    np.array([key for key, _ in ordered], np.uint64).tobytes(),
                    np.array([min(count, MAX_COUNT) for _, count in ordered], np.uint16).tobytes(),
                    _above([passage.path, *contents.contexts[rows]]),
                    contents.sentences[rows, 1:].astype("<i4").tobytes(),
                    spoken[rows].tobytes(),
                    _signed(digests[:, 0]).tolist(),
                    _signed(digests[:, 1]).tolist(),
                )
            )
            words.append((n, _words(held, home.collection)))
        yield ArticleRows(passages, words, total, int(firsts[ends[at + 1]] - firsts[ends[at]]))


def body_of(article: Article) -> str:
    """Return an article as it is kept."""
    # No text of PostgreSQL holds a NUL; JSON writes it in other characters.
    return json.dumps({name: getattr(article, name) for name in Article.__slots__}, ensure_ascii=False)


def article_of(body: str) -> Article:
    fields = json.loads(body)
    fields["also"] = tuple(fields["also"])
    return Article(**fields)


def paths_of(above: str) -> list[tuple[str, ...]]:
    """Return the path above a passage, and then of each of its sentences."""
    paths, numbers = json.loads(above)
    whole = [tuple(path) for path in paths]
    return [whole[number] for number in numbers]


def spans_of(raw: bytes) -> Table:
    return np.frombuffer(raw, "<i4").reshape(-1, 2)


def bm25(rows: Sequence[tuple[bytes, bytes, int]], weights: Mapping[str, float], mean: float) -> Scores:
    """Return the scores of passages, each given by its terms, their counts, and its length.

    As `KeywordIndex.scores` does it; `mean` is the mean length of all passages.
    """
    asked = {int(key_of(term)): weight for term, weight in weights.items()}
    known = np.array(sorted(asked), np.uint64)
    scores = np.zeros(len(rows), np.float32)
    if not len(known) or not rows:
        return scores
    factors = np.array([asked[int(key)] for key in known], np.float32)
    held = np.frombuffer(b"".join(terms for terms, _, _ in rows), "<u8")
    counts = np.frombuffer(b"".join(counts for _, counts, _ in rows), "<u2").astype(np.float32)
    owners = np.repeat(np.arange(len(rows)), [len(terms) // 8 for terms, _, _ in rows])
    lengths = np.array([length for _, _, length in rows], np.float32)
    norms = np.asarray(K1 * (1 - B + B * lengths / mean), np.float32)
    at = np.minimum(np.searchsorted(known, held), len(known) - 1)
    met = np.flatnonzero(known[at] == held)
    share = factors[at[met]] * counts[met] / (counts[met] + norms[owners[met]])
    np.add.at(scores, owners[met], share)
    return scores


def terms_held(rows: Iterable[bytes]) -> Counter[int]:
    """Return how many passages hold each term, by the terms of each passage."""
    keys, counts = np.unique(np.frombuffer(b"".join(rows), "<i8"), return_counts=True)
    return Counter(dict(zip(keys.tolist(), counts.tolist(), strict=True)))


def digest_halves(digests: Iterable[bytes]) -> Rows:
    """Return both halves of each, shape `(digests, 2)`, as the database has them."""
    return _signed(np.frombuffer(b"".join(digests), "<u8").reshape(-1, 2))


def digest_keys(digests: Sequence[int], ends: Sequence[int]) -> list[bytes]:
    """Return digests as `index.writer.digest` makes them, by their halves."""
    table = np.array([digests, ends], np.int64).T
    return [row.tobytes() for row in np.ascontiguousarray(table)]


def _above(paths: Sequence[tuple[str, ...]]) -> str:
    known: dict[tuple[str, ...], int] = {}
    numbers = [known.setdefault(path, len(known)) for path in paths]
    return json.dumps([list(known), numbers], ensure_ascii=False)


def _words(held: Counter[str], collection: int) -> str:
    found: list[str] = []
    for term, count in held.items():
        word = token(term)
        # More of them would make the row large, and the score is flat there.
        found += [word, scoped(word, collection)] * min(count, 100)
    return " ".join(found)


def _signed(keys: Keys) -> Rows:
    return keys.astype(np.uint64).view(np.int64)
