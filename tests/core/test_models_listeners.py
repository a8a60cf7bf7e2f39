"""LangChain's listeners hear of calls to an endpoint, which are made without LangChain."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.func import entrypoint

from foreplan.core.errors import ModelError
from foreplan.core.ledger import free_account
from foreplan.core.models.base import Reply
from foreplan.core.models.connect import connect
from foreplan.core.models.retry import NEVER
from foreplan.core.models.spec import ModelSpec
from foreplan.testing import Answer, ModelServer, always

MESSAGES = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "go on"}]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


class Watch(AsyncCallbackHandler):
    """Notes what it is told, and of which run."""

    def __init__(self) -> None:
        self.started: list[Any] = []
        self.ended: list[Any] = []
        self.failed: list[BaseException] = []

    async def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        self.started.append((messages[0], kwargs))

    async def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ended.append((response.generations[0][0].message, kwargs))

    async def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        self.failed.append(error)


async def listened(server: ModelServer, watch: Watch, **asked: Any) -> Reply:
    """A call made inside a runnable that `watch` listens to."""
    model = connect(ModelSpec(model="m", base_url=server.url), retry=NEVER)

    async def ask(_: str) -> Reply:
        return await model.call(MESSAGES, account=free_account(), **asked)

    try:
        config: RunnableConfig = {"callbacks": [watch], "metadata": {"job": 7}}
        return await RunnableLambda(ask).ainvoke("", config)
    finally:
        await model.aclose()


async def test_they_hear_what_was_asked_and_answered():
    watch = Watch()
    with ModelServer(lambda request: Answer(text="it is", reasoning="hm")) as server:
        await listened(server, watch)
    (asked, start), (answered, end) = watch.started[0], watch.ended[0]
    assert [(each.type, each.content) for each in asked] == [("system", "be kind"), ("human", "go on")]
    assert start["metadata"]["job"] == 7
    assert start["metadata"]["ls_model_name"] == "m"
    assert start["parent_run_id"] is not None
    assert start["run_id"] == end["run_id"]
    assert (answered.content, answered.additional_kwargs["reasoning_content"]) == ("it is", "hm")
    assert answered.usage_metadata["total_tokens"] == server.tokens_billed
    assert answered.response_metadata["finish_reason"] == "stop"


async def test_they_hear_of_tool_calls():
    watch = Watch()
    with ModelServer(lambda request: Answer(tool_calls=[("look", {"at": "it"}), ("look", "{broken")])) as server:
        await listened(server, watch, tools=[TOOL])
    answered, _ = watch.ended[0]
    assert [(each["name"], each["args"]) for each in answered.tool_calls] == [("look", {"at": "it"})]
    assert [each["args"] for each in answered.invalid_tool_calls] == ["{broken"]
    assert watch.started[0][1]["invocation_params"]["tools"] == [TOOL]


async def test_they_hear_of_failures():
    watch = Watch()
    with (
        ModelServer(lambda request: "it is", faults=always("server_error")) as server,
        pytest.raises(ModelError) as caught,
    ):
        await listened(server, watch)
    assert watch.failed == [caught.value]
    assert not watch.ended


async def test_an_answer_is_a_message_in_langgraphs_stream():
    with ModelServer(lambda request: "it is") as server:
        model = connect(ModelSpec(model="m", base_url=server.url))

        @entrypoint()
        async def graph(_: str) -> str:
            return (await model.call(MESSAGES, account=free_account())).text

        told: list[Any] = [message async for message, _ in graph.astream("", stream_mode="messages")]
        await model.aclose()
    assert [each.content for each in told] == ["it is"]
