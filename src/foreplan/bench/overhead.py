"""What the executor itself costs: subtasks that do nothing, without a saver, on SQLite and on PostgreSQL.

Beside it in the same run: a bare LangGraph graph that commits the plan item and the result of each subtask with one
durable `@task` each, over the same SQLite saver. The two take turns.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.func import entrypoint, task
from langgraph.store.base import BaseStore

from foreplan.agents.context import Context
from foreplan.agents.durable import open_saver, open_store
from foreplan.agents.graph import build_graph
from foreplan.agents.roles import Assignment
from foreplan.bench._dags import QuietWriter, plan_of
from foreplan.core.heap import keep_imports
from foreplan.core.limits import Limits
from foreplan.memory.digest import Claim, Digest
from foreplan.planner.plan import Plan

SIZES, QUICK_SIZES = (100, 1_000, 5_000), (100, 1_000)
REPEATS = 3
RESULT_CHARS = 2_000
POSTGRES = "FOREPLAN_TEST_POSTGRES"
LARGE, LARGE_SLOTS = 5_000, 200
STATE = "state.sqlite"


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Milliseconds per subtask, medians of alternating repeats (one at 5,000).

    Args:
        data: not used.
        quick: no plan of 5,000.

    Returns:
        `none_ms_N`, `sqlite_ms_N`, `bare_ms_N`, `postgres_ms_N` (when FOREPLAN_TEST_POSTGRES names a server),
        `sqlite_db_mb_N`, and `large_ratio`: makespan ÷ bound of 5,000 uneven, dependent subtasks on SQLite.
    """
    return asyncio.run(_measure(QUICK_SIZES if quick else SIZES, large=not quick))


async def _measure(sizes: tuple[int, ...], *, large: bool) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    keep_imports()
    for size in sizes:
        repeats = 1 if size > 1_000 else REPEATS
        rounds = [await _round(size) for _ in range(repeats)]
        for name in rounds[0]:
            numbers[f"{name}_{size}"] = statistics.median(each[name] for each in rounds)
    if large:
        numbers["large_ratio"] = await _large()
    return numbers


async def _round(size: int) -> dict[str, float]:
    print(f"{size} subtasks", file=sys.stderr)
    plan = plan_of({f"s{i}": float(i) for i in range(size)}, {f"s{i}": () for i in range(size)})
    numbers = {"none_ms": await _ours(plan, None, None)}
    async with _sqlite() as (saver, store, folder):
        numbers["sqlite_ms"] = await _ours(plan, saver, store)
        with closing(sqlite3.connect(folder / STATE)) as state:
            state.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        numbers["sqlite_db_mb"] = sum(each.stat().st_size for each in folder.iterdir()) / 1e6
    async with _sqlite() as (saver, _, _):
        numbers["bare_ms"] = await _bare(size, saver)
    if os.environ.get(POSTGRES):
        async with _postgres(os.environ[POSTGRES]) as (saver, store):
            numbers["postgres_ms"] = await _ours(plan, saver, store)
    return numbers


@dataclass
class _NoOp:
    """Does nothing, or sleeps as long as its subtask says, and leaves a digest of `RESULT_CHARS`."""

    sleeps: bool = False
    name: str = "no-op"

    async def work(self, assignment: Assignment) -> Digest:
        if self.sleeps:
            await asyncio.sleep(assignment.subtask.forecast.tokens_p50 / 1_000)
        claims = tuple(Claim(text="x" * (RESULT_CHARS // 2 - 120)) for _ in range(2))
        return Digest(subtask=assignment.subtask.id, claims=claims)


async def _ours(
    plan: Plan,
    saver: BaseCheckpointSaver[Any] | None,
    store: BaseStore | None,
    worker: _NoOp | None = None,
    slots: int = 8,
) -> float:
    """Milliseconds per subtask of one run."""
    limits = Limits(tokens=None, concurrency=slots)
    context = Context(workers={"worker": worker or _NoOp()}, writer=QuietWriter(), limits=limits)
    graph = build_graph().compile(checkpointer=saver, store=store)
    given: Any = {"brief": "q", "plan": plan.model_dump(mode="json"), "run_id": "r"}
    began = time.perf_counter()
    await graph.ainvoke(given, {"configurable": {"thread_id": "t"}}, context=context)
    return (time.perf_counter() - began) * 1e3 / len(plan.subtasks)


async def _bare(size: int, saver: BaseCheckpointSaver[Any]) -> float:
    """The same commits with two durable `@task`s a subtask and nothing else, in milliseconds per subtask."""

    @task
    async def commit(item: str) -> str:
        return item

    @task
    async def work(item: str) -> str:
        return "x" * RESULT_CHARS

    @entrypoint(checkpointer=saver)
    async def flow(items: list[str]) -> int:
        kept = [work(await commit(item)) for item in items]
        return len(await asyncio.gather(*kept))

    began = time.perf_counter()
    await flow.ainvoke([f"s{i}" for i in range(size)], {"configurable": {"thread_id": "t"}})
    return (time.perf_counter() - began) * 1e3 / size


async def _large() -> float:
    """Makespan ÷ max(critical path, work ÷ slots) of a large plan with dependencies and uneven work."""
    draw = random.Random(0)
    durations = {f"s{i}": min(8.0, draw.lognormvariate(math.log(1.5), 0.7)) for i in range(LARGE)}
    depends_on = {
        f"s{i}": tuple(f"s{j}" for j in draw.sample(range(max(0, i - 400), i), min(i, draw.choice([0, 1, 2]))))
        for i in range(LARGE)
    }
    ends: dict[str, float] = {}
    for name, seconds in durations.items():
        ends[name] = max((ends[each] for each in depends_on[name]), default=0.0) + seconds
    bound_s = max(max(ends.values()), sum(durations.values()) / LARGE_SLOTS)
    plan = plan_of(durations, depends_on)
    async with _sqlite() as (saver, store, _):
        return await _ours(plan, saver, store, _NoOp(sleeps=True), LARGE_SLOTS) * LARGE / 1e3 / bound_s


@asynccontextmanager
async def _sqlite() -> AsyncIterator[tuple[BaseCheckpointSaver[Any], BaseStore, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with open_saver(folder / STATE) as saver, open_store(folder / "store.sqlite") as store:
            yield saver, store, folder


@asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[tuple[Any, Any]]:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from langgraph.store.postgres.aio import AsyncPostgresStore

    async with AsyncExitStack() as stack:
        saver = await stack.enter_async_context(AsyncPostgresSaver.from_conn_string(url))
        store = await stack.enter_async_context(AsyncPostgresStore.from_conn_string(url))
        await saver.setup()
        await store.setup()
        await saver.adelete_thread("t")
        yield saver, store
