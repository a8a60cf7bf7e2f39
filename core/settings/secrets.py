"""Every secret that settings name, so that none enters a trace: keys, and what MCP servers are sent or started with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from .shape import Settings


def secrets_of(settings: Settings, *, environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The secrets of the tools and servers in `settings`. Models' keys are known by the models themselves."""
    return frozenset(filter(None, _secrets(settings, environ)))


def _secrets(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    tools = settings.tools
    if tools.web_search_api_key is not None:
        yield tools.web_search_api_key.get_secret_value()
    if tools.web_search_api_key_env is not None:
        yield environ.get(tools.web_search_api_key_env, "")
    for server in settings.mcp.values():
        yield from server.env.values()
        for value in server.headers.values():
            yield value
            yield value.rpartition(" ")[2]  # the token of "Bearer TOKEN" also stands alone in messages
