"""The terms of one segment's passages: which passage holds which term how often.

Counts alone, without a weight: how much a term says depends on the whole collection, and is
worked out when it is asked for (`index.keywords`).  So a part of a collection can be replaced
without touching the others, and every score stays what a build from nothing would give.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.terms import terms

Keys = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.uint16]
Places = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
Places64 = npt.NDArray[np.int64]

# A passage that repeats a word more often than this is one endless sentence, and BM25 is flat there.
MAX_COUNT = np.iinfo(np.uint16).max

_ARRAYS = ("term_keys", "term_ends", "posting_starts", "posting_rows", "posting_counts", "lengths")


@dataclass(frozen=True, slots=True)
class Postings:
    """The terms in order of their keys; immutable, and mostly left on disk."""

    term_keys: Keys
    """Shape `(terms,)`, ascending: 64 bits of a hash of each term."""
    term_ends: Places64
    """Shape `(terms,)`: where each term ends in `term_bytes`."""
    posting_starts: Places64
    """Shape `(terms + 1,)`: the postings of term `t` are `[starts[t], starts[t + 1])`."""
    posting_rows: Places
    """The passages that hold the term, each once, in no particular order."""
    posting_counts: Counts
    """How often each of these holds it."""
    lengths: Places
    """Shape `(passages,)`: the number of terms of each passage, repeats included."""
    term_bytes: Bytes | bytes
    """All terms in UTF-8, one behind the other: two terms may share a key."""

    def __len__(self) -> int:
        return len(self.lengths)

    def find(self, word: bytes, key: np.uint64) -> tuple[int, int]:
        """Where the postings of a term begin and end; an empty range where no passage holds it."""
        number = int(np.searchsorted(self.term_keys, key))
        while number < len(self.term_keys) and self.term_keys[number] == key:
            if self.word(number) == word:
                return int(self.posting_starts[number]), int(self.posting_starts[number + 1])
            number += 1
        return 0, 0

    def word(self, number: int) -> bytes:
        """The term with this number, in UTF-8."""
        start = int(self.term_ends[number - 1]) if number else 0
        return bytes(self.term_bytes[start : int(self.term_ends[number])])


def key_of(word: bytes) -> np.uint64:
    """The key of a term in UTF-8."""
    return np.uint64(int.from_bytes(hashlib.blake2b(word, digest_size=8).digest(), "little"))


def count_terms(texts: Iterable[str]) -> Postings:
    """The postings of one text a passage."""
    numbers: dict[str, int] = {}
    held, counts, distinct, lengths = array("i"), array("H"), array("i"), array("i")
    for text in texts:
        found = Counter(terms(text))
        distinct.append(len(found))
        lengths.append(found.total())
        held.extend(numbers.setdefault(term, len(numbers)) for term in found)
        counts.extend(min(count, MAX_COUNT) for count in found.values())
    words = [term.encode() for term in numbers]
    keys = np.array([key_of(word) for word in words], dtype=np.uint64)
    order, place = _by_key(keys)
    of_term = place[np.frombuffer(held, np.int32)] if held else np.zeros(0, np.int64)
    by_term = np.argsort(of_term, kind="stable")
    rows = np.repeat(
        np.arange(len(lengths), dtype=np.int32), np.frombuffer(distinct, np.int32) if distinct else 0
    )
    return Postings(
        term_keys=keys[order],
        term_ends=np.cumsum([len(words[n]) for n in order.tolist()], dtype=np.int64),
        posting_starts=_starts(np.bincount(of_term, minlength=len(words))),
        posting_rows=rows[by_term],
        posting_counts=np.array(counts, np.uint16)[by_term],
        lengths=np.array(lengths, np.int32),
        term_bytes=b"".join(words[n] for n in order.tolist()),
    )


def merge(parts: Sequence[tuple[Postings, Places64]], passages: int) -> Postings:
    """The postings of some passages of each part; `-1` drops a passage, else its row in the new one.

    Nothing is sorted but the terms: each part's share of a term's postings is copied to its place.
    """
    shares = [_share(part, rows) for part, rows in parts]
    words, numbers = _united(shares)
    held = np.zeros(len(words.keys), np.int64)
    for share, into in zip(shares, numbers, strict=True):
        held[into] += share.held  # a part has each term once
    starts = _starts(held)
    rows = np.empty(int(starts[-1]), np.int32)
    counts = np.empty(int(starts[-1]), np.uint16)
    lengths = np.zeros(passages, np.int32)
    free = starts[:-1].copy()
    for (part, places), share, into in zip(parts, shares, numbers, strict=True):
        # The first posting of each term goes to the first free place, the others behind it.
        shift = free[into] - (np.cumsum(share.held) - share.held)
        target = np.arange(len(share.rows)) + np.repeat(shift, share.held)
        rows[target], counts[target] = share.rows, share.counts
        free[into] += share.held
        lengths[places[places >= 0]] = part.lengths[places >= 0]
    return Postings(words.keys, words.ends, starts, rows, counts, lengths, words.text)


def save(postings: Postings, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(postings, name), allow_pickle=False)
    (folder / "terms.bin").write_bytes(bytes(postings.term_bytes))


def load(folder: Path) -> Postings:
    """Read what `save` wrote, memory-mapped; the caller has verified the files."""
    loaded: dict[str, Any] = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False).view(np.ndarray)
        for name in _ARRAYS
    }
    return Postings(**loaded, term_bytes=mapped(folder / "terms.bin"))


def mapped(path: Path) -> Bytes:
    """The bytes of a file, paged in as they are used; no file system maps an empty one."""
    if not path.stat().st_size:
        return np.zeros(0, np.uint8)
    return np.memmap(path, np.uint8, "r").view(np.ndarray)


@dataclass(frozen=True, slots=True)
class _Share:
    """What stays of one part: only the terms that a passage which stays holds."""

    words: list[bytes]
    keys: Keys
    held: Places64
    """How many postings of each term stay."""
    rows: Places
    counts: Counts


@dataclass(frozen=True, slots=True)
class _Words:
    keys: Keys
    ends: Places64
    text: bytes


def _share(part: Postings, rows: Places64) -> _Share:
    renumbered = rows[part.posting_rows]
    stays = renumbered >= 0
    of_term = np.repeat(np.arange(len(part.term_keys)), np.diff(part.posting_starts))
    held = np.bincount(of_term[stays], minlength=len(part.term_keys))
    used = np.flatnonzero(held)
    text = bytes(part.term_bytes)
    starts = np.concatenate(([0], part.term_ends[:-1])) if len(part.term_ends) else part.term_ends
    return _Share(
        words=[text[a:b] for a, b in zip(starts[used].tolist(), part.term_ends[used].tolist(), strict=True)],
        keys=part.term_keys[used],
        held=held[used],
        rows=renumbered[stays].astype(np.int32),
        counts=part.posting_counts[stays],
    )


def _united(shares: Sequence[_Share]) -> tuple[_Words, list[Places64]]:
    """All terms in order, and for each share the numbers that its terms have among them."""
    numbers: dict[bytes, int] = {}
    keys = array("Q")
    for share in shares:
        for word, key in zip(share.words, share.keys.tolist(), strict=True):
            if word not in numbers:
                numbers[word] = len(numbers)
                keys.append(key)
    words = list(numbers)
    order, place = _by_key(np.array(keys, np.uint64))
    into = [place[np.array([numbers[word] for word in share.words], np.int64)] for share in shares]
    return (
        _Words(
            np.array(keys, np.uint64)[order],
            np.cumsum([len(words[n]) for n in order.tolist()], dtype=np.int64),
            b"".join(words[n] for n in order.tolist()),
        ),
        into,
    )


def _by_key(keys: Keys) -> tuple[Places64, Places64]:
    """The order of the keys, and the place of each in that order."""
    order = np.argsort(keys, kind="stable")
    place = np.empty(len(keys), np.int64)
    place[order] = np.arange(len(keys))
    return order, place


def _starts(lengths: npt.NDArray[np.integer[Any]]) -> Places64:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
