"""A list that takes anything and keeps only the first of it, with a count of all there was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Some(Generic[T]):
    """The first `most` of what was added, and how many that were."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.total = 0
        self._items: list[T] = []

    def add(self, item: T) -> None:
        """Keep it if there is room, and count it."""
        self.total += 1
        if len(self._items) < self.most:
            self._items.append(item)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def left_out(self) -> int:
        """How many are not kept."""
        return self.total - len(self._items)
