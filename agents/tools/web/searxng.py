"""SearXNG, through the JSON API of the user's own instance.

langchain-community has a wrapper; it brings SQLAlchemy, NumPy and aiohttp for what is one GET request.
"""

from __future__ import annotations

import httpx

from ...errors import ToolFailed
from .base import WebResult, WebSearch, results_from


def searxng(base_url: str | None, api_key: str | None, timeout_s: float) -> WebSearch:
    """A search at the instance at `base_url`; `api_key`, when set, is sent as a bearer token for a proxy before it."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    address = f"{(base_url or '').rstrip('/')}/search"

    async def search(query: str, limit: int) -> list[WebResult]:
        try:
            async with httpx.AsyncClient(headers=headers, timeout=timeout_s) as client:
                response = await client.get(address, params={"q": query[:400], "format": "json"})
            response.raise_for_status()
            answer = response.json()
        except httpx.HTTPStatusError as error:
            raise _refusal(error.response.status_code) from error
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ToolFailed(f"SearXNG did not answer: {reason}.", kind="transient") from error
        except ValueError as error:
            raise ToolFailed("SearXNG's answer is not JSON.", kind="malformed") from error
        entries = answer.get("results") if isinstance(answer, dict) else None
        return results_from(entries, url="url", snippet="content")[:limit]

    return search


def _refusal(status: int) -> ToolFailed:
    if status == httpx.codes.FORBIDDEN:
        hint = "The user must add json to search.formats in the instance's settings.yml."
        return ToolFailed("SearXNG does not answer in JSON.", hint=hint, kind="refused")
    passing = status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR
    return ToolFailed(f"SearXNG answered {status}.", kind="transient" if passing else "refused")
