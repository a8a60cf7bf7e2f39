from __future__ import annotations

import asyncio
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command
from support.plans import DIAMOND, FunctionWorker, context_with, plan_of, subtask, tell

from foreplan.agents.durable import open_saver, open_store
from foreplan.agents.graph import build_graph
from foreplan.agents.roles import Assignment
from foreplan.core.errors import InputError, SettingsError
from foreplan.core.limits import Limits


def brief_and(plan: Any, run_id: str = "r1") -> Any:
    return {"brief": {"goal": "What follows what?"}, "plan": plan.model_dump(mode="json"), "run_id": run_id}


async def test_a_plan_runs_to_a_cited_report_without_a_checkpointer():
    worker = FunctionWorker(tell)
    out = await build_graph().compile().ainvoke(brief_and(DIAMOND), context=context_with(worker))
    assert out["ended"] == "done"
    assert "Join follows Left+Right." in out["report"]["markdown"]
    assert out["report"]["citations"][0]["quote"] == "Root follows nothing."
    assert worker.begun == ["root", "left", "right", "join"]


async def test_state_holds_only_what_it_says_and_the_brief_may_be_plain_text():
    worker = FunctionWorker(tell)
    given: Any = {**brief_and(DIAMOND), "brief": "What follows what?"}
    out = await build_graph().compile().ainvoke(given, context=context_with(worker))
    assert set(out) == {"run", "current_plan", "report", "ended"}


async def test_subtasks_start_when_their_own_dependencies_end():
    slow_may_end = asyncio.Event()

    async def do(assignment: Assignment) -> str:
        if assignment.subtask.id == "slow":
            await slow_may_end.wait()
        if assignment.subtask.id == "child":
            slow_may_end.set()
        return await tell(assignment)

    plan = plan_of(subtask("slow"), subtask("quick"), subtask("child", "quick"))
    worker = FunctionWorker(do)
    async with asyncio.timeout(5):
        await build_graph().compile().ainvoke(brief_and(plan), context=context_with(worker))
    assert worker.ended == ["quick", "child", "slow"]


async def test_a_failure_cancels_no_sibling_and_the_report_names_it():
    async def do(assignment: Assignment) -> str:
        if assignment.subtask.id == "left":
            raise ValueError("the dog ate it")
        return await tell(assignment)

    plan = plan_of(
        subtask("root"), subtask("left", "root"), subtask("right", "root"),
        subtask("skips", "left"), subtask("goes-on", "left", "right", on_missing="partial"),
    )  # fmt: skip
    worker = FunctionWorker(do)
    out = await build_graph().compile().ainvoke(brief_and(plan), context=context_with(worker))
    assert out["ended"] == "partial"
    assert {each["subtask"] for each in out["report"]["missing"]} == {"left", "skips"}
    assert "the dog ate it" in out["report"]["markdown"]
    assert worker.ended == ["root", "right", "goes-on"]


async def test_with_one_slot_the_longest_remaining_path_goes_first():
    worker = FunctionWorker(tell)
    limits = Limits(tokens=100_000, concurrency=1)
    plan = plan_of(subtask("short"), subtask("a"), subtask("b", "a"), subtask("c", "b"))
    await build_graph().compile().ainvoke(brief_and(plan), context=context_with(worker, limits=limits))
    assert worker.ended == ["a", "b", "short", "c"]


async def test_equal_subtasks_are_done_once():
    worker = FunctionWorker(tell)
    same = {"goal": "The same"}
    plan = plan_of(subtask("one", **same), subtask("two", **same), subtask("end", "one", "two"))
    out = await build_graph().compile().ainvoke(brief_and(plan), context=context_with(worker))
    assert worker.begun == ["one", "end"]
    assert out["ended"] == "done"


async def test_approval_waits_edits_and_rejects():
    worker = FunctionWorker(tell)
    context = context_with(worker, approve=True)
    graph = build_graph().compile(checkpointer=InMemorySaver(), store=InMemoryStore())
    config: Any = {"configurable": {"thread_id": "t"}}
    out = await graph.ainvoke(brief_and(DIAMOND), config, context=context)
    assert out["__interrupt__"][0].value["plan"]["subtasks"][0]["id"] == "root"
    assert worker.begun == []
    broken = plan_of(subtask("only")).model_dump(mode="json") | {"mode": "direct"}
    again = await graph.ainvoke(Command(resume={"decision": "edit", "plan": broken}), config, context=context)
    assert "subtasks" in again["__interrupt__"][0].value["error"]
    edited = plan_of(subtask("only")).model_dump(mode="json")
    out = await graph.ainvoke(Command(resume={"decision": "edit", "plan": edited}), config, context=context)
    assert (out["ended"], worker.begun) == ("done", ["only"])
    config = {"configurable": {"thread_id": "other"}}
    await graph.ainvoke(brief_and(DIAMOND, "r2"), config, context=context)
    out = await graph.ainvoke(Command(resume={"decision": "reject", "reason": "no"}), config, context=context)
    assert (out["ended"], worker.begun) == ("rejected", ["only"])


class Theirs(TypedDict):
    name: str


class Parent(TypedDict, total=False):
    question: str
    brief: Any
    plan: Any
    report: Any


async def test_the_graph_is_a_subgraph_of_a_parent_with_another_context():
    worker = FunctionWorker(tell)

    def ask(state: Parent) -> Parent:
        return {"brief": state["question"], "plan": DIAMOND.model_dump(mode="json")}

    parent = StateGraph(Parent, context_schema=Theirs)
    parent.add_node("ask", ask)
    parent.add_node("research", build_graph(context_with(worker)).compile())
    parent.add_edge(START, "ask")
    parent.add_edge("ask", "research")
    parent.add_edge("research", END)
    graph = parent.compile(checkpointer=InMemorySaver(), store=InMemoryStore())
    out = await graph.ainvoke({"question": "What?"}, {"configurable": {"thread_id": "p"}}, context={"name": "theirs"})
    assert "Join follows Left+Right." in out["report"]["markdown"]


async def test_one_thread_can_be_asked_twice():
    worker = FunctionWorker(tell)
    graph = build_graph().compile(checkpointer=InMemorySaver(), store=InMemoryStore())
    config: Any = {"configurable": {"thread_id": "chat"}}
    context = context_with(worker)
    first: Any = {"brief": "One?", "plan": plan_of(subtask("one")).model_dump(mode="json")}
    await graph.ainvoke(first, config, context=context)
    second: Any = {"brief": "Two?", "plan": plan_of(subtask("two")).model_dump(mode="json")}
    out = await graph.ainvoke(second, config, context=context)
    assert worker.begun == ["one", "two"]
    assert "Two follows nothing." in out["report"]["markdown"]
    assert "One follows" not in out["report"]["markdown"]


async def test_a_run_goes_on_from_sqlite_where_another_process_stopped(tmp_path):
    """The first process ends inside `right`; the second one must not do `root` and `left` again."""
    both_kept = asyncio.Event()
    kept: list[str] = []

    async def hang(assignment: Assignment) -> str:
        if assignment.subtask.id == "right":
            await asyncio.Event().wait()
        return await tell(assignment)

    first, second = FunctionWorker(hang), FunctionWorker(tell)
    config: Any = {"configurable": {"thread_id": "t"}}
    artifacts = context_with(first).artifacts

    async def leg(worker: FunctionWorker, step: Any) -> Any:
        async with (
            open_saver(tmp_path / "checkpoints.sqlite") as saver,
            open_store(tmp_path / "store.sqlite") as store,
        ):
            graph: Any = build_graph().compile(checkpointer=saver, store=store)
            state: Any = None
            context = context_with(worker, artifacts=artifacts)
            async for mode, part in graph.astream(step, config, context=context, stream_mode=["custom", "values"]):
                if mode == "values":
                    state = part
                elif part["type"] == "subtask_ended":
                    kept.append(part["subtask"])
                    if kept == ["root", "left"]:
                        both_kept.set()
            return state

    run = asyncio.create_task(leg(first, brief_and(DIAMOND)))
    await both_kept.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    out = await leg(second, None)
    assert second.begun == ["right", "join"]
    assert "Join follows Left+Right." in out["report"]["markdown"]


async def test_cancelling_leaves_no_worker_running():
    running = 0
    all_begun = asyncio.Event()

    async def do(assignment: Assignment) -> str:
        nonlocal running
        running += 1
        if running == 5:
            all_begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            running -= 1
        return ""

    worker = FunctionWorker(do)
    plan = plan_of(*(subtask(f"s{i}") for i in range(5)))
    run = asyncio.create_task(build_graph().compile().ainvoke(brief_and(plan), context=context_with(worker)))
    await all_begun.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert running == 0


@pytest.mark.parametrize(
    "brief", ["", "   ", None, 7, {"goal": ""}, {"goal": "x", "colour": "red"}, {"goal": "x" * 10**6}]
)
async def test_a_brief_that_cannot_be_used_gets_a_clear_error(brief):
    with pytest.raises(InputError, match="brief cannot be used"):
        await build_graph().compile().ainvoke({"brief": brief}, context=context_with(FunctionWorker(tell)))


async def test_a_plan_with_a_cycle_gets_a_clear_error():
    plan = plan_of(subtask("a", "b"), subtask("b", "a"))
    with pytest.raises(InputError, match="cycle"):
        await build_graph().compile().ainvoke(brief_and(plan), context=context_with(FunctionWorker(tell)))


async def test_without_a_context_the_graph_says_what_to_pass():
    with pytest.raises(SettingsError, match="context"):
        await build_graph().compile().ainvoke(brief_and(DIAMOND))
