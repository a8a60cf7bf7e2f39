"""What a crash kept from a run's trace is in it once the run has gone on; what was told already is taken once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from support.jobs import models_at, sources_of
from support.plans import DIAMOND, FunctionWorker, context_with, tell

from foreplan.agents.context import Context
from foreplan.agents.loop import run_graph
from foreplan.agents.roles import Writing
from foreplan.agents.run import resume, run
from foreplan.agents.writers.extractive import ExtractiveWriter
from foreplan.cli.progress import PlainLines
from foreplan.core.errors import ForeplanError
from foreplan.core.events import Event, PlanItem, PlanRevised, RunEnded, SubtaskEnded
from foreplan.core.limits import Limits
from foreplan.memory.trace.reader import read_events
from foreplan.memory.trace.view import RunView
from foreplan.planner.brief import Brief
from foreplan.testing import Answer, Fault, ModelServer, ResearchJob, always

BRIEF = Brief(goal="What follows what?")
SUBTASKS = {each.id for each in DIAMOND.subtasks}


class FailsOnce:
    """A writer that fails at first, so that a run stops between its subtasks and its report."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    async def write(self, writing: Writing) -> Any:
        self.failures -= 1
        if self.failures >= 0:
            raise ForeplanError("no ink")
        return await ExtractiveWriter().write(writing)


def cut(trace: Path, lines: int) -> None:
    """Leave the first lines, and half of the next, as a process that was killed does."""
    whole = trace.read_bytes().splitlines(keepends=True)
    trace.write_bytes(b"".join(whole[:lines]) + (whole[lines][: len(whole[lines]) // 2] if lines < len(whole) else b""))


def view_of(trace: Path) -> RunView:
    view = RunView()
    for event in read_events(trace):
        view.apply(event)
    return view


@pytest.mark.parametrize("lines", [2, 5, 9, 14, 18])
@pytest.mark.parametrize("before", ["report", "result"])
async def test_a_trace_that_was_cut_anywhere_tells_all_once_the_run_has_gone_on(tmp_path, before, lines):
    context = context_with(FunctionWorker(tell), writer=FailsOnce(failures=before == "report"))
    if before == "report":
        with pytest.raises(ForeplanError, match="no ink"):
            await run(BRIEF, context=context, home=tmp_path, run_id="one", plan=DIAMOND)
    else:
        await run(BRIEF, context=context, home=tmp_path, run_id="one", plan=DIAMOND)
        took = [event.seconds for event in read_events(tmp_path / "runs/one/trace.jsonl") if isinstance(event, RunEnded)]
        time.sleep(0.3)
        (tmp_path / "runs" / "one" / "result.json").unlink()
    trace = tmp_path / "runs" / "one" / "trace.jsonl"
    cut(trace, lines)
    result = await resume("one", context=context, home=tmp_path)
    assert result.state == "done"
    told = list(read_events(trace))
    assert {event.subtask for event in told if isinstance(event, PlanItem)} == SUBTASKS
    assert {event.subtask for event in told if isinstance(event, SubtaskEnded) and event.state == "done"} == SUBTASKS
    end = [event for event in told if isinstance(event, RunEnded)][-1]
    assert end.state == "done"
    assert before == "report" or [end.seconds] == took
    view = view_of(trace)
    assert (view.phase, view.unfinished, len(view.rows)) == ("over", 0, 4)


async def test_a_finished_run_that_is_asked_for_again_tells_nothing_more(tmp_path):
    context = context_with(FunctionWorker(tell))
    await run(BRIEF, context=context, home=tmp_path, run_id="one", plan=DIAMOND)
    told: list[Event] = []
    assert (await resume("one", context=context, home=tmp_path, on_event=told.append)).state == "done"
    assert told == []


async def test_a_change_of_plan_is_told_again_and_counted_once():
    """The run is cut off while it waits for the changed plan to be approved, and told of from there on."""
    job = ResearchJob(subtasks=4, levels=2, seed=6)
    bad, *_ = [place for place in job.places if not place.depends_on]
    plans = 0

    def say(request: Any) -> Answer:
        nonlocal plans
        if "planner" not in request.model:
            return job.script(request)
        plans += 1
        kept = [each for each in job.plan["subtasks"] if plans == 1 or each["id"] != bad.id]
        ids = {each["id"] for each in kept}
        subtasks = [{**each, "depends_on": [name for name in each["depends_on"] if name in ids]} for each in kept]
        return Answer(json={**job.plan, "subtasks": subtasks})

    async def approve(plan: Any, fault: str) -> dict[str, Any]:
        if len(plan.subtasks) < len(job.plan["subtasks"]) and not told_again:
            raise ForeplanError("the process dies")
        return {"decision": "approve"}

    kept: Any = {"checkpointer": InMemorySaver(), "store": InMemoryStore(), "run_id": "one", "approve": approve}
    told: list[Event] = []
    told_again: list[Event] = []
    refusal = always(Fault("refusal"), lambda request: f"subtask: {bad.goal}\n" in request.text)
    with ModelServer(say, faults=refusal) as server:
        limits = Limits(tokens=400_000, max_revisions=1)
        context = Context(models=models_at(server), sources=sources_of(job), limits=limits, approve=True)
        with pytest.raises(ForeplanError, match="dies"):
            await run_graph(Brief.model_validate(job.brief), context=context, on_event=told.append, **kept)
        told_again.append(told[0])
        await run_graph(Brief.model_validate(job.brief), context=context, on_event=told_again.append, **kept)
    for events in (told, told_again):
        (change,) = [event for event in events if isinstance(event, PlanRevised)]
        assert change.dropped == (bad.id,)
    view = RunView()
    for event in [*told, *told_again]:
        view.apply(event)
    assert sum("plan changed" in note for note in view.notes) == 1
    assert view.rows[bad.id].dropped


def test_another_change_under_the_same_number_is_a_change_and_is_said_once_each():
    """A change that was told and never kept is followed by another one, which counts."""
    lines = PlainLines()
    for name in ("a", "b"):
        lines.line(PlanItem(subtask=name, goal=name))
    first, second = PlanRevised(revision=1, dropped=("a",)), PlanRevised(revision=1, dropped=("b",), reason="better")
    said = [lines.line(event) for event in (first, first.model_copy(update={"at": 1.0}), second, second)]
    assert [bool(line) for line in said] == [True, False, True, False]
    assert lines.view.rows["b"].dropped
    end = RunEnded(state="done", tokens=3)
    assert [bool(lines.line(event)) for event in (end, end.model_copy(update={"at": 1.0}))] == [True, False]
