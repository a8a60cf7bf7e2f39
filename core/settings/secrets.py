"""Every secret that settings name, so that none enters a trace: keys, and what servers are sent or started with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from .shape import Endpoint, Settings

_USUAL_KEY = "OPENAI_API_KEY"
"""Where a key is looked for when no setting names another place."""


def secrets_of(settings: Settings, *, environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The secrets of models, tools and servers in `settings`. A variable that is named and not set has none."""
    return frozenset(filter(None, _secrets(settings, environ)))


def _secrets(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    yield from _keys(settings, environ)
    for endpoint in _endpoints(settings):
        yield from _keys(endpoint, environ)
    tools = settings.tools
    if tools.web_search_api_key is not None:
        yield tools.web_search_api_key.get_secret_value()
    if tools.web_search_api_key_env is not None:
        yield environ.get(tools.web_search_api_key_env, "")
    for header in settings.telemetry.headers.values():
        yield from _header_secrets(header.get_secret_value())
    for server in settings.mcp.values():
        yield from server.env.values()
        for value in server.headers.values():
            yield from _header_secrets(value)


def _keys(place: Settings | Endpoint, environ: Mapping[str, str]) -> Iterator[str]:
    if place.api_key is not None:
        yield place.api_key.get_secret_value()
    yield environ.get(place.api_key_env or _USUAL_KEY, "")


def _endpoints(settings: Settings) -> tuple[Endpoint, ...]:
    roles = (settings.planner, settings.worker, settings.writer, settings.compressor, settings.judge)
    return (*roles, *settings.workers.values())


def _header_secrets(value: str) -> tuple[str, str]:
    """A header's value, and the token of "Bearer TOKEN", which also stands alone in messages."""
    return value, value.rpartition(" ")[2]
