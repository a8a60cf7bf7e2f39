"""`read`: any stretch of a source on the desk, by handle. What was folded away earlier is read again this way."""

from __future__ import annotations

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict

from ..errors import ToolFailed
from .base import Excerpt
from .desk import Desk

PAGE_CHARS = 4_000


class ReadArguments(BaseModel):
    """Arguments of `read`. A negative `start` is where the stretch that the handle stands for begins."""

    model_config = ConfigDict(extra="forbid")

    handle: str
    start: int = -1


def read_tool(desk: Desk) -> BaseTool:
    """The tool over this desk."""

    async def read(handle: str, start: int = -1) -> tuple[str, tuple[Excerpt, ...]]:
        excerpt = _excerpt(desk, handle, start)
        return excerpt.shown, (excerpt,)

    return StructuredTool.from_function(
        coroutine=read,
        name="read",
        description="Read a source from a character offset.",
        args_schema=ReadArguments,
        response_format="content_and_artifact",
    )


def _excerpt(desk: Desk, words: str, start: int) -> Excerpt:
    handles = desk.handles_in(words)
    if not handles:
        known = ", ".join([*desk.pieces, *desk.given][:20]) or "none"
        raise ToolFailed(f"There is no source {words!r}. Known ones: {known}.", kind="not_found")
    claim = desk.claim(handles[0])
    ref = desk.pieces[handles[0]].ref if claim is None else next(iter(claim.evidence), None)
    if ref is None:
        raise ToolFailed(f"{handles[0]} has no source of its own to read.", kind="not_found")
    artifact = desk.artifacts.get(ref.artifact)
    first = ref.start if start < 0 else start
    if first >= len(artifact.text):
        raise ToolFailed(
            f"{handles[0]} has {len(artifact.text)} characters; {first} is beyond its end.", kind="not_found"
        )
    last = min(len(artifact.text), first + PAGE_CHARS)
    return Excerpt(artifact.text, first, last, artifact.title, artifact.source)
