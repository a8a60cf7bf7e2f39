"""Hedged calls over real HTTP: the tail gets short, and both calls of a pair are reserved, settled and gone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import ValidationError
from tenacity import stop_after_attempt

from foreplan.core.errors import BudgetExhausted, ModelError
from foreplan.core.events import Event, Noted, Retried, Spent
from foreplan.core.ledger import Account, Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.base import Request
from foreplan.core.models.connect import connect
from foreplan.core.models.hedge import FEWEST, Hedge
from foreplan.core.models.model import Model
from foreplan.core.models.retry import RetryPolicy, wait_as_told
from foreplan.core.models.spec import ModelSpec
from foreplan.core.usage import Price
from foreplan.testing import Answer, ChatRequest, Fault, ModelServer

QUICK = RetryPolicy(stop=stop_after_attempt(3), wait=wait_as_told(0.001, 0.002))
SLOW_S, FAST_S = 0.5, 0.01


class Tailed:
    """A script whose first answer to a question with `slow` in it takes long; asked again, it is as quick as others."""

    def __init__(self, *, always_slow: bool = False, second: Fault | None = None) -> None:
        self.asked: Counter[str] = Counter()
        self.asked_again = threading.Event()
        self._always_slow, self._second = always_slow, second

    def __call__(self, request: ChatRequest) -> Answer:
        self.asked[request.last] += 1
        times = self.asked[request.last]
        if times == 2:
            self.asked_again.set()
        slow = "slow" in request.last and (times == 1 or self._always_slow)
        fault = self._second if "slow" in request.last and times == 2 else None
        return Answer(text=f"answer {times}", total_s=SLOW_S if slow else FAST_S, fault=fault)


@asynccontextmanager
async def model_at(server: ModelServer, **fields: Any) -> AsyncIterator[Model]:
    values = {"model": "m", "base_url": server.url, "max_completion_tokens": 100, "concurrency": 8, "hedge": 0.95}
    model = connect(ModelSpec.model_validate(values | fields), retry=QUICK)
    yield model
    await model.aclose()


def payer(tokens: int = 1_000_000) -> Account:
    return Ledger(Limits(tokens=tokens)).account("subtask:a")


async def ask(model: Model, words: str, account: Account, told: list[Event] | None = None) -> str:
    messages = [{"role": "user", "content": words}]
    emit = told.append if told is not None else lambda event: None
    return (await model.call(messages, account=account, emit=emit)).text


async def warm(model: Model, account: Account) -> None:
    """Let it answer as many times as the tail needs to be known."""
    for batch in range(0, FEWEST, 4):
        await asyncio.gather(*(ask(model, f"warm {batch + i}", account) for i in range(4)))


async def p95(model: Model, account: Account) -> float:
    """Seconds within which 95 % of 40 questions are answered, 4 of which are slow ones."""
    seconds: list[float] = []

    async def asker(words: list[str]) -> None:
        for each in words:
            started = time.monotonic()
            await ask(model, each, account)
            seconds.append(time.monotonic() - started)

    words = [f"slow {i}" if i % 10 == 0 else f"quick {i}" for i in range(40)]
    await asyncio.gather(*(asker(words[i::4]) for i in range(4)))
    return sorted(seconds)[int(0.95 * len(seconds))]


async def test_the_tail_gets_short_and_every_call_is_in_the_ledger():
    tails = {}
    for hedge in (None, 0.9):
        account = payer()
        with ModelServer(Tailed()) as server:
            async with model_at(server, hedge=hedge) as model:
                await warm(model, account)
                tails[hedge] = await p95(model, account)
            assert server.wait_idle()
            asked, billed = len(server.log), server.tokens_billed
            left = [entry for entry in server.log if entry.client_left]
        assert account.ledger.calls() == asked
        assert billed <= account.spent.total_tokens
        assert account.tokens_left == 1_000_000 - account.spent.total_tokens
        assert bool(left) == (hedge is not None)
    assert tails[None] >= SLOW_S
    assert tails[0.9] < tails[None]


async def test_the_loser_is_gone_at_the_server_and_settled_in_full():
    account, told = payer(), list[Event]()
    with ModelServer(Tailed()) as server:
        async with model_at(server) as model:
            await warm(model, account)
            server.clear_log()
            assert await ask(model, "slow", account, told) == "answer 2"
            assert server.wait_idle()
            lost, won = server.log
        assert (lost.client_left, won.finished) == (True, True)
        assert lost.seconds is not None
        assert lost.seconds < SLOW_S
    spent = [event for event in told if isinstance(event, Spent)]
    assert [event.completion_tokens for event in spent] == [won.completion_tokens, 100]
    assert [event for event in told if isinstance(event, Noted)]
    assert not [event for event in told if isinstance(event, Retried)]


async def test_nothing_is_hedged_before_the_tail_is_known_nor_without_the_setting():
    script = Tailed()
    with ModelServer(script) as server:
        async with model_at(server) as model:
            assert await ask(model, "slow", payer()) == "answer 1"
        async with model_at(server, hedge=None) as model:
            await warm(model, payer())
            assert await ask(model, "slow too", payer()) == "answer 1"
    assert script.asked["slow"] == script.asked["slow too"] == 1


async def test_without_room_in_the_account_there_is_no_second_call():
    script = Tailed()
    with ModelServer(script) as server:
        async with model_at(server) as model:
            await warm(model, payer())
            one = model.bound.tokens(Request([{"role": "user", "content": "slow"}], 100)) + 100
            poor = payer(tokens=2 * one - 1)  # room for a second call, but not for an equal one
            assert await ask(model, "slow", poor) == "answer 1"
    assert script.asked["slow"] == 1
    assert poor.ledger.calls() == 1


async def test_without_a_free_slot_there_is_no_second_call():
    script, account = Tailed(), payer()
    with ModelServer(script) as server:
        async with model_at(server, concurrency=2) as model:
            await warm(model, account)
            async with asyncio.timeout(10):
                answers = await asyncio.gather(*(ask(model, f"slow {i}", account) for i in range(2)))
    assert answers == ["answer 1", "answer 1"]
    assert server.peak_in_flight <= 2


async def test_a_second_call_that_fails_leaves_the_first_alone():
    account = payer()
    with ModelServer(Tailed(second=Fault("server_error"))) as server:
        async with model_at(server) as model:
            await warm(model, account)
            assert await ask(model, "slow", account) == "answer 1"


async def test_a_first_call_that_fails_late_waits_for_the_second():
    account, told = payer(), list[Event]()
    with ModelServer(Tailed(always_slow=True)) as server:
        async with model_at(server, timeout_s=SLOW_S * 0.9) as model:
            await warm(model, account)
            with pytest.raises(ModelError, match="in time"):
                await ask(model, "slow", account, told)
            assert server.wait_idle()
            asked = [entry for entry in server.log if entry.messages[0]["content"] == "slow"]
    # Three tries, each made twice.
    assert len(asked) == 6
    assert len([event for event in told if isinstance(event, Retried)]) == 2


async def test_a_cancelled_pair_leaves_neither_call_running():
    account, script = payer(), Tailed(always_slow=True)
    with ModelServer(script) as server:
        async with model_at(server) as model:
            await warm(model, account)
            server.clear_log()
            asking = asyncio.create_task(ask(model, "slow", account))
            assert await asyncio.to_thread(script.asked_again.wait, 5)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert server.wait_idle()
            assert [entry.client_left for entry in server.log] == [True, True]
            billed = server.tokens_billed
    assert account.ledger.calls() == FEWEST + 2
    assert billed <= account.spent.total_tokens
    assert account.tokens_left == 1_000_000 - account.spent.total_tokens


async def test_streams_are_never_hedged():
    script, account = Tailed(), payer()
    with ModelServer(script) as server:
        async with model_at(server) as model:
            await warm(model, account)
            pieces = [piece async for piece in model.stream([{"role": "user", "content": "slow"}], account=account)]
    assert "".join(piece.text for piece in pieces) == "answer 1"
    assert script.asked["slow"] == 1


async def after(seconds: float, answer: str | Exception) -> str:
    await asyncio.sleep(seconds)
    if isinstance(answer, Exception):
        raise answer
    return answer


async def refuse() -> None:
    return None


async def warmed(hedge: Hedge, seconds: float) -> None:
    await asyncio.gather(*(hedge.first(lambda: after(seconds, "warm"), refuse) for _ in range(FEWEST)))


async def test_calls_cut_off_by_their_hedge_do_not_shorten_the_tail():
    hedge = Hedge(0.5)
    await warmed(hedge, 0.05)
    before = hedge.patience_s
    assert before is not None
    for _ in range(5):
        assert await hedge.first(lambda: after(1, "first"), lambda: after(0, "second")) == "second"
    assert hedge.patience_s is not None
    assert hedge.patience_s >= before


async def test_a_pair_fails_only_when_both_fail_and_then_as_the_first():
    hedge = Hedge(0.5)
    await warmed(hedge, 0.01)
    assert await hedge.first(lambda: after(0.04, OSError("a")), lambda: after(0.06, "second")) == "second"
    assert await hedge.first(lambda: after(0.06, "first"), lambda: after(0.01, OSError("b"))) == "first"
    with pytest.raises(OSError, match="a"):
        await hedge.first(lambda: after(0.06, OSError("a")), lambda: after(0.01, OSError("b")))
    with pytest.raises(OSError, match="a"):
        await hedge.first(lambda: after(0.03, OSError("a")), refuse)


async def test_an_account_that_is_too_poor_for_the_whole_answer_is_refused_a_whole_reservation():
    account = payer(tokens=100)
    clipped = await account.reserve(20, 500, Price())
    assert clipped.completion_tokens == 80
    await account.settle(clipped, None)
    with pytest.raises(BudgetExhausted):
        await payer(tokens=100).reserve(20, 500, Price(), whole=True)


@pytest.mark.parametrize("hedge", [0, 0.2, 1, 1.5, -1])
def test_a_quantile_that_is_none_is_refused(hedge):
    with pytest.raises(ValidationError, match="hedge"):
        ModelSpec(model="m", hedge=hedge)
