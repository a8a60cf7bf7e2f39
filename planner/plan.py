"""Plan: a DAG of subtasks, each with a forecast and a budget. Frozen, and the same on the wire, on disk and in traces.

Field order is the order of writing: `mode` decides first, `subtasks` come last so that they can start while the rest is
written, and `budget` closes each subtask so that broken text cannot pass for a whole one.

The types check each value alone. What must hold between values (order, budgets, modes) is `validate.py`'s, which
reports all faults at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from ..core.errors import InputError
from . import dag

PLAN_VERSION = 1
MAX_SUBTASKS = 5_000

SubtaskId = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=0, le=100_000_000)]

Mode = Literal["direct", "plan"]
Kind = Literal["research", "reason", "compute", "write", "check"]
Effort = Literal["low", "medium", "high"]
Select = Literal["first", "vote", "best", "fuse"]
OnMissing = Literal["skip", "partial"]


class Forecast(BaseModel):
    """What the planner expects of one uncapped attempt: chance of success, and tokens at the median and 90 %."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    success: Probability
    tokens_p50: Tokens
    tokens_p90: Tokens


class Subtask(BaseModel):
    """One tractable piece of work for one worker. Says what, never how.

    `budget` caps prompt, completion and reasoning tokens of all attempts together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: SubtaskId
    depends_on: Annotated[tuple[SubtaskId, ...], Field(max_length=64)]
    kind: Kind
    goal: Annotated[str, Field(min_length=1, max_length=1_000)]
    done_when: Annotated[str, Field(max_length=500)]
    on_missing: OnMissing
    worker: Annotated[str, Field(max_length=40)] | None
    effort: Effort
    attempts: Annotated[int, Field(ge=1, le=16)]
    select: Select
    forecast: Forecast
    budget: Tokens


Weight: TypeAlias = Callable[[Subtask], float]
"""How long a subtask is taken to be."""


def forecast_tokens(subtask: Subtask) -> float:
    """The default `Weight`: the median forecast."""
    return subtask.forecast.tokens_p50


class PlanHead(BaseModel):
    """Everything of a plan but its subtasks: the part that is written first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode
    answer: Annotated[str, Field(max_length=8_000)] | None
    synthesis: Annotated[str, Field(max_length=2_000)]
    success: Probability


class Plan(PlanHead):
    """What to do about a brief: answer it at once (`direct`), or work through a DAG of subtasks.

    The graph methods raise `InputError` when an id stands twice or a dependency does not precede its dependant.
    """

    subtasks: Annotated[tuple[Subtask, ...], Field(max_length=MAX_SUBTASKS)]

    @property
    def head(self) -> PlanHead:
        """The plan without its subtasks."""
        return PlanHead(mode=self.mode, answer=self.answer, synthesis=self.synthesis, success=self.success)

    def by_id(self) -> dict[str, Subtask]:
        """The subtasks under their ids, in plan order."""
        return {subtask.id: subtask for subtask in self.subtasks}

    def subtask(self, subtask_id: str) -> Subtask:
        """The subtask of this id; for many look-ups use `by_id`.

        Raises:
            KeyError: when there is none.
        """
        return self.by_id()[subtask_id]

    def graph(self) -> dict[str, tuple[str, ...]]:
        """Each id with the ids it depends on, in plan order, checked to be ordered."""
        graph: dict[str, tuple[str, ...]] = {}
        for subtask in self.subtasks:
            if subtask.id in graph or any(parent not in graph for parent in subtask.depends_on):
                raise InputError(
                    f"Subtask {subtask.id!r} stands twice, or depends on one that does not stand before it.",
                    hint="Check the plan with check_plan first.",
                )
            graph[subtask.id] = subtask.depends_on
        return graph

    def children(self) -> dict[str, tuple[str, ...]]:
        """For each id, the ids that depend on it, in plan order."""
        return dag.children(self.graph())

    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Ids by depth: level 0 depends on nothing, level n on at least one id of level n - 1."""
        return dag.levels(self.graph())

    def remaining_path(self, weight: Weight = forecast_tokens) -> dict[str, float]:
        """For each id, the length of the longest chain from it to the plan's end, itself included."""
        return dag.remaining_path(self.graph(), self._weights(weight))

    def critical_path(self, weight: Weight = forecast_tokens) -> dag.Path:
        """The longest chain of dependent subtasks and its length: no run can be shorter."""
        return dag.critical_path(self.graph(), self._weights(weight))

    def width(self) -> int:
        """The maximum antichain: how many subtasks could at most run at the same time. Not linear; see `dag.width`."""
        return dag.width(self.graph())

    def _weights(self, weight: Weight) -> dict[str, float]:
        return {subtask.id: weight(subtask) for subtask in self.subtasks}


@dataclass(frozen=True, slots=True)
class PlanPrefix:
    """The part of a plan that is already committed: its head and the first of its subtasks."""

    head: PlanHead
    subtasks: tuple[Subtask, ...] = ()

    def plan(self) -> Plan:
        """The prefix taken as a whole plan."""
        return Plan(**dict(self.head), subtasks=self.subtasks)
