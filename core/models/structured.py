"""Structured output: how an answer of a given form is asked for and read, whichever way the endpoint supports.

A `Ladder` holds the ways from best to last and remembers, for one endpoint, how far down it must go. `ask` writes a
request that way, `take` reads the reply: in every way the answer's body ends up in `Reply.text`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ..errors import UnsupportedFeature
from .base import OutputSchema, Reply, Request, StructuredMode, ToolCall
from .found_json import find_object
from .quirks import Quirks
from .wording import ask_for_output, ask_for_tools

BOUND_KEYWORDS = frozenset({
    "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "default", "title",
})  # fmt: skip
_NAMED = frozenset({"properties", "$defs", "definitions", "patternProperties"})
"""Keywords whose keys are names of the user's, not keywords."""


class Way(NamedTuple):
    """One way to ask: by `mode`, with or without bounds in the schema."""

    mode: StructuredMode
    bounds: bool


class Ladder:
    """The ways one endpoint is asked, from best to last. Falls one step when the endpoint refuses the present one."""

    def __init__(self, quirks: Quirks) -> None:
        modes: tuple[StructuredMode, ...] = ("json_schema", "tool", "prompt")
        if quirks.structured is not None:
            modes = (quirks.structured,)
        elif not quirks.tools:
            modes = ("json_schema", "prompt")
        self._ways = [
            Way(mode, bounds) for mode in modes for bounds in (True, False) if quirks.schema_bounds or not bounds
        ]
        self._step = 0

    @property
    def way(self) -> Way:
        """The best way not yet refused."""
        return self._ways[self._step]

    def fall(self, refused: Way, error: UnsupportedFeature) -> bool:
        """Step down because `refused` was; False when there is nothing left to try or the refusal is of another thing.

        A call that started before another one stepped down does not step down again.
        """
        if error.feature not in ("structured", "bounds", "tool_choice") or refused.mode == "prompt":
            return False
        if refused != self.way:
            return True
        same_mode = error.feature == "bounds" or (refused.bounds and _is_about_schema(error))
        rest = [
            step for step in range(self._step + 1, len(self._ways))
            if same_mode or self._ways[step].mode != refused.mode
        ]  # fmt: skip
        if not rest:
            return False
        self._step = rest[0]
        return True


def ask(request: Request, way: Way, quirks: Quirks) -> Request:
    """`request`, asking for its output this way, and with tools in words where the endpoint takes none."""
    if request.output is not None:
        request = _ask_for_output(request, request.output, way)
    if request.tools and not quirks.tools:
        messages = ask_for_tools(request.messages, request.tools, request.tool_choice)
        request = replace(request, messages=messages, tools=(), tool_choice=None)
    return request


def take(reply: Reply, request: Request, *, worded_tools: bool) -> Reply:
    """`reply` with the answer's body in `text`, and with tool calls read from words when they were asked for in words.

    Args:
        reply: what the backend gave.
        request: what it was asked.
        worded_tools: whether tools were described in the prompt.
    """
    if request.output is not None and request.structured == "tool":
        reply = _from_tool(reply, tool_name(request.output))
    if worded_tools and not reply.tool_calls:
        reply = _from_words(reply)
    if request.output is None or reply.tool_calls or reply.finish_reason == "refusal":
        return reply
    body = find_object(reply.text, _required(request.output))
    return reply if body is None else replace(reply, text=body)


def tool_name(output: OutputSchema) -> str:
    """The output's name as a tool may be called."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", output.name)[:64] or "answer"


def without_bounds(schema: Any) -> Any:
    """`schema` without the keywords that only bound values, at any depth; names of properties stay."""
    if isinstance(schema, Mapping):
        kept = {}
        for key, value in schema.items():
            if key in _NAMED and isinstance(value, Mapping):
                kept[key] = {name: without_bounds(each) for name, each in value.items()}
            elif key in ("enum", "const", "required"):
                kept[key] = value
            elif key not in BOUND_KEYWORDS:
                kept[key] = without_bounds(value)
        return kept
    return [without_bounds(each) for each in schema] if isinstance(schema, (list, tuple)) else schema


def _ask_for_output(request: Request, output: OutputSchema, way: Way) -> Request:
    sent = output if way.bounds else OutputSchema(output.name, without_bounds(output.json_schema))
    request = replace(request, output=sent, structured=way.mode)
    if way.mode == "prompt":
        return replace(request, messages=ask_for_output(request.messages, sent))
    if way.mode == "json_schema":
        return request
    name = tool_name(sent)
    function = {"name": name, "description": "Hand in the answer.", "parameters": dict(sent.json_schema)}
    tools = (*request.tools, {"type": "function", "function": function})
    return replace(request, tools=tools, tool_choice="required" if request.tools else name)


def _from_tool(reply: Reply, name: str) -> Reply:
    handed_in = next((call for call in reply.tool_calls if call.name == name), None)
    if handed_in is None:
        return reply
    others = tuple(call for call in reply.tool_calls if call is not handed_in)
    reason = "stop" if reply.finish_reason == "tool_calls" and not others else reply.finish_reason
    return replace(reply, text=handed_in.arguments, tool_calls=others, finish_reason=reason)


def _from_words(reply: Reply) -> Reply:
    body = find_object(reply.text, ("tool", "arguments"))
    said = json.loads(body, strict=False) if body is not None else {}
    if not isinstance(said.get("tool"), str) or "arguments" not in said:
        return reply
    arguments = said["arguments"] if isinstance(said["arguments"], str) else json.dumps(said["arguments"])
    call = ToolCall(id="call_in_words", name=said["tool"], arguments=arguments)
    return replace(reply, text="", tool_calls=(call,), finish_reason="tool_calls")


def _required(output: OutputSchema) -> list[str]:
    required = output.json_schema.get("required")
    return [name for name in required if isinstance(name, str)] if isinstance(required, list) else []


def _is_about_schema(error: UnsupportedFeature) -> bool:
    return re.search(r"invalid schema|not permitted", error.message, re.IGNORECASE) is not None
