"""Connections for HTTP that end at one deadline: the look-up of a name, the handshake, and the last byte.

A time-out of a client begins anew with every byte, so that a byte a second never runs into it, and no
look-up can be timed at all.  The name is looked up once, here, so that the caller can say which of the
addresses found may be connected to.  No proxy is used: it would do its own look-up.
"""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpcore2
    from httpcore2 import NetworkBackend, NetworkStream
else:
    NetworkBackend = NetworkStream = object  # the library is imported when a connection is to be made

# At DEBUG it writes down every header, keys and cookies among them.
logging.getLogger("httpcore2").setLevel(logging.WARNING)

Choose = Callable[[str, int, Sequence[str]], Sequence[str]]
"""Host, port and the IP addresses found -> those that may be connected to; raises what it likes."""


def _looked_up(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _connected(address: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=seconds)


@dataclass(frozen=True, slots=True)
class Network:
    """How names become addresses, and addresses connections; tests give their own."""

    lookup: Callable[[str, int], Sequence[str]] = _looked_up
    """Host and port -> the IP addresses that the host has."""
    connect: Callable[[str, int, float], socket.socket] = _connected
    """IP address, port and seconds -> a connection to it."""
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context


class Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; raise `TimeoutError` if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left


def open_pool(
    deadline: Deadline,
    network: Network | None = None,
    choose: Choose = lambda host, port, found: found,
    *,
    secure: bool = True,
) -> httpcore2.ConnectionPool:
    """Return a pool to make requests with; it is closed by `with`.  Without `secure` for http:// alone.

    A request raises `TimeoutError` at the deadline, other kinds of `OSError` (`ssl.SSLError` among them)
    if there is no connection or it breaks, and `httpcore2.ProtocolError` for what is no HTTP.
    """
    import httpcore2

    network = network or Network()
    # A context takes long to make: it reads the certificates of all authorities.
    context = network.tls() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpcore2.ConnectionPool(context, network_backend=_Backend(deadline, network, choose))


class _Backend(NetworkBackend):
    def __init__(self, deadline: Deadline, network: Network, choose: Choose) -> None:
        self._deadline = deadline
        self._network = network
        self._choose = choose

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> NetworkStream:
        """Connect to the first address that answers: many a machine has no way to an IPv6 one."""
        found = self._within_deadline(lambda: self._network.lookup(host, port))
        *others, last = self._choose(host, port, found)
        for address in others:
            try:
                return self._stream(self._network.connect(address, port, self._deadline.left() / 2))
            except OSError:
                continue
        return self._stream(self._network.connect(last, port, self._deadline.left()))

    def _stream(self, connection: socket.socket) -> NetworkStream:
        return _Stream(connection, self._deadline)

    def _within_deadline(self, work: Callable[[], Sequence[str]]) -> Sequence[str]:
        results: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def run() -> None:
            try:
                results.put(work())
            except (OSError, UnicodeError) as error:
                results.put(error)

        threading.Thread(target=run, name="footnote-lookup", daemon=True).start()
        try:
            result = results.get(timeout=self._deadline.left())
        except queue.Empty as error:
            raise TimeoutError("the name was not found in time") from error
        if isinstance(result, Exception):
            raise result
        return result


class _Stream(NetworkStream):
    """A connection, each of whose operations may take what is left until the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._connection.settimeout(self._deadline.left())
        return self._connection.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._connection.settimeout(self._deadline.left())
        self._connection.sendall(buffer)

    def close(self) -> None:
        self._connection.close()

    def get_extra_info(self, info: str) -> None:
        """Nothing: HTTP/1.1 is all that is spoken."""

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        try:
            secure = ssl_context.wrap_socket(
                self._connection, server_hostname=server_hostname, do_handshake_on_connect=False
            )
            self._connection = secure
            secure.settimeout(self._deadline.left())
            secure.do_handshake()
        except BaseException:
            self.close()
            raise
        return self
