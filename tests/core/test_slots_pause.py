"""Slots that are paused: nobody gets one until the time is over, and the longest pause counts."""

from __future__ import annotations

import asyncio

from foreplan.core.slots import PrioritySlots


async def test_a_pause_holds_all_waiters_back_and_the_longest_counts():
    slots = PrioritySlots(2)
    loop = asyncio.get_running_loop()
    slots.pause(0.2)
    slots.pause(0.05)
    assert not slots.idle
    began = loop.time()

    async def wait() -> float:
        async with slots.slot():
            return loop.time() - began

    waited = await asyncio.gather(wait(), wait(), wait())
    assert min(waited) >= 0.19
    assert slots.idle
