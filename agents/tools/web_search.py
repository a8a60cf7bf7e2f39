"""`web_search`: a query goes in, snippets of pages come out as excerpts. Which provider answers is a setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field

from ...core.errors import SettingsError
from .base import Excerpt
from .search import nothing
from .web.base import WEB_SEARCH, WebSearch
from .web.duckduckgo import duckduckgo
from .web.searxng import searxng
from .web.tavily import tavily

RESULTS = 5
MAX_SECONDS = 15.0

PROVIDERS: Mapping[str, Callable[[str | None, str | None, float], WebSearch]] = {
    "duckduckgo": duckduckgo,
    "searxng": searxng,
    "tavily": tavily,
}


class WebSearchArguments(BaseModel):
    """Arguments of `web_search`."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(min_length=1, max_length=400)


def web_search_tool(
    provider: str, *, base_url: str | None = None, api_key: str | None = None, max_seconds: float = MAX_SECONDS
) -> BaseTool:
    """The tool over the provider of that name.

    Raises:
        SettingsError: when the provider is unknown, lacks its address, or its library is not installed.
    """
    search = _provider(provider, base_url, api_key, max_seconds)

    async def web_search(query: str) -> tuple[str, tuple[Excerpt, ...]]:
        results = await search(query, RESULTS)
        excerpts = tuple(Excerpt(hit.snippet, 0, len(hit.snippet), hit.title, hit.url) for hit in results)
        excerpts = excerpts or (nothing(query),)
        return "\n\n".join(excerpt.shown for excerpt in excerpts), excerpts

    return StructuredTool.from_function(
        coroutine=web_search,
        name=WEB_SEARCH,
        description="Search the web.",
        args_schema=WebSearchArguments,
        response_format="content_and_artifact",
    )


def _provider(name: str, base_url: str | None, api_key: str | None, max_seconds: float) -> WebSearch:
    make = PROVIDERS.get(name)
    if make is None:
        known = ", ".join(sorted(PROVIDERS))
        raise SettingsError(f"There is no web search provider {name!r}.", hint=f"Known ones: {known}.")
    if name == "searxng" and not base_url:
        raise SettingsError(
            "SearXNG has no public address of its own.", hint="Set tools.web_search_base_url to your instance's URL."
        )
    try:
        return make(base_url, api_key, max_seconds)
    except ImportError as error:
        raise SettingsError(
            f"Web search with {name} needs a library that is not installed ({error.name}).",
            hint="Install it with: pip install 'foreplan[web]'",
        ) from error
