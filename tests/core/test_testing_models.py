"""Models without an endpoint, behind the real `Model` door and its ledger."""

import asyncio
import json

import pytest

from foreplan.core.errors import ModelError
from foreplan.core.ledger import Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.base import OutputSchema, Reply, Request, ToolCall
from foreplan.core.usage import Usage
from foreplan.testing import (
    Answer,
    ChatRequest,
    FunctionModel,
    ScriptedModel,
    count_tokens,
    model_of,
    prompt_tokens,
    scripted,
    spoken,
)

HELLO = [{"role": "user", "content": "hello"}]
WEIGHT = OutputSchema("weight", {"type": "object", "properties": {"grams": {"type": "integer"}}, "required": ["grams"]})


def account():
    return Ledger(Limits()).account("test")


async def test_replies_come_in_turn_and_are_metered():
    ledger = Ledger(Limits())
    model = scripted("first", Reply(text="second", usage=Usage(5, 0, 7, 0)))
    texts = [(await model.call(HELLO, account=ledger.account("test"))).text for _ in range(2)]
    assert texts == ["first", "second"]
    assert ledger.spent() == Usage(prompt_tokens(HELLO) + 5, 0, count_tokens("first") + 7, 0)


async def test_an_error_among_the_replies_is_raised_and_an_empty_list_says_so():
    model = scripted(ModelError("no", kind="auth"))
    with pytest.raises(ModelError, match="no"):
        await model.call(HELLO, account=account())
    with pytest.raises(ModelError, match="no reply left"):
        await model.call(HELLO, account=account())


async def test_a_function_model_sees_the_request_and_may_wait():
    async def echo(request: Request) -> str:
        await asyncio.sleep(0)
        return str(request.messages[-1]["content"]).upper()

    backend = FunctionModel(echo)
    reply = await model_of(backend).call(HELLO, account=account(), seed=3)
    assert reply.text == "HELLO"
    assert backend.requests[0].seed == 3


async def test_an_answer_is_cut_at_the_requests_limit():
    reply = await ScriptedModel(["word " * 100]).complete(Request(HELLO, max_completion_tokens=6))
    assert reply.finish_reason == "length"
    assert reply.usage.completion_tokens == count_tokens(reply.text) == 6


async def test_a_stream_says_the_whole_reply():
    model = scripted(Reply(text="one two three four five six", reasoning="thinking about it"))
    deltas = [delta async for delta in model.stream(HELLO, account=account())]
    assert "".join(delta.text for delta in deltas) == "one two three four five six"
    assert "".join(delta.reasoning for delta in deltas) == "thinking about it"
    assert deltas[-1].finish_reason == "stop"
    assert len(deltas) > 3


@pytest.mark.parametrize("mode", ["json_schema", "tool", "prompt"])
async def test_structured_output_comes_out_whichever_way_it_is_asked_for(mode):
    model = model_of(spoken(lambda request: Answer(json={"grams": 3})), quirks={"structured": mode})
    whole = await model.call(HELLO, account=account(), output=WEIGHT)
    pieces = [delta.text async for delta in model.stream(HELLO, account=account(), output=WEIGHT)]
    worded = scripted('{"grams": 3}', quirks={"structured": mode})
    assert json.loads(whole.text) == json.loads("".join(pieces)) == {"grams": 3}
    assert json.loads((await worded.call(HELLO, account=account(), output=WEIGHT)).text) == {"grams": 3}


async def test_a_servers_script_speaks_without_a_server():
    seen: list[ChatRequest] = []

    def script(request: ChatRequest) -> Answer:
        seen.append(request)
        return Answer(tool_calls=[("weigh", {"grams": 2}), ("note", "{broken")])

    tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("weigh", "note")]
    model = model_of(spoken(script, model="worker"))
    reply = await model.call(HELLO, account=account(), tools=tools, tool_choice="required")
    assert reply.tool_calls == (ToolCall("call_0", "weigh", '{"grams": 2}'), ToolCall("call_1", "note", "{broken"))
    assert reply.usage.prompt_tokens == prompt_tokens(HELLO, tools)
    assert (seen[0].model, seen[0].tool_names, seen[0].tool_choice) == ("worker", ("weigh", "note"), "required")
