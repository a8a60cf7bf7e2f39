"""What an endpoint can do, and how it refuses the rest: a request goes in, an OpenAI-form error or None comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .chat import ChatRequest

BOUNDS = frozenset({
    "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error answer: `status` and the fields of OpenAI's error object."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    type: str = "invalid_request_error"

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON body."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the endpoint accepts; everything it does not accept is a 400.

    Attributes:
        system: messages of role system or developer.
        stream: answers in pieces.
        tools: tools at all.
        tool_required: `tool_choice` "required" or a named tool.
        json_schema: `response_format` of type json_schema.
        schema_bounds: bounds such as maxLength within that schema.
        json_object: `response_format` of type json_object.
        effort: `reasoning_effort`.
        temperature: any temperature but 1.
        seed: the `seed` parameter.
        stream_usage: `stream_options`, which ask for usage at the end of a stream.
        max_completion_tokens: that name; an endpoint without it knows `max_tokens` only.
        reasoning: the field that thinking is told apart in, or None where it is only counted.
    """

    system: bool = True
    stream: bool = True
    tools: bool = True
    tool_required: bool = True
    json_schema: bool = True
    schema_bounds: bool = True
    json_object: bool = True
    effort: bool = True
    temperature: bool = True
    seed: bool = True
    stream_usage: bool = True
    max_completion_tokens: bool = True
    reasoning: Literal["reasoning_content", "reasoning"] | None = "reasoning_content"

    def refuse(self, request: ChatRequest) -> ApiError | None:
        """Why this request cannot be served, or None."""
        return next(self._refusals(request), None)

    def _refusals(self, request: ChatRequest) -> Iterator[ApiError]:
        yield from self._message_refusals(request)
        if request.stream and not self.stream:
            yield _value("stream", "true")
        if request.tools and not self.tools:
            yield _parameter("tools")
        if request.tool_choice not in (None, "auto", "none") and not self.tool_required:
            yield _value("tool_choice", str(request.tool_choice))
        yield from self._format_refusals(request)
        yield from self._setting_refusals(request)

    def _message_refusals(self, request: ChatRequest) -> Iterator[ApiError]:
        for place, message in enumerate(request.messages):
            role = message.get("role")
            if role in ("system", "developer") and not self.system:
                yield _value(f"messages[{place}].role", str(role))
            if role not in ("system", "developer", "user", "assistant", "tool", "function"):
                yield ApiError(400, f"Invalid value: {role!r}.", "invalid_value", f"messages[{place}].role")

    def _format_refusals(self, request: ChatRequest) -> Iterator[ApiError]:
        wanted = request.response_format
        kind = wanted.get("type") if isinstance(wanted, Mapping) else None
        if (kind == "json_schema" and not self.json_schema) or (kind == "json_object" and not self.json_object):
            message = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
            yield ApiError(400, message, None, "response_format")
        found = BOUNDS & set(_keys(request.json_schema)) if not self.schema_bounds else set()
        if found:
            message = f"Invalid schema for response_format: '{sorted(found)[0]}' is not permitted."
            yield ApiError(400, message, "invalid_json_schema", "response_format")

    def _setting_refusals(self, request: ChatRequest) -> Iterator[ApiError]:
        accepted = {
            "reasoning_effort": self.effort,
            "seed": self.seed,
            "stream_options": self.stream_usage,
            "max_completion_tokens": self.max_completion_tokens,
        }
        sent = (name for name, value in request.body.items() if value is not None)
        yield from (_parameter(name) for name in sent if not accepted.get(name, True))
        if request.body.get("temperature") not in (None, 1, 1.0) and not self.temperature:
            yield _value("temperature", str(request.body["temperature"]))
        if request.body.get("n") not in (None, 1):
            yield _value("n", str(request.body["n"]))


def _value(param: str, value: str) -> ApiError:
    message = f"Unsupported value: '{param}' does not support '{value}' with this model."
    return ApiError(400, message, "unsupported_value", param)


def _parameter(param: str) -> ApiError:
    message = f"Unsupported parameter: '{param}' is not supported with this model."
    return ApiError(400, message, "unsupported_parameter", param)


def _keys(schema: Any) -> Iterator[str]:
    """All keywords at any depth; names of properties count too only where their schemas are looked into."""
    todo = [schema]
    while todo:
        node = todo.pop()
        if isinstance(node, Mapping):
            properties = node.get("properties")
            yield from (key for key in node if key != "properties")
            todo += [value for key, value in node.items() if key != "properties"]
            todo += list(properties.values()) if isinstance(properties, Mapping) else []
        elif isinstance(node, list):
            todo += node
