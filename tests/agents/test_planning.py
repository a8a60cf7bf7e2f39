"""A plan that is carried out while it is written: over real HTTP, cut, malformed and gone on with."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from support.plans import FunctionWorker, tell

from foreplan.agents.context import Context
from foreplan.agents.graph import build_graph
from foreplan.agents.roles import Assignment
from foreplan.core.errors import ForeplanError
from foreplan.core.events import PlanItem, PlanReady, SubtaskEnded, SubtaskStarted, parse_event
from foreplan.core.limits import Limits
from foreplan.core.models.roles import Models, build_models
from foreplan.core.models.spec import ModelSpec
from foreplan.core.testing import Answer, Capabilities, ChatRequest, Constant, Fault, ModelServer, once
from foreplan.core.testing.research import ResearchJob
from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex

JOB = ResearchJob(subtasks=8, levels=3, seed=1)


def models_at(url: str) -> Models:
    return build_models(
        {role: ModelSpec(model=role, base_url=url, api_key=SecretStr("k")) for role in ("planner", "worker", "writer")}
    )


def context_at(server: ModelServer, **changes: Any) -> Context:
    sources = DocumentIndex.in_memory(Document(name, text, name) for name, text in JOB.documents.items())
    return replace(Context(models=models_at(server.url), sources=sources, limits=Limits(tokens=2_000_000)), **changes)


async def play(context: Context, **given: Any) -> tuple[dict[str, Any], list[Any]]:
    events: list[Any] = []
    state: dict[str, Any] = {}
    graph: Any = build_graph().compile()
    asked: Any = {"brief": JOB.brief, **given}
    async for mode, part in graph.astream(asked, context=context, stream_mode=["custom", "values"]):
        if mode == "custom":
            events.append(parse_event(part))
        else:
            state = part
    await context.models.aclose()
    return state, events


async def test_a_whole_job_over_http_states_every_fact():
    with ModelServer(JOB.script) as server:
        state, events = await play(context_at(server))
        assert JOB.found(state["report"]["markdown"]) == JOB.facts
        # What a worker may still ask for depends on how far prompts were counted when it began, so a search may be added.
        assert len(JOB.facts) + 2 <= len(server.log) <= 2 * len(JOB.facts) + 2
        assert state["ended"] == "done"
    assert [event.subtask for event in events if isinstance(event, PlanItem)] == [
        each["id"] for each in JOB.plan["subtasks"]
    ]


async def test_subtasks_start_before_the_plan_is_written():
    planner = Answer(json=JOB.plan, first_token_s=0.05, tokens_per_s=1_500)

    def script(request: ChatRequest) -> Answer:
        return planner if "planner" in request.model else JOB.script(request)

    with ModelServer(script) as server:
        _, events = await play(context_at(server))
    names = [type(event).__name__ for event in events]
    assert names.index("SubtaskEnded") < names.index("PlanReady")


@pytest.mark.parametrize("fault", [Fault("cut_stream", chunks=60), Fault("malformed_answer"), Fault("length")])
async def test_a_stream_that_breaks_is_continued_after_what_was_begun(fault):
    with ModelServer(JOB.script, faults=once(fault, lambda request: "planner" in request.model)) as server:
        state, events = await play(context_at(server))
        assert sum("planner" in call.model for call in server.log) == 2
    assert JOB.found(state["report"]["markdown"]) == JOB.facts
    started = [event.subtask for event in events if isinstance(event, SubtaskStarted)]
    assert sorted(started) == sorted(set(started))


@pytest.mark.parametrize(
    "capabilities",
    [
        Capabilities(json_schema=False),
        Capabilities(json_schema=False, tools=False),
        Capabilities(stream=False),
        Capabilities(system=False),
    ],
    ids=["tool", "prompt", "whole", "no-system"],
)
async def test_every_kind_of_endpoint_gets_a_plan(capabilities):
    with ModelServer(JOB.script, capabilities=capabilities) as server:
        state, _ = await play(context_at(server))
    assert JOB.found(state["report"]["markdown"]) == JOB.facts


async def test_thinking_before_the_plan_is_not_taken_for_it():
    def script(request: ChatRequest) -> Answer:
        if "planner" in request.model:
            return Answer(json=JOB.plan, reasoning='{"mode": "direct", "answer": "no"} but rather')
        return JOB.script(request)

    with ModelServer(script) as server:
        state, _ = await play(context_at(server))
    assert state["current_plan"]["mode"] == "plan"


async def test_a_direct_answer_takes_one_call():
    direct = {"mode": "direct", "answer": "5", "synthesis": "", "success": 1.0, "subtasks": []}
    with ModelServer(lambda request: Answer(json=direct)) as server:
        state, _ = await play(context_at(server, sources=None), brief="What is 2 + 3?")
        assert len(server.log) == 1
    assert state["report"]["markdown"] == "5\n"


async def test_a_planner_that_only_talks_is_a_clear_error_that_keeps_its_words():
    with ModelServer(lambda request: "I would rather not.") as server, pytest.raises(ForeplanError) as caught:
        await play(context_at(server))
    assert "I would rather not." in caught.value.raw  # type: ignore[attr-defined]


async def test_a_planner_that_breaks_for_good_leaves_a_shorter_plan_that_is_carried_out():
    text = Answer(json=JOB.plan)

    def script(request: ChatRequest) -> Answer:
        if "planner" not in request.model:
            return JOB.script(request)
        continued = any(message["role"] == "assistant" for message in request.messages)
        return Answer(text="no more") if continued else replace(text, fault=Fault("cut_stream", chunks=100))

    with ModelServer(script) as server:
        state, events = await play(context_at(server))
    ended = [event.subtask for event in events if isinstance(event, SubtaskEnded)]
    assert ended
    assert state["report"]["markdown"]
    ready = next(event for event in events if isinstance(event, PlanReady))
    assert ready.subtasks == len(ended) < len(JOB.facts)
    assert state["ended"] == "partial"
    assert "the rest of the plan" in state["report"]["markdown"]


async def test_while_one_subtask_works_the_rest_of_the_plan_goes_on_being_read():
    """Neither a slow worker nor a slow store holds the planner's stream up."""
    hold = asyncio.Event()

    async def do(assignment: Assignment) -> str:
        await hold.wait()
        return await tell(assignment)

    worker = FunctionWorker(do)
    with ModelServer(JOB.script, latency=Constant(first_token_s=0.0)) as server:
        context = context_at(server, workers={"worker": worker})
        events: list[Any] = []

        async def watch() -> None:
            async for part in (
                build_graph().compile().astream({"brief": JOB.brief}, context=context, stream_mode="custom")
            ):
                events.append(part["type"])
                if part["type"] == "plan_ready":
                    hold.set()

        await asyncio.wait_for(watch(), 20)
        await context.models.aclose()
    assert events.index("plan_ready") < events.index("subtask_ended")
