from __future__ import annotations

import asyncio
import json

import pytest
from support.plans import DIAMOND, FunctionWorker, context_with, tell

from foreplan.agents.roles import Assignment
from foreplan.agents.run import resume, run
from foreplan.core.errors import ForeplanError, InputError
from foreplan.core.events import Event, ReportToken, RunStarted, SubtaskEnded, SubtaskStarted
from foreplan.memory.errors import UnknownRun
from foreplan.memory.trace.reader import read_events
from foreplan.planner.brief import Brief
from foreplan.planner.wire import load_plan

BRIEF = Brief(goal="What follows what?")


async def test_a_run_leaves_its_directory(tmp_path):
    events: list[Event] = []
    context = context_with(FunctionWorker(tell))
    result = await run(BRIEF, context=context, home=tmp_path, run_id="one", plan=DIAMOND, on_event=events.append)
    folder = tmp_path / "runs" / "one"
    assert result.state == "done"
    assert result.report is not None
    assert (folder / "report.md").read_text() == result.report.markdown
    assert load_plan(folder / "plan.json") == DIAMOND
    assert json.loads((folder / "result.json").read_text())["citations"]
    kept = [event for event in events if not isinstance(event, ReportToken)]
    assert list(read_events(folder / "trace.jsonl")) == kept
    assert {type(event).__name__ for event in events} >= {
        "RunStarted",
        "PlanItem",
        "PlanReady",
        "SubtaskEnded",
        "RunEnded",
    }


async def test_a_stopped_run_is_resumed_by_a_prefix_of_its_id_without_repeating_work(tmp_path):
    async def hang(assignment: Assignment) -> str:
        if assignment.subtask.id == "right":
            await asyncio.Event().wait()
        return await tell(assignment)

    first, second = FunctionWorker(hang), FunctionWorker(tell)
    both_kept = asyncio.Event()

    def watch(event: Event) -> None:
        if isinstance(event, SubtaskEnded) and event.subtask == "left":
            both_kept.set()

    going = asyncio.create_task(
        run(BRIEF, context=context_with(first), home=tmp_path, run_id="stops", plan=DIAMOND, on_event=watch)
    )
    await both_kept.wait()
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    assert not (tmp_path / "runs" / "stops" / "result.json").exists()
    events: list[Event] = []
    result = await resume("sto", context=context_with(second), home=tmp_path, on_event=events.append)
    assert second.begun == ["right", "join"]
    assert result.report is not None
    assert "Join follows Left+Right." in result.report.markdown
    assert isinstance(events[0], RunStarted)
    assert events[0].resumed
    assert {each.subtask for each in events if isinstance(each, SubtaskStarted) and each.cached} == {"root", "left"}
    again = await resume("stops", context=context_with(second), home=tmp_path)
    assert again.report == result.report
    assert second.begun == ["right", "join"]


async def test_approval_without_anybody_to_ask_is_a_clear_error_and_loses_nothing(tmp_path):
    worker = FunctionWorker(tell)
    context = context_with(worker, approve=True)
    with pytest.raises(ForeplanError, match="approval"):
        await run(BRIEF, context=context, home=tmp_path, run_id="asks", plan=DIAMOND)

    async def approve(plan, fault):
        return {"decision": "approve"}

    result = await resume("asks", context=context, home=tmp_path, approve=approve)
    assert result.state == "done"


async def test_an_id_that_is_taken_or_unknown_is_a_clear_error(tmp_path):
    context = context_with(FunctionWorker(tell))
    await run(BRIEF, context=context, home=tmp_path, run_id="one", plan=DIAMOND)
    with pytest.raises(InputError, match="one"):
        await run(BRIEF, context=context, home=tmp_path, run_id="one", plan=DIAMOND)
    with pytest.raises(UnknownRun, match="nobody"):
        await resume("nobody", context=context, home=tmp_path)


async def test_no_secret_enters_the_trace(tmp_path):
    async def leak(assignment: Assignment) -> str:
        raise ForeplanError("the server said: token hunter2hunter2 is not known")

    context = context_with(FunctionWorker(leak))
    await run(BRIEF, context=context, home=tmp_path, run_id="one", plan=DIAMOND, secrets=["hunter2hunter2"])
    trace = (tmp_path / "runs" / "one" / "trace.jsonl").read_text()
    assert "is not known" in trace
    assert "hunter2hunter2" not in trace
