"""The index in files: which generation is current, how it is exchanged, gone back from and deleted.

    DATA/CURRENT            the name of the current generation
    DATA/generations/NAME/  one folder a generation

A generation is written aside, renamed into place, and made current by replacing one small file.  So a
reader sees a whole generation or none, whatever happens to the writer.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from index.files import Signature, exclusive, signature, sync, write_whole
from index.manifest import (
    ASIDE,
    CURRENT,
    GENERATIONS,
    DamagedGeneration,
    Manifest,
    MissingGeneration,
    Recipe,
    StaleGeneration,
    check_bytes,
    check_sizes,
    current_manifest,
    current_name,
    held_back,
    kept_generations,
    missing,
    read_current,
    read_manifest,
)
from index.types import Article, Encoder, FootnoteError, Vectors

if TYPE_CHECKING:
    from index.generation import Generation
    from index.writer import Contents, Writer

KEPT_GENERATIONS = 2
"""The current one, and the one before, for readers that still use it and for a rollback."""
CHECK_SECONDS = 0.25
"""How soon a running bot notices a new generation."""
RETRY_SECONDS = 30.0
"""How soon it tries again one that could not be loaded, for a disk that had a bad moment."""
LOCK_SECONDS = 60.0
LOCK_FILE = "build.lock"
DOOMED = ".old-"
"""Prefix of folders that are being deleted."""
# Folder of an earlier format, deleted if found.
_SEGMENTS = "segments"

_log = logging.getLogger(__name__)


class FileStore:
    """A `Store` in a folder.  The current generation is exchanged while questions are being answered."""

    def __init__(
        self,
        data: Path,
        encoder: Encoder | None = None,
        clock: Callable[[], float] = time.monotonic,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        """With `encoder`, refuse generations of another model."""
        self._data = data
        self._encoder = encoder
        self._clock = clock
        self._check_seconds = check_seconds
        self._loading = threading.Lock()
        self._generation: Generation | None = None
        self._failure: FootnoteError | None = None
        self._failed_at = float("-inf")
        self._seen: Signature | None = None
        self._watcher: threading.Thread | None = None

    def current(self) -> Generation:
        """Return the newest generation that was loaded; raise `FootnoteError` if there is none.

        Only the first call loads one.  From then on a thread of its own looks for new ones, so that no
        question waits for a disk.
        """
        generation = self._generation
        if generation is not None:
            return generation
        self.refresh()
        if self._generation is None:
            failure = self._failure or missing(self._data)
            # A fresh one for each caller: an exception that is raised twice grows its traceback.
            raise type(failure)(*failure.args)
        return self._generation

    def refresh(self) -> None:
        """Load the current generation if it is not the one in use; on failure that one stays."""
        with self._loading:
            now = self._clock()
            # Looked at before loading, so that a change meanwhile is noticed next time.
            seen = signature(self._data / CURRENT)
            if seen == self._seen and (self._failure is None or now - self._failed_at < RETRY_SECONDS):
                return
            loaded = self._generation
            try:
                new = load_generation(self._data, self._encoder)
                new.prepare()
                self._generation = new
                self._failure = None
            except FootnoteError as error:
                self._failure, self._failed_at = error, now
                if loaded is not None:
                    _log.error("Still answering from generation %s: %s", loaded.id, error)
            self._seen = seen
            if self._generation is not None and self._watcher is None and self._check_seconds > 0:
                self._watcher = _watch(self, self._check_seconds)

    def manifest(self) -> Manifest:
        """Return what the current generation is made of, if its files are there; raise `FootnoteError`."""

        def read(name: str) -> Manifest:
            folder = self._data / GENERATIONS / name
            manifest = read_manifest(folder)
            check_sizes(folder, manifest)
            return manifest

        return read_current(self._data, read)

    def name(self) -> str:
        return current_name(self._data)

    def left(self) -> str | None:
        return held_back(self._data)

    def kept(self) -> list[str]:
        return kept_generations(self._data)

    def check(self, id: str) -> Manifest:
        from index.check import check_generation

        return check_generation(self._data / GENERATIONS / id).manifest

    def roll_back(self, to: str | None = None, seconds: float = LOCK_SECONDS) -> Manifest:
        """Make a kept generation the current one, the one before if none is named; return its manifest.

        It is read bit by bit first.  A build of the very articles that were gone back from leaves it in
        place; once they change, builds go on as ever.  Raise `FootnoteError` if there is none to go to.
        """
        with _writing(self._data, seconds):
            current, kept = current_name(self._data), self.kept()
            target = to or _before(self._data, current, kept)
            listed = ", ".join(kept)
            if target == current:
                raise FootnoteError(f"The index is at {current} already. Kept are: {listed}.")
            if target not in kept:
                raise FootnoteError(f"There is no generation {target} to go to. Kept are: {listed}.")
            manifest = self.check(target)
            # What the articles are still like, also if somebody goes back step by step.
            left = held_back(self._data) or current
            ahead = left in kept and kept.index(left) < kept.index(target)
            make_current(self._data, target, instead_of=left if ahead else None)
            return manifest

    @contextmanager
    def draft(self, keep: int = KEPT_GENERATIONS, seconds: float = LOCK_SECONDS) -> Iterator[FileDraft]:
        with _writing(self._data, seconds):
            _sweep(self._data / GENERATIONS)
            draft = FileDraft(self._data)
            try:
                yield draft
            finally:
                draft.close()
                _tidy(self._data, keep)


class FileDraft:
    """A `Draft` in a folder aside."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._writer: Writer | None = None
        self._base: Generation | None = None
        self._made: Generation | None = None
        self._before: str | None = None
        self._useless: set[str] = set()
        self.last: Manifest | None = None
        self.lost: str | None = None
        try:
            self.last = FileStore(data).manifest()
            self._before = self.last.id
        except MissingGeneration:
            pass
        except StaleGeneration:
            self.lost = "The index was made by another version of Footnote."
        except DamagedGeneration as error:
            self._rescue(error)

    @property
    def left(self) -> Manifest | None:
        with suppress(FootnoteError):
            left = held_back(self._data)
            return None if left is None else read_manifest(self._data / GENERATIONS / left)
        return None

    def article(self, id: str) -> Article | None:
        base = self._opened()
        return None if base is None else base.article(id)

    def vectors(self, digests: Collection[bytes]) -> Mapping[bytes, Vectors]:
        base = self._opened()
        if base is None or (self._writer and self._writer.recipe.fingerprint != base.manifest.fingerprint):
            return {}
        return base.known_vectors(digests)

    def begin(self, recipe: Recipe, keep: Collection[str], sentences: int) -> None:
        from concurrent.futures import ThreadPoolExecutor

        from index.writer import Writer

        base = self._opened()
        kept = sorted(base.numbers[id] for id in keep) if base is not None else []
        stay = 0 if base is None else sum(int(base.sentence_counts[number]) for number in kept)
        self.close()  # what an attempt before this one left
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.urandom(4).hex()}"
        folder = self._data / GENERATIONS / f"{ASIDE}{name}"
        folder.mkdir(parents=True)
        self._writer = Writer(folder, recipe, stay + sentences)
        if base is None:
            return
        try:
            # What is copied must not carry damage on under a checksum of its own.
            with ThreadPoolExecutor(1) as beside:
                checked = beside.submit(check_bytes, self._data / GENERATIONS / base.id, base.manifest)
                try:
                    self._writer.take_over(base, kept)
                except (IndexError, ValueError):
                    checked.result()  # what is damaged may be no table at all
                    raise
            checked.result()
        except DamagedGeneration as error:
            self._rescue(error)
            raise

    def add(self, contents: Contents) -> None:
        assert self._writer is not None, "begin comes first"
        self._writer.add(contents)

    def finish(self, stale: Mapping[str, str]) -> Generation:
        assert self._writer is not None, "begin comes first"
        created = datetime.now(UTC).isoformat(timespec="microseconds")
        made = self._made = self._writer.finish(created, self._before, stale)
        return made

    def commit(self) -> None:
        assert self._made is not None, "finish comes first"
        generations = self._data / GENERATIONS
        name = self._made.id
        os.rename(generations / f"{ASIDE}{name}", generations / name)
        sync(generations)
        make_current(self._data, name)

    def close(self) -> None:
        """Let go of what is open; what was not committed is deleted."""
        if self._writer is not None:
            with suppress(OSError):  # of what a full disk refuses to take
                self._writer.close()
            shutil.rmtree(self._writer.folder, ignore_errors=True)

    def _opened(self) -> Generation | None:
        from index.generation import open_generation

        if self._base is None and self.last is not None:
            try:
                self._base = open_generation(self._data / GENERATIONS / self.last.id)
            except DamagedGeneration as error:
                self._rescue(error)
                raise
        return self._base

    def _rescue(self, damage: DamagedGeneration) -> None:
        """Take on the newest generation that is whole: it has most of what a damaged one had."""
        self.lost = str(damage).removesuffix(" Run `footnote build`.")
        if self.last is not None:
            self._useless.add(self.last.id)
        self._base = self.last = None
        for name in kept_generations(self._data):
            if name in self._useless:
                continue
            folder = self._data / GENERATIONS / name
            with suppress(FootnoteError):
                manifest = read_manifest(folder)
                check_bytes(folder, manifest)
                self.last = manifest
                return


def load_generation(data: Path, encoder: Encoder | None = None) -> Generation:
    """Open the current generation; with `encoder`, refuse another model's.

    Its files are there and have their sizes; `FileStore.check` reads them all.
    """
    from index.generation import open_generation

    def load(name: str) -> Generation:
        generation = open_generation(data / GENERATIONS / name)
        if encoder is not None and generation.manifest.fingerprint != encoder.fingerprint:
            raise StaleGeneration(
                f"The index in {data} was made by another model, or another version of it: "
                f"{generation.manifest.model}, not {encoder.name}. Run `footnote build`."
            )
        return generation

    return read_current(data, load)


def make_current(data: Path, name: str, instead_of: str | None = None) -> None:
    """Point `CURRENT` at a generation: the one step that readers notice.

    `instead_of` is the generation that a rollback left.
    """
    write_whole(data / CURRENT, (f"{name}\n" + (f"{instead_of}\n" if instead_of else "")).encode())


def prune(data: Path, keep: int = KEPT_GENERATIONS) -> list[str]:
    """Delete all but the newest `keep` generations, never the current one; return the names of the deleted.

    Generations that cannot be read are deleted as well.
    """
    current, left = current_name(data), held_back(data)
    found = kept_generations(data)
    kept = {current, *[name for name in found if name != current][: max(0, keep - 1)]}
    # What a rollback left tells the next build what not to make again.
    if left is not None and left in found:
        kept.add(left)
    generations = data / GENERATIONS
    with suppress(FileNotFoundError):
        names = {folder.name for folder in generations.iterdir() if folder.name[0] != "."}
        for name in sorted(names - kept):
            _discard(generations / name)
        _sweep(generations)
        shutil.rmtree(data / _SEGMENTS, ignore_errors=True)
        return sorted(names - kept)
    return []


def _tidy(data: Path, keep: int) -> None:
    """Delete what is not kept: what was interrupted, refused, or is too old."""
    if not (data / CURRENT).exists():
        _sweep(data / GENERATIONS)
        return
    # Damage is for the build to repair, and an older format for it to replace; until then nothing goes.
    with suppress(FootnoteError, OSError):
        current_manifest(data)
        prune(data, keep)


@contextmanager
def _writing(data: Path, seconds: float) -> Iterator[None]:
    """Hold the lock of the index, and say what a disk that refuses needs."""

    def busy(holder: str) -> FootnoteError:
        process = holder or "unknown"
        return FootnoteError(
            f"Another build is writing to {data} (process {process}). Wait for it, or stop it."
        )

    try:
        with exclusive(data / LOCK_FILE, seconds, busy) as lock:
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            yield
    except OSError as error:
        where = error.filename or data
        raise FootnoteError(
            f"The index cannot be written: {where}: {error.strerror or error}. Check free space and "
            "permissions, or name another folder with --data."
        ) from error


def _before(data: Path, current: str, kept: list[str]) -> str:
    before = read_manifest(data / GENERATIONS / current).before if current in kept else None
    if before in kept:
        return before
    older = kept[kept.index(current) + 1 :] if current in kept else kept
    if not older:
        raise FootnoteError(
            "There is no generation before the current one. FOOTNOTE_KEEP_GENERATIONS says how many are kept."
        )
    return older[0]


def _discard(folder: Path) -> None:
    """Delete a folder so that readers see it whole or not at all."""
    doomed = folder.with_name(f"{DOOMED}{os.urandom(8).hex()}")
    with suppress(FileNotFoundError):
        os.rename(folder, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Delete what interrupted writers and deleters left in `folder`."""
    for begin in (ASIDE, DOOMED):
        for leftover in folder.glob(f"{begin}*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _watch(store: FileStore, seconds: float) -> threading.Thread:
    """Refresh until nobody holds `store` any more."""
    held = weakref.ref(store)

    def look() -> None:
        while True:
            time.sleep(seconds)
            watched = held()
            if watched is None:
                return
            watched.refresh()
            del watched

    thread = threading.Thread(target=look, name="footnote-index", daemon=True)
    thread.start()
    return thread
