"""Texts -> a built index like any user's: files with front matter, `build`, a generation.

Indexes are kept from one run to the next.  What of a kept one is still good is for `build` itself
to say: it splits anew where the code changed, and embeds anew what came out different.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Collection as Members
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from index.build import BuildOptions, build
from index.chunking import ChunkSettings
from index.folder import read_sources
from index.generation import Generation
from index.generations import load_generation
from index.store import Found
from index.types import Article, Encoder, FootnoteError, Mask, Passage, Scope, Vectors

SOURCES = "sources"
DATA = "data"


@dataclass(frozen=True, slots=True)
class Text:
    """An article to be."""

    id: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Collection:
    """A folder of articles and the index that was built of it."""

    texts: tuple[Text, ...]
    folder: Path
    generation: Generation

    @property
    def sources(self) -> Path:
        return self.folder / SOURCES

    @property
    def data(self) -> Path:
        return self.folder / DATA

    def stored_articles(self) -> dict[str, Article]:
        """The articles as their files hold them now, by id: the oracle for quotes."""
        return {article.id: article for article in read_sources(self.sources).articles}


def collect(name: str, texts: Sequence[Text], encoder: Encoder, cache: Path) -> Collection:
    """Return the collection of `texts`, built below `cache` unless it is there already."""
    folder = cache / f"{name}-{_identity(texts, encoder)}"
    _write(folder / SOURCES, texts)
    return _built(folder, texts, encoder)


def without(whole: Collection, ids: Members[str], name: str, encoder: Encoder) -> Collection:
    """The same collection less some articles, as if they had been deleted and the rest built.

    Starts from the whole one's index, whose vectors serve again.
    """
    folder = _copy(whole, name)
    for id in ids:
        (folder / SOURCES / f"{id}.md").unlink()
    return _built(folder, [text for text in whole.texts if text.id not in ids], encoder)


def rebuilt(whole: Collection, chunking: ChunkSettings, name: str, encoder: Encoder) -> Collection:
    """The same collection in passages of another size."""
    return _built(_copy(whole, name), whole.texts, encoder, chunking)


class RememberingEncoder:
    """An `Encoder` that embeds a question once a run, and a document once a cache folder.

    One batch of questions beforehand takes a fraction of the time of one after the other.  Documents
    are kept in half precision, as an index keeps them: a
    change of the index's own format or of how it splits articles costs no embedding of texts that
    stay the same.
    """

    def __init__(self, encoder: Encoder, cache: Path | None = None) -> None:
        self._encoder = encoder
        self.kind = f"{encoder.fingerprint} float32"
        """What decides which vectors come out."""
        self._questions: dict[str, Vectors] = {}
        self._kept = None if cache is None else _open_kept(cache)

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        if self._kept is None:
            return self._encoder.encode_documents(texts)
        keys = [hashlib.blake2b(f"{self.kind} {text}".encode(), digest_size=16).digest() for text in texts]
        rows = [
            self._kept.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone() for key in keys
        ]
        new = [place for place, row in enumerate(rows) if row is None]
        if new:
            made = self._encoder.encode_documents([texts[place] for place in new]).astype(np.float16)
            for place, vector in zip(new, made, strict=True):
                rows[place] = (vector.tobytes(),)
                self._kept.execute(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?)", (keys[place], rows[place][0])
                )
            self._kept.commit()
        found = [np.frombuffer(row[0], np.float16) for row in rows]
        return np.array(found, np.float32).reshape(len(texts), self.dimension)

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        self.learn(questions)
        return np.stack([self._questions[question] for question in questions])

    def learn(self, questions: Iterable[str]) -> None:
        """Embed those that are new."""
        new = [question for question in dict.fromkeys(questions) if question not in self._questions]
        if new:
            self._questions.update(zip(new, self._encoder.encode_questions(new), strict=True))


@lru_cache(maxsize=8)
def passages_of(generation: Generation) -> Sequence[Passage]:
    """Return all passages, in the order of their keys."""
    return [generation.passage(key) for key in range(len(generation.passages))]


class Among:
    """A snapshot in which only some passages are found."""

    def __init__(self, generation: Generation, allowed: Mask) -> None:
        """`allowed` has shape `(passages,)`."""
        self._generation = generation
        self._allowed = allowed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._generation, name)

    def find(self, vector: Vectors, weights: Mapping[str, float], wanted: int, scope: Scope) -> Found:
        return self._generation.find_among(vector, weights, wanted, self._allowed)


def _open_kept(cache: Path) -> sqlite3.Connection:
    cache.mkdir(parents=True, exist_ok=True)
    kept = sqlite3.connect(cache / "vectors.sqlite", timeout=60)
    kept.execute("PRAGMA journal_mode = WAL")
    kept.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
    return kept


def _copy(whole: Collection, name: str) -> Path:
    folder = whole.folder.with_name(f"{whole.folder.name}-{name}")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole.folder, folder)
    return folder


def _built(
    folder: Path, texts: Iterable[Text], encoder: Encoder, chunking: ChunkSettings | None = None
) -> Collection:
    options = BuildOptions(chunking=chunking or ChunkSettings())
    report = build(folder / SOURCES, folder / DATA, encoder, options)
    if report.failed:
        failure = report.failed[0]
        raise FootnoteError(f"The benchmark's article {failure.file} cannot be built: {failure.reason}")
    texts = tuple(texts)
    generation = load_generation(folder / DATA, encoder)
    bodies = {article.id: article.text for article in generation.articles()}
    for text in texts:
        if bodies[text.id] != text.body:
            # Gold offsets count characters of the set's text, so it has to be stored to the letter.
            raise FootnoteError(f"The benchmark's article {text.id} is not stored as the set has it.")
    return Collection(texts, folder, generation)


def _write(folder: Path, texts: Iterable[Text]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for text in texts:
        path = folder / f"{text.id}.md"
        if not path.exists():
            title = json.dumps(text.title, ensure_ascii=False)
            path.write_text(f"---\ntitle: {title}\n---\n{text.body}", "utf-8", newline="\n")


def _identity(texts: Iterable[Text], encoder: Encoder) -> str:
    kind = encoder.kind if isinstance(encoder, RememberingEncoder) else encoder.fingerprint
    digest = hashlib.sha256(kind.encode())
    for text in texts:
        digest.update(json.dumps([text.id, text.title, text.body]).encode())
    return digest.hexdigest()[:12]
