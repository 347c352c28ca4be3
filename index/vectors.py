"""Vectors that can be searched by cosine, and vectors that are only looked up by row.

The only importer of faiss.  Files are read as they are: whoever loads one has verified its
checksum, because `faiss.read_index` trusts every length that it finds in a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from index.types import Vectors

Rows = npt.NDArray[np.int64]

# Half precision keeps unit vectors within this of their length.
_UNIT_TOLERANCE = 1e-3


class VectorIndex:
    """Exact cosine search over unit vectors in half precision.

    Half precision halves memory and time against float32 at a recall@10 of .9998, needs no
    training, and stays under 5 ms a question up to some 200,000 passages on one core.
    """

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: Vectors) -> VectorIndex:
        """Index `vectors`, shape `(n, dimension)`, of any length; zero vectors match nothing."""
        unit = unit_vectors(vectors)
        index = faiss.IndexScalarQuantizer(
            unit.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        index.add(unit)
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> VectorIndex:
        """Read what `save` wrote; the caller has verified the file."""
        return cls(faiss.read_index(str(path)))

    def save(self, path: Path) -> None:
        # Not `faiss.write_index`, which reports a full disk as a RuntimeError without its reason.
        with path.open("wb") as stream:
            stream.write(faiss.serialize_index(self._index).data)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def search(self, queries: Vectors, k: int) -> tuple[Vectors, Rows]:
        """Return `(cosines, rows)` of the best `min(k, len(self))`, best first, ties by row.

        `queries` has shape `(questions, dimension)`, the results `(questions, k)`.
        """
        unit = unit_vectors(queries)
        if unit.shape[1] != self.dimension:
            raise ValueError(f"questions have {unit.shape[1]} dimensions, the index has {self.dimension}")
        k = min(k, len(self))
        if k <= 0:
            return np.zeros((len(unit), 0), np.float32), np.zeros((len(unit), 0), np.int64)
        # Two OpenMP threads for one question were 4 to 40 times slower than one, and askers come
        # in parallel anyway.  The setting belongs to the calling thread, where torch obeys it too:
        # left at 1, it would halve the speed of every embedding that follows.
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            cosines, rows = self._index.search(unit, k)
        finally:
            faiss.omp_set_num_threads(threads)
        order = np.lexsort((rows, -cosines), axis=1)
        return np.take_along_axis(cosines, order, 1), np.take_along_axis(rows, order, 1)

    def reconstruct(self, rows: Rows) -> Vectors:
        """Return the stored vectors of `rows`, float32."""
        if len(rows) == 0:
            return np.zeros((0, self.dimension), np.float32)
        vectors: Vectors = self._index.reconstruct_batch(np.ascontiguousarray(rows, dtype=np.int64))
        return vectors


class SentenceVectors:
    """One unit vector a sentence, in half precision and left on disk until it is asked for."""

    def __init__(self, matrix: npt.NDArray[np.float16]) -> None:
        self._matrix = matrix

    @classmethod
    def build(cls, vectors: Vectors) -> SentenceVectors:
        return cls(unit_vectors(vectors).astype(np.float16))

    @classmethod
    def load(cls, path: Path) -> SentenceVectors:
        return cls(np.load(path, mmap_mode="r", allow_pickle=False))

    def save(self, path: Path) -> None:
        np.save(path, self._matrix, allow_pickle=False)

    def __len__(self) -> int:
        return int(self._matrix.shape[0])

    @property
    def dimension(self) -> int:
        return int(self._matrix.shape[1])

    def rows(self, rows: slice | npt.NDArray[np.integer[Any]]) -> Vectors:
        """Return the vectors of `rows`, float32."""
        return np.asarray(self._matrix[rows], dtype=np.float32)


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
