"""An address -> its bytes, from the public web alone, within limits of time, size and redirects.

A person who may add an address could otherwise have Footnote's server read what only that
server can reach.  So a name is looked up once, the address found is checked, and the connection
goes to that very address; each redirect is checked in the same way.  Nothing is sent but the
request: no cookies, no credentials.  A proxy is not used, since it would do its own look-up.
"""

from __future__ import annotations

import ipaddress
import ssl
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from index.connections import Deadline, Network, open_pool
from index.ingest.document import Unreadable
from index.ingest.formats import READABLE, READABLE_TYPES
from index.reasons import Why

if TYPE_CHECKING:
    import httpcore2  # and in the functions that need it, since most commands fetch nothing

SECONDS = 20.0
"""For everything: look-up, redirects, and the last byte."""
MAX_BYTES = 25 * 1000 * 1000
"""Of the document, unpacked.  A page is 0.2 MB, a report as PDF rarely 10."""
MAX_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_USER_AGENT = "Footnote/0.1 (reads an article that a person asked for)"
_ACCEPT = "text/html,application/xhtml+xml,text/markdown,text/plain,application/pdf,*/*;q=0.5"
_LOGIN_WORDS = ("login", "log-in", "signin", "sign-in", "sso", "oauth", "saml", "auth")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Version:
    """The marks by which a server tells versions of a document apart; empty if it sends none."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The document that is asked for: its size and media type at the most, and the version that is known."""

    max_bytes: int = MAX_BYTES
    types: Collection[str] = READABLE_TYPES
    known: Version = Version()


@dataclass(frozen=True, slots=True)
class Fetched:
    """The document at the end of an address."""

    url: str
    """Of the last redirect, without a fragment."""
    raw: bytes
    content_type: str
    charset: str | None
    version: Version = Version()


ARTICLE = Wanted()


class NotModified(Exception):
    """The server still has the version that was asked about."""


class BadStatus(Unreadable):
    """The server answered with something else than the document."""

    def __init__(self, why: Why, status: int) -> None:
        super().__init__(why, status=status)
        self.status = status


def fetch(
    url: str,
    allow_hosts: Sequence[str] = (),
    network: Network | None = None,
    wanted: Wanted = ARTICLE,
    seconds: float = SECONDS,
) -> Fetched:
    """Return the document at `url`; raise `Unreadable` if it must not, or cannot, be fetched.

    `allow_hosts` are names, as `host` or `host:port`, that may lead to private addresses.  Raise
    `NotModified` if the server has the version still that is known.
    """
    first = url

    def choose(host: str, port: int, found: Sequence[str]) -> Sequence[str]:
        return _checked(host, port, found, allow_hosts)

    with open_pool(Deadline(seconds), network, choose) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            target = _target(url, allow_hosts)
            answer = _get(target, pool, wanted)
            if isinstance(answer, Fetched):
                return answer
            url = urljoin(target.url, answer)
            if _is_login(url) and not _is_login(first):
                raise Unreadable(Why.LEADS_TO_LOGIN)
    raise Unreadable(Why.MANY_REDIRECTS, limit=MAX_REDIRECTS)


@dataclass(frozen=True, slots=True)
class _Target:
    """One request: a checked address, in its parts."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def is_public(address: Address) -> bool:
    """Return whether an address belongs to the internet, and to nothing nearer."""
    inside = _inside(address)
    if inside is not None:
        return is_public(inside)
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or any(address in network for network in _NEVER if network.version == address.version)
    )


# Python calls these global, each in some of its versions: carrier-grade NAT, benchmarking, protocol
# assignments, documentation, tunnels over IPv4 ("6to4", Teredo), and what once was site-local.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8 100.64.0.0/10 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 "
        "198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 "
        "2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8"
    ).split()
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _inside(address: Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one stands for, by mapping or translation."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def _target(url: str, allow_hosts: Sequence[str]) -> _Target:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Unreadable(Why.NO_ADDRESS) from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host:
        raise Unreadable(Why.NO_WEB_ADDRESS)
    if any(ord(character) < 0x21 or character == "\x7f" for character in url.strip()) or "\\" in parts.netloc:
        raise Unreadable(Why.STRANGE_ADDRESS)
    if parts.username is not None or parts.password is not None:
        raise Unreadable(Why.PASSWORD)
    host = _plain_host(host)
    port = port or _PORTS[scheme]
    if port not in _PORTS.values() and f"{host}:{port}" not in _lower(allow_hosts):
        raise Unreadable(Why.PORT, port=port)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{_query(parts)}" if parts.query else "")
    authority = f"[{host}]" if ":" in host else host
    shown = authority if port == _PORTS[scheme] else f"{authority}:{port}"
    return _Target(urlunsplit((scheme, shown, parts.path, parts.query, "")), scheme, host, port, path)


def _query(parts: SplitResult) -> str:
    return quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")


def _plain_host(host: str) -> str:
    """Return the name in the letters that are looked up, or the IP address without brackets."""
    if ":" in host:
        # "fe80::1%eth0": a zone means something on one machine alone.
        return host.partition("%")[0]
    try:
        plain = host.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError as error:
        raise Unreadable(Why.IMPOSSIBLE_HOST) from error
    if not plain:
        raise Unreadable(Why.NO_HOST)
    return plain


def _checked(host: str, port: int, found: Sequence[str], allow_hosts: Sequence[str]) -> list[str]:
    """Return the IP addresses to connect to; raise `Unreadable` if one of those found is private.

    "2130706433", "0x7f.1" and "127.1" are 127.0.0.1 to the system's look-up, whose answer is checked.
    """
    addresses = []
    for text in found:
        try:
            addresses.append(ipaddress.ip_address(text.partition("%")[0]))
        except ValueError:
            continue
    if not addresses:
        raise Unreadable(Why.UNKNOWN_HOST, host=host)
    allowed = {host, f"{host}:{port}"} & _lower(allow_hosts)
    for address in addresses:
        # A name with both a public and a private address is a trap: not one of them may be private.
        if not is_public(address) and not (allowed and not _is_metadata(address)):
            raise Unreadable(Why.PRIVATE_ADDRESS, host=host)
    return [str(address) for address in addresses]


def _is_metadata(address: Address) -> bool:
    """Return whether clouds hand out a machine's credentials there: no allowed host has its pages there."""
    inside = _inside(address) or address
    return inside.is_link_local or inside in (
        ipaddress.ip_address("fd00:ec2::254"),
        ipaddress.ip_address("100.100.100.200"),
    )


def _lower(hosts: Sequence[str]) -> set[str]:
    return {host.strip().lower() for host in hosts}


def _get(target: _Target, pool: httpcore2.ConnectionPool, wanted: Wanted) -> Fetched | str:
    """Return the document, or the address it has moved to."""
    import httpcore2

    url = httpcore2.URL(
        scheme=target.scheme.encode(),
        host=target.host.encode(),
        port=target.port,
        target=target.path.encode(),
    )
    sent = {
        "Host": target.authority,
        "User-Agent": _USER_AGENT,
        "Accept": _ACCEPT,
        "Accept-Encoding": "gzip, deflate",
        "Connection": "close",
        "If-None-Match": wanted.known.etag,
        "If-Modified-Since": wanted.known.modified,
    }
    headers = [(name.encode(), value.encode()) for name, value in sent.items() if value]
    try:
        with pool.stream("GET", url, headers=headers) as response:
            return _received(response, target, wanted)
    except ssl.SSLCertVerificationError as error:
        raise Unreadable(Why.NO_CERTIFICATE, problem=error.verify_message) from error
    except TimeoutError as error:
        raise Unreadable(Why.NO_ANSWER) from error
    except (OSError, UnicodeError, httpcore2.ProtocolError) as error:
        raise Unreadable(Why.UNREACHABLE, problem=_words(error)) from error


def _received(response: httpcore2.Response, target: _Target, wanted: Wanted) -> Fetched | str:
    headers = Message()
    for name, value in response.headers:
        # Latin-1 by the rule, and UTF-8 to those who break it.
        headers[name.decode("ascii", "replace")] = value.decode("utf-8", "replace").strip()
    if response.status in (301, 302, 303, 307, 308) and headers.get("Location"):
        return str(headers["Location"])
    if response.status == 304 and (wanted.known.etag or wanted.known.modified):
        raise NotModified
    _insist_on_success(response.status)
    content_type = headers.get_content_type().lower() if "Content-Type" in headers else ""
    if content_type not in wanted.types:
        raise Unreadable(Why.UNKNOWN_TYPE, name=content_type[:80], kinds=READABLE)
    length = headers.get("Content-Length", "")
    if length.isdigit() and int(length) > wanted.max_bytes:
        raise _too_large(wanted.max_bytes)
    raw = _body(response, headers.get("Content-Encoding", "").lower(), wanted.max_bytes)
    version = Version(_header(headers, "ETag"), _header(headers, "Last-Modified"))
    return Fetched(target.url, raw, content_type, headers.get_content_charset(), version)


def _header(headers: Message, name: str) -> str:
    """Return a header that can be sent back, or nothing."""
    value = headers.get(name, "")
    return value if len(value) <= 200 and value.isascii() and value.isprintable() else ""


def _insist_on_success(status: int) -> None:
    if status in (401, 403, 407):
        raise BadStatus(Why.CLOSED_PAGE, status)
    if status in (404, 410):
        raise BadStatus(Why.NOT_FOUND, status)
    if status != 200:
        raise BadStatus(Why.SERVER_FAILED, status)


def _body(response: httpcore2.Response, encoding: str, max_bytes: int) -> bytes:
    """Return the whole body, unpacked no further than allowed: a megabyte of zeros travels as a kilobyte."""
    import httpcore2

    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Unreadable(Why.STRANGE_ENCODING, name=encoding[:40])
    unpack = None if encoding in ("", "identity") else zlib.decompressobj(wbits=47)
    received = bytearray()
    try:
        for part in response.iter_stream():
            if unpack is None:
                received += part
            else:
                try:
                    received += unpack.decompress(part, max_bytes + 1 - len(received))
                except zlib.error:
                    if encoding != "deflate" or received:
                        raise
                    # "deflate" without the wrapper that the standard asks for is as common as with it.
                    unpack = zlib.decompressobj(wbits=-15)
                    received += unpack.decompress(part, max_bytes + 1)
            if len(received) > max_bytes:
                raise _too_large(max_bytes)
            if unpack is not None and unpack.eof:
                break
    except zlib.error as error:
        raise Unreadable(Why.CAME_DAMAGED) from error
    except httpcore2.ProtocolError as error:
        raise Unreadable(Why.BROKE_OFF) from error
    if unpack is not None and received and not unpack.eof:
        raise Unreadable(Why.BROKE_OFF)
    return bytes(received)


def _is_login(url: str) -> bool:
    try:
        parts = urlsplit(url)
        words = (
            f"{(parts.hostname or '').partition('.')[0]}/{parts.path}".lower().replace("_", "-").split("/")
        )
    except ValueError:
        return False
    return any(word.removesuffix(".html").removesuffix(".php") in _LOGIN_WORDS for word in words)


def _too_large(max_bytes: int) -> Unreadable:
    return Unreadable(Why.PAGE_TOO_LARGE, limit=max_bytes / 1e6)


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)[:200]
