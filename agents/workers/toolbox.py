"""Toolbox: the tools of one attempt, and the one place where a model's tool calls are carried out.

Calls go in as the model wrote them; out comes, for each, what the model is told. Laws: nothing a call or a tool says
raises (only cancellation and LangGraph's interrupts pass); raw output is in the artifact store before it is shown; a
call that failed for good is not made a second time.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from langchain_core.tools import BaseTool
from langgraph.errors import GraphBubbleUp
from pydantic import ValidationError

from ...core.errors import FaultKind, ForeplanError
from ...core.events import LessonLearned, ToolCalled
from ...core.models.base import ToolCall, ToolSchema
from ...core.models.found_json import parse_object
from ...memory.lessons import LessonBook
from ...memory.plain import sanitised
from ..errors import ToolFailed
from ..roles import Assignment
from ..tools.base import Excerpt
from ..tools.calculate import calculate_tool
from ..tools.desk import Desk, Piece
from ..tools.names import check_names
from ..tools.read import read_tool
from ..tools.schema import terse_form, wire_form
from ..tools.search import search_tool
from ..tools.submit import submit_tool
from .condense import Condenser
from .preview import Condense, preview, whole

MAX_ARGUMENT_CHARS = 20_000
CALL_SECONDS = 60.0
_MAX_DETAIL_CHARS = 120
_MAX_ERROR_CHARS = 500
_OUTSIDE_KINDS = frozenset({"research", "compute", "check"})
"""Kinds of subtasks that may need more than the sources and the parents' claims."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call: words of ours, or pieces of evidence, or an error."""

    text: str = ""
    pieces: tuple[Piece, ...] = ()
    error: str = ""


class Toolbox:
    """The tools of one attempt: `submit_digest`, `calculate`, `read`, `search` over sources, then the run's own.

    `reread` counts what was read again by handle.
    """

    def __init__(self, assignment: Assignment, desk: Desk, lessons: LessonBook) -> None:
        self._assignment = assignment
        self._desk = desk
        self._lessons = lessons
        self._own_lessons = LessonBook()
        self.reread = 0
        # `submit_digest` comes first: an attempt with room for one call is given no other.
        own = [submit_tool(), calculate_tool(desk), read_tool(desk)]
        if assignment.sources is not None:
            own.append(search_tool(assignment.sources))
        check_names(assignment.tools)
        outside = list(assignment.tools) if assignment.subtask.kind in _OUTSIDE_KINDS else []
        self._own = {tool.name for tool in own}
        self._tools: dict[str, BaseTool] = {tool.name: tool for tool in [*outside, *own]}
        self.schemas: tuple[ToolSchema, ...] = (*map(terse_form, own), *map(wire_form, outside))

    def has(self, name: str) -> bool:
        """Whether this attempt may use a tool of that name."""
        return name in self._tools

    async def run(self, calls: Sequence[ToolCall]) -> list[Outcome]:
        """Carry out the calls of one turn together; an outcome for each, in their order."""
        done = await asyncio.gather(*map(self._run, calls), return_exceptions=True)
        outcomes = []
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
            outcomes.append(outcome)
        return outcomes

    async def _run(self, call: ToolCall) -> Outcome:
        started = time.monotonic()
        outcome = await self._attempt(call)
        self._assignment.emit(
            ToolCalled(
                subtask=self._assignment.subtask.id,
                tool=sanitised(call.name[:64]),
                detail=sanitised(" ".join(call.arguments[:_MAX_DETAIL_CHARS].split())),
                seconds=time.monotonic() - started,
                error=outcome.error,
            )
        )
        return outcome

    async def _attempt(self, call: ToolCall) -> Outcome:
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(self._tools)
            return Outcome(error=f"There is no tool {sanitised(call.name[:64])!r}. There are: {known}.")
        arguments = parse_object(call.arguments or "{}") if len(call.arguments) <= MAX_ARGUMENT_CHARS else None
        if arguments is None:
            return Outcome(error=f"The arguments must be one JSON object of at most {MAX_ARGUMENT_CHARS} characters.")
        lesson = self._book(call.name).refuses(call.name, arguments)
        if lesson is not None:
            return Outcome(error=f"Not repeated, since it failed before: {lesson.happened}")
        try:
            return await self._invoke(tool, arguments)
        except GraphBubbleUp:
            raise
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled us: the tool's own machinery (a session that closed) gave up.
            return Outcome(error=self._learn(call.name, arguments, ToolFailed("It was broken off.", kind="transient")))
        except Exception as error:  # whatever a tool raises is told to the model, which may find another way
            return Outcome(error=self._learn(call.name, arguments, error))

    async def _invoke(self, tool: BaseTool, arguments: dict[str, Any]) -> Outcome:
        request = {"type": "tool_call", "id": "call", "name": tool.name, "args": arguments}
        async with asyncio.timeout(CALL_SECONDS):
            message = await tool.ainvoke(request)
        content = _text(getattr(message, "content", message))
        if getattr(message, "status", "success") == "error":
            raise ToolFailed(content[:_MAX_ERROR_CHARS] or f"{tool.name} failed.")
        artifact = getattr(message, "artifact", None)
        if isinstance(artifact, tuple) and artifact and all(isinstance(each, Excerpt) for each in artifact):
            excerpts = list(artifact)
        elif tool.name in self._own:
            return Outcome(text=content)
        else:
            excerpts = [whole(content or "(nothing)", title=tool.name, source=tool.name)]
        if tool.name == "read":
            self.reread += 1
            return Outcome(pieces=tuple(self._desk.lay(excerpts)))
        shown = await preview(excerpts, self._assignment.subtask.goal, self._condense)
        return Outcome(pieces=tuple(self._desk.lay(shown)))

    @property
    def _condense(self) -> Condense | None:
        """How long output is made short with a model; None where no compressor was set."""
        assignment = self._assignment
        if assignment.compressor is None:
            return None
        left = assignment.account.tokens_left if assignment.share_tokens is None else assignment.share_tokens
        return partial(Condenser(assignment.compressor, assignment).places, tokens_left=left)

    def _learn(self, name: str, arguments: dict[str, Any], error: Exception) -> str:
        """One line about the error, which is kept as a lesson."""
        kind, text, subtask = _kind(error), _describe(error), self._assignment.subtask
        self._book(name).record(name, arguments, kind=kind, happened=text, tried=subtask.goal)
        self._assignment.emit(LessonLearned(subtask=subtask.id, tool=name, kind=kind, text=text))
        return text

    def _book(self, name: str) -> LessonBook:
        """Where failures of a tool are kept: handles mean something else to every attempt, so theirs stay here."""
        return self._own_lessons if name in self._own else self._lessons


def _kind(error: Exception) -> FaultKind:
    if isinstance(error, ForeplanError):
        return error.kind
    if isinstance(error, (TimeoutError, ConnectionError, httpx.TransportError)):
        return "transient"
    return "malformed" if isinstance(error, ValidationError) else "tool"


def _describe(error: Exception) -> str:
    if isinstance(error, ForeplanError):
        text = str(error)
    elif isinstance(error, ValidationError):
        faults = (f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}" for fault in error.errors()[:3])
        text = "; ".join(faults)
    elif isinstance(error, TimeoutError):
        text = f"It took longer than {CALL_SECONDS:g} seconds."
    else:
        text = f"{type(error).__name__}: {error}"
    return sanitised(" ".join(text[:_MAX_ERROR_CHARS].split()))


def _text(content: Any) -> str:
    """A tool's answer as text. Blocks that are no text (images, files) are named, not shown."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(map(_block_text, content))
    return json.dumps(content, ensure_ascii=False, default=str)


def _block_text(block: Any) -> str:
    if isinstance(block, dict):
        text = block.get("text")
        return text if isinstance(text, str) else f"({str(block.get('type', 'block'))[:40]} not shown)"
    return str(block)
