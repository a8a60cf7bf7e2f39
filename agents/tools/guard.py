"""The guard of `fetch`: only public addresses are connected to, checked after DNS resolution and on each redirect.

A name goes in with each request; it is resolved here once, every address it resolves to is checked, and the connection
is made to the checked address itself, so that a second, different DNS answer (DNS rebinding) is never asked for. TLS
still verifies the name, and the Host header keeps it. Hosts that the user allows by name are not checked.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from ..errors import ToolFailed

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port in, its IP addresses out."""

_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = IPv6Network("::/96")
# Metadata services behind public-looking addresses: Azure's, Oracle's (`ipaddress` knows the latter since 3.13 only).
_METADATA = frozenset({IPv4Address("168.63.129.16"), IPv4Address("192.0.0.192")})


async def resolve(host: str, port: int) -> list[str]:
    """The addresses the system's resolver gives; decimal, octal and hexadecimal forms are read as it reads them.

    Raises:
        ToolFailed: when there are none.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ToolFailed(f"There is no address for {host!r}: {error}.", kind="not_found") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an IP address, and each address embedded in it, is one of the public internet."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast and each not in _METADATA for each in _embedded(parsed))


def _embedded(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """The address that really is reached: itself, or the IPv4 addresses that an IPv6 one carries."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64 or address in _IPV4_COMPATIBLE:
        yield IPv4Address(int(address) & 0xFFFFFFFF)


class GuardedTransport(httpx.AsyncBaseTransport):
    """An httpx transport that refuses what is not public. Each redirect comes through here again.

    Args:
        allow_hosts: names (`wiki.local`) or name and port (`localhost:8000`) that may be private.
        resolver: how names become addresses.
    """

    def __init__(self, *, allow_hosts: Collection[str] = (), resolver: Resolve = resolve) -> None:
        self._allowed = frozenset(_plain(host) for host in allow_hosts)
        self._resolve = resolver
        # A kept connection would be found again by address alone and so serve another name on the same address.
        self._inner = httpx.AsyncHTTPTransport(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Check, then send to the address that was checked."""
        host = request.url.raw_host.decode("ascii")
        address = await self._checked_address(request.url, host)
        request.extensions = {**request.extensions, "sni_hostname": host}
        # The request itself must keep its name: httpx resolves relative redirects against it.
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await self._inner.handle_async_request(pinned)

    async def _checked_address(self, url: httpx.URL, host: str) -> str:
        if url.scheme not in ("http", "https"):
            raise ToolFailed(f"Only http and https addresses can be fetched, not {url.scheme!r}.", kind="refused")
        if url.userinfo:
            raise ToolFailed("An address with a user name or password in it is not fetched.", kind="refused")
        if not host:
            raise ToolFailed(f"{str(url)[:200]!r} names no host.", kind="refused")
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await self._resolve(host, port)
        if not addresses:
            raise ToolFailed(f"There is no address for {host!r}.", kind="not_found")
        if self._allowed.isdisjoint({_plain(host), f"{_plain(host)}:{port}"}):
            for address in addresses:
                if not is_public(address):
                    raise ToolFailed(
                        f"{host} is at {address}, which is not a public address.",
                        hint="Only the user can allow it, with the setting fetch.allow_hosts.",
                        kind="refused",
                    )
        return addresses[0]

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()


def _plain(host: str) -> str:
    return host.strip().rstrip(".").lower()
