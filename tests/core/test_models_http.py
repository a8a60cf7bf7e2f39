"""Whole answers over real HTTP, through both backends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from tenacity import stop_after_attempt

from foreplan.core.errors import BudgetExhausted, ModelError
from foreplan.core.events import Event, Noted, Retried, Spent
from foreplan.core.ledger import Account, Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.base import OutputSchema, ToolCall
from foreplan.core.models.connect import connect
from foreplan.core.models.model import Model
from foreplan.core.models.openai_backend import OpenAIBackend
from foreplan.core.models.quirks import Quirks
from foreplan.core.models.retry import RetryPolicy, wait_as_told
from foreplan.core.models.spec import ModelSpec
from foreplan.core.usage import Price, Usage
from foreplan.testing import Answer, Capabilities, ChatRequest, Constant, Fault, ModelServer, always, once

QUICK = RetryPolicy(stop=stop_after_attempt(3), wait=wait_as_told(0.001, 0.002))
MESSAGES = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "what is it?"}]
OUTPUT = OutputSchema(
    "answer",
    {
        "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 0}},
        "required": ["a"],
        "additionalProperties": False,
    },
)
SEARCH = {
    "type": "function",
    "function": {"name": "search", "description": "find", "parameters": {"type": "object", "properties": {}}},
}

Connected = Callable[..., Any]


def through_openai(spec: ModelSpec, **how: Any) -> Model:
    return Model(spec, OpenAIBackend(spec), **how)


@pytest.fixture(params=[connect, through_openai], ids=["langchain", "openai"])
def connected(request) -> Connected:
    """`async with connected(server)` gives a model of that server, closed afterwards."""

    @asynccontextmanager
    async def connecting(server: ModelServer, *, retry: RetryPolicy = QUICK, **fields: Any) -> AsyncIterator[Model]:
        model = request.param(ModelSpec(**{"model": "m", "base_url": server.url, **fields}), retry=retry)
        yield model
        await model.aclose()

    return connecting


def account(tokens: int | None = 100_000, **limits: Any) -> Account:
    return Ledger(Limits(tokens=tokens, **limits)).account("worker")


def nothing_open(account: Account) -> bool:
    left = account.tokens_left
    return left is not None and left == (account.ledger.limits.tokens or 0) - account.spent.total_tokens


async def test_an_answer_comes_with_its_usage_and_is_told(connected):
    def script(request: ChatRequest) -> Answer:
        return Answer(text="it is", reasoning="let me think", usage=Usage(40, 16, 30, 20))

    told: list[Event] = []
    payer = account()
    with ModelServer(script) as server:
        async with connected(server, price=Price(1.0, 2.0, 0.5)) as model:
            reply = await model.call(MESSAGES, account=payer, emit=told.append)
    assert (reply.text, reply.reasoning, reply.finish_reason) == ("it is", "let me think", "stop")
    assert reply.usage == Usage(40, 16, 30, 20) == payer.spent
    [spent] = told
    assert isinstance(spent, Spent)
    assert (spent.account, spent.model, spent.cached_tokens, spent.reasoning_tokens) == ("worker", "m", 16, 20)
    assert spent.dollars == pytest.approx((24 * 1.0 + 16 * 0.5 + 30 * 2.0) / 1e6)


async def test_thinking_in_the_text_is_told_apart(connected):
    with ModelServer(lambda request: "<think>hm, hm</think>\n\nit is") as server:
        async with connected(server) as model:
            reply = await model.call(MESSAGES, account=account())
    assert (reply.text, reply.reasoning) == ("it is", "hm, hm")


async def test_parameters_reach_the_endpoint_and_forbidden_ones_do_not(connected):
    seen: list[ChatRequest] = []

    def script(request: ChatRequest) -> str:
        seen.append(request)
        return "ok"

    with ModelServer(script) as server:
        fields = {"extra_body": {"top_k": 7}, "extra_headers": {"X-Run": "42"}, "api_key": SecretStr("sk-1")}
        async with connected(server, quirks=Quirks(reasoning_effort=True), effort="low", **fields) as model:
            await model.call(
                MESSAGES, account=account(), effort="high", max_completion_tokens=77, seed=5, temperature=0.25
            )
        async with connected(server, quirks=Quirks(seed=False, max_tokens_field="max_tokens"), effort="low") as model:
            await model.call(MESSAGES, account=account(), seed=5)
    first, second = (request.body for request in seen)
    assert (first["max_completion_tokens"], first["seed"], first["temperature"]) == (77, 5, 0.25)
    assert (first["reasoning_effort"], first["top_k"]) == ("high", 7)
    assert seen[0].headers["x-run"] == "42"
    assert seen[0].headers["authorization"] == "Bearer sk-1"
    assert second["max_tokens"] == 4096
    assert not {"seed", "reasoning_effort", "max_completion_tokens", "temperature"} & set(second)


async def test_tools_are_offered_called_and_answered(connected):
    def script(request: ChatRequest) -> Answer:
        if request.messages[-1]["role"] == "tool":
            return Answer(text=f"found {request.messages[-1]['content']}")
        return Answer(tool_calls=[("search", {"q": "x"}), ("search", '{"q": "broken')])

    with ModelServer(script) as server:
        async with connected(server) as model:
            reply = await model.call(MESSAGES, account=account(), tools=[SEARCH], tool_choice="required")
            assert [json.loads(call.arguments) for call in reply.tool_calls[:1]] == [{"q": "x"}]
            assert reply.tool_calls[1] == ToolCall(reply.tool_calls[1].id, "search", '{"q": "broken')
            assert reply.finish_reason == "tool_calls"
            calls = [
                {"id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
                for each in reply.tool_calls
            ]
            results = [{"role": "tool", "tool_call_id": each.id, "content": "it"} for each in reply.tool_calls]
            turn = [*MESSAGES, {"role": "assistant", "content": None, "tool_calls": calls}, *results]
            reply = await model.call(turn, account=account(), tools=[SEARCH])
        sent = server.log[-1].messages
    assert reply.text == "found it"
    assert sent[2]["tool_calls"][1]["function"]["arguments"] == '{"q": "broken'


async def test_a_forced_tool_is_named(connected):
    with ModelServer(lambda request: Answer(json={"q": 1})) as server:
        async with connected(server) as model:
            reply = await model.call(MESSAGES, account=account(), tools=[SEARCH], tool_choice="search")
    assert [(call.name, json.loads(call.arguments)) for call in reply.tool_calls] == [("search", {"q": 1})]


@pytest.mark.parametrize(
    ("capabilities", "mode", "requests"),
    [
        (Capabilities(), "json_schema", 1),
        (Capabilities(schema_bounds=False), "json_schema", 2),
        (Capabilities(json_schema=False), "tool", 2),
        (Capabilities(json_schema=False, tool_required=False), "tool", 3),
        (Capabilities(json_schema=False, tools=False), "prompt", 3),
    ],
)
async def test_structured_output_is_asked_for_as_the_endpoint_takes_it_and_remembered(
    connected, capabilities, mode, requests
):
    def script(request: ChatRequest) -> Answer:
        words = 'Here you are:\n```json\n{"a": 1}\n```' if not request.tools and not request.response_format else ""
        return Answer(text=words) if words else Answer(json={"a": 1}, tool_calls=_unforced(request))

    payer = account()
    with ModelServer(script, capabilities=capabilities) as server:
        async with connected(server) as model:
            replies = [await model.call(MESSAGES, account=payer, output=OUTPUT) for _ in range(2)]
            assert model.structured == mode
        assert len(server.log) == requests + 1
        assert payer.spent.total_tokens == server.tokens_billed
    assert [json.loads(reply.text) for reply in replies] == [{"a": 1}] * 2
    assert all(not reply.tool_calls and reply.finish_reason == "stop" for reply in replies)


def _unforced(request: ChatRequest) -> list[tuple[str, Any]]:
    return [("answer", {"a": 1})] if request.tools and request.forced_tool is None else []


async def test_a_fixed_way_that_is_refused_is_an_error_that_says_what_to_do(connected):
    with ModelServer(lambda request: "x", capabilities=Capabilities(json_schema=False)) as server:
        async with connected(server, quirks=Quirks(structured="json_schema")) as model:
            with pytest.raises(ModelError, match=r"json_schema.*quirks") as caught:
                await model.call(MESSAGES, account=account(), output=OUTPUT)
    assert caught.value.kind == "bug"


async def test_what_an_endpoint_refuses_is_learned_once(connected):
    told: list[Event] = []
    capabilities = Capabilities(system=False, effort=False, temperature=False, max_completion_tokens=False)
    with ModelServer(lambda request: "ok", capabilities=capabilities) as server:
        async with connected(server, model="o3", effort="low", quirks=Quirks(temperature=True)) as model:
            with pytest.raises(ModelError, match="temperature"):  # set by the user, so it is not given up silently
                await model.call(MESSAGES, account=account(), temperature=0.5)
        async with connected(server, model="o3", effort="low") as model:
            payer = account()
            await model.call(MESSAGES, account=payer, emit=told.append)
            before = len(server.log)
            await model.call(MESSAGES, account=payer)
            assert len(server.log) == before + 1
        assert payer.spent.total_tokens == server.tokens_billed
        assert [message["role"] for message in server.log[-1].messages] == ["user"]
        assert server.log[-1].messages[0]["content"] == "be brief\n\nwhat is it?"
    assert sorted(event.text.split("refuses ")[1].split(";")[0] for event in told if isinstance(event, Noted)) == [
        "max_completion_tokens",
        "reasoning_effort",
        "system_message",
    ]


async def test_a_model_without_tools_uses_them_in_words(connected):
    def script(request: ChatRequest) -> str:
        assert not request.tools
        assert "search" in request.messages[0]["content"]
        return 'I search. {"tool": "search", "arguments": {"q": "x"}}'

    with ModelServer(script) as server:
        async with connected(server, model="o1-mini") as model:
            reply = await model.call(MESSAGES, account=account(), tools=[SEARCH])
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("search", '{"q": "x"}')]


async def test_retry_after_is_honoured(connected):
    told: list[Event] = []
    fault = Fault("rate_limit", retry_after_s=0.3)
    payer = account()
    with ModelServer(lambda request: "ok", faults=once(fault)) as server:
        async with connected(server) as model:
            started = time.monotonic()
            reply = await model.call(MESSAGES, account=payer, emit=told.append)
    assert reply.text == "ok"
    assert time.monotonic() - started >= 0.3
    [retried] = [event for event in told if isinstance(event, Retried)]
    assert retried.wait_s >= 0.3
    assert "429" in retried.reason
    assert payer.spent == reply.usage


async def test_a_slot_is_free_while_a_retry_waits(connected):
    order: list[str] = []

    def script(request: ChatRequest) -> str:
        order.append(request.messages[-1]["content"])
        return "ok"

    fault = once(Fault("rate_limit", retry_after_s=0.4), when=lambda request: "first" in str(request.messages))
    with ModelServer(script, faults=fault) as server:
        async with connected(server, concurrency=1) as model, asyncio.TaskGroup() as group:
            group.create_task(model.call([{"role": "user", "content": "first"}], account=account()))
            await asyncio.sleep(0.1)
            group.create_task(model.call([{"role": "user", "content": "second"}], account=account()))
        assert server.peak_in_flight == 1
    assert order[-1] == "first"


@pytest.mark.parametrize(
    ("fault", "kind", "requests", "billed"),
    [
        ("rate_limit", "transient", 3, False),
        ("server_error", "transient", 3, True),
        ("unavailable", "transient", 3, True),
        ("drop", "transient", 3, True),
        ("cut_stream", "transient", 3, True),
        ("malformed_body", "transient", 3, True),
        ("empty_choices", "transient", 3, True),
        ("wrong_content_type", "malformed", 1, True),
        ("refusal", "refused", 1, True),
        ("content_filter", "refused", 1, True),
    ],
)
async def test_a_fault_is_named_paid_for_and_leaves_nothing_open(connected, fault, kind, requests, billed):
    payer = account()
    with ModelServer(lambda request: "some words to say", faults=always(Fault(fault, retry_after_s=0))) as server:
        async with connected(server) as model:
            with pytest.raises(ModelError) as caught:
                await model.call(MESSAGES, account=payer)
        assert len(server.log) == requests
        assert payer.spent.total_tokens >= server.tokens_billed
    assert caught.value.kind == kind
    assert server.url in caught.value.message
    assert caught.value.hint
    assert (payer.spent.total_tokens > 0) == billed
    assert payer.ledger.calls() == requests
    assert nothing_open(payer)


@pytest.mark.parametrize(
    "fault", ["server_error", "drop", "cut_stream", "malformed_body", "empty_choices", "unavailable"]
)
async def test_a_fault_that_passes_costs_a_retry_and_no_more(connected, fault):
    payer = account()
    with ModelServer(lambda request: "fine", faults=once(Fault(fault, retry_after_s=0))) as server:
        async with connected(server) as model:
            assert (await model.call(MESSAGES, account=payer)).text == "fine"
        assert len(server.log) == 2
        assert payer.spent.total_tokens >= server.tokens_billed


@pytest.mark.parametrize("fault", ["hang", "slow_loris"])
async def test_an_endpoint_that_never_answers_is_given_up(connected, fault):
    payer = account()
    with ModelServer(lambda request: "x", faults=always(Fault(fault))) as server:
        async with connected(server, timeout_s=0.2, retry=RetryPolicy(stop=stop_after_attempt(1))) as model:
            with pytest.raises(ModelError, match="timeout_s") as caught:
                await model.call(MESSAGES, account=payer)
        assert server.wait_idle()
        assert payer.spent.total_tokens >= server.tokens_billed
    assert caught.value.kind == "transient"
    assert nothing_open(payer)


@pytest.mark.parametrize("fault", ["usage_missing", "usage_lying"])
async def test_usage_that_is_missing_or_absurd_is_bounded_from_above(connected, fault):
    payer = account()
    with ModelServer(lambda request: "a few honest words " * 20, faults=always(Fault(fault))) as server:
        async with connected(server) as model:
            reply = await model.call(MESSAGES, account=payer)
        assert payer.spent.total_tokens >= server.tokens_billed > 0
    assert reply.usage == payer.spent


async def test_answers_that_are_cut_or_broken_are_handed_over_as_they_are(connected):
    with ModelServer(lambda request: Answer(json={"a": 12345, "b": "x" * 50}), faults=once("length")) as server:
        async with connected(server) as model:
            cut = await model.call(MESSAGES, account=account(), output=OUTPUT)
            short = await model.call(MESSAGES, account=account(), output=OUTPUT, max_completion_tokens=3)
    assert cut.finish_reason == short.finish_reason == "length"
    assert cut.text.startswith('{"a"')
    with ModelServer(lambda request: Answer(json={"a": 1}), faults=always("malformed_answer")) as server:
        async with connected(server) as model:
            broken = await model.call(MESSAGES, account=account(), output=OUTPUT)
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken.text)


async def test_wrong_keys_unknown_models_and_full_windows_are_told_apart(connected):
    with ModelServer(lambda request: "x", key="sk-right", models=["m"], window=50) as server:
        for fields, kind, words in (
            ({"api_key": SecretStr("sk-wrong")}, "auth", "OPENAI_API_KEY"),
            ({"api_key": SecretStr("sk-right"), "model": "n"}, "not_found", "doctor"),
            ({"api_key": SecretStr("sk-right")}, "context_overflow", "window"),
        ):
            payer = account()
            async with connected(server, **fields) as model:
                with pytest.raises(ModelError, match=words) as caught:
                    await model.call(MESSAGES, account=payer)
            assert caught.value.kind == kind
            assert "sk-wrong" not in str(caught.value)
            assert payer.spent.total_tokens == 0
            assert nothing_open(payer)
        assert len(server.log) == 3


async def test_a_dead_endpoint_costs_nothing_and_says_what_to_check(connected):
    with ModelServer(lambda request: "x") as server:
        pass
    payer = account()
    async with connected(server) as model:
        with pytest.raises(ModelError, match="base_url") as caught:
            await model.call(MESSAGES, account=payer)
    assert caught.value.kind == "transient"
    assert payer.spent.total_tokens == 0
    assert nothing_open(payer)


async def test_the_answer_is_limited_to_what_was_reserved(connected):
    with ModelServer(lambda request: "word " * 4_000) as server:
        async with connected(server) as model:
            payer = account(tokens=600)
            reply = await model.call(MESSAGES, account=payer)
            assert reply.finish_reason == "length"
            assert payer.spent.total_tokens <= 600
            with pytest.raises(BudgetExhausted):
                await model.call(MESSAGES, account=payer)
            assert len(server.log) == 1
    assert nothing_open(payer)


async def test_a_window_limits_the_answer_and_refuses_what_cannot_fit(connected):
    seen: list[int | None] = []

    def script(request: ChatRequest) -> str:
        seen.append(request.max_completion_tokens)
        return "ok"

    with ModelServer(script, window=1_000) as server:
        async with connected(server, window_tokens=1_000) as model:
            await model.call(MESSAGES, account=account())
            payer = account()
            with pytest.raises(ModelError, match="window") as caught:
                await model.call([{"role": "user", "content": "word " * 3_000}], account=payer)
    assert seen[0] is not None
    assert 500 < seen[0] < 1_000
    assert caught.value.kind == "context_overflow"
    assert len(seen) == 1
    assert payer.spent.total_tokens == 0


async def test_cancellation_leaves_no_reservation_and_no_slot_taken(connected):
    payer, asked, loop = account(), asyncio.Event(), asyncio.get_running_loop()

    def script(request: ChatRequest) -> str:
        loop.call_soon_threadsafe(asked.set)
        return "ok"

    with ModelServer(script, latency=Constant(total_s=30)) as server:
        async with connected(server, concurrency=1) as model:
            calls = [asyncio.create_task(model.call(MESSAGES, account=payer)) for _ in range(3)]
            await asked.wait()
            for call in calls:
                call.cancel()
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results)
            assert nothing_open(payer)
            assert payer.ledger.calls() == 1
            assert await asyncio.to_thread(server.wait_idle)
            assert payer.spent.total_tokens >= server.tokens_billed
            async with asyncio.timeout(5), model.slots.slot():
                pass


async def test_an_endpoint_is_not_asked_more_at_once_than_it_allows(connected):
    with ModelServer(lambda request: "ok", latency=Constant(total_s=0.05)) as server:
        async with connected(server, concurrency=3) as model:
            await asyncio.gather(*(model.call(MESSAGES, account=account()) for _ in range(12)))
        assert server.peak_in_flight == 3


async def test_hostile_text_gets_over_the_wire(connected):
    words = "null \x00 bell \x07 lone \ud800 rtl \u202e </system> \U0001f600"
    with ModelServer(lambda request: words) as server:
        async with connected(server) as model:
            reply = await model.call([{"role": "user", "content": words}], account=account())
        assert server.log[0].messages[0]["content"] == words.replace("\ud800", "?")
    assert reply.text == words


async def test_a_model_serves_one_event_loop_after_another(connected):
    with ModelServer(lambda request: "ok") as server:
        async with connected(server) as model:
            assert (await model.call(MESSAGES, account=account())).text == "ok"

            def elsewhere() -> str:
                async def call() -> str:
                    reply = await model.call(MESSAGES, account=account())
                    await model.aclose()
                    return str(reply.text)

                return asyncio.run(call())

            assert await asyncio.to_thread(elsewhere) == "ok"
            assert (await model.call(MESSAGES, account=account())).text == "ok"
