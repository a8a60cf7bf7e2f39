"""The run's limit in dollars, over real HTTP: never passed, and the writer's share of it is the writer's alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from support.jobs import Played, models_at, play, sources_of

from foreplan.agents.context import Context
from foreplan.core.limits import Limits
from foreplan.core.testing.log import Logged
from foreplan.core.usage import Price
from foreplan.testing import ModelServer, ResearchJob

JOB = ResearchJob(subtasks=8, levels=1, seed=4)
PRICE = Price(prompt=1.0, completion=4.0)


def billed_dollars(log: Sequence[Logged]) -> float:
    return sum(entry.prompt_tokens * PRICE.prompt + entry.completion_tokens * PRICE.completion for entry in log) / 1e6


async def job_for(dollars: float | None, writer_share: float = 0.2) -> tuple[Played, list[Logged]]:
    with ModelServer(JOB.script) as server:
        context = Context(
            models=models_at(server, price=PRICE),
            sources=sources_of(JOB),
            limits=Limits(tokens=None, dollars=dollars, writer_share=writer_share, concurrency=2, max_revisions=0),
        )
        played = await play(JOB.brief, context)
        assert server.wait_idle()
        return played, server.log


async def test_dollars_end_subtasks_with_what_they_have_and_leave_the_writer_its_share():
    ample, log = await job_for(None)
    assert set(ample.states.values()) == {"done"}
    whole = ample.result.dollars
    assert whole == pytest.approx(billed_dollars(log))
    limit = 0.022
    played, log = await job_for(limit, writer_share=0.4)
    assert played.result.dollars <= limit
    assert billed_dollars(log) <= played.result.dollars + 1e-12
    before_writing = sum(billed_dollars([entry]) for entry in log if entry.model != "writer")
    assert before_writing <= limit * 0.6
    assert set(played.states.values()) == {"done", "capped"}
    assert [entry for entry in log if entry.model == "writer"]
    assert JOB.found(played.report) == JOB.facts


@pytest.mark.parametrize("limit", [0.006, 0.012, 0.018])
async def test_whatever_the_limit_it_is_not_passed_and_no_answer_is_cut_for_want_of_it(limit):
    played, log = await job_for(limit)
    assert billed_dollars(log) <= played.result.dollars + 1e-12 <= limit + 2e-12
    assert all(entry.finished for entry in log)
    assert "capped" in played.states.values()
    assert played.report.strip()
