"""DuckDuckGo, through ddgs (extra `web`).

Its engine is used directly: the `DDGS` class in front of it also asks other search engines, which nobody chose here.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from ...errors import ToolFailed
from .base import WebResult, WebSearch, results_from


def duckduckgo(base_url: str | None, api_key: str | None, timeout_s: float) -> WebSearch:
    """A search at DuckDuckGo, or at `base_url` when it is set. It takes no key.

    Raises:
        ImportError: when ddgs is not installed.
    """
    from ddgs.engines.duckduckgo import Duckduckgo
    from ddgs.exceptions import DDGSException

    def ask(query: str) -> list[dict[str, str]]:
        engine = Duckduckgo(timeout=max(1, round(timeout_s)))
        if base_url:
            engine.search_url = base_url
        found = engine.search(query[:400])
        if found is None:
            raise ToolFailed("DuckDuckGo refuses to answer for now.", kind="transient")
        return [asdict(result) for result in found]

    async def search(query: str, limit: int) -> list[WebResult]:
        try:
            entries = await asyncio.to_thread(ask, query)
        except DDGSException as error:
            raise ToolFailed(f"DuckDuckGo did not answer: {error}.", kind="transient") from error
        return results_from(entries, url="href", snippet="body")[:limit]

    return search
