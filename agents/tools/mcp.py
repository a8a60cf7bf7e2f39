"""Tools of MCP servers (extra `mcp`): settings by server name go in, LangChain tools come out while the block runs.

Each server has one session for the length of the block, held by a task of its own, so that a server that dies takes
only its own tools with it. A server that cannot be started is left out, and a note says why. What a server says of its
tools is foreign text: names get the server's name in front (so that none can pass for another tool), descriptions are
cut, and a schema too large for a prompt leaves its tool out.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from ...core.errors import SettingsError
from ...core.events import Emit, Noted, silent
from ...core.settings.shape import McpServer

if TYPE_CHECKING:
    from langchain_mcp_adapters.sessions import Connection

START_SECONDS = 20.0
CALL_SECONDS = 60.0
STOP_SECONDS = 5.0
MAX_DESCRIPTION_CHARS = 1_000
MAX_SCHEMA_CHARS = 16_000
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]+")
_MAX_NAME_CHARS = 64


@asynccontextmanager
async def mcp_tools(
    servers: Mapping[str, McpServer], *, emit: Emit = silent, start_seconds: float = START_SECONDS
) -> AsyncIterator[list[BaseTool]]:
    """The tools of all servers that start, in the order of their settings, until the block ends.

    Raises:
        SettingsError: when servers are set but langchain-mcp-adapters is not installed.
    """
    holders = [_Holder(name, _connection(server)) for name, server in servers.items()]
    try:
        reasons = await asyncio.gather(*(holder.start(start_seconds) for holder in holders))
        for holder, reason in zip(holders, reasons, strict=True):
            if reason:
                emit(Noted(text=f"MCP server {holder.name} is left out: {reason}", level="warning"))
        yield [tool for holder in holders for tool in _presentable(holder, emit)]
    finally:
        await asyncio.gather(*(holder.stop() for holder in holders))


class _Holder:
    """Holds one server's session open in a task of its own: it must be closed by the task that opened it."""

    def __init__(self, name: str, connection: Connection) -> None:
        self.name = name
        self.tools: list[BaseTool] = []
        self._connection = connection
        self._ready = asyncio.Event()
        self._leave = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, seconds: float) -> str:
        """Wait until the tools are known; the reason why they never will be, or nothing."""
        self._task = asyncio.create_task(self._hold(), name=f"mcp {self.name}")
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait({self._task, ready}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if self._ready.is_set():
            return ""
        if self._task.done() and not self._task.cancelled() and (error := self._task.exception()) is not None:
            return _reason(error)
        self._task.cancel()
        return f"it did not answer within {seconds:g} seconds."

    async def stop(self) -> None:
        """Close the session and end the server."""
        self._leave.set()
        if self._task is not None:
            _, late = await asyncio.wait({self._task}, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _hold(self) -> None:
        from langchain_mcp_adapters.sessions import create_session
        from langchain_mcp_adapters.tools import load_mcp_tools

        async with create_session(self._connection) as session:
            await session.initialize()
            self.tools = await load_mcp_tools(session, server_name=self.name, tool_name_prefix=True)
            self._ready.set()
            await self._leave.wait()


def _connection(server: McpServer) -> Connection:
    try:
        from langchain_mcp_adapters.sessions import StdioConnection, StreamableHttpConnection
    except ImportError as error:
        raise SettingsError(
            f"MCP servers need a library that is not installed ({error.name}).",
            hint="Install it with: pip install 'foreplan[mcp]'",
        ) from error
    session: dict[str, Any] = {"read_timeout_seconds": timedelta(seconds=CALL_SECONDS)}
    if server.command is not None:
        return StdioConnection(
            transport="stdio",
            command=server.command,
            args=list(server.args),
            env=dict(server.env) or None,
            session_kwargs=session,
        )
    return StreamableHttpConnection(
        transport="streamable_http",
        url=server.url or "",
        headers=dict(server.headers) or None,
        session_kwargs=session,
    )


def _presentable(holder: _Holder, emit: Emit) -> list[BaseTool]:
    """The server's tools under names that endpoints accept, with bounded words."""
    tools: dict[str, BaseTool] = {}
    for tool in holder.tools:
        name = _NOT_IN_A_NAME.sub("_", tool.name)[:_MAX_NAME_CHARS]
        renamed = tool.model_copy(update={"name": name, "description": tool.description[:MAX_DESCRIPTION_CHARS]})
        if len(json.dumps(convert_to_openai_tool(renamed))) > MAX_SCHEMA_CHARS:
            emit(Noted(text=f"MCP tool {name} is left out: its schema is too large for a prompt.", level="warning"))
        elif name not in tools:
            tools[name] = renamed
    return list(tools.values())


def _reason(error: BaseException) -> str:
    """The innermost error of a group in one line: the groups around it are the client library's affair."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {str(error)[:300]}"
