"""Vectors that can be searched by cosine, and vectors that are only looked up by row.

The only importer of faiss.  Both stay on disk and are paged in as they are used.  Files are read as they
are: the caller must have checked their sizes, because faiss trusts every length that it finds.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from index.types import Bits, Halves, Mask, Rows, Vectors

# Half precision keeps unit vectors within this of their length.
_UNIT_TOLERANCE = 1e-3
# Reads of sentence vectors after which a process gives their pages back to the system: pages that are
# mapped count as its memory until then.
READS_HELD = 1_000


class VectorIndex:
    """Exact cosine search over unit vectors in half precision.  Thread-safe once it is filled."""

    def __init__(self, dimension: int) -> None:
        faiss = _faiss()
        self._codes: Any = faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )

    @classmethod
    def build(cls, vectors: Vectors) -> VectorIndex:
        """Index `vectors`, shape `(n, dimension)`, of any length; zero vectors match nothing."""
        index = cls(vectors.shape[1])
        index.add(vectors)
        return index

    @classmethod
    def load(cls, path: Path) -> VectorIndex:
        """Read what `save` wrote, memory-mapped."""
        faiss = _faiss()
        index = cls.__new__(cls)
        index._codes = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        return index

    def add(self, vectors: Vectors) -> None:
        """Append rows, shape `(n, dimension)`."""
        self._codes.add(unit_vectors(vectors))

    def take_over(self, other: VectorIndex, rows: Rows) -> None:
        """Append rows of another index as they are."""
        self._codes.add(other.reconstruct(rows))

    def save(self, path: Path) -> None:
        # Not `faiss.write_index`, which reports a full disk as a RuntimeError without its reason.
        with path.open("wb") as stream:
            stream.write(_faiss().serialize_index(self._codes).data)

    def __len__(self) -> int:
        return int(self._codes.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._codes.d)

    def search(self, queries: Vectors, k: int, allowed: Mask | None = None) -> tuple[Vectors, Rows]:
        """Return `(cosines, rows)` of the best `min(k, len(self))`, best first, ties by row.

        `queries` has shape `(questions, dimension)`, the results `(questions, k)`; only rows of
        which `allowed`, shape `(len(self),)`, is True are found, and `k` is at most their number.
        """
        unit = unit_vectors(queries)
        if unit.shape[1] != self.dimension:
            raise ValueError(f"questions have {unit.shape[1]} dimensions, the index has {self.dimension}")
        k = min(k, len(self) if allowed is None else int(np.count_nonzero(allowed)))
        if k <= 0:
            return np.zeros((len(unit), 0), np.float32), np.zeros((len(unit), 0), np.int64)
        faiss = _faiss()
        parameters = None
        if allowed is not None:
            # The selector only points at the bits: they have to live as long as the search.
            bits: Bits = np.packbits(allowed, bitorder="little")
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
        # Several OpenMP threads for one question only wait for each other, and askers come in parallel
        # anyway.  The setting belongs to the calling thread, and torch obeys it too: left at 1, it would
        # slow down every embedding that follows.
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            cosines, rows = self._codes.search(unit, k, params=parameters)
        finally:
            faiss.omp_set_num_threads(threads)
        order = np.lexsort((rows, -cosines), axis=1)
        return np.take_along_axis(cosines, order, 1), np.take_along_axis(rows, order, 1)

    def reconstruct(self, rows: Rows) -> Vectors:
        """Return the stored vectors of `rows`, float32."""
        if not len(rows):
            return np.zeros((0, self.dimension), np.float32)
        vectors: Vectors = self._codes.reconstruct_batch(np.ascontiguousarray(rows, dtype=np.int64))
        return vectors


class SentenceVectors:
    """One unit vector a sentence, in half precision and left on disk until it is asked for."""

    def __init__(self, rows: Halves) -> None:
        self._rows = rows
        self._reads = 0

    @classmethod
    def build(cls, vectors: Vectors) -> SentenceVectors:
        return cls(halves(vectors))

    @classmethod
    def load(cls, path: Path) -> SentenceVectors:
        """Read a file that was written behind what `begin` wrote."""
        return cls(np.load(path, mmap_mode="r", allow_pickle=False))

    @staticmethod
    def begin(stream: BinaryIO, count: int, dimension: int) -> None:
        """Write what stands in front of `count` rows; they follow as the bytes of `halves`."""
        header = {"descr": "<f2", "fortran_order": False, "shape": (count, dimension)}
        np.lib.format.write_array_header_1_0(stream, header)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def dimension(self) -> int:
        return int(self._rows.shape[1])

    def rows(self, rows: slice | npt.NDArray[np.integer[Any]]) -> Vectors:
        """Return the vectors of `rows`, float32."""
        self._reads += 1  # by several threads at once, one may go missing
        if self._reads % READS_HELD == 0:
            self._let_go()
        return np.asarray(self._rows[rows], dtype=np.float32)

    def stored(self, runs: Iterable[tuple[int, int]], most: int = 10_000) -> Iterable[memoryview]:
        """Yield runs of rows as they are stored, `most` at a time, and hold no page of them."""
        for first, stop in runs:
            for start in range(first, stop, most):
                yield np.ascontiguousarray(self._rows[start : min(start + most, stop)]).data
                self._let_go()

    def _let_go(self) -> None:
        """Give the pages of the file back that were read; the system keeps them as long as it has room."""
        pages = self._rows.base
        if isinstance(pages, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            pages.madvise(mmap.MADV_DONTNEED)


def halves(vectors: Vectors) -> Halves:
    """Return unit vectors as they are stored, shape `(n, dimension)`."""
    return unit_vectors(vectors).astype(np.float16)


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


def _faiss() -> Any:
    """Imported when an index is opened: much that looks at one never does."""
    import faiss

    return faiss
