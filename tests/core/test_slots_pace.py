"""Slots at a pace: in no minute more than were asked for, in order of priority, and the run waits instead of failing."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.jobs import models_at, play, sources_of

from foreplan.agents.context import Context
from foreplan.core import slots as module
from foreplan.core.limits import Limits
from foreplan.core.models.roles import build_models
from foreplan.core.models.spec import ModelSpec
from foreplan.core.slots import PrioritySlots
from foreplan.testing import ModelServer, ResearchJob

MINUTE_S = 0.05


@pytest.fixture(autouse=True, scope="module")
def _short_minute():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MINUTE_S", MINUTE_S)
        yield


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.lists(st.floats(0, 0.04), min_size=1, max_size=12))
def test_no_minute_has_more_than_its_share(per_minute: int, size: int, arrivals: list[float]):
    async def begun() -> list[float]:
        slots, loop, times = PrioritySlots(size, per_minute=per_minute), asyncio.get_running_loop(), list[float]()

        async def one(after_s: float) -> None:
            await asyncio.sleep(after_s)
            async with slots.slot():
                times.append(loop.time())

        await asyncio.gather(*map(one, arrivals))
        return times

    times = asyncio.run(begun())
    assert len(times) == len(arrivals)
    # A slot is taken up a moment after it is given away, so two of them may be seen that much closer.
    assert all(
        later - earlier > 0.8 * MINUTE_S for earlier, later in zip(times, times[per_minute:], strict=False)
    )


async def test_waiters_of_highest_priority_have_the_next_minute():
    slots, served = PrioritySlots(4, per_minute=2), list[int]()

    async def one(priority: int) -> None:
        async with slots.slot(priority):
            served.append(priority)

    await asyncio.gather(*map(one, (1, 5, 3, 4, 2)))
    assert served == [5, 4, 3, 2, 1]


def test_models_of_one_endpoint_share_the_smallest_pace():
    def spec(model: str, pace: int | None) -> ModelSpec:
        return ModelSpec(model=model, base_url="http://one/v1", calls_per_minute=pace)

    models = build_models({"planner": spec("a", 30), "worker": spec("b", None), "writer": spec("c", 20)})
    slots = {id(models.role(role).slots) for role in ("planner", "worker", "writer")}
    assert len(slots) == 1
    given_away = models.role("worker").slots._given
    assert given_away is not None
    assert given_away.maxlen == 20


async def test_a_run_at_a_slow_pace_is_slow_and_whole():
    job = ResearchJob(subtasks=4, levels=2, seed=6)
    with ModelServer(job.script) as server:
        context = Context(
            models=models_at(server, calls_per_minute=1), sources=sources_of(job), limits=Limits(tokens=400_000)
        )
        played = await play(job.brief, context)
    assert played.result.state == "done"
    assert job.found(played.report) == job.facts
