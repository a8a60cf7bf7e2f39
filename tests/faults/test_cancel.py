"""Cancelling at any moment: no call is left running at the server, and none is made afterwards."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from support.faulty import JOB, Case, Stage

from foreplan.core.events import Event, silent
from foreplan.core.limits import Limits
from foreplan.core.testing.chat import Answer, ChatRequest


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    opened = Stage()
    yield opened
    opened.close()


@dataclass(frozen=True)
class Unhurried(Case):
    """A case in which the first calls take a moment each and all further ones half a minute."""

    quick_calls: int = 0
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def script(self, request: ChatRequest) -> Answer:
        answer = super().script(request)
        seconds = 0.03 if next(self.numbers) < self.quick_calls else 30.0
        if "planner" in request.model and seconds < 1:
            return replace(answer, tokens_per_s=10_000.0)
        return replace(answer, first_token_s=0.02, total_s=seconds)


def case_of(quick_calls: int) -> Case:
    """Eight subtasks of two attempts each: 18 calls in all."""
    subtasks = tuple({**each, "attempts": 2, "select": "fuse"} for each in JOB.plan["subtasks"][:8])
    limits = Limits(tokens=400_000, concurrency=6)
    return Unhurried(subtasks, limits, rate=0.0, kinds=(), seed=0, quick_calls=quick_calls)


def cancelled(stage: Stage, quick_calls: int, further_s: float) -> None:
    """Cancel a run some time after its first slow call came in, and look at the server's log."""
    case = case_of(quick_calls)
    stage.set(case)

    async def cancel() -> None:
        run = asyncio.create_task(stage.research(case, silent, timeout_s=60.0))
        while len(stage.server.log) <= quick_calls:  # noqa: ASYNC110 (the server lives in another thread)
            await asyncio.sleep(0.002)
        await asyncio.sleep(further_s)
        run.cancel()
        await asyncio.wait([run])
        assert run.cancelled()

    stage.run(cancel())
    assert stage.server.wait_idle(), "a call goes on although its run was cancelled"
    seen = len(stage.server.log)
    stage.run(asyncio.sleep(0.03))
    assert len(stage.server.log) == seen, "a call was made after the run was cancelled"
    assert sum(entry.client_left for entry in stage.server.log) >= seen - quick_calls > 0


@pytest.mark.parametrize(("quick_calls", "further_s"), [(0, 0.0), (0, 0.1), (3, 0.02), (9, 0.05), (17, 0.02)])
def test_cancelling_while_planning_working_or_writing_leaves_no_call_running(
    stage: Stage, quick_calls: int, further_s: float
):
    cancelled(stage, quick_calls, further_s)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_cancelling_at_60_random_moments_leaves_no_call_running(stage: Stage):
    draw = random.Random(7)
    for _ in range(60):
        cancelled(stage, draw.randint(0, 17), draw.uniform(0.0, 0.1))


def test_a_reader_that_breaks_cancels_the_run(stage: Stage):
    def read(event: Event) -> None:
        if event.type == "subtask_started":
            raise RuntimeError("the reader is gone")

    case = case_of(1)
    stage.set(case)
    with pytest.raises(RuntimeError, match="reader is gone"):
        stage.run(stage.research(case, read, timeout_s=60.0))
    assert stage.server.wait_idle()
