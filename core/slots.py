"""A semaphore whose waiters are served by priority instead of in order of arrival.

A priority may be a number, or a callable where it changes while the waiter waits; `reprioritise` tells that it did.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class PrioritySlots:
    """`size` slots in one event loop; when one frees up, the waiter of highest priority gets it.

    Equal priorities are served in order of arrival. A cancelled waiter leaves the queue without taking a slot.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"slots need a size of at least 1, not {size}")
        self._free = size
        self._waiting: list[_Waiter] = []
        self._stale = False
        self._arrivals = itertools.count()

    @property
    def idle(self) -> bool:
        """Whether a slot is free that nobody waits for."""
        return self._free > 0

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

    async def _acquire(self, priority: float | Callable[[], float]) -> None:
        if self._free > 0:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, _Waiter(priority, next(self._arrivals), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release()
            raise

    def _release(self) -> None:
        if self._stale:
            self._waiting = [_Waiter(each.priority, each.arrival, each.turn) for each in self._waiting]
            heapq.heapify(self._waiting)
            self._stale = False
        while self._waiting:
            turn = heapq.heappop(self._waiting).turn
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class _Waiter:
    """One who waits, ordered by what its priority was when this object was made."""

    __slots__ = ("arrival", "order", "priority", "turn")

    def __init__(self, priority: float | Callable[[], float], arrival: int, turn: asyncio.Future[None]) -> None:
        self.priority, self.arrival, self.turn = priority, arrival, turn
        self.order = (-(priority() if callable(priority) else priority), arrival)

    def __lt__(self, other: _Waiter) -> bool:
        return self.order < other.order
