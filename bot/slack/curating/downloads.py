"""Files that people gave to the bot in Slack: fetched with its token, from Slack's own hosts alone.

The token is sent nowhere else: to no other host, and to no target of a redirect.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import httpx2
from slack_sdk.web import WebClient

from bot.slack.client import CALL_ERRORS, swift_client
from bot.slack.requests import File

MAX_BYTES = 25 * 1000 * 1000
"""The most that is read of a document."""
SECONDS = 60.0
"""For a whole file."""
_STALL_SECONDS = 15.0
_SLACKS = ("files.slack.com", ".slack.com", ".slack-files.com", ".slack-gov.com")
_REFUSED = (301, 302, 303, 307, 308, 401, 403)
_PAGES = ("text/html", "application/xhtml+xml")

logging.getLogger("httpx2").setLevel(logging.WARNING)  # each address that was asked, at INFO


class NotFetched(Enum):
    """Why a file is not there."""

    ELSEWHERE = "elsewhere"
    """Slack does not keep it, or says that another host does."""
    NOT_ALLOWED = "not allowed"
    """The app lacks `files:read`."""
    TOO_LARGE = "too large"
    FAILED = "failed"
    """For now: Slack did not answer, or broke off."""


class Downloads:
    """Thread-safe.  Needs `files:read`."""

    def __init__(self, client: WebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = swift_client(client)
        self._clock = clock
        api = urlsplit(client.base_url)
        self._api = (api.scheme, api.netloc)

    def fetch(self, file: File) -> bytes | NotFetched:
        if file.size > MAX_BYTES:
            return NotFetched.TOO_LARGE
        url, size = file.url, file.size
        if not url and file.id:
            # In some channels a message names a file by its id alone.
            url, size = self._looked_up(file.id)
        if not self._is_slacks(url):
            return NotFetched.ELSEWHERE
        raw, content_type = self._get(url)
        if isinstance(raw, NotFetched):
            return raw
        # Without the scope Slack sends its login page, with status 200.  A page that somebody uploaded
        # has the length that Slack says.
        if content_type in _PAGES and len(raw) != size:
            return NotFetched.NOT_ALLOWED
        return raw if size in (0, len(raw)) else NotFetched.FAILED

    def _looked_up(self, file_id: str) -> tuple[str, int]:
        try:
            found: dict[str, Any] = self._client.files_info(file=file_id).get("file") or {}
        except CALL_ERRORS:
            return "", 0
        if found.get("is_external"):
            return "", 0
        return str(found.get("url_private_download") or ""), int(found.get("size") or 0)

    def _is_slacks(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            port = parts.port
        except ValueError:
            return False
        # If the API is somewhere else, in a test or behind a gateway, the token goes there anyway.
        if (parts.scheme, parts.netloc) == self._api:
            return True
        known = any(host == own or (own.startswith(".") and host.endswith(own)) for own in _SLACKS)
        return parts.scheme == "https" and known and port in (None, 443) and "@" not in parts.netloc

    def _get(self, url: str) -> tuple[bytes | NotFetched, str]:
        headers = {"Authorization": f"Bearer {self._client.token}", "Accept-Encoding": "identity"}
        deadline = self._clock() + SECONDS
        try:
            # No redirect is followed: there the way of the token ends.
            with httpx2.stream("GET", url, headers=headers, timeout=_STALL_SECONDS) as response:
                if response.status_code != 200:
                    refused = response.status_code in _REFUSED
                    return (NotFetched.NOT_ALLOWED if refused else NotFetched.FAILED), ""
                raw = bytearray()
                for part in response.iter_raw():
                    raw += part
                    if len(raw) > MAX_BYTES:
                        return NotFetched.TOO_LARGE, ""
                    if self._clock() > deadline:
                        return NotFetched.FAILED, ""
                return bytes(raw), response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError):
            return NotFetched.FAILED, ""
