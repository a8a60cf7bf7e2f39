"""The LangChain backend: single attempts through any LangChain chat model. A `Request` goes in, a `Reply` comes out.

A user's own chat model is called this way. Laws: the model's own retries are off, for they would escape the ledger;
usage is asked for in streams too; nothing is traced to LangSmith unless the user's environment says so.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_openai.chat_models.base import BaseChatOpenAI

from ..errors import UnsupportedFeature
from ..usage import Usage
from .base import Delta, Message, Reply, Request, ToolCall
from .faults import Place, model_error
from .found_json import parse_object
from .metering import parse_usage, wire_usage
from .stream_reader import StreamReader
from .thinking import split_thinking
from .wire import as_text, response_format, wire_tool_choice

# LangChain's advice about `with_structured_output`, which is not used here: `structured` finds another way by itself.
warnings.filterwarnings("ignore", message="This model does not support OpenAI's structured output")
warnings.filterwarnings("ignore", message="Invalid schema for OpenAI's structured output")


class LangChainBackend:
    """One LangChain chat model of the user's.

    Args:
        model: as `own_model` makes it. Its connections are the user's to close.
        place: what to call it in errors.
    """

    def __init__(self, model: BaseChatModel, place: Place) -> None:
        self._model, self._place = model, place

    async def complete(self, request: Request) -> Reply:
        """The whole answer."""
        try:
            chat = self._chat(request)
            return reply_of(await chat.ainvoke(to_langchain(request.messages)))
        except Exception as error:
            raise model_error(error, self._place) from error

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        """The answer in pieces. Of tool calls only the arguments of the output's forced tool come through."""
        reader, used = StreamReader(request), Usage()
        try:
            chunks: Any = self._chat(request).astream(to_langchain(request.messages))
            async with aclosing(chunks):
                async for chunk in chunks:
                    used += message_usage(chunk)  # LangChain's chunks add up
                    delta = reader.read(wire_chunk(chunk, used))
                    if delta.text or delta.reasoning:
                        yield delta
        except Exception as error:
            raise model_error(error, self._place) from error
        last = reader.last()
        speaks_wire = isinstance(self._model, BaseChatOpenAI)
        # Other integrations need not say why they end; theirs raise when a stream is cut.
        yield last if last.finish_reason or speaks_wire else replace(last, finish_reason="stop")

    def _chat(self, request: Request) -> Runnable[LanguageModelInput, AIMessage]:
        """The chat model with this request's parameters.

        Raises:
            UnsupportedFeature: when the integration has no way to ask for structured output or tools as wanted.
        """
        model = self._model
        if isinstance(model, BaseChatOpenAI):
            return model.bind(**openai_arguments(request, model))
        if request.output is not None and request.structured == "json_schema":
            raise UnsupportedFeature(f"{self._place} is asked for structured output by tool.", feature="structured")
        said = {"max_tokens": request.max_completion_tokens, "temperature": request.temperature}
        arguments = {name: value for name, value in said.items() if value is not None}
        if not request.tools:
            return model.bind(**arguments)
        choice = "any" if request.tool_choice == "required" else request.tool_choice
        try:
            return model.bind_tools(list(request.tools), tool_choice=choice).bind(**arguments)
        except NotImplementedError as error:
            hint = "Set quirks.tools = false, so that tools are described in words."
            raise UnsupportedFeature(f"{self._place} takes no tools.", feature="structured", hint=hint) from error


def own_model(model: BaseChatModel) -> BaseChatModel:
    """A user's chat model as Foreplan calls it: OpenAI ones without hidden retries and with usage in streams.

    Other vendors' clients keep their settings: set `max_retries=0` on them.
    """
    if not isinstance(model, BaseChatOpenAI) or model.root_async_client is None:
        return model
    client = model.root_async_client.with_options(max_retries=0)
    update = {
        "max_retries": 0,
        "stream_usage": True,
        "root_async_client": client,
        "async_client": client.chat.completions,
    }
    return model.model_copy(update=update)


def openai_arguments(request: Request, model: BaseChatOpenAI) -> dict[str, Any]:
    """The parameters of one call, by the names that LangChain's OpenAI models know.

    `response_format` goes into the body directly: as a parameter it makes the client validate, and raise on an answer
    that was cut, so that its text and usage were lost.
    """
    body = {**(model.extra_body or {}), "response_format": response_format(request)}
    body[request.max_tokens_field] = request.max_completion_tokens
    arguments = {
        "extra_body": {name: value for name, value in body.items() if value is not None},
        "temperature": request.temperature,
        "seed": request.seed,
        "reasoning_effort": request.effort,
        "stream_usage": None if request.stream_usage else False,
        "tools": list(request.tools) or None,
        "tool_choice": wire_tool_choice(request.tool_choice),
    }
    return {name: value for name, value in arguments.items() if value is not None}


def to_langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    """Messages in the wire form as LangChain's; tool arguments that are no JSON stay as the model wrote them."""
    return [_to_langchain(message) for message in messages]


def reply_of(message: BaseMessage) -> Reply:
    """LangChain's answer as a `Reply`."""
    refusal = as_text(message.additional_kwargs.get("refusal"))
    told = split_thinking(message_text(message))
    return Reply(
        text=refusal or told.text,
        reasoning=message_reasoning(message) + told.reasoning,
        tool_calls=_tool_calls(message),
        finish_reason="refusal" if refusal else _finish_reason(message) or "stop",
        usage=message_usage(message),
    )


def wire_chunk(chunk: BaseMessage, used: Usage) -> dict[str, Any]:
    """A LangChain chunk as the wire would have it, with the usage `used` so far."""
    calls = [
        {"index": call.get("index"), "function": {"arguments": call.get("args")}}
        for call in getattr(chunk, "tool_call_chunks", ())
    ]
    delta = {
        "content": message_text(chunk),
        "reasoning": message_reasoning(chunk),
        "refusal": chunk.additional_kwargs.get("refusal"),
        "tool_calls": calls,
    }
    return {"choices": [{"delta": delta, "finish_reason": _finish_reason(chunk)}], "usage": wire_usage(used)}


def message_text(message: BaseMessage) -> str:
    """The text of a message, whether it is a string or content blocks."""
    content: Any = message.content
    if isinstance(content, str):
        return content
    blocks = [each if isinstance(each, Mapping) else {"type": "text", "text": each} for each in content]
    return as_text([block for block in blocks if block.get("type", "text") in ("text", "output_text")])


def message_reasoning(message: BaseMessage) -> str:
    """The thinking of a message, where its integration keeps it."""
    kept = as_text(message.additional_kwargs.get("reasoning_content"))
    blocks: Any = message.content if isinstance(message.content, list) else []
    thoughts = [
        as_text(block.get("thinking") or block.get("reasoning"))
        for block in blocks
        if isinstance(block, Mapping) and block.get("type") in ("thinking", "reasoning")
    ]
    return kept + "".join(thoughts)


def message_usage(message: BaseMessage) -> Usage:
    """Usage in OpenAI's form where it was kept, else in LangChain's."""
    raw = message.response_metadata.get("token_usage")
    if isinstance(raw, Mapping) and raw:
        return parse_usage(raw)
    kept = getattr(message, "usage_metadata", None) or {}
    details_in, details_out = kept.get("input_token_details") or {}, kept.get("output_token_details") or {}
    return parse_usage({
        "prompt_tokens": kept.get("input_tokens"),
        "completion_tokens": kept.get("output_tokens"),
        "total_tokens": kept.get("total_tokens"),
        "prompt_tokens_details": {"cached_tokens": details_in.get("cache_read")},
        "completion_tokens_details": {"reasoning_tokens": details_out.get("reasoning")},
    })  # fmt: skip


def _to_langchain(message: Message) -> BaseMessage:
    role, content = message.get("role"), message.get("content") or ""
    if role in ("system", "developer"):
        return SystemMessage(content=content)
    if role == "tool":
        return ToolMessage(content=content, tool_call_id=str(message.get("tool_call_id", "")))
    if role != "assistant":
        return HumanMessage(content=content)
    calls, invalid = [], []
    for call in message.get("tool_calls") or ():
        function = call["function"]
        value = parse_object(function["arguments"])
        head = {"name": function["name"], "id": call["id"]}
        if value is not None:
            calls.append({**head, "args": value, "type": "tool_call"})
        else:
            invalid.append({**head, "args": function["arguments"], "error": None, "type": "invalid_tool_call"})
    return AIMessage(content=content, tool_calls=calls, invalid_tool_calls=invalid)


def _tool_calls(message: BaseMessage) -> tuple[ToolCall, ...]:
    if not isinstance(message, AIMessage):
        return ()
    sound = [(call["id"], call["name"], json.dumps(call["args"], ensure_ascii=False)) for call in message.tool_calls]
    broken = [(call["id"], call["name"], call["args"]) for call in message.invalid_tool_calls]
    return tuple(
        ToolCall(as_text(id_) or f"call_{place}", as_text(name), as_text(arguments))
        for place, (id_, name, arguments) in enumerate([*sound, *broken])
    )


def _finish_reason(message: BaseMessage) -> str:
    said = message.response_metadata
    return as_text(said.get("finish_reason")) or as_text(said.get("stop_reason"))
