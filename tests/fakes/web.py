"""A small web on loopback: hosts with made-up addresses, whose pages one server sends or withholds."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from index.connections import Network

PUBLIC = "93.184.215.14"
"""An address of the internet; nothing is ever sent there."""


@dataclass
class Reply:
    """What the server answers at one path."""

    body: bytes = b""
    content_type: str | None = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    send: Callable[[BaseHTTPRequestHandler], None] | None = None
    """Instead of all else: write what you like, as slowly as you like."""


class FakeWeb:
    """Answers for every host of `hosts`.  `asked` holds the requests, `connected` the addresses."""

    def __init__(self) -> None:
        self.pages: dict[str, Reply] = {}
        """`host/path` -> what is there."""
        self.hosts: dict[str, list[Sequence[str]]] = {}
        """Host -> its addresses for the first look-up, the second, and so on; the last goes on."""
        self.lookups: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Connection,), {"web": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def network(self) -> Network:
        return Network(self._lookup, self._connect)

    def put(self, url: str, body: str | bytes, **reply: object) -> str:
        """A page at `http://host/path`, whose host gets a public address if it has none."""
        place = url.removeprefix("http://")
        self.hosts.setdefault(place.partition("/")[0], [[PUBLIC]])
        raw = body.encode() if isinstance(body, str) else body
        self.pages[place] = Reply(raw, **reply)  # type: ignore[arg-type]
        return url

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _lookup(self, host: str, port: int) -> Sequence[str]:
        self.lookups.append(host)
        if host not in self.hosts:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = self.hosts[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.connected.append((address, port))
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)


class _Connection(BaseHTTPRequestHandler):
    web: FakeWeb

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").partition(":")[0]
        self.web.asked.append((f"{host}{self.path}", dict(self.headers.items())))
        reply = self.web.pages.get(f"{host}{self.path}", Reply(b"nothing here", status=404))
        with suppress(OSError):
            if reply.send is not None:
                reply.send(self)
                return
            etag = reply.headers.get("ETag")
            if etag is not None and self.headers.get("If-None-Match") == etag:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(reply.status)
            if reply.content_type is not None:
                self.send_header("Content-Type", reply.content_type)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in reply.headers:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        pass
