"""Loading one address: a URL goes in; at most so many bytes of what it holds come out, or word that nothing changed.

Whoever loads brings the transport (`guard.GuardedTransport`, so that only public addresses are reached) and bounds the
time. Bytes are bounded here, also after decompression.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from typing import NamedTuple

import httpx

from ..errors import ToolFailed
from .page import READERS, media_type

MAX_BYTES = 5_000_000
MAX_SECONDS = 20.0
MAX_REDIRECTS = 5
_HEADERS = {
    "User-Agent": "Foreplan (research agent)",
    "Accept": ", ".join([*READERS, "*/*;q=0.1"]),
    "Accept-Encoding": "gzip",
}
_MAX_MARK_CHARS = 300
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class Mark(NamedTuple):
    """What a server calls the state of a page; sent back, it need not send the page again."""

    etag: str = ""
    modified: str = ""


UNKNOWN = Mark()


class Page(NamedTuple):
    """What came back, after redirects. `body` is None when the page still is in the state that was known."""

    url: str
    content_type: str
    body: bytes | None
    mark: Mark = UNKNOWN


async def load(
    transport: httpx.AsyncBaseTransport,
    url: str,
    max_bytes: int,
    *,
    kinds: Collection[str] = tuple(READERS),
    known: Mark = UNKNOWN,
) -> Page:
    """What the address holds.

    Args:
        transport: how it is reached.
        url: http or https.
        max_bytes: a larger body is refused.
        kinds: media types that are wanted; anything else is refused.
        known: the state in which it was seen before, if it was.

    Raises:
        ToolFailed: when it cannot be loaded.
    """
    client = httpx.AsyncClient(
        transport=transport,
        headers={**_HEADERS, **_conditions(known)},
        timeout=MAX_SECONDS,
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        trust_env=False,
    )
    try:
        async with client, client.stream("GET", url) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED and any(known):
                return Page(str(response.url), "", None, known)
            _check_status(response)
            content_type = response.headers.get("content-type", "text/plain")
            if media_type(content_type) not in kinds:
                raise ToolFailed(f"{url} is {content_type[:100]}, which has no text to read.", kind="refused")
            return Page(str(response.url), content_type, await _body(response, max_bytes), _mark(response))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ToolFailed(f"{url[:200]!r} is not an address that can be fetched: {error}.", kind="refused") from error
    except httpx.TooManyRedirects as error:
        raise ToolFailed(f"{url} redirects more than {MAX_REDIRECTS} times.") from error
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise ToolFailed(f"{url} could not be loaded: {reason}.", kind="transient") from error


def _conditions(known: Mark) -> dict[str, str]:
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {name: value for name, value in headers.items() if value}


def _mark(response: httpx.Response) -> Mark:
    found = (response.headers.get(name, "") for name in ("etag", "last-modified"))
    return Mark(*(value if value.isascii() and len(value) <= _MAX_MARK_CHARS else "" for value in found))


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == httpx.codes.OK:
        return
    if status in _TRANSIENT_STATUS:
        raise ToolFailed(f"{response.url} answered {status}.", kind="transient")
    raise ToolFailed(f"{response.url} answered {status}.", kind="not_found" if status in (404, 410) else "refused")


async def _body(response: httpx.Response, max_bytes: int) -> bytes:
    """At most `max_bytes` of the body. Decompressed here, because httpx puts no bound on what a chunk grows to."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "deflate", ""):
        raise ToolFailed(f"{response.url} is encoded as {encoding[:40]!r}, which was not asked for.", kind="refused")
    packed = zlib.decompressobj(wbits=47) if encoding in ("gzip", "deflate") else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        try:
            body += packed.decompress(chunk, max_bytes + 1 - len(body)) if packed else chunk
        except zlib.error as error:
            raise ToolFailed(f"{response.url} is not valid {encoding}: {error}.") from error
        if len(body) > max_bytes:
            raise ToolFailed(f"{response.url} is larger than {max_bytes:,} bytes.", kind="refused")
    return bytes(body)
