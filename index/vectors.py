"""Vectors that can be searched by cosine, and vectors that are only looked up by row.

The only importer of faiss.  Both kinds are views over parts, one a segment, whose rows are
numbered through; a part stays on disk and is paged in as it is used.  Files are read as they are:
whoever loads one has verified its checksum, because faiss trusts every length that it finds.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.types import Vectors

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Halves = npt.NDArray[np.float16]
Bits = npt.NDArray[np.uint8]

# Half precision keeps unit vectors within this of their length.
_UNIT_TOLERANCE = 1e-3

# Beyond so many rows a question looks closely only at those that seem near by the signs of their
# dimensions.  Among 100,000 vectors that takes a quarter of the time, at a recall of 1.000 of the ten
# nearest and .997 of the hundred (`tests/benchmarks/nearest.py`); lists around trained centres (IVF) had
# .984 and .949, a graph (HNSW) .771 and .756, after seconds or minutes of training.
EXACT_ROWS = 50_000
# The question's own numbers, summed up with the signs of a row, tell what is near.  This share of the
# index, or this many rows, are looked at closely: of 120,000 texts, 1.000 of the ten nearest are among
# these and .999 of the hundred.
LOOKED_AT_SHARE = 0.01
LEAST_LOOKED_AT = 2_500
# Where only some rows are allowed, signs are compared with signs, and this share of those rows is
# looked at closely: twice as slow, but what is not allowed takes no place.
NEAR_SHARE = 0.15
# The vectors of sentences are most of an index, and each question reads some hundred of them: pages that
# were read count as the process's memory until it gives them back.  1,000 reads are 60 questions: reading
# those pages again is not to be seen among the times of 100 questions.
READS_HELD = 1_000
# Dimensions whose signs make one of the 16 codes that are scanned together.
_SIGNS_A_CODE = 4


class VectorIndex:
    """Cosine search over unit vectors in half precision: exact up to `EXACT_ROWS`, near to it beyond.

    Half precision halves memory and time against float32 at a recall@10 of .9998, needs no
    training, and takes some 4 ms a question among 100,000 passages on one quiet core.

    Beyond, each row also has the signs of its vector, in bits.  Where these fit the question best,
    cosines are computed; nothing is trained, so parts come and go as they like, and rows that may not
    be found take no place among those that are looked at.
    """

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = tuple(parts)
        self._starts = _starts(int(part.codes.ntotal) for part in self._parts)

    @classmethod
    def build(cls, vectors: Vectors) -> VectorIndex:
        """Index `vectors`, shape `(n, dimension)`, of any length; zero vectors match nothing."""
        unit = unit_vectors(vectors)
        faiss = _faiss()
        codes = faiss.IndexScalarQuantizer(
            unit.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        codes.add(unit)
        return cls([_Part(codes, _signs(unit))])

    @classmethod
    def load(cls, path: Path) -> VectorIndex:
        """Read what `save` wrote, memory-mapped; the caller has verified the file."""
        faiss = _faiss()
        codes = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        signs = np.load(_signs_file(path), mmap_mode="r", allow_pickle=False).view(np.ndarray)
        if signs.shape != (codes.ntotal, _sign_bytes(codes.d)):
            raise ValueError("its signs are those of other vectors")
        return cls([_Part(codes, signs)])

    @classmethod
    def joined(cls, indexes: Iterable[VectorIndex]) -> VectorIndex:
        """One index over the rows of all, in their order; nothing is copied."""
        return cls([part for index in indexes for part in index._parts])

    def save(self, path: Path) -> None:
        (part,) = self._parts
        # Not `faiss.write_index`, which reports a full disk as a RuntimeError without its reason.
        with path.open("wb") as stream:
            stream.write(_faiss().serialize_index(part.codes).data)
        np.save(_signs_file(path), part.signs, allow_pickle=False)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def dimension(self) -> int:
        return int(self._parts[0].codes.d)

    def prepare(self) -> None:
        """Make now what the first search would make: of a million rows in half a second, in 50 MB."""
        if len(self) > EXACT_ROWS:
            _ = self._scan

    def search(self, queries: Vectors, k: int, allowed: Mask | None = None) -> tuple[Vectors, Rows]:
        """Return `(cosines, rows)` of the best `min(k, len(self))`, best first, ties by row.

        Beyond `EXACT_ROWS` some of these may be missed, and those after them found in their place.

        `queries` has shape `(questions, dimension)`, the results `(questions, k)`; only rows where
        `allowed`, shape `(len(self),)`, is True are found, and `k` is at most their number.
        """
        unit = unit_vectors(queries)
        if unit.shape[1] != self.dimension:
            raise ValueError(f"questions have {unit.shape[1]} dimensions, the index has {self.dimension}")
        k = min(k, len(self) if allowed is None else int(np.count_nonzero(allowed)))
        if k <= 0:
            return np.zeros((len(unit), 0), np.float32), np.zeros((len(unit), 0), np.int64)
        # Two OpenMP threads for one question were 4 to 40 times slower than one, and askers come
        # in parallel anyway.  The setting belongs to the calling thread, where torch obeys it too:
        # left at 1, it would halve the speed of every embedding that follows.
        faiss = _faiss()
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            if (len(self) if allowed is None else np.count_nonzero(allowed)) <= EXACT_ROWS:
                return self._best(unit, k, allowed)
            found = [
                self._best(question, k, self._near(question, k, allowed))
                for question in np.split(unit, len(unit))
            ]
        finally:
            faiss.omp_set_num_threads(threads)
        return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])

    def _best(self, unit: Vectors, k: int, allowed: Mask | None) -> tuple[Vectors, Rows]:
        found = list(self._search_parts(unit, k, allowed))
        cosines = np.concatenate([cosines for cosines, _ in found], axis=1)
        rows = np.concatenate([rows for _, rows in found], axis=1)
        order = np.lexsort((rows, -cosines), axis=1)[:, :k]
        return np.take_along_axis(cosines, order, 1), np.take_along_axis(rows, order, 1)

    def _near(self, question: Vectors, wanted: int, allowed: Mask | None) -> Mask:
        """The rows that are worth a close look for one question, shape `(1, dimension)`."""
        return (
            self._scanned(question, wanted) if allowed is None else self._compared(question, wanted, allowed)
        )

    def _scanned(self, question: Vectors, wanted: int) -> Mask:
        """Those where the signs have the largest sum of the question's numbers."""
        signs = 8 * _sign_bytes(self.dimension)
        padded = np.zeros((1, signs), np.float32)
        padded[:, : self.dimension] = question
        most = max(round(LOOKED_AT_SHARE * len(self)), LEAST_LOOKED_AT, wanted)
        _, rows = self._scan.search(padded, min(most, len(self)))
        near = np.zeros(len(self), np.bool_)
        near[rows[0]] = True
        return near

    @cached_property
    def _scan(self) -> Any:
        """A faiss index that sums up a question's numbers, each with the sign that a row has there.

        That is product quantisation with every corner of a cube as a centroid, so that there is nothing to
        train (André et al. 2017, "Accelerated nearest neighbor search with Quick ADC").
        """
        faiss = _faiss()
        signs = np.concatenate([part.signs for part in self._parts])
        dimensions = 8 * signs.shape[1]
        codes = faiss.IndexPQ(
            dimensions, dimensions // _SIGNS_A_CODE, _SIGNS_A_CODE, faiss.METRIC_INNER_PRODUCT
        )
        corners = np.array(list(product((-1.0, 1.0), repeat=_SIGNS_A_CODE)), np.float32)
        centroids = np.tile(corners, (dimensions // _SIGNS_A_CODE, 1, 1))
        faiss.copy_array_to_vector(centroids.ravel(), codes.pq.centroids)
        # Of a byte, faiss has the first code in the lower half, `packbits` the first dimensions in the upper.
        halves_swapped = (signs >> 4) | (signs << 4)
        faiss.copy_array_to_vector(halves_swapped.ravel(), codes.codes)
        codes.ntotal, codes.is_trained = len(signs), True
        return faiss.IndexPQFastScan(codes)

    def _compared(self, question: Vectors, wanted: int, allowed: Mask) -> Mask:
        """Those of the allowed ones where the fewest signs differ."""
        faiss, signs = _faiss(), _signs(question)
        differing = np.empty(len(self), np.int32)
        for part, (start, stop) in zip(self._parts, pairwise(self._starts.tolist()), strict=True):
            rows, counts = np.ascontiguousarray(part.signs), differing[start:stop]
            pointers = (faiss.swig_ptr(array) for array in (signs, rows))
            faiss.hammings(*pointers, 1, len(rows), signs.shape[1], faiss.swig_ptr(counts))
        kept = differing[allowed]
        enough = max(NEAR_SHARE * len(kept), wanted)
        most = int(np.searchsorted(np.cumsum(np.bincount(kept)), enough))
        near: Mask = (differing <= most) & allowed
        return near

    def _search_parts(self, unit: Vectors, k: int, allowed: Mask | None) -> Iterable[tuple[Vectors, Rows]]:
        for part, (start, stop) in zip(self._parts, pairwise(self._starts.tolist()), strict=True):
            if allowed is None:
                wanted, parameters = min(k, stop - start), None
            else:
                inside = allowed[start:stop]
                wanted = min(k, int(np.count_nonzero(inside)))
                # The selector only points at the bits: they have to live as long as the search.
                bits = np.packbits(inside, bitorder="little")
                parameters = _only(bits)
            if wanted:
                cosines, rows = part.codes.search(unit, wanted, params=parameters)
                yield cosines, rows + start

    def reconstruct(self, rows: Rows) -> Vectors:
        """Return the stored vectors of `rows`, float32."""

        def take(part: _Part, inside: Rows) -> Vectors:
            vectors: Vectors = part.codes.reconstruct_batch(inside)
            return vectors

        return _gathered(self._parts, self._starts, rows, self.dimension, take)


@dataclass(frozen=True, slots=True)
class _Part:
    codes: Any
    """A faiss index of the rows, in their order."""
    signs: Bits
    """Of each row eight dimensions a byte, 1 where the vector is above 0."""


def _signs(vectors: Vectors) -> Bits:
    """Whole words of 64 bits, which are counted together."""
    bits = np.zeros((len(vectors), _sign_bytes(vectors.shape[1])), np.uint8)
    packed = np.packbits(vectors > 0, axis=1)
    bits[:, : packed.shape[1]] = packed
    return bits


def _sign_bytes(dimension: int) -> int:
    return -(-dimension // 64) * 8


def _signs_file(path: Path) -> Path:
    return path.with_suffix(".signs.npy")


def _faiss() -> Any:
    """Imported when an index is opened: much that looks at one never does."""
    import faiss

    return faiss


class SentenceVectors:
    """One unit vector a sentence, in half precision and left on disk until it is asked for."""

    def __init__(self, parts: Sequence[Halves]) -> None:
        self._parts = tuple(parts)
        self._starts = _starts(len(part) for part in self._parts)
        self._reads = 0

    @classmethod
    def build(cls, vectors: Vectors) -> SentenceVectors:
        return cls([unit_vectors(vectors).astype(np.float16)])

    @classmethod
    def load(cls, path: Path) -> SentenceVectors:
        return cls([np.load(path, mmap_mode="r", allow_pickle=False)])

    @classmethod
    def joined(cls, indexes: Iterable[SentenceVectors]) -> SentenceVectors:
        """One table of the rows of all, in their order; nothing is copied."""
        return cls([part for index in indexes for part in index._parts])

    def save(self, path: Path) -> None:
        """Write row after row: a table of views needs no memory of its own."""
        with path.open("wb") as stream:
            header = {"descr": "<f2", "fortran_order": False, "shape": (len(self), self.dimension)}
            np.lib.format.write_array_header_1_0(stream, header)
            for part in self._parts:
                stream.write(np.ascontiguousarray(part).data)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def dimension(self) -> int:
        return int(self._parts[0].shape[1])

    def cut(self, start: int, stop: int) -> SentenceVectors:
        """The rows from `start` up to `stop`, which have to be of one part; nothing is copied."""
        number = int(np.searchsorted(self._starts, start, side="right")) - 1
        number = min(number, len(self._parts) - 1)
        first = int(self._starts[number])
        return SentenceVectors([self._parts[number][start - first : stop - first]])

    def rows(self, rows: slice | npt.NDArray[np.integer[Any]]) -> Vectors:
        """Return the vectors of `rows`, float32."""
        self._reads += 1  # by several threads at once, one may go missing
        if self._reads % READS_HELD == 0:
            self._let_go()
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            number = int(np.searchsorted(self._starts, start, side="right")) - 1
            if number < len(self._parts) and stop <= self._starts[number + 1] and step == 1:
                first = int(self._starts[number])  # the sentences of one passage: the usual case
                return np.asarray(self._parts[number][start - first : stop - first], dtype=np.float32)
            rows = np.arange(start, stop, step)

        def take(part: Halves, inside: Rows) -> Vectors:
            return np.asarray(part[inside], dtype=np.float32)

        return _gathered(self._parts, self._starts, rows.astype(np.int64), self.dimension, take)

    def _let_go(self) -> None:
        """Give the pages of files back that were read; the system keeps them as long as it has room."""
        for part in self._parts:
            pages = part.base
            if isinstance(pages, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
                pages.madvise(mmap.MADV_DONTNEED)


def unit_vectors(vectors: Vectors) -> Vectors:
    """Return `vectors` as contiguous float32 of length 1; zero vectors stay zero.

    A vector that already has its length within half precision is left alone: normalising one
    that was read back from an index would move it by a rounding error with every build.
    """
    array = np.ascontiguousarray(vectors, dtype=np.float32)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"vectors must have shape (n, dimension), not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("vectors hold NaN or infinity: the embedding model is broken")
    # In double precision, so that very short and very long vectors have a length at all.
    lengths = np.sqrt(np.einsum("ij,ij->i", array, array, dtype=np.float64))[:, None]
    settled = (lengths == 0) | (np.abs(lengths - 1) < _UNIT_TOLERANCE)
    if settled.all():
        return array
    return (array / np.where(settled, 1.0, lengths)).astype(np.float32)


def _only(bits: npt.NDArray[np.uint8]) -> Any:
    library = _faiss()
    return library.SearchParameters(sel=library.IDSelectorBitmap(bits))


def _starts(lengths: Iterable[int]) -> Rows:
    """Where each part begins, and where the last one ends."""
    return np.cumsum([0, *lengths], dtype=np.int64)


def _gathered(
    parts: Sequence[Any], starts: Rows, rows: Rows, dimension: int, take: Callable[[Any, Rows], Vectors]
) -> Vectors:
    """The vectors of `rows` in their order, each taken from its part."""
    rows = np.ascontiguousarray(rows, dtype=np.int64)
    vectors = np.zeros((len(rows), dimension), np.float32)
    owners = np.searchsorted(starts, rows, side="right") - 1
    for number in np.unique(owners).tolist():
        mine = owners == number
        vectors[mine] = take(parts[number], rows[mine] - starts[number])
    return vectors
