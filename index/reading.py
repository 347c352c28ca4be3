"""A folder -> its articles, with a reason for every file that could not be read.

One bad file never keeps the others out.  Knows nothing of what was in the folder before.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.article import ArticleError, parse_article
from index.types import Article, FootnoteError, SourceFailure

SUFFIXES = frozenset({".md", ".markdown", ".txt"})
# The Bible is 4 MB.  What is larger is a dump, and one dump would outweigh all other articles.
MAX_FILE_BYTES = 20 * 1000 * 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sources folder holds, in order of the files' paths."""

    articles: tuple[Article, ...]
    failures: tuple[SourceFailure, ...]
    warnings: tuple[str, ...]


def read_sources(folder: Path) -> Reading:
    """Read every article below `folder`; raise `FootnoteError` only where there is no such folder."""
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise FootnoteError(
            f"The sources folder {folder} {problem}. Create it and put your articles there as .md or .txt "
            "files, or name another folder with --sources."
        )
    root = folder.resolve()
    articles: dict[str, Article] = {}
    failures: list[SourceFailure] = []
    ignored: Counter[str] = Counter()
    for path in _walk(root, failures):
        file = path.relative_to(root).as_posix()
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            ignored[suffix or "no suffix"] += 1
            continue
        try:
            article = _read(root, path, file)
            earlier = articles.get(article.id)
            if earlier is not None:
                reason = f"has the name of {earlier.file} but for the suffix. Rename one of them."
                raise ArticleError(file, reason)
        except ArticleError as error:
            failures.append(SourceFailure(_printable(file), error.reason))
        else:
            articles[article.id] = article
    found = tuple(articles.values())
    return Reading(found, tuple(failures), (*_ignored(ignored), *_twins(found)))


def _walk(root: Path, failures: list[SourceFailure]) -> Iterator[Path]:
    """Visible files, sorted by path; the top README describes the folder and is no article."""

    def unreadable(error: OSError) -> None:
        folder = os.path.relpath(error.filename, root)
        reason = f"cannot be opened: {error.strerror}. Check its permissions."
        failures.append(SourceFailure(_printable(folder), reason))

    found: list[Path] = []
    for place, folders, files in os.walk(root, onerror=unreadable):
        here = Path(place)
        for name in list(folders):
            if name.startswith("."):
                folders.remove(name)
            elif (here / name).is_symlink():
                # Following it could leave the folder or go round in circles.
                folders.remove(name)
                link = (here / name).relative_to(root).as_posix()
                reason = "is a link to a folder, which is not followed. Copy the folder instead."
                failures.append(SourceFailure(_printable(link), reason))
        found.extend(here / name for name in files if not name.startswith("."))
    articles = (path for path in found if not (path.parent == root and path.name.lower() == "readme.md"))
    yield from sorted(articles, key=lambda path: path.as_posix())


def _read(root: Path, path: Path, file: str) -> Article:
    if _printable(file) != file:
        raise ArticleError(file, "has a name that is not UTF-8. Rename it.")
    try:
        target = path.resolve(strict=True)
        if not target.is_relative_to(root):
            raise ArticleError(file, "is a link that leads out of the sources folder. Copy the file instead.")
        state = target.stat()
        # Opening a named pipe would wait for ever.
        if not stat.S_ISREG(state.st_mode):
            raise ArticleError(file, "is not a regular file. Replace it by the text itself, or remove it.")
        if state.st_size > MAX_FILE_BYTES:
            raise _too_large(file, state.st_size)
        with target.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself, before Python 3.13
        problem = getattr(error, "strerror", None) or str(error)
        raise ArticleError(file, f"cannot be read: {problem}. Check the file and its permissions.") from error
    if len(raw) > MAX_FILE_BYTES:
        raise _too_large(file, len(raw))
    return parse_article(file[: len(file) - len(path.suffix)], file, raw)


def _too_large(file: str, size: int) -> ArticleError:
    sizes = f"has {size / 1e6:.1f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB are read"
    return ArticleError(file, f"{sizes}. Split it into several articles.")


def _ignored(suffixes: Counter[str]) -> Iterator[str]:
    if suffixes:
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(suffixes.items()))
        total = suffixes.total()
        yield (
            f"{total} {'file was' if total == 1 else 'files were'} ignored ({kinds}): "
            f"articles end in {', '.join(sorted(SUFFIXES))}."
        )


def _twins(articles: Sequence[Article]) -> Iterator[str]:
    """Say which articles share their text or title; all stay, since only a person knows which is meant."""
    texts: dict[bytes, str] = {}
    titles: dict[str, str] = {}
    for article in articles:
        body = hashlib.sha256(article.text.strip().encode()).digest()
        title = article.title.casefold()
        if body in texts:
            yield f"{article.file} has the same text as {texts[body]}. Delete one of them."
        elif title in titles:
            other = titles[title]
            yield f"{article.file} and {other} are both titled '{article.title}'. Readers may confuse them."
        texts.setdefault(body, article.file)
        titles.setdefault(title, article.file)


def _printable(name: str) -> str:
    """The name with a replacement for bytes that are not UTF-8, which no output could print."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
