"""The summary of a planner's records."""

import json

import pytest

from foreplan.evals.errors import DataError
from foreplan.evals.metrics.coverage import Tally
from foreplan.evals.metrics.summary import summary, tallies
from foreplan.evals.records import EvalRecord, SubtaskRecord


def record(task: str, solved: bool, *subtasks: SubtaskRecord, planner: str = "p", **more: object) -> EvalRecord:
    values = {"task": task, "suite": "s", "planner": planner, "score": float(solved), "solved": solved, "tokens": 100}
    return EvalRecord.model_validate({**values, "subtasks": subtasks, **more})


def subtask(*, spent: int, capped: bool = False, solved: bool = True, p50: int = 100) -> SubtaskRecord:
    return SubtaskRecord(
        id="a",
        forecast_success=0.75,
        tokens_p50=p50,
        tokens_p90=2 * p50,
        spent_tokens=spent,
        capped=capped,
        solved=solved,
    )


def test_what_records_do_not_say_is_none() -> None:
    found = summary([record("a", True), record("b", False)])
    assert (found.plans, found.subtasks, found.tokens_p50, found.spend_difficulty, found.spend_oracle) == (None,) * 5
    assert (found.tasks, found.efficiency.tokens_per_solved) == (2, 200)
    json.dumps(found.to_json())


def test_a_summary_has_all_numbers() -> None:
    records = [
        record("a", True, subtask(spent=90), forecast_success=0.9, difficulty=0.1, oracle_tokens=50, tokens=100),
        record("b", True, subtask(spent=150), forecast_success=0.8, difficulty=0.4, oracle_tokens=80, tokens=200),
        record(
            "c", False, subtask(spent=180, capped=True, solved=False), forecast_success=0.1, difficulty=0.9, tokens=400
        ),
    ]
    found = summary(records)
    assert found.plans is not None
    assert found.plans.brier.score == pytest.approx((0.01 + 0.04 + 0.01) / 3)
    assert found.plans.auroc == 1
    assert found.subtasks is not None
    assert found.subtasks.brier.score == pytest.approx((2 * 0.0625 + 0.5625) / 3)
    assert found.tokens_p50 is not None
    assert found.tokens_p50.coverage == pytest.approx(1 / 3)
    assert found.tokens_p90 is not None
    assert found.tokens_p90.undecided == pytest.approx(1 / 3)
    assert (found.spend_difficulty, found.spend_oracle) == (1, 1)


def test_epochs_of_a_task_are_its_samples() -> None:
    records = [record("a", epoch == 1, epoch=epoch) for epoch in range(4)] + [record("b", True)]
    assert tallies(records) == [Tally(4, 1), Tally(1, 1)]


def test_a_summary_is_of_one_planner() -> None:
    for wrong in ([], [record("a", True), record("a", True, planner="q")]):
        with pytest.raises(DataError, match="one planner"):
            summary(wrong)
