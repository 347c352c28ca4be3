"""The server of routes: limits on what a stranger may send, and a stop that finishes what is under way."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.web import server
from bot.web.server import WebServer, listen, read_body

UNDER_WAY, GO = threading.Event(), threading.Event()


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(await read_body(request, 100))))


def _slow(request: Request) -> Response:
    UNDER_WAY.set()
    GO.wait(5)
    return PlainTextResponse("done")


def _broken(request: Request) -> Response:
    raise RuntimeError("what somebody wrote")


@pytest.fixture
def web() -> Iterator[WebServer]:
    routes = [Route("/length", _length, methods=["POST"]), Route("/slow", _slow), Route("/broken", _broken)]
    running = WebServer(routes, listen("127.0.0.1", 0, "PORT"))
    yield running
    running.close()


def talk(web: WebServer, *parts: bytes) -> bytes:
    """Send the parts, and return all that comes until the other side hangs up."""
    with socket.create_connection(web.address, timeout=5) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while more := connection.recv(4096):
            received += more
        return received


HEAD = b"POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


def test_a_body_is_read_as_far_as_is_allowed(web: WebServer) -> None:
    assert talk(web, HEAD, b"Content-Length: 100\r\n\r\n", b"x" * 100).endswith(b"\r\n\r\n100")
    assert b" 413 " in talk(web, HEAD, b"Content-Length: 101\r\n\r\n")
    chunked = b"Transfer-Encoding: chunked\r\n\r\n" + (b"3c\r\n" + b"x" * 60 + b"\r\n") * 2
    assert b" 413 " in talk(web, HEAD, chunked)


def test_who_says_nothing_or_stops_in_the_middle_is_not_waited_for(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SILENT_SECONDS", 0.2)
    assert talk(web) == b""
    assert talk(web, b"POST /len") == b""
    assert b" 408 " in talk(web, HEAD, b"Content-Length: 100\r\n\r\nhalf")


def test_a_request_under_way_is_answered_before_the_server_stops(web: WebServer) -> None:
    UNDER_WAY.clear()
    GO.clear()
    answers: list[bytes] = []
    asking = threading.Thread(
        target=lambda: answers.append(talk(web, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"))
    )
    asking.start()
    assert UNDER_WAY.wait(5)
    threading.Timer(0.2, GO.set).start()
    web.close()
    asking.join(5)
    assert answers[0].endswith(b"done")
    assert not web.is_alive()
    with pytest.raises(ConnectionRefusedError):
        talk(web)


def test_a_fault_is_told_to_nobody(web: WebServer, caplog: pytest.LogCaptureFixture) -> None:
    reply = talk(web, b"GET /broken HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b" 500 " in reply
    assert b"what somebody wrote" not in reply
    time.sleep(0.1)
    assert "what somebody wrote" not in caplog.text
