"""Reads foreign documents in a process of its own, with limits on its time and memory.

A PDF that loops, a page nested a million deep, or a fault in a library written in C ends that
process and not the bot.  It starts with no environment, and so knows no token, and takes no part
in anything but turning bytes into a `Draft`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal

# Without a shell, and nothing of a document is on its command line.
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, get_args

from index.ingest.document import Draft, LeftOut, Unreadable
from index.ingest.formats import Kind
from index.reasons import Why, reason_of

# The largest book that is allowed takes about half of this.  See RESULTS.md, "Constants".
SECONDS: dict[Kind, int] = dict.fromkeys(get_args(Kind), 30) | {"markdown": 10, "text": 10, "pdf": 60}
MAX_MESSAGE_BYTES = 256 * 1024 * 1024
"""No article is as long; a longer message is a fault on the other side."""
_ROOT = Path(__file__).parents[2]
_PROGRAM = (
    "import sys; sys.path[:0] = [sys.argv[1]]; "
    "from index.ingest.sandbox_child import main; main(int(sys.argv[2]))"
)


class _Broken(Unreadable):
    """The process ended in the middle of a document."""


class Sandbox:
    """Reads one document at a time; the process starts with the first, and again after a loss."""

    def __init__(self, seconds: dict[Kind, int] | None = None) -> None:
        self._seconds = SECONDS if seconds is None else seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(
        self, kind: Kind, raw: bytes, name: str, charset: str | None = None, url: str | None = None
    ) -> Draft:
        """Return the article in a document; raise `Unreadable` if there is none or its limits were passed."""
        used = self._process is not None
        try:
            return self._read(kind, raw, name, charset, url)
        except _Broken:
            if not used:
                raise
        # The process had read others before, and may have had no memory left because of them.
        return self._read(kind, raw, name, charset, url)

    def _read(self, kind: Kind, raw: bytes, name: str, charset: str | None, url: str | None) -> Draft:
        seconds = self._seconds[kind]
        header = {"kind": kind, "name": name, "charset": charset, "url": url, "seconds": seconds}
        late = threading.Event()
        try:
            connection = self._connected()
            with self._killed_after(seconds, late):
                connection.send_bytes(json.dumps(header).encode())
                connection.send_bytes(raw)
                reply: dict[str, Any] = json.loads(connection.recv_bytes(MAX_MESSAGE_BYTES))
        except (EOFError, OSError) as error:
            self.close()
            if late.is_set():
                raise Unreadable(Why.TOO_SLOW, seconds=seconds) from error
            raise _Broken(Why.BROKE_READER) from error
        except BaseException:
            # Interrupted in the middle of a message: the next reader would take its rest for an answer.
            self.close()
            raise
        if late.is_set():
            self.close()  # it answered in its last moment
        if "unreadable" in reply:
            reason = reason_of(reply["unreadable"])
            raise Unreadable(reason.why, **reason.values)
        fields = reply["draft"]
        fields["also"] = tuple(fields["also"])
        fields["warnings"] = tuple(map(reason_of, fields["warnings"]))
        fields["left_out"] = tuple(
            LeftOut(one["what"], one["count"], tuple(one["words"])) for one in fields["left_out"]
        )
        fields["extra"] = tuple(
            (name, tuple(value) if isinstance(value, list) else value) for name, value in fields["extra"]
        )
        return Draft(**fields)

    def close(self) -> None:
        """End the process; the next document starts another."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            _kill(self._process)
            self._process.wait()
        self._process = self._connection = None

    @contextlib.contextmanager
    def _killed_after(self, seconds: float, late: threading.Event) -> Iterator[None]:
        """End the process from outside, wherever it and we are in a message, unless all is said in time."""
        process = self._process

        def stop() -> None:
            late.set()
            if process is not None:
                _kill(process)

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _connected(self) -> Connection:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._connection is None:
            ours, theirs = Pipe()
            with theirs:
                try:
                    self._process = subprocess.Popen(
                        [sys.executable, "-B", "-c", _PROGRAM, str(_ROOT), str(theirs.fileno())],
                        # One thread for NumPy's linear algebra, which is loaded and not used: each
                        # takes address space, of which there is a limit.
                        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"},
                        pass_fds=(theirs.fileno(),),
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                        # Ctrl-C is for the program; it ends this process itself.
                        start_new_session=True,
                    )
                except BaseException:
                    ours.close()
                    raise
            self._connection = ours
        return self._connection

    def __del__(self) -> None:
        if self._process is not None:
            with contextlib.suppress(Exception):
                self.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With pandoc, if it has started that: both are a session of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
