"""What models see does not grow with the run: the benchmark's job, small, on the whole path."""

from __future__ import annotations

import asyncio

import pytest

from foreplan.agents.context import Context
from foreplan.agents.loop import run_graph
from foreplan.agents.result import RunResult
from foreplan.bench._stations import Seen, models, plan_of, web_tool
from foreplan.core.limits import Limits
from foreplan.memory.digest import Digest
from foreplan.planner.brief import Brief
from foreplan.planner.schema import MODEL_SUBTASKS


def play(size: int) -> tuple[Seen, RunResult]:
    seen = Seen()
    context = Context(models=models(seen), tools=(web_tool(4_000),), limits=Limits(tokens=8_000 * size))
    brief = Brief(goal="What do the stations keep and send?", length="long")
    return seen, asyncio.run(run_graph(brief, run_id="r", context=context, plan=plan_of(size)))


def evidence(digests: tuple[Digest, ...]) -> set[str]:
    return {str(ref) for digest in digests for claim in digest.claims for ref in claim.evidence}


@pytest.mark.parametrize("size", [MODEL_SUBTASKS + 10])
def test_a_long_run_shows_no_more_to_a_subtask_and_loses_no_citation(size: int) -> None:
    (small, _), (long, result) = play(20), play(size)
    assert small.probe == long.probe
    assert len(long.planner) == 1
    assert result.plan is not None
    assert {"s0", f"s{size - 1}", "probe"} <= {each.id for each in result.plan.subtasks}
    assert result.report is not None
    assert {str(each.ref) for each in result.report.citations} == evidence(result.digests)
    assert len(evidence(result.digests)) == 2 * size
    assert len(long.writer) > 1
