"""The conversation with a language model: a request over HTTP, and what `prose` keeps of the reply.

Whatever goes wrong on the way, the answer stands without prose: it is told to the log, not to the asker.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import httpcore2

from bot.answer.prose import Given, checked, checked_as_written, given_sentences, request
from bot.types import Quote
from index.connections import Deadline, open_pool

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

    def write(self, question: str, quotes: Sequence[Quote]) -> str | None:
        """Return prose whose every sentence cites quotes that bear it out, by their `citation`; or None."""
        given = given_sentences(quotes)
        if not given:
            return None
        try:
            reply = _reply(b"".join(self._parts(question, given, stream=False)))
        except _Unusable as fault:
            _log.warning("The language model was of no use: %s. The answer is its quotes alone", fault)
            return None
        text = checked(reply, given)
        if text is None:
            _log.info("The quotes bear out nothing of what the language model wrote")
        return text

    def writing(self, question: str, quotes: Sequence[Quote]) -> Iterator[str]:
        """Yield the sentences of such prose, each as soon as it is written and checked."""
        given = given_sentences(quotes)
        if not given:
            return
        try:
            yield from checked_as_written(_pieces(self._parts(question, given, stream=True)), given)
        except _Unusable as fault:
            _log.warning("The language model was of no use: %s. What was written so far stays", fault)

    def _parts(self, question: str, given: Sequence[Given], *, stream: bool) -> Iterator[bytes]:
        """Yield the body of the reply; raise `_Unusable` if there is none."""
        asked = {
            "model": self._model,
            "messages": request(question, given),
            "temperature": 0,
            "stream": stream,
        }
        body = json.dumps(asked).encode()
        host, secure = self._address.hostname or "", self._address.scheme == "https"
        path = f"{self._address.path}/chat/completions"
        try:
            url = httpcore2.URL(
                scheme=self._address.scheme.encode(),
                host=host.encode("idna") if ":" not in host else host.encode(),
                port=self._address.port,
                target=path.encode(),
            )
            with (
                open_pool(Deadline(self._timeout), secure=secure) as pool,
                pool.stream("POST", url, headers=self._headers(), content=body) as response,
            ):
                if response.status != 200:
                    raise _Unusable(f"{host} replied with status {response.status}")
                received = 0
                for part in response.iter_stream():
                    received += len(part)
                    if received > MAX_REPLY_BYTES:
                        raise _Unusable(f"{host} replied with more than {MAX_REPLY_BYTES:,} bytes")
                    yield part
        except TimeoutError:
            raise _Unusable(f"no reply within {self._timeout:g} s") from None
        except (OSError, httpcore2.ProtocolError, ValueError) as error:
            # By its name alone: the message of some holds the header that it complains of.
            raise _Unusable(f"{host} could not be asked ({type(error).__name__})") from None

    def _headers(self) -> list[tuple[bytes, bytes]]:
        headers = {
            "Host": self._address.netloc,
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Connection": "close",
        }
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return [(name.encode(), value.encode("ascii")) for name, value in headers.items()]


class _Unusable(Exception):
    """Why there is no reply, in words for the log, without anything that was sent or received."""


def _pieces(parts: Iterator[bytes]) -> Iterator[str]:
    """Yield the text of a streamed chat completion, or of a whole one if the endpoint knows no streams."""
    left, streamed = b"", None
    for part in parts:
        left += part
        if streamed is None and left.strip():
            streamed = not left.lstrip().startswith(b"{")
        if streamed:
            *lines, left = left.split(b"\n")
            yield from filter(None, map(_delta, lines))
    yield _delta(left) if streamed else _reply(left)


def _delta(line: bytes) -> str:
    """Return the text that one line of server-sent events adds."""
    name, _, data = line.strip().partition(b":")
    if name != b"data" or data.strip() == b"[DONE]":
        return ""
    try:
        choices = json.loads(data)["choices"]
        content = choices[0]["delta"].get("content") if choices else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _Unusable(f"its reply is no stream of a chat completion ({type(error).__name__})") from error
    return content if isinstance(content, str) else ""


def _reply(body: bytes) -> str:
    """Return the text of a chat completion."""
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _Unusable(f"its reply is no chat completion ({type(error).__name__})") from error
    if not isinstance(content, str):
        raise _Unusable("its reply holds no text")
    return content
