"""A Slack workspace on loopback: Web API, response addresses and Socket Mode, with its moods.

It is driven by the real clients, keeps what is posted, and behaves badly on request: it delivers
again what was not acknowledged, loses acknowledgements, refreshes and breaks connections, limits
rates, fails, and refuses blocks that are over a limit.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.slack.limits import (
    MAX_MESSAGE_CHARS,
    MAX_TEXT_CHARS,
    message_problems,
    total_chars,
    view_problems,
)
from tests.fakes.slack.websocket import ServerSocket

TEAM, BOT_USER, BOT = "T0TEAM", "U0FOOTNOTE", "B0FOOTNOTE"
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-loopback", "xapp-loopback", "loopback-secret"
MAX_DELIVERIES = 4
"""The first, and Slack's three repetitions."""


@dataclass(frozen=True)
class Fault:
    """One refusal of a Web API method, in place of its answer."""

    error: str = ""
    """As `{"ok": false, "error": …}` with status 200, Slack's usual way."""
    status: int = 200
    retry_after: str | None = None


@dataclass
class Posted:
    """A message of the bot."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    thread_ts: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    ephemeral: bool = False
    """Through a response address: seen by one person."""

    @property
    def is_plain(self) -> bool:
        return not self.blocks

    def parts(self, kind: str) -> list[dict[str, Any]]:
        """Every element of that type, however deep."""
        return [part for part in _walk(self.blocks) if part.get("type") == kind]

    def shown(self) -> str:
        """What a person reads: the texts of the blocks in order, else the text."""
        texts = [part["text"] for part in _walk(self.blocks) if isinstance(part.get("text"), str)]
        return "".join(texts) if self.blocks else self.text

    def pings(self) -> list[str]:
        """Who would be notified by name: mentions in mrkdwn, and mention parts of rich text."""
        mrkdwn = [self.text] + [part["text"] for part in _walk(self.blocks) if part.get("type") == "mrkdwn"]
        marks = [mark for text in mrkdwn for mark in ("<!", "<@", "<#") if mark in text]
        parts = [
            part["type"]
            for part in _walk(self.blocks)
            if part.get("type") in ("user", "usergroup", "broadcast", "channel", "team")
        ]
        return marks + parts


@dataclass
class Envelope:
    """One delivery over Socket Mode."""

    kind: str
    payload: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deliveries: int = 0
    due: float = 0.0
    answer: dict[str, Any] | None = None
    """The acknowledgement, once it came."""


class FakeSlack:
    def __init__(self, redeliver_after: float = 0.3) -> None:
        self.redeliver_after = redeliver_after
        self.posted: list[Posted] = []
        self.views: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.envelopes: list[Envelope] = []
        self.calls: list[str] = []
        """Every method called, refused calls too."""
        self.call_times: dict[str, list[float]] = defaultdict(list)
        self.acks_to_lose = 0
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._times: Iterator[int] = itertools.count(1_700_000_000)
        self._human_messages: set[tuple[str, str]] = set()
        self._response_urls: dict[str, str] = {}
        self._sockets: list[ServerSocket] = []
        self._tickets: set[str] = set()
        self._changed = threading.Condition()
        self._closing = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True),
            threading.Thread(target=self._deliver, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._closing = True
        for socket in self._sockets:
            socket.abort()
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def api_url(self) -> str:
        return f"http://{self.address}/api/"

    # What people do

    def mention(
        self, text: str, *, channel: str = "C0CARS", user: str = "U0ADA", **extra: Any
    ) -> dict[str, Any]:
        """A person mentions the bot; returns the event."""
        return self.event(
            {"type": "app_mention", "channel": channel, "user": user, "text": f"<@{BOT_USER}> {text}"} | extra
        )

    def direct_message(
        self, text: str, *, channel: str = "D0ADA", user: str = "U0ADA", **extra: Any
    ) -> dict[str, Any]:
        return self.event(
            {"type": "message", "channel_type": "im", "channel": channel, "user": user, "text": text} | extra
        )

    def event(self, event: dict[str, Any], event_id: str | None = None) -> dict[str, Any]:
        """Deliver any event; one without `ts` is new and gets one."""
        event.setdefault("ts", self.next_ts())
        event.setdefault("event_ts", event["ts"])
        if "channel" in event:
            self._human_messages.add((event["channel"], event["ts"]))
        self.deliver("events_api", event_payload(event, event_id))
        return event

    def command(
        self, text: str, *, channel: str = "C0CARS", user: str = "U0ADA", **extra: Any
    ) -> dict[str, Any]:
        payload = {
            "command": "/ask",
            "text": text,
            "team_id": TEAM,
            "channel_id": channel,
            "user_id": user,
            "trigger_id": str(uuid.uuid4()),
            "response_url": self.new_response_url(channel),
            "api_app_id": "A1",
        } | extra
        self.deliver("slash_commands", payload)
        return payload

    def press(
        self,
        message: Posted,
        element: dict[str, Any],
        *,
        value: str | None = None,
        user: str = "U0ADA",
        channel: str | None = None,
    ) -> Envelope:
        """Press a button of a message, perhaps with a forged value or from another channel."""
        return self.deliver("interactive", self.press_payload(message, element, value, user, channel))

    def press_payload(
        self, message: Posted, element: dict[str, Any], value: str | None, user: str, channel: str | None
    ) -> dict[str, Any]:
        where = channel or message.channel
        chosen = value if value is not None else element.get("value", "")
        return {
            "type": "block_actions",
            "api_app_id": "A1",
            "trigger_id": str(uuid.uuid4()),
            "team": {"id": TEAM, "domain": "loopback"},
            "user": {"id": user, "team_id": TEAM},
            "channel": {"id": where, "name": "cars"},
            "container": {"type": "message", "message_ts": message.ts, "channel_id": where},
            "message": {"ts": message.ts, "thread_ts": message.thread_ts},
            "response_url": self.new_response_url(where),
            "actions": [
                {"type": element["type"], "action_id": element["action_id"], "block_id": "b", "value": chosen}
            ],
        }

    def new_response_url(self, channel: str) -> str:
        key = uuid.uuid4().hex
        self._response_urls[key] = channel
        return f"http://{self.address}/response/{key}"

    def next_ts(self) -> str:
        return f"{next(self._times)}.000100"

    # What Slack does

    def deliver(self, kind: str, payload: dict[str, Any]) -> Envelope:
        envelope = Envelope(kind, payload)
        with self._changed:
            self.envelopes.append(envelope)
            self._changed.notify_all()
        return envelope

    def fail(self, method: str, *faults: Fault) -> None:
        """Answer the next calls of a method (`response_url` too) with these faults, one each."""
        self._faults[method].extend(faults)

    def refresh(self) -> None:
        """Ask every connection to be replaced, as Slack does every few hours."""
        for socket in self._open_sockets():
            socket.send({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "fake"}})

    def close_connections(self) -> None:
        for socket in self._open_sockets():
            socket.close()

    def break_connections(self) -> None:
        for socket in self._open_sockets():
            socket.abort()

    # What can be seen

    @property
    def accepted(self) -> int:
        """How many connections there have been."""
        return len(self._sockets)

    @property
    def connected(self) -> int:
        """How many there are now."""
        return len(self._open_sockets())

    def replies(self, event: dict[str, Any]) -> list[Posted]:
        """The bot's messages in the thread of a person's message."""
        thread = event.get("thread_ts") or event["ts"]
        return [post for post in self.posted if (post.channel, post.thread_ts) == (event["channel"], thread)]

    def reply(self, event: dict[str, Any], seconds: float = 5.0) -> Posted:
        """The first reply, waited for."""
        self.wait(lambda: bool(self.replies(event)), seconds)
        return self.replies(event)[0]

    def answered(self, envelope: Envelope) -> bool:
        return envelope.answer is not None

    def wait(self, until: Callable[[], bool], seconds: float = 5.0) -> None:
        with self._changed:
            if not self._changed.wait_for(until, seconds):
                posted = [post.text for post in self.posted]
                raise AssertionError(f"not within {seconds} s; calls: {self.calls}; posted: {posted}")

    def settle(self, seconds: float = 0.2) -> None:
        """Wait until every envelope is acknowledged, and then a moment for what should not come."""
        self.wait(lambda: all(self.answered(envelope) for envelope in self.envelopes))
        time.sleep(seconds)

    # The inside

    def _open_sockets(self) -> list[ServerSocket]:
        return [socket for socket in self._sockets if socket.is_open]

    def _deliver(self) -> None:
        """Send what is due, and again what was not acknowledged in time; keep the connections awake."""
        turn = itertools.count()
        next_ping = 0.0
        while not self._closing:
            now = time.monotonic()
            if now >= next_ping:
                next_ping = now + 0.1
                for socket in self._open_sockets():
                    socket.ping()
            with self._changed:
                due = [
                    envelope
                    for envelope in self.envelopes
                    if envelope.answer is None
                    and envelope.due <= now
                    and envelope.deliveries < MAX_DELIVERIES
                ]
            for envelope in due:
                sockets = self._open_sockets()
                if sockets and sockets[next(turn) % len(sockets)].send(_wire(envelope)):
                    envelope.deliveries += 1
                    envelope.due = now + self.redeliver_after
            with self._changed:
                self._changed.wait(0.02)

    def accept_socket(self, handler: BaseHTTPRequestHandler, ticket: str) -> None:
        """Serve one Socket Mode connection until it ends."""
        if ticket not in self._tickets:
            handler.send_error(403)
            return
        self._tickets.remove(ticket)
        socket = ServerSocket(handler)
        socket.send({"type": "hello", "num_connections": len(self._open_sockets()) + 1})
        with self._changed:
            self._sockets.append(socket)
            self._changed.notify_all()
        while (message := socket.receive()) is not None:
            self._acknowledge(message)
        with self._changed:
            self._changed.notify_all()

    def _acknowledge(self, message: dict[str, Any]) -> None:
        with self._changed:
            if self.acks_to_lose > 0:
                self.acks_to_lose -= 1
                return
            for envelope in self.envelopes:
                if envelope.id == message.get("envelope_id") and envelope.answer is None:
                    envelope.answer = message.get("payload") or {}
            self._changed.notify_all()

    def call(
        self, method: str, token: str, arguments: dict[str, Any]
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Answer a Web API call: status, headers, body."""
        with self._changed:
            self.calls.append(method)
            self.call_times[method].append(time.monotonic())
            faults = self._faults[method]
            fault = faults.popleft() if faults else None
            if fault is not None:
                answer = _failed(fault)
            else:
                answer = (200, {}, self._result(method, token, arguments))
            self._changed.notify_all()
            return answer

    def respond(self, key: str, content: dict[str, Any]) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Take a message through a response address."""
        with self._changed:
            self.calls.append("response_url")
            faults = self._faults["response_url"]
            if faults:
                fault = faults.popleft()
                return (fault.status if fault.status != 200 else 400), _headers(fault), {"error": fault.error}
            channel = self._response_urls.get(key)
            if channel is None:
                return 404, {}, {"error": "used_url"}
            blocks = content.get("blocks") or []
            if blocks and message_problems(blocks):
                return 400, {}, {"error": "invalid_blocks"}
            self._keep(channel, content, ephemeral=content.get("response_type") != "in_channel")
            self._changed.notify_all()
            return 200, {}, {"ok": True}

    def _result(self, method: str, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            return {"ok": False, "error": "invalid_auth"}
        if method == "auth.test":
            return {
                "ok": True,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "bot_id": BOT,
                "team": "Loopback",
                "user": "footnote",
                "url": "https://loopback.slack.com/",
            }
        if method == "apps.connections.open":
            ticket = uuid.uuid4().hex
            self._tickets.add(ticket)
            return {"ok": True, "url": f"ws://{self.address}/link?ticket={ticket}"}
        if method == "chat.postMessage":
            return self._post(arguments)
        if method == "views.open":
            if problems := view_problems(arguments["view"]):
                return {
                    "ok": False,
                    "error": "invalid_arguments",
                    "response_metadata": {"messages": problems},
                }
            self.views.append(arguments["view"])
            return {"ok": True, "view": arguments["view"]}
        if method == "assistant.threads.setStatus":
            self.statuses.append(arguments)
            return {"ok": True}
        return {"ok": False, "error": "unknown_method"}

    def _post(self, arguments: dict[str, Any]) -> dict[str, Any]:
        blocks = arguments.get("blocks") or []
        thread = arguments.get("thread_ts")
        if not arguments.get("text") and not blocks:
            return {"ok": False, "error": "no_text"}
        if len(arguments.get("text") or "") > MAX_TEXT_CHARS:
            return {"ok": False, "error": "msg_too_long"}
        if thread and (arguments["channel"], thread) not in self._human_messages:
            return {"ok": False, "error": "thread_not_found"}
        if blocks and (problems := message_problems(blocks)):
            return {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": problems}}
        if total_chars(blocks) > MAX_MESSAGE_CHARS:
            return {"ok": False, "error": "msg_blocks_too_long"}
        post = self._keep(arguments["channel"], arguments)
        return {"ok": True, "channel": post.channel, "ts": post.ts, "message": {"text": post.text}}

    def _keep(self, channel: str, content: dict[str, Any], *, ephemeral: bool = False) -> Posted:
        known = ("channel", "text", "blocks", "thread_ts")
        post = Posted(
            channel=channel,
            ts=self.next_ts(),
            text=content.get("text") or "",
            blocks=content.get("blocks") or [],
            thread_ts=content.get("thread_ts"),
            options={name: value for name, value in content.items() if name not in known},
            ephemeral=ephemeral,
        )
        self.posted.append(post)
        return post


def event_payload(event: dict[str, Any], event_id: str | None = None) -> dict[str, Any]:
    """An event in the wrapping of the Events API, alike for Socket Mode and HTTP."""
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": "A1",
        "event": event,
        "event_time": 1_700_000_000,
        "event_id": event_id or f"Ev{uuid.uuid4().hex[:10].upper()}",
        "is_ext_shared_channel": False,
        "authorizations": [
            {"team_id": TEAM, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False}
        ],
    }


def _wire(envelope: Envelope) -> dict[str, Any]:
    repeated = envelope.deliveries > 0
    return {
        "envelope_id": envelope.id,
        "type": envelope.kind,
        "payload": envelope.payload,
        "accepts_response_payload": envelope.kind != "events_api",
        "retry_attempt": envelope.deliveries,
        "retry_reason": "timeout" if repeated else "",
    }


def _failed(fault: Fault) -> tuple[int, dict[str, str], dict[str, Any]]:
    error = fault.error or ("ratelimited" if fault.status == 429 else "internal_error")
    return fault.status, _headers(fault), {"ok": False, "error": error}


def _headers(fault: Fault) -> dict[str, str]:
    return {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)


def _handler_of(slack: FakeSlack) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path == "/link":
                slack.accept_socket(self, parse_qs(url.query).get("ticket", [""])[0])
                self.close_connection = True
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if raw.startswith("{"):  # the client names JSON as the type of forms too
                arguments = json.loads(raw)
            else:
                arguments = {name: values[0] for name, values in parse_qs(raw).items()}
            kind, _, name = self.path.strip("/").partition("/")
            if kind == "api":
                token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
                self._send(*slack.call(name, token, arguments))
            else:
                self._send(*slack.respond(name, arguments))

        def _send(self, status: int, headers: dict[str, str], body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return Handler
