"""`fetch` against a real server on the loopback address: what it reads, what it refuses, what it is connected to."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.agents.errors import ToolFailed
from foreplan.agents.tools.base import Excerpt
from foreplan.agents.tools.fetch import fetch_tool
from foreplan.agents.tools.guard import is_public

Respond = Callable[[BaseHTTPRequestHandler], object]

ARTICLE = (
    "<html><head><title>Lake Orvane</title></head><body><nav>Home About</nav><article><h1>Lake Orvane</h1>"
    + "<p>Lake Orvane lies in the north and is 212 metres deep, deeper than any other lake nearby.</p>" * 4
    + "</article><script>alert('x')</script></body></html>"
)


GERMAN = "Der See liegt im Norden des Landes. Für Schiffe über fünf Meter Höhe ist die Brücke nicht geöffnet."


def missing(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(404)


class Site:
    """A site on a free port; `pages` answers by path, `seen` records what was asked with which Host header."""

    def __init__(self) -> None:
        self.pages: dict[str, Respond] = {}
        self.seen: list[tuple[str, str | None]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.seen.append((self.path, self.headers.get("Host")))
                with contextlib.suppress(ConnectionError):
                    site.pages.get(self.path, missing)(self)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    yield running
    running.close()


def sends(body: bytes, content_type: str, **headers: str) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", content_type)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return respond


def redirects(target: str) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return respond


async def fetched(url: str, **settings: object) -> Excerpt:
    tool = fetch_tool(**settings)  # type: ignore[arg-type]
    message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": "fetch", "args": {"url": url}})
    (excerpt,) = message.artifact
    assert isinstance(excerpt, Excerpt)
    return excerpt


async def test_reads_the_article_of_a_page_and_nothing_around_it(site: Site) -> None:
    site.pages["/lake"] = sends(ARTICLE.encode(), "text/html; charset=utf-8")
    excerpt = await fetched(site.url("/lake"), allow_hosts=["127.0.0.1"])
    assert "212 metres deep" in excerpt.shown
    assert "alert" not in excerpt.text
    assert (excerpt.title, excerpt.source) == ("Lake Orvane", site.url("/lake"))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Größe: 5 m".encode(), "text/plain; charset=utf-8"),
        ("Größe: 5 m".encode("latin-1"), "text/plain; charset=latin-1"),
        (f"{GERMAN} Größe: 5 m".encode("latin-1"), "text/plain; charset=nonsense"),
        ('{"n": "Größe: 5 m"}'.encode(), "application/json"),
    ],
)
async def test_reads_text_in_the_encoding_it_is_in(site: Site, body: bytes, content_type: str) -> None:
    site.pages["/f"] = sends(body, content_type)
    assert "Größe: 5 m" in (await fetched(site.url("/f"), allow_hosts=["127.0.0.1"])).text


async def test_follows_redirects_among_allowed_hosts_only(site: Site) -> None:
    site.pages["/a"] = redirects("/b")
    site.pages["/b"] = sends(b"arrived", "text/plain")
    site.pages["/c"] = redirects(site.url("/b", "localhost"))
    allowed = [f"127.0.0.1:{site.port}"]
    assert (await fetched(site.url("/a"), allow_hosts=allowed)).source == site.url("/b")
    with pytest.raises(ToolFailed, match="not a public address") as refused:
        await fetched(site.url("/c"), allow_hosts=allowed)
    assert refused.value.kind == "refused"
    assert site.seen[-1][0] == "/c"


async def test_gives_up_on_a_circle_of_redirects(site: Site) -> None:
    site.pages["/a"] = redirects("/a")
    with pytest.raises(ToolFailed, match="redirects more than"):
        await fetched(site.url("/a"), allow_hosts=["127.0.0.1"])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "localhost.", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::1]",
     "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
)  # fmt: skip
async def test_refuses_every_spelling_of_a_private_address(site: Site, host: str) -> None:
    with pytest.raises(ToolFailed) as refused:
        await fetched(f"http://{host}:{site.port}/")
    assert refused.value.kind in ("refused", "not_found")
    assert site.seen == []


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.org/x", "gopher://x.org/", "http://", "http://u:p@example.org/", "nonsense"],
)
async def test_refuses_what_is_not_a_plain_web_address(url: str) -> None:
    async def resolver(host: str, port: int) -> list[str]:
        pytest.fail(f"looked up {host}:{port}")

    with pytest.raises(Exception, match=r"fetch|http|names no host|password") as refused:
        await fetched(url, resolver=resolver)
    assert not isinstance(refused.value, ToolFailed) or refused.value.kind == "refused"


@pytest.mark.parametrize(
    "addresses", [["10.0.0.7"], ["93.184.216.34", "10.0.0.7"], ["fd00:ec2::254"], ["not an address"], []]
)
async def test_refuses_a_name_with_any_address_that_is_not_public(addresses: list[str]) -> None:
    async def resolver(host: str, port: int) -> list[str]:
        return addresses

    with pytest.raises(ToolFailed):
        await fetched("http://rebind.test/", resolver=resolver)


async def test_connects_to_the_address_that_was_checked_and_keeps_the_name(site: Site) -> None:
    asked: list[str] = []

    async def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    site.pages["/"] = sends(b"hello", "text/plain")
    name = "pinned.invalid"
    excerpt = await fetched(site.url("/", name), allow_hosts=[name], resolver=resolver)
    assert excerpt.source == site.url("/", name)
    assert asked == [name]
    assert site.seen == [("/", f"{name}:{site.port}")]


async def test_tls_asks_for_the_name_not_for_the_address() -> None:
    hello = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello.set_result(await reader.read(4_096))
        writer.close()

    async def resolver(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ToolFailed) as failed:
            await fetched(f"https://pinned.invalid:{port}/", allow_hosts=["pinned.invalid"], resolver=resolver)
    assert failed.value.kind == "transient"
    assert b"pinned.invalid" in await hello


@pytest.mark.parametrize("packed", [False, True])
async def test_stops_reading_at_the_size_limit(site: Site, packed: bool) -> None:
    body = b"x" * 50_000_000 if packed else b"x" * 200_000
    sent = sends(gzip.compress(body), "text/plain", Content_Encoding="gzip") if packed else sends(body, "text/plain")
    site.pages["/big"] = sent
    with pytest.raises(ToolFailed, match="larger than 100,000 bytes"):
        await fetched(site.url("/big"), allow_hosts=["127.0.0.1"], max_bytes=100_000)


async def test_reads_compressed_pages(site: Site) -> None:
    site.pages["/z"] = sends(gzip.compress(b"hello " * 1_000), "text/plain", Content_Encoding="gzip")
    assert (await fetched(site.url("/z"), allow_hosts=["127.0.0.1"])).text == "hello " * 1_000


@pytest.mark.parametrize("encoding", ["br", "gzip"])
async def test_refuses_encodings_it_did_not_ask_for_and_broken_ones(site: Site, encoding: str) -> None:
    site.pages["/z"] = sends(b"no such encoding", "text/plain", Content_Encoding=encoding)
    with pytest.raises(ToolFailed):
        await fetched(site.url("/z"), allow_hosts=["127.0.0.1"])


async def test_gives_up_after_its_time(site: Site) -> None:
    released = threading.Event()
    site.pages["/slow"] = lambda _: bool(released.wait(10))
    try:
        with pytest.raises(ToolFailed, match="took longer than") as failed:
            await fetched(site.url("/slow"), allow_hosts=["127.0.0.1"], max_seconds=0.2)
    finally:
        released.set()
    assert failed.value.kind == "transient"


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (sends(b"\x00\x01", "application/octet-stream"), "refused"),
        (sends(b"", "text/html"), "not_found"),
        (sends(b"not a pdf", "application/pdf"), "not_found"),
        (sends(b"%PDF-1.7 broken", "application/pdf"), "not_found"),
        (lambda handler: handler.send_error(404), "not_found"),
        (lambda handler: handler.send_error(403), "refused"),
        (lambda handler: handler.send_error(503), "transient"),
    ],
)
async def test_says_what_was_wrong_and_whether_it_may_pass(site: Site, page: Respond, kind: str) -> None:
    site.pages["/p"] = page
    with pytest.raises(ToolFailed) as failed:
        await fetched(site.url("/p"), allow_hosts=["127.0.0.1"])
    assert failed.value.kind == kind


PRIVATE = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.100.100.200", "168.63.129.16",
           "0.0.0.1", "224.0.0.1", "255.255.255.255", "192.0.0.192", "198.18.0.1", "::", "::1", "fe80::1",
           "fe80::1%eth0", "fd00::1", "ff02::1", "2002:7f00:1::", "64:ff9b::7f00:1", "::127.0.0.1"]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv6_form_of_an_ipv4_address_is_no_more_public_than_it(address: IPv4Address) -> None:
    number = int(address)
    forms = [0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80]
    for form in forms:
        assert is_public(str(IPv6Address(form))) <= is_public(str(address))
