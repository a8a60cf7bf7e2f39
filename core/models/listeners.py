"""Listeners of LangChain (an app's callbacks, LangSmith, LangGraph's stream of messages) hear of calls made without it.

A call goes in and its reply comes out, told as LangChain tells of its own. Law: where nobody listens, nothing is built.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables.config import ensure_config, get_async_callback_manager_for_config

from .base import Reply, Request
from .langchain_backend import to_langchain

NAME = "foreplan"


async def overheard(call: Coroutine[Any, Any, Reply], request: Request, model: str) -> Reply:
    """The reply of `call`, once the listeners of the running task have been told of it, or of what it raised."""
    listeners = get_async_callback_manager_for_config(ensure_config())
    if not listeners.handlers:
        return await call
    listeners.add_metadata({"ls_provider": "openai", "ls_model_name": model, "ls_model_type": "chat"}, inherit=False)
    asked = {"model": model, "tools": list(request.tools), "max_completion_tokens": request.max_completion_tokens}
    (run,) = await listeners.on_chat_model_start(
        {"name": NAME}, [to_langchain(request.messages)], invocation_params=asked, name=model
    )
    try:
        reply = await call
    except BaseException as error:
        await run.on_llm_error(error)
        raise
    await run.on_llm_end(LLMResult(generations=[[ChatGeneration(message=message_of(reply, model))]]))
    return reply


def message_of(reply: Reply, model: str) -> AIMessage:
    """The reply as LangChain has it."""
    calls = [{"id": each.id, "function": {"name": each.name, "arguments": each.arguments}} for each in reply.tool_calls]
    message: Any = to_langchain([{"role": "assistant", "content": reply.text, "tool_calls": calls}])[0]
    usage = reply.usage
    message.additional_kwargs |= {"reasoning_content": reply.reasoning} if reply.reasoning else {}
    message.response_metadata = {"model_name": model, "finish_reason": reply.finish_reason}
    message.usage_metadata = UsageMetadata(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
        input_token_details={"cache_read": usage.cached_tokens},
        output_token_details={"reasoning": usage.reasoning_tokens},
    )
    answered: AIMessage = message
    return answered
