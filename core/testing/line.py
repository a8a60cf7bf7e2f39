"""The line to one client: what a chat endpoint needs beyond ASGI. It notices a client that leaves, and can hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

T = TypeVar("T")
Address = tuple[str, int] | None
JSON = {"content-type": "application/json"}

TRANSPORTS: dict[Address, asyncio.Transport] = {}
"""Open connections of all servers of this process by the client's address: ASGI shows no way to drop one."""


class ClientLeft(Exception):
    """The client closed the connection before the answer was whole."""


class HangUpProtocol(H11Protocol):
    """uvicorn's HTTP protocol, its connections open to be dropped."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection."""
        super().connection_made(transport)
        TRANSPORTS[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        TRANSPORTS.pop(self.client, None)
        super().connection_lost(exc)


class Line:
    """One request's connection. The body must be read first; waits end with `ClientLeft` when the client goes away."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.request = Request(scope, receive)
        self.started_at = asyncio.get_running_loop().time()
        self.status = 0
        self._receive, self._send = receive, send
        self._leaving: asyncio.Task[Message] | None = None

    async def wait_until(self, seconds: float) -> None:
        """Wait until so many seconds after the request came."""
        left_s = seconds - self.seconds
        if left_s > 0:
            await asyncio.wait({self._watch()}, timeout=left_s)
        elif self._leaving is not None:
            await asyncio.sleep(0)  # a fast stream must let the loop see its client leave
        self._check()

    async def wait_for(self, work: Awaitable[T]) -> T:
        """The result of `work`, which is cancelled when the client leaves."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, self._watch()}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise ClientLeft
        finally:
            task.cancel()

    async def wait_forever(
        self, every_s: float | None = None, beat: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Wait until the client leaves, with a `beat` every so many seconds; raises ClientLeft."""
        while True:
            await asyncio.wait({self._watch()}, timeout=every_s)
            self._check()
            if beat is not None:
                await beat()

    @property
    def seconds(self) -> float:
        """How long ago the request came."""
        return asyncio.get_running_loop().time() - self.started_at

    async def start(self, status: int, headers: Mapping[str, str], *, watch: bool = False) -> None:
        """Send status and headers; with `watch`, look out for the client's leaving from now on."""
        self.status = status
        if watch:
            self._watch()
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def whole(self, status: int, body: bytes, headers: Mapping[str, str] = JSON) -> None:
        """Send status, headers and a whole body."""
        await self.start(status, {**headers, "content-length": str(len(body))})
        await self.body(body)

    async def body(self, data: bytes, *, more: bool = False) -> None:
        """Send a piece of the body."""
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def hang_up(self) -> None:
        """Close the connection once what was sent is out."""
        client = self.request.client
        transport = TRANSPORTS.get(None if client is None else (client.host, client.port))
        if transport is not None:
            transport.close()
            await asyncio.wait({self._watch()})

    async def close(self) -> None:
        """End the watch over the client."""
        if self._leaving is not None:
            self._leaving.cancel()
            await asyncio.wait({self._leaving})

    def _watch(self) -> asyncio.Task[Message]:
        if self._leaving is None:
            self._leaving = asyncio.ensure_future(self._receive())
        return self._leaving

    def _check(self) -> None:
        if self._leaving is not None and self._leaving.done():
            raise ClientLeft
