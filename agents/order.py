"""Order under a limit: the subtask with the longest remaining path goes first (Graham 1969; HEFT, Topcuoglu 2002)."""

from __future__ import annotations

from collections.abc import Sequence

from ..planner.dag import remaining_path
from ..planner.plan import Subtask, forecast_tokens


class RemainingPaths:
    """Longest remaining paths, in forecast tokens, through the part of a plan that is known so far."""

    def __init__(self) -> None:
        self._graph: dict[str, tuple[str, ...]] = {}
        self._weights: dict[str, float] = {}
        self._paths: dict[str, float] | None = {}

    def add(self, subtasks: Sequence[Subtask]) -> None:
        """The plan grows by these subtasks."""
        for subtask in subtasks:
            self._graph[subtask.id] = subtask.depends_on
            self._weights[subtask.id] = forecast_tokens(subtask)
        self._paths = None

    def length(self, subtask: str) -> float:
        """Forecast tokens from the start of this subtask to the end of the longest chain behind it, itself included."""
        if self._paths is None:
            self._paths = remaining_path(self._graph, self._weights)
        return self._paths[subtask]
