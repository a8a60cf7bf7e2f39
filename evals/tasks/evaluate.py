"""Evaluating: what was asked for and live parts go in; records, a log of inspect-ai and the numbers come out."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ...agents.context import Context
from ...core.errors import SettingsError
from ..baselines.registry import OF_THE_USUAL
from ..errors import MissingExtra
from ..metrics.summary import Summary, summary
from ..records import EvalRecord
from .base import EvalTask
from .done import Setting
from .registry import suite
from .session import EvalSpec, Session

Told: TypeAlias = Callable[[EvalRecord], None]
"""Told each record when it is kept."""


@dataclass(frozen=True)
class Chosen:
    """The tasks of an evaluation, and how many of the suite were left out because this planner cannot do them."""

    tasks: tuple[EvalTask, ...]
    left_out: int


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation came to.

    Attributes:
        folder: where everything is.
        log: inspect-ai's log.
        records: one for each task and epoch.
    """

    spec: EvalSpec
    folder: Path
    log: Path
    records: tuple[EvalRecord, ...]

    @property
    def summary(self) -> Summary:
        """The planner in numbers."""
        return summary(self.records)

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON data, with means over tasks and epochs."""
        count, tokens = len(self.records), sum(each.tokens for each in self.records)
        return {
            "eval": self.spec.id,
            "suite": self.spec.suite,
            "planner": self.spec.planner,
            "tasks": count // self.spec.epochs,
            "epochs": self.spec.epochs,
            "score": sum(each.score for each in self.records) / count,
            "solved": sum(each.solved for each in self.records) / count,
            "tokens": tokens,
            "dollars": sum(each.dollars for each in self.records),
            "folder": str(self.folder),
            "log": str(self.log),
            "summary": self.summary.to_json(),
        }


def choose(spec: EvalSpec, context: Context, baseline: str | None) -> Chosen:
    """The suite's tasks that can be done with these models by this planner.

    Raises:
        SettingsError: when there is none, or the suite cannot be used so.
        DataError: when the data cannot be used.
    """
    found = suite(spec.suite).tasks(spec.data, spec.limit)
    lacking = _lacking(context, baseline)
    usable = tuple(task for task in found if task.needs not in lacking)
    if not usable:
        raise SettingsError(
            f"These tasks of the suite {spec.suite} need a model, and none is configured.",
            hint="Set OPENAI_API_KEY, or pass --base-url URL --model NAME, or write foreplan.toml.",
        )
    return Chosen(usable, len(found) - len(usable))


def evaluate(
    spec: EvalSpec, chosen: Sequence[EvalTask], setting: Setting, *, concurrency: int, told: Told
) -> Evaluated:
    """Carry out and grade what is not yet done.

    Args:
        spec: what was asked for.
        chosen: the tasks.
        setting: models, limits, planner, and the folder that everything goes to.
        concurrency: tasks at the same time.
        told: told each new record.

    Raises:
        MissingExtra: without inspect-ai.
        KeyboardInterrupt: it was stopped; what was done is kept.
        ForeplanError: an endpoint failed; what was done is kept.
    """
    run_suite = _runner()
    session = Session(setting.folder, spec)
    tasks = {task.id: task for task in chosen}
    log = run_suite(tasks, setting, session, concurrency=concurrency, told=told)
    wanted = [(task, epoch) for task in tasks for epoch in range(spec.epochs)]
    return Evaluated(spec, setting.folder, log, tuple(session.records[each] for each in wanted))


def _runner() -> Callable[..., Path]:
    """`inspected.run_suite`, whose module needs inspect-ai.

    Raises:
        MissingExtra: without inspect-ai.
    """
    if importlib.util.find_spec("inspect_ai") is None:
        raise MissingExtra("inspect-ai", "Evaluating")
    found: Callable[..., Path] = importlib.import_module(".inspected", __package__).run_suite
    return found


def _lacking(context: Context, baseline: str | None) -> frozenset[str]:
    """What tasks may not ask for."""
    if not context.models.embedded:
        return frozenset()
    plans = context.planner is not None or (baseline is not None and baseline not in OF_THE_USUAL)
    return frozenset({"model"} if plans else {"model", "planner"})
