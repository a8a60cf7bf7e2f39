"""Starting subtasks while the plan is still being written, against the bound that no subtask starts before its text.

14 subtasks of 1 to 4 s; the planner writes 60 tokens/s after 1 s. Beside it in the same run: the same work once the
whole plan is there, without a barrier and in `Send` waves.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foreplan.agents.context import Context
from foreplan.agents.graph import build_graph
from foreplan.agents.roles import Assignment
from foreplan.bench._dags import OneCall, QuietWriter, irregular, plan_of, send_waves, timed_script
from foreplan.bench._job import models_at
from foreplan.core.heap import keep_imports
from foreplan.core.ledger import free_account
from foreplan.core.limits import Limits
from foreplan.core.models.roles import Models
from foreplan.core.testing.chat import Answer, ChatRequest, Script
from foreplan.core.testing.process import ProcessServer
from foreplan.core.testing.tokens import count_tokens
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan, Subtask
from foreplan.planner.propose import propose
from foreplan.planner.validate import PlanRules

SUBTASKS, FIRST_TOKEN_S, TOKENS_PER_S = 14, 1.0, 60.0
SEEDS = 3


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Makespan ÷ lower bound, means over seeds.

    Args:
        data: not used.
        quick: one seed.

    Returns:
        `makespan_ratio` and `makespan_ratio_max`, `wait_ratio` (whole plan first), `waves_ratio` (then in waves),
        and the bounds in seconds, `bound_s`.
    """
    rounds = [asyncio.run(_round(seed)) for seed in range(1 if quick else SEEDS)]
    bounds = [each["bound"] for each in rounds]
    ratios = {name: [each[name] / each["bound"] for each in rounds] for name in ("makespan", "wait", "waves")}
    means = {f"{name}_ratio": sum(each) / len(each) for name, each in ratios.items()}
    return {**means, "makespan_ratio_max": max(ratios["makespan"]), "bound_s": bounds}


def script(seed: int) -> Script:
    """What the server says: the planner writes the plan at its speed, each worker takes as long as its goal says."""
    text = _text(_plan(seed))
    others = timed_script()

    def say(request: ChatRequest) -> Answer:
        if "planner" in request.model:
            return Answer(text=text, first_token_s=FIRST_TOKEN_S, tokens_per_s=TOKENS_PER_S)
        said = others(request)
        return said if isinstance(said, Answer) else Answer(text="")

    return say


def _plan(seed: int) -> Plan:
    durations, depends_on = irregular(SUBTASKS, seed)
    draw = random.Random(seed)
    return plan_of({name: draw.uniform(1, 4) for name in durations}, depends_on)


def _text(plan: Plan) -> str:
    return json.dumps(plan.model_dump(mode="json"))


def _bound_s(plan: Plan) -> float:
    """The earliest end of the last subtask, when each starts once its text and its dependencies are there."""
    text = _text(plan)
    ends: dict[str, float] = {}
    at = 0
    for subtask in plan.subtasks:
        item = json.dumps(subtask.model_dump(mode="json"))
        at = text.index(item, at) + len(item)
        written_s = FIRST_TOKEN_S + count_tokens(text[:at]) / TOKENS_PER_S
        ready_s = max((ends[each] for each in subtask.depends_on), default=0.0)
        ends[subtask.id] = max(written_s, ready_s) + subtask.forecast.tokens_p50 / 1_000
    return max(ends.values())


async def _round(seed: int) -> dict[str, float]:
    plan = _plan(seed)
    with ProcessServer(f"{__name__}:script", {"seed": seed}) as server:
        models = models_at(server.url)
        await propose_once(models.worker)
        keep_imports()
        numbers = {
            "bound": _bound_s(plan),
            "makespan": await _streamed(models),
            "wait": await _waited(models),
            "waves": await _in_waves(models),
        }
        await models.aclose()
    return numbers


async def propose_once(model: Any) -> None:
    """Warm up connections and imports with a call that takes no time."""
    await model.call([{"role": "user", "content": "takes 0.0 s"}], account=free_account(), max_completion_tokens=16)


def _context(models: Models) -> Context:
    limits = Limits(tokens=None, concurrency=64)
    return Context(models=models, workers={"worker": OneCall(models.worker)}, writer=QuietWriter(), limits=limits)


async def _run(models: Models, given: Mapping[str, Any]) -> float:
    began = time.perf_counter()
    asked: Any = {"brief": "What takes how long?", **given}
    await build_graph().compile().ainvoke(asked, context=_context(models))
    return time.perf_counter() - began


async def _streamed(models: Models) -> float:
    return await _run(models, {})


async def _whole(models: Models) -> tuple[Plan, float]:
    began = time.perf_counter()
    rules = PlanRules(workers=("worker",))
    plan = await propose(models.planner, Brief(goal="What takes how long?"), account=free_account(), rules=rules)
    return plan, time.perf_counter() - began


async def _waited(models: Models) -> float:
    plan, seconds = await _whole(models)
    return seconds + await _run(models, {"plan": plan.model_dump(mode="json")})


async def _in_waves(models: Models) -> float:
    plan, seconds = await _whole(models)
    artifacts = MemoryArtifacts()

    def assignment(subtask: Subtask) -> Assignment:
        return Assignment(Brief(goal="q"), subtask, (), free_account(subtask.id), artifacts)

    began = time.perf_counter()
    await send_waves(plan, OneCall(models.worker), assignment).ainvoke({}, {"recursion_limit": 1_000})
    return seconds + time.perf_counter() - began
