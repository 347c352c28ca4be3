"""The server's half of a WebSocket (RFC 6455): as much as Socket Mode needs, and no more."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA


class ServerSocket:
    """One accepted connection.  Sending is thread-safe; one thread receives."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._socket: socket.socket = handler.connection
        self._reader = handler.rfile
        self._sending = threading.Lock()
        self.is_open = True
        key = handler.headers["Sec-WebSocket-Key"] + _MAGIC
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        handler.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )

    def send(self, message: dict[str, Any]) -> bool:
        """False where the connection is gone."""
        return self._send_frame(_TEXT, json.dumps(message).encode())

    def ping(self) -> None:
        # Never empty: the client under test waits for a third byte of every frame.
        self._send_frame(_PING, b"slack")

    def receive(self) -> dict[str, Any] | None:
        """The next message, answering pings on the way; None when the connection ends."""
        while (frame := self._read_frame()) is not None:
            opcode, payload = frame
            if opcode == _PING:
                self._send_frame(_PONG, payload)
            elif opcode == _CLOSE:
                break
            elif opcode == _TEXT:
                return dict(json.loads(payload))
        self.is_open = False
        return None

    def close(self) -> None:
        """Say good-bye, as a server does that wants the client to connect anew."""
        self._send_frame(_CLOSE, struct.pack("!H", 1000) + b"bye")

    def abort(self) -> None:
        """Break the connection without a word: a reset, as from a dying load balancer."""
        self.is_open = False
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._socket.shutdown(socket.SHUT_RD)
            self._socket.close()

    def _send_frame(self, opcode: int, payload: bytes) -> bool:
        if len(payload) < 126:
            header = bytes([0x80 | opcode, len(payload)])
        else:
            header = bytes([0x80 | opcode, 126]) + struct.pack("!H", len(payload))
        try:
            with self._sending:
                self._socket.sendall(header + payload)
        except OSError:
            self.is_open = False
        return self.is_open

    def _read_frame(self) -> tuple[int, bytes] | None:
        try:
            head = self._read(2)
            length = head[1] & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", self._read(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self._read(8))
            mask = self._read(4) if head[1] & 0x80 else bytes(4)
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self._read(length)))
        except (EOFError, OSError, ValueError):
            return None
        return head[0] & 0x0F, payload

    def _read(self, count: int) -> bytes:
        data = self._reader.read(count)
        if len(data) < count:
            raise EOFError
        return bytes(data)
