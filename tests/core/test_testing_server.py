"""The model server as a client sees it: OpenAI's own client over real HTTP."""

import asyncio
import json
import time
from typing import Any

import httpx
import openai
import pytest
from support.chat import HELLO, ask, client

from foreplan.core.usage import Usage
from foreplan.testing import Answer, Capabilities, ChatRequest, Constant, ModelServer, count_tokens, prompt_tokens

TOOL = {
    "type": "function",
    "function": {
        "name": "weigh",
        "parameters": {"type": "object", "properties": {"grams": {"type": "integer"}}, "required": ["grams"]},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "weight",
        "strict": True,
        "schema": {"type": "object", "properties": {"grams": {"type": "integer", "maximum": 9}}},
    },
}


def listen(server: ModelServer, **fields):
    """A stream's content, reasoning, tool arguments, finish reason and usage, put together."""
    content = reasoning = arguments = ""
    finish, usage, events = None, None, 0
    options: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    for chunk in ask(server.url, **options | fields):
        usage, events = chunk.usage or usage, events + 1
        for choice in chunk.choices:
            content += choice.delta.content or ""
            reasoning += getattr(choice.delta, "reasoning_content", None) or ""
            arguments += "".join(call.function.arguments or "" for call in choice.delta.tool_calls or ())
            finish = choice.finish_reason or finish
    return content, reasoning, arguments, finish, usage, events


def test_a_whole_answer_has_words_thinking_and_counted_usage():
    with ModelServer(lambda request: Answer(text="forty-two", reasoning="let me see")) as server:
        reply = ask(server.url)
    assert reply.choices[0].message.content == "forty-two"
    assert reply.choices[0].message.reasoning_content == "let me see"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage.prompt_tokens == prompt_tokens(HELLO)
    assert reply.usage.completion_tokens == count_tokens("forty-two") + count_tokens("let me see")
    assert reply.usage.completion_tokens_details.reasoning_tokens == count_tokens("let me see")


def test_a_stream_says_the_same_in_pieces():
    words = "Ein Brunnen, so tief & klar, 🜁 und still. " * 5
    with ModelServer(lambda request: Answer(text=words, reasoning="thinking it over")) as server:
        content, reasoning, _, finish, usage, events = listen(server)
        whole = ask(server.url)
    assert (content, reasoning, finish) == (words, "thinking it over", "stop")
    assert usage.completion_tokens == whole.usage.completion_tokens
    assert events > 5


@pytest.mark.parametrize("stream", [False, True])
def test_tool_calls(stream):
    with ModelServer(lambda request: Answer(tool_calls=[("weigh", {"grams": 3})])) as server:
        if stream:
            _, _, arguments, finish, *_ = listen(server, tools=[TOOL])
        else:
            choice = ask(server.url, tools=[TOOL]).choices[0]
            assert choice.message.content is None
            arguments, finish = choice.message.tool_calls[0].function.arguments, choice.finish_reason
    assert json.loads(arguments) == {"grams": 3}
    assert finish == "tool_calls"


def test_one_json_answer_serves_every_way_of_asking():
    with ModelServer(lambda request: Answer(json={"grams": 7})) as server:
        plain = ask(server.url).choices[0].message.content
        schema = ask(server.url, response_format=SCHEMA).choices[0].message.content
        required = ask(server.url, tools=[TOOL], tool_choice="required").choices[0].message
        named = {"type": "function", "function": {"name": "weigh"}}
        streamed = listen(server, tools=[TOOL], tool_choice=named)[2]
    told = [plain, schema, required.tool_calls[0].function.arguments, streamed]
    assert [json.loads(each) for each in told] == [{"grams": 7}] * 4


def test_a_script_sees_the_request():
    seen: list[ChatRequest] = []

    def script(request: ChatRequest) -> str:
        seen.append(request)
        return "ok"

    with ModelServer(script) as server:
        parts = [{"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}]
        ask(server.url, messages=parts, response_format=SCHEMA, tools=[TOOL], tool_choice="required", seed=5,
            reasoning_effort="low", max_completion_tokens=9)  # fmt: skip
    request = seen[0]
    assert (request.text, request.last, request.seed, request.effort) == ("one\ntwo", "one\ntwo", 5, "low")
    assert (request.max_completion_tokens, request.forced_tool, request.stream) == (9, "weigh", False)
    assert request.json_schema == SCHEMA["json_schema"]["schema"]
    assert request.tool_parameters("weigh")["required"] == ["grams"]
    assert request.headers["authorization"] == "Bearer k"


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_cut_at_its_limit(stream):
    with ModelServer(lambda request: Answer(text="word " * 100, reasoning="hm, hm, hm")) as server:
        if stream:
            content, reasoning, _, finish, usage, _ = listen(server, max_completion_tokens=10)
        else:
            reply = ask(server.url, max_completion_tokens=10)
            content, usage, finish = reply.choices[0].message.content, reply.usage, reply.choices[0].finish_reason
            reasoning = reply.choices[0].message.reasoning_content
        logged = server.log[0]
    assert finish == "length"
    assert usage.completion_tokens == logged.completion_tokens == 10
    assert count_tokens(content) + count_tokens(reasoning) == 10


def test_repeated_beginnings_are_cached_as_in_a_prefix_cache():
    start = {"role": "system", "content": "s" * 1000}
    with ModelServer(lambda request: "ok") as server:
        cached = [
            ask(server.url, model=model, messages=[start, {"role": "user", "content": words}]).usage
            for model, words in [("m", "a" * 300), ("m", "b" * 300), ("other", "b" * 300), ("m", "a" * 300)]
        ]
    first, second, other, again = [usage.prompt_tokens_details.cached_tokens for usage in cached]
    assert (first, other) == (0, 0)
    assert 240 <= second <= 260
    assert again >= cached[3].prompt_tokens - 16


def test_an_answer_may_bring_its_own_usage():
    usage = Usage(prompt_tokens=1000, cached_tokens=900, completion_tokens=50, reasoning_tokens=40)
    with ModelServer(lambda request: Answer(text="ok", usage=usage)) as server:
        told = ask(server.url).usage
        assert server.tokens_billed == 1050
    assert (told.prompt_tokens, told.completion_tokens, told.total_tokens) == (1000, 50, 1050)


@pytest.mark.parametrize(
    ("capabilities", "asked", "param"),
    [
        (Capabilities(system=False), {"messages": [{"role": "system", "content": "s"}, *HELLO]}, "messages[0].role"),
        (Capabilities(json_schema=False), {"response_format": SCHEMA}, "response_format"),
        (Capabilities(schema_bounds=False), {"response_format": SCHEMA}, "response_format"),
        (Capabilities(json_object=False), {"response_format": {"type": "json_object"}}, "response_format"),
        (Capabilities(tools=False), {"tools": [TOOL]}, "tools"),
        (Capabilities(tool_required=False), {"tools": [TOOL], "tool_choice": "required"}, "tool_choice"),
        (Capabilities(stream=False), {"stream": True}, "stream"),
        (Capabilities(effort=False), {"reasoning_effort": "low"}, "reasoning_effort"),
        (Capabilities(temperature=False), {"temperature": 0.2}, "temperature"),
        (Capabilities(seed=False), {"seed": 1}, "seed"),
        (
            Capabilities(stream_usage=False),
            {"stream": True, "stream_options": {"include_usage": True}},
            "stream_options",
        ),
        (Capabilities(max_completion_tokens=False), {"max_completion_tokens": 5}, "max_completion_tokens"),
        (Capabilities(), {"n": 2}, "n"),
        (Capabilities(), {"messages": [{"role": "wizard", "content": "s"}]}, "messages[0].role"),
    ],
)
def test_what_an_endpoint_cannot_do_is_a_400(capabilities, asked, param):
    with ModelServer(lambda request: "ok", capabilities=capabilities) as server:
        with pytest.raises(openai.BadRequestError) as caught:
            ask(server.url, **asked)
        assert ask(server.url).choices[0].message.content == "ok"
        assert server.log[0].billed_tokens == 0
    assert caught.value.param == param


def test_hidden_thinking_is_counted_but_not_shown():
    with ModelServer(
        lambda request: Answer(text="ok", reasoning="x" * 40), capabilities=Capabilities(reasoning=None)
    ) as server:
        reply = ask(server.url)
        content, reasoning, *_, usage, _ = listen(server)
    assert not hasattr(reply.choices[0].message, "reasoning_content")
    assert (content, reasoning) == ("ok", "")
    assert usage.completion_tokens_details.reasoning_tokens == 10


def test_key_models_and_window_are_checked():
    with ModelServer(lambda request: "ok", key="secret", models=["m"], window=50) as server:
        with pytest.raises(openai.AuthenticationError):
            ask(server.url)
        c = client(server.url, api_key="secret")
        assert [model.id for model in c.models.list()] == ["m"]
        assert c.chat.completions.create(model="m", messages=HELLO).choices[0].message.content == "ok"
        with pytest.raises(openai.NotFoundError) as unknown:
            c.chat.completions.create(model="other", messages=HELLO)
        with pytest.raises(openai.BadRequestError) as overflow:
            c.chat.completions.create(model="m", messages=HELLO, max_completion_tokens=60)
    assert unknown.value.code == "model_not_found"
    assert overflow.value.code == "context_length_exceeded"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'{"model": 1}', b'{"model": "m"}', b'{"model": "m", "messages": {}}', b"\xff\xfe",
        b'{"model": "m", "messages": [7]}', b'{"model":"m","messages":[{"role":"user"}],"tools":3}', b"[" * 100_000,
        b'{"model":"m","messages":[{"role":"user"}],"max_completion_tokens":"many"}',
    ],
)  # fmt: skip
def test_a_broken_request_is_a_400_and_harms_nothing(body):
    with ModelServer(lambda request: "ok") as server:
        answer = httpx.post(f"{server.url}/chat/completions", content=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "invalid_request_error"
        assert server.log[0].status == 400
        assert ask(server.url).choices[0].message.content == "ok"


@pytest.mark.parametrize("script", [lambda request: 1 / 0, lambda request: 7, lambda request: Answer(json={1, 2})])
def test_a_script_that_fails_is_an_error_that_no_client_repeats(script):
    with ModelServer(script) as server:
        with pytest.raises(openai.BadRequestError, match="script"):
            client(server.url, max_retries=3).chat.completions.create(model="m", messages=HELLO)
        assert [entry.error for entry in server.log] == ["script_error"]


def test_a_lone_surrogate_gets_over_the_wire_both_ways():
    with ModelServer(lambda request: Answer(text=request.last)) as server:
        body = b'{"model": "m", "messages": [{"role": "user", "content": "a\\ud800b"}]}'
        answer = httpx.post(f"{server.url}/chat/completions", content=body)
    assert "a\\ud800b" in answer.text


def test_latency_is_kept_and_async_scripts_may_wait():
    gate = asyncio.Event()

    async def script(request: ChatRequest) -> Answer:
        if request.model == "opener":
            gate.set()
        await gate.wait()
        return Answer(text="ok")

    async def both(server: ModelServer) -> None:
        messages: Any = HELLO
        async with openai.AsyncOpenAI(base_url=server.url, api_key="k", max_retries=0, timeout=5) as c:
            asked = [c.chat.completions.create(model=model, messages=messages) for model in ("waiter", "opener")]
            await asyncio.gather(*asked)

    with ModelServer(script) as server:
        asyncio.run(both(server))
        assert server.peak_in_flight == 2

    with ModelServer(lambda request: Answer(text="w" * 80), latency=Constant(0.05, tokens_per_s=200)) as server:
        started = time.perf_counter()
        listen(server)
        took_s = time.perf_counter() - started
        assert 0.149 <= (server.log[0].seconds or 0) <= took_s


async def test_async_with_and_health():
    async with httpx.AsyncClient() as c:
        async with ModelServer(lambda request: "ok") as server:
            root = server.url.removesuffix("/v1")
            assert (await c.get(f"{root}/health")).text == "ok"
            assert (await c.get(f"{root}/log")).json() == []
        with pytest.raises(httpx.ConnectError):
            await c.get(server.url)
