"""Streams over real HTTP, through both backends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from support.keeping_chat import KeepingChat
from tenacity import stop_after_attempt

from foreplan.core.errors import BudgetExhausted, ModelError
from foreplan.core.events import Event, Retried, Spent
from foreplan.core.ledger import Account, Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.base import Delta, OutputSchema
from foreplan.core.models.connect import connect, wrap
from foreplan.core.models.model import Model
from foreplan.core.models.quirks import Quirks
from foreplan.core.models.retry import RetryPolicy, wait_as_told
from foreplan.core.models.spec import ModelSpec
from foreplan.core.usage import Usage
from foreplan.testing import Answer, Capabilities, ChatRequest, Constant, Fault, ModelServer, always, once

QUICK = RetryPolicy(stop=stop_after_attempt(3), wait=wait_as_told(0.001, 0.002))
MESSAGES = [{"role": "user", "content": "plan it"}]
PLAN = {"mode": "plan", "subtasks": [{"id": f"s{number}", "goal": "do it"} for number in range(6)]}
OUTPUT = OutputSchema("plan", {"type": "object", "properties": {"mode": {"type": "string", "maxLength": 9}}})


def through_langchain(spec: ModelSpec, **how: Any) -> Model:
    chat = KeepingChat(model=spec.model, base_url=spec.url, api_key=SecretStr("none"), timeout=spec.timeout_s)
    return wrap(chat, spec=spec, **how)


@pytest.fixture(params=[connect, through_langchain], ids=["openai", "langchain"])
def connected(request) -> Callable[..., Any]:
    """`async with connected(server)` gives a model of that server, closed afterwards."""

    @asynccontextmanager
    async def connecting(server: ModelServer, *, retry: RetryPolicy = QUICK, **fields: Any) -> AsyncIterator[Model]:
        model = request.param(ModelSpec(**{"model": "m", "base_url": server.url, **fields}), retry=retry)
        yield model
        await model.aclose()

    return connecting


def account(tokens: int = 100_000) -> Account:
    return Ledger(Limits(tokens=tokens)).account("planner")


def nothing_open(account: Account) -> bool:
    return account.tokens_left == (account.ledger.limits.tokens or 0) - account.spent.total_tokens


async def everything(deltas: AsyncIterator[Delta]) -> tuple[str, str, Delta]:
    """Text, reasoning and the last piece."""
    pieces = [delta async for delta in deltas]
    return "".join(each.text for each in pieces), "".join(each.reasoning for each in pieces), pieces[-1]


async def gather(deltas: AsyncIterator[Delta], came: list[str]) -> None:
    """Text as it comes, kept also when the stream fails."""
    async for delta in deltas:
        came += [delta.text]


async def test_a_stream_brings_thinking_and_text_in_pieces_and_usage_at_the_end(connected):
    told: list[Event] = []
    payer = account()
    with ModelServer(lambda request: Answer(text="a b c d " * 20, reasoning="hm " * 20)) as server:
        async with connected(server) as model:
            pieces = [each async for each in model.stream(MESSAGES, account=payer, emit=told.append)]
        assert payer.spent.total_tokens == server.tokens_billed
    assert "".join(each.text for each in pieces) == "a b c d " * 20
    assert "".join(each.reasoning for each in pieces) == "hm " * 20
    assert len(pieces) > 10
    assert all(each.usage is None and each.finish_reason is None for each in pieces[:-1])
    assert (pieces[-1].usage, pieces[-1].finish_reason) == (payer.spent, "stop")
    assert payer.spent.reasoning_tokens > 0
    assert [type(event) for event in told] == [Spent]
    assert nothing_open(payer)


async def test_tags_of_thinking_are_taken_out_across_pieces(connected):
    with ModelServer(lambda request: "<think>one two three</think>\n\nthe answer", chunk_tokens=1) as server:
        async with connected(server) as model:
            text, reasoning, _ = await everything(model.stream(MESSAGES, account=account()))
    assert (text, reasoning) == ("the answer", "one two three")


@pytest.mark.parametrize(
    ("capabilities", "mode"),
    [
        (Capabilities(), "json_schema"),
        (Capabilities(schema_bounds=False), "json_schema"),
        (Capabilities(json_schema=False), "tool"),
        (Capabilities(json_schema=False, tools=False), "prompt"),
        (Capabilities(stream=False), "json_schema"),
        (Capabilities(json_schema=False, stream=False), "tool"),
    ],
)
async def test_structured_output_streams_as_text_in_every_way_of_asking(connected, capabilities, mode):
    payer = account()
    with ModelServer(lambda request: Answer(json=PLAN, reasoning="hm"), capabilities=capabilities) as server:
        async with connected(server) as model:
            text, reasoning, last = await everything(model.stream(MESSAGES, account=payer, output=OUTPUT))
            assert model.structured == mode
            asked = len(server.log)
            await everything(model.stream(MESSAGES, account=payer, output=OUTPUT))
            assert len(server.log) == asked + 1
        assert payer.spent.total_tokens == server.tokens_billed
    assert json.loads(text) == PLAN
    assert (reasoning, last.finish_reason) == ("hm", "stop")


async def test_words_before_a_forced_tool_are_thinking_and_words_instead_of_it_are_the_answer(connected):
    fields = {"quirks": Quirks(structured="tool")}

    def script(request: ChatRequest) -> Answer:
        remark = "Let me hand it in."
        wants_tool = "tool" in request.messages[-1]["content"]
        return Answer(text=remark, json=PLAN) if wants_tool else Answer(text=json.dumps(PLAN))

    with ModelServer(script) as server:
        async with connected(server, **fields) as model:
            by_tool = [{"role": "user", "content": "use the tool"}]
            text, _, last = await everything(model.stream(by_tool, account=account(), output=OUTPUT))
            assert (json.loads(text), last.finish_reason) == (PLAN, "stop")
            text, _, last = await everything(model.stream(MESSAGES, account=account(), output=OUTPUT))
            assert json.loads(text) == PLAN


@pytest.mark.parametrize("kind", ["rate_limit", "server_error", "unavailable", "drop", "empty_choices"])
async def test_a_fault_before_the_first_piece_is_retried(connected, kind):
    told: list[Event] = []
    payer = account()
    with ModelServer(lambda request: "fine", faults=once(Fault(kind, retry_after_s=0))) as server:
        async with connected(server) as model:
            text, _, _ = await everything(model.stream(MESSAGES, account=payer, emit=told.append))
        assert text == "fine"
        assert payer.spent.total_tokens >= server.tokens_billed
    assert sum(isinstance(event, Retried) for event in told) == 1
    assert nothing_open(payer)


@pytest.mark.parametrize("kind", ["cut_stream", "malformed_body"])
async def test_a_fault_within_a_stream_is_raised_after_what_came(connected, kind):
    payer, came = account(), list[str]()
    with ModelServer(lambda request: "one two three four five " * 10, faults=always(Fault(kind, chunks=4))) as server:
        async with connected(server) as model:
            with pytest.raises(ModelError) as caught:
                await gather(model.stream(MESSAGES, account=payer), came)
        assert len(server.log) == 1
        assert payer.spent.total_tokens >= server.tokens_billed
    assert caught.value.kind == "transient"
    assert came
    assert ("one two three four five " * 10).startswith("".join(came))
    assert nothing_open(payer)


@pytest.mark.parametrize(("kind", "words"), [("refusal", "can't help"), ("content_filter", "filter")])
async def test_a_refusal_is_never_text(connected, kind, words):
    payer, came = account(), list[str]()
    with ModelServer(lambda request: "a long answer " * 10, faults=always(kind)) as server:
        async with connected(server) as model:
            with pytest.raises(ModelError, match=words) as caught:
                await gather(model.stream(MESSAGES, account=payer), came)
        assert payer.spent.total_tokens == server.tokens_billed
    assert caught.value.kind == "refused"
    assert "sorry" not in "".join(came)


async def test_a_page_in_place_of_a_stream_says_to_check_the_url(connected):
    with ModelServer(lambda request: "x", faults=always("wrong_content_type")) as server:
        async with connected(server) as model:
            with pytest.raises(ModelError) as caught:
                await everything(model.stream(MESSAGES, account=account()))
    assert caught.value.kind in ("malformed", "transient")


async def test_an_answer_cut_by_its_limit_ends_as_length(connected):
    with ModelServer(lambda request: "word " * 500) as server:
        async with connected(server) as model:
            payer = account(600)
            text, _, last = await everything(model.stream(MESSAGES, account=payer))
            assert last.finish_reason == "length"
            assert text
            assert payer.spent.total_tokens <= 600
            with pytest.raises(BudgetExhausted):
                await everything(model.stream(MESSAGES, account=payer))


@pytest.mark.parametrize("kind", ["usage_missing", "usage_lying"])
async def test_usage_that_is_missing_or_absurd_is_bounded_from_above(connected, kind):
    payer = account()
    with ModelServer(lambda request: "honest words " * 30, faults=always(kind)) as server:
        async with connected(server) as model:
            _, _, last = await everything(model.stream(MESSAGES, account=payer))
            assert model.reports_usage == (kind == "usage_lying")
        assert payer.spent.total_tokens >= server.tokens_billed > 0
    assert last.usage == payer.spent


async def test_stopping_early_hangs_up_and_settles_in_full(connected):
    payer = account()
    latency = Constant(first_token_s=0.0, tokens_per_s=50)
    with ModelServer(lambda request: "word " * 2_000, latency=latency) as server:
        async with connected(server, concurrency=1) as model:
            async with aclosing(model.stream(MESSAGES, account=payer)) as deltas:
                async for _ in deltas:
                    break
            assert nothing_open(payer)
            assert await asyncio.to_thread(server.wait_idle, 5)
            assert server.log[0].client_left
            assert payer.spent.completion_tokens == model.spec.max_completion_tokens
            async with asyncio.timeout(5), model.slots.slot():
                pass


async def test_cancelling_the_consumer_leaves_nothing_open(connected):
    payer, begun = account(), asyncio.Event()

    async def consume(model: Model) -> None:
        async for _ in model.stream(MESSAGES, account=payer):
            begun.set()

    with ModelServer(lambda request: "word " * 2_000, latency=Constant(tokens_per_s=50)) as server:
        async with connected(server) as model:
            consumer = asyncio.create_task(consume(model))
            await begun.wait()
            consumer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await consumer
            assert nothing_open(payer)
            assert await asyncio.to_thread(server.wait_idle, 5)
            assert payer.spent.total_tokens >= server.tokens_billed


@pytest.mark.parametrize("kind", ["hang", "slow_loris"])
async def test_a_stream_in_which_nothing_comes_is_given_up(connected, kind):
    payer = account()
    with ModelServer(lambda request: "x", faults=always(kind)) as server:
        async with connected(server, timeout_s=0.2, retry=RetryPolicy(stop=stop_after_attempt(1))) as model:
            with pytest.raises(ModelError, match="timeout_s") as caught:
                await everything(model.stream(MESSAGES, account=payer))
        assert await asyncio.to_thread(server.wait_idle, 5)
        assert payer.spent.total_tokens >= server.tokens_billed
    assert caught.value.kind == "transient"
    assert nothing_open(payer)


async def test_thinking_unseen_counts_in_full_where_no_usage_is_told(connected):
    payer = account()
    with ModelServer(
        lambda request: Answer(text="ok", reasoning="hm " * 200),
        faults=always("usage_missing"),
        capabilities=Capabilities(reasoning=None),
    ) as server:
        async with connected(server, model="o3", max_completion_tokens=500) as model:
            await everything(model.stream(MESSAGES, account=payer))
        assert payer.spent.total_tokens >= server.tokens_billed
    assert payer.spent == Usage(payer.spent.prompt_tokens, 0, 500, 0)
