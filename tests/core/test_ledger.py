from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.core.errors import BudgetExhausted
from foreplan.core.ledger import MIN_COMPLETION_TOKENS, Ledger, Reservation
from foreplan.core.limits import Limits
from foreplan.core.usage import Price, Usage

PRICE = Price(prompt=1.0, completion=4.0)


class ListJournal:
    """Keeps what the ledger writes, as a store would."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}

    async def write(self, key: str, entry: dict[str, Any]) -> None:
        self.entries[key] = entry


calls = st.lists(
    st.tuples(
        st.sampled_from(["planner", "writer", "a", "b", "c"]),
        st.integers(0, 400),
        st.integers(1, 400),
        st.floats(0, 1),
        st.booleans(),
    ),
    max_size=60,
)


@given(calls, st.integers(0, 3_000), st.integers(0, 800), st.integers(0, 500))
def test_no_order_of_calls_spends_more_than_any_limit(drawn, limit, held, cap):
    ledger = Ledger(Limits(tokens=limit))
    ledger.hold("writer", tokens=held)
    capped = ledger.account("a", cap_tokens=cap)

    async def play() -> None:
        pending: list[tuple[str, Reservation]] = []
        for name, prompt, completion, share, settle_now in drawn:
            try:
                reservation = await ledger.account(name).reserve(prompt, completion, PRICE)
            except BudgetExhausted:
                continue
            pending.append((name, reservation))
            others = sum(ledger.spent(each).total_tokens for each in ("planner", "a", "b", "c"))
            others += sum(each.usage.total_tokens for who, each in pending if who != "writer")
            assert others <= max(limit - held, 0)
            if settle_now:
                _, oldest = pending.pop(0)
                used = Usage(oldest.prompt_tokens, 0, int(oldest.completion_tokens * share))
                await ledger.settle(oldest, used)
        for _, reservation in pending:
            await ledger.settle(reservation, None)

    asyncio.run(play())
    assert ledger.spent().total_tokens <= limit
    assert capped.spent.total_tokens <= cap
    assert ledger.spent().total_tokens == sum(ledger.spent(each).total_tokens for each in ("planner", "writer", *"abc"))


@given(calls, st.integers(0, 59))
def test_a_ledger_read_back_is_never_below_what_was_spent(drawn, crash_at):
    journal = ListJournal()
    ledger = Ledger(Limits(tokens=None), journal=journal)
    truly_spent = Usage()

    async def play() -> None:
        nonlocal truly_spent
        for number, (name, prompt, completion, share, settle) in enumerate(drawn):
            reservation = await ledger.account(name).reserve(prompt, completion, PRICE)
            used = Usage(prompt, 0, int(completion * share))
            truly_spent += used
            if settle and number < crash_at:
                await ledger.settle(reservation, used)

    asyncio.run(play())
    after = Ledger(Limits(tokens=None))
    after.replay(journal.entries.values())
    assert after.spent().total_tokens >= truly_spent.total_tokens
    assert after.calls() == len(drawn)
    assert after.dollars() >= PRICE.dollars(truly_spent) - 1e-12


async def test_a_refused_reservation_says_whose_limit_it_was():
    ledger = Ledger(Limits(tokens=1_000))
    with pytest.raises(BudgetExhausted) as of_run:
        await ledger.account("a").reserve(2_000, 100, PRICE)
    with pytest.raises(BudgetExhausted) as of_subtask:
        await ledger.account("b", cap_tokens=50).reserve(60, 100, PRICE)
    assert (of_run.value.scope, of_subtask.value.scope) == ("run", "b")


async def test_less_room_means_a_shorter_answer_before_it_means_none():
    ledger = Ledger(Limits(tokens=1_000))
    assert (await ledger.account("a").reserve(500, 4_096, PRICE)).completion_tokens == 500
    with pytest.raises(BudgetExhausted):
        await ledger.account("a").reserve(0, MIN_COMPLETION_TOKENS, PRICE)


async def test_dollars_and_seconds_limit_too():
    now = 0.0
    ledger = Ledger(Limits(tokens=None, dollars=0.001, seconds=10), clock=lambda: now)
    reservation = await ledger.account("a").reserve(200, 4_096, PRICE)
    assert reservation.completion_tokens == 200
    assert PRICE.dollars(reservation.usage) <= 0.001
    await ledger.settle(reservation, Usage(200, 0, 0))
    now = 11.0
    with pytest.raises(BudgetExhausted, match="time limit"):
        await ledger.account("a").reserve(1, 20, PRICE)


def test_a_deadline_is_the_time_that_is_left_when_execution_begins():
    assert Limits(seconds=10).since(100.0).seconds == 10
    assert Limits(deadline=130.0).since(100.0).seconds == 30
    assert Limits(deadline=130.0, seconds=10).since(100.0).seconds == 10
    assert Limits(deadline=130.0).since(500.0).seconds == 0
    assert Limits(deadline=130.0, seconds=0).since(100.0).seconds == 0


async def test_a_call_cut_off_by_a_crash_is_paid_by_the_run_and_not_by_the_cap():
    journal = ListJournal()
    before = Ledger(Limits(tokens=10_000), journal=journal)
    await before.account("a", cap_tokens=1_000).reserve(400, 600, PRICE)
    after = Ledger(Limits(tokens=10_000))
    after.replay(journal.entries.values())
    account = after.account("a", cap_tokens=1_000)
    assert after.spent().total_tokens == 1_000
    assert account.tokens_left == 1_000
    await account.reserve(400, 600, PRICE)
    assert (account.tokens_left, after.tokens_left("b")) == (0, 8_000)


@pytest.mark.parametrize(("goes_on", "left_after"), [(False, 1_000), (True, 700)])
async def test_a_cancelled_call_is_paid_by_the_run_unless_its_account_goes_on(goes_on, left_after):
    journal = ListJournal()
    before = Ledger(Limits(tokens=10_000), journal=journal)
    account = before.account("a", cap_tokens=1_000)
    await account.settle(await account.reserve(200, 100, PRICE), None, cancelled=True)
    assert (account.tokens_left, account.spent.total_tokens) == (700, 300)
    if goes_on:
        await account.settle(await account.reserve(10, 20, PRICE), Usage())
    after = Ledger(Limits(tokens=10_000))
    after.replay(journal.entries.values())
    assert after.spent().total_tokens == 300
    assert after.account("a", cap_tokens=1_000).tokens_left == left_after
    assert after.tokens_left("b") == 9_700


def test_the_end_of_the_time_is_kept_back_too():
    ledger = Ledger(Limits(seconds=10), clock=lambda: 0.0)
    ledger.hold("writer", seconds=2.0)
    assert (ledger.account("a").seconds_left, ledger.account("writer").seconds_left) == (8.0, 10.0)


async def test_a_reservation_that_could_not_be_written_down_sets_nothing_aside():
    class Stuck:
        async def write(self, key: str, entry: dict[str, Any]) -> None:
            await asyncio.Event().wait()

    ledger = Ledger(Limits(tokens=1_000), journal=Stuck())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await ledger.account("a").reserve(100, 100, PRICE)
    assert ledger.tokens_left("a") == 1_000


async def test_settling_twice_counts_once():
    ledger = Ledger(Limits(tokens=1_000))
    reservation = await ledger.account("a").reserve(100, 100, PRICE)
    await ledger.settle(reservation, Usage(100, 0, 10))
    await ledger.settle(reservation, None)
    assert ledger.spent().total_tokens == 110
    assert ledger.calls() == 1
