"""Runs pandoc, a program of its own: the bytes of a document -> its syntax tree as pandoc writes it in JSON.

pandoc reads no other file and opens no connection (`--sandbox`), its memory is bounded, and it ends
with the process that reads foreign documents, whose limits it inherits.
"""

from __future__ import annotations

import importlib.util
import json

# Without a shell, and nothing of a document is on its command line.
import subprocess
import threading
from pathlib import Path
from typing import Any

from index.ingest.document import Unreadable
from index.reasons import Why

HEAP = "512m"
MAX_TREE_BYTES = 96 * 1000 * 1000
"""A novel is 10 MB as a tree."""
_HEAP_IS_FULL = 251


def tree(raw: bytes, format: str, *options: str) -> dict[str, Any]:
    """Return the tree of a document in one of pandoc's formats; raise `Unreadable` if it cannot be read."""
    command = [_program(), "+RTS", f"-M{HEAP}", "-RTS", "--sandbox", "--from", format, "--to", "json"]
    with subprocess.Popen(
        [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        feeding = threading.Thread(target=_feed, args=(process.stdin, raw), daemon=True)
        feeding.start()
        written = process.stdout.read(MAX_TREE_BYTES + 1)
        if len(written) > MAX_TREE_BYTES:
            process.kill()
        status = process.wait()
        feeding.join()
    if len(written) > MAX_TREE_BYTES or status == _HEAP_IS_FULL:
        raise Unreadable(Why.NO_MEMORY)
    if status != 0:
        raise Unreadable(Why.DAMAGED)
    found: dict[str, Any] = json.loads(written)
    return found


def _feed(stream: Any, raw: bytes) -> None:
    try:
        with stream:
            stream.write(raw)
    except OSError:
        pass  # it has read enough, and its status says of what


def _program() -> str:
    package = importlib.util.find_spec("pypandoc")
    for place in (package.submodule_search_locations or ()) if package else ():
        path = Path(place) / "files" / "pandoc"
        if path.is_file():
            return str(path)
    raise Unreadable(Why.NO_PANDOC)
