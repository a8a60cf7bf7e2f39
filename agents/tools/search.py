"""`search`: passages of the user's documents, or places within one source that is known already."""

from __future__ import annotations

import asyncio

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict

from ...memory.documents.base import Passage, Sources
from .base import Excerpt

PASSAGES = 6


class SearchArguments(BaseModel):
    """Arguments of `search`."""

    model_config = ConfigDict(extra="forbid")

    query: str


def search_tool(sources: Sources) -> BaseTool:
    """The tool over these documents."""

    async def search(query: str) -> tuple[str, tuple[Excerpt, ...]]:
        excerpts = await find(sources, query)
        return "\n\n".join(excerpt.shown for excerpt in excerpts), excerpts

    return StructuredTool.from_function(
        coroutine=search,
        name="search",
        description="Search the documents.",
        args_schema=SearchArguments,
        response_format="content_and_artifact",
    )


async def find(sources: Sources, query: str, *, limit: int = PASSAGES) -> tuple[Excerpt, ...]:
    """The passages most relevant to the query, best first, each with its whole document. Runs in a thread.

    When there are none, one excerpt says so: it is the evidence of a claim of absence.
    """
    return await asyncio.to_thread(_find, sources, query, limit)


def _find(sources: Sources, query: str, limit: int) -> tuple[Excerpt, ...]:
    return tuple(excerpt_of(sources, each) for each in sources.search(query, limit=limit)) or (nothing(query),)


def excerpt_of(sources: Sources, passage: Passage) -> Excerpt:
    """A passage as an excerpt of its document's text."""
    text = sources.text(passage.document)
    return Excerpt(text, passage.start, passage.end, passage.title, passage.source)


def nothing(query: str) -> Excerpt:
    """That a search found nothing."""
    text = f"Nothing matches: {query}"
    return Excerpt(text, 0, len(text), "search", "search")
