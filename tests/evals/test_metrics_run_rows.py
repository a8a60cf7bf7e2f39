"""Records of real runs."""

from pathlib import Path

import pytest
from support.plans import FunctionWorker, context_with, plan_of, subtask, tell

from foreplan.agents.roles import Assignment
from foreplan.agents.run import run
from foreplan.core.events import Event, Spent, SubtaskEnded
from foreplan.evals.metrics.run_rows import run_record, subtask_records
from foreplan.memory.trace import read_events
from foreplan.planner.brief import Brief

PLAN = plan_of(subtask("root"), subtask("left", "root"), subtask("right", "root"))


async def test_a_run_becomes_a_record(tmp_path: Path) -> None:
    async def do(assignment: Assignment) -> str:
        if assignment.subtask.id == "right":
            raise RuntimeError("cannot be done")
        return await tell(assignment)

    result = await run(Brief(goal="What is what?"), context=context_with(FunctionWorker(do)), home=tmp_path, plan=PLAN)
    events = read_events(tmp_path / "runs" / result.run_id / "trace.jsonl")
    record = run_record(result, events, task="t", suite="s", planner="p", score=0.5, solved=False)
    assert (record.forecast_success, record.tokens, record.epoch) == (0.9, result.usage.total_tokens, 0)
    assert record.seconds > 0
    rows = {each.id: each for each in record.subtasks}
    assert list(rows) == ["root", "left", "right"]
    assert {name: row.solved for name, row in rows.items()} == {"root": True, "left": True, "right": False}
    assert not rows["right"].used
    assert rows["left"].used
    assert rows["left"].depends_on == ("root",)
    assert (rows["left"].forecast_success, rows["left"].tokens_p50, rows["left"].tokens_p90) == (0.9, 100, 200)


def test_spend_is_summed_over_calls_and_revisions() -> None:
    events: list[Event] = [
        Spent(account="planner", model="m", prompt_tokens=5, completion_tokens=5),
        Spent(account="subtask:left", model="m", prompt_tokens=10, completion_tokens=2),
        Spent(account="subtask:left:1", model="m", prompt_tokens=20, completion_tokens=3),
        Spent(account="subtask:dropped", model="m", prompt_tokens=20, completion_tokens=3),
        SubtaskEnded(subtask="left", state="capped", seconds=2.0),
        SubtaskEnded(subtask="left", state="capped", seconds=0.001),
        SubtaskEnded(subtask="root", state="partial", seconds=1.0),
    ]
    root, left, right = subtask_records(PLAN, events, used=["root"])
    assert (left.spent_tokens, left.calls, left.capped, left.solved) == (35, 2, True, False)
    assert left.seconds == pytest.approx(2)
    assert (root.solved, root.capped, root.used, left.used) == (False, False, True, False)
    assert (right.spent_tokens, right.solved, right.seconds) == (0, False, 0)
