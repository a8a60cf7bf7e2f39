"""Plans of 1,000 and of 5,000 subtasks: no barrier anywhere, memory and database in step with their size."""

from __future__ import annotations

import asyncio
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import pytest
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.store.sqlite.aio import AsyncSqliteStore
from support.plans import FunctionWorker, context_with, plan_of, subtask

from foreplan.agents.loop import run_graph
from foreplan.agents.result import RunResult
from foreplan.agents.roles import Assignment
from foreplan.core.limits import Limits
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan

RESULT_CHARS = 500
CONCURRENCY = 64


@dataclass(frozen=True)
class Measured:
    """What a run took."""

    result: RunResult
    peak_bytes: int
    database_bytes: int


def chains(count: int) -> Plan:
    """One subtask that waits for all others to end, and chains of ten that share no step with each other."""
    others = [
        subtask(f"s{number}", *([f"s{number - 1}"] if number % 10 else []), budget=100) for number in range(count - 1)
    ]
    return plan_of(subtask("last", budget=100), *others)


async def measure(folder: Path, count: int, *, traced: bool) -> Measured:
    """A durable run of `count` subtasks whose first one ends last: with a barrier anywhere it would never end.

    Memory is counted only if `traced`, since counting makes a run three times as long.
    """
    all_others = asyncio.Event()

    async def do(assignment: Assignment) -> str:
        name = assignment.subtask.id
        if name == "last":
            await all_others.wait()
        elif len(worker.ended) == count - 2:
            all_others.set()
        return f"{name} is done. ".ljust(RESULT_CHARS, "x")

    worker = FunctionWorker(do)
    limits = Limits(tokens=10_000_000, concurrency=CONCURRENCY)
    if traced:
        tracemalloc.start()
    try:
        async with (
            AsyncSqliteSaver.from_conn_string(str(folder / "state.sqlite")) as saver,
            AsyncSqliteStore.from_conn_string(str(folder / "store.sqlite")) as store,
        ):
            await store.setup()
            result = await run_graph(
                Brief(goal="What is done?"),
                run_id="large",
                context=context_with(worker, limits=limits),
                checkpointer=saver,
                store=store,
                plan=chains(count),
            )
        peak_bytes = tracemalloc.get_traced_memory()[1] if traced else 0
    finally:
        tracemalloc.stop()
    return Measured(result, peak_bytes, size(folder))


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


async def check_linear(folder: Path, small: int, large: int, *, traced: bool) -> None:
    before = await measure(made(folder / "small"), small, traced=traced)
    after = await measure(made(folder / "large"), large, traced=traced)
    times = large / small
    assert [len(each.result.digests) for each in (before, after)] == [small, large]
    assert after.result.state == "done"
    assert after.peak_bytes <= 1.3 * times * before.peak_bytes
    assert after.database_bytes <= 1.2 * times * before.database_bytes


async def test_a_thousand_subtasks_have_no_barrier_and_take_their_share(tmp_path: Path):
    await check_linear(tmp_path, 100, 1_000, traced=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_five_thousand_subtasks_have_no_barrier_and_take_their_share(tmp_path: Path):
    await check_linear(tmp_path, 1_000, 5_000, traced=True)
