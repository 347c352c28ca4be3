"""What the saved index says of itself: which generation is current, and what each is made of.

    DATA/CURRENT                          the name of the current generation
    DATA/generations/NAME/manifest.json   which segments it is made of
    DATA/segments/NAME/manifest.json      the articles of a segment, and its files with their checksums

The name of a segment is the checksum of its manifest: a name vouches for every byte below it.  Reads,
and opens none of the files: who only asks what is indexed does without the libraries for that.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from index.types import ChunkSettings, FootnoteError

# Raise it whenever a file's layout, or what `build` puts into it, changes its meaning.
FORMAT_VERSION = 3

CURRENT = "CURRENT"
GENERATIONS = "generations"
SEGMENTS = "segments"
MANIFEST = "manifest.json"
TRUSTED = "trusted.json"
NAME_CHARS = 32
# Clocks of file systems tick in hundredths of a second; what was written that shortly before it was
# looked at may have been written again since without a sign.
TICK_NS = 20_000_000

# Size, times and number of a file, as the file system has them.
Look = tuple[int, int, int, int]
Looks = Mapping[str, Look | None]
"""By file; None for one that cannot be looked at."""

_Found = TypeVar("_Found")


class MissingGeneration(FootnoteError):
    """Nothing was built yet."""


class StaleGeneration(FootnoteError):
    """Another format or another embedding model: it has to be built anew."""


class DamagedGeneration(FootnoteError):
    """A file of the index is not what was written."""


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One article of the index."""

    id: str
    file: str
    sha256: str
    """Of the file's bytes."""
    passages: int
    title: str = ""
    published: str | None = None
    text_sha256: str = ""
    """Of the text without the blanks around it: two articles with the same one are twins."""
    stale: str | None = None
    """Why the file as it is now cannot be used, so that its last good version stays; None where it can."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What a file of a segment must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SegmentManifest:
    """What a segment is made of."""

    name: str
    sources: tuple[SourceEntry, ...]
    """In order of their passages."""
    files: Mapping[str, FileEntry]
    sentences: int | None
    """None where an earlier version of Footnote, which did not say, wrote it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of."""

    format: int
    id: str
    created: str
    """UTC, ISO 8601, with microseconds."""
    before: str | None
    """The generation that was current when this one was made."""
    model: str
    fingerprint: str
    dimension: int
    chunking: ChunkSettings
    recipe: str
    """Hash of the code that made passages, sentences and terms of the articles."""
    segments: tuple[str, ...]
    stale: Mapping[str, str]
    """Articles whose files cannot be used as they are now -> why; their last good version stays."""
    passages: int
    sentences: int
    sources: tuple[SourceEntry, ...]
    """In order of their passages."""
    precisions: tuple[str, ...] = ()
    """In which its vectors were worked out, as `int8`; empty where the encoder does not say.

    Near enough to each other to be searched together, or the encoder would not have used them.
    """


def indexed_sources(data: Path) -> Mapping[str, SourceEntry]:
    """The articles of the current generation by id; raise `FootnoteError`."""
    return {entry.id: entry for entry in current_manifest(data).sources}


def current_manifest(data: Path) -> Manifest:
    """Raise `FootnoteError` where there is no index, or its manifest cannot be read."""
    return read_current(data, lambda name: read_manifest(data / GENERATIONS / name))


def trusted_manifest(data: Path) -> Manifest:
    """The current manifest, whose files are all there and look as when they were last verified.

    Those that do not are verified now, byte by byte; raise `FootnoteError` where one is damaged.
    """

    def read(name: str) -> Manifest:
        manifest, parts = read_generation(data, name)
        for part in parts:
            folder = data / SEGMENTS / part.name
            verify_changed(folder, part, looks_of(folder, part))
        return manifest

    return read_current(data, read)


def read_current(data: Path, read: Callable[[str], _Found]) -> _Found:
    """What `read` makes of the current generation's name, also where a build exchanges it meanwhile."""
    while True:
        name = current_name(data)
        try:
            return read(name)
        except (MissingGeneration, DamagedGeneration):
            # A build may have replaced and deleted it since its name was read.
            if current_name(data) == name:
                raise


def current_name(data: Path) -> str:
    """The name of the current generation; raise `MissingGeneration` where nothing was built."""
    return _pointer(data)[0]


def held_back(data: Path) -> str | None:
    """The generation that `rollback` went back from; None where the current one came of a build."""
    return _pointer(data)[1]


def kept_generations(data: Path) -> list[str]:
    """The generations that could be made current, newest first; damaged ones are left out."""
    found = []
    with suppress(FileNotFoundError):
        for folder in (data / GENERATIONS).iterdir():
            if not folder.name.startswith("."):
                with suppress(FootnoteError):
                    found.append((checked(folder)["created"], folder.name))
    return [name for _, name in sorted(found, reverse=True)]


def segment_names(folder: Path) -> tuple[str, ...]:
    """The segments of a generation, from its own manifest alone."""
    return tuple(checked(folder)["segments"])


def read_manifest(folder: Path) -> Manifest:
    """Read and check a generation's manifest and those of its segments, without any other file."""
    return read_generation(folder.parent.parent, folder.name)[0]


def read_generation(data: Path, name: str) -> tuple[Manifest, tuple[SegmentManifest, ...]]:
    """Read and check a generation's manifest and those of its segments, without any other file."""
    folder = data / GENERATIONS / name
    raw = checked(folder)
    try:
        stale = dict(raw["stale"])
        raw["chunking"] = ChunkSettings(**raw["chunking"])
        raw["segments"] = tuple(raw["segments"])
        raw["precisions"] = tuple(raw.get("precisions", ()))
        parts = tuple(read_segment_manifest(data / SEGMENTS / name, name) for name in raw["segments"])
        sources = with_reasons((part.sources for part in parts), stale)
        return Manifest(**{**raw, "stale": stale}, sources=sources), parts
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(folder / MANIFEST, "it was written by another version") from error


def with_reasons(
    sources: Iterable[Iterable[SourceEntry]], stale: Mapping[str, str]
) -> tuple[SourceEntry, ...]:
    """The articles of some segments, and why the files of some cannot be used as they are now."""
    every = chain.from_iterable(sources)
    return tuple(replace(s, stale=stale[s.id]) if s.id in stale else s for s in every)


def checked(folder: Path) -> dict[str, Any]:
    """The fields of a generation's own manifest; raise `FootnoteError` where they are damaged or stale."""
    path = folder / MANIFEST
    try:
        raw = json.loads(path.read_text("utf-8"))
        version = raw["format"]
    except FileNotFoundError as error:
        raise damaged(path, "it is missing") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, "it cannot be read") from error
    if version != FORMAT_VERSION:
        raise StaleGeneration(
            f"The index {folder} has format {version}, and this version of Footnote reads format "
            f"{FORMAT_VERSION}. Run `footnote build`."
        )
    checksum = raw.pop("checksum", None)
    if checksum != checksum_of(raw):
        raise damaged(path, "its checksum is wrong")
    return dict(raw)


def checksum_of(raw: Mapping[str, Any]) -> str:
    """Of the fields of a generation's manifest."""
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def read_segment_manifest(folder: Path, name: str) -> SegmentManifest:
    """Read and check the manifest of the segment `name`, which lies in `folder`."""
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise damaged(path, "it is missing") from error
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror})") from error
    if segment_name(raw) != name:
        raise damaged(path, "its checksum is wrong")
    try:
        fields = json.loads(raw)
        return SegmentManifest(
            name,
            tuple(SourceEntry(**entry) for entry in fields["sources"]),
            {file: FileEntry(**entry) for file, entry in fields["files"].items()},
            fields.get("sentences"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(path, "it was written by another version") from error


def segment_name(manifest: bytes) -> str:
    """The name of the segment that has this manifest."""
    return hashlib.sha256(manifest).hexdigest()[:NAME_CHARS]


def verify_files(folder: Path, manifest: SegmentManifest) -> None:
    """Read every byte of a segment; raise `DamagedGeneration`."""
    with distrusting(folder):
        for file, entry in manifest.files.items():
            _verify(folder / file, entry)


def looks_of(folder: Path, manifest: SegmentManifest) -> Looks:
    """How the files of a segment look now."""
    return {file: _look(folder / file) for file in manifest.files}


def verify_changed(folder: Path, manifest: SegmentManifest, looks: Looks) -> bool:
    """Read the files of a segment that do not look as when they were last verified.

    Return whether there was one; raise `DamagedGeneration`.
    """
    known = _trusted(folder)
    changed = [file for file, look in looks.items() if look is None or known.get(file) != look]
    with distrusting(folder):
        for file in changed:
            _verify(folder / file, manifest.files[file])
    return bool(changed)


def trust(folder: Path, looks: Looks) -> None:
    """Keep how the files of a segment looked before they were verified and opened.

    A folder that refuses is no fault.  The caller holds the build lock.
    """
    with suppress(OSError):
        (folder / TRUSTED).write_text(json.dumps({"at": time.time_ns(), "files": looks}), "utf-8")


@contextmanager
def distrusting(folder: Path) -> Iterator[None]:
    """Where the segment in `folder` turns out damaged, whoever trusts it shall look next time."""
    try:
        yield
    except DamagedGeneration:
        with suppress(OSError):
            (folder / TRUSTED).unlink(missing_ok=True)
        raise


def damaged(path: Path, how: str) -> DamagedGeneration:
    return DamagedGeneration(f"The index is damaged: {path}: {how}. Run `footnote build`.")


def missing(data: Path) -> MissingGeneration:
    return MissingGeneration(f"There is no index in {data} yet. Run `footnote build`.")


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _pointer(data: Path) -> tuple[str, str | None]:
    try:
        lines = (data / CURRENT).read_text("utf-8").split("\n")
    except FileNotFoundError as error:
        raise missing(data) from error
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(data / CURRENT, f"it cannot be read ({error})") from error
    names = [line.strip() for line in lines if line.strip()]
    if not 1 <= len(names) <= 2 or any(n.startswith(".") or Path(n).name != n for n in names):
        raise damaged(data / CURRENT, "it names no generation")
    return names[0], names[1] if len(names) > 1 else None


def _verify(path: Path, entry: FileEntry) -> None:
    try:
        size = path.stat().st_size
        if size != entry.bytes:
            raise damaged(path, f"it has {size:,} bytes instead of {entry.bytes:,}")
        if sha256_of(path) != entry.sha256:
            raise damaged(path, "its checksum is wrong")
    except FileNotFoundError as error:
        raise damaged(path, "it is missing") from error
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror})") from error


def _look(path: Path) -> Look | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino


def _trusted(folder: Path) -> Mapping[str, Look]:
    """The looks that can be relied on; a record that is torn or missing relies on nothing."""
    try:
        raw = json.loads((folder / TRUSTED).read_text("utf-8"))
        settled = raw["at"] - TICK_NS
        looks = {file: tuple(look) for file, look in raw["files"].items() if look}
        return {file: look for file, look in looks.items() if max(look[1:3]) < settled}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
