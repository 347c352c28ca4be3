"""A Slack workspace on loopback: Web API, response addresses and Socket Mode, with its moods.

It is driven by the real clients, keeps what is posted, and behaves badly on request: it delivers
again what was not acknowledged, loses acknowledgements, refreshes and breaks connections, limits
rates, fails, and refuses blocks that are over a limit.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
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
from socket import SHUT_RDWR
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fakes.slack.limits import (
    MAX_MARKDOWN_CHARS,
    MAX_MESSAGE_CHARS,
    MAX_TEXT_CHARS,
    message_problems,
    total_chars,
    view_problems,
)
from tests.fakes.slack.websocket import ServerSocket

TEAM, BOT_USER, BOT = "T0TEAM", "U0FOOTNOTE", "B0FOOTNOTE"
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-loopback", "xapp-loopback", "loopback-secret"
MAX_RESPONSE_USES = 5
MAX_DELIVERIES = 4
"""The first, and Slack's three repetitions."""
PRESS_PATIENCE = 3.0
"""Seconds that a button, a command or a modal may stay unacknowledged: Slack's own limit."""
HTTP_BACKOFF = 4
"""How many times as long it waits after each delivery over HTTP; Slack waits a minute, and then five."""


@dataclass(frozen=True)
class Fault:
    """One refusal of a Web API method, in place of its answer."""

    error: str = ""
    """As `{"ok": false, "error": …}` with status 200, Slack's usual way."""
    status: int = 200
    retry_after: str | None = None
    lost: bool = False
    """The call is carried out; then the connection breaks, or the answer is an error all the same."""
    cut: bool = False
    """The connection breaks before the call is carried out."""


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
    metadata: dict[str, Any] = field(default_factory=dict)
    edits: int = 0
    streaming: bool = False
    """It is being written, and shows that."""
    at: float = field(default_factory=time.monotonic)

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
    sent_at: float | None = None
    """When it was first delivered."""
    ack_lost: bool = False
    answer: dict[str, Any] | None = None
    """The acknowledgement, once it came."""


@dataclass
class SlackFile:
    """A file that somebody uploaded, and how its host behaves."""

    name: str
    raw: bytes
    content_type: str
    forbidden: bool = False
    """The app lacks the scope: a page to log in, with status 200."""
    redirect: str | None = None
    breaks_off: bool = False


class FakeSlack:
    def __init__(self, redeliver_after: float = 0.8) -> None:
        self.redeliver_after = redeliver_after
        self.posted: list[Posted] = []
        self.views: list[dict[str, Any]] = []
        """Modals, as they were opened or changed."""
        self.homes: dict[str, dict[str, Any]] = {}
        """App Home by user."""
        self.deleted: list[Posted] = []
        """Messages that the bot took back; they are no longer among `posted`."""
        self.streams_begun: list[tuple[str, str]] = []
        """For which person, of which workspace."""
        self.reactions: set[tuple[str, str, str]] = set()
        self.prompts: list[dict[str, Any]] = []
        self.titles: list[dict[str, Any]] = []
        self.shared: set[str] = set()
        """Channels that another organisation takes part in."""
        self.locales: dict[str, str] = {}
        """By user; whoever is not in it has `en-US`."""
        self.has_agent_view = False
        self.tokens = {BOT_TOKEN: TEAM}
        """Workspace by bot token."""
        self.codes: dict[str, dict[str, Any]] = {}
        """What is exchanged for a code at the end of an installation."""
        self.tokens_used: list[tuple[str, str]] = []
        """Method and token of every call that was carried out."""
        self.statuses: list[dict[str, Any]] = []
        self.envelopes: list[Envelope] = []
        self.calls: list[str] = []
        """Every method called, refused calls too."""
        self.call_times: dict[str, list[float]] = defaultdict(list)
        self.acks_to_lose = 0
        self.disturbed: set[tuple[str, str]] = set()
        """Channel and thread of every reply that met a fault."""
        self.http_ports: list[int] = []
        """Where deliveries are posted, signed and in turn, instead of going through Socket Mode."""
        self._open: dict[str, Envelope] = {}
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._times: Iterator[int] = itertools.count(1_700_000_000)
        self._human_messages: set[tuple[str, str]] = set()
        self._said: list[dict[str, Any]] = []
        """Messages of people, as conversations.history shows them."""
        self._response_urls: dict[str, str] = {}
        self._of_response: dict[str, Posted] = {}
        """What `replace_original` replaces, by response address: a button's message, of a command none."""
        self.response_uses: dict[str, int] = defaultdict(int)
        self.groups: dict[str, list[str]] = {}
        """Members of user groups."""
        self.names: dict[str, str] = {}
        self.files: dict[str, SlackFile] = {}
        """What can be downloaded, by id."""
        self.downloads: list[tuple[str, str]] = []
        """Path and token of each."""
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
            self._said.append(event)
        self.deliver("events_api", event_payload(event, event_id, event.get("channel") in self.shared))
        return event

    def say(self, text: str, *, channel: str = "C0CARS", user: str = "U0ADA", **extra: Any) -> dict[str, Any]:
        """A person writes in a channel, to nobody in particular."""
        return self.event(
            {"type": "message", "channel_type": "channel", "channel": channel, "user": user, "text": text}
            | extra
        )

    def write(self, channel: str) -> str:
        """A person's message that was delivered in the past; returns its `ts`."""
        ts = self.next_ts()
        self._human_messages.add((channel, ts))
        return ts

    def edit(self, event: dict[str, Any], text: str) -> dict[str, Any]:
        """A person edits a message; returns the event of it."""
        now = self.next_ts()
        before = {name: event[name] for name in ("text", "ts", "user", "thread_ts") if name in event}
        after = before | {"type": "message", "text": text, "edited": {"user": event["user"], "ts": now}}
        return self._change(event, now, subtype="message_changed", message=after, previous_message=before)

    def unfurl(self, event: dict[str, Any], attachment: dict[str, Any]) -> dict[str, Any]:
        """Slack shows below a message what it links to."""
        before = {name: event[name] for name in ("text", "ts", "user", "thread_ts") if name in event}
        after = before | {"type": "message", "attachments": [attachment]}
        now = self.next_ts()
        return self._change(event, now, subtype="message_changed", message=after, previous_message=before)

    def remove(self, event: dict[str, Any]) -> dict[str, Any]:
        """A person deletes a message; one with replies leaves a tombstone, as in Slack."""
        now = self.next_ts()
        before = {name: event[name] for name in ("text", "ts", "user", "thread_ts") if name in event}
        if any(post.thread_ts == event["ts"] for post in self.posted):
            tombstone = {
                "type": "message",
                "subtype": "tombstone",
                "user": "USLACKBOT",
                "text": "This message was deleted.",
                "hidden": True,
                "ts": event["ts"],
                "thread_ts": event["ts"],
            }
            return self._change(
                event, now, subtype="message_changed", message=tombstone, previous_message=before
            )
        return self._change(
            event, now, subtype="message_deleted", deleted_ts=event["ts"], previous_message=before
        )

    def _change(self, event: dict[str, Any], now: str, **change: Any) -> dict[str, Any]:
        kind = event.get("channel_type") or "channel"
        changed = {"type": "message", "channel": event["channel"], "channel_type": kind, "hidden": True}
        changed |= {"ts": now, "event_ts": now} | change
        self.deliver("events_api", event_payload(changed, shared=event["channel"] in self.shared))
        return changed

    def shortcut(
        self, message: dict[str, Any], *, user: str = "U0ADA", callback_id: str = "find_sources"
    ) -> dict[str, Any]:
        """A person uses a message shortcut on a message."""
        payload = {
            "type": "message_action",
            "callback_id": callback_id,
            "trigger_id": str(uuid.uuid4()),
            "action_ts": self.next_ts(),
            "team": {"id": TEAM, "domain": "loopback"},
            "user": {"id": user, "team_id": TEAM},
            "channel": {"id": message["channel"], "name": "cars"},
            "message_ts": message["ts"],
            "message": {
                name: message[name]
                for name in ("text", "ts", "user", "thread_ts", "files")
                if name in message
            },
            "response_url": self.new_response_url(message["channel"]),
            "api_app_id": "A1",
        }
        self.deliver("interactive", payload)
        return payload

    def press_in_view(self, action_id: str, *, user: str = "U0ADA", **changed: Any) -> Envelope:
        """Press a button of the modal that is open (the last one)."""
        view = self.views[-1]
        element = next(part for part in _walk(view["blocks"]) if part.get("action_id") == action_id)
        value = changed.pop("value", element["value"])
        payload = {
            "type": "block_actions",
            "api_app_id": "A1",
            "trigger_id": str(uuid.uuid4()),
            "team": {"id": TEAM, "domain": "loopback"},
            "user": {"id": user, "team_id": TEAM},
            "container": {"type": "view", "view_id": view["id"]},
            "view": view | changed,
            "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": value}],
        }
        return self.deliver("interactive", payload)

    def submit(self, values: dict[str, Any], *, user: str = "U0ADA", **changed: Any) -> Envelope:
        """Submit the modal that is open; `values` by block, each with one action of that name."""
        view = self.views[-1] | {"state": {"values": {name: {name: value} for name, value in values.items()}}}
        payload = {
            "type": "view_submission",
            "api_app_id": "A1",
            "trigger_id": str(uuid.uuid4()),
            "team": {"id": TEAM, "domain": "loopback"},
            "user": {"id": user, "team_id": TEAM},
            "view": view | changed,
            "response_urls": [],
        }
        return self.deliver("interactive", payload)

    def open_app(self, tab: str, *, user: str = "U0ADA", channel: str = "D0ADA") -> None:
        self.event({"type": "app_home_opened", "user": user, "channel": channel, "tab": tab})

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
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": where,
                "is_ephemeral": message.ephemeral,
                **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
            },
            # What only one person sees comes without its content.
            **({} if message.ephemeral else {"message": {"ts": message.ts, "thread_ts": message.thread_ts}}),
            "response_url": self.new_response_url(where, message),
            "actions": [
                {"type": element["type"], "action_id": element["action_id"], "block_id": "b", "value": chosen}
            ],
        }

    def new_response_url(self, channel: str, message: Posted | None = None) -> str:
        """`message` is the one that the address belongs to, if there is one yet."""
        key = uuid.uuid4().hex
        self._response_urls[key] = channel
        if message is not None:
            self._of_response[key] = message
        return f"http://{self.address}/response/{key}"

    def upload(self, name: str, raw: bytes, content_type: str = "text/plain") -> dict[str, Any]:
        """A person uploads a file; returns it as a message has it."""
        file_id = f"F0FILE{len(self.files)}"
        self.files[file_id] = SlackFile(name, raw, content_type)
        return self.file_object(file_id)

    def file_object(self, file_id: str) -> dict[str, Any]:
        file = self.files[file_id]
        return {
            "id": file_id,
            "name": file.name,
            "mimetype": file.content_type,
            "size": len(file.raw),
            "mode": "hosted",
            "is_external": False,
            "url_private_download": f"http://{self.address}/files-pri/{file_id}/download/{file.name}",
        }

    def download(self, path: str, token: str) -> tuple[int, dict[str, str], bytes]:
        """A file for those who may read it; without the right token or scope, a page to log in."""
        self.downloads.append((path, token))
        file = self.files.get(path.split("/")[2]) if path.count("/") > 2 else None
        if file is None:
            return 404, {}, b""
        if file.redirect is not None:
            return 302, {"Location": file.redirect}, b""
        if token != BOT_TOKEN or file.forbidden:
            page = b"<!DOCTYPE html><html><body>Sign in to your workspace</body></html>"
            return 200, {"Content-Type": "text/html; charset=utf-8"}, page
        raw = file.raw[: len(file.raw) // 2] if file.breaks_off else file.raw
        return 200, {"Content-Type": file.content_type}, raw

    def next_ts(self) -> str:
        return f"{next(self._times)}.000100"

    # What Slack does

    def deliver(self, kind: str, payload: dict[str, Any]) -> Envelope:
        envelope = Envelope(kind, payload)
        with self._changed:
            self.envelopes.append(envelope)
            self._open[envelope.id] = envelope
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
        deadline = time.monotonic() + seconds
        with self._changed:
            # In slices: a test may wait for something that nobody tells this workspace.
            while not until():
                if time.monotonic() >= deadline:
                    posted = [post.text for post in self.posted]
                    raise AssertionError(f"not within {seconds} s; calls: {self.calls}; posted: {posted}")
                self._changed.wait(0.02)

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
                    for envelope in self._open.values()
                    if envelope.due <= now and envelope.deliveries < MAX_DELIVERIES
                ]
            for envelope in due:
                if ports := self.http_ports:
                    self._sent(envelope)
                    # It gives a server that was stopped longer and longer to come back.
                    envelope.due += self.redeliver_after * (HTTP_BACKOFF ** (envelope.deliveries - 1) - 1)
                    port = ports[next(turn) % len(ports)]
                    threading.Thread(target=self._post_signed, args=(envelope, port), daemon=True).start()
                    continue
                sockets = self._open_sockets()
                if sockets and sockets[next(turn) % len(sockets)].send(_wire(envelope)):
                    self._sent(envelope)
            with self._changed:
                self._changed.wait(0.02)

    def _sent(self, envelope: Envelope) -> None:
        now = time.monotonic()
        envelope.deliveries += 1
        patience = self.redeliver_after if envelope.kind == "events_api" else PRESS_PATIENCE
        envelope.due = now + patience
        envelope.sent_at = envelope.sent_at or now

    def _post_signed(self, envelope: Envelope, port: int) -> None:
        """One delivery over HTTP: any answer but 200 is none."""
        if envelope.kind == "events_api":
            body, kind = json.dumps(envelope.payload), "application/json"
        else:
            form = (
                envelope.payload
                if envelope.kind == "slash_commands"
                else {"payload": json.dumps(envelope.payload)}
            )
            body, kind = urlencode(form), "application/x-www-form-urlencoded"
        headers = signed_headers(body) | {"Content-Type": kind}
        if envelope.deliveries > 1:
            headers |= {"X-Slack-Retry-Num": str(envelope.deliveries - 1)}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
        try:
            connection.request("POST", "/slack/events", body.encode(), headers)
            response = connection.getresponse()
            answer = response.read().decode()
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()
        with self._changed:
            if response.status == 200 and envelope.answer is None:
                if self.acks_to_lose > 0:
                    self.acks_to_lose -= 1
                    envelope.ack_lost = True
                    return
                envelope.answer = json.loads(answer) if answer.startswith("{") else {}
                self._open.pop(envelope.id, None)
            self._changed.notify_all()

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
            envelope = self._open.get(message.get("envelope_id") or "")
            if self.acks_to_lose > 0:
                self.acks_to_lose -= 1
                if envelope is not None:
                    envelope.ack_lost = True
                return
            if envelope is not None:
                envelope.answer = message.get("payload") or {}
                del self._open[envelope.id]
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
                self.disturbed.add((arguments.get("channel", ""), arguments.get("thread_ts", "")))
            if fault is not None and (fault.lost or fault.cut):
                if fault.lost:
                    self._result(method, token, arguments)
                named = fault.error or fault.status != 200
                answer = _failed(fault) if named else (0, {}, {})
            elif fault is not None:
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
            self.response_uses[key] += 1
            if self.response_uses[key] > MAX_RESPONSE_USES:
                return 404, {}, {"error": "used_url"}
            before = self._of_response.get(key)
            if content.get("replace_original") and before is not None:
                before.text, before.blocks = content.get("text") or "", blocks
                before.edits += 1
            else:
                ephemeral = content.get("response_type") != "in_channel"
                self._keep(channel, content, ephemeral=ephemeral)
            self._changed.notify_all()
            return 200, {}, {"ok": True}

    def _result(self, method: str, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if method == "oauth.v2.access":
            return self.codes.pop(arguments.get("code", ""), {"ok": False, "error": "invalid_code"})
        if token != APP_TOKEN if method == "apps.connections.open" else token not in self.tokens:
            return {"ok": False, "error": "invalid_auth"}
        self.tokens_used.append((method, token))
        if method == "auth.revoke":
            del self.tokens[token]
            return {"ok": True, "revoked": True}
        if method == "auth.test":
            return {
                "ok": True,
                "team_id": self.tokens[token],
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
            return {"ok": True, "view": self._keep_view(arguments["view"], f"V{len(self.views) + 1}")}
        if method == "views.update":
            if problems := view_problems(arguments["view"]):
                return {
                    "ok": False,
                    "error": "invalid_arguments",
                    "response_metadata": {"messages": problems},
                }
            if not any(view["id"] == arguments["view_id"] for view in self.views):
                return {"ok": False, "error": "not_found"}
            return {"ok": True, "view": self._keep_view(arguments["view"], arguments["view_id"])}
        if method == "views.publish":
            if problems := view_problems(arguments["view"]):
                return {
                    "ok": False,
                    "error": "invalid_arguments",
                    "response_metadata": {"messages": problems},
                }
            self.homes[arguments["user_id"]] = arguments["view"]
            return {"ok": True, "view": arguments["view"]}
        if method == "conversations.info":
            channel = arguments["channel"]
            return {"ok": True, "channel": {"id": channel, "is_ext_shared": channel in self.shared}}
        if method == "users.info":
            user = arguments["user"]
            profile = {"display_name": self.names.get(user, "")}
            locale = self.locales.get(user, "en-US")
            return {"ok": True, "user": {"id": user, "locale": locale, "profile": profile}}
        if method == "usergroups.users.list":
            if arguments["usergroup"] not in self.groups:
                return {"ok": False, "error": "no_such_subteam"}
            return {"ok": True, "users": self.groups[arguments["usergroup"]]}
        if method == "files.info":
            file = self.files.get(arguments["file"])
            if file is None:
                return {"ok": False, "error": "file_not_found"}
            return {"ok": True, "file": self.file_object(arguments["file"])}
        if method == "chat.startStream":
            return self._start_stream(arguments)
        if method in ("chat.appendStream", "chat.stopStream"):
            return self._go_on_streaming(arguments, ends=method == "chat.stopStream")
        if method == "chat.update":
            return self._update(arguments)
        if method == "chat.delete":
            return self._delete(arguments)
        if method == "conversations.replies":
            return self._thread(arguments)
        if method == "conversations.history":
            return self._history(arguments)
        if method in ("reactions.add", "reactions.remove"):
            reaction = (arguments["channel"], arguments["timestamp"], arguments["name"])
            (self.reactions.add if method == "reactions.add" else self.reactions.discard)(reaction)
            return {"ok": True}
        if method in ("assistant.threads.setSuggestedPrompts", "assistant.threads.setTitle"):
            if not self.has_agent_view:
                return {"ok": False, "error": "channel_type_not_supported"}
            (self.prompts if method.endswith("Prompts") else self.titles).append(arguments)
            return {"ok": True}
        if method == "assistant.threads.setStatus":
            self.statuses.append(arguments)
            return {"ok": True}
        return {"ok": False, "error": "unknown_method"}

    def _keep_view(self, view: dict[str, Any], view_id: str) -> dict[str, Any]:
        kept = view | {"id": view_id, "hash": f"{len(self.views)}.h"}
        self.views.append(kept)
        return kept

    def _update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        post = self._message(arguments)
        if post is None:
            return {"ok": False, "error": "message_not_found"}
        if post.streaming:
            return {"ok": False, "error": "streaming_state_conflict"}
        blocks = arguments.get("blocks") or []
        if blocks and (problems := message_problems(blocks)):
            return {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": problems}}
        if total_chars(blocks) > MAX_MESSAGE_CHARS:
            return {"ok": False, "error": "msg_blocks_too_long"}
        post.text, post.blocks, post.edits = arguments.get("text") or "", blocks, post.edits + 1
        post.metadata = arguments.get("metadata") or post.metadata
        return {"ok": True, "channel": post.channel, "ts": post.ts, "text": post.text}

    def _start_stream(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel, thread, said = (
            arguments.get(name) or "" for name in ("channel", "thread_ts", "markdown_text")
        )
        for name in ("recipient_team_id", "recipient_user_id"):
            if not channel.startswith("D") and not arguments.get(name):
                return {"ok": False, "error": f"missing_{name}"}
        if (channel, thread) not in self._human_messages | {(post.channel, post.ts) for post in self.posted}:
            return {"ok": False, "error": "thread_not_found"}
        if len(said) > MAX_MARKDOWN_CHARS:
            return {"ok": False, "error": "msg_too_long"}
        post = self._keep(channel, {"text": said, "thread_ts": thread})
        post.streaming = True
        self.streams_begun.append((arguments["recipient_user_id"], arguments["recipient_team_id"]))
        return {"ok": True, "channel": post.channel, "ts": post.ts}

    def _go_on_streaming(self, arguments: dict[str, Any], *, ends: bool) -> dict[str, Any]:
        post = self._message(arguments)
        said, blocks = arguments.get("markdown_text") or "", arguments.get("blocks") or []
        if post is None:
            return {"ok": False, "error": "message_not_found"}
        if not post.streaming:
            return {"ok": False, "error": "message_not_in_streaming_state"}
        if not ends and not said:
            return {"ok": False, "error": "no_text"}
        if len(said) > MAX_MARKDOWN_CHARS or len(post.text + said) > MAX_TEXT_CHARS:
            return {"ok": False, "error": "msg_too_long"}
        if blocks and (problems := message_problems(blocks)):
            return {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": problems}}
        post.text += said
        if ends:
            post.streaming = False
            post.blocks = [{"type": "markdown", "text": post.text}, *blocks]
            post.metadata = arguments.get("metadata") or {}
        return {"ok": True, "channel": post.channel, "ts": post.ts}

    def end_streams(self) -> None:
        """Slack ends what has been streaming for too long, and the message looks broken from then on."""
        with self._changed:
            for post in self.posted:
                post.streaming = False

    def _delete(self, arguments: dict[str, Any]) -> dict[str, Any]:
        post = self._message(arguments)
        if post is None:
            return {"ok": False, "error": "message_not_found"}
        self.posted.remove(post)
        self.deleted.append(post)
        return {"ok": True, "channel": post.channel, "ts": post.ts}

    def _thread(self, arguments: dict[str, Any]) -> dict[str, Any]:
        where = (arguments["channel"], arguments["ts"])
        found = [
            post for post in self.posted if (post.channel, post.thread_ts) == where and not post.ephemeral
        ]
        said = [event for event in self._said if event["channel"] == where[0] and where[1] in _names(event)]
        return {"ok": True, "messages": _shown(said, found, arguments), "has_more": False}

    def _history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel, oldest = arguments["channel"], arguments.get("oldest") or "0"
        said = [
            event
            for event in self._said
            if event["channel"] == channel and "thread_ts" not in event and event["ts"] >= oldest
        ]
        posted = [post for post in self.posted if post.channel == channel and not post.thread_ts]
        newest = _shown(said, posted, arguments)[-int(arguments.get("limit") or 100) :]
        return {"ok": True, "messages": newest[::-1], "has_more": False}

    def _message(self, arguments: dict[str, Any]) -> Posted | None:
        where = (arguments["channel"], arguments["ts"])
        return next((post for post in self.posted if (post.channel, post.ts) == where), None)

    def _post(self, arguments: dict[str, Any]) -> dict[str, Any]:
        blocks = arguments.get("blocks") or []
        thread = arguments.get("thread_ts")
        if not arguments.get("text") and not blocks:
            return {"ok": False, "error": "no_text"}
        if len(arguments.get("text") or "") > MAX_TEXT_CHARS:
            return {"ok": False, "error": "msg_too_long"}
        threads = self._human_messages | {(post.channel, post.ts) for post in self.posted}
        if thread and (arguments["channel"], thread) not in threads:
            return {"ok": False, "error": "thread_not_found"}
        if blocks and (problems := message_problems(blocks)):
            return {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": problems}}
        if total_chars(blocks) > MAX_MESSAGE_CHARS:
            return {"ok": False, "error": "msg_blocks_too_long"}
        channel = arguments["channel"]
        # To a person is in the direct conversation with that person.
        post = self._keep(f"D{channel[1:]}" if channel.startswith("U") else channel, arguments)
        return {"ok": True, "channel": post.channel, "ts": post.ts, "message": {"text": post.text}}

    def _keep(self, channel: str, content: dict[str, Any], *, ephemeral: bool = False) -> Posted:
        known = ("channel", "text", "blocks", "thread_ts", "metadata")
        post = Posted(
            channel=channel,
            ts=self.next_ts(),
            text=content.get("text") or "",
            blocks=content.get("blocks") or [],
            thread_ts=content.get("thread_ts"),
            options={name: value for name, value in content.items() if name not in known},
            ephemeral=ephemeral,
            metadata=content.get("metadata") or {},
        )
        self.posted.append(post)
        return post


def _names(event: dict[str, Any]) -> tuple[str, str]:
    """By which a message belongs to a thread: as its first one, or as a reply."""
    return event["ts"], event.get("thread_ts", "")


def _shown(
    said: list[dict[str, Any]], posted: list[Posted], arguments: dict[str, Any]
) -> list[dict[str, Any]]:
    """Messages as Slack lists those of a thread, oldest first."""
    ours = [{"ts": post.ts, "text": post.text, "metadata": post.metadata, "bot_id": BOT} for post in posted]
    latest = arguments.get("latest") or "9"
    return sorted((one for one in [*said, *ours] if one["ts"] < latest), key=lambda one: str(one["ts"]))


def event_payload(event: dict[str, Any], event_id: str | None = None, shared: bool = False) -> dict[str, Any]:
    """An event in the wrapping of the Events API, alike for Socket Mode and HTTP."""
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": "A1",
        "event": event,
        "event_time": 1_700_000_000,
        "event_id": event_id or f"Ev{uuid.uuid4().hex[:10].upper()}",
        "is_ext_shared_channel": shared,
        "authorizations": [
            {"team_id": TEAM, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False}
        ],
    }


def signed_headers(body: str, *, secret: str = SIGNING_SECRET, age: int = 0) -> dict[str, str]:
    """What Slack puts on a request: https://docs.slack.dev/authentication/verifying-requests-from-slack"""
    timestamp = str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


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
            elif url.path.startswith("/files-pri/"):
                self._send_file(*slack.download(url.path, self._token()))
            elif url.path.startswith("/api/"):
                arguments = {name: values[0] for name, values in parse_qs(url.query).items()}
                self._send(*slack.call(url.path.removeprefix("/api/"), self._token(), arguments))
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
                self._send(*slack.call(name, self._token(), arguments))
            else:
                self._send(*slack.respond(name, arguments))

        def _token(self) -> str:
            return (self.headers.get("Authorization") or "").removeprefix("Bearer ")

        def _send_file(self, status: int, headers: dict[str, str], raw: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def _send(self, status: int, headers: dict[str, str], body: dict[str, Any]) -> None:
            if status == 0:
                self.close_connection = True
                with suppress(OSError):
                    self.connection.shutdown(SHUT_RDWR)
                return
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
