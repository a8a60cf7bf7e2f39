"""A user's chat model of the kind that keeps thinking and refusals, as langchain-deepseek's and others do."""

from __future__ import annotations

from typing import Any

import openai
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI

from foreplan.core.models.wire import as_text, first_choice, reasoning_of


class KeepingChat(ChatOpenAI):
    """`ChatOpenAI` that keeps what it would drop."""

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        body = response if isinstance(response, dict) else response.model_dump(warnings=False)
        _keep(result.generations[0].message, first_choice(body).get("message") or {})
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        if made is not None and isinstance(made.message, AIMessageChunk):
            _keep(made.message, first_choice(chunk).get("delta") or {})
        return made


def _keep(message: BaseMessage, said: Any) -> None:
    kept = {"reasoning_content": reasoning_of(said), "refusal": as_text(said.get("refusal"))}
    message.additional_kwargs |= {name: text for name, text in kept.items() if text}
