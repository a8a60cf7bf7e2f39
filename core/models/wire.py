"""The chat completion wire: a `Request` goes out as parameters, an answer's JSON comes in, field by field.

Law: endpoints put anything anywhere, so nothing is assumed of an answer; what has the wrong type reads as absent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .base import Reply, Request, ToolCall
from .faults import BrokenAnswer, Place, not_a_completion
from .metering import parse_usage
from .structured import tool_name
from .thinking import split_thinking


def payload_of(request: Request) -> dict[str, Any]:
    """The parameters of one chat completion, but for the model, in OpenAI's wire form."""
    payload: dict[str, Any] = {
        "messages": list(request.messages),
        request.max_tokens_field: request.max_completion_tokens,
        "tools": list(request.tools) or None,
        "tool_choice": wire_tool_choice(request.tool_choice),
        "response_format": response_format(request),
        "reasoning_effort": request.effort,
        "seed": request.seed,
        "temperature": request.temperature,
    }
    return {name: value for name, value in payload.items() if value is not None}


def response_format(request: Request) -> dict[str, Any] | None:
    """The strict json_schema form of the request's output, or None when it is asked for otherwise."""
    if request.output is None or request.structured != "json_schema":
        return None
    schema = {"name": tool_name(request.output), "schema": dict(request.output.json_schema), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def wire_tool_choice(choice: str | None) -> str | dict[str, Any] | None:
    """`choice` as the wire has it: a tool's name becomes an object."""
    if choice in (None, "auto", "required", "none"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def reply_of(body: Any, place: Place) -> Reply:
    """The answer that a chat completion's body holds.

    Raises:
        BrokenAnswer: when it has no choices.
        ModelError: of kind malformed, when it is no chat completion.
    """
    choice = first_choice(body)
    message = choice.get("message")
    if not isinstance(message, Mapping):
        if isinstance(body, Mapping) and body.get("choices") == []:
            raise BrokenAnswer("it has no choices")
        error = body.get("error") if isinstance(body, Mapping) else None
        raise not_a_completion(place, place.quote(error or json.dumps(body)))
    told = split_thinking(as_text(message.get("content")))
    refusal = as_text(message.get("refusal"))
    return Reply(
        text=refusal or told.text,
        reasoning=reasoning_of(message) + told.reasoning,
        tool_calls=tool_calls_of(message),
        finish_reason="refusal" if refusal else as_text(choice.get("finish_reason")) or "stop",
        usage=parse_usage(body.get("usage")),
    )


def first_choice(body: Any) -> Mapping[str, Any]:
    """The first of the answer's choices, or an empty mapping."""
    choices = as_list(body.get("choices")) if isinstance(body, Mapping) else []
    return choices[0] if choices and isinstance(choices[0], Mapping) else {}


def tool_calls_of(message: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    """The message's tool calls; malformed ones are left out, malformed arguments are kept as they are."""
    calls = []
    for place, call in enumerate(as_list(message.get("tool_calls"))):
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            arguments = function.get("arguments")
            text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
            calls.append(ToolCall(as_text(call.get("id")) or f"call_{place}", as_text(function.get("name")), text))
    return tuple(calls)


def reasoning_of(message: Mapping[str, Any]) -> str:
    """Thinking that the endpoint told apart, under either of its two names."""
    return as_text(message.get("reasoning_content")) or as_text(message.get("reasoning"))


def as_text(value: Any) -> str:
    """A string, the texts of a list of content parts, or nothing."""
    if isinstance(value, list):
        parts = (part.get("text") for part in value if isinstance(part, Mapping))
        return "".join(part for part in parts if isinstance(part, str))
    return value if isinstance(value, str) else ""


def as_list(value: Any) -> list[Any]:
    """A list, or an empty one."""
    return value if isinstance(value, list) else []
