"""Toolset: the tools of a run that reach outside the sources, from settings and from the user, while a block runs.

What a worker always has (`search`, `read`, `calculate`, `submit_digest`) is made per attempt, because it works on that
attempt's evidence. Names are unique: the user's own tools first, then the settings', and none may be a built-in's.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from langchain_core.tools import BaseTool

from ...core.errors import SettingsError
from ...core.events import Emit, silent
from ...core.settings.shape import McpServer, ToolSettings
from .fetch import fetch_tool
from .mcp import mcp_tools
from .names import check_names
from .web_search import web_search_tool


@asynccontextmanager
async def toolset(
    settings: ToolSettings,
    mcp: Mapping[str, McpServer] | None = None,
    own: Sequence[BaseTool] = (),
    *,
    emit: Emit = silent,
) -> AsyncIterator[list[BaseTool]]:
    """All tools of a run beyond the built-in ones: the user's own unchanged, then web search, fetch and MCP servers'.

    Raises:
        SettingsError: when a tool lacks what it needs, or a name is taken twice.
    """
    fixed = [*own, *_web_tools(settings)]
    async with mcp_tools(mcp or {}, emit=emit) as remote:
        tools = [*fixed, *remote]
        check_names(tools)
        yield tools


def _web_tools(settings: ToolSettings) -> list[BaseTool]:
    tools: list[BaseTool] = []
    if settings.web_search is not None:
        key = _api_key(settings)
        tools.append(web_search_tool(settings.web_search, base_url=settings.web_search_base_url, api_key=key))
    wants_fetch = settings.web_search is not None if settings.fetch is None else settings.fetch
    if wants_fetch:
        tools.append(fetch_tool(allow_hosts=settings.allow_hosts))
    return tools


def _api_key(settings: ToolSettings) -> str | None:
    if settings.web_search_api_key is not None:
        return settings.web_search_api_key.get_secret_value()
    variable = settings.web_search_api_key_env
    if variable is None:
        return None
    if not os.environ.get(variable):
        raise SettingsError(
            f"tools.web_search_api_key_env names the variable {variable}, which is not set.", hint=f"Set {variable}."
        )
    return os.environ[variable]
