"""Hedging: a call that takes unusually long is made a second time, and whoever answers first is listened to.

In go a call and a way to make it again; the first answer comes out, the other call is cut off. Laws: a call is made
again once at most, and only when it has outlasted the quantile of at least `FEWEST` calls before it; it fails only when
every call that was made has failed, with the error of the first. After Dean and Barroso, "The Tail at Scale", 2013.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

RECENT = 200
FEWEST = 20
"""Calls that say where the tail begins; fewer say too little about it."""


class Hedge:
    """Hedges the whole answers of one model at one endpoint.

    Args:
        quantile: share of the calls (0..1) that answer before another one is thought of; None never hedges.
    """

    def __init__(self, quantile: float | None) -> None:
        self._quantile = quantile
        self._seconds: deque[float] = deque(maxlen=RECENT)

    @property
    def patience_s(self) -> float | None:
        """Seconds after which a call is made a second time; None while that is not known."""
        if self._quantile is None or len(self._seconds) < FEWEST:
            return None
        ordered = sorted(self._seconds)
        return ordered[min(len(ordered) - 1, int(self._quantile * len(ordered)))]

    async def first(
        self, call: Callable[[], Coroutine[Any, Any, T]], again: Callable[[], Coroutine[Any, Any, T | None]]
    ) -> T:
        """The first answer of `call()` and, when that takes long, of `again()`, which gives None if it may not be made.

        Raises:
            Exception: what `call()` raised, when no answer came.
        """
        if self._quantile is None:
            return await call()
        started = time.monotonic()
        calls: list[asyncio.Task[Any]] = [first := asyncio.create_task(call())]
        try:
            await asyncio.wait(calls, timeout=self.patience_s)
            if first.done():
                answer = first.result()
            else:
                calls.append(second := asyncio.create_task(again()))
                answer = await _race(first, second)
            # Also where the second call was faster: the first took longer than this, which is all the quantile needs.
            self._seconds.append(time.monotonic() - started)
            return answer
        finally:
            for each in calls:
                each.cancel()
            await asyncio.gather(*calls, return_exceptions=True)


async def _race(first: asyncio.Task[T], second: asyncio.Task[T | None]) -> T:
    """The answer that comes first; one that fails waits for the other."""
    await asyncio.wait((first, second), return_when=asyncio.FIRST_COMPLETED)
    if first.done():
        if not _failed(first):
            return first.result()
        await asyncio.wait((second,))
    answer = None if _failed(second) else second.result()
    return await first if answer is None else answer


def _failed(call: asyncio.Task[Any]) -> bool:
    return call.cancelled() or call.exception() is not None
