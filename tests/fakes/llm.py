"""A language model on loopback, behind the usual endpoint: it writes what it is told to, or misbehaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "loopback-1"
KEY = "sk-loopback-key"


@dataclass(frozen=True)
class Asked:
    """One request, as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def system(self) -> str:
        return str(self.body["messages"][0]["content"])

    @property
    def user(self) -> str:
        return str(self.body["messages"][1]["content"])

    @property
    def data(self) -> dict[str, Any]:
        """The question and sentences that the user's message holds."""
        found: dict[str, Any] = json.loads(self.user.removeprefix("<data>\n").removesuffix("\n</data>"))
        return found


Handler = Callable[["_Connection"], None]


class FakeLlm:
    """Listens until it is closed.  `asked` keeps the requests; `hung_up` is set when a client goes early."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.hung_up = threading.Event()
        self._closing = threading.Event()
        self._respond: Handler = lambda connection: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Connection,), {"fake": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/v1"

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def writes(self, text: str | Callable[[Asked], str]) -> None:
        """Reply well, with this text, or with what a model makes of the request."""
        self._respond = lambda connection: connection.reply(
            completion(text(self.asked[-1]) if callable(text) else text)
        )

    def streams(self, *pieces: str, ends: bool = True) -> None:
        """Reply well, in these pieces, as server-sent events; unless it `ends`, it breaks off behind them."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        events = [{"choices": [{"delta": {"role": "assistant", "content": piece}}]} for piece in pieces]
        usage = {"choices": [], "usage": {"total_tokens": 9}}
        lines = [f"data: {json.dumps(event)}\n\n" for event in [*events, usage]]
        body = ": hello\n\n" + "".join(lines) + "data: [DONE]\n\n" * ends
        self._respond = lambda connection: connection.flood(head + body.encode())

    def replies(self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Reply with exactly this."""
        self._respond = lambda connection: connection.reply(body, status, headers or {})

    def hangs(self) -> None:
        """Take the request and say nothing."""
        self._respond = lambda connection: connection.drip(b"", b"")

    def drips_the_body(self, text: str) -> None:
        """Reply well, but a byte at a time, for ever at the end."""
        self._respond = lambda connection: connection.drip(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n",
            completion(text) + b" " * 100_000,
        )

    def drips_the_head(self) -> None:
        """Begin a header that never ends."""
        self._respond = lambda connection: connection.drip(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a" * 100_000)

    def streams_for_ever(self) -> None:
        """Server-sent events that nobody asked for, as fast as they are read."""
        event = b"data: " + json.dumps({"choices": [{"delta": {"content": "half [1] "}}]}).encode() + b"\n\n"
        self._respond = lambda connection: connection.flood(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", event * 100
        )

    def closes_without_a_word(self) -> None:
        self._respond = lambda connection: connection.flood(b"")

    def speaks(self, garbage: bytes) -> None:
        """Something that is not HTTP."""
        self._respond = lambda connection: connection.flood(garbage)

    def redirects(self, to: str) -> None:
        self.replies(b"", status=307, headers={"Location": to})


def completion(text: str | None) -> bytes:
    """The reply of an endpoint that works."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return json.dumps({"object": "chat.completion", "model": MODEL, "choices": [choice]}).encode()


class _Connection(BaseHTTPRequestHandler):
    fake: FakeLlm

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.fake.asked.append(Asked(self.path, dict(self.headers), body))
        self.close_connection = True
        self.fake._respond(self)

    def reply(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):  # whoever asked has read enough
            self.wfile.write(body)

    def drip(self, at_once: bytes, slowly: bytes) -> None:
        """Write a byte every 20 ms, as long as there are some, until the other side goes."""
        self.wfile.write(at_once)
        self.connection.settimeout(0.02)
        for place in range(100_000):
            if self.fake._closing.is_set() or self._is_alone():
                return
            try:
                self.connection.sendall(slowly[place : place + 1])
            except OSError:
                self.fake.hung_up.set()
                return

    def flood(self, head: bytes, again: bytes = b"") -> None:
        """Write without end, where there is something to repeat."""
        try:
            self.wfile.write(head)
            while again and not self.fake._closing.is_set():
                self.wfile.write(again)
        except OSError:
            self.fake.hung_up.set()

    def _is_alone(self) -> bool:
        """Whether the other side has closed; waits a moment for it."""
        try:
            alone = bool(self.connection.recv(1) == b"")
        except TimeoutError:
            return False
        except OSError:
            alone = True
        if alone:
            self.fake.hung_up.set()
        return alone

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: what matters is in `asked`."""
