"""The conversation with a language model: a request over HTTP, and what `prose` keeps of the reply.

Whatever goes wrong on the way, the answer stands without prose: it is told to the log, not to the asker.
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from bot.answer.prose import checked, given_sentences, request
from bot.types import Quote

TIMEOUT_SECONDS = 10.0
# A few sentences take 2 kB; models that send their musings along take tens of that.
MAX_REPLY_BYTES = 256 * 1024

_log = logging.getLogger(__name__)


class LanguageModel:
    """A `Writer` over any OpenAI-compatible endpoint.  Thread-safe: each call has its own connection.

    `url` is the base address, such as `http://localhost:11434/v1`.  The key goes there and nowhere
    else: no redirect is followed and no proxy of the environment is used.
    """

    def __init__(
        self, url: str, model: str, key: str | None = None, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        """`timeout` in seconds, for the whole exchange from looking up the host to the last byte."""
        self._address = urlsplit(url.rstrip("/"))
        self._model = model
        self._key = key
        self._timeout = timeout
        self._tls = ssl.create_default_context() if self._address.scheme == "https" else None

    def write(self, question: str, quotes: Sequence[Quote]) -> str | None:
        """Prose whose every sentence cites quotes that bear it out, by their `citation`; None for none."""
        given = given_sentences(quotes)
        if not given:
            return None
        asked = {
            "model": self._model,
            "messages": request(question, given),
            "temperature": 0,
            "stream": False,
        }
        try:
            reply = _reply(self._post(json.dumps(asked).encode()))
        except _Unusable as fault:
            _log.warning("The language model was of no use: %s. The answer is its quotes alone", fault)
            return None
        text = checked(reply, given)
        if text is None:
            _log.info("The quotes bear out nothing of what the language model wrote")
        return text

    def _post(self, body: bytes) -> bytes:
        """In a thread of its own, because only so the deadline holds for what cannot be timed.

        A socket's timeout begins anew with every byte, and looking up a host has none.
        """
        call = _Call(self._connection(), f"{self._address.path}/chat/completions", body, self._headers())
        result: SimpleQueue[bytes | _Unusable] = SimpleQueue()
        threading.Thread(target=lambda: result.put(call.run()), name="footnote-llm", daemon=True).start()
        try:
            outcome = result.get(timeout=self._timeout)
        except Empty:
            call.hang_up()
            raise _Unusable(f"no reply within {self._timeout:g} s") from None
        if isinstance(outcome, _Unusable):
            raise outcome
        return outcome

    def _connection(self) -> HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        # Only ends a thread that is still connecting when it is given up, and has no socket to hang up on.
        last_resort = 2 * self._timeout
        if self._tls is not None:
            return HTTPSConnection(host, port, timeout=last_resort, context=self._tls)
        return HTTPConnection(host, port, timeout=last_resort)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
        return headers | ({"Authorization": f"Bearer {self._key}"} if self._key else {})


class _Unusable(Exception):
    """Why there is no reply, in words for the log, without anything that was sent or received."""


class _Call:
    """One request and its reply, which another thread may hang up on."""

    def __init__(self, connection: HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> None:
        self._connection = connection
        self._path = path
        self._body = body
        self._headers = headers
        # The connection forgets its socket once the reply's head says that it is the last one.
        self._socket: socket.socket | None = None
        self._given_up = False

    def run(self) -> bytes | _Unusable:
        """The body of the reply, or why there is none: a thread has nobody to raise to."""
        try:
            return self._exchange()
        except _Unusable as fault:
            return fault
        except (OSError, HTTPException, ValueError) as error:
            # By its name alone: the message of a `ValueError` holds the header that it complains of.
            return _Unusable(f"{self._connection.host} could not be asked ({type(error).__name__})")
        finally:
            self._connection.close()

    def hang_up(self) -> None:
        """Wake the thread that reads, wherever it is, so that it ends."""
        self._given_up = True
        if self._socket is not None:
            with suppress(OSError):  # it has just ended by itself
                # Of the plain socket: that of TLS would pull its state away from under the reader.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _exchange(self) -> bytes:
        self._connection.connect()
        self._socket = self._connection.sock
        if self._given_up:
            raise _Unusable("given up")
        self._connection.request("POST", self._path, self._body, self._headers)
        response = self._connection.getresponse()
        with response:
            if response.status != 200:
                raise _Unusable(f"{self._connection.host} replied with status {response.status}")
            body = response.read(MAX_REPLY_BYTES + 1)
        if len(body) > MAX_REPLY_BYTES:
            raise _Unusable(f"{self._connection.host} replied with more than {MAX_REPLY_BYTES:,} bytes")
        return body


def _reply(body: bytes) -> str:
    """What the model wrote, in the form of a chat completion."""
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _Unusable(f"its reply is no chat completion ({type(error).__name__})") from error
    if not isinstance(content, str):
        raise _Unusable("its reply holds no text")
    return content
