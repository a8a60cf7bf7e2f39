"""`fetch`: the readable text of one web page or file, as an excerpt that can be cited.

Only public addresses are reached (see `guard`), for a bounded time, and only a bounded number of bytes is read (see
`loading`). What the page says is data: it is text with an origin, nothing more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field

from ..errors import ToolFailed
from .base import Excerpt
from .guard import GuardedTransport, Resolve, resolve
from .loading import MAX_BYTES, MAX_SECONDS, load
from .page import read_page


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
                page = await load(transport, url, max_bytes)
                found = await asyncio.to_thread(read_page, page.body or b"", page.content_type, page.url)
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
