"""EndpointChat: `ChatOpenAI` for any OpenAI-compatible endpoint, without what it loses or trips over there.

A spec goes in, a chat model comes out whose answers keep `reasoning_content` and the refusal, and whose usage survives
an endpoint that reports nonsense. Law: everything an endpoint may send gets through as data or as one of the errors
that `faults` knows.
"""

from __future__ import annotations

import warnings
from typing import Any

import openai
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from .faults import BrokenAnswer
from .metering import parse_usage, wire_usage
from .openai_backend import NO_KEY, make_client
from .spec import ModelSpec
from .wire import as_text, first_choice, reasoning_of

# LangChain's advice about `with_structured_output`, which is not used here: `structured` finds another way by itself.
warnings.filterwarnings("ignore", message="This model does not support OpenAI's structured output")
warnings.filterwarnings("ignore", message="Invalid schema for OpenAI's structured output")


class EndpointChat(ChatOpenAI):
    """`ChatOpenAI` that keeps thinking and refusals, and takes any usage."""

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        body: Any = response if isinstance(response, dict) else None
        if isinstance(response, openai.BaseModel):
            body = response.model_dump(warnings=False)
        if body is None:
            return super()._create_chat_result(response, generation_info)
        if body.get("choices") == []:
            raise BrokenAnswer("it has no choices")
        body["usage"] = wire_usage(parse_usage(body.get("usage")))
        result = super()._create_chat_result(body, generation_info)
        said = first_choice(body).get("message") or {}
        for generation in result.generations[:1]:
            kept = {"reasoning_content": reasoning_of(said), "refusal": as_text(said.get("refusal"))}
            generation.message.additional_kwargs |= {name: text for name, text in kept.items() if text}
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        if chunk.get("usage"):
            chunk["usage"] = wire_usage(parse_usage(chunk["usage"]))
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        delta = first_choice(chunk).get("delta") or {}
        if made is not None and isinstance(made.message, AIMessageChunk):
            kept = {"reasoning_content": reasoning_of(delta), "refusal": as_text(delta.get("refusal"))}
            made.message.additional_kwargs |= {name: text for name, text in kept.items() if text}
        return made


def endpoint_chat(spec: ModelSpec) -> EndpointChat:
    """The chat model for a spec, bound to the event loop it is first used in."""
    client = make_client(spec)
    return EndpointChat(
        model=spec.model,
        api_key=SecretStr(spec.key or NO_KEY),
        base_url=spec.url,
        root_async_client=client,
        async_client=client.chat.completions,
        extra_body=dict(spec.extra_body) or None,
        max_retries=0,
        stream_usage=True,
        use_responses_api=False,
    )
