"""What one would use instead, on the same model and texts: one process a peer and size, result as JSON.

    python -m tests.benchmarks.peers PEER FOLDER MODEL

Run by `make bench-speed` in an environment with `peers.txt`.  `FOLDER` holds `texts.json`, their
`vectors.npy`, `questions.json`, and `exact.npy`, the ten nearest texts of each question.  Vectors are
given, as embedding 100,000 texts takes an hour; how fast a peer embeds is measured on some of them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import numpy as np

from tests.benchmarks.speed_clock import asked_alone, asked_by_many, megabytes, memory, recall

EMBEDDED = 128
NEAREST = 10
BATCH = 32
QUESTIONS = 40
# Articles that are added one after the other; the median is kept.
ADDED = 5
ADDED_TEXT = "The quokka lives on an island. It eats leaves."
# A peer that needs longer than this for a question alone is not asked by eight.
PATIENCE_MS = 400.0


class Peer(Protocol):
    def embed(self, texts: list[str]) -> None: ...

    def build(self, texts: list[str], vectors: Any) -> None: ...

    def add(self, text: str) -> None:
        """Embed, and make it searchable."""
        ...

    def ask(self, question: str) -> list[int]:
        """The rows of the ten nearest texts."""
        ...

    def save(self, folder: Path) -> None: ...


class Plain:
    """What a tutorial has: `encode`, IndexFlatIP, and rank_bm25 beside it, fused by rank."""

    def __init__(self, model: str) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(model, device="cpu", local_files_only=True)

    def embed(self, texts: list[str]) -> Any:
        return self._model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)

    def build(self, texts: list[str], vectors: Any) -> None:
        import faiss
        from rank_bm25 import BM25Okapi

        self._texts = texts
        self._words = [text.lower().split() for text in texts]
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)
        self._bm25 = BM25Okapi(self._words)

    def add(self, text: str) -> None:
        from rank_bm25 import BM25Okapi

        self._index.add(self.embed([text]))
        self._words.append(text.lower().split())
        self._bm25 = BM25Okapi(self._words)  # it cannot grow

    def ask(self, question: str) -> list[int]:
        dense = self._index.search(self.embed([question]), NEAREST)[1][0]
        scores = self._bm25.get_scores(question.lower().split())
        lexical = np.argpartition(-scores, NEAREST)[:NEAREST]
        ranks: dict[int, float] = {}
        for side in (dense, lexical[np.argsort(-scores[lexical])]):
            for rank, row in enumerate(side.tolist()):
                ranks[row] = ranks.get(row, 0.0) + 1 / (60 + rank)
        self.fused = sorted(ranks, key=lambda row: -ranks[row])
        return [int(row) for row in dense]  # what recall is about

    def save(self, folder: Path) -> None:
        import pickle

        import faiss

        faiss.write_index(self._index, str(folder / "index.faiss"))
        (folder / "bm25.pickle").write_bytes(pickle.dumps((self._texts, self._bm25)))


class LangChain:
    """The FAISS pipeline of its documentation: dense only."""

    def __init__(self, model: str) -> None:
        from langchain_huggingface import HuggingFaceEmbeddings

        self._embeddings = HuggingFaceEmbeddings(
            model_name=model,
            model_kwargs={"device": "cpu"},
            encode_kwargs={"normalize_embeddings": True, "batch_size": BATCH},
        )

    def embed(self, texts: list[str]) -> None:
        self._embeddings.embed_documents(texts)

    def build(self, texts: list[str], vectors: Any) -> None:
        from langchain_community.vectorstores import FAISS

        rows = [{"row": row} for row in range(len(texts))]
        pairs = list(zip(texts, vectors, strict=True))
        self._store = FAISS.from_embeddings(pairs, self._embeddings, rows)

    def add(self, text: str) -> None:
        self._store.add_texts([text], [{"row": -1}])

    def ask(self, question: str) -> list[int]:
        return [found.metadata["row"] for found in self._store.similarity_search(question, NEAREST)]

    def save(self, folder: Path) -> None:
        self._store.save_local(str(folder))


class Txtai:
    """Its hybrid index of dense vectors and BM25, with the texts in its database."""

    def __init__(self, model: str) -> None:
        from sentence_transformers import SentenceTransformer
        from txtai import Embeddings

        self._model = SentenceTransformer(model, device="cpu", local_files_only=True)
        self._known: dict[str, Any] = {}
        self._embeddings = Embeddings(
            method="external",
            transform=lambda texts: self._vectors(texts),
            content=True,
            hybrid=True,
            backend="faiss",
        )

    def embed(self, texts: list[str]) -> Any:
        return self._model.encode(texts, batch_size=BATCH, show_progress_bar=False)

    def build(self, texts: list[str], vectors: Any) -> None:
        self._known = dict(zip(texts, vectors, strict=True))
        self._embeddings.index((row, text, None) for row, text in enumerate(texts))
        self._known = {}

    def add(self, text: str) -> None:
        self._embeddings.upsert([(10_000_000, text, None)])

    def ask(self, question: str) -> list[int]:
        return [int(found["id"]) for found in self._embeddings.search(question, NEAREST)]

    def save(self, folder: Path) -> None:
        self._embeddings.save(str(folder / "index"))

    def _vectors(self, texts: Sequence[str]) -> Any:
        new = [text for text in texts if text not in self._known]
        made = dict(zip(new, self.embed(new), strict=True)) if new else {}
        return np.array([self._known.get(text, made.get(text)) for text in texts], np.float32)


PEERS: dict[str, Callable[[str], Peer]] = {"plain": Plain, "langchain": LangChain, "txtai": Txtai}


def main(peer_name: str, folder: Path, model: str) -> dict[str, float]:
    texts = json.loads((folder / "texts.json").read_text("utf-8"))
    questions = json.loads((folder / "questions.json").read_text("utf-8"))[:QUESTIONS]
    vectors, exact = np.load(folder / "vectors.npy"), np.load(folder / "exact.npy")[:QUESTIONS]
    peer = PEERS[peer_name](model)
    peer.embed(texts[:BATCH])
    result: dict[str, float] = {}
    if len(texts) <= 1_000:  # once is enough
        began = time.process_time()
        result["embedded_per_s"] = EMBEDDED / _seconds(lambda: peer.embed(texts[:EMBEDDED]))
        result["embedded_per_work_s"] = EMBEDDED / (time.process_time() - began)
    result["indexed_s"] = _seconds(lambda: peer.build(texts, vectors))
    found = [peer.ask(question) for question in questions]
    if peer_name != "txtai":  # whose ranking is of both sides together
        result["recall"] = recall(found, exact.tolist())
    result |= asked_alone(peer.ask, questions)
    if result["p50"] < PATIENCE_MS:
        result |= asked_by_many(peer.ask, questions)
    result |= memory()
    with tempfile.TemporaryDirectory() as place:
        peer.save(Path(place))
        result["megabytes"] = megabytes(Path(place))
        # While the folder is there: txtai goes on in the database that it saved.
        added = [_seconds(lambda: peer.add(ADDED_TEXT)) for _ in range(ADDED)]
        result["add_s"] = median(added)
        result["add_saved_s"] = result["add_s"] + median(
            [_seconds(lambda: peer.save(Path(place))) for _ in range(ADDED)]
        )
    return result


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
