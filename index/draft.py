"""A generation in the making: articles added to and removed from the segments of the last one.

Segments are never changed.  What an article is added to or removed from is written anew, and the
rest is shared; small segments grow together, so that their number stays small while an added
article costs little.  Knows nothing of where articles come from or which generation is current.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from index.segments import Contents, SavedSegment, Segment, merged, segment_of, write_segment

# About so many, and at most half as many again.  A segment takes some 6 kB a passage, most of it the
# vectors of its sentences.  Removing an article writes its whole segment anew (100 MB at this size, a
# second), while each further segment costs every question a tenth of a millisecond.
SEGMENT_PASSAGES = 16_000
# Segments of at most this many passages are always taken along: 600 kB, a few milliseconds.  With 1,000, an
# article more took 140 ms instead of 40 where a collection had just under as many.
SMALL_PASSAGES = 100

# Some articles of a segment, by their numbers there.
_Piece = tuple[Segment | SavedSegment, Sequence[int]]


class GenerationDraft:
    """Collects changes; `finish` writes them and returns the segments of the new generation."""

    def __init__(self, data: Path, base: Sequence[Segment | SavedSegment] = ()) -> None:
        """`base` are the segments of the generation that the changes are made to."""
        self._data = data
        self._base = tuple(base)
        self._removed: set[str] = set()
        self._waiting: list[_Piece] = []
        self._written: list[Segment] = []

    def remove(self, articles: Collection[str]) -> None:
        """Leave out these articles of the base, by id; those that it has not are no fault."""
        self._removed.update(articles)

    def add(self, contents: Contents) -> None:
        """Add articles, which stay in memory until they fill a segment."""
        segment = segment_of(contents)
        self._waiting.append((segment, range(len(segment.sources))))
        if sum(map(_passages, self._waiting)) >= SEGMENT_PASSAGES:
            self._written += self._write(self._waiting)
            self._waiting = []

    def finish(self) -> list[Segment | SavedSegment]:
        """Write what changed and return the generation's segments; on failure nothing belongs to any."""
        kept: list[Segment | SavedSegment] = []
        pool: list[_Piece] = []
        for segment in self._base:
            left = [n for n, source in enumerate(segment.sources) if source.id not in self._removed]
            if len(left) == len(segment.sources):
                kept.append(segment)
            elif left:
                pool.append((segment, left))
        pool += self._waiting
        if pool:
            pool += _taken_along(kept, sum(map(_passages, pool)))
        return [*kept, *self._written, *self._write(pool)]

    def _write(self, pool: Sequence[_Piece]) -> list[Segment]:
        return [
            write_segment(self._data, merged([(segment.open(), numbers) for segment, numbers in group]))
            for group in _groups(pool)
        ]


def _taken_along(kept: list[Segment | SavedSegment], passages: int) -> list[_Piece]:
    """Take out of `kept` what grows together with so many passages that are written anyway.

    A segment joins what is at least its size, so that it doubles each time: an article is written
    anew some ten times on its way into a full segment, and few small segments are left at any time.
    """
    taken: list[_Piece] = []
    for segment in sorted(kept, key=len):
        if len(segment) > max(SMALL_PASSAGES, passages) or len(segment) + passages > SEGMENT_PASSAGES:
            break
        taken.append((segment, range(len(segment.sources))))
        passages += len(segment)
        kept.remove(segment)
    return taken


def _groups(pool: Sequence[_Piece]) -> list[list[_Piece]]:
    """The pool in groups of one size, as near to that of a full segment as their number allows."""
    total = sum(map(_passages, pool))
    if not total:
        return []
    target = total / max(1, round(total / SEGMENT_PASSAGES))
    groups: list[list[_Piece]] = [[]]
    before, size = 0, 0
    for segment, numbers in pool:
        first = 0
        for at, number in enumerate(numbers):
            passages = segment.sources[number].passages
            # Half an article over the target is nearer to it than half an article below.
            if size and before + size + passages / 2 > target * len(groups):
                groups[-1] += [(segment, numbers[first:at])] if at > first else []
                groups.append([])
                before, size, first = before + size, 0, at
            size += passages
        groups[-1].append((segment, numbers[first:]))
    return groups


def _passages(piece: _Piece) -> int:
    segment, numbers = piece
    return sum(segment.sources[number].passages for number in numbers)
