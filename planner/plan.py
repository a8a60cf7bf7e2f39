"""Plan: a DAG of subtasks, each with a forecast and a budget. Frozen, and the same on the wire, on disk and in traces.

Field order is the order of writing: `mode` decides first, `subtasks` come last so that they can start while the rest is
written, and `budget` closes each subtask so that broken text cannot pass for a whole one.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PLAN_VERSION = 1
MAX_SUBTASKS = 5_000

SubtaskId = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Probability = Annotated[float, Field(ge=0, le=1)]
Tokens = Annotated[int, Field(ge=0, le=100_000_000)]

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


class Plan(BaseModel):
    """What to do about a brief: answer it at once (`direct`), or work through a DAG of subtasks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["direct", "plan"]
    answer: Annotated[str, Field(max_length=8_000)] | None
    synthesis: Annotated[str, Field(max_length=2_000)]
    success: Probability
    subtasks: Annotated[tuple[Subtask, ...], Field(max_length=MAX_SUBTASKS)]
