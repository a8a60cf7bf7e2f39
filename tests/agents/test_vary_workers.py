"""Attempts of one subtask on different workers of the pool, over real HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from support.jobs import models_at, play, sources_of
from support.plans import FunctionWorker, context_with, plan_of, subtask, tell

from foreplan.agents.context import Context
from foreplan.agents.roles import Assignment
from foreplan.core.events import Noted
from foreplan.core.limits import Limits
from foreplan.core.testing.log import Logged
from foreplan.testing import ModelServer, ResearchJob

JOB = ResearchJob(subtasks=1, levels=1, seed=8)
POOL = {"quick": "worker-quick", "deep": "worker-deep"}


async def workers_asked(own: str | None, attempts: int, **changes: Any) -> Sequence[Logged]:
    """The calls of the workers for one subtask whose attempts are all made."""
    place = JOB.places[0]
    changed = {"worker": own, "attempts": attempts, "select": "fuse", "budget": 60_000}
    plan = plan_of(subtask(place.id, goal=place.goal, **changed))
    with ModelServer(JOB.script) as server:
        context = Context(
            models=models_at(server, pool=POOL), sources=sources_of(JOB), limits=Limits(tokens=400_000), **changes
        )
        played = await play(JOB.brief, context, plan=plan)
        assert played.states == {place.id: "done"}
        return [entry for entry in server.log if entry.model.startswith("worker")]


@pytest.mark.parametrize(
    ("own", "attempts", "models"),
    [
        (None, 3, ["worker", "worker-deep", "worker-quick"]),
        ("quick", 2, ["worker-deep", "worker-quick"]),
        ("deep", 2, ["worker", "worker-deep"]),
        ("deep", 4, ["worker", "worker-deep", "worker-deep", "worker-quick"]),
    ],
)
async def test_attempts_go_round_the_pool_from_the_subtasks_own_worker(own, attempts, models):
    log = await workers_asked(own, attempts, vary_workers=True)
    assert sorted(entry.model for entry in log) == models


async def test_without_the_setting_all_attempts_are_the_subtasks_own_workers():
    log = await workers_asked("deep", 3)
    assert [entry.model for entry in log] == ["worker-deep"] * 3


async def test_workers_of_the_users_own_take_turns_too():
    drawn: list[tuple[str, int]] = []

    def named(name: str) -> FunctionWorker:
        async def do(assignment: Assignment) -> str:
            drawn.append((name, assignment.attempt))
            return await tell(assignment)

        return FunctionWorker(do)

    workers = {name: named(name) for name in ("worker", "second", "third")}
    context = context_with(workers["worker"], workers=workers, vary_workers=True)
    plan = plan_of(subtask("s", worker="second", attempts=3, select="fuse"))
    await play({"goal": "What?"}, context, plan=plan)
    assert sorted(drawn, key=lambda each: each[1]) == [("second", 0), ("third", 1), ("worker", 2)]


async def test_an_attempt_that_fails_beside_others_is_told():
    async def do(assignment: Assignment) -> str:
        if assignment.attempt == 1:
            raise RuntimeError("a bug of the worker")
        return await tell(assignment)

    context = context_with(FunctionWorker(do))
    plan = plan_of(subtask("s", attempts=3, select="fuse"), subtask("t"))
    played = await play({"goal": "What?"}, context, plan=plan)
    notes = [event.text for event in played.events if isinstance(event, Noted)]
    assert len(notes) == 1
    assert notes[0].startswith("s: attempt 2 of 3 failed: RuntimeError in test_vary_workers.py:")
    assert notes[0].endswith("a bug of the worker")
