"""The index's record of itself: which generation is current, and what each is made of.

    DATA/CURRENT                          the name of the current generation
    DATA/generations/NAME/manifest.json   its articles, and its files with their sizes and checksums

Reads these two and opens none of the other files, so that listing what is indexed needs none of the
libraries that search.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from index.types import ChunkSettings, FootnoteError

# Raise it whenever a file's layout, or what `build` puts into it, changes its meaning.
FORMAT_VERSION = 4

CURRENT = "CURRENT"
GENERATIONS = "generations"
MANIFEST = "manifest.json"
ASIDE = ".new-"
"""Prefix of folders that are being written, which are never read."""

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
    """Why the file as it is now cannot be used, so that its last good version stays; None if it can."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """The size and checksum that a file of a generation must have."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """How articles become passages and vectors: an index of another recipe cannot be searched alike."""

    model: str
    fingerprint: str
    """Of the embedding model."""
    dimension: int
    chunking: ChunkSettings
    code: str
    """Hash of the code that makes passages, sentences and terms of the articles."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of a generation, and how it was made."""

    id: str
    created: str
    """UTC, ISO 8601, with microseconds."""
    before: str | None
    """The generation that was current when this one was made."""
    recipe: Recipe
    passages: int
    sentences: int
    sources: tuple[SourceEntry, ...]
    """In order of their passages."""
    files: Mapping[str, FileEntry]
    """Empty if the generation is not kept in files."""

    @property
    def model(self) -> str:
        """The name of the embedding model."""
        return self.recipe.model

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the embedding model."""
        return self.recipe.fingerprint


def current_manifest(data: Path) -> Manifest:
    """Raise `FootnoteError` if there is no index, or its manifest cannot be read."""
    return read_current(data, lambda name: read_manifest(data / GENERATIONS / name))


def read_current(data: Path, read: Callable[[str], _Found]) -> _Found:
    """Return what `read` makes of the current generation's name, also if a build exchanges it meanwhile."""
    while True:
        name = current_name(data)
        try:
            return read(name)
        except (MissingGeneration, DamagedGeneration):
            # A build may have replaced and deleted it since its name was read.
            if current_name(data) == name:
                raise


def current_name(data: Path) -> str:
    """Return the name of the current generation; raise `MissingGeneration` if nothing was built."""
    return _pointer(data)[0]


def held_back(data: Path) -> str | None:
    """Return the generation that `rollback` went back from; None if the current one came of a build."""
    return _pointer(data)[1]


def kept_generations(data: Path) -> list[str]:
    """Return the generations that could be made current, newest first, without damaged ones."""
    found = []
    with suppress(FileNotFoundError):
        for folder in (data / GENERATIONS).iterdir():
            if not folder.name.startswith("."):
                with suppress(FootnoteError):
                    found.append((read_manifest(folder).created, folder.name))
    return [name for _, name in sorted(found, reverse=True)]


def manifest_json(manifest: Manifest) -> bytes:
    """Return the manifest as it is saved."""
    raw = {"format": FORMAT_VERSION, **_fields(manifest)}
    raw |= {
        "recipe": asdict(manifest.recipe),
        "sources": [_fields(entry) for entry in manifest.sources],
        "files": {file: _fields(entry) for file, entry in manifest.files.items()},
    }
    # Ends with its brace: a line end could be torn off without any reader noticing.
    return json.dumps(raw | {"checksum": _checksum(raw)}, ensure_ascii=False).encode()


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of a generation's folder, without any other file."""
    path = folder / MANIFEST
    try:
        raw = json.loads(path.read_text("utf-8"))
        version = raw.pop("format")
    except FileNotFoundError as error:
        raise damaged(path, "it is missing") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(path, "it cannot be read") from error
    if version != FORMAT_VERSION:
        raise StaleGeneration(
            f"The index {folder} has format {version}, and this version of Footnote reads format "
            f"{FORMAT_VERSION}. Run `footnote build`."
        )
    checksum = raw.pop("checksum", None)
    if checksum != _checksum({"format": version, **raw}):
        raise damaged(path, "its checksum is wrong")
    try:
        raw["recipe"] = Recipe(**raw["recipe"] | {"chunking": ChunkSettings(**raw["recipe"]["chunking"])})
        raw["sources"] = tuple(SourceEntry(**entry) for entry in raw["sources"])
        raw["files"] = {file: FileEntry(**entry) for file, entry in raw["files"].items()}
        return Manifest(**raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, "it was written by another version") from error


def check_sizes(folder: Path, manifest: Manifest) -> None:
    """Raise `DamagedGeneration` unless every file of a generation is there and has its size."""
    for file, entry in manifest.files.items():
        try:
            size = (folder / file).stat().st_size
        except FileNotFoundError as error:
            raise damaged(folder / file, "it is missing") from error
        except OSError as error:
            raise damaged(folder / file, f"it cannot be read ({error.strerror})") from error
        if size != entry.bytes:
            raise damaged(folder / file, f"it has {size:,} bytes instead of {entry.bytes:,}")


def check_bytes(folder: Path, manifest: Manifest) -> None:
    """Read every byte of a generation; raise `DamagedGeneration`."""
    check_sizes(folder, manifest)
    for file, entry in manifest.files.items():
        try:
            if sha256_of(folder / file) != entry.sha256:
                raise damaged(folder / file, "its checksum is wrong")
        except OSError as error:
            raise damaged(folder / file, f"it cannot be read ({error.strerror})") from error


def with_reasons(sources: Iterable[SourceEntry], stale: Mapping[str, str]) -> tuple[SourceEntry, ...]:
    """Return the articles with the reasons, by id, why the files of some cannot be used as they are now."""
    return tuple(s if s.stale == stale.get(s.id) else replace(s, stale=stale.get(s.id)) for s in sources)


def damaged(path: Path, how: str) -> DamagedGeneration:
    return DamagedGeneration(f"The index is damaged: {path}: {how}. Run `footnote build`.")


def missing(data: Path) -> MissingGeneration:
    return MissingGeneration(f"There is no index in {data} yet. Run `footnote build`.")


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fields(value: Manifest | SourceEntry | FileEntry) -> dict[str, Any]:
    """Return the fields as they are: `asdict` would copy each deeply."""
    return {name: getattr(value, name) for name in value.__slots__}


def _checksum(raw: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


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
