"""Small things that are the same for all bots: tokens of workspaces, the key of links, calibrations.

They are kept where the rest of the memory is: here as files beside it, in a database in one table of it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from index.files import write_new, write_whole


class Kept(Protocol):
    """Texts under names such as `web.key`, which are paths; in a pattern, `*` stands for a part of one.

    Thread-safe, and shared by processes.  Raises `OSError`, `UnicodeDecodeError` of a file that cannot be
    used, and `MemoryAway` if a database stays away.
    """

    def place(self, name: str) -> str:
        """Return where a text is kept, for people."""
        ...

    def get(self, name: str) -> str | None:
        """Return None if nothing is kept under this name."""
        ...

    def put(self, name: str, text: str) -> None:
        """Keep a text, whole or not at all, in place of an older one."""
        ...

    def first(self, name: str, text: str) -> str:
        """Keep a text if none is; return the one that is kept, the same for all who do so at once."""
        ...

    def take(self, name: str, seconds: float) -> str | None:
        """Remove a text, and return it if it was kept within the last `seconds`; of many at once, to one."""
        ...

    def names(self, pattern: str) -> list[str]:
        """Return the names that are in use, in order."""
        ...

    def forget(self, pattern: str, seconds: float = 0.0) -> None:
        """Remove the texts that were kept more than `seconds` ago."""
        ...


class KeptFiles:
    """A `Kept` in a folder.  Its files are readable by their owner alone, and so are the folders in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, name: str) -> str:
        return str(self._folder / name)

    def get(self, name: str) -> str | None:
        try:
            return (self._folder / name).read_text("utf-8")
        except FileNotFoundError:
            return None

    def put(self, name: str, text: str) -> None:
        write_whole(self._path(name), text.encode(), private=True)

    def first(self, name: str, text: str) -> str:
        path = self._path(name)
        if not path.exists():
            write_new(path, text.encode(), private=True)
        return path.read_text("utf-8")

    def take(self, name: str, seconds: float) -> str | None:
        path = self._folder / name
        try:
            text, fresh = path.read_text("utf-8"), _age(path) <= seconds
            path.unlink()  # which only one of many can
        except FileNotFoundError:
            return None
        return text if fresh else None

    def names(self, pattern: str) -> list[str]:
        return sorted(path.relative_to(self._folder).as_posix() for path in self._folder.glob(pattern))

    def forget(self, pattern: str, seconds: float = 0.0) -> None:
        for path in self._folder.glob(pattern):
            with suppress(FileNotFoundError):  # another process forgets them too
                if _age(path) >= seconds:
                    path.unlink()

    def _path(self, name: str) -> Path:
        """Return the path of a file that is to be written."""
        folder = self._folder
        folder.mkdir(parents=True, exist_ok=True)
        for part in Path(name).parts[:-1]:
            folder /= part
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        return self._folder / name


def _age(path: Path) -> float:
    """Return the seconds since a file was written."""
    return time.time() - path.stat().st_mtime
