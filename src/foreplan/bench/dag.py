"""Makespan of irregular 40-subtask plans ÷ critical path and, with 4 slots, ÷ the list-schedule bound.

Beside it in the same run: `Send` waves over the same calls, and with 4 slots the same executor, first come first
served.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from foreplan.agents.context import Context
from foreplan.agents.graph import build_graph
from foreplan.agents.roles import Assignment
from foreplan.bench._dags import OneCall, QuietWriter, critical_path_s, irregular, plan_of, send_waves
from foreplan.bench._job import models_at
from foreplan.core.heap import keep_imports
from foreplan.core.ledger import free_account
from foreplan.core.limits import Limits
from foreplan.core.testing.process import ProcessServer
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan, Subtask

SUBTASKS, SEEDS, REPEATS, SLOTS = 40, 10, 3, 4
SCRIPT = "foreplan.bench._dags:timed_script"


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Ratios over seeds, in random DAGs with lognormal durations of 0.05 to 1 s; the first two of medians of repeats.

    Args:
        data: not used.
        quick: two seeds, once each.

    Returns:
        `ratio_mean`, `ratio_max` and `send_ratio_mean` (÷ critical path); `slots4_ratio` and `slots4_fifo_ratio`
        (÷ max(critical path, work ÷ 4)).
    """
    return asyncio.run(_measure(*((2, 1) if quick else (SEEDS, REPEATS))))


async def _measure(seeds: int, repeats: int) -> dict[str, Any]:
    wide, waves, slots, fifo = [], [], [], []
    with ProcessServer(SCRIPT, {}) as server:
        models = models_at(server.url)
        worker = OneCall(models.worker)
        await _makespan(_wide(), worker, 64)
        keep_imports()
        for seed in range(seeds):
            print(f"seed {seed + 1} of {seeds}", file=sys.stderr)
            durations, depends_on = irregular(SUBTASKS, seed)
            path_s = critical_path_s(durations, depends_on)
            bound_s = max(path_s, sum(durations.values()) / SLOTS)
            plan, alike = plan_of(durations, depends_on), plan_of(durations, depends_on, forecast=False)
            rounds = [await _makespan(plan, worker, 64) for _ in range(repeats)]
            wide.append(statistics.median(rounds) / path_s)
            waves.append(await _waves_makespan(plan, worker) / path_s)
            slots.append(await _makespan(plan, worker, SLOTS) / bound_s)
            fifo.append(await _makespan(alike, worker, SLOTS) / bound_s)
        await models.aclose()
    return {
        "ratio_mean": statistics.mean(wide),
        "ratio_max": max(wide),
        "send_ratio_mean": statistics.mean(waves),
        "slots4_ratio": statistics.mean(slots),
        "slots4_fifo_ratio": statistics.mean(fifo),
        "seeds": seeds,
    }


def _wide() -> Plan:
    """As many short parts at once as any measured plan has, to warm up connections and imports."""
    names = [f"w{number}" for number in range(SUBTASKS)]
    return plan_of(dict.fromkeys(names, 0.05), dict.fromkeys(names, ()))


async def _makespan(plan: Plan, worker: OneCall, concurrency: int) -> float:
    """Seconds from the start of a run of this plan to the end of its last subtask."""
    limits = Limits(tokens=None, concurrency=concurrency)
    context = Context(workers={"worker": worker}, writer=QuietWriter(), limits=limits)
    graph = build_graph().compile()
    given: Any = {"brief": "q", "plan": plan.model_dump(mode="json")}
    began = time.perf_counter()
    await graph.ainvoke(given, context=context)
    return time.perf_counter() - began


async def _waves_makespan(plan: Plan, worker: OneCall) -> float:
    artifacts = MemoryArtifacts()

    def assignment(subtask: Subtask) -> Assignment:
        return Assignment(Brief(goal="q"), subtask, (), free_account(subtask.id), artifacts)

    graph = send_waves(plan, worker, assignment)
    began = time.perf_counter()
    await graph.ainvoke({}, {"recursion_limit": 1_000})
    return time.perf_counter() - began
