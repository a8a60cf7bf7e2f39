"""The words of a script: a `ChatRequest` goes in, an `Answer` comes out.

A script stands in for a model's words only. What an endpoint does with the words (structured output, tool calls,
length limits, latency, faults, usage) is the server's part, so one script serves every mode of asking.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from ..usage import Usage
from .faults import Fault
from .tokens import count_tokens, prompt_bytes


class BadRequest(ValueError):
    """A request body that no endpoint would accept. `param` names the field."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True)
class ChatRequest:
    """A chat completion as the server got it.

    Attributes:
        model: the model's name as asked for; roles are usually told apart by it.
        messages: in the OpenAI wire form.
        tools: in the OpenAI wire form.
        tool_choice: "auto", "required", "none", a wire object that names a function, or None.
        response_format: in the OpenAI wire form, or None.
        stream: whether the answer is wanted in pieces.
        seed: as sent.
        effort: `reasoning_effort` as sent.
        max_completion_tokens: this or the older `max_tokens`.
        body: the whole body.
        headers: names in lower case.
        number: how many requests the server got before this one.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]] = ()
    tool_choice: str | Mapping[str, Any] | None = None
    response_format: Mapping[str, Any] | None = None
    stream: bool = False
    seed: int | None = None
    effort: str | None = None
    max_completion_tokens: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0

    @classmethod
    def parse(cls, body: Any, headers: Mapping[str, str] | None = None, number: int = 0) -> ChatRequest:
        """Read a request body.

        Raises:
            BadRequest: when it has no usable model or messages.
        """
        if not isinstance(body, dict):
            raise BadRequest("We could not parse the JSON body of your request.")
        messages, tools = body.get("messages"), body.get("tools") or []
        if not isinstance(body.get("model"), str):
            raise BadRequest("you must provide a model parameter", "model")
        if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
            raise BadRequest("Invalid value for 'messages': expected a list of objects.", "messages")
        if not isinstance(tools, list) or not all(isinstance(each, dict) for each in tools):
            raise BadRequest("Invalid value for 'tools': expected a list of objects.", "tools")
        limit = body.get("max_completion_tokens", body.get("max_tokens"))
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            raise BadRequest(
                "Invalid value for 'max_completion_tokens': expected an integer >= 1.", "max_completion_tokens"
            )
        return cls(
            model=body["model"], messages=messages, tools=tools, tool_choice=body.get("tool_choice"),
            response_format=body.get("response_format"), stream=body.get("stream") is True, seed=body.get("seed"),
            effort=body.get("reasoning_effort"), max_completion_tokens=limit, body=body, headers=headers or {},
            number=number,
        )  # fmt: skip

    @cached_property
    def prompt(self) -> bytes:
        """Messages and tools as they are counted."""
        return prompt_bytes(self.messages, self.tools)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt by the kit's rule."""
        return count_tokens(self.prompt)

    @cached_property
    def content_hash(self) -> str:
        """Stands for what is asked (model, messages, tools, seed), not for when or in which order."""
        head = f"{self.model}\n{self.seed}\n".encode("utf-8", "surrogatepass")
        return hashlib.sha256(head + self.prompt).hexdigest()

    @cached_property
    def text(self) -> str:
        """All words of all messages, one message after the other."""
        return "\n".join(_words(message.get("content")) for message in self.messages)

    @property
    def last(self) -> str:
        """The words of the last message."""
        return _words(self.messages[-1].get("content"))

    @property
    def tool_names(self) -> tuple[str, ...]:
        """Names of the tools that were sent."""
        return tuple(str(_function(tool).get("name")) for tool in self.tools)

    def tool_parameters(self, name: str) -> Mapping[str, Any]:
        """The JSON schema of a tool's arguments; empty when there is no such tool."""
        found = [_function(tool) for tool in self.tools if _function(tool).get("name") == name]
        parameters = found[0].get("parameters") if found else None
        return parameters if isinstance(parameters, Mapping) else {}

    @property
    def json_schema(self) -> Mapping[str, Any] | None:
        """The schema of the structured output asked for, or None."""
        wanted = self.response_format
        if not isinstance(wanted, Mapping) or wanted.get("type") != "json_schema":
            return None
        inner = wanted.get("json_schema")
        schema = inner.get("schema") if isinstance(inner, Mapping) else None
        return schema if isinstance(schema, Mapping) else {}

    @property
    def forced_tool(self) -> str | None:
        """The one tool that must be called: named by `tool_choice`, or the only one when a call is required."""
        if isinstance(self.tool_choice, Mapping):
            name = _function(self.tool_choice).get("name")
            return name if isinstance(name, str) else None
        return self.tool_names[0] if self.tool_choice == "required" and len(self.tools) == 1 else None


@dataclass(frozen=True)
class Answer:
    """What the model says, and how.

    Attributes:
        text: its words.
        json: a value to hand over in the form asked for: arguments of the forced tool if there is one, else text.
        tool_calls: (name, arguments) pairs; arguments are a value, or a string taken as the raw text.
        reasoning: thinking told apart from the words.
        finish_reason: None for the fitting one (stop, tool_calls, length).
        usage: what to report instead of the kit's own count.
        first_token_s: seconds until the first token; None for the server's latency.
        tokens_per_s: speed after the first token; None for the server's latency.
        total_s: seconds for the whole call; wins over `tokens_per_s`.
        fault: what goes wrong with this answer.
    """

    text: str = ""
    json: Any = None
    tool_calls: Sequence[tuple[str, Any]] = ()
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    total_s: float | None = None
    fault: Fault | None = None


Script: TypeAlias = Callable[[ChatRequest], "Answer | str | Awaitable[Answer | str]"]
"""What a model says to a request. A plain string is an answer with that text. Async scripts may wait; sync ones run in
the server's event loop and must be quick."""


def as_answer(said: Any) -> Answer:
    """What a script returned, as an answer.

    Raises:
        TypeError: when it is neither an `Answer` nor a string.
    """
    if not isinstance(said, Answer | str):
        raise TypeError(f"a script answers with an Answer or a string, not {type(said).__name__}")
    return Answer(text=said) if isinstance(said, str) else said


def _function(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    function = holder.get("function")
    return function if isinstance(function, Mapping) else {}


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(
        part["text"] for part in content if isinstance(part, Mapping) and isinstance(part.get("text"), str)
    )
