"""One client for each event loop: a client's open connections belong to the loop that opened them.

In goes a factory, out comes the running loop's own instance. A loop that is gone takes its client with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Calls `make` once for each event loop that asks."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()

    def here(self) -> T:
        """The running loop's instance."""
        loop = asyncio.get_running_loop()
        if loop not in self._made:
            self._made[loop] = self._make()
        return self._made[loop]

    def take(self) -> T | None:
        """The running loop's instance, forgotten here, or None when it has none."""
        return self._made.pop(asyncio.get_running_loop(), None)
