"""One state of the index: an immutable folder that is written aside, then opened and searched.

    DATA/generations/NAME/    manifest.json, articles.jsonl, passages.npy, vectors.faiss, ...

Knows nothing of which generation is current, nor of where its contents come from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from index.article import text_sha256
from index.chunking import context_text
from index.files import sync
from index.keywords import MAX_COUNT, KeywordIndex, Postings, count_terms, merged
from index.manifest import (
    ASIDE,
    MANIFEST,
    FileEntry,
    Manifest,
    Recipe,
    SourceEntry,
    check_bytes,
    check_sizes,
    damaged,
    manifest_json,
    read_manifest,
    sha256_of,
    with_reasons,
)
from index.store import Found, ReadPassage, Shelf
from index.types import Article, Mask, Passage, Rows, Scope, Table, Vectors, collection_of
from index.vectors import SentenceVectors, VectorIndex, halves

# A fixed sample of the collection tells how high a cosine is for no reason at all.
BACKGROUND_PASSAGES = 1_000
# Rows that are looked at together when vectors are copied or checked: 30 MB.
ROWS_AT_ONCE = 20_000
BYTES_AT_ONCE = 2**23
NEWEST = 5
DIGEST_BYTES = 16

Above = tuple[str, ...]
Keys = npt.NDArray[np.uint64]


def digest(text: str) -> bytes:
    """Return what a text's vector is kept under: an equal text has an equal vector."""
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


@dataclass(frozen=True, slots=True)
class Contents:
    """Articles with all that is worked out about them."""

    articles: Sequence[Article]
    passages: Sequence[Passage]
    """In order of article and text."""
    sentences: Table
    """Shape `(sentences, 3)`: passage number, start, end; in order."""
    contexts: Sequence[Above]
    """What each sentence is searched with besides its own words."""
    vectors: Vectors
    """Shape `(passages, dimension)`, float32."""
    sentence_vectors: Vectors
    """Shape `(sentences, dimension)`, float32."""
    sentence_texts: Sequence[str] = ()
    """What each sentence vector was made of; empty if nobody will look for it again."""


class Articles(Sequence[Article]):
    """Articles that are parsed when they are first asked for, and then kept."""

    def __init__(self, lines: Any, ends: Rows) -> None:
        """`lines` are the bytes of JSON Lines; each ends, with its "\\n", where `ends` says."""
        self._lines = lines
        self._starts = np.concatenate(([0], ends))
        self._parsed: dict[int, Article] = {}

    def lines(self, first: int, stop: int) -> bytes:
        """Return articles as they are stored."""
        return bytes(self._lines[self._starts[first] : self._starts[stop]])

    def lengths(self) -> Rows:
        """Return how many bytes each line has, shape `(articles,)`."""
        return np.diff(self._starts)

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, number: int) -> Article: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Article, ...]: ...

    def __getitem__(self, number: int | slice) -> Article | tuple[Article, ...]:
        if isinstance(number, slice):
            return tuple(self[n] for n in range(*number.indices(len(self))))
        number = range(len(self))[number]
        article = self._parsed.get(number)
        if article is None:
            fields = json.loads(self.lines(number, number + 1))
            fields["also"] = tuple(fields["also"])
            # If two threads parse it at once, both get the one that was kept first.
            article = self._parsed.setdefault(number, Article(**fields))
        return article


class _Some(Sequence[Article]):
    """Some of the articles, each parsed when it is asked for."""

    def __init__(self, articles: Articles, numbers: Sequence[int]) -> None:
        self._articles = articles
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> Article: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Article, ...]: ...

    def __getitem__(self, place: int | slice) -> Article | tuple[Article, ...]:
        if isinstance(place, slice):
            return tuple(self._articles[number] for number in self._numbers[place])
        return self._articles[self._numbers[place]]


@dataclass(frozen=True, eq=False)
class Generation:
    """A `Snapshot` of files, memory-mapped.  Immutable and thread-safe.  A key is a passage's row."""

    manifest: Manifest
    stored: Articles
    """In the order of `manifest.sources`."""
    paths: Sequence[Above]
    """What stands above passages and sentences, each once."""
    passages: Table
    """Shape `(passages, 4)`: article, start, end, path; in order."""
    sentences: Table
    """Shape `(sentences, 3)`: passage, start, end; in order."""
    contexts: Table
    """Shape `(sentences,)`: the path that each sentence is searched with besides its own words."""
    vectors: VectorIndex
    sentence_vectors: SentenceVectors
    postings: Postings
    digests: tuple[Keys, Keys]
    """Of the texts of passages and of sentences: shape `(rows, 2)`, the halves of what `digest` gives."""

    @property
    def id(self) -> str:
        return self.manifest.id

    @cached_property
    def keywords(self) -> KeywordIndex:
        return KeywordIndex(self.postings)

    @cached_property
    def background(self) -> Vectors:
        sample = _sample(self._passage_keys())
        if not len(sample):
            return np.zeros(self.manifest.recipe.dimension, np.float32)
        return np.asarray(self.vectors.reconstruct(sample).mean(axis=0), np.float32)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Of the articles, by id."""
        return {entry.id: number for number, entry in enumerate(self.manifest.sources)}

    @cached_property
    def offsets(self) -> Table:
        """Shape `(passages + 1,)`: passage `n` has the sentences `[offsets[n], offsets[n + 1])`."""
        return np.searchsorted(self.sentences[:, 0], np.arange(len(self.passages) + 1)).astype(np.int32)

    @cached_property
    def sentence_counts(self) -> Rows:
        """How many sentences each article has, shape `(articles,)`."""
        return np.bincount(self.passages[self.sentences[:, 0], 0], minlength=len(self.stored))

    @cached_property
    def _by_file(self) -> list[int]:
        sources = self.manifest.sources
        return sorted(range(len(sources)), key=lambda number: sources[number].file)

    @cached_property
    def _collections(self) -> tuple[list[str], Table]:
        """The collections, and which of them each passage is of, shape `(passages,)`."""
        names = [collection_of(entry.file) for entry in self.manifest.sources]
        known = {name: number for number, name in enumerate(dict.fromkeys(names))}
        of_article = np.array([known[name] for name in names], np.int32)
        return list(known), of_article[self.passages[:, 0]]

    def prepare(self) -> None:
        """Work out now what the first question would wait for."""
        _ = self.keywords, self.background, self.numbers, self.offsets

    def weights(self, terms: Iterable[str]) -> dict[str, float]:
        return {term: self.keywords.idf(term) for term in terms}

    def find(self, vector: Vectors, weights: Mapping[str, float], wanted: int, scope: Scope) -> Found:
        return self.find_among(vector, weights, wanted, self._inside(scope))

    def find_among(
        self, vector: Vectors, weights: Mapping[str, float], wanted: int, allowed: Mask | None
    ) -> Found:
        """As `find`, among the passages that `allowed`, shape `(passages,)`, has True; None for all."""
        matches = self.keywords.matches(weights)
        dense = self.vectors.search(vector[None, :], wanted, allowed)[1][0]
        candidates = np.union1d(dense, matches.highest(wanted, allowed)).astype(np.int64)
        around = candidates[:, None] + np.array([-1, 1])
        inside = (around >= 0) & (around < len(self.passages))
        around = np.where(inside, around, 0)
        inside &= self.passages[around, 0] == self.passages[candidates, 0][:, None]
        if allowed is not None:
            inside &= allowed[around]
        keys = np.union1d(candidates, around[inside]).astype(np.int64)
        return Found(
            keys=keys,
            cosine=self.vectors.reconstruct(keys) @ vector,
            bm25=matches.at(keys),
            candidates=np.searchsorted(keys, candidates),
            neighbours=np.where(inside, np.searchsorted(keys, around), -1),
        )

    def read(self, keys: Sequence[int], vector: Vectors) -> list[ReadPassage]:
        return [self._read(key, vector) for key in keys]

    def _read(self, key: int, vector: Vectors) -> ReadPassage:
        rows = slice(*self.offsets[key : key + 2].tolist())
        return ReadPassage(
            passage=self.passage(key),
            spans=self.sentences[rows, 1:],
            contexts=[self.paths[path] for path in self.contexts[rows].tolist()],
            cosines=self.sentence_vectors.rows(rows) @ vector,
        )

    def passage(self, key: int) -> Passage:
        """Raise `IndexError` if there is none."""
        article, start, end, path = self.passages[key].tolist()
        return Passage(self.stored[article], start, end, self.paths[path])

    def article(self, id: str) -> Article | None:
        number = self.numbers.get(id)
        return None if number is None else self.stored[number]

    def articles(self, scope: Scope = None) -> Sequence[Article]:
        sources = self.manifest.sources
        numbers = [n for n in self._by_file if scope is None or collection_of(sources[n].file) in scope]
        return _Some(self.stored, numbers)

    def sentences_of(self, id: str) -> tuple[list[tuple[int, int]], Vectors]:
        passages = self.passages_of([id])
        first, stop = (int(passages[0]), int(passages[-1]) + 1) if len(passages) else (0, 0)
        rows = slice(int(self.offsets[first]), int(self.offsets[stop]))
        spans = [(int(start), int(end)) for _, start, end in self.sentences[rows]]
        return spans, self.sentence_vectors.rows(rows)

    def passages_of(self, ids: Iterable[str]) -> Rows:
        numbers = [self.numbers[id] for id in ids if id in self.numbers]
        return np.flatnonzero(np.isin(self.passages[:, 0], numbers))

    def shelves(self, scope: Scope = None) -> list[Shelf]:
        shelves = []
        ordered = sorted(self.articles(scope), key=lambda article: article.collection)
        passages = {entry.id: entry.passages for entry in self.manifest.sources}
        for name, group in groupby(ordered, lambda article: article.collection):
            held = list(group)
            newest = sorted(held, key=lambda a: (a.published or "", a.title), reverse=True)[:NEWEST]
            shelves.append(Shelf(name, len(held), sum(passages[a.id] for a in held), tuple(newest)))
        return shelves

    def known_vectors(self, wanted: Collection[bytes]) -> dict[bytes, Vectors]:
        """Return the vectors of texts, by their digests, so far as there are any."""
        if not wanted:
            return {}
        halved = np.frombuffer(b"".join(wanted), "<u8").reshape(-1, 2)
        first = np.unique(halved[:, 0])
        asked = set(wanted)
        found: dict[bytes, Vectors] = {}
        for stored, vectors in zip(
            self.digests, (self.vectors.reconstruct, self.sentence_vectors.rows), strict=True
        ):
            place = np.searchsorted(first, stored[:, 0])
            place[place == len(first)] = 0
            rows = np.flatnonzero(first[place] == stored[:, 0])
            names = [row.tobytes() for row in np.asarray(stored[rows])]
            new = {name: row for name, row in zip(names, rows.tolist(), strict=True) if name in asked}
            new = {name: row for name, row in new.items() if name not in found}
            found |= dict(zip(new, vectors(np.array(list(new.values()), np.int64)), strict=True))
        return found

    def _inside(self, scope: Scope) -> Mask | None:
        if scope is None:
            return None
        names, owners = self._collections
        # Shape `(collections + 1,)`, so that an empty index has one too.
        inside: Mask = np.array([name in scope for name in names] + [False], np.bool_)[owners]
        return inside

    def _passage_keys(self) -> Keys:
        """A number for each passage that looks like chance, and is the same in every index."""
        owners = [
            int.from_bytes(hashlib.blake2b(f"{s.id}\n{s.sha256}".encode(), digest_size=8).digest(), "little")
            for s in self.manifest.sources
        ]
        keys = np.array(owners, np.uint64)[self.passages[:, 0]] + self.passages[:, 1].astype(np.uint64)
        # The last steps of MurmurHash3: they spread what differs by one over all bits.
        keys ^= keys >> np.uint64(33)
        keys *= np.uint64(0xFF51AFD7ED558CCD)
        keys ^= keys >> np.uint64(33)
        keys *= np.uint64(0xC4CEB9FE1A85EC53)
        return np.asarray(keys ^ (keys >> np.uint64(33)))


@dataclass
class Writer:
    """Writes a generation into a folder aside: first what stays of the last one, then what is added.

    The vectors of sentences, most of a generation, go to the disk as they come.
    """

    folder: Path
    recipe: Recipe
    sentences: int
    """How many there will be in all."""
    base: Generation | None = None
    keep: Sequence[int] = ()
    """The articles of `base` that stay as they are, by number, ascending."""
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
        self._spoken = (self.folder / "sentence_vectors.npy").open("wb")
        SentenceVectors.begin(self._spoken, self.sentences, self.recipe.dimension)
        if self.base is not None and self.keep:
            self._take_over(self.base, np.array(self.keep, np.int64))

    def close(self) -> None:
        self._lines.close()
        self._spoken.close()

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
        self._digests[0].append(_digests(texts))
        self._digests[1].append(
            _digests(contents.sentence_texts)
            if len(contents.sentence_texts)
            else np.zeros((len(contents.sentences), 2), np.uint64)
        )
        self._vectors.add(contents.vectors)
        self._spoken.write(halves(contents.sentence_vectors).tobytes())
        self._postings.append((count_terms(texts), np.arange(len(texts)) + self._count))
        self._count += len(texts)

    def finish(self, created: str, before: str | None, stale: Mapping[str, str]) -> Generation:
        """Write the rest, force everything to the disk, and return it opened; its name is that of the folder.

        The folder may be renamed to it: names that begin with a dot are those of folders aside.
        """
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
        merged(self._postings, self._count).save(self.folder)
        paths = sorted(self.folder.iterdir())
        files = {path.name: FileEntry(path.stat().st_size, sha256_of(path)) for path in paths}
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

    def _take_over(self, base: Generation, kept: Rows) -> None:
        stays = np.zeros(len(base.stored), np.bool_)
        stays[kept] = True
        numbers = np.cumsum(stays) - 1
        passages = np.flatnonzero(stays[base.passages[:, 0]])
        rows = np.full(len(base.passages), -1, np.int64)
        rows[passages] = np.arange(len(passages))
        spoken = np.flatnonzero(rows[base.sentences[:, 0]] >= 0)
        place, spans, contexts = base.passages[passages], base.sentences[spoken], base.contexts[spoken]
        used = np.unique(np.concatenate([place[:, 3], contexts]))
        own = np.zeros(len(base.paths), np.int32)
        own[used] = [self._path(base.paths[path]) for path in used.tolist()]
        self._passages.append(
            np.column_stack([numbers[place[:, 0]], place[:, 1:3], own[place[:, 3]]]).astype(np.int32)
        )
        self._sentences.append(np.column_stack([rows[spans[:, 0]], spans[:, 1:]]).astype(np.int32))
        self._contexts.append(own[contexts])
        for at, (stored, taken) in enumerate(zip(base.digests, (passages, spoken), strict=True)):
            self._digests[at].append(stored[taken])
        for start in range(0, len(passages), ROWS_AT_ONCE):
            self._vectors.add(base.vectors.reconstruct(passages[start : start + ROWS_AT_ONCE]))
        for chunk in base.sentence_vectors.stored(_runs(spoken)):
            self._spoken.write(chunk)
        for first, stop in _runs(kept):
            self._lines.write(base.stored.lines(first, stop))
        self._lengths.append(base.stored.lengths()[kept])
        self._sources += [base.manifest.sources[number] for number in kept.tolist()]
        self._postings.append((base.postings, rows))
        self._count = len(passages)

    def _path(self, path: Above) -> int:
        return self._paths.setdefault(path, len(self._paths))


def open_generation(folder: Path) -> Generation:
    """Open a generation whose files all have their sizes; raise `FootnoteError`."""
    manifest = read_manifest(folder)
    check_sizes(folder, manifest)
    try:
        lines = _mapped(folder / "articles.jsonl")
        return Generation(
            manifest=manifest,
            stored=Articles(lines, np.load(folder / "article_ends.npy", allow_pickle=False)),
            paths=[tuple(path) for path in json.loads((folder / "paths.json").read_text("utf-8"))],
            passages=np.load(folder / "passages.npy", allow_pickle=False),
            sentences=_mapped_table(folder / "sentences.npy"),
            contexts=_mapped_table(folder / "contexts.npy"),
            vectors=VectorIndex.load(folder / "vectors.faiss"),
            sentence_vectors=SentenceVectors.load(folder / "sentence_vectors.npy"),
            postings=Postings.load(folder),
            digests=(
                _mapped_table(folder / "passage_digests.npy"),
                _mapped_table(folder / "sentence_digests.npy"),
            ),
        )
    except (KeyError, ValueError, RuntimeError, OSError) as error:
        # Of the right size, but written by libraries that the installed ones cannot read; or deleted since.
        raise damaged(folder, f"the installed libraries cannot read it ({error})") from error


def check_generation(folder: Path) -> Generation:
    """Read a generation bit by bit, and compare all its parts; raise `DamagedGeneration`."""
    check_bytes(folder, read_manifest(folder))
    generation = open_generation(folder)
    try:
        complaint = flaw(generation)
    except (IndexError, ValueError) as error:
        complaint = f"its parts do not belong together ({error})"
    if complaint is not None:
        raise damaged(folder, complaint)
    return generation


def flaw(generation: Generation) -> str | None:
    """Return what is wrong with the contents of a generation whose files are whole; None if all is well."""
    places, sentences, postings = generation.passages, generation.sentences, generation.postings
    sources = generation.manifest.sources
    counts = {len(places), len(generation.vectors), len(postings), len(generation.digests[0])}
    spoken = {len(sentences), len(generation.sentence_vectors), len(generation.contexts)}
    spoken.add(len(generation.digests[1]))
    if counts != {generation.manifest.passages} or spoken != {generation.manifest.sentences}:
        return "its parts do not belong together"
    if len(sources) != len(generation.stored) or len({entry.id for entry in sources}) < len(sources):
        return "its articles are not those of its manifest"
    ends = []
    for entry, article in zip(sources, generation.stored, strict=True):
        if (article.id, article.file, article.sha256) != (entry.id, entry.file, entry.sha256):
            return f"its article {entry.id} is another one"
        ends.append(len(article.text))
    held = np.bincount(places[:, 0], minlength=len(ends))
    if held.tolist() != [entry.passages for entry in sources]:
        return "its passages are not those of its articles"
    if not _in_order(places[:, :3], np.array(ends, np.int64)):
        return "a passage lies outside its article"
    for numbers in (places[:, 3], generation.contexts):
        if not ((numbers >= 0) & (numbers < len(generation.paths))).all():
            return "what stands above a sentence is missing"
    if not np.bincount(sentences[:, 0], minlength=len(places)).all():
        return "a passage has no sentence"
    starts, stops = places[:, 1].astype(np.int64), places[:, 2].astype(np.int64)
    if not _in_order(sentences, stops) or (sentences[:, 1] < starts[sentences[:, 0]]).any():
        return "a sentence lies outside its passage"
    if not _terms_agree(postings):
        return "its terms do not belong together"
    if not _finite(generation.vectors.reconstruct, len(places)) or not _finite(
        generation.sentence_vectors.rows, len(sentences)
    ):
        return "a vector is no vector"
    return None


def in_memory(manifest: Manifest, contents: Contents) -> Generation:
    """Return the generation that a build of `contents` alone would have made, saved nowhere."""
    lines = [_line(article) for article in contents.articles]
    known = dict.fromkeys([(), *(p.path for p in contents.passages), *contents.contexts])
    paths = {path: number for number, path in enumerate(known)}
    numbers = {article.id: number for number, article in enumerate(contents.articles)}
    places = [(numbers[p.article.id], p.start, p.end, paths[p.path]) for p in contents.passages]
    table = np.array(places, np.int32).reshape(-1, 4)
    held = np.bincount(table[:, 0], minlength=len(lines)).tolist()
    sources = with_reasons(map(_entry, contents.articles, held), {})
    none = np.zeros((0, 2), np.uint64)
    return Generation(
        manifest=Manifest(
            *(manifest.id, manifest.created, None, manifest.recipe),
            *(len(table), len(contents.sentences), sources, {}),
        ),
        stored=Articles(b"".join(lines), np.cumsum([len(line) for line in lines], dtype=np.int64)),
        paths=list(paths),
        passages=table,
        sentences=contents.sentences,
        contexts=np.array([paths[path] for path in contents.contexts], np.int32),
        vectors=VectorIndex.build(contents.vectors),
        sentence_vectors=SentenceVectors.build(contents.sentence_vectors),
        postings=count_terms(context_text(passage) for passage in contents.passages),
        digests=(none, none),
    )


def _sample(keys: Keys) -> Rows:
    """Return the passages with the lowest keys, in order of these, whatever order the articles are in."""
    if len(keys) > BACKGROUND_PASSAGES:
        chosen = np.argpartition(keys, BACKGROUND_PASSAGES)[:BACKGROUND_PASSAGES]
        return chosen[np.argsort(keys[chosen])]
    return np.argsort(keys, kind="stable")


def _line(article: Article) -> bytes:
    # Its fields as they are: `asdict` would copy each deeply.
    raw = {name: getattr(article, name) for name in Article.__slots__}
    return (json.dumps(raw, ensure_ascii=False) + "\n").encode()


def _entry(article: Article, passages: int) -> SourceEntry:
    text = text_sha256(article.text)
    return SourceEntry(
        article.id, article.file, article.sha256, passages, article.title, article.published, text
    )


def _digests(texts: Iterable[str]) -> Keys:
    return np.frombuffer(b"".join(map(digest, texts)), "<u8").reshape(-1, 2)


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


def _mapped_table(path: Path) -> Any:
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


def _mapped(path: Path) -> Any:
    """Map the bytes of a file; no file system maps an empty one."""
    if not path.stat().st_size:
        return b""
    return np.memmap(path, np.uint8, "r").view(np.ndarray)


def _in_order(spans: Table, ends: Rows) -> bool:
    """Whether spans (owner, start, end) are in order, do not overlap, and end within their owners."""
    owner, start, end = spans[:, 0].astype(np.int64), spans[:, 1], spans[:, 2]
    if not len(spans):
        return True
    if owner.min() < 0 or owner.max() >= len(ends):
        return False
    same = owner[1:] == owner[:-1]
    return bool(
        (start >= 0).all()
        and (start < end).all()
        and (end <= ends[owner]).all()
        and (np.diff(owner) >= 0).all()
        and (start[1:][same] >= end[:-1][same]).all()
    )


def _terms_agree(postings: Postings) -> bool:
    starts, rows = postings.starts, postings.rows
    if not (
        len(starts) == len(postings.term_keys) + 1
        and len(rows) == len(postings.counts) == starts[-1]
        and starts[0] == 0
        and (np.diff(starts) > 0).all()
        and (postings.term_keys[1:] > postings.term_keys[:-1]).all()
    ):
        return False
    if not len(rows):
        return not postings.lengths.any()
    if rows.min() < 0 or rows.max() >= len(postings):
        return False
    totals = np.bincount(rows, postings.counts, minlength=len(postings))
    capped = bool((postings.counts == MAX_COUNT).any())
    return capped or bool((totals == postings.lengths).all())


def _finite(rows: Callable[[Rows], Vectors], count: int) -> bool:
    return all(
        np.isfinite(rows(np.arange(start, min(start + ROWS_AT_ONCE, count)))).all()
        for start in range(0, count, ROWS_AT_ONCE)
    )
