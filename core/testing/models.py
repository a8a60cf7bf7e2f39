"""Models without an endpoint: a script or a list of replies speaks, the rest of `Model` is the real one.

Both classes are `Backend`s: they stand in for a model's words only. Usage is counted by the kit's rule unless a reply
brings its own; an answer longer than the request allows is cut and ends as `length`.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, TypeAlias

from ..errors import ForeplanError, ModelError
from ..models.base import Backend, Delta, Reply, Request, ToolCall
from ..models.model import Model
from ..models.spec import ModelSpec
from ..usage import Usage
from .chat import ChatRequest, Script, as_answer
from .speech import Speech, speak
from .tokens import prompt_tokens
from .wire import pieces

CHUNK_TOKENS = 4

Said: TypeAlias = Reply | str
"""A reply; a string is a reply with that text."""


class FunctionModel:
    """Says what `function` returns for a request; what it raises is raised. `requests` keeps what it was asked."""

    def __init__(self, function: Callable[[Request], Said | Awaitable[Said]]) -> None:
        self.requests: list[Request] = []
        self._function = function

    async def complete(self, request: Request) -> Reply:
        """The whole answer."""
        self.requests.append(request)
        said = self._function(request)
        reply = await said if inspect.isawaitable(said) else said
        return _metered(Reply(text=reply) if isinstance(reply, str) else reply, request)

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        """The answer in pieces of four tokens; arguments of a forced tool come as text, as `Delta` has it."""
        reply = await self.complete(request)
        for piece, _ in pieces(reply.reasoning, CHUNK_TOKENS):
            yield Delta(reasoning=piece)
        for piece, _ in pieces(reply.text + "".join(call.arguments for call in reply.tool_calls), CHUNK_TOKENS):
            yield Delta(text=piece)
        yield Delta(usage=reply.usage, finish_reason=reply.finish_reason)


class ScriptedModel(FunctionModel):
    """Says `replies` one after the other, in the order in which it is asked; an error among them is raised.

    When all are said, a further request is a `ModelError` of kind `bug`.
    """

    def __init__(self, replies: Iterable[Said | ForeplanError]) -> None:
        self._replies = iter(replies)
        super().__init__(self._next)

    def _next(self, request: Request) -> Said:
        try:
            said = next(self._replies)
        except StopIteration:
            message = f"The scripted model was asked {len(self.requests)} times and has no reply left."
            raise ModelError(message, kind="bug", hint="Give it more replies.") from None
        if isinstance(said, ForeplanError):
            raise said
        return said


def spoken(script: Script, *, model: str = "scripted") -> FunctionModel:
    """A backend that says what a server's script says, without a server: no latency, no faults."""

    async def function(request: Request) -> Reply:
        asked = _as_sent(request, model)
        said = script(asked)
        speech = speak(as_answer(await said if inspect.isawaitable(said) else said), asked)
        calls = tuple(ToolCall(f"call_{n}", name, raw) for n, (name, raw) in enumerate(speech.tool_calls))
        return Reply(speech.text, speech.reasoning, calls, speech.finish_reason)

    return FunctionModel(function)


def scripted(*replies: Said | ForeplanError, **spec: Any) -> Model:
    """A metered `Model` that says `replies` in turn. `spec` are fields of its `ModelSpec`."""
    return model_of(ScriptedModel(replies), **spec)


def model_of(backend: Backend, **spec: Any) -> Model:
    """A metered `Model` over any backend. `spec` are fields of its `ModelSpec`."""
    return Model(ModelSpec(**{"model": "scripted", "base_url": "http://scripted.invalid/v1"} | spec), backend)


def _metered(reply: Reply, request: Request) -> Reply:
    """The reply in the form asked for, cut at the request's limit, with usage."""
    reply = _handed_in(reply, request)
    calls = tuple((call.name, call.arguments) for call in reply.tool_calls)
    speech = Speech(reply.reasoning, reply.text, calls, finish_reason=reply.finish_reason)
    kept = speech.cut(request.max_completion_tokens)
    if reply.usage == Usage():
        usage = Usage(prompt_tokens(request.messages, request.tools), 0, kept.tokens, kept.reasoning_tokens)
        reply = replace(reply, usage=usage)
    said = zip(reply.tool_calls, kept.tool_calls, strict=False)
    cut_calls = tuple(replace(call, arguments=arguments) for call, (_, arguments) in said)
    return replace(
        reply, text=kept.text, reasoning=kept.reasoning, tool_calls=cut_calls, finish_reason=kept.finish_reason
    )


def _handed_in(reply: Reply, request: Request) -> Reply:
    """Text as arguments of the tool, where the output is asked for as a forced tool call."""
    if request.output is None or request.structured != "tool" or reply.tool_calls or not request.tools:
        return reply
    name = str(request.tools[-1]["function"]["name"])
    return replace(reply, text="", tool_calls=(ToolCall("call_0", name, reply.text),), finish_reason="tool_calls")


def _as_sent(request: Request, model: str) -> ChatRequest:
    """The request as it would have come over the wire."""
    choice: Any = request.tool_choice
    if choice is not None and choice not in ("auto", "required", "none"):
        choice = {"type": "function", "function": {"name": choice}}
    wanted = None
    if request.output is not None and request.structured == "json_schema":
        schema = {"name": request.output.name, "schema": request.output.json_schema, "strict": True}
        wanted = {"type": "json_schema", "json_schema": schema}
    return ChatRequest(
        model=model, messages=request.messages, tools=request.tools, tool_choice=choice, response_format=wanted,
        seed=request.seed, effort=request.effort, max_completion_tokens=request.max_completion_tokens,
    )  # fmt: skip
