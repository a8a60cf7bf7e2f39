"""Budgets where they meet: revisions, judges that fail, and journals read back from a real database."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from support.faulty import JOB
from support.plans import FunctionWorker, context_with, plan_of, subtask, tell

from foreplan.agents.board import Board
from foreplan.agents.loop import run_graph
from foreplan.agents.roles import Assignment
from foreplan.core.errors import BudgetExhausted, ModelError
from foreplan.core.events import Event, Spent, SubtaskEnded, subtask_of
from foreplan.core.models.base import Reply, Request
from foreplan.core.models.roles import Models
from foreplan.core.testing.models import FunctionModel, model_of
from foreplan.core.usage import Price, Usage
from foreplan.planner.brief import Brief

BRIEF = Brief(goal="What follows what?")
BUDGET = 2_000


async def test_what_a_revision_changes_has_a_budget_of_its_own():
    """The first work uses its budget up and fails; the changed subtask finds all of its own budget there."""
    found: dict[str, int | None] = {}

    async def do(assignment: Assignment) -> str:
        found[assignment.subtask.goal] = assignment.account.tokens_left
        if assignment.subtask.goal == "In vain":
            kept = await assignment.account.reserve(BUDGET - 500, 500, Price())
            await assignment.account.settle(kept, Usage(BUDGET - 500, 0, 500))
            raise ModelError("It is down.", kind="refused")
        return await tell(assignment)

    def planner(request: Request) -> Reply:
        changed = subtask("s", goal="Another way", budget=BUDGET)
        return Reply(json.dumps({**JOB.plan, "subtasks": [changed.model_dump(mode="json")]}))

    events: list[Event] = []
    context = context_with(FunctionWorker(do), models=Models(planner=model_of(FunctionModel(planner))))
    plan = plan_of(subtask("s", goal="In vain", budget=BUDGET))
    result = await run_graph(BRIEF, run_id="r", context=context, plan=plan, on_event=events.append)
    assert result.state == "done"
    assert found == {"In vain": BUDGET, "Another way": BUDGET}
    assert [event.tokens for event in events if isinstance(event, SubtaskEnded)] == [BUDGET, BUDGET]
    assert {subtask_of(event.account) for event in events if isinstance(event, Spent)} == {None}


@pytest.mark.parametrize(
    "error", [ModelError("It is down.", kind="refused"), BudgetExhausted("Nothing is left.", scope="s")]
)
async def test_a_judge_that_fails_loses_nothing_of_what_was_found(error: Exception):
    async def judge(goal: str, digest: Any) -> float:
        raise error

    worker = FunctionWorker(tell)
    plan = plan_of(subtask("s", attempts=3, select="best"))
    result = await run_graph(BRIEF, run_id="r", context=context_with(worker, verifier=judge), plan=plan)
    assert result.state == "done"
    assert result.report is not None
    assert "S follows nothing." in result.report.markdown


@pytest.mark.postgres
async def test_a_journal_of_thousands_is_read_back_whole(postgres_url: str):
    """Entries written together have one time, by which the store orders them."""
    from langgraph.store.postgres.aio import AsyncPostgresStore

    async with AsyncPostgresStore.from_conn_string(postgres_url) as store:
        await store.setup()
        board = Board(store, "r")
        await asyncio.gather(*(board.write(f"k{number}", {"number": number}) for number in range(4_000)))
        assert sorted(entry["number"] for entry in await board.journal()) == list(range(4_000))
