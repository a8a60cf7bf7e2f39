"""A plan that fails in part is changed by the planner, over real HTTP: what is finished is kept and paid for once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from support.jobs import Played, models_at, play, sources_of

from foreplan.agents.context import Context
from foreplan.core.events import PlanRevised
from foreplan.core.limits import Limits
from foreplan.core.testing.log import Logged
from foreplan.planner.plan import Plan
from foreplan.testing import Answer, ChatRequest, Fault, ModelServer, ResearchJob, always

JOB = ResearchJob(subtasks=4, levels=2, seed=6)
ROOTS = [place for place in JOB.places if not place.depends_on]
BAD, GOOD = ROOTS[0], ROOTS[1]
REVISING = "carried out in part"


def again(goal: str, times: int) -> str:
    return goal + " Look again." * times


@dataclass
class Planner:
    """Writes the job's plan; asked to revise, words what failed anew, and adds a look at what was found already."""

    asked: list[str] = field(default_factory=list)

    def say(self, request: ChatRequest) -> Answer:
        if "planner" not in request.model:
            return JOB.script(request)
        self.asked.append(request.text)
        times = len(self.asked) - 1
        subtasks = [
            {**each, "goal": again(each["goal"], times) if each["id"] == BAD.id else each["goal"]}
            for each in JOB.plan["subtasks"]
        ]
        if times:
            subtasks.append({**subtasks[-1], "id": "extra", "depends_on": [GOOD.id], "goal": GOOD.goal})
        return Answer(json={**JOB.plan, "subtasks": subtasks})


def refused(times: int) -> Any:
    """The first `times` wordings of the bad subtask are refused for good."""
    goals = [f"subtask: {again(BAD.goal, n)}\n" for n in range(times)]
    return always(Fault("refusal"), lambda request: any(goal in request.text for goal in goals))


def calls_for(log: Sequence[Logged], goal: str) -> int:
    texts = ["\n".join(str(each.get("content")) for each in entry.messages) for entry in log if entry.model == "worker"]
    return sum(f"subtask: {goal}\n" in text for text in texts)


async def revised(failures: int, **changes: Any) -> tuple[Played, Planner, list[Logged]]:
    planner = Planner()
    with ModelServer(planner.say, faults=refused(failures)) as server:
        values: dict[str, Any] = {"limits": Limits(tokens=400_000, max_revisions=2), **changes.pop("context", {})}
        context = Context(models=models_at(server), sources=sources_of(JOB), **values)
        played = await play(JOB.brief, context, **changes)
        assert server.wait_idle()
        return played, planner, server.log


async def test_what_failed_is_worded_anew_and_what_is_finished_is_not_paid_twice():
    played, _, log = await revised(failures=1)
    assert played.result.state == "done"
    assert JOB.found(played.report) == JOB.facts
    (told,) = played.told(PlanRevised)
    assert (told.edited, told.added, told.dropped) == ((BAD.id,), ("extra",), ())
    assert GOOD.id in told.kept
    assert calls_for(log, GOOD.goal) == 2  # its own, and `extra`, which is other work: it depends on it
    assert calls_for(log, BAD.goal) == calls_for(log, again(BAD.goal, 1)) == 1
    for place in JOB.places:
        if BAD.id not in place.depends_on and place is not BAD and place is not GOOD:
            assert calls_for(log, place.goal) == 1


async def test_the_planner_sees_outcomes_lessons_and_what_is_left():
    _, planner, _ = await revised(failures=1)
    first, second = planner.asked
    assert REVISING not in first
    assert REVISING in second
    assert f"{BAD.id}: failed" in second
    assert f"{GOOD.id}: done" in second
    assert GOOD.sentence in second
    assert "declined" in second
    assert "<lessons>" in second
    left = int(second.split("Tokens left for subtasks: ")[1].split(".")[0])
    assert 0 < left < 400_000


async def test_after_the_last_revision_the_report_names_what_could_not_be_done():
    played, planner, log = await revised(failures=9, context={"limits": Limits(tokens=400_000, max_revisions=1)})
    assert len(planner.asked) == 2
    assert calls_for(log, BAD.goal) == calls_for(log, again(BAD.goal, 1)) == 1
    assert played.result.state == "partial"
    assert played.result.report is not None
    assert BAD.id in {each.subtask for each in played.result.report.missing}
    assert "declined" in played.report
    assert GOOD.sentence in played.report


async def test_without_revisions_the_planner_is_asked_once():
    played, planner, _ = await revised(failures=9, context={"limits": Limits(tokens=400_000, max_revisions=0)})
    assert len(planner.asked) == 1
    assert played.result.state == "partial"


@pytest.mark.parametrize("verdict", ["approve", "reject"])
async def test_a_changed_plan_is_approved_like_the_first(verdict):
    shown: list[Plan] = []

    async def approve(plan: Plan, fault: str) -> dict[str, Any]:
        shown.append(plan)
        return {"decision": "approve" if len(shown) == 1 else verdict, "reason": "no"}

    kept: Any = {"checkpointer": InMemorySaver(), "store": InMemoryStore()}
    played, _, log = await revised(failures=1, context={"approve": True}, approve=approve, **kept)
    assert [each.by_id()[BAD.id].goal for each in shown] == [BAD.goal, again(BAD.goal, 1)]
    assert calls_for(log, again(BAD.goal, 1)) == (verdict == "approve")
    assert played.result.state == ("done" if verdict == "approve" else "rejected")
