from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.core.slots import PrioritySlots


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


class Crowd:
    """Tasks that each hold a slot until they are told to leave."""

    def __init__(self, size: int) -> None:
        self.slots = PrioritySlots(size)
        self.inside: list[int] = []
        self.came_in: list[int] = []
        self.peak = 0
        self.leave: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def come(self, name: int, priority: float | Callable[[], float] = 0.0) -> None:
        self.leave[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(name, priority))
        await settle()

    async def _hold(self, name: int, priority: float | Callable[[], float]) -> None:
        async with self.slots.slot(priority):
            self.inside.append(name)
            self.came_in.append(name)
            self.peak = max(self.peak, len(self.inside))
            try:
                await self.leave[name].wait()
            finally:
                self.inside.remove(name)


async def test_the_waiter_of_highest_priority_goes_first_and_equals_in_order_of_arrival():
    crowd = Crowd(1)
    await crowd.come(0)
    for name, priority in ((1, 1.0), (2, 5.0), (3, 5.0), (4, 9.0)):
        await crowd.come(name, priority)
    for name in (0, 4, 2, 3, 1):
        crowd.leave[name].set()
        await settle()
    assert crowd.came_in == [0, 4, 2, 3, 1]


async def test_a_priority_that_changed_counts_once_told():
    crowd, urgent = Crowd(1), {1: 0.0, 2: 1.0}
    await crowd.come(0)
    for name in urgent:
        await crowd.come(name, partial(urgent.__getitem__, name))
    urgent[1] = 2.0
    crowd.slots.reprioritise()
    crowd.leave[0].set()
    await settle()
    assert crowd.inside == [1]


async def test_a_waiter_cancelled_in_the_moment_it_gets_its_turn_hands_the_slot_on():
    crowd, leave = Crowd(1), asyncio.Event()

    async def first() -> None:
        async with crowd.slots.slot():
            await leave.wait()
        crowd.tasks[1].cancel()  # its turn is given, but it has not run yet

    holder = asyncio.create_task(first())
    await settle()
    await crowd.come(1, 2.0)
    await crowd.come(2, 1.0)
    leave.set()
    await holder
    await settle()
    assert crowd.came_in == [2]
    assert crowd.tasks[1].cancelled()


async def test_an_error_inside_gives_the_slot_back():
    slots = PrioritySlots(1)
    with pytest.raises(ZeroDivisionError):
        async with slots.slot():
            raise ZeroDivisionError
    async with asyncio.timeout(1), slots.slot():
        pass


def test_no_slots_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        PrioritySlots(0)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.integers(0, 3)),
        st.tuples(st.just("leave"), st.integers(0, 30)),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
        st.tuples(st.just("leave and cancel"), st.integers(0, 30)),
    ),
    max_size=40,
)


@given(steps, st.integers(1, 3))
def test_whatever_comes_leaves_and_is_cancelled_no_slot_is_lost_or_doubled(drawn, size):
    async def play() -> None:
        crowd = Crowd(size)
        for number, (step, value) in enumerate(drawn):
            alive = [name for name, task in crowd.tasks.items() if not task.done()]
            if step == "come":
                await crowd.come(number, float(value))
            elif alive:
                name = alive[value % len(alive)]
                if step != "cancel":
                    crowd.leave[name].set()
                if step != "leave":
                    crowd.tasks[alive[(value + 1) % len(alive)]].cancel()
                await settle()
            waiting = sum(not task.done() for task in crowd.tasks.values()) - len(crowd.inside)
            assert waiting == 0 or len(crowd.inside) == size
        for event in crowd.leave.values():
            event.set()
        async with asyncio.timeout(5):
            await asyncio.gather(*crowd.tasks.values(), return_exceptions=True)
        assert crowd.peak <= size
        for name in range(1_000, 1_000 + size):
            await crowd.come(name)
        assert len(crowd.inside) == size
        for task in crowd.tasks.values():
            task.cancel()
        await asyncio.gather(*crowd.tasks.values(), return_exceptions=True)

    asyncio.run(play())


async def test_a_free_slot_goes_to_the_highest_priority_of_those_who_ask_at_once():
    slots, served = PrioritySlots(1), list[int]()

    async def take(priority: int) -> None:
        async with slots.slot(priority):
            served.append(priority)

    await asyncio.gather(*(take(priority) for priority in (2, 3, 1)))
    assert served == [3, 2, 1]
