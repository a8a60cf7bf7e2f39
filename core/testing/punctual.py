"""A punctual event loop: a latency of 0.2503 s is over after 0.2503 s, and not at the millisecond after.

`epoll` takes its time-out in whole milliseconds, rounded up, so that each wait of the test server lasted half of one
too long, and longer on a busy machine. Linux only; elsewhere the loop is the usual one.
"""

from __future__ import annotations

import asyncio
import select
import selectors
import sys

FD_SETSIZE = 1024
"""`select` takes no descriptor from this one on."""


def punctual_loop() -> asyncio.AbstractEventLoop:
    """A new event loop whose timers are as fine as the operating system's."""
    if sys.platform != "linux":
        return asyncio.new_event_loop()
    return asyncio.SelectorEventLoop(_Punctual())


if sys.platform == "linux":

    class _Punctual(selectors.EpollSelector):
        """Waits with `select`, which counts in microseconds, for what `epoll` has to tell."""

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            """What is ready, after `timeout` seconds at most; None waits for ever."""
            if timeout is None or timeout <= 0 or self.fileno() >= FD_SETSIZE:
                return super().select(timeout)
            select.select([self.fileno()], [], [], timeout)
            return super().select(0)
