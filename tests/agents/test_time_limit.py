"""The run's time limit: what was found by then is kept, the writer has its share, and the run ends with a report."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

from support.jobs import Played, models_at, play, sources_of
from support.plans import FunctionWorker, context_with, plan_of, subtask, tell

from foreplan.agents.context import Context
from foreplan.agents.report import Report
from foreplan.agents.roles import Assignment, Writing
from foreplan.core.events import Noted, PlanRevised
from foreplan.core.limits import Limits
from foreplan.memory.digest import Digest
from foreplan.testing import Answer, ChatRequest, Fault, ModelServer, ResearchJob, Timing, always

JOB = ResearchJob(subtasks=4, levels=1, seed=3)
SECONDS = 2.0
LIMITS = Limits(tokens=400_000, seconds=SECONDS, writer_share=0.3)
SLACK_S = 1.0
"""What this machine may take for everything that is not waiting."""


async def timed(context: Context, **given: Any) -> tuple[Played, float]:
    started = time.monotonic()
    played = await play(JOB.brief, context, **given)
    return played, time.monotonic() - started


def context_at(server: ModelServer, job: ResearchJob = JOB, **changes: Any) -> Context:
    return replace(Context(models=models_at(server), sources=sources_of(job), limits=LIMITS), **changes)


def hangs(role: str, words: str = "") -> Any:
    return always(Fault("hang"), lambda request: role in request.model and words in request.text)


async def test_a_subtask_that_reaches_the_limit_leaves_what_it_found():
    slow, *others = JOB.places
    with ModelServer(JOB.script, faults=hangs("worker", slow.goal)) as server:
        played, seconds = await timed(context_at(server))
        assert server.wait_idle()
    assert seconds < SECONDS + SLACK_S
    assert played.states == {slow.id: "capped", **{place.id: "done" for place in others}}
    capped = played.result.digests[0]
    assert any(slow.sentence in claim.text for claim in capped.claims)
    assert "time limit" in " ".join(capped.failures)
    assert JOB.found(played.report) == JOB.facts
    assert any("writer" in entry.model and entry.finished for entry in server.log)


async def test_a_deadline_ends_the_run_whenever_it_began():
    slow, *others = JOB.places
    limits = replace(LIMITS, seconds=None, deadline=time.time() + SECONDS)
    with ModelServer(JOB.script, faults=hangs("worker", slow.goal)) as server:
        played, seconds = await timed(context_at(server, limits=limits))
        assert server.wait_idle()
    assert seconds < SECONDS + SLACK_S
    assert played.states == {slow.id: "capped", **{place.id: "done" for place in others}}
    assert played.report


async def test_nothing_begins_after_the_limit_and_the_report_says_so():
    first = JOB.places[0]
    chain = [{**each} for each in JOB.plan["subtasks"]]
    chain[3] |= {"depends_on": [first.id], "on_missing": "partial"}

    def script(request: ChatRequest) -> Answer:
        return Answer(json={**JOB.plan, "subtasks": chain}) if "planner" in request.model else JOB.script(request)

    with ModelServer(script, faults=hangs("worker", first.goal)) as server:
        played, seconds = await timed(context_at(server))
    assert seconds < SECONDS + SLACK_S
    assert played.states[JOB.places[3].id] == "skipped"
    assert played.result.state == "partial"
    assert played.result.report is not None
    missing = {each.subtask: each.reason for each in played.result.report.missing}
    assert "time limit" in missing[JOB.places[3].id]
    assert not played.told(PlanRevised)


async def test_a_writer_that_hangs_is_replaced_by_quotes():
    with ModelServer(JOB.script, faults=hangs("writer")) as server:
        played, seconds = await timed(context_at(server))
        assert server.wait_idle()
    assert seconds < SECONDS + SLACK_S
    assert JOB.found(played.report) == JOB.facts
    assert any("quotes its sources" in event.text for event in played.told(Noted))


async def test_everything_hanging_ends_with_a_report_all_the_same():
    with ModelServer(
        JOB.script, faults=lambda request: None if "planner" in request.model else Fault("hang")
    ) as server:
        played, seconds = await timed(context_at(server))
        assert server.wait_idle()
    assert seconds < SECONDS + SLACK_S
    assert set(played.states.values()) == {"capped"}
    assert JOB.found(played.report) == JOB.facts


async def test_a_planner_that_is_too_slow_leaves_the_plan_that_there_is():
    job = replace(JOB, planner=Timing(0.1, tokens_per_s=100))
    with ModelServer(job.script) as server:
        played, seconds = await timed(context_at(server, limits=replace(LIMITS, seconds=3.0)))
        assert server.wait_idle()
    assert seconds < 3.0 + SLACK_S
    assert 0 < len(played.states) < len(JOB.places)
    assert set(played.states.values()) == {"done"}
    assert any("ends early" in event.text for event in played.told(Noted))


async def test_attempts_that_came_are_kept_when_one_of_them_hangs():
    async def do(assignment: Assignment) -> str:
        if assignment.attempt == 1:
            await asyncio.Event().wait()
        return await tell(assignment)

    plan = plan_of(subtask("votes", attempts=3, select="vote"), subtask("after", "votes", on_missing="partial"))
    limits = replace(LIMITS, seconds=1.0)
    played, seconds = await timed(context_with(FunctionWorker(do), limits=limits), plan=plan)
    assert seconds < 1.0 + SLACK_S
    assert played.states == {"votes": "capped", "after": "skipped"}
    assert "Votes follows nothing." in played.report


async def test_a_worker_of_the_users_own_is_told_its_deadline_and_cut_off_soon_after():
    told: list[float | None] = []

    async def do(assignment: Assignment) -> str:
        told.append(assignment.deadline)
        if assignment.subtask.id == "deaf":
            await asyncio.Event().wait()
        if assignment.subtask.id == "obeys":
            try:
                async with asyncio.timeout_at(assignment.deadline):
                    await asyncio.Event().wait()
            except TimeoutError:
                return "Obeys found half of it."
        return await tell(assignment)

    plan = plan_of(subtask("quick"), subtask("deaf"), subtask("obeys"))
    limits = replace(LIMITS, seconds=1.0)
    began = asyncio.get_running_loop().time()
    played, seconds = await timed(context_with(FunctionWorker(do), limits=limits), plan=plan)
    assert seconds < 1.0 + SLACK_S
    assert all(deadline is not None and began < deadline <= began + 1.0 for deadline in told)
    assert played.states == {"quick": "done", "deaf": "failed", "obeys": "done"}
    assert "Obeys found half of it." in played.report


async def test_a_writer_of_the_users_own_that_hangs_is_cut_off():
    class Deaf:
        async def write(self, writing: Writing) -> Report:
            await asyncio.Event().wait()
            raise AssertionError

    limits = replace(LIMITS, seconds=0.5)
    context = context_with(FunctionWorker(tell), writer=Deaf(), limits=limits)
    played, seconds = await timed(context, plan=plan_of(subtask("one")))
    assert seconds < 0.5 + SLACK_S
    assert "One follows nothing." in played.report


async def test_without_a_limit_there_is_no_deadline():
    told: list[float | None] = []

    async def do(assignment: Assignment) -> str:
        told.append(assignment.deadline)
        return await tell(assignment)

    await timed(context_with(FunctionWorker(do)), plan=plan_of(subtask("one")))
    assert told == [None]


async def test_a_verifier_that_hangs_costs_no_evidence():
    async def verify(goal: str, digest: Digest) -> float:
        await asyncio.Event().wait()
        return 1.0

    plan = plan_of(subtask("best", attempts=2, select="best"))
    context = context_with(FunctionWorker(tell), verifier=verify, limits=replace(LIMITS, seconds=0.5))
    played, _ = await timed(context, plan=plan)
    assert played.states == {"best": "capped"}
    assert "Best follows nothing." in played.report


async def test_a_limit_that_is_over_before_work_begins_still_ends_with_a_report():
    worker = FunctionWorker(tell)
    limits = replace(LIMITS, seconds=1e-6)
    played, _ = await timed(context_with(worker, limits=limits), plan=plan_of(subtask("one"), subtask("two")))
    assert worker.begun == []
    assert played.result.state == "failed"
    assert "time limit" in played.report
