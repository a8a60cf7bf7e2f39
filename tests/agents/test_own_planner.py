"""A user's own planner plans instead of the model, once; what it is asked and says stands in the trace."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from support.plans import FunctionWorker, context_with, plan_of, subtask, tell

from foreplan.agents.context import Context
from foreplan.agents.roles import Assignment, Planning
from foreplan.agents.run import resume, run
from foreplan.core.limits import Limits
from foreplan.memory.trace.reader import read_kept
from foreplan.planner.brief import Brief
from foreplan.planner.errors import PlanError
from foreplan.planner.exchange import Exchange
from foreplan.planner.plan import Plan

BRIEF = Brief(goal="What follows what?")


class OwnPlanner:
    name = "own"

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.asked: list[Planning] = []

    async def propose(self, planning: Planning) -> Plan:
        self.asked.append(planning)
        planning.hear(Exchange([{"role": "user", "content": planning.brief.goal}], "a | b", "First a."))
        return self.plan


def with_planner(planner: OwnPlanner, worker: FunctionWorker) -> Context:
    return replace(context_with(worker, limits=Limits(tokens=10_000, writer_share=0.2)), planner=planner)


async def test_its_plan_is_run_and_its_words_are_in_the_trace(tmp_path: Path):
    planner = OwnPlanner(plan_of(subtask("a"), subtask("b", "a")))
    result = await run(BRIEF, context=with_planner(planner, FunctionWorker(tell)), home=tmp_path, run_id="r")
    assert result.plan == planner.plan
    assert [digest.subtask for digest in result.digests] == ["a", "b"]
    (asked,) = planner.asked
    assert (asked.brief, asked.rules.subtask_tokens, asked.account.name) == (BRIEF, 8_000, "planner")
    kept = [content for _, content in read_kept(tmp_path / "runs" / "r" / "trace.jsonl", "messages")]
    assert [(each["said"], each["reasoning"]) for each in kept] == [("a | b", "First a.")]


async def test_it_is_not_asked_to_revise_nor_asked_again_when_a_run_goes_on(tmp_path: Path):
    async def fail(assignment: Assignment) -> str:
        raise ValueError("nothing there")

    planner = OwnPlanner(plan_of(subtask("a"), subtask("b", "a")))
    context = with_planner(planner, FunctionWorker(fail))
    result = await run(BRIEF, context=context, home=tmp_path, run_id="r")
    again = await resume("r", context=context, home=tmp_path)
    assert (result.state, again.state, len(planner.asked)) == ("failed", "failed", 1)


async def test_a_plan_that_breaks_the_rules_is_refused_with_its_faults(tmp_path: Path):
    planner = OwnPlanner(plan_of(subtask("a", budget=9_000), subtask("b", worker="nobody")))
    with pytest.raises(PlanError) as refused:
        await run(BRIEF, context=with_planner(planner, FunctionWorker(tell)), home=tmp_path)
    assert {fault.path for fault in refused.value.faults} == {"subtasks[0].budget", "subtasks[1].worker"}
    assert "planner own" in str(refused.value)


@pytest.mark.parametrize(("waves", "ended"), [(False, ["quick", "child", "slow"]), (True, ["quick", "slow", "child"])])
async def test_in_waves_nothing_begins_before_the_level_above_is_over(tmp_path: Path, waves: bool, ended: list[str]):
    child_begun = asyncio.Event()

    async def do(assignment: Assignment) -> str:
        if assignment.subtask.id == "child":
            child_begun.set()
        if assignment.subtask.id == "slow" and not waves:
            await child_begun.wait()
        return await tell(assignment)

    planner = OwnPlanner(plan_of(subtask("quick"), subtask("child", "quick"), subtask("slow")))
    worker = FunctionWorker(do)
    async with asyncio.timeout(10):
        await run(BRIEF, context=replace(with_planner(planner, worker), waves=waves), home=tmp_path)
    assert worker.ended == ended


async def test_waves_do_not_get_stuck_where_the_first_level_comes_last_in_the_plan(tmp_path: Path):
    rows = [subtask("root"), *(subtask(f"low-{at}", "root", budget=100) for at in range(300))]
    late = [subtask(f"late-{at}", budget=100) for at in range(300)]
    planner = OwnPlanner(plan_of(*rows, *late))
    context = replace(context_with(FunctionWorker(tell), limits=Limits(tokens=None)), planner=planner, waves=True)
    async with asyncio.timeout(60):
        result = await run(BRIEF, context=context, home=tmp_path)
    assert len(result.digests) == 601
