"""The saved index: one immutable folder a generation, and the pointer to the current one.

    DATA/CURRENT                     the name of the current generation
    DATA/generations/NAME/           manifest.json, articles.jsonl, passages.npy, ...

A generation is written aside, read back, renamed into place, and made current by replacing one
small file.  So a reader sees a whole generation or none, whatever happens to the writer.
Knows nothing of how a generation is made.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from index.chunking import ChunkSettings, Table
from index.keywords import KeywordIndex
from index.types import Article, Encoder, FootnoteError, Passage
from index.vectors import SentenceVectors, VectorIndex

# Raise it whenever a file's layout, or what `build` puts into it, changes its meaning.
FORMAT_VERSION = 1
KEPT_GENERATIONS = 2
"""The current one, and the one before for whoever is still reading it."""
CHECK_SECONDS = 1.0
"""How soon a running bot notices a new generation."""
RETRY_SECONDS = 30.0
"""How soon it tries again one that could not be loaded, for a disk that had a bad moment."""

MANIFEST = "manifest.json"
CURRENT = "CURRENT"

_log = logging.getLogger(__name__)


class MissingGeneration(FootnoteError):
    """Nothing was built yet."""


class DamagedGeneration(FootnoteError):
    """A file of the generation is not what was written."""


class StaleGeneration(FootnoteError):
    """Another format or another embedding model: it has to be built anew."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of."""

    format: int
    id: str
    created: str
    """UTC, ISO 8601."""
    model: str
    fingerprint: str
    dimension: int
    chunking: ChunkSettings
    recipe: str
    """Hash of the code that made passages, sentences and terms of the articles."""
    sources: tuple[SourceEntry, ...]
    passages: int
    sentences: int
    files: Mapping[str, FileEntry]


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One article of a generation."""

    id: str
    file: str
    sha256: str
    passages: int


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What a file of a generation must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Generation:
    """A searchable index in memory.  Immutable, and safe to share between threads."""

    manifest: Manifest
    articles: tuple[Article, ...]
    passages: tuple[Passage, ...]
    """In order of article and text; a passage's place is its `number`."""
    sentences: Table
    """Shape `(sentences, 3)`: passage number, start, end; in order."""
    sentence_offsets: Table
    """Shape `(passages + 1,)`: passage `n` has the sentences `[offsets[n], offsets[n + 1])`."""
    vectors: VectorIndex
    sentence_vectors: SentenceVectors
    keywords: KeywordIndex

    @property
    def id(self) -> str:
        return self.manifest.id

    def sentence_rows(self, number: int) -> range:
        """The rows of `sentences` and `sentence_vectors` that belong to a passage."""
        return range(int(self.sentence_offsets[number]), int(self.sentence_offsets[number + 1]))


@dataclass(frozen=True, slots=True)
class Contents:
    """What `write_generation` saves: a generation that has no name yet."""

    articles: Sequence[Article]
    passages: Sequence[Passage]
    sentences: Table
    vectors: VectorIndex
    sentence_vectors: SentenceVectors
    keywords: KeywordIndex
    recipe: str


class LiveGeneration:
    """The current generation of a data folder, exchanged while questions are being answered."""

    def __init__(
        self, data: Path, encoder: Encoder | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._data = data
        self._encoder = encoder
        self._clock = clock
        self._loading = threading.Lock()
        self._generation: Generation | None = None
        self._failure: FootnoteError | None = None
        self._failed_at = float("-inf")
        self._checked_at = float("-inf")
        self._seen: tuple[int, ...] | None = None

    def get(self) -> Generation:
        """Return the newest generation that can be loaded; raise `FootnoteError` where there is none.

        One caller loads a new generation while the others go on with the one before.
        """
        generation = self._generation
        if generation is None:
            with self._loading:
                self._refresh()
        elif self._clock() - self._checked_at >= CHECK_SECONDS and self._loading.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._loading.release()
        if self._generation is not None:
            return self._generation
        failure = self._failure or _missing(self._data)
        # A fresh one for each caller: an exception that is raised twice grows its traceback.
        raise type(failure)(*failure.args)

    def _refresh(self) -> None:
        now = self._clock()
        self._checked_at = now
        # Looked at before loading, so that a change meanwhile is noticed next time.
        seen = _signature(self._data / CURRENT)
        if seen == self._seen and (self._failure is None or now - self._failed_at < RETRY_SECONDS):
            return
        try:
            self._generation = load_generation(self._data, self._encoder)
            self._failure = None
        except FootnoteError as error:
            self._failure, self._failed_at = error, now
            if self._generation is not None:
                _log.error("Still answering from generation %s: %s", self._generation.id, error)
        self._seen = seen


def load_generation(data: Path, encoder: Encoder | None = None) -> Generation:
    """Load the current generation, every file verified; with `encoder`, refuse another model's."""
    while True:
        name = current_name(data)
        try:
            generation = load_folder(data / "generations" / name)
            break
        except (MissingGeneration, DamagedGeneration):
            # A build may have replaced and deleted it between the two reads.
            if current_name(data) == name:
                raise
    manifest = generation.manifest
    if encoder is not None and manifest.fingerprint != encoder.fingerprint:
        raise StaleGeneration(
            f"The index in {data} was made by another model, or another version of it: {manifest.model}, not "
            f"{encoder.name}. Run `footnote build`."
        )
    return generation


def load_folder(folder: Path) -> Generation:
    """Load one generation from its folder, every file verified."""
    manifest = read_manifest(folder)
    for name, entry in manifest.files.items():
        _verify(folder / name, entry)
    try:
        return _load_files(folder, manifest)
    except (KeyError, ValueError, RuntimeError) as error:
        # Whole, as the checksums say, but written by libraries that the installed ones cannot read.
        raise _damaged(folder, f"the installed libraries cannot read it ({error})") from error


def _load_files(folder: Path, manifest: Manifest) -> Generation:
    articles = _load_articles(folder / "articles.jsonl")
    headings: list[str] = json.loads((folder / "headings.json").read_text("utf-8"))
    places = np.load(folder / "passages.npy", allow_pickle=False)
    sentences = np.load(folder / "sentences.npy", allow_pickle=False)
    return Generation(
        manifest=manifest,
        articles=articles,
        passages=tuple(
            Passage(articles[article], start, end, headings[heading] if heading >= 0 else None)
            for article, start, end, heading in places.tolist()
        ),
        sentences=sentences,
        sentence_offsets=_offsets(sentences, len(places)),
        vectors=VectorIndex.load(folder / "vectors.faiss"),
        sentence_vectors=SentenceVectors.load(folder / "sentence_vectors.npy"),
        keywords=KeywordIndex.load(folder / "terms"),
    )


def current_name(data: Path) -> str:
    """The name of the current generation; raise `MissingGeneration` where nothing was built."""
    try:
        name = (data / CURRENT).read_text("utf-8").strip()
    except FileNotFoundError as error:
        raise _missing(data) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(data / CURRENT, f"it cannot be read ({error})") from error
    if not name or name.startswith(".") or Path(name).name != name:
        raise _damaged(data / CURRENT, "it names no generation")
    return name


def read_manifest(folder: Path) -> Manifest:
    """Read and check a generation's manifest, without its files."""
    path = folder / MANIFEST
    try:
        raw = json.loads(path.read_text("utf-8"))
        version = raw["format"]
    except FileNotFoundError as error:
        raise _damaged(path, "it is missing") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, "it cannot be read") from error
    if version != FORMAT_VERSION:
        raise StaleGeneration(
            f"The index {folder} has format {version}, and this version of Footnote reads format "
            f"{FORMAT_VERSION}. Run `footnote build`."
        )
    checksum = raw.pop("checksum", None)
    if checksum != _checksum(raw):
        raise _damaged(path, "its checksum is wrong")
    raw["chunking"] = ChunkSettings(**raw["chunking"])
    raw["sources"] = tuple(SourceEntry(**entry) for entry in raw["sources"])
    raw["files"] = {name: FileEntry(**entry) for name, entry in raw["files"].items()}
    return Manifest(**raw)


def write_generation(
    data: Path, contents: Contents, encoder: Encoder, chunking: ChunkSettings, now: datetime | None = None
) -> Generation:
    """Save `contents` as a new generation, verified by reading it back; it is not yet current.

    The caller holds the build lock.  What a crash leaves behind is removed by the next call.
    """
    created = now or datetime.now(UTC)
    generations = data / "generations"
    generations.mkdir(parents=True, exist_ok=True)
    for leftover in generations.glob(".new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    name = f"{created:%Y%m%d-%H%M%S}-{_identity(contents, encoder, chunking, created)}"
    aside = generations / f".new-{name}"
    try:
        aside.mkdir()
        _write_files(aside, contents)
        _write_manifest(aside, name, created, contents, encoder, chunking)
        _sync_tree(aside)
        generation = load_folder(aside)
        os.rename(aside, generations / name)
        _sync(generations)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return generation


def make_current(data: Path, name: str) -> None:
    """Point `CURRENT` at a generation: the one step that readers notice."""
    aside = data / f".{CURRENT}.new"
    with aside.open("w", encoding="utf-8") as stream:
        stream.write(name + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(aside, data / CURRENT)
    _sync(data)


def prune(data: Path, keep: int = KEPT_GENERATIONS) -> list[str]:
    """Delete all but the newest `keep` generations, never the current one; return their names."""
    current = current_name(data)
    names = sorted(
        entry.name
        for entry in (data / "generations").iterdir()
        if entry.is_dir() and not entry.name.startswith(".") and entry.name != current
    )
    gone = names[: max(0, len(names) - (keep - 1))]
    for name in gone:
        shutil.rmtree(data / "generations" / name, ignore_errors=True)
    return gone


def _write_files(folder: Path, contents: Contents) -> None:
    with (folder / "articles.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
        for article in contents.articles:
            stream.write(json.dumps(asdict(article), ensure_ascii=False) + "\n")
    articles = {article.id: number for number, article in enumerate(contents.articles)}
    headings = {h: i for i, h in enumerate(dict.fromkeys(p.heading for p in contents.passages if p.heading))}
    places = [
        (articles[p.article.id], p.start, p.end, headings[p.heading] if p.heading else -1)
        for p in contents.passages
    ]
    (folder / "headings.json").write_text(json.dumps(list(headings), ensure_ascii=False), "utf-8")
    np.save(folder / "passages.npy", np.array(places, dtype=np.int32).reshape(-1, 4), allow_pickle=False)
    np.save(folder / "sentences.npy", contents.sentences, allow_pickle=False)
    contents.vectors.save(folder / "vectors.faiss")
    contents.sentence_vectors.save(folder / "sentence_vectors.npy")
    contents.keywords.save(folder / "terms")


def _write_manifest(
    folder: Path, name: str, created: datetime, contents: Contents, encoder: Encoder, chunking: ChunkSettings
) -> None:
    held = Counter(passage.article.id for passage in contents.passages)
    manifest = Manifest(
        format=FORMAT_VERSION,
        id=name,
        created=created.astimezone(UTC).isoformat(timespec="seconds"),
        model=encoder.name,
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        chunking=chunking,
        recipe=contents.recipe,
        sources=tuple(SourceEntry(a.id, a.file, a.sha256, held[a.id]) for a in contents.articles),
        passages=len(contents.passages),
        sentences=len(contents.sentences),
        files={
            path.relative_to(folder).as_posix(): FileEntry(path.stat().st_size, _sha256(path))
            for path in _files(folder)
        },
    )
    raw = asdict(manifest)
    raw["checksum"] = _checksum(raw)
    # Ends with its brace: a line end could be torn off without any reader noticing.
    (folder / MANIFEST).write_text(json.dumps(raw, ensure_ascii=False, indent=1), "utf-8")


def _load_articles(path: Path) -> tuple[Article, ...]:
    # Only "\n" ends a record: a text may hold other characters that Python takes for line ends.
    with path.open(encoding="utf-8", newline="\n") as stream:
        return tuple(Article(**json.loads(line)) for line in stream)


def _offsets(sentences: Table, passages: int) -> Table:
    counts = np.bincount(sentences[:, 0], minlength=passages)
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int32)


def _verify(path: Path, entry: FileEntry) -> None:
    try:
        size = path.stat().st_size
        if size != entry.bytes:
            raise _damaged(path, f"it has {size:,} bytes instead of {entry.bytes:,}")
        if _sha256(path) != entry.sha256:
            raise _damaged(path, "its checksum is wrong")
    except FileNotFoundError as error:
        raise _damaged(path, "it is missing") from error
    except OSError as error:
        raise _damaged(path, f"it cannot be read ({error.strerror})") from error


def _missing(data: Path) -> MissingGeneration:
    return MissingGeneration(f"There is no index in {data} yet. Run `footnote build`.")


def _damaged(path: Path, how: str) -> DamagedGeneration:
    return DamagedGeneration(f"The index is damaged: {path}: {how}. Run `footnote build`.")


def _identity(contents: Contents, encoder: Encoder, chunking: ChunkSettings, created: datetime) -> str:
    digest = hashlib.sha256(f"{created.isoformat()} {encoder.fingerprint} {chunking}".encode())
    for article in contents.articles:
        digest.update(f"{article.id} {article.sha256}\n".encode())
    return digest.hexdigest()[:8]


def _checksum(raw: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _signature(path: Path) -> tuple[int, ...] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_ino, state.st_size


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    """Force a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
