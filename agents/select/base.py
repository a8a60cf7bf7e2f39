"""What every selector has: attempts to draw from, and `select`, which returns the digest to keep.

Laws: never more draws than the subtask allows; an attempt that raises counts as made and the others go on; only when
all attempts raised is the last error raised. Attempts share the subtask's account, so a reached cap ends them all.
LangGraph's own signals (a tool that asks the user) are no failures: they pass once the attempts beside them have ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from langgraph.errors import GraphBubbleUp

from ...memory.digest import Digest

Draw: TypeAlias = Callable[[int], Awaitable[Digest]]
"""Makes attempt number i (from 0) and returns its digest."""

Verifier: TypeAlias = Callable[[str, Digest], Awaitable[float]]
"""Scores a digest for a goal, 0 (useless) to 1 (certainly right)."""


class Attempts:
    """Up to `limit` attempts at one subtask. `batch` is the first number of those that were begun together last."""

    def __init__(self, draw: Draw, limit: int) -> None:
        self._draw, self._limit, self._made, self.batch = draw, limit, 0, 0
        self._came: dict[int, Digest] = {}

    @property
    def digests(self) -> list[Digest]:
        """The digests that came so far, in order of their attempts' numbers."""
        return [self._came[number] for number in sorted(self._came)]

    @property
    def left(self) -> int:
        """How many attempts may still be made."""
        return self._limit - self._made

    async def more(self, count: int = 1) -> list[Digest]:
        """Make `count` attempts side by side (fewer when fewer are left) and return the digests that came.

        Raises:
            Exception: the last attempt's error, when no attempt is left and none ever gave a digest.
        """
        numbers = range(self._made, self._made + min(count, self.left))
        self.batch, self._made = numbers.start, numbers.stop
        outcomes = await asyncio.gather(*map(self._make, numbers), return_exceptions=True)
        errors = [each for each in outcomes if isinstance(each, BaseException)]
        for error in errors:
            if isinstance(error, GraphBubbleUp) or not isinstance(error, Exception):
                raise error
        if errors and not self._came and not self.left:
            raise errors[-1]
        return [self._came[number] for number in numbers if number in self._came]

    async def _make(self, number: int) -> None:
        self._came[number] = await self._draw(number)


class Selector(Protocol):
    """Turns attempts into one digest."""

    async def select(self, attempts: Attempts) -> Digest:
        """The digest to keep."""


def fullest(digests: list[Digest]) -> Digest:
    """The digest with most supported claims; one that is done before one that is not, the earliest among equals."""
    return max(digests, key=lambda each: (each.state == "done", sum(claim.supported for claim in each.claims)))
