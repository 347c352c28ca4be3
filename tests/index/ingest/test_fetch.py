"""Addresses are fetched from the public web alone, whatever they are disguised as, and within limits."""

from __future__ import annotations

import gzip
import ipaddress
import ssl
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from index.connections import Network
from index.ingest.document import Unreadable
from index.ingest.fetch import Fetched, Wanted, fetch, is_public
from tests.fakes.web import PUBLIC, FakeWeb

PAGE = "<!doctype html><html><body><p>Boats sail in the morning.</p></body></html>"


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    one = FakeWeb()
    yield one
    one.close()


def refusal(web: FakeWeb, url: str, **limits: object) -> str:
    with pytest.raises(Unreadable) as caught:
        fetch(url, network=web.network, **limits)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_page_is_fetched_from_the_address_that_was_checked(web: FakeWeb) -> None:
    url = web.put("http://lake.example/ferry?x=1", PAGE, content_type="text/html; charset=ISO-8859-1")

    assert fetch(url, network=web.network) == Fetched(url, PAGE.encode(), "text/html", "iso-8859-1")
    assert (web.lookups, web.connected) == (["lake.example"], [(PUBLIC, 80)])


def test_nothing_is_sent_that_tells_who_asks(web: FakeWeb) -> None:
    web.put("http://lake.example/a", b"", status=302, headers={"Location": "/b", "Set-Cookie": "id=1"})
    web.put("http://lake.example/b", PAGE)

    fetch("http://lake.example/a", network=web.network)

    assert [set(headers) for _, headers in web.asked] == [
        {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    ] * 2


@pytest.mark.parametrize(
    "address",
    """
    127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
    100.64.0.1 100.127.255.255 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.1.2.3
    240.0.0.1 255.255.255.255 192.88.99.1
    :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 ::10.0.0.1 64:ff9b::127.0.0.1
    64:ff9b::a9fe:a9fe 64:ff9b:1::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 2001:db8::1 100::1
    2002:7f00:1::1 2001:0:7f00:1::1 3fff::1
    """.split(),
)
def test_an_address_that_is_not_of_the_internet_is_never_connected_to(address: str, web: FakeWeb) -> None:
    web.hosts["trap.example"] = [[address]]

    assert "leads to a private address (trap.example)" in refusal(web, "http://trap.example/")
    assert web.connected == []
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("host", "means"),
    [
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("localhost.", "::1"),
        ("LOCALHOST", "127.0.0.1"),
        ("ⓛocalhost", "127.0.0.1"),
        ("①②⑦.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[::ffff:7f00:1]", "::ffff:127.0.0.1"),
        ("[fe80::1%25eth0]", "fe80::1%eth0"),
        ("169.254.169.254", "169.254.169.254"),
        ("metadata.google.internal", "169.254.169.254"),
    ],
)
def test_a_disguised_address_is_judged_by_where_it_leads(host: str, means: str, web: FakeWeb) -> None:
    class Everywhere(dict):  # type: ignore[type-arg]
        def __contains__(self, name: object) -> bool:
            return True

        def __missing__(self, name: str) -> list[list[str]]:
            return [[means]]

    web.hosts = Everywhere()

    assert "leads to a private address" in refusal(web, f"http://{host}/latest/meta-data/")
    assert web.connected == []


def test_a_name_that_has_a_public_and_a_private_address_is_refused(web: FakeWeb) -> None:
    web.hosts["trap.example"] = [[PUBLIC, "10.0.0.1"]]

    assert "leads to a private address" in refusal(web, "http://trap.example/")


def test_a_name_that_changes_its_address_after_the_check_changes_nothing(web: FakeWeb) -> None:
    web.put("http://rebind.example/", PAGE)
    web.hosts["rebind.example"] = [[PUBLIC], ["127.0.0.1"]]

    fetch("http://rebind.example/", network=web.network)

    assert (web.lookups, web.connected) == (["rebind.example"], [(PUBLIC, 80)])


@pytest.mark.parametrize(
    "location",
    ["http://inside.example/", "//inside.example/x", "http://10.0.0.1/", "http://lake.example:22/", "file:///etc/passwd",
     "gopher://lake.example/", "http://user:pw@lake.example/"],
)  # fmt: skip
def test_a_redirect_is_checked_like_an_address(location: str, web: FakeWeb) -> None:
    web.put("http://lake.example/", b"", status=302, headers={"Location": location})
    web.hosts |= {"inside.example": [["192.168.0.10"]], "10.0.0.1": [["10.0.0.1"]]}

    assert refusal(web, "http://lake.example/")
    assert web.connected == [(PUBLIC, 80)]


def test_redirects_are_followed_to_the_page_and_not_for_ever(web: FakeWeb) -> None:
    web.put("http://a.example/", b"", status=301, headers={"Location": "http://b.example/x"})
    web.put("http://b.example/x", b"", status=307, headers={"Location": "y?z=1#part"})
    web.put("http://b.example/y?z=1", PAGE)
    web.put("http://round.example/", b"", status=302, headers={"Location": "/"})

    assert fetch("http://a.example/", network=web.network).url == "http://b.example/y?z=1"
    assert "redirected more than 5 times" in refusal(web, "http://round.example/")
    assert len([1 for url, _ in web.asked if url == "round.example/"]) == 6


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://user:secret@lake.example/", "holds a user name or a password"),
        ("http://user@lake.example/", "holds a user name or a password"),
        ("http://lake.example:8080/", "names port 8080; only 80 and 443"),
        ("ftp://lake.example/", "only http:// and https://"),
        ("file:///etc/passwd", "only http:// and https://"),
        ("http:///path", "only http:// and https://"),
        ("http://[::1", "is not a web address"),
        ("http://lake.example:99999/", "is not a web address"),
        ("http://lake.example/\r\nHost: evil", "characters that no web address has"),
        ("http://lake.example\\@127.0.0.1/", "characters that no web address has"),
        ("http://" + "a" * 70 + ".example/", "names a host that cannot be"),
        ("http://unknown.example/", "cannot be reached (Name or service not known)"),
    ],
)  # fmt: skip
def test_what_is_no_address_to_fetch_is_refused(url: str, reason: str, web: FakeWeb) -> None:
    assert reason in refusal(web, url)
    assert web.connected == []


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"status": 401}, "asks for a login"),
        ({"status": 403}, "asks for a login"),
        ({"status": 404}, "does not exist (status 404)"),
        ({"status": 500}, "status 500. Try again later"),
        ({"status": 302, "headers": {"Location": "/users/sign_in?to=x"}}, "leads to a login"),
        ({"status": 302, "headers": {"Location": "http://login.example/"}}, "leads to a login"),
        ({"content_type": "image/png"}, "is image/png, which is not read. Markdown, text"),
        ({"content_type": "application/zip"}, "is application/zip"),
        ({"headers": {"Content-Length": "99999999999"}}, "is larger than 25 MB"),
        ({"headers": {"Content-Encoding": "br"}}, "an encoding that was not asked for (br)"),
        ({"headers": {"Content-Encoding": "gzip"}}, "could not be unpacked"),
        ({"headers": {"Content-Encoding": "deflate"}}, "could not be unpacked"),
    ],
)
def test_a_refusal_says_what_the_server_answered(reply: dict[str, object], reason: str, web: FakeWeb) -> None:
    web.put("http://lake.example/", PAGE, **reply)

    assert reason in refusal(web, "http://lake.example/")


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda raw: zlib.compress(raw, wbits=-15)),
        ("identity", bytes),
    ],
)
def test_a_packed_page_is_unpacked(encoding: str, pack: object, web: FakeWeb) -> None:
    web.put("http://lake.example/", pack(PAGE.encode()), headers={"Content-Encoding": encoding})  # type: ignore[operator]

    assert fetch("http://lake.example/", network=web.network).raw == PAGE.encode()


@pytest.mark.parametrize("packed", [False, True])
def test_a_page_without_a_declared_length_is_cut_off_at_the_limit(packed: bool, web: FakeWeb) -> None:
    body = gzip.compress(b"\0" * 50_000_000) if packed else b"\0" * 3_000_000

    def send(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n")
        request.wfile.write(b"Content-Encoding: gzip\r\n\r\n" if packed else b"\r\n")
        request.wfile.write(body)

    web.put("http://lake.example/", b"", send=send)

    assert "is larger than 1 MB" in refusal(web, "http://lake.example/", wanted=Wanted(1_000_000))


def test_a_page_that_breaks_off_is_not_taken_for_a_short_one(web: FakeWeb) -> None:
    web.put("http://cut.example/", PAGE, headers={"Content-Length": str(len(PAGE) + 1)})
    packed = gzip.compress(PAGE.encode() * 50)[:-20]
    web.put("http://cut.example/packed", packed, headers={"Content-Encoding": "gzip"})

    for url in ("http://cut.example/", "http://cut.example/packed"):
        assert "broke off before its end" in refusal(web, url, seconds=3)


@pytest.mark.parametrize("place", ["before the head", "in the head", "in the body"])
def test_a_server_that_dribbles_is_left_at_the_deadline(place: str, web: FakeWeb) -> None:
    def send(request: BaseHTTPRequestHandler) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\nX: "
        request.wfile.write(
            {"before the head": b"", "in the head": head, "in the body": head + b"\r\n\r\n"}[place]
        )
        while not web.closing.wait(0.05):
            request.wfile.write(b"x")
            request.wfile.flush()

    web.put("http://slow.example/", b"", send=send)
    started = time.monotonic()

    assert "took too long to answer" in refusal(web, "http://slow.example/", seconds=0.5)
    assert time.monotonic() - started < 3


def test_a_look_up_that_hangs_is_left_at_the_deadline() -> None:
    def lookup(host: str, port: int) -> list[str]:
        time.sleep(2)
        return [PUBLIC]

    def connect(address: str, port: int, seconds: float) -> object:
        raise AssertionError("connected")

    with pytest.raises(Unreadable, match="took too long"):
        fetch("http://slow.example/", network=Network(lookup, connect), seconds=0.3)  # type: ignore[arg-type]


@pytest.mark.parametrize("reply", [b"", b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500])
def test_a_server_that_speaks_no_http_is_refused(reply: bytes, web: FakeWeb) -> None:
    web.put("http://odd.example/", b"", send=lambda request: request.wfile.write(reply))

    assert "cannot be reached" in refusal(web, "http://odd.example/")


def test_an_allowed_host_may_be_private_and_no_other(web: FakeWeb) -> None:
    web.put("http://wiki.intern/page", PAGE)
    web.hosts["wiki.intern"] = [["10.1.2.3"]]
    web.hosts["wiki.intern.evil.example"] = [["10.1.2.3"]]

    assert fetch("http://wiki.intern/page", ["Wiki.Intern"], web.network).raw == PAGE.encode()
    with pytest.raises(Unreadable, match="private address"):
        fetch("http://wiki.intern.evil.example/", ["wiki.intern"], web.network)


def test_an_allowed_host_is_allowed_its_port_alone(web: FakeWeb) -> None:
    web.put("http://wiki.intern/page", PAGE)
    web.hosts["wiki.intern"] = [["10.1.2.3"]]
    allowed = ["wiki.intern:8080"]

    assert fetch("http://wiki.intern:8080/page", allowed, web.network).raw == PAGE.encode()
    assert web.asked[-1][1]["Host"] == "wiki.intern:8080"
    for url in ("http://wiki.intern/page", "http://wiki.intern:8081/page"):
        with pytest.raises(Unreadable):
            fetch(url, allowed, web.network)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "100.100.100.200"]
)
def test_a_clouds_metadata_is_closed_even_to_an_allowed_host(address: str, web: FakeWeb) -> None:
    web.hosts["wiki.intern"] = [[address]]

    with pytest.raises(Unreadable, match="private address"):
        fetch("http://wiki.intern/", ["wiki.intern"], web.network)


def test_the_certificate_has_to_be_for_the_name_and_not_for_the_address(web: FakeWeb) -> None:
    web.hosts["lake.example"] = [[PUBLIC]]
    names: list[object] = []

    class Context:
        def set_alpn_protocols(self, protocols: object) -> None:
            pass

        def wrap_socket(self, plain: object, server_hostname: str, do_handshake_on_connect: bool) -> object:
            names.append(server_hostname)
            error = ssl.SSLCertVerificationError()
            error.verify_message = "Hostname mismatch"
            raise error

    network = Network(web.network.lookup, web.network.connect, Context)  # type: ignore[arg-type]
    with pytest.raises(Unreadable, match=r"has no valid certificate \(Hostname mismatch\)"):
        fetch("https://lake.example/", network=network)
    assert (names, web.connected) == (["lake.example"], [(PUBLIC, 443)])


def test_the_real_context_verifies_certificates_and_names() -> None:
    context = Network(lambda *_: [], lambda *_: None).tls()  # type: ignore[arg-type, return-value]

    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_the_next_address_is_tried_where_one_does_not_answer(web: FakeWeb) -> None:
    web.put("http://two.example/", PAGE)
    web.hosts["two.example"] = [["2606:2800:21f::1", PUBLIC]]
    connect = web.network.connect

    def no_ipv6(address: str, port: int, seconds: float) -> object:
        if ":" in address:
            raise OSError(101, "Network is unreachable")
        return connect(address, port, seconds)

    network = Network(web.network.lookup, no_ipv6)  # type: ignore[arg-type]
    assert fetch("http://two.example/", network=network).raw == PAGE.encode()
