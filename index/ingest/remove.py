"""Takes articles out of the sources folder, all that were named or none.

The file goes, and the copy of its last version with it: what was removed is to be found nowhere, unless
it is kept for a while in case that was a mistake.  The index forgets it with the next build.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from index.build import EMPTIED
from index.ingest.add import REPLACED, alone
from index.ingest.catalog import Catalog, CatalogEntry, plain_url
from index.types import FootnoteError

MAX_SUGGESTIONS = 3
# In the data folder: the files of articles that were removed and are kept for a while.
REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Removed:
    """An article whose file was deleted."""

    id: str
    file: str
    title: str
    """Empty if the file could not be read as an article."""


def remove(sources: Path, data: Path, names: Sequence[str], *, keep: bool = False) -> tuple[Removed, ...]:
    """Delete the articles of these ids, files or web addresses; `keep` their files in the data folder.

    Raise `FootnoteError`, and delete nothing, if one of them is unknown; it names the nearest.
    """
    with alone(data) as turn:
        catalog = Catalog(sources, data)
        catalog.refresh()
        found = [_found(name, sources, list(catalog)) for name in names]
        unknown = [_unknown(name, list(catalog)) for name, held in zip(names, found, strict=True) if not held]
        if unknown:
            raise FootnoteError(
                "\n".join([*unknown, "Nothing was removed. `footnote list` shows all articles."])
            )
        removed = []
        for held in {held.file: held for held in found if held}.values():
            _delete(data / REMOVED / held.file)
            if keep:
                _keep(sources / held.file, data / REMOVED / held.file)
            _delete(sources / held.file)
            _delete(data / REPLACED / held.file)
            catalog.forget(held.file)
            removed.append(Removed(held.id, held.file, held.title))
        if not list(catalog):
            (data / EMPTIED).touch()
        turn.next()
        with contextlib.suppress(OSError):
            catalog.save()
    return tuple(removed)


def forget_removed(data: Path, days: float) -> None:
    """Delete what was kept of articles that were removed longer than `days` ago."""
    oldest = time.time() - days * 86_400
    for path in [path for path in (data / REMOVED).rglob("*") if path.is_file()]:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def _found(name: str, sources: Path, known: Sequence[CatalogEntry]) -> CatalogEntry | None:
    wanted = name.strip()
    for held in known:
        if wanted in (held.id, held.file):
            return held
    if "://" in wanted:
        return next((held for held in known if held.url and plain_url(held.url) == plain_url(wanted)), None)
    # As a shell completes it: `sources/river.md`.
    path, root = Path(wanted).absolute(), sources.absolute()
    if path.is_relative_to(root):
        file = path.relative_to(root).as_posix()
        return next((held for held in known if held.file == file), None)
    return None


def _unknown(name: str, known: Sequence[CatalogEntry]) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in name[:200])
    names = {held.id.casefold(): held.id for held in known} | {
        held.title.casefold(): held.id for held in known if held.title
    }
    near = get_close_matches(name.casefold(), names, n=MAX_SUGGESTIONS, cutoff=0.5)
    near += [key for key in names if name.casefold() in key]
    ids = list(dict.fromkeys(names[key] for key in near))[:MAX_SUGGESTIONS]
    return f"There is no article '{shown}'." + (f" Did you mean {' or '.join(ids)}?" if ids else "")


def _keep(path: Path, kept: Path) -> None:
    """Copy the file; when it was removed is the time of the copy."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)
        kept.chmod(0o600)
    except OSError as error:
        raise FootnoteError(
            f"{path} cannot be kept as {kept}: {error.strerror}. Nothing was removed."
        ) from error


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FootnoteError(f"{path} cannot be deleted: {error.strerror}. Check its permissions.") from error
