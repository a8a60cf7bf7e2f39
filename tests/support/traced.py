"""Runs and traces for tests of what becomes of them: real ones over HTTP, and one written event by event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foreplan.agents.context import Context
from foreplan.agents.result import RunResult
from foreplan.agents.run import run
from foreplan.core.events import (
    Event,
    PlanItem,
    PlanReady,
    RunEnded,
    RunStarted,
    Spent,
    SubtaskEnded,
    SubtaskStarted,
    ToolCalled,
)
from foreplan.core.testing.research import ResearchJob
from foreplan.memory.trace import Score, TraceWriter
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan
from foreplan.testing import ModelServer
from support.jobs import models_at, sources_of
from support.planning import as_json, make_plan, make_subtask

PLAN = make_plan(
    make_subtask("a"), make_subtask("b", "a", forecast={"success": 0.4, "tokens_p50": 10, "tokens_p90": 20})
)
SENT = [{"role": "system", "content": "Write a plan."}, {"role": "user", "content": "# Brief\nGoal: Weigh the moon."}]


async def run_with_models(home: Path, job: ResearchJob, run_id: str, **changes: Any) -> RunResult:
    """Play a job to its end against a model server, in a directory of its own."""
    async with ModelServer(job.script) as server:
        context = Context(models=models_at(server), sources=sources_of(job), **changes)
        try:
            return await run(Brief.model_validate(job.brief), context=context, home=home, run_id=run_id)
        finally:
            await context.models.aclose()


def events_of(run_id: str, *, project: str = "moon", tokens: int = 130, at: float = 1_700_000_000.0) -> list[Event]:
    """A run with a plan of two subtasks, of which the second fails."""
    return [
        RunStarted(at=at, run=run_id, goal="Weigh the moon.", project=project),
        PlanItem(at=at + 1, subtask="a", goal="Find a", budget_tokens=3_000),
        Spent(
            at=at + 2, account="planner", model="big", prompt_tokens=60, cached_tokens=8, completion_tokens=20,
            dollars=0.25, seconds=2.0,
        ),
        PlanReady(at=at + 2, mode="plan", subtasks=2),
        SubtaskStarted(at=at + 2, subtask="a", worker="small"),
        ToolCalled(at=at + 3, subtask="a", tool="search", detail="moon", seconds=0.5),
        Spent(at=at + 4, account="subtask:a", model="tiny", prompt_tokens=30, completion_tokens=10, seconds=1.0),
        SubtaskEnded(at=at + 4, subtask="a", state="done", claims=1, tokens=40, seconds=2.0),
        SubtaskStarted(at=at + 4, subtask="b", worker="small"),
        ToolCalled(at=at + 5, subtask="b", tool="fetch", detail="http://moon", seconds=1.0, error="HTTP 404"),
        SubtaskEnded(at=at + 5, subtask="b", state="failed", seconds=1.0, reason="nothing there"),
        Spent(at=at + 6, account="writer", model="big", prompt_tokens=5, completion_tokens=5, seconds=1.0),
        RunEnded(at=at + 6, state="partial", tokens=tokens, dollars=0.25, seconds=6.0, calls=3),
    ]  # fmt: skip


def write_trace(
    home: Path,
    run_id: str,
    *,
    goal: str = "Weigh the moon.",
    plan: Plan = PLAN,
    said: str | None = None,
    sent: Sequence[Any] = SENT,
    scores: Sequence[Score] = (),
    **changes: Any,
) -> Path:
    """A run's directory with a trace as a finished run leaves it; the directory."""
    folder = home / "runs" / run_id
    folder.mkdir(parents=True)
    with TraceWriter(folder / "trace.jsonl") as trace:
        trace.keep("brief", Brief(goal=goal))
        for event in events_of(run_id, **changes):
            trace(event)
        exchange = {"revision": 0, "sent": list(sent), "said": as_json(plan) if said is None else said, "reasoning": ""}
        trace.keep("messages", exchange)
        trace.keep("plan", plan)
        trace.keep("digest", {"subtask": "a", "claims": [{"text": "The moon weighs 7e22 kg."}]}, subtask="a")
        trace.keep("report", {"markdown": "# Moon\n\nThe moon weighs 7e22 kg. [1]"})
        for score in scores:
            trace.score(score)
    return folder


def rated(value: float) -> Score:
    """A user's rating."""
    return Score(name="user", value=value, by="user", at=1_700_000_100.0)


def lines_of(text: str) -> list[Any]:
    """The values of a JSONL text."""
    return [json.loads(line) for line in text.splitlines()]
