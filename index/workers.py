"""Texts embedded by the machines of a Ray cluster.

Each of them has Footnote of the same version, with `footnote[ray]`.  By Ray's tasks, and not by Ray Data:
that cannot be used through a Ray Client, and brings 250 MB along.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from index.build import Embed
from index.types import Encoder, FootnoteError, Vectors

# For a core that embeds some texts there are others under way to it.
SLICES_PER_CORE = 2
MIN_SLICES = 4
MAX_TRIES = 5
"""Of the same texts, each by another worker: texts that kill all of them are not tried for ever."""
CONNECT_SECONDS = 5.0
CONNECT_TRIES = 3
CONNECT_PAUSE_SECONDS = 1.0
# A slice takes seconds; a machine that has to be started first takes minutes.
PATIENCE_SECONDS = 900.0


@contextmanager
def ray_workers(address: str, make: Callable[[], Encoder], fingerprint: str) -> Iterator[Embed]:
    """Connect to the Ray Client server at `address`, `ray://HOST:PORT`.

    `make` returns a worker's encoder, the same one each time that it is called there; `fingerprint` is what
    it has to have.  Raise `FootnoteError`, as embedding does, if the cluster cannot be used.
    """
    ray: Any = _ray()
    _reach(address)
    connection = _connected(ray, address)
    try:
        yield _Embedding(ray, address, make, fingerprint)
    finally:
        connection.disconnect()


class _Embedding:
    """An `Embed`."""

    def __init__(self, ray: Any, address: str, make: Callable[[], Encoder], fingerprint: str) -> None:
        self._ray = ray
        self._address = address
        # Ray gives the texts of a worker that died to another one.
        task = ray.remote(_vectors).options(num_cpus=1, max_retries=MAX_TRIES - 1, name="footnote embed")
        self._begin: Callable[[Sequence[str]], Any] = partial(task.remote, make, fingerprint)

    def __call__(self, slices: Iterable[Sequence[str]]) -> Iterator[Vectors]:
        waiting: deque[Any] = deque()
        try:
            for texts in slices:
                # The cluster grows and shrinks meanwhile.
                while len(waiting) >= max(MIN_SLICES, SLICES_PER_CORE * self._cores()):
                    yield self._ray.get(waiting.popleft(), timeout=PATIENCE_SECONDS)
                waiting.append(self._begin(texts))
            while waiting:
                yield self._ray.get(waiting.popleft(), timeout=PATIENCE_SECONDS)
        except (self._ray.exceptions.RayError, ConnectionError, ImportError) as error:
            raise self._failed(error) from error

    def _cores(self) -> int:
        return int(self._ray.cluster_resources().get("CPU", 0))

    def _failed(self, error: Exception) -> FootnoteError:
        cause = getattr(error, "cause", None)
        if isinstance(cause, FootnoteError):
            return cause
        if isinstance(error, self._ray.exceptions.GetTimeoutError):
            why = f"no vectors came for {PATIENCE_SECONDS / 60:.0f} minutes; look whether it has free cores"
        elif isinstance(error, ImportError) or "ModuleNotFoundError" in str(error):
            why = "Footnote is not installed on its machines; install this version of it on each"
        else:
            why = _last_line(cause or error)
        return FootnoteError(
            f"The Ray cluster at {self._address} has not embedded the texts: {why.rstrip('.')}."
            " The index stays as it was; build again, without --workers if need be."
        )


def _vectors(make: Callable[[], Encoder], fingerprint: str, texts: Sequence[str]) -> Vectors:
    """Embed, on a worker."""
    encoder = make()
    if encoder.fingerprint != fingerprint:
        raise FootnoteError(
            f"The worker {socket.gethostname()} has another model under the name {encoder.name}, whose"
            " vectors would not go with the others. Install the same one on every machine."
        )
    return encoder.encode_documents(texts)


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise FootnoteError(
            '--workers needs Ray, which is not installed. Install it: pip install "footnote[ray]"'
        ) from error
    return ray


def _connected(ray: Any, address: str) -> Any:
    for left in range(CONNECT_TRIES)[::-1]:
        try:
            return ray.init(address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            # Just after a process of the cluster has died, it may say no once.
            if left:
                time.sleep(CONNECT_PAUSE_SECONDS)
                continue
            raise FootnoteError(
                f"The Ray cluster at {address} cannot be used: {_last_line(error)}. Its machines need the"
                f" Python and the Ray that this one has ({ray.__version__})."
            ) from error


def _reach(address: str) -> None:
    """Raise `FootnoteError` if nobody listens; Ray itself would try for half a minute."""
    place = urlsplit(address)
    try:
        socket.create_connection((place.hostname, place.port), CONNECT_SECONDS).close()
    except OSError as error:
        raise FootnoteError(
            f"The Ray cluster at {address} cannot be reached ({error.strerror or error}). Look whether"
            " `ray start --head` runs there, and whether the port is that of its client server, 10001 if none"
            " was named."
        ) from error


def _last_line(error: BaseException) -> str:
    said = str(error).strip()
    return said.splitlines()[-1].strip().rstrip(".") if said else type(error).__name__
