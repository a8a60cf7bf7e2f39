"""What every model is to the rest of Foreplan: messages in the OpenAI form go in, a `Reply` or `Delta`s come out.

`Model` is the one door: it applies the endpoint's quirks, waits for one of its slots, reserves with the ledger, retries
what may pass, and settles. A `Backend` below it makes exactly one attempt and knows nothing of budgets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from ..usage import Usage

Message: TypeAlias = dict[str, Any]
"""A chat message in the OpenAI wire form: role, content, tool_calls, tool_call_id."""

ToolSchema: TypeAlias = dict[str, Any]
"""A tool in the OpenAI wire form: {"type": "function", "function": {name, description, parameters}}."""

Effort = Literal["low", "medium", "high"]

StructuredMode = Literal["json_schema", "tool", "prompt"]
"""How an answer's form is asked for: `response_format`, one forced tool, or words in the prompt."""


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """The form an answer must have: a JSON schema in the strict form, under a name the endpoint may show."""

    name: str
    json_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model wants used. `arguments` is the raw text as the model wrote it: parse it as hostile input."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's whole answer. `reasoning` is thinking the endpoint told apart from `text`.

    `finish_reason` is the wire's (`stop`, `length`, `tool_calls`, `content_filter`), or `refusal` when the model
    declined, in words that then stand in `text`. Usage of zero prompt tokens means that the endpoint reported none.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = "stop"
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer; the last one carries `usage` and `finish_reason`.

    `text` is the answer's body, also when it comes as tool-call arguments or as structured output.
    """

    text: str = ""
    reasoning: str = ""
    usage: Usage | None = None
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One attempt, as a backend gets it: quirks are already applied to `messages`.

    `structured` says how `output` is asked for. With `tool` and `prompt` the forced tool and the words are already in
    `tools` and `messages`; with `tool` a backend's stream delivers that tool's arguments as `Delta.text`.
    `tool_choice` is "auto", "required", "none" or a tool's name. `max_tokens_field` is the parameter that carries
    `max_completion_tokens` on the wire; `stream_usage` says whether a stream may be asked for its usage.
    """

    messages: Sequence[Message]
    max_completion_tokens: int
    tools: Sequence[ToolSchema] = ()
    tool_choice: str | None = None
    output: OutputSchema | None = None
    structured: StructuredMode = "json_schema"
    effort: Effort | None = None
    seed: int | None = None
    temperature: float | None = None
    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    stream_usage: bool = True


class Backend(Protocol):
    """One attempt at one endpoint. Errors come out as `ModelError` with their `kind` decided here, once."""

    async def complete(self, request: Request) -> Reply:
        """The whole answer."""

    def stream(self, request: Request) -> AsyncIterator[Delta]:
        """The answer in pieces."""


@runtime_checkable
class Closing(Protocol):
    """A backend that holds connections open."""

    async def aclose(self) -> None:
        """Close what the running event loop has open."""
