"""Files that are written whole or not at all, locks that end with their process, and signs of a change."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from index.types import FootnoteError

ASIDE = re.compile(r"\..*\.new-\d+")
"""Matches the names of files that are being written, which readers of the folder ignore."""
RETRY_SECONDS = 0.02

Signature = tuple[int, int, int]


def write_whole(path: Path, raw: bytes, *, private: bool = False) -> None:
    """Write a file in one step, in place of one that is there: a reader sees the old one or the new one.

    With `private` nobody but its owner can read it.
    """
    aside = _written_aside(path, raw, private)
    try:
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)


def write_new(path: Path, raw: bytes, *, private: bool = False) -> bool:
    """Write a file that was not there, whole or not at all; return False if one was."""
    aside = _written_aside(path, raw, private)
    try:
        os.link(aside, path)
    except FileExistsError:
        return False
    except OSError:
        # A file system without hard links; a lock keeps other programs of ours away.
        if path.exists():
            return False
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)
    return True


@contextmanager
def exclusive(path: Path, seconds: float, busy: Callable[[str], FootnoteError]) -> Iterator[int]:
    """Hold the lock of a file and yield its descriptor; the lock ends with its process, however that ends.

    Raise what `busy` makes of the file's text if others hold the lock for longer than `seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    raise busy(os.pread(descriptor, 100, 0).decode("utf-8", "replace").strip()) from error
                time.sleep(RETRY_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)


def signature(path: Path) -> Signature | None:
    """Return a file's time of change, inode and size; None if they cannot be read."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_ino, state.st_size


def sync(path: Path) -> None:
    """Force a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written_aside(path: Path, raw: bytes, private: bool) -> Path:
    aside = path.with_name(f".{path.name}.new-{os.getpid()}{time.monotonic_ns()}")
    try:
        aside.touch(mode=0o600 if private else 0o666)
        with aside.open("wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return aside
