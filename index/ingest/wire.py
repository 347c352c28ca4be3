"""Messages over a socket between the program and the process that reads documents: length, then bytes."""

from __future__ import annotations

import socket
import struct
import time

_LENGTH = struct.Struct(">Q")
MAX_MESSAGE_BYTES = 256 * 1024 * 1024
"""No document and no article is as long; a length beyond it is a fault on the other side."""


def send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(_LENGTH.pack(len(message)))
    connection.sendall(message)


def receive(connection: socket.socket, deadline: float | None = None) -> bytes:
    """One message; raise `EOFError` where the other side is gone, `TimeoutError` at the deadline."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size, deadline))
    if length > MAX_MESSAGE_BYTES:
        raise EOFError
    return _exactly(connection, length, deadline)


def _exactly(connection: socket.socket, length: int, deadline: float | None) -> bytes:
    received = bytearray()
    while len(received) < length:
        if deadline is not None:
            # Never 0, which would mean not to wait at all.
            connection.settimeout(max(0.001, deadline - time.monotonic()))
        part = connection.recv(min(1 << 20, length - len(received)))
        if not part:
            raise EOFError
        received += part
    return bytes(received)
