"""A semaphore whose waiters are served by priority instead of in order of arrival.

A priority may be a number, or a callable where it changes while the waiter waits; `reprioritise` tells that it did.
A slot is given away one turn of the loop after it is asked for or freed, so that those who ask in the same turn are
ordered among each other too: with many roots ready at once, the one with the longest path behind it starts first.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

MINUTE_S = 60.0


class PrioritySlots:
    """`size` slots in one event loop; when one frees up, the waiter of highest priority gets it.

    With `per_minute`, no more than so many are given away in any minute.

    Equal priorities are served in order of arrival. A cancelled waiter leaves the queue without taking a slot.
    """

    def __init__(self, size: int, *, per_minute: int | None = None) -> None:
        if size < 1:
            raise ValueError(f"slots need a size of at least 1, not {size}")
        self.size = self._free = size
        self._waiting: list[_Waiter] = []
        self._stale = self._granting = False
        self._paused_until = 0.0
        self._given: deque[float] | None = None if per_minute is None else deque(maxlen=per_minute)
        self._arrivals = itertools.count()

    @property
    def idle(self) -> bool:
        """Whether a slot is free that nobody waits for, and may be given away."""
        return self._free > len(self._waiting) and asyncio.get_running_loop().time() >= self._paused_until

    @asynccontextmanager
    async def slot(self, priority: float | Callable[[], float] = 0.0) -> AsyncIterator[None]:
        """Hold one slot for the length of the block."""
        await self._acquire(priority)
        try:
            yield
        finally:
            self._release()

    def reprioritise(self) -> None:
        """Ask the waiters for their priorities again before the next slot is given away."""
        self._stale = True

    def pause(self, seconds: float) -> None:
        """Give no slot away for so long: whoever shares them was told to come back later. Those held stay held."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if until > self._paused_until:
            self._paused_until = until
            loop.call_later(seconds, self._grant_soon)

    async def _acquire(self, priority: float | Callable[[], float]) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, _Waiter(priority, next(self._arrivals), turn))
        self._grant_soon()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release()
            raise

    def _release(self) -> None:
        self._free += 1
        self._grant_soon()

    def _grant_soon(self) -> None:
        if self._free and self._waiting and not self._granting:
            self._granting = True
            asyncio.get_running_loop().call_soon(self._grant)

    def _grant(self) -> None:
        self._granting = False
        now = asyncio.get_running_loop().time()
        if now < self._paused_until:
            return
        if self._stale:
            self._waiting = [_Waiter(each.priority, each.arrival, each.turn) for each in self._waiting]
            heapq.heapify(self._waiting)
            self._stale = False
        while self._free and self._waiting and now >= self._paused_until:
            turn = heapq.heappop(self._waiting).turn
            if not turn.done():
                self._free -= 1
                turn.set_result(None)
                self._count(now)

    def _count(self, now: float) -> None:
        """Note that a slot was given away; when it was the last of its minute, wait until the first of them is over."""
        if self._given is None:
            return
        self._given.append(now)
        if len(self._given) == self._given.maxlen:
            self.pause(self._given[0] + MINUTE_S - now)


class _Waiter:
    """One who waits, ordered by what its priority was when this object was made."""

    __slots__ = ("arrival", "order", "priority", "turn")

    def __init__(self, priority: float | Callable[[], float], arrival: int, turn: asyncio.Future[None]) -> None:
        self.priority, self.arrival, self.turn = priority, arrival, turn
        self.order = (-(priority() if callable(priority) else priority), arrival)

    def __lt__(self, other: _Waiter) -> bool:
        return self.order < other.order
