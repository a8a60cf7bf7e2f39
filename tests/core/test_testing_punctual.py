"""The test server's clock."""

from __future__ import annotations

import asyncio
import socket
import sys
import time

import pytest

from foreplan.core.testing.punctual import punctual_loop


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere timers are as the system has them")
def test_a_wait_does_not_last_to_the_millisecond_after():
    async def late() -> float:
        began = time.perf_counter()
        await asyncio.sleep(0.0021)
        return time.perf_counter() - began - 0.0021

    with asyncio.Runner(loop_factory=punctual_loop) as runner:
        assert min(runner.run(late()) for _ in range(50)) < 0.0005


def test_what_is_ready_is_told_at_once_while_a_timer_runs():
    async def told() -> bytes:
        here, there = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=here)
        asyncio.get_running_loop().call_later(0.01, there.sendall, b"x")
        async with asyncio.timeout(10):
            said = await reader.read(1)
        writer.close()
        there.close()
        return said

    with asyncio.Runner(loop_factory=punctual_loop) as runner:
        assert runner.run(told()) == b"x"
