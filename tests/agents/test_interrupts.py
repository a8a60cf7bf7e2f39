"""A tool of the user's that asks (LangGraph's `interrupt`) in the middle of a worker's work, and is answered."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command, interrupt
from support.jobs import models_at
from support.plans import FunctionWorker, context_with, plan_of, subtask, tell

from foreplan.agents.context import Context
from foreplan.agents.graph import build_graph
from foreplan.agents.loop import run_graph
from foreplan.agents.roles import Assignment
from foreplan.core.errors import ForeplanError
from foreplan.core.limits import Limits
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan
from foreplan.testing import Answer, ChatRequest, ModelServer

CONFIG: Any = {"configurable": {"thread_id": "t"}}


def given(plan: Plan) -> Any:
    return {"brief": "What is the code of the vault?", "plan": plan.model_dump(mode="json"), "run_id": "r"}


def asker(*names: str) -> FunctionWorker:
    async def do(assignment: Assignment) -> str:
        if assignment.subtask.id in names:
            return f"{assignment.subtask.id} was told {interrupt({'of': assignment.subtask.id})}."
        return await tell(assignment)

    return FunctionWorker(do)


@tool
def ask_the_guard(question: str) -> str:
    """Ask the guard of the vault."""
    return f"The guard says {interrupt({'question': question})}."


def say(request: ChatRequest) -> Answer:
    """The worker asks the guard, then hands in what the guard said."""
    if request.model == "writer":
        return Answer(text="The code is 4711 [c1].")
    told = [message for message in request.messages if message["role"] == "tool"]
    if not told:
        return Answer(tool_calls=[("ask_the_guard", {"question": "What is the code?"})])
    words = str(told[-1]["content"])
    handle = words.split("<data", 1)[1].split()[0].strip("\"'>").split("=")[-1].strip("\"'")
    claim = {"text": "The guard says 4711.", "source": handle, "quote": "The guard says 4711.", "value": "4711"}
    return Answer(tool_calls=[("submit_digest", {"claims": [claim], "open_questions": []})])


@pytest.mark.parametrize("attempts", [1, 2])
async def test_a_tool_that_asks_stops_the_run_and_goes_on_with_the_answer(attempts):
    select = "fuse" if attempts > 1 else "first"
    plan = plan_of(subtask("vault", budget=20_000, attempts=attempts, select=select))
    with ModelServer(say) as server:
        context = Context(models=models_at(server), tools=[ask_the_guard], limits=Limits(tokens=200_000))
        graph = build_graph().compile(checkpointer=InMemorySaver(), store=InMemoryStore())
        out = await graph.ainvoke(given(plan), CONFIG, context=context)
        for _ in range(attempts):
            if "__interrupt__" not in out:
                break
            assert out["__interrupt__"][0].value == {"question": "What is the code?"}
            assert "report" not in out
            out = await graph.ainvoke(Command(resume="4711"), CONFIG, context=context)
        await context.models.aclose()
    assert out["ended"] == "done"
    assert out["report"]["citations"][0]["quote"] == "The guard says 4711."


async def test_siblings_end_and_are_kept_while_one_subtask_asks():
    worker = asker("asks")
    plan = plan_of(subtask("asks"), subtask("other"), subtask("next", "other"), subtask("waits", "asks"))
    context = context_with(worker)
    graph = build_graph().compile(checkpointer=InMemorySaver(), store=InMemoryStore())
    out = await graph.ainvoke(given(plan), CONFIG, context=context)
    assert [each.value for each in out["__interrupt__"]] == [{"of": "asks"}]
    assert worker.ended == ["other", "next"]
    out = await graph.ainvoke(Command(resume="yes"), CONFIG, context=context)
    assert out["ended"] == "done"
    assert worker.ended == ["other", "next", "asks", "waits"]
    assert "asks was told yes." in out["report"]["markdown"]


async def test_two_questions_are_asked_together_and_answered_by_their_ids():
    worker = asker("one", "two")
    context = context_with(worker)
    graph = build_graph().compile(checkpointer=InMemorySaver(), store=InMemoryStore())
    out = await graph.ainvoke(given(plan_of(subtask("one"), subtask("two"))), CONFIG, context=context)
    answers = {each.id: f"answer to {each.value['of']}" for each in out["__interrupt__"]}
    assert len(answers) == 2
    out = await graph.ainvoke(Command(resume=answers), CONFIG, context=context)
    assert "one was told answer to one." in out["report"]["markdown"]
    assert "two was told answer to two." in out["report"]["markdown"]


@pytest.mark.parametrize("question", [None, "the plan?", {"plan": "whose?"}])
async def test_where_nobody_can_answer_a_tool_it_is_a_clear_error(question):
    async def do(assignment: Assignment) -> str:
        return str(interrupt(question))

    kept: Any = {"checkpointer": InMemorySaver(), "store": InMemoryStore()}
    context = context_with(FunctionWorker(do))
    with pytest.raises(ForeplanError, match="A tool waits"):
        await run_graph(Brief(goal="?"), run_id="r", context=context, plan=plan_of(subtask("a")), **kept)
