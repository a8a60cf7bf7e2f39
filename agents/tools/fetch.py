"""`fetch`: the readable text of one web page or file, as an excerpt that can be cited.

Only public addresses are reached (see `guard`), for a bounded time, and only a bounded number of bytes is read, also
after decompression. What the page says is data: it is text with an origin, nothing more.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Collection
from typing import NamedTuple

import httpx
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field

from ..errors import ToolFailed
from .base import Excerpt
from .guard import GuardedTransport, Resolve, resolve
from .page import READERS, media_type, read_page

MAX_BYTES = 5_000_000
MAX_SECONDS = 20.0
MAX_REDIRECTS = 5
_HEADERS = {
    "User-Agent": "Foreplan (research agent)",
    "Accept": ", ".join([*READERS, "*/*;q=0.1"]),
    "Accept-Encoding": "gzip",
}
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class FetchArguments(BaseModel):
    """Arguments of `fetch`."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=8, max_length=2_000)


def fetch_tool(
    *,
    allow_hosts: Collection[str] = (),
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
    resolver: Resolve = resolve,
) -> BaseTool:
    """The tool. `allow_hosts` names hosts (or host:port) that may have a private address."""

    async def fetch(url: str) -> tuple[str, tuple[Excerpt, ...]]:
        transport = GuardedTransport(allow_hosts=allow_hosts, resolver=resolver)
        try:
            async with asyncio.timeout(max_seconds):
                page = await _load(transport, url, max_bytes)
                found = await asyncio.to_thread(read_page, page.body, page.content_type, page.url)
        except TimeoutError as error:
            raise ToolFailed(f"{url} took longer than {max_seconds:g} seconds.", kind="transient") from error
        return found.text, (Excerpt(found.text, 0, len(found.text), found.title, page.url),)

    return StructuredTool.from_function(
        coroutine=fetch,
        name="fetch",
        description="Read a web page.",
        args_schema=FetchArguments,
        response_format="content_and_artifact",
    )


class _Page(NamedTuple):
    """What came back, after redirects."""

    url: str
    content_type: str
    body: bytes


async def _load(transport: httpx.AsyncBaseTransport, url: str, max_bytes: int) -> _Page:
    client = httpx.AsyncClient(
        transport=transport,
        headers=_HEADERS,
        timeout=MAX_SECONDS,
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        trust_env=False,
    )
    try:
        async with client, client.stream("GET", url) as response:
            _check_status(response)
            content_type = response.headers.get("content-type", "text/plain")
            if media_type(content_type) not in READERS:
                raise ToolFailed(f"{url} is {content_type[:100]}, which has no text to read.", kind="refused")
            return _Page(url=str(response.url), content_type=content_type, body=await _body(response, max_bytes))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ToolFailed(f"{url[:200]!r} is not an address that can be fetched: {error}.", kind="refused") from error
    except httpx.TooManyRedirects as error:
        raise ToolFailed(f"{url} redirects more than {MAX_REDIRECTS} times.") from error
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise ToolFailed(f"{url} could not be loaded: {reason}.", kind="transient") from error


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
