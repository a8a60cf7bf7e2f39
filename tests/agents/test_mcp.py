"""MCP tools against real servers written with the `mcp` package: one over stdio, one over HTTP."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from mcp.server.fastmcp import FastMCP
from support.plans import subtask

from foreplan.agents.roles import Assignment
from foreplan.agents.tools.desk import Desk
from foreplan.agents.tools.mcp import mcp_tools
from foreplan.agents.workers.toolbox import Toolbox
from foreplan.core.events import Event, Noted
from foreplan.core.ledger import free_account
from foreplan.core.models.base import ToolCall
from foreplan.core.settings.shape import McpServer
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.lessons import LessonBook
from foreplan.planner.brief import Brief

STDIO_SERVER = '''
import os
from mcp.server.fastmcp import FastMCP

server = FastMCP("depths")
calls = 0

@server.tool()
def depth(lake: str) -> str:
    """The depth of a lake."""
    global calls
    calls += 1
    if lake == "crash":
        os._exit(1)
    if lake == "none":
        raise ValueError("no such lake")
    return f"{lake}: 212 m (call {calls}, {os.environ.get('UNIT_NOTE', 'plain')})"

@server.tool(name="search", description="x" * 5_000)
def other(query: str) -> str:
    return query

server.run("stdio")
'''


@pytest.fixture
def stdio_server(tmp_path: Path) -> McpServer:
    script = tmp_path / "depths.py"
    script.write_text(STDIO_SERVER)
    return McpServer(command=sys.executable, args=(str(script),), env={"UNIT_NOTE": "metres"})


@pytest.fixture(scope="module")
def http_server() -> Iterator[McpServer]:
    server = FastMCP("heights")

    @server.tool()
    def height(peak: str) -> str:
        """The height of a peak."""
        return f"{peak}: 4,810 m"

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        running = uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="error"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        yield McpServer(url=f"http://127.0.0.1:{port}/mcp")
        running.should_exit = True
        thread.join(10)


def text_of(content: object) -> str:
    return str(content)


async def test_tools_of_a_stdio_server_share_one_session(stdio_server: McpServer) -> None:
    async with mcp_tools({"depths": stdio_server}) as tools:
        by_name = {tool.name: tool for tool in tools}
        assert set(by_name) == {"depths_depth", "depths_search"}
        assert len(by_name["depths_search"].description) == 1_000
        depth = by_name["depths_depth"]
        assert "call 1, metres" in text_of(await depth.ainvoke({"lake": "Orvane"}))
        assert "call 2, metres" in text_of(await depth.ainvoke({"lake": "Orvane"}))
        call = {"type": "tool_call", "id": "1", "name": depth.name, "args": {"lake": "none"}}
        assert (await depth.ainvoke(call)).status == "error"


async def test_tools_of_an_http_server(http_server: McpServer) -> None:
    async with mcp_tools({"heights": http_server}) as tools:
        (height,) = tools
        assert "4,810 m" in text_of(await height.ainvoke({"peak": "Blanc"}))


async def test_what_a_server_says_is_evidence_and_its_errors_are_told(stdio_server: McpServer) -> None:
    async with mcp_tools({"depths": stdio_server}) as tools:
        artifacts = MemoryArtifacts()
        desk = Desk(artifacts)
        assignment = Assignment(Brief(goal="Lakes"), subtask("a"), (), free_account(), artifacts, tools=tools)
        calls = [
            ToolCall("1", "depths_depth", '{"lake": "Orvane"}'),
            ToolCall("2", "depths_depth", '{"lake": "none"}'),
            ToolCall("3", "depths_depth", '{"sea": 1}'),
        ]
        said, failed, wrong = await Toolbox(assignment, desk, LessonBook()).run(calls)
    assert "Orvane: 212 m" in desk.text(said.pieces[0].handle)
    assert artifacts.get(said.pieces[0].ref.artifact).source == "depths_depth"
    assert "no such lake" in failed.error
    assert "lake" in wrong.error


async def test_a_server_that_does_not_start_is_left_out_with_a_note(http_server: McpServer) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = McpServer(url=f"http://127.0.0.1:{closed.getsockname()[1]}/mcp")
        silent = McpServer(command=sys.executable, args=("-c", "import time; time.sleep(60)"))
        quits = McpServer(command=sys.executable, args=("-c", "raise SystemExit(3)"))
        missing = McpServer(command="no-such-program-anywhere")
        events: list[Event] = []
        servers = {"dead": dead, "silent": silent, "quits": quits, "missing": missing, "good": http_server}
        async with mcp_tools(servers, emit=events.append, start_seconds=2) as tools:
            assert [tool.name for tool in tools] == ["good_height"]
    notes = [event.text for event in events if isinstance(event, Noted) and event.level == "warning"]
    assert [note.split()[2] for note in notes] == ["dead", "silent", "quits", "missing"]
    assert "within 2 seconds" in notes[1]
    assert "no-such-program-anywhere" in notes[3]


async def test_a_server_that_dies_fails_its_own_calls_only(stdio_server: McpServer, http_server: McpServer) -> None:
    async with mcp_tools({"depths": stdio_server, "heights": http_server}) as tools:
        by_name = {tool.name: tool for tool in tools}
        with pytest.raises(Exception, match=r"(?i)closed|connection"):
            async with asyncio.timeout(10):
                await by_name["depths_depth"].ainvoke({"lake": "crash"})
        assert "4,810 m" in text_of(await by_name["heights_height"].ainvoke({"peak": "Blanc"}))


async def test_no_server_process_outlives_the_block(tmp_path: Path) -> None:
    lines: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await lines.put(b"started")
        await reader.read()
        await lines.put(b"gone")
        writer.close()

    watch = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = watch.sockets[0].getsockname()[1]
    script = tmp_path / "watched.py"
    script.write_text(f"import socket\nwatch = socket.create_connection(('127.0.0.1', {port}))\n{STDIO_SERVER}")
    async with watch:
        async with mcp_tools({"depths": McpServer(command=sys.executable, args=(str(script),))}):
            assert await lines.get() == b"started"
        async with asyncio.timeout(10):
            assert await lines.get() == b"gone"
