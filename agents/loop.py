"""Running a brief to its report over any checkpointer: start, go on after a crash, ask for approval, tell what happens.

`run_graph` is the loop that every front end shares (the command line, jobs, an app that wants no graph of its own). It
knows nothing of folders; `agents.run` adds those. A run is known by its id: the same id with the same checkpointer and
store goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeAlias, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.runtime import RunControl
from langgraph.store.base import BaseStore
from langgraph.types import Command, Interrupt

from ..core.errors import ForeplanError
from ..core.events import Event, parse_event, silent
from ..memory.errors import UnknownVersion
from ..planner.brief import Brief
from ..planner.plan import Plan
from .context import Context
from .graph import build_graph
from .nodes.write import kept_digests
from .report import Report
from .result import RunResult
from .scope import open_scope
from .state import STATE_VERSION, Json, RunState
from .telling import retell

Approve: TypeAlias = Callable[[Plan, str], Awaitable[Json]]
"""Asked with a plan, and with what was wrong with the last answer (or ""); gives a decision as node `approve` takes."""


async def run_graph(
    brief: Brief,
    *,
    run_id: str,
    context: Context,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    store: BaseStore | None = None,
    plan: Plan | None = None,
    on_event: Callable[[Event], None] = silent,
    approve: Approve | None = None,
    control: RunControl | None = None,
) -> RunResult:
    """Take a brief to its report.

    Args:
        brief: what the user wants; when the run goes on after a stop, the one it began with counts.
        run_id: the run's name and its LangGraph thread.
        context: models, sources, tools and limits.
        checkpointer: keeps the graph's state; without one the run cannot be stopped and gone on with, nor approved.
        store: keeps plan, results and ledger; without one they live in `context.store`.
        plan: run this plan instead of asking the planner.
        on_event: told everything that happens, in order.
        approve: asked when `context.approve` is on.
        control: its `request_drain()` stops the run in good order: no subtask is begun any more, those under way end.

    Raises:
        GraphDrained: the run was stopped by `control`; under its id it goes on where it stopped.
        UnknownVersion: another version of Foreplan began it.
        ForeplanError: the run cannot go on; what it has done is kept under its id.
    """
    graph = build_graph().compile(checkpointer=checkpointer, store=store)
    config: RunnableConfig = {"configurable": {"thread_id": run_id}}
    started = time.monotonic()
    known = await graph.aget_state(config) if checkpointer else None
    state: Json = dict(known.values) if known else {}
    step: Json | Command[Any] | None = None
    if state and state.get("version", STATE_VERSION) != STATE_VERSION:
        raise UnknownVersion(f"The state of run {run_id}", found=state["version"], known=STATE_VERSION)
    if known is None or not state:
        step = {"brief": brief.model_dump(mode="json"), "run_id": run_id, "plan": plan and plan.model_dump(mode="json")}
    elif "run" in state:
        begun = cast(RunState, state)
        await retell(await open_scope(begun, context, store, emit=on_event), begun, known.next)
    while not state.get("ended"):
        state, questions = await _advance(graph, step, config, context, on_event, control)
        if questions:
            step = Command(resume=await _answer(questions[0].value, approve))
    return await _result(state, context, store, time.monotonic() - started)


async def _advance(
    graph: Any,
    step: Json | Command[Any] | None,
    config: RunnableConfig,
    context: Context,
    on_event: Callable[[Event], None],
    control: RunControl | None,
) -> tuple[Json, Sequence[Interrupt]]:
    """Run until the graph ends or asks. Its state then, and what it asks."""
    state: Json = {}
    questions: Sequence[Interrupt] = ()
    modes: list[Any] = ["custom", "values"]
    stream = graph.astream(step, config, context=context, stream_mode=modes, version="v2", control=control)
    async with aclosing(stream) as parts:
        async for part in parts:
            if part["type"] == "custom":
                on_event(parse_event(part["data"]))
            else:
                state = part["data"]
                questions = part["interrupts"]
    return state, questions


async def _answer(question: Any, approve: Approve | None) -> Json:
    if not isinstance(question, dict) or not {"plan", "revision"} <= question.keys():
        raise ForeplanError(
            f"A tool waits for an answer to {str(question)[:200]!r}.",
            hint="Run the graph itself (build_graph) and answer with Command(resume=...).",
        )
    if approve is None:
        raise ForeplanError("The plan waits for approval.", hint="Resume the run where somebody can approve it.")
    return await approve(Plan.model_validate(question["plan"]), question.get("error", ""))


async def _result(state: Json, context: Context, store: BaseStore | None, seconds: float) -> RunResult:
    scope = await open_scope(cast(RunState, state), context, store)
    plan = Plan.model_validate(state["current_plan"]) if state.get("current_plan") else None
    return RunResult(
        run_id=scope.run,
        state=state["ended"],
        brief=scope.brief,
        plan=plan,
        digests=await kept_digests(scope, plan) if plan else (),
        report=Report.model_validate(state["report"]) if state.get("report") else None,
        usage=scope.ledger.spent(),
        dollars=scope.ledger.dollars(),
        calls=scope.ledger.calls(),
        seconds=seconds,
        exchanges=await scope.board.exchanges(),
    )
