"""All numbers about one planner: the records of an evaluation go in, one summary comes out.

Law: a number that these records cannot give is None, and never a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from ..errors import DataError
from ..records import EvalRecord, SubtaskRecord
from .calibration import Brier, auroc, brier, expected_calibration_error
from .coverage import Tally
from .efficiency import Efficiency, efficiency
from .quantiles import QuantileScore, score_quantile
from .spend import spearman


@dataclass(frozen=True, slots=True)
class Calibration:
    """How honest forecasts of success are: read `ece` only beside the resolution and `auroc`."""

    forecasts: int
    brier: Brier
    ece: float
    auroc: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """One planner in numbers.

    Attributes:
        planner: who planned.
        tasks: how many records there are.
        plans: calibration of the plans' forecasts of success; None when there are none.
        subtasks: calibration of the subtasks' forecasts.
        tokens_p50: scores of the subtasks' median token forecasts; None when all were cut off at their caps.
        tokens_p90: scores of the 90 % quantile.
        spend_difficulty: rank correlation of a task's tokens with its difficulty, where that is known.
        spend_oracle: rank correlation of a task's tokens with the oracle's budget, where that is known.
        efficiency: costs per solved task, and what parallel work was worth.
    """

    planner: str
    tasks: int
    plans: Calibration | None
    subtasks: Calibration | None
    tokens_p50: QuantileScore | None
    tokens_p90: QuantileScore | None
    spend_difficulty: float | None
    spend_oracle: float | None
    efficiency: Efficiency

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON data."""
        return asdict(self)


def summary(records: Sequence[EvalRecord]) -> Summary:
    """Sum up the records of one planner.

    Raises:
        DataError: when there are none, they are of several planners, or hold a plan that is no DAG.
    """
    planners = {record.planner for record in records}
    if len(planners) != 1:
        raise DataError(f"A summary is of one planner, and these records are of {len(planners)}.")
    subtasks = [subtask for record in records for subtask in record.subtasks]
    hard = [(record.difficulty, record.tokens) for record in records if record.difficulty is not None]
    best = [(record.oracle_tokens, record.tokens) for record in records if record.oracle_tokens is not None]
    return Summary(
        planner=records[0].planner,
        tasks=len(records),
        plans=_calibration(plan_forecasts(records)),
        subtasks=_calibration(subtask_forecasts(records)),
        tokens_p50=_tokens(0.5, subtasks, [each.tokens_p50 for each in subtasks]),
        tokens_p90=_tokens(0.9, subtasks, [each.tokens_p90 for each in subtasks]),
        spend_difficulty=spearman([each[0] for each in hard], [each[1] for each in hard]),
        spend_oracle=spearman([each[0] for each in best], [each[1] for each in best]),
        efficiency=efficiency(records),
    )


def plan_forecasts(records: Sequence[EvalRecord]) -> list[tuple[float, bool]]:
    """Each plan's forecast of success with what came of it, where there is a forecast."""
    return [(each.forecast_success, each.solved) for each in records if each.forecast_success is not None]


def subtask_forecasts(records: Sequence[EvalRecord]) -> list[tuple[float, bool]]:
    """Each subtask's forecast of success with what came of it.

    One that was cut off counts as what it came to: left out, small caps would hide failures. Where caps bind often,
    judge the forecasts, which are of uncapped attempts, by uncapped audit runs.
    """
    return [(each.forecast_success, each.solved) for record in records for each in record.subtasks]


def tallies(records: Sequence[EvalRecord]) -> list[Tally]:
    """How often each task was done, over its epochs, and how often it was solved."""
    rows = sorted((record.suite, record.task, record.solved) for record in records)
    groups = [[solved for *_, solved in group] for _, group in groupby(rows, key=lambda row: row[:2])]
    return [Tally(len(group), sum(group)) for group in groups]


def _calibration(rows: Sequence[tuple[float, bool]]) -> Calibration | None:
    if not rows:
        return None
    forecasts, outcomes = [said for said, _ in rows], [came for _, came in rows]
    return Calibration(
        forecasts=len(rows),
        brier=brier(forecasts, outcomes),
        ece=expected_calibration_error(forecasts, outcomes),
        auroc=auroc(forecasts, outcomes),
    )


def _tokens(quantile: float, subtasks: Sequence[SubtaskRecord], forecasts: Sequence[int]) -> QuantileScore | None:
    if not subtasks:
        return None
    spent, capped = [each.spent_tokens for each in subtasks], [each.capped for each in subtasks]
    return score_quantile(quantile, forecasts, spent, capped)
