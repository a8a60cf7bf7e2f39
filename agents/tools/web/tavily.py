"""Tavily, through its own client (extra `web`)."""

from __future__ import annotations

import httpx

from ...errors import ToolFailed
from .base import WebResult, WebSearch, results_from


def tavily(base_url: str | None, api_key: str | None, timeout_s: float) -> WebSearch:
    """A search at Tavily, or at `base_url` when it is set.

    Raises:
        ImportError: when tavily-python is not installed.
    """
    from tavily import AsyncTavilyClient, InvalidAPIKeyError, UsageLimitExceededError
    from tavily.errors import BadRequestError, ForbiddenError
    from tavily.errors import TimeoutError as TavilyTimeout

    async def search(query: str, limit: int) -> list[WebResult]:
        client = AsyncTavilyClient(api_key=api_key, api_base_url=base_url)
        try:
            answer = await client.search(query[:400], max_results=limit, timeout=timeout_s)
        except (InvalidAPIKeyError, ForbiddenError) as error:
            raise ToolFailed(f"Tavily refused the key: {error}.", kind="auth") from error
        except BadRequestError as error:
            raise ToolFailed(f"Tavily refused the query: {error}.", kind="refused") from error
        except (UsageLimitExceededError, TavilyTimeout, httpx.HTTPError) as error:
            reason = str(error) or type(error).__name__
            raise ToolFailed(f"Tavily did not answer: {reason}.", kind="transient") from error
        # The client reads the answer unchecked, so JSON of another shape comes out as an error of its own code.
        except (ValueError, AttributeError, TypeError) as error:
            raise ToolFailed("Tavily's answer is not in its form.", kind="malformed") from error
        finally:
            await client.close()
        entries = answer.get("results") if isinstance(answer, dict) else None
        return results_from(entries, url="url", snippet="content")

    return search
