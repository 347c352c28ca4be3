"""A folder -> its articles, with a reason for every file that could not be read.

One bad file never keeps the others out.  Of what was in the folder before it knows what it is told:
files that are still the same are not parsed again.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from index.article import parse_article, text_sha256
from index.front_matter import ArticleError
from index.manifest import SourceEntry
from index.reasons import Reason, Why
from index.types import Article, FootnoteError, SourceFailure

NO_SENTENCE = Reason(Why.NO_SENTENCE)
"""Why an article that can be read is still none that can be asked."""
SUFFIXES = frozenset({".md", ".markdown", ".txt"})
# The Bible is 4 MB.  What is larger is a dump, and one dump would outweigh all other articles.
MAX_FILE_BYTES = 20 * 1000 * 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """The articles and failures of a sources folder, in order of the files' paths."""

    articles: tuple[Article, ...]
    failures: tuple[SourceFailure, ...]
    warnings: tuple[str, ...]
    unchanged: tuple[str, ...] = ()
    """The ids of articles that are still as the caller knows them."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a caller knows of a file already."""

    sha256: str
    """Of the file's bytes."""
    title: str
    text_sha256: str


def known_files(entries: Iterable[SourceEntry]) -> dict[str, Known]:
    """Return the files that an index was made of, by path."""
    return {e.file: Known(e.sha256, e.title, e.text_sha256) for e in entries}


def read_sources(folder: Path, known: Mapping[str, Known] | None = None) -> Reading:
    """Read every article below `folder`; raise `FootnoteError` only if the folder is missing.

    Files, by their paths below `folder`, with the bytes of `known` are only named in `unchanged`.
    """
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise FootnoteError(
            f"The sources folder {folder} {problem}. Create it and put your articles there as .md or .txt "
            "files, or name another folder with --sources."
        )
    root = folder.resolve()
    articles: list[Article] = []
    unchanged: list[str] = []
    found: dict[str, _Seen] = {}
    failures: list[SourceFailure] = []
    ignored: Counter[str] = Counter()
    fields: list[str] = []
    for file in _walk(root, failures):
        id, suffix = os.path.splitext(file)
        if suffix.lower() not in SUFFIXES:
            ignored[suffix.lower() or "no suffix"] += 1
            continue
        try:
            raw = _bytes(root, file)
            before = known.get(file) if known else None
            if before is not None and before.sha256 == hashlib.sha256(raw).hexdigest():
                article, seen = None, _Seen(file, before.title, before.text_sha256)
            else:
                problems: list[Reason] = []
                article = parse_article(id, file, raw, problems)
                fields += [f"{file} {problem}" for problem in problems]
                seen = _Seen(file, article.title, text_sha256(article.text))
            if id in found:
                raise ArticleError(file, Why.SAME_NAME, other=found[id].file)
        except ArticleError as error:
            failures.append(SourceFailure(_printable(file), error.reason))
        else:
            found[id] = seen
            if article is None:
                unchanged.append(id)
            else:
                articles.append(article)
    warnings = (*_ignored(ignored), *fields, *_twins(found.values()))
    return Reading(tuple(articles), tuple(failures), warnings, tuple(unchanged))


@dataclass(frozen=True, slots=True)
class _Seen:
    """The parts of an article by which twins are recognised."""

    file: str
    title: str
    text_sha256: str


def source_files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield path and state of every file below `folder` that is read as an article, or should be.

    Links that lead out of the folder are left out, as is what is no regular file.  Ten thousand take
    a tenth of a second, for those who only want to know what has changed.
    """
    root = os.path.realpath(folder)
    todo = [""]
    while todo:
        place = todo.pop()
        try:
            entries = list(os.scandir(os.path.join(root, place)))
        except OSError:
            continue
        for entry in entries:
            file = f"{place}{entry.name}"
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    todo.append(f"{file}/")
                elif os.path.splitext(file)[1].lower() in SUFFIXES and file.lower() != "readme.md":
                    state = entry.stat()
                    inside = not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(root)
                    if inside and stat.S_ISREG(state.st_mode) and _printable(file) == file:
                        yield file, state
            except (OSError, RuntimeError):  # RuntimeError: a link that leads to itself, before Python 3.13
                continue


def _walk(root: Path, failures: list[SourceFailure]) -> list[str]:
    """Return visible files, sorted by path; the top README describes the folder and is no article."""
    found: list[str] = []
    todo = [""]
    while todo:
        place = todo.pop()
        try:
            entries = list(os.scandir(os.path.join(root, place)))
        except OSError as error:
            reason = Reason(Why.CLOSED_FOLDER, {"problem": str(error.strerror)})
            failures.append(SourceFailure(_printable(place.rstrip("/") or "."), reason))
            continue
        for entry in entries:
            file = f"{place}{entry.name}"
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                todo.append(f"{file}/")
            elif entry.is_symlink() and _leads_to_folder(entry):
                # Following it could leave the folder or go round in circles.
                failures.append(SourceFailure(_printable(file), Reason(Why.LINKED_FOLDER)))
            elif file.lower() != "readme.md":
                found.append(file)
    return sorted(found)


def _leads_to_folder(link: os.DirEntry[str]) -> bool:
    try:
        return link.is_dir()
    except OSError:
        return False  # a link that leads to itself


def _bytes(root: Path, file: str) -> bytes:
    if _printable(file) != file:
        raise ArticleError(file, Why.NAME_NOT_UTF_8)
    path = os.path.join(root, file)
    try:
        state = os.lstat(path)
        if stat.S_ISLNK(state.st_mode):
            target = Path(path).resolve(strict=True)
            if not target.is_relative_to(root):
                raise ArticleError(file, Why.LINK_OUT)
            path, state = str(target), target.stat()
        # Opening a named pipe would wait for ever.
        if not stat.S_ISREG(state.st_mode):
            raise ArticleError(file, Why.NO_FILE)
        if state.st_size > MAX_FILE_BYTES:
            raise _too_large(file, state.st_size)
        with open(path, "rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself, before Python 3.13
        problem = getattr(error, "strerror", None) or str(error)
        raise ArticleError(file, Why.CLOSED_FILE, problem=problem) from error
    if len(raw) > MAX_FILE_BYTES:
        raise _too_large(file, len(raw))
    return raw


def _too_large(file: str, size: int) -> ArticleError:
    return ArticleError(file, Why.FILE_TOO_LARGE, size=size / 1e6, limit=MAX_FILE_BYTES / 1e6)


def _ignored(suffixes: Counter[str]) -> Iterator[str]:
    if suffixes:
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(suffixes.items()))
        total = suffixes.total()
        yield (
            f"{total} {'file was' if total == 1 else 'files were'} ignored ({kinds}): "
            f"articles end in {', '.join(sorted(SUFFIXES))}."
        )


def _twins(articles: Iterable[_Seen]) -> Iterator[str]:
    """Say which articles share their text or title; all stay, since only a person knows which is meant."""
    texts: dict[str, str] = {}
    titles: dict[str, str] = {}
    for article in articles:
        body = article.text_sha256
        title = article.title.casefold()
        if body in texts:
            yield f"{article.file} has the same text as {texts[body]}. Delete one of them."
        elif title in titles:
            other = titles[title]
            yield f"{article.file} and {other} are both titled '{article.title}'. Readers may confuse them."
        texts.setdefault(body, article.file)
        titles.setdefault(title, article.file)


def _printable(name: str) -> str:
    """Return the name with a replacement for bytes that are not UTF-8, which no output could print."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
