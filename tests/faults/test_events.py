"""The event stream: its order, its sums, and what waits in it for a reader that is slow or reads nothing at all."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from langgraph.store.memory import InMemoryStore
from support.faulty import Case, Stage, cases
from support.hostile import ORDERS, Hostile
from support.order import check_order
from support.plans import FunctionWorker, context_with, plan_of, subtask, tell

from foreplan.agents.context import Context
from foreplan.agents.graph import build_graph
from foreplan.agents.loop import run_graph
from foreplan.agents.roles import Assignment
from foreplan.agents.workers.model import MAX_CALLS, MAX_TURNS
from foreplan.core.errors import ForeplanError
from foreplan.core.events import MAX_WORDS_CHARS, Event, Noted
from foreplan.core.limits import Limits
from foreplan.core.models.base import Reply, ToolCall
from foreplan.core.models.roles import Models
from foreplan.core.testing.models import model_of
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan

BRIEF = Brief(goal="What follows what?")
EVENT_BYTES = 4 * MAX_WORDS_CHARS + 4_000


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    opened = Stage()
    yield opened
    opened.close()


@settings(max_examples=8, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(case=cases(rate=0.1))
def test_events_come_in_order_and_add_up(stage: Stage, case: Case):
    played = stage.play(case)
    if played.result is not None:
        check_order(played.events, played.result.usage)


async def test_a_slow_reader_holds_the_run_up_instead_of_filling_a_buffer():
    emitted = delivered = most = 0

    async def do(assignment: Assignment) -> str:
        nonlocal emitted
        for number in range(200):
            assignment.emit(Noted(text=str(number)))
            emitted += 1
            await asyncio.sleep(0)
        return await tell(assignment)

    def read(event: Event) -> None:
        nonlocal delivered, most
        if isinstance(event, Noted):
            most = max(most, emitted - delivered)
            delivered += 1
            time.sleep(0.0005)

    plan = plan_of(*(subtask(f"s{number}") for number in range(8)))
    await run_graph(BRIEF, run_id="r", context=context_with(FunctionWorker(do)), plan=plan, on_event=read)
    assert delivered == emitted == 8 * 200
    assert most <= 8 * 8


async def test_what_waits_for_a_reader_who_reads_nothing_is_bounded_by_the_runs_limits():
    """A model that calls as many tools as it may, with words as long as it likes; all events wait in the stream."""
    calls = tuple(ToolCall("1", f"tool_{ORDERS[number % 4]}", "x" * 1_000) for number in range(2_000))
    worker = Hostile(lambda request: Reply(text="y" * 10_000, tool_calls=calls, finish_reason="tool_calls"))
    models = Models(worker=model_of(worker, model="worker"))
    subtasks = [subtask(f"s{number}", budget=60_000, attempts=2, select="fuse") for number in range(4)]
    parts = await unread(plan_of(*subtasks), Context(models=models, limits=Limits(tokens=2_000_000, max_revisions=0)))
    called = len(worker.asked)
    assert called >= MAX_TURNS
    assert len(parts) <= 4 + 5 * len(subtasks) + (3 + 2 * MAX_CALLS) * called
    assert max(map(len, parts)) <= EVENT_BYTES


async def test_failures_with_long_words_make_short_events():
    async def do(assignment: Assignment) -> str:
        raise (ForeplanError if assignment.subtask.id == "s0" else ValueError)("no " * 1_000_000)

    plan = plan_of(*(subtask(f"s{number}") for number in range(3)))
    parts = await unread(plan, context_with(FunctionWorker(do)))
    assert sum('"subtask_ended"' in part for part in parts) == 3
    assert max(map(len, parts)) <= EVENT_BYTES


class Watched(InMemoryStore):
    """A store that tells when so many results were kept."""

    def __init__(self, results: int) -> None:
        super().__init__()
        self.left = results
        self.all_kept = asyncio.Event()

    async def aput(self, namespace: tuple[str, ...], *arguments: Any, **options: Any) -> None:
        await super().aput(namespace, *arguments, **options)
        self.left -= namespace[-1] == "result"
        if not self.left:
            self.all_kept.set()


async def unread(plan: Plan, context: Context) -> list[str]:
    """The events of a run whose reader took the first one, and then nothing until all subtasks had ended."""
    store = Watched(len(plan.subtasks))
    given: Any = {"brief": BRIEF.model_dump(mode="json"), "plan": plan.model_dump(mode="json"), "run_id": "r"}
    stream = build_graph().compile().astream(given, context=replace(context, store=store), stream_mode="custom")
    parts = [await anext(stream)]
    while parts[-1]["type"] != "subtask_started":
        parts.append(await anext(stream))
    await store.all_kept.wait()
    parts += [part async for part in stream]
    return [json.dumps(part) for part in parts]
