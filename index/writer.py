"""Writes a generation: what stays of the last one is copied, what is new is added, and all is synced."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from index.article import text_sha256
from index.chunking import context_text
from index.files import sync
from index.generation import Above, Generation, open_generation
from index.keywords import Postings, count_terms, merged
from index.manifest import (
    ASIDE,
    MANIFEST,
    FileEntry,
    Manifest,
    Recipe,
    SourceEntry,
    manifest_json,
    sha256_of,
    with_reasons,
)
from index.types import Article, Keys, Passage, Rows, Table, Vectors
from index.vectors import SentenceVectors, VectorIndex, halves

# Rows that are copied together: 30 MB.
ROWS_AT_ONCE = 20_000
DIGEST_BYTES = 16
SPOKEN = "sentence_vectors.npy"


def digest(text: str) -> bytes:
    """Return what a text's vector is kept under: an equal text has an equal vector."""
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


def digests_of(texts: Iterable[str]) -> Keys:
    """Return the two halves of the `digest` of each text, shape `(texts, 2)`."""
    return np.frombuffer(b"".join(map(digest, texts)), "<u8").reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Contents:
    """Articles with all that is worked out about them."""

    articles: Sequence[Article]
    passages: Sequence[Passage]
    """In order of article and text."""
    sentences: Table
    """Shape `(sentences, 3)`: passage number, start, end; in order."""
    contexts: Sequence[Above]
    """The headings and heads that each sentence is searched with, outermost first."""
    vectors: Vectors
    """Shape `(passages, dimension)`, float32."""
    sentence_vectors: Vectors
    """Shape `(sentences, dimension)`, float32."""
    sentence_digests: Keys | None = None
    """`digests_of` the texts that sentence vectors were made of; None if none will be looked for again."""

    @property
    def digests(self) -> tuple[Keys, Keys]:
        """Of the texts of passages and of sentences, each of shape `(rows, 2)`."""
        spoken = self.sentence_digests
        if spoken is None:
            spoken = np.zeros((len(self.sentences), 2), np.uint64)
        return digests_of(map(context_text, self.passages)), spoken


@dataclass
class Writer:
    """Writes a generation into a folder aside: first what stays of the last one, then what is added.

    The vectors of sentences, most of a generation, go to the disk as they come.
    """

    folder: Path
    recipe: Recipe
    sentences: int
    """How many there will be in all."""
    _sources: list[SourceEntry] = field(default_factory=list)
    _paths: dict[Above, int] = field(default_factory=lambda: {(): 0})
    _passages: list[Table] = field(default_factory=list)
    _sentences: list[Table] = field(default_factory=list)
    _contexts: list[Table] = field(default_factory=list)
    _lengths: list[Rows] = field(default_factory=list)
    _digests: tuple[list[Keys], list[Keys]] = field(default_factory=lambda: ([], []))
    _postings: list[tuple[Postings, Rows]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self._vectors = VectorIndex(self.recipe.dimension)
        self._lines = (self.folder / "articles.jsonl").open("wb")
        self._spoken = (self.folder / SPOKEN).open("wb")
        SentenceVectors.begin(self._spoken, self.sentences, self.recipe.dimension)

    def close(self) -> None:
        self._lines.close()
        self._spoken.close()

    def take_over(self, base: Generation, numbers: Sequence[int]) -> None:
        """Begin with the articles of another generation that have these numbers, ascending, as they are."""
        if not numbers:
            return
        kept = np.array(numbers, np.int64)
        stays = np.zeros(len(base.stored), np.bool_)
        stays[kept] = True
        renumbered = np.cumsum(stays) - 1
        passages = np.flatnonzero(stays[base.passages[:, 0]])
        rows = np.full(len(base.passages), -1, np.int64)
        rows[passages] = np.arange(len(passages))
        spoken = np.flatnonzero(rows[base.sentences[:, 0]] >= 0)
        place, spans, contexts = base.passages[passages], base.sentences[spoken], base.contexts[spoken]
        used = np.unique(np.concatenate([place[:, 3], contexts]))
        own = np.zeros(len(base.paths), np.int32)
        own[used] = [self._path(base.paths[path]) for path in used.tolist()]
        self._passages.append(
            np.column_stack([renumbered[place[:, 0]], place[:, 1:3], own[place[:, 3]]]).astype(np.int32)
        )
        self._sentences.append(np.column_stack([rows[spans[:, 0]], spans[:, 1:]]).astype(np.int32))
        self._contexts.append(own[contexts])
        for at, (stored, taken) in enumerate(zip(base.digests, (passages, spoken), strict=True)):
            self._digests[at].append(stored[taken])
        for start in range(0, len(passages), ROWS_AT_ONCE):
            self._vectors.take_over(base.vectors, passages[start : start + ROWS_AT_ONCE])
        for chunk in base.sentence_vectors.stored(_runs(spoken)):
            self._spoken.write(chunk)
        for first, stop in _runs(kept):
            self._lines.write(base.stored.lines(first, stop))
        self._lengths.append(base.stored.lengths()[kept])
        self._sources += [base.manifest.sources[number] for number in kept.tolist()]
        self._postings.append((base.postings, rows))
        self._count = len(passages)

    def add(self, contents: Contents) -> None:
        """Append articles; none of them may be there already."""
        numbers = {article.id: n + len(self._sources) for n, article in enumerate(contents.articles)}
        places = [(numbers[p.article.id], p.start, p.end, self._path(p.path)) for p in contents.passages]
        table = np.array(places, np.int32).reshape(-1, 4)
        held = np.bincount(table[:, 0] - len(self._sources), minlength=len(contents.articles))
        lines = [_line(article) for article in contents.articles]
        self._lines.write(b"".join(lines))
        self._lengths.append(np.array([len(line) for line in lines], np.int64))
        self._sources += map(_entry, contents.articles, held.tolist())
        self._passages.append(table)
        self._sentences.append(contents.sentences + np.array([self._count, 0, 0], np.int32))
        self._contexts.append(np.array([self._path(path) for path in contents.contexts], np.int32))
        texts = [context_text(passage) for passage in contents.passages]
        for known, new in zip(self._digests, contents.digests, strict=True):
            known.append(new)
        self._vectors.add(contents.vectors)
        self._spoken.write(halves(contents.sentence_vectors).tobytes())
        self._postings.append((count_terms(texts), np.arange(len(texts)) + self._count))
        self._count += len(texts)

    def finish(self, created: str, before: str | None, stale: Mapping[str, str]) -> Generation:
        """Write the rest, force everything to the disk, and return it opened; its name is that of the folder.

        The folder may be renamed to it: names that begin with a dot are those of folders aside.
        """
        from concurrent.futures import ThreadPoolExecutor  # which much that imports this never needs

        self.close()
        self._vectors.save(self.folder / "vectors.faiss")
        ends = np.cumsum(_joined(self._lengths, (0,), np.int64))
        _save(self.folder / "article_ends.npy", ends)
        _save(self.folder / "passages.npy", _joined(self._passages, (0, 4), np.int32))
        _save(self.folder / "sentences.npy", _joined(self._sentences, (0, 3), np.int32))
        _save(self.folder / "contexts.npy", _joined(self._contexts, (0,), np.int32))
        _save(self.folder / "passage_digests.npy", _joined(self._digests[0], (0, 2), np.uint64))
        _save(self.folder / "sentence_digests.npy", _joined(self._digests[1], (0, 2), np.uint64))
        (self.folder / "paths.json").write_text(json.dumps(list(self._paths), ensure_ascii=False), "utf-8")
        with ThreadPoolExecutor(1) as beside:
            # The largest by far, and written by now.
            longest = beside.submit(sha256_of, self.folder / SPOKEN)
            merged(self._postings, self._count).save(self.folder)
        paths = sorted(self.folder.iterdir())
        sums = {path: longest.result() if path.name == SPOKEN else sha256_of(path) for path in paths}
        files = {path.name: FileEntry(path.stat().st_size, sums[path]) for path in paths}
        made = Manifest(
            self.folder.name.removeprefix(ASIDE),
            created,
            before,
            self.recipe,
            self._count,
            self.sentences,
            with_reasons(self._sources, stale),
            files,
        )
        (self.folder / MANIFEST).write_bytes(manifest_json(made))
        for path in [*paths, self.folder / MANIFEST, self.folder]:
            sync(path)
        return open_generation(self.folder)

    def _path(self, path: Above) -> int:
        return self._paths.setdefault(path, len(self._paths))


def _line(article: Article) -> bytes:
    # Its fields as they are: `asdict` would copy each deeply.
    raw = {name: getattr(article, name) for name in Article.__slots__}
    return (json.dumps(raw, ensure_ascii=False) + "\n").encode()


def _entry(article: Article, passages: int) -> SourceEntry:
    text = text_sha256(article.text)
    return SourceEntry(
        article.id, article.file, article.sha256, passages, article.title, article.published, text
    )


def _runs(rows: Rows) -> Iterator[tuple[int, int]]:
    """Yield ascending rows as stretches without a gap."""
    if len(rows):
        breaks = np.flatnonzero(np.diff(rows) > 1) + 1
        firsts, lasts = np.concatenate(([0], breaks)), np.concatenate((breaks, [len(rows)])) - 1
        yield from zip(rows[firsts].tolist(), (rows[lasts] + 1).tolist(), strict=True)


def _joined(tables: Sequence[Any], empty: tuple[int, ...], kind: Any) -> Any:
    return np.concatenate(tables) if tables else np.zeros(empty, kind)


def _save(path: Path, table: Any) -> None:
    np.save(path, table, allow_pickle=False)
