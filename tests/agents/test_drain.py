"""Draining: nothing new is begun, what is under way ends and is kept, and the run goes on without repeating it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph.store.memory import InMemoryStore
from support.jobs import models_at, play, sources_of
from support.plans import DIAMOND, FunctionWorker, context_with, plan_of, subtask, tell

from foreplan.agents.context import Context
from foreplan.agents.graph import build_graph
from foreplan.agents.loop import run_graph
from foreplan.agents.roles import Assignment
from foreplan.agents.run import resume, run
from foreplan.core.events import Event, SubtaskEnded
from foreplan.core.limits import Limits
from foreplan.planner.brief import Brief
from foreplan.testing import ModelServer, ResearchJob, Timing

BRIEF = Brief(goal="What follows what?")


async def test_what_is_under_way_ends_and_the_run_goes_on_from_there():
    control = RunControl()

    async def drain(assignment: Assignment) -> str:
        if assignment.subtask.id == "left":
            control.request_drain()
        await asyncio.sleep(0.02)
        return await tell(assignment)

    first, second = FunctionWorker(drain), FunctionWorker(tell)
    context = context_with(first)
    kept: Any = {"run_id": "r", "checkpointer": InMemorySaver(), "store": InMemoryStore(), "plan": DIAMOND}
    events: list[Event] = []
    with pytest.raises(GraphDrained):
        await run_graph(BRIEF, context=context, control=control, on_event=events.append, **kept)
    assert first.ended == ["root", "left", "right"]
    assert first.begun == first.ended
    assert [event.subtask for event in events if isinstance(event, SubtaskEnded)] == first.ended
    result = await run_graph(BRIEF, context=replace(context, workers={"worker": second}), **kept)
    assert second.begun == ["join"]
    assert result.state == "done"
    assert result.report is not None
    assert "Join follows Left+Right." in result.report.markdown


async def test_waiting_subtasks_are_not_begun_when_slots_are_short():
    control = RunControl()

    async def drain(assignment: Assignment) -> str:
        control.request_drain("the machine goes down")
        return await tell(assignment)

    worker = FunctionWorker(drain)
    plan = plan_of(*(subtask(f"s{i}") for i in range(6)))
    context = context_with(worker, limits=Limits(tokens=100_000, concurrency=2))
    with pytest.raises(GraphDrained, match="machine goes down"):
        await run_graph(BRIEF, run_id="r", context=context, plan=plan, control=control)
    assert worker.begun == worker.ended
    assert len(worker.begun) <= 2


async def test_a_request_before_the_start_begins_nothing_and_is_no_failure():
    control = RunControl()
    control.request_drain()
    worker = FunctionWorker(tell)
    kept: Any = {"run_id": "r", "checkpointer": InMemorySaver(), "store": InMemoryStore(), "plan": DIAMOND}
    context = context_with(worker)
    with pytest.raises(GraphDrained):
        await run_graph(BRIEF, context=context, control=control, **kept)
    assert worker.begun == []
    result = await run_graph(BRIEF, context=context, **kept)
    assert result.state == "done"


async def test_the_graph_itself_is_drained_in_langgraphs_own_way():
    control = RunControl()

    async def drain(assignment: Assignment) -> str:
        control.request_drain()
        return await tell(assignment)

    worker = FunctionWorker(drain)
    graph = build_graph().compile(checkpointer=InMemorySaver(), store=InMemoryStore())
    config: Any = {"configurable": {"thread_id": "t"}}
    given: Any = {"brief": "What?", "plan": DIAMOND.model_dump(mode="json")}
    context = context_with(worker)
    with pytest.raises(GraphDrained):
        await graph.ainvoke(given, config, context=context, control=control)
    assert (await graph.aget_state(config)).next == ("execute",)
    out = await graph.ainvoke(None, config, context=context)
    assert out["ended"] == "done"
    assert worker.begun == ["root", "left", "right", "join"]


async def test_a_drain_in_the_middle_of_the_plan_pays_for_no_subtask_twice():
    job = ResearchJob(subtasks=8, levels=2, seed=2, planner=Timing(0.05, tokens_per_s=700), worker_s=(0.05, 0.1))
    control = RunControl()
    begun = Counter[str]()
    kept: Any = {"checkpointer": InMemorySaver(), "store": InMemoryStore()}

    def watch(event: Event) -> None:
        if isinstance(event, SubtaskEnded):
            control.request_drain()

    with ModelServer(job.script) as server:
        context = Context(models=models_at(server), sources=sources_of(job), limits=Limits(tokens=None))
        with pytest.raises(GraphDrained):
            await run_graph(
                Brief.model_validate(job.brief), run_id="job", context=context, control=control, on_event=watch, **kept
            )
        assert server.wait_idle()
        assert 0 < len([entry for entry in server.log if entry.model == "worker"]) < len(job.facts)
        played = await play(job.brief, replace(context, models=models_at(server)), **kept)
        assert server.wait_idle()
        for entry in server.log:
            text = "\n".join(str(message.get("content")) for message in entry.messages)
            begun.update(place.id for place in job.places if entry.model == "worker" and f": {place.goal}\n" in text)
        assert played.result.usage.total_tokens >= server.tokens_billed
    assert begun == Counter({place.id: 1 for place in job.places})
    assert job.found(played.report) == job.facts
    await context.models.aclose()


async def test_a_drained_directory_is_resumed(tmp_path):
    control = RunControl()

    async def drain(assignment: Assignment) -> str:
        control.request_drain()
        return await tell(assignment)

    first, second = FunctionWorker(drain), FunctionWorker(tell)
    with pytest.raises(GraphDrained):
        await run(BRIEF, context=context_with(first), home=tmp_path, run_id="one", plan=DIAMOND, control=control)
    assert first.begun == ["root"]
    result = await resume("one", context=context_with(second), home=tmp_path)
    assert second.begun == ["left", "right", "join"]
    assert result.state == "done"
