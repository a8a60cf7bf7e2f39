"""What came of a task: its text or plan and its record, before anybody has graded it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...agents.context import Context
from ...core.events import Spent
from ...planner.plan import Plan
from ..records import EvalRecord, SubtaskRecord
from ..worlds.base import Outcome
from .base import EvalTask


@dataclass(frozen=True)
class Setting:
    """What all tasks of an evaluation share.

    Attributes:
        context: models, limits and pool; sources and planner are each task's own.
        folder: where the runs are kept.
        suite: the suite's name.
        planner: what records call the planner.
        baseline: the name of the baseline that plans, or None for the usual planner.
        secrets: what must not enter the traces.
    """

    context: Context
    folder: Path
    suite: str
    planner: str
    baseline: str | None = None
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Done:
    """What came of a task.

    Attributes:
        text: what the report says.
        plan: the plan, or None when there was none.
        record: what is known but for the score.
        fault: why there is nothing to be graded; empty otherwise.
        notes: what the log shows beside.
    """

    text: str
    plan: Plan | None
    record: EvalRecord
    fault: str = ""
    notes: dict[str, Any] = field(default_factory=dict)


def record_without_run(
    task: EvalTask,
    epoch: int,
    setting: Setting,
    spent: Sequence[Spent],
    *,
    seconds: float,
    plan: Plan | None = None,
    outcome: Outcome | None = None,
) -> EvalRecord:
    """The record of what never ran, or ended early: its model calls, and what a world says of its subtasks."""
    tokens = dict(outcome.spent_tokens or {}) if outcome else {}
    return EvalRecord(
        task=task.id,
        suite=setting.suite,
        planner=setting.planner,
        epoch=epoch,
        score=0.0,
        solved=False,
        forecast_success=None if plan is None else plan.success,
        tokens=sum(each.prompt_tokens + each.completion_tokens for each in spent) + sum(tokens.values()),
        dollars=sum(each.dollars for each in spent),
        seconds=seconds,
        difficulty=task.difficulty,
        oracle_tokens=task.oracle_tokens,
        calls=len(spent),
        subtasks=() if plan is None or outcome is None else _simulated(plan, tokens, outcome.solved or {}),
    )


def _simulated(plan: Plan, tokens: Mapping[str, int], solved: Mapping[str, bool]) -> tuple[SubtaskRecord, ...]:
    return tuple(
        SubtaskRecord(
            id=each.id,
            forecast_success=each.forecast.success,
            tokens_p50=each.forecast.tokens_p50,
            tokens_p90=each.forecast.tokens_p90,
            spent_tokens=tokens.get(each.id, 0),
            capped=not solved.get(each.id, False) and tokens.get(each.id, 0) >= each.budget,
            solved=solved.get(each.id, False),
            depends_on=each.depends_on,
            used=solved.get(each.id, False),
        )
        for each in plan.subtasks
    )
