"""Which collections each channel sees: the settings file, read strictly, and followed while a bot runs.

    default: [cars]              # in every channel that is not named below
    direct: all                  # in direct messages; as `default` if it is left out
    channels:
      C012AB3CD: [press, "."]    # "." holds the articles that lie in no folder
      C045EF6GH: none

Knows nothing of Slack but how its channels are called.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.types import Scope
from index.files import signature
from index.store import Store
from index.types import FootnoteError, collection_of

DEFAULT_FILE = "channels.yaml"
"""In the data folder."""
IN_NO_FOLDER = "."
"""How the collection of the articles at the top of the sources folder is written."""
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")
_EXAMPLE = "Write a list such as [cars, press], or all, or none."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rights:
    """The collections that may be seen, by channel."""

    default: Scope = None
    direct: Scope = None
    channels: Mapping[str, Scope] = field(default_factory=dict)

    def of(self, channel: str) -> Scope:
        """Return the scope of a channel, by its id; empty is App Home, as private as a direct message."""
        if not channel or channel.startswith("D"):
            return self.direct
        return self.channels.get(channel, self.default)


EVERYTHING = Rights()


def everything() -> Rights:
    """Return the rights if there is no file."""
    return EVERYTHING


def collection_named(name: str) -> str:
    """Return the collection that a person calls so: `.` is that of the articles in no folder."""
    return "" if name == IN_NO_FOLDER else name


def spoken(collection: str) -> str:
    """Return a collection as it is written, the other way round."""
    return collection or IN_NO_FOLDER


def read_rights(path: Path, known: Collection[str]) -> Rights:
    """Return the file's rights; raise `FootnoteError` that names the line if it is not understood exactly.

    `known` are the collections that there are.
    """
    try:
        text = path.read_text("utf-8-sig")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise FootnoteError(f"{path} cannot be read: {error.strerror or error}. Check its name.") from error
    except UnicodeDecodeError as error:
        raise FootnoteError(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it is nested too deeply"
        raise FootnoteError(f"{path} is not YAML{where}: {problem}. Correct it.") from error
    return _Reader(path, known).rights(root)


def known_collections(sources: Path, store: Store) -> frozenset[str]:
    """Return the sub-folders of the sources, those that are only in the index, and that of no folder."""
    found = {""}
    with suppress(OSError):
        found |= {entry.name for entry in sources.iterdir() if entry.is_dir() and entry.name[0] != "."}
    with suppress(FootnoteError):
        found |= {collection_of(entry.file) for entry in store.manifest().sources}
    return frozenset(found)


class LiveRights:
    """The rights as the file has them now.  Thread-safe.

    A change is noticed with the next question.  If the file cannot be understood any more, or is
    gone, what was said last still holds: a slip of the pen opens nothing.
    """

    def __init__(
        self, path: Path, known: Callable[[], Collection[str]], *, may_be_missing: bool = False
    ) -> None:
        """If the file may be missing, and is, everything is seen everywhere until there is one.

        Raise `FootnoteError` as `read_rights` does.
        """
        self._path = path
        self._known = known
        self._lock = threading.Lock()
        self._seen = signature(path)
        missing = may_be_missing and self._seen is None
        self._rights = EVERYTHING if missing else read_rights(path, known())

    def get(self) -> Rights:
        with self._lock:
            seen = signature(self._path)
            if seen != self._seen:
                self._seen = seen
                try:
                    self._rights = read_rights(self._path, self._known())
                    _log.info("What may be seen where has changed: %s was read anew", self._path)
                except FootnoteError as error:
                    _log.error("What was said of channels before still holds: %s", error)
            return self._rights


class _Reader:
    """Reads the nodes of the file rather than their values, since only nodes know their line."""

    def __init__(self, path: Path, known: Collection[str]) -> None:
        self._path = path
        self._known = frozenset(known)

    def rights(self, root: Node | None) -> Rights:
        if root is None:
            raise FootnoteError(f"{self._path} is empty. Write a line such as `default: all`, or remove it.")
        found = dict(self._entries(root, "the file"))
        for name, (key, _) in found.items():
            if name not in ("default", "direct", "channels"):
                raise self._wrong(
                    key, f"{name!r} is no part of it", "There are default, direct and channels."
                )
        if "default" not in found:
            raise self._wrong(
                root, "`default` is missing", "Say what all other channels see: all, none or a list."
            )
        default = self._scope(found["default"][1])
        direct = self._scope(found["direct"][1]) if "direct" in found else default
        channels: dict[str, Scope] = {}
        for name, (key, value) in (
            self._entries(found["channels"][1], "`channels`") if "channels" in found else ()
        ):
            if not _CHANNEL.fullmatch(name):
                remedy = "Copy the id from the end of the channel's details in Slack, such as C012AB3CD."
                raise self._wrong(key, f"{name!r} is no channel's id", remedy)
            channels[name] = self._scope(value)
        return Rights(default, direct, channels)

    def _entries(self, node: Node, what: str) -> Iterator[tuple[str, tuple[Node, Node]]]:
        if not isinstance(node, MappingNode):
            raise self._wrong(node, f"{what} is not made of lines such as `default: all`", "Write it so.")
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            if name in seen:
                # YAML takes the last one, silently.
                raise self._wrong(key, f"{name!r} is there twice", "Keep one of them.")
            seen.add(name)
            yield name, (key, value)

    def _scope(self, node: Node) -> Scope:
        if isinstance(node, ScalarNode) and node.value in ("all", "none"):
            return None if node.value == "all" else frozenset()
        if not isinstance(node, SequenceNode):
            raise self._wrong(node, "what may be seen is not said", _EXAMPLE)
        return frozenset(self._collection(item) for item in node.value)

    def _collection(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            raise self._wrong(node, "what may be seen is not said", _EXAMPLE)
        name = collection_named(node.value)
        if name not in self._known:
            raise self._wrong(node, f"there is no collection {node.value!r}", self._instead(node.value))
        return name

    def _instead(self, name: str) -> str:
        there = sorted(map(spoken, self._known))
        near = get_close_matches(name, there, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        listed = ", ".join(there[:20]) or "none yet"
        return f"{guess}The sub-folders of the sources are: {listed}."

    def _wrong(self, node: Node, problem: str, remedy: str) -> FootnoteError:
        return FootnoteError(f"{self._path}, line {node.start_mark.line + 1}: {problem}. {remedy}")
